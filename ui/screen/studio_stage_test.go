package screen

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
)

// disc is a net whose pictures are known: a disc in the colour of the prompt, left, right or in the middle, that comes
// out of noise.
type disc struct {
	about  lab.StudioAbout
	asked  []lab.Request
	closed bool
	fail   error
	stopAt int // step at which a painting finds that it was cancelled; 0: never
	block  chan struct{}
}

const discSide = 16

var discWords = []string{"a", "small", "red", "green", "blue", "circle", "on", "the", "left", "right", "红色", "圆形"}

func newDisc(oneShot bool) *disc {
	d := &disc{about: lab.StudioAbout{Name: "calm-fox", Model: "t2i", Data: "shapes", H: discSide, W: discSide, C: 3,
		Params: 812345, Step: 3000, Words: len(discWords), Chinese: true,
		Looks:    []lab.LookAbout{{Name: "down.0", H: 8, W: 8, Heads: 2}, {Name: "mid", H: 4, W: 4, Heads: 4}},
		Examples: []string{"a small red circle on the left"}}}
	if oneShot {
		d.about.OneShot, d.about.Looks, d.about.Model = true, nil, "tgan"
	}
	return d
}

func (d *disc) About() lab.StudioAbout { return d.about }
func (d *disc) Close() error           { d.closed = true; return nil }

func (d *disc) Read(prompt string) lab.Reading {
	r := lab.Reading{Empty: true}
	for at := 0; at < len(prompt); {
		n := strings.IndexByte(prompt[at:], ' ')
		if n < 0 {
			n = len(prompt) - at
		}
		if word := prompt[at : at+n]; word != "" {
			r.Empty = false
			if len(r.Tokens) == 12 {
				r.Cut = true
				break
			}
			t := lab.Token{Text: word, Span: lab.Span{Start: at, End: at + n}, Place: len(r.Tokens)}
			if !slices.Contains(discWords, word) {
				t.Text = unknownToken
				w := lab.UnknownWord{Word: word}
				for _, k := range discWords {
					if k[0] == word[0] && len(k) > 1 {
						w.Nearest = append(w.Nearest, k)
					}
				}
				r.Unknown = append(r.Unknown, w)
			}
			r.Tokens = append(r.Tokens, t)
		}
		at += n + 1
	}
	return r
}

func (d *disc) Complete(typed string, n int) []string {
	last := typed[strings.LastIndexByte(typed, ' ')+1:]
	var found []string
	for _, w := range discWords {
		if strings.HasPrefix(w, last) && w != last && len(found) < n {
			found = append(found, w)
		}
	}
	return found
}

// OwnPicture is grey.
func (d *disc) OwnPicture(path string) ([]float32, []string, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, nil, err
	}
	out := make([]float32, discSide*discSide*3)
	for i := range out {
		out[i] = 0.5
	}
	return out, []string{"made grey"}, nil
}

// Painted has the pixels and the request.
func (d *disc) Painted(f *lab.Film) lab.Painted {
	r := f.Request
	r.Start, r.Mask = nil, nil
	return lab.Painted{Request: r, Run: d.about.Name, Step: d.about.Step, Version: "test", H: f.H, W: f.W, C: f.C,
		Pixels: f.Pictures}
}

func discOf(prompt string, seed uint64) []float32 {
	x0 := discSide / 2
	switch {
	case strings.Contains(prompt, "left"):
		x0 = discSide / 4
	case strings.Contains(prompt, "right"):
		x0 = discSide * 3 / 4
	}
	out := make([]float32, discSide*discSide*3)
	for i := range discSide * discSide {
		x, y := i%discSide-x0, i/discSide-discSide/2-int(seed%3)
		for k, name := range []string{"red", "green", "blue"} {
			if out[i*3+k] = 0.1; x*x+y*y < 14 && (strings.Contains(prompt, name) || !strings.Contains(prompt, "red") && k == 1) {
				out[i*3+k] = 0.9
			}
		}
	}
	return out
}

