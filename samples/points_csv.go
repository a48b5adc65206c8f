package samples

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
)

// Bounds of a file of points, so that no file takes all memory.
const (
	maxPointsBytes = 64 << 20
	maxPointsRows  = 1 << 20
	maxPointsLine  = 1 << 16
)

// openCSV reads a file with a point a line: the first two numbers of it are x and y, separated by commas,
// semicolons, tabs or blanks. Lines that are no points are counted and said, a header among them.
func openCSV(path string) (*Points, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, pathError(path, err)
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: no regular file: want a CSV file", clean(path))
	}
	if st.Size() > maxPointsBytes {
		return nil, fmt.Errorf("%s: %d MB: want at most %d, take a sample of its lines", clean(path), st.Size()>>20,
			maxPointsBytes>>20)
	}
	p, err := parsePoints(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", clean(path), err)
	}
	p.Name = path
	return p, nil
}

// parsePoints reads points and scales them to [-1,1], x and y by one factor.
func parsePoints(r io.Reader) (*Points, error) {
	var xy []float64
	skipped, first, line := 0, 0, 0
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxPointsLine)
	for lines.Scan() {
		line++
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		x, y, ok := parsePoint(text)
		if !ok {
			if len(xy) > 0 || skipped > 0 { // the first one is a header
				if first == 0 {
					first = line
				}
			}
			skipped++
			continue
		}
		if len(xy) >= 2*maxPointsRows {
			return nil, fmt.Errorf("more than %d points: take a sample of its lines", maxPointsRows)
		}
		xy = append(xy, x, y)
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return nil, fmt.Errorf("line %d is longer than %d bytes: want a point a line, as in 0.5,-1.25", line+1,
				maxPointsLine)
		}
		return nil, reason(err)
	}
	if len(xy) < 4 {
		return nil, fmt.Errorf("%d points in %d lines: want at least 2 lines with two numbers, as in 0.5,-1.25",
			len(xy)/2, line)
	}
	p := scaled(xy)
	if first > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d lines that are no two numbers skipped, the first is line %d",
			skipped,
			first))
	}
	return p, nil
}

// parsePoint finds the first two fields of a line, which must be finite numbers.
func parsePoint(text string) (x, y float64, ok bool) {
	fields := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",; \t", r) })
	if len(fields) < 2 {
		return 0, 0, false
	}
	var v [2]float64
	for i := range v {
		n, err := strconv.ParseFloat(strings.Trim(fields[i], `"'`), 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return 0, 0, false
		}
		v[i] = n
	}
	return v[0], v[1], true
}

// scaled moves points to the middle and into [-0.9, 0.9], one factor for both axes, and says how. A power of two, which
// rounds nothing, brings the largest number near 1 before, so that neither the largest nor the smallest numbers lose
// digits; then distances from the least one are taken, which are no longer than the whole.
func scaled(xy []float64) *Points {
	lo, hi := [2]float64{xy[0], xy[1]}, [2]float64{xy[0], xy[1]}
	largest := 0.0
	for i, v := range xy {
		lo[i&1], hi[i&1] = min(lo[i&1], v), max(hi[i&1], v)
		largest = max(largest, math.Abs(v))
	}
	const reach = 0.9
	_, e := math.Frexp(largest)
	from := func(v float64, axis int) float64 { return math.Ldexp(v, -e) - math.Ldexp(lo[axis], -e) }
	size := [2]float64{from(hi[0], 0), from(hi[1], 1)}
	whole := max(size[0], size[1])
	points := make([]float32, len(xy))
	for i, v := range xy {
		if whole > 0 {
			points[i] = float32(2 * reach * (from(v, i&1)/whole - size[i&1]/whole/2))
		}
	}
	n := uint64(len(points) / 2)
	note := fmt.Sprintf("%d points; x %.4g to %.4g and y %.4g to %.4g are scaled by one factor to [-%.1f, %.1f]",
		n, lo[0], hi[0], lo[1], hi[1], reach, reach)
	return &Points{Notes: []string{note}, draw: func(r *stream) (float64, float64) {
		i := r.next() % n
		return float64(points[2*i]), float64(points[2*i+1])
	}}
}
