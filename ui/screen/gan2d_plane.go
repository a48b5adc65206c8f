package screen

import (
	"image"
	"image/color"
	"math"

	"mllab/gen"
	"mllab/ui/lab"
	"mllab/ui/theme"
)

// PlaneLayers says what of a game on the plane is drawn. The zero value draws nothing.
type PlaneLayers struct{ Heat, Modes, Mesh, Real, Ghost, Fake, Arrows bool }

// AllLayers draws everything.
var AllLayers = PlaneLayers{true, true, true, true, true, true, true}

// The palette of a plane: the steps of D's opinion, from fake over undecided to real, the same steps with a
// line of the warped grid over them, and single colours.
const (
	heatSteps = 49 // odd: the middle is undecided
	meshFirst = heatSteps
	plain     = 2 * heatSteps
)

const (
	realColor = plain + iota
	fakeColor
	ghostColor
	arrowColor
	edgeColor // around points, so that they are seen on any heat
	coveredColor
	emptyColor
	cursorColor
	planeColors
)

// planeInk are the colours of a plane on a dark or light terminal. Orange is real, blue is fake, for points
// and for D's opinion alike: told apart by colour-blind eyes.
type planeInk struct {
	fake, middle, real         color.RGBA // of the heat
	mesh                       color.RGBA
	realPoint, fakePoint       color.RGBA
	ghost, arrow, edge, cursor color.RGBA
	covered, empty             color.RGBA
	meshShare                  float64
}

var (
	darkInk = planeInk{fake: hex(0x2166ac), middle: hex(0x202024), real: hex(0xb35806), mesh: hex(0xd0d0d0),
		realPoint: hex(0xffc96b), fakePoint: hex(0x8fd8ff), ghost: hex(0xe39be0), arrow: hex(0xf4f4f4),
		edge:   hex(0x101014),
		cursor: hex(0xffffff), covered: hex(0x2fc99a), empty: hex(0x9a9a9a), meshShare: 0.35}
	lightInk = planeInk{fake: hex(0x6aaed6), middle: hex(0xf7f7f7), real: hex(0xf6a04d), mesh: hex(0x404040),
		realPoint: hex(0x8f3d00), fakePoint: hex(0x08437f), ghost: hex(0x7a3b8f), arrow: hex(0x101010),
		edge:   hex(0xffffff),
		cursor: hex(0x000000), covered: hex(0x00714f), empty: hex(0x808080), meshShare: 0.35}
)

func hex(v uint32) color.RGBA { return color.RGBA{byte(v >> 16), byte(v >> 8), byte(v), 255} }

func blend(a, b color.RGBA, f float64) color.RGBA {
	m := func(x, y byte) byte { return byte(float64(x)*(1-f) + float64(y)*f + .5) }
	return color.RGBA{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), 255}
}

// inkOf is the ink of a theme.
func inkOf(th theme.Theme) planeInk {
	if th.Dark {
		return darkInk
	}
	return lightInk
}

// heatColor is D's opinion t, from -1 (fake) to 1 (real).
func (k planeInk) heatColor(t float64) color.RGBA {
	if t < 0 {
		return blend(k.middle, k.fake, -t)
	}
	return blend(k.middle, k.real, t)
}

func (k planeInk) palette() color.Palette {
	p := make(color.Palette, planeColors)
	for i := range heatSteps {
		c := k.heatColor(2*float64(i)/(heatSteps-1) - 1)
		p[i], p[meshFirst+i] = c, blend(c, k.mesh, k.meshShare)
	}
	for i, c := range map[int]color.RGBA{realColor: k.realPoint, fakeColor: k.fakePoint, ghostColor: k.ghost,
		arrowColor: k.arrow, edgeColor: k.edge, coveredColor: k.covered, emptyColor: k.empty,
		cursorColor: k.cursor} {
		p[i] = c
	}
	return p
}

// opinion is how D's outputs of a game are shown: lo is fake, hi is real, between them undecided.
type opinion struct{ lo, hi float64 }

// opinionOf is 0 to 1 where the loss makes D's output a probability or trains it to these; -1 to 1 for
// hinge. The others know no zero: the middle is that of what D says of real and fake points, and the reach
// is what D gives most, or a third of how far it goes down, since far from all points D may say anything.
func opinionOf(st *lab.GAN2DState) opinion {
	switch st.Config.Loss {
	case "classic", "nonsaturating", "leastsquares":
		return opinion{0, 1}
	case "hinge":
		return opinion{-1, 1}
	}
	mid := (st.Scores.Real + st.Scores.Fake) / 2
	const least = 1e-3
	up, down := least, least
	for _, v := range st.Look.Heat {
		if d := float64(v) - mid; !math.IsInf(d, 0) {
			up, down = max(up, d), max(down, -d) // NaN leaves them NaN, and all undecided
		}
	}
	reach := max(up, down/3)
	return opinion{mid - reach, mid + reach}
}

