package schedule_test

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
	"mllab/compile/schedule"
	"mllab/compile/target"
	"mllab/compile/target/interp"
	"mllab/compile/target/targettest"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

var machines = []loop.Machine{
	{Kind: loop.CPU, Name: "avx512", Lanes: 16, Registers: 32, Threads: 2, L1: 32 << 10, L2: 1 << 20},
	{Kind: loop.CPU, Name: "avx2", Lanes: 8, Registers: 16, Threads: 4, L1: 32 << 10, L2: 512 << 10},
	{Kind: loop.CPU, Name: "neon", Lanes: 4, Registers: 32, Threads: 8},
	{Kind: loop.GPU, Name: "gpu", Lanes: 1, Threads: 8, Group: 256},
	{Kind: loop.CPU, Name: "threads", Lanes: 1, Threads: 64},
	{Kind: loop.Scalar, Name: "scalar", Lanes: 1, Threads: 1},
}

func compute(t testing.TB, name string) *expr.Compute {
	var kind string
	var m, n, k int
	if got, _ := fmt.Sscanf(name, "matmul_%2s_%dx%dx%d", &kind, &m, &n, &k); got == 4 {
		return targettest.Contraction(m, n, k, kind[0] == 't', kind[1] == 't')
	}
	for _, c := range targettest.Cases() {
		if c.Name == name {
			return c.C
		}
	}
	t.Fatalf("no compute %q", name)
	return nil
}

// TestGolden reads testdata/*.txt: the names of a Compute and a machine, a schedule
// or "default", and the nests that must come of it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 8)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			head, want, _ := strings.Cut(string(raw), "\n\n")
			lines := strings.SplitN(strings.TrimSpace(head), "\n", 3)
			require.Len(t, lines, 3, "compute, machine, schedule")
			c, got := compute(t, lines[0]), ""
			for _, m := range machines {
				if m.Name == lines[1] {
					got = text(c, m, lines[2])
				}
			}
			require.NotEmpty(t, got, "machine %q", lines[1])
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(strings.TrimSpace(head)+"\n\n"+got), 0o644))
				return
			}
			assert.Equal(t, want, got)
		})
	}
}

func text(c *expr.Compute, m loop.Machine, line string) string {
	s, err := schedule.Parse(line)
	head := ""
	if line == "default" {
		s, err = schedule.Default(c, m), nil
		head = s.String() + "\n"
	}
	if err != nil {
		return err.Error() + "\n"
	}
	p, err := schedule.Apply(c, s, m)
	if err != nil {
		return err.Error() + "\n"
	}
	for _, k := range p.Kernels {
		head += fmt.Sprintf("args %v\n%s", k.Args, k.Nest)
	}
	if len(p.Scratch) > 0 {
		head += fmt.Sprintf("scratch %v\n", p.Scratch)
	}
	return head
}

func TestIllegal(t *testing.T) {
	m := machines[0]
	for _, c := range []struct{ schedule, want string }{
		{"split z 4", "no loop z, there are i j k"},
		{"split i 0", "want 1 to"},
		{"unroll i; split i 4", "split first"},
		{"split i 4; reorder i.1 i.0", "stands outside i.0"},
		{"split i 4; reorder i.0 j k i.1", "wants to be unrolled or vectorised"},
		{"vectorize i", "not innermost"},
		{"vectorize k; unroll k", "vector already"},
		{"parallel k", "parallel loop k inside a serial loop"},
		{"reorder k i j; parallel k", "belongs to the reduction"},
		{"parallel j", "inside a serial loop"},
		{"split i 7; parallel i.0 i.1 j; ", "empty"},
		{"split i 7; split j 8; reorder i.0 j.0 i.1 j.1 k; parallel i.0 j.0", "leaves a tail"},
		{"bind i block.x", "no blocks and threads"},
		{"pack 0; pack 0", "packed already"},
		{"pack 7", "no operand 7"},
		{"split i 16; split j 64; reorder i.0 j.0 k i.1 j.1; unroll i.1; vectorize j.1", "registers of 32"},
		{"reorder k i j; unroll i j", "copies"},
		{"reorder i i", "twice"},
		{"fold i", "want one of"},
		{"split i", "want 2"},
		{"split i x", "no number"},
		{"pack", "want 1"},
		{"unroll I", "no loop"},
		{"winograd 2", "no convolution"},
		{"winograd x", "no number"},
		{"winograd 2; split i 4", "decides all loops"},
	} {
		t.Run(c.schedule, func(t *testing.T) {
			assert.Contains(t, text(compute(t, "matmul_nn_100x150x50"), m, c.schedule), c.want)
		})
	}
	g := machines[3]
	for _, c := range []struct{ schedule, want string }{
		{"bind i block.w", "cannot bind"},
		{"bind i block.x; bind j block.x", "has it already"},
		{"bind i thread.x; bind j thread.y", "at most 256"},
		{"parallel i", "no parallel loops"},
		{"bind j block.x", "inside a serial loop"},
	} {
		assert.Contains(t, text(compute(t, "matmul_nn_100x150x50"), g, c.schedule), c.want, c.schedule)
	}
	conv := compute(t, "conv_even")
	assert.Contains(t, text(conv, m, "winograd 3"), "no filter of 3 results and 3 taps")
	assert.Contains(t, text(conv, m, "winograd 2 0"), "want a number, or apart")
	assert.Contains(t, text(conv, m, "winograd 2 16"), "sums")
	assert.Contains(t, text(conv, m, "winograd 2; split i 4"), "decides all loops")
	assert.Contains(t, text(conv, g, "winograd 2"), "threads and vectors")
	assert.Contains(t, text(compute(t, "bias"), m, "pack 0"), "only operands of reductions")
	assert.Contains(t, text(compute(t, "conv_padded"), m, "pack 0"), "under a condition")
}

