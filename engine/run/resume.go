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

// Resume loads the newest whole checkpoint, of a run that was rewound that of the step it was rewound to, and
// brings the folder to the moment of it: metrics after its step are cut off, damaged newer checkpoints are set
// aside under another name, the mark of Finish goes. A line of history says so.
//
// If the run was killed before its first checkpoint the error wraps ErrNoCheckpoint, the metrics are empty,
// and the caller begins at step 0 on this same Run.
func (r *Run) Resume() (Checkpoint, error) {
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
	if err := r.settleRewound(); err != nil {
		return Checkpoint{}, fault(doing, err)
	}
	ck, damaged, err := r.loadUpTo(math.MaxInt64)
	fresh := errors.Is(err, ErrNoCheckpoint)
	if err != nil && !fresh {
		return Checkpoint{}, err
	}
	none := err
	// Newest first, and the metrics last: if this is cut short, the next Resume finds the same checkpoint or
	// a newer one whose metrics are still there.
	if err := r.dropDamaged(damaged); err != nil {
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

// settleRewound is settle of a run whose metrics were not measured yet.
func (r *Run) settleRewound() error {
	if r.head == math.MaxInt64 {
		return nil
	}
	st, err := os.Stat(filepath.Join(r.dir, metricsName))
	if err != nil {
		return err
	}
	r.metricsEnd = st.Size()
	return r.settle()
}

// dropDamaged sets the damaged checkpoints aside, for whoever would rescue them, and takes the mark of Finish
// away.
func (r *Run) dropDamaged(damaged []int64) error {
	for _, step := range damaged {
		path := r.checkpointPath(step)
		if err := os.Rename(path, path+damagedSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Remove(filepath.Join(r.dir, resultName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(damaged) == 0 {
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
