package lab

import (
	"context"
	"fmt"
	"time"

	"mllab/engine"
	"mllab/engine/train"
	"mllab/gen"
	"mllab/samples"
)

// Scores are what a discriminator thinks of real and of drawn pictures; a histogram of
// the two shows how far it tells them apart.
type Scores struct {
	Real, Fake []float64
	// Right is the share of pairs of which the real picture has the higher score.
	Right float64
	// Diversity is the mean distance of two drawn pictures over that of two real ones.
	Diversity float64
}

const (
	scoreCount = 64  // pictures of either kind
	scoreEvery = 100 // steps, where no screen watches
)

// critic watches how a generator and a discriminator play.
type critic struct {
	scorer  *gen.Scorer
	x       []float32 // real pictures
	diverse float64   // their mean distance
	last    time.Time
	took    time.Duration
	game    verdict
	view    View // of the last scores
}

// newCritic compiles the scores of a net that has a discriminator; else it gives nil.
func newCritic(ctx context.Context, eng *engine.Engine, net gen.Net, src samples.Source,
	st *train.State) (*critic, error) {
	judge, ok := net.(gen.Judge)
	info := src.Info()
	split := samples.Test
	if testCount(src, scoreCount) < scoreCount {
		split = samples.Train
	}
	if n := info.Len(split); !ok || n != samples.Endless && n < scoreCount {
		return nil, nil
	}
	c := &critic{x: make([]float32, scoreCount*info.Values())}
	if err := samples.Read(src, split, 0, c.x, nil); err != nil {
		return nil, err
	}
	c.diverse = gen.Diversity(gen.Points{N: scoreCount, D: info.Values(), Values: c.x})
	var err error
	c.scorer, err = gen.NewScorer(ctx, eng, judge, dataInfo(info), st, scoreCount)
	return c, err
}

func (c *critic) close() {
	if c != nil && c.scorer != nil {
		c.scorer.Close()
	}
}

// newFollowers makes what watches a net's game and measures what it draws.
func (j *Job) newFollowers(ctx context.Context, v *views, p plan) (err error) {
	if v.exam, err = newExam(ctx, v, p, p.o.Views); err != nil {
		return err
	}
	if v.critic, err = newCritic(ctx, v.eng, v.net, v.src, v.state); err == nil && !p.model.Reads {
		v.gauge, err = j.newGauge(ctx, v, p)
	}
	return err
}

// afterStep watches the game and measures at a step, if it is time.
func (j *Job) afterStep(ctx context.Context, step int) error {
	if err := j.criticise(ctx, step); err != nil {
		return err
	}
	if err := j.examine(ctx, step); err != nil {
		return err
	}
	return j.measure(ctx, step)
}

// criticise brings the scores up to date if it is time, and says what is going wrong.
func (j *Job) criticise(ctx context.Context, step int) error {
	c := j.views.critic
	if c == nil {
		return nil
	}
	due := step%scoreEvery == 0
	if j.plan.o.Views {
		due = time.Since(c.last) >= max(viewEvery, time.Duration(float64(c.took)/viewShare))
	}
	if !due {
		return nil
	}
	begin := time.Now()
	var real, fake []float32
	var drawn gen.Points
	err := j.loop.Do(func() (err error) {
		real, fake, drawn, err = c.scorer.Run(ctx, c.x)
		return err
	})
	if err != nil {
		return err
	}
	s := compare(real, fake)
	s.Diversity = gen.Diversity(drawn) / max(c.diverse, 1e-9)
	c.last = time.Now()
	c.took = c.last.Sub(begin)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.st.Scores = s
	if j.plan.o.Views {
		c.view = s.picture(c.view.Version + 1)
		j.st.Views = withView(j.st.Views, c.view)
	}
	for _, text := range c.game.see(step, s.Right, s.Diversity) {
		j.event(text)
	}
	j.publish()
	return nil
}

// compare counts in how many pairs the real picture has the higher score.
func compare(real, fake []float32) *Scores {
	s := &Scores{}
	for _, v := range fake {
		s.Fake = append(s.Fake, float64(v))
	}
	higher := 0
	for _, y := range real {
		s.Real = append(s.Real, float64(y))
		for _, n := range fake {
			if y > n {
				higher++
			}
		}
	}
	s.Right = float64(higher) / float64(max(1, len(real)*len(fake)))
	return s
}

// When a game is called lost: the numbers stay beyond a bound for so many steps, and
// not in the first ones, in which every generator draws alike.
const (
	gameBegins   = 300
	certainRight = 0.999
	certainSteps = 500
	alikeBelow   = 0.5
	alikeSteps   = 200
	unlikeAgain  = 0.7
)

// verdict remembers how long something has been wrong. Its zero value is ready.
type verdict struct {
	certain, alike int // since which step, 0: it is not
	saidCertain    bool
	saidAlike      bool
}

// see takes the numbers of a step, and says what is to be told.
func (v *verdict) see(step int, right, diversity float64) (say []string) {
	if step < gameBegins {
		*v = verdict{}
		return nil
	}
	since := func(at *int, wrong bool) int {
		switch {
		case !wrong:
			*at = 0
		case *at == 0:
			*at = step
		}
		if *at == 0 {
			return 0
		}
		return step - *at
	}
	if since(&v.certain, right >= certainRight) >= certainSteps && !v.saidCertain {
		v.saidCertain = true
		say = append(say, fmt.Sprintf("the discriminator has told all pictures apart for %d steps: the generator "+
			"hardly learns. A lower lr.d, a penalty on its slope or loss=relativistic helps", step-v.certain))
	}
	if v.certain == 0 {
		v.saidCertain = false
	}
	if since(&v.alike, diversity < alikeBelow) >= alikeSteps && !v.saidAlike {
		v.saidAlike = true
		say = append(say, fmt.Sprintf("mode collapse: drawn pictures are alike, %.0f%% as far apart as real ones. "+
			"A penalty on the discriminator's slope or loss=relativistic helps", 100*diversity))
	}
	if v.saidAlike && diversity > unlikeAgain {
		v.saidAlike = false
		say = append(say, "drawn pictures differ again")
	}
	return say
}
