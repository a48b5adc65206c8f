// Package targettest is the examination that every target sits: memory, every
// kind of expression, reductions and contractions of many shapes under default
// and random schedules, aliasing and sequences, all against the interpreter,
// which itself is checked against expr.Compute.Run. A target's test is one call
// of Exam. The package knows no target but the interpreter. Begin with Exam.
package targettest

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target"
)

// Tolerance is how far a float32 result may be from the float64 one,
// |got-want| <= abs + rel*|want|, for terms of magnitude one: a few units in the
// last place for an expression, and for a sum of n terms the rounding of partial
// sums, which grows with their number as a random walk does.
func Tolerance(reduction int) (abs, rel float64) {
	root := math.Sqrt(float64(max(reduction, 1)))
	return 1e-6 * root, 1e-6 * (1 + root)
}

// Run carries out a plan on a device: operands and results are host numbers,
// integers and bools as floats. Elements of outputs that no kernel writes are -77.
func Run(d target.Device, c *expr.Compute, p *schedule.Plan, in [][]float64) ([][]float64, error) {
	s := &setup{d: d}
	defer s.close()
	if err := s.prepare(c, p, in); err != nil {
		return nil, err
	}
	seq, err := s.d.Sequence(s.launches)
	if err != nil {
		return nil, err
	}
	defer seq.Close()
	if err := seq.Run(context.Background()); err != nil {
		return nil, err
	}
	var out [][]float64
	for i, t := range c.Out {
		v, err := s.read(len(c.In)+i, t, ir.Elems(c.Axes))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// setup is what a run holds on the device.
type setup struct {
	d        target.Device
	bufs     []target.Buffer
	kernels  []target.Kernel
	launches []target.Launch
}

func (s *setup) close() {
	for _, k := range s.kernels {
		k.Close()
	}
	for _, b := range s.bufs {
		b.Free()
	}
}

func (s *setup) prepare(c *expr.Compute, p *schedule.Plan, in [][]float64) error {
	for i, t := range c.In {
		if err := s.alloc(t.DType, in[i]); err != nil {
			return err
		}
	}
	blank := make([]float64, ir.Elems(c.Axes))
	for i := range blank {
		blank[i] = -77
	}
	for _, t := range c.Out {
		if err := s.alloc(t, blank); err != nil {
			return err
		}
	}
	for _, n := range p.Scratch {
		trash := make([]float64, n)
		for i := range trash {
			trash[i] = math.NaN()
		}
		if err := s.alloc(ir.F32, trash); err != nil {
			return err
		}
	}
	return s.compile(p)
}

func (s *setup) compile(p *schedule.Plan) error {
	for _, k := range p.Kernels {
		built, err := s.d.Compile(k.Nest)
		if err != nil {
			return err
		}
		s.kernels = append(s.kernels, built)
		l := target.Launch{Kernel: built}
		for _, a := range k.Args {
			l.Args = append(l.Args, target.Slice{Buffer: s.bufs[a]})
		}
		s.launches = append(s.launches, l)
	}
	return nil
}

func (s *setup) alloc(d ir.DType, v []float64) error {
	b, err := s.d.Alloc(4 * len(v))
	if err != nil {
		return err
	}
	s.bufs = append(s.bufs, b)
	return b.Write(0, encode(d, v))
}

func (s *setup) read(buf int, d ir.DType, n int) ([]float64, error) {
	raw := make([]byte, 4*n)
	if err := s.bufs[buf].Read(0, raw); err != nil {
		return nil, err
	}
	return decode(d, raw), nil
}

func encode(d ir.DType, v []float64) []byte {
	raw := make([]byte, 4*len(v))
	for i, x := range v {
		bits := math.Float32bits(float32(x))
		if d != ir.F32 {
			bits = uint32(int32(x))
		}
		binary.NativeEndian.PutUint32(raw[4*i:], bits)
	}
	return raw
}

func decode(d ir.DType, raw []byte) []float64 {
	v := make([]float64, len(raw)/4)
	for i := range v {
		bits := binary.NativeEndian.Uint32(raw[4*i:])
		if d == ir.F32 {
			v[i] = float64(math.Float32frombits(bits))
		} else {
			v[i] = float64(int32(bits))
		}
	}
	return v
}

// Differs describes the worst element that is outside the tolerance, or is "".
func Differs(c *expr.Compute, got, want [][]float64) string {
	abs, rel := Tolerance(ir.Elems(c.Red))
	for o := range want {
		worst, at, bad := 0.0, -1, 0
		for i, w := range want[o] {
			g := got[o][i]
			if c.Out[o] == ir.F32 {
				w = float64(float32(w))
			}
			if g == w || math.IsNaN(g) && math.IsNaN(w) {
				continue
			}
			limit := abs + rel*math.Abs(w)
			if c.Out[o] != ir.F32 {
				limit = 0
			}
			miss := math.Abs(g-w) / max(limit, 1e-300)
			if miss <= 1 {
				continue
			}
			if math.IsNaN(miss) {
				miss = math.Inf(1)
			}
			bad++
			if at < 0 || miss > worst {
				worst, at = miss, i
			}
		}
		if at >= 0 {
			return fmt.Sprintf("output %d: %d of %d elements differ, worst at %d: got %v, want %v",
				o, bad, len(want[o]), at, got[o][at], want[o][at])
		}
	}
	return ""
}

// Describe prints what is needed to see a failing case again.
func Describe(c *expr.Compute, s schedule.Schedule, m loop.Machine) string {
	text := fmt.Sprintf("%s: axes %v, reduction %v\n", c.Name, c.Axes, c.Red)
	for i, t := range c.In {
		text += fmt.Sprintf("x%d %s\n", i, t)
	}
	for _, r := range c.Reductions() {
		text += fmt.Sprintf("body %s= %s\n", r.Comb, r.Body)
	}
	for i, o := range c.Outs {
		text += fmt.Sprintf("y%d %s = %s\n", i, c.Out[i], o)
	}
	text += fmt.Sprintf("machine %s, schedule: %s\n", m.Name, s)
	if p, err := schedule.Apply(c, s, m); err == nil {
		for _, k := range p.Kernels {
			text += k.Nest.String()
		}
	}
	return text
}
