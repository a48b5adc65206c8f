package run

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mllab/engine/safetensors"
)

const (
	checkpointDir    = "checkpoints"
	checkpointSuffix = ".safetensors"
	damagedSuffix    = ".damaged"
	checkpointKind   = "mllab checkpoint"
	extraPrefix      = "x." // before the keys of Checkpoint.Extra in the file
	checksumKey      = "checksum"
	noChecksum       = "00000000" // stands where the checksum will, while it is computed
)

// ErrNoCheckpoint is wrapped by the error of loading a run that has none yet: it begins at step 0.
var ErrNoCheckpoint = errors.New("no checkpoint")

// Checkpoint is the state after Step steps. By custom the tensors are named param.*, opt.* and, for averaged
// parameters, ema.*; their names must differ.
type Checkpoint struct {
	Step    int64
	Epoch   int64
	LR      float64
	Random  []uint64 // state words of the random generators
	Tensors []safetensors.Tensor
	Extra   map[string]string // whatever else the trainer must know to go on

	// Notes says, in clean lines, what Load and Resume had to pass over. It is not saved.
	Notes []string
}

// Tensor finds a tensor by name.
func (c *Checkpoint) Tensor(name string) (safetensors.Tensor, bool) {
	for _, t := range c.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return safetensors.Tensor{}, false
}

func (c *Checkpoint) metadata() map[string]string {
	words := make([]string, len(c.Random))
	for i, w := range c.Random {
		words[i] = strconv.FormatUint(w, 16)
	}
	meta := map[string]string{
		"kind":      checkpointKind,
		"format":    strconv.Itoa(Format),
		"step":      strconv.FormatInt(c.Step, 10),
		"epoch":     strconv.FormatInt(c.Epoch, 10),
		"lr":        strconv.FormatFloat(c.LR, 'g', -1, 64),
		"random":    strings.Join(words, " "),
		checksumKey: noChecksum,
	}
	for k, v := range c.Extra {
		meta[extraPrefix+k] = v
	}
	return meta
}

func (c *Checkpoint) setMetadata(meta map[string]string) error {
	if meta["kind"] != checkpointKind {
		return errors.New("it is not a checkpoint of mllab")
	}
	if f := meta["format"]; f != strconv.Itoa(Format) {
		return fmt.Errorf("written by mllab format %q; this is format %d", clip(f), Format)
	}
	var errs [3]error
	c.Step, errs[0] = strconv.ParseInt(meta["step"], 10, 64)
	c.Epoch, errs[1] = strconv.ParseInt(meta["epoch"], 10, 64)
	c.LR, errs[2] = strconv.ParseFloat(meta["lr"], 64)
	if err := errors.Join(errs[:]...); err != nil || c.Step < 0 {
		return errors.New("its step, epoch or lr is not a number")
	}
	for _, word := range strings.Fields(meta["random"]) {
		w, err := strconv.ParseUint(word, 16, 64)
		if err != nil {
			return errors.New("its random state is not a list of numbers")
		}
		c.Random = append(c.Random, w)
	}
	for k, v := range meta {
		if key, ok := strings.CutPrefix(k, extraPrefix); ok {
			if c.Extra == nil {
				c.Extra = map[string]string{}
			}
			c.Extra[key] = v
		}
	}
	return nil
}

func checkpointName(step int64) string { return fmt.Sprintf("step-%08d%s", step, checkpointSuffix) }

// checkpointStep is the step in a checkpoint's file name.
func checkpointStep(name string) (int64, bool) {
	digits, isStep := strings.CutPrefix(name, "step-")
	digits, isFile := strings.CutSuffix(digits, checkpointSuffix)
	step, err := strconv.ParseInt(digits, 10, 64)
	return step, isStep && isFile && err == nil && name == checkpointName(step)
}

