package answer_test

import "hotline/internal/call/answer"

// A text is a template of what one who answers says: pieces with pauses between. Of
// {name}, {org}, {number} one is put in. Whole templates are for tuning or for
// measuring, never for both.
type text struct {
	who    answer.Who
	notice answer.Notice
	pieces []string
}

const (
	pv = answer.Person
	pp = answer.Voicemail
	pm = answer.Menu
	ps = answer.Screening
)

var names = map[string][]string{
	"zh": {"王伟", "李娜", "张敏", "刘洋", "陈静", "杨帆", "赵磊", "黄丽", "周强", "吴霞", "徐明", "孙悦"},
	"en": {"John Miller", "Sarah", "Mike", "Emily Clark", "David", "Karen Lopez", "Tom", "Anna", "Peter Brown", "Lisa", "Robert", "Julia"},
}

var orgs = map[string][]string{
	"zh": {"云上商城", "东方物业", "仁爱医院", "天成物流", "阳光保险", "海天酒店", "和平银行", "新华书店"},
	"en": {"Green Valley Dental", "Acme Supplies", "Lakeside Clinic", "Harbor Hotel", "First City Bank", "Nolan and Sons", "Sunrise Pharmacy", "Metro Logistics"},
}

var numbers = map[string][]string{
	"zh": {"一三八零零一三八", "五八七六二一零三", "八零零八", "六六二一", "三零一七"},
	"en": {"five five five, one two three four", "seven oh two", "four one nine, eight eight", "six three two oh", "nine oh one"},
}

