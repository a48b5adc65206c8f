package amd64

import "mllab/compile/internal/x86"

// PeakFLOPs is the number of float32 operations of one iteration of the code that Peak gives.
func (s ISA) PeakFLOPs() int { return peakChains * 2 * 2 * s.Lanes() }

const peakChains = 12

// Peak is a loop of independent fused multiply-adds, for the measurement of a core's peak rate. It runs
// frame.Hi iterations and touches no memory.
func Peak(isa ISA) (*Code, error) {
	a := &x86.Asm{}
	for r := range x86.Vec(peakChains + 2) {
		a.Do(x86.Ins{Op: x86.Vpxor, W: isa.width, D: r, S: r, R: r})
	}
	a.MovRM(x86.RAX, x86.At(frameReg, frameHi))
	top := a.NewLabel()
	a.Align(32)
	a.Bind(top)
	for range 2 {
		for r := range x86.Vec(peakChains) {
			a.Do(x86.Ins{Op: x86.Vfmadd231ps, W: isa.width, D: r, S: peakChains, R: peakChains + 1})
		}
	}
	a.Dec(x86.RAX)
	a.Jump(x86.NotEqual, top)
	a.Vzeroupper()
	a.Ret()
	code, err := a.Bytes()
	return &Code{Bytes: code, Frame: Frame{Lo: frameLo, Hi: frameHi, Params: frameParams, Size: 64}}, err
}
