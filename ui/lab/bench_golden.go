package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"mllab/engine"
	"mllab/gen"
)

// GoldenResult says how far a workload is from the numbers of another engine.
type GoldenResult struct {
	Workload   string  `json:"workload"`
	File       string  `json:"file"`
	Device     string  `json:"device"`
	MaxRelLoss float64 `json:"max_rel_loss"`
	MaxRelGrad float64 `json:"max_rel_grad"`
	Worst      string  `json:"worst"`
	Turned     int     `json:"turned,omitempty"` // activations on the other side of their kink, see gen.Golden
	Pass       bool    `json:"pass"`
}

// MarshalJSON writes null for an error that is infinite, since JSON has no word for it.
func (r GoldenResult) MarshalJSON() ([]byte, error) {
	type plain GoldenResult
	finite := func(x *float64) *float64 {
		if math.IsInf(*x, 0) {
			return nil
		}
		return x
	}
	return json.Marshal(struct {
		plain
		MaxRelLoss *float64 `json:"max_rel_loss"`
		MaxRelGrad *float64 `json:"max_rel_grad"`
	}{plain(r), finite(&r.MaxRelLoss), finite(&r.MaxRelGrad)})
}

// GoldenOf names which of some workloads a file of golden numbers is of; the only one, whatever the file holds.
func (s *Session) GoldenOf(workloads []string, file string) (string, error) {
	if len(workloads) == 1 {
		return workloads[0], nil
	}
	if _, err := chooseWorkloads(workloads); err != nil {
		return "", Usage(err)
	}
	if err := goldenFile(file); err != nil {
		return "", err
	}
	of, err := gen.GoldenOf(file)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(workloads, func(w string) bool { return strings.EqualFold(w, of) }) {
		return "", Usage(fmt.Errorf("golden file %q is of none of %s", file, strings.Join(workloads, ", ")))
	}
	return of, nil
}

func goldenFile(file string) error {
	if _, err := os.Stat(file); err != nil {
		return Usage(fmt.Errorf("golden file: %w", err))
	}
	return nil
}

// Golden runs the correctness gate of a workload on a file of its golden numbers.
func (s *Session) Golden(ctx context.Context, o BenchOptions, name, file string) (GoldenResult, error) {
	r := GoldenResult{Workload: strings.ToUpper(name), File: file}
	var gates []string
	var gate func(context.Context, *engine.Engine, string) (gen.Golden, error)
	for _, w := range workloads() {
		if w.gate != nil {
			gates = append(gates, w.name)
		}
		if w.name == r.Workload {
			gate = w.gate
		}
	}
	if gate == nil {
		return r, Usage(fmt.Errorf("golden gate of workload %q: want one of %s", name, strings.Join(gates, ", ")))
	}
	if err := goldenFile(file); err != nil {
		return r, err
	}
	of, err := gen.GoldenOf(file)
	if err != nil {
		return r, err
	}
	if of != "" && of != r.Workload {
		return r, fmt.Errorf("golden file %q is of %s, not of %s", file, of, r.Workload)
	}
	eng, err := s.engine(o.over(s.opt))
	if err != nil {
		return r, err
	}
	defer eng.Close()
	g, err := gate(ctx, eng, file)
	if err != nil {
		return r, err
	}
	r.Device = deviceText(eng.Device())
	r.MaxRelLoss, r.MaxRelGrad, r.Worst = g.MaxRelLoss, g.MaxRelGrad, g.Worst
	r.Turned, r.Pass = g.Turned, g.Passed()
	return r, nil
}
