package cstyle

import (
	"fmt"
	"slices"
	"strings"

	"mllab/compile/expr"
	"mllab/compile/ir"
	"mllab/compile/loop"
)

// Source is the text of one kernel and how to launch it.
type Source struct {
	Helpers []string // functions that the kernel calls, those called by others first
	Kernel  string   // the kernel's function
	Entry   string   // its name
	Groups  [3]int   // groups of work items, at least 1 in each dimension
	Threads [3]int   // work items of a group, at least 1 in each dimension
}

// Text is all that a compiler must be given.
func (s *Source) Text() string { return strings.Join(append(slices.Clone(s.Helpers), s.Kernel), "\n") }

// Program joins kernels to one text, which a compiler takes in less time than many.
// The second result names the kernels in it: entries that are equal get a number.
func Program(sources []*Source) (string, []string) {
	var b strings.Builder
	seen := map[string]bool{}
	for _, s := range sources {
		for _, h := range s.Helpers {
			if !seen[h] {
				b.WriteString(h + "\n")
			}
			seen[h] = true
		}
	}
	entries := make([]string, len(sources))
	for i, s := range sources {
		name := s.Entry
		for n := 2; seen[name]; n++ {
			name = fmt.Sprintf("%s_%d", s.Entry, n)
		}
		seen[name], entries[i] = true, name
		if name == s.Entry {
			b.WriteString(s.Kernel + "\n")
			continue
		}
		fmt.Fprintf(&b, "#define %s %s\n%s#undef %s\n\n", s.Entry, name, s.Kernel, s.Entry)
	}
	return b.String(), entries
}

// Render prints a nest. The kernel's first parameter is an int, run; with 0 the
// kernel does nothing, for drivers that finish compiling at the first launch. Then
// comes one pointer for each of Nest.Bufs, followed by its offset where the dialect
// has Offsets. A Parallel loop on top, Block and Thread loops become the grid; every
// other loop is a loop of the text. Errors name the nest, and what it holds that has
// no meaning or that the dialect cannot say.
func Render(n *loop.Nest, d *Dialect) (*Source, error) {
	if err := n.Verify(); err != nil {
		return nil, fmt.Errorf("%s: %w", d.Name, err)
	}
	p := &printer{
		n: n, d: d,
		src:   &Source{Entry: "k_" + identifier(n.Name), Groups: [3]int{1, 1, 1}, Threads: [3]int{1, 1, 1}},
		calls: map[string]bool{}, extent: make([]span, len(n.Vars)), depth: 1,
	}
	names := newNamer(d)
	for _, b := range n.Bufs {
		p.bufs = append(p.bufs, names.name(b.Name))
	}
	for _, v := range n.Vars {
		p.vars = append(p.vars, names.name(v))
	}
	if top := n.Top(); top != nil && top.Run > 1 {
		p.fail("loop %s runs %d iterations in order, and threads share them", n.Vars[top.Var], top.Run)
	}
	p.grid(n.Body)
	p.outer(n.Body, bound{})
	if p.err != nil {
		return nil, fmt.Errorf("%s: kernel %s: %w", d.Name, n.Name, p.err)
	}
	for _, h := range helpers {
		if p.calls[h.name] {
			p.src.Helpers = append(p.src.Helpers, d.Inline+h.text+"\n")
		}
	}
	p.src.Kernel = p.head(names) + p.body.String() + "}\n"
	return p.src, nil
}

// printer holds the text as it grows, and what is known at the place reached.
type printer struct {
	n      *loop.Nest
	d      *Dialect
	src    *Source
	bufs   []string
	vars   []string
	extent []span // of the open loop variables
	calls  map[string]bool
	body   strings.Builder
	depth  int
	temps  int
	err    error

	// of the statement at hand
	spans map[*expr.Expr]span
	uses  map[*expr.Expr]int
	names []map[*expr.Expr]string // temporaries, one map a nested block
}

// bound says which dimensions of groups and threads a place is bound to.
type bound struct{ group, thread [3]bool }

func (p *printer) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

func (p *printer) line(format string, args ...any) {
	p.body.WriteString(strings.Repeat("    ", p.depth))
	fmt.Fprintf(&p.body, format, args...)
	p.body.WriteByte('\n')
}

