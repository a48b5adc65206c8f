package screen

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
)

func TestStudioFrames(t *testing.T) {
	for _, size := range []struct{ w, h int }{{76, 22}, {116, 38}, {67, 38}, {196, 58}} {
		for _, c := range []struct{ name, keys string }{{"draw", ""}, {"back", ", , , x h"}, {"settings", "s down"},
			{"vary", "v enter right"}, {"morph", "m t b l u e enter"}, {"grid", "g enter right down"},
			{"edit", "e space right right down"}, {"typing", "p backspace f s"}, {"words", "right right"}} {
			name := fmt.Sprintf("studio-%s-%dx%d", c.name, size.w+4, size.h+2)
			if size.w == 67 {
				name = fmt.Sprintf("studio-%s-beside-lesson", c.name)
			}
			t.Run(name, func(t *testing.T) {
				s := stageStudio(t, newDisc(false), size.w, size.h, picture.Blocks)
				s.press(strings.Fields(c.keys)...)
				if size.w < 190 || c.name == "draw" {
					latentGolden(t, name, s.screenText())
				}
			})
		}
	}
	s := stageStudio(t, nil, 76, 22, picture.Blocks)
	latentGolden(t, "studio-empty-80x24", s.screenText())
	s.play(s.Update(studioRuns{names: [][]string{{"kind-otter", "t2i", "shapes", "4 680"}, {"calm-fox", "t2i", "faces",
		"300"}}}))
	s.play(s.begin("bad"))
	latentGolden(t, "studio-runs-80x24", s.screenText())
	s.play(s.Mouse(Mouse{X: 3, Y: firstRun + 1}))
	assert.Equal(t, 1, s.list.chosen)
	s = stageStudio(t, newDisc(true), 116, 38, picture.Blocks)
	latentGolden(t, "studio-oneshot-120x40", s.screenText())
}

// TestStudioSizes draws every mode at many sizes, with characters and with pixels.
func TestStudioSizes(t *testing.T) {
	for _, mode := range []picture.Mode{picture.Blocks, picture.Sixel, picture.None} {
		for _, oneShot := range []bool{false, true} {
			s := stageStudio(t, newDisc(oneShot), 116, 38, mode)
			s.asked.To = "blue"
			for _, m := range s.modes() {
				s.play(s.setMode(m))
				s.press("enter")
				for w := 1; w < 210; w += 41 {
					for _, h := range []int{1, 18, 22, 38} {
						s.play(s.Update(Resize{W: w, H: h}))
						s.screenText()
					}
				}
			}
		}
	}
}

func TestStudioKeysAreTakenOnce(t *testing.T) {
	s := stageStudio(t, newDisc(false), 76, 22, picture.Blocks)
	for m := range studioModes {
		s.play(s.setMode(m))
		takenOnce(t, s.Keys(), studioModeNames[m])
	}
}

// TestStudioPaints types a prompt, and looks at the steps and words of what comes out.
func TestStudioPaints(t *testing.T) {
	net := newDisc(false)
	s := stageStudio(t, net, 116, 38, picture.Sixel)
	require.Len(t, net.asked, 1, "an example is painted when the net is opened")
	assert.Equal(t, "a small red circle on the left", net.asked[0].Prompt)
	assert.True(t, net.asked[0].Looks)
	assert.Equal(t, "20", s.Facts()["step"])
	assert.Contains(t, s.screenText(), "where it looked, by word")

	s.press("p", "ctrl+u")
	s.write("a blue circle")
	s.press("enter")
	require.Len(t, net.asked, 2)
	assert.Equal(t, "a blue circle", net.asked[1].Prompt)
	assert.Equal(t, discOf("a blue circle", 0), s.shot.picture(-1, 0, false))

	s.press("space")
	assert.Equal(t, uint64(1), net.asked[2].Seed, "space is another seed")
	s.press("+", "+")
	require.Len(t, net.asked, 3, "changed settings wait a moment")
	s.settle()
	require.Len(t, net.asked, 4)
	assert.Equal(t, 4.0, net.asked[3].Guidance)

	s.press(",", ",")
	assert.Equal(t, "18", s.Facts()["step"])
	s.press("home")
	assert.Equal(t, "1", s.Facts()["seen"])
	s.press(",", "x")
	assert.Equal(t, "yes", s.Facts()["clean"])
	s.press("end")
	assert.Equal(t, "0", s.Facts()["seen"])

	assert.Equal(t, "blue", s.Facts()["word"], "the first word that says something")
	s.press("right")
	assert.Equal(t, "circle", s.Facts()["word"])
	s.press("down", "]")
	assert.Equal(t, "down.0", s.Facts()["layer"])
	assert.Equal(t, "1", s.Facts()["head"])
	before := s.lab.Store.Get(heroID)
	s.press("h")
	assert.NotSame(t, before, s.lab.Store.Get(heroID), "the map lies over the picture")
	s.press("up")
	assert.Equal(t, "all", s.Facts()["layer"])
}

