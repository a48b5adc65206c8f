package gen

import (
	"context"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/compile/target"
	_ "mllab/compile/target/cpu"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/optim"
	"mllab/ops"
	"mllab/samples"
)

// onePlayer opens the CPU with one thread.
func onePlayer(t *testing.T) *engine.Engine {
	t.Helper()
	eng, err := engine.Open("cpu", target.Options{Threads: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, eng.Close()) })
	return eng
}

// small2D is a game of small nets with settings changed.
func small2D(t *testing.T, pairs ...string) GAN2D {
	t.Helper()
	c := NewGAN2D()
	var err error
	for _, p := range append([]string{"g.width=8", "d.width=8", "batch=16", "g.layers=1"}, pairs...) {
		key, value, _ := cut(p)
		c, err = c.With(key, value)
		require.NoError(t, err, p)
	}
	return c
}

func cut(pair string) (key, value string, ok bool) {
	for i := range pair {
		if pair[i] == '=' {
			return pair[:i], pair[i+1:], true
		}
	}
	return pair, "", false
}

// points2D are real points of a batch.
func points2D(n int, batch uint64) []float32 {
	p, _ := samples.OpenPoints("ring", samples.PointsOptions{})
	xy := make([]float32, 2*n)
	p.Fill(1, batch, xy)
	return xy
}

func newGame2D(t *testing.T, eng *engine.Engine, c GAN2D, seed uint64) *Game2D {
	t.Helper()
	g, err := NewGame2D(context.Background(), eng, c, seed, points2D(Arrows2D, 99))
	require.NoError(t, err)
	t.Cleanup(g.Close)
	return g
}

// both2D makes steps of D and G in turns.
func both2D(t *testing.T, g *Game2D, n int) {
	t.Helper()
	for range n {
		x := points2D(g.Config().Batch, uint64(g.Clock().D))
		for range g.Config().DSteps {
			require.NoError(t, g.StepD(context.Background(), x))
		}
		require.NoError(t, g.StepG(context.Background(), x))
	}
}

// TestLosses2D compares every loss with its definition, in float64.
func TestLosses2D(t *testing.T) {
	sig := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	log := math.Log
	want := map[string]struct{ d, g func(r, f float64) float64 }{
		"classic": {func(r, f float64) float64 { return -log(sig(r)) - log(1-sig(f)) },
			func(_, f float64) float64 { return log(1 - sig(f)) }},
		"nonsaturating": {func(r, f float64) float64 { return -log(sig(r)) - log(1-sig(f)) },
			func(_, f float64) float64 { return -log(sig(f)) }},
		"leastsquares": {func(r, f float64) float64 { return (r-1)*(r-1)/2 + f*f/2 },
			func(_, f float64) float64 { return (f - 1) * (f - 1) / 2 }},
		"hinge": {func(r, f float64) float64 { return max(0, 1-r) + max(0, 1+f) },
			func(_, f float64) float64 { return -f }},
		"wasserstein": {func(r, f float64) float64 { return f - r }, func(_, f float64) float64 { return -f }},
		"relativistic": {func(r, f float64) float64 { return -log(sig(r - f)) },
			func(r, f float64) float64 { return -log(sig(f - r)) }},
	}
	require.ElementsMatch(t, LossNames2D, keys2D(losses2D))
	r := []float64{0.3, -1.2, 2.5, 0.9, -0.4}
	f := []float64{-0.7, 0.8, -2.1, 1.4, 0.1}
	for name, l := range losses2D {
		b := ir.NewBuilder()
		typ := ir.Of(ir.F32, len(r), 1)
		real, fake := b.Input("r", typ), b.Input("f", typ)
		b.Output("d", l.d(b, real, fake))
		b.Output("g", l.g(b, real, fake))
		g, err := b.Graph()
		require.NoError(t, err)
		out, err := ops.Eval(g, map[string]ops.Array{"r": {Type: typ, Data: r}, "f": {Type: typ, Data: f}})
		require.NoError(t, err)
		var d, gg float64
		for i := range r {
			d += want[name].d(r[i], f[i]) / float64(len(r))
			gg += want[name].g(r[i], f[i]) / float64(len(r))
		}
		assert.InDelta(t, d, out["d"].Data[0], 1e-12, name)
		assert.InDelta(t, gg, out["g"].Data[0], 1e-12, name)
	}
}

