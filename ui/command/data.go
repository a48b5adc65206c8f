package command

import (
	"fmt"
	"image"
	"strings"

	"github.com/spf13/cobra"

	"mllab/ui/lab"
	"mllab/ui/picture"
	"mllab/ui/widget"
)

// data is `mllab data`.
func (a *app) data() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "data [NAME|PATH]",
		Short: "List the data there is, or look at one",
		Long: "Without an argument, list the built-in data. With a name or a path, say what is in it and show " +
			"its first examples.\n\nA path is a folder with the four MNIST files, one IDX file (.gz or not), or " +
			"a folder of pictures (PNG, JPEG, GIF), where a subfolder is a label and a caption stands in " +
			"captions.txt or in a .txt beside each picture.",
		Example: "mllab data\nmllab data digits\nmllab data ~/pictures --out sheet.png",
		Args:    arguments(0, 1, "a name or a path"),
	}
	c.Flags().StringVar(&out, "out", "", "PNG file to write a sheet of the first examples to")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 && out != "" {
			return lab.Usage(fmt.Errorf("--out: want data to draw, as in: mllab data digits --out %s", quote(out)))
		}
		shown, err := a.pictured()
		if err != nil {
			return err
		}
		return a.with(func(s *lab.Session) error {
			if len(args) == 0 {
				return a.printData(s)
			}
			return a.look(s, args[0], out, shown && out == "")
		})
	}
	return c
}

func (a *app) printData(s *lab.Session) error {
	var rows [][]string
	for _, e := range s.Data() {
		rows = append(rows, []string{e.Name, e.What})
	}
	if err := a.table([]string{"data", "what"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.out,
		"\nYour own: a folder with the four MNIST files, an IDX file, or a folder of pictures.")
	return err
}

// dataExists refuses a name that is neither built in nor a path, before anything
// slow begins.
func dataExists(s *lab.Session, name string) error {
	var names []string
	for _, e := range s.Data() {
		if e.Name == name {
			return nil
		}
		names = append(names, e.Name)
	}
	if exists(name) {
		return nil
	}
	return lab.Usage(fmt.Errorf("data %q: no such name, file or folder, want one of %s, an IDX file or "+
		"a folder of pictures", name, strings.Join(names, ", ")))
}

// look describes one source and shows a sheet of it, or writes the sheet.
func (a *app) look(s *lab.Session, name, out string, shown bool) error {
	if err := dataExists(s, name); err != nil {
		return err
	}
	const rows, cols = 8, 16
	info, sheet, captions, err := s.DataSheet(name, rows, cols)
	if err != nil {
		return err
	}
	lines := []string{
		fmt.Sprintf("%s (%s)", info.Name, info.Source),
		fmt.Sprintf("%dx%d pixels, %s", info.W, info.H, map[bool]string{true: "grey", false: "RGB"}[info.C == 1]),
		fmt.Sprintf("%s to train on, %s to test", examples(info.Train), examples(info.Test)),
	}
	if n := len(info.Labels); n > 0 {
		lines = append(lines, fmt.Sprintf("%d labels: %s", n, some(info.Labels)))
	}
	if info.Captioned {
		lines = append(lines, "with captions")
	}
	if !shown {
		lines = append(lines, numbered(captions, 0, fewCaptions)...)
	}
	for _, l := range append(lines, info.Notes...) {
		if _, err := fmt.Fprintln(a.out, widget.Clean(l)); err != nil {
			return err
		}
	}
	if out != "" {
		if err := writePNG(out, sheet); err != nil {
			return err
		}
		_, err := fmt.Fprintf(a.out, "first examples written to %s\n", widget.Clean(out))
		return err
	}
	if !shown {
		return nil
	}
	w, h := a.room()
	if captions == nil {
		return a.print(picture.FromImage(crop(sheet, w, 2*h)), w, h)
	}
	return a.printCaptioned(sheet, captions, rows, cols)
}

// fewCaptions is how many captions are listed where no pictures are shown.
const fewCaptions = 8

// numbered lists the captions from first on, at most n, with the examples' numbers.
func numbered(captions []string, first, n int) []string {
	var lines []string
	for i := first; i < min(first+n, len(captions)); i++ {
		if captions[i] != "" {
			lines = append(lines, fmt.Sprintf("%4d  %s", i+1, captions[i]))
		}
	}
	return lines
}

// printCaptioned prints the beginnings of the first rows of a sheet, each with the
// captions of its pictures below.
func (a *app) printCaptioned(sheet *image.RGBA, captions []string, rows, cols int) error {
	w, h := a.room()
	b := sheet.Bounds()
	across, down := b.Dx()/cols, b.Dy()/rows
	n := max(1, min(w/across, cols))
	strips := min(max(h/(down/2+n+1), 1), 3, rows) // as many as can be seen at once
	for strip := range strips {
		at := image.Rect(0, strip*down, min(n*across, w), min((strip+1)*down, strip*down+2*h))
		part := sheet.SubImage(at.Add(b.Min))
		if err := a.print(picture.FromImage(part), w, h); err != nil {
			return err
		}
		for _, l := range numbered(captions, strip*cols, n) {
			if _, err := fmt.Fprintln(a.out, widget.Clean(l)); err != nil {
				return err
			}
		}
	}
	return nil
}

// crop is the upper left part of an image, at most w x h pixels.
func crop(img *image.RGBA, w, h int) image.Image {
	b := img.Bounds()
	return img.SubImage(image.Rect(b.Min.X, b.Min.Y, min(b.Max.X, b.Min.X+w), min(b.Max.Y, b.Min.Y+h)))
}

func examples(n int) string {
	if n < 0 {
		return "endless examples"
	}
	return widget.Count(n) + " examples"
}

// some joins the first names of a list.
func some(names []string) string {
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}
