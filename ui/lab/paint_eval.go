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
	Accuracy map[string]float64 `json:"accuracy"` // by attribute: "colour", "shape", ...
	All      float64            `json:"all"`      // pictures in which every attribute is right
	HeldOut  *Faith             `json:"held_out,omitempty"`
	Count    int                `json:"n"` // prompts
}

// TextQuality is what is measured of a run that paints after prompts, those of the test split.
type TextQuality struct {
	Seed     uint64  `json:"seed"`
	Guidance float64 `json:"guidance"` // 0 of a net that draws at once, as are the steps
	Steps    int     `json:"steps"`
	Faith
	Sweep       []SweepPoint `json:"sweep,omitempty"`
	SecondsEach float64      `json:"s_per_image"`
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

// faithful measures a run that paints on n prompts of the test split.
func (l *loaded) faithful(ctx context.Context, e *Evaluation, o EvalOptions) error {
	p, err := l.painter()
	if err != nil {
		return err
	}
	truth, ok := l.src.(samples.Describer)
	eye, ok2 := l.src.(samples.Matcher)
	info := l.src.Info()
	if !ok || !ok2 || info.H != info.W || info.C != 3 {
		return Usage(fmt.Errorf("%s does not know what is in its pictures: measure a run of shapes, scenes or faces", info.Name))
	}
	opt := gen.NewPaintOptions()
	opt.Seed = o.Seed
	if n := info.Test; n != samples.Endless && e.N > n {
		e.N = n
	}
	q := &TextQuality{Seed: o.Seed, Guidance: opt.Guidance, Steps: opt.Steps}
	_, once := l.net.(gen.OneShot)
	if once { // neither applies
		q.Guidance, q.Steps = 0, 0
	}
	begin := time.Now()
	seen, held, err := l.judge(ctx, p, truth, eye, opt, e.N)
	if err != nil {
		return err
	}
	q.SecondsEach = time.Since(begin).Seconds() / float64(e.N)
	q.Faith = seen.faith()
	if held.n > 0 {
		f := held.faith()
		q.HeldOut = &f
	}
	e.TextQuality = q
	if once {
		return nil
	}
	for _, g := range sweepGuidances {
		at := opt
		at.Guidance = g
		s, h, err := l.judge(ctx, p, truth, eye, at, min(e.N, sweepPrompts))
		if err != nil {
			return err
		}
		q.Sweep = append(q.Sweep, SweepPoint{g, float64(s.all+h.all) / float64(max(1, s.n+h.n))})
	}
	return nil
}

// judge paints n prompts of the test split and reads the pictures back: those of combinations that training
// showed, and those that it never did.
func (l *loaded) judge(ctx context.Context, p gen.Painter, truth samples.Describer, eye samples.Matcher,
	o gen.PaintOptions, n int) (seen, held judged, err error) {
	d := l.plan.dataInfo(l.src.Info())
	texts := make([][]int32, n)
	prompts := make([]string, n)
	for i := range texts {
		prompts[i] = truth.Caption(samples.Test, i)
		texts[i] = l.plan.words.Encode(prompts[i], gen.TextLength).IDs
	}
	one := d.H * d.W * d.C
	pixels := make([]float32, n*one)
	if err := l.paint(ctx, p, d, o, texts, l.plan.words.None(gen.TextLength).IDs, pixels); err != nil {
		return seen, held, err
	}
	for i, prompt := range prompts {
		vs := eye.Judge(truth.Wanted(prompt), pixels[i*one:(i+1)*one], d.H)
		if truth.HeldOut(truth.Truth(samples.Test, i)) {
			held.add(vs)
		} else {
			seen.add(vs)
		}
	}
	return seen, held, nil
}
