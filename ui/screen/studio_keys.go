package screen

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

// Keys is the table of the screen's keys in the present mode.
func (s *Studio) Keys() []Key {
	bind := func(shown, help, long string, do func(string) tea.Cmd, press ...string) Key {
		return Key{Press: press, Binding: widget.Binding{Keys: shown, Help: help, Long: long}, Do: do}
	}
	open := bind("o", "open", "open a run, or a picture, by its path: its settings come back, or it is painted over",
		s.typePath, "o")
	live := bind("r", "live", "open the run that is trained now, as it is on disk", s.live, "r")
	var first []Key
	switch {
	case s.typing != nil:
		return s.typingKeys(bind)
	case s.opening != "":
		first = []Key{bind("esc", "stop", "stop opening what is being opened", s.giveUp, "esc")}
	case s.job != nil:
		first = []Key{bind("esc", "stop", "stop painting; the steps done stay", s.stop, "esc")}
	case s.listing:
		first = []Key{bind("esc", "back", "back to the picture", s.back, "esc", "l")}
	case s.choosing:
		first = []Key{bind("esc", "back", "back to the picture", s.unchoose, "esc")}
	}
	if s.net == nil || s.listing {
		return append(first, bind("↑/↓", "choose", "choose a run", s.list.move, "up", "down", "k", "j"),
			bind("enter", "open it", "open the chosen run", s.pickRun, "enter"),
			open, live,
			bind("b", "built in", "open the net that comes with mllab", func(string) tea.Cmd { return s.begin("") }, "b"))
	}
	if s.choosing {
		return append(first, s.choosingKeys(bind)...)
	}
	prompt := bind("p", "prompt", "type what to paint (/ too)", s.typePrompt, "p", "/")
	change := bind("+/-", s.chosenRow().name, "more or less of the chosen setting (the mouse wheel over it too)", s.nudge,
		"+", "=", "-", "_")
	all := append(append(first, prompt), s.modeKeys(bind)...)
	all = append(all, bind("s", "settings", "choose a setting and type its value", s.choose, "s"), change)
	if !s.about.OneShot {
		all = append(all, bind(", .", "steps", "look back and forth at the steps (home: the first, end: the picture)", s.scrub,
			",", ".", "home", "end"))
	}
	all = append(all, s.lookKeys(bind)...)
	all = append(all, bind(s.modeLetters(), "mode", "draw, vary, morph to another prompt, grid of settings, edit a part",
		s.modeKey, strings.Split("dvmge", "")...))
	if l := s.layout(); !l.full && s.hasFilm() && s.hasLooks() {
		all = append(all, bind("f", "panel", "the film, or the maps of the words", s.turnPanel, "f"))
	}
	if !s.about.OneShot {
		all = append(all, bind("n", "without", "type what to keep away from", s.typeNegative, "n"))
	}
	return append(all, bind("w", "PNG", "write the picture to a PNG file, with its settings", s.savePNG, "w"), open,
		bind("l", "runs", "list the runs that can be opened", s.showList, "l"), live)
}

// typingKeys are shown while a text is typed; Type takes them.
func (s *Studio) typingKeys(bind binder) []Key {
	all := []Key{bind("enter", "take it", "take what was typed", nil, "enter"),
		bind("esc", "drop it", "leave all as it was", nil, "esc")}
	if s.typing.words() {
		all[0].Help = "paint"
		all = append(all, bind("tab", "complete", "complete the last word; again: the next one", nil, "tab", "shift+tab"),
			bind("↑/↓", "earlier", "what was typed before", nil, "up", "down"),
			bind("ctrl+u", "clear", "delete all before the cursor (ctrl+w: a word)", nil, "ctrl+u"))
	}
	return all
}

