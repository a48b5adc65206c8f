package lab

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"mllab/engine/run"
	"mllab/engine/train"
	"mllab/gen"
	"mllab/samples"
)

// built is a plan made into programs.
type built struct {
	net   gen.Net
	loop  *train.Loop
	views *views
	steps int
}

// compile makes the net, the loop and the pictures' programs of a plan.
func (j *Job) compile(ctx context.Context, p plan) (*built, error) {
	info := j.src.Info()
	net, err := p.model.Build(p.settings, p.dataInfo(info))
	if err != nil {
		return nil, err
	}
	batches := samples.NewBatcher(j.src, p.o.Batch, p.o.Seed)
	if p.model.Reads {
		batches.Teach()
	}
	perEpoch := batches.StepsPerEpoch()
	opt := train.Options{
		Batch: p.o.Batch, H: info.H, W: info.W, C: info.C, Seed: p.o.Seed, Steps: p.steps(perEpoch), LR: p.o.LR,
		StepsPerEpoch: perEpoch, OnMetrics: j.onMetrics, SaveEvery: p.o.SaveEvery,
	}
	p.settings.Apply(&opt)
	opt.Saver = saver{j}
	loop, err := train.New(ctx, j.eng, net, reading{batches, p.texts(j.src)}, opt)
	if err != nil {
		return nil, err
	}
	var pictures []gen.View
	if p.o.Views {
		pictures = net.Views()
	}
	v, err := newViews(ctx, j.eng, net, j.src, loop.State(), pictures)
	if err == nil {
		err = v.read(p.texts(j.src))
	}
	if err == nil {
		err = j.newFollowers(ctx, v, p)
	}
	if err != nil {
		v.close()
		loop.Close()
		return nil, err
	}
	return &built{net, loop, v, opt.Steps}, nil
}

// install makes what was compiled the job's.
func (j *Job) install(ctx context.Context, b *built) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.loop, j.views, j.looks = b.loop, b.views, j.newLooks(ctx, j.eng, b.net, j.src, b.loop)
	j.st.Steps, j.st.DeviceBytes = b.steps, j.eng.Bytes()
}

// build compiles the plan and finds the run on disk, or where the job was forked from.
func (j *Job) build(ctx context.Context) error {
	if j.from != nil {
		end := j.plan.steps(samples.NewBatcher(j.src, j.plan.o.Batch, j.plan.o.Seed).StepsPerEpoch())
		if end > 0 && int64(end) <= j.from.ck.Step { // a fork of a training that came to its end has none
			j.plan.o.Steps, j.plan.o.Epochs, j.st.Epochs = 0, 0, 0
		}
	}
	b, err := j.compile(ctx, j.plan)
	if err != nil {
		return err
	}
	j.install(ctx, b)
	if err := j.openDisk(); err != nil {
		j.endLooks()
		b.views.close()
		b.loop.Close()
		j.mu.Lock()
		j.loop = nil
		j.mu.Unlock()
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.wantLR > 0 {
		err = b.loop.SetLR(j.wantLR)
	}
	j.obey(b.loop)
	j.knobs()
	return err
}

// obey gives a new loop the orders of before it was there. j.mu is held.
func (j *Job) obey(loop *train.Loop) {
	if j.paused {
		loop.Pause()
		for range j.singles {
			loop.Single()
		}
	}
	if j.stopped {
		loop.Stop()
	}
}

// openDisk resumes the run on disk, or makes one if it is to be kept.
func (j *Job) openDisk() error {
	if j.from != nil {
		if err := j.begin(*j.from); err != nil {
			return err
		}
	}
	if j.resume == "" {
		if !j.plan.o.Keep {
			return nil
		}
		if err := j.create(); err != nil || j.from == nil {
			return err
		}
		return j.loop.Save() // what was forked is there from the first moment
	}
	r, err := run.Open(j.resume)
	if err != nil {
		return err
	}
	// Resume changes the folder: so first it is seen whether the checkpoint fits.
	if ck, err := r.Load(); err == nil {
		if err := j.loop.Restore(ck); err != nil {
			return errors.Join(fmt.Errorf("run %s: %w", r.Name(), err), r.Close())
		}
	}
	ck, err := r.Resume()
	if err == nil {
		err = j.loop.Restore(ck)
	} else if errors.Is(err, run.ErrNoCheckpoint) {
		err = nil
	}
	if err != nil {
		return errors.Join(err, r.Close())
	}
	past, _ := r.Metrics()
	events, _ := r.History()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.disk = r
	j.saved = j.loop.Step()
	j.st.Run, j.st.Dir, j.st.Step = r.Name(), r.Dir(), j.loop.Step()
	for _, n := range ck.Notes {
		j.st.Events = append(j.st.Events, Event{int(ck.Step), n})
	}
	for _, e := range events {
		j.st.Events = append(j.st.Events, Event{int(e.Step), e.Text})
	}
	j.st.Past = len(j.st.Events)
	c := r.Config()
	j.st.Parent, j.st.ParentStep = c.Parent, int(c.ParentStep)
	j.remember(past)
	return nil
}

// remember draws lines of metrics that were logged before. j.mu is held.
func (j *Job) remember(past []run.Metrics) {
	for _, m := range past {
		for _, f := range m.Fields {
			if v, ok := f.Float(); ok && !rates[f.Name] {
				j.point(f.Name, m.Step, v)
			}
		}
	}
	j.collect()
}

// rates are the metrics that no chart of losses shows.
var rates = map[string]bool{"epoch": true, "lr": true, "images_per_s": true, "ms_per_step": true}

// create makes the run's folder and writes what happened so far.
func (j *Job) create() error {
	root, name := j.s.root, j.plan.o.Name
	if j.plan.o.Out != "" {
		abs, err := filepath.Abs(j.plan.o.Out)
		if err != nil {
			return err
		}
		root, name = filepath.Dir(abs), filepath.Base(abs)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	cfg := j.plan.config(j.opt, j.opt.Threads)
	cfg.Parent, cfg.ParentStep = j.st.Parent, int64(j.st.ParentStep)
	r, err := run.Create(root, name, cfg)
	if err != nil {
		return err
	}
	for _, m := range j.log {
		if err = r.Log(m); err != nil {
			break
		}
	}
	for _, e := range j.st.Events {
		if err == nil {
			err = r.Event(int64(e.Step), e.Text)
		}
	}
	if err != nil {
		return errors.Join(err, r.Close())
	}
	j.disk, j.log = r, nil
	j.st.Run, j.st.Dir = r.Name(), r.Dir()
	j.publish()
	return nil
}
