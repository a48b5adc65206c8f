package x86

// form says which operands an instruction takes and where they go.
type form uint8

const (
	form3      form = iota // d, s, rm
	form2                  // d, rm
	formStore              // rm, d: the first operand is the destination
	formShift              // d (in vvvv), rm, imm; Ext in ModRM.reg
	formBlend              // d, s, rm, mask register in the immediate byte
	formGather             // d, [vector index], mask
	formMaskLd             // d, mask, m
	formMaskSt             // m, mask, d
	formToMask             // k, s, rm
	formFromV              // k, rm: the mask of a vector's signs
	formFromK              // d, k
)

// tuple gives the disp8*N factor of the EVEX form.
type tuple uint8

const (
	full    tuple = iota // the vector's width
	scalar4              // 4 bytes
	quarter              // 16 bytes
	half                 // 32 bytes
)

const (
	hasVEX  = 1 << iota // there is a VEX form
	hasEVEX             // there is an EVEX form
	hasImm              // an immediate byte follows
	w1VEX               // VEX.W is 1
	w1EVEX              // EVEX.W is 1
	qword               // elements are 64 bits wide: broadcasts are {1toN/2}
	noBcst              // no embedded broadcast
	memOnly             // rm must be memory
	regOnly             // rm must be a register
	rmHalf              // the register in rm is an X where it is not memory
	rmQuad              // the rm register is half as wide as the instruction (vextractf64x4 and vinsertf64x4)
	xmmOnly             // scalar: always encoded at width X
)

const both = hasVEX | hasEVEX

// Op is a vector instruction: its names and where its encoding lies.
type Op struct {
	Name  string // VEX mnemonic
	EName string // EVEX mnemonic where it differs
	pp    byte   // 0 none, 1 = 66, 2 = F3, 3 = F2
	mm    byte   // 1 = 0F, 2 = 0F38, 3 = 0F3A
	code  byte
	form  form
	tuple tuple
	flags int
	ext   byte
}

// HasVEX reports whether the instruction exists without AVX-512.
func (o *Op) HasVEX() bool { return o.flags&hasVEX != 0 }

// Moves and broadcasts.
var (
	Vmovups       = &Op{Name: "vmovups", mm: 1, code: 0x10, form: form2, flags: both | noBcst}
	VmovupsStore  = &Op{Name: "vmovups", mm: 1, code: 0x11, form: formStore, flags: both | noBcst | memOnly}
	Vmovaps       = &Op{Name: "vmovaps", mm: 1, code: 0x28, form: form2, flags: both | noBcst}
	VmovapsStore  = &Op{Name: "vmovaps", mm: 1, code: 0x29, form: formStore, flags: both | noBcst | memOnly}
	VmovntpsStore = &Op{Name: "vmovntps", mm: 1, code: 0x2b, form: formStore, flags: both | noBcst | memOnly}
	Vmovss        = &Op{Name: "vmovss", pp: 2, mm: 1, code: 0x10, form: form2, tuple: scalar4,
		flags: both | noBcst | memOnly | xmmOnly}
	VmovssStore = &Op{Name: "vmovss", pp: 2, mm: 1, code: 0x11, form: formStore, tuple: scalar4,
		flags: both | noBcst | memOnly | xmmOnly}
	Vbroadcastss = &Op{Name: "vbroadcastss", pp: 1, mm: 2, code: 0x18, form: form2, tuple: scalar4,
		flags: both | noBcst | rmHalf}
	Vpbroadcastd = &Op{Name: "vpbroadcastd", pp: 1, mm: 2, code: 0x58, form: form2, tuple: scalar4,
		flags: both | noBcst | rmHalf}
	Vmaskmovps = &Op{Name: "vmaskmovps", pp: 1, mm: 2, code: 0x2c, form: formMaskLd,
		flags: hasVEX | memOnly}
	VmaskmovpsStore = &Op{Name: "vmaskmovps", pp: 1, mm: 2, code: 0x2e, form: formMaskSt,
		flags: hasVEX | memOnly}
	Vgatherdps = &Op{Name: "vgatherdps", pp: 1, mm: 2, code: 0x92, form: formGather, tuple: scalar4,
		flags: both | noBcst | memOnly}
	Vscatterdps = &Op{Name: "vscatterdps", pp: 1, mm: 2, code: 0xa2, form: formGather, tuple: scalar4,
		flags: hasEVEX | noBcst | memOnly}
)

