package lab

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var started = time.Now()

func cpuTime() time.Duration {
	var create, exit, kernel, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &create, &exit, &kernel, &user) != nil {
		return 0
	}
	ticks := func(f windows.Filetime) int64 { return int64(f.HighDateTime)<<32 | int64(f.LowDateTime) }
	return time.Duration(100 * (ticks(kernel) + ticks(user)))
}

// memoryCounters is PROCESS_MEMORY_COUNTERS of psapi.h.
type memoryCounters struct {
	size, faults                             uint32
	peak, now                                uintptr
	peakPaged, paged, peakNonPaged, nonPaged uintptr
	pageFile, peakPageFile                   uintptr
}

var procMemory = windows.NewLazySystemDLL("psapi.dll").NewProc("GetProcessMemoryInfo")

func memory() (m memoryCounters) {
	m.size = uint32(unsafe.Sizeof(m))
	_, _, _ = procMemory.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&m)), uintptr(m.size))
	return m
}

func peakBytes() int64     { return int64(memory().peak) }
func residentBytes() int64 { return int64(memory().now) }

func startAge() time.Duration { return time.Since(started) }
