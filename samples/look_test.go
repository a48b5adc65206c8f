package samples

import (
	"flag"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// harm is what pictures go through before they are read.
type harm struct {
	name  string
	noise float64 // deviation of Gaussian noise on every value
	blur  int     // times that the picture is smoothed
}

var harms = []harm{{"clean", 0, 0}, {"noise 0.05", 0.05, 0}, {"noise 0.10", 0.1, 0}, {"blur", 0, 1},
	{"blur and noise 0.05", 0.05, 1}}

func (h harm) apply(pix []float32, side int, r *stream) []float32 {
	out := append([]float32(nil), pix...)
	for range h.blur {
		out = smooth(out, side)
	}
	for i := range out {
		a, _ := r.pair()
		out[i] += float32(h.noise * a)
	}
	return out
}

// readable is a source that can read its own pictures.
type readableSource interface {
	Source
	Describer
	Matcher
}

// accuracy reads count test pictures after each harm, and gives the share of right verdicts by attribute.
func accuracy(t *testing.T, src readableSource, h harm, count int, with func(Truth) bool) map[string]float64 {
	t.Helper()
	side := src.Info().H
	buf := make([]float32, src.Info().Values())
	right, all := map[string]float64{}, map[string]float64{}
	r := stream{7}
	for i, done := 0, 0; done < count; i++ {
		truth := src.Truth(Test, i)
		if !with(truth) {
			continue
		}
		done++
		_, err := src.Example(Test, i, buf)
		require.NoError(t, err)
		vs := src.Judge(truth, h.apply(buf, side, &r), side)
		require.Len(t, vs, len(truth))
		whole := true
		for _, v := range vs {
			all[v.Base()]++
			if v.Right {
				right[v.Base()]++
			} else if h.noise == 0 && h.blur == 0 {
				t.Logf("%d px, example %d: %s read as %s (%s)", side, i, v.Name+" "+v.Want, v.Got, truth)
			}
			whole = whole && v.Right
		}
		all["all"]++
		if whole {
			right["all"]++
		}
	}
	for name := range all {
		right[name] /= all[name]
	}
	return right
}

func report(right map[string]float64, names ...string) string {
	s := ""
	for _, n := range names {
		s += fmt.Sprintf("  %s %.1f", n, 100*right[n])
	}
	return s
}

// long widens the sweeps: the tables in the tests' comments are of -long -v.
var long = flag.Bool("long", false, "read many pictures")

// TestReadScenes holds the matcher to what evaluation needs of it: share of 400 pictures (-long) of one to three
// objects that are read right in all, and the share of right attributes.
func TestReadScenes(t *testing.T) {
	count, sides, list := 12, []int{32, 64}, []harm{harms[0], harms[4]}
	if *long {
		count, list = 400, harms
	}
	for _, name := range []string{"shapes", "scenes"} {
		for _, side := range sides {
			for _, h := range list {
				src := described(t, name, Options{Size: side}).(readableSource)
				right := accuracy(t, src, h, count, func(Truth) bool { return true })
				t.Logf("%s %d px, %-20s%s", name, side, h.name, report(right, "shape", "colour", "size", "position",
					"relation", "objects", "background", "all"))
				least := 0.99
				if h.noise+float64(h.blur) > 0 {
					least = 0.9
				}
				for attribute, share := range right {
					assert.GreaterOrEqual(t, share, least, "%s of %s, %d px, %s", attribute, name, side, h.name)
				}
			}
		}
	}
}

// TestReadFaces is the same for faces.
func TestReadFaces(t *testing.T) {
	count, sides, list := 12, []int{32, 64}, []harm{harms[0], harms[4]}
	if *long {
		count, list = 200, harms
	}
	names := []string{"all"}
	for _, a := range features {
		names = append(names, a.name)
	}
	for _, side := range sides {
		for _, h := range list {
			right := accuracy(t, openFaces(t, Options{Size: side}), h, count, func(Truth) bool { return true })
			t.Logf("faces %d px, %-20s%s", side, h.name, report(right, names...))
		}
	}
}
