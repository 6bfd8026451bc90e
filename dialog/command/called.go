package command

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"hotline/dialog/internal/lang"
)

// Called is what people say who were called and do not want to be, or not now.
type Called string

// What is said.
const (
	CalledNone    Called = ""
	DoNotCall     Called = "do_not_call"    // never again
	WrongPerson   Called = "wrong_person"   // somebody else's number
	NotNow        Called = "not_now"        // another time
	NotInterested Called = "not_interested" // in this
)

type calledRules struct {
	never, ever, other, wrong, busy, absent, uninterested *regexp.Regexp
	question                                              *regexp.Regexp // English: asks about calls
}

var zhCalled = sync.OnceValue(func() calledRules {
	return calledRules{
		// what follows 打 decides whether it is a call: see notACall
		never: regexp.MustCompile(`(?:别|不要|不许|不准|请勿|禁止|甭|不想|少|不用|求你别)(?:再|老是|老|总是|总|一直|天天|继续|随便|接到?|收到?)*(?:(?:给|跟|往|骚扰|打扰|联系)(?:我们家|我们|我家|我|这个号码|这个号|这边|这里|这儿|这)?)?(?:的?手机)?(?:打扰|骚扰|联系|打|拨|来|发|接到?(?:你们|这种|这类)[^ ]{0,4}电话)(?:这种|这类|那种|推销|骚扰|什么)?(?:的)?(?:电话|来电)?(?:过来|来|给我|我)?` +
			`|(?:拉黑|拉进黑名单|黑名单|退订|取消订阅|停止拨打|停止呼叫|不再接听)` +
			`|(?:把)?(?:我|我的|这个)(?:的)?(?:号码?|电话|手机号?|名字|信息|资料)?(?:从)?[^ ]{0,8}(?:删了|删掉|删除|移除|去掉|注销掉|拿掉)` +
			`|(?:从|把)[^ ]{0,8}(?:名单|名册|列表)[^ ]{0,4}(?:删|移|去|划|拿)`),
		ever:         regexp.MustCompile(`以后|永远|再也|再打|不要再|别再|骚扰|投诉|举报|报警|打扰|老打|天天打|一天到晚|总打`),
		other:        regexp.MustCompile(`打(?:另外|别的|另一|我的?(?:手机|座机|公司|办公|另))|换个?(?:号|电话)打|别(?:现在|这会|这个(?:时间|点)|在)|(?:现在|这会儿?)(?:别|不要)`),
		wrong:        regexp.MustCompile(`^(?:喂 ?|你好 ?|不好意思 ?|对不起 ?|那个 ?|啊 ?|哦 ?)*(?:你|您|你们|您们)?(?:是不是|应该是?|肯定|可能是?)?(?:打|拨|找)错(?:人|号码?|电话|地方)?了?(?:吧|哦|啊|呀|了)*(?:$| )|(?:我|这里|这|这边)?(?:不是|没有)(?:你(?:要)?找的)?(?:他|她|本人|机主|这个人|那个人|这人|叫这个(?:名字)?的?人?)(?:$| |啊|呀|吧|了)|^(?:喂 ?|你好 ?)*我(?:可)?不(?:是|姓)[^ 我你什么要这那来想在说问买]{1,6}(?:先生|女士|小姐|太太|老师|总)?(?:$| |啊|呀|吧)|(?:号码?|手机|电话)(?:已经|早就?)?(?:换(?:人|主)了|不是(?:他|她)的?了)|不认识(?:他|她|这个?人|这人)`),
		busy:         regexp.MustCompile(`(?:现在|这会儿?|目前|我|今天|暂时|真的?)*(?:不|没)(?:太|大|怎么|是很)?(?:方便|有空|得空|空|时间)(?:接(?:电话|听)?|说话?|讲话?|聊|听|谈)?(?:$| |啊|呀|呢|吧|了|哦|,)|(?:我|正|在|正在|还在|这会儿?|现在)+(?:开会|开着会|开车|开着车|上班|上课|忙|睡觉|吃饭|做饭|带孩子|医院|外面|路上|地铁|飞机|洗澡|考试|面试|打针|手术)|忙着呢|(?:晚点|晚些|晚一点|待会儿?|等会儿?|等一会儿?|一会儿?|过会儿?|过一会儿?|过一阵|回头|改天|改日|下次|换个时间|另外找个?时间|过几天|明天|后天|下午|晚上|上午|中午|早上|以后|之后)[^ ]{0,8}(?:打(?:过来|给我|来|吧|$| )|联系我?|再说|再聊|再讲|说吧)`),
		absent:       regexp.MustCompile(`(?:他|她|本人|机主|我(?:爸|妈|老公|老婆|爱人|儿子|女儿|先生|太太)[^ ]{0,2})(?:现在|这会儿?|今天)?(?:不在|出去了|出门了|没在|不方便|在忙|睡了)`),
		uninterested: regexp.MustCompile(`^(?:我 ?|嗯 ?|哦 ?|啊 ?|不好意思 ?|对不起 ?|谢谢 ?|那个 ?)*(?:不|没)(?:有|太|是很)?(?:感)?(?:兴趣|需要|考虑|打算买|想买|想要|办|买|弄|参加)(?:这个|了|的|啊|呀|吧|哈|哦|谢谢| )*$|^(?:不用了|不要了|算了)(?: ?谢谢)?$`),
	}
})

