package samples

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
)

// Points is a distribution of points on the plane, within about [-1,1] x [-1,1]: what a two-dimensional
// generative model learns. It is immutable and safe for concurrent use.
type Points struct {
	Name  string // what OpenPoints takes, or a path
	Modes []Mode // the centres of its clusters where they are known, else nil
	Notes []string

	draw func(r *stream) (x, y float64)
}

// Mode is a cluster of a distribution: a round Gaussian.
type Mode struct{ X, Y, Sigma float64 }

// PointsOptions say how a distribution is opened. The zero value is ready.
type PointsOptions struct {
	// Density is painted by the user, rows from above, for the name "drawn"; empty is a disc.
	Density Density
}

// pointKinds are the built-in distributions in the order in which they are offered, the easiest first.
var pointKinds = []struct {
	Entry
	open func(PointsOptions) (*Points, error)
}{
	{Entry{"ring", "Ring", "eight Gaussians on a circle"}, func(PointsOptions) (*Points,
		error) {
		return ring(8), nil
	}},
	{Entry{"grid8", "Grid of 8", "eight Gaussians, two rows of four"},
		func(PointsOptions) (*Points, error) { return lattice(4, 2), nil }},
	{Entry{"grid25", "Grid of 25", "25 Gaussians, five rows of five"},
		func(PointsOptions) (*Points, error) { return lattice(5, 5), nil }},
	{Entry{"moons", "Two moons", "two half circles, one in the other"}, plain(moons)},
	{Entry{"swissroll", "Swiss roll", "a band rolled up, even along its length"}, plain(swissRoll)},
	{Entry{"spiral", "Spiral", "two arms that wind around the middle"}, plain(spiral)},
	{Entry{"line", "Line", "a straight line with a little noise"}, plain(line)},
	{Entry{"drawn", "Drawn", "what you paint yourself"}, drawnPoints},
}

// PointsNames lists the built-in distributions.
func PointsNames() []Entry {
	var all []Entry
	for _, k := range pointKinds {
		all = append(all, k.Entry)
	}
	return all
}

// OpenPoints opens a built-in distribution by its name, or else a CSV file with a point a line.
func OpenPoints(name string, o PointsOptions) (*Points, error) {
	var names []string
	for _, k := range pointKinds {
		if k.Name != name {
			names = append(names, k.Name)
			continue
		}
		p, err := k.open(o)
		if err != nil {
			return nil, fmt.Errorf("points %s: %w", name, err)
		}
		p.Name = name
		return p, nil
	}
	if st, err := os.Stat(name); err != nil || st.IsDir() {
		return nil, fmt.Errorf("points %q: no such distribution or file: want one of %s, or a CSV file with x,y "+
			"a line", clean(name), strings.Join(names, ", "))
	}
	p, err := openCSV(name)
	if err != nil {
		return nil, fmt.Errorf("points %w", err)
	}
	return p, nil
}

// Fill writes points into dst, x and y in turns. They are a function of the seed and the number of the
// batch alone, and independent between batches.
func (p *Points) Fill(seed, batch uint64, dst []float32) {
	r := stream{mix(mix(seed+golden)^hashText(p.Name)) ^ mix(batch*golden+1)}
	for i := 0; i+1 < len(dst); i += 2 {
		x, y := p.draw(&r)
		dst[i], dst[i+1] = float32(x), float32(y)
	}
}

// pair is two independent standard Gaussian numbers, by the method of Box and Muller (1958).
func (r *stream) pair() (a, b float64) {
	length := math.Sqrt(-2 * math.Log(1-r.uniform()))
	sin, cos := math.Sincos(2 * math.Pi * r.uniform())
	return length * cos, length * sin
}

// mixture is the same share of each mode.
func mixture(modes []Mode) *Points {
	return &Points{Modes: modes, draw: func(r *stream) (float64, float64) {
		m := modes[r.next()%uint64(len(modes))]
		a, b := r.pair()
		return m.X + m.Sigma*a, m.Y + m.Sigma*b
	}}
}

// ring is n Gaussians on a circle, as in "Unrolled generative adversarial networks" (Metz et al., ICLR
// 2017): there radius 2 and deviation 0.02; here they are wide enough to be seen on a screen.
func ring(n int) *Points {
	const radius, sigma = 0.75, 0.03
	modes := make([]Mode, n)
	for i := range modes {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		modes[i] = Mode{radius * cos, radius * sin, sigma}
	}
	return mixture(modes)
}

