package gen_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/compile/target"
	_ "mllab/compile/target/interp"
	"mllab/engine"
	"mllab/engine/grad"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/gen"
	"mllab/ops"
)

// interp opens the interpreter: slow, on every machine, and exact.
func interp(t *testing.T) *engine.Engine {
	t.Helper()
	eng, err := engine.Open("interp", target.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, eng.Close()) })
	return eng
}

func TestModelsHasTheMust(t *testing.T) {
	var names []string
	for _, m := range gen.Models() {
		names = append(names, m.Name)
		assert.NotEmpty(t, m.What, m.Name)
		assert.Positive(t, m.Rate, m.Name)
		keys := map[string]bool{}
		for _, s := range m.Settings() {
			assert.False(t, keys[s.Key], "%s has two settings %s", m.Name, s.Key)
			keys[s.Key] = true
			assert.NotEmpty(t, s.What, s.Key)
			assert.NoError(t, s.Check(s.Default), s.Key)
		}
		assert.Subset(t, keysOf(keys), []string{"optimizer", "clip", "schedule", "ema"}, m.Name)
	}
	assert.Equal(t, []string{"cnn", "dcgan", "gan", "t2i", "tgan", "tvae", "unet", "vae"}, names)
}

func keysOf(m map[string]bool) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// small are the settings by which models are tested.
var small = map[string][]string{
	"vae": {"hidden=6", "latent=3"}, "dcgan": {"width=2", "latent=3"}, "unet": {"width=8"},
	"cnn": {"width=2", "dropout=0.1"}, "gan": {"width=1", "latent=3"},
	"t2i":  {"width=16", "text=32", "layers=1"},
	"tgan": {"width=16", "text=32", "layers=1", "latent=1"}, "tvae": {"width=16", "text=32", "layers=1", "latent=1"},
}

// Every model must trace a step, an evaluation, samples
// and views of pictures in all their forms.
func TestEveryModelRuns(t *testing.T) {
	ctx := context.Background()
	for _, m := range gen.Models() {
		for _, d := range []gen.DataInfo{{H: 6, W: 5, C: 1, Labels: 10}, {H: 4, W: 7, C: 3}} {
			t.Run(fmt.Sprintf("%s %dx%dx%d", m.Name, d.H, d.W, d.C), func(t *testing.T) {
				s, err := m.Parse(append([]string{"ema=0.9", "clip=1"}, small[m.Name]...))
				require.NoError(t, err)
				if m.Classifies && d.Labels == 0 {
					_, err := m.Build(s, d)
					assert.ErrorContains(t, err, m.Name+": the data has 0 classes: want labels of at least 2")
					return
				}
				if m.Reads {
					_, err := m.Build(s, d)
					assert.ErrorContains(t, err, m.Name+": the data has no captions")
					d.Words = 9
				}
				everything(ctx, t, m, s, d)
			})
		}
	}
}

