package samples

import "strings"

// The words of faces; each list's first is the usual one.
var (
	skinTerms = []term{
		{"light", []string{"light", "pale", "fair"}, []string{"浅色", "白皙"}},
		{"tan", []string{"tan", "tanned"}, []string{"小麦色"}},
		{"dark", []string{"dark"}, []string{"深色"}},
	}
	tintTerms = []term{
		{"black", []string{"black"}, []string{"黑色"}}, {"brown", []string{"brown"}, []string{"棕色"}},
		{"blond", []string{"blond", "blonde"}, []string{"金色"}}, {"red", []string{"red"}, []string{"红色"}},
		{"grey", []string{"grey", "gray"}, []string{"灰色"}}, {"blue", []string{"blue"}, []string{"蓝色"}},
		{"green", []string{"green"}, []string{"绿色"}}, {"purple", []string{"purple", "violet"}, []string{"紫色"}},
		{"pink", []string{"pink"}, []string{"粉色"}}, {"white", []string{"white"}, []string{"白色"}},
	}
	styleTerms = []term{
		{"short", []string{"short"}, []string{"短发"}},
		{"long", []string{"long"}, []string{"长发"}},
		{"curly", []string{"curly"}, []string{"卷发"}},
	}
	moodTerms = []term{
		{"happy", []string{"happy", "smiling", "cheerful"}, []string{"开心", "微笑"}},
		{"sad", []string{"sad", "unhappy"}, []string{"难过", "伤心"}},
		{"angry", []string{"angry", "furious"}, []string{"生气", "愤怒"}},
		{"surprised", []string{"surprised", "astonished"}, []string{"惊讶", "吃惊"}},
	}
	glassTerms = []term{
		{"glasses", []string{"glasses", "spectacles"}, []string{"眼镜"}},
		{"sunglasses", []string{"sunglasses", "dark glasses"}, []string{"墨镜", "太阳镜"}},
	}
	beardTerms = []term{
		{"beard", []string{"beard", "full beard"}, []string{"大胡子", "络腮胡"}},
		{"moustache", []string{"moustache", "mustache"}, []string{"小胡子", "八字胡"}},
	}
	hatTerms = []term{
		{"cap", []string{"cap", "baseball cap"}, []string{"鸭舌帽", "棒球帽"}},
		{"beanie", []string{"beanie", "woolly hat"}, []string{"毛线帽"}},
		{"top hat", []string{"top hat"}, []string{"礼帽", "高帽"}},
	}
	mouthTerms = []term{
		{"closed", []string{"closed"}, []string{"闭着嘴"}},
		{"open", []string{"open"}, []string{"张着嘴"}},
	}
)

// english words the face. What there is is mostly said, what there is not now and then.
func (f *face) english(r *stream) string {
	mood := ""
	if r.chance(0.8) {
		mood = r.pick(moodTerms[f.expression].en...) + " "
	}
	who := mood + r.pick("face", "cartoon face", "person", "character")
	parts := f.parts(r)
	text := article(who)
	if len(parts) > 0 {
		last := len(parts) - 1
		if text += " " + r.pick("with", "who has") + " "; last > 0 {
			text += strings.Join(parts[:last], ", ") + " and "
		}
		text += parts[last]
	}
	if r.chance(0.5) {
		text += " " + r.pick("on a", "in front of a") + " " + walls[f.wall] + " background"
	}
	return text
}

// parts are what the face has, in words.
func (f *face) parts(r *stream) []string {
	colour := func(list []string, k int) string { return r.pick(find(tintTerms, list[k]).en...) }
	var parts []string
	say := func(share float64, words func() string) {
		if r.chance(share) {
			parts = append(parts, words())
		}
	}
	say(0.6, func() string { return r.pick(skinTerms[f.skin].en...) + " skin" })
	hair := func() string { return colour(hairColours, f.hairColour) }
	switch f.hair {
	case bald:
		say(0.85, func() string { return "a bald head" })
	case mohawk:
		say(0.85, func() string { return article(hair() + " mohawk") })
	default:
		say(0.85, func() string {
			if r.chance(0.12) {
				return hairs[f.hair] + " hair"
			}
			return hairs[f.hair] + " " + hair() + " hair"
		})
	}
	if f.seen("eyes") {
		say(0.6, func() string { return colour(eyeColours, f.eyes) + " eyes" })
	}
	if f.glasses != 0 {
		say(0.9, func() string { return r.pick(glassTerms[f.glasses-1].en...) })
	} else {
		say(0.1, func() string { return "no glasses" })
	}
	if f.beard != 0 {
		say(0.9, func() string {
			word := r.pick(beardTerms[f.beard-1].en...)
			if f.hair == bald && r.chance(0.7) {
				word = hair() + " " + word
			}
			return article(word)
		})
	} else {
		say(0.1, func() string { return "no beard" })
	}
	if f.seen("mouth") {
		say(0.4, func() string { return article(mouths[f.mouth] + " mouth") })
	}
	if f.hat != 0 {
		say(0.9, func() string {
			return article(colour(hatColours, f.hatColour) + " " + r.pick(hatTerms[f.hat-1].en...))
		})
	} else {
		say(0.1, func() string { return "no hat" })
	}
	return parts
}

