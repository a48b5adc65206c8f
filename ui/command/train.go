package command

import (
	"context"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mllab/gen"
	"mllab/ui/lab"
)

const defaultEpochs = 10

// train is `mllab train`.
func (a *app) train() *cobra.Command {
	o := lab.TrainOptions{Keep: true}
	var set []string
	var recipe string
	var asJSON bool
	c := &cobra.Command{
		Use:   "train MODEL",
		Short: "Train a model and keep the run on disk",
		Long: "Train a model until the epochs or steps are done. The run is kept on disk from its first step; " +
			"Ctrl+C ends it after the running step, saves it, and says how to go on. " +
			"Models: " + modelList() + ". Recipes are trainings that were measured; what is given besides goes before them: " +
			recipeList() + ". What --set takes:\n\n" + settingList(),
		Example: "mllab train vae\n" +
			"mllab train vae --data ~/mnist --epochs 20 --set beta=0.5\n" +
			"mllab train t2i --recipe shapes\n" +
			"mllab train vae --steps 100 --json | tail -1",
		Args: arguments(1, 1, "a model"),
	}
	chosen := modelFlags(c, &o, &set)
	f := c.Flags()
	f.IntVar(&o.Epochs, "epochs", defaultEpochs, "passes over the data")
	f.IntVar(&o.Steps, "steps", 0, "steps, in place of --epochs")
	f.StringVar(&recipe, "recipe", "", "a training that was measured, by its name")
	f.StringVar(&o.Out, "out", "", "folder of the run, new or empty (default a new one in the folder of runs)")
	f.IntVar(&o.SaveEvery, "save-every", 500, "steps from one checkpoint to the next")
	f.BoolVar(&asJSON, "json", false, "one JSON object a step, and a last one with done and metrics")
	c.RunE = func(c *cobra.Command, args []string) error {
		o.Model = args[0]
		if err := chosen(); err != nil {
			return err
		}
		if err := length(c, &o); err != nil {
			return err
		}
		if c.Flags().Changed("recipe") {
			if err := follow(c, &o, recipe, set); err != nil {
				return err
			}
		}
		return a.with(func(s *lab.Session) error {
			if err := dataExists(s, o.Data); err != nil {
				return err
			}
			return a.follow(c.Context(), s, asJSON, func(r *report) (*lab.Job, error) {
				o.OnMetrics = steps(lab.MetricsJSON, r.step)
				return s.Train(o)
			})
		})
	}
	return c
}