var texts = map[string][]text{
	"zh": {
		{who: pv, pieces: []string{"喂？"}},
		{who: pv, pieces: []string{"喂，你好。"}},
		{who: pv, pieces: []string{"你好。"}},
		{who: pv, pieces: []string{"您好。"}},
		{who: pv, pieces: []string{"喂，哪位？"}},
		{who: pv, pieces: []string{"喂，您好，请讲。"}},
		{who: pv, pieces: []string{"你好，请问哪位？"}},
		{who: pv, pieces: []string{"喂，谁呀？"}},
		{who: pv, pieces: []string{"哎，你好。"}},
		{who: pv, pieces: []string{"喂喂，听得到吗？"}},
		{who: pv, pieces: []string{"嗯，你说。"}},
		{who: pv, pieces: []string{"喂，我是{name}。"}},
		{who: pv, pieces: []string{"你好，{org}。"}},
		{who: pv, pieces: []string{"喂，什么事？"}},
		{who: pv, pieces: []string{"喂。", "喂？"}},
		{who: pv, pieces: []string{"喂，你找谁？"}},
		{who: pv, pieces: []string{"您好，{org}，请问有什么可以帮您？"}},
		{who: pv, pieces: []string{"喂，你好，我在开车，你快点说。"}},
		{who: pv, pieces: []string{"哪里？"}},
		{who: pv, pieces: []string{"是我，怎么了？"}},

		{who: pp, pieces: []string{"您好，我是{name}。", "我现在不方便接听电话，请在嘀声后留言，我会尽快给您回电。"}},
		{who: pp, pieces: []string{"您拨打的用户暂时无法接听，请在滴声后留言。"}},
		{who: pp, pieces: []string{"您好，欢迎使用语音信箱，请在听到提示音后开始留言，留言结束请挂机。"}},
		{who: pp, pieces: []string{"你好，这里是{name}的电话，我现在不在，有事请留言，谢谢。"}},
		{who: pp, pieces: []string{"您好，您已进入{name}的语音信箱，请留下您的姓名和电话，我会尽快回复您。"}},
		{who: pp, pieces: []string{"不好意思，我暂时接不了电话。", "请留个言，我看到会打给您。"}},
		{who: pp, pieces: []string{"您好，{org}现在已经下班，请在哔声之后留下您的姓名、电话和事由。"}},
		{who: pp, pieces: []string{"用户{number}无法接听您的来电，请在提示音后录制您的留言。"}},
		{who: pp, pieces: []string{"喂，你好，我是{name}，我在开会，听到嘟的一声以后请给我留言。"}},
		{who: pp, pieces: []string{"主人现在不在家，请在信号音后留下口信，我们会给您回电话。"}},
		{who: pp, pieces: []string{"您好，这里是自动答录机，请在滴的一声之后讲话。", "谢谢。"}},
		{who: pp, pieces: []string{"对不起，现在没有人能接听您的电话，请留下您的留言，我们会在一个工作日内回复。"}},

		{who: pm, pieces: []string{"您好，欢迎致电{org}。", "售前咨询请按一，售后服务请按二，人工服务请按零。"}},
		{who: pm, pieces: []string{"感谢您致电{org}，请直拨分机号，查号请拨零。"}},
		{who: pm, pieces: []string{"{org}欢迎您，普通话请按一，英文请按二。"}},
		{who: pm, pieces: []string{"您好，{org}，为了提高服务质量，通话将被录音。", "个人业务请按一，公司业务请按二。"}},
		{who: pm, pieces: []string{"欢迎使用{org}语音导航，请说出您要办理的业务，转人工请按零。"}},
		{who: pm, pieces: []string{"您好，这里是{org}总机，请拨分机号码，按井号结束。"}},
		{who: pm, pieces: []string{"自助服务请按一，密码服务请按二，投诉建议请按三，返回请按星号。"}},
		{who: pm, pieces: []string{"您好，请输入您的会员号码，按井号键确认，重听请按九。"}},
		{who: pm, pieces: []string{"{org}提醒您谨防诈骗。", "挂号请按一，体检预约请按二，其他请按三。"}},
		{who: pm, pieces: []string{"感谢来电，现在为您转接，销售部请拨八零一，财务部请拨八零二。"}},
		{who: pm, pieces: []string{"您好，{org}客户服务热线，订单查询请按一，退换货请按二。"}},
		{who: pm, pieces: []string{"欢迎拨打{org}，查询请按一，办理请按二，投诉请按三，重复收听请按星。"}},

		{who: ps, pieces: []string{"您好，我是机主的智能秘书，请问您有什么事情，我会帮您转达。"}},
		{who: ps, pieces: []string{"您好，机主现在不方便接听，我是他的语音助手，请问您是哪位？"}},
		{who: ps, pieces: []string{"你好，我是{name}的来电助理，请问您找他有什么事？"}},
		{who: ps, pieces: []string{"您好，这里是人工智能助理，正在为机主代接电话，请说明您的来意。"}},
		{who: ps, pieces: []string{"喂，您好，我是电话秘书，您有什么事可以跟我说，我会转告机主。"}},
		{who: ps, pieces: []string{"您好，请报上您的姓名和来电原因，我帮您看看机主是否方便接听。"}},
		{who: ps, pieces: []string{"您好，本机已开启骚扰拦截，请说出您的来电目的。"}},
		{who: ps, pieces: []string{"你好，我是小秘书，机主正忙，有什么事情需要我记录吗？"}},
		{who: ps, pieces: []string{"您好，我是通话助手，由我为{name}代为接听，请问怎么称呼您？"}},
		{who: ps, pieces: []string{"您好，我是手机智能助手，请问您是谁，打电话来有什么事？"}},

		{answer.Announcement, answer.InvalidNumber, []string{"您好，您拨打的号码是空号，请查证后再拨。"}},
		{answer.Announcement, answer.InvalidNumber, []string{"对不起，您拨打的号码不存在，请核对后再拨。"}},
		{answer.Announcement, answer.InvalidNumber, []string{"您所拨打的号码为空号，请核实后再拨。"}},
		{answer.Announcement, answer.PoweredOff, []string{"对不起，您拨打的电话已关机。"}},
		{answer.Announcement, answer.PoweredOff, []string{"您好，您所拨打的用户已关机，请稍后再拨。"}},
		{answer.Announcement, answer.PoweredOff, []string{"您呼叫的用户手机已经关机，请您稍后再拨。"}},
		{answer.Announcement, answer.Suspended, []string{"对不起，您拨打的电话已停机。"}},
		{answer.Announcement, answer.Suspended, []string{"您好，您拨打的用户已暂停服务。"}},
		{answer.Announcement, answer.Suspended, []string{"您所拨打的号码已停机，请稍后再拨。"}},
		{answer.Announcement, answer.InCall, []string{"对不起，您拨打的电话正在通话中，请稍后再拨。"}},
		{answer.Announcement, answer.InCall, []string{"您好，您拨打的用户正忙，请稍后再拨。"}},
		{answer.Announcement, answer.InCall, []string{"您呼叫的用户正在通话，请您稍后再拨。"}},
		{answer.Announcement, answer.Unreachable, []string{"对不起，您拨打的电话暂时无法接通，请稍后再拨。"}},
		{answer.Announcement, answer.Unreachable, []string{"您拨打的用户不在服务区，请稍后再拨。"}},
		{answer.Announcement, answer.Unreachable, []string{"您好，您所拨打的电话无法接通。"}},
		{answer.Announcement, answer.IncomingBarred, []string{"对不起，您拨打的用户已设置呼入限制。"}},
		{answer.Announcement, answer.IncomingBarred, []string{"您好，您拨打的电话已被限制呼入。"}},
		{answer.Announcement, answer.IncomingBarred, []string{"您所拨打的号码呼叫受限，不能接听来电。"}},
		{answer.Announcement, answer.MissedCallService, []string{"您拨打的用户无法接通，来电信息将以短信通知机主，请挂机。"}},
		{answer.Announcement, answer.MissedCallService, []string{"您好，您拨打的用户已关机，来电提醒服务将以短信的形式通知对方。"}},
		{answer.Announcement, answer.MissedCallService, []string{"机主的电话暂时不能接通，我们会发送短信通知您拨打的用户，请您挂机。"}},
		{answer.Announcement, answer.NotAnswered, []string{"对不起，您拨打的电话暂时无人接听，请稍后再拨。"}},
		{answer.Announcement, answer.NotAnswered, []string{"您好，您拨打的用户无人应答，请稍后再拨。"}},
		{answer.Announcement, answer.NotAnswered, []string{"您呼叫的电话没有人接听，请稍后再拨。"}},
		{answer.Announcement, answer.CircuitsBusy, []string{"对不起，线路忙，请稍后再拨。"}},
		{answer.Announcement, answer.CircuitsBusy, []string{"您好，现在网络繁忙，请您稍后再拨。"}},
	},
	"en": {
		{who: pv, pieces: []string{"Hello?"}},
		{who: pv, pieces: []string{"Hello."}},
		{who: pv, pieces: []string{"Hi."}},
		{who: pv, pieces: []string{"Yes?"}},
		{who: pv, pieces: []string{"Hello, who is this?"}},
		{who: pv, pieces: []string{"Hello, this is {name}."}},
		{who: pv, pieces: []string{"{name} speaking."}},
		{who: pv, pieces: []string{"Hey, what's up?"}},
		{who: pv, pieces: []string{"Good morning, {org}."}},
		{who: pv, pieces: []string{"Hello? Can you hear me?"}},
		{who: pv, pieces: []string{"Yeah, hello."}},
		{who: pv, pieces: []string{"Hi, who's calling please?"}},
		{who: pv, pieces: []string{"{org}, how can I help you?"}},
		{who: pv, pieces: []string{"Hello.", "Hello?"}},
		{who: pv, pieces: []string{"Good afternoon, {name} here."}},
		{who: pv, pieces: []string{"Sorry, I'm driving, who is it?"}},
		{who: pv, pieces: []string{"Hello, {name}'s phone."}},
		{who: pv, pieces: []string{"Yes, go ahead."}},
		{who: pv, pieces: []string{"Hi there, {org}, this is {name}, what can I do for you?"}},
		{who: pv, pieces: []string{"What is it?"}},

		{who: pp, pieces: []string{"Hi, you've reached {name}.", "I can't come to the phone right now, please leave a message after the tone."}},
		{who: pp, pieces: []string{"Your call has been forwarded to an automated voice messaging system.", "{number} is not available. At the tone, please record your message."}},
		{who: pp, pieces: []string{"Hello, this is {name}.", "Sorry I missed your call. Leave your name and number and I'll get back to you."}},
		{who: pp, pieces: []string{"You have reached the voicemail of {name}. Please leave a message after the beep."}},
		{who: pp, pieces: []string{"The person you are trying to reach is not available. At the tone please record your message. When you have finished recording, you may hang up."}},
		{who: pp, pieces: []string{"Hey, it's {name}, I'm not here right now, so do your thing at the beep."}},
		{who: pp, pieces: []string{"Hi, we're not home, but if you leave a message we'll call you back."}},
		{who: pp, pieces: []string{"Thank you for calling {org}. Our office is closed. Please leave your name and number after the beep."}},
		{who: pp, pieces: []string{"You've reached the desk of {name} at {org}.", "I am away from my desk. Please leave a detailed message."}},
		{who: pp, pieces: []string{"I'm unable to take your call at the moment. Leave a short message and I will return your call."}},
		{who: pp, pieces: []string{"Welcome to voicemail.", "Nobody is available to take your call. Please speak after the signal."}},
		{who: pp, pieces: []string{"Hello.", "This is {name}, I can't answer the phone just now, wait for the beep and talk to me."}},

		{who: pm, pieces: []string{"Thank you for calling {org}.", "For sales, press one. For support, press two. To speak with an operator, press zero."}},
		{who: pm, pieces: []string{"Welcome to {org}. If you know your party's extension, you may dial it at any time."}},
		{who: pm, pieces: []string{"Hello and welcome to {org}. Please listen carefully as our menu options have changed."}},
		{who: pm, pieces: []string{"You have reached {org}.", "For English, press one. Para espanol, oprima dos."}},
		{who: pm, pieces: []string{"This call may be recorded for quality purposes. Please choose from the following options."}},
		{who: pm, pieces: []string{"{org}. In a few words, please tell me why you are calling, or say agent."}},
		{who: pm, pieces: []string{"Thanks for calling {org}. Press one for appointments, two for billing, or stay on the line."}},
		{who: pm, pieces: []string{"Please enter your account number followed by the pound key."}},
		{who: pm, pieces: []string{"Our hours are nine to five. For directions press three. To repeat this message press star."}},
		{who: pm, pieces: []string{"Main menu. To hear your balance, say balance or press one."}},
		{who: pm, pieces: []string{"Hi, {org} here, to reach our pharmacy dial two, for all other questions dial zero."}},
		{who: pm, pieces: []string{"Your call is important to us. Press nine for the company directory."}},

		{who: ps, pieces: []string{"Hi, the person you're calling is using a screening service from Google, and will get a copy of this conversation.", "Go ahead and say your name and why you're calling."}},
		{who: ps, pieces: []string{"Hello. If you record your name and reason for calling, I'll see if this person is available."}},
		{who: ps, pieces: []string{"Hi, this is {name}'s virtual assistant. May I ask who is calling and what it is about?"}},
		{who: ps, pieces: []string{"Hello, this call is being screened. Please state your name and the purpose of your call."}},
		{who: ps, pieces: []string{"Hi, I'm an automated assistant answering for {name}. Please tell me your name before I connect you."}},
		{who: ps, pieces: []string{"Call assist. Please say your name and why you are calling, and stay on the line."}},
		{who: ps, pieces: []string{"Hello, {name} has asked me to screen calls. Who's calling please, and what is the reason for your call?"}},
		{who: ps, pieces: []string{"Before I try to connect you, can I get your name and what you're calling about?"}},
		{who: ps, pieces: []string{"Hi, you are speaking with the digital assistant of {name}. What is this call about?"}},
		{who: ps, pieces: []string{"Hello, I'm answering on behalf of {name}. Tell me why you're calling and I'll see if they can talk."}},

		{answer.Announcement, answer.InvalidNumber, []string{"We're sorry, the number you have dialed is not in service. Please check the number and dial again."}},
		{answer.Announcement, answer.InvalidNumber, []string{"Sorry, the number you dialed does not exist. Please check it and dial later."}},
		{answer.Announcement, answer.InvalidNumber, []string{"The number you have reached has been disconnected or is no longer in service."}},
		{answer.Announcement, answer.InvalidNumber, []string{"Your call cannot be completed as dialed."}},
		{answer.Announcement, answer.PoweredOff, []string{"Sorry, the subscriber you dialed is powered off."}},
		{answer.Announcement, answer.PoweredOff, []string{"The mobile phone you are calling is switched off. Please try again later."}},
		{answer.Announcement, answer.PoweredOff, []string{"The customer you are calling has turned off the phone, it is turned off."}},
		{answer.Announcement, answer.Suspended, []string{"Sorry, the number you dialed is out of service."}},
		{answer.Announcement, answer.Suspended, []string{"The number you are calling has been temporarily suspended."}},
		{answer.Announcement, answer.InCall, []string{"Sorry, the subscriber you dialed is busy now. Please redial later."}},
		{answer.Announcement, answer.InCall, []string{"The person you are calling is on another call. Please try again later."}},
		{answer.Announcement, answer.InCall, []string{"The line is busy at the moment."}},
		{answer.Announcement, answer.Unreachable, []string{"Sorry, the subscriber you dialed cannot be connected for the moment. Please redial later."}},
		{answer.Announcement, answer.Unreachable, []string{"The customer you are calling cannot be reached at this time."}},
		{answer.Announcement, answer.Unreachable, []string{"The phone you are calling is out of the service area."}},
		{answer.Announcement, answer.IncomingBarred, []string{"Sorry, the number you dialed does not accept incoming calls."}},
		{answer.Announcement, answer.IncomingBarred, []string{"Incoming calls to this subscriber are restricted."}},
		{answer.Announcement, answer.IncomingBarred, []string{"The person you are calling is not accepting calls at this time."}},
		{answer.Announcement, answer.MissedCallService, []string{"The subscriber you dialed is not available, and will be notified of your call by text message."}},
		{answer.Announcement, answer.MissedCallService, []string{"Sorry, we will inform the user of your call by short message. Please hang up."}},
		{answer.Announcement, answer.NotAnswered, []string{"Sorry, the subscriber you dialed does not answer. Please redial later."}},
		{answer.Announcement, answer.NotAnswered, []string{"There is no answer from the number you have dialed. Please try again later."}},
		{answer.Announcement, answer.CircuitsBusy, []string{"We're sorry, all circuits are busy now. Please try your call again later."}},
		{answer.Announcement, answer.CircuitsBusy, []string{"Due to network congestion your call cannot be completed at this time."}},
		{answer.Announcement, answer.MailboxFull, []string{"The mailbox is full and cannot accept any messages at this time. Goodbye."}},
		{answer.Announcement, answer.MailboxFull, []string{"The memory is full.", "The mailbox of {name} is full, please call again later."}},
	},
}
