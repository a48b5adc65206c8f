package expr

import (
	"fmt"
	"strings"

	"mllab/compile/ir"
)

// Comb is how a reduction combines values.
type Comb uint8

// The combiners. Max and Min start from -inf and +inf (of int32 for integers).
const (
	Sum Comb = iota
	Prod
	MaxOf
	MinOf
)

// String names the combiner.
func (c Comb) String() string { return [...]string{"sum", "prod", "max", "min"}[c] }

// Op is the binary kind that combines two values.
func (c Comb) Op() Op { return [...]Op{Add, Mul, Max, Min}[c] }

// Start is the value to begin from.
func (c Comb) Start(d ir.DType) *Expr {
	switch {
	case c == Sum:
		return Number(d, 0)
	case c == Prod:
		return Number(d, 1)
	case d == ir.F32 && c == MaxOf:
		return Float(negInf)
	case d == ir.F32:
		return Float(posInf)
	case c == MaxOf:
		return Int(-1 << 31)
	}
	return Int(1<<31 - 1)
}

// Compute is an algorithm: for every coordinate of Axes,
//
//	acc     = combine over Red of Body        (only when Red is not empty)
//	acc k+1 = combine over Red of More[k]     (in the same pass)
//	outs[i] = Outs[i]                         (which may read them)
//
// Axes 0..len(Axes)-1 are the coordinates; axes that follow are the reduction's.
// Every output is dense and row-major over Axes. Operands are dense and
// row-major over their own shapes. Body reads all axes, Outs only the first ones.
type Compute struct {
	Name string
	In   []ir.Type  // operands, in the order of Load numbers
	Out  []ir.DType // element types of the outputs
	Axes []int
	Red  []int
	Comb Comb
	Body *Expr
	More []Reduction // further reductions over Red
	Outs []*Expr
}

// Reduction is what is combined over the axes of a reduction, and how.
type Reduction struct {
	Comb Comb
	Body *Expr
}

// Reductions lists all of them, in the order of their Acc numbers.
func (c *Compute) Reductions() []Reduction {
	if c.Body == nil {
		return nil
	}
	return append([]Reduction{{c.Comb, c.Body}}, c.More...)
}

// Map makes a Compute with one elementwise output.
func Map(in []ir.Type, out ir.Type, value *Expr) *Compute {
	return &Compute{In: in, Out: []ir.DType{out.DType}, Axes: out.Shape, Outs: []*Expr{value}}
}

// Reduce makes a Compute with one output that is the reduction of body.
func Reduce(in []ir.Type, out ir.Type, red []int, comb Comb, body *Expr) *Compute {
	return &Compute{
		In: in, Out: []ir.DType{out.DType}, Axes: out.Shape, Red: red, Comb: comb, Body: body,
		Outs: []*Expr{Reduced(body.Type)},
	}
}

// Extent of an axis, the reduction's included.
func (c *Compute) Extent(axis int) int {
	if axis < len(c.Axes) {
		return c.Axes[axis]
	}
	return c.Red[axis-len(c.Axes)]
}

// OutType is the type of output i.
func (c *Compute) OutType(i int) ir.Type { return ir.Type{DType: c.Out[i], Shape: c.Axes} }

// Key is a text that Computes of the same algorithm have in common, whatever their
// names: what a schedule found for one of them is kept under.
func (c *Compute) Key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v over %v of", c.Axes, c.Red)
	for _, t := range c.In {
		fmt.Fprintf(&b, " %s %s", t.DType, ir.ShapeString(t.Shape))
	}
	for _, r := range c.Reductions() {
		fmt.Fprintf(&b, "; %s %s", r.Comb, r.Body)
	}
	for i, o := range c.Outs {
		fmt.Fprintf(&b, "; %s %s", c.Out[i], o)
	}
	return b.String()
}

// Roots lists the bodies of the reductions (when there are any) and Outs.
func (c *Compute) Roots() []*Expr {
	var r []*Expr
	for _, d := range c.Reductions() {
		r = append(r, d.Body)
	}
	return append(r, c.Outs...)
}

