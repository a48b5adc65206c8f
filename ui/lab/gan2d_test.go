package lab

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/samples"
)

// small are settings that compile and run in a moment.
var small = []string{"g.width=8", "d.width=8", "batch=16", "g.layers=1", "d.layers=1"}

// play begins a game that is held.
func play(t *testing.T, o GAN2DOptions) *GAN2D {
	t.Helper()
	o.Paused = true
	o.Settings = append(small[:len(small):len(small)], o.Settings...)
	g, err := session(t).GAN2D(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, g.Close()) })
	seen(t, g, "the first look", func(s *GAN2DState) bool { return s.Looked > 0 && s.Phase == Paused })
	return g
}

// seen waits for a state of a game.
func seen(t *testing.T, g *GAN2D, what string, ok func(*GAN2DState) bool) *GAN2DState {
	t.Helper()
	for range 6000 {
		if s := g.State(); ok(s) {
			return s
		}
		time.Sleep(5 * time.Millisecond)
	}
	s := g.State()
	t.Fatalf("%s: never, last phase %v, step %d of %d to %d, error %v", what, s.Phase, s.Step, s.Oldest,
		s.Newest, s.Err)
	return nil
}

func at(step int) func(*GAN2DState) bool {
	return func(s *GAN2DState) bool { return s.Step == step }
}

// TestGAN2DRewindIsExact goes back and forth, and another way from there: the same step is the same bytes.
func TestGAN2DRewindIsExact(t *testing.T) {
	g := play(t, GAN2DOptions{Seed: 7})
	looks := map[int]*GAN2DState{}
	for i := range 21 {
		m := MoveBoth
		if i%5 == 3 {
			m = MoveD
		}
		g.Move(m)
		looks[i+1] = seen(t, g, "a move", at(i+1))
		if i == 11 {
			require.NoError(t, g.Set("g.lr", "2e-3"))
		}
	}
	last := looks[21]
	assert.Equal(t, 0, last.Oldest)
	assert.Equal(t, 21, last.Newest)
	for _, to := range []int{20, 13, 12, 8, 3, 0, 5, 21, 9} {
		g.Rewind(to - g.State().Step)
		s := seen(t, g, "rewound", at(to))
		assert.Equal(t, 21, s.Newest, "the way forth is remembered")
		if to > 0 {
			assert.Equal(t, looks[to].Look, s.Look, "step %d", to)
			assert.Equal(t, looks[to].Clock, s.Clock)
		}
	}
	g.Move(MoveG)
	s := seen(t, g, "another way", at(10))
	assert.Equal(t, 10, s.Newest)
	assert.NotEqual(t, looks[10].Look.Fakes, s.Look.Fakes)
	for _, line := range s.Series {
		assert.LessOrEqual(t, line.X[len(line.X)-1], 10.0, line.Name)
	}
}

// TestGAN2DSameSeedSameBytes plays twice.
func TestGAN2DSameSeedSameBytes(t *testing.T) {
	var states [2]*GAN2DState
	for i := range states {
		o := GAN2DOptions{Seed: 3, Steps: 30, Settings: small, Preset: "collapse", Data: "moons"}
		g, err := session(t).GAN2D(o)
		require.NoError(t, err)
		<-g.Done()
		states[i] = g.State()
		assert.Equal(t, Finished, states[i].Phase)
	}
	assert.Equal(t, states[0].Look, states[1].Look)
	assert.Equal(t, states[0].Measure, states[1].Measure)
	assert.Equal(t, 30, states[0].Step)
}

// TestGAN2DForgetsAsItGoes: 200 steps can be gone back, and no more is kept.
func TestGAN2DForgetsAsItGoes(t *testing.T) {
	g := play(t, GAN2DOptions{Speed: "full"})
	g.Play()
	seen(t, g, "far", func(s *GAN2DState) bool { return s.Step > 300 })
	g.Pause()
	g.Rewind(0)
	seen(t, g, "held", func(s *GAN2DState) bool { return s.Phase == Paused })
	time.Sleep(50 * time.Millisecond)
	s := g.State()
	assert.GreaterOrEqual(t, s.Newest-s.Oldest, rewindSteps)
	assert.LessOrEqual(t, s.Newest-s.Oldest, rewindSteps+snapEvery)
	g.Rewind(-10000)
	seen(t, g, "the oldest", at(s.Oldest))
}

// TestGAN2DFork: a ghost does what the game does until a setting is changed.
func TestGAN2DFork(t *testing.T) {
	g := play(t, GAN2DOptions{})
	g.Move(MoveBoth)
	g.Move(MoveBoth)
	g.Fork()
	seen(t, g, "ghost", func(s *GAN2DState) bool { return s.Ghost != nil && s.Ghost.Step == 2 })
	g.Move(MoveBoth)
	s := seen(t, g, "both move", at(3))
	assert.Equal(t, 3, s.Ghost.Step)
	assert.Equal(t, s.Look.Fakes, s.Ghost.Fakes)
	require.NoError(t, g.Set("g.lr", "0.1"))
	g.Move(MoveBoth)
	s = seen(t, g, "apart", at(4))
	assert.NotEqual(t, s.Look.Fakes, s.Ghost.Fakes)
	assert.Equal(t, 1e-3, s.Ghost.Config.OptG.LR)
	g.Rewind(-2)
	seen(t, g, "back", at(2))
	g.Move(MoveBoth)
	s = seen(t, g, "again", at(3))
	assert.Equal(t, 4, s.Ghost.Step, "the ghost waits until the game is as far")
	g.Unfork()
	seen(t, g, "no ghost", func(s *GAN2DState) bool { return s.Ghost == nil })
}