// follow fills options in from a recipe, all but those that are given on the command line.
func follow(c *cobra.Command, o *lab.TrainOptions, name string, set []string) error {
	given := map[string]string{}
	for _, pair := range set { // which settings has checked
		key, value, _ := strings.Cut(pair, "=")
		given[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	r, err := lab.Follow(o.Model, name, given)
	if err != nil {
		return err
	}
	f := c.Flags()
	if !f.Changed("data") {
		o.Data = r.Data
	}
	if !f.Changed("steps") && !f.Changed("epochs") {
		o.Steps, o.Epochs = r.Steps, 0
	}
	if !f.Changed("batch") {
		o.Batch = r.Batch
	}
	if !f.Changed("lr") {
		o.LR = r.LR
	}
	o.Settings = r.Settings
	return nil
}

// modelFlags gives a command the flags that say what is trained on what. The
// function checks their values; the model must be known by then.
func modelFlags(c *cobra.Command, o *lab.TrainOptions, set *[]string) (check func() error) {
	f := c.Flags()
	f.StringVar(&o.Data, "data", "digits", "what to learn: a built-in name, a folder or a file, see mllab data")
	f.IntVar(&o.Batch, "batch", 0, "examples in a step (default the model's own)")
	f.Float64Var(&o.LR, "lr", 0, "learning rate (default the model's own)")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of all that is random")
	f.StringArrayVar(set, "set", nil, "a setting, key=value; may be given again")
	return func() (err error) {
		if err := positive(c, map[string]int{"batch": o.Batch}); err != nil {
			return err
		}
		if f.Changed("lr") && (!(o.LR > 0) || math.IsInf(o.LR, 0)) {
			return lab.Usage(fmt.Errorf("--lr %v: want a number over 0", o.LR))
		}
		o.Settings, err = settings(o.Model, *set)
		return err
	}
}

// length checks how long a training is to be: numbers that would silently mean
// something else are refused.
func length(c *cobra.Command, o *lab.TrainOptions) error {
	err := positive(c, map[string]int{"epochs": o.Epochs, "steps": o.Steps, "save-every": o.SaveEvery})
	f := c.Flags()
	switch {
	case err != nil:
		return err
	case f.Changed("epochs") && f.Changed("steps"):
		return lab.Usage(fmt.Errorf("--epochs %d and --steps %d: want one of them", o.Epochs, o.Steps))
	case f.Changed("steps"):
		o.Epochs = 0
	}
	return nil
}

// settings reads the pairs of --set against the model that they are for.
func settings(model string, pairs []string) (map[string]string, error) {
	m, err := gen.Find(model)
	if err != nil {
		return nil, lab.Usage(err)
	}
	s, err := m.Parse(pairs)
	if err != nil {
		return nil, lab.Usage(fmt.Errorf("--set: %w", err))
	}
	return s.Map(), nil
}

// resume is `mllab resume`.
func (a *app) resume() *cobra.Command {
	var asJSON bool
	var o lab.TrainOptions
	c := &cobra.Command{
		Use:   "resume RUN",
		Short: "Go on with a run that was stopped",
		Long: "Go on from a run's newest checkpoint, with its own device, threads and settings, to the result " +
			"that it would have had without the stop. RUN is a folder, a name that `mllab runs` lists, or last.",
		Example: "mllab resume last\nmllab resume kind-otter --json",
		Args:    arguments(1, 1, "a run"),
	}
	c.Flags().IntVar(&o.SaveEvery, "save-every", 500, "steps from one checkpoint to the next")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a step, and a last one with done and metrics")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := positive(c, map[string]int{"save-every": o.SaveEvery}); err != nil {
			return err
		}
		for _, name := range []string{"device", "threads"} {
			if c.Flags().Changed(name) {
				return lab.Usage(fmt.Errorf("--%s: a run goes on with its own, or its numbers would change", name))
			}
		}
		return a.with(func(s *lab.Session) error {
			return a.follow(c.Context(), s, asJSON, func(r *report) (*lab.Job, error) {
				o.OnMetrics = steps(lab.MetricsJSON, r.step)
				return s.Resume(args[0], o)
			})
		})
	}
	return c
}

// follow starts a job, reports it to its end, and stops it early where the user or
// a closed output wants so.
func (a *app) follow(ctx context.Context, s *lab.Session, asJSON bool,
	start func(*report) (*lab.Job, error)) error {
	r := newReport(a.out, asJSON)
	r.name = func(st *lab.State) string { return a.runWord(s, st) }
	job, err := start(r)
	if err != nil {
		return err
	}
	defer job.Stop()
	r.watch(ctx, job)
	err = job.Wait()
	st := job.State()
	r.close(st, err == nil && ctx.Err() == nil)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("%w after step %d: %s", context.Cause(ctx), st.Step, a.wayOn(s, st))
	}
	return a.out.err()
}

// wayOn says how a job that was stopped is taken up again.
func (a *app) wayOn(s *lab.Session, st *lab.State) string {
	if st.Dir == "" {
		return "nothing was kept"
	}
	return fmt.Sprintf("saved in %s, go on with: mllab resume %s", st.Dir, a.runWord(s, st))
}

// runWord is what finds a run again on the next command line: its name, or its
// folder where that is not in the user's own folder of runs.
func (a *app) runWord(s *lab.Session, st *lab.State) string {
	if a.runs == "" && filepath.Dir(st.Dir) == s.Root() {
		return quote(st.Run)
	}
	return quote(st.Dir)
}

// quote makes a text one word of a shell.
func quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-_./:\\", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func modelList() string {
	var names []string
	for _, m := range gen.Models() {
		names = append(names, fmt.Sprintf("%s (%s)", m.Name, m.What))
	}
	return strings.Join(names, ", ")
}

func recipeList() string {
	var names []string
	for _, r := range lab.Recipes("") {
		names = append(names, fmt.Sprintf("%s %s (%s)", r.Model, r.Name, r.What))
	}
	return strings.Join(names, ", ")
}

// settingList has a line a setting of every model.
func settingList() string {
	var lines []string
	for _, m := range gen.Models() {
		for _, s := range m.Settings() {
			lines = append(lines, fmt.Sprintf("  %s: %s=%s  %s", m.Name, s.Key, s.Default, s.What))
		}
	}
	return strings.Join(lines, "\n")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
