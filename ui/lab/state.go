package lab

import "time"

// Phase is what a job is doing.
type Phase uint8

// The phases of a job. Opening, Compiling and Loading come before the first step.
const (
	Opening Phase = iota
	Loading
	Compiling
	Training
	Paused
	Evaluating
	Finished
	Failed
	Stopped
	NoTraining // of Idle
)

// String is the phase as a screen names it.
func (p Phase) String() string {
	return [...]string{"opening device", "loading data", "compiling", "training", "paused", "evaluating",
		"finished", "failed", "stopped", "no training"}[p]
}

// Running reports whether the job still has work of its own to do.
func (p Phase) Running() bool { return p < Finished }

// Value is a named number.
type Value struct {
	Name  string
	Value float64
}

// Series is one line of a chart: Y[i] at step X[i]. A State never sees it change.
// When it has become long, later States have every other of its points.
type Series struct {
	Name string
	X, Y []float64
}

// View is a set of N pictures of H x W pixels and C channels (1 or 3), values in
// [0,1], row-major [N H W C]. Version changes when the pixels do.
type View struct {
	Name    string // "samples", "reconstruction"
	Title   string
	N       int
	H, W, C int
	Columns int // pictures in a row that belong together (input | reconstruction), 0: free
	Pixels  []float32
	Version int
	// Captions say what each picture was painted after; none where there are no words.
	Captions []Caption
}

// Caption is what a picture was painted after, and what came of it.
type Caption struct {
	Text   string
	Held   bool // a combination that training never shows
	Judged bool // the picture was read back
	Right  bool // and all that was asked for is in it
}

// Event is a line of the run's history.
type Event struct {
	Step int
	Text string
}

// State is a snapshot of a job. It is immutable: screens may keep it.
type State struct {
	Model, Data string
	Run         string // name of the run
	Dir         string // its folder, "" while nothing is on disk
	Parent      string // the run that it was forked from, after ParentStep steps; "" none
	ParentStep  int
	Phase       Phase
	Detail      string // what the phase is at: "kernel 12 of 31"
	Err         error  // with Failed

	Step, Steps   int // steps done, steps asked for (0: no end)
	Epoch, Epochs int // 1-based; Epochs 0: no end
	Batch         int
	LR            float64
	Knobs         []Knob            // what Set can change, with the present values; none before the first step is compiled
	Settings      map[string]string // that Change can change, by key; not to be written to
	Losses        []Value           // the total first
	Metrics       []Value           // of the test set, when evaluated
	Series        []Series
	Views         []View
	Maps          *Maps   // while they are watched
	Scores        *Scores // of a net with a discriminator
	Events        []Event
	Past          int          // how many of Events a resumed run brought along
	Checkpoints   []Checkpoint // moments that Rewind can go to, by rising steps

	ImagesPerSecond float64
	StepTime        time.Duration
	FLOPs           float64 // float32 operations a second while a step runs
	Peak            float64 // measured peak of the device with these threads, 0 while unknown
	Left            time.Duration
	Elapsed         time.Duration
	Device          string // "cpu avx512 · 2 threads"
	DeviceBytes     int64
	ProcessBytes    int64
	Unsaved         bool // steps that no checkpoint holds
}

// DeviceStatus is a target with what was found, or why nothing was.
type DeviceStatus struct {
	Target string
	Found  bool
	Name   string
	Detail []Text
	Reason string // when not found
	// Peak and Bandwidth are measured (FLOP/s, bytes/s), 0 when they were not.
	Peak, PeakAll, Bandwidth float64
}

// Text is a named text.
type Text struct{ Name, Text string }
