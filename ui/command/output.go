package command

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/term"

	"mllab/ui/picture"
)

// output is where a command writes. It keeps the first error, so that a closed
// pipe or a full disk is noticed however deep the write was. Its methods may be
// called from any goroutine.
type output struct {
	w    io.Writer
	file *os.File // w where it is a file, else nil

	mu    sync.Mutex
	first error
}

func newOutput(w io.Writer) *output {
	f, _ := w.(*os.File)
	return &output{w: w, file: f}
}

// Write writes, unless a write before has failed.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.first != nil {
		return 0, o.first
	}
	n, err := o.w.Write(p)
	o.first = err
	return n, err
}

func (o *output) err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.first
}

// writer is the output as cobra and fang want it: a file where it is one, so that
// they find the terminal.
func (o *output) writer() io.Writer {
	if o.file == nil {
		return o
	}
	return &outputFile{o.file, o}
}

// outputFile has the descriptor of a file and the writes of an output.
type outputFile struct {
	*os.File
	o *output
}

// Write is the output's.
func (f *outputFile) Write(p []byte) (int, error) { return f.o.Write(p) }

// WriteString is Write: the file's own would pass the output by.
func (f *outputFile) WriteString(s string) (int, error) { return f.o.Write([]byte(s)) }

// terminal reports whether lines may be redrawn in place.
func (o *output) terminal() bool {
	return o.file != nil && term.IsTerminal(o.file.Fd()) && os.Getenv("TERM") != "dumb"
}

// size is that of the terminal in cells.
func (o *output) size() (cols, rows int) {
	if o.file != nil {
		if w, h, err := term.GetSize(o.file.Fd()); err == nil && w > 0 && h > 0 {
			return w, h
		}
	}
	return 80, 24
}

// display is what pictures are made for when they are printed as lines of text.
func (o *output) display() picture.Display {
	d := picture.HalfBlocks()
	switch colorprofile.Detect(o.file, os.Environ()) {
	case colorprofile.TrueColor:
		d.Depth = picture.TrueColor
	case colorprofile.ANSI256:
		d.Depth = picture.Colors256
	case colorprofile.ANSI:
		d.Depth = picture.Colors16
	default:
		d.Depth = picture.NoColor
	}
	return d
}

// cause is an error of the file system without the operation and the path, which
// the message around it names better.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}
