package cpu

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/target"
)

// walker is the meaning of a nest: every loop in order, one element at a time, in float64.
type walker struct {
	n     *loop.Nest
	at    []int
	bufs  [][]float64
	tiles [][]float64
}

func (w *walker) env() *expr.Env {
	return &expr.Env{
		Axis: func(i int) int { return w.at[i] },
		Load: func(b int, index []int) float64 { return w.bufs[b][index[0]] },
		Local: func(t int, index []int) float64 {
			return w.tiles[t][w.flat(t, index)]
		},
	}
}

func (w *walker) flat(t int, index []int) int {
	f := 0
	for d, i := range index {
		f = f*w.n.Locals[t].Dims[d] + i
	}
	return f
}

func (w *walker) index(es []*expr.Expr) []int {
	out := make([]int, len(es))
	for i, e := range es {
		out[i] = int(expr.Eval(e, w.env()))
	}
	return out
}

func (w *walker) body(ss []loop.Stmt) {
	for _, s := range ss {
		switch s := s.(type) {
		case *loop.For:
			for i := range s.N {
				w.at[s.Var] = i
				if s.Last != nil && i == s.N-1 {
					w.body(s.Last)
				} else {
					w.body(s.Body)
				}
			}
		case *loop.Store:
			v := expr.Eval(s.Value, w.env())
			w.bufs[s.Buf][int(expr.Eval(s.Index, w.env()))] = round(w.n.Bufs[s.Buf].DType, v)
		case *loop.Set:
			w.tiles[s.Local][w.flat(s.Local, w.index(s.Index))] = expr.Eval(s.Value, w.env())
		case *loop.Accum:
			p := &w.tiles[s.Local][w.flat(s.Local, w.index(s.Index))]
			v := expr.Eval(s.Value, w.env())
			if w.n.Locals[s.Local].DType == ir.F32 {
				*p = expr.FloatOp(s.Comb.Op(), *p, v)
			} else {
				*p = float64(expr.IntOp(s.Comb.Op(), int32(*p), int32(v)))
			}
		}
	}
}

func round(d ir.DType, v float64) float64 {
	if d == ir.F32 {
		return float64(float32(v))
	}
	return v
}

// walk gives the outputs of a nest for these buffers, which it overwrites.
func walk(n *loop.Nest, bufs [][]float64) {
	w := &walker{n: n, at: make([]int, len(n.Vars)), bufs: bufs}
	for _, l := range n.Locals {
		w.tiles = append(w.tiles, make([]float64, ir.Elems(l.Dims)))
	}
	w.body(n.Body)
}

// fill makes data for the buffers of a nest: floats in [-2, 2), small non-negative integers, bools.
func fill(n *loop.Nest, seed uint64) [][]float64 {
	r := rand.New(rand.NewPCG(seed, 7))
	out := make([][]float64, len(n.Bufs))
	for i, b := range n.Bufs {
		out[i] = make([]float64, b.Elems)
		for k := range out[i] {
			switch b.DType {
			case ir.F32:
				out[i][k] = float64(float32(r.Float64()*4 - 2))
			case ir.I32:
				out[i][k] = float64(r.IntN(50))
			case ir.Bool:
				out[i][k] = float64(r.IntN(2))
			}
		}
	}
	return out
}

func toBytes(d ir.DType, v []float64) []byte {
	b := make([]byte, 4*len(v))
	for i, x := range v {
		if d == ir.F32 {
			*(*float32)(unsafe.Pointer(&b[4*i])) = float32(x)
		} else {
			*(*int32)(unsafe.Pointer(&b[4*i])) = int32(x)
		}
	}
	return b
}

func fromBytes(d ir.DType, b []byte) []float64 {
	v := make([]float64, len(b)/4)
	for i := range v {
		if d == ir.F32 {
			v[i] = float64(*(*float32)(unsafe.Pointer(&b[4*i])))
		} else {
			v[i] = float64(*(*int32)(unsafe.Pointer(&b[4*i])))
		}
	}
	return v
}