// Float arithmetic.
var (
	Vaddps       = &Op{Name: "vaddps", mm: 1, code: 0x58, flags: both}
	Vmulps       = &Op{Name: "vmulps", mm: 1, code: 0x59, flags: both}
	Vsubps       = &Op{Name: "vsubps", mm: 1, code: 0x5c, flags: both}
	Vminps       = &Op{Name: "vminps", mm: 1, code: 0x5d, flags: both}
	Vdivps       = &Op{Name: "vdivps", mm: 1, code: 0x5e, flags: both}
	Vmaxps       = &Op{Name: "vmaxps", mm: 1, code: 0x5f, flags: both}
	Vsqrtps      = &Op{Name: "vsqrtps", mm: 1, code: 0x51, form: form2, flags: both}
	Vandps       = &Op{Name: "vandps", mm: 1, code: 0x54, flags: hasVEX}
	Vandnps      = &Op{Name: "vandnps", mm: 1, code: 0x55, flags: hasVEX}
	Vorps        = &Op{Name: "vorps", mm: 1, code: 0x56, flags: hasVEX}
	Vxorps       = &Op{Name: "vxorps", mm: 1, code: 0x57, flags: hasVEX}
	Vfmadd132ps  = &Op{Name: "vfmadd132ps", pp: 1, mm: 2, code: 0x98, flags: both}
	Vfmadd213ps  = &Op{Name: "vfmadd213ps", pp: 1, mm: 2, code: 0xa8, flags: both}
	Vfmadd231ps  = &Op{Name: "vfmadd231ps", pp: 1, mm: 2, code: 0xb8, flags: both}
	Vfmsub132ps  = &Op{Name: "vfmsub132ps", pp: 1, mm: 2, code: 0x9a, flags: both}
	Vfmsub213ps  = &Op{Name: "vfmsub213ps", pp: 1, mm: 2, code: 0xaa, flags: both}
	Vfmsub231ps  = &Op{Name: "vfmsub231ps", pp: 1, mm: 2, code: 0xba, flags: both}
	Vfnmadd132ps = &Op{Name: "vfnmadd132ps", pp: 1, mm: 2, code: 0x9c, flags: both}
	Vfnmadd213ps = &Op{Name: "vfnmadd213ps", pp: 1, mm: 2, code: 0xac, flags: both}
	Vfnmadd231ps = &Op{Name: "vfnmadd231ps", pp: 1, mm: 2, code: 0xbc, flags: both}
	Vroundps     = &Op{Name: "vroundps", EName: "vrndscaleps", pp: 1, mm: 3, code: 0x08, form: form2,
		flags: both | hasImm}
	Vscalefps   = &Op{Name: "vscalefps", pp: 1, mm: 2, code: 0x2c, flags: hasEVEX}
	Vgetexpps   = &Op{Name: "vgetexpps", pp: 1, mm: 2, code: 0x42, form: form2, flags: hasEVEX}
	Vgetmantps  = &Op{Name: "vgetmantps", pp: 1, mm: 3, code: 0x26, form: form2, flags: hasEVEX | hasImm}
	Vrcp14ps    = &Op{Name: "vrcp14ps", pp: 1, mm: 2, code: 0x4c, form: form2, flags: hasEVEX}
	Vrsqrt14ps  = &Op{Name: "vrsqrt14ps", pp: 1, mm: 2, code: 0x4e, form: form2, flags: hasEVEX}
	Vrcpps      = &Op{Name: "vrcpps", mm: 1, code: 0x53, form: form2, flags: hasVEX}
	Vrsqrtps    = &Op{Name: "vrsqrtps", mm: 1, code: 0x52, form: form2, flags: hasVEX}
	Vcvtps2dq   = &Op{Name: "vcvtps2dq", pp: 1, mm: 1, code: 0x5b, form: form2, flags: both}
	Vcvttps2dq  = &Op{Name: "vcvttps2dq", pp: 2, mm: 1, code: 0x5b, form: form2, flags: both}
	Vcvtdq2ps   = &Op{Name: "vcvtdq2ps", mm: 1, code: 0x5b, form: form2, flags: both}
	Vcvttps2udq = &Op{Name: "vcvttps2udq", mm: 1, code: 0x78, form: form2, flags: hasEVEX}
	Vcvtudq2ps  = &Op{Name: "vcvtudq2ps", pp: 3, mm: 1, code: 0x7a, form: form2, flags: hasEVEX}
)

