package lab

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/run"
	"mllab/engine/safetensors"
)

// TestPCA compares two dimensions with the closed form: variances l1, l2 of [[a b] [b c]] are
// (a+c)/2 ± sqrt((a-c)²/4 + b²), and the first axis has the angle atan2(2b, a-c)/2.
func TestPCA(t *testing.T) {
	noise := rand.New(rand.NewPCG(7, 7))
	const n = 300
	var codes []float32
	for range n {
		x, y := noise.NormFloat64(), noise.NormFloat64()
		codes = append(codes, float32(2*x+1), float32(1.5*x+0.4*y-3))
	}
	s := NewSpace(Space{N: n, Dims: 2, Codes: codes, Labels: make([]int, n)})
	var a, b, c float64
	for i := range n {
		x, y := float64(codes[2*i])-s.Mean[0], float64(codes[2*i+1])-s.Mean[1]
		a, b, c = a+x*x/(n-1), b+x*y/(n-1), c+y*y/(n-1)
	}
	root := math.Sqrt((a-c)*(a-c)/4 + b*b)
	assert.InDeltaSlice(t, []float64{(a+c)/2 + root, (a+c)/2 - root}, s.PCA.Variance, 1e-9)
	angle := math.Atan2(2*b, a-c) / 2
	assert.InDeltaSlice(t, []float64{math.Cos(angle), math.Sin(angle)}, s.PCA.Axes[0], 1e-9)
	assert.InDelta(t, 1, s.PCA.Explained(0)+s.PCA.Explained(1), 1e-12)
	assert.Zero(t, s.PCA.Explained(2))
	assert.InDelta(t, math.Sqrt(a*(n-1)/n), s.Std[0], 1e-9)

	p := s.PCAPlane()
	for i := range n {
		x, y := p.Project(s.Code(i))
		assert.InDeltaSlice(t, s.Code(i), p.Lift(x, y), 1e-5, "the plane of two dimensions is all there is")
		w := s.Window(p)
		assert.True(t, x > w.X0 && x < w.X1 && y > w.Y0 && y < w.Y1)
	}
}

func TestPCAOfLittle(t *testing.T) {
	one := NewSpace(Space{N: 1, Dims: 3, Codes: []float32{1, 2, 3}, Labels: []int{-1}})
	assert.Empty(t, one.PCA.Axes)
	x, y := one.PCAPlane().Project(one.Code(0))
	assert.Zero(t, x)
	assert.Zero(t, y)
	line := NewSpace(Space{N: 3, Dims: 1, Codes: []float32{1, 2, 4}, Labels: []int{0, 0, 1}})
	assert.Len(t, line.PCA.Axes, 1)
	still := NewSpace(Space{N: 3, Dims: 2, Codes: make([]float32, 6), Labels: []int{0, 0, 0}})
	assert.Zero(t, still.PCA.Explained(0))
	w := still.Window(still.PCAPlane())
	assert.Equal(t, Window{-1, 1, -1, 1}, w)
}

// TestKL integrates q log(q/p) over a line.
func TestKL(t *testing.T) {
	for _, c := range [][2]float64{{0, 0}, {1.5, 0}, {-0.3, -2}, {0.7, 0.9}} {
		mean, sd := c[0], math.Exp(c[1]/2)
		sum, h := 0.0, 1e-3
		for x := -15.0; x < 15; x += h {
			logQ := -(x-mean)*(x-mean)/(2*sd*sd) - math.Log(sd)
			logP := -x * x / 2
			sum += math.Exp(logQ) / math.Sqrt(2*math.Pi) * (logQ - logP) * h
		}
		got := []float64{0}
		addKL(got, []float32{float32(c[0])}, []float32{float32(c[1])})
		assert.InDelta(t, sum, got[0], 1e-5, "%v", c)
	}
	s := NewSpace(Space{Dims: 3, KL: []float64{0.5, 0.0099, 2}})
	assert.Equal(t, []int{1}, s.Dead)
	assert.Equal(t, []int{2, 0, 1}, s.ByKL())
	assert.InDelta(t, 2.5099, s.TotalKL(), 1e-12)
}

