package picture

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// screen is an emulated terminal that keeps where sixels were drawn.
type screen struct {
	mu     sync.Mutex
	emu    *vt.Emulator
	sixels []string // "column,line" of each
	pm     int
}

func newScreen(w, h int) *screen {
	s := &screen{emu: vt.NewEmulator(w, h)}
	s.emu.RegisterDcsHandler('q', func(ansi.Params, []byte) bool {
		p := s.emu.CursorPosition()
		s.sixels = append(s.sixels, fmt.Sprintf("%d,%d", p.X, p.Y))
		return true
	})
	s.emu.RegisterPmHandler(func([]byte) bool { s.pm++; return true })
	go func() { _, _ = io.Copy(io.Discard, s.emu) }()
	_, _ = s.emu.Write([]byte("\x1b[20h")) // line feeds return the carriage, as the terminal driver has it
	return s
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.emu.Write(p)
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.emu.String()
}

// takeSixels returns the places of the sixels since the last call.
func (s *screen) takeSixels() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.sixels
	s.sixels = nil
	return l
}

// runDemo starts the program in an emulated terminal of 60 x 16 with a picture of 20 x 8 cells of 4 x 6.
func runDemo(t *testing.T, mode Mode) (*screen, *Writer, *tea.Program) {
	t.Helper()
	scr := newScreen(60, 16)
	store := NewStore()
	out := NewWriter(nil, store)
	out.sink = scr
	d := &demo{store: store, out: out, display: Display{Mode: mode, CellW: 4, CellH: 6}, cols: 20, rows: 8}
	p := tea.NewProgram(d, tea.WithInput(nil), tea.WithOutput(out), tea.WithWindowSize(60, 16),
		tea.WithColorProfile(colorprofile.TrueColor), tea.WithoutSignals(),
		tea.WithEnvironment([]string{"TERM=xterm-256color"}))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = p.Run()
	}()
	t.Cleanup(func() {
		p.Kill()
		<-done
		scr.mu.Lock()
		defer scr.mu.Unlock()
		assert.Zero(t, scr.pm, "a marker reached the terminal")
	})
	return scr, out, p
}