// listSteps gives the steps that have a checkpoint in the run dir, rising; none if the folder is missing.
func listSteps(dir string) ([]int64, error) {
	entries, err := os.ReadDir(filepath.Join(dir, checkpointDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var steps []int64
	for _, e := range entries {
		if step, ok := checkpointStep(e.Name()); ok {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	return steps, nil
}

// saveCheckpoint writes the file in two passes over the tensors: the checksum stands before what it sums.
func (d disk) saveCheckpoint(path string, c *Checkpoint) error {
	meta, err := c.summed()
	if err != nil {
		return err
	}
	return d.replace(path, func(w io.Writer) error { return safetensors.Write(w, c.Tensors, meta) })
}

// summed is the metadata with the checksum of the whole file.
func (c *Checkpoint) summed() (map[string]string, error) {
	meta := c.metadata()
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	if err := safetensors.Write(sum, c.Tensors, meta); err != nil {
		return nil, err
	}
	meta[checksumKey] = fmt.Sprintf("%08x", sum.Sum32())
	return meta, nil
}

// loadCheckpoint reads and checks the checkpoint of step in the run dir.
func loadCheckpoint(dir string, step int64) (*Checkpoint, error) {
	path := filepath.Join(dir, checkpointDir, checkpointName(step))
	disk, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer disk.Close()
	c, err := readCheckpoint(disk, size, filepath.Base(path))
	if err != nil {
		return nil, err
	}
	if c.Step != step {
		return nil, fmt.Errorf("it holds step %d", c.Step)
	}
	return c, nil
}

// readCheckpoint reads and checks a checkpoint of size bytes; name is what errors call it.
func readCheckpoint(r io.ReaderAt, size int64, name string) (*Checkpoint, error) {
	f, err := safetensors.New(r, size, name)
	if err != nil {
		return nil, err
	}
	c := &Checkpoint{}
	if err := c.setMetadata(f.Metadata()); err != nil {
		return nil, err
	}
	if err := verify(r, size, f.Metadata()[checksumKey]); err != nil {
		return nil, err
	}
	for _, name := range f.Names() {
		t, err := f.Tensor(name)
		if err != nil {
			return nil, err
		}
		c.Tensors = append(c.Tensors, t)
	}
	return c, nil
}

// verify sums the whole file, header included, with the checksum's own digits taken as zeros. The quotes of
// its key occur nowhere else: within a JSON string they would be escaped, and a tensor's value is an object.
func verify(r io.ReaderAt, size int64, want string) error {
	var prefix [8]byte
	if _, err := r.ReadAt(prefix[:], 0); err != nil {
		return cause(err)
	}
	n := int64(binary.LittleEndian.Uint64(prefix[:])) // safetensors.New has checked it against size
	head := make([]byte, 8+n)
	if _, err := r.ReadAt(head, 0); err != nil {
		return cause(err)
	}
	mark := []byte(`"` + checksumKey + `":"`)
	at := bytes.Index(head, mark) + len(mark)
	if len(want) != len(noChecksum) || at < len(mark) || at+len(want) > len(head) {
		return errors.New("it has no checksum")
	}
	copy(head[at:], noChecksum)
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	_, _ = sum.Write(head) // a hash never fails
	if _, err := io.Copy(sum, io.NewSectionReader(r, 8+n, size-8-n)); err != nil {
		return cause(err)
	}
	if got := fmt.Sprintf("%08x", sum.Sum32()); got != want {
		return fmt.Errorf("its checksum is %s, and %s was written", got, clip(strconv.Quote(want)))
	}
	return nil
}

// Save writes a checkpoint and prunes old ones (see Retain); what it returned nil for survives a power cut.
// It takes long beside a step, so it may be called from another goroutine than Log, with tensors that nobody
// changes meanwhile. Lines of metrics up to ck.Step should be logged before; later ones may be, too.
func (r *Run) Save(ck Checkpoint) error {
	r.saveMu.Lock()
	defer r.saveMu.Unlock()
	doing := fmt.Sprintf("run %s: save step %d", r.shown(), ck.Step)
	if ck.Step < 0 || math.IsNaN(ck.LR) || math.IsInf(ck.LR, 0) {
		return fmt.Errorf("%s: lr %v: want a step of 0 or more and a finite rate", doing, ck.LR)
	}
	if err := r.settleMetrics(ck.Step); err != nil {
		return fault(doing, err)
	}
	dir := filepath.Join(r.dir, checkpointDir)
	if err := os.Mkdir(dir, 0o755); err == nil {
		err = syncDir(r.dir)
		if err != nil {
			return fault(doing, err)
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return fault(doing, err)
	}
	if err := r.disk.saveCheckpoint(filepath.Join(dir, checkpointName(ck.Step)), &ck); err != nil {
		return fault(doing, err)
	}
	r.prune()
	return nil
}

// settleMetrics puts metrics and history on disk, before the checkpoint that counts on them. The checkpoint
// itself holds nothing of them, so that equal trainings leave equal bytes however long their steps took.
func (r *Run) settleMetrics(step int64) error {
	r.mu.Lock()
	err := r.writable()
	if err == nil && step > r.head {
		err = r.settle()
	}
	if err != nil {
		r.mu.Unlock()
		return err
	}
	metrics, history := r.metrics, r.history
	r.mu.Unlock() // training logs on while the disk works; Close waits for saveMu
	return errors.Join(metrics.Sync(), history.Sync())
}

// What is kept on disk unless Retain says otherwise.
const (
	keepLast  = 3
	keepBytes = 256 << 20
	keepMost  = 48 // checkpoints, however small
)

// prune removes what Retain does not keep. A file that cannot be removed is tried again after the next save.
func (r *Run) prune() {
	steps, err := listSteps(r.dir)
	if err != nil {
		return
	}
	sizes, total := map[int64]int64{}, int64(0)
	for _, step := range steps {
		if st, err := os.Stat(r.checkpointPath(step)); err == nil {
			sizes[step] = st.Size()
			total += st.Size()
		}
	}
	for len(steps) > r.keep && (total > r.bytes || len(steps) > keepMost) {
		i := Thinnest(steps[:len(steps)-r.keep+1])
		_ = os.Remove(r.checkpointPath(steps[i]))
		total -= sizes[steps[i]]
		steps = slices.Delete(steps, i, i+1)
	}
}

// Thinnest says which of rising steps, two or more, is missed least by who wants to go back to any of them:
// neither the first, unless there is no other, nor the last, but the one with the least between its
// neighbours; of equal ones the earliest.
func Thinnest(steps []int64) int {
	best := 0
	for i := 1; i+1 < len(steps); i++ {
		if best == 0 || steps[i+1]-steps[i-1] < steps[best+1]-steps[best-1] {
			best = i
		}
	}
	return best
}

func (r *Run) checkpointPath(step int64) string {
	return filepath.Join(r.dir, checkpointDir, checkpointName(step))
}

// Retain keeps the last n checkpoints (at least 1; 3 if never called; 2 or more survive a damaged one) and,
// for rewinding, as many older ones as fit into that many bytes with them (256 MiB if never called), evenly
// over the run.
func (r *Run) Retain(n int, bytes int64) {
	r.saveMu.Lock()
	defer r.saveMu.Unlock()
	r.keep, r.bytes = max(1, n), max(0, bytes)
}

// Checkpoints lists the steps that can be loaded, rising.
func (r *Run) Checkpoints() ([]int64, error) {
	steps, err := listSteps(r.dir)
	if err != nil {
		return nil, fault("run "+r.shown()+": checkpoints", err)
	}
	return steps, nil
}

// Load reads the newest checkpoint that is whole, of a run that was rewound up to that step; Notes names those
// that were passed over. It changes nothing. The error wraps ErrNoCheckpoint if the run has none.
func (r *Run) Load() (Checkpoint, error) {
	r.mu.Lock()
	last := r.head
	r.mu.Unlock()
	c, _, err := r.loadUpTo(last)
	return c, err
}

// LoadStep reads the checkpoint of one step. It changes nothing.
func (r *Run) LoadStep(step int64) (Checkpoint, error) {
	c, err := loadCheckpoint(r.dir, step)
	if errors.Is(err, fs.ErrNotExist) {
		steps, _ := listSteps(r.dir)
		return Checkpoint{}, fmt.Errorf("run %s: %w of step %d: there are %v", r.shown(), ErrNoCheckpoint, step,
			steps)
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("run %s: checkpoint of step %d is damaged: %w", r.shown(), step, cause(err))
	}
	return *c, nil
}

// loadUpTo reads the newest whole checkpoint of a step <= last, and gives the steps of the damaged ones after
// it.
func (r *Run) loadUpTo(last int64) (Checkpoint, []int64, error) {
	for try := 0; ; try++ {
		steps, err := r.Checkpoints()
		if err != nil {
			return Checkpoint{}, nil, err
		}
		var notes []string
		var damaged []int64
		gone := false
		for _, step := range slices.Backward(steps) {
			if step > last {
				continue
			}
			c, err := loadCheckpoint(r.dir, step)
			if err == nil {
				if len(notes) > 0 {
					notes = append(notes, fmt.Sprintf("going on from the checkpoint of step %d", step))
				}
				c.Notes = notes
				return *c, damaged, nil
			}
			gone = gone || errors.Is(err, fs.ErrNotExist)
			notes = append(notes, fmt.Sprintf("checkpoint of step %d is damaged: %v", step, cause(err)))
			damaged = append(damaged, step)
		}
		switch {
		case gone && try < 3: // pruned by the process that writes the run, between the list and the look
			continue
		case len(damaged) > 0:
			return Checkpoint{}, damaged, fmt.Errorf("run %s: no checkpoint is whole (%s): start a new run",
				r.shown(), strings.Join(notes, "; "))
		}
		if len(steps) > 0 {
			return Checkpoint{}, nil, fmt.Errorf("run %s: %w up to step %d: the first is of step %d", r.shown(),
				ErrNoCheckpoint, last, steps[0])
		}
		return Checkpoint{}, nil, fmt.Errorf("run %s: %w yet", r.shown(), ErrNoCheckpoint)
	}
}
