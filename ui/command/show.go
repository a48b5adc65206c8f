package command

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mllab/ui/lab"
	"mllab/ui/picture"
)

// pictured says whether pictures are to be printed as half-blocks: on a terminal,
// unless --graphics none.
func (a *app) pictured() (bool, error) {
	mode, err := picture.ParseMode(a.graphics)
	if err != nil {
		return false, lab.Usage(fmt.Errorf("--graphics: %w", err))
	}
	return a.out.terminal() && mode != picture.None, nil
}

// room is the area of the terminal for a picture, in cells: a line stays free for
// the prompt and one for the command.
func (a *app) room() (cols, rows int) {
	w, h := a.out.size()
	return max(1, min(w-1, 160)), max(1, min(h-2, 80))
}

// print writes an image as half-blocks, no larger than its pixels and the room.
func (a *app) print(img *picture.Image, cols, rows int) error {
	cols, rows = min(cols, img.W), min(rows, (img.H+1)/2)
	cells := picture.New(img, cols, rows, a.out.display()).Cells(1, nil)
	_, err := io.WriteString(a.out, strings.TrimRight(cells, "\n")+"\n")
	return err
}

// writePNG writes an image to a file: under another name first, so that no file is
// ever half-written.
func writePNG(path string, img image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := writeFile(path, b.Bytes()); err != nil {
		return fmt.Errorf("%s: %w: name another file with --out", path, cause(err))
	}
	return nil
}

func writeFile(path string, content []byte) error {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		if st.IsDir() {
			return errors.New("is a folder")
		}
		return os.WriteFile(path, content, 0o666) // a device or a pipe
	}
	part := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d.part", filepath.Base(path), os.Getpid()))
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		_ = os.Remove(part)
	}
	return err
}
