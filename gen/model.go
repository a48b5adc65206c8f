// Package gen holds the generative models, one a file: each says what settings it
// has and makes a Net of them, which knows its parameters and how to trace a
// training step, an evaluation and pictures of what it has learned. It knows no
// screen, no command line and no file on disk.
//
// To add a model, add a file with a `var _ = register(...)`; it is then listed
// wherever models are. Begin with Models, Find and vae.go.
package gen

import (
	"fmt"
	"sort"
	"strings"

	"mllab/compile/ir"
	"mllab/engine/nn"
	"mllab/engine/train"
)

// DataInfo is what a model must know of its examples.
type DataInfo struct {
	H, W, C int // of one example, float32 in [0,1]; C is 1 (grey) or 3 (RGB)
	Labels  int // classes, 0 when there are none
	Words   int // numbers of tokens in the vocabulary of the captions, 0 when there are none
}

func (d DataInfo) values() int { return d.H * d.W * d.C }

func (d DataInfo) check() error {
	const most = 1 << 24 // values of one example
	if d.H < 1 || d.W < 1 || d.C < 1 || d.H > most || d.W > most || d.C > most || d.H*d.W > most/d.C {
		return fmt.Errorf("examples of %dx%dx%d: want height, width and channels of at least 1, "+
			"and at most %d values in all", d.H, d.W, d.C, most)
	}
	return nil
}

// mostParams bounds a net: 1 GiB, and as much again for each state of the optimiser.
const mostParams = 1 << 28

// Model is a kind of net that can be trained.
type Model struct {
	Name string // what `train` takes: "vae"
	What string // one line
	// Rate and Batch are a good learning rate and batch for the default settings.
	Rate  float64
	Batch int
	// Classifies says that the model tells classes apart: it needs labels and draws nothing new.
	Classifies bool
	// Reads says that the model takes a text beside each example: it needs captions.
	Reads bool
	// Tests is how many test examples are enough for its measures at the end of a training; 0: all of them.
	Tests int

	settings []Setting
	defaults map[string]string // of the training's settings, where the model has its own
	build    func(s Settings, d DataInfo) (Net, error)
}

// Settings lists what can be set: the model's own, then those of its training.
func (m Model) Settings() []Setting {
	all := append([]Setting(nil), m.settings...)
	if m.Reads {
		all = append(all, examSetting)
	}
	for _, t := range trainSettings {
		if own, ok := m.defaults[t.Key]; ok {
			t.Default = own
		}
		all = append(all, t)
	}
	return all
}

// Build makes the net for examples of a shape, from settings of this model.
func (m Model) Build(s Settings, d DataInfo) (Net, error) {
	if s.model != m.Name {
		return nil, fmt.Errorf("%s: the settings are of model %q: make them with Parse of this model", m.Name,
			s.model)
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	net, err := m.build(s, d)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	if err := net.Params().Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	if n := net.Params().Count(); n > mostParams {
		return nil, fmt.Errorf("%s: these settings make %d parameters of pictures of %dx%dx%d, want at most %d: "+
			"choose smaller settings or pictures", m.Name, n, d.H, d.W, d.C, mostParams)
	}
	return net, nil
}

// Net is a model with all sizes decided. It holds declarations, no memory: what it
// traces runs on whatever state is bound to it.
type Net interface {
	train.Model
	// Eval gives measures of how well the net does on a batch, one f32 [N] value a
	// measure, to be averaged over the test set; it draws its noise from the scope.
	Eval(s *nn.Scope, batch train.Batch) []Measure
	// Sample is the view of new pictures at their best, which takes no examples; its
	// Trace is nil if the net draws none.
	Sample() View
	// Views lists the pictures that show what the net has learned, the best first.
	Views() []View
}

// Measure is a named value a test example.
type Measure struct {
	Name  string // as users read it: "test_recon"
	Value ir.Value
}

// View is a picture of what a net has learned, redrawn while it trains.
type View struct {
	Name string // "samples"
	What string // one line
	// Takes says that the view shows test examples, which Trace then gets.
	Takes bool
	// Pairs says that pictures 2i and 2i+1 belong together: an input and its
	// reconstruction.
	Pairs bool
	// Whole says that the n examples make one picture, of a size of its own; its Trace
	// may ask for the examples' labels, the input train.InputLabels.
	Whole bool
	// Count is how many pictures the lab should draw at once, 0: as many as it likes.
	Count int
	// Rounds is how often the program runs for one drawing, once if 0. Trace then finds
	// the number of the run by round, and hands on what a run leaves by carry.
	Rounds int
	// Trace gives f32 [n H W C] in [0,1], n pictures; with Pairs, 2n. x is f32 [n H W C]
	// if the view Takes examples, else ir.None. Noise comes from the scope, so the
	// same seed shows the same samples as they improve.
	Trace func(s *nn.Scope, n int, x ir.Value) ir.Value
}

var registry = map[string]Model{}

func register(m Model) bool {
	if _, twice := registry[m.Name]; twice {
		panic("gen: model " + m.Name + " registered twice")
	}
	registry[m.Name] = m
	return true
}

// Models lists all models by name.
func Models() []Model {
	var all []Model
	for _, m := range registry {
		all = append(all, m)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// Find gives the model of a name.
func Find(name string) (Model, error) {
	if m, ok := registry[name]; ok {
		return m, nil
	}
	var names []string
	for _, m := range Models() {
		names = append(names, m.Name)
	}
	return Model{}, fmt.Errorf("model %q: unknown%s, want one of %s", clean(name), nearest(name, names),
		strings.Join(names, ", "))
}