// TestGAN2DChanges: live settings act at once, others compile and say which net went on.
func TestGAN2DChanges(t *testing.T) {
	g := play(t, GAN2DOptions{})
	g.Move(MoveBoth)
	before := seen(t, g, "a step", at(1))
	require.NoError(t, g.Set("d.opt", "sgd"))
	s := seen(t, g, "live", func(s *GAN2DState) bool { return s.Config.OptD.Rule == "sgd" })
	assert.Equal(t, "d.opt adam -> sgd", s.Events[len(s.Events)-1].Text)
	assert.Equal(t, 0, s.Oldest, "what was can still be gone back to")
	require.NoError(t, g.Set("loss", "wgan-gp"))
	s = seen(t, g, "compiled", func(s *GAN2DState) bool {
		return s.Config.Loss == "wasserstein" &&
			s.Looked > before.Looked+1
	})
	assert.Contains(t, s.Events[len(s.Events)-1].Text, "both nets go on")
	assert.Equal(t, before.Look.Fakes, s.Look.Fakes)
	assert.Equal(t, 1, s.Oldest)
	require.NoError(t, g.Set("g.width", "16"))
	s = seen(t, g, "another G", func(s *GAN2DState) bool { return s.Config.G.Width == 16 })
	assert.Contains(t, s.Events[len(s.Events)-1].Text, "D goes on, G is new")
	for _, bad := range [][2]string{{"g.width", "1000"}, {"loss", "l33t"}, {"colour", "red"}, {"g.lr", "nan"}} {
		assert.ErrorContains(t, g.Set(bad[0], bad[1]), "want", bad)
	}
	assert.Equal(t, 16, g.State().Wanted.G.Width)
}

// TestGAN2DDivergence: a loss that is no number holds the game, at the last sound step.
func TestGAN2DDivergence(t *testing.T) {
	g := play(t, GAN2DOptions{Settings: []string{"loss=wasserstein", "penalty=none", "d.opt=sgd", "g.opt=sgd",
		"d.lr=100", "g.lr=100"},
		Speed: "full"})
	g.Play()
	s := seen(t, g, "an error", func(s *GAN2DState) bool { return s.Err != nil })
	assert.ErrorContains(t, s.Err, "lower a learning rate")
	assert.Equal(t, Paused, s.Phase)
	s = seen(t, g, "a look", func(s *GAN2DState) bool { return s.Looked > 1 })
	for _, v := range s.Look.Fakes {
		require.False(t, v != v, "the weights are those of the step before")
	}
	require.NoError(t, g.Set("d.lr", "1e-3"))
	seen(t, g, "no error", func(s *GAN2DState) bool { return s.Err == nil })
}

// TestGAN2DData: other data begin again, what is painted is learned on.
func TestGAN2DData(t *testing.T) {
	g := play(t, GAN2DOptions{})
	g.Move(MoveBoth)
	seen(t, g, "a step", at(1))
	assert.ErrorContains(t, g.Use("nowhere.csv"), "no such distribution or file")
	require.NoError(t, g.Use("grid25"))
	s := seen(t, g, "other data", func(s *GAN2DState) bool { return s.Step == 0 && s.Measure.Modes == 25 })
	assert.Len(t, s.Modes, 25)
	g.Move(MoveBoth)
	seen(t, g, "a step", at(1))
	d := samples.Density{W: 2, H: 2, Weights: []float32{0, 1, 0, 0}}
	require.NoError(t, g.Paint(d))
	s = seen(t, g, "painted", func(s *GAN2DState) bool { return s.Data == "drawn" && s.Oldest == 1 })
	for i := 0; i < len(s.Real); i += 2 {
		assert.True(t, s.Real[i] >= 0 && s.Real[i+1] >= 0, "the upper right quarter")
	}
	assert.Error(t, g.Paint(samples.Density{W: 2, H: 2, Weights: make([]float32, 4)}))
}

// TestGAN2DHidden: a game that nobody sees stands still.
func TestGAN2DHidden(t *testing.T) {
	g := play(t, GAN2DOptions{Speed: "full"})
	g.Hide()
	g.Play()
	time.Sleep(100 * time.Millisecond)
	before := g.State().Step
	assert.LessOrEqual(t, before, 1)
	g.Show()
	seen(t, g, "on", func(s *GAN2DState) bool { return s.Step > before+5 })
}

func TestGAN2DBadOptions(t *testing.T) {
	s := session(t)
	for _, o := range []GAN2DOptions{{Data: "/nowhere"}, {Preset: "perfect"}, {Speed: "warp"},
		{Settings: []string{"loss"}},
		{Settings: []string{"loss=best"}}} {
		_, err := s.GAN2D(o)
		var u *UsageError
		require.ErrorAs(t, err, &u, "%+v", o)
		assert.ErrorContains(t, err, "want")
	}
}
