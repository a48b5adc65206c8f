package lab

import (
	"fmt"
	"image"
	_ "image/jpeg" // formats that image.Decode knows
	"os"
)

// loadPicture decodes a PNG, JPEG or GIF file.
func loadPicture(path string) (image.Image, []string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("picture %w", err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		return nil, nil, fmt.Errorf("picture %s: %w", path, err)
	}
	return img, nil, nil
}
