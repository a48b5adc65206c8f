package lab

import (
	"context"
	"errors"
	"fmt"
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
	from   *origin       // where it was forked; nil: nowhere
	born   time.Time

	eng *engine.Engine // of the job's own goroutine, as is src
	src samples.Source

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
	order   func(context.Context) error // what to do between two steps; nil: nothing
	rewound bool                        // and no step was done since
	shots   shots
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
	j.born = time.Now()
	j.began = j.born
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
	j.eng, j.src = eng, src
	j.mu.Lock()
	err = j.plan.learn(src)
	j.noteData(src)
	j.mu.Unlock()
	if err != nil {
		return err
	}
	j.phase(Compiling, j.plan.o.Model)
	if err := j.build(ctx); err != nil {
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
		err := j.runLoop(ctx)
		if err != nil {
			err = j.rescue(err)
		}
		if err != nil {
			return err
		}
		j.mu.Lock()
		order := j.order
		j.order = nil
		j.mu.Unlock()
		if order == nil {
			break
		}
		if err := order(ctx); err != nil {
			return err
		}
	}
	return j.finish(ctx, src)
}
