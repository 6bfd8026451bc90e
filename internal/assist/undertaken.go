package assist

import (
	"regexp"
	"slices"
	"strings"
)

// undertakings are the ways in which an agent says that something is to be done after the
// call: by himself or by others; as what is going on; as done, where what he did only sets
// it going ("I've booked a pickup"); as what the caller is to wait for.
type undertakings struct {
	at   *regexp.Regexp // now, in the call: then it is nothing that stays open
	find []*regexp.Regexp
}

const (
	byThem = `(?:i|we|he|she|they|somebody|someone|a (?:colleague|technician|driver|courier|manager|supervisor)|(?:our|my) (?:\w+ )?\w+|the (?:team|technician|engineer|plumber|driver|courier|carrier|warehouse|manager|supervisor|bank|office|shop|store|supplier|repair \w+|\w+ (?:team|department|desk|office)))`
	later  = `(?:today|tonight|tomorrow|midnight|this (?:week|afternoon|morning|evening)|next (?:week|month|\w+day)|(?:by|before|until|on) (?:the end|noon|midnight|tonight|tomorrow|friday|\w+day|\d)|within (?:a |an |the )?\w+|in (?:the next )?(?:a|an|one|two|three|four|five|six|seven|ten|\d+)(?: or \w+| to \w+)? (?:business |working )?(?:hours?|days?|minutes?|weeks?)|(?:mon|tues|wednes|thurs|fri|satur|sun)day)`
)

var undertakenEnglish = undertakings{
	at: regexp.MustCompile(`\b(?:one|a|just a|half a) (?:moment|second|sec|minute|tick)\b|\bbear with me\b|\bhold (?:on|the line)\b|\bhang on\b|\bput(?:ting)? you (?:on hold|through)\b|\btransfer(?:ring)? you\b|\bwhile (?:you're|we're|i have you) (?:on|here)\b`),
	find: []*regexp.Regexp{
		regexp.MustCompile(`\b` + byThem + `(?:'ll| will| am going to|'m going to| are going to|'re going to| is going to|'s going to)\b.{0,48}\b(?:call|ring|phone|send|e-?mail|text|message|check|ask|register|submit|file|follow|arrange|book|organi[sz]e|schedule|order|get|let (?:you|them|him|her) know|look into|find out|investigate|review|refund|credit|replace|swap|reship|re-?send|ship|post|mail|pop|drop|deliver|collect|pick|come|visit|be (?:there|with you|round|out|in touch)|contact|inform|raise|pass|forward|escalate|chase|speak|talk|report|put (?:in|it|that|a|you down|you on|you in)|process|issue|sort|make (?:sure|a note|certain)|note|confirm|update|take it up)`),
		regexp.MustCompile(`\bwe(?:'d| would)(?: then)? (?:re-?send|reship|ship|send|call|ring|refund|replace|collect|deliver|repair|post)\b`),
		regexp.MustCompile(`\b(?:i|we)(?:'m| am|'re| are)(?: \w+ly| just| now| also| going ahead and)? (?:sending|putting (?:in|it|that|you|a|through)|asking|submitting|booking|arranging|organi[sz]ing|raising|filing|ordering|passing|forwarding|escalating|requesting|scheduling|leaving (?:you |him |her |them )?(?:a|some) (?:note|message)|setting (?:up|that|it|you)|opening|logging|registering|e-?mailing|texting|posting|shipping|reshipping|re-?sending|refunding|crediting|processing|issuing|replacing|chasing|reporting|flagging|getting (?:someone|somebody|them|him|her|a|an|one|our|the)|having (?:someone|somebody|our|the|a))\b`),
		regexp.MustCompile(`\b(?:i|we)(?:'ve| have)?(?: just| now| already| also| gone ahead and)? (?:booked|scheduled|arranged|organi[sz]ed|requested|ordered|submitted|filed|raised|logged|escalated|reported|flagged|reserved|opened|placed|asked (?:the|our|my|for|them|him|her|someone|a)|set (?:up|you up)|passed (?:it|that|this|your|on)|forwarded|put (?:you|in|it|that|through|a)|sent (?:it|that|this|your \w+) (?:up|over|on|off|across|back|to (?:the|our|my))|left (?:a|them a|him a|her a) (?:note|message)|added you)\b`),
		regexp.MustCompile(`\b(?:has|have|'s|'ve|is|are) (?:been |being )(?:booked|scheduled|arranged|requested|ordered|submitted|raised|logged|escalated|reported|passed|forwarded|processed|reviewed|prepared|put (?:in|through)|sent (?:up|over|on|back|to (?:the|our)))\b`),
		regexp.MustCompile(`\b(?:on (?:its|their|his|her) way|under review|in progress|(?:still )?pending|on (?:the|our|a) (?:waiting )?list|in the (?:post|mail))\b`),
		regexp.MustCompile(`\b(?:it|that|this|yours|your \w+|your \w+ \w+|(?:a|the) (?:new|other|corrected|replacement|second) ?\w*|the (?:replacement|refund|parcel|money|credit|part|invoice|amount|charge)|he|she|they|someone|somebody|the (?:technician|engineer|driver|courier)|both)(?:'s|'ll| is| are| will| should| would)?(?: \w+ly| then| just)? (?:be )?(?:go|goes|going|ship|ships|shipping|leave|leaves|leaving|arrive|arrives|arriving|come|comes|coming|land|lands|clear|clears|show|appear|reach|turn up|with you|back|ready|due|out|refunded|delivered|collected|picked up|reviewed|processed|credited|replaced)\b.{0,40}\b` + later + `\b`),
		regexp.MustCompile(`\b(?:goes|go|going)(?: back| out| straight)? (?:to|onto|into) your (?:card|account|bank|wallet|inbox|e-?mail)\b`),
		regexp.MustCompile(`\byou(?:'ll| will| should)(?: \w+ly| then)? (?:get|receive|hear|have|see)\b.{0,48}\b(?:from (?:us|them|me|him|her|our|the)|either way|back|once|when|as soon as|` + later + `)\b`),
		regexp.MustCompile(`\b(?:once|as soon as|when|if) (?:we|i|it|that|they|you|he|she)\b.{0,60}\b(?:we|i|goes to)(?:'ll|'d| will| would| can)?\b`),
	},
}