// article puts "a" or "an" before words.
func article(words string) string {
	if strings.ContainsRune("aeiou", rune(words[0])) {
		return "an " + words
	}
	return "a " + words
}

// chinese words the face as english does.
func (f *face) chinese(r *stream) string {
	colour := func(list []string, k int) string { return find(tintTerms, list[k]).zh[0] }
	who := r.pick("一张脸", "一张卡通脸", "一个人")
	if r.chance(0.8) {
		mood := r.pick(moodTerms[f.expression].zh...)
		who = r.pick("一张"+mood+"的脸", "一个"+mood+"的人")
	}
	parts := []string{who}
	say := func(share float64, words func() string) {
		if r.chance(share) {
			parts = append(parts, words())
		}
	}
	say(0.6, func() string { return r.pick(skinTerms[f.skin].zh...) + "皮肤" })
	hair := colour(hairColours, f.hairColour)
	switch f.hair {
	case bald:
		say(0.85, func() string { return "光头" })
	case mohawk:
		say(0.85, func() string { return hair + "莫西干头" })
	default:
		say(0.85, func() string { return r.pick(hair, hair+"的") + find(styleTerms, hairs[f.hair]).zh[0] })
	}
	if f.seen("eyes") {
		say(0.6, func() string { return colour(eyeColours, f.eyes) + r.pick("", "的") + "眼睛" })
	}
	if f.glasses != 0 {
		say(0.9, func() string { return "戴" + r.pick(glassTerms[f.glasses-1].zh...) })
	} else {
		say(0.1, func() string { return "不戴眼镜" })
	}
	if f.beard != 0 {
		say(0.9, func() string { return "留" + r.pick(beardTerms[f.beard-1].zh...) })
	} else {
		say(0.1, func() string { return "没有胡子" })
	}
	if f.seen("mouth") {
		say(0.4, func() string { return mouthTerms[f.mouth].zh[0] })
	}
	if f.hat != 0 {
		say(0.9, func() string { return "戴" + colour(hatColours, f.hatColour) + r.pick(hatTerms[f.hat-1].zh...) })
	} else {
		say(0.1, func() string { return "不戴帽子" })
	}
	if r.chance(0.5) {
		parts = append(parts, r.pick(colour(walls, f.wall)+"背景", "背景是"+colour(walls, f.wall)))
	}
	return strings.Join(parts, "，")
}

// faceFill are the words of captions that name no value.
var faceFill = []string{"a", "an", "and", "with", "who has", "no", "on", "in front of", "face", "cartoon",
	"person", "character", "skin", "hair", "bald head", "mohawk", "eyes", "mouth", "hat", "background", "一张", "一个",
	"脸", "卡通", "人", "的", "皮肤", "光头", "莫西干头", "眼睛", "戴", "不戴", "留", "没有", "胡子", "帽子", "背景", "是"}

// Words lists all words of the captions in both languages.
func (s *cartoons) Words() []string {
	lists := [][]string{faceFill}
	for _, terms := range [][]term{skinTerms, tintTerms, styleTerms, moodTerms, glassTerms, beardTerms, hatTerms,
		mouthTerms} {
		for _, t := range terms {
			lists = append(lists, t.en, t.zh)
		}
	}
	return wordsOf(lists...)
}

