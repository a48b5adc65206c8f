package command

import (
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
	var out string
	p := lab.PaintOptions{PaintOptions: gen.NewPaintOptions()}
	c := &cobra.Command{
		Use:   "sample RUN",
		Short: "Draw new pictures with what a run has learned",
		Long: "Draw new pictures from a run's newest checkpoint: as half-blocks on a terminal, else into " +
			"samples.png. RUN is a folder, a name that `mllab runs` lists, or last. The same seed draws " +
			"the same pictures. A run that reads paints after --prompt.",
		Example: "mllab sample last\nmllab sample kind-otter --n 100 --seed 7 --out grid.png\n" +
			"mllab sample last --prompt 'a small red circle on the left' --n 4",
		Args: arguments(1, 1, "a run"),
	}
	c.Flags().IntVar(&o.N, "n", 64, "pictures")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the noise that the pictures are made of")
	c.Flags().StringVar(&out, "out", "", "PNG file to write (default the terminal, or samples.png)")
	f := c.Flags()
	f.StringVar(&p.Prompt, "prompt", "", "what to paint, of a run that reads")
	f.StringVar(&p.Negative, "negative", "", "with --prompt: what to keep away from")
	f.IntVar(&p.Steps, "steps", p.Steps, "with --prompt: steps from noise to picture")
	f.Float64Var(&p.Guidance, "guidance", p.Guidance, "with --prompt: how far to go beyond what no text would give")
	f.StringVar(&p.Sampler, "sampler", p.Sampler, "with --prompt: "+strings.Join(gen.Samplers, ", "))
	c.RunE = func(c *cobra.Command, args []string) error {
		if o.N < 1 || o.N > maxSamples {
			return lab.Usage(fmt.Errorf("--n %d: want 1 to %d", o.N, maxSamples))
		}
		shown, err := a.pictured()
		if err != nil {
			return err
		}
		o.Run = args[0]
		for _, name := range []string{"negative", "steps", "guidance", "sampler"} {
			if c.Flags().Changed(name) && !c.Flags().Changed("prompt") {
				return lab.Usage(fmt.Errorf("--%s: want --prompt as well, see %s --help", name, c.CommandPath()))
			}
		}
		draw := func(s *lab.Session) (*lab.Pictures, error) { return s.Sample(c.Context(), o) }
		if c.Flags().Changed("prompt") {
			p.Run, p.N, p.Seed = o.Run, o.N, o.Seed
			p.Tell = func(line string) { fmt.Fprintln(a.errs, widget.Clean(line)) }
			draw = func(s *lab.Session) (*lab.Pictures, error) { return s.Paint(c.Context(), p) }
		}
		return a.with(func(s *lab.Session) error {
			p, err := draw(s)
			if err != nil {
				return err
			}
			if out == "" && shown {
				return a.printPictures(p)
			}
			return a.savePictures(p, out)
		})
	}
	return c
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

func (a *app) savePictures(p *lab.Pictures, out string) error {
	if out == "" {
		out = "samples.png"
	}
	if err := writePNG(out, p.Image(0)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.out, "%d pictures of %dx%d written to %s\n", p.N, p.W, p.H, out)
	return err
}

// exists says whether a path is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
