package cpu

import (
	"math"
	"math/bits"
	"runtime"

	"mllab/compile/internal/vec"
)

// fuses says that the Go compiler makes x*y + z one instruction with one rounding here.
const fuses = runtime.GOARCH == "arm64" || runtime.GOARCH == "ppc64le" || runtime.GOARCH == "s390x" ||
	runtime.GOARCH == "riscv64" || runtime.GOARCH == "loong64"

// fma rounds once, unless it is loose: functions such as sin rely on it.
func fma(d, a, b, c *lanes, loose bool) {
	if fuses || loose {
		for i := range d {
			d[i] = a[i]*b[i] + c[i]
		}
		return
	}
	for i := range d { // the product is exact in float64
		d[i] = float32(float64(a[i])*float64(b[i]) + float64(c[i]))
	}
}

func (m *machine) floats(x *vec.Ins, d *lanes) {
	a := &m.vals[x.Args[0]]
	if x.Args[1] < 0 {
		unaryFloats(x.Op, d, a)
		return
	}
	b := &m.vals[x.Args[1]]
	switch x.Op {
	case vec.AddF:
		for i := range d {
			d[i] = a[i] + b[i]
		}
	case vec.SubF:
		for i := range d {
			d[i] = a[i] - b[i]
		}
	case vec.MulF:
		for i := range d {
			d[i] = a[i] * b[i]
		}
	case vec.DivF:
		for i := range d {
			d[i] = a[i] / b[i]
		}
	case vec.MinF:
		for i := range d {
			v := b[i]
			if a[i] < v {
				v = a[i]
			}
			d[i] = v
		}
	case vec.MaxF:
		for i := range d {
			v := b[i]
			if a[i] > v {
				v = a[i]
			}
			d[i] = v
		}
	case vec.FNMA:
		c := &m.vals[x.Args[2]]
		for i := range d {
			d[i] = float32(float64(c[i]) - float64(a[i])*float64(b[i]))
		}
	case vec.FMS:
		c := &m.vals[x.Args[2]]
		for i := range d {
			d[i] = float32(float64(a[i])*float64(b[i]) - float64(c[i]))
		}
	}
}

func unaryFloats(op vec.Op, d, a *lanes) {
	for i, v := range a {
		f := float64(v)
		switch op {
		case vec.SqrtF:
			d[i] = float32(math.Sqrt(f))
		case vec.Round:
			d[i] = float32(math.RoundToEven(f))
		case vec.Floor:
			d[i] = float32(math.Floor(f))
		case vec.ToInt:
			d.ints()[i] = toInt(f)
		case vec.Nearby:
			d.ints()[i] = toInt(math.RoundToEven(f))
		case vec.ToFloat:
			d[i] = float32(a.ints()[i])
		}
	}
}

// toInt truncates; what does not fit gives the least integer.
func toInt(f float64) int32 {
	if f > -1<<31-1 && f < 1<<31 {
		return int32(f)
	}
	return math.MinInt32
}

func (m *machine) integers(x *vec.Ins, d *lanes) {
	r, a := d.bits(), m.vals[x.Args[0]].bits()
	b := a
	if x.Args[1] >= 0 {
		b = m.vals[x.Args[1]].bits()
	}
	for i, p := range a {
		r[i] = integer(x, p, b[i])
	}
}

// integer computes one lane; the shift counts of the program are below 32 where they are immediate.
func integer(x *vec.Ins, p, q uint32) uint32 {
	switch x.Op {
	case vec.AddI:
		return p + q
	case vec.SubI:
		return p - q
	case vec.MulI:
		return p * q
	case vec.MulHiU:
		hi, _ := bits.Mul32(p, q)
		return hi
	case vec.MinI:
		return uint32(min(int32(p), int32(q)))
	case vec.MaxI:
		return uint32(max(int32(p), int32(q)))
	case vec.And:
		return p & q
	case vec.Or:
		return p | q
	case vec.Xor:
		return p ^ q
	case vec.AndNot:
		return ^p & q
	case vec.ShlI:
		return p << x.Imm
	case vec.ShrI:
		return p >> x.Imm
	case vec.SarI:
		return uint32(int32(p) >> x.Imm)
	case vec.ShlV:
		return p << q
	case vec.ShrV:
		return p >> q
	}
	return 0
}

