package lab

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine"
)

// studio opens a tiny net that was trained for two steps.
func studio(t *testing.T) *Studio {
	t.Helper()
	s := session(t)
	st, err := s.OpenStudio(context.Background(), reader(t, s))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, st.Close()) })
	return st
}

func brief(prompt string) Request {
	r := NewRequest(prompt)
	r.Steps = 3
	return r
}

func painted(t *testing.T, st *Studio, r Request) *Film {
	t.Helper()
	f, err := st.Paint(context.Background(), r, nil)
	require.NoError(t, err)
	require.Len(t, f.Pictures, f.Tiles*f.values())
	for _, v := range f.Pictures {
		require.True(t, v >= 0 && v <= 1)
	}
	return f
}

func TestStudio(t *testing.T) {
	st := studio(t)
	a := st.About()
	assert.Equal(t, []int{32, 32, 3, 2}, []int{a.H, a.W, a.C, int(a.Step)})
	assert.True(t, a.Chinese)
	assert.NotEmpty(t, a.Examples)
	assert.Len(t, a.Looks, 5)
	assert.Greater(t, a.Params, 1000)
	assert.Greater(t, a.Words, 50)
	t.Run("frames", func(t *testing.T) { studioFrames(t, st) })
	t.Run("kinds", func(t *testing.T) { studioKinds(t, st) })
	t.Run("heat", func(t *testing.T) { studioHeat(t, st) })
	t.Run("start and mask", func(t *testing.T) { studioStart(t, st) })
	t.Run("check", func(t *testing.T) { studioCheck(t, st) })
	t.Run("read", func(t *testing.T) { studioRead(t, st) })
	t.Run("ends", func(t *testing.T) { studioEnds(t, st) })
	t.Run("brushes", func(t *testing.T) { studioBrushes(t, st) })
}

// Every step is told as it is made, and the film keeps the same pictures, evenly.
func studioFrames(t *testing.T, st *Studio) {
	r := brief("a red circle")
	var told []Frame
	f, err := st.Paint(context.Background(), r, func(f Frame) { told = append(told, f) })
	require.NoError(t, err)
	require.Len(t, told, 3)
	for i, fr := range told {
		assert.Equal(t, [4]int{i + 1, 3, 1, 1}, [4]int{fr.Step, fr.Of, fr.Tiles, fr.Cols})
		assert.Equal(t, f.Frames[i], fr)
	}
	assert.Equal(t, f.Pictures, told[2].X)
	assert.NotEqual(t, told[0].X, told[1].X)
	assert.NotEqual(t, told[0].X, told[0].Clean)
	clear(told[2].X)
	assert.NotEqual(t, f.Frames[2].X, told[2].X, "a frame is the callee's own")
	assert.True(t, f.First > 0 && f.First <= f.Took)

	assert.Equal(t, f.Pictures, painted(t, st, r).Pictures, "the same request paints the same")
	r.Seed++
	assert.NotEqual(t, f.Pictures, painted(t, st, r).Pictures)

	r.Steps = 150
	f = painted(t, st, r)
	require.Len(t, f.Frames, 50, "every third")
	assert.Equal(t, f.Pictures, f.Frames[49].X)
	for i := 1; i < len(f.Frames); i++ {
		assert.Equal(t, 3, f.Frames[i].Step-f.Frames[i-1].Step)
	}
}

// alike compares pictures that were painted beside others: rounding differs with the number of rows.
func alike(t *testing.T, want, got []float32, what string) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.InDelta(t, want[i], got[i], 2e-3, what)
	}
}

