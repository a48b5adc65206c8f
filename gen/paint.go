package gen

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// PaintOptions say how pictures are painted. NewPaintOptions gives the usual ones.
type PaintOptions struct {
	Steps    int     // from noise to picture, 1 to MaxPaintSteps
	Guidance float64 // how far to go beyond what no text would give; 1: as the text says
	Sampler  string  // one of Samplers
	Seed     uint64

	// Start is a picture to begin with, [H W C] in [0,1] of the data's size, for all pictures; nil: noise alone.
	// Strength in (0,1] is how much noise it gets: 1 leaves nothing of it.
	Start    []float32
	Strength float64
	// Mask, [H W] of the data's size, is 1 where Start may be painted over and 0 where it must stay; nil: everywhere.
	Mask []float32
}

// Samplers are the ways from noise to a picture: "euler" and "heun" follow the flow by one and by two estimates a
// step (Karras et al., NeurIPS 2022, algorithm 1), "ddim" mixes the estimates of picture and noise anew (Song et al.,
// ICLR 2021), "ddpm" adds fresh noise as well (Ho et al., 2020).
var Samplers = []string{"euler", "heun", "ddim", "ddpm"}

// Bounds of what can be asked for.
const (
	MaxPaintSteps = 1000
	MaxGuidance   = 50
)

// NewPaintOptions are 20 steps of Euler at a guidance of 3.
func NewPaintOptions() PaintOptions {
	return PaintOptions{Steps: 20, Guidance: 3, Sampler: "euler", Strength: 1}
}

// Check says what cannot be painted. d are the pictures' sizes.
func (o PaintOptions) Check(d DataInfo) error {
	switch {
	case o.Steps < 1 || o.Steps > MaxPaintSteps:
		return fmt.Errorf("steps %d: want 1 to %d", o.Steps, MaxPaintSteps)
	case !(math.Abs(o.Guidance) <= MaxGuidance):
		return fmt.Errorf("guidance %v: want a number from %d to %d, such as 3", o.Guidance, -MaxGuidance, MaxGuidance)
	case !slices.Contains(Samplers, o.Sampler):
		return fmt.Errorf("sampler %q: unknown%s, want one of %s", clean(o.Sampler), nearest(o.Sampler, Samplers),
			strings.Join(Samplers, ", "))
	case o.Start != nil && len(o.Start) != d.values():
		return fmt.Errorf("a start of %d values: want %d, a picture of %dx%dx%d", len(o.Start), d.values(), d.H, d.W, d.C)
	case o.Start != nil && !(o.Strength > 0 && o.Strength <= 1):
		return fmt.Errorf("strength %v: want a number over 0, at most 1", o.Strength)
	case o.Mask != nil && o.Start == nil:
		return fmt.Errorf("a mask without a picture to keep: want a start as well")
	case o.Mask != nil && len(o.Mask) != d.H*d.W:
		return fmt.Errorf("a mask of %d values: want %d, one a pixel of %dx%d", len(o.Mask), d.H*d.W, d.H, d.W)
	}
	return nil
}
