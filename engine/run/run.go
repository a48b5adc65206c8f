package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	metricsName = "metrics.jsonl"
	historyName = "history.jsonl"
	resultName  = "result.json"
	samplesDir  = "samples"
)

// Sentinels of a Run that cannot be written.
var (
	ErrClosed   = errors.New("the run is closed")
	ErrReadOnly = errors.New("the run was opened for reading")
)

// ErrExists is wrapped by the error for a new run whose folder is there already.
var ErrExists = errors.New("exists")

// silent makes a sentinel visible to errors.Is where the text has said it already.
type silent struct{ error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.error }

// Run is a run on disk. Its methods may be called from several goroutines.
type Run struct {
	dir  string
	cfg  Config
	disk disk
	lock *os.File // nil if opened for reading

	saveMu sync.Mutex // one save at a time; taken before mu
	keep   int
	bytes  int64

	mu         sync.Mutex
	closed     bool
	ready      bool // created or resumed: metrics end where the trainer stands
	metrics    file
	metricsEnd int64
	history    file
	historyEnd int64
	lastStep   int64
	head       int64 // step that the run was rewound to and has not left yet; none: the largest number
	line       []byte
}

// Event is a line of history.jsonl.
type Event struct {
	Step int64     `json:"step"`
	Time time.Time `json:"time"`
	Text string    `json:"text"`
}

// Create makes the folder root/name with the configuration in it, and root too if it is missing. An empty
// name gets a friendly one from the seed and the time. A folder of that name may exist if it is empty. On an
// error nothing new is left but root.
func Create(root, name string, cfg Config) (*Run, error) {
	return create(realDisk, root, name, cfg)
}

func create(d disk, root, name string, cfg Config) (*Run, error) {
	cfg.Format = Format
	if cfg.Created.IsZero() {
		cfg.Created = time.Now().UTC().Round(time.Second)
	}
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("create run: %w", err)
	}
	text, err := cfg.encode()
	if err != nil {
		return nil, fmt.Errorf("create run: %w", err)
	}
	if name != "" {
		if err := checkName(name); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fault("runs folder "+pathText(root), err)
	}
	dir, fresh, err := claim(root, name, cfg)
	if err != nil {
		return nil, err
	}
	r := &Run{dir: dir, cfg: cfg, disk: d, keep: keepLast, bytes: keepBytes, head: math.MaxInt64, ready: true}
	err = r.begin(text)
	if err == nil {
		err = syncDir(root)
	}
	if err != nil {
		_ = r.Close()
		for _, name := range []string{configName, metricsName, historyName, lockName} {
			_ = os.Remove(filepath.Join(dir, name))
		}
		if fresh {
			_ = os.Remove(dir)
		}
		return nil, fault("create run "+r.shown(), err)
	}
	return r, nil
}

// claim makes the run's folder; fresh is false if an empty one was there.
func claim(root, name string, cfg Config) (dir string, fresh bool, err error) {
	seed := mix(cfg.Seed) ^ uint64(cfg.Created.UnixNano())
	for {
		choice := name
		if choice == "" {
			choice = FriendlyName(seed, func(name string) bool {
				_, err := os.Lstat(filepath.Join(root, name))
				return err == nil
			})
		}
		dir = filepath.Join(root, choice)
		err := os.Mkdir(dir, 0o755)
		switch {
		case err == nil:
			return dir, true, nil
		case !errors.Is(err, fs.ErrExist):
			return "", false, fault("create run "+pathText(dir), err)
		case name == "":
			continue // another process was quicker with this name
		}
		if entries, err := os.ReadDir(dir); err == nil && len(entries) == 0 {
			return dir, false, nil
		}
		if _, err := os.Stat(filepath.Join(dir, configName)); err == nil {
			return "", false, fmt.Errorf("run %s %w: resume it or choose another name", pathText(dir), ErrExists)
		}
		return "", false, fmt.Errorf("%s %w and is not an empty folder: choose another name", pathText(dir), ErrExists)
	}
}

// begin takes the lock and opens the files of a new run; config.json comes last, for it makes the folder a
// run.
func (r *Run) begin(config []byte) (err error) {
	if r.lock, err = acquire(r.dir); err != nil {
		return err
	}
	if err := r.openLogs(); err != nil {
		return err
	}
	return r.disk.replaceBytes(filepath.Join(r.dir, configName), config)
}