func studioKinds(t *testing.T, st *Studio) {
	one := painted(t, st, brief("a red circle"))
	r := brief("a red circle")
	r.Kind, r.Count = Variations, 3
	v := painted(t, st, r)
	assert.Equal(t, [2]int{3, 2}, [2]int{v.Tiles, v.Cols})
	alike(t, one.Pictures, v.Picture(0), "the first variation is the seed's own")
	assert.NotEqual(t, v.Picture(1), v.Picture(2))
	r.Spread = 0.1
	close := painted(t, st, r)
	alike(t, one.Pictures, close.Picture(0), "the first of a spread too")
	assert.Less(t, distance(close.Picture(0), close.Picture(1)), distance(v.Picture(0), v.Picture(1)))

	r = brief("a red circle")
	r.Kind, r.Count, r.To = Interpolation, 3, "a large blue square"
	way := painted(t, st, r)
	assert.Equal(t, [2]int{3, 3}, [2]int{way.Tiles, way.Cols})
	alike(t, one.Pictures, way.Picture(0), "the way begins at the prompt")
	alike(t, painted(t, st, brief(r.To)).Pictures, way.Picture(2), "and ends at the other")

	r = brief("a red circle")
	r.Kind, r.Guidances, r.StepCounts = Grid, []float64{1, 3}, []int{1, 2, 3}
	var frames []Frame
	grid, err := st.Paint(context.Background(), r, func(f Frame) { frames = append(frames, f) })
	require.NoError(t, err)
	assert.Equal(t, [2]int{6, 3}, [2]int{grid.Tiles, grid.Cols})
	alike(t, one.Pictures, grid.Picture(5), "guidance 3 and 3 steps")
	alone := brief("a red circle")
	alone.Guidance, alone.Steps = 1, 2
	alike(t, painted(t, st, alone).Pictures, grid.Picture(1), "guidance 1 and 2 steps")
	require.Len(t, frames, 1+2+3)
	last := frames[0].X[5*grid.values():]
	assert.Equal(t, float32(blank), last[0], "what is not begun is grey")
}

func distance(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]-b[i]) * float64(a[i]-b[i])
	}
	return math.Sqrt(sum)
}

// The looks of every place sum up to one over the words, whatever they are averaged over.
func studioHeat(t *testing.T, st *Studio) {
	r := brief("a small red circle")
	r.Looks = true
	f := painted(t, st, r)
	require.Len(t, f.Reading.Tokens, 4)
	for _, c := range [][3]int{{-1, -1, -1}, {0, -1, -1}, {1, 2, -1}, {-1, 1, 2}, {4, 3, 0}} {
		var sum []float64
		for _, token := range f.Reading.Tokens {
			h, err := f.Heat(token.Place, c[0], c[1], c[2])
			require.NoError(t, err)
			require.Len(t, h.V, h.H*h.W)
			assert.InDelta(t, 1, slices.Max(h.V), 1e-6)
			if sum == nil {
				sum = make([]float64, len(h.V))
			}
			for i, v := range h.V {
				sum[i] += float64(v) * h.Max
			}
		}
		for _, v := range sum {
			require.InDelta(t, 1, v, 1e-4, "%v", c)
		}
	}
	h, err := f.Heat(0, 1, -1, -1)
	require.NoError(t, err)
	assert.Equal(t, [2]int{8, 8}, [2]int{h.H, h.W})
	mean, err := f.Heat(2, 3, 0, -1)
	require.NoError(t, err)
	var by float64
	for i := range f.Frames {
		at, err := f.Heat(2, 3, 0, i)
		require.NoError(t, err)
		by += float64(at.V[5]) * at.Max / float64(len(f.Frames))
	}
	assert.InDelta(t, by, float64(mean.V[5])*mean.Max, 1e-5, "the mean is that of the steps")

	for want, c := range map[string][4]int{"word 5 of 4": {4, -1, -1, -1}, "word 0": {-1, -1, -1, -1},
		"layer 5": {0, 5, -1, -1}, "head 4": {0, -1, 4, -1}} {
		_, err := f.Heat(c[0], c[1], c[2], c[3])
		assert.ErrorContains(t, err, want)
	}
	r.Prompt = " "
	_, err = painted(t, st, r).Heat(0, -1, -1, -1)
	assert.ErrorContains(t, err, "no words")
	_, err = painted(t, st, brief("a red circle")).Heat(0, -1, -1, -1)
	assert.ErrorContains(t, err, "was not kept")
	r.Kind, r.Guidances, r.StepCounts, r.Prompt = Grid, []float64{1, 2}, []int{2, 1}, "red"
	f = painted(t, st, r)
	_, err = f.Heat(0, -1, -1, 2)
	assert.NoError(t, err, "the first column is done, and stays as it was")
}

