package ui

import (
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/screen"
)

// player is a lab on the GAN screen with a real game, driven by hand.
type player struct {
	t *testing.T
	m *Model
	s screen.Teachable
	n int // ticks so far
}

func newPlayer(t *testing.T, w, h int, open string) *player {
	t.Helper()
	s, err := lab.Open(lab.Options{Root: t.TempDir(), Threads: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	m := New(Config{Job: lab.Idle{}, Session: s, Screen: '5', Open: map[byte]string{'5': open},
		Store: picture.NewStore(), Graphics: picture.Blocks})
	m.clock = func() tea.Cmd { return nil }
	p := &player{t: t, m: m}
	for i, e := range m.entries {
		if e.Digit == '5' {
			p.s = m.screens[i].(screen.Teachable)
		}
	}
	require.NotNil(t, p.s)
	tell(t, m, tea.WindowSizeMsg{Width: w, Height: h})
	run(t, m, m.tell(screen.Show{}))
	run(t, m, m.open())
	return p
}

// sees waits until a fact is as wanted.
func (p *player) sees(name, want string) {
	p.t.Helper()
	p.until(name+" is "+want, func(f map[string]string) bool { return f[name] == want })
}

func (p *player) until(what string, ok func(map[string]string) bool) {
	p.t.Helper()
	end := time.Now().Add(patience)
	for time.Now().Before(end) {
		p.n++
		tell(p.t, p.m, tickMsg(time.Unix(int64(p.n), 0)))
		if ok(p.s.Facts()) {
			tell(p.t, p.m, tickMsg(time.Unix(int64(p.n)+1, 0)))
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.t.Fatalf("never: %s; %v\n%s", what, p.s.Facts(), ansi.Strip(p.m.View().Content))
}

// rests waits until a paused game has shown its last step.
func (p *player) rests() {
	p.t.Helper()
	last := ""
	p.until("it rests", func(f map[string]string) bool {
		same := f["step"] == last && f["phase"] == "paused"
		last = f["step"]
		time.Sleep(200 * time.Millisecond)
		return same
	})
}

const quick = "g.width=8\nd.width=8\nbatch=32\nspeed=60"

// TestGAN2DStory: a user watches, pauses, steps, goes back and forth, leaves a ghost, edits a net on the
// running game, sees a preset fail, and cures it.
func TestGAN2DStory(t *testing.T) {
	p := newPlayer(t, 120, 40, "preset=ring\nseed=3\n"+quick)
	p.sees("g.width", "8")
	p.until("it plays", func(f map[string]string) bool { return f["phase"] == "training" && len(f["step"]) > 1 })
	assert.Contains(t, text(t, p.m), "● playing 60/s")
	press(t, p.m, "space")
	p.rests()
	assert.Contains(t, text(t, p.m), "‖ paused")
	before := p.s.Facts()
	press(t, p.m, "d")
	p.until("a step of D", func(f map[string]string) bool { return f["d.steps"] != before["d.steps"] })
	assert.Equal(t, before["g.steps"], p.s.Facts()["g.steps"])
	assert.Contains(t, text(t, p.m), "The fake points stood still.")
	press(t, p.m, "g")
	p.until("a step of G", func(f map[string]string) bool { return f["g.steps"] != before["g.steps"] })
	after := p.s.Facts()
	press(t, p.m, "[", "[")
	p.sees("step", before["step"])
	assert.Contains(t, text(t, p.m), "‖ rewound to ")
	assert.Equal(t, before["kl"], p.s.Facts()["kl"], "the same moment is the same picture")
	press(t, p.m, "]", "]")
	p.sees("step", after["step"])
	assert.Equal(t, after["kl"], p.s.Facts()["kl"])
	press(t, p.m, "f")
	p.sees("ghost", "yes")
	press(t, p.m, "s")
	p.until("a step", func(f map[string]string) bool { return f["step"] != after["step"] })
	assert.Contains(t, text(t, p.m), "● ghost")
	press(t, p.m, "e")
	tell(t, p.m, tea.KeyPressMsg{Code: tea.KeyDown})
	press(t, p.m, "+")
	p.sees("g.width", "16")
	p.until("compiled", func(f map[string]string) bool { return f["phase"] == "paused" })
	long, err := strconv.Atoi(p.s.Facts()["step"])
	require.NoError(t, err)
	press(t, p.m, "esc", "p")
	p.sees("preset", "collapse")
	assert.Contains(t, text(t, p.m), "mode collapse:")
	press(t, p.m, "c")
	p.sees("loss", "relativistic")
	p.sees("phase", "training")
	assert.Contains(t, text(t, p.m), "the cure:")
	assert.Equal(t, "yes", p.s.Facts()["cured"])
	anew := false
	p.until("the preset has begun anew, cured", func(f map[string]string) bool {
		n, err := strconv.Atoi(f["step"])
		anew = anew || err == nil && n < long
		return anew && n > 0 && f["phase"] == "training"
	})
	press(t, p.m, "1")
	step := ""
	p.until("hidden, it comes to rest", func(f map[string]string) bool {
		same := f["step"] == step
		step = f["step"]
		time.Sleep(400 * time.Millisecond)
		return same
	})
	assert.Equal(t, step, p.s.Facts()["step"])
	press(t, p.m, "5")
	p.until("it goes on", func(f map[string]string) bool { return f["step"] != step })
}

// TestGAN2DPaintStory: at 80x24 a user paints with the mouse, and the game learns it.
func TestGAN2DPaintStory(t *testing.T) {
	p := newPlayer(t, 80, 24, "data=spiral\n"+quick)
	p.sees("data", "spiral")
	p.until("it plays", func(f map[string]string) bool { return len(f["step"]) > 1 && f["modes"] == "0" })
	assert.Contains(t, text(t, p.m), "Spiral")
	press(t, p.m, "b")
	assert.Contains(t, text(t, p.m), "✎ painting")
	tell(t, p.m, tea.MouseClickMsg{X: 12, Y: 8, Button: tea.MouseLeft})
	tell(t, p.m, tea.MouseMotionMsg{X: 24, Y: 8, Button: tea.MouseLeft})
	tell(t, p.m, tea.MouseReleaseMsg{X: 24, Y: 8, Button: tea.MouseLeft})
	p.sees("data", "drawn")
	press(t, p.m, "esc")
	assert.NotContains(t, text(t, p.m), "painting")
	assert.Contains(t, text(t, p.m), "Drawn")
	assert.Equal(t, "no", p.s.Facts()["painting"])
	p.until("it goes on", func(f map[string]string) bool { return f["phase"] == "training" })
}

// TestGAN2DOpensBadly: what the command line could not check is said in the last line, and a game is there.
func TestGAN2DOpensBadly(t *testing.T) {
	p := newPlayer(t, 80, 24, "data=/nowhere\x1b[2J.csv")
	assert.Contains(t, text(t, p.m), "no such distribution or file")
	assert.NotContains(t, p.m.View().Content, "\x1b[2J")
	p.sees("data", "ring")
	assert.True(t, strings.Contains(text(t, p.m), "Ring"))
}
