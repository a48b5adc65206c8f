package command

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

// pack is `mllab pack`.
func (a *app) pack() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "pack RUN",
		Short: "Write a run's net as one file",
		Long: "Write a run's newest net as one file, which every command takes in place of a run: the parameters, the " +
			"averaged ones where there are any, with settings and vocabulary, but without what only a training needs. " +
			"RUN is a folder, a name that `mllab runs` lists, or last.",
		Example: "mllab pack last --out net.safetensors\nmllab sample net.safetensors --prompt \"a red circle\"",
		Args:    arguments(1, 1, "a run"),
	}
	c.Flags().StringVar(&out, "out", "net.safetensors", "file to write")
	c.RunE = func(c *cobra.Command, args []string) error {
		if !strings.HasSuffix(out, ".safetensors") {
			return lab.Usage(fmt.Errorf("--out %s: want a name that ends in .safetensors", out))
		}
		return a.with(func(s *lab.Session) error {
			var b bytes.Buffer
			if err := s.Pack(args[0], &b); err != nil {
				return err
			}
			if err := writeFile(out, b.Bytes()); err != nil {
				return fmt.Errorf("%s: %w: name another file with --out", out, cause(err))
			}
			_, err := fmt.Fprintf(a.out, "%s in %s\n", widget.Bytes(int64(b.Len())), widget.Clean(out))
			return err
		})
	}
	return c
}