// TestDefault: every default is legal, within the registers, and says the same
// again; no default of a vector machine leaves a contraction without vectors.
func TestDefault(t *testing.T) {
	var all []*expr.Compute
	for _, c := range targettest.Cases() {
		all = append(all, c.C)
	}
	for _, n := range []int{1, 3, 20, 64, 100, 400, 784, 1024} {
		for _, m := range []int{1, 2, 31, 128, 512} {
			for _, k := range []int{1, 5, 20, 400} {
				all = append(all, targettest.Contraction(m, n, k, k == 5, n == 400))
			}
		}
	}
	for _, m := range machines {
		for _, c := range all {
			s := schedule.Default(c, m)
			_, err := schedule.Apply(c, s, m)
			require.NoError(t, err, "%s", s)
			require.Equal(t, s.String(), schedule.Default(c, m).String())
			if m.Kind == loop.CPU && m.Lanes > 1 && ir.Elems(c.Axes) > 1 {
				require.Contains(t, s.String(), "vectorize", "%s on %s", c.Name, m.Name)
			}
		}
	}
}

func TestCollapse(t *testing.T) {
	for _, c := range []struct {
		name      string
		axes, red []int
	}{
		{"bias", []int{33, 50}, nil},
		{"axpy_17", []int{17}, nil},
		{"transpose_4d", []int{2, 17, 30}, nil},
		{"conv1x1", []int{32, 5}, []int{16}},
		{"conv3x3", []int{2, 4, 3, 20}, []int{3, 9}},
		{"full", []int{}, []int{481}},
		{"empty", []int{3}, nil},
		{"matmul_nn_1x40x33", []int{40}, []int{33}},
		{"matmul_nn_40x20x1", []int{40, 20}, nil},
		{"reshape", []int{60}, nil},
		{"scalar", []int{}, nil},
	} {
		got := schedule.Collapse(compute(t, c.name))
		assert.Equal(t, c.axes, append([]int{}, got.Axes...), c.name)
		assert.Equal(t, c.red, got.Red, c.name)
		require.NoError(t, got.Verify())
		again := schedule.Collapse(got)
		assert.Equal(t, got.Axes, again.Axes, c.name)
	}
}

// TestBig: sizes that the examination is too small for, on a few elements' worth
// of time: the default against the plain nest, in the interpreter.
func TestBig(t *testing.T) {
	d, err := interp.Target{}.Open(target.Options{})
	require.NoError(t, err)
	for _, name := range []string{"matmul_nn_64x512x64", "matmul_tn_130x66x64", "matmul_nt_65x129x40"} {
		c := compute(t, name)
		r := rand.New(rand.NewSource(1))
		in := (&targettest.Case{C: c}).Inputs(r)
		plain, err := schedule.Apply(c, nil, loop.Machine{})
		require.NoError(t, err)
		want, err := targettest.Run(d, c, plain, in)
		require.NoError(t, err)
		for _, m := range machines {
			p, err := schedule.Apply(c, schedule.Default(c, m), m)
			require.NoError(t, err)
			got, err := targettest.Run(d, c, p, in)
			require.NoError(t, err)
			assert.Empty(t, targettest.Differs(c, got, want), "%s on %s", name, m.Name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "split i 8; split j 32; split k 4; reorder j.0 i.0 k.0 k.1 i.1 j.1; unroll k.1 i.1; vectorize j.1",
		"parallel j.0 i.0; pack 1", "bind i.0 block.x; bind i.1 thread.x", "split a9.1.0 -3", "pack x", ";",
	} {
		f.Add(s)
	}
	c := targettest.Contraction(5, 20, 7, false, true)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := schedule.Parse(text)
		if err != nil {
			return
		}
		again, err := schedule.Parse(s.String())
		require.NoError(t, err)
		require.Equal(t, s.String(), again.String())
		for _, m := range machines {
			if p, err := schedule.Apply(c, s, m); err == nil {
				require.NotEmpty(t, p.Kernels)
			}
		}
	})
}

// FuzzRandom: a random schedule of a random shape is legal and right, and so is one some steps away from the default.
func FuzzRandom(f *testing.F) {
	f.Add(int64(1), uint8(0), uint8(0))
	f.Add(int64(7), uint8(40), uint8(1))
	f.Add(int64(3), uint8(90), uint8(3))
	cases := targettest.Cases()
	d, err := interp.Target{}.Open(target.Options{})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, seed int64, which, machine uint8) {
		c, m := cases[int(which)%len(cases)], machines[int(machine)%len(machines)]
		r := rand.New(rand.NewSource(seed))
		near := schedule.Default(c.C, m)
		for range 4 {
			near = schedule.Neighbour(r, c.C, m, near)
		}
		in := c.Inputs(r)
		want, err := c.C.Flat().Run(in)
		require.NoError(t, err)
		for _, s := range []schedule.Schedule{schedule.Random(r, c.C, m), near} {
			p, err := schedule.Apply(c.C, s, m)
			require.NoError(t, err, "%s", s)
			got, err := targettest.Run(d, c.C, p, in)
			require.NoError(t, err, "%s", s)
			require.Empty(t, targettest.Differs(c.C, got, want), "%s", targettest.Describe(c.C, s, m))
		}
	})
}
