package screen

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"mllab/ui/widget"
)

type net struct{ lab *Lab }

type netDrawn struct{}
type netStrongest struct{}

func newNet(l *Lab) *net                 { return &net{lab: l} }
func (n *net) shown(bool)                {}
func (n *net) resize(w, h int)           {}
func (n *net) draw() tea.Cmd             { return nil }
func (n *net) tick(time.Time) tea.Cmd    { return nil }
func (n *net) update(tea.Msg) tea.Cmd    { return nil }
func (n *net) busy() bool                { return false }
func (n *net) keys() []Key               { return nil }
func (n *net) view(w, h int) string      { return widget.Block("", w, h) }
func (n *net) mouse(Mouse) tea.Cmd       { return nil }
func (n *net) facts(f map[string]string) {}
