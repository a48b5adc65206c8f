package samples

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOrderIsAPermutation(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 7, 16, 17, 100, 1000, 4096, 4097, 60000} {
		p := Order(9, 2, n)
		require.Equal(t, n, p.Len())
		seen := make([]bool, n)
		for i := range n {
			at := p.At(i)
			require.False(t, seen[at], "n=%d: %d twice", n, at)
			seen[at] = true
		}
		assert.Equal(t, p.At(0), p.At(n), "places count modulo n")
	}
	assert.Equal(t, -1, Order(1, 1, 0).At(0))
	assert.Equal(t, -1, Order(1, 1, -5).At(3))
}

func list(p Permutation) (all []int) {
	for i := range p.Len() {
		all = append(all, p.At(i))
	}
	return all
}

// TestOrderGolden holds the order still: a run that is resumed on another machine or by a later build
// sees the examples that it would have seen.
func TestOrderGolden(t *testing.T) {
	assert.Equal(t, []int{11, 5, 1, 8, 6, 3, 4, 0, 9, 2, 10, 7}, list(Order(1, 0, 12)))
	assert.NotEqual(t, list(Order(1, 0, 12)), list(Order(1, 1, 12)))
	assert.NotEqual(t, list(Order(1, 0, 12)), list(Order(2, 0, 12)))
}

// TestOrderIsShuffled: each example comes about equally often at each place.
func TestOrderIsShuffled(t *testing.T) {
	const n, epochs = 10, 5000
	var count [n][n]int
	for e := range epochs {
		p := Order(4, e, n)
		for i := range n {
			count[i][p.At(i)]++
		}
	}
	for i := range n {
		for k := range n {
			assert.InDelta(t, epochs/n, count[i][k], 120, "example %d at place %d", k, i) // 5.6 sigma
		}
	}
}

// numbered is a source whose example i is its number.
type numbered struct{ train int }

func (s numbered) Info() Info { return Info{Name: "numbered", H: 1, W: 1, C: 1, Train: s.train} }

func (s numbered) Example(split Split, i int, dst []float32) (int, error) {
	if err := checkExample(s.Info(), split, i, dst); err != nil {
		return -1, err
	}
	dst[0] = float32(i)
	return i, nil
}

func TestBatcherFinite(t *testing.T) {
	b := NewBatcher(numbered{train: 23}, 5, 7)
	require.Equal(t, 4, b.StepsPerEpoch())
	dst, labels := make([]float32, 5), make([]int32, 5)
	var epochs [2][]int
	for step := range 8 {
		require.NoError(t, b.Fill(step, dst, labels))
		for j, v := range dst {
			assert.Equal(t, int32(v), labels[j])
			assert.Equal(t, int(v), b.Index(step, j))
			epochs[step/4] = append(epochs[step/4], int(v))
		}
	}
	assert.NotEqual(t, epochs[0], epochs[1], "an epoch is shuffled anew")
	for _, e := range epochs {
		slices.Sort(e)
		assert.Len(t, slices.Compact(e), 20, "no example twice in an epoch")
	}
	again := make([]float32, 5)
	require.NoError(t, NewBatcher(numbered{train: 23}, 5, 7).Fill(7, again, nil))
	assert.Equal(t, dst, again, "a batch depends on seed and step alone")
}

func TestBatcherSmallSplitWraps(t *testing.T) {
	b := NewBatcher(numbered{train: 3}, 7, 1)
	require.Equal(t, 1, b.StepsPerEpoch())
	dst := make([]float32, 7)
	require.NoError(t, b.Fill(5, dst, nil))
	assert.Equal(t, dst[0:3], dst[3:6])
	slices.Sort(dst)
	assert.Equal(t, []float32{0, 1, 2}, slices.Compact(dst))
}

func TestBatcherEndless(t *testing.T) {
	b := NewBatcher(numbered{train: Endless}, 128, 1)
	assert.Equal(t, 468, b.StepsPerEpoch())
	assert.Equal(t, b.Index(0, 0)+128, b.Index(1, 0))
	assert.NotEqual(t, b.Index(0, 0), NewBatcher(numbered{train: Endless}, 128, 2).Index(0, 0))
	labels := make([]int32, 20)
	b = NewBatcher(openDigits(t, Options{}), 20, 5)
	require.NoError(t, b.Fill(3, make([]float32, 20*784), labels))
	slices.Sort(labels)
	assert.Equal(t, []int32{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9}, labels)
}

// TestBatcherAllocatesNothing, as a training step may not.
func TestBatcherAllocatesNothing(t *testing.T) {
	dst, labels := make([]float32, 8*784), make([]int32, 8)
	b := NewBatcher(openDigits(t, Options{}), 8, 1)
	step := 0
	for ; step < 200; step++ { // each glyph is drawn on first use
		require.NoError(t, b.Fill(step, dst, labels))
	}
	assert.Zero(t, testing.AllocsPerRun(20, func() {
		if step++; b.Fill(step, dst, labels) != nil {
			t.Error("does not fill")
		}
	}))
}

// TestBatcherShared: workers change nothing, and their errors come through.
func TestBatcherShared(t *testing.T) {
	b := NewBatcher(numbered{train: 100}, 32, 1)
	one, many := make([]float32, 32), make([]float32, 32)
	require.NoError(t, b.Fill(2, one, nil))
	b.workers = 4
	require.NoError(t, b.Fill(2, many, make([]int32, 32)))
	assert.Equal(t, one, many)
	b.info.Train = 1000 // more than there are
	assert.ErrorContains(t, b.Fill(7, many, nil), "there is no example")
}

func TestBatcherErrors(t *testing.T) {
	good := numbered{train: 4}
	assert.ErrorContains(t, NewBatcher(good, 0, 1).Fill(0, nil, nil), "batch of 0")
	assert.ErrorContains(t, NewBatcher(good, 2, 1).Fill(-1, make([]float32, 2), nil), "step -1")
	assert.ErrorContains(t, NewBatcher(good, 2, 1).Fill(0, make([]float32, 3), nil), "want 2 and 2")
	assert.ErrorContains(t, NewBatcher(numbered{}, 2, 1).Fill(0, make([]float32, 2), nil), "is empty")
	assert.Equal(t, 1, NewBatcher(numbered{}, 0, 1).StepsPerEpoch())
}

func TestRead(t *testing.T) {
	dst, labels := make([]float32, 3), make([]int32, 3)
	require.NoError(t, Read(numbered{train: 10}, Train, 4, dst, labels))
	assert.Equal(t, []float32{4, 5, 6}, dst)
	assert.Equal(t, []int32{4, 5, 6}, labels)
	assert.Error(t, Read(numbered{train: 10}, Train, 8, dst, nil), "past the end")
	assert.Error(t, Read(numbered{train: 10}, Train, 0, dst, labels[:2]))
}

func BenchmarkOrder(b *testing.B) {
	p := Order(1, 0, 60000)
	for i := 0; b.Loop(); i++ {
		p.At(i)
	}
}