func keys2D[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// TestPenalties2D: for D(x) = w·x the slope is |w| everywhere, so every penalty is known.
func TestPenalties2D(t *testing.T) {
	for penalty, want := range map[string]float64{"gp": 16, "r1": 12.5, "r1r2": 25} {
		c := small2D(t, "penalty="+penalty)
		p := newPair2D(c.G2DShape)
		p.Batch = 4
		p.d = net2D{layers: []nn.Linear{nn.NewLinearNoBias(p.ps, "w", 2, 1)}}
		b := ir.NewBuilder()
		s := nn.NewScope(b)
		s.Given = true
		x, y := b.Input("x", ir.Of(ir.F32, 4, 2)), b.Input("y", ir.Of(ir.F32, 4, 2))
		b.Output("p", p.penalty(s, x, y))
		g, err := b.Graph()
		require.NoError(t, err)
		in := map[string]ops.Array{}
		for _, v := range g.Inputs() {
			in[g.Node(v).Op.(ir.Input).Label] = ops.NewArray(g.Type(v))
		}
		in["param.w.weight"] = ops.Array{Type: ir.Of(ir.F32, 2, 1), Data: []float64{3, 4}}
		out, err := ops.Eval(g, in)
		require.NoError(t, err)
		assert.InDelta(t, want, out["p"].Data[0], 1e-9, penalty)
	}
}

// TestUpdate2DIsAdam compares three updates with those of package optim, and with plain gradient descent.
func TestUpdate2DIsAdam(t *testing.T) {
	ps := nn.NewParams()
	p := ps.Add("p", nn.Zeros, 3)
	b := ir.NewBuilder()
	s := nn.NewScope(b)
	update2D(s, ops.Sum(b, ops.Mul(b, s.Param(p), ops.Mul(b, s.Param(p), s.Param(p)))), []*nn.Param{p})
	s.Finish()
	mine, err := b.Graph()
	require.NoError(t, err)

	rule := optim.Adam{B1: 0.5, B2: 0.9, Eps: 1e-8}
	value, m, v := []float64{0.5, -1, 2}, make([]float64, 3), make([]float64, 3)
	want := append([]float64(nil), value...)
	wantM, wantV := make([]float64, 3), make([]float64, 3)
	for step := 1; step <= 3; step++ {
		mean, square := math.Pow(0.5, float64(step)), math.Pow(0.9, float64(step))
		in := map[string]ops.Array{}
		put := func(label string, data []float64) {
			in[label] = ops.Array{Type: ir.Of(ir.F32, 3), Data: data}
		}
		put("param.p", value)
		put("opt.m.p", m)
		put("opt.v.p", v)
		for name, x := range map[string]float64{"b1": 0.5, "rest1": 0.5, "b2": 0.9, "rest2": 0.1, "adaptive": 1,
			"rest": 1e-8, "rate": 0.1 / (1 - mean), "correct": 1 / (1 - square)} {
			in["hyper."+name] = ops.Array{Type: ir.Of(ir.F32), Data: []float64{x}}
		}
		out, err := ops.Eval(mine, in)
		require.NoError(t, err)
		value, m, v = out["new.param.p"].Data, out["new.opt.m.p"].Data, out["new.opt.v.p"].Data
		for i := range want {
			g := 3 * want[i] * want[i]
			wantM[i] = rule.B1*wantM[i] + (1-rule.B1)*g
			wantV[i] = rule.B2*wantV[i] + (1-rule.B2)*g*g
			want[i] -= 0.1 * (wantM[i] / (1 - mean)) / (math.Sqrt(wantV[i]/(1-square)) + rule.Eps)
		}
		assert.InDeltaSlice(t, want, value, 1e-9, "step %d", step)
	}
}

// TestEveryGame2DPlays: all losses with all penalties, activations and kinds of noise compile and step.
func TestEveryGame2DPlays(t *testing.T) {
	eng := onePlayer(t)
	try := func(pairs ...string) {
		g := newGame2D(t, eng, small2D(t, pairs...), 1)
		both2D(t, g, 3)
		l, err := g.Look(context.Background())
		require.NoError(t, err)
		assert.Len(t, l.Heat, Heat2D*Heat2D)
		assert.Len(t, l.Fakes, 2*Fakes2D)
		assert.Len(t, l.Arrows, 2*Arrows2D)
		assert.Len(t, l.Mesh, 2*Mesh2D*Mesh2D)
		for _, v := range l.Heat {
			require.False(t, math.IsNaN(float64(v)), pairs)
		}
	}
	for i, loss := range LossNames2D {
		try("loss="+loss, "penalty="+[]string{"none", "gp", "r1", "r1r2"}[i%4])
	}
	for i, act := range acts2D {
		try("g.act="+act, "d.act="+acts2D[len(acts2D)-1-i], "latent="+strconv.Itoa(1+i%3),
			"noise="+[]string{"normal", "uniform"}[i%2], "d.layers="+strconv.Itoa(1+i%4))
	}
}

// TestGame2DIsAFunctionOfItsSeed, and a state that is restored goes on to the same bytes.
func TestGame2DIsAFunctionOfItsSeed(t *testing.T) {
	eng := onePlayer(t)
	c := small2D(t, "loss=wgan-gp", "dsteps=2")
	a, b, other := newGame2D(t, eng, c, 5), newGame2D(t, eng, c, 5), newGame2D(t, eng, c, 6)
	both2D(t, a, 4)
	middle, err := a.State()
	require.NoError(t, err)
	both2D(t, a, 4)
	both2D(t, b, 8)
	both2D(t, other, 8)
	end, err := a.State()
	require.NoError(t, err)
	straight, err := b.State()
	require.NoError(t, err)
	assert.Equal(t, straight, end)
	third, err := other.State()
	require.NoError(t, err)
	assert.NotEqual(t, third.values, end.values)
	require.NoError(t, a.Restore(middle))
	both2D(t, a, 4)
	again, err := a.State()
	require.NoError(t, err)
	assert.Equal(t, end, again)
	wide := newGame2D(t, eng, small2D(t, "g.width=16"), 5)
	assert.ErrorContains(t, wide.Restore(end), "does not fit")
	assert.ErrorContains(t, wide.Change(c), "make a new game")
}

// TestLiveSettingsActAtOnce: at a tiny rate a step hardly moves, without other programs.
func TestLiveSettingsActAtOnce(t *testing.T) {
	g := newGame2D(t, onePlayer(t), small2D(t), 1)
	both2D(t, g, 2)
	before, err := g.State()
	require.NoError(t, err)
	c := g.Config()
	for _, pair := range [][2]string{{"g.lr", "1e-9"}, {"d.lr", "1e-9"}, {"d.opt", "sgd"}} {
		c, err = c.With(pair[0], pair[1])
		require.NoError(t, err)
	}
	require.NoError(t, g.Change(c))
	both2D(t, g, 1)
	for _, label := range g.labels {
		if label[:5] != "param" {
			continue
		}
		now, err := g.tensors[label].Float32()
		require.NoError(t, err)
		at := 0
		for _, l := range g.labels {
			if l == label {
				break
			}
			at += g.tensors[l].Type().Elems()
		}
		assert.InDeltaSlice(t, before.values[at:at+len(now)], now, 1e-6, label)
	}
}

func TestInherit2D(t *testing.T) {
	eng := onePlayer(t)
	a := newGame2D(t, eng, small2D(t), 1)
	both2D(t, a, 3)
	b := newGame2D(t, eng, small2D(t, "loss=hinge", "d.width=16"), 1)
	d, g, err := b.Inherit(a)
	require.NoError(t, err)
	assert.Equal(t, []bool{false, true}, []bool{d, g})
	assert.Equal(t, 3, b.Clock().G)
	assert.Zero(t, b.Clock().D)
	la, err := a.Look(context.Background())
	require.NoError(t, err)
	lb, err := b.Look(context.Background())
	require.NoError(t, err)
	assert.Equal(t, la.Fakes, lb.Fakes)
}

// TestArrowsPointDown: a step of the fakes along their arrows lowers the loss of G.
func TestArrowsPointDown(t *testing.T) {
	g := newGame2D(t, onePlayer(t), small2D(t, "loss=wgan-gp"), 1)
	both2D(t, g, 30)
	l, err := g.Look(context.Background())
	require.NoError(t, err)
	// For this loss the arrow is the slope of D at the point: compare with the map of D around it.
	cell := 2 * Reach2D / float64(Heat2D)
	checked := 0
	for i := 0; i < Arrows2D; i++ {
		col := int((float64(l.Fakes[2*i]) + Reach2D) / cell)
		row := int((Reach2D - float64(l.Fakes[2*i+1])) / cell)
		if col < 1 || row < 1 || col >= Heat2D-1 || row >= Heat2D-1 {
			continue
		}
		dx := float64(l.Heat[row*Heat2D+col+1]-l.Heat[row*Heat2D+col-1]) / (2 * cell)
		dy := float64(l.Heat[(row-1)*Heat2D+col]-l.Heat[(row+1)*Heat2D+col]) / (2 * cell)
		dot := dx*float64(l.Arrows[2*i]) + dy*float64(l.Arrows[2*i+1])
		size := math.Hypot(dx, dy) * math.Hypot(float64(l.Arrows[2*i]), float64(l.Arrows[2*i+1]))
		if size > 1e-6 {
			assert.Greater(t, dot/size, 0.7, "point %d", i)
			checked++
		}
	}
	assert.Greater(t, checked, 15)
}

func TestSettings2D(t *testing.T) {
	c := NewGAN2D()
	for _, s := range Settings2D() {
		assert.Equal(t, s.Default, c.Value(s.Key), s.Key)
		for _, v := range s.Steps {
			next, err := c.With(s.Key, v)
			require.NoError(t, err, "%s=%s", s.Key, v)
			assert.Equal(t, v, next.Value(s.Key))
			shape, same := next.G2DShape, c.G2DShape
			if s.Live {
				assert.Equal(t, same, shape, "%s acts at once", s.Key)
			}
		}
		up := c.Next(s.Key, true)
		back, err := c.With(s.Key, up)
		require.NoError(t, err)
		if up != c.Value(s.Key) && s.Key != "loss" {
			assert.Equal(t, c.Value(s.Key), back.Next(s.Key, false), s.Key)
		}
	}
	w, err := c.With("loss", "wgan-gp")
	require.NoError(t, err)
	assert.Equal(t, []string{"wasserstein", "gp", "0.1"}, []string{w.Loss, w.Penalty, w.Value("weight")})
	_, err = c.With("losss", "hinge")
	assert.ErrorContains(t, err, "did you mean loss?")
	assert.Empty(t, c.Value("nothing"))
	assert.Empty(t, c.Next("nothing", true))
}

func TestPresets2D(t *testing.T) {
	var names []string
	for _, p := range Presets2D() {
		names = append(names, p.Name)
		for _, pair := range append(append([]string(nil), p.settings...), p.cure...) {
			key, value, ok := cut(pair)
			require.True(t, ok)
			_, err := NewGAN2D().With(key, value)
			require.NoError(t, err, pair)
		}
		assert.Equal(t, p.Cure == "", len(p.cure) == 0, p.Name)
		longest := len(p.Title) + len(p.What) + len(": ")
		if p.Cure != "" {
			longest += len(" c cures it.")
		}
		assert.LessOrEqual(t, max(longest, len("the cure: ")+len(p.Cure)), 146, "%s fits in two lines of 76",
			p.Name)
	}
	assert.Equal(t, []string{"ring", "collapse", "vanishing", "oscillation"}, names)
	_, err := FindPreset2D("colapse")
	assert.ErrorContains(t, err, "did you mean collapse?")
}
