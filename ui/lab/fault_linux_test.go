package lab

import (
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"mllab/engine"
)

// protect takes the memory of a tensor on the CPU away from everyone, until it is freed: what touches it faults.
func protect(t *testing.T, x *engine.Tensor) {
	t.Helper()
	buffer := reflect.ValueOf(x).Elem().FieldByName("mem").FieldByName("Buffer").Elem().Elem()
	data := buffer.FieldByName("data")
	page := uintptr(unix.Getpagesize())
	from := data.Pointer()
	require.Zero(t, from%page, "the tensor must begin a page")
	pages := unsafe.Slice((*byte)(data.UnsafePointer()), (data.Len()+int(page)-1)/int(page)*int(page))
	require.NoError(t, unix.Mprotect(pages, unix.PROT_NONE))
}

// TestLabOutlivesFaults has generated code run into memory that it must not touch: the job fails with an error that
// names the kernel, and the session goes on.
func TestLabOutlivesFaults(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("kernels are machine code on amd64 alone")
	}
	for _, threads := range []int{1, 2} {
		s, err := Open(Options{Root: t.TempDir(), Threads: threads})
		require.NoError(t, err)
		defer s.Close()
		o := tiny()
		o.Batch, o.Paused = 512, true
		o.Settings["hidden"] = "512"
		j, err := s.Train(o)
		require.NoError(t, err)
		until(t, j, "paused", func(s *State) bool { return s.Phase == Paused })
		j.StepOnce()
		until(t, j, "one step", func(s *State) bool { return s.Step == 1 })

		found := false
		j.mu.Lock()
		for label, x := range j.loop.State().Tensors() {
			if strings.HasSuffix(label, ".e1.weight") && strings.HasPrefix(label, "param.") {
				protect(t, x)
				found = true
			}
		}
		j.mu.Unlock()
		require.True(t, found)
		j.StepOnce()
		err = j.Wait()
		require.Error(t, err)
		assert.Regexp(t, `kernel \S*matmul\S*`, err.Error())
		assert.Equal(t, Failed, j.State().Phase)

		again, err := s.Train(TrainOptions{Batch: 8, Steps: 2, Seed: 3, Settings: o.Settings})
		require.NoError(t, err)
		assert.NoError(t, again.Wait(), "the session still trains")
	}
}
