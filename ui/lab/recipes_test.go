package lab

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRecipesFit checks that every recipe is a training that this program can begin.
func TestRecipesFit(t *testing.T) {
	for _, r := range Recipes("") {
		o, err := Follow(r.Model, r.Name, nil)
		require.NoError(t, err, r.Name)
		p, err := o.plan()
		require.NoError(t, err, r.Name)
		src, err := openData(p)
		require.NoError(t, err, r.Name)
		require.NoError(t, p.learn(src), r.Name)
		_, err = p.model.Build(p.settings, p.dataInfo(src.Info()))
		require.NoError(t, err, r.Name)
	}
}

func TestFollowTakesWhatIsGiven(t *testing.T) {
	o, err := Follow("t2i", "shapes", map[string]string{"width": "16"})
	require.NoError(t, err)
	assert.Equal(t, "16", o.Settings["width"])
	assert.Positive(t, o.Steps)
	_, err = Follow("t2i", "cakes", nil)
	assert.ErrorContains(t, err, "want one of")
	_, err = Follow("vae", "shapes", nil)
	assert.ErrorContains(t, err, "it has none")
}
