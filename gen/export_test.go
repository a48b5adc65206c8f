package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
)

// Loss gives a vae's loss and its terms, for tests.
func Loss(n Net, s *nn.Scope, b train.Batch) (loss, recon, kl ir.Value) {
	v := n.(*vae)
	return v.loss(s, b, s.B.Const(ir.F32, v.beta))
}
