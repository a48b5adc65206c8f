package run

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/safetensors"
)

func TestMetricsText(t *testing.T) {
	m := Metrics{Step: 3, Fields: []Field{Float("loss", 0.25), Int("epoch", 1), Float("bad", math.NaN()),
		Float("up", math.Inf(1)), Float("down", math.Inf(-1)), Text("note", "naïve \"x\"\n"),
		Float("zero", math.Copysign(0, -1)),
		Float("big", 1e300), Float("whole", 2)}}
	text := string(m.AppendJSON(nil))
	assert.Equal(t, `{"step":3,"loss":0.25,"epoch":1,"bad":"NaN","up":"Inf","down":"-Inf","note":`+
		`"naïve \"x\"\n","zero":-0,"big":1e+300,"whole":2}`, text)
	got, err := ParseMetrics([]byte(text))
	require.NoError(t, err)
	assert.Equal(t, text, string(got.AppendJSON(nil)))
	bad, ok := got.Get("bad")
	require.True(t, ok)
	v, ok := bad.Float()
	assert.True(t, ok && math.IsNaN(v))
	zero, _ := got.Get("zero")
	assert.True(t, math.Signbit(zero.Value().(float64)))
	whole, _ := got.Get("whole")
	v, ok = whole.Float()
	assert.True(t, ok && v == 2)
	_, ok = got.Get("none")
	assert.False(t, ok)
	assert.Equal(t, "naïve \"x\"\n", got.Fields[5].Value())

	for _, line := range []string{``, `{}x`, `[]`, `{"loss":1}`, `{"step":-1}`, `{"step":1.5}`, `{"step":"1"}`,
		`{"step":1,"a":[]}`, `{"step":1,"a":true}`, `{"step":1,"a":1,"a":2}`, `{"step":1,"step":2}`, `{"step":1`,
		`{"step":1,"":2}`, `{"step":1,"a":1e999}`,
		"{\"step\":1,\"a\\u001b\":1}", strings.Repeat("[", 100)} {
		if _, err := ParseMetrics([]byte(line)); line != `{}x` {
			assert.Error(t, err, line)
		} else {
			assert.ErrorContains(t, err, "follows")
		}
	}
}

func TestMetricsLines(t *testing.T) {
	good := "{\"step\":1,\"a\":2}\n{\"step\":2}\n"
	all, err := parseLines(strings.NewReader(good + `{"step":3,"a`))
	require.NoError(t, err)
	assert.Len(t, all, 2)
	all, err = parseLines(strings.NewReader(good + "\x00\x00\n"))
	require.ErrorContains(t, err, "line 3: want a JSON object")
	assert.Len(t, all, 2)
	_, err = parseLines(strings.NewReader(strings.Repeat("x", maxLine+1)))
	require.ErrorContains(t, err, "line 1 is longer")
}

func TestConfigText(t *testing.T) {
	c := config()
	c.Format, c.Seed = Format, math.MaxUint64
	text, err := c.encode()
	require.NoError(t, err)
	got, err := parseConfig(text)
	require.NoError(t, err)
	assert.Equal(t, c, got)
	with := func(old, new string) string { return strings.Replace(string(text), old, new, 1) }
	for want, text := range map[string]string{
		"no format":          `{}`,
		"unknown setting":    with(`"batch"`, `"batsh"`),
		"not valid JSON":     with(`"batch": 128`, `"batch": "many"`),
		"after top-level":    string(text) + "{}",
		"no model":           with(`"vae"`, `""`),
		"threads is -2":      with(`"threads": 2`, `"threads": -2`),
		"lr is -1":           with(`"lr": 0.001`, `"lr": -1`),
		"control characters": with(`"digits"`, `"\u001b[2J"`),
		`mllab "0.1", which`: with(`"format": 1`, `"format": 2`),
	} {
		_, err := parseConfig([]byte(text))
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "\x1b")
	}
}

func FuzzConfig(f *testing.F) {
	c := config()
	c.Format = Format
	text, err := c.encode()
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"format":2,"version":"x"}`))
	f.Add([]byte(`{"format":1,"model":"x","created":"2026-01-02T03:04:05Z","settings":{"a":"b"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseConfig(text)
		if err != nil {
			require.NotContains(t, err.Error(), "\x1b")
			return
		}
		out, err := c.encode()
		require.NoError(t, err)
		again, err := parseConfig(out)
		require.NoError(t, err)
		require.True(t, c.Created.Equal(again.Created))
		again.Created = c.Created
		if len(c.Settings) == 0 {
			c.Settings, again.Settings = nil, nil
		}
		require.Equal(t, c, again)
	})
}

func FuzzMetrics(f *testing.F) {
	f.Add([]byte("{\"step\":1,\"loss\":0.5,\"note\":\"x\"}\n{\"step\":2,\"loss\":\"NaN\"}\n{\"st"))
	f.Add([]byte("{\"step\":1,\"a\":-0,\"b\":1e300,\"c\":null}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := parseLines(bytes.NewReader(text))
		if err != nil {
			require.NotContains(t, err.Error(), "\x1b")
		}
		var out []byte
		for _, m := range all {
			line := m.AppendJSON(nil)
			step, ok := lineStep(line)
			require.True(t, ok)
			require.Equal(t, m.Step, step)
			out = append(append(out, line...), '\n')
		}
		again, err := parseLines(bytes.NewReader(out))
		require.NoError(t, err)
		var second []byte
		for _, m := range again {
			second = append(m.AppendJSON(second), '\n')
		}
		require.Equal(t, string(out), string(second))
	})
}

func BenchmarkLog(b *testing.B) {
	r, err := Create(b.TempDir(), "r", config())
	require.NoError(b, err)
	m := row(1)
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, r.Log(m))
	}
	require.NoError(b, r.Close())
}

func BenchmarkSave8MB(b *testing.B) {
	r, err := Create(b.TempDir(), "r", config())
	require.NoError(b, err)
	w := safetensors.Tensor{Name: "param.w", Shape: []int{2 << 20}, F32: make([]float32, 2<<20)}
	ck := Checkpoint{Tensors: []safetensors.Tensor{w}}
	b.SetBytes(8 << 20)
	for b.Loop() {
		ck.Step++
		require.NoError(b, r.Save(ck))
	}
	require.NoError(b, r.Close())
}

func Example() {
	root, err := os.MkdirTemp("", "runs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(root)
	r, err := Create(root, "kind-otter", Config{Model: "vae", Data: "digits", Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = r.Log(Metrics{Step: 1, Fields: []Field{Float("loss", 543.2)}})
	bias := safetensors.Tensor{Name: "param.b", Shape: []int{1}, F32: []float32{0.5}}
	_ = r.Save(Checkpoint{Step: 1, Tensors: []safetensors.Tensor{bias}})
	_ = r.Log(Metrics{Step: 2, Fields: []Field{Float("loss", 541.9)}})
	_ = r.Close() // or kill -9

	r, err = Open(r.Dir())
	if err != nil {
		fmt.Println(err)
		return
	}
	ck, err := r.Resume()
	rows, _ := r.Metrics()
	fmt.Println(ck.Step, ck.Tensors[0].F32, err, len(rows))
	_ = r.Close()
	// Output: 1 [0.5] <nil> 1
}
