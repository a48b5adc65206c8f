package lab

import (
	"errors"
	"fmt"

	"mllab/engine/run"
)

// stored is a run as it is on disk: its configuration, and a checkpoint of it.
type stored struct {
	name, dir string
	config    run.Config
	ck        run.Checkpoint
}

// newest is the step of a run's last whole checkpoint.
const newest = -1

// stored reads a run (a folder, a name in the session's root, or "last") with its checkpoint of a step, or the newest.
// The run may be packed in a file, which has one checkpoint.
func (s *Session) stored(name string, step int64) (stored, error) {
	if run.IsPacked(name) {
		c, ck, err := run.OpenPacked(name)
		return stored{name, name, c, ck}, err
	}
	dir, err := run.Find(s.root, name)
	if err != nil {
		return stored{}, Usage(err)
	}
	r, err := run.Read(dir)
	if err != nil {
		return stored{}, err
	}
	defer r.Close()
	st := stored{name: r.Name(), dir: r.Dir(), config: r.Config()}
	if step == newest {
		st.ck, err = r.Load()
	} else {
		st.ck, err = r.LoadStep(step)
	}
	if errors.Is(err, run.ErrNoCheckpoint) {
		err = fmt.Errorf("%w: train it for longer, or save it with w on the screen Train", err)
	}
	return st, err
}
