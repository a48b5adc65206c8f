package screen

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"mllab/gen"
	"mllab/ui/widget"
)

// settingRows is the table of settings: a row has a name for both nets, or two settings with names of their
// own.
var settingRows = []struct {
	name  string // of both, "" where each has its own
	keys  [2]string
	names [2]string
}{
	{"layers", [2]string{"g.layers", "d.layers"}, [2]string{}},
	{"width", [2]string{"g.width", "d.width"}, [2]string{}},
	{"act", [2]string{"g.act", "d.act"}, [2]string{}},
	{"lr", [2]string{"g.lr", "d.lr"}, [2]string{}},
	{"rule", [2]string{"g.opt", "d.opt"}, [2]string{}},
	{"beta1", [2]string{"g.beta1", "d.beta1"}, [2]string{}},
	{"beta2", [2]string{"g.beta2", "d.beta2"}, [2]string{}},
	{"", [2]string{"loss", "penalty"}, [2]string{"loss", "penalty"}},
	{"", [2]string{"dsteps", "weight"}, [2]string{"D steps", "weight"}},
	{"", [2]string{"latent", "noise"}, [2]string{"latent", "noise"}},
	{"", [2]string{"batch", "batch"}, [2]string{"batch", ""}},
}

// settingsH is the height of the panel of settings.
var settingsH = len(settingRows) + 3

const settingNameW = 8

// live are the settings that change without compiling.
var live = func() map[string]bool {
	m := map[string]bool{}
	for _, s := range gen.Settings2D() {
		m[s.Key] = s.Live
	}
	return m
}()

// editKeys are the keys of the table of settings.
func (g *GAN2D) editKeys(bind func(help, shown, long string, do func(string) tea.Cmd, press ...string) Key,
	while func(Key) Key) []Key {
	return []Key{
		while(bind("choose", "↑↓←→", "nets: choose a setting", g.choose, "up", "down", "left", "right")),
		while(bind("change", "+/-", "nets: change the setting", g.alter, "+", "=", "-", "enter")),
		while(bind("close", "esc", "nets: leave the settings", g.edit, "esc")),
	}
}

func (g *GAN2D) edit(string) tea.Cmd {
	g.editing = !g.editing
	return g.again()
}

func (g *GAN2D) choose(key string) tea.Cmd {
	n := len(settingRows)
	switch key {
	case "up":
		g.cell[0] = (g.cell[0] + n - 1) % n
	case "down":
		g.cell[0] = (g.cell[0] + 1) % n
	default:
		g.cell[1] = 1 - g.cell[1]
	}
	return nil
}

func (g *GAN2D) alter(key string) tea.Cmd {
	return g.with(func(game Game2D) tea.Cmd {
		name := settingRows[g.cell[0]].keys[g.cell[1]]
		return bad(game.Set(name, g.state.Wanted.Next(name, key != "-")))
	})
}

// pick chooses the setting under the mouse; the wheel changes it.
func (g *GAN2D) pick(m Mouse, row, column int) tea.Cmd {
	switch m.Kind {
	case Press:
		g.cell = [2]int{row, column}
		if !g.editing {
			return g.edit("")
		}
		if m.Button == tea.MouseRight {
			return g.alter("-")
		}
	case WheelUp, WheelDown:
		g.cell = [2]int{row, column}
		key := "+"
		if m.Kind == WheelDown {
			key = "-"
		}
		return g.alter(key)
	}
	return nil
}

// settings is the table in w x h cells.
func (g *GAN2D) settings(w, h int) string {
	th := g.lab.Theme
	half := (w - settingNameW) / 2
	lines := []string{widget.Fit(strings.Repeat(" ", settingNameW)+
		th.Series[0].Render(widget.Fit("G", half))+th.Series[1].Render("D"), w)}
	for i, r := range settingRows {
		if r.name == "" {
			a := th.Dim.Render(widget.Fit(r.names[0], settingNameW)) + g.value(i, 0, half)
			b := ""
			if r.names[1] != "" {
				b = th.Dim.Render(r.names[1]+" ") + g.value(i, 1, max(1, half-len(r.names[1])-1))
			}
			lines = append(lines, widget.Fit(a+b, w))
			continue
		}
		lines = append(lines, widget.Fit(th.Dim.Render(widget.Fit(r.name, settingNameW))+g.value(i, 0, half)+
			g.value(i, 1, half), w))
	}
	return widget.Block(strings.Join(lines, "\n"), w, h)
}

// value is a cell of the table: chosen, or on its way to another value, or as it is.
func (g *GAN2D) value(row, column, w int) string {
	th := g.lab.Theme
	key := settingRows[row].keys[column]
	text := ansi.Truncate(g.state.Wanted.Value(key), max(1, w-1), "…")
	style := th.Text
	switch {
	case g.editing && g.cell == [2]int{row, column}:
		style = th.Selected
	case g.state.Wanted.Value(key) != g.state.Config.Value(key):
		style = th.Accent
	}
	return style.Render(text) + strings.Repeat(" ", max(0, w-ansi.StringWidth(text)))
}

// settingsTitle says what the panel's keys do.
func (g *GAN2D) settingsTitle() string {
	if !g.editing {
		return "nets · e edits"
	}
	key := settingRows[g.cell[0]].keys[g.cell[1]]
	if live[key] {
		return "nets · " + key + " acts at once"
	}
	return "nets · " + key + " compiles anew"
}

// settingAt is the setting at a cell of the View.
func (l planeLayout) settingAt(x, y int) (row, column int, ok bool) {
	row = y - l.nets.y - 2
	x -= l.nets.x + 2
	if l.nets.w == 0 || row < 0 || row >= len(settingRows) || x < 0 || x >= l.nets.w-4 {
		return 0, 0, false
	}
	if half := (l.nets.w - 4 - settingNameW) / 2; x >= settingNameW+half {
		column = 1
	}
	return row, column, true
}
