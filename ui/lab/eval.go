package lab

import (
	"context"
	"errors"
	"fmt"

	"mllab/engine"
	"mllab/engine/run"
	"mllab/engine/train"
	"mllab/gen"
	"mllab/samples"
)

// EvalOptions say what is to be measured of a run.
type EvalOptions struct {
	Run  string // folder, name in the session's root, or "last"
	N    int    // pictures that are drawn; 0: 1000, or 256 of a run that reads
	Seed uint64 // of their noise
	// Prompts is a file of prompts, one a line, for a run that reads; "": those of the test split.
	Prompts string
	// Tell is told, in a line, of what takes long; nil: nobody is.
	Tell func(line string)
}

// Evaluation is what was measured. A run of a classifier has the accuracy and the loss
// on the test set; one that paints after prompts has TextQuality, which is then all of the JSON, one that draws by
// itself Quality.
type Evaluation struct {
	Run   string `json:"run"`
	Model string `json:"model"`
	Step  int64  `json:"step"`
	N     int    `json:"n"` // pictures drawn, or test examples

	TestAccuracy *float64 `json:"test_accuracy,omitempty"`
	TestLoss     *float64 `json:"test_loss,omitempty"`

	*Quality
	TextQuality *TextQuality `json:"-"`
}

// Quality compares drawn pictures with as many real ones, by the features of a
// classifier that was trained on the same data.
type Quality struct {
	ClassesPresent int     `json:"classes_present"` // classes that a picture at least was taken for
	LargestClass   float64 `json:"largest_class"`   // share of the pictures in the most frequent one
	Precision      float64 `json:"precision"`       // see gen.PrecisionRecall, k = NearestK
	Recall         float64 `json:"recall"`
	Frechet        float64 `json:"frechet"`
	Classes        []int   `json:"classes"` // pictures in each
	Real           int     `json:"real"`    // real pictures that were compared with
	// ClassifierAccuracy is the classifier's on the test set.
	ClassifierAccuracy float64 `json:"classifier_accuracy"`
}

const (
	defaultEval  = 1000
	defaultReads = 256   // of a run that reads: each takes many steps
	maxEval      = 20000 // the measures compare every picture with every other
	minEval      = 10
	// NearestK is which neighbour a ball of precision and recall reaches to.
	NearestK = 3
)

// Evaluate measures a run's newest checkpoint.
func (s *Session) Evaluate(ctx context.Context, o EvalOptions) (*Evaluation, error) {
	if o.N != 0 && (o.N < minEval || o.N > maxEval) {
		return nil, Usage(fmt.Errorf("%d pictures: want %d to %d", o.N, minEval, maxEval))
	}
	if o.N != 0 && o.Prompts != "" {
		return nil, Usage(errors.New("a number of pictures and a file of prompts: want one of them, a picture a prompt is painted"))
	}
	l, err := s.loadRun(o.Run, "")
	if err != nil {
		return nil, err
	}
	defer l.close()
	e := &Evaluation{Run: l.dir, Model: l.plan.o.Model, Step: l.step}
	if l.plan.model.Reads {
		return e, l.faithful(ctx, s, e, o)
	}
	if o.Prompts != "" {
		return nil, l.noReader()
	}
	if o.N == 0 {
		o.N = defaultEval
	}
	e.N = o.N
	if l.plan.model.Classifies {
		return e, l.accuracy(ctx, e)
	}
	c, err := s.classifier(ctx, l.plan, l.src, o.Tell)
	if err != nil {
		return nil, err
	}
	defer c.close()
	sampler, err := gen.NewSampler(ctx, l.eng, l.net, dataInfo(l.src.Info()), l.state)
	if err != nil {
		return nil, err
	}
	defer sampler.Close()
	e.Quality, err = c.quality(ctx, sampler, o.N, o.Seed)
	return e, err
}

// loaded is a run's net with its newest checkpoint on a device.
type loaded struct {
	dir   string
	step  int64
	notes []string // what checkpoints had to be passed over
	plan  plan
	src   samples.Source
	net   gen.Net
	eng   *engine.Engine
	state *train.State
}

// loadRun opens a run for reading, with data of another name or path than its own
// unless that is empty. The run may be packed in a file.
func (s *Session) loadRun(name, data string) (*loaded, error) { return s.loadRunAt(name, data, newest) }

// loadRunAt is loadRun at the checkpoint of a step.
func (s *Session) loadRunAt(name, data string, step int64) (*loaded, error) {
	st, err := s.stored(name, step)
	if err != nil {
		return nil, err
	}
	return s.load(st.dir, data, st.config, st.ck)
}

// load brings a run's net to a device; dir is what errors call it.
func (s *Session) load(dir, data string, c run.Config, ck run.Checkpoint) (l *loaded, err error) {
	l = &loaded{dir: dir, step: ck.Step, notes: ck.Notes}
	if l.plan, err = fromConfig(c); err != nil {
		return nil, fmt.Errorf("run %s: %w", dir, err)
	}
	if data != "" {
		l.plan.o.Data = data
	}
	if l.src, err = openData(l.plan); err != nil {
		return nil, err
	}
	if err := l.fill(s, ck); err != nil {
		l.close()
		return nil, fmt.Errorf("run %s: %w", dir, err)
	}
	return l, nil
}

func (l *loaded) fill(s *Session, ck run.Checkpoint) (err error) {
	if l.net, err = l.plan.model.Build(l.plan.settings, l.plan.dataInfo(l.src.Info())); err != nil {
		return err
	}
	if l.eng, err = s.engine(s.opt); err != nil {
		return err
	}
	if l.state, err = train.NewState(l.eng, l.net.Params(), averaged(ck)); err != nil {
		return err
	}
	return l.state.Load(ck)
}

func (l *loaded) close() {
	if l.state != nil {
		l.state.Free()
	}
	if l.eng != nil {
		_ = l.eng.Close()
	}
	if c, ok := l.src.(interface{ Close() error }); ok {
		_ = c.Close()
	}
}

// accuracy measures a classifier on the test set.
func (l *loaded) accuracy(ctx context.Context, e *Evaluation) error {
	e.N = testCount(l.src, fullTest)
	if e.N == 0 {
		return errNoTest
	}
	v := &views{eng: l.eng, net: l.net, src: l.src, state: l.state}
	defer v.close()
	got, err := v.measure(ctx, e.N)
	for _, m := range got {
		switch m.Name {
		case "test_accuracy":
			e.TestAccuracy = &m.Value
		case "test_loss":
			e.TestLoss = &m.Value
		}
	}
	return err
}

var errNoTest = errors.New("the data keeps no examples for testing: raise the test fraction")
