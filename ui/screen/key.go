package screen

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/widget"
)

// Key is a line of a key table: what is pressed, what it does, and how help says so.
type Key struct {
	Press          []string // as tea.KeyPressMsg.String writes them: "space", "+", "ctrl+c"
	widget.Binding          // without Help it stands in the list of all keys alone
	// Do is called with the key that was pressed; nil where the root or a dialog only needs the text.
	Do func(key string) tea.Cmd
	// Hidden says that the key does nothing at present and is not shown below; it stays in help.
	Hidden func() bool
}

// Find returns the key of the table that is pressed.
func Find(keys []Key, press string) (Key, bool) {
	for _, k := range keys {
		if slices.Contains(k.Press, press) && (k.Hidden == nil || !k.Hidden()) {
			return k, true
		}
	}
	return Key{}, false
}

// Bindings are the texts of the keys that do something at present and have a short help, or with all
// of every key.
func Bindings(keys []Key, all bool) []widget.Binding {
	var list []widget.Binding
	for _, k := range keys {
		if all || k.Help != "" && (k.Hidden == nil || !k.Hidden()) {
			list = append(list, k.Binding)
		}
	}
	return list
}
