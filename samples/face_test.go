package samples

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func openFaces(t testing.TB, o Options) *cartoons {
	t.Helper()
	src, err := Open("faces", o)
	require.NoError(t, err)
	return src.(*cartoons)
}

// TestFaceCaptionsAgree: what is read out of a caption is true of its picture, in both languages.
func TestFaceCaptionsAgree(t *testing.T) {
	for _, language := range []string{English, Chinese} {
		src := openFaces(t, Options{Language: language, Seed: 5})
		wordings, said := map[string]bool{}, map[string]int{}
		for i := range 10000 {
			caption, truth := src.Caption(Train, i), src.Truth(Train, i)
			wanted := src.Wanted(caption)
			require.True(t, truth.Includes(wanted), "%q asks for %s\nbut is of %s", caption, wanted, truth)
			wordings[caption] = true
			for _, a := range wanted {
				said[a.Name]++
			}
		}
		assert.Greater(t, len(wordings), 8000, "captions vary")
		for _, a := range features {
			assert.Greater(t, said[a.name], 1000, "%s in %s", a.name, language)
			assert.Less(t, said[a.name], 9500, "%s in %s", a.name, language)
		}
	}
}

func TestWantedFace(t *testing.T) {
	src := openFaces(t, Options{})
	cases := []struct{ prompt, want string }{
		{"", ""},
		{"a zebra \x1b 😀", ""},
		{"a smiling person with long, red hair", "hair long, hair colour red, expression happy"},
		{"bald, with a black beard and no hat", "hair bald, hair colour black, beard beard, hat no hat"},
		{"pale skin, blue eyes, a green woolly hat", "skin light, eyes blue, hat beanie, hat colour green"},
		{"the background is pink, the hair is blonde", "hair colour blond, background pink"},
		{"green hair", "hair colour green"},
		{"without glasses, mouth open", "glasses no glasses, mouth open"},
		{"someone in dark glasses and a purple hat", "glasses sunglasses, hat colour purple"},
		{"一张微笑的脸，红色的长发，戴墨镜，蓝色背景", "hair long, hair colour red, glasses sunglasses, expression happy, background blue"},
		{"没有胡子，不戴帽子，张着嘴，深色皮肤", "skin dark, beard no beard, mouth open, hat no hat"},
	}
	for _, c := range cases {
		t.Run(c.prompt, func(t *testing.T) { assert.Equal(t, c.want, src.Wanted(c.prompt).String()) })
	}
}

func TestHeldFaces(t *testing.T) {
	src := openFaces(t, Options{Seed: 3})
	held := src.Held()
	assert.InDelta(t, 60.0/8, len(held), 1)
	for i := range 50000 {
		require.False(t, src.HeldOut(src.Truth(Train, i)), "example %d", i)
	}
	seen := map[string]int{}
	for i := range faceTests {
		for _, h := range held {
			if src.Truth(Test, i).Includes(h) {
				seen[h.String()]++
			}
		}
	}
	assert.Len(t, seen, len(held))
	pairs := map[string]bool{} // each pair of words is learnt, though not with every third
	for i := range 5000 {
		truth := src.Truth(Train, i)
		pairs[truth.Value("hair")+" "+truth.Value("hair colour")] = true
		pairs[truth.Value("hair")+" "+truth.Value("glasses")] = true
		pairs[truth.Value("hair colour")+" "+truth.Value("glasses")] = true
	}
	for _, h := range held {
		assert.True(t, pairs[h[0].Value+" "+h[1].Value] && pairs[h[0].Value+" "+h[2].Value] &&
			pairs[h[1].Value+" "+h[2].Value], "%s", h)
	}
}

func FuzzWantedFace(f *testing.F) {
	for _, s := range []string{"long red hair is is blue", "不戴红色长发背景是", "no no beard bald", "|,\xff"} {
		f.Add(s)
	}
	src := openFaces(f, Options{})
	f.Fuzz(func(t *testing.T, prompt string) {
		for _, a := range src.Wanted(prompt) {
			require.NotEmpty(t, a.Value)
		}
	})
}

func BenchmarkFaces(b *testing.B) {
	src := openFaces(b, Options{})
	buf := make([]float32, src.Info().Values())
	for i := 0; b.Loop(); i++ {
		if _, err := src.Example(Train, i, buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadFace(b *testing.B) {
	src := openFaces(b, Options{})
	buf := make([]float32, src.Info().Values())
	for i := 0; b.Loop(); i++ {
		if _, err := src.Example(Test, i, buf); err != nil {
			b.Fatal(err)
		}
		src.Look(buf, 32)
	}
}
