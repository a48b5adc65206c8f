// Package vec turns a loop.Nest into a Program: the same loops around straight-line blocks of vector
// instructions in SSA form, with unrolled loops expanded, vector loops split into groups of lanes, register
// tiles made variables, addresses gathered into streams, and functions such as exp spelt out in arithmetic.
//
// The package knows how many lanes a vector has, and no instruction set, register or byte of machine code:
// packages such as amd64 allocate registers for a Program and encode it.
//
// Begin with Program and Build; eval.go and memory.go say how an expression becomes instructions, tile.go how
// register tiles become variables, math.go how functions are approximated.
package vec

import (
	"errors"
	"fmt"
	"strings"
)

// ErrRejected is wrapped by errors that say that a nest cannot be built as it is scheduled; another schedule
// of the same computation may do.
var ErrRejected = errors.New("schedule rejected")

// ID is a value of a block: the index of the instruction that makes it.
type ID int32

// None is the absence of a value.
const None ID = -1

// Op is the kind of an instruction. All values are vectors of 32-bit lanes: F marks float32 lanes, I int32
// lanes, and masks hold one truth value a lane.
type Op uint8

// The instructions. A, B, C are Args[0..2].
const (
	Const     Op = iota // every lane has the bits Imm
	Lanes               // lane l is int32(Imm) + Step*l
	MaskOf              // mask with lane l true where bit l of Imm is set
	VarIn               // the variable Var as it was when the block began
	LoopVar             // every lane is loop variable Var
	Load                // contiguous lanes from memory; Mask clears lanes and leaves their memory alone
	LoadOne             // one element, in every lane; where lane 0 of Mask is false it is 0
	LoadStep            // lane l from element Disp + Step*l
	Gather              // lane l from element Disp + A[l]
	Store               // contiguous lanes of A
	StoreOne            // lane 0 of A
	StoreStep           // lane l of A to element Disp + Step*l
	Scatter             // lane l of A to element Disp + B[l]; where lanes meet the last one stays
	AddF
	SubF
	MulF
	DivF
	MinF // A < B ? A : B
	MaxF // A > B ? A : B
	SqrtF
	FMA   // A*B + C, rounded once
	FNMA  // C - A*B
	FMS   // A*B - C
	Round // to nearest even
	Floor
	ToInt  // truncated float to int; out of range gives -2^31
	Nearby // float to nearest int
	ToFloat
	AddI
	SubI
	MulI
	MulHiU // upper 32 bits of the unsigned product
	MinI
	MaxI
	And
	Or
	Xor
	AndNot // ^A & B
	ShlI   // by Imm
	ShrI   // logical, by Imm
	SarI   // arithmetic, by Imm
	ShlV   // by lanes of B; 32 and more give 0
	ShrV   // logical, by lanes of B; 32 and more give 0
	CmpF   // mask; Imm is a Relation
	CmpI   // mask, signed; Imm is a Relation
	CmpU   // mask, unsigned; Imm is a Relation
	MaskAnd
	MaskOr
	MaskXor
	MaskNot
	Select    // A is a mask: A ? B : C
	Reduce    // all lanes combined by the binary instruction Imm, in every lane
	Extract   // lane Imm in every lane
	UnpackLo  // within each 128 bits: a0 b0 a1 b1
	UnpackHi  // a2 b2 a3 b3
	UnpackLo2 // a0 a1 b0 b1
	UnpackHi2 // a2 a3 b2 b3
	Blocks    // 128-bit blocks: the two or four blocks named by Imm, two bits each, first half from A
	ScaleF    // A * 2^B, B integral floats; only where Features.Scale
	Keep      // puts A into cell Var of the frame
	Kept      // the vector in cell Var
	KeptMask  // the mask in cell Var
	numOps
)

var opNames = [numOps]string{"const", "lanes", "maskof", "var", "loopvar", "load", "load1", "loadstep",
	"gather", "store", "store1", "storestep", "scatter", "addf", "subf", "mulf", "divf", "minf", "maxf", "sqrtf",
	"fma", "fnma", "fms", "round", "floor", "toint", "nearby", "tofloat", "addi", "subi", "muli", "mulhiu",
	"mini", "maxi", "and", "or", "xor", "andnot", "shl", "shr", "sar", "shlv", "shrv", "cmpf", "cmpi", "cmpu", "mand",
	"mor", "mxor", "mnot", "select", "reduce", "extract", "unpacklo", "unpackhi", "unpacklo2", "unpackhi2",
	"blocks", "scalef", "keep", "kept", "keptmask"}

// String is the instruction's lower-case name.
func (o Op) String() string { return opNames[o] }

// Mask reports whether the instruction's value is a mask.
func (o Op) Mask() bool { return o == MaskOf || o >= CmpF && o <= MaskNot || o == KeptMask }

// Writes reports whether the instruction writes memory and has no value.
func (o Op) Writes() bool { return o >= Store && o <= Scatter }

// Effect reports whether the instruction must stay although nothing uses its value.
func (o Op) Effect() bool { return o.Writes() || o == Keep }

// Reads reports whether the instruction reads memory.
func (o Op) Reads() bool { return o >= Load && o <= Gather }

// Loose is the Imm of an FMA that may as well round its product: that of a sum of many products.
const Loose = 1

// Relation is what a comparison asks; all are false where a float operand is NaN, but NE, which is true.
type Relation uint32

// The relations.
const (
	LT Relation = iota
	LE
	EQ
	NE
)

