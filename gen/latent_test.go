package gen_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/gen"
)

// latents are the models that can be asked for pictures of codes, and whether of pictures' codes too.
var latents = map[string]bool{"vae": true, "dcgan": false, "gan": false}

// TestLatents decodes the same code at several places of a batch, and compares a VAE's way there and
// back with the view that shows it.
func TestLatents(t *testing.T) {
	seen := 0
	for _, m := range gen.Models() {
		for _, set := range map[string][][]string{
			"vae":   {{"hidden=8", "latent=3"}, {"hidden=8", "latent=3", "arch=conv"}},
			"dcgan": {{"width=2", "latent=3"}}, "gan": {{"width=1", "latent=3"}},
		}[m.Name] {
			seen++
			t.Run(fmt.Sprint(m.Name, set), func(t *testing.T) { latent(t, m.Name, set) })
		}
	}
	assert.Equal(t, 4, seen)
}

func latent(t *testing.T, model string, set []string) {
	ctx, eng := context.Background(), interp(t)
	d := gen.DataInfo{H: 7, W: 6, C: 1}
	net, _ := build(t, model, d, set...)
	l, ok := net.(gen.Latent)
	require.True(t, ok)
	assert.Equal(t, 3, l.Codes())
	enc, ok := net.(gen.Encoder)
	require.Equal(t, latents[model], ok)
	st, err := train.NewState(eng, net.Params(), false)
	require.NoError(t, err)
	defer st.Free()
	require.NoError(t, st.Init(3))

	pictures := decode(ctx, t, eng, st, l, []float32{1, -1, 0.5, 2, 0, -2, 1, -1, 0.5}, d)
	inUnit(t, pictures)
	one := d.H * d.W * d.C
	assert.Equal(t, pictures[:one], pictures[2*one:], "a picture depends on its own code alone")
	assert.NotEqual(t, pictures[:one], pictures[one:2*one])
	if !ok {
		return
	}
	x := make([]float32, 2*one)
	require.NoError(t, stripes{}.Fill(0, x, make([]int32, 2)))
	prog, err := eng.Program(ctx, "encode", st.Tensors(), func(b *ir.Builder) {
		s := nn.NewScope(b)
		mean, lv := enc.Encode(s, b.Input("x", ir.Of(ir.F32, 2, d.H, d.W, d.C)))
		b.Output("mean", mean)
		b.Output("lv", lv)
	})
	require.NoError(t, err)
	defer prog.Close()
	in, err := prog.Tensor("x")
	require.NoError(t, err)
	require.NoError(t, engine.Write(in, x))
	require.NoError(t, prog.Run(ctx))
	mean, err := prog.Tensor("mean")
	require.NoError(t, err)
	codes, err := mean.Float32()
	require.NoError(t, err)
	require.Len(t, codes, 2*3)

	v, err := gen.NewViewer(ctx, eng, d, st, net.Views()[1], 2)
	require.NoError(t, err)
	defer v.Close()
	pairs := make([]float32, v.Values())
	require.NoError(t, v.Draw(ctx, 1, x, pairs))
	back := decode(ctx, t, eng, st, l, codes, d)
	assert.InDeltaSlice(t, pairs[one:2*one], back[:one], 1e-6)
	assert.InDeltaSlice(t, pairs[3*one:], back[one:], 1e-6)
}

// decode gives the pictures of codes.
func decode(ctx context.Context, t *testing.T, eng *engine.Engine, st *train.State, l gen.Latent, z []float32,
	d gen.DataInfo) []float32 {
	t.Helper()
	n := len(z) / l.Codes()
	prog, err := eng.Program(ctx, "decode", st.Tensors(), func(b *ir.Builder) {
		s := nn.NewScope(b)
		b.Output("y", l.Decode(s, b.Input("z", ir.Of(ir.F32, n, l.Codes()))))
	})
	require.NoError(t, err)
	defer prog.Close()
	in, err := prog.Tensor("z")
	require.NoError(t, err)
	require.NoError(t, engine.Write(in, z))
	require.NoError(t, prog.Run(ctx))
	out, err := prog.Tensor("y")
	require.NoError(t, err)
	assert.Equal(t, ir.Of(ir.F32, n, d.H, d.W, d.C), out.Type())
	y, err := out.Float32()
	require.NoError(t, err)
	return y
}
