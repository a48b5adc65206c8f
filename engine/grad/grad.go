// Package grad makes backward passes: given a loss, it adds the nodes that compute
// its gradients to the same graph, by the VJP method of each operator. There is no
// tape and no second executor; gradients are values like any other, so the gradient
// of an expression that contains gradients is one more call of Of.
//
// The package knows no operator: an operator is differentiable if it has the
// method. Begin with Of.
package grad

import (
	"fmt"

	"mllab/compile/ir"
	"mllab/ops"
)

// differentiable is an operator with a gradient: VJP gives, for each operand, what
// the gradient g of the result contributes to it, of the operand's type, or ir.None
// where the result does not depend on it smoothly.
type differentiable interface {
	VJP(b *ir.Builder, in []ir.Value, out, g ir.Value) []ir.Value
}

// Of adds the gradients of a scalar loss with respect to values that were built
// before it, each of its value's type. Contributions are summed in a fixed order,
// so equal programs give equal graphs. A value on which the loss does not depend,
// an operator without gradient on the way, and a loss that is no float32 scalar
// are errors of the builder that name the operator and its line; the results are
// then ir.None.
func Of(b *ir.Builder, loss ir.Value, wrt []ir.Value) []ir.Value {
	if b.Err() != nil {
		return none(wrt)
	}
	if t := b.Type(loss); t.DType != ir.F32 || t.Elems() != 1 || loss == ir.None {
		b.Fail(fmt.Errorf("grad: the loss is %s of shape %s: want one f32 value, such as a sum or a mean", t.DType,
			ir.ShapeString(t.Shape)))
		return none(wrt)
	}
	return From(b, loss, ones(b, b.Type(loss)), wrt)
}

// none is what failed calls give.
func none(wrt []ir.Value) []ir.Value {
	failed := make([]ir.Value, len(wrt))
	for i := range failed {
		failed[i] = ir.None
	}
	return failed
}

// From adds the gradients of the sum of loss*seed, for a loss of any shape and a
// seed of its type: what a gradient seed that arrives at loss becomes on the way back
// to the values. Otherwise it is as Of.
func From(b *ir.Builder, loss, seed ir.Value, wrt []ir.Value) []ir.Value {
	failed := none(wrt)
	if b.Err() != nil {
		return failed
	}
	if t, g := b.Type(loss), b.Type(seed); t.DType != ir.F32 || !g.Equal(t) || loss == ir.None {
		b.Fail(fmt.Errorf("grad: the gradient that arrives is %s, what it arrives at %s: want one f32 type", g, t))
		return failed
	}
	p := pass{b: b, grads: map[ir.Value]ir.Value{}, depends: depends(b, loss, wrt)}
	for _, w := range wrt {
		if err := p.reachable(loss, w); err != nil {
			b.Fail(err)
			return failed
		}
	}
	p.add(loss, seed)
	for v := loss; v >= 0; v-- {
		if err := p.node(v); err != nil {
			b.Fail(err)
		}
		if b.Err() != nil {
			return failed
		}
	}
	out := make([]ir.Value, len(wrt))
	for i, w := range wrt {
		g, ok := p.grads[w]
		if !ok {
			b.Fail(fmt.Errorf("grad: no gradient of the loss (%s) reaches %s: every way there passes an operand "+
				"without gradient; leave it out of the values to differentiate by", where(b, loss), what(b, w)))
			return failed
		}
		out[i] = g
	}
	return out
}

type pass struct {
	b       *ir.Builder
	grads   map[ir.Value]ir.Value
	depends []bool
}

// depends marks the values up to the loss that are computed from a wrt value
// through float32 values.
func depends(b *ir.Builder, loss ir.Value, wrt []ir.Value) []bool {
	d := make([]bool, loss+1)
	for _, w := range wrt {
		if w >= 0 && w <= loss {
			d[w] = true
		}
	}
	for v := range d {
		n := b.Node(ir.Value(v))
		if n.Type.DType != ir.F32 {
			d[v] = false
			continue
		}
		for _, in := range n.In {
			d[v] = d[v] || d[in]
		}
	}
	return d
}

