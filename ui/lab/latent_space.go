package lab

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Space is what a net's codes are like: those of the test set, or, of a net that cannot encode, some that
// were drawn from the prior. It is immutable.
type Space struct {
	Run, Dir    string // "" of a training that is on no disk
	Model, Data string
	Step        int
	Split       string // "test", or "train" where there are no test examples; "" of drawn codes
	H, W, C     int    // of a picture
	Dims, N     int    // values of a code, codes
	Sampled     bool   // codes are drawn, pictures are what the net makes of them, there are no labels
	Classes     []string
	Codes       []float32 // [N Dims], means of the encoder
	Labels      []int     // one a code, -1: none
	Pixels      []float32 // [N H W C], the pictures that were encoded
	Notes       []string  // what was passed over in reading

	// KL is the mean divergence of each dimension from the prior in nats, nil of drawn codes; Dead are the
	// dimensions below DeadKL, which hold nothing of the picture.
	KL        []float64
	Dead      []int
	Mean, Std []float64 // of the codes, by dimension
	PCA       PCA

	classMean map[int][]float64
}

// DeadKL is the divergence in nats below which a dimension is called dead.
const DeadKL = 0.01

// NewSpace measures codes: raw has the fields up to KL.
func NewSpace(raw Space) *Space {
	s := &raw
	s.Mean, s.Std = make([]float64, s.Dims), make([]float64, s.Dims)
	s.classMean = map[int][]float64{}
	count := map[int]float64{}
	for i := range s.N {
		label, code := s.Labels[i], s.Code(i)
		if label >= 0 && s.classMean[label] == nil {
			s.classMean[label] = make([]float64, s.Dims)
		}
		count[label]++
		for d, v := range code {
			s.Mean[d] += float64(v) / float64(s.N)
			if label >= 0 {
				s.classMean[label][d] += float64(v)
			}
		}
	}
	for label, mean := range s.classMean {
		for d := range mean {
			mean[d] /= count[label]
		}
	}
	for i := range s.N {
		for d, v := range s.Code(i) {
			e := float64(v) - s.Mean[d]
			s.Std[d] += e * e / float64(s.N)
		}
	}
	for d := range s.Std {
		s.Std[d] = math.Sqrt(s.Std[d])
	}
	for d, kl := range s.KL {
		if kl < DeadKL {
			s.Dead = append(s.Dead, d)
		}
	}
	s.PCA = newPCA(s.Codes, s.N, s.Dims, s.Mean)
	return s
}

// addKL adds the divergence of a Gaussian from the standard one, dimension by dimension, in nats:
//
//	KL = (mean² + exp(logVar) - 1 - logVar) / 2
func addKL(sum []float64, mean, logVar []float32) {
	for d := range sum {
		m, lv := float64(mean[d]), float64(logVar[d])
		sum[d] += (m*m + math.Exp(lv) - 1 - lv) / 2
	}
}

// Code is the code [Dims] of example i. It must not be changed.
func (s *Space) Code(i int) []float32 { return s.Codes[i*s.Dims : (i+1)*s.Dims] }

// Picture is the picture [H W C] of example i. It must not be changed.
func (s *Space) Picture(i int) []float32 {
	n := s.H * s.W * s.C
	return s.Pixels[i*n : (i+1)*n]
}

// Class is the name of a label, "" of none.
func (s *Space) Class(label int) string {
	switch {
	case label < 0:
		return ""
	case label < len(s.Classes):
		return s.Classes[label]
	}
	return strconv.Itoa(label)
}

// Present lists the labels that occur, rising.
func (s *Space) Present() []int {
	var labels []int
	for l := range s.classMean {
		labels = append(labels, l)
	}
	slices.Sort(labels)
	return labels
}

// ClassMean is the mean code of a label, nil where it does not occur. It must not be changed.
func (s *Space) ClassMean(label int) []float64 { return s.classMean[label] }

// Near is an example and its distance from a code.
type Near struct {
	Index    int
	Distance float64
}

// Nearest gives the k examples whose codes are nearest, the nearest first, ties by number.
func (s *Space) Nearest(code []float32, k int) []Near {
	all := make([]Near, s.N)
	for i := range all {
		sum := 0.0
		for d, v := range s.Code(i) {
			e := float64(v) - float64(code[d])
			sum += e * e
		}
		all[i] = Near{i, sum}
	}
	slices.SortFunc(all, func(a, b Near) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Index, b.Index))
	})
	all = all[:max(0, min(k, len(all)))]
	for i := range all {
		all[i].Distance = math.Sqrt(all[i].Distance)
	}
	return slices.Clone(all)
}

// Direction is the attribute vector from one label to another: the difference of their mean codes [Dims].
func (s *Space) Direction(from, to int) ([]float64, error) {
	if s.Sampled {
		return nil, fmt.Errorf("the codes of a %s have no labels, so there is no direction between labels",
			s.Model)
	}
	a, b := s.classMean[from], s.classMean[to]
	if a == nil || b == nil {
		return nil, fmt.Errorf("labels %d and %d: want two of %v, which occur in the %s set", from, to, s.Present(),
			s.Split)
	}
	dir := make([]float64, s.Dims)
	for d := range dir {
		dir[d] = b[d] - a[d]
	}
	return dir, nil
}

// ByKL lists the dimensions, the one that says most about a picture first: by divergence, of drawn
// codes by number.
func (s *Space) ByKL() []int {
	order := make([]int, s.Dims)
	for d := range order {
		order[d] = d
	}
	if s.KL != nil {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.KL[b], s.KL[a]) })
	}
	return order
}

// TotalKL is the sum of the divergences in nats a picture.
func (s *Space) TotalKL() float64 {
	sum := 0.0
	for _, v := range s.KL {
		sum += v
	}
	return sum
}