// TestStudioStops ends a painting by esc, and by what is asked for next.
func TestStudioStops(t *testing.T) {
	net := newDisc(false)
	net.stopAt = 8
	s := stageStudio(t, net, 116, 38, picture.Blocks)
	assert.Nil(t, s.job)
	assert.Equal(t, "7", s.Facts()["step"], "the steps done stay")
	assert.Contains(t, s.screenText(), "stopped at step 7 of 20")
	net.stopAt = 0
	s.press("enter")
	assert.Equal(t, "20", s.Facts()["step"])

	cmd := s.paint("") // held: none of its commands has run
	job := s.job
	require.NotNil(t, job)
	_, ok := Find(s.Keys(), "esc")
	require.True(t, ok)
	s.press("esc")
	assert.Nil(t, s.job)
	painted := s.painted
	s.play(cmd)
	assert.Equal(t, painted, s.painted, "what was stopped changes nothing")

	net.fail = errors.New("the prompt has no word that this run knows")
	s.press("enter")
	assert.Contains(t, s.notices, "the prompt has no word that this run knows")
	assert.NotNil(t, s.shot.film, "the picture before stays")
}

// TestStudioSheets paints several pictures and goes on from one.
func TestStudioSheets(t *testing.T) {
	net := newDisc(false)
	s := stageStudio(t, net, 116, 38, picture.Sixel)
	s.press("v", "enter")
	last := func() lab.Request { return net.asked[len(net.asked)-1] }
	assert.Equal(t, lab.Variations, last().Kind)
	assert.Equal(t, 9, last().Count)
	assert.Equal(t, "9", s.Facts()["tiles"])
	s.press("right", "down")
	assert.Equal(t, "4", s.Facts()["tile"])
	want := s.shot.picture(-1, 4, false)
	s.press("enter")
	assert.Equal(t, "draw", s.Facts()["mode"])
	assert.Equal(t, want, s.shot.picture(-1, 0, false))
	s.press(",")
	assert.Equal(t, "19", s.Facts()["step"], "its steps come with it")
	assert.Contains(t, s.screenText(), "0 · variation 5")
	s.press("end", "+")
	s.settle()
	assert.Equal(t, 4, last().Variation, "its noise stays when settings change")
	s.press("space")
	assert.Equal(t, 0, last().Variation)
	s.play(must(s.Set("guidance", "3")))

	s.press("g", "enter")
	assert.Equal(t, []int{5, 10, 20, 40}, last().StepCounts)
	tile := s.art.tiles[studioHero][7]
	o := s.art.origin[studioHero]
	at := Mouse{X: o.x + (tile.x+tile.w/2)/8, Y: o.y + (tile.y+tile.h/2)/16, Button: tea.MouseLeft}
	s.play(s.Mouse(at))
	assert.Equal(t, "7", s.Facts()["tile"])
	s.play(s.Mouse(at))
	assert.Equal(t, "draw", s.Facts()["mode"])
	assert.Equal(t, "2", s.Facts()["guidance"])
	assert.Equal(t, "40", s.Facts()["steps"])

	s.press("m", "enter")
	assert.True(t, s.Typing(), "there is no prompt to go to yet")
	s.write("a green circle on the right")
	s.press("enter")
	assert.Equal(t, lab.Interpolation, last().Kind)
	assert.Equal(t, "a green circle on the right", last().To)
	assert.Contains(t, s.screenText(), "of the way")
}