var enCalled = sync.OnceValue(func() calledRules {
	return calledRules{
		never: regexp.MustCompile(`\b(?:do not|never|please stop|stop|quit|no more|not want you|not want you to|not want|not like)(?: (?:you|ever|to|keep|be|being|getting|get|any more|any|these|those|the|your|more|of|with))* (?:call|calling|calls|ring|ringing|phone|phoning|phone calls|contact|contacting|bother|bothering|harass|harassing|dial|dialing)\b` +
			`|\b(?:take|get|remove|delete|strike|drop)(?: (?:me|us|my number|my name|our number|this number|that number|it|my details|my phone))+(?: (?:off|from|out))\b|\b(?:remove|delete) (?:me|my number|my name|this number)\b` +
			`|\b(?:off|on) (?:of )?(?:your|the|that|this) (?:do not call|calling|call|marketing|phone|mailing)? ?list\b|\bdo not call (?:list|registry)\b|\bunsubscribe\b|\bopt (?:me )?out\b|\blose (?:my|this|our) number\b|\bblock (?:my|this) number\b`),
		ever:         regexp.MustCompile(`\b(?:again|ever|any ?more|never|harass|harassing|list|unsubscribe|remove|stop)\b`),
		other:        regexp.MustCompile(`\b(?:call|ring|phone|try)(?: me)? (?:on|at) (?:my|the|another|a different) (?:mobile|cell|work|office|home|other|number|landline)\b|\bdo not call(?: me)? (?:at work|now|right now|at this|this early|this late|before|during|while|when|sir|madam)\b`),
		question:     regexp.MustCompile(`^(?:why|when|how|what|where)\b|\bcan not call\b|\b(?:you|they|he|she|courier|driver|agent|technician|nobody|people|guys) (?:never|do not|did not|will not)\b`),
		wrong:        regexp.MustCompile(`\b(?:wrong number$|wrong number (?:sorry|here|mate|love|thanks|i|you|buddy|my)|wrong person|(?:i am|this is) not (?:him|her|them|that person|who you)|(?:no|not any|nobody|no one)(?: one| body)? (?:here )?(?:by|with|called|of) (?:that|this)(?: name)?|no one here by that name|does not live here|not (?:his|her) (?:number|phone)|do not know (?:him|her|that person|who that is)|never heard of (?:him|her|that person)|changed hands)\b`),
		busy:         regexp.MustCompile(`\b(?:(?:not|is not)(?: \w+){0,3} (?:good|great|best|convenient|right) (?:time|moment)|bad (?:time|moment)|inconvenient|can not (?:talk|speak|chat|take this|do this)(?: right)?(?: now)?|(?:i am|am|i was|just|kind of|a bit|really|very|too|pretty) (?:busy|driving|working|eating|sleeping|in bed)|(?:in|into|at|having) (?:a |the |my )?(?:meeting|work|class|middle of|car|dinner|lunch|doctor|hospital|shower|appointment)|no time|not have time|not have a minute|(?:call|ring|try|phone)(?: me)?(?: again| back)? (?:later|another time|tomorrow|tonight|in|at|after|around|this|next|on|some other)|maybe later|some other time|another time|not (?:right )?now)\b`),
		absent:       regexp.MustCompile(`\b(?:he|she|they|my (?:wife|husband|dad|mom|mum|father|mother|son|daughter|partner)) (?:is|are|s)? ?(?:not (?:here|in|home|available|around)|out|away|at work|asleep|busy)\b`),
		uninterested: regexp.MustCompile(`^(?:(?:no|oh|sorry|um|uh|thanks|thank you|i am|i|we are|well|really|just) )*(?:not (?:really )?interested|no interest|not want (?:it|any|one)|do not (?:want|need) (?:it|any|one|that|anything|this)|no need)(?: (?:in (?:this|that|it)|thanks|thank you|sorry|at all|really))*$`),
	}
})

