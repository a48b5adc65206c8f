package lab

import (
	"math"
	"math/rand/v2"
	"slices"
)

// convSingles are the presets of one kernel; the second output has the next of them, and so on.
var convSingles = []string{"identity", "box", "gaussian", "sharpen", "sobel-x", "sobel-y", "laplacian",
	"emboss"}

// convBanks are the presets that are different for each output, with the outputs they begin with.
var convBanks = map[string]int{"gabor": 8, "random": 4}

// ConvKernels lists the presets, and "own" for what the user wrote.
func ConvKernels() []string { return append(slices.Clone(convSingles), "gabor", "random", "own") }

// fill gives every output its kernel of a preset. Own kernels stay as they are.
func (s *ConvSpec) fill(name string, outputs int) {
	if name == "own" {
		s.Kernels = slices.Clone(s.Kernels)
		for i := range s.Kernels {
			s.Kernels[i].Name = "own"
		}
		return
	}
	s.Kernels = make([]ConvKernel, outputs)
	for k := range s.Kernels {
		s.Kernels[k] = s.preset(s.nth(name, k), k, outputs)
	}
}

// nth is the preset of output k of those that begin with a name.
func (s ConvSpec) nth(name string, k int) string {
	i := slices.Index(convSingles, name)
	if i < 0 || s.Depthwise { // a bank, or one kernel for every channel
		return name
	}
	return convSingles[(i+k)%len(convSingles)]
}

// grow changes the number of outputs; those that there are keep their kernels.
func (s *ConvSpec) grow(outputs int) {
	first := s.Kernels[0].Name
	old := s.Kernels
	s.Kernels = make([]ConvKernel, outputs)
	for k := range s.Kernels {
		switch {
		case k < len(old) && convBanks[old[k].Name] == 0:
			s.Kernels[k] = old[k]
		case first == "own":
			s.Kernels[k] = s.preset(s.nth("identity", k-1), k, outputs)
		default:
			s.Kernels[k] = s.preset(s.nth(first, k), k, outputs)
		}
	}
}

// refit makes the kernels anew for another size or other channels than those of old. A user's own kernel
// keeps its middle, and its sum over the channels.
func (s *ConvSpec) refit(old ConvSpec) {
	outputs := len(s.Kernels)
	if s.Depthwise {
		outputs = s.Channels
	} else if old.Depthwise {
		outputs = 1
	}
	first := s.Kernels[0].Name
	kernels := make([]ConvKernel, outputs)
	for k := range kernels {
		from := min(k, len(s.Kernels)-1)
		name := s.Kernels[from].Name
		if s.Depthwise || k >= len(s.Kernels) {
			name = s.nth(first, k)
		}
		if name == "own" {
			kernels[k] = s.carry(old, s.Kernels[from])
			continue
		}
		kernels[k] = s.preset(name, k, outputs)
	}
	s.Kernels = kernels
}

// carry puts a kernel of an older spec into the size and channels of this one.
func (s ConvSpec) carry(old ConvSpec, k ConvKernel) ConvKernel {
	was, is := len(k.Weights)/(old.Size*old.Size), s.Seen()
	shift := (old.Size-1)/2 - (s.Size-1)/2 // the middle stays in the middle
	out := ConvKernel{Name: "own", Weights: make([]float32, is*s.Size*s.Size)}
	for c := range is {
		for r := range s.Size {
			for x := range s.Size {
				or, ox := r+shift, x+shift
				if or < 0 || ox < 0 || or >= old.Size || ox >= old.Size {
					continue
				}
				at := or*old.Size + ox
				v := float32(0)
				switch {
				case was == is:
					v = k.Weights[c*old.Size*old.Size+at]
				case was == 1:
					v = k.Weights[at] / float32(is)
				default:
					for d := range was {
						v += k.Weights[d*old.Size*old.Size+at]
					}
				}
				out.Weights[(c*s.Size+r)*s.Size+x] = v
			}
		}
	}
	return out
}

// preset is the kernel of output k of so many. On several channels a kernel of one plane is the mean over
// them, so that a colour picture gives what its grey one gives, about.
func (s ConvSpec) preset(name string, k, outputs int) ConvKernel {
	n, seen := s.Size, s.Seen()
	out := ConvKernel{Name: name, Weights: make([]float32, seen*n*n)}
	if name == "random" {
		// scaled as He et al. (2015) begin a layer before a ReLU
		r := rand.New(rand.NewPCG(uint64(s.Seed), uint64(k)))
		for i := range out.Weights {
			out.Weights[i] = float32(r.NormFloat64() * math.Sqrt(2/float64(seen*n*n)))
		}
		return out
	}
	plane := convPlane(name, n, k, outputs)
	for i, v := range plane {
		for c := range seen {
			out.Weights[c*n*n+i] = float32(v / float64(seen))
		}
	}
	return out
}

