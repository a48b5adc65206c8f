package ui

import (
	"bufio"
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/screen"
)

// labEnv asks this test's binary to be the lab, in the terminal that a test has started.
const labEnv = "MLLAB_CONV_LAB"

// convQuery is what the lab in the terminal and the one beside it show.
const convQuery = "?picture=edges&kernel=laplacian&padding=2"

func TestMain(m *testing.M) {
	if root := os.Getenv(labEnv); root != "" {
		s, err := lab.Open(lab.Options{Root: root, Threads: 1})
		if err == nil {
			err = Run(context.Background(), s, Options{Idle: true, Screen: '4', Open: map[byte]string{'4': convQuery}})
		}
		if err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestConvPixelsInXterm compares both pictures of the convolution lab in a real xterm, computed on the
// device, with what the screen draws of the reference.
func TestConvPixelsInXterm(t *testing.T) {
	if testing.Short() {
		t.Skip("short: pictures are not compared on a real terminal")
	}
	for _, tool := range []string{"Xvfb", "xterm", "import"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: the lab is not looked at in a real terminal", tool)
		}
	}
	display := server(t)
	terminal := exec.Command("xterm", "-ti", "vt340", "-geometry", "120x40+0+0", "-bw", "0", "-b", "0", "+sb",
		"-fn", "fixed", "-bg", "black", "-fg", "white", "-e", os.Args[0])
	terminal.Env = append(os.Environ(), "DISPLAY="+display, labEnv+"="+t.TempDir(), "COLORTERM=truecolor",
		"TMUX=", "TERM_PROGRAM=", "NO_COLOR=")
	require.NoError(t, terminal.Start())
	t.Cleanup(func() { _ = terminal.Process.Kill(); _ = terminal.Wait() })

	m, s := convLab(t, 120, 40)
	m.lab.Display = picture.Display{Mode: picture.Sixel, CellW: 6, CellH: 13} // of the font
	w, h := m.room()
	setUp(t, m, s, "open", convQuery, "window.y", "25", "window.x", "23") // where a lab begins with 50x50 values
	tell(t, m, screen.Resize{W: w, H: h})
	lines := strings.Split(text(t, m), "\n")
	good := func(im image.Image) bool {
		return pictureError(t, m, im, lines, "─ input", 400) < 1 &&
			pictureError(t, m, im, lines, "─ output", 401) < 1
	}
	var im image.Image
	for end := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		b, err := exec.Command("import", "-display", display, "-window", "root", "png:-").Output()
		require.NoError(t, err)
		im, err = png.Decode(bytes.NewReader(b))
		require.NoError(t, err)
		if good(im) || time.Now().After(end) {
			break
		}
	}
	t.Logf("mean error of 255: input %.2f, output %.2f", pictureError(t, m, im, lines, "─ input", 400),
		pictureError(t, m, im, lines, "─ output", 401))
	assert.True(t, good(im))
}

// pictureError is the mean difference, of 255, of the picture below a title from the one in the store.
func pictureError(t *testing.T, m *Model, im image.Image, lines []string, title string, id int) float64 {
	t.Helper()
	pic := m.lab.Store.Get(id)
	require.NotNil(t, pic)
	want := pic.RGBA()
	for row, l := range lines {
		k := strings.Index(l, title)
		if k < 0 {
			continue
		}
		x0, y0 := (ansi.StringWidth(l[:k])+1)*pic.Display.CellW, (row+1)*pic.Display.CellH
		sum, b := 0, want.Bounds()
		for y := range b.Dy() {
			for x := range b.Dx() {
				r, g, bl, _ := im.At(x0+x, y0+y).RGBA()
				c := want.RGBAAt(x, y)
				for _, d := range []int{int(r>>8) - int(c.R), int(g>>8) - int(c.G), int(bl>>8) - int(c.B)} {
					sum += max(d, -d)
				}
			}
		}
		return float64(sum) / float64(3*b.Dx()*b.Dy())
	}
	require.Fail(t, "no title "+title)
	return 0
}

// server starts an X server without a screen and gives its display.
func server(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	x := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1000x700x24", "-nolisten", "tcp")
	x.ExtraFiles = []*os.File{w}
	require.NoError(t, x.Start())
	t.Cleanup(func() { _ = x.Process.Kill(); _ = x.Wait() })
	require.NoError(t, w.Close())
	require.NoError(t, r.SetReadDeadline(time.Now().Add(20*time.Second)))
	line, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err, "Xvfb says its display")
	return ":" + strings.TrimSpace(line)
}