// zhNoCall are characters that make something else of a 打: 打开, 打折, 打印.
const zhNoCall = "开折印包扫架断针卡水车字游听赏款钱球牌拍算理错动破碎上下底入"

// Called reads what somebody says who was called. A wish to be called at another time
// is NotNow, however it is put (别现在打); DoNotCall is left alone by doubt.
func (r *Recognizer) Called(text string) Called {
	f := lang.Fold(text)
	if f == "" {
		return CalledNone
	}
	if _, ok := r.l.(*zh); ok {
		return zhSays(zhCalled(), f)
	}
	return enSays(enCalled(), strings.Join(lang.Words(f), " "))
}

func zhSays(c calledRules, f string) Called {
	const short = 26 // who explains at length asks about something
	runes := utf8.RuneCountInString(f)
	busy := c.busy.MatchString(f) || c.absent.MatchString(f)
	if runes <= 2*short && zhNever(c, f) && !c.other.MatchString(f) && (!busy || c.ever.MatchString(f)) {
		return DoNotCall
	}
	switch {
	case runes > short:
		return CalledNone
	case c.wrong.MatchString(f):
		return WrongPerson
	case busy, c.other.MatchString(f):
		return NotNow
	case c.uninterested.MatchString(f):
		return NotInterested
	}
	return CalledNone
}

// zhNever says whether one of the places that look like a wish not to be called is one.
func zhNever(c calledRules, f string) bool {
	for _, at := range c.never.FindAllStringIndex(f, -1) {
		last, _ := utf8.DecodeLastRuneInString(f[:at[1]])
		next, _ := utf8.DecodeRuneInString(f[at[1]:])
		if last == '打' && strings.ContainsRune(zhNoCall, next) || (last == '来' || last == '发') && !strings.ContainsAny(f[at[0]:at[1]], "打拨") {
			continue // 别来, 不要发: of what?
		}
		if strings.HasPrefix(f[at[0]:], "不用") && !c.ever.MatchString(f) {
			continue // 不用打了: this once
		}
		return true
	}
	return false
}

func enSays(c calledRules, f string) Called {
	const short = 16
	words := len(strings.Fields(f))
	if c.question.MatchString(f) {
		return CalledNone
	}
	busy := c.busy.MatchString(f) || c.absent.MatchString(f)
	if words <= 2*short && c.never.MatchString(f) && !c.other.MatchString(f) && (!busy || c.ever.MatchString(f)) {
		return DoNotCall
	}
	switch {
	case words > short:
		return CalledNone
	case c.wrong.MatchString(f):
		return WrongPerson
	case busy, c.other.MatchString(f) && strings.Contains(f, "call"):
		return NotNow
	case c.uninterested.MatchString(f):
		return NotInterested
	}
	return CalledNone
}

// NoCalls says whether somebody who has called us himself says that he does not want
// to be called: by more than a word that could be about an account or a parcel.
func (r *Recognizer) NoCalls(text string) bool {
	if r.Called(text) != DoNotCall {
		return false
	}
	f := lang.Fold(text)
	if _, ok := r.l.(*zh); ok {
		return zhCalled().ever.MatchString(f) && (strings.ContainsAny(f, "打拨") || strings.Contains(f, "来电") || strings.Contains(f, "电话"))
	}
	return enCalled().ever.MatchString(f) && aboutCalls().MatchString(f)
}

var aboutCalls = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b(?:call|calling|calls|ringing|phoning|call list|calling list)\b`)
})
