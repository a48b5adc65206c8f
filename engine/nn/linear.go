package nn

import (
	"mllab/compile/ir"
	"mllab/ops"
)

// Linear is x·w + b. It begins as torch.nn.Linear does.
type Linear struct{ W, B *Param }

// NewLinear declares name.weight [in out] and name.bias [out].
func NewLinear(ps *Params, name string, in, out int) Linear {
	ps = ps.Sub(name)
	return Linear{W: ps.Add("weight", FanIn(in), in, out), B: ps.Add("bias", FanIn(in), out)}
}

// NewLinearNoBias declares name.weight [in out] alone.
func NewLinearNoBias(ps *Params, name string, in, out int) Linear {
	return Linear{W: ps.Sub(name).Add("weight", FanIn(in), in, out)}
}

// Apply maps x [N in] to [N out].
func (l Linear) Apply(s *Scope, x ir.Value) ir.Value {
	s.Through(Layer{Kind: LinearKind, Kernel: l.W})
	return plus(s, ops.MatMul(s.B, x, s.Param(l.W)), l.B)
}
