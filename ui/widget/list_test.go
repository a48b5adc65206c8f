package widget

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"

	"mllab/ui/theme"
)

func TestNumbersNeverCutsAValue(t *testing.T) {
	for w := 1; w < 40; w++ {
		for _, l := range strings.Split(ansi.Strip(Numbers(numbers, w, 6, dark)), "\n") {
			for _, n := range numbers {
				if digits := strings.IndexAny(l, "0123456789"); digits >= 0 && strings.HasPrefix(l,
					n.Key+" ") && w > 12 {
					assert.Contains(t, l, n.Value, "width %d", w)
				}
			}
		}
	}
	assert.Equal(t, "   …", ansi.Strip(Numbers([]Number{{Key: "a", Value: "123456789"}}, 4, 1, dark)),
		"no room: not in part")
}

func TestTable(t *testing.T) {
	cols := []Column{{Title: "device"}, {Title: "GFLOP/s", Number: true}, {Title: "note"}}
	rows := [][]string{{"cpu avx512", "96.0", "2 threads"},
		{"opencl", "", "no platform: install pocl-opencl-icd"},
		{"interp", "0.02", "the oracle"}}
	for i := range 9 {
		rows = append(rows, []string{"more", Count(i), ""})
	}
	golden(t, "table-60", Table(cols, rows, 1, 60, 5, dark))
	golden(t, "table-30", Table(cols, rows, 11, 30, 5, dark))
	i, ok := TableRow(len(rows), 11, 5, 4)
	assert.True(t, ok)
	assert.Equal(t, 11, i)
	_, ok = TableRow(len(rows), 0, 5, 0)
	assert.False(t, ok, "the titles")
	assert.Contains(t, Table(cols, rows, 1, 60, 5, theme.New(true, true)), "\x1b[7m",
		"the cursor without colour")
}

func TestHelp(t *testing.T) {
	groups := []KeyGroup{
		{"Training", []Binding{{Keys: "space", Help: "pause", Long: "pause and resume"},
			{Keys: "s", Help: "one step"},
			{Keys: "+/-", Help: "learning rate"}}},
		{"Everywhere", []Binding{{Keys: "tab", Help: "next panel"}, {Keys: "?", Help: "help"},
			{Keys: "q", Help: "quit"}}},
	}
	for name, c := range map[string]struct{ w, h, page, pages int }{
		"help-70x5": {70, 5, 0, 1}, "help-30x10": {30, 10, 0, 1}, "help-24x5": {24, 5, 0, 3}, "help-24x5-last": {24, 5, 9, 3},
	} {
		text, pages := Help(groups, c.w, c.h, c.page, dark)
		golden(t, name, text)
		assert.Equal(t, c.pages, pages, name)
	}
}

func TestKeysKeepHelpAndQuit(t *testing.T) {
	keys := []Binding{{Keys: "space", Help: "pause"}, {Keys: "s", Help: "step"}, {Keys: "?", Help: "help", Stays: true},
		{Keys: "q", Help: "quit", Stays: true}}
	assert.Equal(t, "space pause · ? help · q quit", ansi.Strip(Keys(keys, 30, dark)))
	assert.Equal(t, "? help · q quit", ansi.Strip(Keys(keys, 20, dark)))
	assert.Equal(t, "? help", ansi.Strip(Keys(keys, 9, dark)))
	assert.Empty(t, Keys(keys, 3, dark))
}

func TestTabs(t *testing.T) {
	tabs := []string{"1 Train", "2 Sample", "3 Latent", "4 Conv", "0 Devices"}
	assert.Equal(t, "1 Train  2 Sample  3 Latent  4 Conv  0 Devices",
		strings.TrimSpace(ansi.Strip(Tabs(tabs, 0, 60, dark))))
	assert.Equal(t, "4 Conv  0 Devices", strings.TrimSpace(ansi.Strip(Tabs(tabs, 4, 20, dark))))
	for active := range tabs {
		assert.Contains(t, ansi.Strip(Tabs(tabs, active, 12, dark)), tabs[active])
	}
	i, ok := TabAt("mllab", tabs, 0, 100, 20, dark)
	assert.True(t, ok)
	assert.Equal(t, 1, i)
	_, ok = TabAt("mllab", tabs, 0, 100, 3, dark)
	assert.False(t, ok)
}

func TestOverlay(t *testing.T) {
	screen := Block(strings.Repeat(strings.Repeat("x", 30)+"\n", 9), 30, 9)
	popup := Popup("quit", "the run is saved", 20, 3, dark)
	x, y := Middle(20, 3, 30, 9)
	got := Overlay(screen, popup, x, y)
	exact(t, got, 30, 9)
	golden(t, "overlay", got)
	assert.Equal(t, screen, Overlay(screen, "", 0, 0))
}