// head prints the signature and the tiles.
func (p *printer) head(names *namer) string {
	var b strings.Builder
	b.WriteString(p.d.Kernel(p.src.Threads) + p.src.Entry + "(int run")
	var at []string
	for i, buf := range p.n.Bufs {
		mode := "const "
		if buf.Role == loop.Out {
			mode = ""
		}
		fmt.Fprintf(&b, ",\n    %s%s%s *%s", p.d.Global, mode, cType(buf.DType), p.bufs[i])
		if p.d.Offsets {
			offset := names.name(p.bufs[i] + "_at")
			fmt.Fprintf(&b, ", unsigned %s", offset)
			at = append(at, fmt.Sprintf("    %s += %s;\n", p.bufs[i], offset))
		}
	}
	b.WriteString(") {\n    if (!run) return;\n" + strings.Join(at, ""))
	for i, l := range p.n.Locals {
		fmt.Fprintf(&b, "    %s t%d", cType(l.DType), i)
		for _, d := range l.Dims {
			fmt.Fprintf(&b, "[%d]", d)
		}
		b.WriteString(";\n")
	}
	return b.String()
}

func boundLoop(body []loop.Stmt) *loop.For {
	if len(body) != 1 {
		return nil
	}
	f, ok := body[0].(*loop.For)
	if !ok || f.Kind != loop.Block && f.Kind != loop.Thread {
		return nil
	}
	return f
}

// grid sets Groups and Threads to the greatest extents of bound loops, in all
// bodies: those of last iterations may be smaller.
func (p *printer) grid(body []loop.Stmt) {
	if top := p.n.Top(); top != nil {
		p.src.Threads[0] = min(p.d.Items, top.N)
		p.src.Groups[0] = (top.N + p.src.Threads[0] - 1) / p.src.Threads[0]
		return
	}
	f := boundLoop(body)
	if f == nil {
		return
	}
	size := &p.src.Groups
	if f.Kind == loop.Thread {
		size = &p.src.Threads
	}
	if f.Dim < 0 || f.Dim > 2 {
		p.fail("loop %s: dimension %d, want 0 to 2", p.n.Vars[f.Var], f.Dim)
		return
	}
	size[f.Dim] = max(size[f.Dim], f.N)
	p.grid(f.Body)
	p.grid(f.Last)
}

// outer prints the loops that become the grid, and below them the statements. A
// work item outside the extent of a loop does nothing in it.
func (p *printer) outer(body []loop.Stmt, at bound) {
	if p.err != nil {
		return
	}
	if top := p.n.Top(); top != nil {
		index := p.d.Thread(0)
		if p.src.Groups[0] > 1 {
			index = fmt.Sprintf("%s*%d + %s", p.d.Group(0), p.src.Threads[0], index)
		}
		p.item(top, index, p.src.Groups[0]*p.src.Threads[0], p.stmts)
		return
	}
	f := boundLoop(body)
	if f == nil {
		p.leaf(body, at)
		return
	}
	index, size, done := p.d.Group(f.Dim), p.src.Groups[f.Dim], &at.group[f.Dim]
	if f.Kind == loop.Thread {
		index, size, done = p.d.Thread(f.Dim), p.src.Threads[f.Dim], &at.thread[f.Dim]
	}
	if *done {
		p.fail("loop %s: second %s loop of dimension %d", p.n.Vars[f.Var], f.Kind, f.Dim)
		return
	}
	*done = true
	p.item(f, index, size, func(body []loop.Stmt) { p.outer(body, at) })
}

// item prints a loop each of whose iterations is a work item of its own.
func (p *printer) item(f *loop.For, index string, size int, inside func([]loop.Stmt)) {
	v := p.vars[f.Var]
	p.line("const int %s = %s;", v, index)
	if size > f.N {
		p.line("if (%s < %d) {", v, f.N)
		p.depth++
	}
	if f.Last == nil {
		p.open(f.Var, 0, f.N-1)
		inside(f.Body)
	} else {
		p.line("if (%s < %d) {", v, f.N-1)
		p.indent(f.Var, 0, max(f.N-2, 0), f.Body, inside)
		p.line("} else {")
		p.indent(f.Var, f.N-1, f.N-1, f.Last, inside)
		p.line("}")
	}
	if size > f.N {
		p.depth--
		p.line("}")
	}
}

