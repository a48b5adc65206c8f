package screen

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/theme"
)

// shelf is an archive of runs that a test makes up; it notes what it was asked.
type shelf struct {
	runs  []runEntry
	told  []string
	fails error
}

func (s *shelf) list() ([]runEntry, error) { return append([]runEntry(nil), s.runs...), nil }

func (s *shelf) past(r runEntry) (lab.Past, error) {
	if r.problem != "" {
		return lab.Past{}, errors.New(r.problem)
	}
	line := lab.Series{Name: "loss"}
	for i := range r.step {
		line.X = append(line.X, float64(i+1))
		line.Y = append(line.Y, r.loss*(1+3*math.Exp(-float64(i)/float64(100+10*len(r.name)))))
	}
	return lab.Past{Series: []lab.Series{line}, Steps: []int{r.step / 4, r.step / 2, r.step},
		Events: []lab.Event{{Step: r.step / 2, Text: "beta 1 -> 4 (you)"}}}, nil
}

func (s *shelf) gallery(_ context.Context, r runEntry) (gallery, error) {
	s.told = append(s.told, "gallery "+r.name)
	return &frames{s, r}, s.fails
}

func (s *shelf) use(r runEntry) (Job, error) {
	s.told = append(s.told, "use "+r.name)
	return lab.Idle{}, s.fails
}

func (s *shelf) fork(r runEntry, step int) (Job, error) {
	s.told = append(s.told, fmt.Sprintf("fork %s at %d", r.name, step))
	return lab.Idle{}, s.fails
}

func (s *shelf) trash(r runEntry) (string, error) {
	s.told = append(s.told, "trash "+r.name)
	for i := range s.runs {
		if s.runs[i].id == r.id {
			s.runs = append(s.runs[:i:i], s.runs[i+1:]...)
			break
		}
	}
	return "runs/.trash/" + r.name, s.fails
}

// frames draws pictures that tell the step by their brightness.
type frames struct {
	s *shelf
	r runEntry
}

func (f *frames) Draw(_ context.Context, step int) (lab.View, error) {
	f.s.told = append(f.s.told, fmt.Sprintf("draw %s at %d", f.r.name, step))
	if f.r.model == "other" {
		return lab.View{}, errors.New("checkpoint of step 200 has no tensor param.mu.weight: it is of another model")
	}
	v := lab.View{N: 16, H: 8, W: 8, C: 1, Pixels: make([]float32, 16*64), Version: 1}
	for i := range v.Pixels {
		v.Pixels[i] = float32(i%9) / 9
	}
	return v, nil
}

func (f *frames) Close() { f.s.told = append(f.s.told, "close "+f.r.name) }

func fullShelf() *shelf {
	return &shelf{runs: []runEntry{
		{id: "job 1", name: "(not saved)", model: "vae", data: "digits", state: "training", changed: "training",
			step: 1412, loss: 112.4, lossName: "loss", live: lab.Idle{}},
		{id: "a", name: "kind-otter", model: "vae", data: "mnist", state: "finished", changed: "14:05", step: 2000,
			loss: 99.1, lossName: "loss"},
		{id: "b", name: "brave-lynx", model: "vae", data: "mnist", state: "interrupted", changed: "Nov 20",
			step: 800, loss: 104.8, lossName: "loss", parent: "kind-otter", bornAt: 500},
		{id: "c", name: "torn-page", changed: "damaged", state: "damaged",
			problem: "config.json: run made by mllab format 7; this is format 1"},
		{id: "d", name: "odd-one", model: "other", data: "digits", state: "finished", changed: "Nov 2",
			step: 200, loss: 3.2, lossName: "loss"},
	}}
}

// runsAt is the screen with a shelf, w x h cells, drawn to the end.
func runsAt(t *testing.T, s *shelf, w, h int) *Runs {
	t.Helper()
	l := &Lab{Job: lab.Idle{}, Store: picture.NewStore(), Theme: theme.New(true, false),
		Display: picture.NewProbe(picture.Blocks, func(string) string { return "" }).Display()}
	r := newRuns(l)
	if s != nil {
		r.archive = s
	}
	runAll(t, r, r.Update(Resize{W: w, H: h}))
	runAll(t, r, r.Update(Show{}))
	return r
}

