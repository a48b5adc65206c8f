package ui

import (
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/screen"
)

// updating says that -update, a flag of teatest, asks to write the golden files anew.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

// scripted is a training that does what a test says and notes what it was told.
type scripted struct {
	state   *lab.State
	told    []string
	saveErr error
	done    chan struct{}
}

func (j *scripted) State() *lab.State { return j.state }
func (j *scripted) Pause()            { j.tell("pause", func(s *lab.State) { s.Phase = lab.Paused }) }
func (j *scripted) Continue()         { j.tell("continue", func(s *lab.State) { s.Phase = lab.Training }) }
func (j *scripted) StepOnce() {
	j.tell("step", func(s *lab.State) { s.Phase, s.Step = lab.Paused, s.Step+1 })
}
func (j *scripted) Restart() { j.tell("restart", func(s *lab.State) { s.Step, s.Unsaved = 0, false }) }
func (j *scripted) Stop()    { j.tell("stop", func(s *lab.State) { s.Phase = lab.Stopped }) }
func (j *scripted) SetLR(lr float64) {
	j.tell("lr", func(s *lab.State) {
		s.Events = append(s.Events[:len(s.Events):len(s.Events)], lab.Event{Step: s.Step, Text: "lr changed (you)"})
		s.LR = lr
	})
}
func (j *scripted) Save() (string, error) {
	if j.saveErr != nil {
		return "", j.saveErr
	}
	j.tell("save", func(s *lab.State) { s.Unsaved, s.Dir = false, "runs/kind-otter" })
	return "runs/kind-otter", nil
}
func (j *scripted) Done() <-chan struct{} { return j.done }

// tell notes a call and makes the state that follows.
func (j *scripted) tell(what string, change func(*lab.State)) {
	j.told = append(j.told, what)
	s := *j.state
	change(&s)
	j.state = &s
}

// training is a state in the middle of a run.
func training() *lab.State {
	s := &lab.State{Model: "vae", Data: "mnist", Run: "kind-otter", Phase: lab.Training, Step: 1412, Steps: 9360,
		Epoch: 4, Epochs: 20, Batch: 128, LR: 1e-3, ImagesPerSecond: 21412, StepTime: 5980 * time.Microsecond,
		FLOPs: 96e9, Peak: 117e9, Left: 130 * time.Second, Elapsed: 31 * time.Second,
		Device: "cpu avx512 · 2 threads", DeviceBytes: 11 << 20, ProcessBytes: 120 << 20, Unsaved: true,
		Losses: []lab.Value{{Name: "neg_elbo", Value: 112.4}, {Name: "recon", Value: 87.1},
			{Name: "kl", Value: 25.3}},
		Metrics: []lab.Value{{Name: "test_neg_elbo", Value: 114.2}},
		Events:  []lab.Event{{Step: 900, Text: "saved"}, {Step: 1380, Text: "lr 1e-3 -> 5e-4 (you)"}},
	}
	names := []string{"neg_elbo", "recon", "kl"}
	ends := []float64{112.4, 87.1, 25.3}
	for k, name := range names {
		line := lab.Series{Name: name}
		for i := range 1412 {
			line.X = append(line.X, float64(i+1))
			line.Y = append(line.Y, ends[k]*(1+3*math.Exp(-float64(i)/150)))
		}
		s.Series = append(s.Series, line)
	}
	s.Views = []lab.View{pictures("samples", 64, 0), pictures("reconstruction", 32, 2)}
	return s
}

func pictures(name string, n, columns int) lab.View {
	v := lab.View{Name: name, N: n, H: 28, W: 28, C: 1, Columns: columns, Version: 1}
	v.Pixels = make([]float32, n*28*28)
	for i := range v.Pixels {
		v.Pixels[i] = float32(i%29) / 29
	}
	return v
}

func devices(context.Context) []lab.DeviceStatus {
	return []lab.DeviceStatus{
		{Target: "cpu", Found: true, Name: "AMD EPYC 7R13", Detail: []lab.Text{{Name: "isa", Text: "avx512"},
			{Name: "threads", Text: "2"}}, Peak: 117e9, PeakAll: 231e9, Bandwidth: 20.4e9},
		{Target: "interp", Found: true, Name: "interpreter, float64"},
		{Target: "opencl", Reason: "no OpenCL library was found\x1b[31m: apt-get install pocl-opencl-icd"},
	}
}