// TestStudioMask marks a part by keys and mouse, and paints over it.
func TestStudioMask(t *testing.T) {
	net := newDisc(false)
	s := stageStudio(t, net, 116, 38, picture.Sixel)
	start := s.shot.picture(-1, 0, false)
	s.press("e", "space", "right", "space")
	assert.Equal(t, "12", s.Facts()["marked"], "a brush of three pixels, moved by one")
	o, tl := s.art.origin[studioHero], s.art.tiles[studioHero][0]
	at := func(x, y int) Mouse {
		return Mouse{X: o.x + (tl.x+(2*x+1)*tl.w/(2*discSide))/8, Y: o.y + (tl.y+(2*y+1)*tl.h/(2*discSide))/16}
	}
	s.press("c")
	s.play(s.Mouse(at(8, 8)))
	m := at(12, 8)
	m.Kind = Drag
	s.play(s.Mouse(m))
	assert.Equal(t, "21", s.Facts()["marked"], "7 x 3 pixels without a gap")
	m.Kind, m.Button = Press, tea.MouseRight
	s.play(s.Mouse(m))
	assert.Equal(t, "12", s.Facts()["marked"])
	s.play(must(s.Set("prompt", "a blue circle")))
	s.press("enter")
	r := net.asked[len(net.asked)-1]
	assert.Equal(t, start, r.Start)
	require.NotNil(t, r.Mask)
	assert.Equal(t, 0.7, r.Strength)
	out := s.shot.picture(-1, 0, false)
	assert.Equal(t, start[:3], out[:3], "what is not marked stays")
	assert.False(t, s.before)
	s.press("a")
	assert.True(t, s.before)
	s.press("u")
	assert.Equal(t, out, s.base)
	s.press("c", "enter")
	assert.Nil(t, net.asked[len(net.asked)-1].Mask, "nothing marked: all is painted over")
	s.press("i")
	assert.Equal(t, "256", s.Facts()["marked"])
	s.press("b")
	assert.Equal(t, 4, s.size)
}

// TestStudioTyping completes words, goes through what was typed, and marks what is not known.
func TestStudioTyping(t *testing.T) {
	net := newDisc(false)
	s := stageStudio(t, net, 76, 22, picture.Blocks)
	s.press("p", "ctrl+u")
	s.write("a gre")
	s.press("tab")
	assert.Equal(t, "a green", s.typing.String())
	s.write(" cirkle")
	assert.Contains(t, s.screenText(), "tab circle")
	s.press("tab")
	assert.Equal(t, "a green circle", s.typing.String(), "an unknown word becomes the nearest")
	s.press("enter", "p", "ctrl+u")
	s.write("reed")
	s.press("enter")
	assert.Contains(t, s.screenText(), "not known “reed”: red, right?")
	assert.Equal(t, "1", s.Facts()["unknown"])
	s.press("p", "up", "up")
	assert.Equal(t, "a green circle", s.typing.String())
	s.press("down", "down")
	assert.Equal(t, "reed", s.typing.String(), "what was being typed comes back")
	s.press("esc")
	assert.Equal(t, "reed", s.asked.Prompt)

	s.press("p", "ctrl+u")
	s.play(s.Update(tea.PasteMsg{Content: "red\x1b[31m\n\u202ecircle" + strings.Repeat(" a", 10000)}))
	s.press("home", "right", "delete", "end", "ctrl+w", "enter")
	assert.NotContains(t, s.View(s.w, s.h), "\x1b[31m\u202e")
	assert.True(t, strings.HasPrefix(s.asked.Prompt, "rd[31m circle"), s.asked.Prompt[:20])
	assert.LessOrEqual(t, len(s.asked.Prompt), maxLine)
	assert.Contains(t, s.screenText(), "…", "a long prompt is cut where the line ends")
	s.press("n")
	s.write("blue")
	s.press("enter")
	assert.Equal(t, "blue", net.asked[len(net.asked)-1].Negative)
	assert.Contains(t, s.screenText(), "without  blue")
}

