package opencl

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/target"
)

// device opens the first device, or skips the test where there is none.
func openFirst(t testing.TB) *device {
	t.Helper()
	d, err := platform{}.Open(target.Options{})
	if errors.Is(err, target.ErrUnavailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d.(*device)
}

func words(v []float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.NativeEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func floats(b []byte) []float32 {
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.NativeEndian.Uint32(b[4*i:]))
	}
	return v
}

func upload(t *testing.T, d *device, v []float32) target.Buffer {
	b, err := d.Alloc(4 * len(v))
	require.NoError(t, err)
	require.NoError(t, b.Write(0, words(v)))
	return b
}

// twice is out[i] = 2*x[i] over n elements.
func twice(n int) *loop.Nest {
	x := expr.Get(0, ir.F32, expr.At(0))
	return &loop.Nest{
		Name: "twice", Vars: []string{"i"},
		Bufs: []loop.Buf{{Name: "x", Elems: n}, {Name: "y", Elems: n, Role: loop.Out}},
		Body: []loop.Stmt{&loop.For{N: n, Kind: loop.Parallel, Body: []loop.Stmt{
			&loop.Store{Buf: 1, Index: expr.At(0), Value: expr.Plus(x, x)},
		}}},
	}
}

func TestProbeNamesDevicesOrTheReason(t *testing.T) {
	infos, err := platform{}.Probe()
	if err != nil {
		require.ErrorIs(t, err, target.ErrUnavailable)
		assert.Contains(t, err.Error(), "opencl: ")
		t.Skip(err)
	}
	require.NotEmpty(t, infos)
	for _, i := range infos {
		assert.Equal(t, "opencl", i.Target)
		assert.NotEmpty(t, i.Name)
		assert.Positive(t, i.Memory)
		assert.Positive(t, i.Threads)
		for _, key := range []string{"platform", "vendor", "version", "driver", "units"} {
			assert.NotEmpty(t, i.Detail[key], key)
		}
	}
	_, err = platform{}.Open(target.Options{Index: len(infos)})
	require.ErrorContains(t, err, "the first is 0")
}

func TestRegistered(t *testing.T) {
	found, err := target.Find("opencl")
	require.NoError(t, err)
	assert.Equal(t, "opencl", found.Name())
}

func TestSequenceRunsInOrderWithOffsets(t *testing.T) {
	d := openFirst(t)
	const n = 100
	k, err := d.Compile(twice(n))
	require.NoError(t, err)
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i) - 7.5
	}
	arena, err := d.Alloc(3 * 448)
	require.NoError(t, err)
	require.NoError(t, arena.Write(64, words(x)))
	s, err := d.Sequence([]target.Launch{
		{Kernel: k, Args: []target.Slice{{Buffer: arena, Offset: 64}, {Buffer: arena, Offset: 512}}},
		{Kernel: k, Args: []target.Slice{{Buffer: arena, Offset: 512}, {Buffer: arena, Offset: 512}}},
	})
	require.NoError(t, err)
	assert.Nil(t, s.Times())
	s.Profile(true)
	for range 3 {
		require.NoError(t, s.Run(context.Background()))
	}
	times := s.Times()
	require.Len(t, times, 2)
	assert.EqualValues(t, 3, times[1].Count)
	assert.Positive(t, times[0].Total)
	s.Profile(false)
	assert.Nil(t, s.Times())
	got := make([]byte, 4*n)
	require.NoError(t, arena.Read(512, got))
	for i, v := range floats(got) {
		require.Equal(t, 4*x[i], v, i)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, s.Run(ctx), context.Canceled)
	k.Close()
	require.NoError(t, s.Run(context.Background()), "a sequence outlives its kernels")
	s.Close()
	require.Error(t, s.Run(context.Background()))
}

func TestEqualNestsAreBuiltOnce(t *testing.T) {
	d := openFirst(t)
	a, err := d.Compile(twice(64))
	require.NoError(t, err)
	b, err := d.Compile(twice(64))
	require.NoError(t, err)
	assert.Same(t, a.(*kernel).unit, b.(*kernel).unit)
	a.Close()
	a.Close()
	assert.Len(t, d.units, 1)
	b.Close()
	assert.Empty(t, d.units)
}

