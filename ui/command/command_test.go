package command

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	_ "mllab/compile/target/all"
	"mllab/ui/lab"
)

// call runs a command line with the runs in a folder of the test's.
func call(t *testing.T, root string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = Main(append(args, "--runs", root), strings.NewReader(""), &out, &errs)
	return status, out.String(), errs.String()
}

// idx is an IDX file of bytes with a magic and sizes.
func idx(magic uint32, sizes []int, values []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, magic)
	for _, n := range sizes {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return append(b, values...)
}

// tiny makes a folder with the four MNIST files: 40 pictures of 28x28 to train on
// and 8 to test.
func tiny(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, n := range map[string]int{"train": 40, "t10k": 8} {
		pixels, labels := make([]byte, n*28*28), make([]byte, n)
		for i := range pixels {
			pixels[i] = byte(i * 7)
		}
		for i := range labels {
			labels[i] = byte(i % 10)
		}
		write(t, filepath.Join(dir, name+"-images-idx3-ubyte"), idx(0x803, []int{n, 28, 28}, pixels))
		write(t, filepath.Join(dir, name+"-labels-idx1-ubyte"), idx(0x801, []int{n}, labels))
	}
	return dir
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, os.WriteFile(path, content, 0o666))
}

// small is `train vae` at a size that takes a moment.
func small(data string, more ...string) []string {
	return append([]string{"train", "vae", "--data", data, "--batch", "8", "--set", "hidden=16",
		"--set", "latent=4"}, more...)
}

// jsonLines reads the objects of an output.
func jsonLines(t *testing.T, text string) []map[string]any {
	t.Helper()
	var lines []map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	for {
		var m map[string]any
		err := d.Decode(&m)
		if errors.Is(err, io.EOF) {
			return lines
		}
		require.NoError(t, err)
		lines = append(lines, m)
	}
}

// TestStory trains, lists, samples and resumes as a user would.
func TestStory(t *testing.T) {
	root, data := t.TempDir(), tiny(t)
	dir := filepath.Join(t.TempDir(), "first")

	status, out, errs := call(t, root, small(data, "--steps", "4", "--json", "--out", dir)...)
	require.Equal(t, StatusOK, status, errs)
	assert.Empty(t, errs)
	lines := jsonLines(t, out)
	require.Len(t, lines, 5)
	for i, l := range lines[:4] {
		assert.EqualValues(t, i+1, l["step"])
		for _, key := range []string{"epoch", "loss", "recon", "kl", "lr", "images_per_s", "ms_per_step"} {
			assert.Contains(t, l, key)
		}
	}
	last := lines[4]
	assert.Equal(t, true, last["done"])
	assert.Equal(t, dir, last["run"])
	assert.EqualValues(t, 4, last["steps"])
	for _, key := range []string{"test_neg_elbo", "test_recon", "test_kl"} {
		assert.Contains(t, last["metrics"], key)
	}

	status, out, errs = call(t, root, small(data, "--steps", "2", "--epochs", "1")...)
	assert.Equal(t, StatusUsage, status, out+errs)

	status, out, errs = call(t, root, small(data, "--epochs", "1", "--device", "interp")...)
	require.Equal(t, StatusOK, status, errs)
	assert.Contains(t, out, "step 5/5")
	assert.Contains(t, out, "test_neg_elbo")
	assert.Contains(t, out, "mllab sample ")
	assert.NotContains(t, out, "\x1b", "a pipe gets no control characters")
	assert.NotContains(t, out, "\r")

	status, out, errs = call(t, root, "runs")
	require.Equal(t, StatusOK, status, errs)
	assert.Contains(t, out, "finished")
	status, out, errs = call(t, root, "runs", "--json")
	require.Equal(t, StatusOK, status, errs)
	lines = jsonLines(t, out)
	require.Len(t, lines, 1)
	assert.EqualValues(t, 5, lines[0]["step"])

	sheet := filepath.Join(t.TempDir(), "grid.png")
	status, out, errs = call(t, root, "sample", dir, "--n", "6", "--out", sheet)
	require.Equal(t, StatusOK, status, errs)
	assert.Contains(t, out, sheet)
	f, err := os.Open(sheet)
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	assert.Equal(t, 3*29+1, img.Bounds().Dx())

	status, out, errs = call(t, root, "resume", dir, "--json")
	require.Equal(t, StatusOK, status, errs)
	lines = jsonLines(t, out)
	assert.EqualValues(t, 4, lines[len(lines)-1]["steps"])
}

