package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"mllab/engine"
	"mllab/engine/run"
	"mllab/profiler/trace"
)

// layer is what events of this package are reported under.
const layer = "train"

// Loop runs training steps. Its methods may be called from any goroutine, but for
// New, Run and Close, which belong to one.
type Loop struct {
	eng      *engine.Engine
	model    Model
	data     Data
	o        Options
	state    *State
	programs []program
	reports  []report
	rng      [4]int32

	exec sync.Mutex // held during a step, and by Do
	torn bool       // a step was cut short; guarded by exec
	step atomic.Int64

	mu      sync.Mutex // guards what follows
	dials   dials
	begun   int // steps done or under way: a knob applies from the next one on
	paused  bool
	singles int
	stopped bool
	running bool
	wake    chan struct{}

	busy  time.Duration // spent in steps since the last report
	count int           // steps since the last report
}

// New traces and compiles the model's step and gives the parameters their initial
// values. Close frees what it allocated.
func New(ctx context.Context, eng *engine.Engine, m Model, d Data, o Options) (*Loop, error) {
	o, err := o.withDefaults(d)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	l := &Loop{eng: eng, model: m, data: d, o: o, wake: make(chan struct{}, 1)}
	if err := l.build(ctx); err != nil {
		l.Close()
		return nil, err
	}
	if err := l.state.Init(o.Seed); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Run does steps until the last one, Stop, an error, or the end of ctx, whose error
// it then gives. It may be called again, and goes on where it was.
func (l *Loop) Run(ctx context.Context) error {
	l.mu.Lock()
	if l.running {
		l.mu.Unlock()
		return errors.New("train: the loop is running already")
	}
	l.running = true
	l.mu.Unlock()
	f := newFeeder(l.data, l.o.Batch, l.o.H*l.o.W*l.o.C, l.tokens())
	defer func() {
		f.close()
		l.mu.Lock()
		l.running, l.stopped = false, false
		l.mu.Unlock()
	}()
	saved := -1
	for {
		more, err := l.wait(ctx)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		m, report, err := l.advance(ctx, f)
		if err != nil {
			return err
		}
		if report && l.o.OnMetrics != nil {
			l.o.OnMetrics(m)
		}
		if l.o.Saver != nil && l.o.SaveEvery > 0 && m.Step%l.o.SaveEvery == 0 {
			if err := l.Save(); err != nil {
				return err
			}
			saved = m.Step
		}
	}
	if l.o.Saver == nil || saved == l.Step() {
		return nil
	}
	if err := l.sound(); err != nil {
		return err
	}
	return l.Save()
}

// sound reports losses of the last step that are no numbers.
func (l *Loop) sound() error {
	l.exec.Lock()
	defer l.exec.Unlock()
	if l.count == 0 {
		return nil // they were looked at, or there was no step
	}
	return l.read(&Metrics{Step: l.Step(), LR: l.LR() * l.o.Schedule.Factor(l.Step())})
}

// wait blocks while the loop is paused; false when there is no more to do.
func (l *Loop) wait(ctx context.Context) (bool, error) {
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		l.mu.Lock()
		switch {
		case l.stopped || l.finished():
			l.mu.Unlock()
			return false, nil
		case !l.paused:
			l.mu.Unlock()
			return true, nil
		case l.singles > 0:
			l.singles--
			l.mu.Unlock()
			return true, nil
		}
		l.mu.Unlock()
		select {
		case <-l.wake:
		case <-ctx.Done():
		}
	}
}

func (l *Loop) finished() bool { return l.o.Steps > 0 && l.Step() >= l.o.Steps }

// advance does one step. Its metrics have losses only if they are to be reported.
func (l *Loop) advance(ctx context.Context, f *feeder) (Metrics, bool, error) {
	l.exec.Lock()
	defer l.exec.Unlock()
	begin := time.Now()
	step := l.Step()
	var b filled
	err := trace.Do(ctx, layer, "batch", func() (err error) {
		b, err = f.batch(ctx, step, l.o.Steps == 0 || step+1 < l.o.Steps)
		return err
	})
	if err != nil {
		return Metrics{}, false, fmt.Errorf("step %d: data: %w", step+1, err)
	}
	lr, err := l.run(ctx, &b, step)
	if err != nil {
		return Metrics{}, false, fmt.Errorf("step %d: %w", step+1, err)
	}
	step++
	l.step.Store(int64(step))
	l.busy += time.Since(begin)
	l.count++
	m := Metrics{Step: step, Epoch: l.o.epoch(step), LR: lr}
	saving := l.o.Saver != nil && l.o.SaveEvery > 0 && step%l.o.SaveEvery == 0
	report := step == 1 || step%l.o.Every == 0 || step == l.o.Steps
	if !report && !saving {
		return m, false, nil
	}
	if err := l.read(&m); err != nil {
		return m, false, err
	}
	if report {
		m.MsPerStep = l.busy.Seconds() * 1e3 / float64(l.count)
		m.ImagesPerSec = float64(l.count*l.o.Batch) / max(l.busy.Seconds(), 1e-9)
		l.busy, l.count = 0, 0
	}
	return m, report, nil
}

