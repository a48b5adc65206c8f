package text

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var known = []string{"a", "small", "large", "red", "green", "circle", "square", "on", "the", "left",
	"红色", "的", "大", "圆形", "圆", "左边", "在"}

func ofWords(t testing.TB) *Vocabulary {
	v, err := OfWords(known)
	require.NoError(t, err)
	return v
}

var captions = []string{
	"a small red circle on the left", "a large green square on the right", "one large red square",
	"a small green circle in the middle", "a tiny red square on the left", "a large red circle, on the right",
	"左边的红色圆形", "右边的红色方形", "红色的大圆形", "绿色的大方形",
}

func ofPairs(t testing.TB) *Vocabulary {
	v, err := Learn(Pairs, captions, 120)
	require.NoError(t, err)
	return v
}

func TestNormalise(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"case and spaces", "  A  Small\tRED\ncircle ", "a small red circle"},
		{"punctuation", "red, (green); blue-ish!", "red green blue ish"},
		{"full width", "ＲＥＤ　ｃｉｒｃｌｅ，１", "red circle 1"},
		{"ligature and fraction", "ﬁsh ½", "fish 1 ⁄ 2"},
		{"composed", "cafe\u0301", "café"},
		{"capital of two bytes", "İstanbul ẞ", "istanbul ß"},
		{"apostrophes", "'don’t' it's ''", "don't it's"},
		{"controls", "re\x00d\x1b[31m blue\u202e", "re d 31m blue"},
		{"silent", "re\u200bd\u00ad", "red"},
		{"emoji", "a 😀👍red", "a 😀 👍 red"},
		{"chinese", "左边的红色圆形，和a圆", "左边的红色圆形 和 a 圆"},
		{"not UTF-8", "red\xff\xfeblue", "red blue"},
		{"marks alone", "\u0301\u0302 red", "red"},
		{"the marker", "▁red", "red"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, Normalise(c.in)) })
	}
}

func TestEncodeWords(t *testing.T) {
	v := ofWords(t)
	prompt := "A small  RED, circle"
	e := v.Encode(prompt, 6)
	assert.Equal(t, []float32{1, 1, 1, 1, 0, 0}, e.Mask)
	assert.Equal(t, []int32{Pad, Pad}, e.IDs[4:])
	assert.Equal(t, "a small red circle", v.Decode(e.IDs))
	var from []string
	for _, s := range e.Spans {
		from = append(from, prompt[s.Start:s.End])
	}
	assert.Equal(t, []string{"A", "small", "RED", "circle"}, from)
	assert.Empty(t, e.Unknown)
	assert.False(t, e.Empty())
}

func TestEncodeChinese(t *testing.T) {
	v := ofWords(t)
	prompt := "大红色的圆形在左边。"
	e := v.Encode(prompt, 8)
	var from []string
	for _, s := range e.Spans {
		from = append(from, prompt[s.Start:s.End])
	}
	assert.Equal(t, []string{"大", "红色", "的", "圆形", "在", "左边"}, from)
	assert.Equal(t, "大红色的圆形在左边", v.Decode(e.IDs))

	e = v.Encode("紫色的圆形", 8)
	require.Len(t, e.Unknown, 1)
	assert.Equal(t, "紫色", e.Unknown[0].Word, "unknown characters beside each other are one word")
	assert.Equal(t, []string{"红色"}, e.Unknown[0].Nearest)
	assert.Equal(t, []int32{Unknown, Unknown}, e.IDs[:2])
}

func TestUnknownWords(t *testing.T) {
	v := ofWords(t)
	e := v.Encode("a smal cirlce of zebras, smal", 8)
	require.Len(t, e.Unknown, 4)
	assert.Equal(t, "smal", e.Unknown[0].Word)
	assert.Equal(t, "small", e.Unknown[0].Nearest[0])
	assert.Equal(t, []string{"circle"}, e.Unknown[1].Nearest, "swapped letters are one mistake")
	assert.Equal(t, "of", e.Unknown[2].Word)
	assert.Empty(t, e.Unknown[3].Nearest, "nothing is like zebras")
	assert.Equal(t, Span{2, 6}, e.Unknown[0].Span)

	var long []string
	for i := range 20 {
		long = append(long, strings.Repeat("z", i+1))
	}
	e = v.Encode(strings.Join(long, " "), 4)
	assert.Len(t, e.Unknown, MaxReported)
	assert.Equal(t, 20-MaxReported, e.More)
	assert.Equal(t, 16, e.Left)
}

