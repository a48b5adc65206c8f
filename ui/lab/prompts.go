package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mllab/gen"
	"mllab/samples"
)

const (
	maxPromptLine = 1 << 16 // bytes
	maxPrompts    = maxEval
)

// readPrompts reads a file of prompts, one a line; empty lines are passed over. Control characters become blanks,
// and dirty is how many lines had any. An error is one line that names the file.
func readPrompts(path string) (prompts []string, dirty int, err error) {
	name := fmt.Sprintf("%q", filepath.Base(path))
	f, err := os.Open(path)
	var why *fs.PathError
	if errors.As(err, &why) {
		err = why.Err
	}
	if err != nil {
		return nil, 0, Usage(fmt.Errorf("prompts %s: %w", name, err))
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return nil, 0, Usage(fmt.Errorf("prompts %s: is a folder, want a text file with a prompt a line", name))
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxPromptLine)
	number := 1
	for ; lines.Scan(); number++ {
		line := lines.Text()
		if number == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if !utf8.ValidString(line) {
			return nil, 0, Usage(fmt.Errorf("prompts %s: line %d is no UTF-8 text: want a prompt a line", name, number))
		}
		plain := strings.TrimSpace(strings.Map(uncontrolled, line))
		if plain != strings.TrimSpace(strings.ReplaceAll(line, "\t", " ")) {
			dirty++
		}
		if plain == "" {
			continue
		}
		if len(prompts) == maxPrompts {
			return nil, 0, Usage(fmt.Errorf("prompts %s: more than %d: want fewer", name, maxPrompts))
		}
		prompts = append(prompts, plain)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, 0, Usage(fmt.Errorf("prompts %s: line %d is longer than %d bytes: want a prompt a line", name, number,
			maxPromptLine))
	case err != nil:
		return nil, 0, fmt.Errorf("prompts %s: line %d: %w", name, number, err)
	case len(prompts) == 0:
		return nil, 0, Usage(fmt.Errorf("prompts %s: there is none in it: want a prompt a line", name))
	}
	return prompts, dirty, nil
}

// uncontrolled makes characters blanks that steer a terminal, or that cannot be seen.
func uncontrolled(r rune) rune {
	if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
		return ' '
	}
	return r
}

// prompts reads a file, and tells what of it is not read or not judged.
func (t texts) prompts(src samples.Source, path string, tell func(string)) ([]asked, error) {
	all, dirty, err := readPrompts(path)
	if err != nil {
		return nil, err
	}
	truth, known := samples.Describe(src)
	var list []asked
	var strange []string // words, each once
	silent, unread, long := 0, 0, 0
	for _, line := range all {
		e := t.words.Encode(line, gen.TextLength)
		a := asked{text: line, ids: e.IDs}
		if known {
			a.want = truth.Wanted(line)
			a.held = truth.HeldOut(a.want)
		}
		if known && len(a.want) == 0 {
			silent++
			continue
		}
		if len(e.Unknown) > 0 {
			unread++
		}
		for _, w := range e.Unknown {
			if word := fmt.Sprintf("%q", w.Word); !slices.Contains(strange, word) {
				strange = append(strange, word)
			}
		}
		if e.Left > 0 || e.Cut {
			long++
		}
		list = append(list, a)
	}
	say := func(n int, format string, args ...any) {
		if n > 0 {
			tell(fmt.Sprintf("%d of %d prompts ", n, len(all)) + fmt.Sprintf(format, args...))
		}
	}
	if len(list) == 0 {
		return nil, Usage(fmt.Errorf("none of %d prompts asks for something that can be read back from pictures of %s: want words "+
			"such as %s", len(all), src.Info().Name, strings.Join(t.words.Complete("", 8), ", ")))
	}
	say(dirty, "have control characters, which are passed over")
	say(silent, "ask for nothing that can be read back from the pictures: they are left out")
	say(long, "are long: only their first %d words are read", gen.TextLength)
	more := ""
	if n := len(strange) - mostStrange; n > 0 {
		strange, more = strange[:mostStrange], fmt.Sprintf(" and %d more", n)
	}
	say(unread, "have words that the run does not know, which are passed over: %s%s", strings.Join(strange, ", "), more)
	return list, nil
}

// mostStrange bounds the unknown words that are listed.
const mostStrange = 8
