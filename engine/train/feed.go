package train

import "context"

// feeder prepares batches in a goroutine of its own: while the device works on a
// step, the batch of the next one is made.
type feeder struct {
	data  Data
	want  chan int
	got   chan filled
	done  chan struct{}
	asked int // step that was asked for and not taken yet, -1: none
}

type filled struct {
	step   int
	x      []float32
	labels []int32
	tokens []int32 // nil where no texts are read
	err    error
}

// newFeeder makes one for batches of examples with that many values each, and texts with that many tokens
// together, 0: none.
func newFeeder(data Data, batch, values, tokens int) *feeder {
	f := &feeder{data: data, want: make(chan int, 1), got: make(chan filled, 1), done: make(chan struct{}),
		asked: -1}
	// Two buffers in turn: one is filled while the other is copied to the device.
	var bufs [2]filled
	for i := range bufs {
		bufs[i] = filled{x: make([]float32, batch*values), labels: make([]int32, batch)}
	}
	texts, _ := data.(Reader)
	if texts != nil && tokens > 0 {
		bufs[0].tokens, bufs[1].tokens = make([]int32, tokens), make([]int32, tokens)
	}
	go func() {
		defer close(f.done)
		for i := 0; ; i = 1 - i {
			step, ok := <-f.want
			if !ok {
				return
			}
			b := bufs[i]
			b.step = step
			b.err = data.Fill(step, b.x, b.labels)
			if b.err == nil && b.tokens != nil {
				b.err = texts.Tokens(step, b.tokens)
			}
			f.got <- b
		}
	}()
	return f
}

// batch gives the batch of a step and asks for the one after, if more is set. It
// is valid until the next call.
func (f *feeder) batch(ctx context.Context, step int, more bool) (filled, error) {
	for {
		if f.asked < 0 {
			f.want <- step
			f.asked = step
		}
		select {
		case b := <-f.got:
			f.asked = -1
			if b.step != step {
				continue // asked for before the loop was put to another step
			}
			if more && b.err == nil {
				f.want <- step + 1
				f.asked = step + 1
			}
			return b, b.err
		case <-ctx.Done():
			return filled{}, ctx.Err()
		}
	}
}

// close ends the goroutine and waits for it.
func (f *feeder) close() {
	close(f.want)
	if f.asked >= 0 {
		<-f.got
	}
	<-f.done
}
