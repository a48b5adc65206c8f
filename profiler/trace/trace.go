// Package trace holds the words for observation: what happened, when, for how
// long. A Sink is carried by the context; a layer that reports calls Do, and
// where nobody watches that costs one look-up. It imports the standard library alone.
package trace

import (
	"context"
	"time"
)

// Event is something that took time.
type Event struct {
	Layer string // the package that reports: "compile", "cpu"
	Name  string // what was done: "fuse", "matmul_12"
	Start time.Time
	Took  time.Duration
	Args  map[string]any // numbers and texts worth keeping, may be nil
}

// Sink takes events. It must not block, and may be called from any goroutine.
type Sink interface{ Emit(Event) }

type key struct{}

// With gives a context whose work is reported to the sink.
func With(ctx context.Context, s Sink) context.Context { return context.WithValue(ctx, key{}, s) }

// From is the context's sink, or nil.
func From(ctx context.Context) Sink {
	s, _ := ctx.Value(key{}).(Sink)
	return s
}

// Do runs f and reports it when somebody watches.
func Do(ctx context.Context, layer, name string, f func() error) error {
	s := From(ctx)
	if s == nil {
		return f()
	}
	start := time.Now()
	err := f()
	e := Event{Layer: layer, Name: name, Start: start, Took: time.Since(start)}
	if err != nil {
		e.Args = map[string]any{"error": err.Error()}
	}
	s.Emit(e)
	return err
}
