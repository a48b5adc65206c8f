package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
)

// Loss gives a vae's loss and its terms, for tests.
func Loss(n Net, s *nn.Scope, b train.Batch) (loss, recon, kl ir.Value) { return n.(*vae).loss(s, b) }
