package language

import (
	"regexp"
	"strings"
	"unicode"
)

// Of is the language that a caller's words are in, "" where they are too few to tell: a
// name of goods is no sentence, and "ok" belongs to every language.
func Of(text string) string {
	han, words, telling := count(text)
	switch {
	case han >= 4, han >= 2 && words == 0:
		return "zh"
	case han == 0 && words >= 3 && telling >= 2:
		return "en"
	}
	return ""
}

// heardAs is as Of, of words that a recogniser, which listened for both languages, holds
// to be in this one. "Yes" and "OK" do not change it.
func heardAs(text, language string) bool {
	han, words, telling := count(text)
	switch language {
	case "zh":
		return han >= 3 && words == 0 || Of(text) == "zh"
	case "en":
		return han == 0 && (words >= 3 && telling >= 1 || words >= 5)
	}
	return false
}

// count takes Chinese characters, words of Latin letters but for polite ones, and those
// among them of which English sentences are made.
func count(text string) (han, words, telling int) {
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			han++
		}
	}
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return (r >= unicode.MaxLatin1 || !unicode.IsLetter(r)) && r != '\'' && r != '’'
	}) {
		if strings.Contains(polite, " "+w+" ") {
			continue
		}
		words++
		if strings.Contains(english, " "+strings.ReplaceAll(w, "’", "'")+" ") {
			telling++
		}
	}
	return han, words, telling
}

// polite are words that everybody uses, whatever he speaks: OK, thank you, bye-bye.
const polite = " bye goodbye hello hey hi no ok okay oh please sorry thank thanks you yeah yes "

// english are words that stand in sentences, not in names.
const english = " a about account again am an and any anybody anyone are at back be because been bought broken buy but by call can can't cancel change could " +
	"customer delivered delivery did didn't do does doesn't doing don't english for from get give go going got had has have haven't help here his how " +
	"i i'd i'll i'm i've if in is isn't it it's just know like long looking make me missing much my need new not nobody now of on open or order ordered our " +
	"package parcel person problem received refund return sent service she shipping should someone somebody something speak still talk tell " +
	"thanks that that's the their them there they this time to today tomorrow track trying until was we were what what's when where where's which who why will " +
	"with won't work working would wrong yesterday yet your "

var (
	leadEnglish = `(?:(?:hello|hi|hey|sorry|excuse me|um|oh|well|please|no) )*`
	forEnglish  = regexp.MustCompile(`^` + leadEnglish + `(?:` +
		`(?:(?:do|does|can|could|may|will|would) (?:you|we|i|anyone|anybody|someone|somebody) (?:please )?(?:speak|talk|use|do|have|change to|switch to)(?: in| to me in)? english` +
		`|(?:i'd|i would|i|we) (?:only |just |would )?(?:like|want|prefer|speak|need)(?: to (?:speak|talk|use|do this))?(?: in)? english(?: only)?` +
		`|(?:let's |can we )?(?:speak|talk|in|switch to|change to|use)? ?english` +
		`|is there (?:an )?english)(?: line| service| option| version)?` +
		`|(?:i )?(?:don't|do not|can't|cannot) (?:speak|understand|know)(?: any| much| good)? (?:chinese|mandarin)(?: at all| very well| well)?` +
		`)(?: please| instead)?$`)
	forChineseInEnglish = regexp.MustCompile(`^` + leadEnglish + `(?:` +
		`(?:do|does|can|could|may|will) (?:you|we|i|anyone|anybody|someone|somebody) (?:please )?(?:speak|talk|use|do|have|change to|switch to)(?: in)? (?:chinese|mandarin)` +
		`|(?:i'd|i would|i|we) (?:only |just |would )?(?:like|want|prefer|speak|need)(?: to (?:speak|talk|use))?(?: in)? (?:chinese|mandarin)(?: only)?` +
		`|(?:speak|talk|in|switch to|change to|use)? ?(?:chinese|mandarin)(?: line| service| option)?` +
		`)(?: please| instead)?$`)
	leadChinese = `(?:你好|您好|喂|请问|那个|不好意思|我想|我要|我们|我|咱们|你们|你|您|这里|这边|这|请|麻烦|帮我)*`
	askChinese  = `(?:可以|能不能|可不可以|能|会不会|会|有没有|有|想|要|给我|可否)?`
	manner      = `(?:说|讲|用|换成|换|转成|转到|转|切换到|切换成|切换|改成|改|听|选)`
	tail        = `(?:服务|客服|沟通|交流|说|讲)?(?:吗|么|嘛|吧|行吗|行不行|可以吗|可不可以|好吗|好不好|谢谢|的吗|的)*$`
	forChinese  = regexp.MustCompile(`^` + leadChinese + `(?:` + askChinese + manner + `?(?:中文|汉语|普通话|国语|华语)` + tail +
		`|(?:听不懂|不会说|不会讲|不会|不懂|说不好)(?:英语|英文)$)`)
	forEnglishInChinese = regexp.MustCompile(`^` + leadChinese + `(?:` + askChinese + manner + `(?:英语|英文)` + tail + `|(?:有没有|有)(?:英语|英文)(?:服务|客服|线路)(?:吗)?$)`)
)

// Wished is the language that somebody asks for who asks for nothing else; "" is none.
func Wished(text string) string {
	words := strings.Join(strings.FieldsFunc(strings.ToLower(strings.ReplaceAll(text, "’", "'")), func(r rune) bool {
		return !unicode.IsLetter(r) && r != '\''
	}), " ")
	joined := strings.ReplaceAll(words, " ", "")
	switch {
	case forEnglish.MatchString(words), forEnglishInChinese.MatchString(joined):
		return "en"
	case forChinese.MatchString(joined), forChineseInEnglish.MatchString(words):
		return "zh"
	}
	return ""
}
