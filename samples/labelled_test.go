package samples

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Classes agree with the truth about the pictures, and all of them come up.
func TestLabelled(t *testing.T) {
	for name, want := range map[string]int{"faces": 20, "scenes": 34, "shapes": 4, "digits": 10} {
		src, err := Open(name, Options{Size: 48})
		require.NoError(t, err)
		l, ok := Labelled(src)
		require.True(t, ok, name)
		labels := l.Info().Labels
		require.Len(t, labels, want, name)
		truth, _ := Describe(src)
		seen := map[int]bool{}
		x := make([]float32, src.Info().Values())
		for i := range 300 {
			k, err := l.Example(Test, i, x)
			require.NoError(t, err)
			require.True(t, k >= 0 && k < want, name)
			seen[k] = true
			is := truth.Truth(Test, i)
			switch name {
			case "faces":
				assert.Equal(t, is.Value("hair")+" "+is.Value("expression"), labels[k])
			case "scenes":
				assert.Equal(t, is.Value("objects"), []string{"1", "2", "3"}[strings.Count(labels[k], "+")])
				assert.Contains(t, labels[k], is.Value("shape"))
			case "shapes":
				assert.Equal(t, is.Value("shape"), labels[k])
			}
		}
		assert.GreaterOrEqual(t, len(seen), want*3/5, name)
		_, err = l.Example(Test, -1, x)
		assert.Error(t, err)
	}
	_, ok := Labelled(unlabelled{})
	assert.False(t, ok, "nothing is known of these pictures")
}

// unlabelled is a source of which nothing is known.
type unlabelled struct{ Source }

func (unlabelled) Info() Info { return Info{Name: "pictures", H: 8, W: 8, C: 1, Train: 3} }