func open(t testing.TB, o target.Options) target.Device {
	t.Helper()
	d, err := Target{}.Open(o)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// isas are the instruction sets of this machine, the evaluator included.
func isas() []string {
	var out []string
	for _, e := range encoders() {
		out = append(out, e.name())
	}
	return append(out, portableISA)
}

// prepared is a nest with its buffers on a device.
type prepared struct {
	kernel target.Kernel
	bufs   []target.Buffer
	seq    target.Sequence
}

func prepare(t testing.TB, d target.Device, n *loop.Nest, data [][]float64) *prepared {
	t.Helper()
	k, err := d.Compile(n)
	require.NoError(t, err)
	p := &prepared{kernel: k}
	var args []target.Slice
	for i, b := range n.Bufs {
		buf, err := d.Alloc(4 * b.Elems)
		require.NoError(t, err)
		require.NoError(t, buf.Write(0, toBytes(b.DType, data[i])))
		p.bufs = append(p.bufs, buf)
		args = append(args, target.Slice{Buffer: buf})
	}
	p.seq, err = d.Sequence([]target.Launch{{Kernel: k, Args: args}})
	require.NoError(t, err)
	t.Cleanup(func() {
		p.seq.Close()
		k.Close()
		for _, b := range p.bufs {
			b.Free()
		}
	})
	return p
}

func (p *prepared) read(t testing.TB, n *loop.Nest, buf int) []float64 {
	t.Helper()
	b := make([]byte, p.bufs[buf].Bytes())
	require.NoError(t, p.bufs[buf].Read(0, b))
	return fromBytes(n.Bufs[buf].DType, b)
}

// check runs a nest on a device and compares every output with walk, within tol relative to 1 and the value.
func check(t *testing.T, d target.Device, n *loop.Nest, seed uint64, tol float64) {
	t.Helper()
	data := fill(n, seed)
	p := prepare(t, d, n, data)
	require.NoError(t, p.seq.Run(context.Background()), n.String())
	walk(n, data)
	for i, b := range n.Bufs {
		if b.Role != loop.Out {
			continue
		}
		for k, got := range p.read(t, n, i) {
			want := data[i][k]
			if got == want || math.IsNaN(got) && math.IsNaN(want) {
				continue
			}
			if math.Abs(got-want) <= tol*(1+math.Abs(want)) {
				continue
			}
			require.Failf(t, "wrong", "%s[%d] = %v, want %v\n%s\n%s", b.Name, k, got, want, n, p.kernel.Text())
		}
	}
}

// The words of hand-built nests.

func at(v int) *expr.Expr { return expr.At(v) }

func lin(e *expr.Expr, k int, f *expr.Expr) *expr.Expr {
	return expr.Plus(expr.Times(e, expr.Int(k)), f)
}

func get(buf int, index *expr.Expr) *expr.Expr { return expr.Get(buf, ir.F32, index) }

func nested(body []loop.Stmt, loops ...loop.For) []loop.Stmt {
	for i := len(loops) - 1; i >= 0; i-- {
		f := loops[i]
		f.Body = body
		body = []loop.Stmt{&f}
	}
	return body
}

// product is the nest of C = A*B for A [m k], B [k n] with tiles of mr x nr and ku steps of the reduction
// at a time; sizes need not divide.
func product(m, n, k, mr, nr, ku int, ta bool) *loop.Nest {
	const jo, io, ko, kk, i, j = 0, 1, 2, 3, 4, 5
	tile := []*expr.Expr{at(i), at(j)}
	arow, acol := k, 1
	if ta {
		arow, acol = 1, m
	}
	nest := &loop.Nest{Name: "product",
		Bufs: []loop.Buf{{Name: "a", Elems: m * k}, {Name: "b", Elems: k * n},
			{Name: "c", Elems: m * n, Role: loop.Out}},
		Locals: []loop.Local{{Dims: []int{mr, nr}}}, Vars: []string{"jo", "io", "ko", "k", "i", "j"}}
	row, col := lin(at(io), mr, at(i)), lin(at(jo), nr, at(j))
	red := lin(at(ko), ku, at(kk))
	inner := func(rows, cols int) []loop.Stmt {
		each := func(s loop.Stmt) loop.Stmt {
			return nested([]loop.Stmt{s}, loop.For{Var: i, N: rows, Kind: loop.Unroll},
				loop.For{Var: j, N: cols, Kind: loop.Vector})[0]
		}
		steps := func(ks int) []loop.Stmt {
			a := get(0, expr.Plus(expr.Times(row, expr.Int(arow)), expr.Times(red, expr.Int(acol))))
			acc := each(&loop.Accum{Index: tile, Value: expr.Bin(expr.Mul, a, get(1, lin(red, n, col)))})
			return []loop.Stmt{&loop.For{Var: kk, N: ks, Kind: loop.Unroll, Body: []loop.Stmt{acc}}}
		}
		return []loop.Stmt{
			each(&loop.Set{Index: tile, Value: expr.Float(0)}),
			split(ko, k, ku, loop.Serial, steps),
			each(&loop.Store{Buf: 2, Index: lin(row, n, col), Value: expr.Tile(0, ir.F32, tile...)}),
		}
	}
	nest.Body = []loop.Stmt{split(jo, n, nr, loop.Parallel, func(cols int) []loop.Stmt {
		return []loop.Stmt{split(io, m, mr, loop.Serial, func(rows int) []loop.Stmt { return inner(rows, cols) })}
	})}
	return nest
}

// split runs body over total in steps of size, with a last iteration for the rest.
func split(v, total, size int, kind loop.Kind, body func(n int) []loop.Stmt) *loop.For {
	size = min(size, total)
	f := &loop.For{Var: v, N: (total + size - 1) / size, Kind: kind, Body: body(size)}
	if rest := total % size; rest != 0 {
		f.Last = body(rest)
	}
	return f
}

// gelu is x*sigmoid(2*sqrt(2/pi)*(x + 0.044715 x^3)).
func gelu(x *expr.Expr) *expr.Expr {
	u := expr.Bin(expr.Mul, x, expr.Bin(expr.Add, expr.Float(1.5957691216),
		expr.Bin(expr.Mul, expr.Float(1.5957691216*0.044715), expr.Bin(expr.Mul, x, x))))
	return expr.Bin(expr.Mul, x, expr.Un(expr.Sigmoid, u))
}
