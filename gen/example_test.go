package gen_test

import (
	"context"
	"fmt"

	"mllab/compile/target"
	"mllab/engine"
	"mllab/engine/train"
	"mllab/gen"
)

// same is one batch for every step.
type same struct{}

func (same) Fill(_ int, x []float32, labels []int32) error { return stripes{}.Fill(0, x, labels) }

func Example() {
	model, err := gen.Find("vae")
	if err != nil {
		fmt.Println(err)
		return
	}
	settings, err := model.Parse([]string{"hidden=8", "latent=2", "schedule=cosine"})
	if err != nil {
		fmt.Println(err)
		return
	}
	net, err := model.Build(settings, gen.DataInfo{H: 4, W: 4, C: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	eng, err := engine.Open("interp", target.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer eng.Close()
	options := train.Options{Batch: 4, H: 4, W: 4, C: 1, LR: 0.05, Steps: 40, Every: 20}
	settings.Apply(&options)
	first := 0.0
	options.OnMetrics = func(m train.Metrics) {
		if m.Step == 1 {
			first = m.Loss
			return
		}
		fmt.Println("step", m.Step, "is better than the first:", m.Loss < first)
	}
	loop, err := train.New(context.Background(), eng, net, same{}, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer loop.Close()
	fmt.Println(net.Params().Count(), "parameters")
	if err := loop.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 340 parameters
	// step 20 is better than the first: true
	// step 40 is better than the first: true
}

func ExampleModel_Parse() {
	model, _ := gen.Find("vae")
	_, err := model.Parse([]string{"laten=8"})
	fmt.Println(err.Error()[:77])
	// Output:
	// setting "laten": vae has none of this name (did you mean latent?), want one o
}
