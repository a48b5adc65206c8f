package lab

import "math"

// ConvPlane is what the kernel slides over: the picture, enlarged where the kind is resize, with its padding
// around it (a transposed convolution has none). Values are [H W C].
type ConvPlane struct {
	H, W, C          int
	Top              int // padding above and at the left
	InH, InW         int // of the part that is no padding
	Values           []float32
	sourceY, sourceX []int32 // which row and column of the picture; -1: a zero
}

// Plane is what the kernels of s slide over for a picture of h x w pixels with s.Channels channels.
func (s ConvSpec) Plane(in []float32, h, w int) *ConvPlane {
	p := &ConvPlane{C: s.Channels, InH: h, InW: w}
	if s.Kind == "resize" {
		p.InH, p.InW = h*s.Stride, w*s.Stride
	}
	if s.Kind != "transposed" {
		p.Top = s.Pad
	}
	p.sourceY, p.sourceX = s.sources(h), s.sources(w)
	p.H, p.W = len(p.sourceY), len(p.sourceX)
	p.Values = make([]float32, p.H*p.W*p.C)
	for y, sy := range p.sourceY {
		for x, sx := range p.sourceX {
			if sy >= 0 && sx >= 0 {
				copy(p.Values[(y*p.W+x)*p.C:][:p.C], in[(int(sy)*w+int(sx))*p.C:])
			}
		}
	}
	return p
}

// sources says for each place along a side that the kernel slides over which of n pixels it holds, -1 for a
// zero of the padding.
func (s ConvSpec) sources(n int) []int32 {
	if s.Kind == "transposed" {
		list := make([]int32, n)
		for i := range list {
			list[i] = int32(i)
		}
		return list
	}
	factor := 1
	if s.Kind == "resize" {
		factor = s.Stride
	}
	size := n * factor
	list := make([]int32, size+2*s.Pad)
	for i := range list {
		list[i] = -1
		if at := around(i-s.Pad, size, s.Mode); at >= 0 {
			list[i] = int32(at / factor)
		}
	}
	return list
}

// around is the pixel that stands at place i of n where the padding is of a mode, -1 for a zero.
func around(i, n int, mode string) int {
	if i >= 0 && i < n {
		return i
	}
	switch mode {
	case "reflect": // about the pixel at the border, which is not repeated
		if i < 0 {
			return -i
		}
		return 2*(n-1) - i
	case "replicate":
		return max(0, min(i, n-1))
	case "circular":
		return (i + n) % n
	}
	return -1
}

// ConvTap is one product of a window.
type ConvTap struct {
	Y, X    int  // place in the plane
	Padding bool // it is no pixel of the picture
	Hole    bool // transposed: the tap meets no pixel of the picture at all
	Value   float64
	Weight  float64
}

// Product is the value times the weight.
func (t ConvTap) Product() float64 { return t.Value * t.Weight }

// ConvWindow is how one value of a map comes about.
type ConvWindow struct {
	Output, Y, X int
	First        int       // channel of the plane that Taps begin with
	Channels     int       // that the kernel sees
	Taps         []ConvTap // [Channels Size Size]
	Sums         []float64 // of the products, by channel
	Sum          float64
	Bias         float64
	Pre          float64 // sum and bias
	Out          float64 // the activation of it
}

// Window is the window of one value of a map, computed in float64.
func (s ConvSpec) Window(p *ConvPlane, output, y, x int) ConvWindow {
	w := ConvWindow{Output: output, Y: y, X: x, Channels: s.Seen(), Bias: s.Bias}
	if s.Depthwise {
		w.First = output
	}
	w.Taps = make([]ConvTap, 0, w.Channels*s.Size*s.Size)
	w.Sums = make([]float64, w.Channels)
	for c := range w.Channels {
		for r := range s.Size {
			for q := range s.Size {
				t := s.tap(p, y, x, r, q)
				t.Weight = float64(s.At(output, c, r, q))
				if !t.Hole {
					t.Value = float64(p.Values[(t.Y*p.W+t.X)*p.C+w.First+c])
				}
				w.Sums[c] += t.Product()
				w.Taps = append(w.Taps, t)
			}
		}
		w.Sum += w.Sums[c]
	}
	w.Pre = w.Sum + s.Bias
	w.Out = ConvActivate(s.Activation, w.Pre)
	return w
}

