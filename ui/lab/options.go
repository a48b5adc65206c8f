package lab

import (
	"fmt"
	"math"

	"mllab/engine/run"
	"mllab/engine/train"
	"mllab/gen"
	"mllab/gen/text"
	"mllab/samples"
)

// TrainOptions say what is to be trained. The zero value trains a VAE on the
// built-in digits without end.
type TrainOptions struct {
	Model    string // "" is vae
	Data     string // built-in name or path; "" is digits
	Epochs   int    // 0: no bound
	Steps    int    // 0: no bound
	Batch    int    // 0: the model's own
	LR       float64
	Seed     uint64
	Settings map[string]string
	Name     string // of the run's folder in the root; "" a friendly one
	Out      string // folder of the run; "" one in the session's root
	Keep     bool   // write the run to disk from its first step
	Paused   bool   // wait for Continue or StepOnce
	Views    bool   // keep pictures and a test loss up to date
	// SaveEvery is how often a kept run is saved, in steps; 0: 500.
	SaveEvery int
	// OnMetrics is told of every step, from the job's goroutine.
	OnMetrics func(train.Metrics)
}

const (
	defaultSaveEvery = 500
	maxBatch         = 1 << 16
)

// plan is a training with everything looked up and checked.
type plan struct {
	o        TrainOptions
	model    gen.Model
	settings gen.Settings
	words    *text.Vocabulary // of a model that reads; nil until the data is open
}

func (o TrainOptions) plan() (plan, error) {
	if o.Model == "" {
		o.Model = "vae"
	}
	if o.Data == "" {
		o.Data = "digits"
	}
	if o.SaveEvery == 0 {
		o.SaveEvery = defaultSaveEvery
	}
	m, err := gen.Find(o.Model)
	if err != nil {
		return plan{}, err
	}
	if o.Batch == 0 {
		o.Batch = m.Batch
	}
	switch {
	case o.Batch < 0 || o.Batch > maxBatch:
		return plan{}, fmt.Errorf("batch %d: want 1 to %d", o.Batch, maxBatch)
	case o.Steps < 0 || o.Steps > math.MaxInt32:
		return plan{}, fmt.Errorf("steps %d: want 1 to %d, or 0 for no end", o.Steps, math.MaxInt32)
	case o.Epochs < 0 || o.Epochs > 1<<20:
		return plan{}, fmt.Errorf("epochs %d: want 1 to %d, or 0 for no end", o.Epochs, 1<<20)
	case o.SaveEvery < 1:
		return plan{}, fmt.Errorf("save every %d steps: want 1 or more", o.SaveEvery)
	}
	if o.LR == 0 {
		o.LR = m.Rate
	}
	if !(o.LR > 0) || math.IsInf(o.LR, 0) {
		return plan{}, fmt.Errorf("learning rate %v: want a number over 0", o.LR)
	}
	s, err := m.Choose(o.Settings)
	if err != nil {
		return plan{}, err
	}
	return plan{o: o, model: m, settings: s}, nil
}

// config is the part of the plan that a run keeps.
func (p plan) config(dev Options, threads int) run.Config {
	return run.Config{
		Version: Version, Model: p.o.Model, Data: p.o.Data, Device: dev.Device, Threads: threads,
		Seed: p.o.Seed, Batch: p.o.Batch, Steps: int64(p.o.Steps), Epochs: float64(p.o.Epochs), LR: p.o.LR,
		Settings: p.settings.Map(), Vocabulary: p.vocabulary(),
	}
}

// fromConfig is the plan of a run on disk.
func fromConfig(c run.Config) (plan, error) {
	p, err := TrainOptions{
		Model: c.Model, Data: c.Data, Epochs: int(c.Epochs), Steps: int(c.Steps), Batch: c.Batch, LR: c.LR,
		Seed: c.Seed, Settings: c.Settings,
	}.plan()
	if err != nil || !p.model.Reads {
		return p, err
	}
	if p.words, err = text.Parse([]byte(c.Vocabulary)); err != nil {
		return p, fmt.Errorf("its vocabulary: %w", err)
	}
	return p, nil
}

// steps is how many steps are asked for in all, 0 for no end.
func (p plan) steps(perEpoch int) int {
	if p.o.Steps > 0 {
		return p.o.Steps
	}
	return p.o.Epochs * perEpoch
}

func openData(p plan) (samples.Source, error) {
	o := samples.Options{Seed: p.o.Seed}
	if p.model.Reads {
		o.Language = samples.Both
	}
	src, err := samples.Open(p.o.Data, o)
	if err == nil && p.model.Classifies {
		src, _ = samples.Labelled(src)
	}
	return src, err
}

func dataInfo(i samples.Info) gen.DataInfo {
	return gen.DataInfo{H: i.H, W: i.W, C: i.C, Labels: len(i.Labels)}
}
