package gen

import (
	"context"
	"fmt"
	"math/rand/v2"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/train"
)

// OneShot is a net that draws a picture of a text at once: no steps, and no guidance.
type OneShot interface {
	Net
	// Codes is the number of values of the noise that a picture is drawn from.
	Codes() int
	// Draw traces pictures f32 [n H W C] in [0,1], of the data's size, of standard Gaussian noise z, f32 [n Codes()], and
	// texts, i32 [n TextLength]. Where layers looked is added to looks unless that is nil.
	Draw(s *nn.Scope, z, tokens ir.Value, looks *[]Look) ir.Value
}

// Labels of a shot's program, beside those of a brush.
const shotZ = "z"

// Shot is to a OneShot what a Brush is to a Painter: the compiled drawing of n pictures at once. While the net trains,
// Draw must run inside the loop's Do.
type Shot struct {
	n            int
	prog         *engine.Program
	z, text, out *engine.Tensor
	noise        []float32
	// Looks are the layers that look at the words, in their order.
	Looks []Look
	seen  []*engine.Tensor
}

// NewShot compiles one for n pictures of the net whose parameters are in st; averaged parameters are preferred. With
// looks it keeps where the layers looked. Close frees it.
func NewShot(ctx context.Context, eng *engine.Engine, net OneShot, st *train.State, n int, looks bool) (*Shot, error) {
	if n < 1 {
		return nil, fmt.Errorf("drawing of %d pictures: want at least 1", n)
	}
	k := &Shot{n: n, noise: make([]float32, n*net.Codes())}
	var err error
	k.prog, err = eng.Program(ctx, "shot", st.Tensors(), func(b *ir.Builder) {
		s := nn.NewScope(b)
		s.Kind = st.Kind()
		var into *[]Look
		if looks {
			into = &k.Looks
		}
		k.Looks = nil
		y := net.Draw(s, s.Input(shotZ, ir.Of(ir.F32, n, net.Codes())),
			s.Input(brushText, ir.Of(ir.I32, n, TextLength)), into)
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

func (k *Shot) find() error {
	for label, t := range map[string]**engine.Tensor{shotZ: &k.z, brushText: &k.text, brushOut: &k.out} {
		var err error
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
func (k *Shot) Close() { k.prog.Close() }

// Count is how many pictures are drawn at once.
func (k *Shot) Count() int { return k.n }

// Noise fills dst with the noise of n pictures, [n Codes], each from numbers of its own, as a Painting's.
func (k *Shot) Noise(seed uint64, dst []float32) {
	one := len(k.noise) / k.n
	for i := range k.n {
		r := rand.New(rand.NewPCG(seed, uint64(i)+1))
		for j := range one {
			dst[i*one+j] = float32(r.NormFloat64())
		}
	}
}

// Draw draws n pictures of texts, n of TextLength tokens, from a seed's noise into dst, [n H W C] in [0,1].
func (k *Shot) Draw(ctx context.Context, seed uint64, texts []int32, dst []float32) error {
	k.Noise(seed, k.noise)
	return k.DrawOf(ctx, k.noise, texts, dst)
}

// DrawOf is Draw from noise that is given, [n Codes].
func (k *Shot) DrawOf(ctx context.Context, noise []float32, texts []int32, dst []float32) error {
	if len(texts) != k.n*TextLength || len(noise) != len(k.noise) {
		return fmt.Errorf("%d tokens and %d values of noise: want %d and %d, %d texts of %d", len(texts), len(noise),
			k.n*TextLength, len(k.noise), k.n, TextLength)
	}
	if err := engine.Write(k.z, noise); err != nil {
		return err
	}
	if err := engine.Write(k.text, texts); err != nil {
		return err
	}
	if err := k.prog.Run(ctx); err != nil {
		return err
	}
	return engine.Read(k.out, dst)
}

// Seen writes where layer i of Looks looked in the last drawing: [n Heads H*W TextLength].
func (k *Shot) Seen(i int, dst []float32) error { return engine.Read(k.seen[i], dst) }
