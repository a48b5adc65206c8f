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

// scaled moves points to the middle and into [-0.9, 0.9], one factor for both axes, and says how. Halves are
// taken before sums and differences, so that the largest numbers do not overflow.
func scaled(xy []float64) *Points {
	lo, hi := [2]float64{xy[0], xy[1]}, [2]float64{xy[0], xy[1]}
	for i, v := range xy {
		lo[i&1], hi[i&1] = min(lo[i&1], v), max(hi[i&1], v)
	}
	const reach = 0.9
	half := max(hi[0]/2-lo[0]/2, hi[1]/2-lo[1]/2)
	centre := [2]float64{lo[0]/2 + hi[0]/2, lo[1]/2 + hi[1]/2}
	points := make([]float32, len(xy))
	for i, v := range xy {
		if half/2 > 0 {
			points[i] = float32(reach * ((v/2 - centre[i&1]/2) / (half / 2)))
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