// faceLexicon is what the words of prompts mean: all that captions say, and more that users may.
var faceLexicon = func() *lexicon {
	l := &lexicon{}
	for _, list := range []struct {
		what  string
		terms []term
	}{
		{"tone", skinTerms}, {"tint", tintTerms}, {"style", styleTerms}, {"expression", moodTerms},
		{"glasses", glassTerms}, {"beard", beardTerms}, {"hat", hatTerms}, {"mouth", mouthTerms},
	} {
		for _, t := range list.terms {
			l.mean(list.what, t.value, t.en...)
			l.mean(list.what, t.value, t.zh...)
		}
	}
	for _, t := range styleTerms { // in Chinese the noun is in the word
		l.mean("styled", t.value, t.zh...)
	}
	for _, t := range tintTerms {
		for _, w := range t.zh {
			l.mean("tint", t.value, strings.TrimSuffix(w, "色"))
		}
	}
	l.mean("noun", "skin", "skin", "皮肤")
	l.mean("noun", "hair", "hair", "头发")
	l.mean("noun", "eyes", "eyes", "eye", "眼睛")
	l.mean("noun", "background", "background", "behind", "背景")
	l.mean("noun", "hat", "hat", "帽子")
	l.mean("noun", "mouth", "mouth", "嘴")
	l.mean("mouth", "open", "张嘴", "mouth open", "open mouthed")
	l.mean("mouth", "closed", "闭嘴", "mouth closed", "mouth shut", "shut")
	l.mean("styled", "bald", "bald", "光头", "秃头")
	l.mean("styled", "mohawk", "mohawk", "莫西干头", "莫西干")
	l.mean("expression", "happy", "smile", "smiles", "笑")
	l.mean("beard", "beard", "bearded", "胡子", "胡须")
	l.mean("no", "", "no", "without", "不戴", "没有", "没", "无")
	l.mean("is", "", "is", "are", "是")
	l.mean("pause", "", "and", "with", "和")
	return l
}()

// wishedFace is a face that a prompt asks for, while it is read.
type wishedFace struct {
	truth             Truth
	tint, tone, style string // said, and waiting for their noun
	not               bool
	noun              string // the last one, and whether "is" follows it
	is                bool
}

// Wanted reads a prompt in English or Chinese. Adjectives belong to the noun that follows them, and those
// after "is" to the noun before.
func (s *cartoons) Wanted(prompt string) Truth {
	var w wishedFace
	for _, m := range faceLexicon.read(prompt) {
		w.take(m)
	}
	var t Truth // in the order of features
	for _, a := range features {
		t = t.put(a.name, w.truth.Value(a.name))
	}
	return t
}

func (w *wishedFace) take(m mark) {
	is := w.is
	w.is = m.what == "is"
	switch m.what {
	case "tint":
		if is {
			w.paint(w.noun, m.value)
			return
		}
		w.tint = m.value
	case "tone":
		if is && w.noun == "skin" {
			w.truth = w.truth.put("skin", m.value)
			return
		}
		w.tone = m.value
	case "style":
		if is && w.noun == "hair" {
			w.truth = w.truth.put("hair", m.value)
			return
		}
		w.style = m.value
	case "styled":
		w.truth = w.truth.put("hair", m.value)
		w.spend("hair")
	case "expression", "mouth":
		w.truth = w.truth.put(m.what, m.value)
	case "glasses", "beard", "hat":
		w.wear(m)
	case "no":
		w.not = true
	case "noun":
		if w.not {
			w.wear(mark{m.value, ""})
			return
		}
		w.spend(m.value)
		if m.value == "hair" && w.style != "" {
			w.truth = w.truth.put("hair", w.style)
			w.style = ""
		}
	case "pause":
		w.not = false
	}
}

// wear is a thing that a face may have or not.
func (w *wishedFace) wear(m mark) {
	if w.not {
		absent := map[string]string{"glasses": "no glasses", "beard": "no beard", "hat": "no hat", "hair": "bald"}
		w.truth = w.truth.put(m.what, absent[m.what])
		w.not, w.tint = false, ""
		return
	}
	w.truth = w.truth.put(m.what, m.value)
	noun := map[string]string{"beard": "hair", "hat": "hat"}[m.what]
	w.spend(noun)
}

// spend gives the waiting colour to a noun.
func (w *wishedFace) spend(noun string) {
	w.noun = noun
	if noun == "skin" && w.tone != "" {
		w.truth = w.truth.put("skin", w.tone)
		w.tone = ""
	}
	if w.tint != "" {
		w.paint(noun, w.tint)
		w.tint = ""
	}
}

// paint sets the colour of a noun.
func (w *wishedFace) paint(noun, colour string) {
	name := map[string]string{"skin": "skin", "hair": "hair colour", "eyes": "eyes", "hat": "hat colour",
		"background": "background"}[noun]
	if name != "" {
		w.truth = w.truth.put(name, colour)
	}
}
