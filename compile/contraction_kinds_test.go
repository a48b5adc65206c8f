package compile_test

import (
	"fmt"

	"mllab/ops"
)

// contractions are the kinds that TestRandomContractions draws.
var contractions = []struct {
	name string
	draw func(m *contraction)
}{
	{"conv", func(m *contraction) { m.conv(false, shape{}) }},
	{"conv 1x1", func(m *contraction) { m.conv(false, shape{taps: 1}) }},
	{"conv from few channels", func(m *contraction) { m.conv(false, shape{in: 4}) }},
	{"conv to few channels", func(m *contraction) { m.conv(false, shape{out: 4}) }},
	{"conv in groups", func(m *contraction) { m.conv(false, shape{groups: 5}) }},
	{"conv of each channel", func(m *contraction) { m.conv(false, shape{depthwise: true}) }},
	{"transposed", func(m *contraction) { m.conv(true, shape{}) }},
	{"transposed 1x1", func(m *contraction) { m.conv(true, shape{taps: 1}) }},
	{"transposed from few channels", func(m *contraction) { m.conv(true, shape{in: 4}) }},
	{"transposed to few channels", func(m *contraction) { m.conv(true, shape{out: 4}) }},
	{"transposed in groups", func(m *contraction) { m.conv(true, shape{groups: 5}) }},
	{"transposed of each channel", func(m *contraction) { m.conv(true, shape{depthwise: true}) }},
	{"matmul nn", func(m *contraction) { m.matmul(false, false) }},
	{"matmul nt", func(m *contraction) { m.matmul(false, true) }},
	{"matmul tn", func(m *contraction) { m.matmul(true, false) }},
	{"matmul tt", func(m *contraction) { m.matmul(true, true) }},
	{"batched", (*contraction).batched},
}

// shape bounds what a convolution draws: at most so many taps a side, channels and
// groups, 0 for any.
type shape struct {
	taps, in, out, groups int
	depthwise             bool
}

// conv draws a convolution with strides of 1 to 3, padding of 0 to 3 and dilations of 1 or 2.
func (m *contraction) conv(transposed bool, s shape) {
	r := m.r
	c := ops.Conv{Stride: 1 + r.IntN(3), Pad: r.IntN(4), Dilation: 1 + r.IntN(2), Groups: 1}
	if s.groups > 0 {
		c.Groups = 2 + r.IntN(s.groups-1)
	}
	times := 1 + r.IntN(3) // outputs of each channel, depthwise
	extra := [2]int{r.IntN(c.Stride), r.IntN(c.Stride)}
	// wide is the larger side of so many positions of a kernel: a conv's input, a transposed one's output.
	wide := func(positions, taps, more int) int {
		return max(1, (positions-1)*c.Stride+(taps-1)*c.Dilation+1-2*c.Pad+more)
	}
	channels := func(n, most int) int {
		if most > 0 {
			n = min(n, most)
		}
		return (n + c.Groups - 1) / c.Groups * c.Groups
	}
	names := "batch rows columns in out"
	switch {
	case s.depthwise, s.out > 0:
		names = "batch rows columns in"
	case s.in > 0:
		names = "batch rows columns out"
	}
	few := 1 + r.IntN(4)
	if s.taps == 0 {
		names += " taps across"
	}
	var n, p, q, in, out, t, u int
	cost := func(d []int) int {
		n, p, q, in, out, t, u = d[0], d[1], d[2], d[3], few, 1, 1
		switch d = d[4:]; {
		case s.depthwise:
			c.Groups = in
			out = in * times
		case s.in > 0:
			in, out = few, in
		case s.out == 0:
			out, d = d[0], d[1:]
		}
		if s.taps == 0 {
			t, u = d[len(d)-2], d[len(d)-1]
		}
		in, out = channels(in, s.in), channels(out, s.out)
		small := n * p * q
		large := n * wide(p, t, extra[0]) * wide(q, u, extra[1])
		return max(small*t*u*in*out/c.Groups*min(c.Groups, 4), small*(in+out), large*(in+out), t*u*in*out/c.Groups)
	}
	m.sizes(names, cost)
	m.about = fmt.Sprintf("%d pictures, %dx%d positions of %dx%d taps, %d to %d channels, %+v", n, p, q, t, u, in, out, c)
	if !transposed {
		x := m.input(n, wide(p, t, extra[0]), wide(q, u, extra[1]), in)
		y := ops.Conv2D(m.b, x, m.input(t, u, in/c.Groups, out), c)
		m.finish(y, t*u*in/c.Groups)
		return
	}
	c.OutPad = min(extra[0], extra[1])
	for c.Pad > 0 && min((p-1)*c.Stride+(t-1)*c.Dilation, (q-1)*c.Stride+(u-1)*c.Dilation)+1+c.OutPad <= 2*c.Pad {
		c.Pad--
	}
	y := ops.ConvTranspose2D(m.b, m.input(n, p, q, in), m.input(t, u, in/c.Groups, out), c)
	m.finish(y, t*u*in/c.Groups)
}

func (m *contraction) matmul(transX, transW bool) {
	d := m.sizes("rows columns depth", func(d []int) int { return d[0] * d[1] * d[2] })
	m.about = fmt.Sprint("rows, columns, depth ", d)
	x, w := []int{d[0], d[2]}, []int{d[2], d[1]}
	if transX {
		x[0], x[1] = x[1], x[0]
	}
	if transW {
		w[0], w[1] = w[1], w[0]
	}
	m.finish(ops.MatMulT(m.b, m.input(x...), m.input(w...), transX, transW), d[2])
}

// batched draws products of two stacks of matrices, or of a stack and one matrix.
func (m *contraction) batched() {
	d := m.sizes("batch heads rows columns depth", func(d []int) int { return d[0] * d[1] * d[2] * d[3] * d[4] })
	x, w := []int{d[0], d[1], d[2], d[4]}, []int{d[0], d[1], d[4], d[3]}
	transX, transW := m.r.IntN(2) == 0, m.r.IntN(2) == 0
	if transX {
		x[2], x[3] = x[3], x[2]
	}
	if transW {
		w[2], w[3] = w[3], w[2]
	}
	switch m.r.IntN(4) {
	case 0:
		w[0] = 1
	case 1:
		x[1] = 1
	case 2:
		w = w[2:]
	}
	m.about = fmt.Sprint(x, w, transX, transW)
	m.finish(ops.MatMulT(m.b, m.input(x...), m.input(w...), transX, transW), d[4])
}
