package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mllab/ui"
	"mllab/ui/lab"
	"mllab/ui/screen"
	"mllab/ui/theme"
)

// latentFlags are what `mllab latent` takes.
type latentFlags struct {
	out, mode, from, to string
	dim, steps          int
	straight, json      bool
}

// latentKinds are what --mode takes.
func latentKinds() []string { return []string{"scatter", "grid", "traverse", "interpolate"} }

const (
	latentScatter = 900 // pixels of the scatter
	latentTile    = 112 // pixels that a picture is enlarged to at least
	latentReach   = 3.0 // of a traversal, where --from and --to say nothing else
	maxSteps      = 200
)

// latent is `mllab latent`.
func (a *app) latent() *cobra.Command {
	var f latentFlags
	c := &cobra.Command{
		Use:   "latent [RUN]",
		Short: "Walk through the space of codes of a trained net",
		Long: "Open the lab at the space of codes of a run: where the test pictures lie, what the net draws " +
			"between them. No training is begun. With --out or --json it needs no terminal. RUN is a folder, a name that " +
			"`mllab runs` lists, or last.",
		Example: "mllab latent last\n" +
			"mllab latent last --out codes.png\n" +
			"mllab latent last --mode interpolate --from 3 --to 18 --steps 24 --out morph.gif\n" +
			"mllab latent last --mode traverse --dim 7 --out z7.gif\n" +
			"mllab latent last --json",
		Args: arguments(0, 1, "a run"),
	}
	c.Flags().StringVar(&f.out, "out", "", "file to write: .png, or .gif of a path or a single dimension")
	c.Flags().StringVar(&f.mode, "mode", "scatter", "what to draw: scatter, grid, traverse or interpolate")
	c.Flags().IntVar(&f.dim, "dim", -1, "traverse: the dimension, -1 for a row of each")
	c.Flags().StringVar(&f.from, "from", "", "value that a traversal begins at (-3), or example of a path (0)")
	c.Flags().StringVar(&f.to, "to", "", "value that a traversal ends at (3), or example of a path (1)")
	c.Flags().IntVar(&f.steps, "steps", 9, "pictures of a path or a row, side of a grid")
	c.Flags().BoolVar(&f.straight, "straight", false, "interpolate: a straight path, not a spherical one")
	c.Flags().BoolVar(&f.json, "json", false, "print dimensions, their divergence and the explained variance")
	c.RunE = func(c *cobra.Command, args []string) error {
		name := append(args, "")[0]
		if f.out == "" && !f.json {
			o := ui.Options{Idle: true, Screen: '3'}
			if name != "" {
				o.Open = map[byte]string{'3': name}
			}
			return a.lab(c.Context(), o)
		}
		if name == "" {
			name = "last"
		}
		if err := f.check(); err != nil {
			return lab.Usage(err)
		}
		return a.with(func(s *lab.Session) error { return a.writeLatent(c.Context(), s, name, f) })
	}
	return c
}

// check refuses flags that make no sense, before anything is opened.
func (f latentFlags) check() error {
	kinds := strings.Join(latentKinds(), ", ")
	known := false
	for _, k := range latentKinds() {
		known = known || k == f.mode
	}
	ext := strings.ToLower(filepath.Ext(f.out))
	switch {
	case !known:
		return fmt.Errorf("--mode %s: want one of %s", f.mode, kinds)
	case f.steps < 2 || f.steps > maxSteps:
		return fmt.Errorf("--steps %d: want 2 to %d", f.steps, maxSteps)
	case f.out != "" && ext != ".png" && ext != ".gif":
		return fmt.Errorf("--out %s: want a name that ends in .png or .gif", f.out)
	case ext == ".gif" && f.mode != "interpolate" && (f.mode != "traverse" || f.dim < 0):
		return errors.New("--out: a .gif shows --mode interpolate, or --mode traverse with one --dim: want .png")
	}
	return nil
}

// writeLatent opens the run and writes what the flags ask for.
func (a *app) writeLatent(ctx context.Context, s *lab.Session, name string, f latentFlags) error {
	l, err := s.Latent(ctx, lab.LatentOptions{Run: name})
	if err != nil {
		return err
	}
	defer l.Close()
	if f.out != "" {
		if err := a.writeLatentFile(ctx, l, f); err != nil {
			return err
		}
	}
	if !f.json {
		_, err = fmt.Fprintf(a.out, "%s of run %s written to %s\n", f.mode, l.Space().Run, f.out)
		return err
	}
	return a.latentJSON(l.Space())
}

