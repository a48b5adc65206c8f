package gen

import (
	"fmt"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/ops"
)

// OneShot is a net that draws a picture of a text at once: no steps, and no guidance.
type OneShot interface {
	Net
	// Codes is the number of values of the noise that a picture is drawn from.
	Codes() int
	// Draw traces pictures f32 [n H W C] in [0,1], of the data's size, of standard Gaussian noise z, f32 [n Codes()], and
	// texts, i32 [n TextLength]. Where layers looked is added to looks unless that is nil.
	Draw(s *nn.Scope, z, tokens ir.Value, looks *[]Look) ir.Value
}

// PainterOf gives a net that paints after texts as a Painter, and whether it is one. A OneShot becomes a Painter whose
// every estimate is the finished picture, so that one step of a Brush paints it; a Brush takes no more of it, and leaves
// guidance away.
func PainterOf(net Net, d DataInfo) (Painter, bool) {
	switch k := net.(type) {
	case Painter:
		return k, true
	case OneShot:
		return atOnce{k, d}, true
	}
	return nil, false
}

// atOnce is a OneShot that draws from the first numbers of a Painter's noise.
type atOnce struct {
	OneShot
	d DataInfo
}

// Size of the pictures, which are the data's.
func (k atOnce) Size() (h, w, c int) { return k.d.H, k.d.W, k.d.C }

// Process by which the noise that a painting begins with is nothing but noise.
func (k atOnce) Process() Process { return Flow }

// Clean is the picture, whatever the time.
func (k atOnce) Clean(s *nn.Scope, xt, _, tokens ir.Value, looks *[]Look) ir.Value {
	b := s.B
	if b.Err() != nil {
		return ir.None
	}
	n := b.Type(xt).Shape[0]
	z := ops.Slice(b, ops.Reshape(b, xt, n, k.d.values()), 1, 0, k.Codes())
	return ops.Shift(b, ops.Scale(b, k.Draw(s, z, tokens, looks), 2), -1)
}

// sure are the options that the painter can follow: of a net that draws at once the seed alone counts.
func (o PaintOptions) sure(net Painter) (PaintOptions, error) {
	if _, once := net.(atOnce); !once {
		return o, nil
	}
	if o.Start != nil {
		return o, fmt.Errorf("the model draws at once: it cannot begin with a picture")
	}
	seed := o.Seed
	o = NewPaintOptions()
	o.Steps, o.Guidance, o.Seed = 1, 1, seed
	return o, nil
}

// fitsNoise says that a picture is drawn from more numbers than it has.
func fitsNoise(latent int, d DataInfo) error {
	if latent > d.values() {
		return fmt.Errorf("latent=%d: want at most the %d values of a picture of %dx%dx%d", latent, d.values(), d.H, d.W, d.C)
	}
	return nil
}
