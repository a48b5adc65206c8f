package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
)

// Latent is a Net that draws pictures from codes. What it traces must depend on each
// code alone, so that a code decoded beside others gives the picture it gives alone.
type Latent interface {
	// Codes is the number of values in a code. Codes of a standard Gaussian are those
	// that the net was trained to draw from.
	Codes() int
	// Decode gives pictures f32 [n H W C] in [0,1], of the data's size, of codes
	// z f32 [n Codes()].
	Decode(s *nn.Scope, z ir.Value) ir.Value
}

// Encoder is a Latent that can be asked for the codes of pictures.
type Encoder interface {
	Latent
	// Encode gives the Gaussian that stands for each picture x f32 [n H W C] in [0,1]:
	// its mean and the logarithm of its variance, f32 [n Codes()].
	Encode(s *nn.Scope, x ir.Value) (mean, logVar ir.Value)
}