// TestStrangePrompts: each gives a clear value.
func TestStrangePrompts(t *testing.T) {
	for _, v := range []*Vocabulary{ofWords(t), ofPairs(t)} {
		for _, empty := range []string{"", "  \n", "...!?", "\x00\x1b", "\xff\xfe\xfd", "\u200b"} {
			e := v.Encode(empty, 4)
			assert.True(t, e.Empty(), "%q", empty)
			assert.Equal(t, []int32{Null, Pad, Pad, Pad}, e.IDs)
			assert.Equal(t, []float32{1, 0, 0, 0}, e.Mask)
			assert.Equal(t, v.None(4), e)
		}
		e := v.Encode("😀😀", 4)
		assert.Equal(t, []int32{Unknown, Unknown}, e.IDs[:2])
		assert.Equal(t, "😀", e.Unknown[0].Word)
		assert.NotContains(t, e.IDs, int32(Null))

		for _, long := range []string{strings.Repeat("red ", 2500), strings.Repeat("x", 10000),
			strings.Repeat("红", 10000), strings.Repeat("e\u0301\u0302", 5000), strings.Repeat("😀", 10000)} {
			e = v.Encode(long, 16)
			assert.Len(t, e.IDs, 16)
			assert.Len(t, e.Spans, 16)
			assert.Positive(t, e.Left)
		}
		assert.True(t, v.Encode(strings.Repeat("red ", MaxPrompt), 4).Cut)
		assert.Len(t, v.Encode("red", -3).IDs, 1)
	}
}

func TestPairs(t *testing.T) {
	v := ofPairs(t)
	assert.Equal(t, Pairs, v.Kind())
	assert.LessOrEqual(t, v.Len(), 120)
	assert.Greater(t, v.Len(), v.first, "pairs were merged")
	for _, c := range captions {
		e := v.Encode(c, 64)
		assert.Equal(t, strings.ReplaceAll(Normalise(c), " ", ""), strings.ReplaceAll(v.Decode(e.IDs), " ", ""))
		assert.Empty(t, e.Unknown, c)
		at := 0
		for _, s := range e.Spans {
			assert.GreaterOrEqual(t, s.Start, at)
			assert.Greater(t, s.End, s.Start)
			at = s.End
		}
	}
	assert.Equal(t, "a small red circle on the left", v.Decode(v.Encode(captions[0], 64).IDs))
	e := v.Encode(captions[0], 64)
	assert.Less(t, len(e.Spans), len(captions[0])/2, "tokens are longer than characters")

	e = v.Encode("a reder circle", 16)
	require.Len(t, e.Unknown, 1, "made of known pieces, but never seen")
	assert.Equal(t, "reder", e.Unknown[0].Word)
	assert.NotContains(t, e.IDs, int32(Unknown))
	again, err := Learn(Pairs, captions, 120)
	require.NoError(t, err)
	assert.Equal(t, v, again, "a function of the captions")
}

func TestLearn(t *testing.T) {
	v, err := Learn(Words, captions, 10)
	require.NoError(t, err)
	assert.Equal(t, 10, v.Len())
	assert.Equal(t, "a", v.Token(Special), "the most frequent comes first")
	assert.Equal(t, "<unknown>", v.Token(-1))
	for _, c := range []struct {
		kind Kind
		list []string
		size int
		want string
	}{
		{"letters", captions, 50, `vocabulary of "letters": want words or pairs`},
		{Words, captions, 3, "vocabulary of 3 tokens: want 4 to 65536"},
		{Pairs, captions, MaxTokens + 1, "want 4 to 65536"},
		{Pairs, []string{"", "!?"}, 50, "no word in 2 captions"},
	} {
		_, err := Learn(c.kind, c.list, c.size)
		assert.ErrorContains(t, err, c.want)
	}
	_, err = OfWords(nil)
	assert.Error(t, err)
}

// TestLearnLarge: a real number of captions takes a moment, not minutes.
func TestLearnLarge(t *testing.T) {
	var many []string
	for i := range 4000 {
		many = append(many, fmt.Sprintf("word%d of number%d and thing%d", i%997, i%613, i%89))
	}
	v, err := Learn(Pairs, many, 1024)
	require.NoError(t, err)
	assert.Greater(t, v.Len(), 500)
}

func TestComplete(t *testing.T) {
	v := ofWords(t)
	assert.Equal(t, []string{"small", "square"}, v.Complete("S", 5))
	assert.Equal(t, []string{"圆形"}, v.Complete("圆", 5))
	assert.Len(t, v.Complete("", 3), 3)
	assert.Empty(t, v.Complete("circle", 3))
	assert.Contains(t, ofPairs(t).Complete("sq", 3), "square")
	assert.Equal(t, known, v.Known())
}