func studioStart(t *testing.T, st *Studio) {
	r := brief("a red circle")
	r.Start, r.Mask = make([]float32, 32*32*3), make([]float32, 32*32)
	for i := range r.Start {
		r.Start[i] = float32(i%7) / 7
	}
	for i := range r.Mask {
		if i%32 < 16 {
			r.Mask[i] = 1
		}
	}
	f := painted(t, st, r)
	changed := false
	for i, v := range f.Pictures {
		if r.Mask[i/3] == 0 {
			require.InDelta(t, r.Start[i], v, 1e-6, "what the mask protects stays")
		} else if math.Abs(float64(v-r.Start[i])) > 0.05 {
			changed = true
		}
	}
	assert.True(t, changed)

	r.Mask, r.Strength = nil, 0.05
	weak := distance(painted(t, st, r).Pictures, r.Start)
	r.Strength = 0.9
	assert.Less(t, weak, distance(painted(t, st, r).Pictures, r.Start), "more noise leaves less of the picture")

	dir := t.TempDir()
	square := filepath.Join(dir, "mask.png")
	f40 := &Pictures{N: 1, H: 38, W: 38, C: 1, Pixels: make([]float32, 38*38)}
	file, err := os.Create(square)
	require.NoError(t, err)
	require.NoError(t, f40.PNG(file, 1))
	require.NoError(t, file.Close())
	_, err = st.OwnMask(square)
	assert.ErrorContains(t, err, "40x40 pixels: want the 32x32")
	px, notes, err := st.OwnPicture(square)
	require.NoError(t, err)
	assert.Len(t, px, 32*32*3)
	assert.NotEmpty(t, notes)
	_, err = st.OwnMask(filepath.Join(dir, "none.png"))
	assert.Error(t, err)
}

func studioCheck(t *testing.T, st *Studio) {
	for want, change := range map[string]func(*Request){
		"steps 0: want 1 to 1000":            func(r *Request) { r.Steps = 0 },
		"steps 100000: want":                 func(r *Request) { r.Steps = 100000 },
		"guidance NaN":                       func(r *Request) { r.Guidance = math.NaN() },
		"did you mean euler":                 func(r *Request) { r.Sampler = "eule" },
		"a mask of 4 values: want 1024":      func(r *Request) { r.Start, r.Mask = make([]float32, 3072), make([]float32, 4) },
		"a start of 5 values":                func(r *Request) { r.Start = make([]float32, 5) },
		"a mask without a picture":           func(r *Request) { r.Mask = make([]float32, 1024) },
		"strength NaN":                       func(r *Request) { r.Start, r.Strength = make([]float32, 3072), math.NaN() },
		"0 pictures: want 1 to 1024":         func(r *Request) { r.Kind = Variations },
		"1025 pictures":                      func(r *Request) { r.Kind, r.Count = Variations, 1025 },
		"spread NaN":                         func(r *Request) { r.Kind, r.Count, r.Spread = Variations, 2, math.NaN() },
		"1 columns between two prompts":      func(r *Request) { r.Kind, r.Count = Interpolation, 1 },
		"a grid of 0 guidances":              func(r *Request) { r.Kind, r.StepCounts = Grid, []int{1} },
		"a grid of 17 counts":                func(r *Request) { r.Kind, r.Guidances, r.StepCounts = Grid, []float64{1}, make([]int, 17) },
		"guidance +Inf":                      func(r *Request) { r.Kind, r.Guidances, r.StepCounts = Grid, []float64{math.Inf(1)}, []int{1} },
		"steps -1":                           func(r *Request) { r.Kind, r.Guidances, r.StepCounts = Grid, []float64{1}, []int{-1} },
		"kind 9: want one":                   func(r *Request) { r.Kind = 9 },
		"the prompt has no word that this":   func(r *Request) { r.Prompt = "xylophone 🦓" },
		"the other prompt: the prompt has":   func(r *Request) { r.Kind, r.Count, r.To = Interpolation, 2, "qwertz" },
		"negative prompt: the prompt has no": func(r *Request) { r.Negative = "🦓" },
	} {
		r := brief("a red circle")
		change(&r)
		_, err := st.Paint(context.Background(), r, nil)
		var usage *UsageError
		if assert.ErrorAs(t, err, &usage, want) {
			assert.ErrorContains(t, err, want)
			assert.NotContains(t, err.Error(), "\n")
		}
	}
	at := st.About()
	at.OneShot, at.Model = true, "tgan"
	for want, change := range map[string]func(*Request){
		"no guidance and no steps":  func(r *Request) { r.Kind = Grid },
		"cannot begin with":         func(r *Request) { r.Start = make([]float32, 3072) },
		"keeps away from nothing":   func(r *Request) { r.Negative = "red" },
		"no way between two prompt": func(r *Request) { r.Kind = Interpolation },
	} {
		r := brief("a red circle")
		change(&r)
		assert.ErrorContains(t, r.Check(at), want)
	}
	for _, odd := range []string{"", strings.Repeat("red circle ", 1000), "red \x1b[31m circle\x00", "red 🦓", "一个红色的圆"} {
		painted(t, st, brief(odd))
	}
}

