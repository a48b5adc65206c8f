package cstyle

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

func TestGoldens(t *testing.T) {
	require.GreaterOrEqual(t, len(nests), 9)
	for _, name := range slices.Sorted(maps.Keys(nests)) {
		t.Run(name, func(t *testing.T) {
			n := nests[name]()
			s, err := Render(n, OpenCL)
			require.NoError(t, err)
			again, err := Render(nests[name](), OpenCL)
			require.NoError(t, err)
			require.Equal(t, s, again, "same nest, same text")
			got := fmt.Sprintf("-- nest --\n%s-- grid --\n%s: %v groups of %v\n-- opencl --\n%s",
				n, s.Entry, s.Groups, s.Threads, s.Text())
			file := filepath.Join("testdata", name+".txtar")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), got, "go test ./compile/internal/cstyle -update rewrites it")
		})
	}
}

// TestProgram joins kernels of one name and with one helper.
func TestProgram(t *testing.T) {
	var sources []*Source
	for _, n := range []*loop.Nest{casts(), casts(), integers()} {
		s, err := Render(n, OpenCL)
		require.NoError(t, err)
		sources = append(sources, s)
	}
	text, entries := Program(sources)
	assert.Equal(t, []string{"k_casts", "k_casts_2", "k_philox"}, entries)
	assert.Equal(t, 1, strings.Count(text, "int to_int("))
	assert.Less(t, strings.Index(text, "int floor_div("), strings.Index(text, "int floor_mod("))
	assert.Contains(t, text, "#define k_casts k_casts_2\n__kernel")
	assert.Contains(t, text, "}\n#undef k_casts\n")
}

func TestRefusals(t *testing.T) {
	i := expr.At(0)
	x := f32(0, i)
	cases := []struct {
		name string
		body []loop.Stmt
		want string
	}{
		{"broken", []loop.Stmt{store(1, i, x)}, "read outside its loop"},
		{"index", []loop.Stmt{each(0, 4, loop.Serial, store(1, x, x))}, "index x[i] is f32"},
		{"type", []loop.Stmt{each(0, 4, loop.Serial, store(1, i, i))}, "store of i32 in f32"},
		{"shift", []loop.Stmt{each(0, 4, loop.Serial, store(2, i, expr.Bin(expr.Shl, expr.Int(1), i)))},
			"want a constant"},
		{"floats", []loop.Stmt{each(0, 4, loop.Serial, store(1, i, expr.Bin(expr.Mod, x, x)))}, "mod of float32"},
		{"unary", []loop.Stmt{each(0, 4, loop.Serial, store(2, i, expr.Un(expr.Abs, i)))}, "abs of i32"},
		{"dim", []loop.Stmt{&loop.For{N: 4, Kind: loop.Block, Dim: 3}}, "dimension 3"},
		{"twice", []loop.Stmt{each(0, 4, loop.Block, each(1, 4, loop.Block, store(1, i, x)))},
			"second block loop of dimension 0"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			n := &loop.Nest{Name: "bad", Vars: []string{"i", "j"}, Body: c.body,
				Bufs: []loop.Buf{in("x", ir.F32, 4), out("y", ir.F32, 4), out("n", ir.I32, 4)}}
			_, err := Render(n, OpenCL)
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "OpenCL C: kernel bad")
		})
	}
}

// TestDialectNamesEveryFunction keeps a dialect from missing a kind that expr gains.
func TestDialectNamesEveryFunction(t *testing.T) {
	for op := expr.Neg + 1; op.Unary(); op++ {
		assert.NotEmpty(t, OpenCL.Unary[op], op)
	}
}
