package picture

import (
	"sort"
	"strconv"
	"strings"
)

// Seal ends the View of the whole screen: it adds to its last cell a marker that lists the pictures in
// it, from which Writer learns which pictures are gone and have to be deleted (kitty graphics stay over the
// text until they are deleted; on other terminals text erases them). Every View has to be sealed, those
// without pictures too.
func Seal(content string) string {
	rows := map[int][]int{}
	for rest := content; ; {
		k := strings.Index(rest, markerStart)
		if k < 0 {
			break
		}
		rest = rest[k+len(markerStart):]
		e := strings.Index(rest, markerEnd)
		if e < 0 {
			break
		}
		if m, ok := parseMarker(rest[:e]); ok {
			rows[m.id] = append(rows[m.id], m.row)
		}
		rest = rest[e:]
	}
	ids := make([]int, 0, len(rows))
	for id := range rows {
		ids = append(ids, id)
	}
	sort.Ints(ids)
	b := []byte(markerStart + "v;")
	for _, id := range ids {
		b = appendRanges(b, id, rows[id])
	}
	return content + string(append(b, markerEnd...))
}

// appendRanges appends "id:first-last," for every run of rows.
func appendRanges(b []byte, id int, rows []int) []byte {
	sort.Ints(rows)
	for i := 0; i < len(rows); {
		j := i
		for j+1 < len(rows) && rows[j+1] <= rows[j]+1 {
			j++
		}
		b = strconv.AppendInt(b, int64(id), 10)
		b = append(b, ':')
		b = strconv.AppendInt(b, int64(rows[i]), 10)
		b = append(b, '-')
		b = strconv.AppendInt(b, int64(rows[j]), 10)
		b = append(b, ',')
		i = j + 1
	}
	return b
}

// Occlude prepares the content of a screen for something that will be laid over its lines y0 <= y < y1,
// such as a popup: pictures on these lines are drawn with half-blocks, so that no pixels lie over the
// popup. Call it on the content below, before the popup is laid over it.
func (s *Store) Occlude(content string, y0, y1 int) string {
	if !strings.Contains(content, markerStart) {
		return content
	}
	lines := strings.Split(content, "\n")
	for y := max(y0, 0); y < min(y1, len(lines)); y++ {
		lines[y] = s.occludeLine(lines[y])
	}
	return strings.Join(lines, "\n")
}

func (s *Store) occludeLine(line string) string {
	var b strings.Builder
	for {
		k := strings.Index(line, markerStart)
		if k < 0 {
			break
		}
		e := strings.Index(line[k:], markerEnd)
		if e < 0 {
			break
		}
		before, body := line[:k], line[k+len(markerStart):k+e]
		line = line[k+e+len(markerEnd):]
		m, ok := parseMarker(body)
		blank := strings.Repeat(nbsp, max(m.cols, 0))
		p := s.Get(m.id)
		if ok && p != nil && p.Cols == m.cols && m.row < p.Rows && strings.HasSuffix(before, blank) {
			before = strings.TrimSuffix(before, blank) + p.blockRow(m.row)
		}
		b.WriteString(before)
	}
	b.WriteString(line)
	return b.String()
}

// mark is a marker of a row.
type mark struct {
	id, row, cols int
}

// parseMarker reads the text between markerStart and markerEnd. It answers false for everything that no
// picture of this package can have written.
func parseMarker(body string) (m mark, ok bool) {
	f := strings.SplitN(body, ";", 5)
	if len(f) != 4 {
		return m, false
	}
	for i, v := range []*int{&m.id, &m.row, &m.cols} {
		n, err := strconv.Atoi(f[i])
		if err != nil || n < 0 || n > MaxID {
			return mark{}, false
		}
		*v = n
	}
	return m, m.id > 0 && m.cols > 0
}

// rowRange is a run of rows of a picture in the View.
type rowRange struct{ id, first, last int }

// parseView reads the body of a marker by Seal.
func parseView(body string) (list []rowRange, ok bool) {
	body, ok = strings.CutPrefix(body, "v;")
	if !ok {
		return nil, false
	}
	for item := range strings.SplitSeq(body, ",") {
		if item == "" {
			continue
		}
		id, span, ok1 := strings.Cut(item, ":")
		first, last, ok2 := strings.Cut(span, "-")
		if !ok1 || !ok2 {
			return nil, false
		}
		var r rowRange
		for i, s := range []string{id, first, last} {
			n, err := strconv.Atoi(s)
			if err != nil || n < 0 || n > MaxID {
				return nil, false
			}
			*[]*int{&r.id, &r.first, &r.last}[i] = n
		}
		list = append(list, r)
	}
	return list, true
}
