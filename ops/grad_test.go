package ops

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
)

// backward adds to b the gradients of a value, given the value's gradient, with
// respect to others: reverse accumulation as short as it can be.
func backward(b *ir.Builder, v, g ir.Value, wrt []ir.Value) ([]ir.Value, error) {
	grads := map[ir.Value]ir.Value{v: g}
	for i := v; i >= 0; i-- {
		g, ok := grads[i]
		n := b.Node(i)
		if !ok || len(n.In) == 0 || slices.Contains(wrt, i) {
			continue
		}
		op, ok := n.Op.(differentiable)
		if !ok {
			return nil, fmt.Errorf("%s has no VJP", n.Op.Name())
		}
		ds := op.VJP(b, n.In, i, g)
		if b.Err() != nil {
			return nil, b.Err()
		}
		if len(ds) != len(n.In) {
			return nil, fmt.Errorf("%s: %d gradients for %d operands", n.Op.Name(), len(ds), len(n.In))
		}
		for k, d := range ds {
			if d == ir.None {
				continue
			}
			if !b.Type(d).Equal(b.Type(n.In[k])) || b.Type(d).DType != ir.F32 {
				return nil, fmt.Errorf("%s: gradient %d is %s for operand %s", n.Op.Name(), k,
					b.Type(d), b.Type(n.In[k]))
			}
			if old, ok := grads[n.In[k]]; ok {
				d = Add(b, old, d)
			}
			grads[n.In[k]] = d
		}
	}
	out := make([]ir.Value, len(wrt))
	for i, w := range wrt {
		out[i] = ir.None
		if d, ok := grads[w]; ok {
			out[i] = d
		}
	}
	return out, b.Err()
}

// problem is a graph y = op(x...) with l = sum(y w), the gradients of l, and the
// gradients of m = sum over operands of sum(gradient u), all as outputs.
type problem struct {
	g    *ir.Graph
	in   map[string]Array
	diff []int // operands that have a gradient
}

func pose(s Sample, out ir.Type, second bool) (*problem, error) {
	b := ir.NewBuilder()
	p := &problem{in: map[string]Array{}}
	var in, wrt []ir.Value
	for i, a := range s.In {
		in = append(in, b.Input(label(i), a.Type))
		p.in[label(i)] = a
	}
	y := b.Apply(s.Op, in...)
	w := b.Input("w", out)
	p.in["w"] = draw(77, -1, 1, out.Shape...)
	b.Output("l", Sum(b, Mul(b, y, w)))
	gs := s.Op.(differentiable).VJP(b, in, y, w)
	for i, g := range gs {
		if g == ir.None {
			continue
		}
		if !b.Type(g).Equal(s.In[i].Type) {
			return nil, fmt.Errorf("gradient %d is %s for %s", i, b.Type(g), s.In[i].Type)
		}
		p.diff = append(p.diff, i)
		b.Output("g"+label(i), g)
	}
	if second && len(p.diff) > 0 {
		var m ir.Value
		for k, i := range p.diff {
			u := draw(uint64(88+i), -1, 1, s.In[i].Type.Shape...)
			p.in["u"+label(i)] = u
			t := Sum(b, Mul(b, gs[i], b.Input("u"+label(i), u.Type)))
			if k > 0 {
				t = Add(b, m, t)
			}
			m = t
		}
		b.Output("m", m)
		for _, i := range p.diff {
			wrt = append(wrt, in[i])
		}
		ds, err := backward(b, m, one(b), wrt)
		if err != nil {
			return nil, err
		}
		for k, i := range p.diff {
			if ds[k] != ir.None {
				b.Output("h"+label(i), ds[k])
			}
		}
	}
	g, err := b.Graph()
	p.g = g
	return p, err
}

// slope is the central difference of an output along a direction of one operand.
func (p *problem) slope(t *testing.T, output string, operand int, dir []float64) float64 {
	const h = 1e-5
	at := func(h float64) float64 {
		in := map[string]Array{}
		for k, a := range p.in {
			in[k] = a
		}
		x := p.in[label(operand)]
		moved := Array{x.Type, slices.Clone(x.Data)}
		for i, d := range dir {
			moved.Data[i] += h * d
		}
		in[label(operand)] = moved
		out, err := Eval(p.g, in)
		require.NoError(t, err)
		return out[output].Data[0]
	}
	return (at(h) - at(-h)) / (2 * h)
}

