package text

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/samples"
)

// TestBuiltinCaptions: the words that the built-in sources list cover all their captions, in both languages, in
// a number of places that a model can have.
func TestBuiltinCaptions(t *testing.T) {
	for _, name := range []string{"shapes", "scenes", "faces", "digits"} {
		longest := 0
		for _, language := range []string{samples.English, samples.Chinese} {
			src, err := samples.Open(name, samples.Options{Language: language})
			require.NoError(t, err)
			d, ok := samples.Describe(src)
			require.True(t, ok)
			v, err := OfWords(d.Words())
			require.NoError(t, err)
			require.Less(t, v.Len(), 200, name)
			used := map[int32]bool{}
			for i := range 5000 {
				e := v.Encode(d.Caption(samples.Train, i), 64)
				require.Empty(t, e.Unknown, d.Caption(samples.Train, i))
				require.Zero(t, e.Left, d.Caption(samples.Train, i))
				longest = max(longest, len(e.Spans))
				for _, id := range e.IDs {
					used[id] = true
				}
			}
			t.Logf("%s in %s: %d words, %d of them used, captions of up to %d", name, language, v.Len(), len(used), longest)
		}
		assert.LessOrEqual(t, longest, 48, name)
	}
}
