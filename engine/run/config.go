package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Format is the version of the folder layout and of config.json that this package writes and reads.
const Format = 1

const (
	configName = "config.json"
	maxConfig  = 1 << 20 // bytes
)

// Config is everything that decides a run's numbers. Zero Steps or Epochs means that it does not bound the
// run.
type Config struct {
	Format   int               `json:"format"` // set by Create
	Version  string            `json:"version"`
	Created  time.Time         `json:"created"` // set by Create if zero
	Model    string            `json:"model"`
	Data     string            `json:"data"`
	Device   string            `json:"device"`
	Threads  int               `json:"threads"`
	Seed     uint64            `json:"seed"`
	Batch    int               `json:"batch"`
	Steps    int64             `json:"steps"`
	Epochs   float64           `json:"epochs"`
	LR       float64           `json:"lr"`
	Settings map[string]string `json:"settings,omitempty"`
	// Parent names the run that this one was forked from, after ParentStep steps; "" none.
	Parent     string `json:"parent,omitempty"`
	ParentStep int64  `json:"parent_step,omitempty"`
	// Vocabulary of a model that reads text, one line as its package writes it.
	Vocabulary string `json:"vocabulary,omitempty"`
}

// check refuses what no run can have.
func (c *Config) check() error {
	bad := func(field string, v any, want string) error {
		return fmt.Errorf("%s is %v: want %s", field, v, want)
	}
	for _, text := range c.texts() {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Errorf("%q: want text without control characters", clip(text))
		}
	}
	switch {
	case c.Model == "":
		return fmt.Errorf("no model is named")
	case c.Threads < 0:
		return bad("threads", c.Threads, "0 or more")
	case c.Batch < 0:
		return bad("batch", c.Batch, "0 or more")
	case c.Steps < 0:
		return bad("steps", c.Steps, "0 or more")
	case !(c.Epochs >= 0) || math.IsInf(c.Epochs, 0):
		return bad("epochs", c.Epochs, "0 or more")
	case !(c.LR >= 0) || math.IsInf(c.LR, 0):
		return bad("lr", c.LR, "0 or more")
	}
	return nil
}

// texts are all strings of the configuration: they come from a file and go to a terminal.
func (c *Config) texts() []string {
	all := []string{c.Version, c.Model, c.Data, c.Device, c.Parent, c.Vocabulary}
	for key, value := range c.Settings {
		all = append(all, key, value)
	}
	return all
}

func (c *Config) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(c); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// parseConfig reads config.json strictly: a setting that this program does not know would change the run
// unseen.
func parseConfig(text []byte) (Config, error) {
	var c Config
	var head struct {
		Format  *int   `json:"format"`
		Version string `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return c, jsonError(err)
	}
	switch {
	case head.Format == nil:
		return c, fmt.Errorf("no format is given: this is not a run's configuration")
	case *head.Format != Format:
		by := "mllab"
		if head.Version != "" {
			by += " " + strconv.Quote(clip(head.Version))
		}
		return c, fmt.Errorf("run made by mllab format %d; this is format %d: open it with %s, which wrote it",
			*head.Format, Format, by)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return c, jsonError(err)
	}
	return c, c.check()
}

// jsonError turns the decoder's words into ours, on one clean line.
func jsonError(err error) error {
	text := strings.TrimPrefix(err.Error(), "json: ")
	if name, ok := strings.CutPrefix(text, "unknown field "); ok {
		if plain, err := strconv.Unquote(name); err == nil {
			name = strconv.Quote(clip(plain))
		}
		return fmt.Errorf("unknown setting %s: this mllab does not know it", name)
	}
	if strings.ContainsFunc(text, unprintable) {
		text = strconv.Quote(text)
	}
	return fmt.Errorf("not valid JSON: %s", clip(text))
}

// readConfig reads the configuration of the run in dir.
func readConfig(dir string) (Config, error) {
	path := filepath.Join(dir, configName)
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return Config{}, fmt.Errorf("%s: %w", configName, cause(err))
	case !st.Mode().IsRegular():
		return Config{}, fmt.Errorf("%s is not a file", configName)
	case st.Size() > maxConfig:
		return Config{}, fmt.Errorf("%s has %d bytes: want at most %d", configName, st.Size(), maxConfig)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", configName, cause(err))
	}
	c, err := parseConfig(text)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", configName, err)
	}
	return c, nil
}