// Ins is one instruction. It is comparable, and equal instructions of a block have equal values (Version
// tells loads before a store from those after it).
type Ins struct {
	Op      Op
	Args    [3]ID
	Mask    ID     // of loads and stores: which lanes take part, None for all
	Stream  int32  // of loads and stores
	Disp    int32  // of loads and stores, in elements
	Imm     uint32 // what the kind says
	Step    int32
	Var     int32
	Version int32
}

// Each calls f with every value that the instruction uses.
func (x *Ins) Each(f func(ID)) {
	for _, a := range x.Args {
		if a >= 0 {
			f(a)
		}
	}
	if x.Mask >= 0 {
		f(x.Mask)
	}
}

// Term is a multiple of a loop variable, in elements.
type Term struct{ Var, Coef int32 }

// Stream is a moving pointer: the start of buffer Buf plus the sum of its terms. Buffers from
// Program.Params on are register tiles that live in memory.
type Stream struct {
	Buf   int
	Terms []Term
}

// Coef is the multiple of loop variable v.
func (s *Stream) Coef(v int) int {
	for _, t := range s.Terms {
		if int(t.Var) == v {
			return int(t.Coef)
		}
	}
	return 0
}

// Assign gives variable Var the value ID at the end of a block.
type Assign struct {
	Var int
	ID  ID
}

// Node is a *Loop or a *Block.
type Node interface{ node() }

// Loop runs Body with Var = 0..N-1, and in the last iteration Last instead where Last is not nil. The
// Parallel loop runs the part of the range that its caller names.
type Loop struct {
	Var      int
	N        int
	Parallel bool
	Derive   []Derived // computed at the start of every iteration, in order
	Body     []Node
	Last     []Node
}

// Derived is a variable of the value floor((Base + sum of Terms)/Div), where the dividend is never below
// -Bias*Div. Its number follows those of the loop variables, and terms of streams may name it.
type Derived struct {
	Var       int
	Base      int
	Terms     []Term
	Div, Bias int
}

// Block is straight-line code.
type Block struct {
	Ins []Ins
	Out []Assign
}

func (*Loop) node()  {}
func (*Block) node() {}

// Program is a nest as vector code.
type Program struct {
	Name    string
	Lanes   int   // of a vector
	Params  int   // buffers of the nest
	Tiles   []int // elements of the register tiles that live in memory, as buffers Params, Params+1, ...
	Streams []Stream
	Vars    int    // variables that live across blocks
	Kept    []bool // cells of the frame for values from before a loop: whether they hold a mask
	Loops   int    // loop variables and derived variables
	Names   []string
	Body    []Node
}

// Features are what an instruction set offers beyond the common instructions.
type Features struct {
	Lanes int  // float32 lanes of a vector: 4, 8 or 16
	Scale bool // ScaleF exists
}

// String lists the program.
func (p *Program) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "program %s, %d lanes, %d variables\n", p.Name, p.Lanes, p.Vars)
	for i, s := range p.Streams {
		fmt.Fprintf(&b, "  stream p%d = b%d + %s\n", i, s.Buf, p.sum(0, s.Terms))
	}
	p.list(&b, p.Body, 1)
	return b.String()
}

func (p *Program) sum(base int, terms []Term) string {
	s := fmt.Sprint(base)
	for _, t := range terms {
		s += fmt.Sprintf(" + %d*%s", t.Coef, p.Names[t.Var])
	}
	return s
}

func (p *Program) list(b *strings.Builder, body []Node, depth int) {
	pad := strings.Repeat("  ", depth)
	for _, n := range body {
		switch n := n.(type) {
		case *Loop:
			fmt.Fprintf(b, "%sfor %s < %d\n", pad, p.Names[n.Var], n.N)
			for _, d := range n.Derive {
				fmt.Fprintf(b, "%s  %s = %s / %d\n", pad, p.Names[d.Var], p.sum(d.Base, d.Terms), d.Div)
			}
			p.list(b, n.Body, depth+1)
			if n.Last != nil {
				fmt.Fprintf(b, "%slast\n", pad)
				p.list(b, n.Last, depth+1)
			}
		case *Block:
			for i, x := range n.Ins {
				fmt.Fprintf(b, "%s%s\n", pad, x.text(ID(i)))
			}
			for _, o := range n.Out {
				fmt.Fprintf(b, "%sv%d = %%%d\n", pad, o.Var, o.ID)
			}
		}
	}
}

func (x *Ins) text(id ID) string {
	var b strings.Builder
	if !x.Op.Writes() {
		fmt.Fprintf(&b, "%%%d = ", id)
	}
	b.WriteString(x.Op.String())
	for _, a := range x.Args {
		if a >= 0 {
			fmt.Fprintf(&b, " %%%d", a)
		}
	}
	switch {
	case x.Op.Reads() || x.Op.Writes():
		fmt.Fprintf(&b, " p%d[%d]", x.Stream, x.Disp)
		if x.Step != 0 {
			fmt.Fprintf(&b, " step %d", x.Step)
		}
		if x.Mask >= 0 {
			fmt.Fprintf(&b, " if %%%d", x.Mask)
		}
	case x.Op == VarIn || x.Op == LoopVar || x.Op >= Keep:
		fmt.Fprintf(&b, " %d", x.Var)
	case x.Op == Lanes:
		fmt.Fprintf(&b, " %d step %d", int32(x.Imm), x.Step)
	case x.Op == Const:
		fmt.Fprintf(&b, " %#x", x.Imm)
	case x.Op == Reduce:
		b.WriteString(" " + Op(x.Imm).String())
	case x.Imm != 0:
		fmt.Fprintf(&b, " %#x", x.Imm)
	}
	return b.String()
}
