package screen

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
)

func TestLadder(t *testing.T) {
	for _, c := range []struct{ v, up, down float64 }{
		{1e-3, 2e-3, 5e-4}, {2e-3, 5e-3, 1e-3}, {5e-3, 1e-2, 2e-3}, {3e-4, 5e-4, 2e-4}, {0.1, 0.2, 0.05},
		{1, 2, 0.5}, {10, 10, 5}, {1e-8, 2e-8, 1e-8}, {0, 1e-8, 1e-8}, {math.NaN(), 1e-8, 1e-8}, {1e9, 10, 5e8},
		{9.999e-4, 1e-3, 5e-4},
	} {
		assert.Equal(t, c.up, ladder(c.v, true), "above %v", c.v)
		if c.v < 1e8 {
			assert.Equal(t, c.down, ladder(c.v, false), "below %v", c.v)
		}
	}
}

// TestLadderGoesBack checks that from rung to rung up and down leads through the same numbers.
func TestLadderGoesBack(t *testing.T) {
	v := 1e-8
	for v < 10 {
		next := ladder(v, true)
		require.Greater(t, next, v)
		require.Equal(t, v, ladder(next, false))
		v = next
	}
}

func TestArrange(t *testing.T) {
	for _, c := range []struct {
		name       string
		n, unit    int
		w, h       int
		wantN      int
		wantC      int
		everything bool
	}{
		{"64 samples at one pixel a value", 64, 0, 281, 233, 64, 8, false},
		{"fewer, twice as large", 64, 0, 374, 325, 30, 6, false},
		{"a small font", 64, 0, 228, 208, 49, 7, false},
		{"pairs stay together", 32, 2, 374, 325, 30, 6, false},
		{"pairs fill rows", 32, 2, 240, 240, 32, 4, false},
		{"half-blocks", 64, 0, 38, 32, 64, 0, true},
		{"half-blocks of pairs", 32, 2, 38, 32, 32, 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, columns := arrange(lab.View{N: c.n, H: 28, W: 28, C: 1, Columns: c.unit}, c.w, c.h)
			assert.Equal(t, c.wantN, n)
			assert.Equal(t, c.wantC, columns)
			if !c.everything {
				assert.Zero(t, n%columns, "no empty places")
			}
		})
	}
}

func TestCurvesFollow(t *testing.T) {
	var c curves
	s := []lab.Series{{Name: "loss", X: []float64{1, 2}, Y: []float64{9, 8}}}
	c.follow(s)
	grown := []lab.Series{{Name: "loss", X: []float64{1, 2, 3}, Y: []float64{9, 8, 7}},
		{Name: "test_neg_elbo", X: []float64{3}, Y: []float64{8}}}
	c.follow(grown)
	require.Len(t, c.list, 2)
	assert.Equal(t, 3, c.list[0].Curve.Len())
	assert.True(t, c.list[1].Dashed)
	assert.Equal(t, "test neg ELBO", c.list[1].Name)
	again := []lab.Series{{Name: "loss", X: []float64{1, 2, 3, 4}, Y: []float64{5, 4, 3, 2}}}
	c.follow(again)
	require.Len(t, c.list, 1)
	assert.Equal(t, 4, c.list[0].Curve.Len(), "a run that began again has its own curve")
}

func TestTrend(t *testing.T) {
	falling := lab.Series{Name: "loss"}
	for i := range 100 {
		falling.Y = append(falling.Y, 100-float64(i)/100)
	}
	still := lab.Series{Name: "kl", Y: []float64{1, 1, 1, 1}}
	broken := lab.Series{Name: "nan", Y: []float64{1, 1, math.NaN(), 1}}
	all := []lab.Series{falling, still, broken}
	assert.Equal(t, "▼0.50", trend(all, "loss"))
	assert.Empty(t, trend(all, "kl"))
	assert.Empty(t, trend(all, "nan"))
	assert.Empty(t, trend(all, "other"))
	for _, d := range []float64{0, 0.005, 0.996, 1, 9.949, 9.96, 99.7, 9999, 1e9} {
		assert.LessOrEqual(t, ansi.StringWidth(change(d)), 4, "%v", d)
	}
}

