package compile

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestPassOrder checks the table of passes against its constraints.
func TestPassOrder(t *testing.T) {
	at := map[string]int{}
	for i, p := range passes {
		at[p.name] = i + 1
	}
	assert.Len(t, at, len(passes), "two passes share a name")
	for _, c := range order {
		assert.NotZero(t, at[c.a], "constraint names %q, which is no pass", c.a)
		assert.NotZero(t, at[c.b], "constraint names %q, which is no pass", c.b)
		assert.Less(t, at[c.a], at[c.b], "%s before %s: %s", c.a, c.b, c.because)
	}
}
