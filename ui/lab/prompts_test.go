package lab

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/samples"
)

func promptsFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "prompts.txt")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestReadPrompts(t *testing.T) {
	list, dirty, err := readPrompts(promptsFile(t, "\ufeffa red circle\r\n\n  \t\n a\tblue square \nred \x1b[31m one\x00\n大的圆\u202e"))
	require.NoError(t, err)
	assert.Equal(t, []string{"a red circle", "a blue square", "red  [31m one", "大的圆"}, list)
	assert.Equal(t, 2, dirty)

	for text, want := range map[string]string{
		"":                                 `prompts "prompts.txt": there is none in it: want a prompt a line`,
		" \n\t\r\n":                        "there is none in it",
		"\x1b\x07\n":                       "there is none in it",
		"a red circle\n\xff\xfe\x01":       "line 2 is no UTF-8 text",
		"a\n" + strings.Repeat("x", 70000): "line 2 is longer than 65536 bytes",
		strings.Repeat("red\n", 20001):     "more than 20000: want fewer",
	} {
		_, _, err := readPrompts(promptsFile(t, text))
		var usage *UsageError
		assert.ErrorAs(t, err, &usage)
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "\n")
	}
	_, _, err = readPrompts(t.TempDir())
	assert.ErrorContains(t, err, "is a folder")
	_, _, err = readPrompts(filepath.Join(t.TempDir(), "a\x1b[31mb"))
	assert.ErrorContains(t, err, "no such file")
	assert.NotContains(t, err.Error(), "\x1b")
}

// FuzzPrompts reads any file without a panic, and what it gives has nothing in it that steers a terminal.
func FuzzPrompts(f *testing.F) {
	f.Add([]byte("a red circle\nblue\r\n"))
	f.Add([]byte("\xff\x00\x1b[2J\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "p")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		list, _, err := readPrompts(path)
		assert.Equal(t, err == nil, len(list) > 0)
		for _, p := range list {
			assert.NotEmpty(t, p)
			assert.Equal(t, p, strings.Map(uncontrolled, p))
		}
	})
}

// A run that reads is measured on its test split, on prompts of a file, and without a word about what training held out.
func TestEvaluateAPainter(t *testing.T) {
	ctx, s := context.Background(), oneThread(t)
	s.classifierSteps = 2
	dir := reader(t, s)
	var told []string
	o := EvalOptions{Run: dir, N: 10, Tell: func(line string) { told = append(told, line) }}
	e, err := s.Evaluate(ctx, o)
	require.NoError(t, err)
	q := e.TextQuality
	require.NotNil(t, q)
	assert.Equal(t, 10, q.Count)
	require.NotNil(t, q.All)
	require.NotNil(t, q.Frechet)
	assert.Positive(t, *q.Frechet)
	assert.Len(t, q.Sweep, len(sweepGuidances))
	assert.Contains(t, q.Accuracy, "colour")
	assert.Positive(t, q.SecondsEach)
	assert.Contains(t, told[0], "training a classifier on shapes")

	b, err := json.Marshal(q)
	require.NoError(t, err)
	order := []string{"n", "seed", "guidance", "steps", "accuracy", "all", "held_out", "sweep", "frechet", "precision",
		"recall", "s_per_image"}
	at := -1
	for _, key := range order {
		next := strings.Index(string(b), `"`+key+`":`)
		if key == "all" { // of the first level, after the accuracy
			next = strings.Index(string(b), `},"all":`)
		}
		assert.Greater(t, next, at, key)
		at = next
	}

	told = nil
	o.N, o.Prompts = 0, promptsFile(t, "a small red circle on the left\nhello\na big blue zebra square\x07\n"+
		"a small blue circle\nlarge green triangle on white\n"+strings.Repeat("red circle ", 50))
	e, err = s.Evaluate(ctx, o)
	require.NoError(t, err)
	assert.Equal(t, 5, e.TextQuality.Count)
	assert.Equal(t, []string{
		"1 of 6 prompts have control characters, which are passed over",
		"1 of 6 prompts ask for nothing that can be read back from the pictures: they are left out",
		"1 of 6 prompts are long: only their first 32 words are read",
		`1 of 6 prompts have words that the run does not know, which are passed over: "zebra"`,
	}, told[:4])
	require.NotNil(t, e.TextQuality.HeldOut, "small blue circles are held out")
	assert.Equal(t, 1, e.TextQuality.HeldOut.Count)

	for text, want := range map[string]string{"hello\n": "none of 1 prompts asks for something", "": "there is none in it"} {
		o.Prompts = promptsFile(t, text)
		_, err = s.Evaluate(ctx, o)
		assert.ErrorContains(t, err, want)
	}
	o.N = 20
	_, err = s.Evaluate(ctx, o)
	assert.ErrorContains(t, err, "want one of them")
	vae, _ := kept(t, s, TrainOptions{Steps: 1, Settings: map[string]string{"hidden": "8", "latent": "2"}})
	_, err = s.Evaluate(ctx, EvalOptions{Run: vae, Prompts: o.Prompts})
	assert.ErrorContains(t, err, "model vae reads no text")
}

// Where labels are what is said, as of digits, a classifier's answer is a verdict on that attribute alone.
func TestLabelVerdicts(t *testing.T) {
	src, err := samples.Open("digits", samples.Options{})
	require.NoError(t, err)
	truth, ok := samples.Describe(src)
	require.True(t, ok)
	labels := src.Info().Labels
	want := truth.Wanted("a thick slanted seven")
	assert.Equal(t, []samples.Verdict{{Name: "digit", Want: "7", Got: "7", Right: true}}, labelVerdicts(want, labels, "7"))
	assert.Equal(t, []samples.Verdict{{Name: "digit", Want: "7", Got: "1"}}, labelVerdicts(want, labels, "1"))
	assert.Empty(t, labelVerdicts(truth.Wanted("thick"), labels, "1"))
}
