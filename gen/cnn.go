package gen

import (
	"errors"
	"fmt"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
	"mllab/ops"
)

var _ = register(Model{
	Name:  "cnn",
	What:  "classifier: convolutions that learn to tell which class a picture is of",
	Rate:  4e-3,
	Batch: 64,
	settings: []Setting{
		{Key: "width", Default: "16", What: "channels of the first layer, twice and four times as many below",
			check: intBetween(1, 512)},
		{Key: "shift", Default: "2", What: "pixels that pictures are moved by at most while it trains",
			check: intBetween(0, 16)},
		{Key: "smooth", Default: "0.05", What: "share of certainty that is spread over all classes",
			check: floatBetween(0, 0.9)},
		{Key: "dropout", Default: "0", What: "share of the last features that is left out while it trains",
			check: floatBetween(0, 0.9)},
	},
	defaults:   map[string]string{"schedule": "cosine", "warmup": "100"},
	Classifies: true,
	build:      newCNN,
})

const (
	// cnnMost and cnnLeast bound the sides that the classifier works at.
	cnnMost, cnnLeast = 64, 8
	// confusionExamples are counted in the picture of a confusion matrix, which is drawn
	// of confusionClasses at most.
	confusionExamples, confusionClasses = 256, 64
)

// cnn is a stack of 3x3 convolutions, each with batch normalisation (Ioffe and
// Szegedy, 2015), between which the largest of each 2x2 values is kept, and one
// linear map of the features' mean over the picture (Lin, Chen and Yan, "Network in
// network", ICLR 2014).
type cnn struct {
	ps              *nn.Params
	fit             fit
	shift           int
	smooth, dropout float64
	layers          []cnnLayer
	out             nn.Linear
}

type cnnLayer struct {
	name string
	conv nn.Conv2d
	norm nn.BatchNorm2d
	pool bool // afterwards
}

func newCNN(s Settings, d DataInfo) (Net, error) {
	if d.Labels < 2 {
		return nil, fmt.Errorf("the data has %d classes: want labels of at least 2, "+
			"such as a folder for each class", d.Labels)
	}
	m := &cnn{
		ps: nn.NewParams(), shift: s.Int("shift"), smooth: s.Float("smooth"), dropout: s.Float("dropout"),
		fit: fit{d, side(d.H, d), side(d.W, d)},
	}
	w := s.Int("width")
	in, h := d.C, min(m.fit.h, m.fit.w)
	for i, out := range []int{w, 2 * w, 2 * w, 4 * w, 4 * w} {
		l := cnnLayer{name: fmt.Sprintf("c%d", i+1)}
		l.conv = nn.NewConv2dNoBias(m.ps, l.name, 3, in, out, ops.Conv{Pad: 1})
		l.conv.W.Init = nn.Kaiming(9 * in)
		l.norm = nn.NewBatchNorm2d(m.ps, fmt.Sprintf("n%d", i+1), out)
		if l.pool = i%2 == 0 && i < 4 && h >= 4; l.pool {
			h /= 2
		}
		m.layers, in = append(m.layers, l), out
	}
	m.out = nn.NewLinear(m.ps, "out", in, d.Labels)
	return m, nil
}

// side gives the height or width at which pictures are worked on: their own, if it
// is neither too large nor too small.
func side(n int, d DataInfo) int {
	if most := max(d.H, d.W); most > cnnMost {
		n = n * cnnMost / most
	}
	return max(n, cnnLeast)
}

// Params of the net.
func (m *cnn) Params() *nn.Params { return m.ps }

// maps gives the last layer's maps [N h w 4*width] of pictures [N H W C] in [-1,1].
func (m *cnn) maps(s *nn.Scope, x ir.Value) ir.Value {
	for _, l := range m.layers {
		x = s.Tap(l.name, ops.Relu(s.B, l.norm.Apply(s, l.conv.Apply(s, x))))
		if l.pool {
			x = s.Tap(l.name+" pool", nn.MaxPool2d(s, x, ops.Pool{Size: 2}))
		}
	}
	return x
}

// Features are the means of the last maps; Logits are a linear map of them.
func (m *cnn) Features(s *nn.Scope, x ir.Value) (features, logits ir.Value) {
	features = ops.Mean(s.B, m.maps(s, m.fit.enter(s, x)), 1, 2)
	return features, m.out.Apply(s, features)
}

// Look taps every convolution and every pooling.
func (m *cnn) Look(s *nn.Scope, x ir.Value) ir.Value {
	_, logits := m.Features(s, x)
	return ops.Softmax(s.B, logits, 1)
}

// Answers are the data's labels.
func (m *cnn) Answers() []string { return nil }

