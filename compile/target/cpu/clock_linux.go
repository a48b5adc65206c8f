package cpu

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadTime is the processor time of this thread: what other programs take does not count.
func threadTime() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return time.Duration(ts.Nano())
}