// run feeds and runs the programs of a step, without a batch on the one that is there.
// It gives the learning rate of the step.
func (l *Loop) run(ctx context.Context, b *filled, step int) (lr float64, err error) {
	if l.torn {
		return 0, errTorn
	}
	l.torn = true
	seed := l.o.Seed
	l.rng = [4]int32{int32(uint32(seed)), int32(uint32(seed >> 32)), int32(uint32(step)), 0}
	l.mu.Lock()
	lr = l.dials.at(step+1, &l.o)
	l.begun = step + 1
	l.mu.Unlock()
	for i := range l.programs {
		p := &l.programs[i]
		if b != nil {
			if err := p.writeBatch(*b); err != nil {
				return lr, err
			}
		}
		if err := l.writeNumbers(p); err != nil {
			return lr, err
		}
		if err := trace.Do(ctx, layer, p.Name(), func() error { return p.Run(ctx) }); err != nil {
			return lr, err
		}
		if p.part == backward {
			if err := l.o.Reduce(ctx, p.grads); err != nil {
				return lr, fmt.Errorf("reduce gradients: %w", err)
			}
		}
	}
	l.torn = false
	return lr, nil
}

// errTorn is why a state that lies between two steps is neither saved nor trained on.
var errTorn = errors.New("train: a step was cut short, so the parameters are no step's: go on from a checkpoint")

func (p *program) writeBatch(b filled) error {
	if p.x != nil {
		if err := engine.Write(p.x, b.x); err != nil {
			return err
		}
	}
	if p.labels != nil {
		if err := engine.Write(p.labels, b.labels); err != nil {
			return err
		}
	}
	if p.tokens != nil && b.tokens != nil {
		return engine.Write(p.tokens, b.tokens)
	}
	return nil
}

// tokens is the number of tokens in a batch, 0 where no program reads texts.
func (l *Loop) tokens() int {
	for _, p := range l.programs {
		if p.tokens != nil {
			return p.tokens.Type().Elems()
		}
	}
	return 0
}

// writeNumbers gives a program the step's random state and scalars.
func (l *Loop) writeNumbers(p *program) error {
	if p.rng != nil {
		if err := engine.Write(p.rng, l.rng[:]); err != nil {
			return err
		}
	}
	for _, n := range p.numbers {
		if err := engine.Write(n.tensor, l.dials.scalars[n.from:n.to]); err != nil {
			return err
		}
	}
	return nil
}

// read reads the reports back and looks for losses that are no numbers.
func (l *Loop) read(m *Metrics) error {
	bad := false
	for _, r := range l.reports {
		v, err := r.tensor.Scalar()
		if err != nil {
			return fmt.Errorf("step %d: %s: %w", m.Step, r.name, err)
		}
		x := float64(v)
		bad = bad || math.IsNaN(x) || math.IsInf(x, 0)
		if r.name == lossName {
			m.Loss = x
			continue
		}
		m.Losses = append(m.Losses, Named{r.name, x})
	}
	if !bad {
		return nil
	}
	loss := m.Loss
	for _, n := range m.Losses {
		if !math.IsNaN(loss) && !math.IsInf(loss, 0) {
			loss = n.Value
		}
	}
	return &DivergedError{Step: m.Step, Loss: loss, LR: m.LR}
}

// Preload puts a batch on the device, for Repeat.
func (l *Loop) Preload(x []float32, labels []int32) error {
	for i := range l.programs {
		if err := l.programs[i].writeBatch(filled{x: x, labels: labels}); err != nil {
			return err
		}
	}
	return nil
}

// Repeat does one step on the batch that is on the device, reports nothing and reads
// nothing back: what a benchmark times. It does not allocate.
func (l *Loop) Repeat(ctx context.Context) error {
	l.exec.Lock()
	defer l.exec.Unlock()
	step := l.Step()
	if _, err := l.run(ctx, nil, step); err != nil {
		return err
	}
	l.step.Store(int64(step + 1))
	return nil
}

