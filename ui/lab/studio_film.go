package lab

import (
	"errors"
	"time"
)

// Frame is a request's pictures after a step.
type Frame struct {
	Step, Of    int // steps done, and all
	Tiles, Cols int
	// X is as noisy as the step is and Clean the estimate of the end that the step was made by, [Tiles H W C] in [0,1].
	// Pictures that are not begun are grey.
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

const (
	maxFrames = 64
	filmBytes = 128 << 20 // of what a film keeps of its frames
)

// values of one picture.
func (f *Film) values() int { return f.H * f.W * f.C }

// room is how many frames the film keeps at most.
func (f *Film) room() int {
	bytes := 2 * f.Tiles * f.values() * 4
	if f.looks != nil {
		bytes += f.looks.values() * 4
	}
	return max(1, min(maxFrames, filmBytes/max(1, bytes)))
}

// Picture is one of the pictures, [H W C] in [0,1].
func (f *Film) Picture(tile int) []float32 {
	return f.Pictures[tile*f.values() : (tile+1)*f.values()]
}

// Heat is how much each place of a picture looked at a token: [H W] in [0,1] of the largest.
type Heat struct {
	H, W int
	V    []float32
	Max  float64 // what 1 stands for: the share of its looking that the keenest place gave to the token
}

// Heat is the mean over steps, layers and heads, each of which a number from 0 on restricts: layer of
// StudioAbout.Looks, head of the layer, step the index of one of Frames. In a mean a layer counts as much as its looks
// differ between places. place is that of one of Reading.Tokens. It is of the first picture, and of its prompt alone,
// also where another is mixed in or kept away from.
func (f *Film) Heat(place, layer, head, step int) (Heat, error) {
	switch {
	case f.looks == nil && f.Reading.Empty:
		return Heat{}, errors.New("the prompt has no words to look at")
	case f.looks == nil:
		return Heat{}, errors.New("where the layers looked was not kept: paint once more")
	}
	return f.looks.heat(place, layer, head, step)
}
