// Package loop is the contract between the compiler and its targets: a Nest is
// one kernel with its order of loops decided, as package schedule made it from an
// expr.Compute. Targets turn a Nest into machine code or source text, or walk it.
// The package knows no target and no schedule. Begin with Nest.
package loop

import (
	"mllab/compile/expr"
	"mllab/compile/ir"
)

// Kind says how the iterations of a loop are carried out.
type Kind uint8

// The kinds of loops. Parallel, Block and Thread iterations are independent of
// each other, but for a Parallel loop's runs of For.Run iterations, each of which
// goes on where the one before it ended. A nest has at most one Parallel loop, which is
// its only top-level statement and what a CPU target shares out to threads. Block and
// Thread loops stand outermost too, at most three of each, told apart by Dim, and
// are made by schedules for machines of kind GPU. Bodies of Unroll loops may be
// expanded, and Vector loops run in lanes; neither contains a loop of another kind.
const (
	Serial Kind = iota
	Parallel
	Unroll
	Vector
	Block
	Thread
)

// String is the kind's lower-case name.
func (k Kind) String() string {
	return [...]string{"serial", "parallel", "unroll", "vector", "block", "thread"}[k]
}

// Role is what a buffer is to its kernel.
type Role uint8

// The roles. An output may be given the same memory as an input of the same
// size whose loads all are at the very element that the iteration stores.
const (
	In Role = iota
	Out
)

// Buf is a parameter of the kernel: dense memory of Elems elements.
type Buf struct {
	Name  string
	DType ir.DType
	Elems int
	Role  Role
}

// Local is a register tile: a small array private to one iteration of the
// outermost loop, indexed by expressions of Unroll and Vector variables and
// constants only, so that a target can keep every element in a register (a
// dimension indexed by a Vector variable is spread over lanes and registers).
type Local struct {
	DType  ir.DType
	Dims   []int
	Memory bool // too many for registers: it waits in memory while others are summed up
}

// Nest is one kernel. Expressions in it read loop variable i as expr.Axis i,
// element k of buffer b as expr.Load b with one flat index k, and tiles as
// expr.Local. Loads of one statement happen before its store.
type Nest struct {
	Name   string
	Bufs   []Buf
	Locals []Local
	Vars   []string // names of the loop variables, unique
	Body   []Stmt
}

// Stmt is a statement: *For, *Store, *Set or *Accum.
type Stmt interface{ stmt() }

// For runs Body with Var = 0..N-1; if Last is not nil it runs in place of Body
// in the last iteration, N-1: this is how tails are made, with static extents.
type For struct {
	Var  int
	N    int
	Kind Kind
	Dim  int // of Block and Thread: 0..2
	Run  int // of Parallel: so many iterations after each other are one thread's, in order; 0: any
	Body []Stmt
	Last []Stmt
}

// Store writes Value to element Index of a buffer.
type Store struct {
	Buf   int
	Index *expr.Expr
	Value *expr.Expr
}

// Set gives an element of a register tile a value.
type Set struct {
	Local int
	Index []*expr.Expr
	Value *expr.Expr
}

// Accum combines a value into an element of a register tile. Where the index
// does not contain the variable of an enclosing Vector loop, the lanes are
// combined with each other (a horizontal reduction, in an unspecified order).
type Accum struct {
	Local int
	Index []*expr.Expr
	Comb  expr.Comb
	Value *expr.Expr
}

func (*For) stmt()   {}
func (*Store) stmt() {}
func (*Set) stmt()   {}
func (*Accum) stmt() {}

// MachineKind tells a schedule what sort of machine it plans for.
type MachineKind uint8

// The machine kinds: Scalar walks nests one element at a time; CPU has threads
// and vector registers; GPU has blocks of threads.
const (
	Scalar MachineKind = iota
	CPU
	GPU
)

// Machine is what a schedule must know of a device.
type Machine struct {
	Kind      MachineKind
	Name      string // for texts: "avx512", "pocl"
	Lanes     int    // float32 lanes of a vector register, 1 for Scalar
	Registers int    // vector registers
	Threads   int    // worker threads (CPU), compute units (GPU)
	Group     int    // largest number of threads in a block (GPU)
	L1, L2    int    // bytes of cache a core, 0 when unknown
}

// Top is the outermost Parallel loop, or nil when the nest is one piece of work.
func (n *Nest) Top() *For {
	if len(n.Body) != 1 {
		return nil
	}
	f, ok := n.Body[0].(*For)
	if !ok || f.Kind != Parallel {
		return nil
	}
	return f
}
