package lab

import "errors"

// Idle is the job of a lab in which nothing was asked to be trained. Its methods do nothing.
type Idle struct{}

var (
	idleState = &State{Phase: NoTraining}
	idleDone  = func() chan struct{} { c := make(chan struct{}); close(c); return c }()
)

// State is always the same, with the phase NoTraining.
func (Idle) State() *State { return idleState }

// Pause does nothing.
func (Idle) Pause() {}

// Continue does nothing.
func (Idle) Continue() {}

// StepOnce does nothing.
func (Idle) StepOnce() {}

// SetLR does nothing.
func (Idle) SetLR(float64) {}

// Restart does nothing.
func (Idle) Restart() {}

// Stop does nothing.
func (Idle) Stop() {}

// Save says that there is nothing to save.
func (Idle) Save() (string, error) { return "", errors.New("save: nothing has been trained yet") }

// Done is closed.
func (Idle) Done() <-chan struct{} { return idleDone }
