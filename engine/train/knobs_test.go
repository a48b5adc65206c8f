package train_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/optim"
	"mllab/engine/run"
	"mllab/engine/train"
	"mllab/ops"
)

// pair is two parameters that are pulled towards numbers, each by a group of its own.
type pair struct {
	ps   *nn.Params
	a, b *nn.Param
}

func newPair() *pair {
	m := &pair{ps: nn.NewParams()}
	m.a, m.b = m.ps.Add("a", nn.Zeros, 3), m.ps.Add("b", nn.Zeros, 3)
	return m
}

func (m *pair) Params() *nn.Params { return m.ps }

// Step has loss_a = pull Σ(a-1)² and loss_b = Σ(b-1)².
func (m *pair) Step(s *train.Step, _ train.Batch) {
	away := func(p *nn.Param) ir.Value {
		return ops.Sum(s.B, ops.Square(s.B, ops.Shift(s.B, s.Param(p), -1)))
	}
	pull := s.Scalar("pull", "weight of a's loss", 2, 0, 100)
	s.MinimizeAs("a", ops.Mul(s.B, away(m.a), pull), []*nn.Param{m.a})
	s.MinimizeAs("b", away(m.b), []*nn.Param{m.b})
}

func knob(t *testing.T, l *train.Loop, name string) train.Knob {
	t.Helper()
	for _, k := range l.Knobs() {
		if k.Name == name {
			return k
		}
	}
	require.Fail(t, "no knob "+name)
	return train.Knob{}
}

func steps(t *testing.T, l *train.Loop, n int) {
	t.Helper()
	for range n {
		require.NoError(t, l.Repeat(context.Background()))
	}
}

// The knobs of a loop are what its rule, its options and its model have.
func TestKnobs(t *testing.T) {
	o := options()
	o.Rule = optim.NewAdamW(0.1)
	l := newLoop(t, newPair(), toyData{}, o)
	var names []string
	for _, k := range l.Knobs() {
		names = append(names, k.Name)
		assert.NotEmpty(t, k.What, k.Name)
		assert.NoError(t, k.Check(k.Value))
	}
	assert.Equal(t, []string{"lr", "lr.a", "lr.b", "beta1", "beta2", "eps", "decay", "clip", "ema", "pull"}, names)
	assert.Equal(t, 0.05, knob(t, l, "lr").Value)
	assert.Equal(t, 2.0, knob(t, l, "pull").Value)
	require.NoError(t, l.Set("pull", 3))
	assert.Equal(t, 3.0, knob(t, l, "pull").Value)
	for name, v := range map[string]float64{"pull": 101, "beta1": 1, "lr": 0, "ema": math.NaN(), "decay": -1} {
		assert.ErrorContains(t, l.Set(name, v), name+" ")
	}
	assert.EqualError(t, l.Set("latent", 3), `"latent" cannot be changed while this model trains: want one of `+
		`lr, lr.a, lr.b, beta1, beta2, eps, decay, clip, ema, pull`)
	assert.Equal(t, 3.0, knob(t, l, "pull").Value, "what is refused changes nothing")
}

// A knob of the model and the groups' rates do in the next step what they say: of
// plain gradient descent each step is known.
func TestKnobsReachTheStep(t *testing.T) {
	o := options()
	o.Rule, o.Clip, o.EMA, o.Schedule, o.LR = optim.SGD{}, 0, 0, optim.Schedule{}, 0.125
	o.Rates = map[string]float64{"b": 0.25}
	l := newLoop(t, newPair(), toyData{}, o)
	a, b := 0.0, 0.0
	check := func(lrA, lrB, pull float64) {
		t.Helper()
		steps(t, l, 1)
		a -= lrA * pull * 2 * (a - 1)
		b -= lrB * 2 * (b - 1)
		ck := checkpoint(t, l)
		assert.Equal(t, []float32{float32(a), float32(a), float32(a)}, value(t, ck, "param.a"))
		assert.Equal(t, []float32{float32(b), float32(b), float32(b)}, value(t, ck, "param.b"))
	}
	check(0.125, 0.25, 2)
	require.NoError(t, l.Set("pull", 1))
	check(0.125, 0.25, 1)
	require.NoError(t, l.SetLR(0.0625))
	check(0.0625, 0.25, 1)
	require.NoError(t, l.Set("lr.b", 0))
	check(0.0625, 0.0625, 1)
	require.NoError(t, l.Set("lr.a", 0.5))
	check(0.5, 0.0625, 1)
}