// Verify checks what schedules and targets rely on: axes and operands in range,
// types that fit, Acc only in Outs of a reduction, one index a dimension in
// every Load, or one flat index.
func (c *Compute) Verify() error {
	if len(c.Red) > 0 != (c.Body != nil) || c.Body == nil && len(c.More) > 0 {
		return fmt.Errorf("%s: a reduction wants both axes and a body", c.Name)
	}
	if len(c.Outs) != len(c.Out) || len(c.Outs) == 0 {
		return fmt.Errorf("%s: %d outputs, %d types", c.Name, len(c.Outs), len(c.Out))
	}
	for _, d := range c.Reductions() {
		if err := c.verify(d.Body, len(c.Axes)+len(c.Red), false); err != nil {
			return err
		}
	}
	for i, o := range c.Outs {
		if o.Type != c.Out[i] {
			return fmt.Errorf("%s: output %d is %s, want %s", c.Name, i, o.Type, c.Out[i])
		}
		if err := c.verify(o, len(c.Axes), c.Body != nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *Compute) verify(e *Expr, axes int, acc bool) error {
	var err error
	Walk(e, func(x *Expr) {
		if err != nil {
			return
		}
		switch {
		case x.Op == Axis && (x.I < 0 || x.I >= int64(axes)):
			err = fmt.Errorf("%s: axis %d out of %d", c.Name, x.I, axes)
		case x.Op == Local, x.Op == Acc && !acc:
			err = fmt.Errorf("%s: %s where there is none", c.Name, x.Op)
		case x.Op == Acc:
			err = c.verifyAcc(x)
		case x.Op == Load:
			err = c.verifyLoad(x)
		case x.Op.Unary() && x.Args[0].Type != x.Type:
			err = fmt.Errorf("%s: %s of %s gives %s", c.Name, x.Op, x.Args[0].Type, x.Type)
		case x.Op.Binary() && x.Args[0].Type != x.Args[1].Type:
			err = fmt.Errorf("%s: %s of %s and %s", c.Name, x.Op, x.Args[0].Type, x.Args[1].Type)
		case x.Op == Select && (x.Args[0].Type != ir.Bool || x.Args[1].Type != x.Type || x.Args[2].Type != x.Type):
			err = fmt.Errorf("%s: select of %s, %s, %s", c.Name, x.Args[0].Type, x.Args[1].Type, x.Args[2].Type)
		}
	})
	return err
}

func (c *Compute) verifyAcc(x *Expr) error {
	all := c.Reductions()
	if x.I < 0 || int(x.I) >= len(all) {
		return fmt.Errorf("%s: acc %d out of %d", c.Name, x.I, len(all))
	}
	if t := all[x.I].Body.Type; x.Type != t {
		return fmt.Errorf("%s: acc %d is %s, the body %s", c.Name, x.I, x.Type, t)
	}
	return nil
}

func (c *Compute) verifyLoad(x *Expr) error {
	if x.I < 0 || int(x.I) >= len(c.In) {
		return fmt.Errorf("%s: load of operand %d out of %d", c.Name, x.I, len(c.In))
	}
	t := c.In[x.I]
	if t.DType != x.Type || len(x.Args) != 1 && len(x.Args) != t.Rank() {
		return fmt.Errorf("%s: load of %s with %d indices as %s", c.Name, t, len(x.Args), x.Type)
	}
	for _, a := range x.Args {
		if a.Type != ir.I32 {
			return fmt.Errorf("%s: load with an index of %s", c.Name, a.Type)
		}
	}
	return nil
}

// Flat gives the same Compute with one flat row-major index in every Load.
func (c *Compute) Flat() *Compute {
	return c.rewrite(func(e *Expr) *Expr {
		if e.Op != Load || len(e.Args) == 1 { // one index is flat already
			return nil
		}
		shape := c.In[e.I].Shape
		flat := Int(0)
		for d, a := range e.Args {
			flat = Plus(Times(flat, Int(shape[d])), a)
		}
		return &Expr{Op: Load, Type: e.Type, I: e.I, Args: []*Expr{flat}, Pred: e.Pred}
	})
}

func (c *Compute) rewrite(f func(*Expr) *Expr) *Compute {
	d := *c
	m := Memo(f)
	if c.Body != nil {
		d.Body = m(c.Body)
	}
	d.More = make([]Reduction, len(c.More))
	for i, r := range c.More {
		d.More[i] = Reduction{r.Comb, m(r.Body)}
	}
	d.Outs = make([]*Expr, len(c.Outs))
	for i, o := range c.Outs {
		d.Outs[i] = m(o)
	}
	return &d
}

// Rewrite gives the Compute with f applied to every expression, operands first;
// f gives nil to keep one.
func (c *Compute) Rewrite(f func(*Expr) *Expr) *Compute { return c.rewrite(f) }
