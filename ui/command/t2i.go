package command

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"mllab/gen"
	"mllab/ui"
	"mllab/ui/lab"
)

// t2iFlags are what `mllab t2i` takes.
type t2iFlags struct {
	prompt, negative, to, mode, sampler, image string
	seed                                       uint64
	steps                                      int
	guidance                                   float64
}

// t2iModes are what --mode takes.
func t2iModes() []string { return []string{"draw", "vary", "morph", "grid", "edit"} }

// studioDigit is the key of the screen.
const studioDigit = '2'

// t2i is `mllab t2i`.
func (a *app) t2i() *cobra.Command {
	var f t2iFlags
	usual := gen.NewPaintOptions()
	c := &cobra.Command{
		Use:   "t2i [RUN]",
		Short: "Type a sentence, watch it become a picture, see why",
		Long: "Open the lab at the studio: a net paints after a prompt, step by step, and shows where it looked for each word. " +
			"No training is begun. RUN is a folder, a name that `mllab runs` lists, or last; without one it is the net that " +
			"comes with mllab. `mllab sample RUN --prompt` paints without the lab.",
		Example: "mllab t2i\n" +
			"mllab t2i last --prompt 'a small red circle on the left'\n" +
			"mllab t2i last --prompt 'a red square' --to 'a blue circle' --mode morph\n" +
			"mllab t2i --open t2i-calm-fox-1.png",
		Args: arguments(0, 1, "a run"),
	}
	fl := c.Flags()
	fl.StringVar(&f.prompt, "prompt", "", "what to paint")
	fl.StringVar(&f.negative, "negative", "", "what to keep away from")
	fl.StringVar(&f.to, "to", "", "the other prompt, of --mode morph")
	fl.StringVar(&f.mode, "mode", "draw", "what to paint: draw, vary, morph, grid or edit")
	fl.StringVar(&f.image, "open", "", "picture to begin with: its settings come back, or it is painted over")
	fl.Uint64Var(&f.seed, "seed", 0, "seed of the noise")
	fl.IntVar(&f.steps, "steps", usual.Steps, "steps from noise to picture")
	fl.Float64Var(&f.guidance, "guidance", usual.Guidance, "how far to go beyond what no text would give")
	fl.StringVar(&f.sampler, "sampler", usual.Sampler, "euler, heun, ddim or ddpm")
	c.RunE = func(c *cobra.Command, args []string) error {
		set, err := f.settings(c.Flags().Changed)
		if err != nil {
			return lab.Usage(err)
		}
		o := ui.Options{Idle: true, Screen: studioDigit, Set: map[byte][]ui.Setting{studioDigit: set}}
		if len(args) > 0 {
			o.Open = map[byte]string{studioDigit: args[0]}
		}
		return a.lab(c.Context(), o)
	}
	return c
}

// settings are what the flags set on the screen; what makes no sense is refused before it is opened.
func (f t2iFlags) settings(changed func(string) bool) ([]ui.Setting, error) {
	var set []ui.Setting
	add := func(flag, value string) {
		if changed(flag) {
			set = append(set, ui.Setting{Name: flag, Value: value})
		}
	}
	r := lab.NewRequest(f.prompt)
	r.Steps, r.Guidance, r.Sampler, r.Seed = f.steps, f.guidance, f.sampler, f.seed
	if err := r.Check(lab.StudioAbout{}); err != nil {
		return nil, err
	}
	if changed("mode") {
		ok := false
		for _, m := range t2iModes() {
			ok = ok || m == f.mode
		}
		if !ok {
			return nil, fmt.Errorf("--mode %s: want draw, vary, morph, grid or edit", f.mode)
		}
	}
	if changed("to") && f.mode != "morph" {
		return nil, fmt.Errorf("--to: want --mode morph as well, which goes from one prompt to the other")
	}
	add("prompt", f.prompt)
	add("negative", f.negative)
	add("to", f.to)
	add("seed", strconv.FormatUint(f.seed, 10))
	add("steps", strconv.Itoa(f.steps))
	add("guidance", strconv.FormatFloat(f.guidance, 'g', -1, 64))
	add("sampler", f.sampler)
	add("mode", f.mode)
	if changed("open") {
		set = append(set, ui.Setting{Name: "picture", Value: f.image})
	}
	return set, nil
}
