package samples

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomediumitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/gomonobolditalic"
	"golang.org/x/image/font/gofont/gomonoitalic"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// A field is one glyph as a signed distance field: at the centre of each cell the distance to the outline,
// positive inside, cut off at the band. A pen that presses harder is then a larger offset, blur a slower
// ramp, and any warp one bilinear read a pixel (Green, "Improved alpha-tested magnification for vector
// textures and special effects", SIGGRAPH 2007 courses).
type field struct {
	d      [fieldCells * fieldCells]int16 // in 1/fieldUnit of a cell
	cx, cy float64                        // centre of mass of the inside, in cells
	w, h   float64                        // of the outline's box, in cells
	stem   float64                        // typical stroke width, in cells: twice the mean of area over length
}

const (
	fieldCells = 64 // side of the field
	glyphCells = 40 // height of the glyph in it
	fieldUnit  = 64
	fieldBand  = 6 // cells to each side of the outline within which distances are exact
	curveSteps = 8 // lines that a quadratic curve is flattened to
)

// faces are the embedded fonts that digits are drawn with. The small capitals are left out: their digits are
// the regular face's.
var faces = [...][]byte{
	goregular.TTF, goitalic.TTF, gomedium.TTF, gomediumitalic.TTF, gobold.TTF, gobolditalic.TTF,
	gomono.TTF, gomonoitalic.TTF, gomonobold.TTF, gomonobolditalic.TTF,
}

// glyphs makes the field of a face's digit on first use: 0.1 ms each.
var glyphs = func() (g [len(faces)][10]func() (*field, error)) {
	for f := range faces {
		font := sync.OnceValues(func() (*sfnt.Font, error) { return parseFace(f) })
		for digit := range 10 {
			g[f][digit] = sync.OnceValues(func() (*field, error) {
				parsed, err := font()
				if err != nil {
					return nil, err
				}
				return drawField(parsed, rune('0'+digit))
			})
		}
	}
	return g
}()

func parseFace(face int) (*sfnt.Font, error) {
	font, err := sfnt.Parse(faces[face])
	if err != nil {
		return nil, fmt.Errorf("embedded face %d: %w", face, err)
	}
	return font, nil
}

// edge is a straight piece of an outline.
type edge struct{ ax, ay, bx, by float64 }

// drawField makes the distance field of one glyph. All products are converted before they are added, which
// forbids fused multiply-add: the field has the same bits on every machine.
func drawField(font *sfnt.Font, r rune) (*field, error) {
	var buf sfnt.Buffer
	g, err := font.GlyphIndex(&buf, r)
	if err != nil || g == 0 {
		return nil, fmt.Errorf("embedded face has no glyph %q (%v)", r, err)
	}
	segs, err := font.LoadGlyph(&buf, g, fixed.I(int(font.UnitsPerEm())), nil)
	if err != nil {
		return nil, err
	}
	edges := flatten(segs)
	if len(edges) == 0 {
		return nil, fmt.Errorf("embedded face has an empty glyph %q", r)
	}
	if r == '0' {
		edges = withoutSlash(edges)
	}
	f := &field{}
	f.place(edges)
	f.measure(edges)
	return f, nil
}

// flatten turns the glyph's contours into edges, closing each.
func flatten(segs sfnt.Segments) []edge {
	var edges []edge
	var sx, sy, x, y float64
	to := func(nx, ny float64) {
		if nx != x || ny != y {
			edges = append(edges, edge{x, y, nx, ny})
		}
		x, y = nx, ny
	}
	point := func(p fixed.Point26_6) (float64, float64) { return float64(p.X) / 64, float64(p.Y) / 64 }
	for _, s := range segs {
		px, py := point(s.Args[0])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			to(sx, sy)
			sx, sy, x, y = px, py, px, py
		case sfnt.SegmentOpLineTo:
			to(px, py)
		case sfnt.SegmentOpQuadTo:
			ex, ey := point(s.Args[1])
			x0, y0 := x, y
			for k := 1; k <= curveSteps; k++ {
				t := float64(k) / curveSteps
				a, b, c := float64((1-t)*(1-t)), float64(2*t*(1-t)), float64(t*t)
				to(float64(a*x0)+float64(b*px)+float64(c*ex), float64(a*y0)+float64(b*py)+float64(c*ey))
			}
		case sfnt.SegmentOpCubeTo: // the embedded faces are TrueType and have none: go straight to the end
			to(point(s.Args[2]))
		}
	}
	to(sx, sy)
	return edges
}

// withoutSlash takes the slash out of a zero: hands seldom write it, and at 28 pixels it makes an 8. The
// faces' zeros have an outline and two holes, and become an outline and the holes' convex hull.
func withoutSlash(edges []edge) []edge {
	var contours [][]edge
	for i, e := range edges {
		if i == 0 || e.ax != edges[i-1].bx || e.ay != edges[i-1].by {
			contours = append(contours, nil)
		}
		last := len(contours) - 1
		contours[last] = append(contours[last], e)
	}
	slices.SortFunc(contours, func(a, b []edge) int {
		return cmp.Compare(math.Abs(doubleArea(b)), math.Abs(doubleArea(a)))
	})
	if len(contours) != 3 {
		return edges
	}
	hole := hull(slices.Concat(contours[1], contours[2]))
	if (doubleArea(hole) < 0) != (doubleArea(contours[1]) < 0) {
		for i, e := range hole {
			hole[i] = edge{e.bx, e.by, e.ax, e.ay}
		}
	}
	return append(contours[0], hole...)
}