func (r *Run) openLogs() (err error) {
	const flag = os.O_RDWR | os.O_CREATE
	if r.metrics, err = r.disk(filepath.Join(r.dir, metricsName), flag); err != nil {
		return err
	}
	r.history, err = r.disk(filepath.Join(r.dir, historyName), flag)
	return err
}

// Open opens a run for writing and takes its lock; the error wraps ErrBusy if it is being written already.
// What a killed process left half-done is cleared away. Resume comes next.
func Open(dir string) (*Run, error) {
	r, err := Read(dir)
	if err != nil {
		return nil, err
	}
	doing := "open run " + r.shown()
	if r.lock, err = acquire(r.dir); err != nil {
		return nil, fault(doing, err)
	}
	r.sweep()
	if err = r.openLogs(); err == nil {
		err = r.mendHistory()
	}
	if err != nil {
		_ = r.Close()
		return nil, fault(doing, err)
	}
	return r, nil
}

// Read opens a run for looking at it and sampling from it, also while another process writes it.
func Read(dir string) (*Run, error) {
	r := &Run{dir: filepath.Clean(dir), disk: realDisk, keep: keepLast, bytes: keepBytes}
	r.head = readHead(r.dir)
	st, err := os.Stat(r.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("run %s does not exist%w", r.shown(), silent{fs.ErrNotExist})
	case err != nil:
		return nil, fault("run "+r.shown(), err)
	case !st.IsDir():
		return nil, fmt.Errorf("run %s is a file: want the folder of a run", r.shown())
	}
	if r.cfg, err = readConfig(r.dir); err != nil {
		return nil, fmt.Errorf("run %s: %w", r.shown(), err)
	}
	return r, nil
}

// sweep removes what a killed process left under temporary names. What it cannot remove does no harm: the
// next file of that name is written over it.
func (r *Run) sweep() {
	for _, sub := range []string{"", checkpointDir, samplesDir} {
		dir := filepath.Join(r.dir, sub)
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), tmpSuffix) {
				_ = os.Remove(filepath.Join(dir, e.Name()))
			}
		}
	}
}

// mendHistory cuts off a torn last line.
func (r *Run) mendHistory() error {
	st, err := os.Stat(filepath.Join(r.dir, historyName))
	if err != nil {
		return err
	}
	for end := st.Size(); end > 0; {
		b := make([]byte, min(end, 64<<10))
		end -= int64(len(b))
		if n, err := r.history.ReadAt(b, end); n < len(b) {
			return fmt.Errorf("%s: read at byte %d: %w", historyName, end+int64(n), cause(err))
		}
		if at := bytes.LastIndexByte(b, '\n'); at >= 0 {
			r.historyEnd = end + int64(at) + 1
			break
		}
	}
	return r.history.Truncate(r.historyEnd)
}

// Dir is the run's folder.
func (r *Run) Dir() string { return r.dir }

// Name is the last part of the folder's path.
func (r *Run) Name() string { return filepath.Base(r.dir) }

// Config is what the run was made with.
func (r *Run) Config() Config { return r.cfg }

func (r *Run) shown() string { return pathText(r.dir) }

// writable is asked with mu held.
func (r *Run) writable() error {
	switch {
	case r.closed:
		return ErrClosed
	case r.lock == nil:
		return ErrReadOnly
	case !r.ready:
		return errors.New("the run must be resumed first")
	}
	return nil
}

// Log appends a line of metrics. Steps must not fall. A line is written whole or not at all: when the disk is
// full the error says so, and later lines follow the last whole one.
func (r *Run) Log(m Metrics) error {
	err := r.leaveHead()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		err = r.writable()
	}
	if err == nil {
		err = m.check()
	}
	if err == nil && m.Step < r.lastStep {
		err = fmt.Errorf("after step %d: want a later one", r.lastStep)
	}
	if err == nil {
		r.line = append(m.AppendJSON(r.line[:0]), '\n')
		err = appendLine(r.metrics, &r.metricsEnd, r.line)
	}
	if err != nil {
		return fault(fmt.Sprintf("run %s: log step %d", r.shown(), m.Step), err)
	}
	r.lastStep = m.Step
	return nil
}

