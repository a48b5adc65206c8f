package lab

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"mllab/engine"
	"mllab/engine/run"
	"mllab/engine/train"
	"mllab/profiler/trace"
	"mllab/samples"
)

// Job is one training in the background. Its methods may be called from any
// goroutine, and none but Save and Wait blocks for longer than a step.
type Job struct {
	s      *Session
	opt    Options
	resume string // folder to go on from
	cancel context.CancelFunc
	done   chan struct{}
	state  atomic.Pointer[State]
	wishes chan struct{} // tells that the wish has changed

	mu      sync.Mutex // guards what follows
	plan    plan
	loop    *train.Loop
	disk    *run.Run
	st      State // the next State to publish
	series  map[string]*Series
	log     []run.Metrics // of a run that is not on disk yet
	wantLR  float64       // set before there is a loop; 0: none
	paused  bool
	singles int
	again   bool // Restart was asked for
	stopped bool
	began   time.Time
	saved   int // step of the newest checkpoint
	err     error
	views   *views
	looks   *looks   // nil where the net's layers cannot be looked at, and after the end
	wish    mapsWish // what feature maps are of
}

// Train starts a job. Errors of the options come at once, others as State.Err.
func (s *Session) Train(o TrainOptions) (*Job, error) {
	p, err := o.plan()
	if err != nil {
		return nil, Usage(err)
	}
	return s.start(&Job{plan: p, opt: s.opt, paused: o.Paused}), nil
}

// Resume goes on with a run: a folder, a name in the session's root, or "last".
func (s *Session) Resume(name string, o TrainOptions) (*Job, error) {
	dir, err := run.Find(s.root, name)
	if err != nil {
		return nil, Usage(err)
	}
	r, err := run.Read(dir)
	if err != nil {
		return nil, err
	}
	c := r.Config()
	if err := r.Close(); err != nil {
		return nil, err
	}
	p, err := fromConfig(c)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", dir, err)
	}
	p.o.Keep, p.o.Views, p.o.Paused, p.o.OnMetrics = true, o.Views, o.Paused, o.OnMetrics
	if o.SaveEvery > 0 {
		p.o.SaveEvery = o.SaveEvery
	}
	opt := s.opt
	opt.Device, opt.Threads = c.Device, c.Threads
	return s.start(&Job{plan: p, opt: opt, resume: dir, paused: o.Paused}), nil
}

func (s *Session) start(j *Job) *Job {
	ctx, cancel := context.WithCancel(context.Background())
	j.s, j.cancel, j.done, j.series = s, cancel, make(chan struct{}), map[string]*Series{}
	j.wishes = make(chan struct{}, 1)
	j.began = time.Now()
	j.st = State{Model: j.plan.o.Model, Data: j.plan.o.Data, Batch: j.plan.o.Batch, LR: j.plan.o.LR,
		Epochs: j.plan.o.Epochs, Device: j.opt.Device}
	j.publish()
	s.mu.Lock()
	s.jobs[j] = true
	s.mu.Unlock()
	go j.main(ctx)
	return j
}

// State is the latest snapshot; it is never nil.
func (j *Job) State() *State { return j.state.Load() }

// Done is closed when the job has ended.
func (j *Job) Done() <-chan struct{} { return j.done }

// Wait waits for the end and gives the job's error.
func (j *Job) Wait() error {
	<-j.done
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

// publish makes the state under construction the latest. j.mu is held, or the
// job is not shared yet.
func (j *Job) publish() {
	st := j.st
	st.Elapsed = time.Since(j.began)
	st.Unsaved = st.Step > j.saved
	st.ProcessBytes = residentBytes()
	j.state.Store(&st)
}

func (j *Job) phase(p Phase, detail string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.st.Phase, j.st.Detail = p, detail
	j.publish()
}

// main runs the job, again for every Restart.
func (j *Job) main(ctx context.Context) {
	defer close(j.done)
	defer func() {
		j.s.mu.Lock()
		delete(j.s.jobs, j)
		j.s.mu.Unlock()
	}()
	err := j.guarded(ctx)
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case errors.Is(err, context.Canceled):
		err = nil
		j.st.Phase = Stopped
	case err != nil:
		j.st.Phase = Failed
	case j.stopped && (j.st.Steps == 0 || j.st.Step < j.st.Steps):
		j.st.Phase = Stopped
	default:
		j.st.Phase = Finished
	}
	j.err, j.st.Err, j.st.Detail = err, err, ""
	j.publish()
}

