package lab

import (
	"fmt"
	"path/filepath"
	"slices"

	"mllab/engine/run"
)

// origin is the moment that a job begins at instead of step 0.
type origin struct {
	ck     run.Checkpoint
	past   []run.Metrics // of the steps up to it
	parent string        // name of the run
}

// Fork begins a second training at a moment of a job: one of its checkpoints, or with
// -1 the present one, for which it waits for a step under way. The fork is paused; both
// train apart, and can be changed apart. It is kept on disk if the job is.
func (s *Session) Fork(j *Job, step int) (*Job, error) {
	j.mu.Lock()
	loop, disk, st := j.loop, j.disk, j.st
	log, p, opt := slices.Clone(j.log), j.plan, j.opt
	j.mu.Unlock()
	if loop == nil {
		if st.Dir != "" {
			return s.ForkRun(st.Dir, step)
		}
		return nil, fmt.Errorf("fork: nothing is trained any more, or not yet, and no run is on disk")
	}
	from := origin{parent: st.Run}
	if from.parent == "" {
		from.parent = st.Model + " (not saved)"
	}
	var err error
	if step < 0 || step == st.Step {
		from.ck, err = loop.Checkpoint()
	} else {
		from.ck, err = j.checkpoint(step)
	}
	if err == nil && disk != nil {
		log, err = disk.Metrics()
	}
	if err != nil {
		return nil, fmt.Errorf("fork: %w", err)
	}
	from.past = log
	p.o.Keep = disk != nil
	return s.fork(p, opt, from), nil
}

// ForkRun is Fork of a run on disk: a folder, a name in the session's root, or "last".
func (s *Session) ForkRun(name string, step int) (*Job, error) {
	dir, err := run.Find(s.root, name)
	if err != nil {
		return nil, Usage(err)
	}
	r, err := run.Read(dir)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p, err := fromConfig(r.Config())
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", dir, err)
	}
	from := origin{parent: filepath.Base(dir)}
	if step < 0 {
		from.ck, err = r.Load()
	} else {
		from.ck, err = r.LoadStep(int64(step))
	}
	if err == nil {
		from.past, err = r.Metrics()
	}
	if err != nil {
		return nil, fmt.Errorf("fork: %w", err)
	}
	opt := s.opt
	opt.Device, opt.Threads = r.Config().Device, r.Config().Threads
	p.o.Keep = true
	return s.fork(p, opt, from), nil
}

func (s *Session) fork(p plan, opt Options, from origin) *Job {
	p.o.Name, p.o.Out, p.o.Views, p.o.Paused, p.o.OnMetrics = "", "", true, true, nil
	return s.start(&Job{plan: p, opt: opt, paused: true, from: &from})
}

// begin puts a forked job to the moment that it was forked at.
func (j *Job) begin(from origin) error {
	if err := j.loop.Restore(from.ck); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	step := j.loop.Step()
	for _, m := range from.past {
		if m.Step <= from.ck.Step {
			j.log = append(j.log, m)
		}
	}
	j.st.Step, j.st.Epoch = step, j.loop.Epoch()
	j.st.Parent, j.st.ParentStep = from.parent, step
	j.remember(j.log)
	j.event(fmt.Sprintf("forked from %s at step %d", from.parent, step))
	return nil
}
