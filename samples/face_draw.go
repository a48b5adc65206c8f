package samples

import "math"

// The colours of faces, by the numbers of their attributes, as bytes.
var (
	skinTints = []tint{byteTint(255, 219, 186), byteTint(214, 153, 98), byteTint(136, 84, 58)}
	hairTints = []tint{byteTint(26, 22, 26), byteTint(92, 52, 16), byteTint(246, 206, 82),
		byteTint(205, 72, 22), byteTint(168, 168, 178)}
	eyeTints = []tint{byteTint(96, 52, 20), byteTint(36, 110, 240), byteTint(30, 165, 60)}
	hatTints = []tint{byteTint(220, 40, 50), byteTint(40, 80, 220), byteTint(30, 150, 70),
		byteTint(150, 50, 190)}
	wallTints = []tint{byteTint(142, 196, 244), byteTint(158, 222, 160), byteTint(246, 178, 204),
		byteTint(246, 246, 244)}
	dark       = byteTint(24, 20, 26)
	white      = byteTint(255, 255, 255)
	lips       = byteTint(188, 44, 52)
	throat     = byteTint(110, 16, 28)
	shirtTint  = byteTint(84, 92, 112)
	lensTint   = byteTint(22, 24, 34)
	brimShade  = float32(0.72)
	skinShade  = float32(0.84)
	browsBlack = byteTint(40, 28, 24)
)

func byteTint(r, g, b uint8) tint { return tint{byteValue[r], byteValue[g], byteValue[b]} }

// times makes a colour darker.
func (t tint) times(f float32) tint { return tint{t[0] * f, t[1] * f, t[2] * f} }

// draw paints the face from the back to the front.
func (f *face) draw(c *canvas) {
	c.clear(wallTints[f.wall])
	hair := hairTints[f.hairColour]
	f.backHair(c, hair)
	f.body(c)
	f.frontHair(c, hair)
	f.face(c)
	if f.beard != 0 {
		f.drawBeard(c, hair)
	}
	f.drawMouth(c)
	f.drawEyes(c)
	f.drawHat(c)
}

// at is a place on the head: 1 is its edge.
func (f *face) at(u, v float64) (x, y float64) { return f.x + u*f.wide, f.y + v*f.high }

// scale is how much larger the face is than one of a quarter of the side to each side of its middle.
func (f *face) scale() float64 { return f.wide / 0.25 }

// backHair is what lies behind the head.
func (f *face) backHair(c *canvas, t tint) {
	switch f.hair {
	case longHair:
		b, form := block(f.x, f.y+0.1, f.wide*1.34, f.high*1.36, 0.2)
		c.paint(b, form, t)
	case curly:
		for k := range 11 {
			sin, cos := math.Sincos(math.Pi * (float64(k)*1.36/10 - 0.18))
			x, y := f.at(-1.12*cos, -0.98*sin+0.02)
			b, form := circle(x, y, 0.098)
			c.paint(b, form, t)
		}
	case mohawk:
		b, form := block(f.x, f.y-f.high*0.98, f.wide*0.34, f.high*0.52, 0.06)
		c.paint(b, form, t)
	}
}

// body is shoulders, neck, ears and the head.
func (f *face) body(c *canvas) {
	skin := skinTints[f.skin]
	b, form := ellipse(f.x, 1.06, 0.36, 0.17)
	c.paint(b, form, shirtTint)
	b, form = block(f.x, f.y+f.high*1.05, f.wide*0.36, 0.09, 0.02)
	c.paint(b, form, skin.times(skinShade))
	for _, side := range []float64{-1, 1} {
		x, y := f.at(side*0.99, 0.08)
		b, form = ellipse(x, y, 0.05, 0.062)
		c.paint(b, form, skin.times(0.93))
	}
	b, form = ellipse(f.x, f.y, f.wide, f.high)
	c.paint(b, form, skin)
}

// frontHair is what lies on the head.
func (f *face) frontHair(c *canvas, t tint) {
	if f.hair == bald {
		return
	}
	if f.hair == mohawk {
		x, y := f.at(0, -0.85)
		b, form := ellipse(x, y, f.wide*0.3, f.high*0.28)
		c.paint(b, form, t)
		return
	}
	b, outer := ellipse(f.x, f.y-0.01, f.wide*1.1, f.high*1.1)
	sides := 0.05 // how far down the sides it goes
	if f.hair == longHair {
		sides = 0.62
	}
	_, inner := ellipse(f.x, f.y+f.high*0.3, f.wide*0.9, f.high*0.92)
	form := both(except(outer, inner), above(f.y+f.high*sides))
	c.paint(b, form, t)
}

// face is what all faces have: brows and a nose.
func (f *face) face(c *canvas) {
	k := f.scale()
	x, y := f.at(0, 0.24)
	b, form := ellipse(x, y, k*0.026, k*0.034)
	c.paint(b, form, skinTints[f.skin].times(0.78))
	brow := browsBlack
	slant, lift := 0.0, 0.0
	switch expressions[f.expression] {
	case "sad":
		slant = k * 0.032
	case "angry":
		slant, lift = -k*0.038, -k*0.012
	case "surprised":
		lift = k * 0.035
	}
	for _, side := range []float64{-1, 1} {
		x, y := f.at(side*0.42, -0.3)
		y -= lift
		b, form := stroke(x-side*k*0.055, y-slant, x+side*k*0.055, y+slant, k*0.014)
		c.paint(b, form, brow)
	}
}

