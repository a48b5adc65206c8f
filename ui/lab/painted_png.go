package lab

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image/png"
	"io"
	"slices"
	"strings"

	"mllab/gen"
	"mllab/gen/text"
)

// What a PNG file with settings is made of (W3C, "Portable Network Graphics specification", third edition, 5 and
// 11.3.3): a signature, and chunks of length, type, content and CRC.
const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	pngHead      = len(pngSignature) + 8 + 13 + 4 // with the first chunk, IHDR
	pngKeyword   = "mllab"
	pngBytes     = 64 << 20 // of a file
	settingBytes = 4 << 20  // of the settings in it
)

// paintedJSON is what the chunk holds.
type paintedJSON struct {
	Format     string    `json:"format"`
	Number     int       `json:"version"`
	Program    string    `json:"program"`
	Run        string    `json:"run"`
	Step       int64     `json:"step"`
	Kind       string    `json:"kind"`
	Prompt     string    `json:"prompt"`
	Negative   string    `json:"negative,omitempty"`
	To         string    `json:"to,omitempty"`
	Count      int       `json:"count,omitempty"`
	Spread     float64   `json:"spread,omitempty"`
	Variation  int       `json:"variation,omitempty"`
	Guidances  []float64 `json:"guidances,omitempty"`
	StepCounts []int     `json:"step_counts,omitempty"`
	Steps      int       `json:"steps"`
	Guidance   float64   `json:"guidance"`
	Sampler    string    `json:"sampler"`
	Seed       uint64    `json:"seed"`
	Strength   float64   `json:"strength"`
	Start      string    `json:"start,omitempty"`
	Mask       string    `json:"mask,omitempty"`
	Looks      bool      `json:"looks,omitempty"`
	H          int       `json:"h"`
	W          int       `json:"w"`
	C          int       `json:"c"`
}

const (
	paintedFormat = "mllab painting"
	paintedNumber = 1
)

