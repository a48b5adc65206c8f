package screen

import (
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	_ "github.com/charmbracelet/x/exp/teatest/v2" // its flag -update
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
)

// blobs is a net whose pictures are known: a spot, whose place is the first two numbers of a code, whose size is
// the third, and on which the fourth has no influence.
type blobs struct {
	space  *lab.Space
	closed bool
	fail   error
}

const blobSide = 12

func newBlobs(sampled bool) *blobs {
	const n = 90
	b := &blobs{}
	raw := lab.Space{Run: "kind-otter", Model: "vae", Data: "mnist", Step: 4680, Split: "test", H: blobSide,
		W: blobSide, C: 1, Dims: 4, N: n, Classes: []string{"left", "right", "top"}, KL: []float64{2, 1.5, 0.5, 0.001}}
	for i := range n {
		label := i % 3
		angle := float64(i) * 2.4
		r := 0.5 * math.Sqrt(float64(i)/n)
		at := [][2]float64{{-1.2, -0.6}, {1.3, -0.5}, {0.1, 1.2}}[label]
		code := []float32{float32(at[0] + r*math.Cos(angle)), float32(at[1] + r*math.Sin(angle)),
			float32(0.3 * math.Sin(float64(i))), 0}
		raw.Codes, raw.Labels = append(raw.Codes, code...), append(raw.Labels, label)
		raw.Pixels = append(raw.Pixels, spot(code)...)
	}
	if sampled {
		raw.Model, raw.Sampled, raw.Classes, raw.KL, raw.Split = "gan", true, nil, nil, ""
		for i := range raw.Labels {
			raw.Labels[i] = -1
		}
	}
	b.space = lab.NewSpace(raw)
	return b
}

func spot(code []float32) []float32 {
	p := make([]float32, blobSide*blobSide)
	for i := range p {
		x := (float64(i%blobSide)+.5)/blobSide*6 - 3 - float64(code[0])
		y := 3 - (float64(i/blobSide)+.5)/blobSide*6 - float64(code[1])
		p[i] = float32(math.Exp(-(x*x + y*y) / (1 + 0.5*float64(code[2]))))
	}
	return p
}

func (b *blobs) Space() *lab.Space { return b.space }
func (b *blobs) Close()            { b.closed = true }

func (b *blobs) Decode(_ context.Context, code []float32) ([]float32, error) {
	return spot(code), b.fail
}

func (b *blobs) DecodeAll(_ context.Context, codes []float32) ([]float32, error) {
	var all []float32
	for i := 0; i < len(codes); i += 4 {
		all = append(all, spot(codes[i:i+4])...)
	}
	return all, b.fail
}

// Encode gives the middle of what is drawn.
func (b *blobs) Encode(_ context.Context, picture []float32) ([]float32, error) {
	var sum, x, y float64
	for i, v := range picture {
		sum += float64(v)
		x += float64(v) * ((float64(i%blobSide)+.5)/blobSide*6 - 3)
		y += float64(v) * (3 - (float64(i/blobSide)+.5)/blobSide*6)
	}
	sum = max(sum, 1e-9)
	return []float32{float32(x / sum), float32(y / sum), 0, 0}, b.fail
}

// latentStage is a Latent screen with what it said.
type latentStage struct {
	*Latent
	t       *testing.T
	notices []string
}

// stageLatent makes a screen of w x h cells with a net open, everything drawn.
func stageLatent(t *testing.T, net *blobs, w, h int, mode picture.Mode) *latentStage {
	t.Helper()
	d := picture.HalfBlocks()
	if mode != picture.Blocks {
		d = picture.Display{Mode: mode, CellW: 8, CellH: 16}
	}
	l := newLatent(&Lab{Job: lab.Idle{}, Store: picture.NewStore(), Display: d, Theme: theme.New(true, false)})
	l.saveDir = t.TempDir()
	l.from = func(_ context.Context, name string, tell func(string)) (latentNet, error) {
		tell("encoding 50 of 90")
		if name == "bad" {
			return nil, errors.New("run bad: no checkpoint is whole: start a new run")
		}
		return net, nil
	}
	s := &latentStage{Latent: l, t: t}
	s.play(l.Update(Resize{W: w, H: h}))
	if net != nil {
		l.lab.Session = &lab.Session{}
		s.play(l.openPath("kind-otter"))
	}
	return s
}

// play runs commands and their messages to the end.
func (s *latentStage) play(cmd tea.Cmd) { play(cmd, s.Update, &s.notices) }

// press types keys by name, through the table or into the prompt.
func (s *latentStage) press(keys ...string) {
	s.t.Helper()
	for _, k := range keys {
		if s.Typing() {
			msg := tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
			switch k {
			case "enter":
				msg = tea.KeyPressMsg{Code: tea.KeyEnter}
			case "esc":
				msg = tea.KeyPressMsg{Code: tea.KeyEscape}
			case "backspace":
				msg = tea.KeyPressMsg{Code: tea.KeyBackspace}
			}
			s.play(s.Type(msg))
			continue
		}
		key, ok := Find(s.Keys(), k)
		require.True(s.t, ok, "key %q in mode %s", k, latentModeNames[s.mode])
		s.play(key.Do(k))
	}
}

// screenText is the View without styles; it fails where a line has another width.
func (s *latentStage) screenText() string {
	s.t.Helper()
	return exactText(s.t, s.View(s.w, s.h), s.w, s.h)
}

// exactText is a View without styles; it fails where it has another size.
func exactText(t *testing.T, view string, w, h int) string {
	t.Helper()
	lines := strings.Split(ansi.Strip(view), "\n")
	require.Len(t, lines, h)
	for i, line := range lines {
		require.Equal(t, w, ansi.StringWidth(line), "line %d %q", i, line)
	}
	return strings.Join(lines, "\n")
}

func latentGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	got += "\n"
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}