func TestTexts(t *testing.T) {
	assert.Equal(t, "1e-3", rateText(1e-3))
	assert.Equal(t, "2.5e-4", rateText(2.5e-4))
	assert.Equal(t, "0.05", rateText(0.05))
	assert.Equal(t, "neg ELBO", label("neg_elbo"))
	assert.Equal(t, 21400, roughly(21412))
	assert.Equal(t, 0, roughly(0))
	s := &lab.State{Err: errors.New("data x:\n  gone")}
	assert.Equal(t, "data x: gone — r begins again, q quits", errorText(s))
}

func TestDevicesWithoutAny(t *testing.T) {
	d := newDevices(&Lab{})
	assert.Nil(t, d.Update(Show{}))
	for w := range 100 {
		d.View(w, 10)
	}
}

// desk is a training in the user's hand that notes what it was told.
type desk struct {
	lab.Idle
	state *lab.State
	told  []string
	fails error
}

func (d *desk) State() *lab.State { return d.state }
func (d *desk) Pause()            { d.told = append(d.told, "pause") }

func (d *desk) Set(name string, v float64) error {
	d.told = append(d.told, fmt.Sprintf("%s %g", name, v))
	s := *d.state
	s.Knobs = append([]lab.Knob(nil), s.Knobs...)
	for i := range s.Knobs {
		if s.Knobs[i].Name == name {
			if err := s.Knobs[i].Check(v); err != nil {
				return err
			}
			s.Knobs[i].Value = v
		}
	}
	d.state = &s
	return d.fails
}

func (d *desk) Change(settings map[string]string) error {
	d.told = append(d.told, fmt.Sprint(settings))
	return d.fails
}

func (d *desk) Rewind(step int) error {
	d.told = append(d.told, fmt.Sprintf("rewind %d", step))
	return d.fails
}

func newDesk() *desk {
	return &desk{state: &lab.State{Model: "vae", Data: "digits", Phase: lab.Training, Step: 120, LR: 1e-3,
		Settings: map[string]string{"arch": "mlp", "latent": "20", "hidden": "400", "optimizer": "adam", "ema": "0"},
		Knobs: []lab.Knob{
			{Name: "lr", What: "learning rate", Value: 1e-3, Min: 1e-30, Max: 1e30, Log: true},
			{Name: "lr.d", What: "learning rate of d, 0: as lr", Max: 1e30, Log: true},
			{Name: "beta2", What: "decay of the mean square", Value: 0.999, Max: 0.99999, Decay: true},
			{Name: "beta", What: "weight of the KL term", Value: 1, Max: 1000, Log: true},
		},
		Checkpoints: []lab.Checkpoint{{Step: 0, Memory: true, Bytes: 8 << 20}, {Step: 40, Memory: true, Bytes: 8 << 20},
			{Step: 80, Disk: true}},
	}}
}

func trainAt(t *testing.T, d *desk, w, h int) *Train {
	t.Helper()
	l := &Lab{Job: d, Store: picture.NewStore(), Theme: theme.New(true, false),
		Display: picture.NewProbe(picture.Blocks, func(string) string { return "" }).Display()}
	tr := newTrain(l)
	runAll(t, tr, tr.Update(Resize{W: w, H: h}))
	return tr
}

func typeKeys(t *testing.T, tr *Train, names ...string) (out []tea.Msg) {
	t.Helper()
	for _, n := range names {
		require.True(t, tr.Typing(), n)
		out = append(out, runAll(t, tr, tr.editKey(n))...)
	}
	return out
}

func TestEditFrames(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}} {
		w, h := size[0]-4, size[1]-2
		tr := trainAt(t, newDesk(), w, h)
		keys(t, tr, "e")
		typeKeys(t, tr, "down", "down", "down", "down", "down", "+", "up", "up", "2", ".", "5")
		goldenFile(t, fmt.Sprintf("edit-%dx%d", size[0], size[1]), plainText(t, tr, w, h))
	}
}

