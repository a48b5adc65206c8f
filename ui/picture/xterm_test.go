package picture

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// demoEnv names the folder through which a test and the demo that it started in a terminal speak.
const demoEnv = "MLLAB_PICTURE_DEMO"

func TestMain(m *testing.M) {
	if dir := os.Getenv(demoEnv); dir != "" {
		if err := demoMain(dir); err != nil {
			_ = os.WriteFile(filepath.Join(dir, "error"), []byte(err.Error()), 0o644)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// scenes are what the demo shows one after the other, each asked for by a file named after its number.
var scenes = []func(*demo){
	func(d *demo) {},
	func(d *demo) { d.phase = .5; d.draw() },
	func(d *demo) { d.popup = true },
	func(d *demo) { d.popup = false },
	func(d *demo) { d.screen = 1 },
	func(d *demo) { d.screen = 0 },
	func(d *demo) {}, // never asked for: the demo stays until the test ends it
}

// report is what the demo says about itself.
type report struct {
	Display    Display
	Cols, Rows int
	Stats      Stats
	Phase      float64
}

// demoMain is the demo in a real terminal. With a file "frames" in the folder it shows that many pictures of
// 320 x 320 pixels, 20 a second; else the scenes.
func demoMain(dir string) error {
	store := NewStore()
	out := NewWriter(os.Stdout, store)
	d := &demo{store: store, out: out, probe: NewProbe(Auto, os.Getenv), display: HalfBlocks(), cols: 20,
		rows: 8}
	if b, err := os.ReadFile(filepath.Join(dir, "frames")); err == nil {
		if d.until, err = strconv.Atoi(string(b)); err != nil {
			return err
		}
		d.pixels, d.every = 320, 50*time.Millisecond
	}
	p := tea.NewProgram(d, tea.WithOutput(out))
	if d.every == 0 {
		go direct(dir, p, out)
	}
	_, err := p.Run()
	return writeReport(dir, "end", d, out, err)
}

func writeReport(dir, name string, d *demo, out *Writer, err error) error {
	if err != nil {
		return err
	}
	b, err := json.Marshal(report{Display: d.display, Cols: d.cols, Rows: d.rows, Stats: out.Stats(),
		Phase: d.phase})
	if err != nil {
		return err
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path+".part", b, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// direct shows scene after scene when it is asked for, text changing 20 times a second all the while.
func direct(dir string, p *tea.Program, out *Writer) {
	for range 100 { // until the terminal has answered
		ready := make(chan bool, 1)
		p.Send(setMsg(func(d *demo) { ready <- d.display.Graphics() }))
		if <-ready {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	for i, scene := range scenes {
		ask := filepath.Join(dir, strconv.Itoa(i))
		for _, err := os.Stat(ask); err != nil; _, err = os.Stat(ask) {
			p.Send(setMsg(func(d *demo) { d.n++ }))
			time.Sleep(50 * time.Millisecond)
		}
		p.Send(setMsg(scene))
		for range 8 {
			p.Send(setMsg(func(d *demo) { d.n++ }))
			time.Sleep(50 * time.Millisecond)
		}
		done := make(chan struct{})
		p.Send(setMsg(func(d *demo) {
			_ = writeReport(dir, "shown"+strconv.Itoa(i), d, out, nil) // the test waits for the file in vain
			close(done)
		}))
		<-done
	}
	p.Quit()
}

// xterm is a terminal on its own X server.
type xterm struct {
	dir, display string
	cmd          *exec.Cmd
	done         chan struct{}
}

func startXterm(t testing.TB, files map[string]string) *xterm {
	t.Helper()
	for _, tool := range []string{"Xvfb", "xterm", "import"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: pictures are not compared on a real terminal"+
				" (apt-get install xvfb xterm imagemagick)", tool)
		}
	}
	x := &xterm{dir: t.TempDir(), done: make(chan struct{})}
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(x.dir, name), []byte(text), 0o644))
	}
	r, w, err := os.Pipe()
	require.NoError(t, err)
	server := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1000x700x24", "-nolisten", "tcp")
	server.ExtraFiles = []*os.File{w}
	require.NoError(t, server.Start())
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	require.NoError(t, w.Close())
	require.NoError(t, r.SetReadDeadline(time.Now().Add(20*time.Second)))
	line, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err, "Xvfb says its display")
	x.display = ":" + strings.TrimSpace(line)
	exe, err := os.Executable()
	require.NoError(t, err)
	x.cmd = exec.Command("xterm", "-ti", "vt340", "-geometry", "80x30+0+0", "-bw", "0", "-b", "0", "+sb",
		"-fn", "fixed",
		"-bg", "black", "-fg", "white", "-xrm", "XTerm*cursorBlink: false", "-e", exe)
	x.cmd.Env = append(os.Environ(), "DISPLAY="+x.display, demoEnv+"="+x.dir, "COLORTERM=truecolor",
		"TMUX=", "TERM_PROGRAM=")
	require.NoError(t, x.cmd.Start())
	go func() { _ = x.cmd.Wait(); close(x.done) }()
	t.Cleanup(func() { _ = x.cmd.Process.Kill(); <-x.done })
	return x
}

// wait returns what the demo wrote into the file.
func (x *xterm) wait(t testing.TB, name string, limit time.Duration) (r report) {
	t.Helper()
	path := filepath.Join(x.dir, name)
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		if b, err := os.ReadFile(path); err == nil {
			require.NoError(t, json.Unmarshal(b, &r))
			return r
		}
		if b, err := os.ReadFile(filepath.Join(x.dir, "error")); err == nil {
			t.Fatalf("demo: %s", b)
		}
		require.True(t, time.Now().Before(end), "no %s after %v", name, limit)
	}
}