func (a *app) writeLatentFile(ctx context.Context, l *lab.Latent, f latentFlags) error {
	space := l.Space()
	if f.mode == "scatter" {
		p := space.PCAPlane()
		return writePNG(f.out, space.Scatter(p).Draw(space.Window(p), latentScatter, latentScatter, 6,
			screen.ScatterStyle(theme.New(false, false))))
	}
	codes, columns, err := f.codes(space)
	if err != nil {
		return lab.Usage(err)
	}
	pixels, err := l.DecodeAll(ctx, codes)
	if err != nil {
		return err
	}
	p := &lab.Pictures{N: len(codes) / space.Dims, H: space.H, W: space.W, C: space.C, Pixels: pixels}
	if most := max(space.H, space.W); p.N > 64 {
		p = p.Enlarge(latentTile / 2 / most)
	} else {
		p = p.Enlarge(latentTile / most)
	}
	if strings.ToLower(filepath.Ext(f.out)) == ".png" {
		return writePNG(f.out, image.Image(p.Image(columns)))
	}
	var b bytes.Buffer
	if err := p.GIF(&b, 80*time.Millisecond); err != nil {
		return err
	}
	if err := writeFile(f.out, b.Bytes()); err != nil {
		return fmt.Errorf("%s: %w: name another file with --out", f.out, cause(err))
	}
	return nil
}

// codes are those to be drawn, and how many stand in a row.
func (f latentFlags) codes(s *lab.Space) (codes []float32, columns int, err error) {
	switch f.mode {
	case "grid":
		p := s.PCAPlane()
		return p.Raster(s.Window(p), f.steps, f.steps), f.steps, nil
	case "interpolate":
		from, err := exampleNumber(f.from, "--from", 0, s.N)
		if err != nil {
			return nil, 0, err
		}
		to, err := exampleNumber(f.to, "--to", min(1, s.N-1), s.N)
		return lab.Between(s.Code(from), s.Code(to), f.steps, !f.straight), f.steps, err
	}
	from, err := value(f.from, "--from", -latentReach)
	if err != nil {
		return nil, 0, err
	}
	to, err := value(f.to, "--to", latentReach)
	if err != nil {
		return nil, 0, err
	}
	mean := make([]float32, s.Dims)
	for d, v := range s.Mean {
		mean[d] = float32(v)
	}
	if f.dim >= s.Dims {
		return nil, 0, fmt.Errorf("--dim %d: want 0 to %d, or -1 for all", f.dim, s.Dims-1)
	}
	if f.dim >= 0 {
		return lab.Traverse(mean, f.dim, from, to, f.steps), f.steps, nil
	}
	const most = 64
	order := s.ByKL()
	for _, d := range order[:min(len(order), most)] {
		codes = append(codes, lab.Traverse(mean, d, from, to, f.steps)...)
	}
	return codes, f.steps, nil
}

// exampleNumber reads the number of an example.
func exampleNumber(text, flag string, without, n int) (int, error) {
	if text == "" {
		return without, nil
	}
	i, err := strconv.Atoi(text)
	if err != nil || i < 0 || i >= n {
		return 0, fmt.Errorf("%s %s: want the number of an example, 0 to %d", flag, text, n-1)
	}
	return i, nil
}

// value reads a value of a dimension.
func value(text, flag string, without float64) (float64, error) {
	if text == "" {
		return without, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= -1000 && v <= 1000) {
		return 0, fmt.Errorf("%s %s: want a number from -1000 to 1000", flag, text)
	}
	return v, nil
}

// latentJSON prints what was measured as one object.
func (a *app) latentJSON(s *lab.Space) error {
	explained := []float64{}
	for i := range s.PCA.Variance {
		explained = append(explained, s.PCA.Explained(i))
	}
	dead := s.Dead
	if dead == nil {
		dead = []int{}
	}
	b, err := json.Marshal(struct {
		Run       string    `json:"run"`
		Model     string    `json:"model"`
		Data      string    `json:"data"`
		Step      int       `json:"step"`
		Examples  int       `json:"examples"`
		Sampled   bool      `json:"sampled"`
		Dims      int       `json:"dims"`
		KL        []float64 `json:"kl"`
		KLTotal   float64   `json:"kl_total"`
		Dead      []int     `json:"dead"`
		Explained []float64 `json:"explained_variance"`
	}{s.Run, s.Model, s.Data, s.Step, s.N, s.Sampled, s.Dims, s.KL, s.TotalKL(), dead, explained})
	if err != nil {
		return err
	}
	_, err = a.out.Write(append(b, '\n'))
	return err
}
