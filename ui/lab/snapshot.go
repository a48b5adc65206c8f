package lab

import (
	"time"

	"mllab/engine/run"
)

// How many snapshots a job with pictures keeps, and how often it makes one.
const (
	shotBytes = 128 << 20
	shotMost  = 32
	shotEvery = 20   // steps, at the least
	shotShare = 0.01 // of the time
)

// shots are snapshots of a job in memory, by rising steps. Job.mu guards them.
type shots struct {
	list  []run.Checkpoint
	every int64
	last  time.Time
	took  time.Duration
}

// due reports whether it is time for a snapshot of a step.
func (s *shots) due(step int64) bool {
	n := len(s.list)
	return n == 0 || step-s.list[n-1].Step >= max(s.every, shotEvery) &&
		time.Since(s.last) >= time.Duration(float64(s.took)/shotShare)
}

// has reports whether there is a snapshot of a step.
func (s *shots) has(step int64) bool {
	for _, ck := range s.list {
		if ck.Step == step {
			return true
		}
	}
	return false
}

// add keeps one more snapshot, at its place, and gives up others where they are too
// many: those that are missed least (run.Thinnest).
func (s *shots) add(ck run.Checkpoint) {
	at := len(s.list)
	for at > 0 && s.list[at-1].Step >= ck.Step {
		at--
	}
	keep := s.list[at:]
	if len(keep) > 0 && keep[0].Step == ck.Step {
		keep = keep[1:]
	}
	s.list = append(append(append([]run.Checkpoint(nil), s.list[:at]...), ck), keep...)
	most := int(max(1, min(shotMost, shotBytes/max(1, size(ck)))))
	for len(s.list) > most {
		if most == 1 {
			s.list = s.list[len(s.list)-1:]
			break
		}
		var steps []int64
		for _, ck := range s.list {
			steps = append(steps, ck.Step)
		}
		i := run.Thinnest(steps)
		s.list = append(s.list[:i:i], s.list[i+1:]...)
		s.every = (steps[len(steps)-1] - steps[0]) / int64(2*most)
	}
}

// after gives up the snapshots after a step.
func (s *shots) after(step int64) {
	n := len(s.list)
	for n > 0 && s.list[n-1].Step > step {
		n--
	}
	s.list = s.list[:n:n]
	if n < 2 {
		s.every = 0
	}
}

// size is how much memory a snapshot takes.
func size(ck run.Checkpoint) int64 {
	n := int64(0)
	for _, t := range ck.Tensors {
		n += 4 * int64(len(t.F32))
	}
	return n
}

// snapshot keeps the present moment in memory if it is time, or always with force. It
// is called by the job's goroutine between two steps.
func (j *Job) snapshot(force bool) {
	step := int64(j.loop.Step())
	j.mu.Lock()
	due := j.plan.o.Views && (force && !j.shots.has(step) || !force && j.shots.due(step))
	j.mu.Unlock()
	if !due && !force {
		return
	}
	begin := time.Now()
	var ck run.Checkpoint
	if due {
		var err error
		if ck, err = j.loop.Checkpoint(); err != nil {
			return // a step was cut short: the loop says so itself
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if due {
		j.shots.add(ck)
		j.shots.last = time.Now()
		j.shots.took = j.shots.last.Sub(begin)
	}
	j.list()
	j.publish()
}

// list gives the state the checkpoints there are. j.mu is held.
func (j *Job) list() {
	var all []Checkpoint
	for _, ck := range j.shots.list {
		all = append(all, Checkpoint{Step: int(ck.Step), Memory: true, Bytes: size(ck)})
	}
	if j.disk != nil {
		steps, _ := j.disk.Checkpoints() // without a list there is less to go back to
		for _, step := range steps {
			at := 0
			for at < len(all) && all[at].Step < int(step) {
				at++
			}
			if at < len(all) && all[at].Step == int(step) {
				all[at].Disk = true
				continue
			}
			all = append(all[:at:at], append([]Checkpoint{{Step: int(step), Disk: true}}, all[at:]...)...)
		}
	}
	j.st.Checkpoints = all
}
