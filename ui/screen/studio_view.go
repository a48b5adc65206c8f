package screen

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

// unknownToken is how a word that a net does not know is written among its tokens.
const unknownToken = "<unknown>"

// View draws the screen.
func (s *Studio) View(w, h int) string {
	switch {
	case w <= 0 || h <= 0:
		return ""
	case s.net == nil || s.listing:
		return s.welcome(w, h)
	}
	lay := s.layout()
	if lay.w != w || lay.h != h {
		return widget.Block("", w, h) // a Resize is on its way
	}
	hero := s.panel(studioHero, lay)
	side := s.settingsPanel(lay.place[studioSettings], lay.boxed)
	var body string
	switch {
	case lay.full && s.hasLooks():
		body = beside(hero, side, s.panel(studioLooks, lay))
	case lay.boxed:
		body = beside(hero, side)
	default:
		if p := s.turned(lay); p >= 0 {
			side += "\n" + s.panel(p, lay)
		}
		body = beside(hero, side)
	}
	parts := append([]string{s.header(w)}, s.prompts(w)...)
	parts = append(parts, body)
	if lay.boxed {
		if p := s.turned(lay); p >= 0 {
			parts = append(parts, s.panel(p, lay))
		}
	}
	return widget.Block(strings.Join(append(parts, s.status(w)), "\n"), w, h)
}

// turned is the panel that stands where film and maps take turns, or the film's own place; -1: there is none.
func (s *Studio) turned(lay studioLayout) int {
	for _, p := range []int{studioFilm, studioLooks} {
		if s.visible(p, lay) && (p == studioFilm || !lay.full) {
			return p
		}
	}
	return -1
}

// panel is what was drawn for a place, or an empty one where that was for another layout.
func (s *Studio) panel(place int, lay studioLayout) string {
	if s.art.lay == lay && s.art.panels[place] != "" {
		return s.art.panels[place]
	}
	r := lay.place[place]
	return widget.Box("", "", r.w, r.h, place == studioHero, s.lab.Theme)
}

// header is the first line: which net paints, and the modes at the right.
func (s *Studio) header(w int) string {
	a := s.about
	parts := []string{a.Name, a.Model, filepath.Base(a.Data), strings.TrimSpace(widget.Eng(float64(a.Params), "")) + " parameters",
		"step " + widget.Count(int(a.Step))}
	names, chosen := s.modeNames()
	return modesLine(w, parts, names, chosen, s.lab.Theme)
}

// modeNames are those of the modes, and which of them is the present one.
func (s *Studio) modeNames() (names []string, chosen int) {
	for i, m := range s.modes() {
		if names = append(names, studioModeNames[m]); m == s.mode {
			chosen = i
		}
	}
	return names, chosen
}

const promptName = 9 // cells of "without  "

// prompts are the two lines above the picture: the prompt, and the other one or what is to be said of it.
func (s *Studio) prompts(w int) []string {
	t := s.typing
	lines := []string{s.promptLine("prompt", fieldPrompt, s.asked.Prompt, s.reading, w)}
	switch {
	case t != nil && t.field == fieldNegative, s.mode != studioMorph && s.asked.Negative != "" && !s.about.OneShot &&
		!(t != nil && t.field == fieldPrompt):
		return append(lines, s.promptLine("without", fieldNegative, s.asked.Negative, lab.Reading{}, w))
	case s.mode == studioMorph && !(t != nil && t.field == fieldPrompt):
		return append(lines, s.promptLine("to", fieldTo, s.asked.To, s.other, w))
	}
	return append(lines, s.below(w))
}

// below is the line under the prompt: words that tab completes while one types, else what is not understood.
func (s *Studio) below(w int) string {
	th := s.lab.Theme
	left := strings.Repeat(" ", promptName)
	if t := s.typing; t != nil && t.words() {
		if len(t.found) == 0 {
			if text := remarkOn(s.net.Read(t.String())); text != "" {
				return widget.Fit(left+th.Warn.Render(widget.Clean(text)), w)
			}
			return widget.Fit(left+th.Dim.Render("enter paints it · ↑ brings back earlier ones · esc drops it"), w)
		}
		var all []string
		for i, word := range t.found {
			style := th.Dim
			if i == t.pick {
				style = th.Selected
			}
			all = append(all, style.Render(widget.Clean(word)))
		}
		return widget.Fit(left+th.Accent.Render("tab ")+strings.Join(all, th.Dim.Render(" · ")), w)
	}
	if text := s.remark(); text != "" {
		return widget.Fit(left+th.Warn.Render(widget.Clean(text)), w)
	}
	return widget.Fit("", w)
}

