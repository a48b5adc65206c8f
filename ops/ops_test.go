package ops

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

type lowerer interface {
	Lower(in []ir.Type, out ir.Type) *expr.Compute
}

type expander interface {
	Expand(b *ir.Builder, in []ir.Value) ir.Value
}

type differentiable interface {
	VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value
}

func typesOf(in []Array) []ir.Type {
	ts := make([]ir.Type, len(in))
	for i, a := range in {
		ts[i] = a.Type
	}
	return ts
}

func forSamples(t *testing.T, f func(t *testing.T, s Sample, out ir.Type)) {
	for _, e := range All() {
		t.Run(e.Name, func(t *testing.T) {
			ss := e.Op.Samples()
			require.NotEmpty(t, ss)
			for i, s := range ss {
				t.Run(fmt.Sprint(i), func(t *testing.T) {
					assert.Equal(t, e.Name, s.Op.Name())
					out, err := s.Op.Infer(typesOf(s.In))
					require.NoError(t, err, s.Name)
					f(t, s, out)
				})
			}
		})
	}
}

// lowered computes an operator through Lower, or through all that it expands to.
func lowered(o ir.Op, in []Array, out ir.Type) (Array, error) {
	switch op := o.(type) {
	case ir.Const:
		return Array{out, []float64{op.V}}, nil
	case lowerer:
		c := op.Lower(typesOf(in), out)
		if err := c.Verify(); err != nil {
			return Array{}, err
		}
		data := make([][]float64, len(in))
		for i, a := range in {
			data[i] = a.Data
		}
		if !c.OutType(0).Equal(out) {
			return Array{}, fmt.Errorf("lowers to %s, infers %s", c.OutType(0), out)
		}
		got, err := c.Flat().Run(data)
		if err != nil {
			return Array{}, err
		}
		return Array{out, got[0]}, nil
	case expander:
		return expanded(op, in, out)
	}
	return Array{}, fmt.Errorf("%s: neither Lower nor Expand", o.Name())
}

func expanded(op expander, in []Array, out ir.Type) (Array, error) {
	b := ir.NewBuilder()
	var args []ir.Value
	for i, a := range in {
		args = append(args, b.Input(label(i), a.Type))
	}
	v := op.Expand(b, args)
	if b.Err() != nil {
		return Array{}, b.Err()
	}
	if !b.Type(v).Equal(out) {
		return Array{}, fmt.Errorf("expands to %s, infers %s", b.Type(v), out)
	}
	values := append([]Array(nil), in...)
	for i := ir.Value(len(in)); i <= v; i++ {
		n := b.Node(i)
		args := make([]Array, len(n.In))
		for k, w := range n.In {
			args[k] = values[w]
		}
		r, err := lowered(n.Op, args, n.Type)
		if err != nil {
			return Array{}, err
		}
		values = append(values, r)
	}
	return values[v], nil
}

func TestLowerAgainstRef(t *testing.T) {
	t.Parallel()
	forSamples(t, func(t *testing.T, s Sample, out ir.Type) {
		got, err := lowered(s.Op, s.In, out)
		require.NoError(t, err, s.Name)
		want := s.Op.Ref(s.In, out)
		require.NoError(t, want.check())
		assert.True(t, want.Type.Equal(out))
		assert.NoError(t, Diff(got, want, Reduction(s.Op, typesOf(s.In)), Eps64), s.Name)
	})
}

func TestOneOfLowerAndExpand(t *testing.T) {
	for _, e := range All() {
		_, l := e.Op.(lowerer)
		_, x := e.Op.(expander)
		assert.True(t, l != x, "%s: want one of Lower and Expand", e.Name)
	}
}

func TestSamples(t *testing.T) {
	forSamples(t, func(t *testing.T, s Sample, out ir.Type) {
		assert.LessOrEqual(t, out.Elems(), 5000, s.Name)
		for _, a := range s.In {
			require.NoError(t, a.check(), s.Name)
			for _, v := range a.Data {
				switch a.Type.DType {
				case ir.F32:
					assert.True(t, math.IsNaN(v) || v == float64(float32(v)), "%s: %v is no float32", s.Name, v)
				case ir.I32:
					assert.Equal(t, float64(int32(v)), v, s.Name)
				case ir.Bool:
					assert.True(t, v == 0 || v == 1, s.Name)
				}
			}
		}
		if !s.Edge && out.DType == ir.F32 {
			for _, v := range s.Op.Ref(s.In, out).Data {
				assert.False(t, math.IsNaN(v) || math.Abs(v) > math.MaxFloat32, "%s: gives %v", s.Name, v)
			}
		}
	})
}
