package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"mllab/compile/ir"
	"mllab/engine"
	"mllab/engine/nn"
	"mllab/engine/run"
	"mllab/engine/train"
	"mllab/gen"
	"mllab/samples"
)

// LatentOptions say which net's space of codes is to be opened.
type LatentOptions struct {
	Run    string // folder, name in the session's root, or "last"
	Device string // "" the session's
	// Tell is told what is being done, from the goroutine that called; it may be nil.
	Tell func(stage string)
}

const (
	latentExamples = 2000    // of the test set that are encoded
	latentSamples  = 1000    // codes that are drawn where nothing can be encoded
	latentValues   = 1 << 24 // of all their pictures together, 64 MiB
	latentBatch    = 16      // codes that are decoded at once
	encodeBatch    = 50
)

// Latent is a trained net, opened for a look into the space of its codes. Its methods may be called from any
// goroutine; a call that decodes many codes lets others in between.
type Latent struct {
	s     *Session
	space *Space

	mu        sync.Mutex // guards what follows: the programs' inputs and outputs are shared
	eng       *engine.Engine
	state     *train.State
	one, many *latentDecoder
	enc, own  *latentEncoder // nil where the net encodes nothing
	closed    bool
}

// Latent opens a run's newest checkpoint, encodes the test set (or, where the net has no encoder, draws
// codes), and measures the space. It takes a second or two; Close frees what it holds.
func (s *Session) Latent(ctx context.Context, o LatentOptions) (*Latent, error) {
	st, err := s.stored(o.Run, newest)
	if err != nil {
		return nil, err
	}
	p, err := fromConfig(st.config)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", st.name, err)
	}
	opt := s.opt
	if o.Device != "" {
		opt.Device = o.Device
	}
	l, err := s.openLatent(ctx, p, st.ck, opt, o.Tell)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", st.name, err)
	}
	l.space.Run, l.space.Dir = st.name, st.dir
	return l, nil
}

// Latent opens the net of the training as it is between two steps. What is trained after does not change it.
func (j *Job) Latent(ctx context.Context, tell func(stage string)) (*Latent, error) {
	j.mu.Lock()
	loop, p, opt, name := j.loop, j.plan, j.opt, j.st.Run
	j.mu.Unlock()
	if loop == nil {
		return nil, errors.New("the training holds no net at present: wait for its first step, or open a run")
	}
	var ck run.Checkpoint
	err := loop.Do(func() error {
		tensors, err := loop.State().Read()
		ck = run.Checkpoint{Step: int64(loop.Step()), Tensors: tensors}
		return err
	})
	if err != nil {
		return nil, err
	}
	l, err := j.s.openLatent(ctx, p, ck, opt, tell)
	if err != nil {
		return nil, err
	}
	if l.space.Run = name; name == "" {
		l.space.Run = "live"
	}
	return l, nil
}