// TestStudioSettings types values, and keeps the old ones where a new one makes no sense.
func TestStudioSettings(t *testing.T) {
	net := newDisc(false)
	s := stageStudio(t, net, 116, 38, picture.Blocks)
	s.press("s", "down", "up", "7", ".", "5", "enter", "esc")
	s.settle()
	assert.Equal(t, 7.5, net.asked[len(net.asked)-1].Guidance)
	for value, want := range map[string]string{"0": "steps 0", "100000": "steps 100000", "x": "want a whole number"} {
		_, err := s.Set("steps", value)
		assert.ErrorContains(t, err, want)
		assert.Equal(t, "20", s.Facts()["steps"])
	}
	_, err := s.Set("guidance", "NaN")
	assert.ErrorContains(t, err, "want a number")
	_, err = s.Set("sampler", "eulr")
	assert.ErrorContains(t, err, "euler")
	_, err = s.Set("strength", "2")
	assert.ErrorContains(t, err, "strength 2")
	_, err = s.Set("nonsense", "2")
	assert.ErrorContains(t, err, "want one of open, picture, prompt")
	s.press("g")
	_, err = s.Set("rows", "1, 4 9")
	require.NoError(t, err)
	assert.Equal(t, []float64{1, 4, 9}, s.asked.Guidances)
	_, err = s.Set("rows", "")
	assert.ErrorContains(t, err, "guidances")
	s.press("d", "s", "down")
	r := s.layout().place[studioSettings]
	s.play(s.Mouse(Mouse{X: r.x + 3, Y: r.y + 2}))
	assert.Equal(t, "steps", s.chosenRow().name)
	s.play(s.Mouse(Mouse{X: r.x + 3, Y: r.y + 2, Kind: WheelUp}))
	assert.Equal(t, 25, s.asked.Steps)
}

func TestStudioOneShot(t *testing.T) {
	net := newDisc(true)
	s := stageStudio(t, net, 116, 38, picture.Sixel)
	text := s.screenText()
	for _, gone := range []string{"steps", "guidance", "film", "without", "grid", "edit"} {
		assert.NotContains(t, text, gone)
	}
	assert.Len(t, s.rows(), 1)
	s.play(must(s.Set("mode", "grid")))
	assert.Equal(t, "draw", s.Facts()["mode"])
	assert.Contains(t, s.notices[len(s.notices)-1], "draws at once")
}

func TestStudioHistory(t *testing.T) {
	root := t.TempDir()
	assert.Empty(t, readHistory(root))
	for _, p := range []string{"one", "two\x1b[1m", " one ", ""} {
		require.NoError(t, keepPrompt(root, p))
	}
	assert.Equal(t, []string{"two␛[1m", "one"}, readHistory(root))
	require.NoError(t, os.WriteFile(filepath.Join(root, historyFile), []byte(strings.Repeat("x", 3<<20)+"\n\xff\xfe\x00\nred"),
		0o600))
	all := readHistory(root)
	assert.Equal(t, "red", all[len(all)-1], "of a damaged file there is what can be read")
	require.NoError(t, keepPrompt(root, "blue"))
	st, err := os.Stat(filepath.Join(root, historyFile))
	require.NoError(t, err)
	assert.Less(t, st.Size(), int64(3<<20))
	assert.Equal(t, "blue", readHistory(root)[len(readHistory(root))-1])
	require.Error(t, keepPrompt(filepath.Join(root, historyFile), "x"), "the root is a file")
}

