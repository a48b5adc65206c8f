package lab

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The choices of a ConvSpec, the plain one first.
var (
	ConvModes       = []string{"zero", "reflect", "replicate", "circular"}
	ConvKinds       = []string{"convolution", "transposed", "resize"}
	convTransposed  = []string{"no", "yes", "resize"} // as Set takes a kind
	ConvActivations = []string{"none", "relu", "leaky", "sigmoid", "tanh", "silu", "gelu"}
	ConvPools       = []string{"none", "max", "average"}
)

// ConvSpec says what the convolution lab computes: a picture of 1 or 3 channels, the kernels that slide
// over it, and what is done with each sum. Begin with NewConvSpec; change it by Set, which keeps it whole. It
// is a value: Set never changes slices that copies share.
type ConvSpec struct {
	Kernels    []ConvKernel `json:"kernels"` // one an output
	Size       int          `json:"size"`    // taps of a side
	Stride     int          `json:"stride"`
	Pad        int          `json:"padding"` // at each side; transposed: taken off the output
	Mode       string       `json:"mode"`    // what the padding holds
	Dilation   int          `json:"dilation"`
	Kind       string       `json:"kind"`     // resize: enlarged by the stride, then a convolution of stride 1
	Channels   int          `json:"channels"` // of the picture: 1 grey, 3 RGB
	Depthwise  bool         `json:"depthwise"`
	Bias       float64      `json:"bias"`
	Activation string       `json:"activation"`
	Pool       string       `json:"pool"`
	PoolSize   int          `json:"pool_size"`
	PoolStride int          `json:"pool_stride"`
	Seed       int          `json:"seed"` // of random kernels
}

// ConvKernel is what one output weighs: Size*Size weights, row by row, for each channel that it sees (all
// channels of the picture, or its own alone when depthwise).
type ConvKernel struct {
	Name    string    `json:"name"`
	Weights []float32 `json:"weights"`
}

// NewConvSpec is a 3x3 kernel at stride 1 whose result is as large as the picture.
func NewConvSpec() ConvSpec {
	s := ConvSpec{Size: 3, Stride: 1, Pad: 1, Mode: "zero", Dilation: 1, Kind: "convolution", Channels: 1,
		Activation: "none", Pool: "none", PoolSize: 2, PoolStride: 2, Seed: 1}
	s.fill("sobel-x", 1)
	return s
}

// ConvParam is a parameter of a ConvSpec: a choice of texts, or a number.
type ConvParam struct {
	Name, What string
	Choices    []string
	Min, Max   float64 // of a number
	Step       float64
}

// ConvParams lists what Set takes, in the order in which a learner meets it.
func ConvParams() []ConvParam {
	whole := func(name, what string, least, most float64) ConvParam {
		return ConvParam{Name: name, What: what, Min: least, Max: most, Step: 1}
	}
	return []ConvParam{
		{Name: "kernel", What: "the weights: a preset, or your own", Choices: ConvKernels()},
		whole("size", "taps of a side of the kernel", 1, maxConvSize),
		whole("stride", "pixels from one window to the next", 1, 8),
		whole("padding", "pixels put around the picture", 0, 16),
		{Name: "mode", What: "what the padding holds", Choices: ConvModes},
		whole("dilation", "distance of two taps", 1, 5),
		{Name: "transposed", What: "larger by a transposed convolution, or by resize and convolution",
			Choices: convTransposed},
		{Name: "channels", What: "of the picture", Choices: []string{"grey", "rgb"}},
		whole("outputs", "kernels, and so maps", 1, maxConvOutputs),
		{Name: "depthwise", What: "each channel has a kernel of its own", Choices: []string{"no", "yes"}},
		{Name: "bias", What: "added to every sum", Min: -10, Max: 10, Step: 0.1},
		{Name: "activation", What: "function of the sum", Choices: ConvActivations},
		{Name: "pool", What: "one value of several neighbours", Choices: ConvPools},
		whole("pool.size", "side of the square that is pooled", 1, 8),
		whole("pool.stride", "outputs from one square to the next", 1, 8),
		whole("seed", "of random kernels", 0, 9999),
	}
}

const (
	maxConvSize    = 11
	maxConvOutputs = 16
	maxConvValues  = 2 << 20 // of a result
)

// Get is the value of a parameter as Set takes it, "" for an unknown one.
func (s ConvSpec) Get(name string) string {
	if n := s.number(name); n != nil {
		return strconv.Itoa(*n)
	}
	switch name {
	case "kernel":
		return s.Kernels[0].Name
	case "outputs":
		return strconv.Itoa(len(s.Kernels))
	case "channels":
		return map[bool]string{true: "rgb", false: "grey"}[s.Channels == 3]
	case "depthwise":
		return map[bool]string{true: "yes", false: "no"}[s.Depthwise]
	case "bias":
		return strconv.FormatFloat(s.Bias, 'g', 6, 64)
	case "mode":
		return s.Mode
	case "transposed":
		return convTransposed[slices.Index(ConvKinds, s.Kind)]
	case "activation":
		return s.Activation
	case "pool":
		return s.Pool
	}
	return ""
}