func TestVocabularyFile(t *testing.T) {
	for _, v := range []*Vocabulary{ofWords(t), ofPairs(t)} {
		data, err := v.MarshalText()
		require.NoError(t, err)
		assert.NotContains(t, string(data), "\n")
		again, err := Parse(data)
		require.NoError(t, err)
		assert.Equal(t, v, again)
	}
}

func TestDamagedVocabularies(t *testing.T) {
	head := `{"format":"mllab vocabulary","version":1,`
	cases := []struct{ name, data, want string }{
		{"empty", "", "not JSON"},
		{"cut", head + `"kind":"words","tok`, "not JSON"},
		{"another file", `{"format":"x"}`, `format "x"`},
		{"later version", `{"format":"mllab vocabulary","version":2}`, "version 2, want 1"},
		{"kind", head + `"kind":"hieroglyphs","tokens":["a"]}`, "kind \"hieroglyphs\""},
		{"none", head + `"kind":"words","tokens":[]}`, "0 tokens"},
		{"twice", head + `"kind":"words","tokens":["a","b","a"]}`, `token 2 is "a", as token 0 is`},
		{"special", head + `"kind":"words","tokens":["<pad>"]}`, `token 0 is "<pad>"`},
		{"control", head + `"kind":"words","tokens":["a\u001b[31m"]}`, "control characters"},
		{"empty token", head + `"kind":"words","tokens":[""]}`, "0 bytes long"},
		{"merges of words", head + `"kind":"words","tokens":["a"],"merges":[[3,3]]}`, "want none"},
		{"merge of nothing", head + `"kind":"pairs","tokens":["a"],"merges":[[3,9]]}`, "merge 0: of token 9, want 3 to 3"},
		{"merge of special", head + `"kind":"pairs","tokens":["a"],"merges":[[0,3]]}`, "of token 0"},
		{"merge twice", head + `"kind":"pairs","tokens":["a"],"merges":[[3,3],[3,3]]}`, "second time"},
		{"merge into later", head + `"kind":"pairs","tokens":["a"],"merges":[[3,4]]}`, "of token 4"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v, err := Parse([]byte(c.data))
			require.ErrorContains(t, err, c.want)
			assert.Nil(t, v)
			assert.NotContains(t, err.Error(), "\n")
			assert.NotContains(t, err.Error(), "\x1b")
		})
	}
	doubling := head + `"kind":"pairs","tokens":["a"],"merges":[[3,3]`
	for i := 4; i < 60; i++ {
		doubling += fmt.Sprintf(",[%d,%d]", i, i)
	}
	_, err := Parse([]byte(doubling + "]}"))
	assert.ErrorContains(t, err, "want at most 1100")
}

func FuzzEncode(f *testing.F) {
	for _, s := range append(captions, "", "İ\u0301ﬁ\xff 😀", "don't", "\u0301", strings.Repeat("ab红", 90)) {
		f.Add(s, 7)
	}
	vs := []*Vocabulary{ofWords(f), ofPairs(f)}
	f.Fuzz(func(t *testing.T, prompt string, places int) {
		places = max(-2, min(places, 1000))
		for _, v := range vs {
			e := v.Encode(prompt, places)
			require.Len(t, e.IDs, max(places, 1))
			require.Len(t, e.Mask, len(e.IDs))
			require.LessOrEqual(t, len(e.Spans), len(e.IDs))
			at := 0
			for i, s := range e.Spans {
				require.True(t, s.Start >= at && s.End >= s.Start && s.End <= len(prompt), "%v of %q", e.Spans, prompt)
				require.NotEqual(t, int32(Pad), e.IDs[i])
				at = s.Start
			}
			for i, id := range e.IDs {
				require.True(t, id >= 0 && int(id) < v.Len())
				require.Equal(t, id != Pad, e.Mask[i] == 1)
			}
			for _, s := range e.Unknown {
				require.True(t, utf8.ValidString(s.Word) && s.Word != "")
				require.False(t, strings.ContainsFunc(s.Word, func(r rune) bool { return r < ' ' || r == 0x7f }))
			}
			v.Decode(e.IDs)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, v := range []*Vocabulary{ofWords(f), ofPairs(f)} {
		data, err := v.MarshalText()
		require.NoError(f, err)
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data)
		if err != nil {
			require.Nil(t, v)
			return
		}
		out, err := v.MarshalText()
		require.NoError(t, err)
		again, err := Parse(out)
		require.NoError(t, err)
		require.Equal(t, v.tokens, again.tokens)
		v.Encode("a small red circle 左边 😀", 8)
	})
}
