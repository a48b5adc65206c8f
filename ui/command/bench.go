package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

// bench is `mllab bench`.
func (a *app) bench() *cobra.Command {
	var o lab.BenchOptions
	var golden string
	var asJSON bool
	c := &cobra.Command{
		Use:   "bench [WORKLOAD...]",
		Short: "Measure the reference workloads",
		Long: "Measure the reference workloads: W1, matrix products of 256, 512 and 1024 in three " +
			"transpositions, and W3, a training step and the sampling of the VAE at batch 128. Times are " +
			"medians over --steps runs after a warm-up.\n\n--golden compares losses and gradients of " +
			"one step with a file of float64 references instead; a difference over 1e-4 of a loss or 1e-3 of " +
			"a gradient ends with status 1.",
		Example: "mllab bench\nmllab bench W1 --threads 1 --json\nmllab bench W3 --golden w3.safetensors --json",
		Args:    cobra.ArbitraryArgs,
	}
	c.Flags().IntVar(&o.Steps, "steps", 0, "timed runs a case (default as many as the workload needs)")
	c.Flags().StringSliceVar(&o.Cases, "cases", nil,
		"cases to measure, such as matmul256,matmul256_nt (default all)")
	c.Flags().StringVar(&golden, "golden", "", "safetensors file of references to compare one workload with")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a case")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := positive(c, map[string]int{"steps": o.Steps}); err != nil {
			return err
		}
		for _, w := range args {
			o.Workloads = append(o.Workloads, strings.ToUpper(w))
		}
		o.Threads, o.Device = a.threads, a.device
		return a.with(func(s *lab.Session) error {
			if golden != "" {
				return a.gate(c, s, o, golden, asJSON)
			}
			return a.measure(c, s, o, asJSON)
		})
	}
	return c
}

// measure prints a line a case as it is done.
func (a *app) measure(c *cobra.Command, s *lab.Session, o lab.BenchOptions, asJSON bool) error {
	first := true
	return s.Bench(c.Context(), o, func(r lab.BenchResult) error {
		if asJSON {
			return writeJSON(a.out, []lab.BenchResult{r})
		}
		if first {
			first = false
			_, _ = fmt.Fprintf(a.out, "%-16s %8s %10s %10s %10s %10s\n", "case", "threads", "median ms", "p90 ms",
				"cpu ms", "GFLOP/s")
		}
		_, err := fmt.Fprintf(a.out, "%-16s %8d %10s %10s %10s %10s\n", widget.Clean(r.Case), r.Threads,
			widget.SigDigits(r.MedianMS, 4), widget.SigDigits(r.P90MS, 4), widget.SigDigits(r.CPUMS, 4),
			widget.SigDigits(r.GFLOPS, 4))
		return err
	})
}

// gate compares one workload with its references.
func (a *app) gate(c *cobra.Command, s *lab.Session, o lab.BenchOptions, file string, asJSON bool) error {
	if len(o.Workloads) != 1 {
		return lab.Usage(errors.New("--golden: want one workload, as in: mllab bench W3 --golden w3.safetensors"))
	}
	r, err := s.Golden(c.Context(), o, o.Workloads[0], file)
	if err != nil {
		return err
	}
	if asJSON {
		err = writeJSON(a.out, []lab.GoldenResult{r})
	} else {
		_, err = fmt.Fprintf(a.out, "%s  loss off by %.2g at most, gradients by %.2g (%s)\n", r.Workload,
			r.MaxRelLoss, r.MaxRelGrad, widget.Clean(r.Worst))
	}
	if err == nil && !r.Pass {
		err = fmt.Errorf("%s differs from %s: loss by %.2g, gradients by %.2g (%s)", r.Workload, file, r.MaxRelLoss,
			r.MaxRelGrad, r.Worst)
	}
	return err
}
