package command

import (
	"strings"

	"github.com/spf13/cobra"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

// deviceLine is a target as --json prints it.
type deviceLine struct {
	Target    string            `json:"target"`
	Found     bool              `json:"found"`
	Name      string            `json:"name,omitempty"`
	Reason    string            `json:"reason,omitempty"`
	Detail    map[string]string `json:"detail,omitempty"`
	Peak      float64           `json:"peak_gflops,omitempty"`
	PeakAll   float64           `json:"peak_all_gflops,omitempty"`
	Bandwidth float64           `json:"bandwidth_gb_per_s,omitempty"`
}

// devices is `mllab devices`.
func (a *app) devices() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "devices",
		Short: "List what can compute here, and why the rest cannot",
		Long: "List every kind of device with what was found, or the reason why nothing was. Peaks of one " +
			"thread and bandwidths are measured, in float32, where a device can measure itself.",
		Example: "mllab devices\nmllab devices --json",
		Args:    arguments(0, 0, "nothing"),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a device")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.with(func(s *lab.Session) error {
			var lines []deviceLine
			for _, d := range s.Devices(c.Context()) {
				l := deviceLine{Target: d.Target, Found: d.Found, Name: d.Name, Reason: d.Reason,
					Detail: map[string]string{}, Peak: d.Peak / 1e9, PeakAll: d.PeakAll / 1e9,
					Bandwidth: d.Bandwidth / 1e9}
				for _, t := range d.Detail {
					l.Detail[t.Name] = t.Text
				}
				lines = append(lines, l)
			}
			if asJSON {
				return writeJSON(a.out, lines)
			}
			return a.printDevices(lines)
		})
	}
	return c
}

func (a *app) printDevices(lines []deviceLine) error {
	var rows [][]string
	for _, l := range lines {
		if !l.Found {
			rows = append(rows, []string{l.Target, "no", l.Reason, "", ""})
			continue
		}
		row := []string{l.Target, "yes", l.Name, "", ""}
		if l.Peak > 0 {
			row[3] = widget.SigDigits(l.Peak, 3) + " GFLOP/s a thread, " + widget.SigDigits(l.Bandwidth, 3) + " GB/s"
		}
		var detail []string
		for _, k := range sortedKeys(l.Detail) {
			detail = append(detail, k+" "+l.Detail[k])
		}
		row[4] = strings.Join(detail, ", ")
		rows = append(rows, row)
	}
	return a.table([]string{"device", "found", "what", "measured", "detail"}, rows)
}
