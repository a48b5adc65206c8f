package gen

import (
	"fmt"
	"strings"
)

// Preset2D is a game to begin with, and for one that fails on purpose what cures it.
type Preset2D struct {
	Name  string // "collapse"
	Title string // "mode collapse"
	What  string // one sentence: what will be seen, and why
	Cure  string // one sentence: what the cure changes, and why that helps; "" where nothing is ill

	settings, cure []string // key=value
}

var presets2D = []Preset2D{
	{
		Name: "ring", Title: "a game that works",
		What: "Each fake point is judged beside a real one, and D's slope is penalised at both (R1+R2): " +
			"D stays smooth, so every fake point is shown a way, and all modes are found.",
	},
	{
		Name: "collapse", Title: "mode collapse",
		What: "G need only please D: it puts all its points where D is fooled now, D learns to tell that place, " +
			"and G moves all of them to the next. Most modes stay empty.",
		Cure: "Relativistic loss with R1+R2 and less momentum: D judges each fake point beside a real one, so empty " +
			"modes pull, and its slope cannot grow where points are crowded.",
		settings: []string{"loss=nonsaturating", "g.beta1=0.9", "d.beta1=0.9", "g.lr=2e-3"},
		cure:     []string{"loss=relativistic", "g.beta1=0.5", "d.beta1=0.5", "g.lr=1e-3"},
	},
	{
		Name: "vanishing", Title: "vanishing gradient",
		What: "D learns fast and is sure of every fake point: log(1-D) is flat there, so the arrows shrink to " +
			"nothing and G stands still far from most modes.",
		Cure: "Wasserstein loss with a gradient penalty: D's score keeps a slope of about 1 however well it tells " +
			"the points apart, so the arrows never vanish.",
		settings: []string{"loss=classic", "dsteps=3", "d.lr=2e-3", "d.act=tanh", "g.opt=sgd", "g.lr=0.01", "g.beta1=0"},
		cure:     []string{"loss=wgan-gp"},
	},
	{
		Name: "oscillation", Title: "oscillation",
		What: "Without a penalty nothing bounds D's slope, and momentum carries both nets past each other: the " +
			"points chase D's hill around, and the losses swing without end.",
		Cure: "A gradient penalty keeps D's hill at a slope of about 1, and less momentum lets both nets turn in " +
			"time: the swing dies out and the points settle.",
		settings: []string{"loss=wasserstein", "penalty=none", "g.beta1=0.9", "d.beta1=0.9"},
		cure:     []string{"penalty=gp", "g.beta1=0.5", "d.beta1=0.5"},
	},
}

// Presets2D lists the presets, the one that works first.
func Presets2D() []Preset2D { return append([]Preset2D(nil), presets2D...) }

// FindPreset2D gives the preset of a name.
func FindPreset2D(name string) (Preset2D, error) {
	var names []string
	for _, p := range presets2D {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Preset2D{}, fmt.Errorf("preset %q: unknown%s, want one of %s", clean(name), nearest(name, names),
		strings.Join(names, ", "))
}

// Game is the preset's settings.
func (p Preset2D) Game() GAN2D { return with2D(NewGAN2D(), p.settings) }

// Cured is a game with what the preset's cure changes.
func (p Preset2D) Cured(c GAN2D) GAN2D { return with2D(c, p.cure) }

// Changes names what the cure changes, as "loss=relativistic".
func (p Preset2D) Changes() []string { return append([]string(nil), p.cure...) }

// with2D applies pairs that a test has made sure of.
func with2D(c GAN2D, pairs []string) GAN2D {
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		c, _ = c.With(key, value)
	}
	return c
}
