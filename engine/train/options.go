package train

import (
	"context"
	"fmt"
	"math"

	"mllab/engine"
	"mllab/engine/optim"
	"mllab/engine/run"
)

// Options of a Loop. Batch, H, W, C and LR must be given.
type Options struct {
	Batch   int
	H, W, C int // of one example
	Seed    uint64
	Steps   int // the loop ends after this step; 0: never

	LR       float64            // base learning rate, which Schedule multiplies
	Rates    map[string]float64 // of groups of parameters that have a name, where it is not 0: instead of LR
	Rule     optim.Rule
	Schedule optim.Schedule
	Clip     float64 // largest global norm of the gradients; 0: any
	EMA      float64 // decay of the averaged parameters; 0: none are kept

	// StepsPerEpoch is for Metrics.Epoch; 0 asks the data, if it has such a method.
	StepsPerEpoch int
	// Every is how often losses are read back and OnMetrics is called, in steps;
	// 0: every step. The first step and the last are always reported.
	Every     int
	OnMetrics func(Metrics)
	// Saver gets a checkpoint every SaveEvery steps, and one when Run returns
	// without an error; nil: none.
	Saver     Saver
	SaveEvery int

	// Reduce, if given, is called between backward pass and optimiser with the
	// gradients on the device, in one order on all workers, and must leave their
	// mean over the workers there: the place for an all-reduce.
	Reduce func(ctx context.Context, grads []Gradient) error
}

// Saver keeps checkpoints; *run.Run is one.
type Saver interface {
	Save(run.Checkpoint) error
}

// Gradient is one parameter's gradient on the device.
type Gradient struct {
	Param  string
	Tensor *engine.Tensor
}

// Metrics is what a loop tells of a step.
type Metrics struct {
	Step         int // steps done, 1 after the first
	Epoch        int // 1 during the first
	Loss         float64
	Losses       []Named // what the model reports beside the loss, in its order
	LR           float64 // of this step, after the schedule
	ImagesPerSec float64 // over the steps since the last report, pauses not counted
	MsPerStep    float64
}

// mostValues bounds one batch: 1 GiB.
const mostValues = 1 << 28

// withDefaults fills in what was left out, or says what is wrong.
func (o Options) withDefaults(d Data) (Options, error) {
	switch {
	case o.Batch < 1:
		return o, fmt.Errorf("batch of %d: want at least 1 example", o.Batch)
	case o.H < 1 || o.W < 1 || o.C < 1:
		return o, fmt.Errorf("examples of %dx%dx%d: want at least 1x1x1", o.H, o.W, o.C)
	case float64(o.Batch)*float64(o.H)*float64(o.W)*float64(o.C) > mostValues:
		return o, fmt.Errorf("batch of %d examples of %dx%dx%d: want at most %d values: lower --batch",
			o.Batch, o.H, o.W, o.C, mostValues)
	case checkLR(o.LR) != nil:
		return o, checkLR(o.LR)
	case checkRates(o.Rates) != nil:
		return o, checkRates(o.Rates)
	case o.Steps < 0 || o.Every < 0 || o.SaveEvery < 0:
		return o, fmt.Errorf("%d steps, reported every %d, saved every %d: want none below 0",
			o.Steps, o.Every, o.SaveEvery)
	case !(o.Clip >= 0) || math.IsInf(o.Clip, 0):
		return o, fmt.Errorf("clip %v: want a norm over 0, or 0 for none", o.Clip)
	case !(o.EMA >= 0 && o.EMA < 1):
		return o, fmt.Errorf("ema %v: want a decay from 0 up to, not including, 1", o.EMA)
	}
	if err := o.Schedule.Check(); err != nil {
		return o, err
	}
	if o.Rule == nil {
		o.Rule = optim.NewAdam()
	}
	o.Every = max(1, o.Every)
	if s, ok := d.(interface{ StepsPerEpoch() int }); ok && o.StepsPerEpoch == 0 {
		o.StepsPerEpoch = s.StepsPerEpoch()
	}
	return o, nil
}

func checkLR(lr float64) error {
	if !(lr >= leastLR) || lr > mostLR {
		return fmt.Errorf("learning rate %v: want a number over 0", lr)
	}
	return nil
}

func checkRates(rates map[string]float64) error {
	for name, lr := range rates {
		if lr != 0 && checkLR(lr) != nil {
			return fmt.Errorf("learning rate of %s: %v: want a number over 0, or 0 for that of the others", name, lr)
		}
	}
	return nil
}

// epoch of a step, both counted from 1.
func (o Options) epoch(step int) int {
	if o.StepsPerEpoch < 1 || step < 1 {
		return 1
	}
	return 1 + (step-1)/o.StepsPerEpoch
}
