package gen

import (
	"fmt"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/ops"
)

var _ = register(Model{
	Name:  "t2i",
	What:  "text to image: a diffusion model that looks at the words while it draws",
	Rate:  1.5e-3,
	Batch: 32, // 64 learn less from as many pictures
	Reads: true,
	Tests: 512, // six estimates each
	settings: append([]Setting{
		{Key: "arch", Default: "unet", What: "net that draws", Choices: []string{"unet", "dit"}},
		{Key: "near", Default: "0", What: "words on either side that a word hears before all others", check: intBetween(0, 8)},
		{Key: "process", Default: string(Flow), What: "how noise is mixed in", Choices: []string{string(Flow), string(DDPM)}},
		{Key: "predict", Default: string(PredictV), What: "what is told of a noisy picture",
			Choices: []string{string(PredictV), string(PredictEps), string(PredictX)}},
		{Key: "level", Default: "0", What: "process=flow: noise that training dwells on, from little (-2) over even parts (0) " +
			"to much (2)", check: floatBetween(-4, 4)},
	}, readSettings...),
	defaults: map[string]string{"ema": "0.999", "schedule": "cosine", "warmup": "100", "floor": "0.05", "clip": "1"},
	build:    newTextImage,
})

// TextLength is the number of tokens of a text, shorter ones being filled up.
const TextLength = 32

// Painter is a net that turns noise into pictures under the guidance of a text.
type Painter interface {
	Net
	// Size of the pictures that are worked on, in [-1,1].
	Size() (h, w, c int)
	// Process of the noise.
	Process() Process
	// Clean traces the estimate of the pictures behind xt, f32 [n h w c], at times t, f32 [n], for texts, i32
	// [n TextLength]. Where layers looked is added to looks unless that is nil.
	Clean(s *nn.Scope, xt, t, tokens ir.Value, looks *[]Look) ir.Value
}

// Look is where a layer looked: attention of each place of the picture to each token.
type Look struct {
	Name    string
	H, W    int
	Heads   int
	Weights ir.Value // f32 [N Heads H*W TextLength]
}

// textImage is a diffusion model conditioned on text.
type textImage struct {
	ps      *nn.Params
	fit     fit
	process Process
	predict Prediction
	level   float64
	drop    float64
	read    reader
	net     denoiser
}

// denoiser estimates what a Prediction says of noisy pictures.
type denoiser interface {
	apply(s *nn.Scope, x, t, words, hide, gist ir.Value, looks *[]Look) ir.Value
}

func newTextImage(s Settings, d DataInfo) (Net, error) {
	if d.Words == 0 {
		return nil, errNoCaptions
	}
	m := &textImage{ps: nn.NewParams(), fit: textFit(d), process: Process(s.Text("process")), predict: Prediction(s.Text("predict")),
		level: s.Float("level"), drop: s.Float("drop")}
	wide := s.Int("text")
	m.read = newReader(m.ps, "text", d.Words, TextLength, wide, s.Int("layers"))
	m.read.listen(m.ps.Sub("text"), s.Int("near"))
	if s.Text("arch") == "dit" {
		m.net = newDiT(m.ps.Sub("dit"), m.fit, s.Int("width"), wide)
	} else {
		m.net = newWordUNet(m.ps.Sub("unet"), m.fit, s.Int("width"), wide)
	}
	return m, nil
}

// textImageSide is the largest height and width that the nets work at.
const textImageSide = 64

// Params of the net.
func (m *textImage) Params() *nn.Params { return m.ps }

// Size of the pictures inside.
func (m *textImage) Size() (h, w, c int) { return m.fit.h, m.fit.w, m.fit.d.C }

// Process of the noise.
func (m *textImage) Process() Process { return m.process }

// Step minimises the mean squared error of what the net tells of noisy pictures at random times.
func (m *textImage) Step(s *train.Step, batch train.Batch) {
	tokens := m.read.forget(s.Scope, batch.Tokens(TextLength), s.Uniform("drop", batch.N), m.drop)
	loss := ops.Mean(s.B, m.errors(s.Scope, batch, m.process.draw(s.Scope, batch.N, m.level), tokens))
	s.Report("loss", loss)
	s.Minimize(loss, m.ps.Trainable())
}

