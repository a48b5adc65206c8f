package command

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mllab/gen"
	"mllab/ui"
	"mllab/ui/lab"
	"mllab/ui/screen"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// gan2dScreen is the digit of the screen that plays.
const gan2dScreen = '5'

// gan2d is `mllab gan2d`.
func (a *app) gan2d() *cobra.Command {
	var o lab.GAN2DOptions
	var loss, out string
	var set []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "gan2d",
		Short: "Play a GAN of points on the plane",
		Long: "Open the lab where two small nets play against each other on the plane: one draws points, the " +
			"other tells them from real ones. With --steps it plays without a terminal and tells how it ended.\n\n" +
			"Data: " + pointsList() + ", or a CSV file with x,y a line.\nPresets: " + presetList() +
			".\nWhat --set takes:\n\n" + gan2dSettings(),
		Example: "mllab gan2d\n" +
			"mllab gan2d --data points.csv --loss hinge\n" +
			"mllab gan2d --preset collapse --set d.width=16\n" +
			"mllab gan2d --steps 3000 --json --out ring.png",
		Args: arguments(0, 0, ""),
	}
	f := c.Flags()
	f.StringVar(&o.Data, "data", "ring", "points to learn: a built-in name or a CSV file")
	f.StringVar(&loss, "loss", "", "loss: "+strings.Join(append(gen.LossNames2D, "wgan-gp"), ", "))
	f.StringVar(&o.Preset, "preset", "ring", "game to begin with")
	f.StringVar(&o.Speed, "speed", "", "moves a second in the lab: "+strings.Join(lab.GAN2DSpeeds, ", "))
	f.StringArrayVar(&set, "set", nil, "a setting, key=value; may be given again")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of all that is random")
	f.IntVar(&o.Steps, "steps", 0, "play as many steps without a terminal")
	f.BoolVar(&asJSON, "json", false, "with --steps: one JSON object at the end")
	f.StringVar(&out, "out", "", "with --steps: PNG file for the picture of the end")
	// Of its own, before complete gives those of trainings to what has none; fails only for no flag.
	_ = c.RegisterFlagCompletionFunc("data", pointsNames)
	_ = c.RegisterFlagCompletionFunc("set", words(settingNames2D))
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := positive(c, map[string]int{"steps": o.Steps}); err != nil {
			return err
		}
		if o.Steps == 0 && (asJSON || out != "") {
			return lab.Usage(fmt.Errorf("--json and --out: want --steps too, as in: mllab gan2d --steps 3000 --json"))
		}
		if loss != "" {
			o.Settings = append(o.Settings, "loss="+loss)
		}
		o.Settings = append(o.Settings, set...)
		if o.Steps == 0 {
			return a.openGAN2D(c.Context(), o)
		}
		return a.with(func(s *lab.Session) error { return a.playGAN2D(c.Context(), s, o, asJSON, out) })
	}
	return c
}

// openGAN2D opens the lab on the game, whose options are tried first.
func (a *app) openGAN2D(ctx context.Context, o lab.GAN2DOptions) error {
	if err := o.Check(); err != nil {
		return err
	}
	lines := []string{"data=" + o.Data, "preset=" + o.Preset, "seed=" + strconv.FormatUint(o.Seed, 10)}
	if o.Speed != "" {
		lines = append(lines, "speed="+o.Speed)
	}
	open := strings.Join(append(lines, o.Settings...), "\n")
	return a.lab(ctx, ui.Options{Idle: true, Screen: gan2dScreen, Open: map[byte]string{gan2dScreen: open}})
}

// playGAN2D plays without a terminal.
func (a *app) playGAN2D(ctx context.Context, s *lab.Session, o lab.GAN2DOptions, asJSON bool,
	out string) error {
	g, err := s.GAN2D(o)
	if err != nil {
		return err
	}
	select {
	case <-g.Done():
	case <-ctx.Done():
		_ = g.Close()
	}
	st := g.State()
	switch {
	case st.Err != nil:
		return st.Err
	case ctx.Err() != nil:
		return fmt.Errorf("%w after step %d: nothing was kept", context.Cause(ctx), st.Step)
	}
	if out != "" {
		const side = 640
		if err := writePNG(out, screen.DrawPlane(st, side, screen.AllLayers, theme.New(true, false))); err != nil {
			return err
		}
	}
	if asJSON {
		_, err := a.out.Write(gan2dJSON(st))
		return err
	}
	return a.tellGAN2D(st, out)
}

