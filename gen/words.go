package gen

import (
	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/ops"
)

// What two numbers of tokens mean, as package text has them.
const (
	TokenPad  = 0 // nothing: fills a text up to its length
	TokenNull = 2 // stands alone for a text that is not given
)

// hidden is added to the scores of positions that hold nothing.
const hidden = -1e9

// reader is a small transformer encoder (Vaswani et al., "Attention is all you need", 2017; normalised before
// each part as Xiong et al., 2020) that turns the tokens of a text into a row of features each.
type reader struct {
	words  nn.Embedding
	near   int // words on either side that a word hears first
	hear   nn.Linear
	blocks []readerBlock
	last   nn.LayerNorm
	asked  *nn.Param // [1 gistParts wide]: what the gist asks of the words
	gk, gv nn.Linear
	gist   nn.Linear
	wide   int
	length int
}

type readerBlock struct {
	n1, n2   nn.LayerNorm
	qkv, out nn.Linear
	up, down nn.Linear
}

const (
	readerHeads = 4
	gistParts   = 8
	// orderWeight of a word's place against the word. Whether a red circle is on the left of a blue one or the other
	// way round is in the order alone; but as strong as the words, it hides them at first.
	orderWeight = 0.25
)

// newReader declares a reader of texts of length tokens, numbers below vocabulary, that gives wide features.
func newReader(ps *nn.Params, name string, vocabulary, length, wide, layers int) reader {
	ps = ps.Sub(name)
	r := reader{words: nn.NewEmbedding(ps, "words", vocabulary, wide), wide: wide, length: length}
	for i := range layers {
		p := ps.Sub("b" + string(rune('1'+i)))
		r.blocks = append(r.blocks, readerBlock{
			n1: nn.NewLayerNorm(p, "n1", wide), qkv: nn.NewLinear(p, "qkv", wide, 3*wide),
			out: nn.NewLinear(p, "out", wide, wide), n2: nn.NewLayerNorm(p, "n2", wide),
			up: nn.NewLinear(p, "up", wide, 2*wide), down: nn.NewLinear(p, "down", 2*wide, wide),
		})
	}
	r.last = nn.NewLayerNorm(ps, "last", wide)
	r.asked = ps.Add("asked", nn.Normal(1), 1, gistParts, wide)
	r.gk, r.gv = nn.NewLinear(ps, "gk", wide, wide), nn.NewLinear(ps, "gv", wide, wide)
	r.gist = nn.NewLinear(ps, "gist", gistParts*wide, wide)
	return r
}

// apply gives of tokens, i32 [N T], their features [N T wide], what hides the empty ones from attention [N T], and
// the gist of the text [N wide]: a few learned questions, each answered by the words that it attends to. A mean over
// the words would say the same, but thinner the longer the text is.
func (r reader) apply(s *nn.Scope, tokens ir.Value) (features, hide, gist ir.Value) {
	b := s.B
	t := b.Type(tokens)
	if b.Err() != nil {
		return ir.None, ir.None, ir.None
	}
	n := t.Shape[0]
	zero := b.Const(ir.F32, 0)
	empty := ops.Equal(b, tokens, b.Const(ir.I32, TokenPad))
	hide = ops.Select(b, empty, b.Const(ir.F32, hidden), zero)
	order := nn.Sinusoids(s, ops.Iota(b, ir.F32, 0, r.length), r.wide/2)
	x := ops.Add(b, r.words.Apply(s, tokens), ops.Scale(b, order, orderWeight))
	if r.near > 0 {
		x = ops.Add(b, x, ops.Silu(b, r.hear.Apply(s, neighbours(b, x, r.near))))
	}
	for _, k := range r.blocks {
		qkv := k.qkv.Apply(s, k.n1.Apply(s, x))
		part := func(i int) ir.Value { return ops.Slice(b, qkv, 2, i*r.wide, (i+1)*r.wide) }
		mixed, _ := nn.Attend(s, part(0), part(1), part(2), hide, readerHeads)
		x = ops.Add(b, x, k.out.Apply(s, mixed))
		x = ops.Add(b, x, k.down.Apply(s, ops.Silu(b, k.up.Apply(s, k.n2.Apply(s, x)))))
	}
	features = r.last.Apply(s, x)
	asked := ops.BroadcastTo(b, s.Param(r.asked), n, gistParts, r.wide)
	answers, _ := nn.Attend(s, asked, r.gk.Apply(s, features), r.gv.Apply(s, features), hide, 1)
	gist = r.gist.Apply(s, ops.Reshape(b, answers, n, gistParts*r.wide))
	return features, hide, gist
}

// listen has every word hear those up to near places beside it before all others: which colour is which object's is
// said close by, and attention alone is slow to find that.
func (r *reader) listen(ps *nn.Params, near int) {
	r.near = near
	if near > 0 {
		r.hear = nn.NewLinear(ps, "hear", (2*near+1)*r.wide, r.wide)
	}
}

// neighbours gives every place of x [N T D] what is at the places up to near beside it, zeros beyond the ends:
// [N T (2*near+1)*D].
func neighbours(b *ir.Builder, x ir.Value, near int) ir.Value {
	if b.Err() != nil {
		return ir.None
	}
	t := b.Type(x).Shape
	none := ops.BroadcastTo(b, b.Const(ir.F32, 0), t[0], near, t[2])
	wide := ops.Concat(b, 1, none, x, none)
	var all []ir.Value
	for i := range 2*near + 1 {
		all = append(all, ops.Slice(b, wide, 1, i, i+t[1]))
	}
	return ops.Concat(b, 2, all...)
}

// forget replaces the texts of some examples by none: those whose chance, f32 [N] in [0,1), is below share.
func (r reader) forget(s *nn.Scope, tokens, chance ir.Value, share float64) ir.Value {
	b := s.B
	if b.Err() != nil {
		return ir.None
	}
	n := b.Type(tokens).Shape[0]
	drop := ops.Reshape(b, ops.Less(b, chance, b.Const(ir.F32, share)), n, 1)
	first := ops.Equal(b, ops.Iota(b, ir.I32, 1, 1, r.length), b.Const(ir.I32, 0))
	none := ops.Select(b, first, b.Const(ir.I32, TokenNull), b.Const(ir.I32, TokenPad))
	return ops.Select(b, drop, none, tokens)
}
