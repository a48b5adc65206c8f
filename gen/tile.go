package gen

import (
	"math"
	"math/rand/v2"
)

// Term is a text, TextLength tokens, and its weight.
type Term struct {
	Text   []int32
	Weight float64
}

// Tile is one picture of a painting.
type Tile struct {
	// Terms are what the picture is to be like: each step goes by the sum of the estimates of the texts by their
	// weights, which sum up to 1. So guidance goes beyond a text, away from another (Ho and Salimans, "Classifier-free
	// diffusion guidance", 2021), and two texts can be mixed (Liu et al., "Compositional visual generation with
	// composable diffusion models", ECCV 2022).
	Terms []Term
	// Stream of the seed that the picture's noise is drawn from.
	Stream uint64
	// Spread over 0 turns the first noise only that far from that of stream 0 to its own: a quarter of a circle at 1,
	// so that it stays as strong (see Shoemake, "Animating rotation with quaternion curves", 1985).
	Spread float64
}

// Guided are the terms of a text and one to be avoided at a guidance.
func Guided(text, avoid []int32, guidance float64) []Term {
	if guidance == 1 {
		return []Term{{text, 1}}
	}
	return []Term{{text, guidance}, {avoid, 1 - guidance}}
}

// Noise fills dst with the first noise of a picture at a seed.
func (t Tile) Noise(seed uint64, dst []float32) {
	if t.Spread > 0 {
		gaussian(stream(seed, 0), dst)
		sin, cos := math.Sincos(math.Pi / 2 * t.Spread)
		own := stream(seed, t.Stream)
		for i, v := range dst {
			dst[i] = float32(cos*float64(v) + sin*own.NormFloat64())
		}
		return
	}
	gaussian(stream(seed, t.Stream), dst)
}

// laterNoise tells the noise that samplers and masks add on the way from the first.
const laterNoise = 1 << 63

// stream is one of a seed's sources of random numbers.
func stream(seed, i uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, i+1)) }

// gaussian fills dst with standard Gaussian noise.
func gaussian(r *rand.Rand, dst []float32) {
	for i := range dst {
		dst[i] = float32(r.NormFloat64())
	}
}
