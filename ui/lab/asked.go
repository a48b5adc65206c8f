package lab

import (
	"fmt"

	"mllab/gen"
	"mllab/samples"
)

// asked is a prompt out of the data, and what is known of it.
type asked struct {
	text string
	ids  []int32
	want samples.Truth // empty where nothing is known
	held bool          // training never shows such a picture
}

// captioned gives the captions of the test split (of the training split where there is none) in order, as far as more
// wants them. One that says nothing that could be judged is passed over where others do.
func (t texts) captioned(src samples.Source, more func(asked) bool) {
	split := samples.Test
	if src.Info().Test == 0 {
		split = samples.Train
	}
	most := src.Info().Len(split)
	if most == samples.Endless || most > askedFrom {
		most = askedFrom
	}
	truth, known := samples.Describe(src)
	for i := range most {
		a := asked{text: t.captions.Caption(split, i)}
		if known {
			a.want, a.held = truth.Wanted(a.text), truth.HeldOut(truth.Truth(split, i))
		}
		if a.text == "" || known && len(a.want) == 0 {
			continue
		}
		a.ids = t.words.Encode(a.text, gen.TextLength).IDs
		if !more(a) {
			return
		}
	}
}

// ask takes n captions, held of them of what training never shows; those come last.
func (t texts) ask(src samples.Source, n, held int) []asked {
	if _, known := samples.Describe(src); !known {
		held = 0
	}
	var seen, kept []asked
	t.captioned(src, func(a asked) bool {
		if a.held {
			kept = append(kept, a)
		} else {
			seen = append(seen, a)
		}
		return len(seen) < n || len(kept) < held
	})
	kept = kept[:min(held, len(kept))]
	return append(seen[:min(n-len(kept), len(seen))], kept...)
}

// prompts are those that a run is measured on: of the test split or of a file. What of a file cannot be judged is
// counted and told.
func (l *loaded) prompts(o EvalOptions) (list []asked, err error) {
	t := l.plan.texts(l.src)
	if o.Prompts != "" {
		return t.prompts(l.src, o.Prompts, o.Tell)
	}
	n := o.N
	if n == 0 {
		n = defaultReads
	}
	t.captioned(l.src, func(a asked) bool {
		list = append(list, a)
		return len(list) < n
	})
	if len(list) == 0 {
		return nil, Usage(fmt.Errorf("%s has no captions to paint after: want some with --prompts", l.src.Info().Name))
	}
	return list, nil
}
