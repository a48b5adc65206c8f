package lab

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/ops"
)

// randomSpec draws a value for every parameter, and a picture.
func randomSpec(r *rand.Rand) (ConvSpec, *ConvPicture) {
	s := NewConvSpec()
	for _, p := range ConvParams() {
		v := ""
		switch {
		case p.Choices != nil:
			v = p.Choices[r.IntN(len(p.Choices))]
		case p.Name == "bias":
			v = strconv.FormatFloat(math.Round(r.Float64()*20-10)/10, 'f', -1, 64)
		default: // small values more often
			v = strconv.Itoa(int(p.Min) + r.IntN(1+r.IntN(1+int(min(p.Max, 8)-p.Min))))
		}
		if err := s.Set(p.Name, v); err != nil {
			panic(err)
		}
	}
	pic := &ConvPicture{H: 1 + r.IntN(14), W: 1 + r.IntN(14), C: 1 + 2*r.IntN(2)}
	for range pic.H * pic.W * pic.C {
		pic.Pixels = append(pic.Pixels, r.Float32())
	}
	return s, pic
}

// near compares values that a device computed in float32 with those of the reference.
func near(t *testing.T, want, got []float32, terms int, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	shape := ir.Of(ir.F32, len(want))
	w, g := ops.NewArray(shape), ops.NewArray(shape)
	for i := range want {
		w.Data[i], g.Data[i] = float64(want[i]), float64(got[i])
	}
	require.NoError(t, ops.Diff(g, w, terms, ops.Eps32), what)
}

// TestConvAgreesWithReference computes random specs on the device and window by window.
func TestConvAgreesWithReference(t *testing.T) {
	l, ctx := NewConvLab(session(t)), context.Background()
	r := rand.New(rand.NewPCG(4, 1))
	kinds := map[string]int{}
	for done := 0; done < 60; {
		s, pic := randomSpec(r)
		got, err := l.Compute(ctx, pic, s)
		if errors.Is(err, ErrImpossible) {
			continue
		}
		require.NoError(t, err, "%+v", s)
		pre, act, out := s.Reference(got.Plane, got.Sizes)
		what := fmt.Sprintf("%dx%d %+v", pic.H, pic.W, s)
		terms := s.Size * s.Size * s.Seen()
		near(t, pre, got.Pre, terms, what)
		near(t, act, got.Act, terms, what)
		near(t, out, got.Out, terms*s.PoolSize*s.PoolSize, what)
		assert.Len(t, got.Out, got.Sizes.OutH*got.Sizes.OutW*len(s.Kernels))
		kinds[s.Kind]++
		kinds[s.Mode]++
		done++
	}
	for _, k := range append(ConvKinds, ConvModes...) {
		assert.Greater(t, kinds[k], 3, "%s was hardly tried", k)
	}
}

// TestConvAgreesWithOps compares the reference with that of the operators, which shares nothing with it.
func TestConvAgreesWithOps(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 2))
	for done := 0; done < 80; {
		s, pic := randomSpec(r)
		if s.Mode = "zero"; s.Check(pic.H, pic.W) != nil {
			continue
		}
		in := pic.Values(s.Channels)
		plane := s.Plane(in, pic.H, pic.W)
		pre, act, out := s.Reference(plane, s.Sizes(pic.H, pic.W))
		b := ir.NewBuilder()
		s.trace(b, pic.H, pic.W, false, plane)
		g, err := b.Graph()
		require.NoError(t, err)
		got, err := ops.Eval(g, map[string]ops.Array{
			"x": host(in, 1, pic.H, pic.W, s.Channels),
			"w": host(s.weights(), s.Size, s.Size, s.Seen(), len(s.Kernels)),
			"b": host(s.biases(), len(s.Kernels)),
		})
		require.NoError(t, err)
		for label, want := range map[string][]float32{"pre": pre, "act": act, "out": out} {
			a := got[label]
			require.Len(t, a.Data, len(want), "%s of %+v", label, s)
			for i := range want {
				require.InDelta(t, a.Data[i], float64(want[i]), 1e-5*(1+math.Abs(a.Data[i])), "%s of %+v", label, s)
			}
		}
		done++
	}
}

func host(v []float32, shape ...int) ops.Array {
	a := ops.NewArray(ir.Of(ir.F32, shape...))
	for i := range v {
		a.Data[i] = float64(v[i])
	}
	return a
}

