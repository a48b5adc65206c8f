package samples

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// pictures is a source that is whole in memory, as bytes.
type pictures struct {
	info   Info
	images [2][]byte  // of each split; without a test file both are the same
	labels [2][]byte  // nil: none
	pick   [2][]int32 // of each split, which picture an example is; nil: the same number
}

func (s *pictures) Info() Info { return s.info }

func (s *pictures) Example(split Split, i int, dst []float32) (int, error) {
	if err := checkExample(s.info, split, i, dst); err != nil {
		return -1, err
	}
	if s.pick[split] != nil {
		i = int(s.pick[split][i])
	}
	size := len(dst)
	for k, v := range s.images[split][i*size : (i+1)*size] {
		dst[k] = byteValue[v]
	}
	if s.labels[split] == nil {
		return -1, nil
	}
	return int(s.labels[split][i]), nil
}

// idxFiles are the four files of MNIST, in the order of readFour.
var idxFiles = [4]struct{ kind, rank string }{
	{"train-images", "idx3"}, {"train-labels", "idx1"}, {"t10k-images", "idx3"}, {"t10k-labels", "idx1"},
}

// hasIDX says whether any of the four files is in dir.
func hasIDX(dir string) bool {
	return slices.ContainsFunc(idxFiles[:], func(f struct{ kind, rank string }) bool {
		return findIDX(dir, f.kind, f.rank) != ""
	})
}

// openIDXFolder reads a folder with the four files of MNIST, or of a set that follows it (Fashion-MNIST).
func openIDXFolder(dir string) (Source, error) {
	var paths [4]string
	for k, f := range idxFiles {
		if paths[k] = findIDX(dir, f.kind, f.rank); paths[k] == "" {
			return nil, fmt.Errorf("%s: %s-%s-ubyte is missing (plain or .gz): want all four MNIST files; "+
				"for pictures alone, give the one images file", clean(dir), f.kind, f.rank)
		}
	}
	four, err := readFour(paths)
	if err != nil {
		return nil, err
	}
	s := &pictures{info: Info{Name: clean(filepath.Base(absolute(dir))), Source: clean(dir)}}
	for split := range 2 {
		path := paths[2*split]
		n, h, w, c, err := four[2*split].images()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", clean(path), err)
		}
		if split == 1 && (h != s.info.H || w != s.info.W || c != s.info.C) {
			return nil, fmt.Errorf("%s: pictures of %dx%dx%d: want %dx%dx%d, as in %s",
				clean(path), h, w, c, s.info.H, s.info.W, s.info.C, clean(filepath.Base(paths[0])))
		}
		s.info.H, s.info.W, s.info.C = h, w, c
		s.images[split] = four[2*split].data
		if s.labels[split], err = labelsFor(four[2*split+1], paths[2*split+1], n, path); err != nil {
			return nil, err
		}
	}
	s.info.Train, s.info.Test = four[0].dims[0], four[2].dims[0]
	if s.info.Labels, err = classNames(s.labels[Train], paths[1]); err != nil {
		return nil, err
	}
	for i, v := range s.labels[Test] {
		if int(v) >= len(s.info.Labels) {
			return nil, fmt.Errorf("%s: label %d of example %d is out of range: want 0 to %d, the labels of %s",
				clean(paths[3]), v, i, len(s.info.Labels)-1, clean(filepath.Base(paths[1])))
		}
	}
	return s, nil
}

// readFour reads the files at once, and reports the first that is wrong.
func readFour(paths [4]string) (four [4]*idx, err error) {
	var errs [4]error
	var wg sync.WaitGroup
	for k, path := range paths {
		wg.Go(func() { four[k], errs[k] = readIDXFile(path) })
	}
	wg.Wait()
	return four, cmp.Or(errs[0], errs[1], errs[2], errs[3])
}

