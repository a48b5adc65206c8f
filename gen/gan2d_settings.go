package gen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Setting2D is one thing that can be chosen of a GAN2D.
type Setting2D struct {
	Setting
	// Live says that a change needs no new programs: it acts from the next step on.
	Live bool
	// Steps are the values that an editor goes through; a value between two is fine too.
	Steps []string

	field func(*GAN2D) any // *int, *float64 or *string
}

// NewGAN2D is the default game.
func NewGAN2D() GAN2D {
	var c GAN2D
	for _, s := range settings2D {
		c.put(s, s.Default)
	}
	return c
}

// Settings2D lists all that can be set, with the defaults of NewGAN2D.
func Settings2D() []Setting2D { return slices.Clone(settings2D) }

var (
	rates2D = []string{"1e-5", "2e-5", "5e-5", "1e-4", "2e-4", "5e-4", "1e-3", "2e-3", "5e-3", "0.01", "0.02",
		"0.05", "0.1", "0.2", "0.5", "1"}
	betas2D  = []string{"0", "0.3", "0.5", "0.7", "0.8", "0.9", "0.95", "0.99", "0.999"}
	widths2D = []string{"4", "8", "16", "32", "64", "128"}
	acts2D   = []string{"relu", "leaky", "tanh", "sigmoid", "silu", "gelu"}
	weights  = []string{"0", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10"}
)

// LossNames2D are the losses in the order of their history.
var LossNames2D = []string{"classic", "nonsaturating", "leastsquares", "hinge", "wasserstein", "relativistic"}

// penalties2D are the penalties that belong to a loss, and their usual weight for points in [-1,1]; others
// have none.
var penalties2D = map[string]struct {
	name   string
	weight float64
}{"wasserstein": {"gp", 0.1}, "relativistic": {"r1r2", 0.05}}

var settings2D = []Setting2D{
	choice2D("loss", "relativistic", "how D and G are scored", LossNames2D,
		func(c *GAN2D) any { return &c.Loss }),
	choice2D("penalty", "r1r2", "on the gradient of D: gp, r1 at real points, r1r2 at fake ones too",
		[]string{"none", "gp", "r1", "r1r2"}, func(c *GAN2D) any { return &c.Penalty }),
	number2D("weight", "0.05", "weight of the penalty", weights, floatBetween(0, 1e4), true,
		func(c *GAN2D) any { return &c.Weight }),
	number2D("dsteps", "1", "steps of D for each of G", []string{"1", "2", "3", "5", "8"}, intBetween(1, 64),
		true,
		func(c *GAN2D) any { return &c.DSteps }),
	number2D("batch", "256", "points in a step", []string{"16", "32", "64", "128", "256", "512", "1024"},
		intBetween(2, 4096), false,
		func(c *GAN2D) any { return &c.Batch }),
	number2D("latent", "2", "numbers that a point is made of", []string{"1", "2", "3", "4", "8", "16", "32"},
		intBetween(1, 64), false,
		func(c *GAN2D) any { return &c.Latent }),
	choice2D("noise", "normal", "what codes are drawn from", []string{"normal", "uniform"},
		func(c *GAN2D) any { return &c.Noise }),
	number2D("g.layers", "2", "hidden layers of G", []string{"1", "2", "3", "4"}, intBetween(1, 4), false,
		func(c *GAN2D) any { return &c.G.Layers }),
	number2D("g.width", "64", "units of a layer of G", widths2D, intBetween(4, 128), false,
		func(c *GAN2D) any { return &c.G.Width }),
	choice2D("g.act", "relu", "activation of G", acts2D, func(c *GAN2D) any { return &c.G.Act }),
	number2D("g.lr", "1e-3", "learning rate of G", rates2D, floatBetween(1e-9, 100), true,
		func(c *GAN2D) any { return &c.OptG.LR }),
	rule2D("g.opt", "update rule of G", func(c *GAN2D) any { return &c.OptG.Rule }),
	number2D("g.beta1", "0.5", "decay of G's mean gradient, sgd: momentum", betas2D, floatBetween(0, 0.9999),
		true,
		func(c *GAN2D) any { return &c.OptG.Beta1 }),
	number2D("g.beta2", "0.99", "adam: decay of G's mean square", betas2D, floatBetween(0, 0.99999), true,
		func(c *GAN2D) any { return &c.OptG.Beta2 }),
	number2D("d.layers", "2", "hidden layers of D", []string{"1", "2", "3", "4"}, intBetween(1, 4), false,
		func(c *GAN2D) any { return &c.D.Layers }),
	number2D("d.width", "64", "units of a layer of D", widths2D, intBetween(4, 128), false,
		func(c *GAN2D) any { return &c.D.Width }),
	choice2D("d.act", "leaky", "activation of D", acts2D, func(c *GAN2D) any { return &c.D.Act }),
	number2D("d.lr", "1e-3", "learning rate of D", rates2D, floatBetween(1e-9, 100), true,
		func(c *GAN2D) any { return &c.OptD.LR }),
	rule2D("d.opt", "update rule of D", func(c *GAN2D) any { return &c.OptD.Rule }),
	number2D("d.beta1", "0.5", "decay of D's mean gradient, sgd: momentum", betas2D, floatBetween(0, 0.9999),
		true,
		func(c *GAN2D) any { return &c.OptD.Beta1 }),
	number2D("d.beta2", "0.99", "adam: decay of D's mean square", betas2D, floatBetween(0, 0.99999), true,
		func(c *GAN2D) any { return &c.OptD.Beta2 }),
}

func choice2D(key, def, what string, choices []string, field func(*GAN2D) any) Setting2D {
	return Setting2D{Setting: Setting{Key: key, Default: def, What: what, Choices: choices}, Steps: choices,
		field: field}
}

func rule2D(key, what string, field func(*GAN2D) any) Setting2D {
	s := choice2D(key, "adam", what, []string{"adam", "sgd"}, field)
	s.Live = true
	return s
}

func number2D(key, def, what string, steps []string, check func(string) error, live bool,
	field func(*GAN2D) any) Setting2D {
	return Setting2D{Setting: Setting{Key: key, Default: def, What: what, check: check}, Steps: steps,
		Live:  live,
		field: field}
}

// find2D is the setting of a key.
func find2D(key string) (Setting2D, error) {
	for i := range settings2D {
		if settings2D[i].Key == key {
			return settings2D[i], nil
		}
	}
	var keys []string
	for _, s := range settings2D {
		keys = append(keys, s.Key)
	}
	return Setting2D{}, fmt.Errorf("setting %q: the 2-D GAN has none of this name%s, want one of %s", clean(key),
		nearest(key, keys), strings.Join(keys, ", "))
}

// With is c with one setting changed. The loss brings its penalty along; "wgan-gp" is another name for
// wasserstein with its penalty.
func (c GAN2D) With(key, value string) (GAN2D, error) {
	if key == "loss" && value == "wgan-gp" {
		value = "wasserstein"
	}
	s, err := find2D(key)
	if err != nil {
		return c, err
	}
	if err := s.Check(value); err != nil {
		return c, err
	}
	c.put(s, value)
	if key == "loss" {
		c.Penalty = "none"
		if p, ok := penalties2D[value]; ok {
			c.Penalty, c.Weight = p.name, p.weight
		}
	}
	return c, nil
}

// put sets a checked value.
func (c *GAN2D) put(s Setting2D, value string) {
	switch p := s.field(c).(type) {
	case *int:
		*p, _ = strconv.Atoi(value)
	case *float64:
		*p, _ = strconv.ParseFloat(value, 64)
	case *string:
		*p = value
	}
}

// Value is a setting as text, "" for a key that there is not.
func (c GAN2D) Value(key string) string {
	s, err := find2D(key)
	if err != nil {
		return ""
	}
	switch p := s.field(&c).(type) {
	case *int:
		return strconv.Itoa(*p)
	case *float64:
		return number(*p)
	case *string:
		return *p
	}
	return ""
}

// number writes a rate as the steps of the settings have it: "1e-3", "0.05".
func number(v float64) string {
	if v == 0 || v >= 0.01 && v < 1e4 {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	text := strconv.FormatFloat(v, 'e', -1, 64)
	digits, exponent, _ := strings.Cut(text, "e")
	e, _ := strconv.Atoi(exponent)
	return digits + "e" + strconv.Itoa(e)
}

// Next is the value of a setting one step up or down from c's; choices go around.
func (c GAN2D) Next(key string, up bool) string {
	s, err := find2D(key)
	if err != nil {
		return ""
	}
	now, n := c.Value(key), len(s.Steps)
	if s.Choices != nil {
		i := slices.Index(s.Steps, now)
		if up {
			return s.Steps[(i+1)%n]
		}
		return s.Steps[(i+n-1)%n]
	}
	have, _ := strconv.ParseFloat(now, 64)
	at := func(i int) float64 {
		v, _ := strconv.ParseFloat(s.Steps[i], 64)
		return v
	}
	const slack = 1e-9
	if up {
		for i := range n {
			if at(i) > have*(1+slack) {
				return s.Steps[i]
			}
		}
		return s.Steps[n-1]
	}
	for i := n - 1; i >= 0; i-- {
		if at(i) < have*(1-slack) {
			return s.Steps[i]
		}
	}
	return s.Steps[0]
}
