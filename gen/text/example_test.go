package text_test

import (
	"fmt"

	"mllab/gen/text"
)

func ExampleVocabulary_Encode() {
	v, err := text.OfWords([]string{"a", "small", "red", "circle", "on the left"})
	if err != nil {
		fmt.Println(err)
		return
	}
	e := v.Encode("A small rad circle", 6)
	fmt.Println(e.IDs, e.Mask)
	for _, u := range e.Unknown {
		fmt.Printf("%q is not known: perhaps %q\n", u.Word, u.Nearest)
	}
	// Output:
	// [3 4 1 6 0 0] [1 1 1 1 0 0]
	// "rad" is not known: perhaps ["red"]
}
