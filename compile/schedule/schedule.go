// Package schedule decides how an algorithm runs: a Schedule is a list of steps
// (split, reorder, unroll, vectorize, parallel, bind, pack, winograd) that Apply carries
// out on an expr.Compute, giving the loop.Nests of its kernels. Default knows a
// good schedule without measuring anything; Random draws a legal one and Neighbour
// one a step away from another, for tests and for the tuner. The package knows no target: what it must know of a device
// is in loop.Machine. Begin with Apply.
package schedule

import (
	"fmt"
	"strconv"
	"strings"
)

// Op is the verb of a Step.
type Op uint8

// The verbs. Loops are named after the axes of the Compute, i j l m n p q u for
// coordinates and k r s t v w x y for the reduction's, in order; splitting loop
// i gives i.0 (outer) and i.1 (inner).
const (
	Split     Op = iota // Loops[0] becomes a loop of ceil(extent/N) around one of N
	Reorder             // the loops named take the places they have in this order
	Unroll              // the bodies may be expanded
	Vectorize           // the innermost loop runs in lanes
	Parallel            // the outermost loops become the one Parallel loop
	Bind                // Loops[0] becomes the Block or Thread loop To
	Pack                // operand N of the reduction is copied into the order it is read in
	Winograd            // the whole is a convolution by minimal filtering, N by N results a tile, in blocks of To tiles; stands alone
)

var opNames = [...]string{"split", "reorder", "unroll", "vectorize", "parallel", "bind", "pack", "winograd"}

// String is the verb's name.
func (o Op) String() string { return opNames[o] }

// Step is one decision.
type Step struct {
	Op    Op
	Loops []string // all but Pack and Winograd
	N     int      // Split: the inner extent; Pack: the operand; Winograd: results
	To    string   // Bind: block.x, thread.z, ...; Winograd: most tiles, or apart, or nothing
}

// String is the step's text.
func (s Step) String() string {
	parts := append([]string{s.Op.String()}, s.Loops...)
	switch s.Op {
	case Split, Pack:
		parts = append(parts, strconv.Itoa(s.N))
	case Bind:
		parts = append(parts, s.To)
	case Winograd:
		parts = append(parts, strconv.Itoa(s.N))
		if s.To != "" {
			parts = append(parts, s.To)
		}
	}
	return strings.Join(parts, " ")
}

// Schedule is a list of steps, carried out in order. The empty one is legal:
// plain loops, reductions inside.
type Schedule []Step

// String is the one-line text that Parse reads.
func (s Schedule) String() string {
	parts := make([]string, len(s))
	for i, t := range s {
		parts[i] = t.String()
	}
	return strings.Join(parts, "; ")
}

// Parse reads the text of a schedule: steps with semicolons between them. What
// it accepts may still be illegal for a Compute, which Apply says.
func Parse(text string) (Schedule, error) {
	var s Schedule
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	for _, part := range strings.Split(text, ";") {
		t, err := parseStep(strings.Fields(part))
		if err != nil {
			return nil, fmt.Errorf("schedule step %q: %w", strings.TrimSpace(part), err)
		}
		s = append(s, t)
	}
	return s, nil
}

func parseStep(f []string) (Step, error) {
	if len(f) == 0 {
		return Step{}, fmt.Errorf("empty, want one of %v", opNames)
	}
	op := -1
	for i, n := range opNames {
		if n == f[0] {
			op = i
		}
	}
	if op < 0 {
		return Step{}, fmt.Errorf("want one of %v", opNames)
	}
	s := Step{Op: Op(op), Loops: f[1:]}
	want := 0
	switch s.Op {
	case Split, Bind:
		want = 2
	case Vectorize, Pack:
		want = 1
	case Winograd:
		if len(s.Loops) == 2 { // the results of a tile, and blocks
			s.To, s.Loops = s.Loops[1], s.Loops[:1]
		}
		want = 1
	}
	if want > 0 && len(s.Loops) != want || len(s.Loops) == 0 {
		return Step{}, fmt.Errorf("%d words after the verb, want %d", len(s.Loops), max(want, 1))
	}
	last := len(s.Loops) - 1
	switch s.Op {
	case Split, Pack, Winograd:
		n, err := strconv.Atoi(s.Loops[last])
		if err != nil {
			return Step{}, fmt.Errorf("%q is no number", s.Loops[last])
		}
		s.N, s.Loops = n, s.Loops[:last]
	case Bind:
		s.To, s.Loops = s.Loops[last], s.Loops[:last]
	}
	if s.Op == Pack || s.Op == Winograd {
		s.Loops = nil
	}
	for _, l := range s.Loops {
		if !loopName(l) {
			return Step{}, fmt.Errorf("%q is no loop, want a name such as i or k.0.1", l)
		}
	}
	return s, nil
}

// loopName reports whether s is an axis name followed by .0 and .1 of splits.
func loopName(s string) bool {
	parts := strings.Split(s, ".")
	if parts[0] == "" {
		return false
	}
	for i, c := range parts[0] {
		if i == 0 && (c < 'a' || c > 'z') || i > 0 && (c < '0' || c > '9') {
			return false
		}
	}
	for _, p := range parts[1:] {
		if p != "0" && p != "1" {
			return false
		}
	}
	return true
}

const (
	spaceNames  = "ijlmnpqu"
	reduceNames = "krstvwxy"
)

// AxisName is the loop name of an axis of a Compute with the given number of
// coordinates.
func AxisName(space, axis int) string {
	names, first := spaceNames, byte('a')
	if axis >= space {
		names, first, axis = reduceNames, 'b', axis-space
	}
	if axis < len(names) {
		return names[axis : axis+1]
	}
	return string(first) + strconv.Itoa(axis)
}

func split(loop string, n int) Step { return Step{Op: Split, Loops: []string{loop}, N: n} }

func step(op Op, loops ...string) Step { return Step{Op: op, Loops: loops} }

func bind(loop, to string) Step { return Step{Op: Bind, Loops: []string{loop}, To: to} }