// lattice is columns x rows Gaussians, as in "Adversarially learned inference" (Dumoulin et al., 2017).
func lattice(columns, rows int) *Points {
	const reach, sigma = 0.8, 0.03
	step := 2 * reach / float64(max(columns, rows)-1)
	var modes []Mode
	for y := range rows {
		for x := range columns {
			modes = append(modes, Mode{step * (float64(x) - float64(columns-1)/2),
				step * (float64(y) - float64(rows-1)/2), sigma})
		}
	}
	return mixture(modes)
}

// plain makes an opener of a function that draws a point.
func plain(draw func(*stream) (float64, float64)) func(PointsOptions) (*Points, error) {
	return func(PointsOptions) (*Points, error) { return &Points{draw: draw}, nil }
}

// noisy adds Gaussian noise.
func noisy(r *stream, x, y, sigma float64) (float64, float64) {
	a, b := r.pair()
	return x + sigma*a, y + sigma*b
}

func moons(r *stream) (float64, float64) {
	upper := r.next()&1 == 0
	sin, cos := math.Sincos(math.Pi * r.uniform())
	if upper {
		return noisy(r, 0.55*cos-0.27, 0.55*sin-0.1, 0.03)
	}
	return noisy(r, 0.27-0.55*cos, 0.1-0.55*sin, 0.03)
}

// swissRoll is r = t, even in the length of the band: for a spiral of Archimedes that grows as t².
func swissRoll(r *stream) (float64, float64) {
	const from, to = 1.5 * math.Pi, 4.5 * math.Pi
	t := math.Sqrt(from*from + r.uniform()*(to*to-from*from))
	sin, cos := math.Sincos(t)
	return noisy(r, 0.85*t/to*cos, 0.85*t/to*sin, 0.02)
}

func spiral(r *stream) (float64, float64) {
	side := float64(int(r.next()&1))*2 - 1
	t := math.Sqrt(r.uniform())
	sin, cos := math.Sincos(1.5 * math.Pi * t)
	return noisy(r, side*(0.06+0.8*t)*cos, side*(0.06+0.8*t)*sin, 0.02)
}

func line(r *stream) (float64, float64) {
	t := 2*r.uniform() - 1
	return noisy(r, 0.8*t, 0.5*t, 0.02)
}

// Density is a picture of how likely points are: H rows of W weights, the first row at y = 1, the last at
// y = -1, columns from x = -1 to 1.
type Density struct {
	W, H    int
	Weights []float32
}

// MaxDensity is the largest side of a Density.
const MaxDensity = 512

// At is the cell of a point, false outside.
func (d Density) At(x, y float64) (column, row int, ok bool) {
	column = int(math.Floor((x + 1) / 2 * float64(d.W)))
	row = int(math.Floor((1 - y) / 2 * float64(d.H)))
	return column, row, column >= 0 && column < d.W && row >= 0 && row < d.H
}

// Disc is a density for the beginning: a filled circle in the middle of side x side cells.
func Disc(side int) Density {
	d := Density{side, side, make([]float32, side*side)}
	for i := range d.Weights {
		x, y := float64(i%side)+0.5-float64(side)/2, float64(i/side)+0.5-float64(side)/2
		if math.Hypot(x, y) < float64(side)/4 {
			d.Weights[i] = 1
		}
	}
	return d
}

// drawnPoints draws points of a density, even within a cell.
func drawnPoints(o PointsOptions) (*Points, error) {
	d := o.Density
	if d.W == 0 && d.H == 0 {
		d = Disc(32)
	}
	if d.W < 1 || d.H < 1 || d.W > MaxDensity || d.H > MaxDensity || len(d.Weights) != d.W*d.H {
		return nil, fmt.Errorf("a density of %dx%d with %d weights: want sides of 1 to %d and one weight a cell",
			d.W, d.H, len(d.Weights), MaxDensity)
	}
	sums := make([]float64, len(d.Weights))
	total := 0.0
	for i, w := range d.Weights {
		if !(w >= 0) || math.IsInf(float64(w), 0) {
			return nil, fmt.Errorf("weight %d of the density is %v: want finite numbers from 0 on", i, w)
		}
		total += float64(w)
		sums[i] = total
	}
	if total == 0 {
		return nil, fmt.Errorf("nothing is drawn yet: paint a few cells first")
	}
	return &Points{draw: func(r *stream) (float64, float64) {
		i, _ := slices.BinarySearch(sums, r.uniform()*total)
		for i < len(sums)-1 && d.Weights[i] == 0 {
			i++ // a draw of exactly the sum before an empty cell
		}
		i = min(i, len(sums)-1)
		x, y := (float64(i%d.W)+r.uniform())/float64(d.W), (float64(i/d.W)+r.uniform())/float64(d.H)
		return 2*x - 1, 1 - 2*y
	}}, nil
}
