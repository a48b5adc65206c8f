package lab

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What paints after prompts by steps is painted and measured likewise by the families that draw at once.
func TestOneShotRuns(t *testing.T) {
	ctx := context.Background()
	s, err := Open(Options{Root: t.TempDir(), Threads: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	s.classifierSteps = 2
	for model, view := range map[string]string{"tgan": "scores", "tvae": "reconstruction"} {
		t.Run(model, func(t *testing.T) {
			j, err := s.Train(TrainOptions{Model: model, Data: "shapes", Steps: 2, Batch: 4, Keep: true, SaveEvery: 1, Views: true,
				Settings: map[string]string{"width": "16", "text": "32", "layers": "1"}})
			require.NoError(t, err)
			require.NoError(t, j.Wait())
			var seen []string
			for _, v := range j.State().Views {
				seen = append(seen, v.Name)
			}
			assert.Contains(t, strings.Join(seen, ", "), view)
			dir := j.State().Dir

			o := quick(dir, "a red circle on the left")
			p, err := s.Paint(ctx, o)
			require.NoError(t, err)
			o.Steps = 20
			again, err := s.Paint(ctx, o)
			require.NoError(t, err)
			assert.Equal(t, p.Pixels, again.Pixels, "steps make no difference")
			assert.NotEqual(t, p.Pixels[:32*32*3], p.Pixels[32*32*3:2*32*32*3], "each picture has its own noise")
			o.Prompt = "a blue square on the right"
			other, err := s.Paint(ctx, o)
			require.NoError(t, err)
			assert.NotEqual(t, p.Pixels, other.Pixels, "words do")
			o.Prompt = "xylophone"
			_, err = s.Paint(ctx, o)
			assert.ErrorContains(t, err, "no word that this run knows")

			e, err := s.Evaluate(ctx, EvalOptions{Run: dir, N: 10})
			require.NoError(t, err)
			require.NotNil(t, e.TextQuality)
			assert.Zero(t, e.TextQuality.Guidance)
			assert.Zero(t, e.TextQuality.Steps)
			assert.Empty(t, e.TextQuality.Sweep)
			assert.Contains(t, e.TextQuality.Accuracy, "colour")
			assert.Equal(t, "prompts", j.State().Views[0].Name)

			drawn, err := s.Sample(ctx, SampleOptions{Run: dir, N: 2})
			require.NoError(t, err)
			assert.Equal(t, 2, drawn.N)
			l, err := s.Latent(ctx, LatentOptions{Run: dir})
			require.NoError(t, err)
			defer l.Close()
			assert.Equal(t, model == "tgan", l.Space().Sampled, "the GAN alone has no encoder")
			picture, err := l.Decode(ctx, make([]float32, l.Space().Dims))
			require.NoError(t, err)
			assert.Len(t, picture, 32*32*3)
		})
	}
}