// errors are the squared errors [N h w C] at times t, f32 [N].
func (m *textImage) errors(s *nn.Scope, batch train.Batch, t, tokens ir.Value) ir.Value {
	b := s.B
	x := m.fit.enter(s, batch.X())
	e := s.Normal("eps", batch.N, m.fit.h, m.fit.w, m.fit.d.C)
	alpha, sigma := m.process.mix(b, t)
	xt := ops.Add(b, ops.Mul(b, alpha, x), ops.Mul(b, sigma, e))
	said := m.say(s, xt, t, tokens, nil)
	return ops.Square(b, ops.Sub(b, said, m.predict.target(b, m.process, x, e, alpha, sigma)))
}

// say is what the net tells of noisy pictures.
func (m *textImage) say(s *nn.Scope, xt, t, tokens ir.Value, looks *[]Look) ir.Value {
	words, hide, gist := m.read.apply(s, tokens)
	return m.net.apply(s, xt, ops.Scale(s.B, t, 1000), words, hide, gist, looks)
}

// Clean is the picture behind a noisy one, [n h w c] in about [-1,1].
func (m *textImage) Clean(s *nn.Scope, xt, t, tokens ir.Value, looks *[]Look) ir.Value {
	said := m.say(s, xt, t, tokens, looks)
	alpha, sigma := m.process.mix(s.B, t)
	return m.predict.clean(s.B, m.process, xt, said, alpha, sigma)
}

// noiseLevels are the times at which the error is measured apart.
var noiseLevels = []float64{0.1, 0.3, 0.5, 0.7, 0.9}

// Eval gives the mean squared error with the texts, at random times and at five levels of noise.
func (m *textImage) Eval(s *nn.Scope, batch train.Batch) []Measure {
	b := s.B
	tokens := batch.Tokens(TextLength)
	mean := func(t ir.Value) ir.Value { return ops.Mean(b, m.errors(s, batch, t, tokens), 1, 2, 3) }
	all := []Measure{{"test_loss", mean(m.process.draw(s, batch.N, m.level))}}
	for _, t := range noiseLevels {
		at := ops.BroadcastTo(b, b.Const(ir.F32, t), batch.N)
		all = append(all, Measure{fmt.Sprintf("test_loss_%02.0f", 100*t), mean(at)})
	}
	return all
}

// Sample draws without a text: what the net holds likely at all.
func (m *textImage) Sample() View { return m.view(30, "pictures made of noise without a text") }

// Views are a few pictures without a text in few steps.
func (m *textImage) Views() []View {
	v := m.view(viewRounds, "pictures made of noise that stays the same, without a text, in 10 steps")
	v.Count = viewCount
	return []View{v}
}

// view draws by the deterministic steps of DDIM (Song, Meng and Ermon, ICLR 2021), which are those of Euler for
// Flow: from time t to s, x_s = alpha(s) x + sigma(s) e with the net's estimates of picture and noise.
func (m *textImage) view(rounds int, what string) View {
	return View{
		Name: "samples", What: what, Rounds: rounds,
		Trace: func(s *nn.Scope, n int, _ ir.Value) ir.Value {
			b := s.B
			first := s.Normal("x", n, m.fit.h, m.fit.w, m.fit.d.C)
			x := carry(s, "x", first, func(x ir.Value) ir.Value {
				left := ops.Scale(b, ops.Sub(b, b.Const(ir.F32, float64(rounds)), round(s)), 1/float64(rounds))
				t := ops.Clamp(b, left, leastTime, 1-leastTime)
				next := ops.Maximum(b, ops.Shift(b, left, -1/float64(rounds)), b.Const(ir.F32, 0))
				every := func(v ir.Value) ir.Value { return ops.BroadcastTo(b, v, n) }
				clean := ops.Clamp(b, m.Clean(s, x, every(t), untold(b, n), nil), -1, 1)
				alpha, sigma := m.process.mix(b, every(t))
				e := ops.Div(b, ops.Sub(b, x, ops.Mul(b, alpha, clean)), sigma)
				alpha, sigma = m.process.mix(b, every(next))
				return ops.Add(b, ops.Mul(b, alpha, clean), ops.Mul(b, sigma, e))
			})
			return m.fit.leave(s, x)
		},
	}
}
