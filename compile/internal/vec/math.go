package vec

import (
	"math"

	"mllab/compile/expr"
)

// The functions below are straight lines of arithmetic on float32 lanes. Sources: the Cephes library's expf,
// logf and tanhf (S. Moshier); N. Juffa's erff; reduction of angles after Cody and Waite, and for large ones
// after Payne and Hanek. TestFunctions of the CPU target measures their errors.

const signBit = 1 << 31

// function is a unary kind of floats.
func (b *builder) function(op expr.Op, x ID) ID {
	switch op {
	case expr.Neg:
		return b.op(Xor, x, b.bits(signBit))
	case expr.Abs:
		return b.abs(x)
	case expr.Exp:
		return b.exp(x)
	case expr.Log:
		return b.log(x)
	case expr.Log1p:
		return b.log1p(x)
	case expr.Tanh:
		return b.tanh(x)
	case expr.Sigmoid:
		return b.sigmoid(x)
	case expr.Sin:
		return b.sincos(x, 0)
	case expr.Cos:
		return b.sincos(x, 1)
	case expr.Sqrt:
		return b.op(SqrtF, x)
	case expr.Rsqrt:
		return b.op(DivF, b.float(1), b.op(SqrtF, x))
	case expr.Recip:
		return b.op(DivF, b.float(1), x)
	case expr.Floor:
		return b.op(Floor, x)
	case expr.Round:
		return b.op(Round, x)
	case expr.Erf:
		return b.erf(x)
	}
	b.fail("function %s is not known", op)
	return x
}

func (b *builder) abs(x ID) ID { return b.op(And, x, b.bits(signBit-1)) }

// copysign gives x the sign of s.
func (b *builder) copysign(x, s ID) ID {
	return b.op(Or, b.abs(x), b.op(And, s, b.bits(signBit)))
}

// scale is x * 2^n for integral floats n in [-300, 300].
func (b *builder) scale(x, n ID) ID {
	if b.f.Scale {
		return b.op(ScaleF, x, n)
	}
	// Two factors, since 2^n itself may be no normal number.
	i := b.op(Nearby, n)
	half := b.opImm(SarI, 1, i)
	pow := func(k ID) ID { return b.opImm(ShlI, 23, b.op(AddI, k, b.int(127))) }
	return b.op(MulF, b.op(MulF, x, pow(half)), pow(b.op(SubI, i, half)))
}

// exp is 2^n * e^r with r = x - n*ln 2 in two parts; NaN, overflow and denormal results come out right.
func (b *builder) exp(x ID) ID {
	x = b.op(MinF, b.float(89), x)
	x = b.op(MaxF, b.float(-104.5), x)
	n := b.op(Round, b.op(MulF, x, b.float(math.Log2E)))
	r := b.fnma(n, b.float(0.693359375), x)
	r = b.fnma(n, b.float(-2.12194440e-4), r)
	p := b.poly(r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
		5.0000001201e-1)
	p = b.fma(p, b.op(MulF, r, r), r)
	return b.scale(b.op(AddF, p, b.float(1)), n)
}