// promptLine is a prompt, or what is being typed in its place, with words that are not known marked.
func (s *Studio) promptLine(name string, f field, text string, r lab.Reading, w int) string {
	th := s.lab.Theme
	label := th.Dim
	cursor := -1
	if t := s.typing; t != nil && t.field == f {
		label, text, cursor = th.Accent, t.String(), t.at
		if s.net != nil {
			r = s.net.Read(text)
		}
	}
	head := label.Render(widget.Fit(name, promptName))
	if text == "" && cursor < 0 {
		hint := map[field]string{fieldPrompt: "nothing: the net paints what it holds likely at all; p types a prompt",
			fieldNegative: "n types what to keep away from", fieldTo: "t types the prompt to go to"}[f]
		return widget.Fit(head+th.Dim.Render(hint), w)
	}
	return widget.Fit(head+typedCells(text, r, cursor, max(1, w-promptName), th.Text, th.Warn.Underline(true), th.Dim,
		th.Selected), w)
}

// typedCells is a text of at most w cells around its cursor, in styles: what is read, what is not known, what has no room
// in the net, the cursor.
func typedCells(text string, r lab.Reading, cursor, w int, plain, strange, unread, at lipgloss.Style) string {
	read := len(text)
	if n := len(r.Tokens); r.Cut && n > 0 {
		read = r.Tokens[n-1].End
	}
	unknown := func(i int) bool {
		for _, t := range r.Tokens {
			if i >= t.Start && i < t.End {
				return t.Text == unknownToken
			}
		}
		return false
	}
	type cell struct {
		text  string
		wide  int
		style *lipgloss.Style
	}
	var cells []cell
	n, here := 0, 0
	for i, c := range text {
		style := &plain
		switch {
		case n == cursor:
			style, here = &at, n
		case i >= read:
			style = &unread
		case unknown(i):
			style = &strange
		}
		cells = append(cells, cell{string(c), ansi.StringWidth(string(c)), style})
		n++
	}
	if cursor >= n {
		cells, here = append(cells, cell{" ", 1, &at}), n
	}
	from, used := 0, 0
	for i := 0; i <= here && i < len(cells); i++ { // the cursor is seen
		for used += cells[i].wide; used > w-2 && from < i; from++ {
			used -= cells[from].wide
		}
	}
	var b, run strings.Builder
	var style *lipgloss.Style
	flush := func() {
		if run.Len() > 0 {
			b.WriteString(style.Render(widget.Clean(run.String())))
			run.Reset()
		}
	}
	if from > 0 {
		b.WriteString(unread.Render("…"))
		from++
	}
	for _, c := range cells[min(from, len(cells)):] {
		if c.style != style {
			flush()
			style = c.style
		}
		run.WriteString(c.text)
	}
	flush()
	return ansi.Truncate(b.String(), w, "…")
}

// settingsPanel is the settings, and below them what came of it.
func (s *Studio) settingsPanel(r rect, boxed bool) string {
	if boxed {
		w, h := widget.Inner(r.w, r.h)
		return widget.Box("settings", s.settingLines(w, h), r.w, r.h, s.choosing, s.lab.Theme)
	}
	all := make([]string, 0, 2*r.h)
	wide := (r.w - 3) / 2
	for i := range s.rows() {
		all = append(all, s.settingLine(i, wide))
	}
	for _, f := range s.facts() {
		all = append(all, s.factLine(f, wide))
	}
	lines := make([]string, r.h)
	for i := range lines {
		left, right := "", ""
		if 2*i < len(all) {
			left = all[2*i]
		}
		if 2*i+1 < len(all) {
			right = all[2*i+1]
		}
		lines[i] = widget.Fit(widget.Fit(left, wide)+"   "+right, r.w)
	}
	return strings.Join(lines, "\n")
}

