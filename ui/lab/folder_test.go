package lab

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/train"
)

// A user's folder: what has no caption, and which captions have no picture, is counted and said; the words are the
// user's own, and what is painted can be looked at but not judged.
func TestCaptionedFolder(t *testing.T) {
	ctx, s := context.Background(), oneThread(t)
	dir := t.TempDir()
	var captions strings.Builder
	for i := range 24 {
		name := fmt.Sprintf("p%02d.png", i)
		f, err := os.Create(filepath.Join(dir, name))
		require.NoError(t, err)
		img := image.NewGray(image.Rect(0, 0, 8, 8))
		img.SetGray(i%8, i/8, color.Gray{200})
		require.NoError(t, png.Encode(f, img))
		require.NoError(t, f.Close())
		if i >= 3 {
			fmt.Fprintf(&captions, "%s\ta wee \x1b[31mspeck in column %d\n", name, i%8)
		}
	}
	captions.WriteString("gone.png\tnobody\nlost.png\tnobody\n")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "captions.txt"), []byte(captions.String()), 0o600))

	j, err := s.Train(TrainOptions{Model: "t2i", Data: dir, Steps: 1, Batch: 4, Keep: true, Views: true,
		Settings: map[string]string{"width": "16", "text": "32", "layers": "1"}})
	require.NoError(t, err)
	require.NoError(t, j.Wait())
	st := j.State()
	var told []string
	for _, e := range st.Events {
		told = append(told, e.Text)
	}
	assert.Contains(t, told, "captions.txt: 2 lines name no picture here")
	assert.Contains(t, told, "3 pictures of 24 without a caption")
	require.NotEmpty(t, st.Views)
	require.NotEmpty(t, st.Views[0].Captions)
	for _, c := range st.Views[0].Captions {
		assert.Contains(t, c.Text, "speck in column")
		assert.NotContains(t, c.Text, "\x1b")
		assert.False(t, c.Judged || c.Held)
	}
	_, err = s.Paint(ctx, quick(st.Dir, "a wee speck in column 3"))
	require.NoError(t, err)
	_, err = s.Evaluate(ctx, EvalOptions{Run: st.Dir})
	assert.ErrorContains(t, err, "nothing is known of its pictures by which others could be measured")
	j, err = s.Train(TrainOptions{Model: "t2i", Data: dir, Steps: 1, Settings: map[string]string{"eval_every": "5"}})
	require.NoError(t, err)
	assert.ErrorContains(t, j.Wait(), "eval_every=5: ")
}

// Both nets of pictures that the workloads are made of learn from a folder of grey pictures, of ones with transparent
// parts and of what is no picture, and draw afterwards.
func TestNetsLearnFromFolder(t *testing.T) {
	ctx, s := context.Background(), oneThread(t)
	dir := t.TempDir()
	for i := range 40 {
		var img draw.Image = image.NewGray(image.Rect(0, 0, 16, 16))
		if i%2 == 0 {
			img = image.NewNRGBA(image.Rect(0, 0, 16, 16))
		}
		draw.Draw(img, image.Rect(i%5, i%3, 8, 8), image.NewUniform(color.NRGBA{200, 90, uint8(6 * i), 255}), image.Point{},
			draw.Src)
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("p%02d.png", i)))
		require.NoError(t, err)
		require.NoError(t, png.Encode(f, img))
		require.NoError(t, f.Close())
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "text.png"), []byte("no picture"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.png"), 0o700))

	const steps, ends = 60, 10
	for model, set := range map[string]map[string]string{
		"dcgan": {"width": "16", "latent": "8"}, "unet": {"width": "8"},
	} {
		t.Run(model, func(t *testing.T) {
			var loss []float64
			j, err := s.Train(TrainOptions{Model: model, Data: dir, Steps: steps, Batch: 8, LR: 1e-3, Seed: 2,
				Keep: true, Settings: set, OnMetrics: func(m train.Metrics) { loss = append(loss, m.Loss) }})
			require.NoError(t, err)
			require.NoError(t, j.Wait())
			require.Len(t, loss, steps)
			first, last := 0.0, 0.0
			for i := range ends {
				first, last = first+loss[i], last+loss[steps-1-i]
			}
			assert.Less(t, last, first*0.8)
			var told []string
			for _, e := range j.State().Events {
				told = append(told, e.Text)
			}
			p, err := s.Sample(ctx, SampleOptions{Run: j.State().Dir, N: 5})
			require.NoError(t, err)
			assert.Equal(t, []int{5, 16, 16, 3, 5 * 16 * 16 * 3}, []int{p.N, p.H, p.W, p.C, len(p.Pixels)})
			assert.Contains(t, told, "1 picture skipped: text.png (neither PNG, JPEG nor GIF)")
		})
	}
}
