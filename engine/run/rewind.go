package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
)

const (
	headName = "head.json"
	asideDir = "rewound"
)

// head is where a run stands that was rewound and has not gone on since.
type head struct {
	Step int64 `json:"step"`
}

// Rewind says that the run goes on from its checkpoint of a step, and writes the text into its history. Until
// it does go on nothing else changes, so that another Rewind may go forward again. The first line of metrics
// after that sets aside, under rewound/, the checkpoints and metrics of the steps that will not come. A
// Resume or Load in between finds the step.
func (r *Run) Rewind(step int64, text string) error {
	r.saveMu.Lock()
	defer r.saveMu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	doing := fmt.Sprintf("run %s: rewind to step %d", r.shown(), step)
	if err := r.writable(); err != nil {
		return fault(doing, err)
	}
	if _, err := os.Stat(r.checkpointPath(step)); err != nil {
		return fault(doing, fmt.Errorf("%w of that step", ErrNoCheckpoint))
	}
	b, err := json.Marshal(head{step})
	if err != nil {
		return fault(doing, err)
	}
	if err := r.disk.replaceBytes(filepath.Join(r.dir, headName), append(b, '\n')); err != nil {
		return fault(doing, err)
	}
	r.head = step
	if err := r.event(step, text); err != nil {
		return fault(doing, err)
	}
	return nil
}

// readHead gives the step that a run was rewound to; the last there is where it was not, or where the file is
// damaged: then the newest checkpoint counts.
func readHead(dir string) int64 {
	b, err := os.ReadFile(filepath.Join(dir, headName))
	h := head{Step: -1}
	if err != nil || json.Unmarshal(b, &h) != nil || h.Step < 0 {
		return math.MaxInt64
	}
	return h.Step
}

// settle sets aside what comes after the step that the run was rewound to. saveMu and mu are held. If it is
// cut short, the next one does it again; what was set aside stays.
func (r *Run) settle() error {
	if r.head == math.MaxInt64 {
		return nil
	}
	end, err := r.metricsUpTo(&Checkpoint{Step: r.head}, false)
	if err != nil {
		return err
	}
	steps, err := listSteps(r.dir)
	if err != nil {
		return err
	}
	later, _ := slices.BinarySearch(steps, r.head+1)
	if end < r.metricsEnd || later < len(steps) {
		if err := r.setAside(end, steps[later:]); err != nil {
			return err
		}
	}
	for _, name := range []string{resultName, headName} {
		if err := os.Remove(filepath.Join(r.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := syncDir(r.dir); err != nil {
		return err
	}
	r.metricsEnd, r.lastStep, r.head = end, r.head, math.MaxInt64
	r.pruneAside()
	return nil
}

// setAside moves checkpoints, and the metrics from an offset on, into a folder of their own.
func (r *Run) setAside(from int64, steps []int64) error {
	root := filepath.Join(r.dir, asideDir)
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	dir := ""
	for n := 1; ; n++ {
		dir = filepath.Join(root, fmt.Sprintf("%04d", n))
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	err := r.disk.replace(filepath.Join(dir, metricsName), func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(r.metrics, from, r.metricsEnd-from))
		return err
	})
	if err != nil {
		return err
	}
	if len(steps) > 0 {
		if err := os.Mkdir(filepath.Join(dir, checkpointDir), 0o755); err != nil {
			return err
		}
	}
	for _, step := range steps {
		err := os.Rename(r.checkpointPath(step), filepath.Join(dir, checkpointDir, checkpointName(step)))
		if err != nil {
			return err
		}
	}
	for _, d := range []string{dir, root} {
		if err := syncDir(d); err != nil {
			return err
		}
	}
	if err := r.metrics.Truncate(from); err != nil {
		return err
	}
	return r.metrics.Sync()
}

// pruneAside bounds what was set aside, as Retain bounds the run's own checkpoints: the oldest goes first.
func (r *Run) pruneAside() {
	root := filepath.Join(r.dir, asideDir)
	folders, _ := os.ReadDir(root) // sorted
	total := int64(0)
	for _, f := range slices.Backward(folders) {
		dir := filepath.Join(root, f.Name())
		steps, _ := listSteps(dir)
		for _, step := range slices.Backward(steps) {
			path := filepath.Join(dir, checkpointDir, checkpointName(step))
			if st, err := os.Stat(path); err == nil {
				total += st.Size()
			}
			if total > r.bytes {
				_ = os.Remove(path)
			}
		}
	}
}
