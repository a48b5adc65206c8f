package compile_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile"
	"mllab/compile/ir"
	"mllab/compile/target"
	"mllab/ops"
)

var rewriteGolden = flag.Bool("update", false, "rewrite golden files")

// TestStages compares the text of every stage of a small training step with its
// golden file.
func TestStages(t *testing.T) {
	dev := open(t, "interp")[0]
	b := ir.NewBuilder()
	x := b.Input("x", ir.Of(ir.F32, 4, 6))
	w := b.Input("w", ir.Of(ir.F32, 6, 3))
	bias := b.Input("b", ir.Of(ir.F32, 3))
	h := ops.Relu(b, ops.Add(b, ops.MatMul(b, x, w), bias))
	loss := ops.Mean(b, ops.Square(b, h), 0, 1)
	gw := ops.MatMulT(b, x, ops.Scale(b, h, 2.0/12), true, false)
	b.Output("loss", loss)
	b.Update("w.new", w, ops.Sub(b, w, ops.Scale(b, gw, 0.1)))
	g, err := b.Graph()
	require.NoError(t, err)
	m, err := compile.Compile(context.Background(), g, dev, compile.Options{Name: "step"})
	require.NoError(t, err)
	defer m.Close()
	var text strings.Builder
	for _, s := range m.Stages() {
		text.WriteString("-- " + s.Name + " --\n" + s.Text)
	}
	path := filepath.Join("testdata", "stages.txt")
	if *rewriteGolden {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), text.String(), "run with -update after reading the difference")
}

// TestUpdates checks that an input is overwritten only when nobody needs its old
// value any more.
func TestUpdates(t *testing.T) {
	vec := func(v ...float64) ops.Array { return ops.Array{Type: ir.Of(ir.F32, len(v)), Data: v} }
	tests := []struct {
		name  string
		build func(b *ir.Builder, x, y ir.Value)
		runs  int
		want  map[string][]float64
	}{
		{"counter in place", func(b *ir.Builder, x, _ ir.Value) {
			b.Update("x.new", x, ops.Shift(b, x, 1))
		}, 3, map[string][]float64{"x.new": {4, 5, 6}}},
		{"old value is an output as well", func(b *ir.Builder, x, _ ir.Value) {
			b.Update("x.new", x, ops.Shift(b, x, 1))
			b.Output("old", ops.Scale(b, x, 10))
		}, 2, map[string][]float64{"x.new": {3, 4, 5}, "old": {20, 30, 40}}},
		{"swap", func(b *ir.Builder, x, y ir.Value) {
			b.Update("x.new", x, y)
			b.Update("y.new", y, x)
		}, 1, map[string][]float64{"x.new": {10, 20, 30}, "y.new": {1, 2, 3}}},
		{"crossed", func(b *ir.Builder, x, y ir.Value) {
			b.Update("x.new", x, ops.Add(b, x, y))
			b.Update("y.new", y, ops.Sub(b, x, y))
		}, 1, map[string][]float64{"x.new": {11, 22, 33}, "y.new": {-9, -18, -27}}},
		{"one reads the other's new value", func(b *ir.Builder, x, y ir.Value) {
			m := ops.Scale(b, x, 2)
			b.Update("x.new", x, m)
			b.Update("y.new", y, ops.Sub(b, y, m))
		}, 2, map[string][]float64{"x.new": {4, 8, 12}, "y.new": {4, 8, 12}}},
		{"reversed reading", func(b *ir.Builder, x, _ ir.Value) {
			b.Update("x.new", x, ops.Concat(b, 0, ops.Slice(b, x, 0, 1, 3), ops.Slice(b, x, 0, 0, 1)))
		}, 1, map[string][]float64{"x.new": {2, 3, 1}}},
	}
	for _, dev := range open(t, "interp", "cpu") {
		for _, tt := range tests {
			t.Run(dev.Info().Target+"/"+tt.name, func(t *testing.T) {
				b := ir.NewBuilder()
				x, y := b.Input("x", ir.Of(ir.F32, 3)), b.Input("y", ir.Of(ir.F32, 3))
				tt.build(b, x, y)
				g, err := b.Graph()
				require.NoError(t, err)
				in := map[string]ops.Array{"x": vec(1, 2, 3), "y": vec(10, 20, 30)}
				got, err := execute(dev, g, in, tt.runs)
				require.NoError(t, err)
				for label, want := range tt.want {
					assert.Equal(t, want, got[label].Data, label)
				}
			})
		}
	}
}

// broken is an operator whose lowering is a defect.
type broken struct{}

func (broken) Name() string                            { return "broken" }
func (broken) Infer(in []ir.Type) (ir.Type, error)     { return in[0], nil }
func (broken) Expand(*ir.Builder, []ir.Value) ir.Value { panic("a defect") }

// homeless neither lowers nor expands.
type homeless struct{}

func (homeless) Name() string                        { return "homeless" }
func (homeless) Infer(in []ir.Type) (ir.Type, error) { return in[0], nil }

// TestDefects checks that a panic in a pass is a Bug with the pass and the
// graph, and that an operator without a lowering is an ordinary error.
func TestDefects(t *testing.T) {
	dev := open(t, "interp")[0]
	build := func(op ir.Op) *ir.Graph {
		b := ir.NewBuilder()
		b.Output("y", b.Apply(op, b.Input("x", ir.Of(ir.F32, 2))))
		g, err := b.Graph()
		require.NoError(t, err)
		return g
	}
	_, err := compile.Compile(context.Background(), build(broken{}), dev, compile.Options{})
	var bug *compile.Bug
	require.True(t, errors.As(err, &bug), "%v", err)
	assert.Equal(t, "expand", bug.Pass)
	assert.Contains(t, bug.Graph, "broken")
	assert.Equal(t, "compile: bug in pass expand: a defect", err.Error())

	_, err = compile.Compile(context.Background(), build(homeless{}), dev, compile.Options{})
	require.ErrorContains(t, err, "homeless neither lowers nor expands")
}

// TestBindTooSmall checks that memory that does not hold its input is refused.
func TestBindTooSmall(t *testing.T) {
	dev := open(t, "interp")[0]
	b := ir.NewBuilder()
	b.Output("y", ops.Neg(b, b.Input("x", ir.Of(ir.F32, 100))))
	g, err := b.Graph()
	require.NoError(t, err)
	mem, err := dev.Alloc(64)
	require.NoError(t, err)
	defer mem.Free()
	_, err = compile.Compile(context.Background(), g, dev, compile.Options{
		Bind: map[string]target.Slice{"x": {Buffer: mem}},
	})
	require.ErrorContains(t, err, "x: memory of 64 bytes at 0 does not hold [100]")
}

// TestRunAllocatesNothing checks the steady state on the CPU.
func TestRunAllocatesNothing(t *testing.T) {
	dev := open(t, "cpu")[0]
	m, err := compile.Compile(context.Background(), randomGraph(3), dev, compile.Options{})
	require.NoError(t, err)
	defer m.Close()
	ctx := context.Background()
	require.NoError(t, m.Run(ctx))
	assert.Zero(t, testing.AllocsPerRun(20, func() { _ = m.Run(ctx) }))
}
