package gen

import (
	"errors"
	"fmt"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/ops"
)

// canvas draws pictures at once, of codes and the words of a text: a GAN's generator and a VAE's decoder are the same
// net, so that the two families differ in how they learn. Its blocks are those of wordUNet, the way down left out.
type canvas struct {
	fit            fit
	width, latent  int
	z1, z2, tx, in nn.Linear
	place          *nn.Param
	r1, r2, r0     res
	x1, x2, x0     gaze
	up, out        nn.Conv2d
	no             nn.GroupNorm
}

// textFit is the size at which nets that read work: multiples of 8, at most textImageSide.
func textFit(d DataInfo) fit {
	h, w := d.H, d.W
	if most := max(h, w); most > textImageSide {
		h, w = h*textImageSide/most, w*textImageSide/most
	}
	return fit{d, max(8, (h+7)/8*8), max(8, (w+7)/8*8)}
}

// newCanvas declares one with channels w at half of the pictures' size and twice as many at a quarter of it, for texts
// of words features.
func newCanvas(ps *nn.Params, f fit, w, latent, words int) *canvas {
	wide, h, v := 4*w, f.h/patch, f.w/patch
	block := func(name string, in, out int) res { return newTurnedRes(ps.Sub(name), in, out, wide) }
	m := &canvas{fit: f, width: w, latent: latent}
	m.z1, m.z2 = nn.NewLinear(ps, "z1", latent, wide), nn.NewLinear(ps, "z2", wide, wide)
	m.tx, m.in = nn.NewLinear(ps, "tx", words, wide), nn.NewLinear(ps, "in", wide, f.h/8*(f.w/8)*2*w)
	m.place = ps.Add("place", nn.Normal(1), h/2, v/2, 2*w)
	m.r1, m.x1 = block("r1", 2*w, 2*w), newGaze(ps, "x1", h/2, v/2, 2*w, words)
	m.r2, m.x2 = block("r2", 2*w, 2*w), newGaze(ps, "x2", h/2, v/2, 2*w, words)
	m.up = nn.NewConv2d(ps, "up", 3, 2*w, w, ops.Conv{Pad: 1})
	m.r0, m.x0 = block("r0", w, w), newGaze(ps, "x0", h, v, w, words)
	m.no, m.out = nn.NewGroupNorm(ps, "no", unetGroups, w), nn.NewConv2d(ps, "out", 3, w, f.d.C*patch*patch,
		ops.Conv{Pad: 1})
	return m
}

// apply gives what is to be squashed into pictures, f32 [N h w C], of codes z [N latent] and what a reader says of
// texts.
func (m *canvas) apply(s *nn.Scope, z, words, hide, gist ir.Value, looks *[]Look) ir.Value {
	b := s.B
	if b.Err() != nil {
		return ir.None
	}
	n := b.Type(z).Shape[0]
	e := m.z2.Apply(s, ops.Silu(b, m.z1.Apply(s, z)))
	e = ops.Silu(b, ops.Add(b, e, m.tx.Apply(s, gist)))
	see := func(g gaze, h ir.Value) ir.Value { return g.apply(s, h, words, hide, looks) }
	h := ops.Reshape(b, m.in.Apply(s, e), n, m.fit.h/8, m.fit.w/8, 2*m.width)
	h = ops.Add(b, ops.Upsample2D(b, h, 2), s.Param(m.place))
	h = s.Tap("g.r1", see(m.x1, m.r1.apply(s, h, e)))
	h = s.Tap("g.r2", see(m.x2, m.r2.apply(s, h, e)))
	h = m.up.Apply(s, ops.Upsample2D(b, h, 2))
	h = s.Tap("g.r0", see(m.x0, m.r0.apply(s, h, e)))
	return unpatched(b, m.out.Apply(s, ops.Silu(b, m.no.Apply(s, h))))
}

// eye looks at pictures by convolutions without normalisation, each of which halves their size, and a dense layer: a
// GAN's discriminator and a VAE's encoder begin with it.
type eye struct {
	names []string
	convs []nn.Conv2d
	flat  nn.Linear
}

// eyeLeast is the side at which pictures are not halved any more.
const eyeLeast = 4

// newEye declares one whose layers have 3, 4, 8 and 8 times w channels, that gives so many features.
func newEye(ps *nn.Params, name string, f fit, w, features int) eye {
	var e eye
	h, v, in := f.h, f.w, f.d.C
	for i := 0; h%2 == 0 && v%2 == 0 && min(h, v) > eyeLeast; i++ {
		out := []int{3 * w, 4 * w, 8 * w}[min(i, 2)]
		c := nn.NewConv2d(ps, fmt.Sprintf("c%d", i+1), 4, in, out, ops.Conv{Stride: 2, Pad: 1})
		keepVariance(map[*nn.Param]int{c.W: 16 * in})
		e.names, e.convs = append(e.names, fmt.Sprintf("%s.c%d", name, i+1)), append(e.convs, c)
		h, v, in = h/2, v/2, out
	}
	e.flat = nn.NewLinear(ps, "flat", h*v*in, features)
	keepVariance(map[*nn.Param]int{e.flat.W: h * v * in})
	return e
}

// apply gives features [N F] of pictures [N h w C] in [-1,1].
func (e eye) apply(s *nn.Scope, x ir.Value) ir.Value {
	for i, c := range e.convs {
		x = s.Tap(e.names[i], leaky(s, c.Apply(s, x)))
	}
	return leaky(s, e.flat.Apply(s, flatten(s, x)))
}

// untold gives n texts of which nothing is said, i32 [n TextLength].
func untold(b *ir.Builder, n int) ir.Value {
	first := ops.Equal(b, ops.Iota(b, ir.I32, 1, n, TextLength), b.Const(ir.I32, 0))
	return ops.Select(b, first, b.Const(ir.I32, TokenNull), b.Const(ir.I32, TokenPad))
}

// readSettings are those of all nets that read.
var readSettings = []Setting{
	{Key: "width", Default: "32", What: "channels of the picture's features",
		Choices: []string{"16", "32", "48", "64", "96", "128"}},
	{Key: "text", Default: "64", What: "features of a word", Choices: []string{"32", "64", "128"}},
	{Key: "layers", Default: "2", What: "blocks that read the text", check: intBetween(1, 8)},
	{Key: "drop", Default: "0.1", What: "share of examples whose text is left out", check: floatBetween(0, 0.9)},
}

// textSettings are those of nets that draw at once what they have read.
var textSettings = append([]Setting{
	{Key: "latent", Default: "32", What: "numbers that a picture is drawn from, beside its text",
		check: intBetween(1, 4096)},
}, readSettings...)

// errNoCaptions is why a net that reads cannot be built.
var errNoCaptions = errors.New("the data has no captions: want a source with captions, such as shapes, or a folder with " +
	"a captions.txt")
