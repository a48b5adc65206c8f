package command

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

// runLine is a run as --json prints it.
type runLine struct {
	Name    string             `json:"name"`
	Run     string             `json:"run"`
	State   string             `json:"state"`
	Problem string             `json:"problem,omitempty"`
	Model   string             `json:"model"`
	Data    string             `json:"data"`
	Device  string             `json:"device"`
	Step    int64              `json:"step"`
	Steps   int64              `json:"steps"`
	Saved   int64              `json:"saved"`
	Bytes   int64              `json:"bytes"`
	Updated time.Time          `json:"updated"`
	Last    map[string]float64 `json:"last"`

	Parent     string `json:"parent,omitempty"` // the run that it was forked from
	ParentStep int64  `json:"parent_step,omitempty"`
}

// list is `mllab runs`.
func (a *app) list() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "runs",
		Short: "List the runs on disk, the newest first",
		Long: "List the runs in the folder of runs, the newest first. A run that is interrupted can be " +
			"resumed; one that is damaged says why.",
		Example: "mllab runs\nmllab runs --runs /data/runs --json",
		Args:    arguments(0, 0, "nothing"),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a run")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.with(func(s *lab.Session) error {
			lines, err := runLines(s)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(a.out, lines)
			}
			return a.printRuns(s.Root(), lines)
		})
	}
	return c
}

func runLines(s *lab.Session) ([]runLine, error) {
	all, err := s.Runs()
	if err != nil {
		return nil, err
	}
	var lines []runLine
	for _, r := range all {
		l := runLine{Name: r.Name, Run: r.Dir, State: string(r.State), Problem: r.Problem, Model: r.Config.Model,
			Data: r.Config.Data, Device: r.Config.Device, Step: r.Step, Steps: r.Config.Steps, Saved: r.Saved,
			Bytes: r.Bytes, Updated: r.Updated, Last: map[string]float64{}, Parent: r.Config.Parent,
			ParentStep: r.Config.ParentStep}
		for _, f := range r.Last.Fields {
			if v, ok := f.Float(); ok {
				l.Last[f.Name] = v
			}
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func (a *app) printRuns(root string, lines []runLine) error {
	if len(lines) == 0 {
		_, err := fmt.Fprintf(a.out, "no runs in %s: begin one with: mllab train vae\n", widget.Clean(root))
		return err
	}
	var rows [][]string
	for _, l := range lines {
		row := []string{l.Name, l.State, l.Model, l.Data, strconv.FormatInt(l.Step, 10), "",
			l.Updated.Local().Format("2006-01-02 15:04"), widget.Bytes(l.Bytes)}
		for _, name := range []string{"test_accuracy", "test_neg_elbo", "loss"} {
			if v, ok := l.Last[name]; ok {
				row[5] = name + " " + widget.SigDigits(v, 4)
				break
			}
		}
		if l.Problem != "" {
			row[5] = l.Problem
		}
		rows = append(rows, row)
	}
	return a.table([]string{"run", "state", "model", "data", "step", "last", "changed", "size"}, rows)
}

// writeJSON writes one object a line.
func writeJSON[T any](o *output, lines []T) error {
	for _, l := range lines {
		b, err := json.Marshal(l)
		if err != nil {
			return err
		}
		if _, err := o.Write(append(b, '\n')); err != nil {
			return err
		}
	}
	return nil
}
