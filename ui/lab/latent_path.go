package lab

import "math"

// Lerp is the code at the fraction t of the straight line from a to b.
func Lerp(a, b []float32, t float64) []float32 {
	to := make([]float32, len(a))
	for d := range to {
		to[d] = float32((1-t)*float64(a[d]) + t*float64(b[d]))
	}
	return to
}

// Slerp is the code at the fraction t of the arc from a to b about the origin (K. Shoemake, "Animating
// rotation with quaternion curves", 1985; for codes: T. White, "Sampling generative networks", 2016). Codes of
// many dimensions lie near a sphere, which the straight line leaves. Where a and b have no arc between them,
// being parallel, opposite or zero, it is Lerp.
func Slerp(a, b []float32, t float64) []float32 {
	dot, na, nb := 0.0, 0.0, 0.0
	for d := range a {
		x, y := float64(a[d]), float64(b[d])
		dot, na, nb = dot+x*y, na+x*x, nb+y*y
	}
	if na == 0 || nb == 0 {
		return Lerp(a, b, t)
	}
	angle := math.Acos(max(-1, min(1, dot/math.Sqrt(na*nb))))
	sin := math.Sin(angle)
	if sin < 1e-6 {
		return Lerp(a, b, t)
	}
	ka, kb := math.Sin((1-t)*angle)/sin, math.Sin(t*angle)/sin
	to := make([]float32, len(a))
	for d := range to {
		to[d] = float32(ka*float64(a[d]) + kb*float64(b[d]))
	}
	return to
}

// Between gives n codes [n Dims] from a to b, both ends included, straight or spherical.
func Between(a, b []float32, n int, spherical bool) []float32 {
	at := Lerp
	if spherical {
		at = Slerp
	}
	var codes []float32
	for i := range n {
		codes = append(codes, at(a, b, float64(i)/float64(max(1, n-1)))...)
	}
	return codes
}

// Traverse gives n codes [n Dims] that are the given one but for one dimension, which runs between two
// values, both included.
func Traverse(code []float32, dim int, from, to float64, n int) []float32 {
	var codes []float32
	for i := range n {
		next := append([]float32(nil), code...)
		next[dim] = float32(from + (to-from)*float64(i)/float64(max(1, n-1)))
		codes = append(codes, next...)
	}
	return codes
}

// Along gives n codes [n Dims]: the given one plus a multiple of a direction, which runs between two values.
func Along(code []float32, dir []float64, from, to float64, n int) []float32 {
	var codes []float32
	for i := range n {
		k := from + (to-from)*float64(i)/float64(max(1, n-1))
		for d, v := range code {
			codes = append(codes, v+float32(k*dir[d]))
		}
	}
	return codes
}

// Raster gives the codes [rows*cols Dims] at the middles of a window's cells, row by row from the upper left.
func (p Plane) Raster(w Window, cols, rows int) []float32 {
	var codes []float32
	for r := range rows {
		for c := range cols {
			x, y := w.At((float64(c)+.5)/float64(cols), (float64(r)+.5)/float64(rows))
			codes = append(codes, p.Lift(x, y)...)
		}
	}
	return codes
}
