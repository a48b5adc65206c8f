//go:build !(linux && amd64)

package cpu

// encoders lists the instruction sets that this processor can run: none here, the evaluator runs everything.
func encoders() []encoder { return nil }
