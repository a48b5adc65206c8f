package train_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/optim"
	"mllab/engine/train"
	"mllab/ops"
)

// wide is a pair whose b may have another size.
type wide struct {
	*pair
	b *nn.Param
}

func newWide(n int) *wide {
	m := &wide{pair: &pair{ps: nn.NewParams()}}
	m.a, m.b = m.ps.Add("a", nn.Zeros, 3), m.ps.Add("b", nn.Fill(0.5), n)
	return m
}

func (m *wide) Step(s *train.Step, _ train.Batch) {
	away := func(p *nn.Param) ir.Value {
		return ops.Sum(s.B, ops.Square(s.B, ops.Shift(s.B, s.Param(p), -1)))
	}
	s.Minimize(ops.Add(s.B, away(m.a), away(m.b)), []*nn.Param{m.a, m.b})
}

func TestAdopt(t *testing.T) {
	o := options()
	o.Clip, o.EMA, o.LR = 0, 0, 0.05
	first := newLoop(t, newWide(2), toyData{}, o)
	steps(t, first, 5)
	ck := checkpoint(t, first)

	t.Run("all fits", func(t *testing.T) {
		l := newLoop(t, newWide(2), toyData{}, o)
		anew, err := l.Adopt(ck)
		require.NoError(t, err)
		assert.Empty(t, anew)
		assert.Equal(t, ck, checkpoint(t, l))
	})
	t.Run("an average begins at the parameters", func(t *testing.T) {
		averaged := o
		averaged.EMA = 0.9
		l := newLoop(t, newWide(2), toyData{}, averaged)
		_, err := l.Adopt(ck)
		require.NoError(t, err)
		got := checkpoint(t, l)
		assert.Equal(t, value(t, ck, "param.a"), value(t, got, "ema.a"))
		assert.Equal(t, value(t, ck, "opt.m.a"), value(t, got, "opt.m.a"))
	})
	t.Run("another shape", func(t *testing.T) {
		l := newLoop(t, newWide(4), toyData{}, o)
		anew, err := l.Adopt(ck)
		require.NoError(t, err)
		assert.Equal(t, []string{"b"}, anew)
		got := checkpoint(t, l)
		assert.Equal(t, 5, l.Step())
		assert.Equal(t, value(t, ck, "param.a"), value(t, got, "param.a"))
		assert.Equal(t, []float32{0.5, 0.5, 0.5, 0.5}, value(t, got, "param.b"))
		assert.Equal(t, []float32{0, 0, 0}, value(t, got, "opt.m.a"), "moments are all of one age")
		steps(t, l, 1)
		moved := value(t, checkpoint(t, l), "param.b")[0] - 0.5
		rate := 0.05 * o.Schedule.Factor(6)
		assert.InDelta(t, rate, moved, 1e-5, "Adam's first step is as long as the rate, whatever the loop's step")
	})
	t.Run("another rule", func(t *testing.T) {
		other := o
		other.Rule = optim.SGD{Momentum: 0.9}
		l := newLoop(t, newWide(2), toyData{}, other)
		anew, err := l.Adopt(ck)
		require.NoError(t, err)
		assert.Empty(t, anew)
		assert.Equal(t, []float32{0, 0, 0}, value(t, checkpoint(t, l), "opt.v.a"),
			"a mean square is no velocity")
	})
	t.Run("another seed", func(t *testing.T) {
		other := o
		other.Seed++
		_, err := newLoop(t, newWide(2), toyData{}, other).Adopt(ck)
		assert.ErrorContains(t, err, "made with seed")
	})
}
