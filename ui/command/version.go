package command

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"mllab/ui/lab"
)

// version is `mllab version`.
func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "mllab version",
		Args:    arguments(0, 0, "nothing"),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.out, "mllab %s %s %s/%s\n", lab.Version, runtime.Version(), runtime.GOOS,
				runtime.GOARCH)
			return err
		},
	}
}
