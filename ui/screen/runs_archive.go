package screen

import (
	"context"
	"fmt"
	"time"

	"mllab/ui/lab"
)

// archive is where runs are kept; sessionRuns is one. Its methods are called from commands and may take long.
type archive interface {
	// list sums up all runs, live ones first.
	list() ([]runEntry, error)
	past(r runEntry) (lab.Past, error)
	gallery(ctx context.Context, r runEntry) (gallery, error)
	// use gives the job of a run, with its training going on paused if it is on disk.
	use(r runEntry) (Job, error)
	fork(r runEntry, step int) (Job, error)
	trash(r runEntry) (where string, err error)
}

// gallery draws a run's pictures at its checkpoints; *lab.Gallery is one.
type gallery interface {
	Draw(ctx context.Context, step int) (lab.View, error)
	Close()
}

// runEntry is a run in the list.
type runEntry struct {
	id                string // its folder, or a job's own
	name, model, data string
	state             string // "running", "finished", "training"
	problem           string // of a damaged run
	parent            string
	step, bornAt      int
	loss              float64
	lossName          string // "" where nothing was logged
	changed           string // when, or what it does
	live              Job    // nil: on disk alone
}

// sessionRuns are the runs of a session.
type sessionRuns struct {
	s *lab.Session
}

func (a sessionRuns) list() ([]runEntry, error) {
	disk, err := a.s.Runs()
	var all []runEntry
	live := map[string]bool{}
	for _, j := range a.s.Jobs() {
		s := j.State()
		e := runEntry{id: fmt.Sprintf("job %p", j), name: s.Run, model: s.Model, data: s.Data, state: s.Phase.String(),
			parent: s.Parent, bornAt: s.ParentStep, step: s.Step, changed: s.Phase.String(), live: j}
		if s.Dir == "" {
			e.name = "(not saved)"
		}
		if len(s.Losses) > 0 {
			e.lossName, e.loss = s.Losses[0].Name, s.Losses[0].Value
		}
		live[s.Dir] = s.Dir != ""
		all = append(all, e)
	}
	for _, r := range disk {
		if live[r.Dir] {
			continue
		}
		e := runEntry{id: r.Dir, name: r.Name, model: r.Config.Model, data: r.Config.Data, state: string(r.State),
			problem: r.Problem, parent: r.Config.Parent, bornAt: int(r.Config.ParentStep), step: int(r.Step),
			changed: changed(r.Updated, time.Now())}
		if r.Problem != "" {
			e.changed = "damaged"
		}
		for _, name := range []string{"loss", "test_neg_elbo"} {
			if f, ok := r.Last.Get(name); ok && e.lossName == "" {
				if v, ok := f.Float(); ok {
					e.lossName, e.loss = name, v
				}
			}
		}
		all = append(all, e)
	}
	return all, err
}

// changed is the time of today, else the day, of long ago the month.
func changed(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	switch {
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		return t.Format("15:04")
	case now.Sub(t) < 300*24*time.Hour:
		return t.Format("Jan 2")
	}
	return t.Format("Jan 2006")
}

func (a sessionRuns) past(r runEntry) (lab.Past, error) {
	if r.live == nil {
		return a.s.Past(r.id)
	}
	s := r.live.State()
	p := lab.Past{Series: s.Series, Events: s.Events}
	for _, c := range s.Checkpoints {
		p.Steps = append(p.Steps, c.Step)
	}
	return p, nil
}

func (a sessionRuns) gallery(ctx context.Context, r runEntry) (gallery, error) {
	if j, ok := r.live.(*lab.Job); ok {
		return a.s.GalleryOf(ctx, j)
	}
	return a.s.Gallery(ctx, r.id)
}

func (a sessionRuns) use(r runEntry) (Job, error) {
	if r.live != nil {
		return r.live, nil
	}
	return a.s.Resume(r.id, lab.TrainOptions{Views: true, Paused: true})
}

func (a sessionRuns) fork(r runEntry, step int) (Job, error) {
	if j, ok := r.live.(*lab.Job); ok {
		return a.s.Fork(j, step)
	}
	return a.s.ForkRun(r.id, step)
}

func (a sessionRuns) trash(r runEntry) (string, error) { return a.s.Trash(r.id) }
