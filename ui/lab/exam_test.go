package lab

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/samples"
)

// oneThread is a session whose small nets wait for no second thread.
func oneThread(t *testing.T) *Session {
	t.Helper()
	s, err := Open(Options{Root: t.TempDir(), Threads: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// A net that reads is seen and judged by fixed prompts while it trains.
func TestExam(t *testing.T) {
	s := oneThread(t)
	j, err := s.Train(TrainOptions{Model: "t2i", Data: "shapes", Steps: 2, Batch: 4, Keep: true, Views: true,
		Settings: map[string]string{"width": "16", "text": "32", "layers": "1", "eval_every": "2"}})
	require.NoError(t, err)
	require.NoError(t, j.Wait())
	st := j.State()

	require.NotEmpty(t, st.Views)
	v := st.Views[0]
	assert.Equal(t, "prompts", v.Name)
	require.Len(t, v.Captions, lookedAt)
	assert.Equal(t, lookedAt, v.N)
	assert.Len(t, v.Pixels, lookedAt*32*32*3)
	held := 0
	for _, c := range v.Captions {
		assert.NotEmpty(t, c.Text)
		assert.True(t, c.Judged)
		if c.Held {
			held++
		}
	}
	assert.Equal(t, lookedHeld, held)

	values := map[string]float64{}
	for _, m := range st.Metrics {
		values[m.Name] = m.Value
	}
	names := []string{"acc_all", "held_all", "acc_colour", "acc_shape", "acc_size", "acc_position", "acc_background"}
	for _, want := range names {
		require.Contains(t, values, want)
		assert.True(t, values[want] >= 0 && values[want] <= 1, want)
	}
	require.NotEmpty(t, st.Events)
	assert.Contains(t, st.Events[len(st.Events)-1].Text, "right: all ")

	past, err := s.Past(st.Dir)
	require.NoError(t, err)
	found := map[string][]float64{}
	for _, line := range past.Series {
		found[line.Name] = line.Y
	}
	for _, want := range names {
		assert.Equal(t, []float64{values[want]}, found[want], "%s is kept with the run", want)
	}
	g, err := s.Gallery(context.Background(), st.Dir)
	require.NoError(t, err)
	defer g.Close()
	drawn, err := g.Draw(context.Background(), 2)
	require.NoError(t, err)
	assert.Equal(t, v.Captions, drawn.Captions, "the runs of screen 9 are compared by the same prompts")
	assert.Len(t, drawn.Pixels, len(v.Pixels))
}

// Prompts are those of the test split, each saying something that can be judged, with what training never shows last.
func TestAsk(t *testing.T) {
	for _, name := range []string{"shapes", "scenes", "faces"} {
		src, err := samples.Open(name, samples.Options{Language: samples.Both})
		require.NoError(t, err)
		p, err := TrainOptions{Model: "t2i", Data: name}.plan()
		require.NoError(t, err)
		require.NoError(t, p.learn(src))
		list := p.texts(src).ask(src, judgedAt, judgedHeld)
		require.Len(t, list, judgedAt, name)
		for i, a := range list {
			assert.NotEmpty(t, a.want, "%s: %s", name, a.text)
			assert.Equal(t, i >= judgedAt-judgedHeld, a.held, "%s: %s", name, a.text)
		}
	}
}

// Pictures as they should be are all right, and noise is not.
func TestEye(t *testing.T) {
	src, err := samples.Open("shapes", samples.Options{})
	require.NoError(t, err)
	e, ok := newEye(src)
	require.True(t, ok)
	truth := src.(samples.Describer)
	var list []asked
	pixels := make([]float32, 0, 8*32*32*3)
	for i := range 8 {
		x := make([]float32, 32*32*3)
		if i < 4 {
			_, err := src.Example(samples.Test, i, x)
			require.NoError(t, err)
		}
		list = append(list, asked{want: truth.Wanted(truth.Caption(samples.Test, i))})
		pixels = append(pixels, x...)
	}
	var seen, empty judged
	for i, vs := range e.judge(list, pixels) {
		if i < 4 {
			seen.add(vs)
		} else {
			empty.add(vs)
		}
	}
	got := grades(seen, empty)
	assert.Equal(t, gradeAll, got[0].Name)
	assert.Equal(t, 1.0, got[0].Value)
	assert.Equal(t, gradeHeld, got[1].Name)
	assert.Equal(t, 0.0, got[1].Value)
	assert.Contains(t, gradesText(got), "right: all 100%, held out 0%, ")
	digits, err := samples.Open("digits", samples.Options{})
	require.NoError(t, err)
	_, ok = newEye(digits)
	assert.False(t, ok, "digits cannot be read back without a classifier")
}
