package nn

import "math"

// Init says how a parameter begins.
type Init struct {
	kind  initKind
	scale float64
}

type initKind uint8

const (
	constant initKind = iota
	uniform
	normal
)

// Fill begins with one value everywhere.
func Fill(v float64) Init { return Init{constant, v} }

// Zeros and Ones are the commonest constants.
var (
	Zeros = Fill(0)
	Ones  = Fill(1)
)

// Uniform is uniform in [-bound, bound).
func Uniform(bound float64) Init { return Init{uniform, bound} }

// Normal is Gaussian around zero with a standard deviation.
func Normal(std float64) Init { return Init{normal, std} }

// FanIn is uniform in ±1/sqrt(n), n being the inputs that one output sums: how
// torch.nn.Linear and Conv2d begin, weight and bias alike (Kaiming uniform with
// a = sqrt(5)), so that runs can be compared.
func FanIn(n int) Init { return Uniform(1 / math.Sqrt(float64(max(1, n)))) }

// Kaiming is Gaussian with standard deviation sqrt(2/n), n being the inputs that
// one output sums: it keeps the variance through ReLU (He et al., "Delving deep
// into rectifiers", ICCV 2015).
func Kaiming(n int) Init { return Normal(math.Sqrt(2 / float64(max(1, n)))) }

func (i Init) fill(v []float32, r stream) {
	for k := range v {
		switch i.kind {
		case uniform:
			v[k] = float32(float64(i.scale * float64(2*r.uniform()-1)))
		case normal:
			v[k] = float32(float64(i.scale * r.normal()))
		default:
			v[k] = float32(i.scale)
		}
	}
}

// stream is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). Integer arithmetic,
// and float64 products rounded one by one (the conversions below forbid fused
// multiply-add), give the same values on every machine.
type stream struct{ state uint64 }

const golden = 0x9e3779b97f4a7c15

func (r *stream) next() uint64 {
	r.state += golden
	return mix(r.state)
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// hash is 64-bit FNV-1a, mixed.
func hash(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return mix(h)
}

// uniform is in [0,1) with 53 bits.
func (r *stream) uniform() float64 { return float64(r.next()>>11) / (1 << 53) }

// normal is standard Gaussian by Marsaglia's polar method, the second value of
// each pair dropped so that a stream has no other state.
func (r *stream) normal() float64 {
	for {
		u, v := 2*r.uniform()-1, 2*r.uniform()-1
		s := float64(u*u) + float64(v*v)
		if s > 0 && s < 1 {
			return float64(u * math.Sqrt(float64(-2*ln(s))/s))
		}
	}
}

// ln is the natural logarithm of a positive number to about 2 ulp. math.Log has
// another algorithm on some processors, and the last bit would differ.
func ln(x float64) float64 {
	const ln2Hi, ln2Lo = 6.93147180369123816490e-01, 1.90821492927058770002e-10
	frac, exp := math.Frexp(x)
	if frac < math.Sqrt2/2 {
		frac, exp = 2*frac, exp-1
	}
	// ln(frac) = 2 atanh(t) with t = (frac-1)/(frac+1), |t| < 0.172.
	t := (frac - 1) / (frac + 1)
	square, power, sum := float64(t*t), t, 0.0
	for k := 1; k <= 23; k += 2 {
		sum += power / float64(k)
		power = float64(power * square)
	}
	e := float64(exp)
	return float64(e*ln2Hi) + (float64(2*sum) + float64(e*ln2Lo))
}
