package opencl

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/target"
)

const treeElems = 96

var (
	edgeFloats = []float64{
		0, math.Copysign(0, -1), 1, -1, 0.5, 2.5, -3.5, 1e10, -1e10, math.Inf(1), math.Inf(-1),
		math.NaN(), 1e-5,
	}
	edgeInts = []int64{0, 1, -1, 2, 31, 1000003, math.MaxInt32, math.MinInt32, -17}
)

// grower makes random expressions; nodes it made before are used again.
type grower struct {
	r    *rand.Rand
	made map[ir.DType][]*expr.Expr
}

func (g *grower) leaf(d ir.DType) *expr.Expr {
	if g.r.Intn(4) == 0 {
		switch d {
		case ir.F32:
			return expr.Float(float64(float32(edgeFloats[g.r.Intn(len(edgeFloats))])))
		case ir.I32:
			return expr.Int(int(edgeInts[g.r.Intn(len(edgeInts))]))
		}
	}
	if d == ir.I32 && g.r.Intn(3) == 0 {
		return expr.At(0)
	}
	return expr.Get(int(d), d, expr.At(0))
}

// grow makes a tree, of floats with kinds that do not round: a comparison of what
// is rounded may go either way.
func (g *grower) grow(d ir.DType, depth int) *expr.Expr {
	if old := g.made[d]; len(old) > 0 && g.r.Intn(5) == 0 {
		return old[g.r.Intn(len(old))]
	}
	e := g.node(d, depth)
	g.made[d] = append(g.made[d], e)
	return e
}

func (g *grower) node(d ir.DType, depth int) *expr.Expr {
	if depth == 0 {
		return g.leaf(d)
	}
	f := func(k ir.DType) *expr.Expr { return g.grow(k, depth-1) }
	if g.r.Intn(6) == 0 {
		return expr.If(f(ir.Bool), f(d), f(d))
	}
	pick := func(ops ...expr.Op) expr.Op { return ops[g.r.Intn(len(ops))] }
	switch d {
	case ir.F32:
		switch g.r.Intn(4) {
		case 0:
			return expr.Un(pick(expr.Neg, expr.Abs, expr.Floor, expr.Round), f(d))
		case 1:
			return expr.GetIf(f(ir.Bool), 0, d, expr.Bin(expr.Mod, f(ir.I32), expr.Int(treeElems)))
		case 2:
			if g.r.Intn(2) == 0 {
				return expr.To(d, f(ir.Bool))
			}
			return expr.To(d, expr.Bin(expr.And, f(ir.I32), expr.Int(1<<20-1)))
		}
		return expr.Bin(pick(expr.Min, expr.Max), f(d), f(d))
	case ir.I32:
		switch g.r.Intn(6) {
		case 0:
			return expr.Bin(pick(expr.Div, expr.Mod), f(d), expr.Int(1+g.r.Intn(70)))
		case 1:
			return expr.Bin(pick(expr.Shl, expr.Shr), f(d), expr.Int(g.r.Intn(32)))
		case 2:
			return expr.To(d, f([]ir.DType{ir.Bool, ir.F32}[g.r.Intn(2)]))
		case 3:
			return expr.Un(expr.Neg, f(d))
		}
		op := pick(expr.Add, expr.Sub, expr.Mul, expr.Min, expr.Max, expr.MulHi, expr.And, expr.Or, expr.Xor)
		return expr.Bin(op, f(d), f(d))
	}
	from := []ir.DType{ir.F32, ir.I32, ir.Bool}[g.r.Intn(3)]
	if from == ir.Bool {
		return expr.Bin(pick(expr.And, expr.Or, expr.Xor, expr.Eq, expr.Ne), f(from), f(from))
	}
	if g.r.Intn(5) == 0 {
		return expr.To(d, f(from))
	}
	return expr.Bin(pick(expr.Lt, expr.Le, expr.Eq, expr.Ne), f(from), f(from))
}

