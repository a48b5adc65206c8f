package nn

import "mllab/compile/ir"

// The kinds of layers that a Tap tells of.
const (
	ConvKind       = "conv"
	TransposedKind = "transposed"
	PoolKind       = "pool"
	LinearKind     = "linear"
	ShuffleKind    = "shuffle" // channels become pixels
	FrameKind      = "frame"   // a picture comes in, with zeros around; Size 0: resized
	CodeKind       = "code"    // what follows is made of a code, not of a picture
)

// Layer is what a Tap tells of a layer on the way to it: from which pixels of its
// input one of its results is made.
type Layer struct {
	Kind     string
	Kernel   *Param // [R S Cin C], nil where there is none
	Size     int    // side of the window on the input; 0: all of it
	Stride   int    // distance of two windows; 1 where results lie closer than inputs
	Pad      int    // zeros before the input's first row and column
	Dilation int    // distance of two taps of the kernel
	Up       int    // results to one input along a side, where they lie closer; else 1
}

// Tap is a value inside a net that is worth a look, such as the feature maps of a
// layer.
type Tap struct {
	Name  string
	Value ir.Value // [N H W C]
	// Layers are those passed since the tap before, in order; the last one made the value.
	Layers []Layer
}

// Tap gives v back, and records it under a name where the scope collects taps.
func (s *Scope) Tap(name string, v ir.Value) ir.Value {
	if s.Taps == nil || s.B.Err() != nil {
		return v
	}
	*s.Taps = append(*s.Taps, Tap{name, v, s.passed})
	s.passed = nil
	return v
}

// Through tells the next Tap of a layer. Layers of this package tell themselves; a
// model tells what it does by operators alone. Fields of 0 are 1, but for Size and Pad.
func (s *Scope) Through(l Layer) {
	if s.Taps == nil {
		return
	}
	l.Stride, l.Dilation, l.Up = max(1, l.Stride), max(1, l.Dilation), max(1, l.Up)
	s.passed = append(s.passed, l)
}

// Last is the layer that made the value; the zero Layer if there was none.
func (t Tap) Last() Layer {
	if len(t.Layers) == 0 {
		return Layer{}
	}
	return t.Layers[len(t.Layers)-1]
}
