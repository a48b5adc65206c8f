package train_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/compile/target"
	_ "mllab/compile/target/interp"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/optim"
	"mllab/engine/run"
	"mllab/engine/train"
	"mllab/ops"
)

// interp opens the interpreter: slow, on every machine, and exact.
func interp(t *testing.T) *engine.Engine {
	t.Helper()
	eng, err := engine.Open("interp", target.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, eng.Close()) })
	return eng
}

// toy is a noisy regression with a buffer that counts its steps: small, and with
// everything that a training may keep.
type toy struct {
	ps     *nn.Params
	layer  nn.Linear
	steps  *nn.Param
	second bool // a second loss, as a GAN has
	other  nn.Linear
	blowUp bool
}

func newToy() *toy {
	m := &toy{ps: nn.NewParams()}
	m.layer = nn.NewLinear(m.ps, "l", 4, 2)
	m.steps = m.ps.Buffer("steps", nn.Zeros, 1)
	m.other = nn.NewLinear(m.ps, "o", 2, 1)
	return m
}

func (m *toy) Params() *nn.Params { return m.ps }

func (m *toy) Step(s *train.Step, batch train.Batch) {
	b := s.B
	x := ops.Reshape(b, batch.X(), batch.N, batch.Values())
	y := ops.Add(b, m.layer.Apply(s.Scope, x), ops.Scale(b, s.Normal("eps", batch.N, 2), 0.1))
	want := ops.Cast(b, ops.Reshape(b, batch.Labels(), batch.N, 1), ir.F32)
	loss := ops.Mean(b, ops.Square(b, ops.Sub(b, y, want)))
	if m.blowUp {
		loss = ops.Mul(b, loss, ops.Exp(b, ops.Scale(b, ops.Sum(b, s.Param(m.steps)), 1e4)))
	}
	s.Update(m.steps, ops.Shift(b, s.Param(m.steps), 1))
	s.Report("first", ops.Sum(b, ops.Sum(b, s.Param(m.layer.B))))
	first := []*nn.Param{m.layer.W, m.layer.B}
	if !m.second {
		all := append(first, m.other.W, m.other.B)
		s.Minimize(ops.Add(b, loss, ops.Mean(b, ops.Square(b, m.other.Apply(s.Scope, y)))), all)
		return
	}
	s.Minimize(loss, first)
	z := m.layer.Apply(s.Scope, x)
	next := ops.Mean(b, ops.Square(b, ops.Shift(b, m.other.Apply(s.Scope, z), -1)))
	s.Report("second", next)
	s.Minimize(next, []*nn.Param{m.other.W, m.other.B})
}

type toyData struct{ fail int }

func (d toyData) Fill(step int, x []float32, labels []int32) error {
	if d.fail > 0 && step == d.fail {
		return errors.New("picture 7 will not decode")
	}
	for i := range x {
		x[i] = float32(math.Mod(float64(step*31+i*17)*0.37, 1))
	}
	for i := range labels {
		labels[i] = int32((step + i) % 3)
	}
	return nil
}

func (toyData) StepsPerEpoch() int { return 4 }

func options() train.Options {
	return train.Options{
		Batch: 3, H: 2, W: 2, C: 1, Seed: 5, Steps: 6, LR: 0.05, Clip: 0.7, EMA: 0.9,
		Schedule: optim.Schedule{Kind: "cosine", Total: 12, Warmup: 2},
	}
}

func newLoop(t *testing.T, m train.Model, d train.Data, o train.Options) *train.Loop {
	t.Helper()
	l, err := train.New(context.Background(), interp(t), m, d, o)
	require.NoError(t, err)
	t.Cleanup(l.Close)
	return l
}

func checkpoint(t *testing.T, l *train.Loop) run.Checkpoint {
	t.Helper()
	ck, err := l.Checkpoint()
	require.NoError(t, err)
	return ck
}

func value(t *testing.T, ck run.Checkpoint, name string) []float32 {
	t.Helper()
	tensor, ok := ck.Tensor(name)
	require.True(t, ok, name)
	return tensor.F32
}

