package run

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
)

// Resume loads the newest whole checkpoint and brings the folder to the moment of it: metrics after its step
// are cut off, damaged newer checkpoints are set aside under another name, the mark of Finish goes. A line of
// history says so.
//
// If the run was killed before its first checkpoint the error wraps ErrNoCheckpoint, the metrics are empty,
// and the caller begins at step 0 on this same Run.
func (r *Run) Resume() (Checkpoint, error) { return r.resume(math.MaxInt64) }

// ResumeAt is Resume from the newest whole checkpoint of a step <= step. Newer checkpoints are deleted: they
// are of a future that will not come.
func (r *Run) ResumeAt(step int64) (Checkpoint, error) { return r.resume(step) }

func (r *Run) resume(last int64) (Checkpoint, error) {
	r.saveMu.Lock()
	defer r.saveMu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	doing := "resume run " + r.shown()
	switch {
	case r.closed:
		return Checkpoint{}, fault(doing, ErrClosed)
	case r.lock == nil:
		return Checkpoint{}, fault(doing, ErrReadOnly)
	}
	ck, damaged, err := r.loadUpTo(last)
	fresh := errors.Is(err, ErrNoCheckpoint)
	if err != nil && (!fresh || last != math.MaxInt64) {
		return Checkpoint{}, err
	}
	none := err
	// Newest first, and the metrics last: if this is cut short, the next Resume finds the same checkpoint or
	// a newer one whose metrics are still there.
	if err := r.dropAfter(last, damaged); err != nil {
		return Checkpoint{}, fault(doing, err)
	}
	end, err := r.metricsUpTo(&ck, fresh)
	if err == nil {
		err = r.metrics.Truncate(end)
	}
	if err == nil {
		err = r.metrics.Sync()
	}
	if err != nil {
		return Checkpoint{}, fault(doing, err)
	}
	r.metricsEnd, r.lastStep, r.ready = end, ck.Step, true
	if fresh {
		return Checkpoint{}, none
	}
	for _, text := range append(ck.Notes, fmt.Sprintf("resumed from step %d", ck.Step)) {
		if err := r.event(ck.Step, text); err != nil {
			return Checkpoint{}, fault(doing, err)
		}
	}
	return ck, nil
}

// dropAfter removes the checkpoints after last and sets the damaged ones aside, for whoever would rescue
// them.
func (r *Run) dropAfter(last int64, damaged []int64) error {
	steps, err := listSteps(r.dir)
	if err != nil {
		return err
	}
	for i := len(steps) - 1; i >= 0 && steps[i] > last; i-- {
		if err := os.Remove(r.checkpointPath(steps[i])); err != nil {
			return err
		}
	}
	for _, step := range damaged {
		path := r.checkpointPath(step)
		if err := os.Rename(path, path+damagedSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Remove(filepath.Join(r.dir, resultName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(steps) == 0 {
		return nil
	}
	return syncDir(filepath.Join(r.dir, checkpointDir))
}

// metricsUpTo finds the end of the metrics up to the checkpoint's step.
func (r *Run) metricsUpTo(ck *Checkpoint, fresh bool) (end int64, err error) {
	if fresh {
		return 0, nil
	}
	stop := errors.New("stop")
	err = eachLine(io.NewSectionReader(r.metrics, 0, math.MaxInt64), func(line []byte, at int64) error {
		step, ok := lineStep(line) // a line that someone damaged goes with those around it
		if ok && step > ck.Step {
			return stop
		}
		if ok {
			end = at
		}
		return nil
	})
	if errors.Is(err, stop) {
		err = nil
	}
	return end, err
}
