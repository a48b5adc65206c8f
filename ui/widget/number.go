package widget

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Eng writes v in engineering notation, 3 significant digits, a unit prefix and the unit, with a constant
// width for the same unit: "96.0 GFLOP/s", " 1.41 k", "-3.20 m". It has 5 cells of number, a space, a
// prefix (a space where there is none) and the unit. Below 1e-15 and from 1e21 on it writes an exponent.
func Eng(v float64, unit string) string {
	switch {
	case math.IsNaN(v):
		return "  nan  " + unit
	case math.IsInf(v, 0):
		return Right(strings.ToLower(strconv.FormatFloat(v, 'g', -1, 64)), 5) + "  " + unit
	case v == 0:
		return " 0.00  " + unit
	}
	const prefixes = "fpnµm kMGTPE"
	exp := int(math.Floor(math.Log10(math.Abs(v)) / 3))
	m := v / math.Pow(1000, float64(exp))
	if math.Abs(m) >= 999.5 {
		m /= 1000
		exp++
	}
	p := []rune(prefixes)
	if exp < -5 || exp+5 >= len(p) {
		return Right(strconv.FormatFloat(v, 'e', 0, 64), 6) + " " + unit
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(m))+1e-12))
	if math.Abs(m) >= 99.95 {
		digits = 0
	} else if math.Abs(m) >= 9.995 {
		digits = 1
	}
	return Right(strconv.FormatFloat(m, 'f', min(max(digits, 0), 2), 64), 5) + " " + string(p[exp+5]) + unit
}

// Sig writes v with 3 significant digits and without a prefix, as losses and rates of learning are
// read: "112", "87.1", "0.502", "1.00e-4". It is at most 9 cells wide.
func Sig(v float64) string { return SigDigits(v, 3) }

// SigDigits is Sig with n significant digits, 1 to 9.
func SigDigits(v float64, n int) string {
	n = min(max(n, 1), 9)
	a := math.Abs(v)
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 0):
		return strings.ToLower(strconv.FormatFloat(v, 'g', -1, 64))
	case v == 0:
		return "0"
	case a < 0.01 || a >= math.Pow10(max(n, 6)):
		s := strconv.FormatFloat(v, 'e', n-1, 64)
		m, e, _ := strings.Cut(s, "e")
		k, _ := strconv.Atoi(e) // FormatFloat wrote it
		return m + "e" + strconv.Itoa(k)
	}
	// round first, so that 9.996 counts as two digits before the point
	r, _ := strconv.ParseFloat(strconv.FormatFloat(a, 'e', n-1, 64), 64)
	return strconv.FormatFloat(v, 'f', max(0, n-1-int(math.Floor(math.Log10(r)+1e-12))), 64)
}

// Count writes a whole number in groups of three: "21 400".
func Count(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	var b strings.Builder
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return sign + b.String()
}

// Percent writes a fraction as whole per cent in 4 cells: " 82%".
func Percent(frac float64) string {
	if math.IsNaN(frac) || math.IsInf(frac, 0) {
		return "  -%"
	}
	return fmt.Sprintf("%3.0f%%", 100*frac)
}

// Duration writes a time in at most 7 cells, the two largest units: "2m10s", "1h05m", "3d04h", "12.4s",
// "310ms", "4.20µs". A negative one is "-" and the same.
func Duration(d time.Duration) string {
	if d < 0 {
		if d == math.MinInt64 {
			d++
		}
		return "-" + Duration(-d)
	}
	s := d.Seconds()
	whole := int64(math.Round(s))
	switch {
	case d == 0:
		return "0s"
	case d < time.Microsecond:
		return fmt.Sprintf("%dns", d.Nanoseconds())
	case s < 999.5e-6:
		return SigDigits(s*1e6, 3) + "µs"
	case s < 999.5e-3:
		return SigDigits(s*1e3, 3) + "ms"
	case s < 59.95:
		return strings.TrimSpace(fmt.Sprintf("%4.1fs", s))
	case whole < 3600:
		return fmt.Sprintf("%dm%02ds", whole/60, whole%60)
	case whole < 86400:
		return fmt.Sprintf("%dh%02dm", whole/3600, whole%3600/60)
	}
	return fmt.Sprintf("%dd%02dh", whole/86400, whole%86400/3600)
}

// Bytes writes a size in powers of 1024 with 3 significant digits: "512 B", "1.50 GiB".
func Bytes(n int64) string {
	v, i := float64(n), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	for math.Abs(v) >= 999.5 && i < len(units)-1 {
		v /= 1024
		i++
	}
	if i == 0 {
		return strconv.FormatInt(n, 10) + " B"
	}
	return SigDigits(v, 3) + " " + units[i]
}
