package command

import (
	"regexp"
	"strings"
	"sync"
)

// Corrects says whether text begins by taking something back.
func Corrects(text string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, w := range []string{"不对", "不是", "错了", "说错", "我说错", "更正", "等等", "等一下", "no,", "no.", "no ", "sorry,", "wait", "actually", "not ", "i meant", "i said", "correction"} {
		if strings.HasPrefix(text, w) {
			return true
		}
	}
	return strings.Contains(text, "说错了") || strings.Contains(text, "而不是") || strings.Contains(text, "应该是") || strings.Contains(text, "改成")
}

// TakesBack says whether the caller says that what he told was wrong and nothing more:
// 不对，输错了; "sorry, I gave you the wrong number".
func TakesBack(text string) bool { return takenBack().MatchString(strings.ToLower(text)) }

var takenBack = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[ ，,。.！!]*(?:(?:哎呀?|诶|啊|呃|哦|不好意思|抱歉|对不起|等等|等一下|不对|不是|不|我|我刚才|刚才|刚刚|那个|号码|单号|订单号|时间|日期)[ ，,。.！!]*)*(?:` + zhTold + `|给|弄|搞)错(?:了|啦)[ ，,。.！!吧啊]*$` +
		`|^[ ,.!]*(?:(?:oh|no|sorry|wait|hang on|um|uh|actually|my mistake|oops)[ ,.!]*)*(?:i(?:'ve| have)? (?:just )?(?:gave|given|told|said|typed|entered|read)(?: you)?(?: out)?(?: it)?(?: the| that)? wrong(?: number| one| date| time| order| order number)?|(?:that(?:'s| is|'s been| was)? )?(?:the )?wrong (?:number|one|date|time|order|order number))[ ,.!]*$`)
})

// GivesUp says whether the caller gives the matter up.
func GivesUp(text string) bool {
	text = strings.ToLower(text)
	for _, w := range []string{"算了", "不查了", "不办了", "不弄了", "不要了", "不用了", "取消吧", "先不", "不退了", "不换了", "never mind", "nevermind", "forget it", "forget about it", "cancel that", "leave it"} {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// AsksHow says whether text asks how something is done.
func AsksHow(text string) bool {
	text = strings.ToLower(text)
	for _, w := range []string{"怎么", "咋", "如何", "怎样", "什么流程", "how do", "how can", "how to", "how does", "how would", "what do i need", "what's the process"} {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
