package samples

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	captionsName = "captions.txt"
	maxCaptions  = 64 << 20 // bytes of a captions file that are read
	maxName      = 1 << 10  // bytes of a picture's name
	maxLine      = 1 << 16  // bytes of a line
)

// readCaptions reads a captions file: a line is a picture's name, relative to the folder, then a tab, comma
// or space, then the caption. Names may have spaces and commas, since has knows them. The first caption
// of a picture counts. It returns how many lines named no picture.
func readCaptions(path string, has func(string) bool) (captions map[string]string, strays int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, pathError(path, err)
	}
	defer f.Close()
	captions = map[string]string{}
	lines := bufio.NewScanner(io.LimitReader(f, maxCaptions))
	lines.Buffer(nil, maxLine)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimPrefix(lines.Text(), "\ufeff")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		name, caption := splitCaption(line, has)
		if name == "" {
			if number > 1 { // the first may be a table's heading
				strays++
			}
			continue
		}
		if _, twice := captions[name]; !twice {
			captions[name] = clean(caption)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, 0, fmt.Errorf("%s: a line is longer than %d bytes: want \"file<TAB>caption\" lines",
			clean(path), maxLine)
	}
	return captions, strays, nil
}

// splitCaption finds the longest beginning of a line that is a picture's name.
func splitCaption(line string, has func(string) bool) (name, caption string) {
	for at := min(len(line)-1, maxName); at > 0; at-- {
		if line[at] != '\t' && line[at] != ',' && line[at] != ' ' {
			continue
		}
		head := strings.Trim(strings.TrimSpace(line[:at]), `"`)
		head = strings.TrimPrefix(filepath.ToSlash(head), "./")
		if !has(head) { // Flickr8k numbers the captions of one picture: file#0, file#1
			head = strings.TrimRight(head, "0123456789")
			head = strings.TrimSuffix(head, "#")
		}
		if has(head) {
			return head, strings.Trim(strings.TrimSpace(line[at+1:]), `"`)
		}
	}
	return "", ""
}

// captionBeside reads the .txt file beside a picture; "" when it cannot be read.
func captionBeside(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxText))
	if err != nil {
		return ""
	}
	return clean(strings.ToValidUTF8(string(text), ""))
}

// textName is the name of the text file beside a picture.
func textName(picture string) string {
	return strings.TrimSuffix(picture, filepath.Ext(picture)) + ".txt"
}
