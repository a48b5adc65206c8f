package screen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"mllab/gen"
	"mllab/ui/lab"
)

// Facts of the game for lessons: every setting by its key ("loss", "g.lr"), data, preset, cured, speed,
// seed, phase, step, d.steps and g.steps, d.real, d.fake, d.loss, g.loss, kl, js, push, modes,
// modes.covered, quality, ghost, painting.
func (g *GAN2D) Facts() map[string]string {
	g.follow()
	s := g.state
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	yes := func(b bool) string {
		if b {
			return "yes"
		}
		return "no"
	}
	f := map[string]string{
		"data": s.Data, "preset": s.Preset, "cured": yes(s.Cured), "speed": s.Speed,
		"seed": strconv.FormatUint(s.Seed, 10), "phase": s.Phase.String(), "step": strconv.Itoa(s.Step),
		"d.steps": strconv.Itoa(s.Clock.D), "g.steps": strconv.Itoa(s.Clock.G),
		"d.real": number(s.Scores.Real), "d.fake": number(s.Scores.Fake), "d.loss": number(s.Scores.LossD),
		"g.loss": number(s.Scores.LossG), "kl": number(s.Measure.KL), "js": number(s.Measure.JS),
		"push": number(s.Push), "modes": strconv.Itoa(s.Measure.Modes),
		"modes.covered": strconv.Itoa(s.Measure.Covered), "quality": number(s.Measure.Quality),
		"ghost": yes(s.Ghost != nil), "painting": yes(g.brush != nil),
	}
	for _, set := range gen.Settings2D() {
		f[set.Key] = s.Wanted.Value(set.Key)
	}
	return f
}

// Set changes the game: every setting by its key, data, preset, speed, seed, play (yes or no), restart, fork
// (yes or no), cure, layers (those shown, of heat modes mesh real fake arrows ghost), and open: a list of
// name=value, separated by line ends, as the command line has it.
func (g *GAN2D) Set(name, value string) (tea.Cmd, error) {
	if name == "open" {
		return nil, g.open(value)
	}
	g.ready()
	if g.game == nil {
		return nil, fmt.Errorf("gan2d: %s cannot be set: there is no game", name)
	}
	err := g.set(name, value)
	g.follow()
	return g.again(), err
}

func (g *GAN2D) set(name, value string) error {
	switch name {
	case "data":
		return g.game.Use(value)
	case "preset":
		return g.game.Preset(value)
	case "speed":
		return g.game.SetSpeed(value)
	case "seed":
		seed, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return fmt.Errorf("seed %q: want a whole number from 0 on", value)
		}
		g.game.Restart(seed)
		return nil
	case "restart":
		g.game.Restart(g.state.Seed)
		return nil
	case "cure":
		if !g.game.Cure() {
			return fmt.Errorf("cure: the preset %s needs none", g.state.Preset)
		}
		return nil
	case "layers":
		return g.layers(value)
	case "play", "fork":
		return g.toggle(name, value)
	}
	return g.game.Set(name, value)
}

// toggle plays or pauses, forks or drops the ghost.
func (g *GAN2D) toggle(name, value string) error {
	if value != "yes" && value != "no" {
		return fmt.Errorf("%s %q: want yes or no", name, value)
	}
	on := value == "yes"
	switch {
	case name == "fork" && on:
		g.game.Fork()
	case name == "fork":
		g.game.Unfork()
	case on:
		g.game.Play()
	default:
		g.game.Pause()
	}
	return nil
}

// layers shows those that are named and hides the others.
func (g *GAN2D) layers(names string) error {
	var show PlaneLayers
	fields := map[string]*bool{"heat": &show.Heat, "modes": &show.Modes, "mesh": &show.Mesh, "real": &show.Real,
		"fake": &show.Fake, "arrows": &show.Arrows, "ghost": &show.Ghost}
	for _, n := range strings.Fields(names) {
		p, ok := fields[n]
		if !ok {
			return fmt.Errorf("layer %q: want some of heat, modes, mesh, real, fake, arrows, ghost", n)
		}
		*p = true
	}
	g.show = show
	return nil
}

// open takes what the game shall begin with.
func (g *GAN2D) open(text string) error {
	var o lab.GAN2DOptions
	for _, line := range strings.Split(text, "\n") {
		key, value, ok := strings.Cut(line, "=")
		switch {
		case line == "":
		case !ok:
			return fmt.Errorf("gan2d: %q: want name=value", line)
		case key == "data":
			o.Data = value
		case key == "preset":
			o.Preset = value
		case key == "speed":
			o.Speed = value
		case key == "seed":
			seed, err := strconv.ParseUint(value, 10, 64)
			if err != nil {
				return fmt.Errorf("gan2d: seed %q: want a whole number from 0 on", value)
			}
			o.Seed = seed
		default:
			o.Settings = append(o.Settings, line)
		}
	}
	g.first = o
	if g.game == nil {
		return nil // it begins when the screen is shown
	}
	return g.reopen(o)
}

// reopen brings a game that runs to what was asked for.
func (g *GAN2D) reopen(o lab.GAN2DOptions) error {
	if o.Preset != "" {
		if err := g.game.Preset(o.Preset); err != nil {
			return err
		}
	}
	if o.Data != "" {
		if err := g.game.Use(o.Data); err != nil {
			return err
		}
	}
	for _, pair := range o.Settings {
		key, value, _ := strings.Cut(pair, "=")
		if err := g.game.Set(key, value); err != nil {
			return err
		}
	}
	if o.Speed != "" && slices.Contains(lab.GAN2DSpeeds, o.Speed) {
		if err := g.game.SetSpeed(o.Speed); err != nil {
			return err
		}
	}
	g.game.Restart(o.Seed)
	return nil
}