func (m *machine) masks(x *vec.Ins, d *lanes) {
	a := &m.vals[x.Args[0]]
	b := a
	if x.Args[1] >= 0 {
		b = &m.vals[x.Args[1]]
	}
	p, q := *a.mask(), *b.mask()
	switch x.Op {
	case vec.MaskAnd:
		*d.mask() = p & q
		return
	case vec.MaskOr:
		*d.mask() = p | q
		return
	case vec.MaskXor:
		*d.mask() = p ^ q
		return
	case vec.MaskNot:
		*d.mask() = ^p
		return
	}
	var r uint32
	for i := range a {
		var is bool
		switch x.Op {
		case vec.CmpF:
			is = relate(vec.Relation(x.Imm), a[i], b[i])
		case vec.CmpI:
			is = relate(vec.Relation(x.Imm), a.ints()[i], b.ints()[i])
		case vec.CmpU:
			is = relate(vec.Relation(x.Imm), a.bits()[i], b.bits()[i])
		}
		if is {
			r |= 1 << i
		}
	}
	*d.mask() = r
}

func relate[T float32 | int32 | uint32](r vec.Relation, a, b T) bool {
	switch r {
	case vec.LT:
		return a < b
	case vec.LE:
		return a <= b
	case vec.EQ:
		return a == b
	}
	return a != b
}

func (m *machine) shuffle(x *vec.Ins, d *lanes) {
	a := &m.vals[x.Args[0]]
	switch x.Op {
	case vec.Select:
		k, p, q := *a.mask(), &m.vals[x.Args[1]], &m.vals[x.Args[2]]
		for i := range d {
			if k>>i&1 != 0 {
				d[i] = p[i]
			} else {
				d[i] = q[i]
			}
		}
	case vec.Reduce:
		m.reduce(vec.Op(x.Imm), d, a)
	case vec.Extract:
		d.fill(a.bits()[x.Imm])
	case vec.ScaleF:
		n := &m.vals[x.Args[1]]
		for i := range d {
			d[i] = float32(math.Ldexp(float64(a[i]), int(toInt(float64(n[i])))))
		}
	case vec.Blocks:
		b := &m.vals[x.Args[1]]
		for k := range 4 {
			from, s := a, int(x.Imm>>(2*k)&3)
			if k >= 2 {
				from = b
			}
			copy(d[4*k:4*k+4], from[4*s:4*s+4])
		}
	default:
		unpack(x.Op, d, a, &m.vals[x.Args[1]])
	}
}

// unpack interleaves within blocks of four lanes.
func unpack(op vec.Op, d, a, b *lanes) {
	for k := 0; k < evalLanes; k += 4 {
		switch op {
		case vec.UnpackLo:
			d[k], d[k+1], d[k+2], d[k+3] = a[k], b[k], a[k+1], b[k+1]
		case vec.UnpackHi:
			d[k], d[k+1], d[k+2], d[k+3] = a[k+2], b[k+2], a[k+3], b[k+3]
		case vec.UnpackLo2:
			d[k], d[k+1], d[k+2], d[k+3] = a[k], a[k+1], b[k], b[k+1]
		case vec.UnpackHi2:
			d[k], d[k+1], d[k+2], d[k+3] = a[k+2], a[k+3], b[k+2], b[k+3]
		}
	}
}

// reduce folds in halves, as machine code does.
func (m *machine) reduce(op vec.Op, d, a *lanes) {
	t := *a
	for n := evalLanes / 2; n > 0; n /= 2 {
		for i := range n {
			switch op {
			case vec.AddF:
				t[i] += t[i+n]
			case vec.MulF:
				t[i] *= t[i+n]
			case vec.MaxF:
				if !(t[i] > t[i+n]) {
					t[i] = t[i+n]
				}
			case vec.MinF:
				if !(t[i] < t[i+n]) {
					t[i] = t[i+n]
				}
			default:
				x := vec.Ins{Op: op}
				t.bits()[i] = integer(&x, t.bits()[i], t.bits()[i+n])
			}
		}
	}
	d.fill(t.bits()[0])
}