// start makes a lab of w x h around the state, drawn to the end, without a clock.
func start(t *testing.T, s *lab.State, w, h int) (*Model, *scripted) {
	t.Helper()
	j := &scripted{state: s, done: make(chan struct{})}
	m := New(Config{Job: j, Devices: devices, Store: picture.NewStore(), Graphics: picture.Blocks})
	m.clock = func() tea.Cmd { return nil }
	tell(t, m, tea.WindowSizeMsg{Width: w, Height: h})
	return m, j
}

// tell gives a message to the model and runs what it asks for; it reports whether that was to quit.
func tell(t *testing.T, m *Model, msg tea.Msg) (quit bool) {
	t.Helper()
	_, cmd := m.Update(msg)
	return run(t, m, cmd)
}

func run(t *testing.T, m *Model, cmd tea.Cmd) (quit bool) {
	if cmd == nil {
		return false
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			quit = run(t, m, c) || quit
		}
	case tea.QuitMsg:
		return true
	default:
		if !strings.HasPrefix(reflect.TypeOf(msg).PkgPath(), "mllab/") {
			return false // for the renderer
		}
		return tell(t, m, msg)
	}
	return quit
}

// press types keys by name.
func press(t *testing.T, m *Model, keys ...string) (quit bool) {
	t.Helper()
	for _, k := range keys {
		quit = tell(t, m, key(k)) || quit
	}
	return quit
}

