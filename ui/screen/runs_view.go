package screen

import (
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"mllab/ui/widget"
)

// runsLayout says where the parts of the Runs screen stand. It is comparable: another layout, other pictures.
type runsLayout struct {
	full      bool
	w, h      int
	list      size
	chart     size // no width: not shown
	pics      [2]size
	displayed [2]int
}

func (r *Runs) layout() runsLayout {
	l := runsLayout{w: r.w, h: r.h, full: r.w >= fullW && r.h >= fullH}
	l.displayed = [2]int{r.lab.Display.CellW, r.lab.Display.CellH}
	body := max(0, r.h-2)
	if l.full {
		l.list = size{min(r.w*57/100, 90), body}
		right := r.w - l.list.w - 1
		l.chart = size{right, body * 45 / 100}
		left := (right - 1) / 2
		l.pics = [2]size{{left, body - l.chart.h}, {right - 1 - left, body - l.chart.h}}
		return l
	}
	l.list = size{r.w, (body + 1) / 2}
	rest := body - l.list.h
	if r.second {
		left := (r.w - 1) / 2
		l.pics = [2]size{{left, rest}, {r.w - 1 - left, rest}}
		return l
	}
	l.chart = size{r.w, rest}
	return l
}

// View draws the screen.
func (r *Runs) View(w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	l := r.layout()
	switch {
	case l.w != w || l.h != h:
		return widget.Block("", w, h) // a Resize is on its way
	case len(r.all) == 0:
		return r.welcome(w, h)
	}
	list := r.table(l.list)
	pics := beside(r.panel(0, l), r.panel(1, l))
	var body string
	switch {
	case l.full:
		body = beside(list, r.panel(runsChart, l)+"\n"+pics)
	case r.second:
		body = list + "\n" + pics
	default:
		body = list + "\n" + r.panel(runsChart, l)
	}
	return widget.Block(r.header(w)+"\n"+body+"\n"+r.foot(w), w, h)
}

func (r *Runs) panel(i int, l runsLayout) string {
	s := l.chart
	if i != runsChart {
		s = l.pics[i]
	}
	if s.w <= 0 || r.art.lay == l && r.art.panels[i] != "" {
		return r.art.panels[i]
	}
	return widget.Box("", "", s.w, s.h, false, r.lab.Theme)
}

// header tells how many runs there are, the filter, and at which step all is shown.
func (r *Runs) header(w int) string {
	th := r.lab.Theme
	left := th.Title.Render("runs") + th.Dim.Render(" · "+widget.Count(len(r.rows())))
	if len(r.rows()) != len(r.all) || r.filter != "" || r.typing {
		left += th.Dim.Render(" of "+widget.Count(len(r.all))) + th.Accent.Render("  /"+widget.Clean(r.filter))
	}
	if r.typing {
		left += th.Accent.Render("▏")
	}
	steps := r.steps()
	right := th.Dim.Render("no checkpoints")
	if n := len(steps); n > 0 {
		at, text := n, "last"
		if r.step >= 0 {
			i, _ := slices.BinarySearch(steps, r.step)
			at, text = i, "step "+widget.Count(r.step)
		}
		wide := min(24, max(0, w-50))
		bar := ""
		if wide > 4 {
			k := min(wide-1, at*(wide-1)/n)
			bar = strings.Repeat("─", k) + "●" + strings.Repeat("─", wide-1-k) + " "
		}
		right = th.Accent.Render(bar) + th.Text.Render(text) +
			th.Dim.Render(" · "+widget.Count(n)+" checkpoints ← →")
	}
	room := max(0, w-ansi.StringWidth(right)-1)
	return widget.Fit(widget.Fit(left, room)+" "+right, w)
}

// foot is what is under way, what is wrong with the chosen run, or what happened in it last.
func (r *Runs) foot(w int) string {
	th := r.lab.Theme
	e, ok := r.chosen()
	past := r.pasts[e.id]
	switch {
	case r.busy != "":
		return widget.Fit(th.Accent.Render(widget.Clean(r.busy)+" …"), w)
	case r.err != nil:
		return widget.Fit(th.Bad.Render(widget.Clean(r.err.Error())), w)
	case !ok:
		return widget.Fit(th.Dim.Render("no run has these words: esc shows all"), w)
	case e.problem != "":
		return widget.Fit(th.Bad.Render(widget.Clean(e.name+": "+e.problem)), w)
	case len(past.Notes) > 0:
		return widget.Fit(th.Warn.Render(widget.Clean(past.Notes[0])), w)
	}
	text := e.name + ": " + e.state
	if e.parent != "" {
		text += " · forked from " + e.parent + " at step " + widget.Count(e.bornAt)
	}
	if n := len(past.Events); n > 0 {
		text += " · step " + widget.Count(past.Events[n-1].Step) + ": " + past.Events[n-1].Text
	}
	return widget.Fit(th.Dim.Render(widget.Clean(text)), w)
}

// table is the list of runs in its panel.
func (r *Runs) table(s size) string {
	th := r.lab.Theme
	w, h := widget.Inner(s.w, s.h)
	cols := []widget.Column{{Title: " "}, {Title: "run", Min: 12}, {Title: "model"}, {Title: "data", Min: 6},
		{Title: "step", Number: true}, {Title: "loss", Number: true}, {Title: "changed", Min: 8}, {Title: "from", Min: 6}}
	var rows [][]string
	for _, e := range r.rows() {
		mark := " "
		if i := slices.Index(r.marked, e.id); i >= 0 {
			mark = strconv.Itoa(i + 1)
		}
		loss := ""
		if e.lossName != "" {
			loss = widget.SigDigits(e.loss, 4)
		}
		rows = append(rows, []string{mark, e.name, e.model, e.data, widget.Count(e.step), loss, e.changed,
			e.parent})
	}
	return widget.Box("", widget.Table(cols, rows, r.cursor(), w, h, th), s.w, s.h, false, th)
}

// welcome is the screen without runs: what would be here, and the keys that make it so.
func (r *Runs) welcome(w, h int) string {
	th := r.lab.Theme
	lines := []string{th.Title.Render("runs"), ""}
	text := "Every training that was saved is listed here. Two of them can be compared: their losses in one " +
		"chart, what they draw from the same noise side by side, all of it at any step that has a checkpoint. A " +
		"run can be opened again, and forked: a second one goes on from any moment of the first."
	for _, l := range strings.Split(widget.Wrap(text, min(w, 76), 6), "\n") {
		lines = append(lines, th.Text.Render(strings.TrimRight(l, " ")))
	}
	key := func(k, what string) string { return th.Accent.Render(widget.Fit(k, 4)) + th.Text.Render(what) }
	lines = append(lines, "")
	switch {
	case r.err != nil:
		lines = append(lines, th.Bad.Render(widget.Fit(widget.Clean(r.err.Error()), w)))
	case r.archive != nil && !r.listed:
		lines = append(lines, th.Dim.Render("the runs are being listed"))
	default:
		lines = append(lines, key("1", "shows the training: w there saves it, f forks it"),
			key("", "mllab train vae --steps 2000 trains without the lab, and is listed here, too"))
	}
	return widget.Block(strings.Join(lines, "\n"), w, h)
}