// guarded is train with a panic made an error: a defect ends the job, not the lab.
func (j *Job) guarded(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("bug: %v in %s of %s: the run's last checkpoint is not touched", r,
				j.State().Phase, j.plan.o.Model)
			if s := trace.From(ctx); s != nil {
				s.Emit(trace.Event{Layer: "lab", Name: "panic", Start: time.Now(),
					Args: map[string]any{"stack": string(debug.Stack())}})
			}
		}
	}()
	return j.train(ctx)
}

// train opens everything, trains to the end, and closes everything.
func (j *Job) train(ctx context.Context) (err error) {
	j.phase(Opening, j.opt.Device)
	eng, err := j.s.engine(j.opt)
	if err != nil {
		return err
	}
	defer eng.Close()
	j.mu.Lock()
	j.st.Device = deviceText(eng.Device())
	j.opt.Threads = eng.Device().Info().Threads
	j.mu.Unlock()

	j.phase(Loading, j.plan.o.Data)
	src, err := openData(j.plan)
	if err != nil {
		return err
	}
	if c, ok := src.(interface{ Close() error }); ok {
		defer c.Close()
	}
	j.phase(Compiling, j.plan.o.Model)
	if err := j.build(ctx, eng, src); err != nil {
		return err
	}
	if j.plan.o.Views { // only screens show it; by now they have drawn themselves
		flops, _ := j.s.peak(eng.Device())
		j.mu.Lock()
		j.st.Peak = flops * float64(max(1, eng.Device().Info().Threads))
		j.mu.Unlock()
	}
	defer func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.views.close()
		j.loop.Close()
		j.loop = nil
		if j.disk != nil {
			err = errors.Join(err, j.disk.Close())
			j.disk = nil
		}
	}()
	defer j.endLooks() // before the engine and the loop that they use
	for {
		if err := j.runLoop(ctx); err != nil {
			return err
		}
		j.mu.Lock()
		again := j.again
		j.again = false
		j.mu.Unlock()
		if !again {
			break
		}
		if err := j.reset(); err != nil {
			return err
		}
	}
	return j.finish(ctx, src)
}

// build makes the net, the loop, the pictures' programs and the run on disk.
func (j *Job) build(ctx context.Context, eng *engine.Engine, src samples.Source) error {
	p := j.plan
	info := src.Info()
	net, err := p.model.Build(p.settings, dataInfo(info))
	if err != nil {
		return err
	}
	batches := samples.NewBatcher(src, p.o.Batch, p.o.Seed)
	perEpoch := batches.StepsPerEpoch()
	opt := train.Options{
		Batch: p.o.Batch, H: info.H, W: info.W, C: info.C, Seed: p.o.Seed, Steps: p.steps(perEpoch), LR: p.o.LR,
		StepsPerEpoch: perEpoch, OnMetrics: j.onMetrics, SaveEvery: p.o.SaveEvery,
	}
	p.settings.Apply(&opt)
	opt.Saver = saver{j}
	loop, err := train.New(ctx, eng, net, batches, opt)
	if err != nil {
		return err
	}
	v, err := newViews(ctx, eng, net, src, loop.State(), p.o.Views)
	if err != nil {
		loop.Close()
		return err
	}
	j.mu.Lock()
	j.loop, j.views, j.looks = loop, v, j.newLooks(ctx, eng, net, src, loop)
	j.st.Steps, j.st.DeviceBytes = opt.Steps, eng.Bytes()
	j.mu.Unlock()
	if err := j.openDisk(); err != nil {
		j.endLooks()
		v.close()
		loop.Close()
		j.mu.Lock()
		j.loop = nil
		j.mu.Unlock()
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.wantLR > 0 {
		err = loop.SetLR(j.wantLR)
	}
	if j.paused {
		loop.Pause()
		for range j.singles {
			loop.Single()
		}
	}
	if j.stopped {
		loop.Stop()
	}
	j.knobs()
	return err
}

// openDisk resumes the run on disk, or makes one if it is to be kept.
func (j *Job) openDisk() error {
	if j.resume == "" {
		if !j.plan.o.Keep {
			return nil
		}
		return j.create()
	}
	r, err := run.Open(j.resume)
	if err != nil {
		return err
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
	for _, m := range past {
		for _, f := range m.Fields {
			if v, ok := f.Float(); ok && !rates[f.Name] {
				j.point(f.Name, m.Step, v)
			}
		}
	}
	j.collect()
	return nil
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
