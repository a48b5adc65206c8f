package samples

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func openScenes(t testing.TB, o Options) *scenes {
	t.Helper()
	src, err := Open("scenes", o)
	require.NoError(t, err)
	return src.(*scenes)
}

// described opens a source that knows its pictures.
func described(t testing.TB, name string, o Options) Describer {
	t.Helper()
	src, err := Open(name, o)
	require.NoError(t, err)
	return src.(Describer)
}

// TestSceneCaptionsAgree: what is read out of a caption is true of its picture, in both languages.
func TestSceneCaptionsAgree(t *testing.T) {
	for _, language := range []string{English, Chinese} {
		single := described(t, "shapes", Options{Language: language})
		for i := range 5000 {
			caption, truth := single.Caption(Train, i), single.Truth(Train, i)
			wanted := single.Wanted(caption)
			require.True(t, truth.Includes(wanted), "%q asks for %s\nbut is of %s", caption, wanted, truth)
			require.Equal(t, "1", wanted.Value("objects"), caption)
		}
		src := openScenes(t, Options{Language: language, Seed: 5})
		wordings, said := map[string]bool{}, map[string]int{}
		for i := range 10000 {
			caption, truth := src.Caption(Train, i), src.Truth(Train, i)
			wanted := src.Wanted(caption)
			require.True(t, truth.Includes(wanted), "%q asks for %s\nbut is of %s", caption, wanted, truth)
			require.Equal(t, truth.Value("objects"), wanted.Value("objects"), caption)
			for k := range len(truth.Value("objects")) {
				require.NotEmpty(t, wanted.Value(nth("shape", k)), caption)
				require.NotEmpty(t, wanted.Value(nth("colour", k)), caption)
			}
			wordings[caption] = true
			for _, a := range wanted {
				said[a.Name]++
			}
		}
		assert.Greater(t, len(wordings), 8000, "captions vary")
		for _, name := range []string{"size", "position", "shape 3", "size 2", "position 2", "relation", "background"} {
			assert.Greater(t, said[name], 500, name)
		}
		assert.Less(t, said["background"], 9000, "some leave it open")
	}
}

func TestWantedScene(t *testing.T) {
	src := openScenes(t, Options{})
	cases := []struct{ prompt, want string }{
		{"", ""},
		{"!!! \x00 😀 zebra", ""},
		{"a red circle", "shape circle, colour red, objects 1"},
		{"A BIG Red Disc, top left", "shape circle, colour red, size large, position top left, objects 1"},
		{"square", "shape square, objects 1"},
		{"on the left a red circle, on the right a blue square",
			"shape circle, colour red, position left, shape 2 square, colour 2 blue, position 2 right, objects 2"},
		{"at the top on the left there is a red circle", "shape circle, colour red, position top left, objects 1"},
		{"a red circle right of a small blue square",
			"shape square, colour blue, size small, shape 2 circle, colour 2 red, relation left of, objects 2"},
		{"to the left of the blue square is a red circle",
			"shape circle, colour red, shape 2 square, colour 2 blue, relation left of, objects 2"},
		{"red triangle on white", "shape triangle, colour red, objects 1, background white"},
		{"a black background with a tiny cross", "shape cross, size small, objects 1, background black"},
		{"a red circle on a purple background", "shape circle, colour red, objects 1, background purple"},
		{"a black circle", "shape circle, colour black, objects 1"},
		{"two red circles and a box", "shape circle, colour red, shape 2 circle, colour 2 red, shape 3 square, objects 3"},
		{"three circles, two squares", "shape circle, shape 2 circle, shape 3 circle, objects more"},
		{"左上角有一个红色的大圆形，白色背景",
			"shape circle, colour red, size large, position top left, objects 1, background white"},
		{"红圆在蓝色方块的左边", "shape circle, colour red, shape 2 square, colour 2 blue, relation left of, objects 2"},
		{"蓝色方块的左边有一个红圆", "shape circle, colour red, shape 2 square, colour 2 blue, relation left of, objects 2"},
		{"红色圆形在画面的左边", "shape circle, colour red, position left, objects 1"},
		{"redcircle encircled", ""},
	}
	for _, c := range cases {
		t.Run(c.prompt, func(t *testing.T) { assert.Equal(t, c.want, src.Wanted(c.prompt).String()) })
	}
}

