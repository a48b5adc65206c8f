package lab

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/engine/run"
)

// TestGallery draws from checkpoints what the training showed at them.
func TestGallery(t *testing.T) {
	ctx := context.Background()
	s := session(t)
	j := paused(t, s, func(o *TrainOptions) { o.Keep, o.SaveEvery = true, 2 })
	zero := until(t, j, "pictures", func(s *State) bool { return len(s.Views) == 2 }).Views[0]
	stepTo(t, j, 4)
	four := until(t, j, "pictures of the last step", func(s *State) bool {
		return s.Views[0].Version > zero.Version+3 && !s.Unsaved
	}).Views[0]
	live, err := s.GalleryOf(ctx, j)
	require.NoError(t, err)
	defer live.Close()
	got, err := live.Draw(ctx, 0)
	require.NoError(t, err)
	assert.Equal(t, zero.Pixels, got.Pixels)
	got, err = live.Draw(ctx, 4)
	require.NoError(t, err)
	assert.Equal(t, four.Pixels, got.Pixels)
	dir := j.State().Dir
	j.Stop()
	require.NoError(t, j.Wait())

	disk, err := s.Gallery(ctx, dir)
	require.NoError(t, err)
	defer disk.Close()
	got, err = disk.Draw(ctx, 4)
	require.NoError(t, err)
	assert.Equal(t, four.Pixels, got.Pixels)
	_, err = disk.Draw(ctx, 3)
	require.ErrorIs(t, err, run.ErrNoCheckpoint)
	path := filepath.Join(dir, "checkpoints", "step-00000002.safetensors")
	require.NoError(t, os.WriteFile(path, []byte("broken"), 0o644))
	_, err = disk.Draw(ctx, 2)
	require.ErrorContains(t, err, "checkpoint of step 2 is damaged")

	past, err := s.Past(dir)
	require.NoError(t, err)
	assert.Equal(t, []int{2, 4}, past.Steps)
	assert.Equal(t, []float64{1, 2, 3, 4}, past.Series[0].X)

	other, err := s.Train(TrainOptions{Batch: 8, Keep: true, Steps: 1, Settings: map[string]string{"latent": "2",
		"hidden": "8"}})
	require.NoError(t, err)
	require.NoError(t, other.Wait())
	b, err := os.ReadFile(filepath.Join(other.State().Dir, "checkpoints", "step-00000001.safetensors"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "checkpoints", "step-00000001.safetensors"), b, 0o644))
	_, err = disk.Draw(ctx, 1)
	require.ErrorContains(t, err, "it is of another model or other settings")

	to, err := s.Trash(filepath.Base(dir))
	require.NoError(t, err)
	assert.DirExists(t, to)
	assert.NoDirExists(t, dir)
}