// TestStudioFiles saves a picture, and opens it, one without settings, and what is none.
func TestStudioFiles(t *testing.T) {
	net := newDisc(false)
	s := stageStudio(t, net, 116, 38, picture.Blocks)
	s.play(must(s.Set("guidance", "4")))
	s.play(must(s.Set("negative", "blue")))
	s.settle()
	s.press("w")
	require.Equal(t, "1", s.Facts()["saved"], s.notices)
	path := strings.Fields(strings.TrimPrefix(s.notices[len(s.notices)-1], "written to "))[0]
	path = strings.TrimSuffix(path, ",")
	want := s.shot.picture(-1, 0, false)
	s.press(",", "w")
	assert.Equal(t, "2", s.Facts()["saved"], "a step alone is a picture without settings")
	step := filepath.Join(s.saveDir, "t2i-calm-fox-step-1.png")
	assert.FileExists(t, step)

	cmd := s.paint("") // held: none of its commands has run
	s.press("w")
	assert.Equal(t, "2", s.Facts()["saved"], "it is not painted yet")
	s.play(cmd)
	assert.Equal(t, "3", s.Facts()["saved"], "it was written when it was painted")
	assert.FileExists(t, filepath.Join(s.saveDir, "t2i-calm-fox-2.png"))
	cmd = s.paint("")
	s.press("w", "esc")
	s.play(cmd)
	assert.Equal(t, "3", s.Facts()["saved"])
	assert.Equal(t, "stopped: nothing was written", s.notices[len(s.notices)-1])
	s.paint("")
	s.press("w", "v", "d")
	assert.Equal(t, "stopped: nothing was written", s.notices[len(s.notices)-1], "another mode stops it too")

	again := stageStudio(t, newDisc(false), 116, 38, picture.Blocks)
	again.play(must(again.Set("open", path)))
	assert.Equal(t, "4", again.Facts()["guidance"])
	assert.Equal(t, "blue", again.Facts()["negative"])
	assert.InDeltaSlice(t, want, again.shot.picture(-1, 0, false), 0.5/255+1e-6, "eight bits")
	again.play(must(again.Set("picture", step)))
	assert.Equal(t, "edit", again.Facts()["mode"])
	assert.NotNil(t, again.base)
	assert.Contains(t, again.notices, "made grey")

	s.press("g", "enter", "w")
	gridPath := filepath.Join(s.saveDir, "t2i-calm-fox-grid-1.png")
	again.play(must(again.Set("open", gridPath)))
	assert.Equal(t, "16", again.Facts()["tiles"])
	assert.Equal(t, "grid", again.Facts()["mode"])

	bad := filepath.Join(t.TempDir(), "bad.png")
	require.NoError(t, os.WriteFile(bad, []byte("\x89PNG\r\n\x1a\nnothing"), 0o644))
	for path, want := range map[string]string{bad: "damaged", t.TempDir() + "/x.png": "no such file", s.saveDir: "want a file"} {
		n := len(again.notices)
		again.play(again.openPicture(path))
		require.Len(t, again.notices, n+1, path)
		assert.Contains(t, again.notices[n], want)
		assert.NotContains(t, again.notices[n], "\n")
	}
	assert.Equal(t, "16", again.Facts()["tiles"], "what was there stays")

	waiting := stageStudio(t, nil, 116, 38, picture.Blocks)
	waiting.play(waiting.openPicture(path))
	assert.Contains(t, waiting.notices[0], "open a run first")
	waiting.opening = "a net"
	waiting.play(waiting.openPicture(path))
	waiting.opening = ""
	waiting.from = func(context.Context, string) (studioNet, error) { return newDisc(false), nil }
	waiting.play(waiting.begin("calm-fox"))
	assert.Equal(t, "4", waiting.Facts()["guidance"], "a picture waits for its net")
}
