package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mllab/gen"
)

// Change gives settings of the model and its training other values. Those that can be
// turned while it trains (see Set) are; for others the step is compiled anew in the
// background, with the phase Compiling. Parameters that still fit go on, others begin
// anew, and the history says which. A run on disk stays as it is, and what follows is a
// new one that has it as its parent.
func (j *Job) Change(settings map[string]string) error {
	j.mu.Lock()
	p, knobs, live := j.plan, j.st.Knobs, j.loop != nil && !j.stopped
	j.mu.Unlock()
	if !live {
		return errors.New("change: there is no training to change")
	}
	next, _, err := p.kept(knobs)
	if err != nil {
		return err
	}
	given := next.settings.Map()
	var keys []string
	for key, value := range settings {
		if old, known := given[key]; known && old == value {
			continue
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var told []string
	turn := map[string]float64{}
	for _, key := range keys {
		told = append(told, fmt.Sprintf("%s %s -> %s", key, given[key], settings[key]))
		given[key] = settings[key]
	}
	if next.settings, err = p.model.Choose(given); err != nil {
		return Usage(err)
	}
	next.o.Settings = given
	for _, k := range knobs {
		if key := gen.KnobSetting(k.Name); slices.Contains(keys, key) {
			turn[k.Name] = next.settings.Float(key)
		}
	}
	if len(turn) == len(keys) {
		for name, v := range turn {
			if err := j.Set(name, v); err != nil {
				return err
			}
		}
		return nil
	}
	text := strings.Join(told, ", ")
	j.control(func() {
		live = j.command(func(ctx context.Context) error { return j.rebuild(ctx, next, text) })
	})
	if !live {
		return errors.New("change: there is no training to change")
	}
	return nil
}

// rebuild goes on with another plan. Where it cannot, it goes on with the old one and
// says why.
func (j *Job) rebuild(ctx context.Context, p plan, text string) error {
	j.phase(Compiling, text)
	refuse := func(err error) error {
		j.control(func() { j.event("not changed, " + text + ": " + err.Error()) })
		return ctx.Err()
	}
	b, err := j.compile(ctx, p)
	if err != nil {
		return refuse(err)
	}
	ck, err := j.loop.Checkpoint()
	var anew []string
	if err == nil {
		anew, err = b.loop.Adopt(ck)
	}
	if err == nil {
		err = j.follow(p)
	}
	if err != nil {
		b.views.close()
		b.loop.Close()
		return refuse(err)
	}
	j.swap(ctx, b)
	j.control(func() {
		j.event(text + " (you)" + fate(anew))
		j.list()
	})
	if j.disk == nil {
		return nil
	}
	return j.loop.Save()
}

// follow makes the plan the job's, with a run of its own if the job is on disk.
func (j *Job) follow(p plan) error {
	j.mu.Lock()
	old, disk, log, name, at := j.plan, j.disk, j.log, j.st.Parent, j.st.ParentStep
	j.plan = p
	j.plan.o.Name, j.plan.o.Out = "", ""
	j.mu.Unlock()
	if disk == nil {
		return nil
	}
	past, err := disk.Metrics()
	if err == nil {
		j.mu.Lock()
		j.log = past
		j.st.Parent, j.st.ParentStep = disk.Name(), j.st.Step
		j.mu.Unlock()
		err = j.create()
	}
	if err != nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.plan, j.log, j.st.Parent, j.st.ParentStep = old, log, name, at
		return err
	}
	return disk.Close()
}

// swap puts what was compiled in the place of what trained so far. Snapshots of other
// settings are of no use any more.
func (j *Job) swap(ctx context.Context, b *built) {
	j.endLooks()
	j.mu.Lock()
	loop, v := j.loop, j.views
	drawn := 0
	if v != nil {
		for _, w := range v.list {
			drawn = max(drawn, w.drawn)
		}
	}
	for _, w := range b.views.list {
		w.drawn = drawn // screens draw what has another version
	}
	j.mu.Unlock()
	j.install(ctx, b)
	_ = loop.Do(func() error { // someone may be reading its state
		v.close()
		loop.Close()
		return nil
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	j.shots = shots{}
	j.rewound, j.singles = false, 0
	j.obey(b.loop)
	j.knobs()
}

// fate says which parameters began anew.
func fate(anew []string) string {
	if len(anew) == 0 {
		return ": all parameters go on"
	}
	const most = 4
	names := strings.Join(anew[:min(most, len(anew))], ", ")
	if len(anew) > most {
		names += fmt.Sprintf(" and %d more", len(anew)-most)
	}
	return ": " + names + " begin anew, what fits goes on"
}
