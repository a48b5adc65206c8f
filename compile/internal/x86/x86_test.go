package x86

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite testdata/encodings.txt with the bytes of llvm-mc")

const golden = "testdata/encodings.txt"

// allOps is every vector instruction of ops.go.
var allOps = []*Op{
	Vmovups, VmovupsStore, Vmovaps, VmovapsStore, VmovntpsStore, Vmovss, VmovssStore, Vbroadcastss,
	Vpbroadcastd, Vmaskmovps, VmaskmovpsStore, Vgatherdps, Vscatterdps, Vaddps, Vmulps, Vsubps, Vminps,
	Vdivps, Vmaxps, Vsqrtps, Vandps, Vandnps, Vorps, Vxorps, Vfmadd132ps, Vfmadd213ps, Vfmadd231ps,
	Vfmsub132ps, Vfmsub213ps, Vfmsub231ps, Vfnmadd132ps, Vfnmadd213ps, Vfnmadd231ps, Vroundps, Vscalefps,
	Vgetexpps, Vgetmantps, Vrcp14ps, Vrsqrt14ps, Vrcpps, Vrsqrtps, Vcvtps2dq, Vcvttps2dq, Vcvtdq2ps,
	Vcvttps2udq, Vcvtudq2ps, Vpaddd, Vpsubd, Vpmulld, Vpmuludq, Vpmuldq, Vpand, Vpandn, Vpor, Vpxor,
	Vpminsd, Vpmaxsd, Vpminud, Vpmaxud, Vpabsd, Vpsllvd, Vpsrlvd, Vpsravd, Vpslld, Vpsrld, Vpsrad, Vpsrlq,
	Vpsllq, Vpternlogd, Vcmpps, VcmppsK, Vpcmpeqd, Vpcmpgtd, VpcmpdK, VpcmpudK, VptestmdK, Vblendvps,
	Vblendmps, Vpmovm2d, Vpmovd2m, Vunpcklps, Vunpckhps, Vunpcklpd, Vunpckhpd, Vshufps, Vpermilps, Vpshufd,
	Vmovshdup, Vpermps, Vpermt2ps, Vperm2f128, Vshuff32x4, Vextractf128, Vextractf64x4, Vinsertf128,
	Vinsertf64x4, Valignd,
}

func randMem(r *rand.Rand) Mem {
	m := Mem{Base: Reg(r.IntN(16))}
	if r.IntN(2) == 0 {
		m.Scale = 1 << r.IntN(4)
		for m.Index = uint8(r.IntN(16)); m.Index == uint8(RSP); {
			m.Index = uint8(r.IntN(16))
		}
	}
	switch r.IntN(4) {
	case 0:
		m.Disp = int32(r.IntN(256) - 128)
	case 1:
		m.Disp = int32(r.IntN(400)-200) * 64
	case 2:
		m.Disp = int32(r.Uint32())
	}
	return m
}

// randVector emits one random instruction of kind op.
func randVector(a *Asm, r *rand.Rand, op *Op) {
	evex := op.flags&hasEVEX != 0 && (op.flags&hasVEX == 0 || r.IntN(2) == 0)
	x := Ins{Op: op, W: Y, Imm: uint8(r.IntN(256))}
	n := 16
	if evex {
		n, x.W = 32, []Width{X, Y, Z}[r.IntN(3)]
	} else if r.IntN(2) == 0 {
		x.W = X
	}
	x.D, x.S, x.R = Vec(r.IntN(n)), Vec(r.IntN(n)), Vec(r.IntN(n))
	switch op {
	case Vextractf128, Vinsertf128, Vperm2f128, Vshuff32x4:
		x.W = max(x.W, Y)
	case Vextractf64x4, Vinsertf64x4:
		x.W = Z
	case Vpermps:
		x.W = max(x.W, Y)
	}
	if op.form == formToMask || op.form == formFromV {
		x.D &= 7
	}
	if op.form == formFromK {
		x.R &= 7
	}
	if op.form == formBlend {
		x.Imm &= 15
	}
	mask := op.form != formFromK && op.form != formFromV && op != VmovntpsStore
	if evex && mask && r.IntN(2) == 0 {
		x.K = K(1 + r.IntN(7))
		zero := op.form != formStore && op.form != formGather && op.form != formToMask
		x.Zero = zero && r.IntN(2) == 0
	}
	mem := op.flags&regOnly == 0 && (op.flags&memOnly != 0 || r.IntN(2) == 0)
	if op.form == formShift && !evex && x.W != Z && x.D < 16 {
		mem = false
	}
	if !mem {
		a.Do(x)
		return
	}
	m := randMem(r)
	if op.form == formGather {
		if op == Vscatterdps || evex {
			x.K = K(1 + r.IntN(7))
		}
		m.Vector, m.Scale, m.Index = true, 4, uint8(r.IntN(n))
		if m.Index == uint8(x.D) || x.S == x.D || uint8(x.S) == m.Index {
			x.D, m.Index, x.S = 1, 2, 3
		}
	}
	needs := x.needsEVEX(true, m)
	if needs && op.flags&(noBcst) == 0 && op.flags&hasEVEX != 0 && op.tuple == full {
		x.Bcst = r.IntN(2) == 0
	}
	a.DoM(x, m)
}