// runAll runs a command and gives the screen all messages that follow; it returns those for the root.
func runAll(t *testing.T, s Screen, cmd tea.Cmd) (out []tea.Msg) {
	t.Helper()
	if cmd == nil {
		return nil
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			out = append(out, runAll(t, s, c)...)
		}
	case Notice, Dialog, UseJob, Goto, Close:
		return []tea.Msg{msg}
	default:
		require.True(t, strings.HasPrefix(reflect.TypeOf(msg).PkgPath(), "mllab/"), "%T", msg)
		return runAll(t, s, s.Update(msg))
	}
	return out
}

func keys(t *testing.T, s Screen, names ...string) (out []tea.Msg) {
	t.Helper()
	for _, name := range names {
		k, ok := Find(s.Keys(), name)
		require.True(t, ok, name)
		out = append(out, runAll(t, s, k.Do(name))...)
	}
	return out
}

func plainText(t *testing.T, s Screen, w, h int) string {
	t.Helper()
	lines := strings.Split(ansi.Strip(s.View(w, h)), "\n")
	require.Len(t, lines, h)
	for _, l := range lines {
		require.Equal(t, w, ansi.StringWidth(l), "%q", l)
	}
	return strings.Join(lines, "\n")
}

func goldenFile(t *testing.T, name, got string) {
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

func TestRunsGoldenFrames(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}} {
		w, h := size[0]-4, size[1]-2
		name := fmt.Sprintf("%dx%d", size[0], size[1])
		r := runsAt(t, fullShelf(), w, h)
		goldenFile(t, "runs-"+name, plainText(t, r, w, h))
		keys(t, r, "down", "space", "down", "space", "left")
		if size[0] == 80 {
			goldenFile(t, "runs-marked-"+name, plainText(t, r, w, h))
			keys(t, r, "v")
			goldenFile(t, "runs-pictures-"+name, plainText(t, r, w, h))
			continue
		}
		goldenFile(t, "runs-marked-"+name, plainText(t, r, w, h))
		empty := runsAt(t, nil, w, h)
		goldenFile(t, "runs-empty-"+name, plainText(t, empty, w, h))
	}
}

// TestRunsStory goes through the screen as a user does.
func TestRunsStory(t *testing.T) {
	const w, h = 116, 38
	s := fullShelf()
	r := runsAt(t, s, w, h)
	assert.Contains(t, plainText(t, r, w, h), "(not saved): training")
	assert.Empty(t, s.told, "nothing is compiled for a look at the list")

	keys(t, r, "down", "space", "down", "space")
	shown := plainText(t, r, w, h)
	assert.Contains(t, shown, "kind-otter · 2 000")
	assert.Contains(t, shown, "brave-lynx · 800")
	assert.Contains(t, shown, "brave-lynx: interrupted · forked from kind-otter at step 500")
	assert.Contains(t, shown, "beta 1 -> 4 (you)")
	assert.Equal(t, []string{"gallery kind-otter", "draw kind-otter at 2000", "gallery brave-lynx",
		"draw brave-lynx at 800"}, s.told)

	s.told = nil
	keys(t, r, "left", "left")
	assert.Contains(t, plainText(t, r, w, h), "step 800 · 6 checkpoints")
	assert.Contains(t, plainText(t, r, w, h), "loss up to step 800")
	assert.Equal(t, []string{"draw kind-otter at 1000", "draw kind-otter at 500"}, s.told,
		"pictures are those of the newest checkpoint up to the step")
	s.told = nil
	keys(t, r, "right")
	assert.Empty(t, s.told, "what was drawn is kept")

	out := keys(t, r, "f")
	assert.Equal(t, []string{"fork brave-lynx at 800"}, s.told)
	assert.ElementsMatch(t, []tea.Msg{UseJob{lab.Idle{}}, Goto{'1'}}, out)
	assert.False(t, r.Busy())
	out = keys(t, r, "end", "enter")
	assert.Contains(t, s.told, "use brave-lynx")
	assert.Contains(t, out, tea.Msg(UseJob{lab.Idle{}}))

	out = keys(t, r, "d")
	require.Len(t, out, 1)
	ask := out[0].(Dialog)
	assert.Contains(t, ask.Text, "Delete run brave-lynx (vae, step 800)")
	assert.NotContains(t, s.told, "trash brave-lynx", "it is asked first")
	s.told = nil
	out = runAll(t, r, ask.Keys[0].Do("y"))
	assert.Equal(t, []string{"close brave-lynx", "trash brave-lynx"}, s.told)
	assert.Contains(t, out, tea.Msg(Close{}))
	assert.Contains(t, out, tea.Msg(Notice{Text: "moved to runs/.trash/brave-lynx"}))
	assert.NotContains(t, plainText(t, r, w, h), "brave-lynx")
	assert.Equal(t, []string{"a"}, r.marked)

	keys(t, r, "esc")
	assert.Empty(t, r.marked)
	s.told = nil
	runAll(t, r, r.Update(Hide{}))
	assert.Equal(t, []string{"close kind-otter"}, s.told, "a screen that is not seen holds no device")
}