// Integer arithmetic and bits, on lanes of 32 bits.
var (
	Vpaddd   = &Op{Name: "vpaddd", pp: 1, mm: 1, code: 0xfe, flags: both}
	Vpsubd   = &Op{Name: "vpsubd", pp: 1, mm: 1, code: 0xfa, flags: both}
	Vpmulld  = &Op{Name: "vpmulld", pp: 1, mm: 2, code: 0x40, flags: both}
	Vpmuludq = &Op{Name: "vpmuludq", pp: 1, mm: 1, code: 0xf4, flags: both | w1EVEX | qword}
	Vpmuldq  = &Op{Name: "vpmuldq", pp: 1, mm: 2, code: 0x28, flags: both | w1EVEX | qword}
	Vpand    = &Op{Name: "vpand", EName: "vpandd", pp: 1, mm: 1, code: 0xdb, flags: both}
	Vpandn   = &Op{Name: "vpandn", EName: "vpandnd", pp: 1, mm: 1, code: 0xdf, flags: both}
	Vpor     = &Op{Name: "vpor", EName: "vpord", pp: 1, mm: 1, code: 0xeb, flags: both}
	Vpxor    = &Op{Name: "vpxor", EName: "vpxord", pp: 1, mm: 1, code: 0xef, flags: both}
	Vpminsd  = &Op{Name: "vpminsd", pp: 1, mm: 2, code: 0x39, flags: both}
	Vpmaxsd  = &Op{Name: "vpmaxsd", pp: 1, mm: 2, code: 0x3d, flags: both}
	Vpminud  = &Op{Name: "vpminud", pp: 1, mm: 2, code: 0x3b, flags: both}
	Vpmaxud  = &Op{Name: "vpmaxud", pp: 1, mm: 2, code: 0x3f, flags: both}
	Vpabsd   = &Op{Name: "vpabsd", pp: 1, mm: 2, code: 0x1e, form: form2, flags: both}
	Vpsllvd  = &Op{Name: "vpsllvd", pp: 1, mm: 2, code: 0x47, flags: both}
	Vpsrlvd  = &Op{Name: "vpsrlvd", pp: 1, mm: 2, code: 0x45, flags: both}
	Vpsravd  = &Op{Name: "vpsravd", pp: 1, mm: 2, code: 0x46, flags: both}
	Vpslld   = &Op{Name: "vpslld", pp: 1, mm: 1, code: 0x72, form: formShift, ext: 6, flags: both | hasImm}
	Vpsrld   = &Op{Name: "vpsrld", pp: 1, mm: 1, code: 0x72, form: formShift, ext: 2, flags: both | hasImm}
	Vpsrad   = &Op{Name: "vpsrad", pp: 1, mm: 1, code: 0x72, form: formShift, ext: 4, flags: both | hasImm}
	Vpsrlq   = &Op{Name: "vpsrlq", pp: 1, mm: 1, code: 0x73, form: formShift, ext: 2,
		flags: both | hasImm | w1EVEX | qword}
	Vpsllq = &Op{Name: "vpsllq", pp: 1, mm: 1, code: 0x73, form: formShift, ext: 6,
		flags: both | hasImm | w1EVEX | qword}
	Vpternlogd = &Op{Name: "vpternlogd", pp: 1, mm: 3, code: 0x25, flags: hasEVEX | hasImm}
)

