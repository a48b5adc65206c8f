package lab

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/nn"
	"mllab/samples"
)

// looking starts a paused training of a small net.
func looking(t *testing.T, model string, set map[string]string) *Job {
	t.Helper()
	j, err := session(t).Train(TrainOptions{Model: model, Batch: 4, Seed: 3, Settings: set, Paused: true})
	require.NoError(t, err)
	t.Cleanup(func() { j.Stop(); assert.NoError(t, j.Wait()) })
	return j
}

// mapsOf waits for maps newer than a version.
func mapsOf(t *testing.T, j *Job, after int) *Maps {
	t.Helper()
	return until(t, j, "maps", func(s *State) bool { return s.Maps != nil && s.Maps.Version > after }).Maps
}

func TestMapsOfAClassifier(t *testing.T) {
	j := looking(t, "cnn", map[string]string{"width": "2"})
	j.WatchMaps(3)
	m := mapsOf(t, j, 0)
	src, err := samples.Open("digits", samples.Options{})
	require.NoError(t, err)
	x := make([]float32, 28*28)
	label, err := src.Example(samples.Test, 3, x)
	require.NoError(t, err)
	assert.Equal(t, x, m.Input.Pixels)
	assert.Equal(t, label, m.Label)
	assert.Len(t, m.Classes, 10)
	sum := 0.0
	for _, p := range m.Probs {
		sum += p
	}
	assert.InDelta(t, 1, sum, 1e-5)
	var fields []Field
	for _, l := range m.Layers {
		assert.Len(t, l.Values, l.H*l.W*l.C, l.Name)
		assert.Len(t, l.Kernel, l.R*l.S*l.Cin*l.C*boolInt(l.Kind == nn.ConvKind), l.Name)
		fields = append(fields, l.Field)
	}
	assert.Equal(t, []Field{{3, 1, -1}, {4, 2, -1}, {8, 2, -3}, {12, 2, -5}, {14, 4, -5}, {22, 4, -9}, {30, 4, -13}},
		fields)

	j.StepOnce()
	next := mapsOf(t, j, m.Version)
	assert.NotEqual(t, m.Layers[6].Values, next.Layers[6].Values, "a step changes the maps")
	assert.NotEqual(t, m.Layers[0].Kernel, next.Layers[0].Kernel)
	fieldsHold(t, j, next)

	j.WatchMaps(-1)
	assert.Nil(t, j.State().Maps)
	j.WatchPicture([]float32{1})
	s := until(t, j, "what is wrong", func(s *State) bool { return len(s.Events) > 0 })
	assert.Equal(t, "feature maps: a picture of 1 values: want 28x28x1", s.Events[0].Text)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fieldsHold changes a pixel and sees that, in every layer, what changes are exactly
// values whose field has the pixel.
func fieldsHold(t *testing.T, j *Job, m *Maps) {
	t.Helper()
	const y, x = 9, 17
	dark := slices.Repeat([]float32{0.5}, 28*28)
	dot := slices.Clone(dark)
	dot[y*28+x] = 1
	j.WatchPicture(dark)
	was := mapsOf(t, j, m.Version)
	assert.Equal(t, -1, was.Label)
	j.WatchPicture(dot)
	is := mapsOf(t, j, was.Version)
	for k, l := range is.Layers {
		changed := 0
		sees := func(i, pixel int) bool {
			first := l.Field.Start + i*l.Field.Jump
			return pixel >= first && pixel < first+l.Field.Size
		}
		for p := range l.H * l.W {
			same := slices.Equal(l.Values[p*l.C:(p+1)*l.C], was.Layers[k].Values[p*l.C:(p+1)*l.C])
			if !same {
				changed++
				assert.True(t, sees(p/l.W, y) && sees(p%l.W, x), "%s: %d, %d changed", l.Name, p/l.W, p%l.W)
			}
		}
		assert.Positive(t, changed, l.Name)
	}
}

func TestMapsOfAGenerator(t *testing.T) {
	j := looking(t, "dcgan", map[string]string{"width": "2", "latent": "3"})
	j.WatchMaps(0)
	m := mapsOf(t, j, 0)
	var names []string
	for _, l := range m.Layers {
		names = append(names, l.Name)
	}
	assert.Equal(t, []string{"d.c1", "d.c2", "d.c3", "g.t1", "g.t2", "g.t3", "g.t4"}, names)
	assert.Equal(t, Field{4, 2, -3}, m.Layers[0].Field, "a frame of two pixels, and one of padding")
	assert.Equal(t, Field{}, m.Layers[6].Field)
	assert.Equal(t, []string{"real"}, m.Classes)
	assert.Len(t, m.Probs, 1)
	_, err := j.Strongest(context.Background(), "g.t2", 0, 1)
	assert.ErrorContains(t, err, "layer g.t2 is made of noise")
}

func TestStrongest(t *testing.T) {
	j := looking(t, "cnn", map[string]string{"width": "2"})
	j.WatchMaps(0)
	m := mapsOf(t, j, 0)
	best, err := j.Strongest(context.Background(), "c3", 1, 5)
	require.NoError(t, err)
	require.Len(t, best, 5)
	for i, b := range best {
		j.WatchMaps(b.Example)
		m = mapsOf(t, j, m.Version)
		l := m.Layers[3]
		largest := float32(0)
		for p := range l.H * l.W {
			largest = max(largest, l.Values[p*l.C+1])
		}
		assert.InDelta(t, largest, b.Value, 1e-5)
		assert.InDelta(t, largest, l.Values[(b.Y*l.W+b.X)*l.C+1], 1e-5)
		assert.Equal(t, m.Input.Pixels, b.Picture.Pixels)
		assert.True(t, i == 0 || best[i-1].Value >= b.Value)
	}
	for _, tt := range []struct {
		layer      string
		channel, k int
		want       string
	}{
		{"c9", 0, 1, `there is no layer "c9"`}, {"c1", 2, 1, "has channels 0 to 1, not 2"},
		{"c1", 0, 0, "0 of them: want 1 to 64"},
	} {
		_, err := j.Strongest(context.Background(), tt.layer, tt.channel, tt.k)
		assert.ErrorContains(t, err, tt.want)
	}
	j.Stop()
	require.NoError(t, j.Wait())
	_, err = j.Strongest(context.Background(), "c1", 0, 1)
	assert.ErrorContains(t, err, "does not train now")
}

// A net without layers to look at is left alone.
func TestMapsOfNothing(t *testing.T) {
	j := looking(t, "vae", map[string]string{"hidden": "4", "latent": "2"})
	j.WatchMaps(0)
	j.StepOnce()
	until(t, j, "a step", func(s *State) bool { return s.Step == 1 })
	assert.Nil(t, j.State().Maps)
}