const (
	atChinese   = `(我|我们|这边|同事|师傅|主管|经理|专员|仓库|财务|快递员?|厂家|门店|技术)`
	timeChinese = `(今天|今晚|今早|明天|明早|明晚|后天|大后天|当天|当晚|下周.?|这周.?|周[一二三四五六日天]|星期[一二三四五六日天]|月底|月初|[0-9一二两三四五六七八九十半]+个?(多)?(小时|钟头|分钟|天|工作日)(之内|以内|内|后|左右))`
)

var undertakenChinese = undertakings{
	at: regexp.MustCompile(`稍等|请稍|等一下|别挂|不要挂|转接|帮您转|给您转(过去|人工|接)|我(先|来|去|这边|再)?(给您|帮您)?(联系|问|查|看|核实|催)(一下|下)(师傅|仓库|同事|快递|情况)?[。！]?$`),
	find: []*regexp.Regexp{
		regexp.MustCompile(atChinese + `(会|来|去|再|就|马上|现在|今天|明天|这就)?.{0,12}(回个?电话?|打个?电话|回复|答复|打给|联系|登记|提交|申请|跟进|核实|反馈|安排|寄|发给|补发|退款|上门|通知|催|处理|派|上报|备注|拦截|加急|转给|转到|转交)|(稍后|晚点|回头).{0,8}(给|联系|回|打)`),
		regexp.MustCompile(`((已经?|都|先|在|这就|马上|重新)?(给|帮|替|为)(您|你)|(我|我们|这边)(已经?|都|先|刚|这就)+)[^可能不没，。]{0,10}(提交|登记|派单|派了|预约|约了|约好|约的|下单|补发|安排|申请|上报|反馈|备注|拦截|加急|催|留言|报修|建单|开单|开了单|订了|发起|报上去|报了|记下来|转给|转到|转交|留了|预留|排上|排到)`),
		regexp.MustCompile(`(师傅|快递(员|小哥)?|同事|仓库|专员|主管|经理|财务|工程师|门店|厂家|技术).{0,14}(上门|过去|过来|到(您|你)(家|那)|联系|打(电话|给)|回电|回复|审|取件|取货|通知|送过)`),
		regexp.MustCompile(`(^|[^计常般])` + timeChinese + `[^可能不没，。]{0,14}(寄|发出|发货|发到|发给|发您|到账|到货|送到|送达|到(您|你)?(家|店|手|门口)|上门|过去|过来|退回|退到|退给|处理|回复|答复|通知|打给|联系|重开|补发|开出|开好|修好|取件|取货|审)`),
		regexp.MustCompile(`会(有|再|给您|用|以)?(短信|电话|邮件|专人|人|师傅|同事)?(通知|联系|回复|答复|回电|打给)(您|你)?|会(给|跟|和)(您|你)(发|打|寄|退|补|换|送|联系|回)|(短信|电话|邮件)(通知|告诉|联系)(您|你)|等(我们|这边|我)?(的)?(通知|电话|消息|短信)`),
		regexp.MustCompile(`(审(核|批)?(完|过|通过)|收到|到货|核实|确认|拦截成功|检测|质检)(了|之后|以后|后|完)?.{0,10}(给(您|你)|会|再|就|重新|安排|当天)`),
	},
}

