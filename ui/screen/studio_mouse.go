package screen

import (
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// Mouse takes clicks, drags and the wheel: modes in the header, the prompt, pictures, steps, words, settings.
func (s *Studio) Mouse(m Mouse) tea.Cmd {
	if s.net == nil || s.listing {
		if m.Kind == Press {
			return s.list.click(m.Y)
		}
		return nil
	}
	lay := s.layout()
	names, _ := s.modeNames()
	switch {
	case m.Y == 0 && m.Kind == Press && s.typing == nil:
		if i, ok := modeUnder(m.X, s.w, names); ok {
			return s.setMode(s.modes()[i])
		}
	case m.Y < studioHead && m.Y > 0:
		return s.clickPrompt(m)
	case s.typing != nil: // what is typed is not lost by a click
	case lay.place[studioSettings].has(m.X, m.Y):
		return s.clickSetting(m, lay)
	case s.visible(studioFilm, lay) && lay.place[studioFilm].has(m.X, m.Y):
		return s.clickFilm(m)
	case s.visible(studioLooks, lay) && lay.place[studioLooks].has(m.X, m.Y):
		return s.clickWord(m)
	case lay.place[studioHero].has(m.X, m.Y):
		return s.clickHero(m)
	}
	return nil
}

// clickPrompt begins to type with the cursor where the mouse is.
func (s *Studio) clickPrompt(m Mouse) tea.Cmd {
	if m.Kind != Press {
		return nil
	}
	if s.typing == nil || !s.typing.words() {
		switch {
		case m.Y == 1:
			s.typePrompt("")
		case s.mode == studioMorph:
			s.typeTo("")
		case s.asked.Negative != "" && !s.about.OneShot:
			s.typeNegative("")
		default:
			return nil
		}
	}
	at := 0
	for x := promptName; at < len(s.typing.text); at++ {
		if x += ansi.StringWidth(string(s.typing.text[at])); x > m.X {
			break
		}
	}
	s.typing.at = at
	return nil
}

// clickSetting chooses a setting; a second click types its value, and the wheel changes it.
func (s *Studio) clickSetting(m Mouse, lay studioLayout) tea.Cmd {
	r := lay.place[studioSettings]
	i := (m.Y - r.y) * 2
	if lay.boxed {
		i = m.Y - r.y - 1
	} else if m.X-r.x > r.w/2 {
		i++
	}
	if i < 0 || i >= len(s.rows()) {
		return nil
	}
	switch m.Kind {
	case Press:
		again := s.row == i
		if s.row = i; again {
			return s.typeValue("")
		}
	case WheelUp, WheelDown:
		s.row = i
		return s.nudge(map[bool]string{true: "+", false: "-"}[m.Kind == WheelUp])
	}
	return nil
}

// clickFilm goes to the step under the mouse; the wheel goes through them.
func (s *Studio) clickFilm(m Mouse) tea.Cmd {
	switch m.Kind {
	case WheelUp:
		return s.scrub(",")
	case WheelDown:
		return s.scrub(".")
	case Press, Drag:
		if i, ok := s.tileAt(m, studioFilm); ok && i < len(s.art.frames) {
			if m.Kind == Press {
				s.clean = s.art.cleans[i]
			}
			return s.look(s.art.frames[i])
		}
	}
	return nil
}

// tileAt is the tile of a place under the mouse.
func (s *Studio) tileAt(m Mouse, place int) (i int, ok bool) {
	o, lay := s.art.origin[place], s.art.lay
	if !o.has(m.X, m.Y) {
		return 0, false
	}
	x, y := (m.X-o.x)*lay.cellW+lay.cellW/2, (m.Y-o.y)*lay.cellH+lay.cellH/2
	for i, t := range s.art.tiles[place] {
		if t.has(x, y) {
			return i, true
		}
	}
	return 0, false
}

// clickWord chooses the word under the mouse; a second click lays its map over the picture, and the wheel goes
// through the layers.
func (s *Studio) clickWord(m Mouse) tea.Cmd {
	switch m.Kind {
	case WheelUp:
		return s.turnLayer("up")
	case WheelDown:
		return s.turnLayer("down")
	case Press:
		for i, r := range s.art.words {
			if !r.has(m.X, m.Y) {
				continue
			}
			if s.token == i {
				return s.turnOverlay("")
			}
			return s.chooseToken(i)
		}
	}
	return nil
}

// clickHero chooses a picture, a second click goes on with it; over a picture to paint over it marks.
func (s *Studio) clickHero(m Mouse) tea.Cmd {
	wheel := m.Kind == WheelUp || m.Kind == WheelDown
	switch {
	case s.mode == studioEdit && wheel:
		return s.brushKey(map[bool]string{true: "b", false: "B"}[m.Kind == WheelUp])
	case s.mode == studioEdit:
		return s.markMouse(m)
	case m.Kind == WheelUp:
		return s.scrub(",")
	case m.Kind == WheelDown:
		return s.scrub(".")
	case m.Kind == Press && s.shot != nil && s.shot.tiles > 1:
		i, ok := s.tileAt(m, studioHero)
		if ok && i == s.tile {
			return s.pickTile("")
		}
		if ok && i < s.shot.tiles {
			s.tile = i
		}
		return s.draw()
	}
	return nil
}

// markMouse marks with the left button and takes marks away with the right one.
func (s *Studio) markMouse(m Mouse) tea.Cmd {
	o := s.art.origin[studioHero]
	if len(s.art.tiles[studioHero]) != 1 || o.w == 0 || s.base == nil || m.Kind != Press && m.Kind != Drag {
		return nil
	}
	lay := s.art.lay
	x, y, ok := s.art.tiles[studioHero][0].pixel(m, o, lay.cellW, lay.cellH, s.about.W, s.about.H)
	if !ok {
		return nil
	}
	erase := m.Button == tea.MouseRight
	if m.Kind == Drag {
		return s.stroke(x, y, erase)
	}
	s.ink(x, y, erase)
	return s.draw()
}
