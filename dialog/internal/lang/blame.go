package lang

import (
	"regexp"
	"strings"
)

// What people say of themselves, in the harsh words that they would say of others: I'm
// useless with a ladder, 我太笨了. The first group is what makes it somebody else's opinion
// (you must think I'm stupid, 你当我傻啊), which is anger.
var (
	englishBlame = regexp.MustCompile(`(?i)\b((?:think|thinks|thought|like|if|because|calling)\s+)?(?:i['’]?m|i am|i was|i feel|i['’]ve been|me being)(?:\s+(?:so|such|just|being|a|an|the|bit|little|absolutely|completely|complete|totally|total|utterly|probably|pretty|rather|quite|always|honestly|literally|really|very|too|that|bloody|damn|clearly|obviously|old))*\s+(?:useless|hopeless|stupid|idiot|moron|fool|rubbish|terrible|awful|pathetic|worst|crap|dumb|thick|dense)\b`)
	englishOwn   = regexp.MustCompile(`(?i)\bmy own (?:stupid|bloody|damn) fault\b|\b(?:stupid|bloody stupid) (?:of )?me\b|\b(?:stupid|dumb) question\b`)
	chineseBlame = regexp.MustCompile(`(当|以为|觉得|拿|把|骗|说|欺负|不是)?我(?:们)?(?:自己|这个?人|这老太太|这老头|老太太|老头子?|这脑子|脑子|这记性|记性|眼神儿?|眼睛|视力|耳朵|听力|手脚|手)?(?:真是|实在是|实在|确实|可能|大概|就是|怎么|这么|有点儿?|比较|特别|太|真|好|是|也|都|个|老)*(?:笨|傻|蠢|没用|废物|脑残|白痴|糊涂蛋|差劲|差)`)
)

// WithoutBlame is text without what its speaker blames himself for.
func WithoutBlame(text string) string {
	for _, own := range [...]*regexp.Regexp{englishBlame, chineseBlame} {
		if !own.MatchString(text) {
			continue
		}
		var b strings.Builder
		at := 0
		for _, m := range own.FindAllStringSubmatchIndex(text, -1) {
			if m[2] >= 0 {
				continue // somebody else is said to say so
			}
			b.WriteString(text[at:m[0]])
			b.WriteByte(' ')
			at = m[1]
		}
		text = b.String() + text[at:]
	}
	return englishOwn.ReplaceAllString(text, " ")
}