var (
	offerEnglish  = regexp.MustCompile(`\b(?:(?:do you |would you )?(?:want|like) me to|shall i|should i|how about i|what if i) (.+)`)
	offerChinese  = regexp.MustCompile(`(?:要不要|需不需要|需要|用不用|要)?(我.+?|给您.+?|帮您.+?)(?:，?(?:可以|好|行|成|您看行|您看可以)?[吗吧么]|，?(?:好不好|行不行|可不可以|您看呢))[？?。]?$`)
	acceptEnglish = regexp.MustCompile(`^(?:oh |well |um )?(?:yes|yeah|yep|yup|please|sure|ok|okay|all right|alright|right|go ahead|go on|great|perfect|lovely|fine|sounds|that would|that'd|that works|if you (?:could|would)|absolutely|definitely|thank)\b`)
	acceptChinese = regexp.MustCompile(`^(?:嗯+|哦)?[，,]?(?:好|行|可以|要的|要$|要[，。吧]|对|是的|麻烦|那(?:好|行|就|麻烦|太)|成|没问题|得嘞|谢谢|嗯)`)
)

// offers says that an agent asks whether something shall be done after the call.
func offers(text string, zh bool) bool {
	if zh {
		m := offerChinese.FindStringSubmatch(text)
		return m != nil && undertaken(m[1], zh)
	}
	m := offerEnglish.FindStringSubmatch(strings.ToLower(strings.ReplaceAll(text, "’", "'")))
	return m != nil && undertaken("I'll "+strings.TrimRight(m[1], "? "), zh)
}

// accepts says that the caller takes what was offered.
func accepts(text string, zh bool) bool {
	if zh {
		return acceptChinese.MatchString(text)
	}
	return acceptEnglish.MatchString(strings.ToLower(text))
}

// undertaken says that somebody is to do something after the call.
func undertaken(text string, zh bool) bool {
	if question(text, zh) && strings.ContainsAny(text, "?？吗") {
		return false
	}
	if slices.ContainsFunc(promises(text, zh), func(p promise) bool { return p.kind != money }) {
		return true // who pays is told, not open
	}
	u := &undertakenEnglish
	if zh {
		u = &undertakenChinese
	} else {
		text = strings.ToLower(strings.ReplaceAll(text, "’", "'"))
	}
	if u.at.MatchString(text) {
		return false
	}
	return slices.ContainsFunc(u.find, func(r *regexp.Regexp) bool { return r.MatchString(text) })
}