// Comparisons and selections.
var (
	Vcmpps    = &Op{Name: "vcmpps", mm: 1, code: 0xc2, flags: hasVEX | hasImm}
	VcmppsK   = &Op{Name: "vcmpps", mm: 1, code: 0xc2, form: formToMask, flags: hasEVEX | hasImm}
	Vpcmpeqd  = &Op{Name: "vpcmpeqd", pp: 1, mm: 1, code: 0x76, flags: hasVEX}
	Vpcmpgtd  = &Op{Name: "vpcmpgtd", pp: 1, mm: 1, code: 0x66, flags: hasVEX}
	VpcmpdK   = &Op{Name: "vpcmpd", pp: 1, mm: 3, code: 0x1f, form: formToMask, flags: hasEVEX | hasImm}
	VpcmpudK  = &Op{Name: "vpcmpud", pp: 1, mm: 3, code: 0x1e, form: formToMask, flags: hasEVEX | hasImm}
	VptestmdK = &Op{Name: "vptestmd", pp: 1, mm: 2, code: 0x27, form: formToMask, flags: hasEVEX}
	Vblendvps = &Op{Name: "vblendvps", pp: 1, mm: 3, code: 0x4a, form: formBlend, flags: hasVEX}
	Vblendmps = &Op{Name: "vblendmps", pp: 1, mm: 2, code: 0x65, flags: hasEVEX}
	Vpmovm2d  = &Op{Name: "vpmovm2d", pp: 2, mm: 2, code: 0x38, form: formFromK,
		flags: hasEVEX | noBcst | regOnly}
	Vpmovd2m = &Op{Name: "vpmovd2m", pp: 2, mm: 2, code: 0x39, form: formFromV,
		flags: hasEVEX | noBcst | regOnly}
)

// Shuffles.
var (
	Vunpcklps = &Op{Name: "vunpcklps", mm: 1, code: 0x14, flags: both}
	Vunpckhps = &Op{Name: "vunpckhps", mm: 1, code: 0x15, flags: both}
	Vunpcklpd = &Op{Name: "vunpcklpd", pp: 1, mm: 1, code: 0x14, flags: both | w1EVEX | qword}
	Vunpckhpd = &Op{Name: "vunpckhpd", pp: 1, mm: 1, code: 0x15, flags: both | w1EVEX | qword}
	Vshufps   = &Op{Name: "vshufps", mm: 1, code: 0xc6, flags: both | hasImm}
	Vpermilps = &Op{Name: "vpermilps", pp: 1, mm: 3, code: 0x04, form: form2, flags: both | hasImm}
	Vpshufd   = &Op{Name: "vpshufd", pp: 1, mm: 1, code: 0x70, form: form2, flags: both | hasImm}
	Vmovshdup = &Op{Name: "vmovshdup", pp: 2, mm: 1, code: 0x16, form: form2, flags: both | noBcst}
	Vpermps   = &Op{Name: "vpermps", pp: 1, mm: 2, code: 0x16, flags: both}
	Vpermt2ps = &Op{Name: "vpermt2ps", pp: 1, mm: 2, code: 0x7f, flags: hasEVEX}

	Vperm2f128   = &Op{Name: "vperm2f128", pp: 1, mm: 3, code: 0x06, flags: hasVEX | hasImm}
	Vshuff32x4   = &Op{Name: "vshuff32x4", pp: 1, mm: 3, code: 0x23, flags: hasEVEX | hasImm}
	Vextractf128 = &Op{Name: "vextractf128", EName: "vextractf32x4", pp: 1, mm: 3, code: 0x19,
		form: formStore, tuple: quarter, flags: both | hasImm | noBcst | rmHalf}
	Vextractf64x4 = &Op{Name: "vextractf64x4", pp: 1, mm: 3, code: 0x1b, form: formStore, tuple: half,
		flags: hasEVEX | hasImm | noBcst | w1EVEX | rmQuad}
	Vinsertf128 = &Op{Name: "vinsertf128", EName: "vinsertf32x4", pp: 1, mm: 3, code: 0x18,
		tuple: quarter, flags: both | hasImm | noBcst | rmHalf}
	Vinsertf64x4 = &Op{Name: "vinsertf64x4", pp: 1, mm: 3, code: 0x1a, tuple: half,
		flags: hasEVEX | hasImm | noBcst | w1EVEX | rmQuad}
	Valignd = &Op{Name: "valignd", pp: 1, mm: 3, code: 0x03, flags: hasEVEX | hasImm}
)
