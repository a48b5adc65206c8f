package lab

import "slices"

// The picture of scores: bars of real pictures go up from the middle, those of drawn
// ones down.
const (
	scoreBins       = 24
	scoreBar        = 4  // pixels across, one of them a gap
	scoreHeight     = 32 // pixels of the highest bar
	scoreName       = "scores: real up, drawn down"
	scoreWhat       = "how many test pictures, and how many drawn ones, the discriminator gives each score"
	scoreW, scoreH  = scoreBins * scoreBar, 2*scoreHeight + 1
	scoreBackground = 0
)

var (
	scoreReal = [3]float32{0.25, 0.62, 0.95}
	scoreFake = [3]float32{0.95, 0.55, 0.2}
	scoreAxis = [3]float32{0.5, 0.5, 0.5}
)

// picture draws the two histograms over the range of all scores.
func (s *Scores) picture(version int) View {
	v := View{Name: scoreName, Title: scoreWhat, N: 1, H: scoreH, W: scoreW, C: 3, Version: version}
	v.Pixels = slices.Repeat([]float32{scoreBackground}, scoreH*scoreW*3)
	all := slices.Concat(s.Real, s.Fake)
	if len(all) == 0 {
		return v
	}
	low, high := slices.Min(all), slices.Max(all)
	real, fake := counts(s.Real, low, high), counts(s.Fake, low, high)
	most := max(1, slices.Max(real), slices.Max(fake))
	paint := func(x, y int, c [3]float32) { copy(v.Pixels[3*(y*scoreW+x):], c[:]) }
	for x := range scoreW {
		paint(x, scoreHeight, scoreAxis)
		if x%scoreBar == scoreBar-1 {
			continue
		}
		for y := range real[x/scoreBar] * scoreHeight / most {
			paint(x, scoreHeight-1-y, scoreReal)
		}
		for y := range fake[x/scoreBar] * scoreHeight / most {
			paint(x, scoreHeight+1+y, scoreFake)
		}
	}
	return v
}

// counts is a histogram from low to high.
func counts(values []float64, low, high float64) []int {
	n := make([]int, scoreBins)
	for _, v := range values {
		at := 0
		if high > low {
			at = int((v - low) / (high - low) * scoreBins)
		}
		n[min(max(at, 0), scoreBins-1)]++
	}
	return n
}

// withView puts a picture into a list in the place of an older one of its name.
func withView(list []View, v View) []View {
	list = slices.Clone(list)
	for i, old := range list {
		if old.Name == v.Name {
			list[i] = v
			return list
		}
	}
	return append(list, v)
}
