package screen

import (
	"slices"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// play runs commands and their messages to the end, as the root model would, and collects what is said.
func play(cmd tea.Cmd, update func(tea.Msg) tea.Cmd, notices *[]string) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			play(c, update, notices)
		}
	case Notice:
		*notices = append(*notices, msg.Text)
	default:
		play(update(msg), update, notices)
	}
}

// takenOnce checks that every key of a table does something, says what, and is neither there twice nor the root's.
func takenOnce(t *testing.T, keys []Key, where string) {
	t.Helper()
	root := []string{"q", "?", "tab", "shift+tab", "ctrl+c", "f1", "L", "1", "3"}
	seen := map[string]bool{}
	for _, k := range keys {
		require.NotNil(t, k.Do, k.Keys)
		require.NotEmpty(t, k.Long)
		for _, p := range k.Press {
			assert.False(t, seen[p] || slices.Contains(root, p), "%s: %q twice", where, p)
			seen[p] = true
		}
	}
}