func TestConvFormula(t *testing.T) {
	s := NewConvSpec()
	assert.Equal(t, "floor((28 + 2*1 - 1*(3-1) - 1)/1) + 1 = 28", s.Formula(28))
	set(t, &s, "stride", "2", "padding", "0", "dilation", "2")
	assert.Equal(t, "floor((28 + 2*0 - 2*(3-1) - 1)/2) + 1 = 12", s.Formula(28))
	set(t, &s, "pool", "max")
	assert.Equal(t, "floor((28 + 2*0 - 2*(3-1) - 1)/2) + 1 = 12, pooled floor((12 - 2)/2) + 1 = 6",
		s.Formula(28))
	set(t, &s, "pool", "none", "transposed", "yes", "dilation", "1", "padding", "1")
	assert.Equal(t, "(14-1)*2 - 2*1 + 1*(3-1) + 1 = 27", s.Formula(14))
	set(t, &s, "transposed", "resize")
	assert.Equal(t, "14*2 = 28, floor((28 + 2*1 - 1*(3-1) - 1)/1) + 1 = 28", s.Formula(14))
}

func set(t *testing.T, s *ConvSpec, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		require.NoError(t, s.Set(pairs[i], pairs[i+1]))
	}
}

func TestConvImpossible(t *testing.T) {
	for _, c := range []struct {
		h, w  int
		pairs []string
		want  string
	}{
		{2, 9, []string{"padding", "0"}, "the kernel reaches over 3 pixels, and the picture has 2 with its " +
			"padding: want a smaller kernel or dilation, or padding 1"},
		{28, 28, []string{"size", "11", "dilation", "5", "padding", "0"}, "reaches over 51 pixels"},
		{4, 4, []string{"mode", "reflect", "padding", "4"}, "want padding 3 or less, or mode replicate"},
		{4, 4, []string{"mode", "circular", "padding", "5"}, "want padding 4 or less"},
		{9, 9, []string{"transposed", "yes", "mode", "circular"}, "want mode zero"},
		{2, 2, []string{"transposed", "yes", "padding", "9"}, "want padding 1 or less"},
		{5, 5, []string{"pool", "max", "pool.size", "6"}, "want pool.size 5 or less"},
		{256, 256, []string{"transposed", "yes", "stride", "8"}, "more than the lab shows"},
	} {
		s := NewConvSpec()
		set(t, &s, c.pairs...)
		err := s.Check(c.h, c.w)
		require.ErrorIs(t, err, ErrImpossible, "%v", c.pairs)
		assert.Contains(t, err.Error(), c.want)
	}
	s := NewConvSpec()
	for pair, want := range map[[2]string]string{
		{"sise", "3"}: "want one of kernel, size", {"size", "12"}: "want a whole number from 1 to 11",
		{"size", "3.5"}: "whole number", {"kernel", "blurr"}: "want one of identity, box",
		{"bias", "NaN"}: "want a number from -10 to 10", {"stride", ""}: "whole number",
	} {
		assert.ErrorContains(t, s.Set(pair[0], pair[1]), want)
	}
	assert.Equal(t, NewConvSpec(), s, "a value that is refused changes nothing")
}

func TestConvKernels(t *testing.T) {
	s := NewConvSpec()
	textbook := map[string][]float32{
		"sobel-x": {-1, 0, 1, -2, 0, 2, -1, 0, 1}, "sobel-y": {-1, -2, -1, 0, 0, 0, 1, 2, 1},
		"laplacian": {0, 1, 0, 1, -4, 1, 0, 1, 0}, "sharpen": {0, -1, 0, -1, 5, -1, 0, -1, 0},
		"emboss": {-2, -1, 0, -1, 1, 1, 0, 1, 2}, "identity": {0, 0, 0, 0, 1, 0, 0, 0, 0},
	}
	for name, want := range textbook {
		set(t, &s, "kernel", name)
		assert.InDeltaSlice(t, want, s.Kernels[0].Weights, 1e-6, name)
	}
	sums := map[string]float64{"identity": 1, "box": 1, "gaussian": 1, "sharpen": 1, "sobel-x": 0, "sobel-y": 0,
		"laplacian": 0, "emboss": 1, "gabor": 0}
	for size := 1; size <= maxConvSize; size++ {
		for name, want := range sums {
			for _, channels := range []string{"grey", "rgb"} {
				s := NewConvSpec()
				set(t, &s, "channels", channels, "kernel", name, "size", strconv.Itoa(size))
				got := 0.0
				for _, v := range s.Kernels[0].Weights {
					got += float64(v)
				}
				require.Len(t, s.Kernels[0].Weights, s.Seen()*size*size)
				assert.InDelta(t, want, got, 1e-5, "%s of %d, %s", name, size, channels)
			}
		}
	}
	set(t, &s, "kernel", "gabor")
	require.Len(t, s.Kernels, 8)
	assert.NotEqual(t, s.Kernels[0].Weights, s.Kernels[4].Weights, "each output has its direction")
	set(t, &s, "kernel", "sobel-x", "outputs", "3")
	assert.Equal(t, []string{"sobel-x", "sobel-y", "laplacian"},
		[]string{s.Kernels[0].Name, s.Kernels[1].Name, s.Kernels[2].Name})
}

