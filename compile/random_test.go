package compile_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"mllab/compile"
	"mllab/compile/ir"
	"mllab/compile/target"
	_ "mllab/compile/target/cpu"
	_ "mllab/compile/target/interp"
	"mllab/ops"
)

// TestRandomGraphs compiles random graphs, in which everything that may be fused
// is fused, and compares with the graph walked operator by operator in float64.
func TestRandomGraphs(t *testing.T) {
	devs := open(t, "interp", "cpu")
	for seed := range uint64(60) {
		g := randomGraph(seed)
		in := map[string]ops.Array{}
		r := rand.New(rand.NewPCG(seed, 2))
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
				// A random graph is some reductions deep; none is longer than 4,000.
				err := ops.Diff(got[label], w, 4000, ops.Eps32)
				require.NoError(t, err, "seed %d on %s, %s\n%s", seed, dev.Info().Target, label, g)
			}
		}
	}
}

// open opens targets that every machine has.
func open(t *testing.T, names ...string) []target.Device {
	t.Helper()
	var devs []target.Device
	for _, n := range names {
		tg, err := target.Find(n)
		require.NoError(t, err)
		dev, err := tg.Open(target.Options{Threads: 2})
		require.NoError(t, err)
		t.Cleanup(func() { dev.Close() })
		devs = append(devs, dev)
	}
	return devs
}

// execute compiles a graph, runs it a number of times and reads its outputs.
func execute(dev target.Device, g *ir.Graph, in map[string]ops.Array, times int) (map[string]ops.Array, error) {
	_, out, err := executeWith(dev, g, in, times, compile.Options{})
	return out, err
}

// executeWith is execute with options; it gives the kernels as well.
func executeWith(dev target.Device, g *ir.Graph, in map[string]ops.Array, times int, o compile.Options) (
	[]compile.KernelInfo, map[string]ops.Array, error) {
	m, err := compile.Compile(context.Background(), g, dev, o)
	if err != nil {
		return nil, nil, err
	}
	defer m.Close()
	for label, a := range in {
		at, _, _ := m.Slice(label)
		if err := at.Buffer.Write(at.Offset, bytesOf(a)); err != nil {
			return nil, nil, err
		}
	}
	for range times {
		if err := m.Run(context.Background()); err != nil {
			return nil, nil, err
		}
	}
	out := map[string]ops.Array{}
	for _, o := range g.Outputs {
		at, t, _ := m.Slice(o.Label)
		raw := make([]byte, t.Elems()*t.DType.Size())
		if err := at.Buffer.Read(at.Offset, raw); err != nil {
			return nil, nil, err
		}
		out[o.Label] = arrayOf(t, raw)
	}
	return m.Kernels(), out, nil
}

// randomGraph builds 5 to 30 operators on a few inputs, with values bounded so
// that float32 has something to say about all of them.
func randomGraph(seed uint64) *ir.Graph {
	r := rand.New(rand.NewPCG(seed, 1))
	b := ir.NewBuilder()
	dims := [][]int{{5}, {7, 5}, {3, 7, 5}, {33}, {16, 33}, {1, 33}, {7, 1}}
	var vs []ir.Value
	for i, n := 0, 2+r.IntN(3); i < n; i++ {
		vs = append(vs, b.Input(fmt.Sprintf("x%d", i), ir.Of(ir.F32, dims[r.IntN(len(dims))]...)))
	}
	for range 5 + r.IntN(25) {
		if v := randomOp(b, r, vs); v != ir.None {
			vs = append(vs, v)
		}
	}
	for i := 0; i < 3 && i < len(vs); i++ {
		b.Output(fmt.Sprintf("y%d", i), vs[len(vs)-1-i*(len(vs)/4)])
	}
	g, err := b.Graph()
	if err != nil {
		panic(err)
	}
	return g
}

func randomOp(b *ir.Builder, r *rand.Rand, vs []ir.Value) ir.Value {
	pick := func() ir.Value { return vs[r.IntN(len(vs))] }
	x := pick()
	t := b.Type(x)
	unary := []func(*ir.Builder, ir.Value) ir.Value{ops.Tanh, ops.Sigmoid, ops.Sin, ops.Relu, ops.Neg, ops.Abs}
	switch r.IntN(9) {
	case 0, 1:
		return unary[r.IntN(len(unary))](b, x)
	case 2, 3:
		y := pick()
		if !broadcasts(t.Shape, b.Type(y).Shape) {
			return ir.None
		}
		return ops.Tanh(b, []func(*ir.Builder, ir.Value, ir.Value) ir.Value{ops.Add, ops.Mul, ops.Sub}[r.IntN(3)](b, x, y))
	case 4:
		if t.Rank() == 0 {
			return ir.None
		}
		axis := r.IntN(t.Rank())
		return []func(*ir.Builder, ir.Value, ...int) ir.Value{ops.Mean, ops.MeanKeep, ops.Max}[r.IntN(3)](b, x, axis)
	case 5:
		return ops.Reshape(b, x, t.Elems())
	case 6:
		if t.Rank() != 2 {
			return ir.None
		}
		return ops.Tanh(b, ops.MatMulT(b, x, x, false, true))
	case 7:
		if t.Rank() == 0 {
			return ir.None
		}
		return ops.Softmax(b, x, t.Rank()-1)
	}
	if t.Rank() != 2 {
		return ops.Scale(b, x, 0.5)
	}
	return ops.Transpose(b, x, 1, 0)
}

// broadcasts reports whether two shapes fit by numpy's rule.
func broadcasts(a, b []int) bool {
	for i := 1; i <= min(len(a), len(b)); i++ {
		p, q := a[len(a)-i], b[len(b)-i]
		if p != q && p != 1 && q != 1 {
			return false
		}
	}
	return ir.Elems(a) > 0 && ir.Elems(b) > 0
}

func bytesOf(a ops.Array) []byte {
	raw := make([]byte, 0, 4*len(a.Data))
	for _, x := range a.Data {
		bits := uint32(int32(x))
		if a.Type.DType == ir.F32 {
			bits = math.Float32bits(float32(x))
		}
		raw = append(raw, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	return raw
}

func arrayOf(t ir.Type, raw []byte) ops.Array {
	a := ops.NewArray(t)
	for i := range a.Data {
		p := raw[4*i:]
		bits := uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16 | uint32(p[3])<<24
		a.Data[i] = float64(int32(bits))
		if t.DType == ir.F32 {
			a.Data[i] = float64(math.Float32frombits(bits))
		}
	}
	return a
}
