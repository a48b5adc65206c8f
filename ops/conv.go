package ops

import (
	"fmt"

	"mllab/compile/expr"
	"mllab/compile/ir"
)

// Conv are the attributes of a two-dimensional convolution, the same for height
// and width; Stride, Dilation and Groups are 1 where they are 0.
type Conv struct {
	Stride   int // distance of two outputs in the input (of two inputs in the output, transposed)
	Pad      int // zeros around the input (taken off the output, transposed)
	Dilation int // distance of two taps of the kernel
	Groups   int // groups of channels that do not mix
	OutPad   int // transposed only: rows and columns more at the end, fewer than Stride
}

func (c Conv) check(name string) error {
	if c.Stride < 0 || c.Pad < 0 || c.Dilation < 0 || c.Groups < 0 || c.OutPad < 0 {
		return fmt.Errorf("%s: %+v: want no attribute below 0", name, c)
	}
	return nil
}

// Conv2D gives the convolution (cross-correlation) of x [N H W C] with weights w
// [R S C/G K]: [N P Q K], F32.
func Conv2D(b *ir.Builder, x, w ir.Value, c Conv) ir.Value {
	if err := c.check("conv2d"); err != nil {
		return b.Fail(err)
	}
	o := conv2d{max(c.Stride, 1), max(c.Dilation, 1), max(c.Groups, 1), false}
	if c.Pad > 0 {
		return b.Apply(convPad2d{o.Stride, o.Dilation, o.Groups, o.TransW, c.Pad}, x, w)
	}
	return b.Apply(o, x, w)
}

// ConvTranspose2D gives the transposed convolution of x [N P Q C] with weights w
// [R S C/G K]: [N H W K], F32, with H = (P-1)*Stride + (R-1)*Dilation + 1 - 2*Pad + OutPad.
func ConvTranspose2D(b *ir.Builder, x, w ir.Value, c Conv) ir.Value {
	const name = "conv_transpose2d"
	err := c.check(name)
	stride, dilation := max(c.Stride, 1), max(c.Dilation, 1)
	if err == nil && c.OutPad >= stride && c.OutPad > 0 {
		err = fmt.Errorf("%s: output padding %d: want less than the stride %d", name, c.OutPad, stride)
	}
	if err != nil {
		return b.Fail(err)
	}
	tx, tw := b.Type(x), b.Type(w)
	o := convTranspose2d{Stride: stride, Dilation: dilation, Groups: max(c.Groups, 1), Crop: c.Pad}
	if tx.Rank() != 4 || tw.Rank() != 4 {
		return b.Apply(o, x, w) // fails, and says why
	}
	extent := func(d int) int {
		return (tx.Shape[d+1]-1)*stride + (tw.Shape[d]-1)*dilation + 1 - 2*c.Pad + c.OutPad
	}
	o.H, o.W = extent(0), extent(1)
	if o.H < 1 || o.W < 1 {
		return b.Fail(fmt.Errorf("%s: x=%s w=%s padded by %d: nothing is left, want less padding",
			name, tx, tw, c.Pad))
	}
	return b.Apply(o, x, w)
}

// window is the number of positions of a kernel of r taps in n elements; 0 or
// less where it does not fit.
func window(n, r, stride, dilation int) int {
	span := (r-1)*dilation + 1
	if n < span {
		return 0
	}
	return (n-span)/stride + 1
}

// weights are how a convolution from some channels to others reads its weights:
// [R S in/G out], or [R S out/G in] where trans.
type weights struct {
	trans  bool
	groups int
}

// channels gives what the weights connect, or false where groups do not divide it.
func (w weights) channels(t ir.Type) (in, out int, ok bool) {
	in, out = t.Shape[2]*w.groups, t.Shape[3]
	if w.trans {
		in, out = out, in
	}
	return in, out, in%w.groups == 0 && out%w.groups == 0
}

// group is the group of output channel o of n.
func (w weights) group(o *expr.Expr, n int) *expr.Expr {
	if w.groups == 1 {
		return expr.Int(0)
	}
	return expr.Bin(expr.Div, o, expr.Int(n/w.groups))
}

// load reads operand 1 at taps r and s, between input channel i of a group and
// output channel o; the convolution has these numbers of channels.
func (w weights) load(r, s, i, o *expr.Expr, ins, outs int) *expr.Expr {
	if !w.trans {
		return expr.Get(1, ir.F32, r, s, i, o)
	}
	global := expr.Plus(expr.Times(w.group(o, outs), expr.Int(ins/w.groups)), i)
	if w.groups > 1 {
		o = expr.Bin(expr.Mod, o, expr.Int(outs/w.groups))
	}
	return expr.Get(1, ir.F32, r, s, o, global)
}

// input reads operand 0 [N H W C] at input channel i of the group of output channel o.
func (w weights) input(n, h, wide, i, o *expr.Expr, ins, outs int) *expr.Expr {
	c := expr.Plus(expr.Times(w.group(o, outs), expr.Int(ins/w.groups)), i)
	return expr.Get(0, ir.F32, n, h, wide, c)
}

// ref reads weights for references: the weight between channels, 0 across groups.
func (w weights) ref(a Array, r, s, i, o, ins, outs int) float64 {
	ig, og := ins/w.groups, outs/w.groups
	if i/ig != o/og {
		return 0
	}
	if w.trans {
		return a.At(r, s, o%og, i)
	}
	return a.At(r, s, i%ig, o)
}

// inferConv refuses operands and attributes of no convolution, and gives the
// channels that its weights connect.
func inferConv(o ir.Op, in []ir.Type, w weights, stride, dilation int) (ins, outs int, err error) {
	if err := operands(o, in, 2); err != nil {
		return 0, 0, err
	}
	const want = "x [N H W C] and w [R S C/G K] of one C"
	if in[0].Rank() != 4 || in[1].Rank() != 4 || in[0].DType != ir.F32 || in[1].DType != ir.F32 {
		return 0, 0, misfit(o, in, want, "x", "w")
	}
	if err := inferAttributes(o, w.groups, stride, dilation); err != nil {
		return 0, 0, err
	}
	ins, outs, ok := w.channels(in[1])
	if !ok || ins != in[0].Shape[3] {
		if w.groups > 1 {
			return 0, 0, misfit(o, in, fmt.Sprintf("%s, with G=%d dividing C and K", want, w.groups), "x", "w")
		}
		return 0, 0, misfit(o, in, want, "x", "w")
	}
	return ins, outs, nil
}

func inferAttributes(o ir.Op, groups, stride, dilation int) error {
	if groups < 1 || stride < 1 || dilation < 1 {
		return fmt.Errorf("%s: %d groups, stride %d, dilation %d: want 1 or more",
			o.Name(), groups, stride, dilation)
	}
	return nil
}

// surround puts n zeros before and after the rows and columns of x [N H W C].
func surround(b *ir.Builder, x ir.Value, n int) ir.Value {
	around := []int{0, n, n, 0}
	return Pad(b, x, around, around, 0)
}
