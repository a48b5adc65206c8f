package gen

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Points are features of N pictures, D values each: [N D].
type Points struct {
	N, D   int
	Values []float32
}

func (p Points) row(i int) []float32 { return p.Values[i*p.D : (i+1)*p.D] }

// squareDistance of two rows.
func squareDistance(a, b []float32) float64 {
	sum := 0.0
	for i, x := range a {
		d := float64(x) - float64(b[i])
		sum += d * d
	}
	return sum
}

// PrecisionRecall compares drawn pictures with real ones by their features
// (Kynkäänniemi et al., "Improved precision and recall metric for assessing generative
// models", NeurIPS 2019). Around every point of a set lies a ball that reaches to its
// k-th nearest neighbour in the set. Precision is the share of drawn points within a
// ball of the real ones, recall the share of real points within a ball of the drawn.
// Both sets need more than k points.
func PrecisionRecall(real, fake Points, k int) (precision, recall float64, err error) {
	if real.D != fake.D || k < 1 || real.N <= k || fake.N <= k {
		return 0, 0, fmt.Errorf("precision and recall of %dx%d real and %dx%d drawn features with k=%d: "+
			"want equal widths, and more points than k", real.N, real.D, fake.N, fake.D, k)
	}
	inReal, inFake := balls(real, k), balls(fake, k)
	within := func(p, of Points, radius []float64) float64 {
		count := 0
		for i := range p.N {
			for j := range of.N {
				if squareDistance(p.row(i), of.row(j)) <= radius[j] {
					count++
					break
				}
			}
		}
		return float64(count) / float64(p.N)
	}
	return within(fake, real, inReal), within(real, fake, inFake), nil
}

// balls gives the squared distance of every point to its k-th nearest neighbour.
func balls(p Points, k int) []float64 {
	radius := make([]float64, p.N)
	away := make([]float64, p.N)
	for i := range p.N {
		for j := range p.N {
			away[j] = squareDistance(p.row(i), p.row(j))
		}
		slices.Sort(away)
		radius[i] = away[k] // away[0] is the point itself
	}
	return radius
}

// Frechet is the squared distance of two Gaussians that have the mean and covariance
// of two sets of points (Dowson and Landau, 1982; Heusel et al., NeurIPS 2017):
//
//	|m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^(1/2))
//
// Both sets need two points or more.
func Frechet(a, b Points) (float64, error) {
	if a.D != b.D || a.N < 2 || b.N < 2 {
		return 0, fmt.Errorf("frechet distance of %dx%d and %dx%d features: want equal widths, "+
			"and two points or more", a.N, a.D, b.N, b.D)
	}
	ma, ca := moments(a)
	mb, cb := moments(b)
	sum := 0.0
	for i := range ma {
		d := ma[i] - mb[i]
		sum += d*d + ca.At(i, i) + cb.At(i, i)
	}
	// The trace of (C1 C2)^(1/2) is that of (R C2 R)^(1/2) with R = C1^(1/2), which is symmetric.
	root, err := squareRoot(ca)
	if err != nil {
		return 0, err
	}
	var half, both mat.Dense
	half.Mul(root, cb)
	both.Mul(&half, root)
	values, _, err := eigen(symmetric(&both))
	if err != nil {
		return 0, err
	}
	for _, v := range values {
		sum -= 2 * math.Sqrt(max(v, 0))
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return 0, errNoFeature
	}
	return max(sum, 0), nil
}

// errNoFeature is why a distance cannot be told.
var errNoFeature = errors.New("frechet distance: a feature is no number: " +
	"the net that drew the pictures diverged")

// moments gives mean and unbiased covariance.
func moments(p Points) ([]float64, *mat.SymDense) {
	mean := make([]float64, p.D)
	for i := range p.N {
		for k, v := range p.row(i) {
			mean[k] += float64(v) / float64(p.N)
		}
	}
	c := mat.NewDense(p.N, p.D, nil)
	for i := range p.N {
		for k, v := range p.row(i) {
			c.Set(i, k, float64(v)-mean[k])
		}
	}
	var cov mat.SymDense
	cov.SymOuterK(1/float64(p.N-1), c.T())
	return mean, &cov
}

// squareRoot of a symmetric matrix without negative eigenvalues, but for rounding.
func squareRoot(c *mat.SymDense) (*mat.Dense, error) {
	values, vectors, err := eigen(c)
	if err != nil {
		return nil, err
	}
	n := len(values)
	scaled := mat.NewDense(n, n, nil)
	for j, v := range values {
		for i := range n {
			scaled.Set(i, j, vectors.At(i, j)*math.Sqrt(max(v, 0)))
		}
	}
	var root mat.Dense
	root.Mul(scaled, vectors.T())
	return &root, nil
}

func eigen(c *mat.SymDense) (values []float64, vectors *mat.Dense, err error) {
	var e mat.EigenSym
	if !e.Factorize(c, true) {
		return nil, nil, errNoFeature
	}
	vectors = &mat.Dense{}
	e.VectorsTo(vectors)
	return e.Values(nil), vectors, nil
}

// symmetric is (m + m') / 2: what rounding left of a symmetric matrix.
func symmetric(m *mat.Dense) *mat.SymDense {
	n, _ := m.Dims()
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, (m.At(i, j)+m.At(j, i))/2)
		}
	}
	return s
}

// Diversity is the mean distance of all pairs of points.
func Diversity(p Points) float64 {
	if p.N < 2 {
		return 0
	}
	sum := 0.0
	for i := range p.N {
		for j := range i {
			sum += math.Sqrt(squareDistance(p.row(i), p.row(j)))
		}
	}
	return sum / float64(p.N*(p.N-1)/2)
}

// Classes says what a classifier took N pictures for.
type Classes struct {
	Counts  []int   // pictures a class
	Present int     // classes with a picture at least
	Largest float64 // share of the pictures that the most frequent class has
}

// Count takes the largest of the logits [N K] of every picture for its class.
func Count(logits Points) Classes {
	c := Classes{Counts: make([]int, logits.D)}
	for i := range logits.N {
		c.Counts[Largest(logits, i)]++
	}
	for _, n := range c.Counts {
		if n > 0 {
			c.Present++
		}
		c.Largest = max(c.Largest, float64(n)/float64(max(1, logits.N)))
	}
	return c
}

// Largest is the class that picture i is taken for, by its logits [N K].
func Largest(logits Points, i int) int {
	row, best := logits.row(i), 0
	for k, v := range row {
		if v > row[best] {
			best = k
		}
	}
	return best
}
