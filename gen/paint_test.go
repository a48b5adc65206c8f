package gen_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/gen"
	"mllab/ops"
)

// bell is a Painter that knows the answer: its pictures are Gaussian, with a mean that the first token decides.
type bell struct {
	ps      *nn.Params
	process gen.Process
}

const (
	bellSpread = 0.1
	bellSide   = 16
)

func newBell(p gen.Process) *bell {
	b := &bell{nn.NewParams(), p}
	b.ps.Add("unused", nn.Zeros, 1)
	return b
}

func (m *bell) Params() *nn.Params                        { return m.ps }
func (m *bell) Step(*train.Step, train.Batch)             {}
func (m *bell) Eval(*nn.Scope, train.Batch) []gen.Measure { return nil }
func (m *bell) Sample() gen.View                          { return gen.View{} }
func (m *bell) Views() []gen.View                         { return nil }
func (m *bell) Size() (h, w, c int)                       { return bellSide, bellSide, 1 }
func (m *bell) Process() gen.Process                      { return m.process }

// Clean is E[x | x_t] = mean + alpha s² (x_t - alpha mean) / (alpha² s² + sigma²).
func (m *bell) Clean(s *nn.Scope, xt, t, tokens ir.Value, _ *[]gen.Look) ir.Value {
	b := s.B
	n := b.Type(t).Elems()
	t = ops.Reshape(b, t, n, 1, 1, 1)
	alpha, sigma := ops.Shift(b, ops.Neg(b, t), 1), t
	if m.process == gen.DDPM {
		a := ops.Scale(b, t, math.Pi/2)
		alpha, sigma = ops.Cos(b, a), ops.Sin(b, a)
	}
	first := ops.Reshape(b, ops.Cast(b, ops.Slice(b, tokens, 1, 0, 1), ir.F32), n, 1, 1, 1)
	mean := ops.Scale(b, first, 0.1)
	spread := ops.Scale(b, ops.Square(b, alpha), bellSpread*bellSpread)
	gain := ops.Div(b, ops.Scale(b, alpha, bellSpread*bellSpread), ops.Add(b, spread, ops.Square(b, sigma)))
	zero := ops.Scale(b, ops.Sum(b, s.Param(m.ps.All()[0])), 0)
	return ops.Add(b, ops.Add(b, mean, ops.Mul(b, gain, ops.Sub(b, xt, ops.Mul(b, alpha, mean)))), zero)
}

func bellBrush(t *testing.T, p gen.Process, n int) *gen.Brush { return bellRows(t, p, 2*n) }

func bellRows(t *testing.T, p gen.Process, rows int) *gen.Brush {
	t.Helper()
	eng := openCPU(t)
	net := newBell(p)
	st, err := train.NewState(eng, net.Params(), false)
	require.NoError(t, err)
	t.Cleanup(st.Free)
	require.NoError(t, st.Init(1))
	k, err := gen.NewRows(context.Background(), eng, net, gen.DataInfo{H: bellSide, W: bellSide, C: 1, Words: 9}, st, rows, false)
	require.NoError(t, err)
	t.Cleanup(k.Close)
	return k
}

func bellTexts(first ...int32) []int32 {
	ids := make([]int32, len(first)*gen.TextLength)
	for i, f := range first {
		ids[i*gen.TextLength] = f
	}
	return ids
}

func paint(t *testing.T, k *gen.Brush, o gen.PaintOptions, texts, avoid []int32) *gen.Painting {
	t.Helper()
	p, err := k.Begin(o, texts, avoid)
	require.NoError(t, err)
	for i := 0; ; i++ {
		done, err := p.Step(context.Background())
		require.NoError(t, err)
		at, of := p.Steps()
		require.Equal(t, i+1, at)
		if done {
			require.Equal(t, of, at)
			return p
		}
	}
}

func moments(v []float32) (mean, std float64) {
	for _, x := range v {
		mean += float64(x) / float64(len(v))
	}
	for _, x := range v {
		std += (float64(x) - mean) * (float64(x) - mean) / float64(len(v))
	}
	return mean, math.Sqrt(std)
}

