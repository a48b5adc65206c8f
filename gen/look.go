package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
)

// Looker is a net whose layers can be looked at while it learns.
type Looker interface {
	Net
	// Look applies the net to pictures x, f32 [n H W C] in [0,1], and taps its layers in
	// the scope. It gives the chances of what the net tells apart, f32 [n K].
	Look(s *nn.Scope, x ir.Value) ir.Value
	// Answers names the K things that the chances are of; nil: the data's labels.
	Answers() []string
}

// Featured is a net that gives features of pictures, by which sets of pictures can
// be compared.
type Featured interface {
	Net
	// Features maps pictures x, f32 [n H W C] in [0,1], to features f32 [n F] and logits f32 [n K].
	Features(s *nn.Scope, x ir.Value) (features, logits ir.Value)
}