// TestConvOwnKernel checks that what the user wrote outlives other sizes and channels, and copies are apart.
func TestConvOwnKernel(t *testing.T) {
	s := NewConvSpec()
	before := s
	s.SetWeight(0, 0, 1, 1, 9)
	assert.Equal(t, float32(0), before.At(0, 0, 1, 1))
	assert.Equal(t, "own", s.Get("kernel"))
	set(t, &s, "size", "5")
	assert.Equal(t, float32(9), s.At(0, 0, 2, 2))
	set(t, &s, "channels", "rgb")
	assert.Equal(t, float32(3), s.At(0, 2, 2, 2))
	set(t, &s, "size", "3", "channels", "grey", "outputs", "2")
	assert.Equal(t, float32(9), s.At(0, 0, 1, 1))
	assert.Equal(t, float32(-2), s.At(0, 0, 1, 0))
	set(t, &s, "channels", "rgb", "depthwise", "yes")
	assert.Len(t, s.Kernels, 3)
	assert.Equal(t, 1, s.Seen())
	set(t, &s, "depthwise", "no", "kernel", "box")
	assert.Len(t, s.Kernels, 1)
}

// TestConvCompilesOnce checks that kernels and biases are no reason to compile.
func TestConvCompilesOnce(t *testing.T) {
	l, ctx := NewConvLab(session(t)), context.Background()
	pic, err := OpenConvPicture("digit")
	require.NoError(t, err)
	s := NewConvSpec()
	r, err := l.Compute(ctx, pic, s)
	require.NoError(t, err)
	assert.NotZero(t, r.Compile)
	set(t, &s, "kernel", "box", "bias", "0.5")
	r, err = l.Compute(ctx, pic, s)
	require.NoError(t, err)
	assert.Zero(t, r.Compile)
	for i := range maxConvPrograms + 3 {
		set(t, &s, "padding", strconv.Itoa(i%17), "stride", strconv.Itoa(1+i/17))
		_, err = l.Compute(ctx, pic, s)
		require.NoError(t, err)
	}
	assert.Len(t, l.programs, maxConvPrograms)
}

func TestConvPictures(t *testing.T) {
	for _, name := range ConvPictures() {
		p, err := OpenConvPicture(name)
		require.NoError(t, err)
		require.Len(t, p.Pixels, p.H*p.W*p.C)
		least, most := float32(1), float32(0)
		for _, v := range p.Pixels {
			least, most = min(least, v), max(most, v)
		}
		assert.GreaterOrEqual(t, least, float32(0))
		assert.LessOrEqual(t, most, float32(1))
		assert.Greater(t, most-least, float32(.5), "%s has nothing to see", name)
	}
	_, err := OpenConvPicture("sceen")
	assert.ErrorContains(t, err, "want one of scene")
}

func TestConvSetKernel(t *testing.T) {
	s := NewConvSpec()
	require.NoError(t, s.SetKernel("-1,0; 2 .5"))
	assert.Equal(t, 2, s.Size)
	assert.Equal(t, []float32{-1, 0, 2, .5}, s.Kernels[0].Weights)
	set(t, &s, "channels", "rgb")
	require.NoError(t, s.SetKernel("3"))
	assert.Equal(t, []float32{1, 1, 1}, s.Kernels[0].Weights)
	for text, want := range map[string]string{"1,2;3": "row 2 of 2 has 1 weights", "a": `weight "a"`,
		"": "has 0 weights", "1e9": "from -1000 to 1000"} {
		before := s
		assert.ErrorContains(t, s.SetKernel(text), want)
		assert.Equal(t, before, s)
	}
}