// Every sampler must find the distribution of which it is given the exact estimates.
func TestSamplersFindTheDistribution(t *testing.T) {
	for _, process := range []gen.Process{gen.Flow, gen.DDPM} {
		k := bellBrush(t, process, 4)
		for _, name := range gen.Samplers {
			o := gen.NewPaintOptions()
			o.Sampler, o.Steps, o.Guidance = name, 200, 1
			p := paint(t, k, o, bellTexts(5, 5, 1, 1), bellTexts(2, 2, 2, 2))
			half := len(p.X) / 2
			mean, std := moments(p.X[:half])
			// 512 values: the mean is within 5 standard errors, the spread within 20 per cent.
			assert.InDelta(t, 0.5, mean, 5*bellSpread/math.Sqrt(512), "%s %s", process, name)
			assert.InDelta(t, bellSpread, std, 0.2*bellSpread, "%s %s", process, name)
			mean, _ = moments(p.X[half:])
			assert.InDelta(t, 0.1, mean, 5*bellSpread/math.Sqrt(512), "%s %s: its own text", process, name)
		}
	}
}

func TestGuidance(t *testing.T) {
	k := bellBrush(t, gen.Flow, 1)
	o := gen.NewPaintOptions()
	o.Guidance = 2
	mean, _ := moments(paint(t, k, o, bellTexts(4), bellTexts(2)).X)
	assert.Greater(t, mean, 0.5, "beyond what the text alone gives")
	o.Guidance = 0
	mean, _ = moments(paint(t, k, o, bellTexts(4), bellTexts(2)).X)
	assert.InDelta(t, 0.2, mean, 0.05, "as without the text")
}

func TestPaintingIsRepeatable(t *testing.T) {
	k := bellBrush(t, gen.Flow, 2)
	for _, name := range gen.Samplers {
		o := gen.NewPaintOptions()
		o.Sampler, o.Seed = name, 7
		a, b := paint(t, k, o, bellTexts(3, 3), bellTexts(2, 2)), paint(t, k, o, bellTexts(3, 3), bellTexts(2, 2))
		assert.Equal(t, a.X, b.X, name)
		o.Seed = 8
		assert.NotEqual(t, a.X, paint(t, k, o, bellTexts(3, 3), bellTexts(2, 2)).X)
		half := len(a.X) / 2
		assert.NotEqual(t, a.X[:half], a.X[half:], "each picture has its own noise")
	}
}

func TestStartAndMask(t *testing.T) {
	k := bellBrush(t, gen.Flow, 1)
	o := gen.NewPaintOptions()
	o.Start, o.Mask = make([]float32, bellSide*bellSide), make([]float32, bellSide*bellSide)
	for i := range o.Mask {
		if i%bellSide >= bellSide/2 {
			o.Mask[i] = 1
		}
	}
	p := paint(t, k, o, bellTexts(8), bellTexts(2))
	shown := make([]float32, bellSide*bellSide)
	k.Show(p.X, shown)
	for i, v := range shown {
		if o.Mask[i] == 0 {
			require.Zero(t, v, "what the mask protects is as it was")
		}
	}
	mean, _ := moments(p.X)
	assert.InDelta(t, (-1+1)/2.0, mean, 0.6)

	o.Mask, o.Strength = nil, 0.02
	for i := range o.Start {
		o.Start[i] = 0.9 // 0.8 inside
	}
	mean, _ = moments(paint(t, k, o, bellTexts(8), bellTexts(2)).X)
	assert.InDelta(t, 0.8, mean, 0.05, "a weak start keeps the picture")
}

