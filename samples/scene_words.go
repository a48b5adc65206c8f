package samples

import (
	"slices"
	"strings"
)

// term is a value and the words for it: each list's first is the usual one.
type term struct {
	value  string
	en, zh []string
}

var (
	kindTerms = []term{
		{"circle", []string{"circle", "disc", "ball"}, []string{"圆形", "圆", "圆圈"}},
		{"square", []string{"square", "box"}, []string{"正方形", "方形", "方块"}},
		{"triangle", []string{"triangle"}, []string{"三角形", "三角"}},
		{"cross", []string{"cross", "plus"}, []string{"十字形", "十字"}},
	}
	colourTerms = []term{
		{"red", []string{"red"}, []string{"红色"}},
		{"green", []string{"green"}, []string{"绿色"}},
		{"blue", []string{"blue"}, []string{"蓝色"}},
		{"yellow", []string{"yellow"}, []string{"黄色"}},
		{"purple", []string{"purple", "violet"}, []string{"紫色"}},
		{"orange", []string{"orange"}, []string{"橙色", "橘色"}},
	}
	sizeTerms = []term{
		{"small", []string{"small", "little", "tiny"}, []string{"小"}},
		{"large", []string{"large", "big", "huge"}, []string{"大"}},
	}
	groundTerms = []term{
		{"black", []string{"black"}, []string{"黑色"}},
		{"grey", []string{"grey", "gray"}, []string{"灰色"}},
		{"white", []string{"white"}, []string{"白色"}},
	}
	placeTerms = []term{
		{"top left", []string{"in the top left corner", "at the top left", "in the upper left"},
			[]string{"左上角", "左上方"}},
		{"top", []string{"at the top", "at the top centre"}, []string{"顶部", "上边"}},
		{"top right", []string{"in the top right corner", "at the top right", "in the upper right"},
			[]string{"右上角", "右上方"}},
		{"left", []string{"on the left", "at the left", "on the left side"}, []string{"左边", "左侧"}},
		{"centre", []string{"in the centre", "in the middle", "in the center"}, []string{"中间", "中央"}},
		{"right", []string{"on the right", "at the right", "on the right side"}, []string{"右边", "右侧"}},
		{"bottom left", []string{"in the bottom left corner", "at the bottom left", "in the lower left"},
			[]string{"左下角", "左下方"}},
		{"bottom", []string{"at the bottom", "at the bottom centre"}, []string{"底部", "下边"}},
		{"bottom right", []string{"in the bottom right corner", "at the bottom right", "in the lower right"},
			[]string{"右下角", "右下方"}},
	}
	relationTerms = []term{
		{"left of", []string{"left of", "to the left of"}, []string{"的左边", "的左侧"}},
		{"right of", []string{"right of", "to the right of"}, []string{"的右边", "的右侧"}},
		{"above", []string{"above", "over"}, []string{"的上方", "的上面"}},
		{"below", []string{"below", "under"}, []string{"的下方", "的下面"}},
	}
	opposite = map[string]string{"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
)

// find is the term of a value.
func find(terms []term, value string) term {
	return terms[slices.IndexFunc(terms, func(t term) bool { return t.value == value })]
}

// English and Chinese are what Options.Language takes; Both mixes them.
const (
	English = "en"
	Chinese = "zh"
	Both    = "both"
)

func (s *scene) caption(r *stream, language string) string {
	if language == Chinese || language == Both && r.chance(0.5) {
		return s.chinese(r)
	}
	return s.english(r)
}

// english words the scene. Colour and kind of every object are said; the rest mostly.
func (s *scene) english(r *stream) string {
	names := make([]string, len(s.objects))
	for k, o := range s.objects {
		names[k] = o.english(r)
	}
	ground := r.pick(groundTerms[s.ground].en...)
	var what string
	switch rel := s.related(r); {
	case rel != "":
		a, b := names[0], names[1]
		if r.chance(0.4) {
			rel = opposite[rel]
			a, b = b, a
		}
		what = a + " " + r.pick(find(relationTerms, rel).en...) + " " + b
	default:
		what = s.list(names, r)
	}
	switch r.below(8) {
	case 0, 1:
		return what
	case 2, 3:
		return what + " on a " + ground + " background"
	case 4:
		return "on " + ground + ": " + what
	case 5:
		return r.pick("a picture of ", "an image of ") + what + ", " + ground + " background"
	case 6:
		return "there is " + what + ", the background is " + ground
	}
	return what + " on " + ground
}

// related is the relation that a caption speaks of, "" for one of places.
func (s *scene) related(r *stream) string {
	if len(s.objects) != 2 || !s.free && r.chance(0.5) {
		return ""
	}
	return s.relation(0, 1)
}

// list joins the objects, with their places or without.
func (s *scene) list(names []string, r *stream) string {
	places := !s.free && r.chance(0.85)
	all := make([]string, len(names))
	for k, n := range names {
		all[k] = n
		if !places {
			continue
		}
		at := r.pick(find(placeTerms, Shape{X: s.objects[k].column, Y: s.objects[k].row}.place()).en...)
		all[k] = n + " " + at
		if len(names) == 1 && r.chance(0.15) {
			all[k] = at + " " + n
		}
	}
	if len(all) == 3 {
		return all[0] + ", " + all[1] + " and " + all[2]
	}
	return strings.Join(all, r.pick(" and ", ", "))
}

func (o object) english(r *stream) string {
	words := r.pick(colourTerms[o.colour].en...) + " " + r.pick(kindTerms[o.kind].en...)
	if r.chance(0.75) {
		words = r.pick(sizeTerms[o.size].en...) + " " + words
	}
	if r.chance(0.1) {
		return words
	}
	if strings.HasPrefix(words, "orange") {
		return "an " + words
	}
	return "a " + words
}

// chinese words the scene as english does.
func (s *scene) chinese(r *stream) string {
	names := make([]string, len(s.objects))
	for k, o := range s.objects {
		names[k] = o.chinese(r)
	}
	var what string
	if rel := s.related(r); rel != "" {
		a, b := names[0], names[1]
		if r.chance(0.4) {
			rel = opposite[rel]
			a, b = b, a
		}
		what = a + "在" + b + r.pick(find(relationTerms, rel).zh...)
	} else {
		places := !s.free && r.chance(0.85)
		for k, n := range names {
			if !places {
				continue
			}
			at := r.pick(find(placeTerms, Shape{X: s.objects[k].column, Y: s.objects[k].row}.place()).zh...)
			names[k] = r.pick(n+"在"+at, at+"有"+n, at+"的"+n)
		}
		what = strings.Join(names, r.pick("，", "和"))
	}
	ground := groundTerms[s.ground].zh[0]
	switch r.below(6) {
	case 0, 1:
		return what
	case 2:
		return what + "，" + ground + "背景"
	case 3:
		return ground + "背景，" + what
	case 4:
		return what + "，背景是" + ground
	}
	return "在" + ground + "背景上，" + what
}

func (o object) chinese(r *stream) string {
	colour, kind := r.pick(colourTerms[o.colour].zh...), r.pick(kindTerms[o.kind].zh...)
	words := colour + r.pick("", "的") + kind
	if r.chance(0.75) {
		size := r.pick(sizeTerms[o.size].zh...)
		words = r.pick(colour+"的"+size+kind, size+"的"+colour+kind, colour+size+kind)
	}
	return r.pick("", "一个") + words
}

// sceneFill are the words of captions that mean nothing by themselves.
var sceneFill = []string{"a", "an", "on", "and", "picture of", "image", "there is", "the background",
	"behind it",
	"在", "有", "的", "和", "一个", "背景", "是", "上"}

// Words lists all words of the captions in both languages.
func (s *scenes) Words() []string { return sceneWordList() }

func sceneWordList() []string {
	lists := [][]string{sceneFill}
	for _, terms := range [][]term{kindTerms, colourTerms, sizeTerms, groundTerms, placeTerms, relationTerms} {
		for _, t := range terms {
			lists = append(lists, t.en)
			for _, zh := range t.zh {
				lists = append(lists, []string{strings.TrimPrefix(zh, "的")})
			}
		}
	}
	return wordsOf(lists...)
}
