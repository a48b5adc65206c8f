// Package text turns what a user types into numbers that a model takes, and says which words it did not
// know.
//
// A prompt is normalised (normalise.go: compatibility forms, case, punctuation), cut into words
// (Chinese into the longest known words), and looked up in a Vocabulary: whole words for the built-in
// data, whose captions are made of a known list, or byte-pair encoding learnt from a user's captions.
// A Vocabulary is text itself (file.go), so it travels in a model's checkpoint.
//
// No prompt is an error. Too long, empty, of emoji alone or not even UTF-8: each gives an Encoding that
// says what became of it. The package knows nothing of models and imports nothing of ours.
//
// Begin with Vocabulary.Encode.
package text
