package lab

import (
	"fmt"
	"maps"
	"strings"
)

// Recipe is a training that was measured: on what, how long, with which settings. What it costs and what comes of it
// is in docs/benchmarks.md.
type Recipe struct {
	Name, Model, Data string
	What              string // one line
	Steps, Batch      int
	LR                float64
	Settings          map[string]string // beside the model's defaults
}

// recipes are of text to image; "shipped" makes the net that comes with the program.
var recipes = []Recipe{
	{
		Name: "shapes", Model: "t2i", Data: "shapes", What: "one object, 32x32 pixels",
		Steps: 5000, Batch: 32, LR: 1.5e-3,
	},
	{
		Name: "scenes", Model: "t2i", Data: "scenes", What: "one to three objects and how they lie, 32x32 pixels",
		Steps: 25000, Batch: 32, LR: 1.5e-3, Settings: map[string]string{"near": "3"},
	},
	{
		Name: "faces", Model: "t2i", Data: "faces", What: "cartoon faces, 32x32 pixels",
		Steps: 5000, Batch: 32, LR: 1.5e-3, Settings: map[string]string{"level": "1"},
	},
	{
		Name: "shipped", Model: "t2i", Data: "scenes", What: "the net that comes with mllab",
		Steps: 25000, Batch: 32, LR: 1.5e-3, Settings: map[string]string{"near": "3"},
	},
}

// Recipes lists the recipes of a model, or of all where it is "".
func Recipes(model string) []Recipe {
	var all []Recipe
	for _, r := range recipes {
		if model == "" || r.Model == model {
			all = append(all, r)
		}
	}
	return all
}

// Follow gives the options of a model's recipe. Its settings are taken over by those that are given.
func Follow(model, name string, given map[string]string) (TrainOptions, error) {
	var names []string
	for _, r := range Recipes(model) {
		if r.Name != name {
			names = append(names, r.Name)
			continue
		}
		set := maps.Clone(r.Settings)
		if set == nil {
			set = map[string]string{}
		}
		maps.Copy(set, given)
		return TrainOptions{Model: model, Data: r.Data, Steps: r.Steps, Batch: r.Batch, LR: r.LR, Settings: set}, nil
	}
	have := "it has none"
	if len(names) > 0 {
		have = "want one of " + strings.Join(names, ", ")
	}
	return TrainOptions{}, Usage(fmt.Errorf("no recipe %q for %s: %s", name, model, have))
}
