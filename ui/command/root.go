package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mllab/ui"
	"mllab/ui/lab"
)

// app is what the verbs of one command line share.
type app struct {
	in   io.Reader
	out  *output
	errs io.Writer

	graphics, device, isa, runs string
	threads                     int

	failed error // of what ran
}

// root makes the whole tree of commands.
func (a *app) root() *cobra.Command {
	c := &cobra.Command{
		Use:   "mllab",
		Short: "A lab for generative models, in the terminal",
		Long: "mllab trains generative models with a compiler of its own and shows, live, what they learn. " +
			"Without a verb it opens the lab, where a VAE begins to learn the built-in digits.",
		Example: "# open the lab\nmllab\n" +
			"# with your own pictures, or with a run that was stopped\n" +
			"mllab --data ~/pictures\nmllab --resume last\n" +
			"# train without the lab, then draw samples\nmllab train vae --epochs 3\nmllab sample last",
		Args: func(c *cobra.Command, args []string) error { return a.unknown(c, args) },
	}
	var o ui.Options
	var set []string
	chosen := modelFlags(c, &o.Train, &set)
	c.Flags().StringVar(&o.Train.Model, "model", "vae", "model that the lab trains")
	c.Flags().StringVar(&o.Resume, "resume", "", "run that the lab goes on with: a folder, a name or last")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := chosen(); err != nil {
			return err
		}
		return a.lab(c.Context(), o)
	}
	c.SuggestionsMinimumDistance = 2
	f := c.PersistentFlags()
	f.StringVar(&a.device, "device", "", "device to compute on, as listed by `mllab devices` (default cpu)")
	f.IntVar(&a.threads, "threads", 0, "threads of the cpu (default all cores)")
	f.StringVar(&a.isa, "isa", "", "instructions of the cpu: avx512, avx2 or go (default the best there is)")
	f.StringVar(&a.runs, "runs", "", "folder of the runs (default the user's own, see mllab runs)")
	f.StringVar(&a.graphics, "graphics", "auto", "pictures as: auto, sixel, kitty, iterm, blocks or none")
	for _, verb := range []func() *cobra.Command{
		a.train, a.resume, a.sample, a.eval, a.pack, a.conv, a.gan2d, a.latent, a.t2i, a.list, a.devices,
		a.data, a.bench, a.version,
	} {
		c.AddCommand(verb())
	}
	c.SetHelpCommand(a.help())
	a.complete(c)
	a.guard(c)
	return c
}

// lab opens the screens.
func (a *app) lab(ctx context.Context, o ui.Options) error {
	return a.with(func(s *lab.Session) error {
		if o.Train.Data != "" {
			if err := dataExists(s, o.Train.Data); err != nil {
				return err
			}
		}
		o.Graphics = a.graphics
		err := ui.Run(ctx, s, o)
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return err
	})
}

// isas are what --isa takes.
var isas = []string{"avx512", "avx2", "go"}

// session opens one as the flags say.
func (a *app) session() (*lab.Session, error) {
	if a.isa != "" && !slices.Contains(isas, a.isa) {
		return nil, lab.Usage(fmt.Errorf("--isa %s: want one of %s", a.isa, strings.Join(isas, ", ")))
	}
	return lab.Open(lab.Options{Device: a.device, Threads: a.threads, ISA: a.isa, Root: a.runs})
}

// with calls f with a session that ends with it.
func (a *app) with(f func(*lab.Session) error) error {
	s, err := a.session()
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close())
}

// help is the verb that cobra would make, with an error for what there is not.
func (a *app) help() *cobra.Command {
	return &cobra.Command{
		Use:   "help [verb]",
		Short: "Say what a verb does and takes",
		RunE: func(c *cobra.Command, args []string) error {
			verb, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return a.unknown(c.Root(), args)
			}
			return verb.Help()
		},
	}
}

// unknown is the error for a verb that does not exist, nil without any.
func (a *app) unknown(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var verbs []string
	for _, v := range c.Commands() {
		if v.IsAvailableCommand() && v.Name() != "completion" && v.Name() != "help" {
			verbs = append(verbs, v.Name())
		}
	}
	near := ""
	if s := c.SuggestionsFor(args[0]); len(s) > 0 {
		near = " (did you mean " + s[0] + "?)"
	}
	return lab.Usage(fmt.Errorf("%q: no such verb%s, want one of %s", args[0], near, strings.Join(verbs, ", ")))
}

// guard keeps the errors of a command and of all below it in a.failed, translated,
// and from cobra and fang, which would ask the terminal for its colours only to
// print nothing.
func (a *app) guard(c *cobra.Command) {
	c.SilenceUsage, c.SilenceErrors = true, true
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if errors.Is(err, pflag.ErrHelp) {
			return err
		}
		a.failed = flagError(c, err)
		return nil
	})
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			a.failed = check(c, args)
			return nil
		}
	}
	if run := c.RunE; run != nil {
		c.RunE = func(c *cobra.Command, args []string) error {
			if a.failed == nil {
				a.failed = run(c, args)
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		a.guard(sub)
	}
}

// flagError says what is wrong with a flag, and what is right.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	see := fmt.Sprintf("see %s --help", c.CommandPath())
	switch {
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if s := unknown.GetSpecifiedShortnames(); s != "" {
			name = "-" + s
		}
		return lab.Usage(fmt.Errorf("%s: no such flag%s, %s", name, nearFlag(c, name), see))
	case errors.As(err, &missing):
		return lab.Usage(fmt.Errorf("--%s: want a value, %s", missing.GetFlag().Name, see))
	case errors.As(err, &invalid):
		return lab.Usage(fmt.Errorf("--%s %s: want %s, %s", invalid.GetFlag().Name, invalid.GetValue(),
			kind(invalid.GetFlag().Value.Type()), see))
	}
	return lab.Usage(fmt.Errorf("%w, %s", err, see))
}

// kind is a flag's type in words.
func kind(flag string) string {
	switch flag {
	case "int", "int64":
		return "a whole number"
	case "uint64":
		return "a whole number from 0 on"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	}
	return flag
}

// nearFlag is " (did you mean --steps?)" where a flag begins alike.
func nearFlag(c *cobra.Command, name string) (text string) {
	name = strings.TrimLeft(name, "-")
	c.Flags().VisitAll(func(f *pflag.Flag) {
		short := min(3, len(name), len(f.Name))
		if text == "" && short > 1 && f.Name[:short] == name[:short] {
			text = " (did you mean --" + f.Name + "?)"
		}
	})
	return text
}

// arguments makes a check of how many there are: want is how the one is called in
// a message, such as "a model".
func arguments(least, most int, want string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return lab.Usage(fmt.Errorf("%s: want %s, as in: %s", c.Name(), want, example(c)))
		case len(args) > most:
			return lab.Usage(fmt.Errorf("%s: %q is one argument too many, see %s --help", c.Name(), args[most],
				c.CommandPath()))
		}
		return nil
	}
}

// example is the first example of a command that is no comment.
func example(c *cobra.Command) string {
	for line := range strings.Lines(c.Example) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line
		}
	}
	return c.UseLine()
}

// positive checks whole numbers that, once given, must be 1 or more.
func positive(c *cobra.Command, values map[string]int) error {
	for _, name := range sortedKeys(values) {
		if v := values[name]; v < 1 && c.Flags().Changed(name) {
			return lab.Usage(fmt.Errorf("--%s %d: want 1 or more", name, v))
		}
	}
	return nil
}
