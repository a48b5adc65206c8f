package samples

import (
	"fmt"
	"image"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	folderSide   = 64         // side of examples when the pictures do not agree on a small size
	folderOwn    = 256        // largest side that is taken from the pictures
	folderCache  = 128 << 20  // bytes of decoded examples that are kept
	folderEager  = 24_000_000 // pixels up to which all pictures are decoded when the folder is opened
	folderMost   = 4 << 20    // pictures
	folderNamed  = 3          // skipped pictures that a note names
	folderLabels = 10000      // classes
)

// folder is a source of PNG, JPEG and GIF pictures. The first subfolder is the label; folders called train
// and test (or val, valid, validation) at the top are the splits, and otherwise a hash of a picture's name
// puts it into one. Pictures are decoded when first asked for, and kept as bytes as far as the cache
// reaches: what is in it stays, which for shuffled epochs is as good as any other rule. Links to files are
// followed, links to folders are not.
type folder struct {
	info   Info
	root   string // without links
	crop   string
	files  []pictureFile
	splits [2][]int32 // of each split, indices into files in order of name
	cached atomic.Int64

	mu      sync.Mutex
	notes   []string
	skipped []string // "name: why", in the order found
	count   int
}

// pictureFile is one picture of a folder.
type pictureFile struct {
	name    string // relative to the root, with slashes
	label   int
	split   int // -1: by hash
	config  image.Config
	caption string
	text    bool // a .txt stands beside it
	bad     atomic.Bool
	pixels  atomic.Pointer[[]byte]
}

func openFolder(root string, o Options) (Source, error) {
	f := &folder{root: root, crop: o.Crop}
	f.info.Name, f.info.Source = clean(filepath.Base(absolute(root))), clean(root)
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		f.root = resolved // a walk does not begin at a link
	}
	if err := f.scan(); err != nil {
		return nil, err
	}
	if len(f.files) == 0 {
		return nil, fmt.Errorf("%s: no pictures in it: want PNG, JPEG or GIF files (a subfolder is a label), "+
			"or the four MNIST files", clean(root))
	}
	if err := f.readText(); err != nil {
		return nil, err
	}
	f.each(func(p *pictureFile) {
		var err error
		if p.config, err = pictureConfig(f.path(p)); err != nil {
			f.skip(p, err)
		}
	})
	f.choose(o)
	if f.work() <= folderEager {
		f.each(func(p *pictureFile) { f.load(p) })
	}
	if err := f.classify(); err != nil {
		return nil, err
	}
	if err := f.divide(o.testFraction()); err != nil {
		return nil, err
	}
	f.countCaptions()
	return f, nil
}

// countCaptions notes how many pictures have no caption where others have one.
func (f *folder) countCaptions() {
	missing := 0
	for _, list := range f.splits {
		for _, i := range list {
			if p := &f.files[i]; p.caption == "" && !p.text {
				missing++
			}
		}
	}
	if f.info.Captioned && missing > 0 {
		f.notes = append(f.notes, fmt.Sprintf("%s of %d without a caption",
			plural(missing, "picture", "pictures"), f.info.Train+f.info.Test))
	}
}

func (f *folder) path(p *pictureFile) string {
	return filepath.Join(f.root, filepath.FromSlash(p.name))
}

