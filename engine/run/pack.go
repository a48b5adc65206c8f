package run

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"mllab/engine/safetensors"
)

// packedKey is what a packed run has beside a checkpoint: its configuration.
const packedKey = "config"

// maxPacked bounds what Unpack reads into memory, in bytes.
const maxPacked = 1 << 31

// Pack writes a run's configuration and a checkpoint as one file: a net to use or to give away. Which tensors it
// needs is the caller's to choose; a training cannot go on from it without those of its optimiser.
func Pack(w io.Writer, c Config, ck Checkpoint) error {
	c.Format = Format
	if err := c.check(); err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	text, err := c.encode()
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	ck.Extra = maps.Clone(ck.Extra)
	if ck.Extra == nil {
		ck.Extra = map[string]string{}
	}
	ck.Extra[packedKey] = string(text)
	meta, err := ck.summed()
	if err == nil {
		err = safetensors.Write(w, ck.Tensors, meta)
	}
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	return nil
}

// Unpack reads what Pack wrote, size bytes of r, and checks it; name is what errors call it.
func Unpack(r io.ReaderAt, size int64, name string) (Config, Checkpoint, error) {
	fail := func(err error) (Config, Checkpoint, error) {
		return Config{}, Checkpoint{}, fmt.Errorf("packed run %s: %w", pathText(name), err)
	}
	if size > maxPacked {
		return fail(fmt.Errorf("%d bytes: want at most %d", size, int64(maxPacked)))
	}
	ck, err := readCheckpoint(r, size, name)
	if err != nil {
		return fail(err)
	}
	text, ok := ck.Extra[packedKey]
	if !ok {
		return fail(errors.New("it is a checkpoint alone, without its run: want the run's folder, or a file made by pack"))
	}
	c, err := parseConfig([]byte(text))
	if err != nil {
		return fail(err)
	}
	delete(ck.Extra, packedKey)
	return c, *ck, nil
}

// IsPacked says whether a name is that of a file that may be a packed run, as opposed to a run's folder or name.
func IsPacked(name string) bool {
	st, err := os.Stat(name)
	return err == nil && st.Mode().IsRegular() && strings.HasSuffix(filepath.Base(name), checkpointSuffix)
}

// OpenPacked reads a packed run from a file.
func OpenPacked(path string) (Config, Checkpoint, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return Config{}, Checkpoint{}, fmt.Errorf("packed run %s: %w", pathText(path), err)
	}
	defer f.Close()
	return Unpack(f, size, path)
}
