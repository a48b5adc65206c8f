// Package samples is where samples come from: built-in generators that need no file, and readers for a
// user's own data (IDX files as MNIST has them, folders of pictures).
//
// Every source is a Source: it describes itself (Info) and writes any one example, by its number, as
// float32 in [0,1]. Random access is what makes the rest simple: an epoch's order is a Permutation, a
// batch is a pure function of seed and step (Batcher), and a resumed run sees what it would have seen.
//
// The package knows nothing of tensors, models, devices or terminals, and imports nothing of ours. All
// that comes out of a file is treated as hostile: sizes are checked before memory is asked for, and text
// (labels, captions, file names) is stripped of control characters before it is handed on.
//
// Begin with Open, then digits.go for a generator and idx.go for a reader. To add a built-in source, add a
// file with a `var _ = register(...)`; nothing else changes.
package samples

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Split says which part of a source an example is of.
type Split int

// The two splits. No example is in both.
const (
	Train Split = iota
	Test
)

// String is the split's name as users read it.
func (s Split) String() string {
	switch s {
	case Train:
		return "train"
	case Test:
		return "test"
	}
	return fmt.Sprintf("split %d", int(s))
}

// Endless is the number of examples of a split that never runs out.
const Endless = -1

// Info describes a source.
type Info struct {
	Name        string
	H, W, C     int      // of one example, in pixels; C is 1 (grey) or 3 (RGB)
	Labels      []string // class names by label; empty when the source has no labels
	Train, Test int      // number of examples; Endless when the split never runs out
	Captioned   bool     // the source is a Captioner, and at least one example has a caption
	Source      string   // "built in", or the path
	Notes       []string // what a user should know, one line each: "3 pictures skipped: ..."
}

// Len is the number of examples in the split, Endless for one that never runs out.
func (n Info) Len(split Split) int {
	if split == Test {
		return n.Test
	}
	return n.Train
}

// Values is the number of float32 values in one example: H*W*C.
func (n Info) Values() int { return n.H * n.W * n.C }

// A Source gives examples by number.
type Source interface {
	// Info describes the source. Notes may grow as pictures are decoded; all else is constant.
	Info() Info
	// Example writes example i of the split into dst, H*W*C float32 in [0,1], row-major HWC, and returns
	// its label (-1: none). It is safe for concurrent use. Endless splits accept any i >= 0. An i outside
	// the split and a dst of another length are errors.
	Example(split Split, i int, dst []float32) (label int, err error)
}

// A Captioner is a Source whose examples may have a caption.
type Captioner interface {
	// Caption is one printable line, "" when example i of the split has none or does not exist.
	Caption(split Split, i int) string
}

// Options say how examples are wanted. The zero value is every source's own way.
type Options struct {
	Size         int     // side in pixels of a square example; 0: the source's own
	Channels     int     // 0: the source's own, 1: grey, 3: RGB
	Crop         string  // folders: "center" (the default), "fit" or "stretch"
	Seed         uint64  // of generated examples
	TestFraction float64 // of sources that do not come split, in [0,1); 0: a tenth
	HoldOut      bool    // keep combinations out of the training of digits, too, as shapes and faces always do
	Language     string  // of generated captions: "" or "en", "zh", or "both", each with half of them
}

// MaxSize is the largest Options.Size, in pixels.
const MaxSize = 1024

const defaultTestFraction = 0.1

// Entry is one built-in source.
type Entry struct {
	Name  string // what Open takes
	Title string // what a list shows
	What  string // one line
}

type builtin struct {
	Entry
	open func(Options) (Source, error)
}

var registry = map[string]builtin{}

func register(e Entry, open func(Options) (Source, error)) bool {
	if _, twice := registry[e.Name]; twice {
		panic("samples: " + e.Name + " registered twice")
	}
	registry[e.Name] = builtin{e, open}
	return true
}

