// Package opencl is the target for everything that has an OpenCL 1.2 driver: GPUs
// of all makers, and processors through PoCL. Package cstyle prints a nest as
// OpenCL C; this package finds the library when the program runs, builds the text
// with the driver, and launches it. It knows no schedule and no operator.
//
// The library is opened without cgo. On Unix that goes through package purego, which
// makes the program link the system's C library at run time; with the build tag
// nopurego it is left out, the program is static, and the target reports itself
// unavailable. Windows needs neither.
//
// Begin with platform in this file, then device.go and sequence.go.
package opencl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"mllab/compile/target"
)

// platform implements target.Target.
type platform struct{}

var _ = target.Register(platform{})

// Name is what --device takes.
func (platform) Name() string { return "opencl" }

// Probe lists the devices of all drivers, GPUs first.
func (platform) Probe() ([]target.Info, error) {
	_, all, err := find()
	if err != nil {
		return nil, err
	}
	infos := make([]target.Info, len(all))
	for i, f := range all {
		infos[i] = f.info
	}
	return infos, nil
}

// Open opens device number o.Index of Probe's list. The other options have no
// meaning here: drivers choose their threads and instructions.
func (platform) Open(o target.Options) (target.Device, error) {
	lib, all, err := find()
	if err != nil {
		return nil, err
	}
	if o.Index < 0 || o.Index >= len(all) {
		return nil, fmt.Errorf("opencl: device %d: there are %d, the first is 0", o.Index, len(all))
	}
	return open(lib, all[o.Index])
}

// found is a device that a driver offers.
type found struct {
	id   uintptr
	kind uint64
	info target.Info
}

var load = sync.OnceValues(openLibrary)

// find asks every driver for its devices.
func find() (*library, []found, error) {
	lib, err := load()
	if err != nil {
		return nil, nil, fmt.Errorf("opencl: %w: %w", err, target.ErrUnavailable)
	}
	var n uint32
	code := lib.platforms(nil, &n)
	if code != 0 && code != codePlatformNotFound {
		return nil, nil, fmt.Errorf("opencl: list the drivers: %w: %w", code, target.ErrUnavailable)
	}
	ids := make([]uintptr, n)
	if n > 0 {
		if code := lib.platforms(ids, &n); code != 0 {
			return nil, nil, fmt.Errorf("opencl: list the drivers: %w: %w", code, target.ErrUnavailable)
		}
	}
	var all []found
	for _, id := range ids {
		all = append(all, lib.describeAll(id)...)
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("opencl: %s has no device: install a driver%s: %w",
			lib.path, driverHint, target.ErrUnavailable)
	}
	slices.SortStableFunc(all, func(a, b found) int { return rank(a.kind) - rank(b.kind) })
	return lib, all, nil
}

func rank(kind uint64) int {
	switch {
	case kind&deviceGPU != 0:
		return 0
	case kind&deviceCPU != 0:
		return 2
	}
	return 1
}

// describeAll lists the usable devices of one driver.
func (l *library) describeAll(driver uintptr) []found {
	name := clean(l.text(l.getPlatformInfo, driver, platformName))
	var all []found
	for _, id := range l.devices(driver) {
		if l.number(id, deviceAvailable)&0xffffffff == 0 || l.number(id, deviceCompiler)&0xffffffff == 0 {
			continue
		}
		units := int(uint32(l.number(id, deviceUnits)))
		info := target.Info{
			Target:  "opencl",
			Name:    clean(l.text(l.getDeviceInfo, id, deviceName)),
			Memory:  int64(l.number(id, deviceMemory)),
			Threads: units,
			Detail: map[string]string{
				"platform": name,
				"vendor":   clean(l.text(l.getDeviceInfo, id, deviceVendor)),
				"version":  clean(l.text(l.getDeviceInfo, id, deviceVersion)),
				"driver":   clean(l.text(l.getDeviceInfo, id, driverVersion)),
				"units":    strconv.Itoa(units),
				"clock":    fmt.Sprintf("%d MHz", uint32(l.number(id, deviceClock))),
				"library":  l.path,
			},
		}
		all = append(all, found{id: id, kind: l.number(id, deviceType), info: info})
	}
	return all
}

// clean makes a driver's text safe for a terminal.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.Join(strings.Fields(s), " ")
}