// doubleArea is twice the area that a contour surrounds, by the sign of its direction.
func doubleArea(contour []edge) (a float64) {
	for _, e := range contour {
		a += float64(e.ax*e.by) - float64(e.bx*e.ay)
	}
	return a
}

// hull is the convex hull of the edges' beginnings (Andrew's monotone chain).
func hull(edges []edge) []edge {
	points := slices.Clone(edges)
	slices.SortFunc(points, func(p, q edge) int {
		return cmp.Or(cmp.Compare(p.ax, q.ax), cmp.Compare(p.ay, q.ay))
	})
	var corners []edge
	for range 2 { // the lower half, then the upper
		start := len(corners)
		for _, p := range points {
			for n := len(corners); n >= start+2; n = len(corners) {
				o, q := corners[n-2], corners[n-1]
				if float64((q.ax-o.ax)*(p.ay-o.ay))-float64((q.ay-o.ay)*(p.ax-o.ax)) > 0 {
					break
				}
				corners = corners[:n-1]
			}
			corners = append(corners, p)
		}
		corners = corners[:len(corners)-1] // the other half begins with it
		slices.Reverse(points)
	}
	for i := range corners {
		next := corners[(i+1)%len(corners)]
		corners[i].bx, corners[i].by = next.ax, next.ay
	}
	return corners
}

// place moves the edges into the field's cells: glyphCells high, in the middle.
func (f *field) place(edges []edge) {
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, e := range edges {
		x0, x1 = min(x0, e.ax), max(x1, e.ax)
		y0, y1 = min(y0, e.ay), max(y1, e.ay)
	}
	scale := glyphCells / max(y1-y0, x1-x0)
	mx, my := (x0+x1)/2, (y0+y1)/2
	for i, e := range edges {
		edges[i] = edge{
			fieldCells/2 + float64((e.ax-mx)*scale), fieldCells/2 + float64((e.ay-my)*scale),
			fieldCells/2 + float64((e.bx-mx)*scale), fieldCells/2 + float64((e.by-my)*scale),
		}
	}
	f.w, f.h = (x1-x0)*scale, (y1-y0)*scale
}

// measure fills in the distances, the centre of mass and the stem.
func (f *field) measure(edges []edge) {
	var square [fieldCells * fieldCells]float64
	for i := range square {
		square[i] = fieldBand * fieldBand
	}
	length := 0.0
	for _, e := range edges {
		e.near(&square)
		dx, dy := e.bx-e.ax, e.by-e.ay
		length += math.Sqrt(float64(dx*dx) + float64(dy*dy))
	}
	area := 0.0
	for y := range fieldCells {
		inside := insideRow(edges, float64(y)+0.5)
		for x := range fieldCells {
			i := y*fieldCells + x
			d := float64(math.Sqrt(square[i]) * fieldUnit)
			if !inside[x] {
				f.d[i] = int16(-d)
				continue
			}
			f.d[i] = int16(d)
			area++
			f.cx += float64(x) + 0.5
			f.cy += float64(y) + 0.5
		}
	}
	f.cx, f.cy, f.stem = f.cx/area, f.cy/area, 2*area/length
}

// near lowers the squared distance of every cell within the band of e.
func (e edge) near(square *[fieldCells * fieldCells]float64) {
	cell := func(v float64) int { return min(max(int(v), 0), fieldCells) }
	x0, x1 := cell(min(e.ax, e.bx)-fieldBand), cell(max(e.ax, e.bx)+fieldBand+1)
	y0, y1 := cell(min(e.ay, e.by)-fieldBand), cell(max(e.ay, e.by)+fieldBand+1)
	dx, dy := e.bx-e.ax, e.by-e.ay
	inv := 1 / (float64(dx*dx) + float64(dy*dy))
	for y := y0; y < y1; y++ {
		py := float64(y) + 0.5 - e.ay
		for x := x0; x < x1; x++ {
			px := float64(x) + 0.5 - e.ax
			t := min(max(float64((float64(px*dx)+float64(py*dy))*inv), 0), 1)
			qx, qy := px-float64(t*dx), py-float64(t*dy)
			if d := float64(qx*qx) + float64(qy*qy); d < square[y*fieldCells+x] {
				square[y*fieldCells+x] = d
			}
		}
	}
}

// insideRow says which cell centres of the line at height y are inside, by the non-zero winding rule.
func insideRow(edges []edge, y float64) (inside [fieldCells]bool) {
	type crossing struct {
		x    float64
		turn int
	}
	var list []crossing
	for _, e := range edges {
		turn := 1
		if e.ay > e.by {
			e, turn = edge{e.bx, e.by, e.ax, e.ay}, -1
		}
		if e.ay <= y && y < e.by {
			list = append(list, crossing{e.ax + float64((y-e.ay)*float64((e.bx-e.ax)/(e.by-e.ay))), turn})
		}
	}
	slices.SortFunc(list, func(a, b crossing) int { return int(math.Copysign(1, a.x-b.x)) })
	winding, k := 0, 0
	for x := range inside {
		for ; k < len(list) && list[k].x <= float64(x)+0.5; k++ {
			winding += list[k].turn
		}
		inside[x] = winding != 0
	}
	return inside
}