// Step minimises the cross-entropy with smoothed labels (Szegedy et al., CVPR 2016) of
// moved pictures, and reports how many were told right.
func (m *cnn) Step(s *train.Step, batch train.Batch) {
	b := s.B
	x := translate(s.Scope, "shift", m.fit.enter(s.Scope, batch.X()), m.shift, -1)
	features := ops.Mean(b, m.maps(s.Scope, x), 1, 2)
	if m.dropout > 0 && b.Err() == nil {
		kept := ops.Less(b, s.Uniform("dropout", b.Type(features).Shape...), b.Const(ir.F32, 1-m.dropout))
		features = ops.Mul(b, features, ops.Scale(b, ops.Cast(b, kept, ir.F32), 1/(1-m.dropout)))
	}
	logits := m.out.Apply(s.Scope, features)
	loss := ops.Mean(b, m.entropy(s.Scope, logits, batch.Labels(), m.smooth))
	s.Report("loss", loss)
	s.Report("accuracy", ops.Mean(b, right(b, logits, batch.Labels())))
	s.Minimize(loss, m.ps.Trainable())
}

// entropy is the cross-entropy [N] of logits [N K] and labels [N], of which a share is
// spread over all classes; 0 where there is no label.
func (m *cnn) entropy(s *nn.Scope, logits, labels ir.Value, spread float64) ir.Value {
	b := s.B
	k := m.fit.d.Labels
	log := ops.LogSoftmax(b, logits, 1)
	loss := ops.Scale(b, ops.Sum(b, ops.Mul(b, ops.OneHot(b, labels, k), log), 1), spread-1)
	if spread > 0 {
		known := ops.Cast(b, ops.LessEqual(b, b.Const(ir.I32, 0), labels), ir.F32)
		all := ops.Mul(b, known, ops.Sum(b, log, 1))
		loss = ops.Sub(b, loss, ops.Scale(b, all, spread/float64(k)))
	}
	return loss
}

// right is 1 for every example whose largest logit is its label's, f32 [N].
func right(b *ir.Builder, logits, labels ir.Value) ir.Value {
	return ops.Cast(b, ops.Equal(b, ops.Argmax(b, logits, 1), labels), ir.F32)
}

// Eval gives the cross-entropy without smoothing, and the share that is told right.
func (m *cnn) Eval(s *nn.Scope, batch train.Batch) []Measure {
	_, logits := m.Features(s, batch.X())
	return []Measure{
		{"test_loss", m.entropy(s, logits, batch.Labels(), 0)},
		{"test_accuracy", right(s.B, logits, batch.Labels())},
	}
}

// Sample is no view: a classifier draws nothing new.
func (m *cnn) Sample() View { return View{Name: "samples"} }

// Views are where it looks, and what it takes for what.
func (m *cnn) Views() []View {
	views := []View{{
		Name: "evidence", What: "test pictures, each beside what speaks for the class that it is taken for",
		Takes: true, Pairs: true, Trace: m.evidence,
	}}
	if m.fit.d.Labels <= confusionClasses {
		views = append(views, View{
			Name: "confusion", What: "a row for each class: what it is taken for, the diagonal is right",
			Takes: true, Whole: true, Count: confusionExamples, Trace: m.confusion,
		})
	}
	return views
}

// evidence puts the class activation map of the likeliest class beside each picture
// (Zhou et al., "Learning deep features for discriminative localization", CVPR 2016):
// the last maps, weighted as the class weights their means.
func (m *cnn) evidence(s *nn.Scope, n int, x ir.Value) ir.Value {
	b := s.B
	maps := m.maps(s, m.fit.enter(s, x))
	if b.Err() != nil {
		return ir.None
	}
	best := ops.Argmax(b, m.out.Apply(s, ops.Mean(b, maps, 1, 2)), 1)
	weights := ops.Gather(b, ops.Transpose(b, s.Param(m.out.W), 1, 0), best)
	t := b.Type(maps).Shape
	speaks := ops.SumKeep(b, ops.Mul(b, maps, ops.Reshape(b, weights, n, 1, 1, t[3])), 3)
	speaks = ops.Maximum(b, speaks, b.Const(ir.F32, 0))
	speaks = ops.Div(b, speaks, ops.Shift(b, ops.MaxKeep(b, speaks, 1, 2, 3), 1e-6))
	d := m.fit.d
	speaks = ops.BroadcastTo(b, resize(b, speaks, d.H, d.W), n, d.H, d.W, d.C)
	both := ops.Concat(b, 1, ops.Reshape(b, x, n, 1, d.values()), ops.Reshape(b, speaks, n, 1, d.values()))
	return ops.Clamp(b, ops.Reshape(b, both, 2*n, d.H, d.W, d.C), 0, 1)
}

// confusion is one picture: the chances that the examples of each label get, the mean
// in a cell of a few pixels.
func (m *cnn) confusion(s *nn.Scope, n int, x ir.Value) ir.Value {
	b := s.B
	k := m.fit.d.Labels
	chances := m.Look(s, x)
	is := ops.OneHot(b, s.Input(train.InputLabels, ir.Of(ir.I32, n)), k)
	count := ops.Reshape(b, ops.Shift(b, ops.Sum(b, is, 0), 1e-6), k, 1)
	table := ops.Div(b, ops.MatMulT(b, is, chances, true, false), count)
	return ops.Clamp(b, ops.Upsample2D(b, ops.Reshape(b, table, 1, k, k, 1), max(1, confusionClasses/k)), 0, 1)
}

// errNoSamples is why a classifier's run cannot be sampled.
var errNoSamples = errors.New("the model tells pictures apart and draws none: measure it with mllab eval")
