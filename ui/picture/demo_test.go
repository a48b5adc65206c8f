package picture

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
)

// demo is a small program with a picture beside text that changes: what the tests drive, in an emulated
// terminal and, started again as its own process, in a real one.
type demo struct {
	store   *Store
	display Display
	probe   *Probe // nil: display is fixed
	out     *Writer

	w, h       int
	screen     int // 0 picture and text, 1 text
	popup      bool
	n          int // text that changes
	phase      float64
	cols, rows int
	scroll     bool
	pic        *Picture
	every      time.Duration // of picture updates; 0 none
	until      int           // pictures to show before it is over
	pixels     int           // side of a square picture that changes as a whole, instead of cols and rows
}

type setMsg func(*demo)
type frameMsg struct{}

func (d *demo) tick() tea.Cmd {
	return tea.Tick(d.every, func(time.Time) tea.Msg { return frameMsg{} })
}

func (d *demo) Init() tea.Cmd {
	var cmds []tea.Cmd
	if d.probe != nil {
		cmds = append(cmds, tea.Raw(d.probe.Queries()))
	}
	if d.every > 0 {
		cmds = append(cmds, d.tick())
	}
	return tea.Batch(cmds...)
}

func (d *demo) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if d.probe != nil && d.probe.Update(msg) {
		d.display = d.probe.Display()
		d.draw()
	}
	var cmd tea.Cmd
	if _, ok := msg.(tea.TerminalVersionMsg); ok && d.probe != nil && d.probe.ForceTrueColor() {
		cmd = func() tea.Msg { return tea.CapabilityMsg{Content: "RGB"} }
	}
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		d.w, d.h = msg.Width, msg.Height
		if d.probe != nil {
			if q := d.probe.Resize(d.out.File, d.w, d.h); q != "" {
				cmd = tea.Raw(q)
			}
			d.display = d.probe.Display()
		}
		d.draw()
	case setMsg:
		msg(d)
	case frameMsg:
		d.phase += 0.1
		d.n++
		d.draw()
		if d.until--; d.until == 0 {
			return d, tea.Quit
		}
		cmd = d.tick()
	}
	return d, cmd
}

func (d *demo) draw() {
	if d.pixels > 0 && d.display.Mode.pixels() {
		d.cols = (d.pixels + d.display.CellW - 1) / d.display.CellW
		d.rows = (d.pixels + d.display.CellH - 1) / d.display.CellH
	}
	w, h := d.display.Pixels(d.cols, d.rows)
	im := heat(w, h)
	for y := range h {
		for x := range w {
			if (y > h/2 || d.pixels > 0) && d.phase > 0 {
				im.Pix[y*w+x] = byte((int(im.Pix[y*w+x]) + int(40*d.phase)) % Levels)
			}
		}
	}
	d.pic = New(im, d.cols, d.rows, d.display)
	d.store.Publish(1, d.pic)
}

func (d *demo) View() tea.View {
	if d.w == 0 || d.pic == nil {
		return tea.NewView("")
	}
	var text []string
	for y := range d.h - 2 {
		s := fmt.Sprintf("line %02d n=%d", y, d.n)
		if d.scroll {
			s = fmt.Sprintf("line %02d", y+d.n)
		}
		text = append(text, s)
	}
	body := strings.Join(text, "\n")
	if d.screen == 0 {
		body = lipgloss.JoinHorizontal(lipgloss.Top, d.pic.Cells(1, nil), body)
	}
	content := "title\n" + body + fmt.Sprintf("\nstatus n=%d", d.n)
	if d.popup {
		box := lipgloss.NewStyle().Border(lipgloss.RoundedBorder()).Render("popup over it")
		content = d.store.Occlude(content, 3, 6)
		content = lipgloss.NewCompositor(lipgloss.NewLayer(content),
			lipgloss.NewLayer(box).X(4).Y(3).Z(1)).Render()
	}
	v := tea.NewView(Seal(content))
	v.AltScreen = true
	return v
}