// number is the field of a parameter that is a whole number.
func (s *ConvSpec) number(name string) *int {
	switch name {
	case "size":
		return &s.Size
	case "stride":
		return &s.Stride
	case "padding":
		return &s.Pad
	case "dilation":
		return &s.Dilation
	case "pool.size":
		return &s.PoolSize
	case "pool.stride":
		return &s.PoolStride
	case "seed":
		return &s.Seed
	}
	return nil
}

// Set changes a parameter and what depends on it. A value that the parameter cannot have is an error and
// changes nothing; whether all fits together is said by Check.
func (s *ConvSpec) Set(name, value string) error {
	params := ConvParams()
	i := slices.IndexFunc(params, func(p ConvParam) bool { return p.Name == name })
	if i < 0 {
		var names []string
		for _, p := range params {
			names = append(names, p.Name)
		}
		return fmt.Errorf("%q is no parameter of the convolution: want one of %s", name, strings.Join(names, ", "))
	}
	p := params[i]
	value = strings.ToLower(strings.TrimSpace(value))
	if p.Choices != nil {
		if !slices.Contains(p.Choices, value) {
			return fmt.Errorf("%s %q: want one of %s", name, value, strings.Join(p.Choices, ", "))
		}
		s.choose(name, value)
		return nil
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(v) || v < p.Min || v > p.Max || p.Step == 1 && v != math.Trunc(v) {
		kind := "a whole number from"
		if p.Step != 1 {
			kind = "a number from"
		}
		return fmt.Errorf("%s %q: want %s %g to %g", name, value, kind, p.Min, p.Max)
	}
	old := *s
	switch name {
	case "bias":
		s.Bias = v
	case "outputs":
		s.Depthwise = false
		s.grow(int(v))
	default:
		*s.number(name) = int(v)
	}
	if name == "size" || name == "seed" {
		s.refit(old)
	}
	return nil
}

// choose sets a parameter that has choices.
func (s *ConvSpec) choose(name, value string) {
	old := *s
	switch name {
	case "kernel":
		outputs := 1
		if bank := convBanks[value]; bank > 0 {
			outputs = bank
			if value == "gabor" && s.Size < 5 {
				s.Size, s.Pad = 7, 3
			}
		}
		if s.Depthwise {
			outputs = s.Channels
		}
		s.fill(value, outputs)
	case "channels":
		s.Channels = map[string]int{"grey": 1, "rgb": 3}[value]
		s.refit(old)
	case "depthwise":
		s.Depthwise = value == "yes"
		s.refit(old)
	case "mode":
		s.Mode = value
	case "transposed":
		s.Kind = ConvKinds[slices.Index(convTransposed, value)]
	case "activation":
		s.Activation = value
	case "pool":
		s.Pool = value
	}
}

// Groups is the number of groups of channels that do not mix.
func (s ConvSpec) Groups() int {
	if s.Depthwise {
		return s.Channels
	}
	return 1
}

// Seen is the number of channels that one kernel sees.
func (s ConvSpec) Seen() int { return s.Channels / s.Groups() }

// At is the weight of an output's kernel for a channel that it sees.
func (s ConvSpec) At(output, channel, r, c int) float32 {
	return s.Kernels[output].Weights[(channel*s.Size+r)*s.Size+c]
}

// SetWeight changes one weight; the kernel is then the user's own.
func (s *ConvSpec) SetWeight(output, channel, r, c int, v float32) {
	s.Kernels = slices.Clone(s.Kernels)
	k := ConvKernel{Name: "own", Weights: slices.Clone(s.Kernels[output].Weights)}
	k.Weights[(channel*s.Size+r)*s.Size+c] = v
	s.Kernels[output] = k
}

// ErrImpossible marks a combination that has no result.
var ErrImpossible = errors.New("impossible")

// impossible is an error that says why, and the way on.
func impossible(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrImpossible, fmt.Sprintf(format, args...))
}