// Adam whose betas change on the way, against its formulas in float64: the correction
// is by what the betas were.
func TestBetasTurnedOnTheWay(t *testing.T) {
	o := options()
	o.Clip, o.EMA, o.Schedule, o.LR = 0, 0, optim.Schedule{}, 0.01
	l := newLoop(t, newPair(), toyData{}, o)
	p, m, v := 0.0, 0.0, 0.0
	b1, b2, w1, w2 := 0.9, 0.999, 1.0, 1.0
	for step := range 30 {
		switch step {
		case 7:
			b1, b2 = 0.5, 0.9
		case 15:
			b1 = 0
		case 20:
			b1, b2 = 0.95, 0.99
		}
		require.NoError(t, l.Set("beta1", b1))
		require.NoError(t, l.Set("beta2", b2))
		steps(t, l, 1)
		g := 2 * 2 * (p - 1)
		m, v = b1*m+(1-b1)*g, b2*v+(1-b2)*g*g
		w1, w2 = w1*b1, w2*b2
		p -= 0.01 * m / (1 - w1) / (math.Sqrt(v/(1-w2)) + 1e-8)
		assert.InDelta(t, p, float64(value(t, checkpoint(t, l), "param.a")[0]), 1e-5, "step %d", step+1)
	}
}

// A loop whose knobs are turned, and one that goes on from a checkpoint in between,
// end bit for bit alike.
func TestKnobsAreInTheCheckpoint(t *testing.T) {
	o := options()
	o.Rule, o.Clip = optim.NewAdamW(0.1), 0.7
	turn := func(l *train.Loop, values map[string]float64) {
		for name, v := range values {
			require.NoError(t, l.Set(name, v))
		}
	}
	early := map[string]float64{"beta1": 0.5, "beta2": 0.9, "lr.a": 0.3, "pull": 7, "clip": 0, "lr": 0.02}
	late := map[string]float64{"beta1": 0.8, "ema": 0.99, "eps": 1e-3, "decay": 0}
	straight := newLoop(t, newPair(), toyData{}, o)
	steps(t, straight, 3)
	turn(straight, early)
	steps(t, straight, 3)
	middle := checkpoint(t, straight)
	turn(straight, late)
	steps(t, straight, 4)

	second := newLoop(t, newPair(), toyData{}, o)
	require.NoError(t, second.Restore(middle))
	assert.Equal(t, 7.0, knob(t, second, "pull").Value)
	assert.Equal(t, 0.02, knob(t, second, "lr").Value)
	turn(second, late)
	steps(t, second, 4)
	assert.Equal(t, checkpoint(t, straight), checkpoint(t, second))
	assert.Equal(t, straight.Knobs(), second.Knobs())

	require.NoError(t, second.Restore(middle))
	assert.Equal(t, 0.5, knob(t, second, "beta1").Value, "what was turned later is as it was")
	assert.Equal(t, 0.9, knob(t, second, "ema").Value)
	require.NoError(t, second.Reset())
	assert.Equal(t, 7.0, knob(t, second, "pull").Value, "to begin again keeps the knobs")
	steps(t, second, 2)
	fresh := o
	fresh.LR, fresh.Rates, fresh.Rule = 0.02, map[string]float64{"a": 0.3}, optim.Adam{B1: 0.5, B2: 0.9, Eps: 1e-8,
		W: true, Decay: 0.1}
	third := newLoop(t, newPair(), toyData{}, fresh)
	turn(third, map[string]float64{"pull": 7, "clip": 0})
	steps(t, third, 2)
	assert.Equal(t, checkpoint(t, third), checkpoint(t, second))
}

// A checkpoint of before there were knobs has those of the options; a damaged one is refused.
func TestKnobsOfACheckpoint(t *testing.T) {
	l := newLoop(t, newPair(), toyData{}, options())
	require.NoError(t, l.Set("pull", 9))
	ck := checkpoint(t, l)
	ck.Extra = map[string]string{"optimizer": "adam"}
	require.NoError(t, l.Restore(ck))
	assert.Equal(t, 2.0, knob(t, l, "pull").Value)
	for key, text := range map[string]string{"knob.pull": "1e9", "knob.beta1": "x", "course.beta1": "1",
		"course.beta2": "-1 0", "course.eps": "0 NaN"} {
		ck.Extra = map[string]string{"optimizer": "adam", key: text}
		assert.ErrorContains(t, l.Restore(ck), "its "+key+" is")
	}
}

func TestTwoKnobsOfOneName(t *testing.T) {
	_, err := train.New(context.Background(), interp(t), clash{newPair()}, toyData{}, options())
	assert.ErrorContains(t, err, `two knobs are named "beta1"`)
}

type clash struct{ *pair }

func (m clash) Step(s *train.Step, b train.Batch) {
	s.Scalar("beta1", "taken", 1, 0, 2)
	m.pair.Step(s, b)
}

var _ train.Saver = (*run.Run)(nil)

func TestStepAllocatesNothing(t *testing.T) {
	l := newLoop(t, newPair(), toyData{}, options())
	steps(t, l, 1)
	assert.Zero(t, testing.AllocsPerRun(20, func() { _ = l.Repeat(context.Background()) }))
}
