//go:build !linux

package cpu

import "time"

var begun = time.Now()

// threadTime is the time that has passed: the processor time of a thread is not to be had.
func threadTime() time.Duration { return time.Since(begun) }