// settingLines are the settings one below the other, what the chosen one is, and the numbers of the picture.
func (s *Studio) settingLines(w, h int) string {
	th := s.lab.Theme
	var lines []string
	for i := range s.rows() {
		lines = append(lines, s.settingLine(i, w))
	}
	if s.choosing {
		lines = append(lines, "")
		for _, l := range strings.Split(ansi.Wrap(s.chosenRow().what, w, ""), "\n") {
			lines = append(lines, th.Dim.Render(l))
		}
		return strings.Join(lines, "\n")
	}
	lines = append(lines, "")
	for _, f := range s.facts() {
		lines = append(lines, s.factLine(f, w))
	}
	return strings.Join(lines[:min(len(lines), h)], "\n")
}

// factLine is a number with its value at the right end.
func (s *Studio) factLine(f widget.Number, w int) string {
	th := s.lab.Theme
	style := th.Text
	if f.Tone == widget.Accent {
		style = th.Accent
	}
	value := ansi.Truncate(widget.Clean(f.Value), max(1, w-ansi.StringWidth(f.Key)-2), "…")
	return th.Dim.Render(f.Key) + strings.Repeat(" ", max(1, w-ansi.StringWidth(f.Key)-ansi.StringWidth(value))) +
		style.Render(value)
}

// seconds writes a time as one reads it: "1.21 s", "48 ms".
func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	}
	return widget.SigDigits(d.Seconds(), 3) + " s"
}

// settingLine is a setting with its value at the right end; while it is typed, what was typed.
func (s *Studio) settingLine(i, w int) string {
	th, row := s.lab.Theme, s.rows()[i]
	value := row.get(s)
	chosen := i == s.row
	if t := s.typing; chosen && t != nil && t.field == fieldValue {
		room := max(1, w-ansi.StringWidth(row.name)-2)
		return th.Accent.Render(row.name) + "  " + widget.Right(typedCells(t.String(), lab.Reading{}, t.at, room, th.Text, th.Text,
			th.Dim, th.Selected), room)
	}
	value = endsOf(widget.Clean(value), max(1, w-ansi.StringWidth(row.name)-2))
	line := row.name + strings.Repeat(" ", max(1, w-ansi.StringWidth(row.name)-ansi.StringWidth(value)))
	switch {
	case chosen && s.choosing:
		return th.Selected.Render(line + value)
	case chosen:
		return th.Accent.Render(line) + th.Accent.Render(value)
	}
	return th.Dim.Render(line) + th.Text.Render(value)
}

// endsOf is a value in w cells; of a list too long for that its first and last one.
func endsOf(value string, w int) string {
	if all := strings.Fields(value); len(all) > 2 && ansi.StringWidth(value) > w {
		value = all[0] + " … " + all[len(all)-1]
	}
	return ansi.Truncate(value, w, "…")
}

// facts are the numbers of what was painted.
func (s *Studio) facts() []widget.Number {
	var list []widget.Number
	p := s.shot
	if s.mode == studioEdit && s.base != nil {
		n := 0
		for _, v := range s.mask {
			n += int(v)
		}
		share := widget.Number{Key: "marked", Value: widget.Percent(float64(n) / float64(max(1, len(s.mask))))}
		if n == 0 {
			share.Value = "all"
		}
		list = append(list, share)
	}
	if j := s.job; j != nil {
		list = append(list, widget.Number{Key: "step", Value: fmt.Sprintf("%d of %d", j.step, j.of), Tone: widget.Accent})
	} else if f := s.seenFrame(); f != nil {
		list = append(list, widget.Number{Key: "step", Value: fmt.Sprintf("%d of %d", f.Step, f.Of)})
	}
	if p != nil && p.film != nil {
		list = append(list, widget.Number{Key: "took", Value: seconds(p.film.Took)})
		if n := len(p.frames); !s.about.OneShot && n > 0 && p.of() > 0 {
			list = append(list, widget.Number{Key: "a step", Value: seconds(p.film.Took / time.Duration(p.of()))})
		}
	}
	if s.token >= 0 && s.token < len(s.tokens()) {
		list = append(list, widget.Number{Key: "word", Value: s.tokens()[s.token].Text})
	}
	return append(list, widget.Number{},
		widget.Number{Key: "picture", Value: fmt.Sprintf("%d x %d", s.about.W, s.about.H)},
		widget.Number{Key: "words known", Value: widget.Count(s.about.Words)})
}

