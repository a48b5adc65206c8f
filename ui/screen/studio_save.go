package screen

import (
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

// studioRead is the message of a picture that was read from a file.
type studioRead struct {
	painted *lab.Painted // with settings
	pixels  []float32    // else, to be painted over
	notes   []string
	path    string
	err     error
	size    [3]int // that it was read for
}

// savePNG writes what was painted with its settings; of a step that is looked at, the picture alone. What is still being
// painted is written when it is finished.
func (s *Studio) savePNG(string) tea.Cmd {
	switch {
	case s.job != nil:
		s.job.write = true
		return send(Notice{Text: "it will be written when it is painted; esc stops it"})
	case s.saving:
		return nil
	}
	return s.writePNG()
}

// writePNG writes what is shown.
func (s *Studio) writePNG() tea.Cmd {
	p := s.shot
	if p == nil || p.picture(s.at, s.tile, s.clean) == nil {
		return send(Notice{Text: "there is no picture yet: enter paints one"})
	}
	s.saving = true
	base, dir := "t2i-"+s.about.Name, s.saveDir
	write := func(w io.Writer) error { return lab.WritePainted(w, s.net.Painted(p.film)) }
	if f := s.seenFrame(); f != nil || p.film == nil {
		tile, side := p.picture(s.at, s.tile, s.clean), max(s.about.H, s.about.W)
		pics := &lab.Pictures{N: 1, H: s.about.H, W: s.about.W, C: s.about.C, Pixels: tile}
		write = func(w io.Writer) error { return png.Encode(w, pics.Enlarge(fileSide/side).Image(1)) }
		base += "-step"
	} else if p.request.Kind != lab.One {
		base += "-" + p.request.Kind.String()
	}
	return func() tea.Msg {
		path, err := lab.WriteFresh(dir, base, ".png", write)
		if abs, e := filepath.Abs(path); err == nil && e == nil {
			path = abs
		}
		return studioSaved{path, err}
	}
}

// openPath opens a picture where the name ends like one, else a run.
func (s *Studio) openPath(path string) tea.Cmd {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".jpg", ".jpeg", ".gif":
		return s.openPicture(path)
	}
	return s.begin(path)
}

// openPicture reads a picture in the background: one that was painted here brings its settings back, another is painted
// over.
func (s *Studio) openPicture(path string) tea.Cmd {
	if s.net == nil && s.opening != "" {
		s.later = path
		return nil
	}
	if s.net == nil {
		return send(Notice{Text: "open a run first: enter opens the chosen one", Bad: true})
	}
	net, size := s.net, [3]int{s.about.H, s.about.W, s.about.C}
	return func() tea.Msg {
		msg := studioRead{path: path, size: size}
		p, err := paintedFile(path)
		if err == nil {
			msg.painted = &p
			return msg
		}
		st, gone := os.Stat(path)
		if msg.err = err; gone != nil || !st.Mode().IsRegular() || isPNG(path) && !errors.Is(err, lab.ErrNoSettings) {
			return msg
		}
		msg.pixels, msg.notes, msg.err = net.OwnPicture(path)
		return msg
	}
}

func isPNG(path string) bool { return strings.EqualFold(filepath.Ext(path), ".png") }

// paintedFile reads the settings that a file was painted by.
func paintedFile(path string) (lab.Painted, error) {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return lab.Painted{}, fmt.Errorf("picture %s: want a file", widget.Clean(path))
	}
	f, err := os.Open(path)
	if err != nil {
		var why *os.PathError
		if errors.As(err, &why) {
			err = why.Err
		}
		return lab.Painted{}, fmt.Errorf("picture %s: %w", widget.Clean(path), err)
	}
	defer f.Close()
	p, err := lab.ReadPainted(f)
	if err != nil {
		return p, fmt.Errorf("picture %s: %w", widget.Clean(path), err)
	}
	return p, nil
}

// takePicture puts a picture from a file on the screen.
func (s *Studio) takePicture(msg studioRead) tea.Cmd {
	size := [3]int{s.about.H, s.about.W, s.about.C}
	switch {
	case msg.err != nil:
		return send(Notice{Text: msg.err.Error(), Bad: true})
	case s.net == nil || msg.size != size:
		return send(Notice{Text: "another net was opened meanwhile: open the picture again", Bad: true})
	case msg.painted != nil:
		return s.takePainted(*msg.painted)
	case s.about.OneShot:
		return send(Notice{Text: "a " + s.about.Model + " draws at once: it cannot begin with a picture", Bad: true})
	}
	cmd := s.setMode(studioEdit)
	s.canvas = canvas{base: msg.pixels, size: s.size, before: true}
	s.shot = nil
	if len(msg.notes) > 0 {
		cmd = tea.Batch(cmd, send(Notice{Text: strings.Join(msg.notes, "; ")}))
	}
	return tea.Batch(cmd, s.draw())
}

// takePainted brings the settings of a picture back, and shows it.
func (s *Studio) takePainted(p lab.Painted) tea.Cmd {
	r := p.Request
	mode := map[lab.RequestKind]studioMode{lab.Variations: studioVary, lab.Interpolation: studioMorph, lab.Grid: studioGrid}[r.Kind]
	asked := s.asked
	next := asked
	next.Request = r
	next.Prompt, next.Negative, next.To = oneLine(r.Prompt), oneLine(r.Negative), oneLine(r.To)
	next.typed = true
	if mode != studioGrid {
		next.Guidances, next.StepCounts = asked.Guidances, asked.StepCounts
	}
	if mode != studioVary {
		next.Spread = asked.Spread
	} else {
		next.pictures = r.Count
	}
	if mode == studioMorph {
		next.columns = r.Count
	}
	if !(r.Strength > 0 && r.Strength <= 1) {
		next.Strength = asked.Strength
	}
	s.asked = next
	cmd := s.setMode(mode)
	if s.mode != mode {
		s.asked = asked
		return cmd
	}
	s.read()
	what := "its settings are back: enter paints it again"
	switch {
	case p.Start != "":
		what = "its settings are back; it was painted over another picture, which the file does not hold"
	case p.Run != "" && p.Run != s.about.Name:
		what = "its settings are back; it was painted by " + p.Run + ", and " + s.about.Name + " is open"
	}
	if [3]int{p.H, p.W, p.C} == [3]int{s.about.H, s.about.W, s.about.C} && p.Pixels != nil {
		one := p.H * p.W * p.C
		n := len(p.Pixels) / one
		f := &lab.Film{Request: s.request(), Reading: s.reading, Tiles: n, Cols: columnsOf(r, n), H: p.H, W: p.W, C: p.C,
			Pictures: p.Pixels}
		f.Request.Looks = false
		s.shot = &shot{request: f.Request, film: f, pixels: f.Pictures, tiles: n, cols: f.Cols, one: one}
		s.at, s.tile = -1, 0
	}
	return tea.Batch(cmd, send(Notice{Text: what}), s.draw())
}

// columnsOf is how many of a request's pictures stand in a row.
func columnsOf(r lab.Request, n int) int {
	if r.Kind == lab.Grid {
		return max(1, len(r.StepCounts))
	}
	return n
}