func TestRunReportsEveryStep(t *testing.T) {
	o := options()
	var got []train.Metrics
	o.OnMetrics = func(m train.Metrics) { got = append(got, m) }
	l := newLoop(t, newToy(), toyData{}, o)
	require.NoError(t, l.Run(context.Background()))
	require.Len(t, got, 6)
	for i, m := range got {
		assert.Equal(t, i+1, m.Step)
		assert.Equal(t, 1+i/4, m.Epoch)
		assert.InDelta(t, 0.05*o.Schedule.Factor(i+1), m.LR, 1e-12)
		assert.Greater(t, m.ImagesPerSec, 0.0)
		assert.Greater(t, m.MsPerStep, 0.0)
		require.Len(t, m.Losses, 2)
		assert.Equal(t, "first", m.Losses[0].Name)
		assert.Equal(t, "grad_norm", m.Losses[1].Name)
	}
	assert.Less(t, got[5].Loss, got[0].Loss)
	ck := checkpoint(t, l)
	assert.Equal(t, []float32{6}, value(t, ck, "param.steps"))
	assert.NotEqual(t, value(t, ck, "param.l.weight"), value(t, ck, "ema.l.weight"))
	assert.NotZero(t, value(t, ck, "opt.v.l.weight")[0])
	require.NoError(t, l.Run(context.Background()), "there is nothing left to do")
	assert.Equal(t, 6, l.Step())
}

func TestRunReportsEveryThird(t *testing.T) {
	o := options()
	o.Every, o.Steps = 3, 7
	var steps []int
	o.OnMetrics = func(m train.Metrics) { steps = append(steps, m.Step) }
	l := newLoop(t, newToy(), toyData{}, o)
	require.NoError(t, l.Run(context.Background()))
	assert.Equal(t, []int{1, 3, 6, 7}, steps)
}

// Two runs of N steps, one of which is saved, closed and resumed, end bit for bit alike.
func TestResumeIsBitIdentical(t *testing.T) {
	ctx := context.Background()
	for _, rule := range []optim.Rule{optim.NewAdam(), optim.NewAdamW(0.1), optim.SGD{Momentum: 0.9}} {
		t.Run(rule.Name(), func(t *testing.T) {
			o := options()
			o.Rule, o.Steps = rule, 8
			straight := newLoop(t, newToy(), toyData{}, o)
			require.NoError(t, straight.Run(ctx))

			half := o
			half.Steps = 4
			first := newLoop(t, newToy(), toyData{}, half)
			require.NoError(t, first.Run(ctx))
			middle := checkpoint(t, first)
			second := newLoop(t, newToy(), toyData{}, o)
			require.NoError(t, second.Restore(middle))
			assert.Equal(t, 4, second.Step())
			require.NoError(t, second.Run(ctx))
			assert.Equal(t, checkpoint(t, straight), checkpoint(t, second))
		})
	}
}

func TestRestoreIntoARunningLoop(t *testing.T) {
	ctx := context.Background()
	o := options()
	o.Steps = 0
	l := newLoop(t, newToy(), toyData{}, o)
	start := checkpoint(t, l)
	l.Single()
	l.Single()
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	require.Eventually(t, func() bool { return l.Step() == 2 }, 10*time.Second, time.Millisecond)
	two := checkpoint(t, l)
	require.NoError(t, l.Reset())
	assert.Equal(t, start, checkpoint(t, l))
	l.Single()
	l.Single()
	require.Eventually(t, func() bool { return l.Step() == 2 }, 10*time.Second, time.Millisecond)
	assert.Equal(t, two, checkpoint(t, l), "batches are those of the steps, whatever was prepared ahead")
	l.Stop()
	require.NoError(t, <-done)
}

func TestControl(t *testing.T) {
	o := options()
	o.Steps, o.Schedule = 0, optim.Schedule{}
	lrs := make(chan float64, 100)
	o.OnMetrics = func(m train.Metrics) { lrs <- m.LR }
	l := newLoop(t, newToy(), toyData{}, o)
	l.Pause()
	done := make(chan error)
	go func() { done <- l.Run(context.Background()) }()
	require.NoError(t, l.SetLR(0.125))
	l.Single()
	assert.Equal(t, 0.125, <-lrs)
	assert.True(t, l.Paused())
	require.Error(t, l.Run(context.Background()), "it is running")
	assert.ErrorContains(t, l.SetLR(math.NaN()), "want a number over 0")
	require.NoError(t, l.SetLR(0.5))
	l.Resume()
	assert.Equal(t, 0.5, <-lrs)
	var inside int
	require.NoError(t, l.Do(func() error { inside = l.Step(); return nil }))
	assert.GreaterOrEqual(t, inside, 2)
	go func() {
		for range lrs {
		}
	}()
	l.Stop()
	require.NoError(t, <-done)
	close(lrs)
}

