package picture

import (
	"image/color"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/kitty"
	"github.com/stretchr/testify/assert"
)

func env(pairs ...string) func(string) string {
	return func(key string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == key {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestProbe(t *testing.T) {
	kittyOK := uv.KittyGraphicsEvent{Options: kitty.Options{ID: 31}, Payload: []byte("OK")}
	da := func(n ...int) uv.PrimaryDeviceAttributesEvent { return n }
	size := uv.CellSizeEvent{Width: 9, Height: 18}
	name := func(s string) tea.TerminalVersionMsg { return tea.TerminalVersionMsg{Name: s} }
	for what, c := range map[string]struct {
		want Mode
		env  func(string) string
		msgs []tea.Msg
		mode Mode
		w, h int
	}{
		"nothing answered": {Auto, env(), nil, Blocks, 1, 2},
		"xterm vt340": {Auto, env(), []tea.Msg{name("XTerm(379)"), size, da(63, 1, 2, 4)},
			Sixel, 9, 18},
		"xterm plain": {Auto, env(), []tea.Msg{name("XTerm(379)"), size, da(64, 1, 2)}, Blocks,
			1, 2},
		"sixel, not fenced yet": {Auto, env(), []tea.Msg{size}, Blocks, 1, 2},
		"sixel, no cell size":   {Auto, env(), []tea.Msg{da(4)}, Blocks, 1, 2},
		"sixel, size from pixels": {Auto, env(), []tea.Msg{uv.PixelSizeEvent{Width: 800, Height: 480},
			da(4)}, Sixel, 10, 20},
		"nonsense sizes": {Auto, env(), []tea.Msg{uv.CellSizeEvent{Width: -3, Height: 1 << 20},
			da(4)}, Blocks, 1, 2},
		"kitty": {Auto, env(), []tea.Msg{name("kitty(0.26.5)"), size, kittyOK, da(62)},
			Kitty, 9, 18},
		"kitty in tmux": {Auto, env("TMUX", "x"), []tea.Msg{size, kittyOK, da(62)}, Blocks, 1, 2},
		"kitty says no": {Auto, env(), []tea.Msg{size, uv.KittyGraphicsEvent{Options: kitty.Options{ID: 31},
			Payload: []byte("ENOTSUP")}, da(62)}, Blocks, 1, 2},
		"iTerm by environment": {Auto, env("TERM_PROGRAM", "iTerm.app"), []tea.Msg{size, da(62, 4)}, ITerm,
			9, 18},
		"WezTerm by name": {Auto, env(), []tea.Msg{size, name("WezTerm 20240203"), kittyOK, da(65, 4)},
			ITerm, 9, 18},
		"tmux with sixel": {Auto, env("TMUX", "x"), []tea.Msg{size, name("tmux 3.5"), da(1, 2, 4)},
			Sixel, 9, 18},
		"forced sixel":       {Sixel, env(), nil, Sixel, 8, 16},
		"forced, size known": {Kitty, env(), []tea.Msg{size}, Kitty, 9, 18},
		"blocks wanted":      {Blocks, env(), []tea.Msg{size, kittyOK, da(4)}, Blocks, 1, 2},
		"none wanted":        {None, env(), []tea.Msg{size, kittyOK, da(4)}, None, 1, 2},
	} {
		t.Run(what, func(t *testing.T) {
			p := NewProbe(c.want, c.env)
			p.Resize(nil, 80, 24)
			before := p.Display()
			changed := false
			for _, m := range c.msgs {
				changed = p.Update(m) || changed
			}
			d := p.Display()
			assert.Equal(t, c.mode, d.Mode)
			assert.Equal(t, []int{c.w, c.h}, []int{d.CellW, d.CellH})
			assert.Equal(t, d != before, changed)
		})
	}
}

func TestProbeQueries(t *testing.T) {
	q := NewProbe(Auto, env()).Queries()
	assert.True(t, strings.HasSuffix(q, "\x1b[c"), "the fence is last")
	assert.Contains(t, q, "a=q")
	q = NewProbe(Auto, env("TMUX", "/run/x,1,0")).Queries()
	assert.NotContains(t, q, "\x1b_G", "tmux would print it")
	assert.True(t, strings.HasSuffix(q, "\x1b[c"))
	for _, m := range []Mode{Blocks, None} {
		p := NewProbe(m, env())
		assert.Empty(t, p.Queries())
		assert.Empty(t, p.Resize(nil, 80, 24))
		assert.True(t, p.Settled())
	}
	p := NewProbe(Auto, env())
	assert.Equal(t, sizeQueries, p.Resize(nil, 80, 24), "no answer from the system: the terminal is asked")
	assert.False(t, p.Settled())
	p.Expire()
	assert.True(t, p.Settled())
}

func TestProbeColours(t *testing.T) {
	p := NewProbe(Auto, env())
	p.Update(tea.ColorProfileMsg{Profile: colorprofile.ANSI})
	assert.Equal(t, Colors16, p.Display().Depth)
	assert.False(t, p.ForceTrueColor())
	p.Update(tea.TerminalVersionMsg{Name: "XTerm(379)"})
	assert.Equal(t, "xterm(379)", p.Terminal())
	assert.True(t, p.ForceTrueColor())
	assert.True(t, p.Update(tea.ColorProfileMsg{Profile: colorprofile.TrueColor}))
	assert.False(t, p.ForceTrueColor())
	assert.True(t, p.Update(tea.BackgroundColorMsg{Color: color.White}))
	assert.Equal(t, byte(255), p.Display().Background.R)
	p.Update(tea.ColorProfileMsg{Profile: colorprofile.ASCII})
	assert.Equal(t, NoColor, p.Display().Depth)
	p.Update(tea.ColorProfileMsg{Profile: colorprofile.ANSI256})
	assert.Equal(t, Colors256, p.Display().Depth)
	p.Update(tea.ModeReportMsg{Mode: ansi.DECMode(2026), Value: ansi.ModeReset})
	assert.True(t, p.Synchronized())

	quiet := NewProbe(Auto, env("NO_COLOR", "1"))
	quiet.Update(tea.ColorProfileMsg{Profile: colorprofile.ANSI})
	quiet.Update(tea.TerminalVersionMsg{Name: "kitty(0.30)"})
	assert.False(t, quiet.ForceTrueColor())
}
