package targettest

import (
	"bytes"
	"context"
	_ "embed" // the list of regressions
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/schedule"
	"mllab/compile/target"
	"mllab/compile/target/interp"
)

func examMemory(t *testing.T, d target.Device) {
	b, err := d.Alloc(1000)
	require.NoError(t, err)
	defer b.Free()
	require.GreaterOrEqual(t, b.Bytes(), 1000)
	got := make([]byte, 1000)
	require.NoError(t, b.Read(0, got))
	assert.Equal(t, make([]byte, 1000), got, "new memory is zeroed")
	src := bytes.Repeat([]byte{1, 2, 3, 4, 5}, 60)
	require.NoError(t, b.Write(128, src))
	require.NoError(t, b.Read(0, got))
	want := make([]byte, 1000)
	copy(want[128:], src)
	assert.Equal(t, want, got)
	part := make([]byte, 7)
	require.NoError(t, b.Read(130, part))
	assert.Equal(t, want[130:137], part)
	require.NoError(t, b.Write(b.Bytes(), nil), "nothing at the end is inside")
	n := b.Bytes()
	assert.Error(t, b.Write(-4, src), "before the start")
	assert.Error(t, b.Write(n-4, src), "past the end")
	assert.Error(t, b.Read(n-4, part), "past the end")
	assert.Error(t, b.Read(n+1<<40, part), "far past the end")
	assert.Error(t, b.Read(-1, part), "before the start")
	_, err = d.Alloc(-1)
	assert.Error(t, err, "a negative size")
	empty, err := d.Alloc(0)
	require.NoError(t, err)
	empty.Free()
}

// step is a kernel that adds one: out[i] = in[i] + 1.
func step(n int) *expr.Compute {
	c := expr.Map([]ir.Type{f32(n)}, f32(n), expr.Plus(load(0, at(0)), expr.Float(1)))
	c.Name = "step"
	return c
}

func build(t *testing.T, d target.Device, c *expr.Compute) *setup {
	t.Helper()
	s := &setup{d: d}
	t.Cleanup(s.close)
	p, err := schedule.Apply(c, schedule.Default(c, d.Machine()), d.Machine())
	require.NoError(t, err)
	in := make([][]float64, len(c.In))
	for i, ty := range c.In {
		in[i] = make([]float64, ty.Elems())
	}
	require.NoError(t, s.prepare(c, p, in))
	return s
}

// examSequence launches one kernel many times through memory, with offsets, twice
// over; then stops it by its context, and hands in launches that cannot be.
func examSequence(t *testing.T, d target.Device) {
	const n, far = 1000, 4096
	s := build(t, d, step(n))
	k := s.launches[0].Kernel
	b, err := d.Alloc(3 * far)
	require.NoError(t, err)
	defer b.Free()
	at := func(i int) target.Slice { return target.Slice{Buffer: b, Offset: i * far} }
	seq, err := d.Sequence([]target.Launch{
		{Kernel: k, Args: []target.Slice{at(0), at(1)}},
		{Kernel: k, Args: []target.Slice{at(1), at(2)}},
		{Kernel: k, Args: []target.Slice{at(2), at(0)}},
	})
	require.NoError(t, err)
	defer seq.Close()
	seq.Profile(true)
	for range 5 {
		require.NoError(t, seq.Run(context.Background()))
	}
	raw := make([]byte, 4*n)
	for i, want := range []float64{15, 13, 14} {
		require.NoError(t, b.Read(i*far, raw))
		got := decode(ir.F32, raw)
		assert.Equal(t, []float64{want, want}, []float64{got[0], got[n-1]}, "slice %d", i)
	}
	if times := seq.Times(); times != nil {
		require.Len(t, times, 3)
		assert.EqualValues(t, 5, times[1].Count)
	}
	seq.Profile(false)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, seq.Run(ctx), context.Canceled)
	empty, err := d.Sequence(nil)
	require.NoError(t, err)
	assert.NoError(t, empty.Run(context.Background()))
	empty.Close()
	_, err = d.Sequence([]target.Launch{{Kernel: k, Args: []target.Slice{at(0)}}})
	assert.Error(t, err, "an argument is missing")
	past := target.Slice{Buffer: b, Offset: 3*far - 64}
	_, err = d.Sequence([]target.Launch{{Kernel: k, Args: []target.Slice{at(0), past}}})
	assert.Error(t, err, "an output past the end of its buffer")
	_, err = d.Sequence([]target.Launch{{Kernel: k, Args: []target.Slice{at(0), {Buffer: b, Offset: 36}}}})
	assert.Error(t, err, "an offset that is not aligned")
	assert.NotEmpty(t, k.Text())
}