func TestStopBeforeRun(t *testing.T) {
	l := newLoop(t, newToy(), toyData{}, options())
	l.Stop()
	require.NoError(t, l.Run(context.Background()))
	assert.Zero(t, l.Step())
	require.NoError(t, l.Run(context.Background()))
	assert.Equal(t, 6, l.Step())
}

func TestContextEndsARun(t *testing.T) {
	o := options()
	o.Steps = 0
	l := newLoop(t, newToy(), toyData{}, o)
	l.Pause()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	cancel()
	assert.ErrorIs(t, <-done, context.Canceled)
}

type saver struct {
	saved []run.Checkpoint
	err   error
}

func (s *saver) Save(ck run.Checkpoint) error {
	s.saved = append(s.saved, ck)
	return s.err
}

func TestSaver(t *testing.T) {
	o := options()
	s := &saver{}
	o.Saver, o.SaveEvery, o.Steps = s, 2, 5
	l := newLoop(t, newToy(), toyData{}, o)
	require.NoError(t, l.Run(context.Background()))
	var steps []int64
	for _, ck := range s.saved {
		steps = append(steps, ck.Step)
	}
	assert.Equal(t, []int64{2, 4, 5}, steps)
	s.err = errors.New("disk full")
	require.NoError(t, l.Reset())
	assert.EqualError(t, l.Run(context.Background()), "disk full")
}

func TestSavedOnDisk(t *testing.T) {
	r, err := run.Create(t.TempDir(), "toy", run.Config{Model: "toy"})
	require.NoError(t, err)
	defer r.Close()
	o := options()
	o.Saver, o.SaveEvery = r, 3
	l := newLoop(t, newToy(), toyData{}, o)
	require.NoError(t, l.Run(context.Background()))
	ck, err := r.Load()
	require.NoError(t, err)
	again := newLoop(t, newToy(), toyData{}, o)
	require.NoError(t, again.Restore(ck))
	assert.Equal(t, checkpoint(t, l), checkpoint(t, again))
}

func TestDivergence(t *testing.T) {
	o := options()
	s := &saver{}
	o.Saver, o.SaveEvery, o.Every = s, 2, 100
	m := newToy()
	m.blowUp = true
	l := newLoop(t, m, toyData{}, o)
	err := l.Run(context.Background())
	var d *train.DivergedError
	require.ErrorAs(t, err, &d)
	assert.Equal(t, 2, d.Step)
	assert.ErrorContains(t, err, "step 2: the loss is +Inf at learning rate 0.05: lower --lr")
	assert.Empty(t, s.saved, "ruined parameters are not saved")

	o.SaveEvery, o.Steps = 0, 0
	m = newToy()
	m.blowUp = true
	l = newLoop(t, m, toyData{}, o)
	for range 3 {
		l.Single()
	}
	done := make(chan error)
	go func() { done <- l.Run(context.Background()) }()
	require.Eventually(t, func() bool { return l.Step() == 3 }, 10*time.Second, time.Millisecond)
	l.Stop()
	require.ErrorAs(t, <-done, &d)
	assert.Empty(t, s.saved)
}

// With Reduce a step is several programs; where the hook changes nothing, so do they.
func TestReduceGivesTheSame(t *testing.T) {
	ctx := context.Background()
	for _, second := range []bool{false, true} {
		t.Run(fmt.Sprint("second loss ", second), func(t *testing.T) {
			var reports [2][]train.Metrics
			var calls atomic.Int32
			var states [2]run.Checkpoint
			for i := range 2 {
				o := options()
				o.OnMetrics = func(m train.Metrics) {
					m.ImagesPerSec, m.MsPerStep = 0, 0
					reports[i] = append(reports[i], m)
				}
				if i == 1 {
					o.Reduce = func(_ context.Context, grads []train.Gradient) error {
						calls.Add(1)
						for _, g := range grads {
							if _, err := g.Tensor.Float32(); err != nil {
								return err
							}
						}
						return nil
					}
				}
				m := newToy()
				m.second = second
				l := newLoop(t, m, toyData{}, o)
				require.NoError(t, l.Run(ctx))
				states[i] = checkpoint(t, l)
			}
			require.Equal(t, len(states[0].Tensors), len(states[1].Tensors))
			for i, want := range states[0].Tensors {
				got := states[1].Tensors[i]
				require.Equal(t, want.Name, got.Name)
				assert.InDeltaSlice(t, want.F32, got.F32, 1e-5, want.Name)
			}
			for i, want := range reports[0] {
				assert.InDelta(t, want.Loss, reports[1][i].Loss, 1e-5)
				assert.ElementsMatch(t, names(want.Losses), names(reports[1][i].Losses))
			}
			if second {
				assert.Equal(t, int32(12), calls.Load())
			} else {
				assert.Equal(t, int32(6), calls.Load())
			}
		})
	}
}