// tellGAN2D writes the end of a game as lines.
func (a *app) tellGAN2D(st *lab.GAN2DState, out string) error {
	lines := append([]string(nil), st.Notes...)
	lines = append(lines, fmt.Sprintf("%d steps in %s, %s a second", st.Step, widget.Duration(st.Elapsed),
		widget.Sig(float64(st.Step)/max(st.Elapsed.Seconds(), 1e-9))))
	if st.Measure.Modes > 0 {
		lines = append(lines,
			fmt.Sprintf("modes covered    %d of %d, %.0f%% of the points within 3 deviations of one",
				st.Measure.Covered, st.Measure.Modes, 100*st.Measure.Quality))
	}
	lines = append(lines, fmt.Sprintf("divergence       KL %s, JS %s nats", widget.Sig(st.Measure.KL),
		widget.Sig(st.Measure.JS)),
		fmt.Sprintf("losses           D %s, G %s", widget.Sig(st.Scores.LossD), widget.Sig(st.Scores.LossG)))
	if out != "" {
		lines = append(lines, "picture written to "+out)
	}
	for _, l := range lines {
		if _, err := fmt.Fprintln(a.out, widget.Clean(l)); err != nil {
			return err
		}
	}
	return nil
}

// gan2dJSON is the end of a game as one JSON object and a newline.
func gan2dJSON(st *lab.GAN2DState) []byte {
	b := []byte(`{"done":true,"data":`)
	b = strconv.AppendQuote(b, widget.Clean(st.Data))
	b = append(b, `,"preset":`...)
	b = strconv.AppendQuote(b, st.Preset)
	b = append(b, `,"seed":`...)
	b = strconv.AppendUint(b, st.Seed, 10)
	for _, v := range []struct {
		name  string
		value int
	}{{"steps", st.Step}, {"modes", st.Measure.Modes}, {"modes_covered", st.Measure.Covered}} {
		b = append(b, `,"`+v.name+`":`...)
		b = strconv.AppendInt(b, int64(v.value), 10)
	}
	seconds := st.Elapsed.Seconds()
	b = appendNumber(b, "seconds", seconds)
	b = appendNumber(b, "steps_per_s", float64(st.Step)/max(seconds, 1e-9))
	b = appendNumber(b, "quality", st.Measure.Quality)
	b = appendNumber(b, "kl", st.Measure.KL)
	b = appendNumber(b, "js", st.Measure.JS)
	losses := appendNumber(nil, "d", st.Scores.LossD)
	losses = appendNumber(losses, "g", st.Scores.LossG)
	b = append(append(append(b, `,"losses":{`...), losses[1:]...), '}')
	b = appendNumber(b, "d_real", st.Scores.Real)
	b = appendNumber(b, "d_fake", st.Scores.Fake)
	return append(b, "}\n"...)
}

func pointsList() string {
	var names []string
	for _, e := range lab.GAN2DData() {
		names = append(names, fmt.Sprintf("%s (%s)", e.Name, e.What))
	}
	return strings.Join(names, ", ")
}

// pointsNames are the built-in distributions; the shell adds files.
func pointsNames(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, e := range lab.GAN2DData() {
		names = append(names, e.Name+"\t"+e.What)
	}
	return names, cobra.ShellCompDirectiveDefault
}

func settingNames2D() []string {
	var names []string
	for _, s := range gen.Settings2D() {
		for _, v := range s.Steps {
			names = append(names, s.Key+"="+v)
		}
	}
	return names
}

// presetNames are the presets with what they show.
func presetNames() []string {
	var names []string
	for _, p := range gen.Presets2D() {
		names = append(names, p.Name+"\t"+p.Title)
	}
	return names
}

func presetList() string {
	var names []string
	for _, p := range gen.Presets2D() {
		names = append(names, fmt.Sprintf("%s (%s)", p.Name, p.Title))
	}
	return strings.Join(names, ", ")
}

func gan2dSettings() string {
	var lines []string
	for _, s := range gen.Settings2D() {
		lines = append(lines, fmt.Sprintf("  %s=%s  %s", s.Key, s.Default, s.What))
	}
	return strings.Join(lines, "\n")
}