// root puts one kind that rounds on top of a tree.
func (g *grower) root(e *expr.Expr, i int) *expr.Expr {
	ops := []expr.Op{
		expr.Exp, expr.Log, expr.Log1p, expr.Tanh, expr.Sigmoid, expr.Sin, expr.Cos, expr.Sqrt,
		expr.Rsqrt, expr.Recip, expr.Erf, expr.Add, expr.Sub, expr.Mul, expr.Div, expr.Pow,
	}
	op := ops[i/3*5%len(ops)]
	if g.r.Intn(4) == 0 {
		op = ops[g.r.Intn(len(ops))]
	}
	switch {
	case op == expr.Pow:
		return expr.Bin(op, expr.Un(expr.Abs, e), expr.Float(2.5))
	case op.Binary():
		return expr.Bin(op, e, g.leaf(ir.F32))
	case op == expr.Sin || op == expr.Cos:
		return expr.Un(op, expr.Bin(expr.Min, expr.Bin(expr.Max, e, expr.Float(-100)), expr.Float(100)))
	}
	return expr.Un(op, e)
}

// checkTrees compiles one kernel with a dozen random trees of each type.
func checkTrees(t *testing.T, d *device, r *rand.Rand) {
	g := &grower{r: r, made: map[ir.DType][]*expr.Expr{}}
	nest := &loop.Nest{Name: "trees", Vars: []string{"i"}}
	data := make([][]float64, 3)
	var args []target.Slice
	for _, kind := range []ir.DType{ir.F32, ir.I32, ir.Bool} {
		nest.Bufs = append(nest.Bufs, loop.Buf{Name: kind.String(), DType: kind, Elems: treeElems})
		data[kind] = values(kind, r)
		args = append(args, place(t, d, kind, data[kind]))
	}
	top := &loop.For{N: treeElems, Kind: loop.Parallel}
	nest.Body = []loop.Stmt{top}
	var trees []*expr.Expr
	for i := range 24 {
		kind := ir.DType(i % 3)
		e := g.grow(kind, 4)
		if kind == ir.F32 {
			e = g.root(e, i)
		}
		trees = append(trees, e)
		nest.Bufs = append(nest.Bufs, loop.Buf{Name: "out", DType: kind, Elems: treeElems, Role: loop.Out})
		top.Body = append(top.Body, &loop.Store{Buf: 3 + i, Index: expr.At(0), Value: e})
		args = append(args, place(t, d, kind, make([]float64, treeElems)))
	}
	k, err := d.Compile(nest)
	require.NoError(t, err)
	s, err := d.Sequence([]target.Launch{{Kernel: k, Args: args}})
	require.NoError(t, err)
	require.NoError(t, s.Run(context.Background()))
	for i, e := range trees {
		raw := make([]byte, 4*treeElems)
		require.NoError(t, args[3+i].Buffer.Read(0, raw))
		for j := range treeElems {
			env := &expr.Env{
				Axis: func(int) int { return j },
				Load: func(operand int, index []int) float64 { return data[operand][index[0]] },
			}
			want := expr.Eval(e, env)
			bits := binary.NativeEndian.Uint32(raw[4*j:])
			if e.Type != ir.F32 {
				require.Equal(t, int32(want), int32(bits), "%s at %d\n%s", e, j, k.Text())
				continue
			}
			got := float64(math.Float32frombits(bits))
			require.True(t, near(want, got), "%s at %d: got %v, want %v\n%s", e, j, got, want, k.Text())
		}
	}
}

func values(kind ir.DType, r *rand.Rand) []float64 {
	v := make([]float64, treeElems)
	for i := range v {
		switch {
		case kind == ir.Bool:
			v[i] = float64(r.Intn(2))
		case kind == ir.F32 && i < len(edgeFloats):
			v[i] = float64(float32(edgeFloats[i]))
		case kind == ir.F32:
			v[i] = float64(float32(r.NormFloat64() * 10))
		case i < len(edgeInts):
			v[i] = float64(edgeInts[i])
		default:
			v[i] = float64(int32(r.Uint32()))
		}
	}
	return v
}

func place(t *testing.T, d *device, kind ir.DType, v []float64) target.Slice {
	var b []byte
	for _, x := range v {
		if kind == ir.F32 {
			b = binary.NativeEndian.AppendUint32(b, math.Float32bits(float32(x)))
		} else {
			b = binary.NativeEndian.AppendUint32(b, uint32(int32(x)))
		}
	}
	buf, err := d.Alloc(len(b))
	require.NoError(t, err)
	require.NoError(t, buf.Write(0, b))
	return target.Slice{Buffer: buf}
}

// near allows a few roundings of float32, and underflow to zero.
func near(want, got float64) bool {
	w := float64(float32(want))
	switch {
	case math.IsNaN(w):
		return math.IsNaN(got)
	case w == got:
		return true
	}
	return math.Abs(w-got) <= 2e-6*math.Abs(w)+1e-37
}
