package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

// eval is `mllab eval`.
func (a *app) eval() *cobra.Command {
	var o lab.EvalOptions
	var asJSON bool
	c := &cobra.Command{
		Use:   "eval RUN",
		Short: "Measure what a run has learned",
		Long: "Measure a run's newest checkpoint. A classifier is asked about the test set. Pictures that another " +
			"model draws are compared with real ones by the features of a classifier, which is trained on the " +
			"run's own data the first time, and kept: precision is the share of drawn pictures that look like " +
			"real ones, recall the share of real ones that are like something drawn (nearest neighbours, k=3), " +
			"and the Frechet distance compares mean and spread. Data without labels cannot be measured so. Of a model that " +
			"reads, pictures are painted after the captions of the test split, or after your own prompts, and what was " +
			"asked for is read back from their pixels, that of combinations that training never shows apart; tgan and tvae " +
			"draw at once, so their guidance and steps are 0. RUN " +
			"is a folder, a name that `mllab runs` lists, or last.",
		Example: "mllab eval last\nmllab eval kind-otter --n 5000 --json\n" +
			"mllab eval last --prompts prompts.txt --json",
		Args: arguments(1, 1, "a run"),
	}
	c.Flags().IntVar(&o.N, "n", 0, "pictures to draw (default 1000, or 256 of a run that reads)")
	c.Flags().StringVar(&o.Prompts, "prompts", "", "of a run that reads: a file of prompts, one a line")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the noise that the pictures are made of")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := positive(c, map[string]int{"n": o.N}); err != nil {
			return err
		}
		if c.Flags().Changed("prompts") && o.Prompts == "" {
			return lab.Usage(errors.New("--prompts: want a file of prompts, one a line"))
		}
		o.Run = args[0]
		o.Tell = func(line string) { fmt.Fprintln(a.errs, widget.Clean(line)) }
		return a.with(func(s *lab.Session) error {
			e, err := s.Evaluate(c.Context(), o)
			if err != nil {
				return err
			}
			if !asJSON {
				return a.printEvaluation(e)
			}
			var all any = e
			if e.TextQuality != nil {
				all = e.TextQuality
			}
			b, err := json.Marshal(all)
			if err != nil {
				return err
			}
			_, err = a.out.Write(append(b, '\n'))
			return err
		})
	}
	return c
}

// accuracy prints the shares of attributes that were right.
func accuracy(line func(name, format string, args ...any), kind string, shares map[string]float64) {
	for _, name := range sortedKeys(shares) {
		line(kind+name, "%.1f%%", 100*shares[name])
	}
}

// faith prints what was measured of a run that reads.
func faith(line func(name, format string, args ...any), q *lab.TextQuality) {
	how := "drawn at once"
	if q.Steps > 0 {
		how = fmt.Sprintf("guidance %s, %d steps", widget.SigDigits(q.Guidance, 3), q.Steps)
	}
	line("prompts", "%d, %s", q.Count, how)
	accuracy(line, "", q.Accuracy)
	if q.All != nil {
		line("all", "%.1f%%", 100**q.All)
	}
	if h := q.HeldOut; h != nil {
		accuracy(line, "held out ", h.Accuracy)
		line("held out all", "%.1f%% of %d", 100*h.All, h.Count)
	}
	for _, p := range q.Sweep {
		line("all at guidance "+widget.SigDigits(p.Guidance, 3), "%.1f%%", 100*p.All)
	}
	for _, m := range []struct {
		name  string
		value *float64
	}{{"precision", q.Precision}, {"recall", q.Recall}, {"frechet", q.Frechet}} {
		if m.value != nil {
			line(m.name, "%s", widget.SigDigits(*m.value, 4))
		}
	}
	line("time", "%s s a picture", widget.SigDigits(q.SecondsEach, 3))
}

func (a *app) printEvaluation(e *lab.Evaluation) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-20s %s\n", name, widget.Clean(fmt.Sprintf(format, args...)))
	}
	line("run", "%s, %s, step %d", e.Run, e.Model, e.Step)
	if e.TestAccuracy != nil {
		line("test examples", "%d", e.N)
		line("test_accuracy", "%s", widget.SigDigits(*e.TestAccuracy, 5))
		line("test_loss", "%s", widget.SigDigits(*e.TestLoss, 5))
	}
	if e.TextQuality != nil {
		faith(line, e.TextQuality)
	}
	if q := e.Quality; q != nil {
		line("pictures", "%d drawn, %d real", e.N, q.Real)
		line("classes_present", "%d of %d", q.ClassesPresent, len(q.Classes))
		line("largest_class", "%.1f%%", 100*q.LargestClass)
		line("precision", "%s", widget.SigDigits(q.Precision, 4))
		line("recall", "%s", widget.SigDigits(q.Recall, 4))
		line("frechet", "%s", widget.SigDigits(q.Frechet, 4))
		line("classifier_accuracy", "%s", widget.SigDigits(q.ClassifierAccuracy, 5))
	}
	_, err := io.WriteString(a.out, b.String())
	return err
}
