package lesson

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const head = "---\norder: 1\nscreen: 4\nen: T\nzh: 题\n---\n"

const whole = head + "## step\n```lab\nset kernel sobel-x\ncheck out.h = $in.h\nchanged stride\n```\n" +
	"### en\nLook **here**.\n\n```go\nx := 1\n```\n### zh\n看。\n## step\n### en\nEnd.\n### zh\n完。\n"

func TestParse(t *testing.T) {
	l, err := Parse("t", strings.ReplaceAll(whole, "\n", "\r\n"))
	require.NoError(t, err)
	assert.Equal(t, byte('4'), l.Screen)
	require.Len(t, l.Steps, 2)
	assert.Equal(t, []Setting{{"kernel", "sobel-x"}}, l.Steps[0].Set)
	assert.Equal(t, []Check{{"out.h", "=", "$in.h"}, {Name: "stride", Op: changed}}, l.Steps[0].Checks)
	assert.Equal(t, "Look **here**.\n\n```go\nx := 1\n```", l.Steps[0].Text["en"], "a fence of the text stays")
	assert.Equal(t, "完。", l.Steps[1].Text["zh"])
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "t.md:1: \"\" in the head",
		"---\norder: x\n":                        "order \"x\": want a whole number",
		"---\nscreen: 12\n":                      "want the digit of one",
		"---\ncolour: red\n":                     "want order, screen, en, zh",
		"---\norder: 1":                          "the head does not end",
		head:                                     "no steps",
		head + "text":                            "stands before the first step",
		head + "## step\ntext":                   "belongs to no language",
		head + "## step\n### fr\n":               "language \"fr\": want one of en, zh",
		head + "## step\n### en\nA\n":            "step 1 has no text in zh",
		head + "## step\n### en\nA\n### en\nB\n": "a second text in en",
		head + "## step\n```lab\nset a\n":        "want `set NAME VALUE`",
		head + "## step\n```lab\ncheck a ~ 2\n":  "want `set NAME VALUE`",
		head + "## step\n```lab\nset a b\n":      "a lab block does not end",
		"---\norder: 1\nen: T\nzh: T\n---\n## step\n### en\nA\n### zh\nB\n": "no screen",
		"---\nscreen: 1\nen: T\n---\n## step\n### en\nA\n### zh\nB\n":       "no title in zh",
	} {
		_, err := Parse("t", text)
		if assert.Error(t, err, text) {
			assert.Contains(t, err.Error(), want)
		}
	}
	_, err := read(fstest.MapFS{"text/a.md": {Data: []byte("no lesson")}}, "text")
	assert.ErrorContains(t, err, "a.md:1")
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Fuzz(func(t *testing.T, text string) {
		l, err := Parse("t", text)
		if err != nil {
			return
		}
		for _, s := range l.Steps {
			for _, lang := range Languages {
				require.NotEmpty(t, s.Text[lang])
			}
		}
		p := Begin(&l)
		for range 9 {
			p.Look(map[string]string{"a": "1"})
			p.Move(1)
		}
		require.True(t, p.Last())
	})
}

func TestChecks(t *testing.T) {
	facts := map[string]string{"out.h": "28", "in.h": "28.0", "name": "sobel-x", "loss": "NaN", "big": "1e3"}
	for _, c := range []struct {
		check Check
		want  bool
	}{
		{Check{"out.h", "=", "28"}, true}, {Check{"out.h", "=", "$in.h"}, true}, {Check{"out.h", "!=", "27"}, true},
		{Check{"out.h", "<", "28"}, false}, {Check{"out.h", "<=", "28"}, true}, {Check{"big", ">", "999"}, true},
		{Check{"big", ">=", "1001"}, false}, {Check{"name", "=", "sobel-x"}, true}, {Check{"name", ">", "a"}, false},
		{Check{"name", "!=", "box"}, true}, {Check{"gone", "!=", "1"}, false}, {Check{"out.h", "=", "$gone"}, false},
		{Check{"loss", "<", "9"}, false}, {Check{"loss", "!=", "9"}, false},
		{Check{Name: "name", Op: changed}, true}, {Check{Name: "out.h", Op: changed}, false},
		{Check{"out.h", grown, "0"}, true}, {Check{"out.h", grown, "1"}, false}, {Check{"big", grown, "1"}, false},
		{Check{"name", grown, "1"}, false},
	} {
		assert.Equal(t, c.want, c.check.Holds(facts, map[string]string{"out.h": "28", "name": "box"}), c.check)
	}
}

func TestProgress(t *testing.T) {
	l, err := Parse("t", whole)
	require.NoError(t, err)
	p := Begin(&l)
	facts := map[string]string{"out.h": "28", "in.h": "30", "stride": "1"}
	for range settle {
		assert.False(t, p.Look(facts))
	}
	facts["out.h"] = "30"
	assert.False(t, p.Look(facts), "the stride has not changed")
	facts["stride"] = "2"
	assert.True(t, p.Look(facts))
	assert.True(t, p.Done())
	assert.False(t, p.Look(facts), "once")
	assert.False(t, p.Last())
	assert.True(t, p.Move(1))
	assert.True(t, p.Done() && p.Last(), "it only has to be read")
	assert.False(t, p.Move(1))
	assert.True(t, p.Move(-1))
	assert.True(t, p.Done(), "what was done stays done")
}

func TestLanguage(t *testing.T) {
	for v, want := range map[string]string{"zh_CN.UTF-8": "zh", "zh": "zh", "zh-TW": "zh", "en_GB": "en", "de_DE": "en",
		"": "en", "C": "en", "zhuang": "en"} {
		assert.Equal(t, want, Language(func(k string) string {
			if k == "LANG" {
				return v
			}
			return ""
		}), v)
	}
	assert.Equal(t, "en", Language(func(k string) string { return map[string]string{"LC_ALL": "en_US", "LANG": "zh_CN"}[k] }))
	assert.Equal(t, "zh", Following("en"))
	assert.Equal(t, "en", Following("zh"))
}

// TestAll checks every lesson of the program, in every language.
func TestAll(t *testing.T) {
	all := All()
	names := map[string]bool{}
	for i, l := range all {
		names[l.Name] = true
		if i > 0 {
			assert.Less(t, all[i-1].Order, l.Order, "%s and %s have one place", all[i-1].Name, l.Name)
		}
		checks := 0
		for _, s := range l.Steps {
			checks += len(s.Checks)
		}
		assert.Positive(t, checks, "%s asks the learner to do something", l.Name)
	}
	for _, must := range []string{"convolution", "stride-padding", "receptive-field", "activations", "checkerboard",
		"backpropagation", "autoencoder", "beta", "gan-game", "mode-collapse", "latent", "profiling"} {
		assert.Contains(t, names, must)
	}
}