// seenFrame is the frame that is looked at, nil where that is the finished picture.
func (s *Studio) seenFrame() *lab.Frame {
	if s.shot == nil || s.at < 0 {
		return nil
	}
	if f, ok := s.shot.frame(s.at); ok {
		return &f
	}
	return nil
}

// status is the last line: a path that is typed, what is under way, or what to do in this mode.
func (s *Studio) status(w int) string {
	th := s.lab.Theme
	switch t := s.typing; {
	case t != nil && t.field == fieldPath:
		const label = "run or picture: "
		return widget.Fit(th.Accent.Render(label)+typedCells(t.String(), lab.Reading{}, t.at, max(1, w-len(label)), th.Text,
			th.Text, th.Dim, th.Selected), w)
	case s.opening != "":
		return widget.Fit(th.Accent.Render("opening "+widget.Clean(s.opening)+" …"), w)
	case s.choosing:
		return widget.Fit(th.Dim.Render(widget.Clean(s.chosenRow().what)), w)
	}
	if (s.mode == studioMorph || s.asked.Negative != "") && s.typing == nil {
		if text := s.remark(); text != "" {
			return widget.Fit(th.Warn.Render(widget.Clean(text)), w)
		}
	}
	return widget.Fit(th.Dim.Render(fitting(w, s.hints()...)), w)
}

// hints say what to do in the present mode, the longest first.
func (s *Studio) hints() []string {
	switch {
	case s.mode == studioEdit && s.base == nil:
		return []string{"d paints a picture to begin with, o opens one of yours"}
	case s.mode == studioEdit:
		return []string{"mark with the mouse (right button: erase), or space and arrows; enter paints over it, or over all if " +
			"nothing is marked", "mark with the mouse, or space and arrows; enter paints over it", "enter paints over it"}
	case s.mode == studioDraw && s.about.OneShot:
		return []string{"p types what to paint, space paints another; v varies it, m goes to another prompt"}
	case s.mode == studioDraw:
		return []string{"p types what to paint, space paints another; , and . go through the steps, ← → through the words, " +
			"+ and - change " + s.chosenRow().name, "p types what to paint, space paints another; , . steps, ← → words",
			"p prompt, space another"}
	case s.shot != nil && s.shot.film != nil:
		return []string{"arrows or the mouse choose a picture, enter goes on with it; space paints anew",
			"arrows choose, enter goes on"}
	}
	return []string{"enter paints; s chooses what with, + and - change " + s.chosenRow().name, "enter paints"}
}

// teach is what the place of the picture says before there is one.
func (s *Studio) teach() string {
	switch s.mode {
	case studioVary:
		if s.asked.Spread == 0 {
			return fmt.Sprintf("enter paints %d pictures of the prompt, each of a seed of its own", s.asked.pictures)
		}
		return fmt.Sprintf("enter paints %d pictures of the prompt around seed %d: the first of its noise, the others of noise "+
			"that departs from it by %s", s.asked.pictures, s.asked.Seed, plainNumber(s.asked.Spread))
	case studioMorph:
		if s.asked.To == "" {
			return "t types a second prompt: pictures on the way from one to the other are painted of the same noise"
		}
		return fmt.Sprintf("enter paints %d pictures from one prompt to the other, all of the same noise", s.asked.columns)
	case studioGrid:
		return fmt.Sprintf("enter paints the prompt at %d guidances and %d counts of steps, all of the same noise: more "+
			"guidance obeys the words more, more steps are cleaner", len(s.asked.Guidances), len(s.asked.StepCounts))
	case studioEdit:
		return "a picture to paint over: d paints one, e takes it; o opens one of yours"
	}
	if s.job != nil {
		return "compiling, then painting …"
	}
	return "enter paints the prompt; p types another"
}