func TestCompileAllIsOneProgram(t *testing.T) {
	d := openFirst(t)
	ks, err := d.CompileAll([]*loop.Nest{twice(8), twice(9), twice(8)})
	require.NoError(t, err)
	require.Len(t, ks, 3)
	first, second, third := ks[0].(*kernel), ks[1].(*kernel), ks[2].(*kernel)
	assert.Same(t, first.unit, third.unit)
	assert.Same(t, first.unit.prog, second.unit.prog)
	assert.NotEqual(t, first.unit.entry, second.unit.entry)
	x := upload(t, d, []float32{1, 2, 3, 4, 5, 6, 7, 8, 9})
	s, err := d.Sequence([]target.Launch{{Kernel: second, Args: []target.Slice{{Buffer: x}, {Buffer: x}}}})
	require.NoError(t, err)
	require.NoError(t, s.Run(context.Background()))
	got := make([]byte, 4)
	require.NoError(t, x.Read(32, got))
	assert.Equal(t, []float32{18}, floats(got))
	for _, k := range ks {
		k.Close()
	}
	assert.Empty(t, d.units)

	bad := twice(4)
	bad.Name = "bad"
	d.dialect.Inf = "no_such_word"
	bad.Body = []loop.Stmt{&loop.Store{Buf: 1, Index: expr.Int(0), Value: expr.Float(math.Inf(1))}}
	_, err = d.CompileAll([]*loop.Nest{twice(8), bad})
	require.ErrorContains(t, err, "kernel bad: CL_BUILD_PROGRAM_FAILURE")
	assert.Empty(t, d.units)
}

func TestRefusals(t *testing.T) {
	d := openFirst(t)
	wide := twice(1 << 30)
	f := wide.Body[0].(*loop.For)
	f.Kind = loop.Thread
	_, err := d.Compile(wide)
	require.ErrorIs(t, err, target.ErrRejected)

	b, err := d.Alloc(40)
	require.NoError(t, err)
	require.ErrorContains(t, b.Write(36, make([]byte, 8)), "write 8 bytes at 36 of a buffer of 40")
	require.Error(t, b.Read(-1, make([]byte, 1)))
	zero := make([]byte, 40)
	zero[3] = 1
	require.NoError(t, b.Read(0, zero))
	assert.Equal(t, make([]byte, 40), zero)

	k, err := d.Compile(twice(10))
	require.NoError(t, err)
	launch := func(args ...target.Slice) error {
		_, err := d.Sequence([]target.Launch{{Kernel: k, Args: args}})
		return err
	}
	s := target.Slice{Buffer: b}
	require.NoError(t, launch(s, s))
	require.ErrorContains(t, launch(s), "kernel twice: 1 arguments, want 2")
	require.ErrorContains(t, launch(s, target.Slice{Buffer: b, Offset: 64}), "y has 10 elements at byte 64")
	require.ErrorContains(t, launch(s, target.Slice{Buffer: b, Offset: 4}), "multiple of 64")
	b.Free()
	b.Free()
	require.ErrorContains(t, launch(s, s), "no live buffer")
	require.ErrorContains(t, b.Write(0, nil), "freed")
}

func TestBuildErrorHoldsTheLog(t *testing.T) {
	d := openFirst(t)
	d.dialect.Inf = "no_such_word"
	n := twice(4)
	n.Body = []loop.Stmt{&loop.Store{Buf: 1, Index: expr.Int(0), Value: expr.Float(math.Inf(1))}}
	_, err := d.Compile(n)
	require.ErrorContains(t, err, "kernel twice: CL_BUILD_PROGRAM_FAILURE")
	require.ErrorContains(t, err, "no_such_word")
}

func TestClosedDeviceRefuses(t *testing.T) {
	d := openFirst(t)
	k, err := d.Compile(twice(4))
	require.NoError(t, err)
	b := upload(t, d, []float32{1})
	require.NoError(t, d.Close())
	k.Close()
	b.Free()
	_, err = d.Alloc(4)
	require.ErrorContains(t, err, "closed")
	_, err = d.Compile(twice(4))
	require.ErrorContains(t, err, "closed")
}

// TestKindsAsEvalDefinesThem runs random trees of all kinds, side by side with
// expr.Eval, on values that hold the borders of the types.
func TestKindsAsEvalDefinesThem(t *testing.T) {
	d := openFirst(t)
	r := rand.New(rand.NewSource(1))
	for range 3 {
		checkTrees(t, d, r)
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	d := openFirst(t)
	k, err := d.Compile(twice(64))
	require.NoError(t, err)
	x := upload(t, d, make([]float32, 64))
	s, err := d.Sequence([]target.Launch{{Kernel: k, Args: []target.Slice{{Buffer: x}, {Buffer: x}}}})
	require.NoError(t, err)
	ctx := context.Background()
	assert.Zero(t, testing.AllocsPerRun(50, func() { require.NoError(t, s.Run(ctx)) }))
}