// leaveHead sets aside what comes after the step that the run was rewound to, if it was.
func (r *Run) leaveHead() error {
	r.mu.Lock()
	stays := r.head == math.MaxInt64 || r.writable() != nil
	r.mu.Unlock()
	if stays {
		return nil
	}
	r.saveMu.Lock()
	defer r.saveMu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.settle()
}

// appendLine writes a line at *end, and takes back a part of it.
func appendLine(f file, end *int64, line []byte) error {
	if len(line) > maxLine {
		return fmt.Errorf("a line of %d bytes: want at most %d", len(line), maxLine)
	}
	if _, err := f.WriteAt(line, *end); err != nil {
		_ = f.Truncate(*end) // if even this fails, the next line is written over the part
		return err
	}
	*end += int64(len(line))
	return nil
}

// Event appends a line of history: what the user did, or what befell the run, at a step.
func (r *Run) Event(step int64, text string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.event(step, text); err != nil {
		return fault("run "+r.shown()+": "+historyName, err)
	}
	return nil
}

func (r *Run) event(step int64, text string) error {
	if err := r.writable(); err != nil {
		return err
	}
	line, err := json.Marshal(Event{Step: step, Time: time.Now().UTC().Round(time.Second), Text: text})
	if err != nil {
		return err
	}
	return appendLine(r.history, &r.historyEnd, append(line, '\n'))
}

// Metrics reads all lines. A torn last line is passed over; an error about a damaged line comes with those
// before it.
func (r *Run) Metrics() ([]Metrics, error) {
	var all []Metrics
	err := r.lines(metricsName, func(f io.Reader) (err error) {
		all, err = parseLines(f)
		return err
	})
	return all, err
}

// History reads all events. A torn last line is passed over; an error about a damaged line comes with those
// before it.
func (r *Run) History() ([]Event, error) {
	var all []Event
	err := r.lines(historyName, func(f io.Reader) error {
		return eachLine(f, func(line []byte, _ int64) error {
			var e Event
			if err := json.Unmarshal(line, &e); err != nil {
				return jsonError(err)
			}
			all = append(all, e)
			return nil
		})
	})
	return all, err
}

func (r *Run) lines(name string, parse func(io.Reader) error) error {
	f, _, err := openRegular(filepath.Join(r.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		defer f.Close()
		err = parse(f)
	}
	if err != nil {
		return fault("run "+r.shown()+": "+name, err)
	}
	return nil
}

// SaveSample puts a file, such as a picture, into the run's samples; name is a plain file name.
func (r *Run) SaveSample(name string, content []byte) error {
	r.saveMu.Lock()
	defer r.saveMu.Unlock()
	if err := checkName(name); err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	r.mu.Lock()
	err := r.writable()
	r.mu.Unlock()
	dir := filepath.Join(r.dir, samplesDir)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = r.disk.replaceBytes(filepath.Join(dir, name), content)
	}
	if err != nil {
		return fault("run "+r.shown()+": save sample "+name, err)
	}
	return nil
}

// Finish records that the run has done its work, with its last metrics. Resume takes the mark away.
func (r *Run) Finish(m Metrics) error {
	r.saveMu.Lock()
	defer r.saveMu.Unlock()
	r.mu.Lock()
	err := r.writable()
	r.mu.Unlock()
	if err == nil {
		err = m.check()
	}
	if err == nil {
		err = r.metrics.Sync()
	}
	if err == nil {
		err = r.disk.replaceBytes(filepath.Join(r.dir, resultName), append(m.AppendJSON(nil), '\n'))
	}
	if err != nil {
		return fault("run "+r.shown()+": finish", err)
	}
	return nil
}

// Close waits for a save under way, puts the logs on disk and drops the lock. A second Close does nothing.
func (r *Run) Close() error {
	r.saveMu.Lock()
	defer r.saveMu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	var first error
	for _, f := range []file{r.metrics, r.history} {
		if f == nil {
			continue
		}
		err := f.Sync()
		if e := f.Close(); err == nil {
			err = e
		}
		if first == nil && err != nil {
			first = fault("close run "+r.shown(), err)
		}
	}
	if r.lock != nil {
		_ = r.lock.Truncate(0)
		_ = r.lock.Close()
	}
	return first
}