// log is log(m) + e*ln 2 with x = m * 2^e and m around 1.
func (b *builder) log(x ID) ID {
	tiny := b.compare(CmpF, LT, x, b.bits(0x00800000))
	y := b.choose(tiny, b.op(MulF, x, b.float(1<<25)), x)
	// Exponent such that the mantissa lies in [sqrt(1/2), sqrt(2)).
	off := b.op(SubI, y, b.bits(0x3f3504f3))
	e := b.opImm(SarI, 23, off)
	m := b.op(SubI, y, b.opImm(ShlI, 23, e))
	e = b.op(ToFloat, e)
	e = b.choose(tiny, b.op(SubF, e, b.float(25)), e)
	f := b.op(SubF, m, b.float(1))
	z := b.op(MulF, f, f)
	p := b.poly(f, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	p = b.op(MulF, b.op(MulF, p, f), z)
	p = b.fma(e, b.float(-2.12194440e-4), p)
	p = b.fnma(z, b.float(0.5), p)
	r := b.fma(e, b.float(0.693359375), b.op(AddF, f, p))
	inf := b.float(math.Inf(1))
	r = b.choose(b.compare(CmpF, LT, x, inf), r, x) // +inf and NaN are their own logarithms
	r = b.choose(b.compare(CmpF, LT, x, b.float(0)), b.bits(0x7fc00000), r)
	return b.choose(b.compare(CmpF, EQ, x, b.float(0)), b.float(math.Inf(-1)), r)
}

// log1p is log(u) + (x-(u-1))/u with u = 1+x: the second term is what rounding u lost.
func (b *builder) log1p(x ID) ID {
	u := b.op(AddF, x, b.float(1))
	lost := b.op(SubF, x, b.op(SubF, u, b.float(1)))
	big := b.op(SubF, b.float(1), b.op(SubF, u, x))
	lost = b.choose(b.compare(CmpF, LT, b.float(1), x), big, lost)
	l := b.log(u)
	r := b.op(AddF, l, b.op(DivF, lost, u))
	r = b.choose(b.compare(CmpF, LT, u, b.float(math.Inf(1))), r, l)
	r = b.choose(b.compare(CmpF, EQ, u, b.float(0)), l, r)
	return b.choose(b.compare(CmpF, EQ, x, b.float(0)), x, r)
}

// tanh is a polynomial for small arguments and 1 - 2/(exp(2|x|)+1) for others.
func (b *builder) tanh(x ID) ID {
	a := b.abs(x)
	z := b.op(MulF, x, x)
	p := b.poly(z, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	small := b.fma(b.op(MulF, p, z), x, x)
	e := b.op(AddF, b.exp(b.op(AddF, a, a)), b.float(1))
	big := b.op(SubF, b.float(1), b.op(DivF, b.float(2), e))
	return b.choose(b.compare(CmpF, LT, a, b.float(0.625)), small, b.copysign(big, x))
}

// sigmoid is 1/(1+e) or e/(1+e) with e = exp(-|x|), so that nothing overflows.
func (b *builder) sigmoid(x ID) ID {
	e := b.exp(b.op(Or, x, b.bits(signBit)))
	top := b.choose(b.compare(CmpF, LT, x, b.float(0)), e, b.float(1))
	return b.op(DivF, top, b.op(AddF, e, b.float(1)))
}

// erf is x + x*P(x^2) for small arguments and 1 - exp(Q(|x|)) for others.
func (b *builder) erf(x ID) ID {
	t, s := b.abs(x), b.op(MulF, x, x)
	r := b.poly(t, -1.72853470e-5, 3.83197126e-4)
	u := b.poly(t, -3.88396438e-3, 2.42546219e-2)
	r = b.fma(r, s, u)
	for _, c := range []float64{-1.06777877e-1, -6.34846687e-1, -1.28717512e-1} {
		r = b.fma(r, t, b.float(c))
	}
	r = b.op(FMS, r, t, t)
	// Past 4 the result is 1; the polynomial would turn back.
	r = b.choose(b.compare(CmpF, LT, b.float(4), t), b.float(-100), r)
	big := b.copysign(b.op(SubF, b.float(1), b.exp(r)), x)
	p := b.poly(s, -5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1)
	small := b.fma(p, x, x)
	return b.choose(b.compare(CmpF, LT, t, b.float(0.927734375)), small, big)
}

// pow is exp(y*log(x)), and 1 for y = 0. The relative error grows with |y*log(x)|: about that many ulp.
func (b *builder) pow(x, y ID) ID {
	r := b.exp(b.op(MulF, y, b.log(x)))
	return b.choose(b.compare(CmpF, EQ, y, b.float(0)), b.float(1), r)
}

// sincos is the sine of x + quarter*pi/2: x = n*pi/2 + r, then a polynomial in r by n's last bits.
func (b *builder) sincos(x ID, quarter int) ID {
	a := b.abs(x)
	n := b.op(Round, b.op(MulF, a, b.float(2/math.Pi)))
	// pi/2 in three parts; the products are exact inside the FMA (Cody and Waite).
	r := b.fnma(n, b.float(1.5707963705062866), a)
	r = b.fnma(n, b.float(-4.3711388287e-08), r)
	r = b.fnma(n, b.float(-1.7151245100e-15), r)
	q := b.op(Nearby, n)
	far := b.compare(CmpF, LT, b.float(largeAngle), a)
	rb, qb := b.payneHanek(a)
	r, q = b.choose(far, rb, r), b.choose(far, qb, q)
	r = b.op(AddF, r, b.op(SubF, a, a)) // NaN for infinities
	sign := b.op(And, x, b.bits(signBit))
	if quarter != 0 {
		q = b.op(AddI, q, b.int(quarter))
		sign = b.bits(0) // the cosine is even
	}
	z := b.op(MulF, r, r)
	s := b.poly(z, -1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
	s = b.fma(b.op(MulF, s, z), r, r)
	c := b.poly(z, 2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2, -0.5)
	c = b.fma(c, z, b.float(1))
	odd := b.compare(CmpI, NE, b.op(And, q, b.int(1)), b.int(0))
	v := b.choose(odd, c, s)
	flip := b.opImm(ShlI, 30, b.op(And, q, b.int(2)))
	return b.op(Xor, b.op(Xor, v, flip), sign)
}

// largeAngle is where the three-part reduction gives way to the exact one.
const largeAngle = 20000

// twoOverPi are the bits of 2/pi behind the point, 32 a word.
var twoOverPi = [...]uint32{0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041,
	0xfe5163ab}

// payneHanek reduces a >= 2^14: a = m*2^e, and of the product m * 2/pi only the 64 bits around the point are
// kept: the quadrant and the fraction (Payne and Hanek, "Radian reduction for trigonometric functions",
// ACM SIGNUM Newsletter 18, 1983).
func (b *builder) payneHanek(a ID) (r, q ID) {
	exp := b.op(SubI, b.opImm(ShrI, 23, a), b.int(127+23)) // a = m * 2^exp
	m := b.op(Or, b.op(And, a, b.int(1<<23-1)), b.int(1<<23))
	// Bit i of 2/pi (from 1) weighs 2^(exp-i) in the quotient: from weight 2 on, bit exp-1, the bits count.
	at := b.op(AddI, exp, b.int(30)) // where that bit is in a table with 32 zero bits in front; exp is -9 to 104
	word, shift := b.opImm(SarI, 5, at), b.op(And, at, b.int(31))
	table := append([]uint32{0}, twoOverPi[:]...)
	pick := func(k int) ID { // word+k of the table, where word is 0 to 4
		v := b.bits(table[k])
		for i := 1; i <= 4; i++ {
			v = b.choose(b.compare(CmpI, EQ, word, b.int(i)), b.bits(table[i+k]), v)
		}
		return v
	}
	w0, w1, w2, w3 := pick(0), pick(1), pick(2), pick(3)
	back := b.op(SubI, b.int(32), shift)
	join := func(hi, lo ID) ID { return b.op(Or, b.op(ShlV, hi, shift), b.op(ShrV, lo, back)) }
	hi, mid, lo := join(w0, w1), join(w1, w2), join(w2, w3)
	// m * (hi:mid:lo), the top 32 of the 128 bits dropped: they are whole turns.
	low := b.op(AddI, b.op(MulI, m, mid), b.op(MulHiU, m, lo))
	carry := b.choose(b.compare(CmpU, LT, low, b.op(MulHiU, m, lo)), b.int(1), b.int(0))
	top := b.op(AddI, b.op(AddI, b.op(MulI, m, hi), b.op(MulHiU, m, mid)), carry)
	// top:low in units of 2^-62 quadrants: round to a quadrant, keep the signed rest.
	q = b.opImm(ShrI, 30, b.op(AddI, top, b.int(1<<29)))
	rest := b.op(SubI, top, b.opImm(ShlI, 30, q))
	// The rest is rest*2^-30 + low*2^-62; low counts as unsigned, in two exact halves.
	f := b.op(MulF, b.op(ToFloat, rest), b.float(math.Ldexp(1, -30)))
	f = b.fma(b.op(ToFloat, b.opImm(ShrI, 8, low)), b.float(math.Ldexp(1, -54)), f)
	return b.fma(f, b.float(1.5707963705062866), b.op(MulF, f, b.float(-4.3711388287e-08))), q
}
