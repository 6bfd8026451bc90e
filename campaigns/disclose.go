package campaigns

import "strings"

// What a greeting is looked through for. "Assistant" alone may be a person's title.
var (
	machineWords = []string{
		"机器人", "智能助手", "智能客服", "智能语音", "语音助手", "人工智能", "自动语音", "自动电话", "虚拟助手", "虚拟客服", "智能外呼", "数字人",
		"automated", "a bot", "bot ", "chatbot", "robot", "machine", "virtual assistant", "virtual agent", "digital assistant",
		"voice assistant", "ai assistant", "ai agent", "artificial intelligence", "an ai", "recorded message", "computer",
	}
	denials = []string{
		"不是机器人", "并非机器人", "非机器人", "不是人工智能", "不是智能", "不是自动", "不是虚拟",
		"not a robot", "not a bot", "not a machine", "not an ai", "not automated", "not an automated", "not a computer",
		"no robot", "no machine", "isn't a robot", "isn't a bot", "isn't automated", "isn't a machine",
	}
	recordWords  = []string{"录音", "record"}
	declineWords = []string{
		"不方便", "不需要", "不想接", "不想再接", "说一声", "不要再打", "别再打", "可以挂", "可以拒绝", "随时告诉我", "随时挂断", "方便吗", "方便接听",
		"don't call", "do not call", "don't want", "just say", "just tell me", "no thanks", "not interested", "hang up", "say stop", "say no", "take you off", "good time", "opt out", "rather not",
	}
)

// SaysMachine tells whether a greeting says that a machine calls: what it is in any case
// to say first, 47 CFR 64.1200(b) and others.
func SaysMachine(greeting string) bool {
	text := plainGreeting(greeting)
	return mentions(text, machineWords) && !mentions(text, denials)
}

// SaysRecorded tells whether a greeting says that the call is recorded.
func SaysRecorded(greeting string) bool { return mentions(plainGreeting(greeting), recordWords) }

// SaysDecline tells whether a greeting says that one may say no.
func SaysDecline(greeting string) bool { return mentions(plainGreeting(greeting), declineWords) }

// SaysName tells whether a greeting names the business.
func SaysName(greeting, name string) bool {
	return name == "" || strings.Contains(plainGreeting(greeting), strings.ToLower(strings.TrimSpace(name)))
}

// plainGreeting is small letters, one space between words, straight apostrophes, and
// one space at the end, which ends a word.
func plainGreeting(greeting string) string {
	text := punctuation.Replace(strings.ToLower(greeting))
	return strings.Join(strings.Fields(text), " ") + " "
}

var punctuation = strings.NewReplacer("’", "'", ",", " ", ".", " ", "!", " ", "?", " ", "-", " ")

func mentions(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