func TestConvFit(t *testing.T) {
	p := &ConvPicture{H: 2, W: 4, C: 1, Pixels: []float32{0, 1, 0, 0, 1, 0, 1, 1}}
	assert.Equal(t, []float32{.5, .5}, p.Fit(1, 2, 1))
	assert.Equal(t, []float32{0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1, 0, 1, 1}, p.Fit(4, 4, 1))
	assert.Len(t, p.Fit(28, 28, 3), 28*28*3)
}

// TestConvSheets checks that a page holds the pixels of its maps.
func TestConvSheets(t *testing.T) {
	pic, err := OpenConvPicture("checker")
	require.NoError(t, err)
	s := NewConvSpec()
	set(t, &s, "kernel", "identity", "outputs", "2", "padding", "0", "size", "1")
	r, err := NewConvLab(nil).Compute(context.Background(), pic, s)
	require.NoError(t, err)
	img := r.Sheet()
	white, black := 0, 0
	for i := 0; i < len(img.Pix); i += 4 {
		switch img.Pix[i] {
		case 255:
			white++
		case 0:
			black++
		}
	}
	side := 32 * (sheetTile / 32)
	want := 3 * side * side / 2 // of the input and two maps
	assert.Equal(t, []int{want, want}, []int{white, black})

	m := &Maps{Input: View{H: 2, W: 2, C: 1, Pixels: []float32{0, 1, 1, 0}}, Label: 1,
		Classes: []string{"a", "b"}, Probs: []float64{.9, .1},
		Layers: []MapLayer{{Name: "c1", Kind: "conv", H: 2, W: 2, C: 3, Values: make([]float32, 12)}}}
	assert.Equal(t, ": the net says a (90%), it is b", m.verdict())
	assert.Greater(t, m.Sheet().Bounds().Dy(), 2*(sheetText+sheetGap))
}

// TestViewRun looks into a run on disk, and refuses what has no layers or is no run.
func TestViewRun(t *testing.T) {
	s, ctx := session(t), context.Background()
	train := func(model, name string, settings map[string]string) {
		j, err := s.Train(TrainOptions{Model: model, Batch: 4, Steps: 1, Keep: true, Name: name,
			Settings: settings})
		require.NoError(t, err)
		require.NoError(t, j.Wait())
	}
	train("cnn", "seen", map[string]string{"width": "2"})
	v, err := s.ViewRun(ctx, "seen")
	require.NoError(t, err)
	m, err := v.Maps(3)
	require.NoError(t, err)
	assert.Len(t, m.Probs, 10)
	for _, l := range m.Layers {
		assert.Len(t, l.Values, l.H*l.W*l.C, l.Name)
	}
	wait := func(what string, ok func(*State) bool) {
		t.Helper()
		require.Eventually(t, func() bool { return ok(v.State()) }, time.Minute, time.Millisecond, what)
	}
	v.WatchMaps(5)
	v.WatchMaps(3)
	wait("the last wish", func(s *State) bool { return s.Maps != nil })
	assert.Equal(t, m.Input.Pixels, v.State().Maps.Input.Pixels)
	assert.Equal(t, m.Probs, v.State().Maps.Probs)
	v.WatchPicture(make([]float32, 28*28))
	wait("a picture", func(s *State) bool { return s.Maps != nil && s.Maps.Label == -1 })
	v.WatchPicture(make([]float32, 3))
	wait("what is wrong", func(s *State) bool { return s.Err != nil })
	strong, err := v.Strongest(ctx, "c1", 0, 3)
	require.NoError(t, err)
	assert.Len(t, strong, 3)
	v.WatchMaps(-1)
	assert.Nil(t, v.State().Maps)
	assert.Equal(t, Finished, v.State().Phase)
	require.NoError(t, v.Close())

	train("vae", "blind", map[string]string{"hidden": "4", "latent": "2"})
	_, err = s.ViewRun(ctx, "blind")
	assert.ErrorContains(t, err, "has no layers to look at")
	_, err = s.ViewRun(ctx, "gone")
	assert.ErrorContains(t, err, "gone")
}
