package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/ops"
)

// Labels of the inputs that a view of several rounds has.
const (
	roundIn   = "round"  // i32: the number of the run, from 0 on
	carryKind = "carry." // what one run hands on to the next
)

// round is the number of the run, f32 [1].
func round(s *nn.Scope) ir.Value {
	return ops.Reshape(s.B, ops.Cast(s.B, s.Input(roundIn, ir.Of(ir.I32)), ir.F32), 1)
}

// carry hands a value on from round to round: next makes the value after a round of
// the value before, which is first in round 0. It gives the value after.
func carry(s *nn.Scope, name string, first ir.Value, next func(x ir.Value) ir.Value) ir.Value {
	b := s.B
	t := b.Type(first)
	if b.Err() != nil {
		return ir.None
	}
	held := s.Input(carryKind+name, t)
	begin := ops.Equal(b, s.Input(roundIn, ir.Of(ir.I32)), b.Const(ir.I32, 0))
	x := next(ops.Select(b, begin, first, held))
	b.Update("new."+carryKind+name, held, x)
	return x
}