// randInteger emits one random instruction of the integer and mask subset.
func randInteger(a *Asm, r *rand.Rand) {
	d, s, m, v := Reg(r.IntN(16)), Reg(r.IntN(16)), randMem(r), int32(r.Uint32())
	if r.IntN(2) == 0 {
		v = int32(r.IntN(256) - 128)
	}
	k1, k2, k3, x := K(r.IntN(8)), K(r.IntN(8)), K(r.IntN(8)), Vec(r.IntN(32))
	w := []Width{X, Y, Z}[r.IntN(3)]
	all := []func(){
		func() { a.AddRR(d, s) }, func() { a.AddRM(d, m) }, func() { a.AddRI(d, v) }, func() { a.AddMI(m, v) },
		func() { a.SubRR(d, s) }, func() { a.SubRM(d, m) }, func() { a.SubRI(d, v) }, func() { a.AndRI(d, v) },
		func() { a.AndRR(d, s) }, func() { a.OrRR(d, s) }, func() { a.XorRR(d, s) }, func() { a.CmpRR(d, s) },
		func() { a.CmpRM(d, m) }, func() { a.CmpRI(d, v) }, func() { a.CmpMI(m, v) }, func() { a.TestRR(d, s) },
		func() { a.MovRR(d, s) }, func() { a.MovRM(d, m) }, func() { a.MovMR(m, s) }, func() { a.MovMI(m, v) },
		func() { a.MovMR32(m, s) }, func() { a.ImulRM(d, m) },
		func() { a.MovsxdRM(d, m) }, func() { a.MovsxdRR(d, s) }, func() { a.MovRI(d, int64(v)) },
		func() { a.MovRI(d, int64(r.Uint64())) }, func() { a.Lea(d, m) }, func() { a.ImulRR(d, s) },
		func() { a.ImulRRI(d, s, v) }, func() { a.ImulRMI(d, m, v) }, func() { a.ShlRI(d, uint8(r.IntN(63)+1)) },
		func() { a.ShrRI(d, uint8(r.IntN(63)+1)) }, func() { a.SarRI(d, uint8(r.IntN(63)+1)) },
		func() { a.Inc(d) }, func() { a.Dec(d) }, func() { a.DecM(m) }, func() { a.Prefetch(r.IntN(4), m) },
		func() { a.Ret() }, func() { a.Sfence() }, func() { a.Vzeroupper() }, func() { a.KmovKR(k1, s) },
		func() { a.KmovRK(d, k1) }, func() { a.KmovKK(k1, k2) }, func() { a.KmovKM(k1, m) },
		func() { a.KmovMK(m, k1) }, func() { a.Kand(k1, k2, k3) }, func() { a.Kandn(k1, k2, k3) },
		func() { a.Kor(k1, k2, k3) }, func() { a.Kxnor(k1, k2, k3) }, func() { a.Kxor(k1, k2, k3) },
		func() { a.Knot(k1, k2) }, func() { a.VmovdVR(x, s) }, func() { a.VmovdRV(d, x) },
		func() { a.VpbroadcastR(w, x, s) },
	}
	all[r.IntN(len(all))]()
}

type sample struct{ text, code string }

// samples emits n random instructions of every vector kind and 60n of the others.
func samples(t *testing.T, seed uint64, n int) []sample {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var out []sample
	one := func(f func(a *Asm)) {
		a := &Asm{Listing: true}
		f(a)
		b, err := a.Bytes()
		require.NoError(t, err)
		require.Len(t, a.Lines, 1)
		out = append(out, sample{a.Lines[0].Text, hex.EncodeToString(b)})
	}
	for _, op := range allOps {
		for range n {
			one(func(a *Asm) { randVector(a, r, op) })
		}
	}
	for range 60 * n {
		one(func(a *Asm) { randInteger(a, r) })
	}
	return out
}

func llvm(t *testing.T, in string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("llvm-mc")
	if err != nil {
		t.Skip("llvm-mc is not installed: the recorded encodings are checked by TestGolden")
	}
	args = append(args, "-triple=x86_64", "-mcpu=x86-64", "-mattr=+avx,+avx2,+fma,+avx512f,+avx512vl,+avx512dq,"+
		"+avx512bw")
	cmd := exec.Command(path, args...)
	cmd.Stdin = strings.NewReader(in)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Run(), "%.2000s", errs.String())
	require.Empty(t, errs.String())
	return out.String()
}

