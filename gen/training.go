package gen

import (
	"math"
	"strings"

	"mllab/engine/optim"
	"mllab/engine/train"
)

// trainSettings are the settings of every model's training.
var trainSettings = []Setting{
	{Key: "optimizer", Default: "adam", What: "update rule", Choices: []string{"adam", "adamw", "sgd"}},
	{Key: "beta1", Default: "0.9", What: "adam: decay of the mean gradient", check: decay},
	{Key: "beta2", Default: "0.999", What: "adam: decay of the mean square", check: decay},
	{Key: "eps", Default: "1e-8", What: "adam: added to the root of the mean square",
		check: floatBetween(1e-30, 1)},
	{Key: "momentum", Default: "0.9", What: "sgd: momentum", check: decay},
	{Key: "decay", Default: "0.01", What: "adamw: weight decay", check: floatBetween(0, 1)},
	{Key: "clip", Default: "0", What: "largest norm of all gradients, 0 for any", check: floatBetween(0, 1e9)},
	{Key: "schedule", Default: "constant", What: "course of the learning rate", Choices: optim.Schedules()},
	{Key: "warmup", Default: "0", What: "steps over which the learning rate rises", check: whole(0)},
	{Key: "every", Default: "1000", What: "schedule=step: steps between falls", check: whole(1)},
	{Key: "gamma", Default: "0.5", What: "schedule=step: factor of each fall", check: floatBetween(1e-6, 1)},
	{Key: "floor", Default: "0", What: "schedule=cosine, linear: factor at the end", check: floatBetween(0, 1)},
	{Key: "ema", Default: "0", What: "decay of averaged parameters, 0 for none", check: decay},
}

var decay = floatBetween(0, optim.MaxDecay)

// ratePrefix begins the settings that are learning rates of groups of parameters.
const ratePrefix = "lr_"

// groupRate is the setting of the learning rate of a group that a model minimises by
// under a name.
func groupRate(group, who string) Setting {
	return Setting{Key: ratePrefix + group, Default: "0", What: "learning rate of " + who + ", 0: as --lr",
		check: floatBetween(0, 1e6)}
}

// whole accepts whole numbers from lo on.
func whole(lo int) func(string) error { return intBetween(lo, math.MaxInt32) }

// KnobSetting is the key of the setting that a knob of the training begins at.
func KnobSetting(knob string) string { return strings.ReplaceAll(knob, ".", "_") }

// Apply puts the settings of the training into a loop's options. Schedules that end
// take Steps as their end, so it must be set before.
func (s Settings) Apply(o *train.Options) {
	adam := optim.Adam{B1: s.Float("beta1"), B2: s.Float("beta2"), Eps: s.Float("eps")}
	switch s.Text("optimizer") {
	case "sgd":
		o.Rule = optim.SGD{Momentum: s.Float("momentum")}
	case "adamw":
		adam.W, adam.Decay = true, s.Float("decay")
		o.Rule = adam
	default:
		o.Rule = adam
	}
	o.Rates = map[string]float64{}
	for key := range s.values {
		if group, ok := strings.CutPrefix(key, ratePrefix); ok {
			o.Rates[group] = s.Float(key)
		}
	}
	o.Clip, o.EMA = s.Float("clip"), s.Float("ema")
	o.Schedule = optim.Schedule{
		Kind: s.Text("schedule"), Warmup: s.Int("warmup"), Total: o.Steps, Every: s.Int("every"),
		Gamma: s.Float("gamma"), Floor: s.Float("floor"),
	}
}
