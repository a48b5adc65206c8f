package optim_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/ir"
	"mllab/compile/target"
	_ "mllab/compile/target/interp"
	"mllab/engine"
	"mllab/engine/optim"
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

// gradient of step t at p: smooth, changing, and with a large spread of sizes.
func gradient(t int, i int, p float64) float64 {
	return (p-float64(i))*math.Pow(10, float64(i-2)) + 0.1*math.Sin(float64(t+3*i))
}

// trajectory runs a rule for some steps from p = 1, 1, ... and gives each step's parameters.
func trajectory(t *testing.T, r optim.Rule, steps int, lr func(t int) float64) [][]float32 {
	t.Helper()
	const n = 5
	eng := interp(t)
	typ := ir.Of(ir.F32, n)
	prog, err := eng.Program(context.Background(), "rule", nil, func(b *ir.Builder) {
		p, g := b.Input("p", typ), b.Input("g", typ)
		var slots, scalars []ir.Value
		for _, s := range r.Slots() {
			slots = append(slots, b.Input(s, typ))
		}
		for _, s := range r.Scalars() {
			scalars = append(scalars, b.Input(s, ir.Of(ir.F32)))
		}
		next, nextSlots := r.Update(b, p, g, slots, scalars)
		b.Update("p'", p, next)
		for i, s := range slots {
			b.Update(r.Slots()[i]+"'", s, nextSlots[i])
		}
	})
	require.NoError(t, err)
	get := func(label string) *engine.Tensor {
		tensor, err := prog.Tensor(label)
		require.NoError(t, err)
		return tensor
	}
	p := []float32{1, 1, 1, 1, 1}
	require.NoError(t, engine.Write(get("p"), p))
	g, numbers := make([]float32, n), make([]float32, len(r.Scalars()))
	var path [][]float32
	for step := 1; step <= steps; step++ {
		for i := range g {
			g[i] = float32(gradient(step, i, float64(p[i])))
		}
		require.NoError(t, engine.Write(get("g"), g))
		r.Numbers(optim.NowAt(step, lr(step), r.Knobs()), numbers)
		for i, s := range r.Scalars() {
			require.NoError(t, engine.Write(get(s), numbers[i:i+1]))
		}
		require.NoError(t, prog.Run(context.Background()))
		require.NoError(t, engine.Read(get("p"), p))
		path = append(path, append([]float32(nil), p...))
	}
	return path
}

func TestAdamAgainstFloat64(t *testing.T) {
	for _, decay := range []float64{0, 0.1} {
		t.Run(fmt.Sprintf("decay %v", decay), func(t *testing.T) {
			lr := func(t int) float64 { return 1e-2 / float64(1+t/20) }
			path := trajectory(t, optim.NewAdamW(decay), 50, lr)
			// The formulas of WORKLOADS.md, word for word.
			p, m, v := [5]float64{1, 1, 1, 1, 1}, [5]float64{}, [5]float64{}
			const b1, b2, eps = 0.9, 0.999, 1e-8
			for step := 1; step <= 50; step++ {
				for i := range p {
					g := float64(float32(gradient(step, i, p[i])))
					m[i] = b1*m[i] + (1-b1)*g
					v[i] = b2*v[i] + (1-b2)*g*g
					mh, vh := m[i]/(1-math.Pow(b1, float64(step))), v[i]/(1-math.Pow(b2, float64(step)))
					p[i] -= lr(step)*decay*p[i] + lr(step)*mh/(math.Sqrt(vh)+eps)
				}
				for i := range p {
					assert.InDelta(t, p[i], path[step-1][i], 1e-5, "step %d, value %d", step, i)
				}
			}
		})
	}
}

func TestSGDAgainstFloat64(t *testing.T) {
	for _, r := range []optim.SGD{{}, {Momentum: 0.9}, {Momentum: 0.5, Decay: 0.1}} {
		t.Run(fmt.Sprintf("%+v", r), func(t *testing.T) {
			path := trajectory(t, r, 20, func(int) float64 { return 1e-3 })
			p, v := [5]float64{1, 1, 1, 1, 1}, [5]float64{}
			for step := 1; step <= 20; step++ {
				for i := range p {
					v[i] = r.Momentum*v[i] + gradient(step, i, p[i]) + r.Decay*p[i]
					p[i] -= 1e-3 * v[i]
					assert.InDelta(t, p[i], path[step-1][i], 2e-5, "step %d, value %d", step, i)
				}
			}
		})
	}
}