func norm(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

func TestPaths(t *testing.T) {
	noise := rand.New(rand.NewPCG(3, 1))
	random := func() []float32 {
		v := make([]float32, 8)
		for i := range v {
			v[i] = float32(noise.NormFloat64())
		}
		return v
	}
	for range 50 {
		a, b := random(), random()
		k := float32(norm(a) / norm(b))
		for i := range b {
			b[i] *= k // of the same length
		}
		assert.InDeltaSlice(t, a, Slerp(a, b, 0), 1e-6)
		assert.InDeltaSlice(t, b, Slerp(a, b, 1), 1e-6)
		last := a
		step := norm(minus(Slerp(a, b, 0.1), a))
		for i := 1; i <= 10; i++ {
			at := Slerp(a, b, float64(i)/10)
			assert.InDelta(t, norm(a), norm(at), 1e-4, "the arc stays on the sphere")
			assert.InDelta(t, step, norm(minus(at, last)), 1e-4, "and goes along it evenly")
			assert.InDeltaSlice(t, at, Slerp(b, a, 1-float64(i)/10), 1e-5)
			last = at
		}
		assert.Less(t, norm(Lerp(a, b, 0.5)), norm(a), "the line cuts through it")
		path := Between(a, b, 5, true)
		assert.InDeltaSlice(t, Slerp(a, b, 0.25), path[8:16], 1e-6)
		assert.InDeltaSlice(t, b, path[32:], 1e-6)
	}
	zero, x := []float32{0, 0}, []float32{2, 0}
	assert.Equal(t, []float32{1, 0}, Slerp(zero, x, 0.5))
	assert.Equal(t, []float32{0, 0}, Slerp(x, []float32{-2, 0}, 0.5), "between opposites there is no one arc")
	assert.Equal(t, []float32{5, 1, 5, 2, 5, 3}, Traverse([]float32{5, 9}, 1, 1, 3, 3))
	assert.Equal(t, []float32{1, 1, 2, 3}, Along([]float32{1, 1}, []float64{1, 2}, 0, 1, 2))
	assert.Equal(t, []float32{1, 2}, Between([]float32{1, 2}, []float32{3, 4}, 1, false))
}

func minus(a, b []float32) []float32 {
	d := make([]float32, len(a))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return d
}

func TestSpace(t *testing.T) {
	s := NewSpace(Space{N: 4, Dims: 2, Codes: []float32{0, 0, 2, 0, 0, 3, 2, 3}, Labels: []int{1, 1, 5, 5},
		Classes: []string{"a", "b"}, Model: "vae", Split: "test"})
	assert.Equal(t, []Near{{1, 0.5}, {0, 1.5}}, s.Nearest([]float32{1.5, 0}, 2))
	assert.Equal(t, []Near{{0, 1}, {1, 1}}, s.Nearest([]float32{1, 0}, 2), "ties by number")
	assert.Len(t, s.Nearest([]float32{0, 0}, 99), 4)
	d, err := s.Direction(1, 5)
	require.NoError(t, err)
	assert.Equal(t, []float64{0, 3}, d)
	_, err = s.Direction(1, 2)
	assert.ErrorContains(t, err, "want two of [1 5]")
	assert.Equal(t, "b", s.Class(1))
	assert.Equal(t, "5", s.Class(5))
	assert.Equal(t, "", s.Class(-1))
	p := s.DimPlane(1, 0)
	x, y := p.Project([]float32{7, 8})
	assert.Equal(t, [2]float64{8, 7}, [2]float64{x, y})
	w := Window{0, 2, 0, 4}
	assert.Equal(t, []float32{3, 0.5, 3, 1.5, 1, 0.5, 1, 1.5}, p.Raster(w, 2, 2)[:8], "from the upper left")
	fx, fy := w.Fraction(w.At(0.25, 0.75))
	assert.Equal(t, [2]float64{0.25, 0.75}, [2]float64{fx, fy})
	z := w.Zoom(1, 1, 0.5)
	assert.Equal(t, Window{0.5, 1.5, 0.5, 2.5}, z)

	black, red := color.RGBA{A: 255}, color.RGBA{R: 255, A: 255}
	im := s.Scatter(s.DimPlane(0, 1)).Draw(Window{-1, 3, -1, 4}, 80, 80, 4, ScatterStyle{Back: black, Grid: black,
		Class: func(label int) color.RGBA { return map[int]color.RGBA{1: red, 5: {B: 255, A: 255}}[label] }})
	assert.Equal(t, red, im.At(20, 64))
	assert.Equal(t, color.RGBA{B: 255, A: 255}, im.At(60, 16))
	assert.Equal(t, black, im.At(5, 5))
}

func TestGIF(t *testing.T) {
	p := &Pictures{N: 3, H: 2, W: 2, C: 1, Pixels: []float32{0, 0, 0, 0, .5, .5, .5, .5, 1, 1, 1, 1}}
	var b bytes.Buffer
	require.NoError(t, p.Enlarge(3).GIF(&b, 80*time.Millisecond))
	g, err := gif.DecodeAll(&b)
	require.NoError(t, err)
	require.Len(t, g.Image, 4, "there and back")
	for i, want := range []uint32{0, 128, 255, 128} {
		r, _, _, _ := g.Image[i].At(5, 5).RGBA()
		assert.Equal(t, want, r>>8)
		assert.Equal(t, 8, g.Delay[i])
	}
	assert.Equal(t, image.Rect(0, 0, 6, 6), g.Image[0].Rect)
	colours := &Pictures{N: 1, H: 1, W: 1, C: 3, Pixels: []float32{1, 0, 0}}
	b.Reset()
	require.NoError(t, colours.GIF(&b, 0))
	g, err = gif.DecodeAll(&b)
	require.NoError(t, err)
	red, green, _, _ := g.Image[0].At(0, 0).RGBA()
	assert.Greater(t, red, green)
	assert.Error(t, (&Pictures{}).GIF(&b, 0))
}

func TestWriteFresh(t *testing.T) {
	dir := t.TempDir()
	for i := 1; i <= 2; i++ {
		path, err := WriteFresh(dir, "a/b\x1b c", ".png", png1)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, "a-b--c-"+string(rune('0'+i))+".png"), path)
	}
	_, err := WriteFresh(dir, "x", ".png", func(io.Writer) error {
		return assert.AnError
	})
	assert.Error(t, err)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 2, "nothing half-written is left")
}

