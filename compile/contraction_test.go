package compile_test

import (
	"errors"
	"flag"
	"fmt"
	"math"
	rand1 "math/rand"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile"
	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target"
	"mllab/engine/grad"
	"mllab/ops"
)

var long = flag.Bool("long", false, "many more random contractions, and larger ones")

// processor is a device of the test, and how its schedules are chosen.
type processor struct {
	name   string
	dev    target.Device
	random bool
}

// processors are the interpreter and every instruction set, with one thread and with
// two that share every kernel, with unreadable pages behind buffers and before them.
func processors(t *testing.T) []processor {
	t.Helper()
	all := []processor{{"interp", open(t, "interp")[0], false}}
	cpu, err := target.Find("cpu")
	require.NoError(t, err)
	for _, isa := range []string{"avx512", "avx2", "go"} {
		for _, threads := range []int{1, 2} {
			for _, front := range []bool{false, true} {
				dev, err := cpu.Open(target.Options{ISA: isa, Threads: threads, Share: true, Guard: true, Front: front})
				if errors.Is(err, target.ErrUnavailable) {
					continue
				}
				require.NoError(t, err)
				t.Cleanup(func() { assert.NoError(t, dev.Close()) })
				name := fmt.Sprintf("%s, %d threads, front %t", isa, threads, front)
				all = append(all, processor{name, dev, false}, processor{name + ", random schedules", dev, true})
			}
		}
	}
	return all
}

// TestRandomContractions compares contractions of random sizes and attributes, with
// what is fused to them, and their gradients, with operators one by one in float64: on
// the interpreter, and each on some of the instruction sets, numbers of threads, sides of
// guard pages, and default and random schedules, so that all of them see every kind.
func TestRandomContractions(t *testing.T) {
	devs := processors(t)
	cases, budget, each := 10, 1<<15, 3
	if *long {
		cases, budget, each = 30, 1<<16, 6
	}
	for _, kind := range contractions {
		t.Run(kind.name, func(t *testing.T) {
			reach := map[string][]int{}
			rejected := 0
			for seed := range cases {
				m := &contraction{b: ir.NewBuilder(), r: rand.New(rand.NewPCG(uint64(seed), 9)), seed: seed,
					budget: budget, reach: reach}
				kind.draw(m)
				g, err := m.b.Graph()
				require.NoError(t, err, "seed %d: %s", seed, m.about)
				in := randomInputs(g, uint64(seed))
				want, err := ops.Eval(g, in)
				require.NoError(t, err)
				on := devs[:1:1]
				for i := range each {
					on = append(on, devs[1+(seed*each+i)%(len(devs)-1)])
				}
				for _, p := range on {
					o := compile.Options{Apart: true}
					if p.random {
						o.Schedule = accepted(p.dev, int64(seed))
					}
					_, got, err := executeWith(p.dev, g, in, 1, o)
					if p.random && errors.Is(err, target.ErrRejected) {
						rejected++ // stages that fit alone, and not in one kernel
						continue
					}
					require.NoError(t, err, "seed %d on %s: %s", seed, p.name, m.about)
					for label, w := range want {
						err := ops.Diff(got[label], w, m.terms, ops.Eps32)
						require.NoError(t, err, "seed %d on %s, %s: %s\n%s", seed, p.name, label, m.about, g)
					}
				}
			}
			assert.LessOrEqual(t, rejected, cases*each/20)
			for name, seen := range reach {
				assert.Equal(t, 1, seen[0], "the least %s", name)
				assert.Greater(t, seen[1], 60, "the largest %s", name)
			}
		})
	}
}

// accepted draws random schedules whose kernels the device takes, or else leaves it at
// the default.
func accepted(dev target.Device, seed int64) func(*expr.Compute, loop.Machine) (schedule.Schedule, bool) {
	r := rand1.New(rand1.NewSource(seed))
	takes := func(p *schedule.Plan) bool {
		for _, k := range p.Kernels {
			built, err := dev.Compile(k.Nest)
			if err != nil {
				return false
			}
			built.Close()
		}
		return true
	}
	return func(c *expr.Compute, m loop.Machine) (schedule.Schedule, bool) {
		for range 10 {
			s := schedule.Random(r, c, m)
			if p, err := schedule.Apply(c, s, m); err == nil && takes(p) {
				return s, true
			}
		}
		return nil, false
	}
}

