package command

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mllab/gen"
	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/widget"
)

// maxSamples is what one picture file is allowed to hold.
const maxSamples = 10000

// sample is `mllab sample`.
func (a *app) sample() *cobra.Command {
	var o lab.SampleOptions
	var out, from string
	p := lab.PaintOptions{PaintOptions: gen.NewPaintOptions()}
	c := &cobra.Command{
		Use:   "sample [RUN]",
		Short: "Draw new pictures with what a run has learned",
		Long: "Draw new pictures from a run's newest checkpoint: as half-blocks on a terminal, else into " +
			"samples.png. RUN is a folder, a name that `mllab runs` lists, or last. The same seed draws " +
			"the same pictures. A run that reads paints after --prompt, and without RUN the net that comes with mllab does; " +
			"the file then holds how, and --from paints it again.",
		Example: "mllab sample last\nmllab sample --prompt 'a large blue square'\nmllab sample kind-otter --n 100 " +
			"--seed 7 --out grid.png\nmllab sample last --prompt 'a small red circle on the left' --n 4\n" +
			"mllab sample --from samples.png --out again.png",
		Args: func(c *cobra.Command, args []string) error {
			least := 1
			if c.Flags().Changed("from") || c.Flags().Changed("prompt") {
				least = 0
			}
			return arguments(least, 1, "a run")(c, args)
		},
	}
	f := c.Flags()
	f.IntVar(&o.N, "n", 64, "pictures")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the noise that the pictures are made of")
	f.StringVar(&out, "out", "", "PNG file to write (default the terminal, or samples.png)")
	f.StringVar(&p.Prompt, "prompt", "", "what to paint, of a run that reads")
	f.StringVar(&from, "from", "", "picture that was painted after a prompt, to be painted again")
	f.StringVar(&p.Negative, "negative", "", "with --prompt: what to keep away from")
	f.IntVar(&p.Steps, "steps", p.Steps, "with --prompt: steps from noise to picture")
	f.Float64Var(&p.Guidance, "guidance", p.Guidance, "with --prompt: how far to go beyond what no text would give")
	f.StringVar(&p.Sampler, "sampler", p.Sampler, "with --prompt: "+strings.Join(gen.Samplers, ", "))
	f.StringVar(&p.StartFile, "start", "", "with --prompt or --from: picture to begin with")
	f.Float64Var(&p.Strength, "strength", p.Strength, "with --start: how much noise it gets; 1 leaves nothing of it")
	f.StringVar(&p.MaskFile, "mask", "", "with --start: picture that is white where it may be painted over")
	c.RunE = func(c *cobra.Command, args []string) error {
		if o.N < 1 || o.N > maxSamples {
			return lab.Usage(fmt.Errorf("--n %d: want 1 to %d", o.N, maxSamples))
		}
		shown, err := a.pictured()
		if err != nil {
			return err
		}
		if err := fitting(c); err != nil {
			return err
		}
		if len(args) > 0 {
			o.Run = args[0]
		}
		return a.with(func(s *lab.Session) error {
			if !f.Changed("prompt") && from == "" {
				all, err := s.Sample(c.Context(), o)
				if err != nil {
					return err
				}
				return a.give(all, out, shown, nil)
			}
			p.Run, p.N, p.Seed = o.Run, o.N, o.Seed
			p.Tell = func(line string) { fmt.Fprintln(a.errs, widget.Clean(line)) }
			if from != "" {
				if p.Again, err = readPainted(from); err != nil {
					return err
				}
			}
			painted, err := s.Paint(c.Context(), p)
			if err != nil {
				return err
			}
			return a.give(painted.Pictures(), out, shown, painted)
		})
	}
	return c
}

// fitting says which flags of `mllab sample` do not go together.
func fitting(c *cobra.Command) error {
	changed := c.Flags().Changed
	for _, name := range []string{"negative", "steps", "guidance", "sampler"} {
		if changed(name) && !changed("prompt") && !changed("from") {
			return lab.Usage(fmt.Errorf("--%s: want --prompt as well, see %s --help", name, c.CommandPath()))
		}
	}
	for _, name := range []string{"prompt", "negative", "steps", "guidance", "sampler", "strength", "n", "seed"} {
		if changed("from") && changed(name) {
			return lab.Usage(fmt.Errorf("--%s: --from paints again as its file says: leave one of both out", name))
		}
	}
	if changed("start") && !changed("prompt") && !changed("from") {
		return lab.Usage(fmt.Errorf("--start: want --prompt as well, see %s --help", c.CommandPath()))
	}
	for _, name := range []string{"strength", "mask"} {
		if changed(name) && !changed("start") {
			return lab.Usage(fmt.Errorf("--%s: want --start as well, the picture to begin with", name))
		}
	}
	return nil
}

// readPainted reads a picture with the settings that it was painted by.
func readPainted(path string) (*lab.Painted, error) {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return nil, lab.Usage(fmt.Errorf("--from %s: want a PNG file that mllab painted", path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, lab.Usage(fmt.Errorf("--from %s: %w", path, cause(err)))
	}
	defer f.Close()
	p, err := lab.ReadPainted(f)
	if err != nil {
		return nil, fmt.Errorf("--from %s: %w", path, err)
	}
	return &p, nil
}

// give prints pictures on a terminal or writes them to a file, with the settings that they were painted by.
func (a *app) give(p *lab.Pictures, out string, shown bool, painted *lab.Painted) error {
	if out == "" && shown {
		return a.printPictures(p)
	}
	return a.savePictures(p, out, painted)
}

// printPictures fits as many of the pictures on the terminal as are wanted and
// have room, enlarged by a whole factor where possible.
func (a *app) printPictures(p *lab.Pictures) error {
	cols, rows := a.room()
	w, h := a.out.display().Pixels(cols, rows)
	img := picture.Grid(p.Pixels, picture.GridOptions{W: p.W, H: p.H, Channels: p.C, Min: min(p.N, 16)}, w, h)
	if img.W == 0 || img.H == 0 {
		return fmt.Errorf("the terminal has no room for a picture of %dx%d: write a file with --out", p.W, p.H)
	}
	return a.print(img, cols, rows)
}

// savePictures writes a PNG file; painted is nil for pictures that no prompt was asked for.
func (a *app) savePictures(p *lab.Pictures, out string, painted *lab.Painted) error {
	if out == "" {
		out = "samples.png"
	}
	if painted == nil {
		if err := writePNG(out, p.Image(0)); err != nil {
			return err
		}
	} else {
		var b bytes.Buffer
		if err := lab.WritePainted(&b, *painted); err != nil {
			return fmt.Errorf("%s: %w", out, err)
		}
		if err := writeFile(out, b.Bytes()); err != nil {
			return fmt.Errorf("%s: %w: name another file with --out", out, cause(err))
		}
	}
	what := "pictures"
	if p.N == 1 {
		what = "picture"
	}
	_, err := fmt.Fprintf(a.out, "%d %s of %dx%d written to %s\n", p.N, what, p.W, p.H, out)
	return err
}

// exists says whether a path is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
