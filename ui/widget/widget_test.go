package widget

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/theme"
)

var update = flag.Bool("update", false, "write the golden files anew")

var dark = theme.New(true, false)

// exact fails where a block does not have exactly w x h cells.
func exact(t *testing.T, block string, w, h int, what ...any) {
	t.Helper()
	if w <= 0 || h <= 0 {
		require.Empty(t, block, what...)
		return
	}
	lines := strings.Split(block, "\n")
	require.Len(t, lines, h, what...)
	for i, l := range lines {
		require.Equal(t, w, ansi.StringWidth(l), "line %d %q %v", i, l, what)
	}
}

// golden compares the text without its styles with a file in testdata.
func golden(t *testing.T, name, block string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	got := ansi.Strip(block) + "\n"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

var numbers = []Number{
	{Key: "step", Value: Count(1412)}, {Key: "neg ELBO", Value: "112.4", Note: "▼0.3", Tone: Good},
	{Key: "recon", Value: "87.1"}, {Key: "kl", Value: "25.3"}, {Key: "lr", Value: Sig(1e-3), Note: "+ -"},
	{Key: "images/s", Value: Count(21400)},
}

func lossCurves(n int) (train, test *Curve) {
	train, test = &Curve{}, &Curve{}
	for i := range n {
		x := float64(i)
		train.Add(x, 100+90*math.Exp(-6*x/float64(n))+4*math.Sin(x*1.7))
		if i%max(1, n/20) == 0 {
			test.Add(x, 104+88*math.Exp(-5.5*x/float64(n)))
		}
	}
	return train, test
}

// TestTrainScreen puts the widgets together as a screen does, at the sizes that the lab has.
func TestTrainScreen(t *testing.T) {
	train, test := lossCurves(1500)
	series := []Series{{Name: "train", Curve: train}, {Name: "test", Curve: test, Dashed: true}}
	tabs := []string{"1 Train", "2 Sample", "3 Latent", "4 Conv", "5 GAN", "6 Kernel", "7 Profile",
		"8 Graph", "9 Runs", "0 Devices"}
	keys := []Binding{{Keys: "space", Help: "pause"}, {Keys: "s", Help: "step"}, {Keys: "+/-", Help: "lr"},
		{Keys: "e", Help: "edit"}, {Keys: "p", Help: "prompt"}, {Keys: "?", Help: "help", Stays: true}, {Stays: true, Keys: "q",
			Help: "quit"}}
	for _, size := range [][2]int{{120, 30}, {80, 24}, {60, 20}} {
		w, h := size[0], size[1]
		side := 30
		iw := w - 2
		ch := h - 6
		bw, bh := Inner(iw-side-1, ch)
		chart := Box("loss", NewChart(series, ChartOptions{XLabel: "step"}, bw, bh, dark).String(),
			iw-side-1, ch, true, dark)
		nw, nh := Inner(side, ch)
		now := Box("now", Rows(Numbers(numbers, nw, nh-1, dark), Bar(.82, nw, dark)), side, ch, false, dark)
		body := Rows(Fit(" vae · mnist · run kind-otter", iw), Columns(1, chart, now),
			Fit(" step 1 412: lr 1e-3 -> 5e-4 (you)", iw))
		all := Rows(TabsLine("mllab", tabs, 0, "cpu avx512 · 2 threads", w, dark),
			Sides(body, w, h-2, dark), KeysLine(keys, w, dark))
		exact(t, all, w, h)
		golden(t, fmt.Sprintf("train-%dx%d", w, h), all)
	}
}
