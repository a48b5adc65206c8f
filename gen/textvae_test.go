package gen

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/ops"
)

// smallTextVAE gives one with numbers for all its inputs: two pictures of 6x5 and their texts.
func smallTextVAE(t *testing.T, trace func(s *nn.Scope, v *textVAE, batch train.Batch, output func(string, ir.Value)),
	set ...string) map[string][]float64 {
	t.Helper()
	parsed, err := registry["tvae"].Parse(append([]string{"width=16", "text=32", "layers=1", "latent=3"}, set...))
	require.NoError(t, err)
	net, err := registry["tvae"].Build(parsed, DataInfo{H: 6, W: 5, C: 1, Words: 7})
	require.NoError(t, err)
	b := ir.NewBuilder()
	s := nn.NewScope(b)
	s.Given = true
	trace(s, net.(*textVAE), train.NewBatch(s, 2, 6, 5, 1), func(name string, v ir.Value) { b.Output(name, v) })
	g, err := b.Graph()
	require.NoError(t, err)
	in := map[string]ops.Array{}
	for _, v := range g.Inputs() {
		a := ops.NewArray(g.Type(v))
		label := g.Node(v).Op.(ir.Input).Label
		for i := range a.Data {
			a.Data[i] = 0.5 + 0.45*math.Sin(float64(3*i*i+len(label)))
			if label == train.InputTokens {
				a.Data[i] = float64(max(0, 5-i%TextLength))
			}
		}
		in[label] = a
	}
	for _, p := range net.Params().All() {
		for i, v := range p.Values(1) {
			in[nn.ParamKind+p.Name].Data[i] = float64(v) + 0.1*math.Sin(float64(i))
		}
	}
	out, err := ops.Eval(g, in)
	require.NoError(t, err)
	values := map[string][]float64{}
	for name, a := range out {
		values[name] = a.Data
	}
	return values
}

// The divergence from the prior against the definition for two Gaussians, and the reconstruction against Bernoulli's.
func TestTextVAELossIsTheELBO(t *testing.T) {
	for _, prior := range []string{"text", "standard"} {
		out := smallTextVAE(t, func(s *nn.Scope, v *textVAE, batch train.Batch, output func(string, ir.Value)) {
			tokens := batch.Tokens(TextLength)
			recon, kl := v.terms(s, batch, tokens)
			output("recon", recon)
			output("kl", kl)
			told := v.listen(s, tokens)
			mq, lq := v.encode(s, batch.X(), told)
			output("mq", mq)
			output("lq", lq)
			if mp, lp := v.prior(s, told); mp != ir.None {
				output("mp", mp)
				output("lp", lp)
			}
			z := ops.Add(s.B, mq, ops.Mul(s.B, s.Normal("eps", 2, 3), ops.Exp(s.B, ops.Scale(s.B, lq, 0.5))))
			output("chance", ops.Sigmoid(s.B, v.logits(s, z, told, nil)))
			output("x", ops.Scale(s.B, ops.Shift(s.B, v.fit.enter(s, batch.X()), 1), 0.5))
		}, "prior="+prior)
		at := func(name string, i int) float64 {
			if v, ok := out[name]; ok {
				return v[i]
			}
			return 0 // of the standard Gaussian
		}
		for n := range 2 {
			kl := 0.0
			for i := n * 3; i < n*3+3; i++ {
				away := at("mq", i) - at("mp", i)
				ratio := math.Exp(at("lq", i) - at("lp", i))
				kl += (ratio + away*away/math.Exp(at("lp", i)) - 1 - math.Log(ratio)) / 2
			}
			assert.InDelta(t, kl, out["kl"][n], 1e-9, prior)
			recon, one := 0.0, len(out["x"])/2
			for i := n * one; i < (n+1)*one; i++ {
				recon -= out["x"][i]*math.Log(out["chance"][i]) + (1-out["x"][i])*math.Log(1-out["chance"][i])
			}
			assert.InDelta(t, recon, out["recon"][n], 1e-9, prior)
		}
	}
}

// A picture's code, decoded, is what the encoder's mean decodes to: codes are those of a standard Gaussian, whatever
// the prior is where nothing is said.
func TestTextVAEEncodesWhatItDecodes(t *testing.T) {
	for _, prior := range []string{"text", "standard"} {
		out := smallTextVAE(t, func(s *nn.Scope, v *textVAE, batch train.Batch, output func(string, ir.Value)) {
			mean, _ := v.Encode(s, batch.X())
			output("decoded", v.Decode(s, mean))
			told := v.listen(s, untold(s.B, 2))
			own, _ := v.encode(s, batch.X(), told)
			output("want", v.pictures(s, own, told, nil))
		}, "prior="+prior)
		assert.InDeltaSlice(t, out["want"], out["decoded"], 1e-9, prior)
	}
}

// The cost of finding a picture's text among those of a batch, and scores by a projection, as they are defined.
func TestTextGANScores(t *testing.T) {
	parsed, err := registry["tgan"].Parse([]string{"width=16", "text=32", "layers=1", "latent=3"})
	require.NoError(t, err)
	net, err := registry["tgan"].Build(parsed, DataInfo{H: 8, W: 8, C: 1, Words: 7})
	require.NoError(t, err)
	m := net.(*textGAN)
	b := ir.NewBuilder()
	s := nn.NewScope(b)
	seen, heard := b.Input("seen", ir.Of(ir.F32, 3, m.features)), b.Input("heard", ir.Of(ir.F32, 3, m.features))
	b.Output("cost", mistaken(b, seen, heard))
	b.Output("said", m.rate(s, seen, heard))
	b.Output("silent", m.rate(s, seen, ir.None))
	g, err := b.Graph()
	require.NoError(t, err)
	in := map[string]ops.Array{}
	for _, v := range g.Inputs() {
		label := g.Node(v).Op.(ir.Input).Label
		a := ops.NewArray(g.Type(v))
		for i := range a.Data {
			a.Data[i] = math.Sin(float64(i*i + len(label)))
		}
		in[label] = a
	}
	out, err := ops.Eval(g, in)
	require.NoError(t, err)
	for i := range 3 {
		var match [3]float64
		sum := 0.0
		for j := range 3 {
			for k := range m.features {
				match[j] += in["seen"].Data[i*m.features+k] * in["heard"].Data[j*m.features+k]
			}
			sum += math.Exp(match[j])
		}
		assert.InDelta(t, math.Log(sum)-match[i], out["cost"].Data[i], 1e-9)
		assert.InDelta(t, match[i], out["said"].Data[i]-out["silent"].Data[i], 1e-9)
	}
}
