package command

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"mllab/gen"
	"mllab/ui/lab"
	"mllab/ui/theme"
	"mllab/ui/widget"
)

// report tells of a job as it goes: a line of progress redrawn in place on a
// terminal, a line now and then in a pipe, or JSON lines.
type report struct {
	out      *output
	json     bool
	terminal bool
	name     func(*lab.State) string // of the run, on a command line
	broken   chan struct{}           // gets one value when a write of a step failed

	events int       // told of so far
	phase  lab.Phase // told of last
	next   time.Time // when a pipe gets its next line
	drawn  bool      // a line of progress is on the terminal
}

const (
	redraw    = 100 * time.Millisecond // of the line on a terminal
	pipeEvery = 5 * time.Second        // between two lines in a pipe
)

func newReport(out *output, asJSON bool) *report {
	return &report{out: out, json: asJSON, terminal: out.terminal(), phase: lab.Failed,
		broken: make(chan struct{}, 1)}
}

// step writes the JSON object of a step as a line, from the goroutine of the job:
// a slow reader slows the training, and loses nothing.
func (r *report) step(object []byte) {
	if !r.json {
		return
	}
	if _, err := r.out.Write(append(object, '\n')); err != nil {
		select {
		case r.broken <- struct{}{}:
		default:
		}
	}
}

// steps makes of an encoder and a receiver what a job tells its steps to.
func steps[M any](encode func(M) []byte, receive func([]byte)) func(M) {
	return func(m M) { receive(encode(m)) }
}

// appendNumber appends a member; JSON has no word for NaN, so it is null.
func appendNumber(b []byte, name string, v float64) []byte {
	b = append(b, ',')
	b = strconv.AppendQuote(b, name)
	b = append(b, ':')
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, v, 'g', 8, 64)
}

// watch reports until the job is done. It stops the job when the context ends or
// nobody reads the output any more.
func (r *report) watch(ctx context.Context, job *lab.Job) {
	tick := time.NewTicker(redraw)
	defer tick.Stop()
	end := ctx.Done()
	for {
		select {
		case <-job.Done():
			return
		case <-end:
			end = nil
			job.Stop()
		case <-r.broken:
			job.Stop()
		case <-tick.C:
			if r.json {
				continue
			}
			if r.show(job.State()); r.out.err() != nil {
				job.Stop()
			}
		}
	}
}

// show writes what is new in a state.
func (r *report) show(st *lab.State) {
	for _, e := range st.Events[min(max(r.events, st.Past), len(st.Events)):] {
		r.say(fmt.Sprintf("step %d: %s", e.Step, e.Text))
	}
	r.events = len(st.Events)
	if r.terminal {
		cols, _ := r.out.size() // less the cursor and the ^C that the terminal echoes
		r.drawn = true
		_, _ = fmt.Fprintf(r.out, "\r%s\x1b[K", progress(st, cols-3))
		return
	}
	if now := time.Now(); st.Phase != r.phase || now.After(r.next) {
		r.phase, r.next = st.Phase, now.Add(pipeEvery)
		r.say(strings.TrimRight(progress(st, 0), " "))
	}
}

// say writes a whole line, above the line of progress if there is one.
func (r *report) say(text string) {
	r.clear()
	_, _ = fmt.Fprintln(r.out, widget.Clean(text))
}

func (r *report) clear() {
	if r.drawn {
		_, _ = fmt.Fprint(r.out, "\r\x1b[K")
		r.drawn = false
	}
}

// close writes the last lines.
func (r *report) close(st *lab.State, done bool) {
	if r.json {
		if line := lastLine(st, done); st.Phase != lab.Failed {
			_, _ = r.out.Write(line)
		}
		return
	}
	if st.Phase == lab.Failed {
		r.clear()
		return
	}
	last := *st
	last.Left, r.next = 0, time.Time{}
	r.show(&last)
	if r.drawn {
		_, _ = fmt.Fprintln(r.out)
		r.drawn = false
	}
	if !done {
		return
	}
	for _, m := range st.Metrics {
		r.say(fmt.Sprintf("%-16s %s", m.Name, widget.SigDigits(m.Value, 5)))
	}
	if st.Dir != "" {
		r.say(fmt.Sprintf("%d steps in %s, kept in %s", st.Step, widget.Duration(st.Elapsed), st.Dir))
		verb := "draw samples with: mllab sample "
		if m, err := gen.Find(st.Model); err == nil && m.Classifies {
			verb = "measure it with: mllab eval "
		}
		r.say(verb + r.name(st))
	}
}

// lastLine is the JSON line that ends a training.
func lastLine(st *lab.State, done bool) []byte {
	b := strconv.AppendBool([]byte(`{"done":`), done)
	dir, _ := json.Marshal(st.Dir)
	b = append(append(b, `,"run":`...), dir...)
	b = append(b, `,"steps":`...)
	b = strconv.AppendInt(b, int64(st.Step), 10)
	metrics := []byte{}
	for _, m := range st.Metrics {
		metrics = appendNumber(metrics, m.Name, m.Value)
	}
	b = append(b, `,"metrics":{`...)
	if len(metrics) > 0 {
		b = append(b, metrics[1:]...)
	}
	return append(b, "}}\n"...)
}

// progress is a state in one line of w cells; w 0 is as wide as it needs, without
// a bar. Parts that have no room are left out whole, from the end.
func progress(st *lab.State, w int) string {
	parts := []string{st.Phase.String()}
	if st.Detail != "" {
		parts[0] += " " + widget.Clean(st.Detail)
	}
	if st.Step > 0 || st.Phase >= lab.Training {
		if st.Steps > 0 {
			if w >= 60 && st.Phase.Running() {
				parts = append(parts, widget.Bar(float64(st.Step)/float64(st.Steps), min(30, w/4), theme.New(true, true)))
			}
			parts = append(parts, fmt.Sprintf("step %d/%d", st.Step, st.Steps))
		} else {
			parts = append(parts, fmt.Sprintf("step %d", st.Step))
		}
		for i, l := range st.Losses {
			if w == 0 || i == 0 || w >= 100 {
				parts = append(parts, l.Name+" "+widget.SigDigits(l.Value, 4))
			}
		}
		if st.ImagesPerSecond > 0 {
			parts = append(parts, widget.Count(int(st.ImagesPerSecond))+" images/s")
		}
		if st.Left > 0 {
			parts = append(parts, widget.Duration(st.Left)+" left")
		}
		if st.Epochs > 0 {
			parts = append(parts, fmt.Sprintf("epoch %d/%d", st.Epoch, st.Epochs))
		}
	}
	if w <= 0 {
		return strings.Join(parts, "  ")
	}
	line := parts[0]
	for _, p := range parts[1:] {
		if longer := line + "  " + p; width(longer) <= w {
			line = longer
		}
	}
	return widget.Fit(line, w)
}
