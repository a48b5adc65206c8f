package screen

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	_ "mllab/compile/target/cpu"
	"mllab/ui/lab"
	"mllab/ui/picture"
)

// BenchmarkLatentKey is what stands between a key and a frame, Update and View, and BenchmarkLatentCursor all
// that lies between a key and the picture at the new place, scatter included: with the default VAE, in a
// terminal of 120x40 with pixels.
func BenchmarkLatentKey(b *testing.B)    { benchmarkLatent(b, false) }
func BenchmarkLatentCursor(b *testing.B) { benchmarkLatent(b, true) }

func benchmarkLatent(b *testing.B, drawn bool) {
	b.Run("alone", func(b *testing.B) { benchmarkLatentBeside(b, drawn, false) })
	b.Run("training", func(b *testing.B) { benchmarkLatentBeside(b, drawn, true) })
}

func benchmarkLatentBeside(b *testing.B, drawn, training bool) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU() + 2)) // as the lab does
	session, err := lab.Open(lab.Options{Root: b.TempDir()})
	require.NoError(b, err)
	defer session.Close()
	j, err := session.Train(lab.TrainOptions{Steps: 1, Keep: true})
	require.NoError(b, err)
	require.NoError(b, j.Wait())
	if training {
		_, err = session.Train(lab.TrainOptions{Views: true})
		require.NoError(b, err)
	}
	s := stageLatent(&testing.T{}, nil, 116, 38, picture.Sixel)
	s.lab.Session, s.from = session, s.open
	s.play(s.openPath("last"))
	require.NotNil(b, s.net)
	var took []float64
	keys := []string{"right", "up", "left", "down"}
	for i := 0; b.Loop(); i++ {
		begin := time.Now()
		k, _ := Find(s.Keys(), keys[i%len(keys)])
		cmd := k.Do(keys[i%len(keys)])
		if drawn {
			cmd = s.Update(cmd()) // of the first order: the cursor's place and its picture
		}
		_ = s.View(116, 38)
		took = append(took, float64(time.Since(begin))/1e6)
		b.StopTimer()
		s.play(cmd)
		b.StartTimer()
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2], "ms-median")
	b.ReportMetric(took[len(took)*99/100], "ms-p99")
}