// TestRunsFilter writes a filter, and the cursor follows.
func TestRunsFilter(t *testing.T) {
	const w, h = 76, 22
	r := runsAt(t, fullShelf(), w, h)
	keys(t, r, "/")
	require.True(t, r.Typing())
	for _, c := range "mnist b\x1b[31m" {
		runAll(t, r, r.Type(tea.KeyPressMsg{Code: c, Text: string(c)}))
	}
	assert.NotContains(t, r.View(w, h), "\x1b[31m")
	for range 12 {
		runAll(t, r, r.Type(tea.KeyPressMsg{Code: tea.KeyBackspace}))
	}
	for _, c := range "otter mnist" {
		runAll(t, r, r.Type(tea.KeyPressMsg{Code: c, Text: string(c)}))
	}
	shown := plainText(t, r, w, h)
	assert.Contains(t, shown, "2 of 5")
	assert.Contains(t, shown, "brave-lynx", "the parent counts, too")
	assert.NotContains(t, shown, "odd-one")
	runAll(t, r, r.Type(tea.KeyPressMsg{Code: tea.KeyEnter}))
	assert.False(t, r.Typing())
	assert.Equal(t, "b", r.at, "the cursor stays on its run")
	keys(t, r, "esc")
	assert.Contains(t, plainText(t, r, w, h), "odd-one")
}

// TestRunsThatAreBad are named, and nothing is lost by them.
func TestRunsThatAreBad(t *testing.T) {
	const w, h = 116, 38
	s := fullShelf()
	r := runsAt(t, s, w, h)
	keys(t, r, "down", "down", "down")
	assert.Contains(t, plainText(t, r, w, h), "torn-page: config.json: run made by mllab format 7")
	out := keys(t, r, "enter")
	require.Len(t, out, 1)
	assert.True(t, out[0].(Notice).Bad)
	assert.Empty(t, s.told)
	keys(t, r, "space", "down", "space")
	assert.Contains(t, strings.Join(strings.Fields(plainText(t, r, w, h)), " "), "has no tensor")
	s.fails = errors.New("no space left on device")
	out = keys(t, r, "enter")
	assert.Equal(t, []tea.Msg{Notice{Text: "no space left on device", Bad: true}}, out)
	assert.False(t, r.Busy())
	keys(t, r, "up", "up", "up", "up")
	assert.Equal(t, "job 1", r.at)
	out = keys(t, r, "d")
	assert.Contains(t, out[0].(Notice).Text, "training")
}

// TestRunsEverySize draws at many sizes, marked and not; plainText checks every line.
func TestRunsEverySize(t *testing.T) {
	r := runsAt(t, fullShelf(), 116, 38)
	for range 2 {
		for w := 1; w <= 200; w += 9 {
			for _, h := range []int{1, 2, 5, 18, 22, 28, 38, 58} {
				runAll(t, r, r.Update(Resize{W: w, H: h}))
				plainText(t, r, w, h)
			}
		}
		keys(t, r, "space", "down", "space", "left")
	}
}

func TestRunsTeach(t *testing.T) {
	r := runsAt(t, fullShelf(), 116, 38)
	cmd, err := r.Set("open", "brave-lynx")
	require.NoError(t, err)
	runAll(t, r, cmd)
	f := r.Facts()
	assert.Equal(t, "brave-lynx", f["chosen"])
	assert.Equal(t, "kind-otter", f["parent"])
	assert.Equal(t, []string{"5", "1", "1"}, []string{f["runs"], f["live"], f["forks"]})
	_, err = r.Set("open", "nobody")
	assert.ErrorContains(t, err, "nobody")
	_, err = r.Set("colour", "red")
	assert.ErrorContains(t, err, "want filter or open")
	_, err = r.Set("filter", "mnist")
	require.NoError(t, err)
	assert.Len(t, r.rows(), 2)
}

