package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"charm.land/fang/v2"

	"mllab/ui/lab"
	"mllab/ui/widget"
)

// Exit statuses. An interrupted command ends with 128 and the signal's number.
const (
	StatusOK      = 0
	StatusFailure = 1
	StatusUsage   = 2
)

// Main runs a command line without the program's name and gives the exit status.
// It may be called any number of times in a process.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := interrupts()
	defer stop()
	return execute(ctx, args, stdin, stdout, stderr)
}

// interrupted is why the context of a command ended.
type interrupted struct {
	name   string
	number int
}

// Error says what came.
func (i *interrupted) Error() string { return "stopped by " + i.name }

// interrupts gives a context that the first Ctrl+C or SIGTERM ends; the second one
// ends the process. A closed pipe becomes an error of the write, not a signal.
func interrupts() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	stops, pipe := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(stops, os.Interrupt, syscall.SIGTERM)
	signal.Notify(pipe, syscall.SIGPIPE)
	go func() {
		select {
		case s := <-stops:
			signal.Stop(stops)
			i := &interrupted{"Ctrl+C", int(syscall.SIGINT)}
			if s == syscall.SIGTERM {
				i = &interrupted{"SIGTERM", int(syscall.SIGTERM)}
			}
			cancel(i)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(stops)
		signal.Stop(pipe)
		cancel(nil)
	}
}

// execute is Main under a context of the caller's.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	a := &app{in: stdin, out: newOutput(stdout), errs: stderr}
	defer func() {
		if r := recover(); r != nil {
			complain(stderr, bug(r, debug.Stack()))
			status = StatusFailure
		}
	}()
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(a.out.writer())
	root.SetErr(stderr)
	err := fang.Execute(ctx, root, fang.WithVersion(lab.Version), fang.WithoutManpage(),
		fang.WithColorSchemeFunc(fang.AnsiColorScheme),
		fang.WithErrorHandler(func(io.Writer, fang.Styles, error) {}))
	if a.failed != nil {
		err = a.failed
	}
	if why := context.Cause(ctx); why != nil && errors.Is(err, context.Canceled) {
		err = why
	}
	if werr := a.out.err(); werr != nil {
		if errors.Is(werr, syscall.EPIPE) || errors.Is(werr, io.ErrClosedPipe) {
			return StatusFailure // the reader has gone: nobody is left to be told
		}
		err = fmt.Errorf("standard output: %w", cause(werr))
	}
	if err != nil {
		complain(stderr, err)
	}
	return exitStatus(err)
}

// exitStatus is what a command that ended with err gives the shell.
func exitStatus(err error) int {
	var i *interrupted
	var u *lab.UsageError
	switch {
	case err == nil:
		return StatusOK
	case errors.As(err, &i):
		return 128 + i.number
	case errors.As(err, &u):
		return StatusUsage
	}
	return StatusFailure
}

// complain writes an error as one line without control characters.
func complain(w io.Writer, err error) {
	text := strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
	_, _ = fmt.Fprintf(w, "mllab: %s\n", widget.Clean(strings.TrimPrefix(text, "mllab: ")))
}

// bug makes a panic one line that says where the rest is.
func bug(r any, stack []byte) error {
	f, err := os.CreateTemp("", "mllab-bug-*.txt")
	if err != nil {
		return fmt.Errorf("bug: %v (the trace is lost: %w)", r, err)
	}
	_, err = fmt.Fprintf(f, "mllab %s\npanic: %v\n\n%s", lab.Version, r, stack)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("bug: %v (the trace is lost: %w)", r, err)
	}
	return fmt.Errorf("bug: %v; the trace is in %s", r, f.Name())
}