func (p *pass) reachable(loss, w ir.Value) error {
	switch {
	case w < 0 || int(w) >= p.b.Len():
		return fmt.Errorf("grad: value %d to differentiate by is no value of this graph", w)
	case p.b.Type(w).DType != ir.F32:
		return fmt.Errorf("grad: %s is %s: only f32 values have gradients", what(p.b, w), p.b.Type(w).DType)
	}
	seen := map[ir.Value]bool{loss: true}
	todo := []ir.Value{loss}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if v == w {
			return nil
		}
		for _, in := range p.b.Node(v).In {
			if in >= w && !seen[in] {
				seen[in] = true
				todo = append(todo, in)
			}
		}
	}
	return fmt.Errorf("grad: the loss (%s) does not depend on %s: "+
		"leave it out of the values to differentiate by",
		where(p.b, loss), what(p.b, w))
}

// node passes the gradient of one value on to its operands.
func (p *pass) node(v ir.Value) error {
	g, ok := p.grads[v]
	n := p.b.Node(v)
	if !ok || !p.depends[v] || !p.wanted(n) {
		return nil
	}
	op, ok := n.Op.(differentiable)
	if !ok {
		return fmt.Errorf("grad: %s: %s has no gradient, but the loss (%s) depends on %s through it", n.Site,
			n.Op.Name(), where(p.b, p.last()), what(p.b, p.source(v)))
	}
	parts := op.VJP(p.b, n.In, v, g)
	if p.b.Err() != nil {
		return nil
	}
	if len(parts) != len(n.In) {
		return fmt.Errorf("grad: %s gives %d gradients for %d operands", n.Op.Name(), len(parts), len(n.In))
	}
	for i, part := range parts {
		if part == ir.None || !p.depends[n.In[i]] {
			continue
		}
		if got, want := p.b.Type(part), p.b.Type(n.In[i]); !got.Equal(want) {
			return fmt.Errorf("grad: %s gives a gradient of type %s for an operand of type %s", n.Op.Name(), got, want)
		}
		p.add(n.In[i], part)
	}
	return nil
}

// wanted reports whether an operand of the node needs a gradient.
func (p *pass) wanted(n ir.Node) bool {
	for _, in := range n.In {
		if p.depends[in] {
			return true
		}
	}
	return false
}

func (p *pass) add(v, part ir.Value) {
	if g, ok := p.grads[v]; ok {
		part = ops.Add(p.b, g, part)
	}
	p.grads[v] = part
}

// last is the loss: the last value that is looked at.
func (p *pass) last() ir.Value { return ir.Value(len(p.depends) - 1) }

// source is a leaf on which v depends, for messages.
func (p *pass) source(v ir.Value) ir.Value {
	for {
		next := ir.None
		for _, in := range p.b.Node(v).In {
			if p.depends[in] {
				next = in
				break
			}
		}
		if next == ir.None {
			return v
		}
		v = next
	}
}

// ones is a value of a type with one element, which is 1.
func ones(b *ir.Builder, t ir.Type) ir.Value {
	one := b.Const(ir.F32, 1)
	if t.Rank() == 0 {
		return one
	}
	return ops.Reshape(b, one, t.Shape...)
}

// what names a value: an input by its label, another by its operator and line.
func what(b *ir.Builder, v ir.Value) string {
	if in, ok := b.Node(v).Op.(ir.Input); ok {
		return in.Label
	}
	return "a value (" + where(b, v) + ")"
}

func where(b *ir.Builder, v ir.Value) string {
	n := b.Node(v)
	if n.Op == nil {
		return "none"
	}
	if n.Site == "" {
		return n.Op.Name()
	}
	return n.Op.Name() + " at " + n.Site
}
