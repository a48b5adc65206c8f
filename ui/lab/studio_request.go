package lab

import (
	"fmt"
	"math"
	"strings"

	"mllab/gen"
)

// RequestKind is what a Request asks for.
type RequestKind int

// The kinds.
const (
	One           RequestKind = iota // a picture
	Variations                       // pictures of one prompt
	Interpolation                    // pictures on the way from one prompt to another, of the same noise
	Grid                             // pictures of one prompt and the same noise: rows of guidances, columns of steps
)

var requestKinds = []string{"one", "variations", "interpolation", "grid"}

// String is the kind's name: "variations".
func (k RequestKind) String() string {
	if k < 0 || int(k) >= len(requestKinds) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return requestKinds[k]
}

// Request is what a studio is to paint. NewRequest gives the usual settings.
type Request struct {
	Kind       RequestKind
	Prompt     string
	Negative   string    // what to keep away from; "": from what no text would give
	To         string    // Interpolation: the prompt of the last column
	Count      int       // Variations: pictures; Interpolation: columns
	Guidances  []float64 // Grid: rows
	StepCounts []int     // Grid: columns
	// Spread of Variations: 0 gives each picture a seed of its own; over 0, at most 1, the first has the seed's noise
	// and the others' is that far turned from it, 1 being nothing left of it.
	Spread float64
	// Variation of One takes the noise of that one of Variations, with the same Spread; 0 is the seed's own.
	Variation int
	gen.PaintOptions
	// Looks keeps where layers looked, of the first picture.
	Looks bool
}

// NewRequest asks for one picture of a prompt: 20 steps of Euler at a guidance of 3.
func NewRequest(prompt string) Request {
	return Request{Prompt: prompt, PaintOptions: gen.NewPaintOptions()}
}

// Bounds of what can be asked for.
const (
	MaxTiles = 1024 // pictures of a request
	MaxGrid  = 16   // rows or columns
)

// Check says, in one line, what of a request a studio cannot paint. Prompts are read when they are painted.
func (r Request) Check(a StudioAbout) error {
	if a.OneShot {
		if err := r.checkOneShot(a); err != nil {
			return err
		}
	}
	switch r.Kind {
	case One:
		if r.Variation < 0 || r.Variation >= MaxTiles {
			return Usage(fmt.Errorf("variation %d: want 0 to %d", r.Variation, MaxTiles-1))
		}
		if r.Variation > 0 && !(r.Spread >= 0 && r.Spread <= 1) {
			return Usage(fmt.Errorf("spread %v: want a number from 0, of other seeds, to 1", r.Spread))
		}
	case Variations:
		if r.Count < 1 || r.Count > MaxTiles {
			return Usage(fmt.Errorf("%d pictures: want 1 to %d", r.Count, MaxTiles))
		}
		if !(r.Spread >= 0 && r.Spread <= 1) {
			return Usage(fmt.Errorf("spread %v: want a number from 0, of other seeds, to 1", r.Spread))
		}
	case Interpolation:
		if r.Count < 2 || r.Count > MaxGrid {
			return Usage(fmt.Errorf("%d columns between two prompts: want 2 to %d", r.Count, MaxGrid))
		}
	case Grid:
		if err := r.checkGrid(a); err != nil {
			return err
		}
	default:
		return Usage(fmt.Errorf("%s: want %s", r.Kind, strings.Join(requestKinds, ", ")))
	}
	return Usage(r.PaintOptions.Check(gen.DataInfo{H: a.H, W: a.W, C: a.C}))
}

// checkGrid says what rows and columns cannot be painted.
func (r Request) checkGrid(a StudioAbout) error {
	if n := len(r.Guidances); n < 1 || n > MaxGrid {
		return Usage(fmt.Errorf("a grid of %d guidances: want 1 to %d rows", n, MaxGrid))
	}
	if n := len(r.StepCounts); n < 1 || n > MaxGrid {
		return Usage(fmt.Errorf("a grid of %d counts of steps: want 1 to %d columns", n, MaxGrid))
	}
	o := r.PaintOptions
	for _, g := range r.Guidances {
		o.Guidance = g
		if err := o.Check(gen.DataInfo{H: a.H, W: a.W, C: a.C}); err != nil {
			return Usage(err)
		}
	}
	o.Guidance = r.Guidances[0]
	for _, n := range r.StepCounts {
		o.Steps = n
		if err := o.Check(gen.DataInfo{H: a.H, W: a.W, C: a.C}); err != nil {
			return Usage(err)
		}
	}
	return nil
}

// checkOneShot says what a net that draws at once has no use for.
func (r Request) checkOneShot(a StudioAbout) error {
	switch {
	case r.Kind == Grid:
		return Usage(fmt.Errorf("model %s draws at once: it has no guidance and no steps to make a grid of", a.Model))
	case r.Kind == Interpolation:
		return Usage(fmt.Errorf("model %s draws at once: there is no way between two prompts to stop on", a.Model))
	case r.Start != nil || r.Mask != nil:
		return Usage(fmt.Errorf("model %s draws at once: it cannot begin with a picture", a.Model))
	case strings.TrimSpace(r.Negative) != "":
		return Usage(fmt.Errorf("model %s draws at once: it keeps away from nothing", a.Model))
	}
	return nil
}

// tiles is how many pictures a request that was checked makes, in how many columns.
func (r Request) tiles() (n, cols int) {
	switch r.Kind {
	case Variations:
		return r.Count, int(math.Ceil(math.Sqrt(float64(r.Count))))
	case Interpolation:
		return r.Count, r.Count
	case Grid:
		return len(r.Guidances) * len(r.StepCounts), len(r.StepCounts)
	}
	return 1, 1
}
