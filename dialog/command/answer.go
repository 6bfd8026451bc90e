package command

import (
	"strings"
	"sync"

	"hotline/dialog/internal/lang"
)

// Answer is what a few words say behind a question for a yes, a no or one of several. Where
// their wording is none of that it may be by its sound, since words so short are heard
// badly: 对事的 is 对,是的.
func (r *Recognizer) Answer(text string) Command {
	f := lang.Fold(text)
	if c := r.l.answer(f, true); c.Kind != None {
		return c
	}
	if c := r.Recognize(text); c.Kind != None {
		return c
	}
	return r.l.answer(f, false)
}

// spokenAnswer is a short answer and its sounds.
type spokenAnswer struct {
	kind  Kind
	units []lang.Unit
}

// chineseAnswers are short answers as they are said.
var chineseAnswers = sync.OnceValue(func() []spokenAnswer {
	var out []spokenAnswer
	for _, a := range []struct {
		kind  Kind
		words string
	}{
		{Yes, "对是的 是的 对的 对就是这个 就是这个 嗯对 没错 好的 可以"},
		{No, "不是 不是的 不对 不用了 不需要 没有"},
		{First, "第一个 是第一个 前面那个 前一个"},
		{Second, "第二个 是第二个 后面那个 后一个"},
		{Third, "第三个 是第三个 最后那个"},
		{Neither, "都不是 两个都不是"},
	} {
		for w := range strings.FieldsSeq(a.words) {
			out = append(out, spokenAnswer{a.kind, lang.Syllables(w)})
		}
	}
	return out
})

// answer is what a few words say behind a question: exactly those that elsewhere say
// something else, or by sound.
func (z *zh) answer(f string, exactly bool) Command {
	const (
		most  = 6    // syllables
		alike = 0.7  // at least
		lead  = 0.12 // before what sounds like an answer of another kind
	)
	if exactly {
		switch f {
		case "就这个", "就这个吧", "就这个啊": // and not: that is all
			return Command{Kind: Yes, Certain: 1}
		}
		return Command{}
	}
	units := lang.Syllables(lang.Numerals(f)) // 第1个
	if len(units) < 2 || len(units) > most || z.shortQuestion.MatchString(f) {
		return Command{}
	}
	best, other := Command{}, 0.0
	for _, a := range chineseAnswers() {
		s := 1 - float64(lang.Apart(units, a.units, lang.Alike))/float64(max(len(units), len(a.units)))
		switch {
		case s > best.Certain && a.kind == best.Kind:
			best.Certain = s
		case s > best.Certain:
			best, other = Command{Kind: a.kind, Certain: s}, best.Certain
		case a.kind != best.Kind:
			other = max(other, s)
		}
	}
	if best.Certain < alike || best.Certain-other < lead {
		return Command{}
	}
	return best
}

// answer is what a few words say behind a question.
func (e *en) answer(f string, exactly bool) Command {
	switch strings.Join(lang.Words(f), " ") {
	case "that is it", "that is the one", "that one", "yes that is it", "yeah that is it": // and not: that is all
		if exactly {
			return Command{Kind: Yes, Certain: 1}
		}
	case "yes sir", "yes sir yes sir", "yes ma am": // what a short yes or yeah is heard as, too
		if !exactly {
			return Command{Kind: Yes, Certain: 0.9}
		}
	}
	return Command{}
}