// openLatent builds the net, fills it from a checkpoint, and looks at what it makes of the data.
func (s *Session) openLatent(ctx context.Context, p plan, ck run.Checkpoint, opt Options,
	tell func(string)) (_ *Latent, err error) {
	if tell == nil {
		tell = func(string) {}
	}
	if ok, known := hasLatent(p.model, p.settings); known && !ok {
		return nil, Usage(fmt.Errorf("model %s draws no pictures from codes, so it has no space to look into: "+
			"open a run of %s", p.model.Name, strings.Join(latentModels(), " or ")))
	}
	tell("reading " + p.o.Data)
	src, err := openData(p)
	if err != nil {
		return nil, err
	}
	if c, ok := src.(interface{ Close() error }); ok {
		defer c.Close()
	}
	d := p.dataInfo(src.Info())
	net, err := p.model.Build(p.settings, d)
	if err != nil {
		return nil, err
	}
	dec, ok := net.(gen.Latent)
	if !ok {
		return nil, Usage(fmt.Errorf("model %s draws no pictures from codes", p.model.Name))
	}
	tell("compiling")
	l := &Latent{s: s}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	opt.Threads = 1 // the picture at the cursor would wait for the slowest of several, beside a training
	if l.eng, err = s.engine(opt); err != nil {
		return nil, err
	}
	if l.state, err = train.NewState(l.eng, net.Params(), averaged(ck)); err != nil {
		return nil, err
	}
	if err = l.state.Load(ck); err != nil {
		return nil, err
	}
	if err = l.build(ctx, dec, d); err != nil {
		return nil, err
	}
	raw := Space{Model: p.o.Model, Data: p.o.Data, Step: int(ck.Step), H: d.H, W: d.W, C: d.C, Dims: dec.Codes(),
		Notes: ck.Notes}
	if l.enc != nil {
		err = l.encodeSet(ctx, src, &raw, tell)
	} else {
		err = l.sampleSet(ctx, &raw, tell)
	}
	if err != nil {
		return nil, err
	}
	for _, v := range raw.Codes {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			err = fmt.Errorf("the net of step %d gives codes that are not numbers: its training broke, open an "+
				"earlier one", ck.Step)
			return nil, err
		}
	}
	tell("principal components")
	l.space = NewSpace(raw)
	s.keep(l)
	return l, nil
}

// keep has the session close l where nobody else does.
func (s *Session) keep(l *Latent) {
	s.mu.Lock()
	first := s.looks == nil
	if first {
		s.looks = map[*Latent]bool{}
	}
	s.looks[l] = true
	s.mu.Unlock()
	if first {
		s.atClose(s.closeLooks)
	}
}

func (s *Session) closeLooks() error {
	s.mu.Lock()
	open := slices.Collect(maps.Keys(s.looks))
	s.mu.Unlock()
	for _, l := range open {
		l.Close()
	}
	return nil
}

// hasLatent reports whether a model decodes codes; known is false where it does not build for a
// captioned picture of common size.
func hasLatent(m gen.Model, s gen.Settings) (ok, known bool) {
	net, err := m.Build(s, gen.DataInfo{H: 28, W: 28, C: 1, Labels: 10, Words: 10})
	if err != nil {
		return false, false
	}
	_, ok = net.(gen.Latent)
	return ok, true
}

// latentModels are the models that have a space of codes.
func latentModels() []string {
	var names []string
	for _, m := range gen.Models() {
		s, err := m.Parse(nil)
		if err != nil {
			continue
		}
		if ok, _ := hasLatent(m, s); ok {
			names = append(names, m.Name)
		}
	}
	return names
}

// build compiles the programs: a decoder for the one code at the cursor, one for many, and encoders likewise.
func (l *Latent) build(ctx context.Context, net gen.Latent, d gen.DataInfo) error {
	var err error
	if l.one, err = newLatentDecoder(ctx, l.eng, l.state, net, 1); err != nil {
		return err
	}
	if l.many, err = newLatentDecoder(ctx, l.eng, l.state, net, latentBatch); err != nil {
		return err
	}
	enc, ok := net.(gen.Encoder)
	if !ok {
		return nil
	}
	if l.enc, err = newLatentEncoder(ctx, l.eng, l.state, enc, d, encodeBatch); err != nil {
		return err
	}
	l.own, err = newLatentEncoder(ctx, l.eng, l.state, enc, d, 1)
	return err
}

