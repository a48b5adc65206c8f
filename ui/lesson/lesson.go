// Package lesson holds the lessons of the lab: Markdown that stands beside a live screen, in steps that
// set the screen up and look whether the learner did what was asked. It knows no screen: a step names
// settings and facts, which the root gives to a screen and reads from it.
//
// A lesson is one file in text, in all languages at once, so that they stay in step:
//
//	---
//	order: 10
//	screen: 4
//	en: What a convolution is
//	zh: 卷积是什么
//	---
//	## step
//	```lab
//	set kernel sobel-x
//	check out.h = $in.h
//	```
//	### en
//	Text in Markdown.
//	### zh
//	Markdown 文字。
//
// `set NAME VALUE` is done when the step begins. `check NAME OP VALUE` must hold for the step to be done,
// all checks of it together; OP is one of = != < <= > >=, and $NAME as a value is another fact. `changed
// NAME` holds when a fact is another than when the step began, `grown NAME N` when it is N more. A step without checks is done when it is read.
//
// Begin with All and Progress.
package lesson

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// Languages that every lesson has, the first being the one for every other locale.
var Languages = []string{"en", "zh"}

// Lesson is one of them, in all languages.
type Lesson struct {
	Name   string // of its file, without ending: "convolution"
	Order  int    // its place in the list
	Screen byte   // digit of the screen it stands beside
	Title  map[string]string
	Steps  []Step
}

// Step is a page of a lesson.
type Step struct {
	Set    []Setting
	Checks []Check
	Text   map[string]string // Markdown by language
}

// Setting is what a step gives to the screen when it begins.
type Setting struct{ Name, Value string }

//go:embed text/*.md
var files embed.FS

// All are the built-in lessons in their order. They are read once; a file that is no lesson is a mistake
// in the program.
var All = sync.OnceValue(func() []Lesson {
	all, err := read(files, "text")
	if err != nil {
		panic("lesson: " + err.Error())
	}
	return all
})

func read(fsys fs.FS, dir string) ([]Lesson, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	var all []Lesson
	for _, e := range entries {
		text, err := fs.ReadFile(fsys, path.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		l, err := Parse(strings.TrimSuffix(e.Name(), ".md"), string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Order < all[j].Order })
	return all, nil
}

// Parse reads a lesson in the form above. Errors name the file's line and what was wanted.
func Parse(name, text string) (Lesson, error) {
	p := parser{l: Lesson{Name: name, Title: map[string]string{}}}
	for i, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if err := p.line(line); err != nil {
			return Lesson{}, fmt.Errorf("%s.md:%d: %w", name, i+1, err)
		}
	}
	if err := p.end(); err != nil {
		return Lesson{}, fmt.Errorf("%s.md: %w", name, err)
	}
	return p.l, nil
}

// parser reads a lesson line by line.
type parser struct {
	l      Lesson
	head   int // fences of the head seen
	fenced bool
	lang   string
}

func (p *parser) line(line string) error {
	word := strings.TrimSpace(line)
	switch {
	case p.head < 2:
		return p.header(word)
	case p.fenced:
		if word == "```" {
			p.fenced = false
			return nil
		}
		return p.command(word)
	case word == "## step":
		p.l.Steps = append(p.l.Steps, Step{Text: map[string]string{}})
		p.lang = ""
	case word == "":
		p.add(line)
	case len(p.l.Steps) == 0:
		return fmt.Errorf("%q stands before the first step: want `## step`", word)
	case strings.HasPrefix(word, "### "):
		lang := strings.TrimSpace(word[4:])
		if !known(lang) {
			return fmt.Errorf("language %q: want one of %s", lang, strings.Join(Languages, ", "))
		}
		if _, twice := p.step().Text[lang]; twice {
			return fmt.Errorf("a second text in %s: want one a step", lang)
		}
		p.lang = lang
		p.step().Text[lang] = ""
	case word == "```lab" && p.lang == "":
		p.fenced = true
	case p.lang == "":
		return fmt.Errorf("%q belongs to no language: want `### en` before it", word)
	default:
		p.add(line)
	}
	return nil
}

