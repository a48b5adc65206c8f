// Package safetensors reads and writes the safetensors format: an 8-byte little-endian header length, a JSON
// header that gives each tensor a dtype, a shape and a range of bytes, and the bytes
// (https://github.com/huggingface/safetensors#format).
//
// A file is hostile until it is checked: the header is bounded, every range lies in the file, fits its shape
// and touches its neighbours without overlap or hole, and a name occurs once. Nothing is allocated for a size
// that the file merely claims. Data is read only when asked for, so a file of many gigabytes opens at once.
//
// The package knows bytes, shapes and dtypes; it must not know models, runs or devices.
// Begin with Open and Write.
package safetensors