// TestInterrupted ends a training as Ctrl+C does, and goes on with it.
func TestInterrupted(t *testing.T) {
	root, data := t.TempDir(), tiny(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	out := &watcher{want: `"step":3`, seen: func() { cancel(&interrupted{"Ctrl+C", 2}) }}
	var errs bytes.Buffer
	status := execute(ctx, append(small(data, "--epochs", "100000", "--json"), "--runs", root), nil, out, &errs)
	assert.Equal(t, 130, status)
	assert.Regexp(t, `^mllab: stopped by Ctrl\+C after step \d+: saved in .*, go on with: mllab resume .*\n$`,
		errs.String())
	lines := jsonLines(t, out.String())
	last := lines[len(lines)-1]
	assert.Equal(t, false, last["done"])
	saved := jsonLines(t, func() string { _, o, _ := call(t, root, "runs", "--json"); return o }())
	require.Len(t, saved, 1)
	assert.Equal(t, last["steps"], saved[0]["saved"], "nothing is lost")
	assert.Equal(t, "interrupted", saved[0]["state"])
}

// watcher is an output that says when a text has come.
type watcher struct {
	bytes.Buffer
	want string
	seen func()
}

func (w *watcher) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.want) {
		w.seen()
	}
	return w.Buffer.Write(p)
}

// closing is a pipe whose reader goes after some writes.
type closing struct{ left int }

func (c *closing) Write(p []byte) (int, error) {
	if c.left--; c.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func TestClosedOutput(t *testing.T) {
	root, data := t.TempDir(), tiny(t)
	var errs bytes.Buffer
	status := Main(append(small(data, "--epochs", "100000", "--json"), "--runs", root), nil, &closing{1}, &errs)
	assert.Equal(t, StatusFailure, status)
	assert.Empty(t, errs.String(), "nobody is left to be told")
	if full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0); err == nil {
		defer full.Close()
		for _, args := range [][]string{{"--help"}, {"version"}, {"runs", "--runs", root}, {"data"}} {
			errs.Reset()
			assert.Equal(t, StatusFailure, Main(args, nil, full, &errs), "%v", args)
			assert.Equal(t, "mllab: standard output: no space left on device\n", errs.String())
		}
	}
}

func TestVersionAndData(t *testing.T) {
	root := t.TempDir()
	status, out, _ := call(t, root, "version")
	assert.Equal(t, StatusOK, status)
	assert.Contains(t, out, "mllab "+lab.Version+" "+runtime.Version())
	status, out, _ = call(t, root, "data")
	assert.Equal(t, StatusOK, status)
	assert.Contains(t, out, "digits")
	sheet := filepath.Join(t.TempDir(), "sheet.png")
	status, out, errs := call(t, root, "data", tiny(t), "--out", sheet)
	assert.Equal(t, StatusOK, status, errs)
	assert.Contains(t, out, "40 examples to train on, 8 examples to test")
	assert.FileExists(t, sheet)
	for name, word := range map[string]string{"shapes": "circle", "scenes": "square", "faces": "hair", "digits": "seven"} {
		status, out, errs = call(t, root, "data", name)
		assert.Equal(t, StatusOK, status, errs)
		assert.Contains(t, out, "with captions\n   1  ", "numbered captions follow")
		assert.Contains(t, out, word)
	}
}

func TestDevices(t *testing.T) {
	status, out, errs := call(t, t.TempDir(), "devices", "--json")
	require.Equal(t, StatusOK, status, errs)
	found := map[string]bool{}
	for _, l := range jsonLines(t, out) {
		found[l["target"].(string)] = true
		assert.True(t, l["found"] == true || l["reason"] != nil, "%v: want what was found or why nothing was", l)
	}
	assert.Subset(t, found, map[string]bool{"cpu": true, "interp": true, "opencl": true})
	status, out, errs = call(t, t.TempDir(), "devices")
	require.Equal(t, StatusOK, status, errs)
	assert.Contains(t, out, "interp")
}

func TestBench(t *testing.T) {
	status, out, errs := call(t, t.TempDir(), "bench", "w1", "--cases", "matmul256", "--steps", "2",
		"--threads", "1", "--json")
	require.Equal(t, StatusOK, status, errs)
	lines := jsonLines(t, out)
	require.Len(t, lines, 1)
	for _, key := range []string{"workload", "case", "threads", "steps", "median_ms", "p10_ms", "p90_ms",
		"cpu_ms", "gflop", "gflops", "peak_rss_mb", "startup_ms"} {
		assert.Contains(t, lines[0], key)
	}
	assert.Equal(t, "matmul256", lines[0]["case"])
}

// TestProfile reads the table of kernels, flags before and after the workload.
func TestProfile(t *testing.T) {
	for _, args := range [][]string{{"bench", "--profile", "W3"}, {"bench", "w3", "--profile"}} {
		status, out, errs := call(t, t.TempDir(), append(args, "--steps", "1", "--cases", "vae_sample_b128")...)
		require.Equal(t, StatusOK, status, errs)
		lines := strings.Split(out, "\n")
		assert.Contains(t, lines[0], "W3 vae_sample_b128")
		assert.Equal(t, []string{"kernel", "runs", "ms", "share", "GFLOP/s", "GB/s", "roofline", "schedule"},
			strings.Fields(lines[1]))
		assert.Contains(t, lines[2], "matmul")
		assert.Contains(t, lines[2], "vectorize")
		assert.Contains(t, out, "what was fused, and why not more:")
		assert.Contains(t, out, "joined add-sigmoid")
	}
}