func studioRead(t *testing.T, st *Studio) {
	line := "A small\x1b  zebra cirle 红色的圆"
	r := st.Read(line)
	require.GreaterOrEqual(t, len(r.Tokens), 6)
	for i, token := range r.Tokens {
		assert.Equal(t, i, token.Place)
		assert.NotEmpty(t, line[token.Start:token.End])
		assert.NotContains(t, token.Text, "\x1b")
	}
	assert.Equal(t, "small", r.Tokens[1].Text)
	assert.Equal(t, "<unknown>", r.Tokens[2].Text)
	require.Len(t, r.Unknown, 2)
	assert.Equal(t, "zebra", r.Unknown[0].Word)
	assert.Contains(t, r.Unknown[1].Nearest, "circle")
	require.Len(t, r.Notices(), 1)
	assert.Contains(t, r.Notices()[0], `"cirle" (near circle`)
	assert.True(t, st.Read(" \x00 ").Empty)
	long := st.Read(strings.Repeat("red ", 2500))
	assert.True(t, long.Cut)
	assert.Contains(t, long.Notices()[0], "only its first 32 words")

	assert.Contains(t, st.Complete("a small ci", 9), "circle")
	assert.Equal(t, "a small circle", Completed("a small ci", "circle"))
	assert.Equal(t, "A circle", Completed("A Ci", "circle"))
	assert.NotEmpty(t, st.Complete("", 3))
	assert.Contains(t, st.Complete("一个红", 9), "红色")
	assert.Equal(t, "一个红色", Completed("一个红", "红色"))
	assert.Empty(t, st.Complete("a qqq", 5))
}

// A Paint ends with its context, and so does one that waits for its turn.
func studioEnds(t *testing.T, st *Studio) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := brief("a red circle")
	r.Steps = 1000
	_, err := st.Paint(ctx, r, func(Frame) { cancel() })
	assert.ErrorIs(t, err, context.Canceled)

	inside, leave := make(chan bool), make(chan bool)
	done := make(chan error)
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	go func() {
		first := true
		_, err := st.Paint(ctx, r, func(Frame) {
			if first {
				first = false
				inside <- true
				<-leave
			}
		})
		done <- err
	}()
	<-inside
	short, end := context.WithTimeout(context.Background(), time.Millisecond)
	defer end()
	_, err = st.Paint(short, brief("a red circle"), nil)
	assert.ErrorIs(t, err, context.DeadlineExceeded, "the second waits for its turn")
	cancel()
	leave <- true
	assert.ErrorIs(t, <-done, context.Canceled)
	painted(t, st, brief("a red circle"))
}