// encodeSet encodes the first test examples, or the first training examples where there are no others.
func (l *Latent) encodeSet(ctx context.Context, src samples.Source, raw *Space, tell func(string)) error {
	info, split := src.Info(), samples.Test
	if info.Test == 0 {
		split = samples.Train
	}
	n := info.Len(split)
	if n == samples.Endless || n > latentExamples {
		n = latentExamples
	}
	n = max(1, min(n, latentValues/info.Values()))
	raw.N, raw.Split, raw.Classes = n, split.String(), info.Labels
	raw.Pixels, raw.Labels = make([]float32, n*info.Values()), make([]int, n)
	raw.Codes, raw.KL = make([]float32, n*raw.Dims), make([]float64, raw.Dims)
	x, labels := make([]float32, encodeBatch*info.Values()), make([]int32, encodeBatch)
	mean, logVar := make([]float32, encodeBatch*raw.Dims), make([]float32, encodeBatch*raw.Dims)
	for first := 0; first < n; first += encodeBatch {
		if err := ctx.Err(); err != nil {
			return err
		}
		tell(fmt.Sprintf("encoding %d of %d", first, n))
		count := min(encodeBatch, n-first)
		if err := samples.Read(src, split, first, x[:count*info.Values()], labels[:count]); err != nil {
			return err
		}
		if err := l.enc.run(ctx, x, mean, logVar); err != nil {
			return err
		}
		copy(raw.Pixels[first*info.Values():], x[:count*info.Values()])
		copy(raw.Codes[first*raw.Dims:], mean[:count*raw.Dims])
		for i := range count {
			raw.Labels[first+i] = int(labels[i])
			at := i * raw.Dims
			addKL(raw.KL, mean[at:at+raw.Dims], logVar[at:at+raw.Dims])
		}
	}
	for d := range raw.KL {
		raw.KL[d] /= float64(n)
	}
	return nil
}

// sampleSet draws codes from the prior and their pictures, for a net that cannot encode.
func (l *Latent) sampleSet(ctx context.Context, raw *Space, tell func(string)) error {
	values := raw.H * raw.W * raw.C
	n := max(1, min(latentSamples, latentValues/values))
	raw.N, raw.Sampled = n, true
	raw.Codes, raw.Labels = make([]float32, n*raw.Dims), make([]int, n)
	noise := rand.New(rand.NewPCG(1, 2))
	for i := range raw.Codes {
		raw.Codes[i] = float32(noise.NormFloat64())
	}
	for i := range raw.Labels {
		raw.Labels[i] = -1
	}
	tell(fmt.Sprintf("drawing %d pictures", n))
	var err error
	raw.Pixels, err = l.DecodeAll(ctx, raw.Codes)
	return err
}

// Space is what was measured. It never changes.
func (l *Latent) Space() *Space { return l.space }

// Decode gives the picture [H W C] of one code [Dims], within milliseconds.
func (l *Latent) Decode(ctx context.Context, code []float32) ([]float32, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errLatentClosed
	}
	dst := make([]float32, l.one.y.Type().Elems())
	return dst, l.one.run(ctx, code, dst)
}

// DecodeAll gives the pictures [n H W C] of codes [n Dims].
func (l *Latent) DecodeAll(ctx context.Context, codes []float32) ([]float32, error) {
	if len(codes)%l.many.dims() != 0 {
		return nil, fmt.Errorf("decode: %d values, want a multiple of %d", len(codes), l.many.dims())
	}
	n, one := len(codes)/l.many.dims(), l.one.y.Type().Elems()
	dst := make([]float32, n*one)
	z, y := make([]float32, latentBatch*l.many.dims()), make([]float32, latentBatch*one)
	for first := 0; first < n; first += latentBatch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		count := min(latentBatch, n-first)
		copy(z, codes[first*l.many.dims():][:count*l.many.dims()])
		if err := l.decodeBatch(ctx, z, y); err != nil {
			return nil, err
		}
		copy(dst[first*one:], y[:count*one])
	}
	return dst, nil
}

func (l *Latent) decodeBatch(ctx context.Context, z, y []float32) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errLatentClosed
	}
	return l.many.run(ctx, z, y)
}

