package samples

import "math/bits"

// Permutation is a shuffled order of 0..n-1 that takes no memory: a Feistel network over the smallest even
// number of bits that holds n, walked until it lands inside (Black and Rogaway, "Ciphers with arbitrary
// finite domains", CT-RSA 2002). It is the same on every machine, and safe for concurrent use.
type Permutation struct {
	n    uint64
	half uint
	keys [feistelRounds]uint64
}

const feistelRounds = 6

// Order is the order in which an epoch visits n examples: another for every epoch and every seed.
func Order(seed uint64, epoch int, n int) Permutation {
	p := Permutation{n: uint64(max(n, 0))}
	width := bits.Len64(max(p.n, 1) - 1)
	p.half = uint(max(1, (width+1)/2))
	r := stream{mix(seed) ^ mix(uint64(epoch)*golden+1)}
	for k := range p.keys {
		p.keys[k] = r.next()
	}
	return p
}

// Len is the number of examples in the order.
func (p Permutation) Len() int { return int(p.n) }

// At is the example at place i, counted modulo Len; -1 when there are none.
func (p Permutation) At(i int) int {
	if p.n == 0 {
		return -1
	}
	x := uint64(i) % p.n
	mask := uint64(1)<<p.half - 1
	for {
		l, r := x>>p.half, x&mask
		for _, k := range p.keys {
			l, r = r, l^(mix(r^k)&mask)
		}
		x = l<<p.half | r
		if x < p.n {
			return int(x)
		}
	}
}
