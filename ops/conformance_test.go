package ops_test

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile"
	"mllab/compile/ir"
	"mllab/compile/target"
	_ "mllab/compile/target/all"
	"mllab/ops"
)

var long = flag.Bool("long", false, "run every sample on every target")

// device is one way to open a target, examined on its own.
type device struct {
	target string
	opt    target.Options
}

// devices are all targets, and the CPU's instruction sets each.
func devices() []device {
	var ds []device
	for _, t := range target.All() {
		if t.Name() == "cpu" {
			for _, isa := range []string{"avx512", "avx2", "go"} {
				ds = append(ds, device{"cpu", target.Options{ISA: isa, Threads: 2, Guard: true}})
			}
			continue
		}
		ds = append(ds, device{t.Name(), target.Options{}})
	}
	return ds
}

// TestConformance runs every operator on every sample on every target and
// compares with its Ref.
func TestConformance(t *testing.T) {
	names := map[string]bool{}
	for _, d := range devices() {
		names[d.target] = true
		t.Run(d.target+d.opt.ISA, func(t *testing.T) {
			tg, err := target.Find(d.target)
			require.NoError(t, err)
			dev, err := tg.Open(d.opt)
			if errors.Is(err, target.ErrUnavailable) {
				t.Skipf("%v", err)
			}
			require.NoError(t, err)
			defer dev.Close()
			for _, e := range ops.All() {
				t.Run(e.Name, func(t *testing.T) { conform(t, dev, some(d.target, e.Op.Samples())) })
			}
		})
	}
	for _, n := range []string{"cpu", "interp", "opencl"} {
		require.True(t, names[n], "target %s must be registered", n)
	}
}

// some leaves out samples where a target takes long to build kernels: OpenCL
// drivers need a second for what the others do in a millisecond.
func some(target string, all []ops.Sample) []ops.Sample {
	const few = 2
	if *long || target != "opencl" || len(all) <= few {
		return all
	}
	return []ops.Sample{all[len(all)/2], all[len(all)-1]}
}

// conform compares the results of an operator's samples, compiled into one
// module, with its Ref.
func conform(t *testing.T, dev target.Device, samples []ops.Sample) {
	b := ir.NewBuilder()
	types := make([][]ir.Type, len(samples))
	for i, s := range samples {
		in := make([]ir.Value, len(s.In))
		for k, a := range s.In {
			in[k] = b.Input(input(i, k), a.Type)
			types[i] = append(types[i], a.Type)
		}
		b.Output(output(i), b.Apply(s.Op, in...))
	}
	g, err := b.Graph()
	require.NoError(t, err)
	m, err := compile.Compile(context.Background(), g, dev, compile.Options{})
	require.NoError(t, err)
	defer m.Close()
	for i, s := range samples {
		for k, a := range s.In {
			at, _, _ := m.Slice(input(i, k))
			require.NoError(t, at.Buffer.Write(at.Offset, encode(a)))
		}
	}
	require.NoError(t, m.Run(context.Background()))
	for i, s := range samples {
		at, out, _ := m.Slice(output(i))
		raw := make([]byte, out.Elems()*out.DType.Size())
		require.NoError(t, at.Buffer.Read(at.Offset, raw))
		err := ops.Diff(decode(out, raw), s.Op.Ref(s.In, out), ops.Reduction(s.Op, types[i]), ops.Eps32)
		assert.NoError(t, err, s.Name)
	}
}

func input(sample, operand int) string { return fmt.Sprintf("x%d.%d", sample, operand) }
func output(sample int) string         { return fmt.Sprintf("y%d", sample) }

func encode(a ops.Array) []byte {
	raw := make([]byte, 0, 4*len(a.Data))
	for _, x := range a.Data {
		bits := uint32(int32(x))
		if a.Type.DType == ir.F32 {
			bits = math.Float32bits(float32(x))
		}
		raw = binary.NativeEndian.AppendUint32(raw, bits)
	}
	return raw
}

func decode(t ir.Type, raw []byte) ops.Array {
	a := ops.NewArray(t)
	for i := range a.Data {
		bits := binary.NativeEndian.Uint32(raw[4*i:])
		a.Data[i] = float64(int32(bits))
		if t.DType == ir.F32 {
			a.Data[i] = float64(math.Float32frombits(bits))
		}
	}
	return a
}