func everything(ctx context.Context, t *testing.T, m gen.Model, s gen.Settings, d gen.DataInfo) {
	t.Helper()
	eng := openCPU(t)
	net, err := m.Build(s, d)
	require.NoError(t, err)
	o := train.Options{Batch: 2, H: d.H, W: d.W, C: d.C, LR: m.Rate, Steps: 2}
	s.Apply(&o)
	var last train.Metrics
	o.OnMetrics = func(m train.Metrics) { last = m }
	l, err := train.New(ctx, eng, net, stripes{}, o)
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, l.Run(ctx))
	assert.Equal(t, 2, last.Step)
	assert.Equal(t, nn.EMAKind, l.State().Kind())

	e, err := gen.NewEvaluator(ctx, eng, net, d, l.State(), 4)
	require.NoError(t, err)
	defer e.Close()
	read := func(first int, x []float32, labels, _ []int32) error { return stripes{}.Fill(first, x, labels) }
	metrics, err := e.Run(ctx, 6, read)
	require.NoError(t, err)
	require.NotEmpty(t, metrics)
	again, err := e.Run(ctx, 6, read)
	require.NoError(t, err)
	assert.Equal(t, metrics, again)
	_, err = e.Run(ctx, 0, read)
	assert.ErrorContains(t, err, "no test examples")

	require.NotEmpty(t, net.Views())
	for _, v := range net.Views() {
		w, err := gen.NewViewer(ctx, eng, d, l.State(), v, 3)
		require.NoError(t, err)
		pictures := 3
		var x []float32
		if v.Takes {
			x = make([]float32, 3*d.H*d.W*d.C)
			require.NoError(t, stripes{}.Fill(0, x, nil))
			require.NoError(t, w.Label([]int32{0, 1, 2}))
		}
		if v.Whole {
			assert.Equal(t, 1, w.Shape()[0])
			dst := make([]float32, w.Values())
			require.NoError(t, w.Draw(ctx, 1, x, dst))
			inUnit(t, dst)
			w.Close()
			continue
		}
		if v.Pairs {
			pictures = 6
		}
		assert.Equal(t, [4]int{pictures, d.H, d.W, d.C}, w.Shape())
		dst := make([]float32, w.Values())
		require.NoError(t, w.Draw(ctx, 1, x, dst))
		inUnit(t, dst)
		if v.Pairs {
			one := d.H * d.W * d.C
			assert.Equal(t, x[one:2*one], dst[2*one:3*one], "the input stands before its reconstruction")
		}
		w.Close()
	}
	if m.Classifies {
		_, err := gen.NewSampler(ctx, eng, net, d, l.State())
		assert.ErrorContains(t, err, "draws none")
		return
	}
	sampled(ctx, t, func() (*gen.Sampler, error) { return gen.NewSampler(ctx, eng, net, d, l.State()) }, d)
}

func sampled(ctx context.Context, t *testing.T, open func() (*gen.Sampler, error), d gen.DataInfo) {
	t.Helper()
	sampler, err := open()
	require.NoError(t, err)
	defer sampler.Close()
	one := d.H * d.W * d.C
	few, many := make([]float32, 3*one), make([]float32, 70*one)
	require.NoError(t, sampler.Draw(ctx, 9, few))
	require.NoError(t, sampler.Draw(ctx, 9, many))
	inUnit(t, many)
	assert.Equal(t, few, many[:3*one], "a picture depends on the seed and its number alone")
	assert.NotEqual(t, many[:one], many[64*one:65*one])
	require.NoError(t, sampler.Draw(ctx, 10, few))
	assert.NotEqual(t, few, many[:3*one])
	assert.ErrorContains(t, sampler.Draw(ctx, 9, few[:1+one]), "want a multiple of")
}

func inUnit(t *testing.T, v []float32) {
	t.Helper()
	for i, x := range v {
		require.True(t, x >= 0 && x <= 1, "value %d is %v", i, x)
	}
}

type stripes struct{}

func (stripes) Fill(step int, x []float32, labels []int32) error {
	for i := range x {
		x[i] = float32(0.5 + 0.5*math.Sin(float64(step)+float64(i)*0.7))
	}
	for i := range labels {
		labels[i] = -1
	}
	return nil
}

// The whole loss, with the noise given, against central differences.
func TestVAEGradients(t *testing.T) {
	m, err := gen.Find("vae")
	require.NoError(t, err)
	for _, set := range [][]string{
		{"hidden=5", "latent=3"}, {"hidden=5", "latent=3", "beta=2.5"}, {"arch=conv", "hidden=4", "latent=2"},
	} {
		t.Run(fmt.Sprint(set), func(t *testing.T) {
			s, err := m.Parse(set)
			require.NoError(t, err)
			net, err := m.Build(s, gen.DataInfo{H: 3, W: 4, C: 1})
			require.NoError(t, err)
			params := net.Params().Trainable()
			differences(t, lossGraph(t, net, nil), lossGraph(t, net, params), params)
		})
	}
}

// lossGraph gives the loss of two 3x4 pictures, and its gradients by some parameters.
func lossGraph(t *testing.T, net gen.Net, by []*nn.Param) *ir.Graph {
	t.Helper()
	b := ir.NewBuilder()
	scope := nn.NewScope(b)
	scope.Given = true
	loss, _, _ := gen.Loss(net, scope, train.NewBatch(scope, 2, 3, 4, 1))
	b.Output("loss", loss)
	var values []ir.Value
	for _, p := range by {
		values = append(values, scope.Param(p))
	}
	if len(by) > 0 {
		for i, g := range grad.Of(b, loss, values) {
			b.Output("grad."+by[i].Name, g)
		}
	}
	g, err := b.Graph()
	require.NoError(t, err)
	return g
}

