package gen_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/optim"
	"mllab/engine/run"
	"mllab/engine/train"
	"mllab/gen"
	"mllab/ops"
)

func build(t *testing.T, model string, d gen.DataInfo, set ...string) (gen.Net, gen.Settings) {
	t.Helper()
	m, err := gen.Find(model)
	require.NoError(t, err)
	s, err := m.Parse(set)
	require.NoError(t, err)
	net, err := m.Build(s, d)
	require.NoError(t, err)
	return net, s
}

func TestParameterCounts(t *testing.T) {
	d := gen.DataInfo{H: 32, W: 32, C: 3}
	net, _ := build(t, "dcgan", d)
	assert.Equal(t, 1068928+663296, net.Params().Count())
	net, _ = build(t, "unet", d)
	assert.Equal(t, 1870403, net.Params().Count())
}

// The whole step, at a learning rate of zero, against the losses' differences along
// directions in the space of the parameters that each loss is minimised by.
func TestStepGradients(t *testing.T) {
	tests := []struct {
		model, set string // settings with blanks between
		d          gen.DataInfo
		losses     []string // in the order of Minimize
	}{
		{"dcgan", "width=1", gen.DataInfo{H: 30, W: 32, C: 1}, []string{"loss_d", "loss_g"}},
		{"dcgan", "width=1 loss=relativistic slope=0.5", gen.DataInfo{H: 32, W: 32, C: 1}, []string{"loss", "loss_g"}},
		{"gan", "width=1 loss=wgan-gp", gen.DataInfo{H: 32, W: 32, C: 1}, []string{"loss", "loss_g"}},
		{"gan", "width=1 loss=hinge slope_by=exact", gen.DataInfo{H: 32, W: 32, C: 1}, []string{"loss", "loss_g"}},
		{"gan", "width=1 augment=all slope=0", gen.DataInfo{H: 32, W: 30, C: 3}, []string{"loss_d", "loss_g"}},
		{"unet", "width=8", gen.DataInfo{H: 3, W: 4, C: 1, Labels: 4}, []string{"loss"}},
		{"t2i", "width=16 text=32 layers=1 drop=0.5", gen.DataInfo{H: 8, W: 8, C: 1, Words: 5}, []string{"loss"}},
		{"t2i", "arch=dit width=16 text=32 layers=1 predict=eps process=ddpm", gen.DataInfo{H: 8, W: 8, C: 1, Words: 5},
			[]string{"loss"}},
		{"t2i", "width=16 text=32 layers=1 process=ddpm", gen.DataInfo{H: 8, W: 8, C: 1, Words: 5}, []string{"loss"}},
		{"tvae", "width=16 text=32 layers=1 latent=3 beta=2.5", gen.DataInfo{H: 8, W: 6, C: 3, Words: 5}, []string{"loss"}},
		{"tvae", "width=16 text=32 layers=1 latent=3 prior=standard", gen.DataInfo{H: 8, W: 8, C: 1, Words: 5},
			[]string{"loss"}},
		{"tgan", "width=16 text=32 layers=1 latent=3 slope=0 match=2", gen.DataInfo{H: 8, W: 8, C: 1, Words: 5},
			[]string{"loss", "loss_g"}},
		{"tgan", "width=16 text=32 layers=1 latent=3 match=0 loss=hinge slope_by=exact drop=0.5",
			gen.DataInfo{H: 8, W: 8, C: 3, Words: 5}, []string{"loss", "loss_g"}},
	}
	for _, tt := range tests {
		t.Run(tt.model+" "+tt.set, func(t *testing.T) {
			net, _ := build(t, tt.model, tt.d, strings.Fields(tt.set)...)
			g, minimised := stepGraph(t, net, tt.d)
			in := stepInputs(g, net)
			base, err := ops.Eval(g, in)
			require.NoError(t, err)
			require.Len(t, minimised, len(tt.losses))
			for i, params := range minimised {
				along(t, g, in, base, tt.losses[i], params)
			}
		})
	}
}

// stepGraph traces a step on two examples, and lists whom it minimises by.
func stepGraph(t *testing.T, net gen.Net, d gen.DataInfo) (*ir.Graph, [][]*nn.Param) {
	t.Helper()
	b := ir.NewBuilder()
	scope := nn.NewScope(b)
	scope.Given = true
	var minimised [][]*nn.Param
	s := train.NewStep(scope, optim.SGD{}, func(params []*nn.Param, grads []ir.Value) {
		for i, p := range params {
			b.Output("grad."+p.Name, grads[i])
		}
		minimised = append(minimised, params)
	})
	net.Step(s, train.NewBatch(scope, 2, d.H, d.W, d.C))
	s.Finish()
	g, err := b.Graph()
	require.NoError(t, err)
	return g, minimised
}

