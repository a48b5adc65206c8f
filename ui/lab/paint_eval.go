package lab

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mllab/engine/train"
	"mllab/gen"
	"mllab/samples"
)

// Faith is how faithful painted pictures are to their prompts: the share of attributes that are read back from the
// pixels as they were asked for, by a matcher that knows no model.
type Faith struct {
	Count    int                `json:"n"`        // prompts
	Accuracy map[string]float64 `json:"accuracy"` // by attribute: "colour", "shape", ...
	All      float64            `json:"all"`      // pictures in which every attribute is right
}

// TextQuality is what is measured of a run that paints after prompts. What cannot be told of its data is nil.
type TextQuality struct {
	Count    int                `json:"n"` // pictures, one a prompt
	Seed     uint64             `json:"seed"`
	Guidance float64            `json:"guidance"` // 0 of a net that draws at once, as are the steps
	Steps    int                `json:"steps"`
	Accuracy map[string]float64 `json:"accuracy"` // of the prompts whose combinations training shows
	All      *float64           `json:"all"`
	HeldOut  *Faith             `json:"held_out"` // of the others
	Sweep    []SweepPoint       `json:"sweep"`
	// Frechet, Precision and Recall compare the pictures with as many of the test split, see Quality.
	Frechet     *float64 `json:"frechet"`
	Precision   *float64 `json:"precision"`
	Recall      *float64 `json:"recall"`
	SecondsEach float64  `json:"s_per_image"`
	// Pairs is what became of prompts of two objects; nil where none was.
	Pairs *Pairs `json:"two_objects,omitempty"`
}

// Pairs are pictures of two objects: Bound is the share of those in which both have the colour and the shape that they
// were given, neither the other's.
type Pairs struct {
	Count int     `json:"n"`
	Bound float64 `json:"bound"`
}

// SweepPoint is the share of pictures that are all right at a guidance.
type SweepPoint struct {
	Guidance float64 `json:"guidance"`
	All      float64 `json:"all"`
}

// sweepGuidances are the guidances of a sweep, each measured on sweepPrompts.
var sweepGuidances = []float64{1, 2, 3, 5, 8}

const sweepPrompts = 64

// judged sums verdicts up.
type judged struct {
	right, of map[string]int
	all, n    int
}

// add counts the verdicts on a picture; one that nothing was asked of counts as none.
func (j *judged) add(vs []samples.Verdict) {
	if len(vs) == 0 {
		return
	}
	if j.right == nil {
		j.right, j.of = map[string]int{}, map[string]int{}
	}
	for _, v := range vs {
		j.of[v.Base()]++
		if v.Right {
			j.right[v.Base()]++
		}
	}
	j.n++
	if samples.AllRight(vs) {
		j.all++
	}
}

// pairs sums up the verdicts on pictures of two objects; nil if there are none.
func pairs(verdicts [][]samples.Verdict) *Pairs {
	var p Pairs
	bound := 0
	for _, vs := range verdicts {
		right, of := 0, 0
		for _, v := range vs {
			if v.Base() == "shape" || v.Base() == "colour" {
				of++
				if v.Right {
					right++
				}
			}
		}
		if of != 4 {
			continue
		}
		p.Count++
		if right == of {
			bound++
		}
	}
	if p.Count == 0 {
		return nil
	}
	p.Bound = float64(bound) / float64(p.Count)
	return &p
}

func (j *judged) faith() Faith {
	f := Faith{Accuracy: map[string]float64{}, Count: j.n}
	for name, n := range j.of {
		f.Accuracy[name] = float64(j.right[name]) / float64(n)
	}
	if j.n > 0 {
		f.All = float64(j.all) / float64(j.n)
	}
	return f
}

// Names of the shares in a run's metrics: "acc_colour", "acc_all" of what training shows, "held_all" of what it does not.
const (
	gradePrefix = "acc_"
	gradeAll    = gradePrefix + "all"
	gradeHeld   = "held_all"
)

// grades are the shares of pictures that are all right, and of right attributes by name.
func grades(seen, held judged) []train.Named {
	f := seen.faith()
	list := []train.Named{{Name: gradeAll, Value: f.All}}
	if held.n > 0 {
		list = append(list, train.Named{Name: gradeHeld, Value: held.faith().All})
	}
	for _, name := range slices.Sorted(maps.Keys(f.Accuracy)) {
		list = append(list, train.Named{Name: gradePrefix + strings.ReplaceAll(name, " ", "_"), Value: f.Accuracy[name]})
	}
	return list
}

// gradesText is grades as a line of the history: "all 41%, colour 83%, held out 38%".
func gradesText(list []train.Named) string {
	var parts []string
	for _, g := range list {
		name := strings.ReplaceAll(strings.TrimPrefix(g.Name, gradePrefix), "_", " ")
		if g.Name == gradeHeld {
			name = "held out"
		}
		parts = append(parts, fmt.Sprintf("%s %.0f%%", name, 100*g.Value))
	}
	return "right: " + strings.Join(parts, ", ")
}

