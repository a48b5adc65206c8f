package run

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"unicode/utf8"
)

var adjectives = strings.Fields(`able airy amber ample bold brave brief bright brisk broad calm candid clear
	clever cosy crisp curious deft eager early even fair fine firm fleet fond
	frank free fresh gentle glad golden good grand green happy hardy honest humble
	jolly keen kind lively loyal lucid lucky mellow merry mild modest neat nimble
	noble patient plain polite proud pure quick quiet rapid ready round rustic
	serene sharp silent silver simple smooth snug sober solid spry steady still
	stout sturdy subtle sunny swift tame tender tidy tranquil true trusty upbeat
	vivid warm wise witty young zesty`)

var nouns = strings.Fields(`acorn alder aspen badger beaver birch bison brook canyon cedar clover comet
	cove crane curlew dahlia dale dolphin dove eagle egret elk elm falcon fern
	finch fjord fox gecko glade goose grove harbor hare hawk hazel heron hill ibex
	iris island ivy jay juniper kestrel kite koala lagoon lake lark laurel lemur
	lily linden lynx maple marten meadow mole moose moth newt oak orchid osprey
	otter owl panda pebble pine plover pond poplar puffin quail rabbit raven reed
	ridge river robin rook rowan seal shore sparrow spruce stoat stork stream swan
	tern thistle toad trout tulip turtle valley vole walrus willow wolf wren yak`)

// FriendlyName gives an adjective and a noun, such as kind-otter, for a seed: the same one for the same seed,
// the next that is free if taken says that it is used.
func FriendlyName(seed uint64, taken func(name string) bool) string {
	const words = 64
	name := ""
	for i := range uint64(words) {
		h := mix(seed + i*0x9e3779b97f4a7c15)
		name = adjectives[h%uint64(len(adjectives))] + "-" + nouns[(h>>32)%uint64(len(nouns))]
		if !taken(name) {
			return name
		}
	}
	for n := 2; ; n++ {
		if numbered := name + "-" + strconv.Itoa(n); !taken(numbered) {
			return numbered
		}
	}
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// checkName refuses names that are no single, visible, portable folder.
func checkName(name string) error {
	switch {
	case name == "" || len(name) > 100 || !utf8.ValidString(name):
		return fmt.Errorf("run name %q: want 1 to 100 bytes of text", clip(name))
	case strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.TrimSpace(name) != name:
		return fmt.Errorf("run name %q: want no dot or space at its ends", name)
	case strings.ContainsAny(name, `/\:*?"<>|`) || strings.ContainsFunc(name, unprintable):
		return fmt.Errorf(`run name %q: want no control characters and none of / \ : * ? " < > |`, name)
	}
	return nil
}

// DefaultRoot is the folder of the user's runs: $XDG_DATA_HOME/mllab/runs if that is set, else
// ~/.local/share/mllab/runs, ~/Library/Application Support/mllab/runs on macOS and %LocalAppData%\mllab\runs
// on Windows. It need not exist.
func DefaultRoot() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "mllab", "runs"), nil
	}
	if dir := os.Getenv("LocalAppData"); runtime.GOOS == "windows" && dir != "" {
		return filepath.Join(dir, "mllab", "runs"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no place for runs: %w: set XDG_DATA_HOME or name a folder", err)
	}
	switch runtime.GOOS {
	case "darwin", "ios":
		return filepath.Join(home, "Library", "Application Support", "mllab", "runs"), nil
	case "windows":
		return filepath.Join(home, "AppData", "Local", "mllab", "runs"), nil
	}
	return filepath.Join(home, ".local", "share", "mllab", "runs"), nil
}
