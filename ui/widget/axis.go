package widget

import (
	"math"
	"strconv"
	"strings"
)

// axis maps values to 0..1, linearly or by their logarithm.
type axis struct {
	lo, hi float64 // in the mapped scale: values, or log10 of values
	log    bool
}

// newAxis covers lo..hi; where both are equal it takes some room around.
func newAxis(lo, hi float64, log bool) axis {
	if log {
		lo, hi = math.Log10(lo), math.Log10(hi)
	}
	if hi-lo < 1e-12*max(math.Abs(lo), math.Abs(hi)) || hi == lo {
		pad := max(math.Abs(lo)*0.05, 1e-9)
		if log {
			pad = 0.05
		}
		lo, hi = lo-pad, hi+pad
	}
	return axis{lo: lo, hi: hi, log: log}
}

// at is the place of v, 0 at the low and 1 at the high end; outside of them beyond that.
func (a axis) at(v float64) float64 {
	if a.log {
		v = math.Log10(v)
	}
	return (v - a.lo) / (a.hi - a.lo)
}

// ticks returns at most n round values within the axis and their labels.
func (a axis) ticks(n int) (vals []float64, labels []string) {
	if n < 1 {
		return nil, nil
	}
	if a.log && a.hi-a.lo >= 1 {
		return a.decades(n)
	}
	lo, hi := a.lo, a.hi
	if a.log {
		lo, hi = math.Pow(10, lo), math.Pow(10, hi)
	}
	step := niceStep((hi - lo) / float64(n))
	for ; ; step = niceStep(step * 1.01) {
		vals = vals[:0]
		for k := math.Ceil(lo/step - 1e-9); k*step <= hi+step*1e-9 && len(vals) <= n; k++ {
			vals = append(vals, k*step)
		}
		if len(vals) <= n {
			break
		}
	}
	for _, v := range vals {
		labels = append(labels, tickLabel(v, step))
	}
	return vals, labels
}

// decades are powers of ten, every k-th of them so that at most n remain, or 1, 2, 5 where there is room.
func (a axis) decades(n int) (vals []float64, labels []string) {
	first, last := int(math.Ceil(a.lo-1e-9)), int(math.Floor(a.hi+1e-9))
	every := max(1, (last-first+n)/n)
	add := func(v float64) {
		vals, labels = append(vals, v), append(labels, shortNumber(v))
	}
	if every == 1 && 3*(last-first+2) <= n {
		for e := first - 1; e <= last; e++ {
			for _, m := range []float64{1, 2, 5} {
				v := m * math.Pow(10, float64(e))
				if f := a.at(v); f > -1e-9 && f < 1+1e-9 {
					add(v)
				}
			}
		}
		return vals, labels
	}
	for e := first; e <= last; e += every {
		add(math.Pow(10, float64(e)))
	}
	return vals, labels
}

// niceStep is the least of 1, 2, 5 times a power of ten that is not below v.
func niceStep(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*p >= v*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// tickLabel writes v with the decimals that tell it from its neighbours.
func tickLabel(v, step float64) string {
	if math.Abs(v) < step/2 {
		return "0"
	}
	if a := max(math.Abs(v), step); a >= 1e4 || a < 1e-2 || step < 1e-4 {
		return shortNumber(v)
	}
	return strconv.FormatFloat(v, 'f', max(0, -int(math.Floor(math.Log10(step)+1e-9))), 64)
}

// shortNumber writes v in few cells: "1500", "20k", "1.5M", "1e-3", "2.5e12".
func shortNumber(v float64) string {
	a := math.Abs(v)
	trim := func(x float64, digits int) string {
		s := strconv.FormatFloat(x, 'g', digits, 64)
		if strings.Contains(s, "e") {
			return strconv.FormatFloat(x, 'f', 0, 64)
		}
		return s
	}
	switch {
	case v == 0:
		return "0"
	case a >= 1e4 && a < 1e6:
		return trim(v/1e3, 4) + "k"
	case a >= 1e6 && a < 1e9:
		return trim(v/1e6, 4) + "M"
	case a >= 1e9 || a < 1e-2:
		m, e, _ := strings.Cut(strconv.FormatFloat(v, 'e', 2, 64), "e")
		if strings.Contains(m, ".") {
			m = strings.TrimRight(strings.TrimRight(m, "0"), ".")
		}
		k, _ := strconv.Atoi(e) // FormatFloat wrote it
		return m + "e" + strconv.Itoa(k)
	}
	return trim(v, 5)
}