func png1(w io.Writer) error {
	return png.Encode(w, image.NewGray(image.Rect(0, 0, 1, 1)))
}

// TestOwnPicture reads pictures of all kinds for a net of light digits on black.
func TestOwnPicture(t *testing.T) {
	dir := t.TempDir()
	s := &Space{N: 1, H: 8, W: 8, C: 1, Pixels: make([]float32, 64)}
	file := func(name string, img image.Image) string {
		var b bytes.Buffer
		require.NoError(t, png.Encode(&b, img))
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o666))
		return path
	}
	deep := image.NewGray16(image.Rect(0, 0, 8, 8))
	deep.SetGray16(3, 4, color.Gray16{Y: 0x8000})
	pixels, notes, err := s.OwnPicture(file("deep.png", deep))
	require.NoError(t, err)
	assert.Empty(t, notes)
	assert.InDelta(t, 0.5, pixels[4*8+3], 0.01)
	assert.Zero(t, pixels[0])

	page := image.NewRGBA(image.Rect(0, 0, 300, 200))
	for i := range page.Pix {
		page.Pix[i] = 255
	}
	for x := 120; x < 180; x++ {
		for y := 60; y < 140; y++ {
			page.SetRGBA(x, y, color.RGBA{R: 200, A: 255})
		}
	}
	pixels, notes, err = s.OwnPicture(file("page.png", page))
	require.NoError(t, err)
	assert.Equal(t, []string{"its middle scaled from 300x200 to the 8x8 of the model", "made grey",
		"inverted, as the model's pictures are light on dark"}, notes)
	assert.Less(t, pixels[0], float32(0.05))
	assert.Greater(t, pixels[4*8+4], float32(0.7))

	pixels, _, err = s.OwnPicture(file("dot.png", image.NewGray(image.Rect(0, 0, 1, 1))))
	require.NoError(t, err)
	assert.Equal(t, make([]float32, 64), pixels)
	pixels, _, err = (&Space{H: 2, W: 3, C: 3}).OwnPicture(file("dot.png", image.NewGray(image.Rect(0, 0, 1, 1))))
	require.NoError(t, err)
	assert.Len(t, pixels, 18)

	var b bytes.Buffer
	frame := func(v byte) *image.Paletted {
		p := image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.Gray{Y: v}})
		return p
	}
	two := &gif.GIF{Image: []*image.Paletted{frame(51), frame(255)}, Delay: []int{1, 1}}
	require.NoError(t, gif.EncodeAll(&b, two))
	moving := filepath.Join(dir, "moving.gif")
	require.NoError(t, os.WriteFile(moving, b.Bytes(), 0o666))
	pixels, notes, err = s.OwnPicture(moving)
	require.NoError(t, err)
	assert.InDelta(t, 0.2, pixels[9], 0.01, "the first frame")
	assert.Contains(t, strings.Join(notes, "; "), "first frame")

	broken := filepath.Join(dir, "broken.png")
	require.NoError(t, os.WriteFile(broken, []byte("\x89PNG\r\n\x1a\nno more"), 0o666))
	for _, path := range []string{broken, dir, filepath.Join(dir, "gone.png")} {
		_, _, err = s.OwnPicture(path)
		require.Error(t, err)
		assert.Contains(t, err.Error(), filepath.Base(path))
		assert.NotContains(t, err.Error(), "\n")
	}
}

