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
	var asJSON, profile bool
	c := &cobra.Command{
		Use:   "bench [WORKLOAD...]",
		Short: "Measure the reference workloads",
		Long: "Measure the reference workloads: W1, matrix products of 256, 512 and 1024 in three " +
			"transpositions; W2, convolutions forward and backward; W3, W4 and W5, a training step and the " +
			"sampling of a VAE, a DCGAN and a diffusion UNet. Times are medians over --steps runs after a " +
			"warm-up. GFLOP/s count the products of the plain algorithm, as other engines do; minimal filtering needs fewer, so " +
			"that they may exceed what `mllab devices` calls the peak.\n\n--profile tells where the time of one case goes, kernel " +
			"by kernel, by the operations that are done.\n\n--golden " +
			"compares losses and gradients of one step of the workload that a file of float64 references is of " +
			"instead; a difference " +
			"over 1e-4 of a loss or 1e-3 of a gradient ends with status 1.",
		Example: "mllab bench\nmllab bench W1 --threads 1 --json\nmllab bench W3 --golden w3.safetensors --json\n" +
			"mllab bench W5 --profile --cases ddim50_b16",
		Args: cobra.ArbitraryArgs,
	}
	c.Flags().IntVar(&o.Steps, "steps", 0, "timed runs a case (default as many as the workload needs)")
	c.Flags().StringSliceVar(&o.Cases, "cases", nil,
		"cases to measure, such as matmul256,matmul256_nt (default all)")
	c.Flags().StringVar(&golden, "golden", "", "safetensors file of references to compare its workload with")
	c.Flags().BoolVar(&profile, "profile", false, "a table of the kernels of one case, the dearest first")
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
			if golden != "" && profile {
				return lab.Usage(errors.New("--golden and --profile: want one of them"))
			}
			if profile {
				return a.profile(c, s, o, asJSON)
			}
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
			_, _ = fmt.Fprintf(a.out, "%-32s %8s %10s %10s %10s %10s\n", "case", "threads", "median ms", "p90 ms",
				"cpu ms", "GFLOP/s")
		}
		_, err := fmt.Fprintf(a.out, "%-32s %8d %10s %10s %10s %10s\n", widget.Clean(r.Case), r.Threads,
			widget.SigDigits(r.MedianMS, 4), widget.SigDigits(r.P90MS, 4), widget.SigDigits(r.CPUMS, 4),
			widget.SigDigits(r.GFLOPS, 4))
		return err
	})
}

// profile prints where the time of one case goes.
func (a *app) profile(c *cobra.Command, s *lab.Session, o lab.BenchOptions, asJSON bool) error {
	p, err := s.Profile(c.Context(), o)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(a.out, []*lab.Profile{p})
	}
	number := func(v float64) string { return widget.SigDigits(v, 3) }
	_, err = fmt.Fprintf(a.out, "%s %s, %s: %s ms a step, %s of them in %d kernels; peak %s GFLOP/s, %s GB/s\n",
		p.Workload, widget.Clean(p.Case), widget.Clean(p.Device), number(p.StepMS), number(p.KernelMS),
		len(p.Kernels), number(p.PeakGF), number(p.PeakGB))
	if err != nil {
		return err
	}
	var rows [][]string
	for _, k := range p.Kernels {
		rows = append(rows, []string{
			k.Name, fmt.Sprint(k.Count), number(k.MS), fmt.Sprintf("%.1f%%", 100*k.Share), number(k.GFLOPS),
			number(k.GBS), fmt.Sprintf("%.0f%%", 100*k.Roofline), strings.Join(strings.Fields(k.Schedule), " "),
		})
	}
	err = a.table([]string{"kernel", "runs", "ms", "share", "GFLOP/s", "GB/s", "roofline", "schedule"}, rows)
	if err != nil {
		return err
	}
	return a.fused(p)
}

// fused prints what the compiler made one kernel of, and why not more.
func (a *app) fused(p *lab.Profile) error {
	_, err := fmt.Fprintln(a.out, "\nwhat was fused, and why not more:")
	for _, k := range p.Kernels {
		if err == nil && k.Notes != "" {
			_, err = fmt.Fprintf(a.out, "%s: %s\n", k.Name, k.Notes)
		}
	}
	return err
}

// gate compares the one of some workloads that a file has references of.
func (a *app) gate(c *cobra.Command, s *lab.Session, o lab.BenchOptions, file string, asJSON bool) error {
	if len(o.Workloads) == 0 {
		return lab.Usage(errors.New("--golden: want its workload, as in: mllab bench W3 --golden w3.safetensors"))
	}
	name, err := s.GoldenOf(o.Workloads, file)
	if err != nil {
		return err
	}
	r, err := s.Golden(c.Context(), o, name, file)
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