func (d *disc) Paint(ctx context.Context, r lab.Request, each func(lab.Frame)) (*lab.Film, error) {
	d.asked = append(d.asked, r)
	if d.block != nil {
		<-d.block
	}
	if d.fail != nil {
		return nil, d.fail
	}
	n, cols, steps := 1, 1, r.Steps
	switch r.Kind {
	case lab.Variations, lab.Interpolation:
		n, cols = r.Count, r.Count
	case lab.Grid:
		n, cols, steps = len(r.Guidances)*len(r.StepCounts), len(r.StepCounts), slices.Max(r.StepCounts)
	}
	if d.about.OneShot {
		steps = 1
	}
	var end []float32
	for i := range n {
		prompt := r.Prompt
		if r.Kind == lab.Interpolation && i > n/2 {
			prompt = r.To
		}
		if one := discOf(prompt, r.Seed+uint64(i)); r.Mask != nil {
			for j := range one {
				if r.Mask[j/3] == 0 {
					one[j] = r.Start[j]
				}
			}
			end = append(end, one...)
		} else {
			end = append(end, one...)
		}
	}
	f := &lab.Film{Request: r, Reading: d.Read(r.Prompt), Tiles: n, Cols: cols, H: discSide, W: discSide, C: 3, Pictures: end,
		Took: time.Duration(steps) * 50 * time.Millisecond, First: 50 * time.Millisecond}
	rng := rand.New(rand.NewPCG(r.Seed, 1))
	for k := 1; k <= steps; k++ {
		if err := ctx.Err(); err != nil || k == d.stopAt {
			return nil, context.Canceled
		}
		x, share := make([]float32, len(end)), float32(k)/float32(steps)
		for i := range x {
			x[i] = share*end[i] + (1-share)*rng.Float32()
		}
		frame := lab.Frame{Step: k, Of: steps, Tiles: n, Cols: cols, X: x, Clean: end, Clock: time.Duration(k) * 50 *
			time.Millisecond}
		f.Frames = append(f.Frames, frame)
		each(frame)
	}
	return f, nil
}

// discHeat looks at each word in a place of its own.
func discHeat(f *lab.Film, place, layer, head, step int) (lab.Heat, error) {
	if place >= len(f.Reading.Tokens) {
		return lab.Heat{}, errors.New("no such word")
	}
	h := lab.Heat{H: 8, W: 8, V: make([]float32, 64), Max: 0.1 * float64(place+1)}
	h.V[(place*7+layer+head+step+64)%64] = 1
	return h, nil
}

// studioStage is a Studio with what it said.
type studioStage struct {
	*Studio
	t       *testing.T
	notices []string
}

// stageStudio makes a screen of w x h cells with a net open and its example painted, everything drawn; nil opens none.
func stageStudio(t *testing.T, net *disc, w, h int, mode picture.Mode) *studioStage {
	t.Helper()
	d := picture.HalfBlocks()
	if mode != picture.Blocks {
		d = picture.Display{Mode: mode, CellW: 8, CellH: 16}
	}
	st := newStudio(&Lab{Job: lab.Idle{}, Store: picture.NewStore(), Display: d, Theme: theme.New(true, false)})
	st.saveDir, st.heat = t.TempDir(), discHeat
	st.from = func(_ context.Context, name string) (studioNet, error) {
		if name == "bad" || net == nil {
			return nil, errors.New("run bad: no checkpoint is whole: start a new run")
		}
		return net, nil
	}
	s := &studioStage{Studio: st, t: t}
	s.play(st.Update(Resize{W: w, H: h}))
	if net != nil {
		s.play(st.openPath("calm-fox"))
	}
	return s
}

// play runs commands and their messages to the end.
func (s *studioStage) play(cmd tea.Cmd) { play(cmd, s.Update, &s.notices) }

// settle lets the time pass after which changed settings are painted.
func (s *studioStage) settle() { s.play(s.Update(Tick(time.Now().Add(time.Minute)))) }

// press types keys by name, through the table or into a line.
func (s *studioStage) press(keys ...string) {
	s.t.Helper()
	for _, k := range keys {
		if s.Typing() {
			s.play(s.Type(typedKey(k)))
			continue
		}
		key, ok := Find(s.Keys(), k)
		require.True(s.t, ok, "key %q in mode %s", k, studioModeNames[s.mode])
		s.play(key.Do(k))
	}
}

// write types a text, letter by letter.
func (s *studioStage) write(text string) {
	s.t.Helper()
	for _, r := range text {
		s.press(string(r))
	}
}

func typedKey(k string) tea.KeyPressMsg {
	codes := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "backspace": tea.KeyBackspace, "tab": tea.KeyTab,
		"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome,
		"end": tea.KeyEnd, "delete": tea.KeyDelete}
	if code, ok := codes[k]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if rest, ok := strings.CutPrefix(k, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: []rune(rest)[0], Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
}

// screenText is the View without styles; it fails where a line has another width.
func (s *studioStage) screenText() string {
	s.t.Helper()
	return exactText(s.t, s.View(s.w, s.h), s.w, s.h)
}