// TestEdit steps knobs along their ladders, types numbers, and picks settings that compile.
func TestEdit(t *testing.T) {
	d := newDesk()
	tr := trainAt(t, d, 76, 22)
	keys(t, tr, "e")
	typeKeys(t, tr, "+", "-", "-", "5", "e", "-", "4", "enter")
	assert.Equal(t, []string{"lr 0.002", "lr 0.001", "lr 0.0005", "lr 0.0005"}, d.told)
	d.told = nil
	typeKeys(t, tr, "down", "+", "0", "enter", "down", "+", "+", "-", "-", "-", "down", "+", "-", "-")
	assert.Equal(t, []string{"lr.d 0.001", "lr.d 0", "beta2 0.9995", "beta2 0.9998", "beta2 0.9995", "beta2 0.999",
		"beta2 0.998", "beta 2", "beta 1", "beta 0.5"}, d.told)
	d.told = nil
	out := typeKeys(t, tr, "9", "9", "9", "9", "enter")
	assert.Equal(t, []tea.Msg{Notice{Text: "beta 9999: want a number from 0 to 1000", Bad: true}}, out)
	out = typeKeys(t, tr, "1", ".", ".", "enter")
	assert.Contains(t, out[0].(Notice).Text, "want a number such as 5e-4")
	d.told = nil
	typeKeys(t, tr, "down", "+", "enter", "enter", "down", "+", "enter", "down", "6", "4", "backspace", "enter")
	assert.Equal(t, []string{"map[arch:conv]", "map[latent:50]", "map[hidden:6]"}, d.told)
	typeKeys(t, tr, "1", "esc", "esc")
	assert.False(t, tr.Typing(), "the first escape takes back what was typed, the second closes")
	keys(t, tr, "e")
	d.state = &lab.State{Phase: lab.Finished}
	tr.Update(Tick(time.Now()))
	assert.False(t, tr.Typing(), "of a training that is over nothing can be changed")
}

// TestTravel goes from checkpoint to checkpoint, as fast as the key is pressed.
func TestTravel(t *testing.T) {
	d := newDesk()
	tr := trainAt(t, d, 76, 22)
	keys(t, tr, "[", "[", "]")
	assert.Equal(t, []string{"pause", "rewind 80", "pause", "rewind 40", "pause", "rewind 80"}, d.told)
	s := *d.state
	s.Step = 80
	d.state, d.told = &s, nil
	out := keys(t, tr, "]")
	assert.Contains(t, out[0].(Notice).Text, "no later checkpoint")
	keys(t, tr, "[", "[")
	out = keys(t, tr, "[")
	assert.Contains(t, out[0].(Notice).Text, "no earlier checkpoint")
	d.fails = errors.New("rewind to step 0: gone")
	s2 := *d.state
	s2.Events = []lab.Event{{Step: 80, Text: "x"}}
	d.state = &s2
	out = keys(t, tr, "[")
	assert.True(t, out[0].(Notice).Bad)
	assert.Contains(t, keys(t, tr, "f")[0].(Notice).Text, "over", "a job that is none of a session cannot be forked")
}

func TestRung(t *testing.T) {
	off := lab.Knob{Name: "decay", Value: 1e-6, Max: 1, Log: true}
	assert.Zero(t, rung(off, false, 0))
	off.Value = 0
	assert.Equal(t, 1e-3, rung(off, true, 0))
	beta := lab.Knob{Value: 0.5, Max: 0.99999, Decay: true}
	for _, want := range []float64{0.8, 0.9, 0.95, 0.98, 0.99, 0.995} {
		beta.Value = rung(beta, true, 0)
		assert.Equal(t, want, beta.Value)
	}
	for range 40 {
		beta.Value = rung(beta, true, 0)
	}
	assert.Equal(t, 0.99999, beta.Value)
	for range 40 {
		beta.Value = rung(beta, false, 0)
	}
	assert.Zero(t, beta.Value)
}
