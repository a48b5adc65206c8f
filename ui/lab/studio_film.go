package lab

import (
	"fmt"
	"time"
)

// Frame is a request's pictures after a step.
type Frame struct {
	Step, Of    int // steps done, and all
	Tiles, Cols int
	// X is as noisy as the step is and Clean the estimate of the end that the step was made by, [Tiles H W C] in [0,1].
	X, Clean []float32
	Clock    time.Duration // since the request was begun
}

// Film is what was painted, with all to look back at.
type Film struct {
	Request     Request
	Reading     Reading
	Tiles, Cols int
	H, W, C     int
	Frames      []Frame       // kept evenly, at most 64, the last always
	Pictures    []float32     // [Tiles H W C] in [0,1]
	Took, First time.Duration // of all, and until the first step was done
	looks       *looked
}

// Heat is how much each place of a picture looked at a token: [H W] in [0,1] of the largest.
type Heat struct {
	H, W int
	V    []float32
	Max  float64 // what 1 stands for: the share of its looking that the keenest place gave to the token
}

// Heat is the mean over steps, layers and heads, each of which a number from 0 on restricts: layer of
// StudioAbout.Looks, head of the layer, step the index of one of Frames. It is of the first picture.
func (f *Film) Heat(place, layer, head, step int) (Heat, error) {
	if f.looks == nil {
		return Heat{}, fmt.Errorf("where the layers looked was not kept: paint once more")
	}
	return f.looks.heat(place, layer, head, step)
}