// scan lists the pictures in order of name.
func (f *folder) scan() error {
	var names []string
	texts := map[string]bool{}
	unread, first := 0, error(nil)
	err := filepath.WalkDir(f.root, func(full string, d fs.DirEntry, err error) error {
		if err != nil {
			if full == f.root {
				return pathError(full, err)
			}
			if unread++; unread == 1 {
				first = pathError(full, err)
			}
			return nil
		}
		if strings.HasPrefix(d.Name(), ".") && full != f.root {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		name, _ := filepath.Rel(f.root, full)
		name = filepath.ToSlash(name)
		switch st, err := os.Stat(full); {
		case d.IsDir() || !(isPicture(full) || path.Ext(name) == ".txt"):
		case err != nil || !st.Mode().IsRegular():
		case !isPicture(full):
			texts[name] = true
		case len(names) == folderMost:
			return fmt.Errorf("%s: more than %d pictures: give one of its subfolders", f.info.Source, folderMost)
		default:
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if unread > 0 {
		f.notes = append(f.notes, fmt.Sprintf("%s not read: %v", plural(unread, "folder", "folders"), first))
	}
	f.files = make([]pictureFile, len(names))
	for name := range texts {
		if path.Base(name) == captionsName {
			delete(texts, name)
		}
	}
	beside := map[string]bool{}
	for i, name := range names {
		p := &f.files[i]
		p.name, p.split, p.label = name, -1, -1
		if text := textName(name); texts[text] {
			p.text, beside[text] = true, true
		}
	}
	// Where none is beside a picture, texts are something else.
	if lonely := len(texts) - len(beside); lonely > 0 && len(beside) > 0 {
		f.notes = append(f.notes, plural(lonely, "text file has", "text files have")+" no picture beside")
	}
	return nil
}

// splitNames are the folders at the top that are splits.
var splitNames = map[string]int{
	"train": 0, "training": 0, "test": 1, "testing": 1, "val": 1, "valid": 1, "validation": 1,
}

// classify gives each good picture its split and label from the folders that it is in.
func (f *folder) classify() error {
	var seen [2]bool
	inSplits := true
	for i := range f.files {
		if f.files[i].bad.Load() {
			continue
		}
		top, _, deep := strings.Cut(f.files[i].name, "/")
		split, ok := splitNames[strings.ToLower(top)]
		inSplits = inSplits && deep && ok
		seen[split] = seen[split] || ok
	}
	inSplits = inSplits && seen[0] && seen[1]
	classes := map[string]int{}
	for i := range f.files {
		p := &f.files[i]
		if p.bad.Load() {
			continue
		}
		rest := p.name
		if inSplits {
			var top string
			top, rest, _ = strings.Cut(rest, "/")
			p.split = splitNames[strings.ToLower(top)]
		}
		if class, _, deep := strings.Cut(rest, "/"); deep {
			classes[class] = 0
			p.label = 0
		}
	}
	if len(classes) > folderLabels {
		return fmt.Errorf("%s: %d subfolders with pictures: want at most %d labels",
			f.info.Source, len(classes), folderLabels)
	}
	for class := range classes {
		f.info.Labels = append(f.info.Labels, class)
	}
	slices.Sort(f.info.Labels)
	for k, class := range f.info.Labels {
		classes[class] = k
		f.info.Labels[k] = clean(class)
	}
	for i := range f.files {
		if p := &f.files[i]; p.label == 0 {
			rest := p.name
			if inSplits {
				_, rest, _ = strings.Cut(rest, "/")
			}
			class, _, _ := strings.Cut(rest, "/")
			p.label = classes[class]
		}
	}
	return nil
}

// readText attaches the captions.
func (f *folder) readText() error {
	for i := range f.files {
		f.info.Captioned = f.info.Captioned || f.files[i].text
	}
	file := filepath.Join(f.root, captionsName)
	if st, err := os.Stat(file); err != nil || !st.Mode().IsRegular() {
		return nil
	}
	byName := make(map[string]*pictureFile, len(f.files))
	for i := range f.files {
		byName[f.files[i].name] = &f.files[i]
	}
	captions, strays, err := readCaptions(file, func(name string) bool { return byName[name] != nil })
	if err != nil {
		return err
	}
	for name, caption := range captions {
		byName[name].caption = caption
		f.info.Captioned = f.info.Captioned || caption != ""
	}
	if strays > 0 {
		lines := plural(strays, "line names", "lines name")
		f.notes = append(f.notes, fmt.Sprintf("%s: %s no picture here", captionsName, lines))
	}
	return nil
}

// each runs do for every picture that is still good, on all processors.
func (f *folder) each(do func(*pictureFile)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(f.files)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(f.files)); i = next.Add(1) - 1 {
				if p := &f.files[i]; !p.bad.Load() {
					do(p)
				}
			}
		})
	}
	wg.Wait()
}

// work is how many pixels there are to decode. A small picture counts for what its file takes to open.
func (f *folder) work() (pixels int64) {
	for i := range f.files {
		if p := &f.files[i]; !p.bad.Load() {
			pixels += max(int64(p.config.Width)*int64(p.config.Height), 64*64)
		}
	}
	return pixels
}

// choose sets the size and channels of examples: what was asked for, or else what the pictures agree on.
func (f *folder) choose(o Options) {
	w, h, c := 0, 0, 1
	agree := true
	for i := range f.files {
		p := &f.files[i]
		if p.bad.Load() {
			continue
		}
		if w == 0 {
			w, h = p.config.Width, p.config.Height
		}
		agree = agree && w == p.config.Width && h == p.config.Height
		if !isGrey(p.config.ColorModel) {
			c = 3
		}
	}
	if !agree || w < 1 || w > folderOwn || h > folderOwn {
		w, h = folderSide, folderSide
	}
	if o.Size != 0 {
		w, h = o.Size, o.Size
	}
	if o.Channels != 0 {
		c = o.Channels
	}
	f.info.W, f.info.H, f.info.C = w, h, c
}