// Names lists the built-in sources by name.
func Names() []Entry {
	var all []Entry
	for _, b := range registry {
		all = append(all, b.Entry)
	}
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func builtinNames() string {
	var names []string
	for _, e := range Names() {
		names = append(names, e.Name)
	}
	return strings.Join(names, ", ")
}

// Open opens a built-in source by its name, or else a path: a folder with the four MNIST files, one IDX
// file, or a folder of pictures. A folder that has a built-in's name is reached as "./name".
func Open(name string, o Options) (Source, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if b, ok := registry[name]; ok {
		src, err := b.open(o)
		if err != nil {
			return nil, fmt.Errorf("samples: %s: %w", name, err)
		}
		return adapt(src, o), nil
	}
	src, err := openPath(name, o)
	if err != nil {
		return nil, fmt.Errorf("samples: %w", err)
	}
	return adapt(src, o), nil
}

func openPath(path string, o Options) (Source, error) {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || path == "":
		return nil, fmt.Errorf("%q is no built-in data set, file or folder: want one of %s, an IDX file "+
			"or pictures", clean(path), builtinNames())
	case err != nil:
		return nil, pathError(path, err)
	case st.IsDir() && hasIDX(path):
		return openIDXFolder(path)
	case st.IsDir():
		return openFolder(path, o)
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("%s: neither a file nor a folder: want an IDX file or a folder", clean(path))
	case isPicture(path):
		return nil, fmt.Errorf("%s: one picture is no data set: give its folder, %s",
			clean(path), clean(filepath.Dir(path)))
	}
	return openIDXFile(path, o)
}

func (o Options) check() error {
	switch {
	case o.Size < 0 || o.Size > MaxSize:
		return fmt.Errorf("samples: size %d: want 1 to %d pixels, or 0 for the source's own", o.Size, MaxSize)
	case o.Channels != 0 && o.Channels != 1 && o.Channels != 3:
		return fmt.Errorf("samples: channels %d: want 1 (grey), 3 (RGB), or 0 for the source's own", o.Channels)
	case o.Crop != "" && o.Crop != "center" && o.Crop != "fit" && o.Crop != "stretch":
		return fmt.Errorf("samples: crop %q: want center, fit or stretch", clean(o.Crop))
	case o.Language != "" && o.Language != English && o.Language != Chinese && o.Language != Both:
		return fmt.Errorf("samples: language %q: want %s, %s or %s", clean(o.Language), English, Chinese, Both)
	case !(o.TestFraction >= 0 && o.TestFraction < 1):
		return fmt.Errorf("samples: test fraction %v: want a number from 0 up to, not including, 1", o.TestFraction)
	}
	return nil
}

func (o Options) testFraction() float64 {
	if o.TestFraction == 0 {
		return defaultTestFraction
	}
	return o.TestFraction
}

// checkExample is what every Example checks first.
func checkExample(n Info, split Split, i int, dst []float32) error {
	if split != Train && split != Test {
		return fmt.Errorf("samples: %s: there is no %s: want train or test", n.Name, split)
	}
	size := n.Len(split)
	if i < 0 || (size != Endless && i >= size) {
		return fmt.Errorf("samples: %s: there is no example %d: the %s split has %d", n.Name, i, split, size)
	}
	if len(dst) != n.Values() {
		return fmt.Errorf("samples: %s: room for %d values, want %d (%dx%dx%d)",
			n.Name, len(dst), n.Values(), n.H, n.W, n.C)
	}
	return nil
}

// pathError is err about path.
func pathError(path string, err error) error {
	return fmt.Errorf("%s: %w", clean(path), reason(err))
}

// reason is err without the call and the path that the standard library puts before it.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

const maxText = 2000 // bytes of a caption, label or file name that are kept

// clean makes text from a file or a file's name fit to be shown: one line of printable characters.
func clean(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			return '�'
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// byteValue is b/255 for every byte: what a pixel is as a float32.
var byteValue = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(i) / 255
	}
	return t
}()
