package ops

import "math/rand"

// RandomConvs draws convolutions of any attributes, their gradients and transposed
// ones: channels up to the given number, and few enough products for Ref.
func RandomConvs(r *rand.Rand, n, channels int) []Sample {
	var all []Sample
	for len(all) < n {
		h, w, taps := 1+r.Intn(12), 1+r.Intn(12), 1+r.Intn(5)
		stride, dilation, pad := 1+r.Intn(3), 1+r.Intn(2), r.Intn(4)
		groups := 1
		in, out := 1+r.Intn(channels), 1+r.Intn(channels)
		if r.Intn(3) == 0 {
			groups = 1 + r.Intn(4)
			in, out = groups*(1+in/groups), groups*(1+out/groups)
		}
		p, q := window(h+2*pad, taps, stride, dilation), window(w+2*pad, taps, stride, dilation)
		batch := 1 + r.Intn(3)
		if p < 1 || q < 1 || batch*p*q*taps*taps*in*out > 1<<19 {
			continue
		}
		trans := r.Intn(2) == 0
		shape := func(trans bool) []int {
			if trans {
				return []int{taps, taps, out / groups, in}
			}
			return []int{taps, taps, in / groups, out}
		}
		seed := uint64(r.Int31())
		x, g := draw(seed, -1, 1, batch, h, w, in), draw(seed+1, -1, 1, batch, p, q, out)
		all = append(all,
			at(convPad2d{stride, dilation, groups, trans, pad}, x, draw(seed+2, -1, 1, shape(trans)...)),
			at(convTranspose2d{stride, dilation, groups, !trans, h, w, pad}, g, draw(seed+3, -1, 1, shape(trans)...)))
		if pad == 0 {
			all = append(all, at(conv2dWeightGrad{stride, dilation, groups, trans, taps, taps}, x, g))
		}
	}
	return all
}
