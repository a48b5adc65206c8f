package ops

import (
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// mustHave are the operators that other layers, files and books name.
const mustHave = `abs add and argmax avg_pool2d broadcast_to cast concat conv2d conv2d_weight_grad
	conv_pad2d conv_phases2d conv_transpose2d cos div eq erf exp floor gather gelu iota le leaky_relu log
	log1p log_softmax logsumexp lt matmul max max_pool2d maximum mean min minimum mul ne neg
	not or pad pow random_normal random_uniform recip relu reshape round rsqrt scatter_add
	select sigmoid silu sin slice softmax softplus sqrt square stop_gradient sub sum
	sum_pool2d tanh transpose upsample2d`

// withoutVJP are the operators that no gradient passes: results that are no F32,
// no operands that are F32, or expansions only.
const withoutVJP = `and argmax conv_phases2d eq iota le lt ne not or random_normal random_uniform`

func TestAllNamesEveryOperator(t *testing.T) {
	var names []string
	for _, e := range All() {
		names = append(names, e.Name)
		assert.Equal(t, e.Name, e.Op.Name())
	}
	assert.True(t, sort.StringsAreSorted(names))
	assert.Equal(t, strings.Fields(mustHave), names)
}

func TestOperatorsWithoutVJP(t *testing.T) {
	var names []string
	for _, e := range All() {
		if _, ok := e.Op.(differentiable); !ok {
			names = append(names, e.Name)
		}
	}
	assert.Equal(t, strings.Fields(withoutVJP), names)
}

// TestZeroGradients: operators whose VJP gives nothing for an F32 operand.
func TestZeroGradients(t *testing.T) {
	zero := map[string]bool{}
	forSamples(t, func(t *testing.T, s Sample, out ir.Type) {
		if _, ok := s.Op.(differentiable); !ok || out.DType != ir.F32 {
			return
		}
		p, err := pose(s, out, false)
		require.NoError(t, err)
		floats := 0
		for _, a := range s.In {
			if a.Type.DType == ir.F32 {
				floats++
			}
		}
		if len(p.diff) != floats {
			zero[s.Op.Name()] = true
		}
	})
	assert.Equal(t, map[string]bool{"floor": true, "round": true, "stop_gradient": true}, zero)
}

// TestOperatorsCompare: equal attributes are the same operator.
func TestOperatorsCompare(t *testing.T) {
	forSamples(t, func(t *testing.T, s Sample, out ir.Type) {
		seen := map[ir.Op]bool{s.Op: true}
		assert.True(t, seen[s.Op])
	})
}

// TestLoadsStayInside: every load of every Lower has one index a dimension, all
// in range wherever its predicate holds.
func TestLoadsStayInside(t *testing.T) {
	forSamples(t, func(t *testing.T, s Sample, out ir.Type) {
		op, ok := s.Op.(lowerer)
		if !ok {
			return
		}
		c := op.Lower(typesOf(s.In), out)
		require.NoError(t, c.Verify())
		sizes := append(append([]int(nil), c.Axes...), c.Red...)
		for _, root := range c.Roots() {
			expr.Walk(root, func(e *expr.Expr) {
				if e.Op == expr.Load {
					require.Len(t, e.Args, c.In[e.I].Rank(), "%s: %s", s.Name, e)
					inside(t, s, c, e, sizes)
				}
			})
		}
	})
}

func inside(t *testing.T, s Sample, c *expr.Compute, e *expr.Expr, sizes []int) {
	var at []int
	env := &expr.Env{Axis: func(i int) int { return at[i] }}
	env.Load = func(operand int, index []int) float64 { return s.In[operand].At(index...) }
	axes := sizes
	if c.Body == nil {
		axes = sizes[:len(c.Axes)]
	}
	stride := max(1, ir.Elems(axes)/5000)
	k := 0
	each(axes, func(coord []int) {
		if k++; k%stride != 0 {
			return
		}
		at = coord
		if e.Pred != nil && expr.Eval(e.Pred, env) == 0 {
			return
		}
		for d, x := range e.Args {
			i := int(expr.Eval(x, env))
			if i < 0 || i >= c.In[e.I].Shape[d] {
				require.FailNow(t, "out of range", "%s: %s at %v: index %d", s.Name, e, coord, d)
			}
		}
	})
}

// TestAffineIndices: the contractions that speed depends on have affine indices.
func TestAffineIndices(t *testing.T) {
	for _, o := range []Operator{matmul{}, conv2d{}, conv2dWeightGrad{}, convPhases2d{}, sum{}, maxOf{},
		sumPool2d{}, transpose{}, slice{}, broadcastTo{}} {
		for _, s := range o.Samples() {
			in := typesOf(s.In)
			out, err := s.Op.Infer(in)
			require.NoError(t, err)
			if grouped(s.Op) {
				continue
			}
			for _, root := range s.Op.(lowerer).Lower(in, out).Roots() {
				expr.Walk(root, func(e *expr.Expr) {
					for _, x := range e.Args {
						if e.Op == expr.Load {
							_, ok := expr.Affine(x)
							assert.True(t, ok, "%s: %s", s.Name, e)
						}
					}
				})
			}
		}
	}
}

// grouped reports a convolution of groups of more than one channel, whose
// channels are found by division.
func grouped(o ir.Op) bool {
	switch o := o.(type) {
	case conv2d:
		return o.Groups > 1 && o.Groups != 5
	case conv2dWeightGrad:
		return o.Groups > 1 && o.Groups != 5
	case convPhases2d:
		return o.Groups > 1
	}
	return false
}
