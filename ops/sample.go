package ops

import (
	"fmt"
	"math"

	"mllab/compile/ir"
)

// Sample is one input to test an operator with. Every value is a float32, an
// int32 or a bool exactly, so that all targets can be given the same input.
type Sample struct {
	// Name says what the sample is about.
	Name string
	Op   Operator
	In   []Array
	// Edge marks samples with infinities, overflow, ties or jumps, where the
	// result is still defined but its derivative need not be.
	Edge bool
}

// Domain is the interval from which any operand of an operator may be drawn, the
// results being finite and well conditioned in float32 there.
func Domain(o ir.Op) (lo, hi float64) {
	if d, ok := o.(interface{ Domain() (lo, hi float64) }); ok {
		return d.Domain()
	}
	return -4, 4
}

// draw makes reproducible numbers between lo and hi. They are odd multiples of a
// power of two near (hi-lo)/1024, hence exact in float32 and never at a kink of
// an operator (0, 0.5, 1, ...).
func draw(seed uint64, lo, hi float64, shape ...int) Array {
	a := NewArray(ir.Of(ir.F32, shape...))
	grid := math.Exp2(math.Floor(math.Log2((hi - lo) / 1024)))
	grid = min(grid, 1.0/64)
	n := uint64((hi - lo) / grid)
	first := math.Ceil(lo/grid) * grid
	for i := range a.Data {
		a.Data[i] = float64(float32(first + (float64(hash(seed, i)%n)+0.5)*grid))
	}
	return a
}

// drawInts makes reproducible integers in [lo, hi).
func drawInts(seed uint64, lo, hi int, shape ...int) Array {
	a := NewArray(ir.Of(ir.I32, shape...))
	for i := range a.Data {
		a.Data[i] = float64(lo) + float64(hash(seed, i)%uint64(hi-lo))
	}
	return a
}

// drawBools makes reproducible bools.
func drawBools(seed uint64, shape ...int) Array {
	a := drawInts(seed, 0, 2, shape...)
	a.Type.DType = ir.Bool
	return a
}

// distinct makes numbers of which no two are equal, or nearer than 1/64.
func distinct(shape ...int) Array {
	a := NewArray(ir.Of(ir.F32, shape...))
	n := len(a.Data)
	by := 1
	for _, p := range []int{7, 11, 13, 17} {
		if n%p != 0 {
			by = p
		}
	}
	for i := range a.Data {
		a.Data[i] = float64(i*by%n-n/2)/64 + 1.0/128
	}
	return a
}

// vec is a vector of given float32 values.
func vec(v ...float64) Array {
	for i := range v {
		v[i] = float64(float32(v[i]))
	}
	return Array{ir.Of(ir.F32, len(v)), v}
}

// ints is a vector of given integers.
func ints(v ...float64) Array { return Array{ir.Of(ir.I32, len(v)), v} }

// bools is a vector of given bools, 0 or 1.
func bools(v ...float64) Array { return Array{ir.Of(ir.Bool, len(v)), v} }

// hash is the i-th number of splitmix64 (Steele, Lea and Flood 2014) from a seed.
func hash(seed uint64, i int) uint64 {
	z := (seed<<32 + uint64(i) + 1) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return (z ^ z>>31) >> 8
}

// at makes a sample, named by its operator and shapes.
func at(o Operator, in ...Array) Sample {
	s := ir.OpString(o)
	for _, a := range in {
		s += fmt.Sprint(" ", a.Type)
	}
	return Sample{Name: s, Op: o, In: in}
}

// edge makes a sample where derivatives need not exist.
func edge(o Operator, in ...Array) Sample {
	s := at(o, in...)
	s.Name += " edge"
	s.Edge = true
	return s
}

// unarySamples draws from the operator's domain, with odd sizes; edges are
// values to try besides.
func unarySamples(o Operator, edges ...float64) []Sample {
	lo, hi := Domain(o)
	ss := []Sample{at(o, draw(1, lo, hi)), at(o, draw(2, lo, hi, 1)), at(o, draw(3, lo, hi, 17)),
		at(o, draw(4, lo, hi, 3, 33)), at(o, draw(5, lo, hi, 5, 2, 70))}
	if len(edges) > 0 {
		ss = append(ss, edge(o, vec(edges...)))
	}
	return ss
}

// pairs draws two operands of shapes that broadcast in every way.
func pairs(lo, hi float64) [][]Array {
	var ps [][]Array
	for i, s := range [][2][]int{{{}, {}}, {{1}, {17}}, {{33}, {}}, {{3, 70}, {3, 70}}, {{3, 17}, {17}},
		{{5, 1}, {1, 3}}, {{2, 1, 33}, {3, 1}}} {
		ps = append(ps, []Array{draw(uint64(10+2*i), lo, hi, s[0]...), draw(uint64(11+2*i), lo, hi, s[1]...)})
	}
	return ps
}

// binarySamples draws both operands from the operator's domain.
func binarySamples(o Operator) []Sample {
	var ss []Sample
	lo, hi := Domain(o)
	for _, p := range pairs(lo, hi) {
		ss = append(ss, at(o, p...))
	}
	return ss
}

// intSamples are pairs of integers, with some that overflow.
func intSamples(o Operator) []Sample {
	big := ints(math.MaxInt32, math.MinInt32, -1, 0, 7, 123456789)
	other := ints(1, -1, math.MinInt32, 5, -3, 987654321)
	return []Sample{
		at(o, drawInts(30, -9, 9, 17), drawInts(31, -9, 9, 3, 1)),
		at(o, drawInts(32, -1000, 1000, 5, 33), drawInts(33, -1000, 1000, 33)), edge(o, big, other),
	}
}
