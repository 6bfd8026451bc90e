package command

import (
	"regexp"
	"strings"
	"sync"
)

// corrections are the words of a language by which callers take back what they just
// said.
type corrections struct {
	marks []*regexp.Regexp // each with one group, behind which the new wording stands
	lead  *regexp.Regexp   // what introduces it
	wish  *regexp.Regexp   // the wish that a text begins with
}

// Corrected is what is left of a text in which the caller takes something back and
// says it anew (我要退货,不对,我要换货; "I want to return, no, exchange it"): the new
// wording, and where it lacks one, the same behind the wish that stood before it. It
// is empty where nothing is taken back.
func (r *Recognizer) Corrected(text string) []string {
	c := r.l.corrections()
	text = strings.ToLower(strings.TrimSpace(text))
	var before, after string
	for _, re := range c.marks {
		all := re.FindAllStringSubmatchIndex(text, -1)
		if len(all) == 0 {
			continue
		}
		at := all[len(all)-1]
		if rest := text[at[3]:]; after == "" || len(rest) < len(after) {
			before, after = text[:at[2]], rest
		}
	}
	after = c.lead.ReplaceAllString(strings.Trim(after, " ,，。.!！?？"), "")
	const least = 2 // characters of a wording
	if len([]rune(after)) < least || len([]rune(strings.Trim(before, " ,，。"))) < least {
		return nil
	}
	if wish := c.wish.FindString(before); wish != "" && c.wish.FindString(after) == "" {
		return []string{wish + after, after}
	}
	return []string{after}
}

func (*zh) corrections() *corrections { return chineseCorrections() }
func (*en) corrections() *corrections { return englishCorrections() }

var chineseCorrections = sync.OnceValue(func() *corrections {
	const pause = `[，,。.！!？? ] ?`
	return &corrections{
		marks: []*regexp.Regexp{
			regexp.MustCompile(pause + `((?:哦|啊|噢|呃|哎|欸|诶|嗯)*(?:不对|不是|我?说错了?|错了|不)(?:不对|不是|说错了)*[，,。.！! ]+)`),
			regexp.MustCompile(pause + `((?:哦|啊|噢|呃|哎|欸|诶)(?:不对|不是|不))`),
			regexp.MustCompile(pause + `((?:不对|不是|我?说错了))(?:应该是|是|我要|我想|帮我|给我)`),
			// without a pause a new wish must follow: 颜色不对 takes nothing back
			regexp.MustCompile(`(?:我要|我想|想要|帮我|给我)[^，,。.！!？? ]{1,12}?((?:哦|啊|噢|呃|哎)?(?:不对|不是|说错了|错了)(?:不对|说错了)?)(?:我要|我想|帮我|给我|应该是|是)`),
		},
		lead: regexp.MustCompile(`^(?:我(?:是|要|想)说的?)?(?:应该)?是?`),
		wish: regexp.MustCompile(`^(?:你好|那个|请|麻烦|[ ，,])*(?:我要|我想要|我想|想要|帮我|给我)`),
	}
})

var englishCorrections = sync.OnceValue(func() *corrections {
	return &corrections{
		marks: []*regexp.Regexp{
			regexp.MustCompile(`[,.;!?]? ?\b((?:oh |wait |um |uh |sorry )*(?:no,? wait|wait,? no|no,? no|no,? sorry|sorry,? no|scratch that|or rather|no,? actually|actually,? no|i meant|make that)[,. ]+)`),
			regexp.MustCompile(`[,.;!?] ?((?:oh |wait |um |uh )*no[,. ]+)`),
		},
		lead: regexp.MustCompile(`^(?:i mean|i meant|make that|rather)[, ]+`),
		wish: regexp.MustCompile(`^(?:hi |hello |um |so |well |yeah |[, ])*(?:i want to|i wanna|i'd like to|i would like to|i need to|can i|could i|how do i|can you|could you) `),
	}
})
