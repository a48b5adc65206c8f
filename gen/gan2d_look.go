package gen

import (
	"math"

	"mllab/compile/ir"
	"mllab/engine/grad"
	"mllab/engine/nn"
	"mllab/ops"
)

// What a look at the game shows. The plane is seen from -Reach2D to Reach2D.
const (
	Reach2D  = 1.25
	Heat2D   = 64   // side of the map of D
	Fakes2D  = 2048 // points made of codes that stay the same
	Arrows2D = 96   // of these, the first have an arrow
	Lines2D  = 11   // lines of the warped grid each way
	Fine2D   = 4    // steps from one line to the next
)

// Mesh2D is the side of the mesh of codes whose images are the warped grid.
const Mesh2D = (Lines2D-1)*Fine2D + 1

// MeshCodes are codes along a mesh over the first two numbers of a code, f32 [n Latent], rows by the
// second; with one number in all, along a line of Mesh2D². Neighbouring lines have as many codes
// between them as any other two, so the warped cells are as likely as each other. Further numbers are 0.
func (c G2DShape) MeshCodes() []float32 {
	at := func(k, n int) float32 {
		q := (float64(k) + 0.5) / float64(n)
		if c.Noise == "uniform" {
			return float32(2*q - 1)
		}
		return float32(math.Sqrt2 * math.Erfinv(2*q-1))
	}
	const n = Mesh2D * Mesh2D
	codes := make([]float32, n*c.Latent)
	for i := range n {
		if c.Latent == 1 {
			codes[i] = at(i, n)
			continue
		}
		codes[i*c.Latent], codes[i*c.Latent+1] = at(i%Mesh2D, Mesh2D), at(i/Mesh2D, Mesh2D)
	}
	return codes
}

// look traces what is shown of the game, outputs:
//
//	heat    D at the centres of the map's cells, rows from y = Reach2D down, f32 [Heat2D Heat2D]
//	fakes   f32 [Fakes2D 2]
//	arrows  where the loss of G falls fastest for each of the first fakes, f32 [Arrows2D 2]
//	mesh    images of the mesh, f32 [Mesh2D² 2]
func (p pair2D) look(s *nn.Scope) {
	b := s.B
	cell := 2 * Reach2D / float64(Heat2D)
	axis := func(dim int, sign float64) ir.Value {
		v := ops.Scale(b, ops.Shift(b, ops.Iota(b, ir.F32, dim, Heat2D, Heat2D), 0.5), sign*cell)
		return ops.Reshape(b, ops.Shift(b, v, -sign*Reach2D), Heat2D*Heat2D, 1)
	}
	heat := p.d.apply(s, ops.Concat(b, 1, axis(1, 1), axis(0, -1)))
	b.Output("heat", ops.Reshape(b, p.opinion(b, heat), Heat2D, Heat2D))
	fakes := p.g.apply(s, p.noise(s, Fakes2D))
	b.Output("fakes", fakes)
	some := ops.Slice(b, fakes, 0, 0, Arrows2D)
	yes := ir.None
	if p.Loss == "relativistic" {
		yes = p.d.apply(s, s.Input(fixed2D, ir.Of(ir.F32, Arrows2D, 2)))
	}
	loss := losses2D[p.Loss].g(b, yes, p.d.apply(s, some))
	if b.Err() != nil {
		return
	}
	down := grad.Of(b, loss, []ir.Value{some})[0]
	b.Output("arrows", ops.Scale(b, down, -Arrows2D)) // the loss is a mean
	b.Output("mesh", p.g.apply(s, s.Input(codes2D, ir.Of(ir.F32, Mesh2D*Mesh2D, p.Latent))))
}
