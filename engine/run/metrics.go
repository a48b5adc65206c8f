package run

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLine bounds a line of metrics.jsonl and history.jsonl, in bytes.
const maxLine = 1 << 20

// Metrics is one line of metrics.jsonl: what was measured after Step steps, in the order of logging.
type Metrics struct {
	Step   int64
	Fields []Field
}

type kind byte

const (
	isFloat kind = iota
	isInt
	isText
)

// Field is one named value: a float, a whole number or a text.
type Field struct {
	Name string
	kind kind
	f    float64
	i    int64
	s    string
}

// Float is a field with a float; NaN and the infinities are written as the strings "NaN", "Inf" and "-Inf".
func Float(name string, v float64) Field { return Field{Name: name, kind: isFloat, f: v} }

// Int is a field with a whole number.
func Int(name string, v int64) Field { return Field{Name: name, kind: isInt, i: v} }

// Text is a field with a string.
func Text(name, v string) Field { return Field{Name: name, kind: isText, s: v} }

// Value is a float64, an int64 or a string.
func (f Field) Value() any {
	switch f.kind {
	case isInt:
		return f.i
	case isText:
		return f.s
	}
	return f.f
}

// Float is the value as a number; false for a text.
func (f Field) Float() (float64, bool) {
	switch f.kind {
	case isInt:
		return float64(f.i), true
	case isText:
		return 0, false
	}
	return f.f, true
}

// Get finds a field by name.
func (m Metrics) Get(name string) (Field, bool) {
	for _, f := range m.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// AppendJSON appends the metrics as one JSON object on one line, step first, without a newline.
func (m Metrics) AppendJSON(b []byte) []byte {
	b = append(b, stepPrefix...)
	b = strconv.AppendInt(b, m.Step, 10)
	for _, f := range m.Fields {
		b = append(b, ',')
		b = appendText(b, f.Name)
		b = append(b, ':')
		switch f.kind {
		case isInt:
			b = strconv.AppendInt(b, f.i, 10)
		case isText:
			b = appendText(b, f.s)
		default:
			b = appendFloat(b, f.f)
		}
	}
	return append(b, '}')
}

func appendFloat(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(b, `"Inf"`...)
	case math.IsInf(v, -1):
		return append(b, `"-Inf"`...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string always marshals
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func (m Metrics) check() error {
	if m.Step < 0 {
		return fmt.Errorf("step %d: want 0 or more", m.Step)
	}
	for i, f := range m.Fields {
		if f.Name == "" || f.Name == "step" || !utf8.ValidString(f.Name) ||
			strings.ContainsFunc(f.Name, unicode.IsControl) {
			return fmt.Errorf("metric %q: want another name", clip(f.Name))
		}
		for _, g := range m.Fields[:i] {
			if f.Name == g.Name {
				return fmt.Errorf("metric %q occurs twice", clip(f.Name))
			}
		}
	}
	return nil
}

const stepPrefix = `{"step":`

// lineStep is the step of a line that AppendJSON wrote.
func lineStep(line []byte) (int64, bool) {
	rest, ok := bytes.CutPrefix(line, []byte(stepPrefix))
	if !ok || !bytes.HasSuffix(rest, []byte("}")) {
		return 0, false
	}
	n := 0
	for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	step, err := strconv.ParseInt(string(rest[:n]), 10, 64)
	return step, err == nil
}

// ParseMetrics reads a line that AppendJSON wrote.
func ParseMetrics(line []byte) (Metrics, error) {
	var m Metrics
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return m, errors.New("want a JSON object")
	}
	for first := true; dec.More(); first = false {
		key, err := dec.Token()
		if err != nil {
			return m, jsonError(err)
		}
		value, err := dec.Token()
		if err != nil {
			return m, jsonError(err)
		}
		name, _ := key.(string) // the decoder lets nothing else be a key
		if first {
			number, ok := value.(json.Number)
			if m.Step, err = strconv.ParseInt(string(number), 10, 64); !ok || name != "step" || err != nil {
				return m, errors.New("want a step first")
			}
			continue
		}
		field, err := parseField(name, value)
		if err != nil {
			return m, err
		}
		m.Fields = append(m.Fields, field)
	}
	if _, err := dec.Token(); err != nil {
		return m, jsonError(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return m, errors.New("more follows the closing }")
	}
	return m, m.check()
}

func parseField(name string, value any) (Field, error) {
	switch v := value.(type) {
	case nil:
		return Float(name, math.NaN()), nil
	case string:
		switch v {
		case "NaN":
			return Float(name, math.NaN()), nil
		case "Inf":
			return Float(name, math.Inf(1)), nil
		case "-Inf":
			return Float(name, math.Inf(-1)), nil
		}
		return Text(name, v), nil
	case json.Number:
		minusZero := v == "-0" // a float, for whole numbers have none
		if i, err := strconv.ParseInt(string(v), 10, 64); err == nil && !minusZero {
			return Int(name, i), nil
		}
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return Field{}, fmt.Errorf("metric %q: %s is out of range", clip(name), clip(string(v)))
		}
		return Float(name, f), nil
	}
	return Field{}, fmt.Errorf("metric %q: want a number or a string", clip(name))
}

// eachLine calls each with every whole line and the offset after it; a last line without its newline is what
// a killed process leaves, and is passed over.
func eachLine(r io.Reader, each func(line []byte, end int64) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	var end int64
	for n := 1; ; {
		part, err := in.ReadSlice('\n')
		end += int64(len(part))
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return fmt.Errorf("line %d is longer than %d bytes", n, maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF:
			return nil
		case err != nil:
			return cause(err)
		}
		if err := each(line[:len(line)-1], end); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		line, n = line[:0], n+1
	}
}

// parseLines reads all of metrics.jsonl. An error comes with the metrics before it.
func parseLines(r io.Reader) ([]Metrics, error) {
	var all []Metrics
	err := eachLine(r, func(line []byte, _ int64) error {
		m, err := ParseMetrics(line)
		if err == nil {
			all = append(all, m)
		}
		return err
	})
	return all, err
}