// Encode gives the mean of the code [Dims] of a picture [H W C].
func (l *Latent) Encode(ctx context.Context, picture []float32) ([]float32, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, errLatentClosed
	case l.own == nil:
		return nil, fmt.Errorf("a %s has no encoder: it draws pictures of codes, and never the other way",
			l.space.Model)
	}
	dims := l.space.Dims
	mean, logVar := make([]float32, dims), make([]float32, dims)
	return mean, l.own.run(ctx, picture, mean, logVar)
}

var errLatentClosed = errors.New("the latent space was closed: open it again")

// Close frees the programs, the parameters and the device. Further calls do nothing.
func (l *Latent) Close() {
	l.s.mu.Lock()
	delete(l.s.looks, l)
	l.s.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.eng == nil {
		l.closed = true
		return
	}
	l.closed = true
	for _, d := range []*latentDecoder{l.one, l.many} {
		if d != nil {
			d.prog.Close()
		}
	}
	for _, e := range []*latentEncoder{l.enc, l.own} {
		if e != nil {
			e.prog.Close()
		}
	}
	if l.state != nil {
		l.state.Free()
	}
	_ = l.eng.Close() // nothing is left that could be lost
}

// latentDecoder is a program from codes [n dims] to pictures [n H W C].
type latentDecoder struct {
	prog *engine.Program
	z, y *engine.Tensor
}

func newLatentDecoder(ctx context.Context, eng *engine.Engine, st *train.State, net gen.Latent,
	n int) (*latentDecoder, error) {
	prog, err := eng.Program(ctx, "decode", st.Tensors(), func(b *ir.Builder) {
		s := nn.NewScope(b)
		s.Kind = st.Kind()
		b.Output("pictures", net.Decode(s, s.Input("codes", ir.Of(ir.F32, n, net.Codes()))))
	})
	if err != nil {
		return nil, err
	}
	d := &latentDecoder{prog: prog}
	err = tensorsOf(prog, map[string]**engine.Tensor{"codes": &d.z, "pictures": &d.y})
	return d, err
}

func (d *latentDecoder) dims() int { return d.z.Type().Shape[1] }

func (d *latentDecoder) run(ctx context.Context, codes, dst []float32) error {
	if err := engine.Write(d.z, codes); err != nil {
		return err
	}
	if err := d.prog.Run(ctx); err != nil {
		return err
	}
	return engine.Read(d.y, dst)
}

// latentEncoder is a program from pictures [n H W C] to means and logarithms of variances [n dims].
type latentEncoder struct {
	prog            *engine.Program
	x, mean, logVar *engine.Tensor
}

func newLatentEncoder(ctx context.Context, eng *engine.Engine, st *train.State, net gen.Encoder, d gen.DataInfo,
	n int) (*latentEncoder, error) {
	prog, err := eng.Program(ctx, "encode", st.Tensors(), func(b *ir.Builder) {
		s := nn.NewScope(b)
		s.Kind = st.Kind()
		mean, logVar := net.Encode(s, s.Input("pictures", ir.Of(ir.F32, n, d.H, d.W, d.C)))
		b.Output("mean", mean)
		b.Output("logvar", logVar)
	})
	if err != nil {
		return nil, err
	}
	e := &latentEncoder{prog: prog}
	err = tensorsOf(prog, map[string]**engine.Tensor{"pictures": &e.x, "mean": &e.mean, "logvar": &e.logVar})
	return e, err
}

func (e *latentEncoder) run(ctx context.Context, pictures, mean, logVar []float32) error {
	if err := engine.Write(e.x, pictures); err != nil {
		return err
	}
	if err := e.prog.Run(ctx); err != nil {
		return err
	}
	if err := engine.Read(e.mean, mean); err != nil {
		return err
	}
	return engine.Read(e.logVar, logVar)
}

// tensorsOf finds a program's inputs and outputs by label; on an error the program is closed.
func tensorsOf(prog *engine.Program, at map[string]**engine.Tensor) error {
	for label, t := range at {
		var err error
		if *t, err = prog.Tensor(label); err != nil {
			prog.Close()
			return err
		}
	}
	return nil
}
