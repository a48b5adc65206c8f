package samples

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// idxBytes is an IDX file of unsigned bytes.
func idxBytes(data []byte, dims ...uint32) []byte {
	out := []byte{0, 0, idxByte, byte(len(dims))}
	for _, d := range dims {
		out = binary.BigEndian.AppendUint32(out, d)
	}
	return append(out, data...)
}

func zipped(t testing.TB, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// counted is n bytes that are all different for a while.
func counted(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func TestReadIDX(t *testing.T) {
	data := counted(2 * 3 * 5)
	plain := idxBytes(data, 2, 3, 5)
	big := bytes.Repeat([]byte{9}, 3<<20)
	cases := []struct {
		name string
		file []byte
		dims []int
		data []byte
	}{
		{"plain", plain, []int{2, 3, 5}, data},
		{"gzip", zipped(t, plain), []int{2, 3, 5}, data},
		{"well packed", zipped(t, idxBytes(big, 3, 1024, 1024)), []int{3, 1024, 1024}, big},
		{"labels", idxBytes(counted(4), 4), []int{4}, counted(4)},
		{"four dimensions", idxBytes(counted(12), 1, 2, 2, 3), []int{1, 2, 2, 3}, counted(12)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x, err := readIDX(bytes.NewReader(c.file), int64(len(c.file)))
			require.NoError(t, err)
			assert.Equal(t, c.dims, x.dims)
			assert.True(t, bytes.Equal(c.data, x.data))
		})
	}
}

func TestReadIDXErrors(t *testing.T) {
	plain := idxBytes(counted(30), 2, 3, 5)
	packed := zipped(t, plain)
	sum := bytes.Clone(packed)
	sum[len(sum)-8] ^= 1
	doubles := idxBytes(nil, 1)
	doubles[2] = 0x0e
	cases := []struct {
		name, want string
		file       []byte
	}{
		{"empty", "ends (end of file) before its header", nil},
		{"text", "magic 0x68656c6c: want 0x00000803", []byte("hello world")},
		{"value type", "value type 0x0e: want 0x08", doubles},
		{"no dimensions", "has 0 dimensions", idxBytes(nil)},
		{"many dimensions", "has 5 dimensions", idxBytes(nil, 1, 1, 1, 1, 1)},
		{"torn header", "in its dimensions", plain[:9]},
		{"torn", "60000x28x28 (47040000 bytes), more than a file of 116 bytes holds",
			idxBytes(counted(100), 60000, 28, 28)},
		{"one short", "more than a file", idxBytes(nil, 2, 3, 5)},
		{"goes on", "goes on after its last value", append(bytes.Clone(plain), 1)},
		{"torn gzip", "file is torn: it ", packed[:len(packed)-12]},
		{"gzip without end", "does not end well (end of file)", packed[:len(packed)-4]},
		{"checksum", "wrong checksum", sum},
		{"gzip header", "gzip header does not read", []byte{0x1f, 0x8b, 9}},
		{"gzip short", "it ends (end of file) after 20 values", zipped(t, idxBytes(counted(20), 2, 3, 5))},
		{"bomb", "more than a file of", zipped(t, idxBytes(nil, 1<<20, 1<<10))},
		{"absurd", "want at most 2047 MiB", idxBytes(nil, 60000, 60000, 28)},
		{"overflow", "want at most 2047 MiB", idxBytes(nil, 1<<30, 1<<30, 1<<30, 1<<30)},
		{"dimension", "dimension 0 is 4294967295", idxBytes(nil, 1<<32-1)},
		{"nothing in it", "which is empty", idxBytes(nil, 0, 28, 28)},
		{"zero and huge", "which is empty", idxBytes(nil, 0, 1<<30, 1<<30)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := readIDX(bytes.NewReader(c.file), int64(len(c.file)))
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

// four writes a small MNIST folder, with what a case changes; nil leaves a file out.
func four(t *testing.T, changed map[string][]byte) string {
	t.Helper()
	files := map[string][]byte{
		"train-images-idx3-ubyte":    idxBytes(counted(6*4), 6, 2, 2),
		"train-labels.idx1-ubyte":    idxBytes([]byte{0, 1, 2, 3, 4, 9}, 6),
		"t10k-images.idx3-ubyte.gz":  zipped(t, idxBytes(counted(2*4), 2, 2, 2)),
		"t10k-labels-idx1-ubyte.gz":  zipped(t, idxBytes([]byte{7, 2}, 2)),
		"a file of something else":   {1},
		"train-images-idx3-ubyte.md": {2},
	}
	dir := t.TempDir()
	for name, data := range files {
		if other, ok := changed[name]; ok {
			data = other
		}
		if data != nil {
			write(t, dir, name, data)
		}
	}
	return dir
}

func TestIDXFolder(t *testing.T) {
	src, err := Open(four(t, nil), Options{})
	require.NoError(t, err)
	n := src.Info()
	assert.Equal(t, []int{2, 2, 1, 6, 2}, []int{n.H, n.W, n.C, n.Train, n.Test})
	assert.Len(t, n.Labels, 10)
	dst := make([]float32, 4)
	label, err := src.Example(Test, 1, dst)
	require.NoError(t, err)
	assert.Equal(t, 2, label)
	assert.Equal(t, []float32{28. / 255, 35. / 255, 42. / 255, 49. / 255}, dst)
	checkSource(t, src)

	wide, err := Open(four(t, nil), Options{Size: 16, Channels: 3})
	require.NoError(t, err)
	checkSource(t, wide)
	assert.Equal(t, 16*16*3, wide.Info().Values())
}

func TestIDXFolderErrors(t *testing.T) {
	const (
		images, labels         = "train-images-idx3-ubyte", "train-labels.idx1-ubyte"
		testImages, testLabels = "t10k-images.idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
	)
	cases := []struct {
		name, file string
		data       []byte
		want       string
	}{
		{"missing", testLabels, nil, "t10k-labels-idx1-ubyte is missing"},
		{"too few labels", labels, idxBytes([]byte{1, 2}, 2), "2 labels for the 6 pictures"},
		{"label range", labels, idxBytes([]byte{1, 2, 3, 4, 5, 200}, 6), "label 200 of example 5 is out of range"},
		{"test label range", testLabels, idxBytes([]byte{1, 11}, 2), "label 11 of example 1 is out of range"},
		{"labels for images", images, idxBytes(counted(6), 6), "holds labels"},
		{"images for labels", labels, idxBytes(counted(6), 6, 1, 1), "want labels, magic 0x00000801"},
		{"other size", testImages, idxBytes(counted(6), 2, 3, 1), "want 2x2x1, as in train-images"},
		{"torn", images, idxBytes(counted(6), 6, 2, 2), "train-images-idx3-ubyte: file is torn"},
		{"channels", images, idxBytes(counted(12), 6, 1, 1, 2), "want 1 or 3 channels"},
		{"side", images, idxBytes(make([]byte, 6<<15), 6, 1<<15, 1), "want at most 16384 a side"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(four(t, map[string][]byte{c.file: c.data}), Options{})
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestIDXFile(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "my-images-idx3-ubyte.gz", zipped(t, idxBytes(counted(50*9), 50, 3, 3)))
	src, err := Open(path, Options{TestFraction: 0.2})
	require.NoError(t, err)
	n := src.Info()
	assert.Equal(t, 50, n.Train+n.Test)
	assert.InDelta(t, 10, n.Test, 6)
	assert.Empty(t, n.Labels)
	assert.Len(t, n.Notes, 1)
	checkSource(t, src)

	write(t, dir, "my-labels-idx1-ubyte", idxBytes(bytes.Repeat([]byte{4, 5}, 25), 50))
	src, err = Open(path, Options{})
	require.NoError(t, err)
	assert.Len(t, src.Info().Labels, 10)
	checkSource(t, src)

	flat := write(t, dir, "flat", idxBytes(counted(3*16), 3, 16))
	src, err = Open(flat, Options{})
	require.NoError(t, err)
	assert.Equal(t, []int{4, 4}, []int{src.Info().H, src.Info().W})
	assert.Equal(t, 3, src.Info().Train+src.Info().Test)

	one := write(t, dir, "one", idxBytes(counted(16), 1, 4, 4))
	src, err = Open(one, Options{})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 0}, []int{src.Info().Train, src.Info().Test})
}

func TestMNIST(t *testing.T) {
	src, err := Open(sharedData(t, "mnist"), Options{})
	require.NoError(t, err)
	n := src.Info()
	assert.Equal(t, []int{28, 28, 1, 60000, 10000}, []int{n.H, n.W, n.C, n.Train, n.Test})
	assert.Len(t, n.Labels, 10)
	checkSource(t, src)
	buf := make([]float32, 784)
	var first []int
	for i := range 5 {
		label, err := src.Example(Train, i, buf)
		require.NoError(t, err)
		first = append(first, label)
	}
	assert.Equal(t, []int{5, 0, 4, 1, 9}, first)
}

func BenchmarkOpenMNIST(b *testing.B) {
	dir := sharedData(b, "mnist")
	for b.Loop() {
		if _, err := Open(dir, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzIDX(f *testing.F) {
	plain := idxBytes(counted(30), 2, 3, 5)
	f.Add(plain)
	f.Add(zipped(f, plain))
	f.Add(plain[:20])
	f.Add(zipped(f, plain)[:30])
	f.Add(idxBytes([]byte{1, 2, 3}, 3))
	f.Add(idxBytes(nil, 1<<31, 1<<31))
	f.Add(idxBytes(nil, 0, 1<<32-1, 28))
	f.Add(zipped(f, make([]byte, 1<<16)))
	f.Add(zipped(f, idxBytes(make([]byte, 1<<16), 64, 32, 32)))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		x, err := readIDX(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			assert.NotContains(t, err.Error(), "\n")
			return
		}
		size := 1
		for _, d := range x.dims {
			size *= d
		}
		require.Len(t, x.data, size)
		require.LessOrEqual(t, size, gzipRatio*len(file))
		if n, h, w, c, err := x.images(); err == nil {
			require.Equal(t, size, n*h*w*c)
		}
		_, _ = x.labels()
	})
}
