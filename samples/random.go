package samples

// stream is the SplitMix64 generator (Steele, Lea and Flood, "Fast splittable pseudorandom number
// generators", OOPSLA 2014): a counter and a mixer, so a stream starts anywhere at no cost, and integer
// arithmetic alone, so it gives the same numbers on every machine.
type stream struct{ state uint64 }

const golden = 0x9e3779b97f4a7c15

func (r *stream) next() uint64 {
	r.state += golden
	return mix(r.state)
}

// mix is a bijection of 64 bits in which every input bit moves every output bit.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// uniform is in [0,1), with 53 bits.
func (r *stream) uniform() float64 { return float64(r.next()>>11) / (1 << 53) }

// around is centre plus or minus at most spread, triangular: near the centre is likelier.
func (r *stream) around(centre, spread float64) float64 {
	t := r.uniform() - r.uniform()
	return centre + float64(spread*t)
}

// exampleKey is the key of example n of a split: even in training and odd in testing, whatever the seed, so no
// test example comes up in training; the test split is the same for every seed.
func exampleKey(seed uint64, split Split, n uint64) uint64 {
	if split == Test {
		return mix(n+golden)<<1 | 1
	}
	return mix(mix(seed+golden)+n) << 1
}

// hashText is 64-bit FNV-1a (mixed, since FNV's low bits are weak): stable for ever, because splits of
// users' data rest on it.
func hashText(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return mix(h)
}
