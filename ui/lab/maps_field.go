package lab

import (
	"mllab/engine/nn"
	"mllab/samples"
)

// Field is the receptive field of a layer's values on the input, in pixels of a side:
// value (y, x) is made of the pixels from Start + y*Jump on, Size of them, and alike
// across. Pixels before the first and after the last are padding. A Size of 0 says
// that it is not known: the layer sees no picture, or one that was resized.
type Field struct{ Size, Jump, Start int }

// sight is a field while it grows through layers.
type sight struct {
	Field
	side int // of the picture, the longer one
}

// whole is what a net's first layer sees: pixels.
func whole(info samples.Info) sight { return sight{Field{1, 1, 0}, max(info.H, info.W)} }

// after is the field behind more layers. With size k, stride s, padding p and
// dilation d a layer makes of (Size, Jump, Start)
//
//	Start - p Jump, Size + (k-1) d Jump, s Jump
//
// (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016;
// Araujo, Norris and Sim, "Computing receptive fields", Distill, 2019).
func (f sight) after(layers []nn.Layer) sight {
	for _, l := range layers {
		switch {
		case l.Kind == nn.FrameKind && l.Size > 0:
			f.Field = Field{1, 1, -l.Pad}
		case l.Kind == nn.FrameKind || l.Kind == nn.CodeKind:
			f.Field = Field{}
		case f.Size == 0:
		case l.Size == 0:
			f.Field = Field{f.side, 0, 0}
		case l.Up > 1:
			f.Field = Field{} // neighbours see pixels at unequal distances
		default:
			f.Start -= l.Pad * f.Jump
			f.Size += (l.Size - 1) * l.Dilation * f.Jump
			f.Jump *= l.Stride
		}
	}
	return f
}