// A brush of the same size is kept, and only the latest few are.
func studioBrushes(t *testing.T, st *Studio) {
	r := brief("a red circle")
	r.Steps, r.Kind = 1, Variations
	for n := 1; n <= keptBrush+2; n++ {
		r.Count = n
		painted(t, st, r)
	}
	require.Len(t, st.brushes.kept, keptBrush)
	last := st.brushes.kept[0]
	assert.Equal(t, 2*3, last.Rows())
	r.Count = 3
	painted(t, st, r)
	assert.Same(t, last, st.brushes.kept[keptBrush-1])
	r.Count = 20
	f := painted(t, st, r)
	assert.Len(t, f.Frames, 2, "16 pictures, and 4 after them")
}

func TestStudioCloses(t *testing.T) {
	s := session(t)
	dir := reader(t, s)
	st, err := s.OpenStudio(context.Background(), dir)
	require.NoError(t, err)
	r := brief("a red circle")
	r.Steps = 1000
	begun, done := make(chan bool, 1), make(chan error)
	go func() {
		_, err := st.Paint(context.Background(), r, func(Frame) {
			select {
			case begun <- true:
			default:
			}
		})
		done <- err
	}()
	<-begun
	require.NoError(t, st.Close())
	assert.ErrorIs(t, <-done, errStudioClosed)
	_, err = st.Paint(context.Background(), brief("red"), nil)
	assert.ErrorIs(t, err, errStudioClosed)
	require.NoError(t, st.Close())

	st, err = s.OpenStudio(context.Background(), dir)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, err = st.Paint(context.Background(), brief("red"), nil)
	assert.ErrorIs(t, err, errStudioClosed, "the session closes what nobody else has")
}

// What is damaged on disk is said in a line, and what is whole is used.
func TestStudioOfADamagedRun(t *testing.T) {
	ctx, s := context.Background(), session(t)
	dir := reader(t, s)
	files, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	slices.Sort(files)
	require.NoError(t, os.Truncate(files[1], 100))
	st, err := s.OpenStudio(ctx, dir)
	require.NoError(t, err)
	assert.EqualValues(t, 1, st.About().Step)
	assert.Contains(t, strings.Join(st.About().Notes, " "), "checkpoint of step 2 is damaged")
	require.NoError(t, st.Close())

	config := filepath.Join(dir, "config.json")
	text, err := os.ReadFile(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(config, []byte(strings.Replace(string(text), "mllab vocabulary", "words", 1)), 0o666))
	_, err = s.OpenStudio(ctx, dir)
	assert.ErrorContains(t, err, "its vocabulary")
	assert.NotContains(t, err.Error(), "\n")
	require.NoError(t, os.WriteFile(config, text, 0o666))

	require.NoError(t, os.Truncate(files[0], 0))
	_, err = s.OpenStudio(ctx, dir)
	assert.ErrorContains(t, err, "no checkpoint is whole")
	for _, f := range files {
		require.NoError(t, os.Remove(f))
	}
	_, err = s.OpenStudio(ctx, dir)
	assert.ErrorContains(t, err, "train it for longer")

	_, err = s.OpenStudio(ctx, "no such run")
	assert.ErrorContains(t, err, "no run")
}

// A net whose weights are no numbers has no pictures.
func TestStudioOfABrokenNet(t *testing.T) {
	st := studio(t)
	for name, tensor := range st.l.state.Tensors() {
		if strings.Contains(name, "cout") {
			v, err := tensor.Float32()
			require.NoError(t, err)
			for i := range v {
				v[i] = float32(math.NaN())
			}
			require.NoError(t, engine.Write(tensor, v))
		}
	}
	_, err := st.Paint(context.Background(), brief("a red circle"), nil)
	assert.ErrorContains(t, err, "not numbers")
	assert.False(t, errors.Is(err, context.Canceled))
}
