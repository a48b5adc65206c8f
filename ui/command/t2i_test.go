package command

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestT2I: what makes no sense is said in a line before the lab is opened, and without a terminal there is no lab.
func TestT2I(t *testing.T) {
	root := t.TempDir()
	for want, args := range map[string][]string{
		"steps 0":                      {"--steps", "0"},
		"steps 100000":                 {"--steps", "100000"},
		"guidance NaN":                 {"--guidance", "NaN"},
		"want one of euler":            {"--sampler", "eular"},
		"want draw, vary, morph, grid": {"--mode", "dance"},
		"want --mode morph":            {"--to", "a blue circle"},
		"one argument too many":        {"a", "b"},
	} {
		status, _, errs := call(t, root, append([]string{"t2i"}, args...)...)
		assert.Equal(t, StatusUsage, status, want)
		assert.Contains(t, errs, want)
		assert.Equal(t, 1, strings.Count(errs, "\n"), errs)
	}
	status, _, errs := call(t, root, "t2i", "--prompt", "a red circle\x1b[31m", "--mode", "grid", "--seed", "7")
	assert.Equal(t, StatusFailure, status)
	assert.Contains(t, errs, "the lab needs a terminal")
}

func TestT2ISettings(t *testing.T) {
	f := t2iFlags{prompt: "a red circle", steps: 8, guidance: 2.5, sampler: "ddim", seed: 3, mode: "grid", image: "x.png"}
	set, err := f.settings(func(string) bool { return true })
	assert.ErrorContains(t, err, "--to")
	assert.Nil(t, set)
	set, err = f.settings(func(name string) bool { return name == "steps" || name == "guidance" || name == "open" })
	assert.NoError(t, err)
	assert.Len(t, set, 3)
	assert.Equal(t, "2.5", set[1].Value)
	assert.Equal(t, "picture", set[2].Name)
}