// choosingKeys are those of the settings, while they have the focus.
func (s *Studio) choosingKeys(bind binder) []Key {
	return []Key{
		bind("↑/↓", "choose", "choose a setting", s.moveRow, "up", "down", "k", "j"),
		bind("←/→", "change", "less or more of it (- and + too)", s.nudge, "left", "right", "+", "=", "-"),
		bind("0-9", "type", "type its value", s.typeValue, strings.Split("0123456789.", "")...),
		bind("enter", "edit", "edit its value", s.typeValue, "enter"),
		bind("s", "done", "back to the picture", s.unchoose, "s"),
	}
}

// modeKeys are the keys whose meaning depends on the mode.
func (s *Studio) modeKeys(bind binder) []Key {
	arrows := []string{"up", "down", "left", "right"}
	paint := bind("enter", "paint", "paint with these settings", s.paint, "enter")
	another := bind("space", "another", "paint with the next seed", s.another, "space", " ")
	switch s.mode {
	case studioDraw:
		return []Key{another, paint}
	case studioEdit:
		fast := []string{"shift+up", "shift+down", "shift+left", "shift+right"}
		return []Key{paint, bind("arrows", "move", "move the brush (with shift five pixels); or draw with the mouse", s.arrow,
			append(arrows, fast...)...),
			bind("space", "pen", "mark what is to be painted over, or lift the pen", s.penKey, "space", " "),
			bind("b", "brush", "a larger brush; B a smaller one", s.brushKey, "b", "B"),
			bind("i", "invert", "paint over all the rest instead", s.invertMask, "i"),
			bind("c", "clear", "mark nothing: then all is painted over", s.clearMask, "c", "backspace", "delete"),
			bind("a", "before", "before, or after", s.beforeAfter, "a"),
			bind("u", "go on", "go on with what came out", s.goOn, "u")}
	}
	take := bind("enter", "go on from it", "go on with the chosen picture", s.pickTile, "enter")
	move := bind("arrows", "choose", "choose a picture", s.arrow, arrows...)
	if s.shot == nil || s.shot.film == nil {
		take = paint
	}
	list := []Key{take, move, another}
	if s.mode == studioMorph {
		list = append(list, bind("t", "to", "type the prompt to go to", s.typeTo, "t"))
	}
	return list
}

// lookKeys choose what is shown of a picture.
func (s *Studio) lookKeys(bind binder) []Key {
	var list []Key
	if s.hasLooks() {
		if s.mode == studioDraw {
			list = append(list, bind("←/→", "word", "choose the word whose map is shown", s.turnToken, "left", "right"),
				bind("↑/↓", "layer", "the mean over all layers, each as much as it tells, or one of them", s.turnLayer, "up", "down"))
		}
		list = append(list, bind("h", "heat", "lay the map of the word over the picture, or take it away", s.turnOverlay, "h"),
			bind("[ ]", "", "the mean over all heads, or one of them", s.turnHead, "[", "]"),
			bind("k", "", "the map of the step that is looked at, or the mean over all steps", s.turnMoment, "k"))
	}
	if !s.about.OneShot {
		list = append(list, bind("x", "", "of a step, the noisy picture, or what the net expects at the end", s.turnClean, "x"))
	}
	return list
}

func (s *Studio) modeLetters() string {
	var all []string
	for _, m := range s.modes() {
		all = append(all, studioModeNames[m][:1])
	}
	return strings.Join(all, " ")
}

// modes are those that mean something for the open net.
func (s *Studio) modes() []studioMode {
	if s.about.OneShot {
		return []studioMode{studioDraw, studioVary, studioMorph}
	}
	return []studioMode{studioDraw, studioVary, studioMorph, studioGrid, studioEdit}
}

func (s *Studio) modeKey(key string) tea.Cmd {
	return s.setMode(studioMode(strings.Index("dvmge", key)))
}

func (s *Studio) turnPanel(string) tea.Cmd {
	s.maps = !s.maps
	return s.draw()
}

// giveUp ends an opening that is under way.
func (s *Studio) giveUp(string) tea.Cmd {
	s.cancel()
	return nil
}

func (s *Studio) back(string) tea.Cmd {
	s.listing = false
	return s.draw()
}

