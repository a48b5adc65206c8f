package gen

import (
	"context"
	"fmt"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/train"
)

// Labels of a brush's program. Its rows are noisy pictures, each with its time and its text.
const (
	brushX    = "x"
	brushT    = "t"
	brushText = train.InputTokens
	brushOut  = "clean"
	brushLook = "look."
)

// Brush is the compiled estimate of a Painter for so many rows at once: a picture is guided by at least two, of its
// text and of none. While the net trains, a Painting's steps must run inside the loop's Do.
type Brush struct {
	net  Painter
	d    DataInfo
	fit  fit
	rows int
	prog *engine.Program
	x    *engine.Tensor
	t    *engine.Tensor
	text *engine.Tensor
	out  *engine.Tensor
	// Looks are the layers that look at the words, in their order.
	Looks []Look
	seen  []*engine.Tensor
}

// NewBrush compiles one for n pictures, each with a text and one to be avoided, of the net whose parameters are in st;
// averaged parameters are preferred. With looks it keeps where the layers looked. Close frees it.
func NewBrush(ctx context.Context, eng *engine.Engine, net Painter, d DataInfo, st *train.State, n int,
	looks bool) (*Brush, error) {
	return NewRows(ctx, eng, net, d, st, 2*n, looks)
}

// NewRows is NewBrush for a number of rows: the terms of all pictures that Lay will be given.
func NewRows(ctx context.Context, eng *engine.Engine, net Painter, d DataInfo, st *train.State, rows int,
	looks bool) (*Brush, error) {
	if rows < 1 {
		return nil, fmt.Errorf("brush of %d rows: want at least 1", rows)
	}
	h, w, c := net.Size()
	k := &Brush{net: net, d: d, fit: fit{d, h, w}, rows: rows}
	var err error
	k.prog, err = eng.Program(ctx, "brush", st.Tensors(), func(b *ir.Builder) {
		s := nn.NewScope(b)
		s.Kind = st.Kind()
		var into *[]Look
		if looks {
			into = &k.Looks
		}
		k.Looks = nil
		y := net.Clean(s, s.Input(brushX, ir.Of(ir.F32, rows, h, w, c)), s.Input(brushT, ir.Of(ir.F32, rows)),
			s.Input(brushText, ir.Of(ir.I32, rows, TextLength)), into)
		b.Output(brushOut, y)
		for _, l := range k.Looks {
			b.Output(brushLook+l.Name, l.Weights)
		}
	})
	if err != nil {
		return nil, err
	}
	if err := k.find(); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

// LooksOf lists the layers of a net that look at the words, without compiling it.
func LooksOf(net Painter) []Look {
	var all []Look
	s := nn.NewScope(ir.NewBuilder())
	h, w, c := net.Size()
	net.Clean(s, s.Input(brushX, ir.Of(ir.F32, 1, h, w, c)), s.Input(brushT, ir.Of(ir.F32, 1)),
		s.Input(brushText, ir.Of(ir.I32, 1, TextLength)), &all)
	return all
}

// find gets the program's inputs and outputs.
func (k *Brush) find() (err error) {
	for label, t := range map[string]**engine.Tensor{brushX: &k.x, brushT: &k.t, brushText: &k.text, brushOut: &k.out} {
		if label == brushT && !k.prog.Takes(label) {
			continue // a net that draws at once
		}
		if *t, err = k.prog.Tensor(label); err != nil {
			return err
		}
	}
	for _, l := range k.Looks {
		t, err := k.prog.Tensor(brushLook + l.Name)
		if err != nil {
			return err
		}
		k.seen = append(k.seen, t)
	}
	return nil
}

// Close frees the program.
func (k *Brush) Close() { k.prog.Close() }

// Count is how many pictures, each with a text and one to be avoided, are painted at once.
func (k *Brush) Count() int { return k.rows / 2 }

// Rows is how many terms there may be.
func (k *Brush) Rows() int { return k.rows }

// size is the number of values of a picture that is worked on.
func (k *Brush) size() int { return k.out.Type().Elems() / k.rows }

// inside brings a picture [H W C] in [0,1] to the size that is worked on, in [-1,1], framed with a value.
func (k *Brush) inside(v []float32, c int, frame float32) []float32 {
	out := make([]float32, k.fit.h*k.fit.w*c)
	for i := range out {
		out[i] = frame
	}
	top, left := (k.fit.h-k.d.H)/2, (k.fit.w-k.d.W)/2
	for y := range k.fit.h {
		for x := range k.fit.w {
			fromY, fromX := y-top, x-left
			if top < 0 || left < 0 { // larger pictures are shrunk: the nearest pixel
				fromY, fromX = (2*y+1)*k.d.H/(2*k.fit.h), (2*x+1)*k.d.W/(2*k.fit.w)
			}
			if fromY < 0 || fromX < 0 || fromY >= k.d.H || fromX >= k.d.W {
				continue
			}
			for j := range c {
				out[(y*k.fit.w+x)*c+j] = 2*v[(fromY*k.d.W+fromX)*c+j] - 1
			}
		}
	}
	return out
}

// Show writes pictures as X or Clean hold them, however many, as [n H W C] in [0,1] of the data's size.
func (k *Brush) Show(v, dst []float32) {
	d, c := k.d, k.d.C
	top, left := (k.fit.h-d.H)/2, (k.fit.w-d.W)/2
	for n := range len(v) / k.size() {
		for y := range d.H {
			for x := range d.W {
				fromY, fromX := y+top, x+left
				if top < 0 || left < 0 {
					fromY, fromX = y*k.fit.h/d.H, x*k.fit.w/d.W
				}
				for j := range c {
					at := v[((n*k.fit.h+fromY)*k.fit.w+fromX)*c+j]
					dst[((n*d.H+y)*d.W+x)*c+j] = min(max((at+1)/2, 0), 1)
				}
			}
		}
	}
}

// Seen writes where layer i of Looks looked in the last estimate, the first rows as far as dst has room: of a Painting
// those of each picture's first term, [n Heads H*W TextLength].
func (k *Brush) Seen(i int, dst []float32) error {
	t := k.seen[i]
	if len(dst) == t.Type().Elems() {
		return engine.Read(t, dst)
	}
	all := make([]float32, t.Type().Elems())
	if err := engine.Read(t, all); err != nil {
		return err
	}
	copy(dst, all)
	return nil
}
