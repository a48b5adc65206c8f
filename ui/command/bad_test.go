package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBadInput gives every verb what it cannot use: one line that names the thing,
// the right exit status, and nothing left behind.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write(t, path("torn"), idx(0x803, []int{10, 28, 28}, make([]byte, 100)))
	write(t, path("magic"), []byte("this is no IDX file at all"))
	write(t, path("pictures/a/one.png"), []byte("\x89PNG\r\n\x1a\nnothing more"))
	write(t, path("empty/readme.md"), []byte("no pictures"))
	write(t, path("file"), []byte("a file, not a folder"))
	write(t, path("full/keep.txt"), []byte("a user's own"))
	write(t, path("nonsense/config.json"), []byte("{torn"))
	write(t, path("evil/\x1b[31mred/x.png"), []byte("no"))
	data := tiny(t)

	cases := append(wrongWords(data), wrongFiles(data, path)...)
	require.Greater(t, len(cases), 40)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			status, out, errs := call(t, root, c.args...)
			assert.Equal(t, c.status, status, "%s", errs)
			oneLine(t, errs)
			for _, w := range c.want {
				assert.Contains(t, errs, w)
			}
			assert.NotContains(t, out+errs, "\x1b")
			assert.NotContains(t, out+errs, "goroutine")
		})
	}
	left, err := os.ReadDir(path("full"))
	require.NoError(t, err)
	assert.Len(t, left, 1, "a folder of the user's is left as it was")
}

// bad is a command line that cannot be carried out.
type bad struct {
	name   string
	args   []string
	status int
	want   []string // in the line
}

func wrongWords(data string) []bad {
	return []bad{
		{"unknown verb", []string{"tran"}, 2, []string{"tran", "train"}},
		{"unknown help", []string{"help", "nothing"}, 2, []string{"nothing"}},
		{"unknown flag", []string{"train", "vae", "--stepz", "3"}, 2, []string{"--stepz", "--steps"}},
		{"flag without a value", []string{"train", "vae", "--steps"}, 2, []string{"--steps", "--runs"}},
		{"no model", []string{"train"}, 2, []string{"model", "mllab train vae"}},
		{"too many arguments", []string{"train", "vae", "gan"}, 2, []string{"gan"}},
		{"unknown model", []string{"train", "goon"}, 2, []string{"goon", "vae"}},
		{"unknown device", small(data, "--device", "tpu"), 2, []string{"tpu", "cpu"}},
		{"unknown isa", small(data, "--isa", "sse"), 2, []string{"sse", "avx2"}},
		{"unknown graphics", []string{"sample", "last", "--graphics", "crayon"}, 2, []string{"crayon", "sixel"}},
		{"unknown key", small(data, "--set", "hiden=3"), 2, []string{"hiden", "hidden"}},
		{"no pair", small(data, "--set", "hidden"), 2, []string{"hidden", "key=value"}},
		{"bad value", small(data, "--set", "beta=much"), 2, []string{"beta", "much"}},
		{"steps -1", small(data, "--steps", "-1"), 2, []string{"--steps -1"}},
		{"steps 0", small(data, "--steps", "0"), 2, []string{"--steps 0"}},
		{"steps of letters", small(data, "--steps", "many"), 2, []string{"many", "whole number"}},
		{"batch 0", []string{"train", "vae", "--batch", "0"}, 2, []string{"--batch 0"}},
		{"batch of all memory", []string{"train", "vae", "--batch", "99999999"}, 2, []string{"99999999"}},
		{"lr NaN", small(data, "--lr", "NaN"), 2, []string{"NaN"}},
		{"lr 0", small(data, "--lr", "0"), 2, []string{"--lr 0"}},
		{"threads 10000", small(data, "--threads", "10000"), 2, []string{"10000", "1024"}},
	}
}

