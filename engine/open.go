package engine

import (
	"context"

	"mllab/compile"
	"mllab/compile/ir"
	"mllab/compile/target"
)

// Open opens a device by its target's name: "cpu", "opencl", "interp". The error
// wraps target.ErrUnavailable when the machine has no such device.
func Open(name string, o target.Options) (*Engine, error) {
	t, err := target.Find(name)
	if err != nil {
		return nil, err
	}
	dev, err := t.Open(o)
	if err != nil {
		return nil, err
	}
	return New(dev, Compile), nil
}

// Compile is the compiler of this repository, as New takes it.
func Compile(ctx context.Context, name string, g *ir.Graph, dev target.Device,
	bind map[string]target.Slice) (Module, error) {
	m, err := compile.Compile(ctx, g, dev, compile.Options{Name: name, Bind: bind})
	if err != nil {
		return nil, err
	}
	return m, nil
}