func key(name string) tea.KeyPressMsg {
	switch name {
	case "space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	case "esc":
		return tea.KeyPressMsg{Code: tea.KeyEscape}
	case "enter":
		return tea.KeyPressMsg{Code: tea.KeyEnter}
	case "backspace":
		return tea.KeyPressMsg{Code: tea.KeyBackspace}
	case "up":
		return tea.KeyPressMsg{Code: tea.KeyUp}
	case "down":
		return tea.KeyPressMsg{Code: tea.KeyDown}
	case "left":
		return tea.KeyPressMsg{Code: tea.KeyLeft}
	case "right":
		return tea.KeyPressMsg{Code: tea.KeyRight}
	case "home":
		return tea.KeyPressMsg{Code: tea.KeyHome}
	case "end":
		return tea.KeyPressMsg{Code: tea.KeyEnd}
	case "ctrl+l":
		return tea.KeyPressMsg{Code: 'l', Mod: tea.ModCtrl}
	case "tab":
		return tea.KeyPressMsg{Code: tea.KeyTab}
	case "shift+tab":
		return tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift}
	case "ctrl+c":
		return tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// text is the screen without styles and markers. It fails where a line is not as wide as the screen.
func text(t *testing.T, m *Model) string {
	t.Helper()
	lines := strings.Split(ansi.Strip(m.View().Content), "\n")
	require.Len(t, lines, m.h)
	for i, l := range lines {
		require.Equal(t, m.w, ansi.StringWidth(l), "line %d %q", i, l)
	}
	return strings.Join(lines, "\n")
}

func TestGoldenFrames(t *testing.T) {
	failed := func() *lab.State {
		s := training()
		s.Phase, s.Err = lab.Failed, errors.New("step 1413: the loss is nan: try a lower learning rate, "+
			"mllab train vae --lr 5e-4")
		return s
	}
	young := func() *lab.State {
		return &lab.State{Model: "vae", Data: "digits", Phase: lab.Compiling, Detail: "kernel 12 of 31",
			Batch: 128, LR: 1e-3, Device: "cpu"}
	}
	for _, c := range []struct {
		name  string
		state func() *lab.State
		w, h  int
		keys  string
	}{
		{"train-120x40", training, 120, 40, ""},
		{"train-80x24", training, 80, 24, ""},
		{"train-80x24-other", training, 80, 24, "v"},
		{"train-60x20", training, 60, 20, ""},
		{"train-40x12", training, 40, 12, ""},
		{"train-10x5", training, 10, 5, ""},
		{"young-120x40", young, 120, 40, ""},
		{"young-80x24", young, 80, 24, ""},
		{"failed-80x24", failed, 80, 24, ""},
		{"help-80x24", training, 80, 24, "?"},
		{"quit-80x24", training, 80, 24, "q"},
		{"quit-40x12", training, 40, 12, "q"},
		{"devices-120x40", training, 120, 40, "0"},
		{"devices-60x20", training, 60, 20, "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _ := start(t, c.state(), c.w, c.h)
			for _, k := range c.keys {
				press(t, m, string(k))
			}
			golden(t, c.name, text(t, m))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	got += "\n"
	if updating() {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// TestEverySize draws all screens at many sizes: text checks every line's width.
func TestEverySize(t *testing.T) {
	m, _ := start(t, training(), 120, 40)
	for _, keys := range [][]string{nil, {"?"}, {"esc", "0"}, {"1", "q"}} {
		press(t, m, keys...)
		for w := 1; w <= 200; w += 7 {
			for _, h := range []int{1, 3, 12, 19, 20, 24, 29, 30, 40, 70} {
				tell(t, m, tea.WindowSizeMsg{Width: w, Height: h})
				text(t, m)
			}
		}
		tell(t, m, tea.WindowSizeMsg{Width: 120, Height: 40})
	}
}

func TestPauseStepAndGoOn(t *testing.T) {
	m, j := start(t, training(), 80, 24)
	press(t, m, "space")
	tell(t, m, tickMsg(time.Unix(1, 0)))
	assert.Contains(t, text(t, m), "paused")
	press(t, m, "s", "space")
	tell(t, m, tickMsg(time.Unix(2, 0)))
	assert.Contains(t, text(t, m), "● training")
	assert.Contains(t, text(t, m), "step 1 413")
	assert.Equal(t, []string{"pause", "step", "continue"}, j.told)
}

func TestLearningRate(t *testing.T) {
	m, j := start(t, training(), 120, 40)
	for _, c := range []struct {
		key  string
		want float64
	}{{"+", 2e-3}, {"+", 5e-3}, {"+", 1e-2}, {"-", 5e-3}, {"-", 2e-3}, {"-", 1e-3}, {"-", 5e-4}} {
		press(t, m, c.key)
		assert.Equal(t, c.want, j.state.LR)
	}
	tell(t, m, tickMsg(time.Unix(1, 0)))
	assert.Contains(t, text(t, m), "step 1 412: lr changed (you)")
	assert.Contains(t, text(t, m), "5e-4")
}

func TestTabsByKeysAndClick(t *testing.T) {
	m, _ := start(t, training(), 80, 24)
	at := func(title string) { t.Helper(); assert.Equal(t, title, m.entries[m.active].Title) }
	at("Train")
	press(t, m, "shift+tab")
	at("Devices")
	assert.Contains(t, text(t, m), "peak 117 GFLOP/s a thread · 231 GFLOP/s all · memory 20.4 GB/s")
	assert.NotContains(t, m.View().Content, "\x1b[31m:", "no escape sequence of a reason may pass")
	press(t, m, "tab")
	at("Train")
	press(t, m, "0")
	at("Devices")
	press(t, m, "1")
	at("Train")
	x := ansi.StringWidth(strings.Split(strings.Split(text(t, m), "\n")[0], "0 Devices")[0])
	tell(t, m, tea.MouseClickMsg{X: x + 2, Y: 0, Button: tea.MouseLeft})
	at("Devices")
	tell(t, m, tea.MouseClickMsg{X: x + 2, Y: 3, Button: tea.MouseLeft})
	at("Devices")
}

func TestHelpNamesEveryKey(t *testing.T) {
	m, j := start(t, training(), 120, 40)
	press(t, m, "?")
	shown := text(t, m)
	for _, k := range slices.Concat(m.screens[m.active].Keys(), m.keys) {
		want := k.Long
		if want == "" {
			want = k.Help
		}
		assert.Contains(t, shown, want)
		assert.NotEmpty(t, k.Press)
		assert.NotNil(t, k.Do, k.Keys)
	}
	press(t, m, "space")
	assert.Empty(t, j.told, "keys do nothing below the help")
	press(t, m, "esc")
	assert.NotContains(t, text(t, m), "Everywhere")
}

// TestHelpTurns: what a small terminal has no room for is on the next page, and a list opened again begins at its first.
func TestHelpTurns(t *testing.T) {
	m, _ := start(t, training(), 80, 24)
	press(t, m, "?")
	assert.Contains(t, text(t, m), "page 1 of 2")
	press(t, m, "up", "down", "down")
	assert.Contains(t, text(t, m), "page 2 of 2")
	assert.Contains(t, text(t, m), "quit (ctrl+c too)")
	press(t, m, "up")
	assert.Contains(t, text(t, m), "page 1 of 2")
	press(t, m, "down", "?", "?")
	assert.Contains(t, text(t, m), "page 1 of 2")
}

func TestKeysAreTakenOnce(t *testing.T) {
	m, _ := start(t, training(), 120, 40)
	for i, s := range m.screens {
		seen := map[string]bool{}
		for _, k := range slices.Concat(s.Keys(), m.keys) {
			if k.Hidden != nil && k.Hidden() {
				continue // it does nothing at present
			}
			for _, p := range k.Press {
				assert.False(t, seen[p], "%s: key %q is in the table twice", m.entries[i].Title, p)
				seen[p] = true
			}
		}
	}
}

func TestQuitAsks(t *testing.T) {
	t.Run("stay", func(t *testing.T) {
		m, j := start(t, training(), 80, 24)
		assert.False(t, press(t, m, "q", "esc", "ctrl+c", "esc"))
		assert.Nil(t, m.dialog)
		assert.Empty(t, j.told)
	})
	t.Run("save", func(t *testing.T) {
		m, j := start(t, training(), 80, 24)
		assert.True(t, press(t, m, "q", "y"))
		assert.Equal(t, []string{"save"}, j.told)
		assert.True(t, m.decided)
		assert.Equal(t, "runs/kind-otter", m.dir)
	})
	t.Run("do not save", func(t *testing.T) {
		m, j := start(t, training(), 80, 24)
		assert.True(t, press(t, m, "q", "n"))
		assert.Empty(t, j.told)
		assert.True(t, m.decided)
	})
	t.Run("nothing to lose", func(t *testing.T) {
		s := training()
		s.Unsaved = false
		m, _ := start(t, s, 80, 24)
		assert.True(t, press(t, m, "ctrl+c"))
	})
	t.Run("in a terminal too small for anything", func(t *testing.T) {
		m, j := start(t, training(), 30, 8)
		assert.False(t, press(t, m, "space", "q"))
		assert.True(t, press(t, m, "y"))
		assert.Equal(t, []string{"save"}, j.told)
	})
	t.Run("a full disk", func(t *testing.T) {
		m, j := start(t, training(), 80, 24)
		j.saveErr = errors.New("runs/kind-otter: no space left on device")
		assert.False(t, press(t, m, "q", "y"))
		assert.Contains(t, text(t, m), "not saved: runs/kind-otter: no space left on device")
		assert.False(t, m.decided)
	})
}

func TestSaveAndRestart(t *testing.T) {
	m, j := start(t, training(), 80, 24)
	press(t, m, "r")
	assert.Contains(t, text(t, m), "would be lost")
	press(t, m, "w")
	assert.Equal(t, []string{"save"}, j.told)
	assert.Contains(t, text(t, m), "saved runs/kind-otter")
	tell(t, m, tickMsg(time.Unix(10, 0)))
	tell(t, m, tickMsg(time.Unix(16, 0)))
	assert.NotContains(t, text(t, m), "saved runs/kind-otter", "a notice goes away")
	press(t, m, "r")
	assert.Equal(t, []string{"save", "restart"}, j.told)
}

func TestRestartAfterTheEnd(t *testing.T) {
	s := training()
	s.Phase, s.Unsaved = lab.Finished, false
	m, _ := start(t, s, 80, 24)
	next := &scripted{state: training()}
	m.cfg.Start = func() (Job, error) { return next, nil }
	press(t, m, "space")
	assert.Contains(t, text(t, m), "the training is over")
	press(t, m, "r")
	assert.Same(t, next, m.lab.Job)
	m.cfg.Start = func() (Job, error) { return nil, errors.New("data gone: not there") }
	next.state = s
	press(t, m, "r")
	assert.Contains(t, text(t, m), "data gone: not there")
}

func TestNothingIsDrawnTwice(t *testing.T) {
	m, j := start(t, training(), 120, 40)
	m.View()
	tell(t, m, tickMsg(time.Unix(1, 0)))
	assert.False(t, m.dirty, "a tick without news draws nothing")
	s := *j.state
	s.Step++
	j.state = &s
	tell(t, m, tickMsg(time.Unix(2, 0)))
	assert.True(t, m.dirty)
}

func TestScreensMustHave(t *testing.T) {
	var got []string
	for _, e := range screen.All() {
		got = append(got, string(e.Digit)+" "+e.Title)
	}
	assert.Subset(t, got, []string{"1 Train", "0 Devices"})
	assert.Equal(t, "1 Train", got[0], "the first screen is the one that the lab opens with")
}

func TestNotATerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer f.Close()
	err = terminal(f, "xterm")
	require.Error(t, err)
	assert.Contains(t, err.Error(), "mllab train vae")
	assert.NotContains(t, err.Error(), "\n")
}
