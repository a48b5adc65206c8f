package widget

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"

	"mllab/ui/theme"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain text, ü, 漢字, 👩‍🚀": "plain text, ü, 漢字, 👩‍🚀",
		"a\tb\nc\r\nd":           "a b c  d",
		"\x1b[31mred\x1b[0m":     "␛[31mred␛[0m",
		"\x1b]52;c;AAAA\a":       "␛]52;c;AAAA␇",
		"\x1b^ml;1;0;4;f\x1b\\":  "␛^ml;1;0;4;f␛\\",
		"\x9b31m\xff":            "�31m�",
		"\u009b31m":              "\\u009b31m",
		"abc\u202egnp.exe":       "abc\\u202egnp.exe",
		"x\u2028y\U000e0041\x7f": "x\\u2028y\\U{0e0041}␡",
		"nul\x00":                "nul␀",
		"":                       "",
	} {
		assert.Equal(t, want, Clean(in), "%q", in)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("\x1b[2J")
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) || Clean(got) != got {
			t.Fatalf("%q -> %q", s, got)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }) {
			t.Fatalf("control character in %q", got)
		}
		if ansi.Strip(got) != got {
			t.Fatalf("escape sequence in %q", got)
		}
	})
}

func TestFitAndFriends(t *testing.T) {
	assert.Equal(t, "ab  ", Fit("ab", 4))
	assert.Equal(t, "abc…", Fit("abcdef", 4))
	assert.Equal(t, "漢… ", Fit("漢字漢", 4))
	assert.Equal(t, "a b", Fit("a\nb", 3))
	assert.Empty(t, Fit("a", 0))
	row := "\u00a0\u00a0\u00a0\x1b^ml;1;0;3;ff\x1b\\\u00a0"
	assert.Equal(t, row+" ", Fit(row, 5), "the row of a picture stays as it is")
	assert.NotContains(t, Fit(row, 3), "ml;", "a row that was cut has no pixels")
	assert.Equal(t, "  ab", Right("ab", 4))
	assert.Equal(t, " ab ", Center("ab", 4))
	assert.Equal(t, "ab \n   ", Block("ab", 3, 2))
	assert.Equal(t, "one two\nthree… ", Wrap("one two three four", 7, 2))
	assert.Equal(t, "a 1\nb  ", Columns(1, "a\nb", "1"))
	assert.Equal(t, "x\ny", Rows("x", "", "y"))
}

func TestNumbersAsText(t *testing.T) {
	for v, want := range map[float64]string{
		0: " 0.00  s", 1: " 1.00  s", 96e9: " 96.0 Gs", 1412: " 1.41 ks",
		-3.2e-3: "-3.20 ms", 999.4: "  999  s",
		999.6: " 1.00 ks", 9.996: " 10.0  s", 99.96: "  100  s",
		1e-6: " 1.00 µs", 21400: " 21.4 ks", math.NaN(): "  nan  s",
		math.Inf(-1): " -inf  s", 1e-30: " 1e-30 s", 5e20: "  500 Es", 5e21: " 5e+21 s", -999.7e6: "-1.00 Gs",
	} {
		assert.Equal(t, want, Eng(v, "s"), "%g", v)
		assert.Equal(t, 8, ansi.StringWidth(Eng(v, "s")), "%g", v)
	}
	for v, want := range map[float64]string{
		0: "0", 112.44: "112", 87.14: "87.1", .50249: "0.502",
		1e-3: "1.00e-3", 9.996: "10.0", 123456: "123456", 1234567: "1.23e6",
		-.015: "-0.0150", math.NaN(): "nan", math.Inf(1): "+inf", 25.3: "25.3", 999.9: "1000",
	} {
		assert.Equal(t, want, Sig(v), "%g", v)
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1412: "1 412", -21400: "-21 400",
		1234567: "1 234 567"} {
		assert.Equal(t, want, Count(n))
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 130 * time.Second: "2m10s", 65 * time.Minute: "1h05m",
		76 * time.Hour: "3d04h", 12400 * time.Millisecond: "12.4s",
		310 * time.Millisecond: "310ms", 4200: "4.20µs", 17: "17ns",
		-time.Minute: "-1m00s", 59960 * time.Millisecond: "1m00s",
		999600 * time.Microsecond: "1.0s", math.MinInt64: "-106751d23h",
	} {
		assert.Equal(t, want, Duration(d), "%d", d)
	}
	for n, want := range map[int64]string{0: "0 B", 512: "512 B", 1010: "0.986 KiB", 1 << 10: "1.00 KiB",
		3 << 29:       "1.50 GiB",
		math.MaxInt64: "8.00 EiB", -2048: "-2.00 KiB", 1023 << 10: "0.999 MiB"} {
		assert.Equal(t, want, Bytes(n), "%d", n)
	}
	assert.Equal(t, " 82%", Percent(.82))
	assert.Equal(t, "100%", Percent(1))
	assert.Equal(t, "  -%", Percent(math.NaN()))
}