// Step is the number of steps done.
func (l *Loop) Step() int { return int(l.step.Load()) }

// Epoch that the last step belonged to, 1 for the first.
func (l *Loop) Epoch() int { return l.o.epoch(l.Step()) }

// Options are the loop's, with defaults filled in.
func (l *Loop) Options() Options { return l.o }

// State is the memory of parameters and optimiser, to bind to other programs; these
// must run inside Do.
func (l *Loop) State() *State { return l.state }

// Programs are the compiled parts of a step, one unless Options.Reduce is given.
func (l *Loop) Programs() []*engine.Program {
	var ps []*engine.Program
	for _, p := range l.programs {
		ps = append(ps, p.Program)
	}
	return ps
}

// Checkpoint copies the state after the last step. It waits for a step under way; of
// one that was cut short, by the end of Run's context or a fault, there is no state.
func (l *Loop) Checkpoint() (run.Checkpoint, error) {
	l.exec.Lock()
	defer l.exec.Unlock()
	return l.checkpoint()
}

func (l *Loop) checkpoint() (run.Checkpoint, error) {
	if l.torn {
		return run.Checkpoint{}, errTorn
	}
	tensors, err := l.state.Read()
	if err != nil {
		return run.Checkpoint{}, fmt.Errorf("checkpoint of step %d: %w", l.Step(), err)
	}
	extra := map[string]string{extraRule: l.o.Rule.Name()}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dials.keep(extra)
	return run.Checkpoint{
		Step: int64(l.Step()), Epoch: int64(l.Epoch()), LR: l.dials.knobs[0].Value, Random: []uint64{l.o.Seed},
		Tensors: tensors, Extra: extra,
	}, nil
}

const extraRule = "optimizer"

// Save gives a checkpoint to the saver.
func (l *Loop) Save() error {
	if l.o.Saver == nil {
		return errors.New("train: there is nowhere to save to")
	}
	ck, err := l.Checkpoint()
	if err != nil {
		return err
	}
	return l.o.Saver.Save(ck)
}

// Restore puts the loop to a checkpoint's moment: parameters, optimiser state, step
// and knobs. Batches and noise follow from the seed, which must be the same.
func (l *Loop) Restore(ck run.Checkpoint) error {
	l.exec.Lock()
	defer l.exec.Unlock()
	if len(ck.Random) != 1 || ck.Random[0] != l.o.Seed {
		return fmt.Errorf("checkpoint of step %d was made with seed %v, this loop has %d: "+
			"open it with the run's own seed",
			ck.Step, ck.Random, l.o.Seed)
	}
	if name := ck.Extra[extraRule]; name != l.o.Rule.Name() {
		return fmt.Errorf("checkpoint of step %d is of optimizer %q, this loop has %s: "+
			"open it with the run's own settings",
			ck.Step, name, l.o.Rule.Name())
	}
	if ck.Step < 0 || ck.Step > math.MaxInt32 {
		return fmt.Errorf("checkpoint of step %d: want a step from 0 to %d", ck.Step, math.MaxInt32)
	}
	if err := checkLR(ck.LR); err != nil {
		return fmt.Errorf("checkpoint of step %d: %w", ck.Step, err)
	}
	l.mu.Lock()
	d, err := l.dials.restored(ck)
	l.mu.Unlock()
	if err != nil {
		return err
	}
	if err := l.state.Load(ck); err != nil {
		return err
	}
	l.moved(int(ck.Step), func() { l.dials = d })
	return nil
}

// moved says that the state is now that after a step; then is called with mu held.
func (l *Loop) moved(step int, then func()) {
	l.torn = false
	l.step.Store(int64(step))
	l.busy, l.count = 0, 0
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun = step
	then()
}

// Reset begins again at step 0 with the initial parameters. The knobs stay as they are.
func (l *Loop) Reset() error {
	l.exec.Lock()
	defer l.exec.Unlock()
	if err := l.state.Init(l.o.Seed); err != nil {
		return err
	}
	l.moved(0, func() { l.dials.forget(0) })
	return nil
}

// Close frees the programs and the state. The loop must not be running.
func (l *Loop) Close() {
	for _, p := range l.programs {
		p.Close()
	}
	l.programs = nil
	if l.state != nil {
		l.state.Free()
	}
}
