package lab

import (
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kept trains a small net for some steps and gives its run's folder.
func kept(t *testing.T, s *Session, o TrainOptions) (string, *State) {
	t.Helper()
	o.Keep, o.Seed = true, 3
	if o.Batch == 0 {
		o.Batch = 4
	}
	j, err := s.Train(o)
	require.NoError(t, err)
	require.NoError(t, j.Wait())
	return j.State().Dir, j.State()
}

func TestEvaluateAClassifier(t *testing.T) {
	s := session(t)
	dir, st := kept(t, s, TrainOptions{Model: "cnn", Steps: 2, Settings: map[string]string{"width": "1"}})
	e, err := s.Evaluate(context.Background(), EvalOptions{Run: dir})
	require.NoError(t, err)
	assert.Equal(t, fullTest, e.N)
	assert.Nil(t, e.Quality)
	var said float64
	for _, m := range st.Metrics {
		if m.Name == "test_accuracy" {
			said = m.Value
		}
	}
	assert.Equal(t, said, *e.TestAccuracy, "what the training said at its end")
	_, err = s.Sample(context.Background(), SampleOptions{Run: dir})
	assert.ErrorContains(t, err, "draws none: measure it with mllab eval")
}

// A run that draws is measured by a classifier that is trained once.
func TestEvaluateAGenerator(t *testing.T) {
	s := session(t)
	s.classifierSteps = 3
	small := map[string]string{"hidden": "8", "latent": "3"}
	dir, _ := kept(t, s, TrainOptions{Steps: 2, Settings: small})
	var told []string
	measure := func() *Evaluation {
		e, err := s.Evaluate(context.Background(), EvalOptions{Run: dir, N: 50, Seed: 5,
			Tell: func(line string) { told = append(told, line) }})
		require.NoError(t, err)
		return e
	}
	e := measure()
	require.NotNil(t, e.Quality)
	assert.Equal(t, []any{"vae", int64(2), 50, 50}, []any{e.Model, e.Step, e.N, e.Real})
	sum := 0
	for _, n := range e.Classes {
		sum += n
	}
	assert.Equal(t, 50, sum)
	assert.Positive(t, e.Frechet)
	assert.Positive(t, e.ClassifierAccuracy)
	require.Len(t, told, 2)
	assert.Equal(t, "training a classifier on digits, once: 3 steps", told[0])
	assert.Contains(t, told[1], "read the measures with care")
	assert.Equal(t, e, measure(), "the same again, by the classifier on disk")
	require.Len(t, told, 3)
	runs, err := s.Runs()
	require.NoError(t, err)
	assert.Len(t, runs, 1, "the classifier is not among the user's runs")
}

// Two programs that want the classifier of the same data at once: one trains it, the other waits.
func TestTwoWantTheClassifier(t *testing.T) {
	a := session(t)
	dir, _ := kept(t, a, TrainOptions{Steps: 1, Settings: map[string]string{"hidden": "8", "latent": "3"}})
	b, err := Open(Options{Root: a.root})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Close()) })
	var all [2]*Evaluation
	var wait sync.WaitGroup
	for i, s := range []*Session{a, b} {
		s.classifierSteps = 20
		wait.Go(func() {
			var err error
			all[i], err = s.Evaluate(context.Background(), EvalOptions{Run: dir, N: 10, Seed: 5})
			assert.NoError(t, err)
		})
	}
	wait.Wait()
	require.NotNil(t, all[0])
	require.NotNil(t, all[1])
	assert.Equal(t, all[0].Quality, all[1].Quality)
}

// Measures beside a training, and the scores of its game.
func TestEvalEvery(t *testing.T) {
	s := session(t)
	s.classifierSteps = 2
	_, st := kept(t, s, TrainOptions{Model: "gan", Steps: scoreEvery, Batch: 1,
		Settings: map[string]string{"width": "1", "latent": "2", "eval_every": "50"}})
	names := map[string]bool{}
	for _, m := range st.Metrics {
		assert.False(t, names[m.Name], "%s stands twice", m.Name)
		names[m.Name] = true
	}
	for _, want := range []string{"precision", "recall", "frechet", "classes_present", "test_loss_d"} {
		assert.True(t, names[want], want)
	}
	require.Len(t, st.Events, 2)
	assert.True(t, strings.HasPrefix(st.Events[1].Text, "precision "), st.Events[1].Text)
	require.NotNil(t, st.Scores)
	assert.Len(t, st.Scores.Real, scoreCount)
	assert.Len(t, st.Scores.Fake, scoreCount)
	assert.Positive(t, st.Scores.Diversity)
}

func TestEvaluateErrors(t *testing.T) {
	s := session(t)
	_, err := s.Evaluate(context.Background(), EvalOptions{Run: "nothing"})
	assert.ErrorContains(t, err, "no run nothing")
	_, err = s.Evaluate(context.Background(), EvalOptions{N: 3})
	assert.ErrorContains(t, err, "3 pictures: want 10 to 20000")

	plain := t.TempDir() // pictures without labels
	for i := range 12 {
		f, err := os.Create(filepath.Join(plain, string(rune('a'+i))+".png"))
		require.NoError(t, err)
		img := image.NewGray(image.Rect(0, 0, 8, 8))
		img.SetGray(i%8, i/8, color.Gray{200})
		require.NoError(t, png.Encode(f, img))
		require.NoError(t, f.Close())
	}
	dir, _ := kept(t, s, TrainOptions{Data: plain, Steps: 1, Settings: map[string]string{"hidden": "4", "latent": "2"}})
	_, err = s.Evaluate(context.Background(), EvalOptions{Run: dir})
	assert.ErrorContains(t, err, "has no labels to train one by: sort the pictures into a folder for each class")
	j, err := s.Train(TrainOptions{Model: "cnn", Data: plain, Steps: 1})
	require.NoError(t, err)
	assert.ErrorContains(t, j.Wait(), "the data has 0 classes: want labels of at least 2")
	j, err = s.Train(TrainOptions{Model: "gan", Data: plain, Steps: 1, Settings: map[string]string{"eval_every": "5"}})
	require.NoError(t, err)
	assert.ErrorContains(t, j.Wait(), "eval_every=5: the measures compare features of a classifier")

	checkpoints, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, checkpoints)
	for _, c := range checkpoints {
		require.NoError(t, os.Truncate(c, 100))
	}
	_, err = s.Evaluate(context.Background(), EvalOptions{Run: dir})
	assert.Error(t, err, "a damaged checkpoint")
}