// TestBenchSeveral: several workloads in one command, in the order that was asked for.
func TestBenchSeveral(t *testing.T) {
	status, out, errs := call(t, t.TempDir(), "bench", "w3", "W2", "--steps", "1", "--json", "--cases",
		"c_depthwise_64_16_k3/fwd,c_depthwise_64_16_k3/fwdbwd,vae_sample_b128")
	require.Equal(t, StatusOK, status, errs)
	var got []any
	for _, l := range jsonLines(t, out) {
		got = append(got, l["case"])
	}
	assert.Equal(t, []any{"vae_sample_b128", "c_depthwise_64_16_k3/fwd", "c_depthwise_64_16_k3/fwdbwd"}, got)
}

func TestGolden(t *testing.T) {
	file := filepath.Join("..", "..", "..", "shared", "bench", "golden", "w3.safetensors")
	if _, err := os.Stat(file); err != nil {
		t.Skip("the reference values of W3 are not here: ", file)
	}
	status, out, errs := call(t, t.TempDir(), "bench", "W3", "--golden", file, "--json")
	require.Equal(t, StatusOK, status, errs)
	l := jsonLines(t, out)[0]
	assert.Less(t, l["max_rel_loss"], 1e-4)
	assert.Less(t, l["max_rel_grad"], 1e-3)
	assert.Contains(t, l, "worst")
}

// TestHelp walks the whole tree: every verb has a summary, an example and help.
func TestHelp(t *testing.T) {
	root := (&app{out: newOutput(io.Discard)}).root()
	var verbs []string
	for _, c := range root.Commands() {
		verbs = append(verbs, c.Name())
		if c.Name() == "help" {
			continue
		}
		assert.NotEmpty(t, c.Short, c.Name())
		assert.NotEmpty(t, c.Example, c.Name())
		status, out, errs := call(t, t.TempDir(), c.Name(), "--help")
		assert.Equal(t, StatusOK, status, errs)
		assert.Contains(t, strings.ToLower(out), "usage", c.Name())
	}
	assert.Subset(t, verbs, []string{"train", "sample", "resume", "runs", "devices", "data", "bench", "version"})
	status, out, _ := call(t, t.TempDir(), "help", "train")
	assert.Equal(t, StatusOK, status)
	assert.Contains(t, out, "--save-every")
}

func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"train", ""}, []string{"vae"}},
		{[]string{"train", "vae", "--set", ""}, []string{"latent=", "beta="}},
		{[]string{"train", "vae", "--set", "arch="}, []string{"arch=mlp"}},
		{[]string{"train", "vae", "--device", ""}, []string{"cpu", "interp", "opencl"}},
		{[]string{"train", "vae", "--data", ""}, []string{"digits"}},
		{[]string{"resume", "--runs", t.TempDir(), ""}, []string{"last"}},
		{[]string{"bench", "W1", ""}, []string{"W3"}},
		{[]string{"--graphics", ""}, []string{"sixel", "blocks"}},
		{[]string{""}, []string{"train", "devices"}},
	} {
		args := append([]string{cobra.ShellCompRequestCmd}, c.args...)
		var out, errs bytes.Buffer
		assert.Equal(t, StatusOK, Main(args, nil, &out, &errs), "%v: %s", c.args, errs.String())
		for _, w := range c.want {
			assert.Contains(t, out.String(), w, "%v", c.args)
		}
	}
}

// TestPanic makes a mistake of the program's and reads the one line that is left.
func TestPanic(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var errs bytes.Buffer
	status := Main([]string{"version"}, nil, bomb{}, &errs)
	assert.Equal(t, StatusFailure, status)
	line := errs.String()
	require.Regexp(t, `^mllab: bug: boom; the trace is in .*\n$`, line)
	file := strings.TrimSpace(line[strings.Index(line, "trace is in ")+len("trace is in "):])
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(text), "bomb")
	require.NoError(t, os.Remove(file))
}

type bomb struct{}

func (bomb) Write([]byte) (int, error) { panic("boom") }

// TestReadme compares the README with the program: every verb is in it, and every
// flag that it names exists.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	root := (&app{out: newOutput(io.Discard)}).root()
	flags := map[string]bool{}
	for _, c := range append(root.Commands(), root) {
		if c != root && c.Name() != "help" && c.Name() != "version" {
			assert.Contains(t, string(b), "mllab "+c.Name())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) { flags["--"+f.Name] = true })
		c.PersistentFlags().VisitAll(func(f *pflag.Flag) { flags["--"+f.Name] = true })
	}
	named := regexp.MustCompile(`--[a-z][a-z-]+`).FindAllString(string(b), -1)
	assert.Greater(t, len(named), 15)
	for _, f := range named {
		assert.True(t, flags[f] || f == "--help", "the README names %s, which no verb has", f)
	}
	for _, verb := range []string{"go run .", "go test ./..."} {
		assert.Contains(t, string(b), "    "+verb+"\n")
	}
}
