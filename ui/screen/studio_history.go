package screen

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mllab/ui/widget"
)

const (
	historyFile  = "prompts.txt" // in the session's root, one prompt a line, the newest last
	historyMost  = 200           // prompts that are kept
	historyBytes = 1 << 20       // that are read of a file, from its end
)

// history is what was typed, the newest last. at is the one that is shown while one looks through it, len(all) for
// what is being typed.
type history struct {
	all   []string
	more  []string // examples, before the oldest
	at    int
	draft string
}

// add puts a prompt at the end; one that was there before moves.
func (h *history) add(prompt string) {
	prompt = strings.TrimSpace(prompt)
	if prompt != "" {
		h.all = append(slices.DeleteFunc(slices.Clone(h.all), func(s string) bool { return s == prompt }), prompt)
		h.all = h.all[max(0, len(h.all)-historyMost):]
	}
	h.begin()
}

// list is all that one can look through.
func (h *history) list() []string { return append(slices.Clone(h.more), h.all...) }

// begin looks from the end on.
func (h *history) begin() { h.at, h.draft = len(h.more)+len(h.all), "" }

// move is the prompt before or after the one that is shown; beyond the newest lies what was being typed.
func (h *history) move(now string, back bool) string {
	list := h.list()
	if h.at >= len(list) {
		h.draft = now
	}
	if back {
		h.at = max(0, h.at-1)
	} else {
		h.at = min(len(list), h.at+1)
	}
	if h.at >= len(list) {
		return h.draft
	}
	return list[h.at]
}

// readHistory reads the prompts that were kept. A file that is not there, or damaged, gives what can be read of it.
func readHistory(root string) []string {
	f, err := os.Open(filepath.Join(root, historyFile))
	if err != nil {
		return nil
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil
	} else if st.Size() > historyBytes {
		_, _ = f.Seek(-historyBytes, 2)
	}
	data := make([]byte, historyBytes)
	n := 0
	for n < len(data) {
		k, err := f.Read(data[n:])
		n += k
		if err != nil || k == 0 {
			break
		}
	}
	var h history
	for text := range bytes.Lines(data[:n]) {
		h.add(strings.ReplaceAll(widget.Clean(strings.TrimRight(string(text), "\r\n")), "�", ""))
	}
	return h.all
}

// keepPrompt writes a prompt behind those that are kept, and now and then the file anew without the oldest. It is
// a convenience: what cannot be written is only forgotten.
func keepPrompt(root, prompt string) error {
	prompt = strings.TrimSpace(widget.Clean(prompt))
	if prompt == "" || root == "" {
		return nil
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	path := filepath.Join(root, historyFile)
	if st, err := os.Stat(path); err == nil && st.Size() > historyBytes/2 {
		kept := strings.Join(readHistory(root), "\n") + "\n"
		if err := os.WriteFile(path+".new", []byte(kept), 0o600); err != nil {
			return err
		}
		if err := os.Rename(path+".new", path); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(prompt + "\n")
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
