package ui_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arrows lists what each package may import of ours. A name that ends in /...
// stands for a folder and all below it. A package without a line fails the test:
// its place is decided before it is written.
var arrows = map[string][]string{
	"profiler/trace":       {},
	"samples":              {},
	"compile/ir":           {},
	"ui/theme":             {},
	"ui/picture":           {"ui/theme"},
	"ui/widget":            {"ui/theme"},
	"ui/lesson":            {"ui/theme"},
	"compile/expr":         {"compile/ir"},
	"compile/loop":         {"compile/ir", "compile/expr"},
	"compile/schedule":     {"compile/ir", "compile/expr", "compile/loop"},
	"compile/target":       {"compile/ir", "compile/loop"},
	"compile/internal/...": {"compile/ir", "compile/expr", "compile/loop", "compile/schedule", "compile/internal/...", "profiler/trace"},
	"compile": {"compile/ir", "compile/expr", "compile/loop", "compile/schedule", "compile/target",
		"compile/internal/...", "profiler/trace"},
	"compile/target/targettest": {"compile/ir", "compile/expr", "compile/loop", "compile/schedule", "compile/target",
		"compile/target/interp"},
	"compile/target/all": {"compile/target/..."},
	"compile/target/...": {"compile/target", "compile/ir", "compile/expr", "compile/loop", "compile/internal/...",
		"profiler/trace"},
	"ops":                {"compile/ir", "compile/expr"},
	"engine/safetensors": {},
	"engine/run":         {"engine/safetensors"},
	"engine/...": {"engine/...", "ops", "compile", "compile/ir", "compile/target", "compile/tune", "profiler/trace",
		"samples"},
	"engine":     {"ops", "compile", "compile/ir", "compile/target", "profiler/trace", "samples"},
	"gen/...":    {"gen/...", "engine/...", "engine", "ops", "compile/ir", "samples", "profiler/trace"},
	"gen/text":   {},
	"gen":        {"engine/...", "engine", "ops", "compile/ir", "samples", "profiler/trace"},
	"profiler":   {"profiler/trace"},
	"ui/lab":     {"gen/...", "gen", "engine/...", "engine", "ops", "compile", "compile/ir", "compile/loop", "compile/target", "profiler", "profiler/trace", "samples"},
	"ui/screen":  {"ui/lab", "ui/widget", "ui/picture", "ui/theme", "gen", "engine", "ops", "compile", "compile/ir", "compile/loop", "profiler"},
	"ui/command": {"ui", "ui/lab", "ui/widget", "ui/picture", "ui/theme", "ui/screen", "gen", "engine", "ops", "compile", "compile/ir", "compile/loop", "profiler"},
	"ui":         {"ui/lab", "ui/lesson", "ui/screen", "ui/widget", "ui/picture", "ui/theme"},
	"":           {"ui", "ui/lab", "ui/command", "compile/target/all", "profiler", "samples", "gen/..."},
}

// mustHave are packages whose absence means that the walk found the wrong tree.
var mustHave = []string{"compile", "compile/ir", "compile/loop", "compile/target/cpu", "compile/target/interp",
	"compile/target/opencl", "ops", "engine", "gen", "samples", "ui/lab", "ui/screen"}

// TestArrows reads the imports of every package in the tree and compares them
// with the arrows. Tests may import more: they put layers together on purpose.
func TestArrows(t *testing.T) {
	got := imports(t, "..")
	for _, p := range mustHave {
		assert.Contains(t, got, p, "the walk must reach %s", p)
	}
	for _, pkg := range sorted(got) {
		allowed, ok := rule(pkg)
		if !assert.True(t, ok, "package %q has no line in arrows: decide its place first", pkg) {
			continue
		}
		for _, imp := range got[pkg] {
			assert.True(t, permits(allowed, imp), "%q imports %q, which its arrows do not allow", pkg, imp)
		}
	}
}

// TestTopLevel checks that the top level of the tree stays as designed.
func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir("..")
	require.NoError(t, err)
	want := []string{"ARCHITECTURE.md", "README.md", "compile", "docs", "engine", "gen", "go.mod", "go.sum", "main.go", "ops",
		"profiler", "samples", "ui"}
	var got []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && e.Name() != "mllab" && e.Name() != "runs" {
			got = append(got, e.Name())
		}
	}
	assert.Equal(t, want, got)
}

func rule(pkg string) ([]string, bool) {
	if a, ok := arrows[pkg]; ok {
		return a, true
	}
	best, found := "", false
	for r := range arrows {
		if dir, ok := strings.CutSuffix(r, "/..."); ok && strings.HasPrefix(pkg, dir+"/") && len(r) > len(best) {
			best, found = r, true
		}
	}
	return arrows[best], found
}

func permits(allowed []string, imp string) bool {
	for _, a := range allowed {
		if dir, ok := strings.CutSuffix(a, "/..."); a == imp || ok && (imp == dir || strings.HasPrefix(imp, dir+"/")) {
			return true
		}
	}
	return false
}

// imports maps each package below root to the packages of ours that its
// non-test files import.
func imports(t *testing.T, root string) map[string][]string {
	t.Helper()
	got := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := strings.TrimPrefix(filepath.ToSlash(rel), ".")
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, p := range got[pkg] {
			seen[p] = true
		}
		if got[pkg] == nil {
			got[pkg] = []string{}
		}
		for _, s := range f.Imports {
			imp, _ := strconv.Unquote(s.Path.Value)
			if imp == "mllab" || !strings.HasPrefix(imp, "mllab/") {
				continue
			}
			if imp = strings.TrimPrefix(imp, "mllab/"); !seen[imp] {
				seen[imp] = true
				got[pkg] = append(got[pkg], imp)
			}
		}
		return nil
	})
	require.NoError(t, err)
	return got
}

func sorted(m map[string][]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