// TestLatentOfRun trains a small VAE, opens its run, and looks at what it learned.
func TestLatentOfRun(t *testing.T) {
	ctx, s := context.Background(), session(t)
	o := TrainOptions{Batch: 32, Seed: 3, Steps: 250, Keep: true,
		Settings: map[string]string{"hidden": "32", "latent": "4", "ema": "0.9"}}
	j, err := s.Train(o)
	require.NoError(t, err)
	require.NoError(t, j.Wait())
	var stages []string
	l, err := s.Latent(ctx, LatentOptions{Run: "last", Tell: func(stage string) { stages = append(stages, stage) }})
	require.NoError(t, err)
	defer l.Close()
	assert.Contains(t, strings.Join(stages, "\n"), "encoding 50 of 2000")
	space := l.Space()
	assert.Equal(t, 250, space.Step)
	assert.Equal(t, [2]int{2000, 4}, [2]int{space.N, space.Dims})
	assert.Len(t, space.Present(), 10)
	assert.Greater(t, space.TotalKL(), 0.5)

	var wrong, blank float64
	all, err := l.DecodeAll(ctx, space.Codes[:4*40])
	require.NoError(t, err)
	for i := range 40 {
		code, err := l.Encode(ctx, space.Picture(i))
		require.NoError(t, err)
		assert.InDeltaSlice(t, space.Code(i), code, 1e-4, "alone or among others")
		one, err := l.Decode(ctx, code)
		require.NoError(t, err)
		assert.InDeltaSlice(t, all[i*784:(i+1)*784], one, 1e-4)
		for k, v := range space.Picture(i) {
			wrong += math.Pow(float64(v-one[k]), 2)
			blank += math.Pow(float64(v), 2)
		}
	}
	assert.Less(t, wrong, 0.7*blank, "a picture comes back from its code")
	_, err = l.DecodeAll(ctx, make([]float32, 5))
	assert.ErrorContains(t, err, "multiple of 4")
	l.Close()
	_, err = l.Decode(ctx, make([]float32, 4))
	assert.ErrorIs(t, err, errLatentClosed)
}

// TestLatentOfJob opens the net of a training that goes on.
func TestLatentOfJob(t *testing.T) {
	ctx, s := context.Background(), session(t)
	j, err := s.Train(TrainOptions{Batch: 8, Seed: 3, Settings: map[string]string{"hidden": "16", "latent": "2"}})
	require.NoError(t, err)
	until(t, j, "trains", func(s *State) bool { return s.Step > 3 })
	l, err := j.Latent(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, "live", l.Space().Run)
	before, err := l.Decode(ctx, []float32{1, 1})
	require.NoError(t, err)
	at := j.State().Step
	until(t, j, "trains on", func(s *State) bool { return s.Step > at+3 })
	after, err := l.Decode(ctx, []float32{1, 1})
	require.NoError(t, err)
	assert.Equal(t, before, after)
	j.Stop()
	require.NoError(t, j.Wait())
	_, err = j.Latent(ctx, nil)
	assert.ErrorContains(t, err, "open a run")
	require.NoError(t, s.Close())
	_, err = l.Decode(ctx, []float32{1, 1})
	assert.ErrorIs(t, err, errLatentClosed, "a session closes what is open")
}

