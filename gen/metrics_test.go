package gen_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/gen"
)

func points(d int, v ...float32) gen.Points { return gen.Points{N: len(v) / d, D: d, Values: v} }

// cluster is n points on a line of small steps from a place on.
func cluster(x float32, n int) []float32 {
	var v []float32
	for i := range n {
		v = append(v, x+0.01*float32(i), 0)
	}
	return v
}

func TestPrecisionRecall(t *testing.T) {
	two := points(2, append(cluster(0, 10), cluster(100, 10)...)...)
	one := points(2, cluster(0.005, 20)...)
	far := points(2, cluster(50, 20)...)
	tests := []struct {
		name              string
		real, fake        gen.Points
		precision, recall float64
	}{
		{"the same", two, two, 1, 1},
		{"one of two modes", two, points(2, cluster(0.005, 10)[:20]...), 1, 0.5},
		{"half of the drawn are elsewhere", points(2, cluster(0, 10)...), two, 0.5, 1},
		{"apart", one, far, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, r, err := gen.PrecisionRecall(tt.real, tt.fake, 3)
			require.NoError(t, err)
			assert.InDelta(t, tt.precision, p, 1e-12)
			assert.InDelta(t, tt.recall, r, 1e-12)
		})
	}
	// The third neighbour of 0 among 0, 1, 3, 6 is 6 away; that of 3 is 3 away.
	line := points(1, 0, 1, 3, 6)
	p, _, err := gen.PrecisionRecall(line, points(1, -6, 12, 12.1, -6.1), 3)
	require.NoError(t, err)
	assert.InDelta(t, 0.5, p, 1e-12, "-6 and 12 are on the balls' edges, the others outside")
	_, _, err = gen.PrecisionRecall(line, line, 4)
	assert.ErrorContains(t, err, "more points than k")
	_, _, err = gen.PrecisionRecall(line, two, 3)
	assert.ErrorContains(t, err, "equal widths")
}

// crosses are points whose mean and covariance are known: n along each direction.
func crosses(mx, my float64, ax, ay, bx, by float64) gen.Points {
	var v []float32
	for _, s := range []float64{-1, 1} {
		v = append(v, float32(mx+s*ax), float32(my+s*ay), float32(mx+s*bx), float32(my+s*by))
	}
	return points(2, v...)
}

func TestFrechet(t *testing.T) {
	// Two axes a and b give the covariance 2/3 (a a' + b b').
	same := crosses(1, 2, 3, 0, 0, 1)
	d, err := gen.Frechet(same, same)
	require.NoError(t, err)
	assert.InDelta(t, 0, d, 1e-9)
	d, err = gen.Frechet(same, crosses(4, -2, 3, 0, 0, 1))
	require.NoError(t, err)
	assert.InDelta(t, 9+16, d, 1e-6, "a move")
	d, err = gen.Frechet(same, crosses(1, 2, 1, 0, 0, 5))
	require.NoError(t, err)
	assert.InDelta(t, 2.0/3*(4+16), d, 1e-6, "axes in common: the sum of (s1 - s2)²")
	// For two by two matrices the root's trace is sqrt(tr(C1 C2) + 2 sqrt(det(C1 C2))).
	c1 := [3]float64{2.0 / 3 * 9, 0, 2.0 / 3}
	c2 := [3]float64{2.0 / 3 * (4 + 0.25), 2.0 / 3 * (2 - 0.5), 2.0 / 3 * (1 + 1)}
	trace := c1[0]*c2[0] + 2*c1[1]*c2[1] + c1[2]*c2[2]
	det := (c1[0]*c1[2] - c1[1]*c1[1]) * (c2[0]*c2[2] - c2[1]*c2[1])
	want := c1[0] + c1[2] + c2[0] + c2[2] - 2*math.Sqrt(trace+2*math.Sqrt(det))
	d, err = gen.Frechet(same, crosses(1, 2, 2, 1, -0.5, 1))
	require.NoError(t, err)
	assert.InDelta(t, want, d, 1e-6, "axes that differ")
	_, err = gen.Frechet(same, points(2, 1, 1))
	assert.ErrorContains(t, err, "two points or more")
	_, err = gen.Frechet(same, points(2, 1, float32(math.NaN()), 1, 2))
	assert.Error(t, err)
}

func TestDiversityAndCount(t *testing.T) {
	assert.InDelta(t, (1+2+1)/3.0, gen.Diversity(points(1, 0, 1, 2)), 1e-12)
	assert.Zero(t, gen.Diversity(points(3, 5, 5, 5, 5, 5, 5)))
	c := gen.Count(points(3, 0, 2, 1, 9, 0, 0, 0, 5, 1, 0, 1, 0))
	assert.Equal(t, gen.Classes{Counts: []int{1, 3, 0}, Present: 2, Largest: 0.75}, c)
}