// TestRunsThatGoOn are read and drawn anew: a rewound training has other pictures at the same step.
func TestRunsThatGoOn(t *testing.T) {
	s := fullShelf()
	r := runsAt(t, s, 116, 38)
	keys(t, r, "space")
	assert.Equal(t, []string{"gallery (not saved)", "draw (not saved) at 1412"}, s.told)
	s.told = nil
	p := r.pasts["job 1"]
	p.Events = append(p.Events, lab.Event{Text: "rewound"})
	runAll(t, r, r.Update(runRead{"job 1", p, nil}))
	assert.Equal(t, []string{"close (not saved)", "gallery (not saved)", "draw (not saved) at 1412"}, s.told)
	keys(t, r, "space", "down")
	require.Contains(t, r.pasts, "a")
	s.runs[1].step = 2600
	runAll(t, r, r.Update(Show{}))
	assert.Len(t, r.pasts["a"].Series[0].X, 2600)
}

func TestRunsMouse(t *testing.T) {
	const w, h = 116, 38
	r := runsAt(t, fullShelf(), w, h)
	runAll(t, r, r.Mouse(Mouse{X: 5, Y: 5, Kind: Press, Button: tea.MouseLeft}))
	assert.Equal(t, "b", r.at)
	runAll(t, r, r.Mouse(Mouse{X: 5, Y: 4, Kind: Press, Button: tea.MouseRight}))
	assert.Equal(t, []string{"a"}, r.marked)
	runAll(t, r, r.Mouse(Mouse{X: 100, Y: 30, Kind: WheelUp}))
	assert.Equal(t, 1000, r.step)
	runAll(t, r, r.Mouse(Mouse{X: 5, Y: 10, Kind: WheelDown}))
	assert.Equal(t, "b", r.at)
	runAll(t, r, r.Mouse(Mouse{X: 5, Y: 37, Kind: Press, Button: tea.MouseLeft}))
	assert.Equal(t, "b", r.at)
}

func TestChangedText(t *testing.T) {
	now := time.Date(2026, 11, 25, 23, 0, 0, 0, time.Local)
	assert.Equal(t, "09:07", changed(time.Date(2026, 11, 25, 9, 7, 0, 0, time.Local), now))
	assert.Equal(t, "Nov 24", changed(time.Date(2026, 11, 24, 9, 7, 0, 0, time.Local), now))
	assert.Equal(t, "Nov 2025", changed(time.Date(2025, 11, 24, 9, 7, 0, 0, time.Local), now))
}

func TestMainLine(t *testing.T) {
	named := func(names ...string) (s []lab.Series) {
		for _, n := range names {
			s = append(s, lab.Series{Name: n})
		}
		return s
	}
	assert.Equal(t, "loss", mainLine(named("recon", "loss")).Name)
	assert.Equal(t, "loss_d", mainLine(named("d_real", "loss_d", "loss_g")).Name)
	assert.Equal(t, "recon", mainLine(named("recon")).Name)
	assert.Empty(t, mainLine(nil).Name)
}

// TestRunsCompare goes through the numbers that the runs have, and back to the losses.
func TestRunsCompare(t *testing.T) {
	r := runsAt(t, fullShelf(), 116, 38)
	out := keys(t, r, "c")
	assert.Contains(t, out, Notice{Text: "of these runs nothing but a loss is kept"})
	p := r.pasts[r.at]
	p.Series = append(p.Series, lab.Series{Name: "grad_norm", X: []float64{1}, Y: []float64{2}},
		lab.Series{Name: "acc_all", X: []float64{200, 400}, Y: []float64{0.25, 0.5}},
		lab.Series{Name: "held_all", X: []float64{200, 400}, Y: []float64{0.25, 0.5}})
	runAll(t, r, r.Update(runRead{r.at, p, nil}))
	var titles []string
	for range 4 {
		keys(t, r, "c")
		titles = append(titles, r.comparedTitle())
		assert.Contains(t, plainText(t, r, 116, 38), "─ "+r.comparedTitle()+" ─")
	}
	assert.Equal(t, []string{"right, all (%)", "right, held out (%)", "grad norm", "loss"}, titles)
	assert.Empty(t, r.line(nil).X)
}