// faithful measures a run that paints, on prompts of the test split or of a file.
func (l *loaded) faithful(ctx context.Context, s *Session, e *Evaluation, o EvalOptions) error {
	if o.Tell == nil {
		o.Tell = func(string) {}
	}
	p, err := l.painter()
	if err != nil {
		return err
	}
	list, err := l.prompts(o)
	if err != nil {
		return err
	}
	c, err := l.likeness(ctx, s, len(list), o.Tell)
	if err != nil {
		return err
	}
	defer c.close()
	judge := l.judge(c)
	if judge == nil && c == nil {
		return Usage(fmt.Errorf("%s: nothing is known of its pictures by which others could be measured: sort them into a "+
			"folder for each class, or measure a run of shapes, scenes, faces or digits", l.src.Info().Name))
	}
	k, err := newCopyist(ctx, l.eng, p, l.plan.dataInfo(l.src.Info()), l.state, min(len(list), paintBatch))
	if err != nil {
		return err
	}
	defer k.close()
	opt := gen.NewPaintOptions()
	opt.Seed = o.Seed
	q := &TextQuality{Count: len(list), Seed: o.Seed, Guidance: opt.Guidance, Steps: opt.Steps,
		Accuracy: map[string]float64{}, Sweep: []SweepPoint{}}
	_, once := l.net.(gen.OneShot)
	if once { // neither applies
		q.Guidance, q.Steps = 0, 0
	}
	e.N, e.TextQuality = len(list), q
	begin := time.Now()
	pixels, err := l.paintAsked(ctx, k, opt, list)
	if err != nil {
		return err
	}
	q.SecondsEach = time.Since(begin).Seconds() / float64(len(list))
	if c != nil {
		like, _, err := c.compare(ctx, pixels)
		if err != nil {
			return err
		}
		q.Frechet, q.Precision, q.Recall = &like.Frechet, &like.Precision, &like.Recall
	}
	if judge == nil {
		o.Tell(fmt.Sprintf("pictures of %s cannot be read back: nothing is told of the prompts", l.src.Info().Name))
		return nil
	}
	sweep := sweepGuidances
	if once {
		sweep = nil
	}
	return l.grade(ctx, k, opt, list, pixels, judge, sweep, q)
}

// likeness is the classifier that the pictures are compared by; nil, after a word about it, where there can be none.
func (l *loaded) likeness(ctx context.Context, s *Session, n int, tell func(string)) (*classifier, error) {
	if n <= NearestK {
		tell(fmt.Sprintf("%d pictures are too few to be compared with others: want %d at least", n, NearestK+1))
		return nil, nil
	}
	if _, ok := samples.Labelled(l.src); !ok {
		tell(fmt.Sprintf("%s has no labels: pictures are not compared with its own", l.src.Info().Name))
		return nil, nil
	}
	return s.classifier(ctx, l.plan, l.src, tell)
}

// paintAsked paints a picture a prompt.
func (l *loaded) paintAsked(ctx context.Context, k *copyist, o gen.PaintOptions, list []asked) ([]float32, error) {
	ids := make([][]int32, len(list))
	for i, a := range list {
		ids[i] = a.ids
	}
	pixels := make([]float32, len(list)*k.one)
	return pixels, k.paint(ctx, o, ids, l.plan.words.None(gen.TextLength).IDs, pixels)
}

// grade reads the pictures back, and others at the guidances of a sweep.
func (l *loaded) grade(ctx context.Context, k *copyist, o gen.PaintOptions, list []asked, pixels []float32, judge judge,
	sweep []float64, q *TextQuality) error {
	var verdicts [][]samples.Verdict
	count := func(list []asked, pixels []float32) (seen, held judged, err error) {
		verdicts, err = judge(ctx, list, pixels)
		for i, vs := range verdicts {
			if list[i].held {
				held.add(vs)
			} else {
				seen.add(vs)
			}
		}
		return seen, held, err
	}
	seen, held, err := count(list, pixels)
	if err != nil {
		return err
	}
	q.Pairs = pairs(verdicts)
	if seen.n > 0 {
		f := seen.faith()
		q.Accuracy, q.All = f.Accuracy, &f.All
	}
	if held.n > 0 {
		f := held.faith()
		q.HeldOut = &f
	}
	list = list[:min(len(list), sweepPrompts)]
	for _, g := range sweep {
		at := o
		at.Guidance = g
		if pixels, err = l.paintAsked(ctx, k, at, list); err != nil {
			return err
		}
		s, h, err := count(list, pixels)
		if err != nil {
			return err
		}
		q.Sweep = append(q.Sweep, SweepPoint{g, float64(s.all+h.all) / float64(max(1, s.n+h.n))})
	}
	return nil
}

// judge gives the verdicts on pictures that were painted after prompts.
type judge func(ctx context.Context, list []asked, pixels []float32) ([][]samples.Verdict, error)

// judge is how pictures of the run's data are read back: by the data's own matcher, or else, where labels are what
// captions speak of, as digits are, by the classifier c. It is nil where they cannot be.
func (l *loaded) judge(c *classifier) judge {
	if e, ok := newEye(l.src); ok {
		return func(_ context.Context, list []asked, pixels []float32) ([][]samples.Verdict, error) {
			return e.judge(list, pixels), nil
		}
	}
	if _, ok := samples.Describe(l.src); !ok || c == nil {
		return nil
	}
	return func(ctx context.Context, list []asked, pixels []float32) ([][]samples.Verdict, error) {
		_, logits, err := c.extract.Run(ctx, pixels)
		if err != nil {
			return nil, err
		}
		labels := c.src.Info().Labels
		out := make([][]samples.Verdict, len(list))
		for i, a := range list {
			out[i] = labelVerdicts(a.want, labels, labels[gen.Largest(logits, i)])
		}
		return out, nil
	}
}

// labelVerdicts are those on the attributes of a wish whose values are labels, of a picture that was taken for one.
func labelVerdicts(want samples.Truth, labels []string, got string) (vs []samples.Verdict) {
	for _, w := range want {
		if slices.Contains(labels, w.Value) {
			vs = append(vs, samples.Verdict{Name: w.Name, Want: w.Value, Got: got, Right: got == w.Value})
		}
	}
	return vs
}