// at is the place of a value, from -1 to 1.
func (o opinion) at(v float32) float32 {
	t := (2*v - float32(o.lo+o.hi)) / float32(o.hi-o.lo)
	return max(-1, min(1, t))
}

// sketch2D is a plane while it is drawn.
type sketch2D struct {
	im    *image.Paletted
	side  int
	scale float64 // pixels in 1
}

// DrawPlane draws a game as a square of side x side pixels.
func DrawPlane(st *lab.GAN2DState, side int, show PlaneLayers, th theme.Theme) *image.Paletted {
	c := newSketch2D(side, th)
	if show.Heat && len(st.Look.Heat) == gen.Heat2D*gen.Heat2D {
		c.heat(st.Look.Heat, opinionOf(st))
	}
	if show.Modes && c.side >= 100 {
		c.modes(st.Modes, st.Measure)
	}
	if show.Mesh {
		c.mesh(st.Look.Mesh, st.Config.Latent)
	}
	points := 600
	if side < 320 {
		points = 300 // more would hide the plane
	}
	if show.Real {
		c.points(st.Real, points, realColor)
	}
	if show.Ghost && st.Ghost != nil {
		c.points(st.Ghost.Fakes, points, ghostColor)
	}
	if show.Fake {
		c.points(st.Look.Fakes, points, fakeColor)
	}
	if show.Arrows {
		c.arrows(st.Look.Fakes, st.Look.Arrows)
	}
	return c.im
}

func newSketch2D(side int, th theme.Theme) *sketch2D {
	side = max(side, 1)
	c := &sketch2D{side: side, scale: float64(side) / (2 * gen.Reach2D),
		im: image.NewPaletted(image.Rect(0, 0, side, side), inkOf(th).palette())}
	for i := range c.im.Pix {
		c.im.Pix[i] = heatSteps / 2
	}
	return c
}

// pixel is where a point lies, in pixels; far outside it is just outside.
func (c *sketch2D) pixel(x, y float32) (px, py float64) {
	clip := func(v float64) float64 {
		if math.IsNaN(v) {
			return -10
		}
		return max(-10, min(v, float64(c.side)+10))
	}
	return clip((float64(x) + gen.Reach2D) * c.scale), clip((gen.Reach2D - float64(y)) * c.scale)
}

// heat paints the map of D, between its cells by straight lines, in whole numbers of 1/65536 of a step.
func (c *sketch2D) heat(values []float32, o opinion) {
	const n, one = gen.Heat2D, 1 << 16
	at := make([]int32, len(values))
	for i, v := range values {
		t := o.at(v)
		if t != t {
			t = 0 // no number: undecided
		}
		at[i] = int32(((t+1)/2*(heatSteps-1) + .5) * one)
	}
	cell, part := make([]int, c.side), make([]int32, c.side)
	for i := range cell {
		u := max(0, min(n-1, (float32(i)+.5)/float32(c.side)*n-.5))
		cell[i] = min(int(u), n-2)
		part[i] = int32((u - float32(cell[i])) * 256)
	}
	var line [n]int32
	for y := range c.side {
		above, below, f := at[cell[y]*n:][:n], at[(cell[y]+1)*n:][:n], part[y]
		for i := range line {
			line[i] = above[i] + (below[i]-above[i])>>8*f
		}
		row := c.im.Pix[y*c.im.Stride:][:c.side]
		for x := range row {
			a, b := line[cell[x]], line[cell[x]+1]
			row[x] = byte((a + (b-a)>>8*part[x]) >> 16)
		}
	}
}

// modes draws a circle of 3 deviations around each mode, bright where it is covered.
func (c *sketch2D) modes(modes []lab.Mode, m gen.Measure2D) {
	fakes := gen.Fakes2D
	for i, mode := range modes {
		ink := byte(emptyColor)
		if i < len(m.Counts) && float64(m.Counts[i]) >= 0.1*float64(fakes)/float64(len(modes)) {
			ink = coveredColor
		}
		x, y := c.pixel(float32(mode.X), float32(mode.Y))
		r := 3 * mode.Sigma * c.scale
		n := int(8 * r)
		for k := range n {
			sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(n))
			c.set(int(x+r*cos), int(y+r*sin), ink)
		}
	}
}

func (c *sketch2D) set(x, y int, ink byte) {
	if x >= 0 && y >= 0 && x < c.side && y < c.side {
		c.im.Pix[y*c.im.Stride+x] = ink
	}
}

