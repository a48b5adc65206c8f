package engine_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/compile/target"
	_ "mllab/compile/target/interp"
	"mllab/engine"
	"mllab/ops"
)

// interp opens the interpreter: slow, on every machine, and exact.
func interp(t *testing.T) *engine.Engine {
	t.Helper()
	eng, err := engine.Open("interp", target.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, eng.Close()) })
	return eng
}

func Example() {
	ctx := context.Background()
	eng, err := engine.Open("interp", target.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer eng.Close()
	weight, err := engine.FromSlice(eng, []float32{1, 2, 3, 4}, 2, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	// Two programs on one weight: one uses it, one changes it.
	use, err := eng.Program(ctx, "use", map[string]*engine.Tensor{"w": weight}, func(b *ir.Builder) {
		b.Output("y", ops.Sum(b, b.Input("w", weight.Type()), 1))
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	change, err := eng.Program(ctx, "change", map[string]*engine.Tensor{"w": weight}, func(b *ir.Builder) {
		w := b.Input("w", weight.Type())
		b.Update("next", w, ops.Scale(b, w, 10))
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		if err := use.Run(ctx); err != nil {
			fmt.Println(err)
		}
		y, _ := use.Tensor("y")
		fmt.Println(y.Float32())
		if err := change.Run(ctx); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// [3 7] <nil>
	// [30 70] <nil>
}

func TestTensor(t *testing.T) {
	eng := interp(t)
	x, err := engine.FromSlice(eng, []int32{7, -8, 9}, 3)
	require.NoError(t, err)
	assert.Equal(t, ir.Of(ir.I32, 3), x.Type())
	got := make([]int32, 3)
	require.NoError(t, engine.Read(x, got))
	assert.Equal(t, []int32{7, -8, 9}, got)
	assert.Equal(t, int64(12), eng.Bytes())

	_, err = x.Float32()
	assert.EqualError(t, err, "engine: tensor i32[3]: its elements are i32, the host's are f32")
	assert.EqualError(t, engine.Write(x, got[:2]), "engine: tensor i32[3]: it has 3 elements, the host slice 2")
	x.Free()
	x.Free()
	assert.Zero(t, eng.Bytes())
	assert.ErrorContains(t, engine.Read(x, got), "its memory was given back")

	flag, err := eng.Tensor(ir.Of(ir.Bool))
	require.NoError(t, err)
	assert.NoError(t, engine.Write(flag, []int32{1}), "bools are int32 on the host")
	_, err = eng.Tensor(ir.Of(ir.F32, 2, 0))
	assert.ErrorContains(t, err, "empty dimension")
}

func TestProgramErrors(t *testing.T) {
	ctx, eng := context.Background(), interp(t)
	build := func(b *ir.Builder) { b.Output("y", ops.Exp(b, b.Input("x", ir.Of(ir.F32, 2)))) }
	p, err := eng.Program(ctx, "exp", nil, build)
	require.NoError(t, err)
	assert.Equal(t, []string{"x", "y"}, p.Labels())
	assert.True(t, p.Takes("x"))
	assert.False(t, p.Takes("y"))
	_, err = p.Tensor("z")
	assert.EqualError(t, err, `engine: exp has no input or output "z", it has x, y`)

	wrong, err := eng.Tensor(ir.Of(ir.F32, 3))
	require.NoError(t, err)
	_, err = eng.Program(ctx, "exp", map[string]*engine.Tensor{"x": wrong}, build)
	assert.EqualError(t, err, "engine: exp: x has type [2], but its tensor has [3]")
	other, err := interp(t).Tensor(ir.Of(ir.F32, 2))
	require.NoError(t, err)
	_, err = eng.Program(ctx, "exp", map[string]*engine.Tensor{"x": other}, build)
	assert.ErrorContains(t, err, "x is bound to no live tensor of this engine")

	_, err = eng.Program(ctx, "bad", nil, func(b *ir.Builder) {
		b.Output("y", ops.MatMul(b, b.Input("x", ir.Of(ir.F32, 2, 3)), b.Input("w", ir.Of(ir.F32, 2, 3))))
	})
	assert.ErrorContains(t, err, "engine_test.go:")
	assert.ErrorContains(t, err, "matmul")

	p.Close()
	p.Close()
	assert.ErrorContains(t, p.Run(ctx), "the program is closed")
	_, err = p.Tensor("x")
	assert.ErrorContains(t, err, "the program is closed")
}

func TestClosedEngine(t *testing.T) {
	ctx, eng := context.Background(), interp(t)
	x, err := eng.Tensor(ir.Of(ir.F32, 2))
	require.NoError(t, err)
	p, err := eng.Program(ctx, "exp", map[string]*engine.Tensor{"x": x}, func(b *ir.Builder) {
		b.Output("y", ops.Exp(b, b.Input("x", ir.Of(ir.F32, 2))))
	})
	require.NoError(t, err)
	require.NoError(t, eng.Close())
	require.NoError(t, eng.Close())
	assert.ErrorContains(t, p.Run(ctx), "closed")
	assert.ErrorContains(t, engine.Write(x, []float32{1, 2}), "closed")
	p.Close()
	x.Free()
}

func TestOpenUnknown(t *testing.T) {
	_, err := engine.Open("abacus", target.Options{})
	assert.ErrorContains(t, err, `device "abacus": unknown`)
}
