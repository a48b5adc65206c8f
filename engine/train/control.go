package train

// Do calls f between two steps, so that f may run programs on the state, or read
// it, and see one moment of it. It waits for a step under way, and also works when
// the loop is paused or not running. f must not call Do.
func (l *Loop) Do(f func() error) error {
	l.exec.Lock()
	defer l.exec.Unlock()
	return f()
}

// LR is the base learning rate, before the schedule.
func (l *Loop) LR() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dials.knobs[0].Value
}

// SetLR changes the base learning rate from the next step on.
func (l *Loop) SetLR(lr float64) error {
	if err := checkLR(lr); err != nil {
		return err
	}
	return l.Set(knobLR, lr)
}

// Pause lets a step under way end and begins no other until Resume.
func (l *Loop) Pause() { l.set(func() { l.paused = true }) }

// Resume ends a pause.
func (l *Loop) Resume() { l.set(func() { l.paused, l.singles = false, 0 }) }

// Single pauses the loop and lets it do one step; further calls, one more each.
func (l *Loop) Single() { l.set(func() { l.paused = true; l.singles++ }) }

// Paused reports whether the loop was told to pause.
func (l *Loop) Paused() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.paused
}

// Stop makes Run return after a step under way, paused or not; the next Run, if
// none is running.
func (l *Loop) Stop() { l.set(func() { l.stopped = true }) }

func (l *Loop) set(f func()) {
	l.mu.Lock()
	f()
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