// mesh draws the images of the lines of a grid of codes: with one number in a code, of the line.
func (c *sketch2D) mesh(points []float32, latent int) {
	const n, fine = gen.Mesh2D, gen.Fine2D
	if len(points) != 2*n*n {
		return
	}
	line := func(first, step, count int) {
		for k := range count - 1 {
			i, j := first+k*step, first+(k+1)*step
			x0, y0 := c.pixel(points[2*i], points[2*i+1])
			x1, y1 := c.pixel(points[2*j], points[2*j+1])
			c.line(x0, y0, x1, y1, func(p *byte) {
				if *p < meshFirst {
					*p += meshFirst
				}
			})
		}
	}
	if latent == 1 {
		line(0, 1, n*n)
		return
	}
	for i := 0; i < n; i += fine {
		line(i, n, n)
		line(i*n, 1, n)
	}
}

// line visits the pixels between two points.
func (c *sketch2D) line(x0, y0, x1, y1 float64, ink func(p *byte)) {
	n := int(max(math.Abs(x1-x0), math.Abs(y1-y0))) + 1
	for k := range n + 1 {
		f := float64(k) / float64(n)
		x, y := int(math.Floor(x0+f*(x1-x0))), int(math.Floor(y0+f*(y1-y0)))
		if x >= 0 && y >= 0 && x < c.side && y < c.side {
			ink(&c.im.Pix[y*c.im.Stride+x])
		}
	}
}

// points draws the first of the points as dots, with an edge where there are pixels enough.
func (c *sketch2D) points(xy []float32, most int, ink byte) {
	dot := dotOf(float64(c.side) / 240)
	for i := 0; i+1 < min(len(xy), 2*most); i += 2 {
		px, py := c.pixel(xy[i], xy[i+1])
		x, y := int(px), int(py)
		for _, d := range dot {
			switch {
			case d.inner:
				c.set(x+d.x, y+d.y, ink)
			case x+d.x >= 0 && y+d.y >= 0 && x+d.x < c.side && y+d.y < c.side:
				// The edge does not cover other points, or a crowd would be all edges.
				if p := &c.im.Pix[(y+d.y)*c.im.Stride+x+d.x]; *p < plain {
					*p = edgeColor
				}
			}
		}
	}
}

// dotPixel is a pixel of a dot, beside its middle one.
type dotPixel struct {
	x, y  int
	inner bool // not of the edge
}

// dotOf is a dot of a radius in pixels; small ones are one pixel, or have no edge.
func dotOf(r float64) (dot []dotPixel) {
	if r < 1 {
		return []dotPixel{{inner: true}}
	}
	edge := 0.9
	if r < 1.5 {
		edge = 0
	}
	reach := int(r + edge + 1)
	for y := -reach; y <= reach; y++ {
		for x := -reach; x <= reach; x++ {
			if d := math.Hypot(float64(x), float64(y)); d <= r+edge {
				dot = append(dot, dotPixel{x, y, d <= r})
			}
		}
	}
	return dot
}

// arrows draws where the loss of G would have each point go. A length of 1 of the gradient is drawn as a
// twentieth of the side, and no arrow is longer than a tenth: so a gradient that vanishes is seen to
// vanish.
func (c *sketch2D) arrows(xy, down []float32) {
	for i := 0; i+1 < min(len(xy), len(down)); i += 2 {
		a, b := float64(down[i]), float64(down[i+1])
		size := math.Hypot(a, b)
		if !(size > 1e-9) || math.IsInf(size, 0) {
			continue
		}
		length := float64(c.side) / 10 * size / (size + 1)
		if length < 2 {
			continue
		}
		x0, y0 := c.pixel(xy[i], xy[i+1])
		ux, uy := a/size, -b/size
		x1, y1 := x0+ux*length, y0+uy*length
		ink := func(p *byte) { *p = arrowColor }
		c.line(x0, y0, x1, y1, ink)
		if head := min(length/2, float64(c.side)/70); head >= 2 {
			for _, turn := range []float64{2.6, -2.6} {
				sin, cos := math.Sincos(turn)
				c.line(x1, y1, x1+head*(ux*cos-uy*sin), y1+head*(ux*sin+uy*cos), ink)
			}
		}
	}
}

// density paints what the user draws, and the cursor around the cells that the brush covers.
func (c *sketch2D) density(d lab.Density) {
	most := float32(1e-9)
	for _, w := range d.Weights {
		most = max(most, w)
	}
	for y := range c.side {
		for x := range c.side {
			col, row, ok := d.At((float64(x)+.5)/c.scale-gen.Reach2D, gen.Reach2D-(float64(y)+.5)/c.scale)
			if !ok {
				c.set(x, y, meshFirst+heatSteps/2)
				continue
			}
			t := d.Weights[row*d.W+col] / most
			c.set(x, y, byte(float32(heatSteps/2)*(1+t)+.5))
		}
	}
}