// A brush paints pictures of any terms: two texts mixed half and half give what lies between them.
func TestTiles(t *testing.T) {
	k := bellRows(t, gen.Flow, 5)
	o := gen.NewPaintOptions()
	text := func(first int32) []int32 { return bellTexts(first) }
	p, err := k.Lay(o, []gen.Tile{
		{Terms: []gen.Term{{Text: text(2), Weight: 1}}},
		{Terms: []gen.Term{{Text: text(2), Weight: 0.5}, {Text: text(6), Weight: 0.5}}},
		{Terms: gen.Guided(text(6), text(2), 1)},
	})
	require.NoError(t, err)
	for done := false; !done; {
		done, err = p.Step(context.Background())
		require.NoError(t, err)
	}
	one := bellSide * bellSide
	require.Len(t, p.X, 3*one)
	for i, want := range []float64{0.2, 0.4, 0.6} {
		mean, _ := moments(p.X[i*one : (i+1)*one])
		assert.InDelta(t, want, mean, 0.05, "picture %d", i)
	}
	for i, v := range p.X[:one] {
		require.InDelta(t, v+0.2, p.X[one+i], 1e-3, "the same noise, moved")
	}
	shown := make([]float32, 3*one)
	k.Show(p.X, shown)
	assert.InDelta(t, (p.X[2*one]+1)/2, shown[2*one], 1e-6)

	for want, tiles := range map[string][]gen.Tile{
		"6 texts: want 1 to 5": {{Terms: make([]gen.Term, 6)}},
		"has no text":          {{}},
		"0 texts":              nil,
	} {
		for i := range tiles {
			for j := range tiles[i].Terms {
				tiles[i].Terms[j].Text = text(1)
			}
		}
		_, err := k.Lay(o, tiles)
		assert.ErrorContains(t, err, want)
	}
	_, err = k.Lay(o, []gen.Tile{{Terms: []gen.Term{{Text: []int32{1}, Weight: 1}}}})
	assert.ErrorContains(t, err, "a text of 1 tokens")
}

// Noise that is turned stays as strong, and is the nearer to the seed's own the less it is turned.
func TestSpreadOfNoise(t *testing.T) {
	noise := func(tile gen.Tile) []float32 {
		v := make([]float32, 4096)
		tile.Noise(3, v)
		return v
	}
	far := func(a, b []float32) float64 {
		sum := 0.0
		for i := range a {
			sum += float64(a[i]-b[i]) * float64(a[i]-b[i])
		}
		return math.Sqrt(sum / float64(len(a)))
	}
	own := noise(gen.Tile{})
	before := 0.0
	for _, spread := range []float64{0.1, 0.5, 1} {
		v := noise(gen.Tile{Stream: 4, Spread: spread})
		_, std := moments(v)
		assert.InDelta(t, 1, std, 0.05)
		d := far(own, v)
		assert.InDelta(t, 2*math.Sin(math.Pi/4*spread), d, 0.05, "a chord of the circle")
		assert.Greater(t, d, before)
		before = d
	}
	assert.InDeltaSlice(t, noise(gen.Tile{Stream: 4}), noise(gen.Tile{Stream: 4, Spread: 1}), 1e-6)
	assert.Equal(t, own, noise(gen.Tile{}))
}

func TestNoNumbers(t *testing.T) {
	k := bellRows(t, gen.Flow, 1)
	p, err := k.Lay(gen.NewPaintOptions(), []gen.Tile{{Terms: []gen.Term{{Text: bellTexts(1), Weight: math.NaN()}}}})
	require.NoError(t, err)
	_, err = p.Step(context.Background())
	assert.ErrorIs(t, err, gen.ErrNoNumbers)
}

func TestPaintOptions(t *testing.T) {
	d := gen.DataInfo{H: 4, W: 4, C: 3}
	for want, change := range map[string]func(*gen.PaintOptions){
		"steps 0: want 1 to 1000":      func(o *gen.PaintOptions) { o.Steps = 0 },
		"steps 100000":                 func(o *gen.PaintOptions) { o.Steps = 100000 },
		"guidance NaN":                 func(o *gen.PaintOptions) { o.Guidance = math.NaN() },
		"guidance +Inf":                func(o *gen.PaintOptions) { o.Guidance = math.Inf(1) },
		"did you mean euler?":          func(o *gen.PaintOptions) { o.Sampler = "eular" },
		"a start of 1 values: want 48": func(o *gen.PaintOptions) { o.Start = make([]float32, 1) },
		"strength 0":                   func(o *gen.PaintOptions) { o.Start, o.Strength = make([]float32, 48), 0 },
		"a mask without a picture":     func(o *gen.PaintOptions) { o.Mask = make([]float32, 16) },
		"a mask of 3 values: want 16": func(o *gen.PaintOptions) {
			o.Start, o.Mask = make([]float32, 48), make([]float32, 3)
		},
	} {
		o := gen.NewPaintOptions()
		require.NoError(t, o.Check(d))
		change(&o)
		assert.ErrorContains(t, o.Check(d), want)
	}
	k := bellBrush(t, gen.Flow, 1)
	_, err := k.Begin(gen.NewPaintOptions(), bellTexts(1, 2), bellTexts(1))
	assert.ErrorContains(t, err, "want 32")
}
