package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"mllab/ui"
	"mllab/ui/lab"
	"mllab/ui/widget"
)

// convScreen is the digit of the convolution lab.
const convScreen = '4'

// conv is `mllab conv`.
func (a *app) conv() *cobra.Command {
	var out, weights, name string
	var asJSON bool
	var example int
	c := &cobra.Command{
		Use:   "conv [PICTURE]",
		Short: "Look at what convolutions do to a picture",
		Long: "Open the convolution lab: a kernel slides over a picture, and each pixel of the result is taken " +
			"apart into its products. PICTURE is a PNG, JPEG or GIF file, or one of " +
			strings.Join(lab.ConvPictures(), ", ") + ". With --out or --json it works without the lab.",
		Example: "mllab conv\nmllab conv photo.jpg --kernel gaussian --size 7 --pad 3\n" +
			"mllab conv edges --weights \"-1,0,1; -2,0,2; -1,0,1\" --activation relu\n" +
			"mllab conv scene --kernel gabor --out maps.png --json\n" +
			"# the feature maps of a net\nmllab conv --run last\nmllab conv --run last --out maps.png",
		Args: arguments(0, 1, "a picture"),
	}
	f := c.Flags()
	convFlags(c)
	f.StringVar(&weights, "weights", "", "your own kernel: rows divided by ;, weights by commas")
	f.StringVar(&out, "out", "", "PNG file to write all maps to, without opening the lab")
	f.BoolVar(&asJSON, "json", false, "print the spec, the sizes and each map's range, without opening the lab")
	f.StringVar(&name, "run", "", "run whose feature maps are shown or written: a folder, a name or last")
	f.IntVar(&example, "example", 0, "with --run: example of the test set that the net looks at")
	c.RunE = func(c *cobra.Command, args []string) error {
		if name != "" {
			return a.networkMaps(c, name, example, out, asJSON)
		}
		spec, query, err := convSpec(c, weights)
		if err != nil {
			return err
		}
		picture := "digit"
		if len(args) > 0 {
			picture = args[0]
		}
		query.Set("picture", picture)
		if out != "" || asJSON {
			return a.convolve(c, picture, spec, out, asJSON)
		}
		if !lab.IsConvPicture(picture) && !exists(picture) {
			_, err := lab.OpenConvPicture(picture)
			return err
		}
		return a.lab(c.Context(), ui.Options{Screen: convScreen, Idle: true,
			Open: map[byte]string{convScreen: "?" + query.Encode()}})
	}
	return c
}

// convFlags adds a flag for every parameter of a convolution.
func convFlags(c *cobra.Command) {
	for _, p := range lab.ConvParams() {
		usage := p.What
		if p.Choices != nil {
			usage += ": " + strings.Join(p.Choices, ", ")
		} else {
			usage += fmt.Sprintf(", %g to %g", p.Min, p.Max)
		}
		c.Flags().String(convFlag(p.Name), "", usage)
		if p.Choices != nil {
			choices := words(func() []string { return p.Choices })
			_ = c.RegisterFlagCompletionFunc(convFlag(p.Name), choices) // the flag is there
		}
	}
}

// convSpec is what the flags say, as a spec and as what the screen is handed.
func convSpec(c *cobra.Command, weights string) (lab.ConvSpec, url.Values, error) {
	spec, query := lab.NewConvSpec(), url.Values{}
	for _, p := range lab.ConvParams() {
		flag := c.Flags().Lookup(convFlag(p.Name))
		if !flag.Changed {
			continue
		}
		if err := spec.Set(p.Name, flag.Value.String()); err != nil {
			return spec, nil, lab.Usage(fmt.Errorf("--%s: %w", flag.Name, err))
		}
		query.Set(p.Name, flag.Value.String())
	}
	if weights != "" {
		if err := spec.SetKernel(weights); err != nil {
			return spec, nil, lab.Usage(fmt.Errorf("--weights: %w", err))
		}
		query.Set("weights", weights)
	}
	return spec, query, nil
}

// convFlag is the flag of a parameter.
func convFlag(name string) string {
	if name == "padding" {
		return "pad"
	}
	return strings.ReplaceAll(name, ".", "-")
}

// convolve does what the lab does, once.
func (a *app) convolve(c *cobra.Command, picture string, spec lab.ConvSpec, out string, asJSON bool) error {
	return a.with(func(s *lab.Session) error {
		pic, err := lab.OpenConvPicture(picture)
		if err != nil {
			return err
		}
		r, err := lab.NewConvLab(s).Compute(c.Context(), pic, spec)
		if errors.Is(err, lab.ErrImpossible) {
			return lab.Usage(err)
		}
		if err != nil {
			return err
		}
		if out != "" {
			if err := writePNG(out, r.Sheet()); err != nil {
				return err
			}
		}
		if asJSON {
			line, err := json.Marshal(convReport{picture, pic.Notes, [3]int{pic.H, pic.W, pic.C}, spec,
				[3]int{r.Sizes.OutH, r.Sizes.OutW, len(r.Maps)}, spec.Formula(pic.H), spec.Formula(pic.W), r.Maps,
				r.Device, out})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "%s\n", line)
			return err
		}
		for _, n := range pic.Notes {
			if _, err := fmt.Fprintln(a.out, widget.Clean(n)); err != nil {
				return err
			}
		}
		_, err = fmt.Fprintf(a.out, "%d maps of %dx%d written to %s\n", len(r.Maps), r.Sizes.OutW, r.Sizes.OutH,
			widget.Clean(out))
		return err
	})
}

// networkMaps shows what is inside the net of a run.
func (a *app) networkMaps(c *cobra.Command, name string, example int, out string, asJSON bool) error {
	if example < 0 {
		return lab.Usage(fmt.Errorf("--example %d: want 0 or more", example))
	}
	if asJSON {
		return lab.Usage(errors.New("--json: want a picture instead of --run, or --out for the maps of a run"))
	}
	if out == "" {
		query := url.Values{"page": {"network"}, "run": {name}, "example": {fmt.Sprint(example)}}
		return a.lab(c.Context(), ui.Options{Screen: convScreen, Idle: true,
			Open: map[byte]string{convScreen: "?" + query.Encode()}})
	}
	return a.with(func(s *lab.Session) error {
		v, err := s.ViewRun(c.Context(), name)
		if err != nil {
			return err
		}
		m, err := v.Maps(example)
		if err != nil {
			return err
		}
		if err := writePNG(out, m.Sheet()); err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%d layers written to %s\n", len(m.Layers), widget.Clean(out))
		return err
	})
}

// convReport is what --json prints. Sizes are height, width, channels.
type convReport struct {
	Picture string          `json:"picture"`
	Notes   []string        `json:"notes,omitempty"`
	Input   [3]int          `json:"input"`
	Spec    lab.ConvSpec    `json:"spec"`
	Output  [3]int          `json:"output"`
	Height  string          `json:"height_formula"`
	Width   string          `json:"width_formula"`
	Maps    []lab.ConvStats `json:"maps"`
	Device  string          `json:"device"`
	Out     string          `json:"out,omitempty"`
}