// differences checks a few values of each gradient against the loss's differences.
func differences(t *testing.T, loss, g *ir.Graph, params []*nn.Param) {
	t.Helper()
	in := map[string]ops.Array{}
	for _, v := range g.Inputs() {
		label := g.Node(v).Op.(ir.Input).Label
		a := ops.NewArray(g.Type(v))
		for i := range a.Data {
			a.Data[i] = 0.45 + 0.4*math.Sin(float64(3*i+len(label)))
		}
		in[label] = a
	}
	for _, p := range params {
		for i, v := range p.Values(1) {
			in["param."+p.Name].Data[i] = float64(v) * 1.5
		}
	}
	eval := func() float64 {
		out, err := ops.Eval(loss, in)
		require.NoError(t, err)
		return out["loss"].Data[0]
	}
	grads, err := ops.Eval(g, in)
	require.NoError(t, err)
	const h = 1e-5
	for _, p := range params {
		data := in["param."+p.Name].Data
		for k := 0; k < len(data); k += 1 + len(data)/5 {
			old := data[k]
			data[k] = old + h
			up := eval()
			data[k] = old - h
			down := eval()
			data[k] = old
			want := (up - down) / (2 * h)
			assert.InDelta(t, want, grads["grad."+p.Name].Data[k], 1e-6*(1+math.Abs(want)), "%s[%d]", p.Name, k)
		}
	}
}

// The loss in closed form, from the definition in the paper and plain Go.
func TestVAELossIsTheELBO(t *testing.T) {
	m, err := gen.Find("vae")
	require.NoError(t, err)
	s, err := m.Parse([]string{"hidden=2", "latent=1", "beta=3"})
	require.NoError(t, err)
	net, err := m.Build(s, gen.DataInfo{H: 1, W: 2, C: 1})
	require.NoError(t, err)
	b := ir.NewBuilder()
	scope := nn.NewScope(b)
	scope.Given = true
	loss, recon, kl := gen.Loss(net, scope, train.NewBatch(scope, 1, 1, 2, 1))
	b.Output("loss", loss)
	b.Output("recon", recon)
	b.Output("kl", kl)
	g, err := b.Graph()
	require.NoError(t, err)
	array := func(shape []int, v ...float64) ops.Array {
		return ops.Array{Type: ir.Of(ir.F32, shape...),
			Data: v}
	}
	out, err := ops.Eval(g, map[string]ops.Array{
		"x": array([]int{1, 1, 2, 1}, 0.25, 1), "noise.eps": array([]int{1, 1}, -0.5),
		"param.e1.weight": array([]int{2, 2}, 1, 0, 0, -1), "param.e1.bias": array([]int{2}, 0, 0.5),
		"param.mu.weight": array([]int{2, 1}, 2, 1), "param.mu.bias": array([]int{1}, 0.1),
		"param.lv.weight": array([]int{2, 1}, -1, 1), "param.lv.bias": array([]int{1}, 0.3),
		"param.d1.weight": array([]int{1, 2}, 1, -1), "param.d1.bias": array([]int{2}, 0, 0),
		"param.d2.weight": array([]int{2, 2}, 1, 2, 3, 4), "param.d2.bias": array([]int{2}, -0.5, 0),
	})
	require.NoError(t, err)
	mu, lv := 2*0.25+0.1, -0.25+0.3
	z := mu - 0.5*math.Exp(lv/2)
	h := [2]float64{math.Max(z, 0), math.Max(-z, 0)}
	y := [2]float64{h[0] + 3*h[1] - 0.5, 2*h[0] + 4*h[1]}
	wantRecon := 0.0
	for i, x := range []float64{0.25, 1} {
		p := 1 / (1 + math.Exp(-y[i]))
		wantRecon -= x*math.Log(p) + (1-x)*math.Log(1-p)
	}
	wantKL := 0.5 * (mu*mu + math.Exp(lv) - lv - 1)
	assert.InDelta(t, wantRecon, out["recon"].Data[0], 1e-12)
	assert.InDelta(t, wantKL, out["kl"].Data[0], 1e-12)
	assert.InDelta(t, wantRecon+3*wantKL, out["loss"].Data[0], 1e-12)
}

