package compile_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/grad"
	"mllab/ops"
)

// TestRandomImageGraphs is TestRandomGraphs for what networks of images are made
// of: convolutions both ways, norms, activations, halos, slices and concatenations,
// forward and with gradients.
func TestRandomImageGraphs(t *testing.T) {
	devs := open(t, "interp", "cpu")
	for seed := range uint64(24) {
		g, err := randomImages(seed)
		require.NoError(t, err, "seed %d", seed)
		in := map[string]ops.Array{}
		r := rand.New(rand.NewPCG(seed, 4))
		for _, v := range g.Inputs() {
			a := ops.NewArray(g.Type(v))
			for i := range a.Data {
				a.Data[i] = float64(float32(r.Float64()*2 - 1))
			}
			in[g.Node(v).Op.(ir.Input).Label] = a
		}
		want, err := ops.Eval(g, in)
		require.NoError(t, err)
		for _, dev := range devs {
			got, err := execute(dev, g, in, 1)
			require.NoError(t, err, "seed %d on %s\n%s", seed, dev.Info().Target, g)
			for label, w := range want {
				err := ops.Diff(got[label], w, 40000, ops.Eps32)
				require.NoError(t, err, "seed %d on %s, %s\n%s", seed, dev.Info().Target, label, g)
			}
		}
	}
}

// randomImages is a chain of layers with a skip connection, and the gradients of all
// its inputs. Activations are smooth, so that rounding does not change which side of
// a kink an element is on.
func randomImages(seed uint64) (*ir.Graph, error) {
	r := rand.New(rand.NewPCG(seed, 3))
	b := ir.NewBuilder()
	m := images{b: b, r: r}
	n, size, channels := 1+r.IntN(3), 3+r.IntN(6), 1+r.IntN(9)
	x := m.input(n, size, size+r.IntN(2), channels)
	skip := x
	for range 2 + r.IntN(4) {
		x = m.layer(x)
		s := b.Type(x).Shape
		if r.IntN(3) == 0 && ir.SameShape(s[:3], b.Type(skip).Shape[:3]) {
			x = ops.Concat(b, 3, x, skip)
			skip = x
		}
	}
	loss := ops.Mean(b, ops.Square(b, x), 0, 1, 2, 3)
	b.Output("y", x)
	b.Output("loss", loss)
	for i, d := range grad.Of(b, loss, m.in) {
		b.Output(fmt.Sprintf("d%d", i), d)
	}
	return b.Graph()
}

type images struct {
	b  *ir.Builder
	r  *rand.Rand
	in []ir.Value
}

func (m *images) input(shape ...int) ir.Value {
	v := m.b.Input(fmt.Sprintf("x%d", len(m.in)), ir.Of(ir.F32, shape...))
	m.in = append(m.in, v)
	return v
}

func (m *images) layer(x ir.Value) ir.Value {
	b, r := m.b, m.r
	s := b.Type(x).Shape
	c := s[3]
	switch r.IntN(8) {
	case 0, 1:
		k := 1 + r.IntN(min(3, s[1], s[2]))
		to := 1 + r.IntN(20)
		y := ops.Conv2D(b, x, m.input(k, k, c, to), ops.Conv{Stride: 1 + r.IntN(2), Pad: r.IntN(k)})
		return ops.Tanh(b, ops.Add(b, ops.Scale(b, y, 0.2), m.input(to)))
	case 2:
		y := ops.ConvTranspose2D(b, x, m.input(4, 4, c, 3+r.IntN(6)), ops.Conv{Stride: 2, Pad: 1})
		return ops.Silu(b, ops.Scale(b, y, 0.3))
	case 3, 4:
		// Over pixels, then over examples or groups: instance or batch norm.
		mean := ops.MeanKeep(b, x, 1, 2)
		if r.IntN(2) == 0 {
			mean = ops.MeanKeep(b, x, 0, 1, 2)
		}
		y := ops.Sub(b, x, mean)
		scale := ops.Rsqrt(b, ops.Shift(b, ops.MeanKeep(b, ops.Square(b, y), 1, 2), 0.5))
		y = ops.Add(b, ops.Mul(b, ops.Mul(b, y, scale), m.input(c)), m.input(c))
		return []func(*ir.Builder, ir.Value) ir.Value{ops.Silu, ops.Sigmoid}[r.IntN(2)](b, y)
	case 5:
		return ops.Upsample2D(b, ops.Softmax(b, x, 3), 1+r.IntN(2))
	case 6:
		around := []int{0, r.IntN(3), r.IntN(2), r.IntN(2)}
		return ops.Pad(b, ops.Sin(b, x), around, around, 0)
	}
	from := r.IntN(s[1])
	return ops.Slice(b, ops.Tanh(b, x), 1, from, s[1])
}
