//go:build unix

package lab

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// cpuTime is the processor time of the whole process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakBytes is the largest resident set that the process has had.
func peakBytes() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) * 1024
}

// residentBytes is the present resident set, or the peak where only that is known.
func residentBytes() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return peakBytes()
	}
	f := bytes.Fields(b)
	if len(f) < 2 {
		return peakBytes()
	}
	pages, err := strconv.ParseInt(string(f[1]), 10, 64)
	if err != nil {
		return peakBytes()
	}
	return pages * int64(os.Getpagesize())
}

// startAge is how long the process has been alive, 0 where unknown.
func startAge() time.Duration {
	b, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	i := bytes.LastIndexByte(b, ')')
	up, err := os.ReadFile("/proc/uptime")
	if err != nil || i < 0 {
		return 0
	}
	// Fields after the name: state is the first, the start time the twentieth,
	// in clock ticks of 10 ms since boot (proc(5)).
	f, u := bytes.Fields(b[i+1:]), bytes.Fields(up)
	if len(f) < 20 || len(u) < 1 {
		return 0
	}
	ticks, err1 := strconv.ParseFloat(string(f[19]), 64)
	now, err2 := strconv.ParseFloat(string(u[0]), 64)
	if err1 != nil || err2 != nil {
		return 0
	}
	return time.Duration((now - ticks/100) * float64(time.Second))
}
