package lab

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/gen"
	"mllab/gen/text"
	"mllab/samples"
)

// tinyReader is the files of a run of a tiny text-to-image net that was trained for two steps, once for all tests.
var tinyReader = sync.OnceValues(func() (files fstest.MapFS, err error) {
	root, err := os.MkdirTemp("", "mllab")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(root)
	s, err := Open(Options{Root: root})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	j, err := s.Train(TrainOptions{Model: "t2i", Data: "shapes", Steps: 2, Batch: 4, Keep: true, SaveEvery: 1,
		Settings: map[string]string{"width": "16", "text": "32", "layers": "1"}})
	if err != nil {
		return nil, err
	}
	if err := j.Wait(); err != nil {
		return nil, err
	}
	files = fstest.MapFS{}
	dir := os.DirFS(j.State().Dir)
	return files, fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var content []byte
			content, err = fs.ReadFile(dir, path)
			files[path] = &fstest.MapFile{Data: content, Mode: 0o666}
		}
		return err
	})
})

// reader gives a run of a tiny text-to-image net, trained for two steps.
func reader(t *testing.T, s *Session) string {
	t.Helper()
	files, err := tinyReader()
	require.NoError(t, err)
	dir := filepath.Join(s.Root(), "tiny-reader")
	require.NoError(t, os.CopyFS(dir, files))
	return dir
}

func quick(run, prompt string) PaintOptions {
	o := PaintOptions{Run: run, Prompt: prompt, N: 3, PaintOptions: gen.NewPaintOptions()}
	o.Steps = 2
	return o
}

func TestPaint(t *testing.T) {
	ctx, s := context.Background(), session(t)
	dir := reader(t, s)
	var told []string
	o := quick(dir, "a small zebra circle on the left")
	o.Tell = func(line string) { told = append(told, line) }
	p, err := s.Paint(ctx, o)
	require.NoError(t, err)
	assert.Equal(t, [4]int{3, 32, 32, 3}, [4]int{p.Pictures().N, p.H, p.W, p.C})
	require.Len(t, told, 1)
	assert.Contains(t, told[0], `"zebra"`)
	for _, v := range p.Pixels {
		require.True(t, v >= 0 && v <= 1)
	}
	again, err := s.Paint(ctx, o)
	require.NoError(t, err)
	assert.Equal(t, p.Pixels, again.Pixels, "the same seed paints the same")
	assert.NotEqual(t, p.Pixels[:32*32*3], p.Pixels[32*32*3:2*32*32*3], "each picture has its own noise")

	o.Negative = "red"
	other, err := s.Paint(ctx, o)
	require.NoError(t, err)
	assert.NotEqual(t, p.Pixels, other.Pixels)

	paintErrors(t, s, dir)
}

// paintErrors asks a run that reads for what cannot be painted, and for odd prompts that can.
func paintErrors(t *testing.T, s *Session, dir string) {
	t.Helper()
	ctx := context.Background()
	for want, change := range map[string]func(*PaintOptions){
		"no word that this run knows":             func(o *PaintOptions) { o.Prompt = "xylophone qwertz 🦓" },
		"negative prompt: the prompt has no word": func(o *PaintOptions) { o.Negative = "xylophone" },
		"steps 0: want 1 to 1000":                 func(o *PaintOptions) { o.Steps = 0 },
		"steps 100000":                            func(o *PaintOptions) { o.Steps = 100000 },
		"pictures: want 1 to":                     func(o *PaintOptions) { o.N = -1 },
	} {
		o := quick(dir, "a red circle")
		change(&o)
		_, err := s.Paint(ctx, o)
		var usage *UsageError
		assert.ErrorAs(t, err, &usage, want)
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "\x1b")
	}
	for _, prompt := range []string{"", strings.Repeat("red circle ", 1000), "red \x1b[31m circle\x00", "一个红色的圆"} {
		_, err := s.Paint(ctx, quick(dir, prompt))
		assert.NoError(t, err, "%.20q", prompt)
	}
	j, err := s.Train(TrainOptions{Model: "t2i", Data: t.TempDir()})
	require.NoError(t, err)
	assert.Error(t, j.Wait())

	vae, err := s.Train(TrainOptions{Steps: 1, Batch: 4, Keep: true, Settings: map[string]string{"hidden": "8", "latent": "2"}})
	require.NoError(t, err)
	require.NoError(t, vae.Wait())
	_, err = s.Paint(ctx, quick(vae.State().Dir, "a red circle"))
	assert.ErrorContains(t, err, "model vae reads no text: want a run of t2i")
}

// A run keeps the vocabulary that it was trained with, and a damaged one is refused.
func TestVocabularyOfARun(t *testing.T) {
	words, err := text.OfWords([]string{"red", "circle"})
	require.NoError(t, err)
	p, err := TrainOptions{Model: "t2i", Data: "shapes"}.plan()
	require.NoError(t, err)
	p.words = words
	c := p.config(Options{}, 1)
	back, err := fromConfig(c)
	require.NoError(t, err)
	assert.Equal(t, words.Known(), back.words.Known())
	c.Vocabulary = c.Vocabulary[:len(c.Vocabulary)/2]
	_, err = fromConfig(c)
	assert.ErrorContains(t, err, "its vocabulary")

	src, err := samples.Open("shapes", samples.Options{})
	require.NoError(t, err)
	q, err := TrainOptions{Model: "t2i", Data: "shapes"}.plan()
	require.NoError(t, err)
	require.NoError(t, q.learn(src))
	assert.Equal(t, q.words.Len(), q.dataInfo(src.Info()).Words)
}

func TestPairsBind(t *testing.T) {
	all := func(right ...bool) (vs []samples.Verdict) {
		for i, name := range []string{"shape", "colour", "shape 2", "colour 2", "size"} {
			if i < len(right) {
				vs = append(vs, samples.Verdict{Name: name, Right: right[i]})
			}
		}
		return vs
	}
	assert.Nil(t, pairs([][]samples.Verdict{all(true, true), nil}), "one object binds nothing")
	p := pairs([][]samples.Verdict{all(true, true, true, true, false), all(true, false, true, true, true), all(true, true)})
	assert.Equal(t, &Pairs{2, 0.5}, p)
}
