package lab

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"mllab/gen"
	"mllab/samples"
)

// A net that reads is asked for the same pictures again and again while it trains: a few to look at, in the share of
// the time that views have, and now and then as many as shares of right attributes can be told from.
const (
	lookedAt   = 16 // pictures of the view "prompts", painted at once
	lookedHeld = 4  // of these of combinations that training never shows
	judgedAt   = 64 // pictures that are judged
	judgedHeld = 16
	examSteps  = 8
	examShare  = 0.04 // of the time, where no setting says how often
	examFirst  = 20 * time.Second
	examSeed   = 1
	askedFrom  = 4096 // test examples among which prompts are looked for
)

// exam paints after fixed prompts with fixed noise and judges the pictures.
type exam struct {
	hand   *copyist
	eye    eye
	avoid  []int32
	d      gen.DataInfo
	looked []asked
	judged []asked // none where the pictures cannot be read back
	pixels []float32
	every  int // steps; 0: as often as examShare allows

	drawn int // times that looked was painted
	last  time.Time
	took  time.Duration
}

// newExam compiles what the settings ask for of a model that reads; with views it is also for the lab's screens. It
// is nil where nobody would see it.
func newExam(ctx context.Context, v *views, p plan, shown bool) (*exam, error) {
	if !p.model.Reads {
		return nil, nil
	}
	x := &exam{every: p.settings.Int(evalSetting), d: p.dataInfo(v.src.Info()), last: time.Now(),
		took: time.Duration(examShare * float64(examFirst))}
	if !shown && x.every == 0 {
		return nil, nil
	}
	t := p.texts(v.src)
	x.avoid = p.words.None(gen.TextLength).IDs
	x.looked = t.ask(v.src, lookedAt, lookedHeld)
	var ok bool
	if x.eye, ok = newEye(v.src); ok {
		x.judged = t.ask(v.src, judgedAt, judgedHeld)
	}
	if x.every > 0 && len(x.judged) == 0 {
		return nil, Usage(fmt.Errorf("%s=%d: %w", evalSetting, x.every, blind(v.src.Info().Name)))
	}
	if len(x.looked) == 0 {
		return nil, nil
	}
	x.pixels = make([]float32, max(len(x.looked), len(x.judged))*x.d.H*x.d.W*x.d.C)
	painter, ok := gen.PainterOf(v.net, x.d)
	if !ok {
		return nil, nil
	}
	var err error
	x.hand, err = newCopyist(ctx, v.eng, painter, x.d, v.state, lookedAt)
	return x, err
}

func (x *exam) close() {
	if x != nil {
		x.hand.close()
	}
}

// paint paints after prompts, a picture each, between two steps of a training.
func (x *exam) paint(ctx context.Context, list []asked) ([]float32, error) {
	o := gen.NewPaintOptions()
	o.Steps, o.Seed = examSteps, examSeed
	ids := make([][]int32, len(list))
	for i, a := range list {
		ids[i] = a.ids
	}
	pixels := x.pixels[:len(list)*x.hand.one]
	return pixels, x.hand.paint(ctx, o, ids, x.avoid, pixels)
}

// view paints the pictures to look at, with their prompts.
func (x *exam) view(ctx context.Context) (View, error) {
	pixels, err := x.paint(ctx, x.looked)
	if err != nil {
		return View{}, err
	}
	x.drawn++
	v := View{Name: "prompts", Title: "pictures after prompts of the test split, of noise that stays the same",
		N: len(x.looked), H: x.d.H, W: x.d.W, C: x.d.C, Pixels: append([]float32(nil), pixels...), Version: x.drawn}
	said := x.eye.judge(x.looked, pixels)
	for i, a := range x.looked {
		c := Caption{Text: a.text, Held: a.held}
		if len(said) > 0 && len(a.want) > 0 {
			c.Judged, c.Right = true, samples.AllRight(said[i])
		}
		v.Captions = append(v.Captions, c)
	}
	return v, nil
}

// due says whether it is time to judge after a step.
func (x *exam) due(step int) bool {
	switch {
	case len(x.judged) == 0:
		return false
	case x.every > 0:
		return step%x.every == 0
	}
	return time.Since(x.last) >= time.Duration(float64(x.took)/examShare)
}

// examine judges what the net paints, if it is time: the shares of right attributes become metrics, series, and a
// line of the run.
func (j *Job) examine(ctx context.Context, step int) error {
	x := j.views.exam
	if x == nil || !x.due(step) {
		return nil
	}
	begin := time.Now()
	var pixels []float32
	err := j.loop.Do(func() (err error) {
		pixels, err = x.paint(ctx, x.judged)
		return err
	})
	if err != nil {
		return err
	}
	var seen, held judged
	for i, vs := range x.eye.judge(x.judged, pixels) {
		if x.judged[i].held {
			held.add(vs)
		} else {
			seen.add(vs)
		}
	}
	x.last = time.Now()
	x.took = x.last.Sub(begin)
	return j.graded(step, seen, held, x.every > 0)
}

// graded tells of shares of right attributes after a step, as an event as well where they were asked for.
func (j *Job) graded(step int, seen, held judged, asked bool) error {
	got := grades(seen, held)
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, g := range got {
		j.point(g.Name, int64(step), g.Value)
	}
	j.collect()
	j.tell(values(got))
	if asked {
		j.event(gradesText(got))
	}
	j.publish()
	return j.note(step, got)
}

// eye reads pictures back; its zero value reads none.
type eye struct {
	samples.Matcher
	side int
}

// newEye is the one of a source; false where it cannot read its pictures back.
func newEye(src samples.Source) (eye, bool) {
	info := src.Info()
	d, ok := samples.Describe(src)
	m, ok2 := d.(samples.Matcher)
	if !ok || !ok2 || info.H != info.W || info.C != 3 {
		return eye{}, false
	}
	return eye{m, info.H}, true
}

// blind says that a source's pictures cannot be read back.
func blind(data string) error {
	return fmt.Errorf("%s does not know what is in its pictures: measure a run of shapes, scenes or faces", data)
}

// judge compares pictures with what was asked for, on all processors: a look takes milliseconds.
func (e eye) judge(list []asked, pixels []float32) [][]samples.Verdict {
	if e.Matcher == nil {
		return nil
	}
	out := make([][]samples.Verdict, len(list))
	one := len(pixels) / max(1, len(list))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(list)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
				out[i] = e.Judge(list[i].want, pixels[int(i)*one:(int(i)+1)*one], e.side)
			}
		})
	}
	wg.Wait()
	return out
}
