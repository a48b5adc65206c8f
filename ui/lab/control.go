package lab

import (
	"context"
	"errors"

	"mllab/engine/run"
)

// Pause lets the running step end and begins no other until Continue.
func (j *Job) Pause() {
	j.control(func() {
		j.paused, j.singles = true, 0
		if j.loop != nil {
			j.loop.Pause()
		}
		if j.st.Phase == Training {
			j.st.Phase = Paused
		}
	})
}

// Continue ends a pause.
func (j *Job) Continue() {
	j.control(func() {
		j.paused, j.singles = false, 0
		if j.loop != nil {
			j.loop.Resume()
		}
		if j.st.Phase == Paused {
			j.st.Phase = Training
		}
	})
}

// StepOnce pauses and does one step; further calls, one more each.
func (j *Job) StepOnce() {
	j.control(func() {
		j.paused = true
		j.singles++
		if j.loop != nil {
			j.loop.Single()
		}
		if j.st.Phase == Training {
			j.st.Phase = Paused
		}
	})
}

// Restart begins again at step 0 with the same options and the knobs as they are. A
// run on disk stays as it is; what follows is a new one.
func (j *Job) Restart() {
	j.control(func() {
		j.command(func(context.Context) error { return j.reset() })
	})
}

// command has f done by the job's goroutine between two steps, instead of what was
// ordered before and not done yet; false where there is no training any more, or not
// yet. j.mu is held.
func (j *Job) command(f func(context.Context) error) bool {
	if j.loop == nil || j.stopped {
		return false
	}
	j.order = f
	j.loop.Stop()
	return true
}

// Stop ends the job after the running step; a run on disk is saved.
func (j *Job) Stop() {
	j.control(func() {
		j.stopped = true
		if j.loop != nil {
			j.loop.Stop()
			return
		}
		j.cancel()
	})
}

func (j *Job) control(f func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f()
	j.publish()
}

// event records what happened. j.mu is held.
func (j *Job) event(text string) {
	step := j.st.Step
	j.st.Events = append(j.st.Events[:len(j.st.Events):len(j.st.Events)], Event{step, text})
	if j.disk != nil {
		if err := j.disk.Event(int64(step), text); err != nil {
			j.st.Events = append(j.st.Events, Event{step, "history is not on disk: " + err.Error()})
		}
	}
}

// Save writes a checkpoint now, into a new run if there is none yet, and gives
// the run's folder. It waits for a step under way.
func (j *Job) Save() (string, error) {
	j.mu.Lock()
	loop, disk := j.loop, j.disk
	j.mu.Unlock()
	if loop == nil {
		return "", errors.New("save: nothing has been trained yet")
	}
	if disk == nil {
		if err := j.create(); err != nil {
			return "", err
		}
	}
	if err := loop.Save(); err != nil {
		return "", err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.disk == nil {
		return j.st.Dir, nil
	}
	return j.disk.Dir(), nil
}

// saver gives checkpoints of a loop to the job's run, if there is one.
type saver struct{ j *Job }

// Save writes a checkpoint; a job that keeps no run does nothing.
func (s saver) Save(ck run.Checkpoint) error {
	s.j.mu.Lock()
	disk := s.j.disk
	s.j.mu.Unlock()
	if disk == nil {
		return nil
	}
	if err := disk.Save(ck); err != nil {
		return err
	}
	s.j.mu.Lock()
	defer s.j.mu.Unlock()
	s.j.saved = int(ck.Step)
	s.j.list()
	s.j.publish()
	return nil
}
