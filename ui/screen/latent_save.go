package screen

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"path/filepath"
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/lab"
)

// latentSaved is the message of a file that was written.
type latentSaved struct {
	path string
	err  error
}

const (
	scatterSide = 900 // pixels of a scatter in a file
	gifSteps    = 24
	gifEvery    = 80 * time.Millisecond
	fileSide    = 112 // pixels that a picture is enlarged to at least, in a file
)

// save writes a file in the background.
func (l *Latent) save(kind, ext string, write func(o latentOrder, w io.Writer) error) tea.Cmd {
	if l.saving {
		return nil
	}
	l.saving = true
	o := latentOrder{latentLook: l.latentLook, net: l.net, space: l.space, theme: l.lab.Theme, bars: l.bars()}
	base, dir := "latent-"+o.space.Run+"-"+kind, l.saveDir
	return func() tea.Msg {
		path, err := lab.WriteFresh(dir, base, ext, func(w io.Writer) error { return write(o, w) })
		if abs, e := filepath.Abs(path); err == nil && e == nil {
			path = abs
		}
		return latentSaved{path, err}
	}
}

// savePNG writes what the mode shows: the scatter, the grid, the path, the drawing.
func (l *Latent) savePNG(string) tea.Cmd {
	kind := [latentModes]string{"scatter", "traverse", "interpolate", "attribute", "drawing"}[l.mode]
	if l.mode == traverse && l.flat {
		kind = "grid"
	}
	if l.mode == interpolate && (l.picks[0] == nil || l.picks[1] == nil) {
		return send(Notice{Text: "mark A and B first, with space"})
	}
	return l.save(kind, ".png", func(o latentOrder, w io.Writer) error {
		img, err := o.file()
		if err != nil {
			return err
		}
		return png.Encode(w, img)
	})
}

// saveGIF writes an animation: along the path, the attribute, or the chosen dimension.
func (l *Latent) saveGIF(string) tea.Cmd {
	kind := fmt.Sprintf("z%d", l.dim)
	switch l.mode {
	case interpolate:
		kind = "interpolate"
		if l.picks[0] == nil || l.picks[1] == nil {
			return send(Notice{Text: "mark A and B first, with space"})
		}
	case attribute:
		kind = "attribute"
	}
	return l.save(kind, ".gif", func(o latentOrder, w io.Writer) error {
		codes, _, _, _ := o.row(gifSteps)
		p, err := o.decoded(codes)
		if err != nil {
			return err
		}
		return p.Enlarge(fileSide/max(p.H, p.W)).GIF(w, gifEvery)
	})
}

// decoded gives the pictures of codes.
func (o latentOrder) decoded(codes []float32) (*lab.Pictures, error) {
	s := o.space
	pixels, err := o.net.DecodeAll(context.Background(), codes)
	if err != nil {
		return nil, err
	}
	return &lab.Pictures{N: len(codes) / s.Dims, H: s.H, W: s.W, C: s.C, Pixels: pixels}, nil
}

// file is the image that a PNG file gets.
func (o latentOrder) file() (image.Image, error) {
	const side, steps = 12, 9
	if o.mode == explore {
		return o.scatter.Draw(o.win, scatterSide, scatterSide, 6, ScatterStyle(o.theme)), nil
	}
	codes, columns := []float32(nil), 0
	switch {
	case o.mode == sketch:
		codes, columns = o.code, 2
	case o.mode == traverse && o.flat:
		codes, columns = o.plane.Raster(o.win, side, side), side
	case o.mode == traverse:
		for _, d := range o.bars[:min(len(o.bars), 32)] {
			codes = append(codes, lab.Traverse(o.code, d, -reach, reach, steps)...)
		}
		columns = steps
	default:
		codes, _, _, _ = o.row(pathSteps + 1)
		columns = pathSteps + 1
	}
	p, err := o.decoded(codes)
	if err != nil {
		return nil, err
	}
	if o.mode == sketch {
		p.N, p.Pixels = 2, append(append([]float32(nil), o.canvas...), p.Pixels...)
	}
	return p.Enlarge(fileSide / max(p.H, p.W)).Image(columns), nil
}
