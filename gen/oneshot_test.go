package gen_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/train"
	"mllab/gen"
)

// halves are pictures that a text decides: word 5 makes the left half bright, word 6 the right one, and 7 both. A
// tenth of the brightness is left to chance.
type halves struct{ side int }

func (h halves) word(step, i int) int { return 5 + (step*7+i*3+i/3)%3 }

func (h halves) Fill(step int, x []float32, labels []int32) error {
	one := h.side * h.side
	for i := range len(x) / one {
		shade := float32(0.9 + 0.1*math.Sin(float64(step*31+i*17)))
		for j := range one {
			x[i*one+j] = 0.1
			if h.bright(h.word(step, i), j%h.side) {
				x[i*one+j] = shade
			}
		}
	}
	for i := range labels {
		labels[i] = -1
	}
	return nil
}

func (h halves) bright(word, column int) bool {
	left := column < h.side/2
	return word == 7 || left == (word == 5)
}

func (h halves) Tokens(step int, tokens []int32) error {
	clear(tokens)
	for i := range len(tokens) / gen.TextLength {
		tokens[i*gen.TextLength] = 4
		tokens[i*gen.TextLength+1] = int32(h.word(step, i))
	}
	return nil
}

// What both families must learn: a text decides where a picture is bright.
func TestOneShotsLearnWhatWordsMean(t *testing.T) {
	ctx := context.Background()
	h := halves{8}
	d := gen.DataInfo{H: h.side, W: h.side, C: 1, Words: 8}
	for _, tt := range []struct {
		model string
		steps int
	}{{"tvae", 150}, {"tgan", 250}} {
		t.Run(tt.model, func(t *testing.T) {
			eng := openCPU(t)
			net, s := build(t, tt.model, d, "width=16", "text=32", "layers=1", "latent=4", "ema=0.95")
			m, err := gen.Find(tt.model)
			require.NoError(t, err)
			o := train.Options{Batch: 16, H: d.H, W: d.W, C: d.C, LR: m.Rate, Steps: tt.steps, Seed: 3}
			s.Apply(&o)
			l, err := train.New(ctx, eng, net, h, o)
			require.NoError(t, err)
			defer l.Close()
			require.NoError(t, l.Run(ctx))
			p, ok := gen.PainterOf(net, d)
			require.True(t, ok)
			k, err := gen.NewBrush(ctx, eng, p, d, l.State(), 3, true)
			require.NoError(t, err)
			defer k.Close()
			texts := make([]int32, 3*gen.TextLength)
			for i := range 3 {
				texts[i*gen.TextLength], texts[i*gen.TextLength+1] = 4, int32(5+i)
			}
			drawn := paint(t, k, once(gen.NewPaintOptions()), texts, bellTexts(2, 2, 2))
			shown := make([]float32, 3*d.H*d.W)
			k.Show(drawn.X, shown)
			for i := range 3 {
				var sum [2]float64
				for j := range d.H * d.W {
					sum[j%d.W/(d.W/2)] += float64(shown[i*d.H*d.W+j]) / float64(d.H*d.W/2)
				}
				for side, got := range sum {
					assert.Equal(t, h.bright(5+i, side*d.W/2), got > 0.5, "word %d: brightness of side %d is %.2f", 5+i, side, got)
				}
			}
			assert.Len(t, k.Looks, 3)
		})
	}
}

// once are options of one step, as a net that draws at once takes it.
func once(o gen.PaintOptions) gen.PaintOptions {
	o.Steps = 1
	return o
}

// A brush takes one step of a net that draws at once, whatever is asked for, and paints the same as often as it does.
func TestOneShotPaints(t *testing.T) {
	ctx, eng := context.Background(), openCPU(t)
	d := gen.DataInfo{H: 6, W: 5, C: 3, Words: 9}
	for _, model := range []string{"tgan", "tvae"} {
		net, _ := build(t, model, d, small[model]...)
		p, ok := gen.PainterOf(net, d)
		require.True(t, ok)
		st, err := train.NewState(eng, net.Params(), false)
		require.NoError(t, err)
		defer st.Free()
		require.NoError(t, st.Init(1))
		k, err := gen.NewBrush(ctx, eng, p, d, st, 2, false)
		require.NoError(t, err)
		defer k.Close()
		o := gen.NewPaintOptions()
		o.Seed = 5
		twenty, err := k.Begin(o, bellTexts(3, 4), bellTexts(2, 2))
		require.NoError(t, err)
		done, err := twenty.Step(ctx)
		require.NoError(t, err)
		assert.True(t, done, "twenty steps are one")
		o.Guidance, o.Sampler, o.Steps = 7, "ddpm", 1
		again := paint(t, k, o, bellTexts(3, 4), bellTexts(8, 8))
		assert.Equal(t, twenty.X, again.X, "neither guidance nor sampler nor what is avoided counts")
		assert.NotEqual(t, twenty.X, paint(t, k, o, bellTexts(5, 4), bellTexts(2, 2)).X, "the text does")
		o.Seed = 6
		assert.NotEqual(t, twenty.X, paint(t, k, o, bellTexts(3, 4), bellTexts(2, 2)).X, "and the seed")
		o.Start = make([]float32, 6*5*3)
		_, err = k.Begin(o, bellTexts(3, 4), bellTexts(2, 2))
		assert.ErrorContains(t, err, "cannot begin with a picture")
	}
	net, _ := build(t, "vae", d, small["vae"]...)
	_, ok := gen.PainterOf(net, d)
	assert.False(t, ok)
	m, err := gen.Find("tvae")
	require.NoError(t, err)
	s, err := m.Parse([]string{"latent=91"})
	require.NoError(t, err)
	_, err = m.Build(s, d)
	assert.ErrorContains(t, err, "tvae: latent=91: want at most the 90 values of a picture of 6x5x3")
}