// advance changes the model and waits until the terminal shows the change.
func advance(t *testing.T, s *screen, p *tea.Program, n int, f func(*demo)) {
	t.Helper()
	p.Send(setMsg(func(d *demo) { d.n = n; f(d) }))
	want := fmt.Sprintf("status n=%d", n)
	require.Eventually(t, func() bool {
		return strings.Contains(s.text(), want+" ") ||
			strings.Contains(s.text(), want+"\n") || strings.HasSuffix(strings.TrimRight(s.text(), " \n"),
			want)
	},
		10*time.Second, 5*time.Millisecond, "the terminal shows %q", want)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	lines := strings.Split(strings.ReplaceAll(got, nbsp, "·"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	got = strings.Join(lines, "\n")
	path := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// A library update that no longer lets PM strings through would show no picture at all: then pin the
// older version of ultraviolet, or carry the markers in another string sequence.
func TestMarkersPassTheRenderer(t *testing.T) {
	p := New(heat(8, 12), 2, 2, Display{Mode: Sixel, CellW: 4, CellH: 6})
	cells := uv.NewStyledString(p.Cells(1, nil)).Lines(ansi.GraphemeWidth)
	require.Len(t, cells, 2)
	require.Len(t, cells[1], 3)
	assert.Equal(t, p.marker(1, 1)+nbsp, cells[1][2].Content,
		"the marker rides in the gutter cell, before its blank")

	scr, out, prog := runDemo(t, Sixel)
	advance(t, scr, prog, 1, func(*demo) {})
	require.Positive(t, out.Stats().Strips, "no marker came through the renderer of bubbletea")
	assert.Equal(t, 8, out.Stats().Rows)
	assert.Equal(t, []string{"0,1"}, scr.takeSixels(), "one strip at the picture's corner")
	golden(t, "picture", scr.text())
}

func TestTextBesideAPictureDoesNotResendIt(t *testing.T) {
	scr, out, p := runDemo(t, Sixel)
	advance(t, scr, p, 1, func(*demo) {})
	before := out.Stats()
	for n := range 20 {
		advance(t, scr, p, 2+n, func(*demo) {})
	}
	after := out.Stats()
	assert.Equal(t, before.Strips, after.Strips)
	assert.Greater(t, after.Frames, before.Frames+10)
	for n := range 12 { // lines move up beside the picture: no scroll tears it
		advance(t, scr, p, 30+n, func(d *demo) { d.scroll = true })
	}
	assert.Equal(t, before.Strips, out.Stats().Strips)
	assert.NotContains(t, scr.text(), "ml;")
}

func TestOnlyChangedRowsAreSent(t *testing.T) {
	scr, out, p := runDemo(t, Sixel)
	advance(t, scr, p, 1, func(*demo) {})
	scr.takeSixels()
	before := out.Stats()
	advance(t, scr, p, 2, func(d *demo) { d.phase = .5; d.draw() }) // the lower half changes
	after := out.Stats()
	assert.Equal(t, 4, after.Rows-before.Rows)
	assert.Equal(t, []string{"0,5"}, scr.takeSixels())
}

func TestLeavingTheScreenErases(t *testing.T) {
	for _, mode := range []Mode{Sixel, Kitty} {
		scr, out, p := runDemo(t, mode)
		advance(t, scr, p, 1, func(*demo) {})
		assert.Contains(t, scr.text(), nbsp)
		advance(t, scr, p, 2, func(d *demo) { d.screen = 1 })
		assert.NotContains(t, scr.text(), nbsp, "every cell of the picture was written again")
		if mode == Sixel {
			golden(t, "left", scr.text())
		} else {
			assert.Equal(t, 8, out.Stats().Deleted)
		}
		rows := out.Stats().Rows
		advance(t, scr, p, 3, func(d *demo) { d.screen = 0 })
		assert.Equal(t, rows+8, out.Stats().Rows, "coming back sends it again")
	}
}

func TestPopupOverAPicture(t *testing.T) {
	scr, out, p := runDemo(t, Sixel)
	advance(t, scr, p, 1, func(*demo) {})
	scr.takeSixels()
	advance(t, scr, p, 2, func(d *demo) { d.popup = true })
	assert.Empty(t, scr.takeSixels(), "no pixels over a popup")
	assert.Contains(t, scr.text(), "popup over it")
	golden(t, "popup", scr.text())
	rows := out.Stats().Rows
	advance(t, scr, p, 3, func(d *demo) { d.popup = false })
	assert.Equal(t, 3, out.Stats().Rows-rows, "the rows that were covered")
	assert.Equal(t, []string{"0,3"}, scr.takeSixels())
	advance(t, scr, p, 4, func(d *demo) { d.popup = true; d.phase = 1; d.draw() })
	for _, at := range scr.takeSixels() {
		assert.NotContains(t, []string{"0,3", "0,4", "0,5"}, at, "pixels over the popup")
	}
}

func TestResizeSendsItAgain(t *testing.T) {
	scr, out, p := runDemo(t, Sixel)
	advance(t, scr, p, 1, func(*demo) {})
	rows := out.Stats().Rows
	scr.mu.Lock()
	scr.emu.Resize(50, 14)
	scr.mu.Unlock()
	p.Send(tea.WindowSizeMsg{Width: 50, Height: 14})
	advance(t, scr, p, 2, func(*demo) {})
	assert.GreaterOrEqual(t, out.Stats().Rows, rows+8)
}

func TestBlocksNeedNoWriter(t *testing.T) {
	scr, out, p := runDemo(t, Blocks)
	advance(t, scr, p, 1, func(*demo) {})
	assert.Zero(t, out.Stats().Strips)
	assert.Equal(t, 8*20, strings.Count(scr.text(), "▀"))
}