// examAliasing gives an output the memory of an input that is read at the element
// that is stored.
func examAliasing(t *testing.T, d target.Device) {
	for _, n := range []int{5, 64, 1003, 20000} {
		s := build(t, d, step(n))
		s.launches[0].Args[1] = s.launches[0].Args[0]
		seq, err := d.Sequence(s.launches)
		require.NoError(t, err)
		for range 3 {
			require.NoError(t, seq.Run(context.Background()))
		}
		seq.Close()
		got, err := s.read(0, ir.F32, n)
		require.NoError(t, err)
		for i, g := range got {
			require.Equal(t, 3.0, g, "element %d of %d", i, n)
		}
	}
	aliasUpdate(t, d)
	// The accumulation of a gradient: acc = acc + a*b with acc in place.
	c := Contraction(20, 40, 9, false, false)
	c.In = append(c.In, f32(20, 40))
	c.Outs = []*expr.Expr{expr.Plus(expr.Reduced(ir.F32), load(2, at(0), at(1)))}
	s := build(t, d, c)
	ones := encode(ir.F32, []float64{1})
	for _, b := range s.bufs[:3] {
		require.NoError(t, b.Write(0, bytes.Repeat(ones, b.Bytes()/4)))
	}
	last := len(s.launches) - 1
	for i, a := range s.launches[last].Args {
		if a.Buffer == s.bufs[3] {
			s.launches[last].Args[i].Buffer = s.bufs[2]
		}
	}
	seq, err := d.Sequence(s.launches)
	require.NoError(t, err)
	defer seq.Close()
	require.NoError(t, seq.Run(context.Background()))
	require.NoError(t, seq.Run(context.Background()))
	got, err := s.read(2, ir.F32, 800)
	require.NoError(t, err)
	for i, g := range got {
		require.Equal(t, 19.0, g, "element %d", i)
	}
}

// aliasUpdate is the step of an optimiser with momentum, state and parameters in
// place: m = m/2 + g; p = p - m, where p reads the old m after m is known.
func aliasUpdate(t *testing.T, d target.Device) {
	const n = 1037
	in := []ir.Type{f32(n), f32(n), f32(n)}
	m := expr.Plus(expr.Times(load(1, at(0)), expr.Float(0.5)), load(0, at(0)))
	c := several("momentum", in, m, expr.Minus(load(2, at(0)), m)).C
	s := build(t, d, c)
	ones := bytes.Repeat(encode(ir.F32, []float64{1}), n)
	require.NoError(t, s.bufs[0].Write(0, ones))
	for i, a := range s.launches[0].Args {
		for out := range 2 {
			if a.Buffer == s.bufs[3+out] {
				s.launches[0].Args[i].Buffer = s.bufs[1+out]
			}
		}
	}
	seq, err := d.Sequence(s.launches)
	require.NoError(t, err)
	defer seq.Close()
	for range 3 {
		require.NoError(t, seq.Run(context.Background()))
	}
	for buf, want := range map[int]float64{1: 1.75, 2: -(1 + 1.5 + 1.75)} {
		got, err := s.read(buf, ir.F32, n)
		require.NoError(t, err)
		for i, g := range got {
			require.Equal(t, want, g, "buffer %d, element %d", buf, i)
		}
	}
}

//go:embed testdata/regressions.txt
var regressions string

// examRegressions runs schedules that were once wrong somewhere: lines of the name
// of a case, a colon and a schedule. Those illegal for the device are passed over.
func examRegressions(t *testing.T, d target.Device) {
	oracle, err := interp.Target{}.Open(target.Options{})
	require.NoError(t, err)
	byName := map[string]Case{}
	for _, c := range Cases() {
		byName[c.Name] = c
	}
	m := d.Machine()
	for line := range strings.Lines(regressions) {
		name, text, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		c, ok := byName[name]
		require.True(t, ok, "regressions name case %q, which is not there", name)
		s, err := schedule.Parse(text)
		require.NoError(t, err)
		if _, err := schedule.Apply(c.C, s, m); err != nil {
			continue
		}
		in, want := reference(t, oracle, &c, 1)
		check(t, d, &c, s, m, in, want)
	}
}