// Check says why a picture of h x w pixels has no result, and the way on; nil where it has one.
func (s ConvSpec) Check(h, w int) error {
	least := min(h, w)
	span := (s.Size-1)*s.Dilation + 1
	if s.Kind == "transposed" {
		if s.Mode != "zero" && s.Pad > 0 {
			return impossible("a transposed convolution takes its padding off the output, so that there is nothing "+
				"to fill by %s: want mode zero", s.Mode)
		}
		if got := (least-1)*s.Stride + span - 2*s.Pad; got < 1 {
			return impossible("padding %d at both sides takes all %d pixels of the output away: want padding %d or "+
				"less", s.Pad, (least-1)*s.Stride+span, ((least-1)*s.Stride+span-1)/2)
		}
	} else {
		if s.Kind == "resize" {
			least *= s.Stride
		}
		switch {
		case s.Mode == "reflect" && s.Pad > least-1:
			return impossible("%d pixels of padding cannot be reflected in a picture of %d: want padding %d or "+
				"less, or mode replicate", s.Pad, least, least-1)
		case s.Mode == "circular" && s.Pad > least:
			return impossible("%d pixels of padding are more than a picture of %d can go around: want padding %d "+
				"or less", s.Pad, least, least)
		case span > least+2*s.Pad:
			return impossible("the kernel reaches over %d pixels, and the picture has %d with its padding: want a "+
				"smaller kernel or dilation, or padding %d", span, least+2*s.Pad, (span-least+1)/2)
		}
	}
	z := s.Sizes(h, w)
	if s.Pool != "none" && (z.H < s.PoolSize || z.W < s.PoolSize) {
		return impossible("squares of %dx%d do not fit into a map of %dx%d: want pool.size %d or less",
			s.PoolSize, s.PoolSize, z.H, z.W, min(z.H, z.W))
	}
	if n := z.H * z.W * len(s.Kernels); n > maxConvValues {
		return impossible("%d maps of %dx%d are more than the lab shows: want a smaller stride or fewer outputs",
			len(s.Kernels), z.H, z.W)
	}
	return nil
}

// ConvSizes are the sizes on the way of a picture through a ConvSpec.
type ConvSizes struct {
	PadH, PadW int // of what the kernel slides over; transposed: of the picture
	H, W       int // of a map
	OutH, OutW int // of a map after pooling
}

// Sizes are those for a picture of h x w that passes Check.
func (s ConvSpec) Sizes(h, w int) ConvSizes {
	z := ConvSizes{}
	z.PadH, z.H = s.extent(h)
	z.PadW, z.W = s.extent(w)
	z.OutH, z.OutW = z.H, z.W
	if s.Pool != "none" {
		z.OutH, z.OutW = (z.H-s.PoolSize)/s.PoolStride+1, (z.W-s.PoolSize)/s.PoolStride+1
	}
	return z
}

// extent is the length that the kernel slides over, and that of the result, for n pixels.
func (s ConvSpec) extent(n int) (padded, out int) {
	span := (s.Size-1)*s.Dilation + 1
	stride := s.Stride
	switch s.Kind {
	case "transposed":
		return n, (n-1)*s.Stride + span - 2*s.Pad
	case "resize":
		n, stride = n*s.Stride, 1
	}
	padded = n + 2*s.Pad
	return padded, (padded-span)/stride + 1
}

// Formula is how the size of the result comes about, for a side of n pixels.
func (s ConvSpec) Formula(n int) string {
	_, out := s.extent(n)
	reach := fmt.Sprintf("%d*(%d-1)", s.Dilation, s.Size)
	var text string
	switch s.Kind {
	case "transposed":
		text = fmt.Sprintf("(%d-1)*%d - 2*%d + %s + 1 = %d", n, s.Stride, s.Pad, reach, out)
	case "resize":
		text = fmt.Sprintf("%d*%d = %d, floor((%d + 2*%d - %s - 1)/1) + 1 = %d", n, s.Stride, n*s.Stride,
			n*s.Stride, s.Pad, reach, out)
	default:
		text = fmt.Sprintf("floor((%d + 2*%d - %s - 1)/%d) + 1 = %d", n, s.Pad, reach, s.Stride, out)
	}
	if s.Pool != "none" {
		text += fmt.Sprintf(", pooled floor((%d - %d)/%d) + 1 = %d", out, s.PoolSize, s.PoolStride,
			(out-s.PoolSize)/s.PoolStride+1)
	}
	return text
}

// SetKernel makes the first kernel the user's own: rows divided by ";", weights by "," or blanks, as in
// "-1,0,1; -2,0,2; -1,0,1". On a picture of several channels each sees these weights divided by their number.
func (s *ConvSpec) SetKernel(text string) error {
	var rows [][]float32
	for _, line := range strings.Split(strings.TrimSuffix(strings.TrimSpace(text), ";"), ";") {
		var row []float32
		for _, f := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
			v, err := strconv.ParseFloat(f, 32)
			if err != nil || math.IsNaN(v) || math.Abs(v) > 1000 {
				return fmt.Errorf("weight %q: want a number from -1000 to 1000", f)
			}
			row = append(row, float32(v))
		}
		rows = append(rows, row)
	}
	n := len(rows)
	for i, row := range rows {
		if len(row) != n || n > maxConvSize {
			return fmt.Errorf("kernel: row %d of %d has %d weights: want as many rows as columns, 1 to %d", i+1, n,
				len(row), maxConvSize)
		}
	}
	old := *s
	if s.Size = n; n != old.Size {
		s.refit(old)
	}
	k := ConvKernel{Name: "own", Weights: make([]float32, s.Seen()*n*n)}
	for i := range k.Weights {
		k.Weights[i] = rows[i/n%n][i%n] / float32(s.Seen())
	}
	s.Kernels = slices.Clone(s.Kernels)
	s.Kernels[0] = k
	return nil
}
