package lab

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// PCA are the principal components of codes.
type PCA struct {
	Axes     [][]float64 // the first two directions [Dims], of length 1; fewer where there is no more
	Variance []float64   // along every component, falling
	Total    float64     // of all dimensions together
}

// pcaCodes bounds the codes that the components are computed of where there are many dimensions: the time
// grows with the square of the smaller of both.
const pcaCodes = 512

// newPCA computes the principal components of n codes of so many dimensions about their mean.
func newPCA(codes []float32, n, dims int, mean []float64) PCA {
	if dims > pcaCodes {
		n = min(n, pcaCodes)
	}
	if n < 2 || dims < 1 {
		return PCA{}
	}
	m := mat.NewDense(n, dims, nil)
	for i := range n {
		for d := range dims {
			m.Set(i, d, float64(codes[i*dims+d])-mean[d])
		}
	}
	var pc stat.PC
	if !pc.PrincipalComponents(m, nil) {
		return PCA{}
	}
	p := PCA{Variance: pc.VarsTo(nil)}
	for _, v := range p.Variance {
		p.Total += v
	}
	var axes mat.Dense
	pc.VectorsTo(&axes)
	_, k := axes.Dims()
	for c := range min(2, k) {
		axis, sign := mat.Col(nil, c, &axes), 1.0
		// A direction's sign is arbitrary: the largest part is made positive, so that pictures do not turn
		// over between two versions of a library.
		largest := 0.0
		for _, v := range axis {
			if math.Abs(v) > math.Abs(largest)+1e-12 {
				largest = v
			}
		}
		if largest < 0 {
			sign = -1
		}
		for d := range axis {
			axis[d] *= sign
		}
		p.Axes = append(p.Axes, axis)
	}
	return p
}

// Explained is the part of the variance along a component, 0 where there is none.
func (p PCA) Explained(component int) float64 {
	if component >= len(p.Variance) || !(p.Total > 0) {
		return 0
	}
	return p.Variance[component] / p.Total
}

// Plane is a flat cut through the space: codes Origin + x U + y V, with U and V of length 1 and at a right
// angle. A direction that does not exist is all zeros.
type Plane struct {
	X, Y         string // names of the axes
	Origin, U, V []float64
}

// PCAPlane is the plane of the first two principal components.
func (s *Space) PCAPlane() Plane {
	p := Plane{Origin: s.Mean, U: make([]float64, s.Dims), V: make([]float64, s.Dims), X: "PC 1", Y: "PC 2"}
	for i, axis := range []*[]float64{&p.U, &p.V} {
		if i < len(s.PCA.Axes) {
			*axis = s.PCA.Axes[i]
		}
	}
	return p
}

// DimPlane is the plane of two dimensions as they are. Equal dimensions make a line.
func (s *Space) DimPlane(x, y int) Plane {
	p := Plane{Origin: append([]float64(nil), s.Mean...), U: make([]float64, s.Dims), V: make([]float64, s.Dims),
		X: fmt.Sprintf("z%d", x), Y: fmt.Sprintf("z%d", y)}
	if x >= 0 && x < s.Dims {
		p.U[x], p.Origin[x] = 1, 0
	}
	if y >= 0 && y < s.Dims && y != x {
		p.V[y], p.Origin[y] = 1, 0
	}
	return p
}

// Project gives the place of a code on the plane.
func (p Plane) Project(code []float32) (x, y float64) {
	for d, v := range code {
		e := float64(v) - p.Origin[d]
		x += e * p.U[d]
		y += e * p.V[d]
	}
	return x, y
}

// Lift gives the code at a place of the plane.
func (p Plane) Lift(x, y float64) []float32 {
	code := make([]float32, len(p.Origin))
	for d := range code {
		code[d] = float32(p.Origin[d] + x*p.U[d] + y*p.V[d])
	}
	return code
}

// Move gives a code moved along the plane. What it has beside the plane stays.
func (p Plane) Move(code []float32, dx, dy float64) []float32 {
	to := make([]float32, len(code))
	for d, v := range code {
		to[d] = v + float32(dx*p.U[d]+dy*p.V[d])
	}
	return to
}

// Window is a rectangle of a plane; y grows upwards.
type Window struct{ X0, X1, Y0, Y1 float64 }

// Window is the smallest one around all codes with a little room, at least 2 wide and high.
func (s *Space) Window(p Plane) Window {
	w := Window{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)}
	for i := range s.N {
		x, y := p.Project(s.Code(i))
		w.X0, w.X1, w.Y0, w.Y1 = min(w.X0, x), max(w.X1, x), min(w.Y0, y), max(w.Y1, y)
	}
	if !(w.X0 <= w.X1) {
		w = Window{}
	}
	grow := func(lo, hi *float64) {
		mid, half := (*lo+*hi)/2, max(1, (*hi-*lo)/2*1.06)
		*lo, *hi = mid-half, mid+half
	}
	grow(&w.X0, &w.X1)
	grow(&w.Y0, &w.Y1)
	return w
}

// Zoom scales the window about a place that stays where it is.
func (w Window) Zoom(x, y, factor float64) Window {
	return Window{x + (w.X0-x)*factor, x + (w.X1-x)*factor, y + (w.Y0-y)*factor, y + (w.Y1-y)*factor}
}

// Pan moves the window.
func (w Window) Pan(dx, dy float64) Window {
	return Window{w.X0 + dx, w.X1 + dx, w.Y0 + dy, w.Y1 + dy}
}

// At is the place at fractions of the width from the left and of the height from the top.
func (w Window) At(fx, fy float64) (x, y float64) {
	return w.X0 + fx*(w.X1-w.X0), w.Y1 + fy*(w.Y0-w.Y1)
}

// Fraction is what At takes for a place.
func (w Window) Fraction(x, y float64) (fx, fy float64) {
	return (x - w.X0) / (w.X1 - w.X0), (y - w.Y1) / (w.Y0 - w.Y1)
}
