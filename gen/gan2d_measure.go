package gen

import (
	"math"

	"mllab/samples"
)

// Measure2D says how near fake points are to real ones.
type Measure2D struct {
	// KL is the divergence of Kullback and Leibler of the fake points from the real ones, sum p log(p/q)
	// with p real: large where real points lie and no fake ones. JS is that of Jensen and Shannon, from 0 to
	// log 2 = 0.693. Both in nats, of smoothed histograms; see Histogram2D.
	KL, JS float64
	// Modes is how many clusters the data has, 0 where that is not known. Covered counts those within
	// whose 3 deviations at least a tenth of their fair share of the fake points lies.
	Modes, Covered int
	// Quality is the share of fake points within 3 deviations of any mode.
	Quality float64
	Counts  []int // fake points within each mode
}

// bins2D is the side of a histogram over the plane from -Reach2D to Reach2D.
const bins2D = 48

// Histogram2D is the share of points in each of bins2D x bins2D cells, smoothed by a Gaussian with a
// deviation of one cell, and with a hundredth of all spread evenly, so that no cell is empty. Without that,
// one empty cell makes a divergence infinite; with it, 2,000 points of one distribution measured against as
// many others of the same have a JS of about 0.01 rather than 0. Points outside count in the nearest cell.
type Histogram2D [bins2D * bins2D]float64

// NewHistogram2D counts points, x and y in turns; those that are no numbers are left out.
func NewHistogram2D(points []float32) *Histogram2D {
	var h Histogram2D
	n := 0.0
	for i := 0; i+1 < len(points); i += 2 {
		x, y := float64(points[i]), float64(points[i+1])
		if math.IsNaN(x) || math.IsNaN(y) {
			continue
		}
		cell := func(v float64) int {
			return int(max(0, min(bins2D-1, math.Floor((v+Reach2D)/(2*Reach2D)*bins2D))))
		}
		h[cell(y)*bins2D+cell(x)]++
		n++
	}
	h.smooth()
	const spread = 0.01
	for i := range h {
		share := 0.0
		if n > 0 {
			share = h[i] / n * (1 - spread)
		}
		h[i] = share + spread/float64(len(h))
	}
	return &h
}

// smooth spreads each count over its neighbours, along one axis and then the other. At the edges what
// would fall outside stays in the last cell.
func (h *Histogram2D) smooth() {
	kernel := [5]float64{}
	sum := 0.0
	for i := range kernel {
		d := float64(i - 2)
		kernel[i] = math.Exp(-d * d / 2)
		sum += kernel[i]
	}
	for _, step := range []int{1, bins2D} {
		var out Histogram2D
		for i, v := range h {
			if v == 0 {
				continue
			}
			at := i / step % bins2D
			for k, w := range kernel {
				to := min(max(at+k-2, 0), bins2D-1)
				out[i+(to-at)*step] += v * w / sum
			}
		}
		*h = out
	}
}

// Divergence2D gives the divergences of histograms: KL and JS of q from p, in nats.
func Divergence2D(p, q *Histogram2D) (kl, js float64) {
	for i := range p {
		m := (p[i] + q[i]) / 2
		kl += p[i] * math.Log(p[i]/q[i])
		js += (p[i]*math.Log(p[i]/m) + q[i]*math.Log(q[i]/m)) / 2
	}
	return kl, js
}

// MeasurePoints compares fake points with the histogram of real ones and with the modes of the data.
func MeasurePoints(real *Histogram2D, modes []samples.Mode, fakes []float32) Measure2D {
	m := Measure2D{Modes: len(modes), Counts: make([]int, len(modes))}
	m.KL, m.JS = Divergence2D(real, NewHistogram2D(fakes))
	if len(modes) == 0 {
		return m
	}
	const deviations = 3
	good, n := 0, len(fakes)/2
	for i := range n {
		x, y := float64(fakes[2*i]), float64(fakes[2*i+1])
		near := false
		for k, c := range modes {
			if d := deviations * c.Sigma; (x-c.X)*(x-c.X)+(y-c.Y)*(y-c.Y) <= d*d {
				m.Counts[k]++
				near = true
			}
		}
		if near {
			good++
		}
	}
	const share = 0.1 // of the fair one
	for _, c := range m.Counts {
		if float64(c) >= share*float64(n)/float64(len(modes)) && c > 0 {
			m.Covered++
		}
	}
	m.Quality = float64(good) / float64(max(1, n))
	return m
}