func eval(t *testing.T, build func(b *ir.Builder), in map[string]ops.Array) map[string]ops.Array {
	t.Helper()
	b := ir.NewBuilder()
	build(b)
	g, err := b.Graph()
	require.NoError(t, err)
	out, err := ops.Eval(g, in)
	require.NoError(t, err)
	return out
}

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		limit, scale float64
	}{{100, 1}, {6.5, 0.5}, {0.013, 0.001}} {
		in := map[string]ops.Array{
			"a": {Type: ir.Of(ir.F32, 2), Data: []float64{3, -4}},
			"b": {Type: ir.Of(ir.F32, 1, 1), Data: []float64{12}},
		}
		out := eval(t, func(b *ir.Builder) {
			grads := []ir.Value{b.Input("a", in["a"].Type), b.Input("b", in["b"].Type)}
			clipped, norm := optim.Clip(b, grads, b.Const(ir.F32, tt.limit))
			b.Output("ca", clipped[0])
			b.Output("cb", clipped[1])
			b.Output("norm", norm)
		}, in)
		assert.InDelta(t, 13, out["norm"].Data[0], 1e-12)
		assert.InDeltaSlice(t, []float64{3 * tt.scale, -4 * tt.scale}, out["ca"].Data, 1e-6)
		assert.InDelta(t, 12*tt.scale, out["cb"].Data[0], 1e-5)
	}
}

func TestEMA(t *testing.T) {
	assert.InDelta(t, 1-2.0/11, optim.EMARest(1, 0.99), 1e-7, "the first step forgets the initial values soon")
	assert.InDelta(t, 0.01, optim.EMARest(100000, 0.99), 1e-7)
	in := map[string]ops.Array{
		"e": {Type: ir.Of(ir.F32, 2), Data: []float64{1, 2}}, "p": {Type: ir.Of(ir.F32, 2), Data: []float64{3, -2}},
		"r": {Type: ir.Of(ir.F32), Data: []float64{0.25}},
	}
	out := eval(t, func(b *ir.Builder) {
		b.Output("out", optim.EMA(b, b.Input("e", in["e"].Type), b.Input("p", in["p"].Type), b.Input("r",
			in["r"].Type)))
	}, in)
	assert.Equal(t, []float64{1.5, 1}, out["out"].Data)
}

func TestSchedule(t *testing.T) {
	tests := []struct {
		name string
		s    optim.Schedule
		at   map[int]float64
	}{
		{"constant", optim.Schedule{}, map[int]float64{1: 1, 1000: 1}},
		{"warm-up", optim.Schedule{Warmup: 4}, map[int]float64{1: 0.25, 2: 0.5, 4: 1, 5: 1}},
		{"cosine", optim.Schedule{Kind: "cosine", Total: 100}, map[int]float64{1: 1, 51: 0.5, 101: 0, 500: 0}},
		{"cosine with floor", optim.Schedule{Kind: "cosine", Total: 100, Floor: 0.1}, map[int]float64{1: 1,
			101: 0.1}},
		{"linear after warm-up", optim.Schedule{Kind: "linear", Warmup: 10, Total: 110},
			map[int]float64{5: 0.5, 10: 1, 11: 1, 61: 0.5, 111: 0}},
		{"step", optim.Schedule{Kind: "step", Every: 10, Gamma: 0.5}, map[int]float64{1: 1, 10: 1, 11: 0.5,
			21: 0.25}},
		{"cosine of no length", optim.Schedule{Kind: "cosine"}, map[int]float64{1: 1, 1000: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.NoError(t, tt.s.Check())
			for step, want := range tt.at {
				assert.InDelta(t, want, tt.s.Factor(step), 1e-12, "step %d", step)
			}
		})
	}
	for _, bad := range []optim.Schedule{
		{Kind: "exponential"}, {Kind: "step"}, {Kind: "step", Every: 3, Gamma: 2}, {Warmup: -1},
		{Floor: math.NaN()},
	} {
		assert.Error(t, bad.Check(), "%+v", bad)
	}
	assert.ErrorContains(t, optim.Schedule{Kind: "exponential"}.Check(),
		"want one of [constant cosine linear step]")
}
