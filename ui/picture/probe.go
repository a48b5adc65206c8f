package picture

import (
	"image/color"
	"os"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	uv "github.com/charmbracelet/ultraviolet"
)

// Probe finds out what the terminal can show from its answers. It starts with half-blocks and becomes
// better as answers arrive. Its methods belong to one goroutine, that of the model's Update.
type Probe struct {
	want    Mode
	tmux    bool
	noColor bool
	program string // the terminal's name, lower case: XTVERSION or TERM_PROGRAM

	cols, rows int
	cells      [3][2]int // cell size by TIOCGWINSZ, CSI 16 t, CSI 14 t; zero is unknown
	sixel      bool
	kitty      bool
	answered   bool // DA1 came: all answers that come have come
	sync       bool
	depth      Depth
	background color.RGBA
}

const (
	fromWinsize = iota
	fromCell
	fromPixels
)

// NewProbe returns a probe that looks for the best mode, or, where want is not Auto, uses that one.
// getenv is os.Getenv.
func NewProbe(want Mode, getenv func(string) string) *Probe {
	return &Probe{
		want:       want,
		tmux:       getenv("TMUX") != "" || strings.HasPrefix(getenv("TERM"), "tmux"),
		noColor:    getenv("NO_COLOR") != "",
		program:    strings.ToLower(getenv("TERM_PROGRAM")),
		background: color.RGBA{A: 255},
	}
}

// Queries is what to send at the start with tea.Raw: all questions in one write, the one that every
// terminal answers last. A timer of a second serves those that answer nothing: see Expire.
func (p *Probe) Queries() string {
	if p.want == Blocks || p.want == None {
		return ""
	}
	q := sizeQueries + "\x1b[>q\x1b[?2026$p"
	if !p.tmux {
		// 256 colour registers, where a terminal begins with fewer; kitty's question is printed by tmux.
		q += "\x1b[?1;3;256S\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
	}
	return q + "\x1b[c"
}

const sizeQueries = "\x1b[16t\x1b[14t"

// Resize takes note of a tea.WindowSizeMsg and asks the operating system for the size of a cell. It
// returns the queries to send with tea.Raw where that gave no answer, or "".
func (p *Probe) Resize(f *os.File, cols, rows int) (queries string) {
	p.cols, p.rows = cols, rows
	p.cells[fromWinsize], p.cells[fromPixels] = [2]int{}, [2]int{}
	if f != nil {
		if w, h, ok := cellSize(f); ok {
			p.cells[fromWinsize] = [2]int{w, h}
			return ""
		}
	}
	if p.want == Blocks || p.want == None {
		return ""
	}
	return sizeQueries
}

// Update takes every message of the program and reports whether Display changed by it.
func (p *Probe) Update(msg tea.Msg) bool {
	before := p.Display()
	switch msg := msg.(type) {
	case uv.PrimaryDeviceAttributesEvent:
		p.sixel, p.answered = slices.Contains(msg, 4), true
	case uv.CellSizeEvent:
		p.setCell(fromCell, msg.Width, msg.Height)
	case uv.PixelSizeEvent:
		if p.cols > 0 && p.rows > 0 {
			p.setCell(fromPixels, msg.Width/p.cols, msg.Height/p.rows)
		}
	case uv.KittyGraphicsEvent:
		p.kitty = p.kitty || !p.tmux && msg.Options.ID == 31 && string(msg.Payload) == "OK"
	case tea.TerminalVersionMsg:
		p.program = strings.ToLower(msg.Name)
	case tea.ModeReportMsg:
		if msg.Mode.Mode() == 2026 {
			p.sync = msg.Value != 0 && msg.Value != 4
		}
	case tea.ColorProfileMsg:
		p.depth = depthOf(msg.Profile)
	case tea.BackgroundColorMsg:
		if msg.Color != nil {
			r, g, b, _ := msg.RGBA()
			p.background = color.RGBA{R: byte(r >> 8), G: byte(g >> 8), B: byte(b >> 8), A: 255}
		}
	}
	return p.Display() != before
}

func depthOf(c colorprofile.Profile) Depth {
	switch c {
	case colorprofile.TrueColor:
		return TrueColor
	case colorprofile.ANSI256:
		return Colors256
	case colorprofile.ANSI:
		return Colors16
	}
	return NoColor
}

// setCell keeps a cell size that can be one.
func (p *Probe) setCell(from, w, h int) {
	if w > 0 && h > 0 && w <= 256 && h <= 256 {
		p.cells[from] = [2]int{w, h}
	}
}

// Expire ends the waiting for answers, a second after Queries was sent.
func (p *Probe) Expire() { p.answered = true }

// Settled reports whether no further answers are to be expected.
func (p *Probe) Settled() bool { return p.answered || p.want != Auto }

// Synchronized reports whether the terminal shows a frame as a whole (mode 2026).
func (p *Probe) Synchronized() bool { return p.sync }

// Terminal is the terminal's name as it gave it, lower case, or "".
func (p *Probe) Terminal() string { return p.program }

// ForceTrueColor reports whether the terminal is known to show 24-bit colours although its environment
// did not say so. The root model then answers with the command
// func() tea.Msg { return tea.CapabilityMsg{Content: "RGB"} }. It is never so with NO_COLOR.
func (p *Probe) ForceTrueColor() bool {
	if p.noColor || p.tmux || p.depth == TrueColor || p.depth == NoColor {
		return false
	}
	for _, name := range []string{"xterm(", "kitty", "wezterm", "iterm", "mlterm", "foot", "ghostty",
		"contour",
		"vte(", "konsole", "rio"} {
		if strings.HasPrefix(p.program, name) {
			return true
		}
	}
	return false
}

// Display is what pictures have to be made for at present. A mode with pixels is chosen only when the size
// of a cell is known; an override without a known size takes 8 x 16 pixels.
func (p *Probe) Display() Display {
	d := HalfBlocks()
	d.Depth, d.Background = p.depth, p.background
	if p.want == None {
		d.Mode = None
	}
	m := p.mode()
	if !m.pixels() {
		return d
	}
	w, h := p.cell()
	if w == 0 {
		if p.want == Auto {
			return d
		}
		w, h = 8, 16
	}
	d.Mode, d.CellW, d.CellH = m, w, h
	return d
}

func (p *Probe) cell() (w, h int) {
	for _, c := range p.cells {
		if c[0] > 0 {
			return c[0], c[1]
		}
	}
	return 0, 0
}

func (p *Probe) mode() Mode {
	inline := strings.HasPrefix(p.program, "iterm") || strings.HasPrefix(p.program, "wezterm")
	switch {
	case p.want != Auto:
		return p.want
	case !p.answered:
		return Blocks
	case inline && !p.tmux:
		return ITerm
	case p.kitty && !p.tmux:
		return Kitty
	case p.sixel:
		return Sixel
	}
	return Blocks
}