// tap is where in the plane a tap of the kernel lies for a value of the map.
func (s ConvSpec) tap(p *ConvPlane, y, x, r, q int) ConvTap {
	if s.Kind == "transposed" {
		// pixel i gives to the values i*stride + r*dilation - pad
		ty, tx := y+s.Pad-r*s.Dilation, x+s.Pad-q*s.Dilation
		hole := ty < 0 || tx < 0 || ty%s.Stride != 0 || tx%s.Stride != 0 || ty/s.Stride >= p.H || tx/s.Stride >= p.W
		if hole {
			return ConvTap{Hole: true}
		}
		return ConvTap{Y: ty / s.Stride, X: tx / s.Stride}
	}
	stride := s.Stride
	if s.Kind == "resize" {
		stride = 1
	}
	t := ConvTap{Y: y*stride + r*s.Dilation, X: x*stride + q*s.Dilation}
	t.Padding = t.Y < p.Top || t.X < p.Top || t.Y >= p.Top+p.InH || t.X >= p.Top+p.InW
	return t
}

// Reference computes all maps one window after the other: [H W outputs] after the activation, and pooled
// [OutH OutW outputs]. It is slow, and what the device's results are compared with.
func (s ConvSpec) Reference(p *ConvPlane, z ConvSizes) (pre, act, out []float32) {
	k := len(s.Kernels)
	pre, act = make([]float32, z.H*z.W*k), make([]float32, z.H*z.W*k)
	for y := range z.H {
		for x := range z.W {
			for o := range k {
				w := s.Window(p, o, y, x)
				pre[(y*z.W+x)*k+o], act[(y*z.W+x)*k+o] = float32(w.Pre), float32(w.Out)
			}
		}
	}
	if s.Pool == "none" {
		return pre, act, act
	}
	out = make([]float32, z.OutH*z.OutW*k)
	for i := range out {
		y, x, o := i/k/z.OutW, i/k%z.OutW, i%k
		out[i] = float32(s.Pooled(act, z.W, o, y, x))
	}
	return pre, act, out
}

// Pooled is the value of a square of a map [H w outputs].
func (s ConvSpec) Pooled(act []float32, w, output, y, x int) float64 {
	best, sum := math.Inf(-1), 0.0
	for r := range s.PoolSize {
		for q := range s.PoolSize {
			v := float64(act[((y*s.PoolStride+r)*w+x*s.PoolStride+q)*len(s.Kernels)+output])
			best, sum = max(best, v), sum+v
		}
	}
	if s.Pool == "max" {
		return best
	}
	return sum / float64(s.PoolSize*s.PoolSize)
}

// convLeak is the slope of the leaky activation below 0.
const convLeak = 0.1

// ConvActivate is an activation of a ConvSpec.
func ConvActivate(name string, x float64) float64 {
	switch name {
	case "relu":
		return max(x, 0)
	case "leaky":
		if x > 0 {
			return x
		}
		return convLeak * x
	case "sigmoid":
		return 1 / (1 + math.Exp(-x))
	case "tanh":
		return math.Tanh(x)
	case "silu":
		return x / (1 + math.Exp(-x))
	case "gelu":
		return x / 2 * (1 + math.Erf(x/math.Sqrt2))
	}
	return x
}

// ConvActivationText is an activation as a formula.
func ConvActivationText(name string) string {
	switch name {
	case "relu":
		return "max(x, 0)"
	case "leaky":
		return "x, below 0: 0.1 x"
	case "sigmoid":
		return "1 / (1 + exp(-x))"
	case "tanh":
		return "tanh(x)"
	case "silu":
		return "x / (1 + exp(-x))"
	case "gelu":
		return "x Phi(x)"
	}
	return "x"
}
