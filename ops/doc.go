// Package ops holds the operators: what each computes, and nothing of how or
// where. One operator has one file with its type (a comparable struct whose
// fields are its attributes), the rule for its result's type (Infer), its meaning
// for the compiler (Lower, or Expand into other operators), its gradient as more
// graph (VJP), a naive float64 reference that shares nothing with these (Ref), the
// inputs that it is tested with (Samples), and the function that users call.
//
// The package knows no schedule, target or model. Begin with Add in add.go, then
// MatMul; Entry and All list everything.
//
// Letters of shapes: N batch, C and K channels in and out, H W height and width,
// P Q height and width after a convolution, R S height and width of its kernel,
// G groups, T time, D features. Activations are [N H W C], convolution weights [R S C/G K].
//
// Gradients: operands that are not F32 get ir.None, as do those on which the
// result does not depend smoothly. Where two values tie for a maximum the gradient
// is one of the subgradients; each operator says which.
package ops