// divide puts the good pictures into the splits.
func (f *folder) divide(testFraction float64) error {
	var keys []uint64
	var loose []int32
	for i := range f.files {
		switch p := &f.files[i]; {
		case p.bad.Load():
		case p.split >= 0:
			f.splits[p.split] = append(f.splits[p.split], int32(i))
		default:
			keys, loose = append(keys, hashText(p.name)), append(loose, int32(i))
		}
	}
	if len(loose) > 0 {
		train, test := divide(keys, testFraction)
		for split, list := range [2][]int32{train, test} {
			for _, k := range list {
				f.splits[split] = append(f.splits[split], loose[k])
			}
		}
	}
	f.info.Train, f.info.Test = len(f.splits[Train]), len(f.splits[Test])
	if f.info.Train == 0 {
		return fmt.Errorf("%s: no picture to train on could be read (%s): want PNG, JPEG or GIF files",
			f.info.Source, f.skippedNote())
	}
	if f.info.Test == 0 {
		f.notes = append(f.notes, "the test split is empty: want at least two pictures")
	}
	return nil
}

// skip marks a picture that cannot be used.
func (f *folder) skip(p *pictureFile, why error) {
	if p.bad.Swap(true) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	f.skipped = append(f.skipped, clean(p.name)+" ("+clean(reason(why).Error())+")")
	slices.Sort(f.skipped) // workers find them in any order
	f.skipped = f.skipped[:min(len(f.skipped), folderNamed)]
}

// skippedNote names the pictures that were skipped, "" for none.
func (f *folder) skippedNote() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count == 0 {
		return ""
	}
	note := plural(f.count, "picture", "pictures") + " skipped: " + strings.Join(f.skipped, ", ")
	if more := f.count - len(f.skipped); more > 0 {
		note += fmt.Sprintf(" and %d more", more)
	}
	return note
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

func (f *folder) Info() Info {
	n := f.info
	n.Notes = slices.Clone(f.notes)
	if note := f.skippedNote(); note != "" {
		n.Notes = append(n.Notes, note)
	}
	return n
}

// Example decodes the picture unless it is kept. One that turns out not to decode is noted, and the next
// good one of the split stands in for it: the same one whenever it is asked for.
func (f *folder) Example(split Split, i int, dst []float32) (int, error) {
	if err := checkExample(f.info, split, i, dst); err != nil {
		return -1, err
	}
	p, pixels := f.good(split, i)
	if p == nil {
		return -1, fmt.Errorf("samples: %s: no picture can be read any more (%s): is the folder still there?",
			f.info.Source, f.skippedNote())
	}
	for k, v := range pixels {
		dst[k] = byteValue[v]
	}
	return p.label, nil
}

// good is the first readable picture from i on; nil when there is none.
func (f *folder) good(split Split, i int) (*pictureFile, []byte) {
	list := f.splits[split]
	for k := range list {
		p := &f.files[list[(i+k)%len(list)]]
		if pixels := f.load(p); pixels != nil {
			return p, pixels
		}
	}
	return nil, nil
}

// load is the picture as bytes, from the cache or its file; nil when it does not decode.
func (f *folder) load(p *pictureFile) []byte {
	if kept := p.pixels.Load(); kept != nil {
		return *kept
	}
	if p.bad.Load() {
		return nil
	}
	pixels, err := readPicture(f.path(p), f.info.W, f.info.H, f.info.C, f.crop)
	if err != nil {
		f.skip(p, err)
		return nil
	}
	size := int64(len(pixels))
	if f.cached.Add(size) > folderCache {
		f.cached.Add(-size)
	} else if !p.pixels.CompareAndSwap(nil, &pixels) {
		f.cached.Add(-size)
	}
	return pixels
}

// Caption is the caption of the picture that Example gives, "" when it has none.
func (f *folder) Caption(split Split, i int) string {
	if (split != Train && split != Test) || i < 0 || i >= len(f.splits[split]) {
		return ""
	}
	p := &f.files[f.splits[split][i]]
	if p.bad.Load() {
		if p, _ = f.good(split, i); p == nil {
			return ""
		}
	}
	if p.caption == "" && p.text {
		return captionBeside(textName(f.path(p)))
	}
	return p.caption
}