func (p *parser) step() *Step { return &p.l.Steps[len(p.l.Steps)-1] }

func (p *parser) add(line string) {
	if p.lang != "" {
		p.step().Text[p.lang] += line + "\n"
	}
}

func known(lang string) bool {
	for _, l := range Languages {
		if l == lang {
			return true
		}
	}
	return false
}

func (p *parser) header(word string) error {
	if word == "---" {
		p.head++
		return nil
	}
	key, value, ok := strings.Cut(word, ":")
	value = strings.TrimSpace(value)
	switch {
	case p.head == 0 || !ok || value == "":
		return fmt.Errorf("%q in the head: want lines `key: value` between two lines of ---", word)
	case key == "order":
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("order %q: want a whole number", value)
		}
		p.l.Order = n
	case key == "screen":
		if len(value) != 1 || value[0] < '0' || value[0] > '9' {
			return fmt.Errorf("screen %q: want the digit of one", value)
		}
		p.l.Screen = value[0]
	case known(key):
		p.l.Title[key] = value
	default:
		return fmt.Errorf("%q in the head: want order, screen, %s", key, strings.Join(Languages, ", "))
	}
	return nil
}

// command reads a line of a lab block.
func (p *parser) command(word string) error {
	f := strings.Fields(word)
	switch {
	case len(f) == 0:
	case f[0] == "set" && len(f) >= 3:
		p.step().Set = append(p.step().Set, Setting{f[1], strings.Join(f[2:], " ")})
	case f[0] == "check" && len(f) >= 4 && operators[f[2]] != nil:
		p.step().Checks = append(p.step().Checks, Check{f[1], f[2], strings.Join(f[3:], " ")})
	case f[0] == grown && len(f) == 3:
		p.step().Checks = append(p.step().Checks, Check{f[1], grown, f[2]})
	case f[0] == changed && len(f) == 2:
		p.step().Checks = append(p.step().Checks, Check{Name: f[1], Op: changed})
	default:
		return fmt.Errorf("%q: want `set NAME VALUE`, `check NAME OP VALUE`, `changed NAME` or `grown NAME N`", word)
	}
	return nil
}

// end checks that nothing is missing.
func (p *parser) end() error {
	switch {
	case p.head < 2:
		return fmt.Errorf("the head does not end: want a second line of ---")
	case p.fenced:
		return fmt.Errorf("a lab block does not end: want a line of ```")
	case p.l.Screen == 0:
		return fmt.Errorf("no screen: want `screen: DIGIT` in the head")
	case len(p.l.Steps) == 0:
		return fmt.Errorf("no steps: want at least one `## step`")
	}
	for _, lang := range Languages {
		if p.l.Title[lang] == "" {
			return fmt.Errorf("no title in %s: want `%s: TITLE` in the head", lang, lang)
		}
		for i := range p.l.Steps {
			if p.l.Steps[i].Text[lang] = strings.TrimSpace(p.l.Steps[i].Text[lang]); p.l.Steps[i].Text[lang] == "" {
				return fmt.Errorf("step %d has no text in %s", i+1, lang)
			}
		}
	}
	return nil
}

// Language for a locale as LC_ALL, LC_MESSAGES or LANG has it: "zh_CN.UTF-8" gives "zh".
func Language(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		v := getenv(name)
		if v == "" {
			continue
		}
		for _, lang := range Languages {
			if v == lang || strings.HasPrefix(v, lang+"_") || strings.HasPrefix(v, lang+"-") ||
				strings.HasPrefix(v, lang+".") {
				return lang
			}
		}
		break
	}
	return Languages[0]
}

// Following is the language after another, round and round.
func Following(lang string) string {
	for i, l := range Languages {
		if l == lang {
			return Languages[(i+1)%len(Languages)]
		}
	}
	return Languages[0]
}