func wrongFiles(data string, path func(string) string) []bad {
	return []bad{
		{"no such data", small(path("nothing")), 2, []string{"nothing", "digits"}},
		{"no such data to look at", []string{"data", path("nothing")}, 2, []string{"nothing", "digits"}},
		{"torn IDX", small(path("torn"), "--steps", "1"), 1, []string{"torn"}},
		{"wrong magic", small(path("magic"), "--steps", "1"), 1, []string{"magic"}},
		{"picture that does not decode", small(path("pictures"), "--steps", "1"), 1, []string{"pictures"}},
		{"folder without pictures", small(path("empty"), "--steps", "1"), 1, []string{"empty"}},
		{"names that would colour the terminal", []string{"data", path("evil")}, 1, []string{"evil"}},
		{"out under a file", small(data, "--steps", "1", "--out", path("file/run")), 1, []string{"file"}},
		{"out that is not empty", small(data, "--steps", "1", "--out", path("full")), 1, []string{"full"}},
		{"loss that is no number", small(data, "--steps", "50", "--lr", "1e30"), 1, []string{"loss", "lr"}},
		{"resume of nothing", []string{"resume", path("nothing")}, 2, []string{"nothing"}},
		{"resume on another device", []string{"resume", "last", "--device", "cpu"}, 2, []string{"--device"}},
		{"resume of nonsense", []string{"resume", path("nonsense")}, 1, []string{"nonsense"}},
		{"resume of a file", []string{"resume", path("file")}, 2, []string{"file"}},
		{"sample of nothing", []string{"sample", "last"}, 2, []string{"last"}},
		{"eval of nothing", []string{"eval", "last"}, 2, []string{"last"}},
		{"eval without a run", []string{"eval"}, 2, []string{"eval", "a run"}},
		{"eval of too few", []string{"eval", "last", "--n", "2"}, 2, []string{"2 pictures", "10 to 20000"}},
		{"a game that is none", []string{"train", "gan", "--set", "loss=wgan"}, 2, []string{"loss=wgan", "wgan-gp"}},
		{"samples without end", []string{"sample", "last", "--n", "-3"}, 2, []string{"--n -3"}},
		{"a picture that is none", []string{"conv", path("magic"), "--json"}, 1, []string{"magic", "neither PNG"}},
		{"a torn picture", []string{"conv", path("pictures/a/one.png"), "--json"}, 1, []string{"one.png"}},
		{"a folder as a picture", []string{"conv", path("empty"), "--json"}, 1, []string{"empty", "is a folder"}},
		{"no such picture", []string{"conv", "sceen"}, 2, []string{"sceen", "scene"}},
		{"unknown kernel", []string{"conv", "--kernel", "blur", "--json"}, 2, []string{"--kernel", "blur", "box"}},
		{"a kernel too large", []string{"conv", "--size", "12", "--json"}, 2, []string{"--size", "1 to 11"}},
		{"a kernel over the picture", []string{"conv", "--size", "11", "--dilation", "5", "--json"}, 2,
			[]string{"51 pixels", "padding 12"}},
		{"weights of no square", []string{"conv", "--weights", "1,2;3", "--json"}, 2, []string{"--weights", "row 2"}},
		{"maps of no run", []string{"conv", "--run", path("nothing"), "--out", path("x.png")}, 2, []string{"nothing"}},
		{"maps of nonsense", []string{"conv", "--run", path("nonsense"), "--out", path("x.png")}, 1, []string{"nonsense"}},
		{"maps into a folder", []string{"conv", "--out", path("full")}, 1, []string{"full", "--out"}},
		{"unknown workload", []string{"bench", "W9"}, 2, []string{"W9", "W1"}},
		{"unknown case", []string{"bench", "W1", "--cases", "matmul7"}, 2, []string{"matmul7"}},
		{"unknown case beside a known one", []string{"bench", "W1", "--cases", "matmul256,matmul7"}, 2,
			[]string{"matmul7", "matmul256"}},
		{"unknown workload with colours", []string{"bench", "\x1b[31mW2"}, 2, []string{"W1"}},
		{"bench on no threads", []string{"bench", "W3", "--threads", "-1"}, 2, []string{"-1"}},
		{"bench on too many threads", []string{"bench", "W3", "--threads", "100000"}, 2, []string{"100000", "1024"}},
		{"bench of no steps", []string{"bench", "W3", "--steps", "0"}, 2, []string{"--steps 0"}},
		{"bench with an unknown isa", []string{"bench", "W3", "--isa", "nonsense"}, 2, []string{"nonsense", "avx2"}},
		{"bench on an unknown device", []string{"bench", "W3", "--device", "nonsense"}, 2, []string{"nonsense", "cpu"}},
		{"profile of two", []string{"bench", "W2", "W3", "--profile"}, 2, []string{"one workload"}},
		{"golden of a workload without", []string{"bench", "W2", "--golden", path("file")}, 2, []string{"W2", "W3"}},
		{"golden of a folder", []string{"bench", "W3", "--golden", path("full")}, 1, []string{"full", "folder"}},
		{"golden of none of two", []string{"bench", "W3", "W9", "--golden", path("file")}, 2, []string{"W9"}},
		{"golden with colours", []string{"bench", "W3", "--golden", path("\x1b[31mred")}, 2, []string{"red"}},
		{"golden of nothing", []string{"bench", "W3", "--golden", path("nothing")}, 2, []string{"nothing"}},
		{"golden of nonsense", []string{"bench", "W3", "--golden", path("file")}, 1, []string{"file"}},
		{"golden of all workloads", []string{"bench", "--golden", path("file")}, 2, []string{"--golden"}},
	}
}

// oneLine checks that an error is a single line of the program's.
func oneLine(t *testing.T, errs string) {
	t.Helper()
	assert.True(t, strings.HasPrefix(errs, "mllab: "), "%q", errs)
	assert.Equal(t, 1, strings.Count(errs, "\n"), "%q", errs)
}

// TestDamagedRun samples and resumes a run whose only checkpoint was cut short.
func TestDamagedRun(t *testing.T) {
	root, run := t.TempDir(), filepath.Join(t.TempDir(), "run")
	status, _, errs := call(t, root, small(tiny(t), "--steps", "2", "--out", run)...)
	require.Equal(t, StatusOK, status, errs)
	files, err := filepath.Glob(filepath.Join(run, "checkpoints", "*.safetensors"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		require.NoError(t, os.Truncate(f, 100))
	}
	status, _, errs = call(t, root, "eval", run)
	assert.Equal(t, 1, status)
	oneLine(t, errs)
	status, _, errs = call(t, root, "sample", run)
	assert.Equal(t, StatusFailure, status)
	oneLine(t, errs)
	assert.Contains(t, errs, "checkpoint")
	_, err = os.Stat("samples.png")
	assert.ErrorIs(t, err, os.ErrNotExist, "no picture of nothing")
}

// TestUnwritablePicture names a file that cannot be written.
func TestUnwritablePicture(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), nil)
	for _, out := range []string{filepath.Join(dir, "file", "x.png"), filepath.Join(dir, "none", "x.png"), dir} {
		status, _, errs := call(t, dir, "data", "digits", "--out", out)
		assert.Equal(t, StatusFailure, status)
		oneLine(t, errs)
		assert.Contains(t, errs, out)
		assert.Contains(t, errs, "--out")
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "no half-written file")
}