// TestHeldShapes: training never shows a combination that is held out; the test split shows each.
func TestHeldShapes(t *testing.T) {
	src := openScenes(t, Options{Seed: 9})
	held := src.Held()
	assert.Len(t, held, 6, "1 in 8 of 48")
	single := described(t, "shapes", Options{})
	for i := range 50000 {
		require.False(t, src.HeldOut(src.Truth(Train, i)), "example %d", i)
		require.False(t, single.HeldOut(single.Truth(Train, i)), "example %d", i)
	}
	seen := map[string]int{}
	for i := range sceneTests {
		truth := src.Truth(Test, i)
		for _, h := range held {
			if truth.Includes(h) {
				seen[h.String()]++
			}
		}
	}
	assert.Len(t, seen, 6, "%v", seen)
	assert.True(t, src.HeldOut(src.Wanted("a red circle and a tiny green square")))
	assert.False(t, src.HeldOut(src.Wanted("a green square and a small circle")), "open sizes hold nothing out")
	assert.False(t, src.HeldOut(nil))
}

func TestScenesApart(t *testing.T) {
	a, b := openScenes(t, Options{Seed: 1}), openScenes(t, Options{Seed: 2})
	differ := 0
	for i := range 200 {
		assert.Equal(t, a.Truth(Test, i), b.Truth(Test, i), "the test split is the same for every seed")
		if a.Truth(Train, i).String() != b.Truth(Train, i).String() {
			differ++
		}
	}
	assert.Greater(t, differ, 150)
	assert.Nil(t, a.Truth(Train, -1))
	assert.Nil(t, a.Truth(Test, sceneTests))
	assert.Nil(t, a.Truth(Split(4), 0))
	assert.Empty(t, a.Caption(Test, sceneTests))
}

// TestScenesWhole: no object leaves the picture, and none touches another.
func TestScenesWhole(t *testing.T) {
	src := openScenes(t, Options{})
	for i := range 5000 {
		sc, _ := src.scene(Train, i)
		for k, o := range sc.objects {
			_, f := o.form()
			for v := 0.0; v <= 1; v += 0.05 {
				for _, p := range [][2]float64{{0, v}, {1, v}, {v, 0}, {v, 1}} {
					require.Positive(t, f(p[0], p[1]), "object %d of %d", k, i)
				}
			}
			if !sc.free {
				column, row := sceneLayout.cell(o)
				require.Equal(t, [2]int{o.column, o.row}, [2]int{column, row})
			}
		}
	}
}

func FuzzWanted(f *testing.F) {
	for _, s := range []string{"a red circle left of a blue square", "左上角有一个红色的大圆形", "two two three circles", "|,\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, prompt string) {
		truth := wantedScene(prompt)
		names := map[string]bool{}
		for _, a := range truth {
			require.NotEmpty(t, a.Value)
			require.False(t, names[a.Name], "%s twice", a.Name)
			names[a.Name] = true
		}
		heldOutShape(truth)
	})
}

func BenchmarkScenes(b *testing.B) {
	src := openScenes(b, Options{})
	buf := make([]float32, src.Info().Values())
	for i := 0; b.Loop(); i++ {
		if _, err := src.Example(Train, i, buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadScene(b *testing.B) {
	src := openScenes(b, Options{})
	buf := make([]float32, src.Info().Values())
	for i := 0; b.Loop(); i++ {
		if _, err := src.Example(Test, i, buf); err != nil {
			b.Fatal(err)
		}
		src.Look(buf, 32)
	}
}

// TestScenesTaught: a training begins with pictures of one object, and ends with as many of two and three as there
// are in the examples that no training begins with: 40%, and a little more since what is held out is rarer there.
func TestScenesTaught(t *testing.T) {
	s, err := newScenes(Options{Seed: 5})
	require.NoError(t, err)
	b := NewBatcher(s, 1, 9)
	plain := b.Index(0, 0)
	b.Teach()
	share := func(from int) float64 {
		one := 0
		for j := range 2000 {
			if sc, _ := s.scene(Train, from+j); len(sc.objects) == 1 {
				one++
			}
		}
		return float64(one) / 2000
	}
	assert.Equal(t, 1.0, share(b.Index(0, 0)))
	assert.Equal(t, 1.0, share(b.Index(sceneAlone-2000, 0)))
	assert.InDelta(t, 0.72, share(b.Index(sceneAlone*3/2-1000, 0)), 0.05)
	assert.InDelta(t, 0.44, share(b.Index(2*sceneAlone, 0)), 0.05)
	assert.InDelta(t, 0.44, share(0), 0.05)
	assert.InDelta(t, 0.44, share(plain), 0.05, "what is not taught begins with all")
}
