package cpu

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"mllab/compile/internal/vec"
	"mllab/compile/loop"
	"mllab/compile/target"
)

const (
	// callTime is how long one call of machine code should last at most: the garbage collector waits for it.
	callTime = 200 * time.Microsecond
	// shareTime is how long a kernel must last for its range to be shared out to threads.
	shareTime = 20 * time.Microsecond
	// measuredRuns is how many first runs of a kernel are made on one thread and timed.
	measuredRuns = 3
)

// kernel is an encoded nest with what is known of its speed.
type kernel struct {
	nest  *loop.Nest
	prog  program
	trips int          // iterations of the parallel loop, 1 where there is none
	run   int          // so many of them after each other are one thread's
	cost  atomic.Int64 // picoseconds an iteration, an estimate until the first runs are timed
	runs  int          // timed runs so far
}

func newKernel(enc encoder, n *loop.Nest) (*kernel, error) {
	p, err := enc.encode(n)
	if err != nil {
		if errors.Is(err, vec.ErrRejected) {
			return nil, fmt.Errorf("cpu: %w (%w)", err, target.ErrRejected)
		}
		return nil, fmt.Errorf("cpu: %w", err)
	}
	k := &kernel{nest: n, prog: p, trips: 1, run: 1}
	if top := n.Top(); top != nil {
		k.trips, k.run = top.N, max(1, top.Run)
	}
	w := n.Work()
	k.cost.Store(max(1, int64((w.FLOPs*20+w.Bytes*100)/float64(k.trips)))) // 50 GFLOP/s, 10 GB/s
	return k, nil
}

// Text is the code, disassembled.
func (k *kernel) Text() string { return k.prog.text() }

// Close gives the code's memory back.
func (k *kernel) Close() { k.prog.close() }

// chunk is how many iterations one call may take.
func (k *kernel) chunk() int {
	n := int64(callTime.Nanoseconds()) * 1000 / max(1, k.cost.Load())
	return int(min(max(n, 1), int64(k.trips)))
}

// work runs a range in calls of bounded length.
func (k *kernel) work(f *frame, args []unsafe.Pointer, lo, hi, chunk int) {
	for lo < hi {
		n := min(chunk, hi-lo)
		k.prog.run(f, args, lo, lo+n)
		lo += n
	}
}

// runAlone runs the whole range on the calling goroutine and, the first times, measures it.
func (k *kernel) runAlone(f *frame, args []unsafe.Pointer) {
	if k.runs >= measuredRuns {
		k.work(f, args, 0, k.trips, k.chunk())
		return
	}
	k.runs++
	from := time.Now()
	k.work(f, args, 0, k.trips, k.chunk())
	k.measured(time.Since(from), k.trips)
}

// measured learns from a run of n iterations on one thread.
func (k *kernel) measured(d time.Duration, n int) {
	c := max(1, d.Nanoseconds()*1000/int64(n))
	if k.runs > 1 {
		c = min(c, k.cost.Load()) // the first run meets cold memory
	}
	k.cost.Store(c)
}

// short reports whether the kernel is over before other threads would have begun.
func (k *kernel) short() bool {
	return k.trips == k.run || time.Duration(k.cost.Load()*int64(k.trips)/1000) < shareTime
}