func TestVAEParameterCount(t *testing.T) {
	m, err := gen.Find("vae")
	require.NoError(t, err)
	s, err := m.Parse(nil)
	require.NoError(t, err)
	net, err := m.Build(s, gen.DataInfo{H: 28, W: 28, C: 1})
	require.NoError(t, err)
	assert.Equal(t, 652824, net.Params().Count())
}

func TestSettings(t *testing.T) {
	m, err := gen.Find("vae")
	require.NoError(t, err)
	s, err := m.Parse([]string{"latent=8", " beta = 4", "schedule=cosine", "optimizer=sgd", "momentum=0.5"})
	require.NoError(t, err)
	assert.Equal(t, 8, s.Int("latent"))
	assert.Equal(t, 4.0, s.Float("beta"))
	assert.Equal(t, 400, s.Int("hidden"))
	again, err := m.Choose(s.Map())
	require.NoError(t, err)
	assert.Equal(t, s, again)
	o := train.Options{Steps: 100}
	s.Apply(&o)
	assert.Equal(t, "sgd", o.Rule.Name())
	assert.Equal(t, 100, o.Schedule.Total)
}

func TestSettingErrors(t *testing.T) {
	m, err := gen.Find("vae")
	require.NoError(t, err)
	tests := []struct{ pair, want string }{
		{"laten=8", `setting "laten": vae has none of this name (did you mean latent?), want one of arch, latent`},
		{"colour=red", `setting "colour": vae has none of this name, want one of arch`},
		{"latent", `setting "latent": want key=value, such as arch=mlp`},
		{"latent=0", "latent=0: want a whole number from 1 to 4096"},
		{"latent=many", "latent=many: want a whole number from 1 to 4096"},
		{"beta=NaN", "beta=NaN: want a number from 0 to 1000"},
		{"beta=-1", "beta=-1: want a number from 0 to 1000"},
		{"arch=cnv", "arch=cnv: unknown (did you mean conv?), want one of mlp, conv"},
		{"schedule=x\x1b[2J", "schedule=x\uFFFD[2J: unknown, want one of constant, cosine, linear, step"},
	}
	for _, tt := range tests {
		_, err := m.Parse([]string{tt.pair})
		require.ErrorContains(t, err, tt.want)
		assert.NotContains(t, err.Error(), "\n")
		assert.NotContains(t, err.Error(), "\x1b")
	}
	_, err = gen.Find("vea")
	assert.EqualError(t, err, `model "vea": unknown (did you mean vae?), want one of cnn, dcgan, gan, t2i, tgan, tvae, unet, vae`)
}

func TestBuildErrors(t *testing.T) {
	m, err := gen.Find("vae")
	require.NoError(t, err)
	s, err := m.Parse(nil)
	require.NoError(t, err)
	for _, d := range []gen.DataInfo{{}, {H: 28, W: 28}, {H: -1, W: 3, C: 1}, {H: 1 << 20, W: 1 << 20, C: 3}} {
		_, err := m.Build(s, d)
		assert.ErrorContains(t, err, "vae: examples of")
	}
	big, err := m.Parse([]string{"hidden=65536"})
	require.NoError(t, err)
	_, err = m.Build(big, gen.DataInfo{H: 1024, W: 1024, C: 3})
	assert.ErrorContains(t, err, "want at most 268435456: choose smaller settings or pictures")
	_, err = m.Build(gen.Settings{}, gen.DataInfo{H: 1, W: 1, C: 1})
	assert.ErrorContains(t, err, "make them with Parse")
}

func TestGoldenFileErrors(t *testing.T) {
	_, err := gen.Workloads()[0].Golden(context.Background(), interp(t), t.TempDir()+"/none.safetensors")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// Whatever a user gives as a setting, the answer is settings or one printable line.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"latent=8", "laten=8", "=", "beta=1e309", "arch=\x1b]0;x\x07", "hidden=0x10", "\xff=\xfe",
	} {
		f.Add(s)
	}
	m, err := gen.Find("vae")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, pair string) {
		s, err := m.Parse([]string{pair})
		if err == nil {
			again, err := m.Choose(s.Map())
			require.NoError(t, err)
			require.Equal(t, s, again)
			return
		}
		for _, r := range err.Error() {
			require.True(t, unicode.IsPrint(r), "%q", err.Error())
		}
	})
}
