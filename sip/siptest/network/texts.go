package network

import "slices"

// What is said, by language. Each line is rendered once.
type phrases struct {
	hello      []string
	agrees     string
	leaves     string
	no         []string
	later      string
	person     string
	wrong      string
	screening  string
	greeting   []string // of a voicemail
	announcing []announcement
}

// announcement is what a carrier says, and what it refuses with then.
type announcement struct {
	text   string
	status int
}

var said = map[string]phrases{
	"zh": {
		hello: []string{"喂，你好。", "喂，哪位？", "您好，请讲。"}, agrees: "好的，可以。", leaves: "没有了，谢谢，再见。",
		no: []string{"别再打了。", "不要再给我打电话了。"}, later: "我现在没空，下午三点再打给我吧。", person: "转人工。", wrong: "你打错了，我不认识这个人。",
		screening: "您好，我是机主的智能秘书，请问您有什么事情，我会帮您转达。",
		greeting:  []string{"您好，我现在不方便接听电话，请在嘀声后留言。", "您拨打的用户暂时无法接听，请在滴声后留言。"},
		announcing: []announcement{
			{"您好，您拨打的号码是空号，请查证后再拨。", 404},
			{"对不起，您拨打的电话已关机。", 480},
			{"对不起，您拨打的电话已停机。", 480},
			{"对不起，您拨打的电话正在通话中，请稍后再拨。", 486},
			{"对不起，您拨打的电话暂时无法接通，请稍后再拨。", 480},
		},
	},
	"en": {
		hello: []string{"Yes, hello, who is calling?", "Hello, who is this?", "Hi, this is Anna."}, agrees: "Yes, that is fine.", leaves: "No, that is all, goodbye.",
		no: []string{"Take me off your list.", "Please don't call me again."}, later: "I'm busy right now, call me back at three in the afternoon.", person: "I want to talk to a person.", wrong: "You have the wrong number.",
		screening: "Hello, this call is being screened. Please state your name and the purpose of your call.",
		greeting:  []string{"You have reached the voicemail of Anna. Please leave a message after the beep.", "I'm unable to take your call at the moment. Leave a short message after the tone."},
		announcing: []announcement{
			{"We're sorry, the number you have dialed is not in service. Please check the number and dial again.", 404},
			{"The mobile phone you are calling is switched off. Please try again later.", 480},
			{"The person you are calling is on another call. Please try again later.", 486},
		},
	},
}

// Texts is all that may be said in a language, to be rendered beforehand.
func Texts(language string) []string {
	p := said[language]
	out := slices.Concat(p.hello, p.no, p.greeting, []string{p.agrees, p.leaves, p.later, p.person, p.wrong, p.screening})
	for _, a := range p.announcing {
		out = append(out, a.text)
	}
	return out
}
