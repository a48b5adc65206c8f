package lab

import (
	"context"
	"fmt"
	"image"
	"image/color"

	"mllab/engine/run"
	"mllab/engine/train"
	"mllab/gen"
)

// RunMaps are the feature maps of a run's newest checkpoint on an example of its test set. Run is a folder, a
// name in the session's root, or "last".
func (s *Session) RunMaps(ctx context.Context, name string, example int) (*Maps, error) {
	dir, err := run.Find(s.root, name)
	if err != nil {
		return nil, Usage(err)
	}
	r, err := run.Read(dir)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	ck, err := r.Load()
	if err != nil {
		return nil, err
	}
	p, err := fromConfig(r.Config())
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", dir, err)
	}
	src, err := openData(p)
	if err != nil {
		return nil, err
	}
	info := src.Info()
	built, err := p.model.Build(p.settings, dataInfo(info))
	if err != nil {
		return nil, err
	}
	net, ok := built.(gen.Looker)
	if !ok {
		return nil, Usage(fmt.Errorf("run %s: model %s has no layers to look at: want one of a cnn or a GAN", dir,
			p.o.Model))
	}
	eng, err := s.engine(s.opt)
	if err != nil {
		return nil, err
	}
	defer eng.Close()
	st, err := train.NewState(eng, built.Params(), p.settings.Float("ema") > 0)
	if err != nil {
		return nil, err
	}
	defer st.Free()
	if err := st.Load(ck); err != nil {
		return nil, err
	}
	l := &looks{src: src}
	x := make([]float32, info.Values())
	label, err := l.example(example, x)
	if err != nil {
		return nil, err
	}
	probe, err := gen.NewProbe(ctx, eng, net, dataInfo(info), st, 1)
	if err != nil {
		return nil, err
	}
	defer probe.Close()
	if err := probe.Run(ctx, x); err != nil {
		return nil, err
	}
	m := &Maps{Version: 1, Label: label, Classes: info.Labels,
		Input: View{Name: "input", N: 1, H: info.H, W: info.W, C: info.C, Pixels: x, Version: 1}}
	if own := net.Answers(); own != nil {
		m.Classes, m.Label = own, -1
	}
	return m, m.read(probe, info)
}

// Sheet is the input and every map of every layer as a page; each layer has a scale of its own.
func (m *Maps) Sheet() *image.RGBA {
	in := m.Input
	titles := []string{"input" + m.verdict()}
	rows := [][]sheetTileOf{{{valueImage(in.H, in.W, func(y, x int) color.RGBA {
		v := in.Pixels[(y*in.W+x)*in.C:]
		if in.C == 3 {
			return color.RGBA{level(v[0]), level(v[1]), level(v[2]), 255}
		}
		return color.RGBA{level(v[0]), level(v[0]), level(v[0]), 255}
	}), fmt.Sprintf("%dx%d", in.W, in.H)}}}
	for _, l := range m.Layers {
		lo, hi := 0.0, 0.0
		for _, v := range l.Values {
			lo, hi = min(lo, float64(v)), max(hi, float64(v))
		}
		title := fmt.Sprintf("%s, %s, %dx%d, %d maps, %.3g..%.3g", l.Name, l.Kind, l.W, l.H, l.C, lo, hi)
		if l.Field.Size > 0 {
			title += fmt.Sprintf(", each value sees %dx%d pixels", l.Field.Size, l.Field.Size)
		}
		titles = append(titles, title)
		var tiles []sheetTileOf
		for c := range l.C {
			img := valueImage(l.H, l.W, func(y, x int) color.RGBA {
				return mapColor(float64(l.Values[(y*l.W+x)*l.C+c]), lo, hi)
			})
			tiles = append(tiles, sheetTileOf{img, fmt.Sprint(c + 1)})
		}
		rows = append(rows, tiles)
	}
	return sheet(titles, rows)
}

// verdict is what the net says of the picture, "" where it says nothing.
func (m *Maps) verdict() string {
	best := -1
	for i, p := range m.Probs {
		if best < 0 || p > m.Probs[best] {
			best = i
		}
	}
	if best < 0 || best >= len(m.Classes) {
		return ""
	}
	text := fmt.Sprintf(": the net says %s (%.0f%%)", m.Classes[best], 100*m.Probs[best])
	if m.Label >= 0 && m.Label < len(m.Classes) {
		text += ", it is " + m.Classes[m.Label]
	}
	return text
}