// All widgets give exactly the asked size for all sizes and for hostile texts.
func TestExactSizes(t *testing.T) {
	evil := "\x1b[31mé\u202e漢字\n👩‍🚀\x00" + strings.Repeat("long ", 9)
	var c Curve
	for i := range 50 {
		c.Add(float64(i), float64(i*i)-3)
	}
	series := []Series{{Name: evil, Curve: &c}, {Name: "b", Dashed: true}, {Name: "c", Curve: &Curve{}}}
	cols := []Column{{Title: evil}, {Title: "n", Number: true}, {Title: "why"}}
	rows := [][]string{{evil, "1 234 567", evil}, {}, {"x", "2"}, {"y", "3", "z", "more"}}
	keys := []Binding{{Keys: "space", Help: evil}, {Keys: evil, Help: "a"}, {Keys: "?", Help: "help"},
		{Keys: "q", Help: "quit"}}
	list := []Number{{Key: evil, Value: evil, Note: evil}, {Key: "k", Value: "1.5", Note: "n", Tone: Bad}}
	for _, th := range []theme.Theme{dark, theme.New(false, false), theme.New(true, true)} {
		for w := -1; w < 70; w += 1 + w/9 {
			exact(t, TabsLine(evil, []string{"1 A", evil, "3 C"}, 1, evil, w, th), w, 1, "TabsLine", w)
			exact(t, KeysLine(keys, w, th), w, 1, "KeysLine", w)
			exact(t, Bar(.3, w, th), w, 1, "Bar", w)
			exact(t, Bar(math.NaN(), w, th), w, 1, "Bar", w)
			exact(t, Bar(1e9, w, th), w, 1, "Bar", w)
			exact(t, NumbersLine(list, w, th), w, 1, "NumbersLine", w)
			for h := -1; h < 20; h += 1 + h/4 {
				exact(t, Box(evil, evil, w, h, true, th), w, h, "Box", w, h)
				exact(t, Sides(evil, w, h, th), w, h, "Sides", w, h)
				exact(t, Numbers(list, w, h, th), w, h, "Numbers", w, h)
				exact(t, Table(cols, rows, 3, w, h, th), w, h, "Table", w, h)
				help, _ := Help([]KeyGroup{{evil, keys}, {"", keys}, {"c", keys}}, w, h, 1, th)
				exact(t, help, w, h, "Help", w,
					h)
				exact(t, Wrap(evil, w, h), w, h, "Wrap", w, h)
				exact(t, NewChart(series, ChartOptions{XLabel: evil, LogY: h%2 == 0}, w, h, th).String(), w,
					h, "Chart", w, h)
				exact(t, NewChart(nil, ChartOptions{Empty: evil}, w, h, th).String(), w, h, "empty Chart",
					w, h)
			}
		}
	}
}

func TestNothingRawComesOut(t *testing.T) {
	evil := "\x1b]0;title\x07\x1b[2J\x9b1m\u202e"
	help, _ := Help([]KeyGroup{{evil, []Binding{{Keys: evil}}}}, 80, 9, 0, dark)
	for name, s := range map[string]string{
		"Box": Box(evil, "", 40, 3, false, dark), "Numbers": Numbers([]Number{{Key: evil, Value: evil,
			Note: evil}}, 99, 2, dark),
		"Table": Table([]Column{{Title: evil}}, [][]string{{evil}}, 0, 80, 4, dark), "Tabs": TabsLine(evil,
			[]string{evil}, 0, evil, 99, dark),
		"Keys": KeysLine([]Binding{{Keys: evil, Help: evil}}, 99,
			dark), "Help": help,
		"Chart": NewChart([]Series{{Name: evil, Curve: CurveOf([]float64{1, 2}, []float64{3, 4})}},
			ChartOptions{XLabel: evil, Empty: evil}, 90, 9, dark).String(),
	} {
		plain := ansi.Strip(s)
		assert.NotContains(t, s, "\x1b]", name)
		assert.NotContains(t, s, "[2J\x1b", name)
		assert.NotContains(t, plain, "\x07", name)
		assert.NotContains(t, plain, "\u202e", name)
		assert.Contains(t, plain, "␛", "%s shows that there was something", name)
	}
}
