package screen

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/picture"
)

// readingDesk is a training of a net that reads: prompts with pictures, shares of right attributes, losses by noise.
func readingDesk() *desk {
	d := newDesk()
	s := *d.state
	s.Model, s.Data = "t2i", "shapes"
	v := lab.View{Name: "prompts", N: 16, H: 8, W: 8, C: 3, Version: 1, Pixels: make([]float32, 16*8*8*3)}
	for i := range v.N {
		v.Captions = append(v.Captions, lab.Caption{Text: fmt.Sprintf("picture %d\x1b[31m of a large red circle", i),
			Held: i >= 12, Judged: true, Right: i%2 == 0})
	}
	s.Views = []lab.View{v, {Name: "samples", N: 4, H: 8, W: 8, C: 3, Version: 1, Pixels: make([]float32, 4*8*8*3)}}
	line := func(name string, y ...float64) {
		s.Series = append(s.Series, lab.Series{Name: name, X: []float64{50, 100}, Y: y})
	}
	line("loss", 0.9, 0.3)
	line("test_loss_10", 0.5, 0.4)
	line("test_loss_90", 0.05, 0.04)
	line("acc_all", 0.1, 0.25)
	line("held_all", 0, 0.125)
	line("acc_colour", 0.5, 0.96)
	s.Metrics = []lab.Value{{Name: "test_loss", Value: 0.3}, {Name: "test_loss_10", Value: 0.4},
		{Name: "acc_all", Value: 0.25}, {Name: "held_all", Value: 0.125}, {Name: "acc_colour", Value: 0.96}}
	d.state = &s
	return d
}

func TestReadingFrames(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		w, h := size[0]-4, size[1]-2
		tr := trainAt(t, readingDesk(), w, h)
		goldenFile(t, fmt.Sprintf("reading-%dx%d", size[0], size[1]), plainText(t, tr, w, h))
		keys(t, tr, "c")
		goldenFile(t, fmt.Sprintf("reading-%dx%d-c", size[0], size[1]), plainText(t, tr, w, h))
	}
}

// Each series is on one page, and c shows all of them.
func TestPages(t *testing.T) {
	tr := trainAt(t, readingDesk(), 76, 22)
	var seen []string
	for range pages + 1 {
		text := plainText(t, tr, 76, 22)
		for p := range pages {
			if strings.Contains(text, fmt.Sprintf("%s %d/%d", p.title(), p+1, pages)) {
				seen = append(seen, p.title())
			}
		}
		keys(t, tr, "c")
	}
	assert.Equal(t, []string{"loss", "right in the pictures (%)", "loss by noise (test)", "loss"}, seen)
	for _, s := range tr.state.Series {
		on := 0
		for p := range pages {
			if p.takes(s.Name) {
				on++
			}
		}
		assert.Equal(t, 1, on, s.Name)
	}
	full := trainAt(t, readingDesk(), 116, 38)
	assert.Equal(t, [2]page{lossPage, rightPage}, full.pages(newLayout(full)))
	keys(t, full, "c")
	assert.Equal(t, [2]page{lossPage, levelPage}, full.pages(newLayout(full)))
	keys(t, full, "c")
	assert.Equal(t, [2]page{lossPage, rightPage}, full.pages(newLayout(full)))
	plain := trainAt(t, newDesk(), 116, 38)
	assert.False(t, newLayout(plain).reading)
}

func TestChosen(t *testing.T) {
	var all []lab.Caption
	for i := range 16 {
		all = append(all, lab.Caption{Held: i >= 12})
	}
	assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 12, 13}, chosen(all, 8))
	assert.Equal(t, []int{0, 1, 2, 12}, chosen(all, 4))
	assert.Equal(t, []int{12}, chosen(all, 1))
	assert.Len(t, chosen(all, 99), 16)
	assert.Equal(t, []int{0, 1}, chosen(all[:3], 2), "nothing was kept out of training")
	assert.Equal(t, []int{0, 1}, chosen(all[12:], 2), "all was")
	assert.Empty(t, chosen(nil, 3))
}

func TestSlotFor(t *testing.T) {
	sixel := picture.Display{Mode: picture.Sixel, CellW: 9, CellH: 18}
	half := picture.HalfBlocks()
	for _, c := range []struct {
		name             string
		side, cols, rows int
		d                picture.Display
		want             slot
	}{
		{"twice as large, eight", 32, 37, 34, sixel, slot{8, 4}},
		{"80x24", 32, 31, 16, sixel, slot{8, 4}},
		{"twice as large, four", 64, 37, 34, sixel, slot{15, 8}},
		{"as they are", 64, 31, 16, sixel, slot{8, 4}},
		{"half-blocks are made smaller", 32, 37, 34, half, slot{16, 8}},
		{"half-blocks at 80x24", 32, 31, 16, half, slot{16, 8}},
		{"very large ones", 256, 31, 16, half, slot{8, 4}},
	} {
		got := slotFor(c.side, c.side, c.cols, c.rows, c.d)
		assert.Equal(t, c.want, got, c.name)
		require.LessOrEqual(t, got.rows, c.rows, c.name)
	}
	for cols := range 40 {
		for rows := range 20 {
			s := slotFor(300, 20, cols, rows, half)
			require.Positive(t, s.rows)
			require.Positive(t, s.cols)
		}
	}
}