// WritePainted writes pictures as a PNG file with what they were painted by in a chunk iTXt of the keyword mllab.
func WritePainted(w io.Writer, p Painted) error {
	p.Request.Start, p.Request.Mask = nil, nil
	if err := p.check(); err != nil {
		return err
	}
	if n, _ := p.Request.tiles(); len(p.Pixels) != n*p.H*p.W*p.C {
		return fmt.Errorf("%d values: want %d, %d pictures of %dx%dx%d", len(p.Pixels), n*p.H*p.W*p.C, n, p.H, p.W, p.C)
	}
	settings, err := json.Marshal(p.json())
	if err != nil {
		return err
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, p.Image()); err != nil {
		return err
	}
	all := picture.Bytes()
	content := slices.Concat([]byte(pngKeyword), []byte{0, 0, 0, 0, 0}, settings) // not compressed, no language
	for _, part := range [][]byte{all[:pngHead], chunk("iTXt", content), all[pngHead:]} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func chunk(kind string, content []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	b = append(append(b, kind...), content...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// json is p as the chunk holds it. Of prompts there is as much as is read.
func (p Painted) json() paintedJSON {
	r := p.Request
	read := func(prompt string) string {
		return strings.ToValidUTF8(prompt[:min(len(prompt), text.MaxPrompt)], "\ufffd")
	}
	return paintedJSON{Format: paintedFormat, Number: paintedNumber, Program: p.Version, Run: p.Run, Step: p.Step,
		Kind: r.Kind.String(), Prompt: read(r.Prompt), Negative: read(r.Negative), To: read(r.To), Count: r.Count,
		Spread: r.Spread, Variation: r.Variation, Guidances: r.Guidances, StepCounts: r.StepCounts, Steps: r.Steps, Guidance: r.Guidance,
		Sampler: r.Sampler, Seed: r.Seed, Strength: r.Strength, Start: p.Start, Mask: p.Mask, Looks: r.Looks,
		H: p.H, W: p.W, C: p.C}
}

// painted is the inverse of json.
func (j paintedJSON) painted() (Painted, error) {
	kind := slices.Index(requestKinds, j.Kind)
	switch {
	case j.Format != paintedFormat:
		return Painted{}, errors.New("they are not of a painting")
	case j.Number != paintedNumber:
		return Painted{}, fmt.Errorf("they are of version %d, and this program reads %d: use a newer one", j.Number,
			paintedNumber)
	case kind < 0:
		return Painted{}, errors.New("they are of no kind of painting that is known")
	}
	if len(j.Guidances) == 0 {
		j.Guidances = nil
	}
	if len(j.StepCounts) == 0 {
		j.StepCounts = nil
	}
	p := Painted{Start: j.Start, Mask: j.Mask, Run: j.Run, Step: j.Step, Version: j.Program, H: j.H, W: j.W, C: j.C,
		Request: Request{Kind: RequestKind(kind), Prompt: j.Prompt, Negative: j.Negative, To: j.To, Count: j.Count,
			Spread: j.Spread, Variation: j.Variation, Guidances: j.Guidances, StepCounts: j.StepCounts, Looks: j.Looks,
			PaintOptions: gen.PaintOptions{Steps: j.Steps, Guidance: j.Guidance, Sampler: j.Sampler, Seed: j.Seed,
				Strength: j.Strength}}}
	return p, p.check()
}

// ErrNoSettings is wrapped by the error of reading a PNG file that is fine, but without settings of mllab's.
var ErrNoSettings = errors.New("no settings of mllab's in it: want a picture that mllab painted, as it was written")

// ReadPainted reads a PNG file that WritePainted wrote. Any bytes may be read: what is no such file is an error of one
// line. Text in what it gives is as it stood in the file: clean it before it is shown.
func ReadPainted(r io.Reader) (Painted, error) {
	all, err := io.ReadAll(io.LimitReader(r, pngBytes+1))
	if err != nil {
		return Painted{}, err
	}
	if len(all) > pngBytes {
		return Painted{}, fmt.Errorf("over %d MiB: no picture of mllab's is so large", pngBytes>>20)
	}
	settings, err := settingsOf(all)
	if err != nil {
		return Painted{}, err
	}
	var j paintedJSON
	if err := json.Unmarshal(settings, &j); err != nil {
		return Painted{}, errors.New("its settings are damaged: they are no JSON")
	}
	p, err := j.painted()
	if err != nil {
		return Painted{}, fmt.Errorf("its settings are damaged: %w", err)
	}
	c, err := png.DecodeConfig(bytes.NewReader(all))
	if err != nil || c.Width*c.Height > maxPaintedPixels {
		return p, nil // settings without their picture
	}
	if img, err := png.Decode(bytes.NewReader(all)); err == nil {
		p.read(img)
	}
	return p, nil
}

// settingsOf finds the content of the chunk of settings.
func settingsOf(all []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(all, []byte(pngSignature))
	if !ok {
		return nil, errors.New("no PNG file: want a picture that mllab painted")
	}
	for len(rest) >= 12 {
		n := binary.BigEndian.Uint32(rest)
		if uint64(n) > uint64(len(rest)-12) {
			return nil, errors.New("the PNG file is damaged: it ends too early")
		}
		body, sum := rest[4:8+n], binary.BigEndian.Uint32(rest[8+n:])
		rest = rest[12+n:]
		content, ours := bytes.CutPrefix(body, []byte("iTXt"+pngKeyword+"\x00"))
		switch {
		case string(body[:4]) == "IEND":
			return nil, ErrNoSettings
		case !ours:
		case crc32.ChecksumIEEE(body) != sum:
			return nil, errors.New("its settings are damaged: their checksum is another")
		default:
			return settingsText(content)
		}
	}
	return nil, errors.New("the PNG file is damaged: it ends too early")
}

// settingsText is the text of a chunk iTXt behind its keyword: a flag and a method of compression, a language and a
// translated keyword, both ended by 0, and the text. Other programs may have compressed it.
func settingsText(content []byte) ([]byte, error) {
	damaged := errors.New("its settings are damaged: they are no text")
	if len(content) < 2 {
		return nil, damaged
	}
	compressed := content[0] == 1
	rest := content[2:]
	for range 2 {
		_, after, ok := bytes.Cut(rest, []byte{0})
		if !ok {
			return nil, damaged
		}
		rest = after
	}
	if compressed {
		z, err := zlib.NewReader(bytes.NewReader(rest))
		if err != nil {
			return nil, damaged
		}
		if rest, err = io.ReadAll(io.LimitReader(z, settingBytes+1)); err != nil {
			return nil, damaged
		}
	}
	if len(rest) > settingBytes {
		return nil, errors.New("its settings are damaged: they are too long")
	}
	return rest, nil
}
