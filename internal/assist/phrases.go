package assist

import (
	"regexp"
	"strings"
)

// phrase is one of our own sentences for an agent, in the call's language.
func (e *ear) phrase(kind string) ReadyPhrase {
	words := english
	if e.zh() {
		words = mandarin
	}
	return ReadyPhrase{kind, words(kind)}
}

func mandarin(kind string) string {
	switch kind {
	case "sorry":
		return "让您着急了，实在抱歉。这件事我来跟，您先说说现在最要紧的是哪一点。"
	case "complaint":
		return "您的不满我完整记下来。我先说能做什么、什么时候给您答复，您看行不行。"
	case "check":
		return "这个我核实一下再答复您，请稍等。"
	default:
		return "您还有别的事吗？没有的话，感谢来电，再见。"
	}
}

func english(kind string) string {
	switch kind {
	case "sorry":
		return "I'm sorry this has been so frustrating. I'll look after it myself. What matters most to you right now?"
	case "complaint":
		return "I'm writing down everything you told me. Let me say what I can do and when you will hear from us."
	case "check":
		return "Let me check that before I answer, one moment please."
	default:
		return "Is there anything else? If not, thank you for calling, and goodbye."
	}
}

var (
	byeChinese  = regexp.MustCompile(`^(好的?|行|嗯|那)?[，,、]?(就这样|没事了|没有?了|没别的了?|再见|拜拜|先这样|谢谢(您|你|啊)?(再见)?)[。！!，,]?(谢谢|再见|拜拜)?[。！!]?$`)
	byeEnglish  = regexp.MustCompile(`^(ok(ay)?|right|great|alright|well)?[ ,.]*(that'?s (all|it|everything)|nothing else|no,? that'?s (all|it)|good ?bye|bye( bye)?|thanks,? bye|thank you,? (good)?bye)[ .!]*(thanks|thank you|good ?bye|bye)?[ .!]*$`)
	asksChinese = regexp.MustCompile(`[?？]|[吗呢]|怎么|什么|多少|几[天点个块]|哪|能不能|可不可以|是不是|有没有|会不会|为啥|咋|请问|[是对好]吧$|(过|了).{0,10}没有$`)
	asksEnglish = regexp.MustCompile(`\?|\b(what|how|when|where|which|who|why|can|could|do|does|did|is|are|will|would|should)\b (i|you|we|it|the|my|your|there|this|that|long|much|many|do|is|are)\b`)
)

// bye says that the caller is about to go.
func bye(text string, zh bool) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	if zh {
		return byeChinese.MatchString(text)
	}
	return byeEnglish.MatchString(text)
}

// question says that something was asked.
func question(text string, zh bool) bool {
	if zh {
		return asksChinese.MatchString(text)
	}
	return asksEnglish.MatchString(strings.ToLower(text))
}