// contraction is a random graph about one contraction.
type contraction struct {
	b      *ir.Builder
	r      *rand.Rand
	seed   int
	in     []ir.Value       // that have gradients
	budget int              // products of the contraction
	reach  map[string][]int // least and largest size of every dimension so far
	terms  int              // of the longest sum
	about  string
}

// sizes draws an extent of 1 to 70 for every name, and makes some smaller until the cost
// is within the budget. Each name in turn has a large one, which is kept, and the next one 1.
func (m *contraction) sizes(names string, cost func(d []int) int) []int {
	list := strings.Fields(names)
	d := make([]int, len(list))
	for i := range d {
		d[i] = 1 + m.r.IntN(70)
	}
	keep := m.seed % len(list)
	d[keep] = 61 + m.r.IntN(10)
	if one := (keep + 1) % len(d); m.seed < len(d) {
		d[one] = 1
	}
	for cost(d) > m.budget {
		if i := m.r.IntN(len(d)); i != keep {
			d[i] = 1 + m.r.IntN(d[i])
		}
	}
	for i, name := range list {
		seen, ok := m.reach[name]
		if !ok {
			seen = []int{d[i], d[i]}
		}
		m.reach[name] = []int{min(seen[0], d[i]), max(seen[1], d[i])}
	}
	return d
}

func (m *contraction) input(shape ...int) ir.Value {
	v := m.b.Input(fmt.Sprintf("x%d", len(m.in)), ir.Of(ir.F32, shape...))
	m.in = append(m.in, v)
	return v
}

// finish adds an epilogue to y, whose sums are of so many terms, and asks for the
// result and for the gradients of all inputs, of which one may become an update.
func (m *contraction) finish(y ir.Value, terms int) {
	b, r := m.b, m.r
	y = ops.Scale(b, y, 1/math.Sqrt(float64(terms)))
	shape := b.Type(y).Shape
	channels := shape[len(shape)-1]
	smooth := r.IntN(2) == 0
	var did []string
	do := func(what string, p int, f func() ir.Value) {
		if r.IntN(p) == 0 {
			y = f()
			did = append(did, what)
		}
	}
	do("bias", 2, func() ir.Value { return ops.Add(b, y, m.input(channels)) })
	do("scale and shift", 3, func() ir.Value {
		return ops.Add(b, ops.Mul(b, y, m.input(channels)), m.input(channels))
	})
	do("residual", 3, func() ir.Value { return ops.Add(b, y, m.input(shape...)) })
	do("activation", 2, func() ir.Value {
		if smooth {
			return []func(*ir.Builder, ir.Value) ir.Value{ops.Silu, ops.Tanh, ops.Sigmoid}[r.IntN(3)](b, y)
		}
		return ops.Relu(b, y)
	})
	do("residual after", 4, func() ir.Value { return ops.Add(b, y, m.input(shape...)) })
	b.Output("y", y)
	m.terms = terms
	if smooth { // at a kink, rounding decides about a gradient
		m.gradients(y)
		did = append(did, "gradients")
	}
	m.about += fmt.Sprint(" ", did)
}

func (m *contraction) gradients(y ir.Value) {
	b := m.b
	n := len(m.in)
	for i, d := range grad.From(b, y, b.Input("gy", b.Type(y)), m.in[:n]) {
		if i == 1 && m.r.IntN(2) == 0 { // the weights
			b.Update("next", m.in[1], ops.Sub(b, m.in[1], ops.Scale(b, d, 0.125)))
			continue
		}
		b.Output(fmt.Sprintf("d%d", i), d)
	}
	m.terms = max(m.terms, 4000) // some sums are over batch and pixels
}
