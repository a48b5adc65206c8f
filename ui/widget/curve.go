package widget

import (
	"math"
	"sort"
)

// Curve is a series of points in bounded memory: up to curveBuckets stretches of neighbouring points with
// their least, greatest, first, last and mean value, so that a chart of any number of points costs the
// same and loses no peak. The zero value is an empty curve. It belongs to one goroutine.
type Curve struct {
	buckets []bucket
	per     int // points in a full bucket
	n       int
	skipped int
	gap     bool // a point that cannot be drawn came before the next one
}

const curveBuckets = 4096

// bucket is a stretch of a curve.
type bucket struct {
	x0, x1         float64
	first, last    float64
	min, max       float64
	minPos         float64 // least positive value, +Inf if none
	sum            float64
	n, nonPositive int
	gap            bool // not to be joined with the bucket before
}

// CurveOf returns the curve of these points, sorted by x. The shorter slice counts.
func CurveOf(x, y []float64) *Curve {
	n := min(len(x), len(y))
	at := make([]int, n)
	for i := range at {
		at[i] = i
	}
	sort.SliceStable(at, func(i, j int) bool { return x[at[i]] < x[at[j]] })
	c := &Curve{}
	for _, i := range at {
		c.Add(x[i], y[i])
	}
	return c
}

// Add appends a point. NaN and infinite values are counted and not drawn. An x below the last one cuts the
// curve back to it first, as a run that was rewound does.
func (c *Curve) Add(x, y float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) || math.IsNaN(y) || math.IsInf(y, 0) {
		c.skipped++
		c.gap = true
		return
	}
	if n := len(c.buckets); n > 0 && x < c.buckets[n-1].x1 {
		c.rewind(x)
	}
	x, y = clampFinite(x), clampFinite(y)
	c.per = max(c.per, 1)
	c.n++
	if n := len(c.buckets); n > 0 && c.buckets[n-1].n < c.per && !c.gap {
		c.buckets[n-1].join(point(x, y))
		return
	}
	if len(c.buckets) >= curveBuckets {
		c.halve()
	}
	b := point(x, y)
	b.gap, c.gap = c.gap, false
	c.buckets = append(c.buckets, b)
}

// clampFinite keeps differences of two values finite.
func clampFinite(v float64) float64 { return max(-1e300, min(v, 1e300)) }

func point(x, y float64) bucket {
	b := bucket{x0: x, x1: x, first: y, last: y, min: y, max: y, sum: y, n: 1, minPos: math.Inf(1)}
	if y > 0 {
		b.minPos = y
	} else {
		b.nonPositive = 1
	}
	return b
}

// join adds the stretch that follows.
func (b *bucket) join(a bucket) {
	b.x1, b.last = a.x1, a.last
	b.min, b.max, b.minPos = min(b.min, a.min), max(b.max, a.max), min(b.minPos, a.minPos)
	b.sum += a.sum
	b.n += a.n
	b.nonPositive += a.nonPositive
}

// halve joins pairs of buckets.
func (c *Curve) halve() {
	k := 0
	for i := 0; i < len(c.buckets); i += 2 {
		b := c.buckets[i]
		if i+1 < len(c.buckets) {
			b.join(c.buckets[i+1])
		}
		c.buckets[k] = b
		k++
	}
	c.buckets = c.buckets[:k]
	c.per *= 2
}

// rewind drops what is at or beyond x; a stretch around x goes with it if it began there.
func (c *Curve) rewind(x float64) {
	k := sort.Search(len(c.buckets), func(i int) bool { return c.buckets[i].x1 >= x })
	for _, b := range c.buckets[k:] {
		c.n -= b.n
	}
	c.buckets = c.buckets[:k]
}

// Len is the number of points that can be drawn, Skipped the number that cannot (NaN, infinite).
func (c *Curve) Len() int { return c.n }

// Skipped counts the points that were NaN or infinite.
func (c *Curve) Skipped() int { return c.skipped }

// Last returns the newest point.
func (c *Curve) Last() (x, y float64, ok bool) {
	if len(c.buckets) == 0 {
		return 0, 0, false
	}
	b := c.buckets[len(c.buckets)-1]
	return b.x1, b.last, true
}

// visible returns the buckets that touch x0..x1 and one more at each side, so that lines run to the edge.
func (c *Curve) visible(x0, x1 float64) []bucket {
	bs := c.buckets
	i := sort.Search(len(bs), func(i int) bool { return bs[i].x1 >= x0 })
	j := sort.Search(len(bs), func(i int) bool { return bs[i].x0 > x1 })
	return bs[max(0, i-1):min(len(bs), j+1)]
}

// spacing is the mean distance of two points in x, +Inf where there are not two.
func (c *Curve) spacing() float64 {
	if c == nil || c.n < 2 {
		return math.Inf(1)
	}
	return (c.buckets[len(c.buckets)-1].x1 - c.buckets[0].x0) / float64(c.n-1)
}

// smooth returns the buckets with their values replaced by the exponential moving mean of factor a for
// every dx of the way along x, so that sparse and dense curves are smoothed over the same stretch. It
// is corrected for its beginning at zero (D. Kingma and J. Ba, Adam, 2015, section 3).
func smooth(bs []bucket, a, dx float64) []bucket {
	out := make([]bucket, len(bs))
	mean, weight := 0., 0.
	for i, b := range bs {
		points := float64(b.n)
		if i > 0 && dx > 0 && !math.IsInf(dx, 0) {
			points = max(points, (b.x1-bs[i-1].x1)/dx)
		}
		k := math.Pow(a, points)
		mean = k*mean + (1-k)*b.sum/float64(b.n)
		weight = k*weight + (1 - k)
		v := mean / weight
		p := point((b.x0+b.x1)/2, v)
		p.gap = b.gap
		out[i] = p
	}
	return out
}
