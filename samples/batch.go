package samples

import (
	"fmt"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
)

// NominalEpoch is how many examples of an endless split are called one epoch: MNIST's number.
const NominalEpoch = 60000

// Batcher cuts a source's training split into batches. What is in a batch depends on the source, the batch
// size, the seed and the step alone, so a resumed run goes on with what it would have seen.
//
// A finite split is shuffled anew for every epoch, and the examples that do not fill a last batch are
// dropped for that epoch (which ones differs from epoch to epoch). Only a split smaller than one batch is
// wrapped: its one batch repeats examples. An endless split is read straight on, from a place that
// depends on the seed, and from its easy examples on after Teach.
type Batcher struct {
	src   Source
	info  Info
	batch int
	seed  uint64

	workers int // more than one where an example takes long enough to share out: files, faces
	taught  bool
}

// NewBatcher cuts src into batches of that many examples. A batch below 1 is reported by Fill.
func NewBatcher(src Source, batch int, seed uint64) *Batcher {
	b := &Batcher{src: src, info: src.Info(), batch: batch, seed: seed, workers: 1}
	switch src.(type) {
	case *folder, *adapted, *scenes, *cartoons:
		b.workers = runtime.GOMAXPROCS(0)
	}
	return b
}

// Batch is the number of examples in a batch.
func (b *Batcher) Batch() int { return b.batch }

// Teach has an endless split begin with its easy examples, where it has such: scenes with those of one object. It is
// for what learns to draw from captions; a classifier needs examples as they come from the first on.
func (b *Batcher) Teach() { b.taught = true }

// StepsPerEpoch is the number of batches in an epoch, at least 1; NominalEpoch/batch of an endless split.
func (b *Batcher) StepsPerEpoch() int {
	n := b.info.Train
	if n == Endless {
		n = NominalEpoch
	}
	return max(1, n/max(1, b.batch))
}

// Index is the number, in the training split, of example j of the batch of that step.
func (b *Batcher) Index(step, j int) int {
	if b.info.Train == Endless {
		return b.start() + step*b.batch + j
	}
	spe := b.StepsPerEpoch()
	return Order(b.seed, step/spe, b.info.Train).At(step%spe*b.batch + j)
}

// A training that is taught takes the examples of an endless split from a number on that is trainingFrom more than a
// multiple of trainingSpan, so that a source can tell how many a training has seen; others begin at the multiple.
const (
	trainingSpan = 10 << 22
	trainingFrom = trainingSpan / 2
)

// start is where an endless split begins. Digits keep whole rounds of classes.
func (b *Batcher) start() int {
	const room = bits.UintSize - 24 // 2^40 places leave 2^23 epochs before an int64 runs out
	at := int(mix(b.seed) >> (64 - room))
	at -= at % trainingSpan
	if b.taught {
		at += trainingFrom
	}
	return at
}

// seen is how many examples of an endless split a training that is taught has had when it comes to number i, if i can
// be one of its first 21 million.
func seen(i int) (n int, ok bool) {
	n = i%trainingSpan - trainingFrom
	return n, n >= 0
}

// Fill writes the batch of that step into dst, batch*H*W*C float32, and its labels (-1: none) into labels,
// batch int32; labels may be nil. It is safe for concurrent use.
func (b *Batcher) Fill(step int, dst []float32, labels []int32) error {
	size := b.info.Values()
	switch {
	case b.batch < 1:
		return fmt.Errorf("samples: batch of %d: want at least 1 example", b.batch)
	case step < 0:
		return fmt.Errorf("samples: step %d: want 0 or later", step)
	case b.info.Train == 0:
		return fmt.Errorf("samples: %s: the train split is empty: lower the test fraction", b.info.Name)
	case len(dst) != b.batch*size || (labels != nil && len(labels) != b.batch):
		return fmt.Errorf("samples: %s: room for %d values and %d labels, want %d and %d",
			b.info.Name, len(dst), len(labels), b.batch*size, b.batch)
	}
	order := Order(b.seed, step/b.StepsPerEpoch(), b.info.Train)
	if b.workers > 1 {
		return b.share(func(j int) error { return b.one(order, step, j, dst, labels) })
	}
	for j := range b.batch {
		if err := b.one(order, step, j, dst, labels); err != nil {
			return err
		}
	}
	return nil
}

// one makes example j of the batch of that step.
func (b *Batcher) one(order Permutation, step, j int, dst []float32, labels []int32) error {
	i := b.start() + step*b.batch + j
	if b.info.Train != Endless {
		i = order.At(step%b.StepsPerEpoch()*b.batch + j)
	}
	size := b.info.Values()
	label, err := b.src.Example(Train, i, dst[j*size:(j+1)*size])
	if err == nil && labels != nil {
		labels[j] = int32(label)
	}
	return err
}

// share lets several workers make the examples of a batch, and returns an error of theirs.
func (b *Batcher) share(one func(j int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range min(b.workers, b.batch) {
		wg.Go(func() {
			for j := int(next.Add(1)) - 1; j < b.batch && failed.Load() == nil; j = int(next.Add(1)) - 1 {
				if err := one(j); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Read writes the examples first, first+1, ... of a split into dst, as many as fit (len(dst)/(H*W*C)), and
// their labels into labels unless it is nil: how a test split is walked.
func Read(src Source, split Split, first int, dst []float32, labels []int32) error {
	size := src.Info().Values()
	if size == 0 || len(dst)%size != 0 || (labels != nil && len(labels) != len(dst)/size) {
		return fmt.Errorf("samples: room for %d values and %d labels: want a multiple of %d, and a label for each",
			len(dst), len(labels), size)
	}
	for j := range len(dst) / size {
		label, err := src.Example(split, first+j, dst[j*size:(j+1)*size])
		if err != nil {
			return err
		}
		if labels != nil {
			labels[j] = int32(label)
		}
	}
	return nil
}