func (p *printer) open(v, lo, hi int) { p.extent[v] = span{int64(lo), int64(hi)} }

func (p *printer) indent(v, lo, hi int, body []loop.Stmt, inside func([]loop.Stmt)) {
	p.open(v, lo, hi)
	p.depth++
	inside(body)
	p.depth--
}

// leaf prints statements for one work item in each dimension that no loop around
// them is bound to.
func (p *printer) leaf(body []loop.Stmt, at bound) {
	var cond []string
	for d := range 3 {
		if !at.group[d] && p.src.Groups[d] > 1 {
			cond = append(cond, p.d.Group(d)+" == 0")
		}
		if !at.thread[d] && p.src.Threads[d] > 1 {
			cond = append(cond, p.d.Thread(d)+" == 0")
		}
	}
	if cond == nil {
		p.stmts(body)
		return
	}
	p.line("if (%s) {", strings.Join(cond, " && "))
	p.depth++
	p.stmts(body)
	p.depth--
	p.line("}")
}

func (p *printer) stmts(body []loop.Stmt) {
	for _, s := range body {
		if p.err != nil {
			return
		}
		switch s := s.(type) {
		case *loop.For:
			p.loop(s)
		case *loop.Store:
			if s.Value.Type != p.n.Bufs[s.Buf].DType {
				p.fail("store of %s in %s", s.Value.Type, p.n.Bufs[s.Buf].DType)
				return
			}
			e := p.begin(s.Index, s.Value)
			index, value := p.int(e[0]).text, p.value(e[1]).text
			p.line("%s[%s] = %s;", p.bufs[s.Buf], index, value)
		case *loop.Set:
			if s.Value.Type != p.n.Locals[s.Local].DType {
				p.fail("set of %s in a tile of %s", s.Value.Type, p.n.Locals[s.Local].DType)
				return
			}
			e := p.begin(append([]*expr.Expr{s.Value}, s.Index...)...)
			tile, value := p.tile(s.Local, e[1:]), p.value(e[0]).text
			p.line("%s = %s;", tile, value)
		case *loop.Accum:
			p.accum(s)
		}
	}
}

func (p *printer) loop(f *loop.For) {
	n, v := f.N, p.vars[f.Var]
	if f.Last != nil {
		n--
	}
	if n > 0 {
		if f.Kind == loop.Unroll || f.Kind == loop.Vector {
			p.line("%s", p.d.Unroll(n))
		}
		p.line("for (int %s = 0; %s < %d; %s++) {", v, v, n, v)
		p.indent(f.Var, 0, n-1, f.Body, p.stmts)
		p.line("}")
	}
	if f.Last != nil {
		p.line("{")
		p.depth++
		p.line("const int %s = %d;", v, n)
		p.depth--
		p.indent(f.Var, n, n, f.Last, p.stmts)
		p.line("}")
	}
}

func (p *printer) accum(s *loop.Accum) {
	d := p.n.Locals[s.Local].DType
	if s.Value.Type != d {
		p.fail("accumulation of %s in a tile of %s", s.Value.Type, d)
		return
	}
	e := p.begin(append([]*expr.Expr{s.Value}, s.Index...)...)
	tile := p.tile(s.Local, e[1:])
	switch s.Comb {
	case expr.MaxOf, expr.MinOf:
		sign := map[expr.Comb]string{expr.MaxOf: ">", expr.MinOf: "<"}[s.Comb]
		v := p.named(e[0])
		p.line("%s = %s %s %s ? %s : %s;", tile, tile, sign, v, tile, v)
		return
	}
	sign := map[expr.Comb]string{expr.Sum: "+", expr.Prod: "*"}[s.Comb]
	if d == ir.F32 {
		p.line("%s %s= %s;", tile, sign, p.value(e[0]).text)
		return
	}
	p.line("%s = (int)((unsigned)%s %s %s);", tile, tile, sign, p.unsigned(e[0]).at(unary))
}

func (p *printer) tile(i int, index []*expr.Expr) string {
	var b strings.Builder
	fmt.Fprintf(&b, "t%d", i)
	for _, x := range index {
		fmt.Fprintf(&b, "[%s]", p.int(x).text)
	}
	return b.String()
}
