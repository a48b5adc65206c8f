package lab

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"mllab/engine/run"
	"mllab/engine/train"
)

// Gallery draws the pictures that a run or a job had at its checkpoints, with the noise
// that is the same for all: so any two can be compared. Its methods may be called from
// any goroutine.
type Gallery struct {
	load func(step int) (run.Checkpoint, error)

	mu    sync.Mutex
	views *views
	free  []func()
}

// Gallery opens the pictures of a run: a folder, a name in the root, or "last". It
// compiles, which takes a moment. Close it after use.
func (s *Session) Gallery(ctx context.Context, name string) (*Gallery, error) {
	dir, err := run.Find(s.root, name)
	if err != nil {
		return nil, Usage(err)
	}
	r, err := run.Read(dir)
	if err != nil {
		return nil, err
	}
	p, err := fromConfig(r.Config())
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", dir, err)
	}
	return s.gallery(ctx, p, s.opt, func(step int) (run.Checkpoint, error) { return r.LoadStep(int64(step)) })
}

// GalleryOf is Gallery of a job that has not ended. The pictures are of its settings of
// now.
func (s *Session) GalleryOf(ctx context.Context, j *Job) (*Gallery, error) {
	j.mu.Lock()
	p, opt := j.plan, j.opt
	j.mu.Unlock()
	return s.gallery(ctx, p, opt, j.checkpoint)
}

func (s *Session) gallery(ctx context.Context, p plan, opt Options,
	load func(step int) (run.Checkpoint, error)) (g *Gallery, err error) {
	g = &Gallery{load: load}
	defer func() {
		if err != nil {
			g.Close()
		}
	}()
	src, err := openData(p)
	if err != nil {
		return g, err
	}
	if c, ok := src.(interface{ Close() error }); ok {
		g.free = append(g.free, func() { _ = c.Close() })
	}
	net, err := p.model.Build(p.settings, p.dataInfo(src.Info()))
	if err != nil {
		return g, err
	}
	eng, err := s.engine(opt)
	if err != nil {
		return g, err
	}
	g.free = append(g.free, func() { _ = eng.Close() })
	st, err := train.NewState(eng, net.Params(), p.settings.Float("ema") > 0)
	if err != nil {
		return g, err
	}
	g.free = append(g.free, st.Free)
	all := net.Views()
	g.views, err = newViews(ctx, eng, net, src, st, all[:min(1, len(all))])
	if err == nil {
		g.views.exam, err = newExam(ctx, g.views, p, true)
	}
	if err == nil && len(g.views.list) == 0 && g.views.exam == nil {
		err = errors.New("the model draws no pictures of this data")
	}
	return g, err
}

// Draw gives the pictures of the checkpoint of a step.
func (g *Gallery) Draw(ctx context.Context, step int) (View, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.views == nil {
		return View{}, errors.New("the gallery is closed")
	}
	ck, err := g.load(step)
	if err != nil {
		return View{}, err
	}
	if err := g.views.state.Load(ck); err != nil {
		return View{}, err
	}
	if g.views.exam != nil {
		return g.views.exam.view(ctx)
	}
	w := g.views.list[0]
	pixels := make([]float32, w.viewer.Values())
	if err := w.viewer.Draw(ctx, viewSeed, w.x, pixels); err != nil {
		return View{}, err
	}
	w.drawn++
	return w.shown(pixels), nil
}

// Close frees the device.
func (g *Gallery) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.views.close()
	g.views = nil
	for i := len(g.free) - 1; i >= 0; i-- {
		g.free[i]()
	}
	g.free = nil
}

// Past is what a run on disk has to show without being opened.
type Past struct {
	Series []Series
	Steps  []int // of its checkpoints, rising
	Events []Event
	Notes  []string // what of it could not be read
}

// Past reads the metrics, checkpoints and history of a run. What is damaged is left out
// and noted.
func (s *Session) Past(name string) (Past, error) {
	dir, err := run.Find(s.root, name)
	if err != nil {
		return Past{}, Usage(err)
	}
	r, err := run.Read(dir)
	if err != nil {
		return Past{}, err
	}
	defer r.Close()
	var p Past
	note := func(err error) {
		if err != nil {
			p.Notes = append(p.Notes, err.Error())
		}
	}
	lines, err := r.Metrics()
	note(err)
	events, err := r.History()
	note(err)
	steps, err := r.Checkpoints()
	note(err)
	j := Job{series: map[string]*Series{}}
	j.remember(lines)
	p.Series = j.st.Series
	for _, e := range events {
		p.Events = append(p.Events, Event{int(e.Step), e.Text})
	}
	for _, step := range steps {
		p.Steps = append(p.Steps, int(step))
	}
	return p, nil
}

// Trash moves a run into the trash of the session's folder, and gives where it is now.
func (s *Session) Trash(name string) (string, error) {
	dir, err := run.Find(s.root, name)
	if err != nil { // a damaged run has no configuration to be found by
		dir = filepath.Join(s.root, filepath.Base(name))
	}
	return run.Trash(s.root, dir)
}