// TestLatentOfGAN draws codes, as a GAN encodes nothing.
func TestLatentOfGAN(t *testing.T) {
	ctx, s := context.Background(), session(t)
	j, err := s.Train(TrainOptions{Model: "dcgan", Batch: 4, Steps: 2, Keep: true,
		Settings: map[string]string{"width": "2", "latent": "3"}})
	require.NoError(t, err)
	require.NoError(t, j.Wait())
	l, err := s.Latent(ctx, LatentOptions{Run: "last"})
	require.NoError(t, err)
	defer l.Close()
	space := l.Space()
	assert.True(t, space.Sampled)
	assert.Nil(t, space.KL)
	assert.Empty(t, space.Present())
	one, err := l.Decode(ctx, space.Code(7))
	require.NoError(t, err)
	assert.InDeltaSlice(t, space.Picture(7), one, 1e-4)
	_, err = l.Encode(ctx, one)
	assert.ErrorContains(t, err, "has no encoder")
	_, err = space.Direction(0, 1)
	assert.ErrorContains(t, err, "no labels")
}

// TestLatentBadRuns opens runs that cannot be: one line says why.
func TestLatentBadRuns(t *testing.T) {
	ctx, s := context.Background(), session(t)
	kept := func(o TrainOptions) string {
		o.Keep, o.Steps = true, 1
		j, err := s.Train(o)
		require.NoError(t, err)
		require.NoError(t, j.Wait())
		return j.State().Dir
	}
	fails := func(name string, want ...string) {
		t.Helper()
		_, err := s.Latent(ctx, LatentOptions{Run: name})
		require.Error(t, err)
		for _, w := range want {
			assert.Contains(t, err.Error(), w)
		}
		assert.NotContains(t, err.Error(), "\n")
	}
	fails("nothing", "no run nothing")
	r, err := run.Create(s.Root(), "taker", run.Config{Version: Version, Model: "unet", Data: "digits"})
	require.NoError(t, err)
	some := []safetensors.Tensor{{Name: "a", Shape: []int{1}, F32: []float32{1}}}
	require.NoError(t, r.Save(run.Checkpoint{Step: 1, Tensors: some}))
	require.NoError(t, r.Close())
	fails("taker", "model unet", "dcgan", "vae")

	dir := kept(TrainOptions{Batch: 4, Settings: map[string]string{"hidden": "8", "latent": "2"}})
	config := filepath.Join(dir, "config.json")
	text, err := os.ReadFile(config)
	require.NoError(t, err)
	change := func(old, new string) {
		t.Helper()
		require.Contains(t, string(text), old)
		require.NoError(t, os.WriteFile(config, []byte(strings.Replace(string(text), old, new, 1)), 0o666))
	}
	change(`"latent": "2"`, `"latent": "3"`)
	fails(dir, "of another model or other settings")
	change(`"format": 1`, `"format": 9`)
	fails(dir, "made by mllab format 9")
	change(`"data": "digits"`, `"data": "/gone/away"`)
	fails(dir, "/gone/away")
	change(`"vae"`, `"vae2"`)
	fails(dir, "vae2")
	require.NoError(t, os.WriteFile(config, text, 0o666))
	checkpoints, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, checkpoints)
	for _, c := range checkpoints {
		require.NoError(t, os.Truncate(c, 100))
	}
	fails(dir, "damaged")
	for _, c := range checkpoints {
		require.NoError(t, os.Remove(c))
	}
	fails(dir, "no checkpoint", "train it for longer")
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = s.Latent(cancelled, LatentOptions{Run: "last"})
	assert.Error(t, err)
}

// BenchmarkLatentDecode is the picture at the cursor, of the default VAE.
func BenchmarkLatentDecode(b *testing.B) {
	for _, arch := range []string{"mlp", "conv"} {
		b.Run(arch, func(b *testing.B) {
			s, err := Open(Options{Root: b.TempDir()})
			require.NoError(b, err)
			defer s.Close()
			j, err := s.Train(TrainOptions{Steps: 1, Keep: true, Settings: map[string]string{"arch": arch}})
			require.NoError(b, err)
			require.NoError(b, j.Wait())
			l, err := s.Latent(context.Background(), LatentOptions{Run: "last"})
			require.NoError(b, err)
			code := make([]float32, l.Space().Dims)
			for b.Loop() {
				code[0] += 0.01
				_, err := l.Decode(context.Background(), code)
				require.NoError(b, err)
			}
		})
	}
}