// check compares gradient outputs with slopes along random directions and along
// a few single elements.
func (p *problem) check(t *testing.T, output, prefix string, name string) {
	got, err := Eval(p.g, p.in)
	require.NoError(t, err)
	for _, i := range p.diff {
		n := p.in[label(i)].Type.Elems()
		grad, ok := got[prefix+label(i)]
		if !ok {
			grad = NewArray(p.in[label(i)].Type)
		}
		size := 0.0
		for _, v := range grad.Data {
			size += v * v
		}
		for try := range 3 {
			dir := make([]float64, n)
			if try < 2 {
				copy(dir, draw(uint64(200+try), -1, 1, n).Data)
			} else {
				dir[int(hash(uint64(try), i)%uint64(n))] = 1
			}
			want := p.slope(t, output, i, dir)
			var have float64
			for k, d := range dir {
				have += d * grad.Data[k]
			}
			assert.InDelta(t, want, have, 1e-6*(1+math.Sqrt(size)), "%s: operand %d, direction %d", name, i, try)
		}
	}
}

func TestGradientsAgainstDifferences(t *testing.T) {
	t.Parallel()
	forSamples(t, func(t *testing.T, s Sample, out ir.Type) {
		if _, ok := s.Op.(differentiable); !ok || s.Edge || out.DType != ir.F32 {
			return
		}
		p, err := pose(s, out, false)
		require.NoError(t, err, s.Name)
		p.check(t, "l", "g", s.Name)
	})
}

func TestSecondGradientsAgainstDifferences(t *testing.T) {
	t.Parallel()
	forSamples(t, func(t *testing.T, s Sample, out ir.Type) {
		if _, ok := s.Op.(differentiable); !ok || s.Edge || out.DType != ir.F32 {
			return
		}
		p, err := pose(s, out, true)
		require.NoError(t, err, s.Name)
		if len(p.diff) > 0 {
			p.check(t, "m", "h", s.Name)
		}
	})
}

// TestTiesShareGradients: values that tie for a maximum have equal parts, and
// operators that choose one operand give it all.
func TestTiesShareGradients(t *testing.T) {
	square := ir.Of(ir.F32, 1, 2, 2, 1)
	tests := []struct {
		op   Operator
		in   []Array
		want [][]float64
	}{
		{maxOf{Axes: ir.List(0)}, []Array{vec(3, 1, 3)}, [][]float64{{0.5, 0, 0.5}}},
		{minOf{Axes: ir.List(0)}, []Array{vec(3, 1, 1)}, [][]float64{{0, 0.5, 0.5}}},
		{maxPool2d{2, 2}, []Array{{square, []float64{4, 4, 4, 4}}}, [][]float64{{0.25, 0.25, 0.25, 0.25}}},
		{maxPool2d{2, 1}, []Array{{square, []float64{4, 0, 4, 1}}}, [][]float64{{0.5, 0, 0.5, 0}}},
		{maximum{}, []Array{vec(1, 2), vec(1, 0)}, [][]float64{{0, 1}, {1, 0}}},
		{minimum{}, []Array{vec(1, 2), vec(1, 0)}, [][]float64{{0, 0}, {1, 1}}},
		{relu{}, []Array{vec(0, 1, -1)}, [][]float64{{0, 1, 0}}},
		{gather{}, []Array{vec(1, 2, 3), ints(2, 2, -5, 9)}, [][]float64{{1, 0, 3}}},
	}
	for _, tt := range tests {
		b := ir.NewBuilder()
		given := map[string]Array{}
		var in []ir.Value
		for i, a := range tt.in {
			in = append(in, b.Input(label(i), a.Type))
			given[label(i)] = a
		}
		y := b.Apply(tt.op, in...)
		g := BroadcastTo(b, one(b), b.Type(y).Shape...)
		for i, d := range tt.op.(differentiable).VJP(b, in, y, g) {
			if d != ir.None {
				b.Output(label(i), d)
			}
		}
		graph, err := b.Graph()
		require.NoError(t, err)
		got, err := Eval(graph, given)
		require.NoError(t, err)
		for i, w := range tt.want {
			assert.Equal(t, w, got[label(i)].Data, "%s operand %d", ir.OpString(tt.op), i)
		}
	}
}

// TestBackwardOfALayer: gradients through several operators, bias and loss
// together, against differences.
func TestBackwardOfALayer(t *testing.T) {
	b := ir.NewBuilder()
	p := &problem{in: map[string]Array{}, diff: []int{0, 1, 2}}
	var in []ir.Value
	for i, shape := range [][]int{{5, 7}, {7, 3}, {3}} {
		a := draw(uint64(i), -1, 1, shape...)
		in = append(in, b.Input(label(i), a.Type))
		p.in[label(i)] = a
	}
	h := Add(b, MatMul(b, in[0], in[1]), in[2])
	loss := Mean(b, Add(b, BCEWithLogits(b, h, Sigmoid(b, in[2])), LogSumExpKeep(b, h, -1)))
	b.Output("l", loss)
	gs, err := backward(b, loss, one(b), in)
	require.NoError(t, err)
	for i, g := range gs {
		b.Output("g"+label(i), g)
	}
	p.g, err = b.Graph()
	require.NoError(t, err)
	p.check(t, "l", "g", "layer")
}
