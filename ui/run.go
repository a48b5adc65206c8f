package ui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/term"

	"mllab/ui/lab"
	"mllab/ui/picture"
)

// Options of the lab in the terminal; the zero value is ready.
type Options struct {
	// Graphics says how pictures are shown: auto, sixel, kitty, iterm, blocks, none; "" is auto.
	Graphics string
	// TrueColor shows 24-bit colours whatever the terminal says of itself.
	TrueColor bool
	// Train is the training that begins at once; Views is always on.
	Train lab.TrainOptions
	// Resume goes on with this run (a folder, a name, or "last") instead.
	Resume string
	// Idle begins no training.
	Idle bool
	// Screen is the digit of the screen that is shown first; 0 is the first one.
	Screen byte
	// Open is what screens are to open at once, such as a file, by their digits.
	Open map[byte]string
	// Set is what screens are set to before they open it, in order, by their digits.
	Set map[byte][]Setting
}

// Setting is a value of a screen by its name, as lessons set it.
type Setting struct{ Name, Value string }

// stopWait is how long the end of the lab waits for a training to stop.
const stopWait = 3 * time.Second

// sparePs are processors of Go's scheduler beyond the machine's. A training keeps one of them busy for
// each core, and what a key press wakes, reader, model, renderer, would wait up to 10 ms at every hop until
// the scheduler takes one away. With two to spare it is the kernel that decides, and it prefers
// threads that slept: the median answer came after half the time.
const sparePs = 2

// Run opens the lab on the terminal at standard output and returns when the user leaves it, with the
// terminal as it was. A run that a signal would lose is saved. Options that make no sense give a
// *lab.UsageError.
func Run(ctx context.Context, session *lab.Session, o Options) error {
	mode := picture.Auto
	if o.Graphics != "" {
		m, err := picture.ParseMode(o.Graphics)
		if err != nil {
			return lab.Usage(err)
		}
		mode = m
	}
	if err := terminal(os.Stdout, os.Getenv("TERM")); err != nil {
		return err
	}
	o.Train.Views = true
	start := func() (Job, error) { return session.Train(o.Train) }
	first := start
	switch {
	case o.Idle:
		first = func() (Job, error) { return lab.Idle{}, nil }
	case o.Resume != "":
		first = func() (Job, error) { return session.Resume(o.Resume, o.Train) }
	}
	job, err := first()
	if err != nil {
		return err
	}
	store := picture.NewStore()
	out := picture.NewWriter(os.Stdout, store)
	begin := func(t lab.TrainOptions) (Job, error) {
		t.Views = true
		return session.Train(t)
	}
	m := New(Config{Job: job, Start: start, Begin: begin, Session: session, Screen: o.Screen, Open: o.Open,
		Set:     o.Set,
		Devices: session.Devices, Graphics: mode, Getenv: os.Getenv, Store: store, Out: out})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU() + sparePs))
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stop()
	opts := []tea.ProgramOption{tea.WithContext(ctx), tea.WithOutput(out)}
	if o.TrueColor {
		opts = append(opts, tea.WithColorProfile(colorprofile.TrueColor))
	}
	_, err = tea.NewProgram(m, opts...).Run()
	_ = out.Close() // the terminal may be gone
	return leave(m, err)
}

// terminal says why there can be no lab on f.
func terminal(f *os.File, name string) error {
	const way = "`mllab train vae` trains without one"
	if !term.IsTerminal(f.Fd()) {
		return errors.New("the lab needs a terminal, and standard output is none: " + way)
	}
	if name == "dumb" {
		return errors.New("the lab needs a terminal that can move its cursor, and TERM is dumb: " + way)
	}
	return nil
}

// leave ends the training, saves it if nobody was asked, and says where it is.
func leave(m *Model, err error) error {
	job := m.lab.Job.(Job) // New and restart put nothing else there
	dir, saveErr := m.dir, error(nil)
	panicked := errors.Is(err, tea.ErrProgramPanic)
	if !m.decided {
		if d, err := m.saveAll()(); d != "" || err != nil {
			dir, saveErr = d, err
		}
	}
	job.Stop()
	select {
	case <-job.Done():
	case <-time.After(stopWait):
	}
	if dir != "" && saveErr == nil {
		fmt.Fprintf(os.Stdout, "saved %s\ngo on with: mllab resume %s\n", dir, dir)
	}
	switch {
	case saveErr != nil:
		return fmt.Errorf("save the run: %w", saveErr)
	case panicked:
		return errors.New("the lab stopped on a mistake of its own, which is shown above")
	case errors.Is(err, tea.ErrInterrupted), errors.Is(err, context.Canceled):
		return nil
	}
	return err
}