// assemble gives llvm-mc's bytes of each text.
func assemble(t *testing.T, texts []string) []string {
	t.Helper()
	out := llvm(t, strings.Join(texts, "\n"), "-x86-asm-syntax=intel", "-show-encoding")
	var codes []string
	for _, line := range strings.Split(out, "\n") {
		_, enc, ok := strings.Cut(line, "encoding: [")
		if !ok {
			continue
		}
		enc, _, _ = strings.Cut(enc, "]")
		var b []byte
		for _, f := range strings.Split(enc, ",") {
			v, err := strconv.ParseUint(f, 0, 8)
			require.NoError(t, err, line)
			b = append(b, byte(v))
		}
		codes = append(codes, hex.EncodeToString(b))
	}
	require.Len(t, codes, len(texts))
	return codes
}

// disassemble gives llvm-mc's text of each code.
func disassemble(t *testing.T, codes []string) []string {
	t.Helper()
	var in strings.Builder
	for _, c := range codes {
		b, err := hex.DecodeString(c)
		require.NoError(t, err)
		for _, v := range b {
			fmt.Fprintf(&in, "0x%02x ", v)
		}
		in.WriteString("\n")
	}
	out := llvm(t, in.String(), "-disassemble", "-output-asm-variant=1")
	var texts []string
	for _, line := range strings.Split(out, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, ".") {
			texts = append(texts, line)
		}
	}
	require.Len(t, texts, len(codes))
	return texts
}

// TestAgainstLLVM compares random instructions with llvm-mc: the same bytes, or where an instruction has two
// encodings of one length, bytes that disassemble to the same text.
func TestAgainstLLVM(t *testing.T) {
	ss := samples(t, 1, 40)
	var texts, ours, theirs []string
	for _, s := range ss {
		texts = append(texts, s.text)
	}
	for i, code := range assemble(t, texts) {
		if code != ss[i].code {
			ours, theirs = append(ours, ss[i].code), append(theirs, code)
			assert.LessOrEqual(t, len(ss[i].code), len(code)+2, ss[i].text)
		}
	}
	t.Logf("%d instructions, %d of them with another encoding than llvm-mc's", len(ss), len(ours))
	assert.Less(t, len(ours), len(ss)/10)
	if len(ours) > 0 {
		a, b := disassemble(t, ours), disassemble(t, theirs)
		for i := range a {
			require.Equal(t, b[i], a[i], "ours %s, theirs %s", ours[i], theirs[i])
		}
	}
}

// TestGolden compares with recorded bytes, so that machines without an assembler check too.
func TestGolden(t *testing.T) {
	ss := samples(t, 2, 4)
	if *update {
		var texts []string
		for _, s := range ss {
			texts = append(texts, s.text)
		}
		assemble(t, texts) // the listing must be valid
		var b strings.Builder
		for _, s := range ss {
			fmt.Fprintf(&b, "%s\t%s\n", s.code, s.text)
		}
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	var got strings.Builder
	for _, s := range ss {
		fmt.Fprintf(&got, "%s\t%s\n", s.code, s.text)
	}
	assert.Equal(t, string(want), got.String())
}

func TestJumpsAndAlignment(t *testing.T) {
	a := &Asm{Listing: true}
	top, end := a.NewLabel(), a.NewLabel()
	a.Goto(end)
	a.Align(32)
	require.Equal(t, 32, a.Len())
	a.Bind(top)
	a.Dec(RAX)
	a.Jump(NotEqual, top)
	a.Bind(end)
	a.Ret()
	b, err := a.Bytes()
	require.NoError(t, err)
	assert.Equal(t, "e924000000", hex.EncodeToString(b[:5]))
	assert.Equal(t, "48ffc80f85f7ffffffc3", hex.EncodeToString(b[32:]))

	a = &Asm{}
	a.Goto(a.NewLabel())
	_, err = a.Bytes()
	require.ErrorContains(t, err, "not bound")
}

// TestConstantPool checks the displacement from the instruction's end to the constant.
func TestConstantPool(t *testing.T) {
	a := &Asm{}
	a.DoM(Ins{Op: Vaddps, W: Z, D: 1, S: 2, Bcst: true}, Constant(4))
	a.DoM(Ins{Op: Vroundps, W: Y, D: 1, Imm: 1}, Constant(8))
	n := a.Len()
	b, err := a.Link([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	require.NoError(t, err)
	require.Len(t, b, 64+12)
	assert.Equal(t, byte(64+4-10), b[6], "zmm1, zmm2, [rip + 58]{1to16}")
	assert.Equal(t, byte(64+8-n), b[n-5])
	assert.Equal(t, byte(0xcc), b[n])
}

func BenchmarkAssemble(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		a := &Asm{code: make([]byte, 0, 1<<16)}
		for i := range 1000 {
			a.DoM(Ins{Op: Vfmadd231ps, W: Z, D: Vec(i & 31), S: 3, Bcst: true}, At(RDI, i*4))
		}
	}
}