// shot asks for a scene and returns the report and a screenshot of it, taken again for some seconds until it is
// as it should be: a busy machine draws late.
func (x *xterm) shot(t *testing.T, scene int, good func(report, image.Image) bool) (r report, im image.Image) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(x.dir, strconv.Itoa(scene)), nil, 0o644))
	r = x.wait(t, fmt.Sprintf("shown%d", scene), 20*time.Second)
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		b, err := exec.Command("import", "-display", x.display, "-window", "root", "png:-").Output()
		require.NoError(t, err)
		im, err = png.Decode(bytes.NewReader(b))
		require.NoError(t, err)
		if good(r, im) || time.Now().After(end) {
			return r, im
		}
	}
}

// meanError is the mean difference of the picture's rows r0 <= r < r1 on the screen, of 255.
func meanError(im image.Image, want *Picture, r0, r1 int) float64 {
	d := want.Display
	sum, n := 0, 0
	for y := r0 * d.CellH; y < r1*d.CellH; y++ {
		for x := range want.img.W {
			r, g, b, _ := im.At(x, d.CellH+y).RGBA() // the picture begins in the second line
			c := want.img.Pal.RGB[want.img.Pix[y*want.img.W+x]]
			sum += abs(int(r>>8)-int(c[0])) + abs(int(g>>8)-int(c[1])) + abs(int(b>>8)-int(c[2]))
			n += 3
		}
	}
	return float64(sum) / float64(n)
}

// expected is the picture of the demo.
func expected(r report) *Picture {
	d := &demo{store: NewStore(), display: r.Display, cols: r.Cols, rows: r.Rows, phase: r.Phase}
	d.draw()
	return d.pic
}

// coloured counts the pixels of the picture's area that are not grey.
func coloured(im image.Image, p *Picture) (n int) {
	for y := range p.img.H {
		for x := range p.img.W {
			r, g, b, _ := im.At(x, p.Display.CellH+y).RGBA()
			if r != g || g != b {
				n++
			}
		}
	}
	return n
}

func TestPixelsInXterm(t *testing.T) {
	if testing.Short() {
		t.Skip("short: pictures are not compared on a real terminal")
	}
	x := startXterm(t, nil)
	same := func(r report, im image.Image) bool { return meanError(im, expected(r), 0, r.Rows) < 1.5 }
	r, im := x.shot(t, 0, same)
	require.Equal(t, Sixel, r.Display.Mode, "xterm -ti vt340 answers that it can")
	t.Logf("cell %dx%d, mean error %.2f of 255", r.Display.CellW, r.Display.CellH,
		meanError(im, expected(r), 0, r.Rows))
	assert.True(t, same(r, im), "the picture as it is")
	first := r.Stats

	r, im = x.shot(t, 1, same)
	assert.True(t, same(r, im), "half of the rows changed")
	assert.Equal(t, first.Rows+4, r.Stats.Rows, "text beside it changed 8 times and more, 4 rows were sent")

	want := expected(r)
	around := func(_ report, im image.Image) bool { // the popup covers rows 2 to 4
		return meanError(im, want, 0, 2) < 1.5 && meanError(im, want, 5, want.Rows) < 1.5 &&
			meanError(im, want, 2, 5) > 5
	}
	r, im = x.shot(t, 2, around)
	assert.True(t, around(r, im), "the picture above and below a popup, none in its rows")
	r, im = x.shot(t, 3, same)
	assert.True(t, same(r, im), "the popup is gone")
	gone := func(_ report, im image.Image) bool { return coloured(im, want) == 0 }
	r, im = x.shot(t, 4, gone)
	assert.True(t, gone(r, im), "nothing of the picture is left on another screen")
	r, im = x.shot(t, 5, same)
	assert.True(t, same(r, im), "and back")
}

// BenchmarkXterm320 shows pictures of 320 x 320 pixels, 20 a second, in xterm, and reports the
// processor time of the program and of the terminal as parts of one core: go test -run xxx -bench Xterm
// -benchtime 200x.
func BenchmarkXterm320(b *testing.B) {
	if b.N == 1 {
		return // a trial run: start nothing for one frame
	}
	x := startXterm(b, map[string]string{"frames": strconv.Itoa(b.N)})
	start := time.Now()
	var program, terminal time.Duration
	for {
		if _, err := os.Stat(filepath.Join(x.dir, "end")); err == nil {
			break
		}
		terminal = max(terminal, cpuTime(x.cmd.Process.Pid))
		program = max(program, cpuTime(childOf(x.cmd.Process.Pid)))
		if time.Since(start) > time.Duration(b.N)*time.Second {
			b.Fatal("the demo does not end")
		}
		time.Sleep(20 * time.Millisecond)
	}
	wall := time.Since(start)
	r := x.wait(b, "end", time.Second)
	if r.Display.Mode != Sixel {
		b.Fatalf("mode %v", r.Display.Mode)
	}
	b.ReportMetric(100*float64(program)/float64(wall), "%core-program")
	b.ReportMetric(100*float64(terminal)/float64(wall), "%core-xterm")
	b.ReportMetric(float64(r.Stats.Rows)/float64(r.Rows)/wall.Seconds(), "pictures/s")
	b.ReportMetric(float64(r.Stats.PictureBytes)/float64(b.N), "bytes/picture")
}

// cpuTime is the processor time of a process so far (/proc/PID/stat, in hundredths of a second), 0
// where unknown.
func cpuTime(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	var sum int
	for _, s := range f[11:13] {
		n, _ := strconv.Atoi(s) // the kernel writes numbers
		sum += n
	}
	return time.Duration(sum) * 10 * time.Millisecond
}

// childOf is a process whose parent is pid, or 0.
func childOf(pid int) int {
	f, err := os.Open(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	b, _ := io.ReadAll(f)
	n, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return n
}