// scrub goes through the steps.
func (s *Studio) scrub(key string) tea.Cmd {
	if s.shot == nil || len(s.shot.frames) == 0 {
		return nil
	}
	last := len(s.shot.frames) - 1
	at := s.at
	if at < 0 {
		at = last
	}
	switch key {
	case ",":
		at = max(0, at-1)
	case ".":
		at++
	case "home":
		at = 0
	case "end":
		at = last
	}
	return s.look(at)
}

// look shows a frame; the last one is what is followed while painting.
func (s *Studio) look(at int) tea.Cmd {
	if s.at = at; s.shot == nil || at >= len(s.shot.frames)-1 {
		s.at = -1
	}
	s.before = false
	return s.draw()
}

// arrow chooses a picture, or moves the brush.
func (s *Studio) arrow(key string) tea.Cmd {
	key, fast := strings.CutPrefix(key, "shift+")
	dx, dy := direction(key)
	if s.mode == studioEdit {
		return s.moveBrush(dx, dy, fast)
	}
	if s.shot == nil || s.shot.tiles < 2 {
		return nil
	}
	cols := s.tileColumns()
	if next := s.tile + dx - dy*cols; next >= 0 && next < s.shot.tiles {
		s.tile = next
	}
	return s.draw()
}

// pickTile goes on with the chosen picture: its settings where they can be told, and the picture itself.
func (s *Studio) pickTile(string) tea.Cmd {
	p := s.shot
	if p == nil || p.film == nil {
		return nil
	}
	one := p.alone(s.tile)
	if r := p.request; r.Kind == lab.Grid {
		s.asked.Guidance, s.asked.Steps = one.request.Guidance, one.request.Steps
	} else if r.Kind == lab.Variations {
		s.asked.Seed, s.asked.Variation, s.asked.Spread = r.Seed, one.request.Variation, r.Spread
	}
	cmd := s.setMode(studioDraw)
	s.shot, s.at, s.tile, s.before = one, -1, 0, false
	return tea.Batch(cmd, s.draw())
}

func (s *Studio) turnClean(string) tea.Cmd {
	s.clean = !s.clean
	return s.draw()
}

func (s *Studio) turnOverlay(string) tea.Cmd {
	s.overlay = !s.overlay
	return s.draw()
}

func (s *Studio) turnMoment(string) tea.Cmd {
	s.moment = !s.moment
	return s.draw()
}

// turnToken chooses the word before or after, round and round.
func (s *Studio) turnToken(key string) tea.Cmd {
	n := len(s.tokens())
	if n == 0 {
		return nil
	}
	if key == "left" {
		return s.chooseToken((max(s.token, 0) + n - 1) % n)
	}
	return s.chooseToken((s.token + 1) % n)
}

// turnLayer chooses the mean over all layers, or a layer.
func (s *Studio) turnLayer(key string) tea.Cmd {
	n := len(s.about.Looks) + 1
	s.layer = (s.layer+1+n+map[bool]int{true: -1, false: 1}[key == "up"])%n - 1
	if s.head >= s.heads() {
		s.head = -1
	}
	return s.draw()
}

// turnHead chooses the mean over all heads, or a head.
func (s *Studio) turnHead(key string) tea.Cmd {
	n := s.heads() + 1
	s.head = (s.head+1+n+map[bool]int{true: -1, false: 1}[key == "["])%n - 1
	return s.draw()
}

// heads is the number of heads of the chosen layer, or what all layers have.
func (s *Studio) heads() int {
	n := 0
	for i, l := range s.about.Looks {
		if i == s.layer {
			return l.Heads
		}
		if n == 0 || l.Heads < n {
			n = l.Heads
		}
	}
	return n
}

// tokens are the words of the picture that is shown, nil where it has no maps.
func (s *Studio) tokens() []lab.Token {
	if s.shot == nil || s.shot.film == nil || !s.shot.request.Looks {
		return nil
	}
	return s.shot.film.Reading.Tokens
}