func stepInputs(g *ir.Graph, net gen.Net) map[string]ops.Array {
	in := map[string]ops.Array{}
	for _, v := range g.Inputs() {
		label := g.Node(v).Op.(ir.Input).Label
		a := ops.NewArray(g.Type(v))
		for i := range a.Data {
			switch {
			case label == train.InputLabels:
				a.Data[i] = float64(i % 4)
			case label == train.InputTokens:
				a.Data[i] = float64(max(0, 4-i%gen.TextLength))
			case strings.HasPrefix(label, train.HyperKind): // a learning rate
			default:
				a.Data[i] = 0.5 + 0.45*math.Sin(float64(3*i*i+len(label)))
			}
		}
		in[label] = a
	}
	for _, p := range net.Params().All() {
		for i, v := range p.Values(1) {
			if p.Buffer {
				in["param."+p.Name].Data[i] = float64(v)
				continue
			}
			in["param."+p.Name].Data[i] = float64(v)*1.5 + 0.05*math.Sin(float64(i))
		}
	}
	return in
}

// along compares the loss's slope along a direction with the gradients'.
func along(t *testing.T, g *ir.Graph, in, base map[string]ops.Array, loss string, params []*nn.Param) {
	t.Helper()
	const h = 1e-6
	for try := range 2 {
		slope := 0.0
		moved := func(sign float64) map[string]ops.Array {
			to := map[string]ops.Array{}
			for k, v := range in {
				to[k] = v
			}
			for _, p := range params {
				a := ops.Array{Type: p.Type(), Data: append([]float64(nil), in["param."+p.Name].Data...)}
				for i := range a.Data {
					step := math.Sin(float64((i + 1) * (try + 2) * (1 + len(p.Name))))
					a.Data[i] += sign * h * step
					if sign > 0 {
						slope += step * base["grad."+p.Name].Data[i]
					}
				}
				to["param."+p.Name] = a
			}
			return to
		}
		up, err := ops.Eval(g, moved(1))
		require.NoError(t, err)
		down, err := ops.Eval(g, moved(-1))
		require.NoError(t, err)
		label := train.ReportKind + loss
		want := (up[label].Data[0] - down[label].Data[0]) / (2 * h)
		assert.InDelta(t, want, slope, 1e-5*(1+math.Abs(want)), "%s, direction %d", loss, try)
	}
}

// A run that was cut in two ends with the very bits of one that was not.
func TestResumeOfNets(t *testing.T) {
	ctx, eng := context.Background(), openCPU(t)
	d := gen.DataInfo{H: 8, W: 8, C: 1, Labels: 3, Words: 9}
	for _, model := range []string{"dcgan", "gan", "unet", "tgan", "tvae"} {
		t.Run(model, func(t *testing.T) {
			net, s := build(t, model, d, append([]string{"ema=0.9"}, small[model]...)...)
			var end []run.Checkpoint
			var middle run.Checkpoint
			for _, cut := range []bool{false, true} {
				o := train.Options{Batch: 4, H: d.H, W: d.W, C: d.C, LR: 1e-3, Seed: 5, Steps: 4}
				s.Apply(&o)
				if !cut {
					o.Saver, o.SaveEvery = saver(func(c run.Checkpoint) {
						if c.Step == 2 {
							middle = c
						}
					}), 2
				}
				l, err := train.New(ctx, eng, net, stripes{}, o)
				require.NoError(t, err)
				if cut {
					require.NoError(t, l.Restore(middle))
				}
				require.NoError(t, l.Run(ctx))
				c, err := l.Checkpoint()
				require.NoError(t, err)
				end = append(end, c)
				l.Close()
			}
			assert.Equal(t, end[0], end[1])
		})
	}
}

type saver func(run.Checkpoint)

func (s saver) Save(c run.Checkpoint) error { s(c); return nil }

// Pictures larger than a net works at are shrunk and grown, smaller ones framed.
func TestNetsOfAllSizes(t *testing.T) {
	for _, d := range []gen.DataInfo{
		{H: 64, W: 48, C: 3}, {H: 1, W: 1, C: 1}, {H: 33, W: 5, C: 1}, {H: 28, W: 28, C: 1}, {H: 72, W: 96, C: 1},
	} {
		d.Words = 9
		for _, model := range []string{"dcgan", "gan", "unet", "tgan", "tvae"} {
			net, _ := build(t, model, d, small[model]...)
			b := ir.NewBuilder()
			y := net.Sample().Trace(nn.NewScope(b), 3, ir.None)
			require.NoError(t, b.Err())
			assert.Equal(t, []int{3, d.H, d.W, d.C}, b.Type(y).Shape)
			_, _ = stepGraph(t, net, d)
		}
	}
}
