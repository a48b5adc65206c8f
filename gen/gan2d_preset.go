package gen

import (
	"fmt"
	"strings"
)

// Preset2D is a game to begin with, and for one that fails on purpose what cures it.
type Preset2D struct {
	Name  string // "collapse"
	Title string // "mode collapse"
	What  string // one sentence: what will be seen, and why
	Cure  string // one sentence: what the cure changes, and why that helps; "" where nothing is ill

	settings, cure []string // key=value
}

var presets2D = []Preset2D{
	{
		Name: "ring", Title: "a game that works",
		What: "Fake points are judged beside real ones, and D's slope is penalised at both, so D stays " +
			"smooth and every mode pulls.",
	},
	{
		Name: "collapse", Title: "mode collapse",
		What: "G puts all its points where D is fooled now; D learns that place, and G moves them all " +
			"to the next.",
		Cure: "Judged beside real points, and with D's slope penalised (R1+R2), fake points are pulled " +
			"by every empty mode; less momentum.",
		settings: []string{"loss=nonsaturating", "g.beta1=0.9", "d.beta1=0.9", "g.lr=2e-3"},
		cure:     []string{"loss=relativistic", "g.beta1=0.5", "d.beta1=0.5", "g.lr=1e-3"},
	},
	{
		Name: "vanishing", Title: "vanishing gradient",
		What: "D is sure of every fake point; log(1-D) is flat there, so most arrows vanish and G " +
			"stands still.",
		Cure: "Wasserstein loss with a gradient penalty: D's score slopes by about 1 everywhere, so " +
			"there is always a way to go.",
		settings: []string{"loss=classic", "dsteps=3", "d.lr=2e-3", "d.act=tanh", "g.opt=sgd", "g.lr=0.01",
			"g.beta1=0"},
		cure: []string{"loss=wgan-gp"},
	},
	{
		Name: "oscillation", Title: "oscillation",
		What: "Nothing bounds D's slope, and momentum carries both nets past each other: points chase " +
			"D's hill without end.",
		Cure: "A gradient penalty keeps D's slope near 1, and with less momentum both nets turn in " +
			"time: the swing dies out.",
		settings: []string{"loss=wasserstein", "penalty=none", "g.beta1=0.9", "d.beta1=0.9"},
		cure:     []string{"penalty=gp", "g.beta1=0.5", "d.beta1=0.5"},
	},
}

// Presets2D lists the presets, the one that works first.
func Presets2D() []Preset2D { return append([]Preset2D(nil), presets2D...) }

// FindPreset2D gives the preset of a name.
func FindPreset2D(name string) (Preset2D, error) {
	var names []string
	for _, p := range presets2D {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Preset2D{}, fmt.Errorf("preset %q: unknown%s, want one of %s", clean(name), nearest(name, names),
		strings.Join(names, ", "))
}

// Game is the preset's settings.
func (p Preset2D) Game() GAN2D { return with2D(NewGAN2D(), p.settings) }

// Cured is a game with what the preset's cure changes.
func (p Preset2D) Cured(c GAN2D) GAN2D { return with2D(c, p.cure) }

// Changes names what the cure changes, as "loss=relativistic".
func (p Preset2D) Changes() []string { return append([]string(nil), p.cure...) }

// with2D applies pairs that a test has made sure of.
func with2D(c GAN2D, pairs []string) GAN2D {
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		c, _ = c.With(key, value)
	}
	return c
}
