package cpu

import (
	"runtime"
	"sync"
	"time"
)

// peaker is implemented by encoders that can measure the arithmetic peak.
type peaker interface{ peak() (flops float64) }

var peaks struct {
	sync.Mutex
	known map[string][2]float64
}

// Peak measures the float32 rate of one thread in FLOP/s, 0 where only the evaluator runs, and the memory
// bandwidth in bytes/s of one thread that copies: about 50 ms the first time, nothing later.
func (d *Device) Peak() (flops, bytes float64) {
	peaks.Lock()
	defer peaks.Unlock()
	if v, ok := peaks.known[d.enc.name()]; ok {
		return v[0], v[1]
	}
	if p, ok := d.enc.(peaker); ok {
		flops = p.peak()
	}
	bytes = bandwidth()
	if peaks.known == nil {
		peaks.known = map[string][2]float64{}
	}
	peaks.known[d.enc.name()] = [2]float64{flops, bytes}
	return flops, bytes
}

// fastest is the shortest of n times.
func fastest(n int, f func()) time.Duration {
	best := time.Duration(1 << 62)
	for range n {
		from := time.Now()
		f()
		best = min(best, time.Since(from))
	}
	return best
}

// bandwidth copies memory that is larger than the caches, in pieces small enough for the collector to come between.
func bandwidth() float64 {
	const n, piece = 24 << 20, 256 << 10
	a, wa, err := mapped(n, unguarded)
	if err != nil {
		return 0
	}
	defer unmap(wa)
	b, wb, err := mapped(n, unguarded)
	if err != nil {
		return 0
	}
	defer unmap(wb)
	move := func(to, from []byte) {
		for i := 0; i < n; i += piece {
			copy(to[i:i+piece], from[i:i+piece])
		}
	}
	move(a, b) // the pages come into being
	move(b, a)
	d := fastest(3, func() { move(a, b) })
	runtime.KeepAlive(wa)
	return 2 * n / d.Seconds()
}