// convPlane is a preset of n x n. At 3x3 it has the numbers of the textbooks; at other sizes its weights
// add up to as much.
func convPlane(name string, n, k, outputs int) []float64 {
	p := make([]float64, n*n)
	mid := float64(n-1) / 2
	each := func(f func(y, x float64) float64) {
		for i := range p {
			p[i] = f(float64(i/n)-mid, float64(i%n)-mid)
		}
	}
	// the tap that stands for the pixel itself; at even sizes the one before the middle
	centre := (n-1)/2*n + (n-1)/2
	sigma := 0.15*float64(n) + 0.35 // of OpenCV's getGaussianKernel: 0.8 for 3 taps
	gauss := func(y, x float64) float64 { return math.Exp(-(y*y + x*x) / (2 * sigma * sigma)) }
	switch name {
	case "identity":
		p[centre] = 1
	case "box":
		each(func(_, _ float64) float64 { return 1 / float64(n*n) })
	case "gaussian":
		each(gauss)
		scale(p, 1/total(p, math.Abs))
	case "sharpen":
		if n == 3 {
			return []float64{0, -1, 0, -1, 5, -1, 0, -1, 0}
		}
		each(gauss) // twice the picture less its blur (unsharp masking)
		scale(p, -1/total(p, math.Abs))
		p[centre] += 2
	case "sobel-x", "sobel-y":
		smooth, slope := binomial(n), difference(n)
		for i := range p {
			p[i] = smooth[i/n] * slope[i%n]
			if name == "sobel-y" {
				p[i] = slope[i/n] * smooth[i%n]
			}
		}
		balance(p, 4)
	case "laplacian":
		if n == 3 {
			return []float64{0, 1, 0, 1, -4, 1, 0, 1, 0}
		}
		each(func(y, x float64) float64 { return (y*y + x*x - 2*sigma*sigma) * gauss(y, x) })
		centred(p)
		balance(p, 4)
	case "emboss":
		each(func(y, x float64) float64 { return y + x })
		balance(p, 4)
		p[centre]++
	case "gabor":
		angle := math.Pi * float64(k) / float64(outputs)
		wave, width := max(2, float64(n)*0.6), max(0.6, float64(n)/4.5)
		each(func(y, x float64) float64 {
			u, v := x*math.Cos(angle)+y*math.Sin(angle), y*math.Cos(angle)-x*math.Sin(angle)
			return math.Exp(-(u*u+v*v/2)/(2*width*width)) * math.Cos(2*math.Pi*u/wave)
		})
		centred(p) // a flat stretch of the picture gives 0
		balance(p, 1)
	}
	return p
}

// binomial are the weights of n taps that a row of Pascal's triangle gives.
func binomial(n int) []float64 {
	row := []float64{1}
	for len(row) < n {
		next := make([]float64, len(row)+1)
		for i, v := range row {
			next[i] += v
			next[i+1] += v
		}
		row = next
	}
	return row
}

// difference is a smoothed difference over n taps, 0 for a single one.
func difference(n int) []float64 {
	switch n {
	case 1:
		return []float64{0}
	case 2:
		return []float64{-1, 1}
	}
	out := make([]float64, n)
	for i, v := range binomial(n - 2) {
		out[i] -= v
		out[i+2] += v
	}
	return out
}

func total(p []float64, f func(float64) float64) (sum float64) {
	for _, v := range p {
		sum += f(v)
	}
	return sum
}

func scale(p []float64, f float64) {
	for i := range p {
		p[i] *= f
	}
}

// centred takes the mean away.
func centred(p []float64) {
	mean := total(p, func(v float64) float64 { return v }) / float64(len(p))
	for i := range p {
		p[i] -= mean
	}
}

// balance scales the weights so that the positive ones add up to a sum; without any, nothing changes.
func balance(p []float64, sum float64) {
	if up := total(p, func(v float64) float64 { return max(v, 0) }); up > 1e-12 {
		scale(p, sum/up)
	}
}
