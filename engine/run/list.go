package run

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// State says how a run stands.
type State string

// A run is running while a process holds its lock, finished after Finish, damaged if its configuration cannot
// be read, and else interrupted.
const (
	Running     State = "running"
	Finished    State = "finished"
	Interrupted State = "interrupted"
	Damaged     State = "damaged"
)

// Summary is a run in a list.
type Summary struct {
	Name    string
	Dir     string
	State   State
	Problem string // why the run is damaged, on one clean line
	Config  Config
	Step    int64     // of the last metrics or the newest checkpoint, whichever is later
	Saved   int64     // step of the newest checkpoint, -1 if there is none
	Last    Metrics   // the last line logged; of a finished run, its result
	Updated time.Time // when something in it last changed
	Bytes   int64     // on disk
}

// List sums up the runs in root, the newest first. A run that cannot be read is listed with its Problem; a
// root that does not exist has no runs. Hidden folders and files are passed over.
func List(root string) ([]Summary, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault("runs folder "+pathText(root), err)
	}
	var all []Summary
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if st, err := os.Stat(dir); err == nil && st.IsDir() {
			all = append(all, Summarize(dir))
		}
	}
	slices.SortStableFunc(all, func(a, b Summary) int {
		return cmp.Or(b.Updated.Compare(a.Updated), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}

// Summarize looks at one run without opening it. What is wrong with it stands in Problem.
func Summarize(dir string) Summary {
	s := Summary{Name: filepath.Base(dir), Dir: dir, State: Interrupted, Saved: -1}
	walk := dir
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		walk = real // a link itself is not walked into
	}
	_ = filepath.WalkDir(walk, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // a part that cannot be read counts nothing
		}
		if st, err := e.Info(); err == nil {
			if st.Mode().IsRegular() {
				s.Bytes += st.Size()
			}
			if st.ModTime().After(s.Updated) {
				s.Updated = st.ModTime()
			}
		}
		return nil
	})
	var err error
	if s.Config, err = readConfig(dir); err != nil {
		s.State, s.Problem = Damaged, err.Error()
		return s
	}
	if steps, err := listSteps(dir); err == nil && len(steps) > 0 {
		s.Saved = steps[len(steps)-1]
		s.Step = s.Saved
	}
	if m, ok := lastMetrics(filepath.Join(dir, metricsName)); ok {
		s.Last, s.Step = m, max(s.Step, m.Step)
	}
	switch m, ok := lastMetrics(filepath.Join(dir, resultName)); {
	case held(dir):
		s.State = Running
	case ok:
		s.State, s.Last = Finished, m
	}
	return s
}

// lastMetrics reads the last whole line of a file of metrics.
func lastMetrics(path string) (Metrics, bool) {
	f, size, err := openRegular(path)
	if err != nil {
		return Metrics{}, false
	}
	defer f.Close()
	for window := int64(4 << 10); ; window *= 4 {
		start := max(0, size-window)
		b := make([]byte, size-start)
		if n, _ := f.ReadAt(b, start); n < len(b) {
			return Metrics{}, false
		}
		b = b[:bytes.LastIndexByte(b, '\n')+1]
		b = bytes.TrimSuffix(b, []byte("\n"))
		if at := bytes.LastIndexByte(b, '\n'); at >= 0 || start == 0 {
			m, err := ParseMetrics(b[at+1:])
			return m, err == nil
		}
		if window > maxLine {
			return Metrics{}, false
		}
	}
}

// Find gives the folder of a run that the user named: by a path, by its name in root, or "last" for the
// newest.
func Find(root, name string) (string, error) {
	isRun := func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, configName))
		return err == nil
	}
	if isRun(name) {
		return name, nil
	}
	if checkName(name) == nil && isRun(filepath.Join(root, name)) {
		return filepath.Join(root, name), nil
	}
	all, err := List(root)
	if err != nil {
		return "", err
	}
	if name == "last" && len(all) > 0 {
		return all[0].Dir, nil
	}
	have := "there are none"
	if len(all) > 0 {
		var names []string
		for _, s := range all[:min(5, len(all))] {
			names = append(names, pathText(s.Name))
		}
		have = "the newest are " + strings.Join(names, ", ")
	}
	return "", fmt.Errorf("no run %s in %s: %s", pathText(name), pathText(root), have)
}
