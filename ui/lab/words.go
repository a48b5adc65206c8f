package lab

import (
	"fmt"

	"mllab/gen"
	"mllab/gen/text"
	"mllab/samples"
)

// A vocabulary of a user's captions is learned from so many of them, and has at most so many tokens.
const (
	learnCaptions = 20000
	mostTokens    = 2000
)

// learn gives a plan the vocabulary of its data's captions, if its model reads and has none yet: the words of
// built-in data, and pieces of words of a user's captions.
func (p *plan) learn(src samples.Source) error {
	if !p.model.Reads || p.words != nil {
		return nil
	}
	captions, ok := src.(samples.Captioner)
	info := src.Info()
	if !ok || !info.Captioned {
		return Usage(fmt.Errorf("%s reads captions, and %s has none: want data with captions, such as shapes, or a folder "+
			"with a captions.txt", p.model.Name, info.Name))
	}
	var err error
	if d, ok := src.(samples.Describer); ok {
		p.words, err = text.OfWords(d.Words())
		return err
	}
	n := info.Train
	if n == samples.Endless || n > learnCaptions {
		n = learnCaptions
	}
	all := make([]string, n)
	for i := range all {
		all[i] = captions.Caption(samples.Train, i)
	}
	if p.words, err = text.Learn(text.Pairs, all, mostTokens); err != nil {
		return fmt.Errorf("captions of %s: %w", info.Name, err)
	}
	return nil
}

// noteData tells what a user should know of the data, such as pictures without a caption, once a run. j.mu is held.
func (j *Job) noteData(src samples.Source) {
	if j.resume != "" || j.from != nil {
		return
	}
	for _, note := range src.Info().Notes {
		j.event(note)
	}
}

// vocabulary is the plan's as a run keeps it, "" where there is none.
func (p plan) vocabulary() string {
	if p.words == nil {
		return ""
	}
	line, err := p.words.MarshalText()
	if err != nil {
		return "" // a vocabulary in memory can always be written
	}
	return string(line)
}

// dataInfo is what the plan's model must know of the data.
func (p plan) dataInfo(i samples.Info) gen.DataInfo {
	d := dataInfo(i)
	if p.words != nil {
		d.Words = p.words.Len()
	}
	return d
}

// texts gives examples' captions as tokens; the zero value has none.
type texts struct {
	words    *text.Vocabulary
	captions samples.Captioner
}

func (p plan) texts(src samples.Source) texts {
	captions, _ := src.(samples.Captioner)
	return texts{p.words, captions}
}

// tokens writes the captions of the examples at(0), at(1), ... of a split into ids, as many as fit.
func (t texts) tokens(split samples.Split, at func(j int) int, ids []int32) error {
	if t.words == nil || t.captions == nil {
		clear(ids)
		return nil
	}
	for j := range len(ids) / gen.TextLength {
		copy(ids[j*gen.TextLength:], t.words.Encode(t.captions.Caption(split, at(j)), gen.TextLength).IDs)
	}
	return nil
}

// reading is batches with their captions.
type reading struct {
	*samples.Batcher
	texts texts
}

// Tokens writes the captions of a step's examples.
func (r reading) Tokens(step int, ids []int32) error {
	return r.texts.tokens(samples.Train, func(j int) int { return r.Index(step, j) }, ids)
}