func names(list []train.Named) []string {
	var out []string
	for _, n := range list {
		out = append(out, n.Name)
	}
	return out
}

func TestReduceError(t *testing.T) {
	o := options()
	o.Reduce = func(context.Context, []train.Gradient) error { return errors.New("rank 3 is gone") }
	l := newLoop(t, newToy(), toyData{}, o)
	assert.EqualError(t, l.Run(context.Background()), "step 1: reduce gradients: rank 3 is gone")
	_, err := l.Checkpoint()
	assert.ErrorContains(t, err, "a step was cut short")
	assert.ErrorContains(t, l.Run(context.Background()), "go on from a checkpoint")
	require.NoError(t, l.Reset())
	checkpoint(t, l)
}

func TestDataError(t *testing.T) {
	l := newLoop(t, newToy(), toyData{fail: 2}, options())
	assert.EqualError(t, l.Run(context.Background()), "step 3: data: picture 7 will not decode")
	assert.Equal(t, 2, l.Step())
}

func TestBadOptions(t *testing.T) {
	tests := []struct {
		name string
		edit func(o *train.Options)
		want string
	}{
		{"batch", func(o *train.Options) { o.Batch = 0 }, "batch of 0: want at least 1"},
		{"huge batch", func(o *train.Options) { o.Batch = 1 << 40 }, "lower --batch"},
		{"shape", func(o *train.Options) { o.C = 0 }, "examples of 2x2x0"},
		{"lr", func(o *train.Options) { o.LR = 0 }, "learning rate 0: want a number over 0"},
		{"steps", func(o *train.Options) { o.Steps = -1 }, "want none below 0"},
		{"clip", func(o *train.Options) { o.Clip = math.NaN() }, "clip NaN"},
		{"ema", func(o *train.Options) { o.EMA = 1 }, "ema 1"},
		{"schedule", func(o *train.Options) { o.Schedule.Kind = "sine" }, `schedule "sine": unknown`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options()
			tt.edit(&o)
			_, err := train.New(context.Background(), interp(t), newToy(), toyData{}, o)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestRestoreRefuses(t *testing.T) {
	l := newLoop(t, newToy(), toyData{}, options())
	before := checkpoint(t, l)
	tests := []struct {
		name string
		edit func(ck *run.Checkpoint)
		want string
	}{
		{"seed", func(ck *run.Checkpoint) { ck.Random = []uint64{6} }, "made with seed [6], this loop has 5"},
		{"rule", func(ck *run.Checkpoint) { ck.Extra = map[string]string{"optimizer": "sgd"} }, `optimizer "sgd"`},
		{"missing", func(ck *run.Checkpoint) { ck.Tensors = ck.Tensors[1:] }, "has no tensor ema.l.bias"},
		{"shape", func(ck *run.Checkpoint) { ck.Tensors[0].Shape = []int{3} }, "ema.l.bias is  [3], want F32 [2]"},
		{"step", func(ck *run.Checkpoint) { ck.Step = -4 }, "checkpoint of step -4"},
		{"lr", func(ck *run.Checkpoint) { ck.LR = math.Inf(1) }, "learning rate +Inf"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ck := checkpoint(t, l)
			tt.edit(&ck)
			assert.ErrorContains(t, l.Restore(ck), tt.want)
			assert.Equal(t, before, checkpoint(t, l), "nothing was changed")
		})
	}
}

func TestMemoryIsGivenBack(t *testing.T) {
	eng := interp(t)
	l, err := train.New(context.Background(), eng, newToy(), toyData{}, options())
	require.NoError(t, err)
	assert.Positive(t, eng.Bytes())
	l.Close()
	assert.Zero(t, eng.Bytes())
	require.NoError(t, eng.Close())
	_, err = eng.Tensor(ir.Of(ir.F32, 3))
	assert.ErrorContains(t, err, "closed")
	_, err = engine.FromSlice(interp(t), []float32{1, 2, 3}, 2)
	assert.ErrorContains(t, err, "it has 2 elements, the host slice 3")
}
