package samples

import (
	"image"
	"sync"

	"golang.org/x/image/draw"
)

// adapted is a source at another size or with another number of channels than its own.
type adapted struct {
	Source
	own, want Info
	scaler    draw.Scaler // nil: the size is the same
	scratch   sync.Pool   // *adaptScratch
}

type adaptScratch struct {
	values   []float32
	src, dst *image.RGBA
}

// adapt gives src the size and channels asked for, where it has not got them already.
func adapt(src Source, o Options) Source {
	own := src.Info()
	want := own
	if o.Size != 0 {
		want.H, want.W = o.Size, o.Size
	}
	if o.Channels != 0 {
		want.C = o.Channels
	}
	if want.H == own.H && want.W == own.W && want.C == own.C {
		return src
	}
	a := &adapted{Source: src, own: own, want: want}
	if want.H != own.H || want.W != own.W {
		a.scaler = draw.CatmullRom.NewScaler(want.W, want.H, own.W, own.H)
	}
	a.scratch.New = func() any {
		return &adaptScratch{
			values: make([]float32, own.Values()),
			src:    image.NewRGBA(image.Rect(0, 0, own.W, own.H)),
			dst:    image.NewRGBA(image.Rect(0, 0, want.W, want.H)),
		}
	}
	return a
}

func (a *adapted) Info() Info {
	n := a.Source.Info()
	n.H, n.W, n.C = a.want.H, a.want.W, a.want.C
	return n
}

// Caption passes on the source's captions.
func (a *adapted) Caption(split Split, i int) string {
	if c, ok := a.Source.(Captioner); ok {
		return c.Caption(split, i)
	}
	return ""
}

func (a *adapted) Example(split Split, i int, dst []float32) (int, error) {
	if err := checkExample(a.want, split, i, dst); err != nil {
		return -1, err
	}
	s := a.scratch.Get().(*adaptScratch)
	defer a.scratch.Put(s)
	label, err := a.Source.Example(split, i, s.values)
	if err != nil {
		return -1, err
	}
	for p := range a.own.H * a.own.W {
		c := pixel(s.values[p*a.own.C : (p+1)*a.own.C])
		copy(s.src.Pix[4*p:], []uint8{c.R, c.G, c.B, c.A})
	}
	pix := s.src.Pix
	if a.scaler != nil {
		a.scaler.Scale(s.dst, s.dst.Bounds(), s.src, s.src.Bounds(), draw.Src, nil)
		pix = s.dst.Pix
	}
	for p := range a.want.H * a.want.W {
		r, g, b := pix[4*p], pix[4*p+1], pix[4*p+2]
		if a.want.C == 1 {
			dst[p] = byteValue[luma(r, g, b)]
			continue
		}
		dst[3*p], dst[3*p+1], dst[3*p+2] = byteValue[r], byteValue[g], byteValue[b]
	}
	return label, nil
}

// luma is the grey of a colour by ITU-R BT.601, as image/color has it.
func luma(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}