// drawBeard covers the chin, or what is below the nose.
func (f *face) drawBeard(c *canvas, t tint) {
	if beards[f.beard] == "moustache" {
		for _, side := range []float64{-1, 1} {
			x, y := f.at(side*0.24, 0.415)
			b, form := ellipse(x, y, f.wide*0.31, f.high*0.115)
			c.paint(b, form, t)
		}
		return
	}
	b, outer := ellipse(f.x, f.y+0.015, f.wide*1.03, f.high*1.06)
	_, inner := ellipse(f.x, f.y-f.high*0.12, f.wide*0.8, f.high*0.62)
	cheeks := above(f.y + f.high*0.12)
	bare := func(x, y float64) float64 { return min(inner(x, y), y-f.y, cheeks(x, y)) }
	c.paint(b, except(outer, bare), t)
}

// drawMouth shows the expression.
func (f *face) drawMouth(c *canvas) {
	k := f.scale()
	x, y := f.at(0, 0.62)
	open := mouths[f.mouth] == "open"
	paint := func(t tint) func(box, form) { return func(b box, form form) { c.paint(b, form, t) } }
	switch expressions[f.expression] {
	case "happy":
		if open {
			b, form := ellipse(x, y-k*0.04, k*0.115, k*0.115)
			under := func(_, py float64) float64 { return y - k*0.04 - py }
			c.paint(b, both(form, under), throat)
			_, teeth := block(x, y-k*0.025, k*0.1, k*0.02, 0)
			c.paint(b, both(form, both(teeth, under)), white)
			return
		}
		paint(lips)(bow(x, y-k*0.03, k*0.11, k*0.055, k*0.018))
	case "sad":
		if open {
			b, form := ellipse(x, y+k*0.06, k*0.1, k*0.105)
			c.paint(b, both(form, above(y+k*0.05)), throat)
			return
		}
		paint(lips)(bow(x, y+k*0.035, k*0.1, -k*0.055, k*0.018))
	case "angry":
		if open {
			paint(throat)(block(x, y+k*0.01, k*0.11, k*0.05, k*0.015))
			paint(white)(block(x, y+k*0.01, k*0.09, k*0.024, 0))
			return
		}
		paint(lips)(stroke(x-k*0.09, y+k*0.01, x+k*0.09, y+k*0.01, k*0.018))
	default:
		paint(throat)(ellipse(x, y+k*0.01, k*0.055, k*0.072))
	}
}

// drawEyes paints the eyes and what is before them.
func (f *face) drawEyes(c *canvas) {
	k := f.scale()
	for _, side := range []float64{-1, 1} {
		x, y := f.at(side*0.42, -0.02)
		if f.glasses != sunglasses {
			b, form := ellipse(x, y, k*0.068, k*0.06)
			c.paint(b, form, white)
			b, form = circle(x, y, k*0.047)
			c.paint(b, form, eyeTints[f.eyes])
			b, form = circle(x, y, k*0.016)
			c.paint(b, form, dark)
		}
		switch glassKinds[f.glasses] {
		case "glasses":
			b, outer := circle(x, y, k*0.098)
			_, inner := circle(x, y, k*0.07)
			c.paint(b, except(outer, inner), dark)
		case "sunglasses":
			b, form := block(x, y+k*0.01, k*0.092, k*0.072, k*0.035)
			c.paint(b, form, lensTint)
		}
		if f.glasses != 0 {
			ex, _ := f.at(side*0.98, 0)
			b, form := stroke(x+side*k*0.09, y-k*0.01, ex, y-k*0.02, k*0.012)
			c.paint(b, form, dark)
		}
	}
	if f.glasses != 0 {
		x, y := f.at(0, -0.05)
		b, form := stroke(x-k*0.03, y, x+k*0.03, y, k*0.012)
		c.paint(b, form, dark)
	}
}

// drawHat covers the top of the head, and the hair there.
func (f *face) drawHat(c *canvas) {
	t := hatTints[f.hatColour]
	x, y := f.at(0, -0.5) // the middle of the brim
	wide := f.wide * 1.16
	switch hats[f.hat] {
	case "cap":
		b, dome := ellipse(x, y+0.02, wide, f.high*0.8)
		c.paint(b, both(dome, above(y+0.02)), t)
		b, form := block(x+wide*0.42, y+0.012, wide*0.9, 0.03, 0.03)
		c.paint(b, form, t.times(brimShade))
	case "beanie":
		b, dome := ellipse(x, y+0.02, wide*0.98, f.high*0.82)
		c.paint(b, both(dome, above(y+0.02)), t)
		b, form := block(x, y-0.005, wide, 0.048, 0.03)
		c.paint(b, form, t.times(brimShade))
		b, form = circle(x, y-f.high*0.86, 0.066)
		c.paint(b, form, t.times(brimShade))
	case "top hat":
		b, form := block(x, y-0.14, f.wide*0.84, 0.15, 0.02)
		c.paint(b, form, t)
		b, form = block(x, y-0.04, f.wide*0.84, 0.03, 0)
		c.paint(b, form, dark)
		b, form = block(x, y+0.012, f.wide*1.5, 0.03, 0.02)
		c.paint(b, form, t.times(brimShade))
	}
}
