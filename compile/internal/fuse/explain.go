package fuse

import (
	"fmt"
	"slices"

	"mllab/compile/ir"
)

// explain notes for every piece why each of the pieces whose results it reads has a
// kernel of its own.
func (p *Program) explain() {
	for _, u := range p.Pieces {
		var from []*Piece
		for _, v := range u.In {
			if f := p.index().from[v]; f != nil && !slices.Contains(from, f) {
				from = append(from, f)
			}
		}
		for _, f := range from {
			u.note(apartFrom(f) + p.apart(f, u))
		}
	}
}

func apartFrom(f *Piece) string { return "apart from " + f.C.Name + ": " }

// apart says why u, which reads a result of f, is not one kernel with it: why f is not
// computed within u, or else why u is no further output of f.
func (p *Program) apart(f, u *Piece) string {
	why := ""
	switch {
	case f.C.Body != nil && u.C.Body != nil:
		return "both are reductions"
	case !isMap(f):
	case p.Keep[f.Out[0]]:
		why = "an output"
	default:
		why = p.keeps(f, p.index().users[f.Out[0]])
	}
	if u.C.Body != nil {
		if why == "" {
			why = "several outputs"
		}
		return why
	}
	join := ""
	_, same := refine(u.C.Axes, f.C.Axes)
	switch {
	case !small(f, u):
		join = "together they are too large"
	case !same:
		join = fmt.Sprintf("%s does not run over %s", ir.ShapeString(u.C.Axes), ir.ShapeString(f.C.Axes))
	case !p.identity(u, f.Out):
		join = "it reads other elements than its own"
	case p.depends(f, u, false):
		join = "what stands between them comes first"
	case p.heavy(f, u):
		join = "it would overload the registers or the traffic of the reduction"
	}
	switch {
	case why == "":
		return join
	case join == "":
		return why
	}
	return why + ", and " + join
}
