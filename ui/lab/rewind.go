package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mllab/engine/run"
	"mllab/engine/train"
)

// Checkpoint is a moment of a job that Rewind can go to.
type Checkpoint struct {
	Step   int
	Memory bool  // it is a snapshot, which ends with the job
	Disk   bool  // it is in the run's folder
	Bytes  int64 // of memory
}

// Checkpoints lists the moments that Rewind can go to, by rising steps. A job with
// pictures keeps snapshots in memory, thinned so that they take no more than 128 MiB
// (or one, if that is larger); what is on disk comes beside.
func (j *Job) Checkpoints() []Checkpoint { return j.State().Checkpoints }

// Rewind puts the training to one of its checkpoints, in the background: parameters,
// optimiser and knobs become what they were. Later checkpoints stay, and Rewind goes
// forward to them, until a step is done; then they are given up, and those on disk are
// set aside with the metrics. The history tells of it.
func (j *Job) Rewind(step int) error {
	err := fmt.Errorf("rewind to step %d: there is no training to rewind", step)
	j.control(func() {
		var steps []int
		for _, c := range j.st.Checkpoints {
			steps = append(steps, c.Step)
		}
		if !slices.Contains(steps, step) {
			if j.loop != nil {
				err = fmt.Errorf("rewind to step %d: no checkpoint of it, there are %v", step, steps)
			}
			return
		}
		if j.command(func(context.Context) error { return j.rewind(step) }) {
			err = nil
		}
	})
	return err
}

// rewind does it. Where it cannot, the training stays where it is, and says why.
func (j *Job) rewind(step int) error {
	from := j.loop.Step()
	j.snapshot(true)
	text := fmt.Sprintf("rewound from step %d (you)", from)
	if step > from {
		text = fmt.Sprintf("forward from step %d (you)", from)
	}
	if err := j.travel(step, text); err != nil {
		j.control(func() { j.event(fmt.Sprintf("not rewound to step %d: %v", step, err)) })
	}
	return nil
}

// travel puts loop, run and state to a checkpoint.
func (j *Job) travel(step int, text string) error {
	ck, err := j.checkpoint(step)
	if err != nil {
		return err
	}
	j.mu.Lock()
	disk := j.disk
	j.mu.Unlock()
	if disk != nil {
		if err := saved(disk, ck); err != nil {
			return err
		}
	}
	if err := j.loop.Restore(ck); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.st.Step, j.st.Epoch, j.rewound = step, j.loop.Epoch(), true
	j.knobs()
	j.collect()
	for i, v := range j.st.Losses {
		for _, s := range j.st.Series {
			if n := len(s.Y); s.Name == v.Name && n > 0 {
				v.Value = s.Y[n-1]
			}
		}
		j.st.Losses = slices.Clone(j.st.Losses)
		j.st.Losses[i] = v
	}
	if disk != nil {
		if err := disk.Rewind(int64(step), text); err != nil {
			return err
		}
		j.saved = step
	}
	j.st.Events = append(j.st.Events[:len(j.st.Events):len(j.st.Events)], Event{step, text})
	j.list()
	j.publish()
	return nil
}

// saved writes a checkpoint to disk unless there is one of its step.
func saved(disk *run.Run, ck run.Checkpoint) error {
	steps, err := disk.Checkpoints()
	if err != nil || slices.Contains(steps, ck.Step) {
		return err
	}
	return disk.Save(ck)
}

// checkpoint finds the checkpoint of a step in memory or on disk.
func (j *Job) checkpoint(step int) (run.Checkpoint, error) {
	j.mu.Lock()
	disk, list := j.disk, j.shots.list
	j.mu.Unlock()
	for _, ck := range list {
		if ck.Step == int64(step) {
			return ck, nil
		}
	}
	if disk == nil {
		return run.Checkpoint{}, fmt.Errorf("the snapshot of step %d was thinned out", step)
	}
	return disk.LoadStep(int64(step))
}

// goOn forgets what lies after the step before this one, when the first step is done
// after a rewind, and reports whether there was one. j.mu is held.
func (j *Job) goOn(step int) bool {
	if !j.rewound {
		return false
	}
	j.rewound = false
	j.shots.after(int64(step) - 1)
	for _, s := range j.series {
		cut := s.upTo(float64(step) - 1)
		s.X, s.Y = cut.X, cut.Y // their capacity is their length: what follows is new memory
	}
	n := len(j.log)
	for n > 0 && j.log[n-1].Step >= int64(step) {
		n--
	}
	j.log = j.log[:n]
	return true
}

// rescue goes back to the newest snapshot when the loss is no number any more, and
// waits there for the user: the snapshots are all there is of a run that is on no disk.
func (j *Job) rescue(err error) error {
	var d *train.DivergedError
	j.mu.Lock()
	list := j.shots.list
	j.mu.Unlock()
	if !errors.As(err, &d) || len(list) == 0 {
		return err
	}
	step := int(list[len(list)-1].Step)
	text := fmt.Sprintf("the loss was %v at step %d: rewound and paused; lower the learning rate, then go on",
		d.Loss, d.Step)
	j.Pause()
	if e := j.travel(step, text); e != nil {
		return errors.Join(err, e)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.order == nil && !j.stopped {
		j.order = func(context.Context) error { return nil } // go round once more
	}
	return nil
}