func labelsFor(x *idx, path string, n int, images string) ([]byte, error) {
	labels, err := x.labels()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", clean(path), err)
	}
	if len(labels) != n {
		return nil, fmt.Errorf("%s: %d labels for the %d pictures of %s: want one each: fetch both again",
			clean(path), len(labels), n, clean(filepath.Base(images)))
	}
	return labels, nil
}

// classNames names the classes 0 to the largest label, at least ten. Labels that leave most of such a range
// unused are no labels: a file of something else, or a torn one.
func classNames(labels []byte, path string) ([]string, error) {
	var first [256]int
	used, most := 0, byte(0)
	for i, v := range labels {
		if first[v] == 0 {
			first[v] = i + 1
			used++
		}
		most = max(most, v)
	}
	if most > 9 && 2*used < int(most)+1 {
		return nil, fmt.Errorf("%s: label %d of example %d is out of range: only %d of the classes 0 to %d occur; "+
			"want classes counted from 0", clean(path), most, first[most]-1, used, most)
	}
	names := make([]string, max(10, int(most)+1))
	for k := range names {
		names[k] = strconv.Itoa(k)
	}
	return names, nil
}

// openIDXFile reads one file of images, and the labels beside it where there are some. It is split by
// example number.
func openIDXFile(path string, o Options) (Source, error) {
	x, err := readIDXFile(path)
	if errors.Is(err, errNotIDX) {
		return nil, fmt.Errorf("%w; or give a folder of PNG, JPEG or GIF pictures", err)
	}
	if err != nil {
		return nil, err
	}
	n, h, w, c, err := x.images()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", clean(path), err)
	}
	s := &pictures{info: Info{Name: clean(filepath.Base(path)), H: h, W: w, C: c, Source: clean(path)}}
	s.images = [2][]byte{x.data, x.data}
	if beside := labelsBeside(path); beside != "" {
		y, err := readIDXFile(beside)
		if err != nil {
			return nil, err
		}
		labels, err := labelsFor(y, beside, n, path)
		if err != nil {
			return nil, err
		}
		if s.info.Labels, err = classNames(labels, beside); err != nil {
			return nil, err
		}
		s.labels = [2][]byte{labels, labels}
	} else {
		s.info.Notes = append(s.info.Notes, "no labels file beside it: examples have no label")
	}
	keys := make([]uint64, n)
	for i := range keys {
		keys[i] = mix(uint64(i) + golden)
	}
	s.pick[Train], s.pick[Test] = divide(keys, o.testFraction())
	s.info.Train, s.info.Test = len(s.pick[Train]), len(s.pick[Test])
	return s, nil
}

// labelsBeside is the labels file that goes with an images file, "" when its name does not say or it is
// not there.
func labelsBeside(path string) string {
	dir, name := filepath.Split(path)
	at := strings.LastIndex(name, "images")
	if at < 0 {
		return ""
	}
	rank := strings.NewReplacer("idx2", "idx1", "idx3", "idx1", "idx4", "idx1")
	name = name[:at] + "labels" + rank.Replace(name[at+len("images"):])
	for _, candidate := range []string{name, strings.TrimSuffix(name, ".gz"), name + ".gz"} {
		if st, err := os.Stat(filepath.Join(dir, candidate)); err == nil && st.Mode().IsRegular() {
			return filepath.Join(dir, candidate)
		}
	}
	return ""
}

// divide sends each example to a split by its key, a hash of what it is: an example keeps its split when
// others come or go. Of two examples and more, each split gets at least one.
func divide(keys []uint64, testFraction float64) (train, test []int32) {
	limit := uint64(testFraction * (1 << 63) * 2)
	low, high := 0, 0
	for i, k := range keys {
		if k < keys[low] {
			low = i
		}
		if k > keys[high] {
			high = i
		}
	}
	for i, k := range keys {
		inTest := k < limit
		if len(keys) > 1 {
			inTest = i == low || (inTest && i != high)
		}
		if len(keys) == 1 || !inTest {
			train = append(train, int32(i))
		} else {
			test = append(test, int32(i))
		}
	}
	return train, test
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
