package assist

import (
	"regexp"
	"slices"
	"strings"
)

// Kinds of promises.
const (
	guarantee = "guarantee" // "I promise", 我保证
	deadline  = "deadline"  // done by a time that he names
	money     = "money"     // a refund, something for nothing
)

// promise is a clause in which somebody gives his word.
type promise struct{ kind, words string }

// rules find promises in a language. A clause that is hedged, denied or asked is none.
type rules struct {
	clause *regexp.Regexp // what divides clauses
	never  *regexp.Regexp // takes a clause out: denied, or another word
	hedge  *regexp.Regexp // takes deadlines and money out: "usually", 大概
	asks   *regexp.Regexp
	kinds  []struct {
		kind string
		find *regexp.Regexp
	}
}

var inChinese = rules{
	clause: regexp.MustCompile(`[，。！？；,.!?;\s]+`),
	never:  regexp.MustCompile(`(不能|不敢|没法|无法|没办法|难以|不便|不好|别|不)(给|跟|向|和|对)?(您|你)?(百分之?百|绝对|完全)?(保证|承诺|担保|答应|确定|肯定|一定)|保证金|承诺书|保证书|(写|印|标|贴)(着|的是|了)|说明书|(^|[^向跟给对和])(您|你)(承诺|保证|答应)|(是否|能否|能不能|可不可以)`),
	hedge:  regexp.MustCompile(`预计|大概|一般|通常|可能|争取|尽量|尽快|左右|大约|正常|应该|如果|要是|的话|快的话|希望|帮您(看|查|问|核实)|(看|查|问|核实|了解|确认|反馈|反映|催)(一下|一问|一查|看看?)?$|已经|(都|就)?(可以|能)(申请)?(退|换|保|修)(货|换|修)?的?$`),
	asks:   regexp.MustCompile(`[吗呢么]$|是不是|好不好|行不行|可以吗`),
	kinds: []struct {
		kind string
		find *regexp.Regexp
	}{
		{guarantee, regexp.MustCompile(`保证|承诺|担保|打包票|百分之?百|答应(您|你)|说到做到|(绝对|肯定|一定|必定|准)(会|能|不会|没问题|没有?问题|可以|到|给|帮|退|赔|送|修|解决|处理|让)|包(您|你)(满意|退|换|赔|到)|包在我|交给我|我(来|会)?负责(到底|给|帮|跟|处理|解决)|(不会|不)再(出现|发生|有)(这|类似|同样|第二)`)},
		{deadline, regexp.MustCompile(`(今天|今晚|明天|明早|后天|马上|立刻|立即|周[一二三四五六日天]|星期[一二三四五六日天]|下周|这周|月底|[0-9一二两三四五六七八九十半]+个?(多)?(小时|钟头|分钟|天|工作日)(之内|以内|内)).{0,12}(送到|到货|到账|退款|退|寄|发货|发出|解决|修好|处理好|上门|打给|回电|回复|答复|联系|给您|给你|就到|能到|会到|到(您|你)?(家|手|门口|那)|发(到|给)(您|你))`)},
		{money, regexp.MustCompile(`(全额|免费|双倍|两倍|三倍|十倍|加倍|照价)(给|为|帮)?(您|你)?(退|赔|换|修|送|补|寄)|(赔偿|补偿|赔|补)(给)?(您|你)|(退|返)(给)?(您|你)(全款|[0-9一二两三四五六七八九十百千]+(元|块))|(费|钱|差价)(都|就|全)?(我们|我|公司|我这边|我们这边)(来|全)?(承担|出|负责|报销)|给(您|你)(全)?免|免掉|(额外|另外|再|多)(给(您|你))?(送|补)(给)?(您|你)?|送(您|你)一|换一?(台|个|部|只|副)?(全新|新的)`)},
	},
}

var inEnglish = rules{
	clause: regexp.MustCompile(`[.!?;]+\s*|,\s+(?:and|but|so)\s+`),
	never:  regexp.MustCompile(`\b(can'?t|cannot|can not|couldn'?t|won'?t|wouldn'?t|don'?t|unable to|not able to|no|never|not)\b[^,]{0,24}\b(guarantee|promise|assure|say|tell|refund|compensate|definitely|certain)|\bas promised\b|\byou (have )?(promised|guaranteed)\b|\b(label|box|manual|leaflet|website|page) (says|reads|said)\b`),
	hedge:  regexp.MustCompile(`\b(should|usually|normally|typically|generally|probably|about (an?|half|\d+|one|two|three|four|five|six|seven|ten|twenty|thirty)|around|roughly|try|expect(ed)?|hope(fully)?|might|may|could|if|as soon as|let me (check|see|ask)|look into)\b`),
	asks:   regexp.MustCompile(`^(can|could|would|will|do|does|did|is|are|shall|may|have|has|what|when|where|how|who|why)\b`),
	kinds: []struct {
		kind string
		find *regexp.Regexp
	}{
		{guarantee, regexp.MustCompile(`\b(i|we)(?:'ll| will| can|'d| do)?(?: \w+ly| personally)? (guarantee|promise|assure|swear)\b|\byou have my word\b|\b(definitely|certainly|absolutely|surely) (will|be|get|have|receive|arrive|refund|fix)\b|(?:\bwill|'ll) (definitely|certainly|absolutely|surely|personally)\b|(?:, |\bis |\bare |'s )guaranteed$|\b(?:i|we)(?:'ll| will) (see to it|make (sure|certain)|take care of it)|\bleave (it|this|that) (with|to) (me|us)\b|\b(rest assured|count on (it|me|us))\b|\b(won'?t|will (never|not)) (ever )?happen again\b|\b(without fail|no matter what|for sure|100 ?(%|percent))`)},
		{deadline, regexp.MustCompile(`(?:'ll|\bwill|\b(?:is|are|'m|'re) going to)\b.{0,48}\b(today|tonight|tomorrow|right away|straight away|immediately|this (week|afternoon|morning|evening)|next (week|monday|tuesday|wednesday|thursday|friday)|within (the )?(half )?\w+( \w+)? ?(hours?|days?|minutes?|weeks?)|in (the next )?(an|a|one|two|three|four|five|\d+) (hours?|days?|minutes?|weeks?)|by (noon|midnight|tonight|tomorrow|\w+day|the end of|\d+))\b`)},
		{money, regexp.MustCompile(`(?:\b(?:i|we|you)(?:'?ll| will)|\bi'?m going to|\bwe'?re going to)\b.{0,32}\b(full refund|refund (you )?(in full|everything|all)|(get|have) (that|it|this) refunded|(free of|at no|without( any)?|no) charge|at no (extra )?cost|on us|for free|for nothing|compensat\w+|reimburs\w+|money back|double|waive\w*|throw in|credit (you|your)|brand new|knock \w+ off)\b`)},
	},
}

// promises are the clauses of a text in which its speaker gives his word, one of a kind
// each.
func promises(text string, zh bool) []promise {
	r := &inEnglish
	if zh {
		r = &inChinese
	} else {
		text = strings.ReplaceAll(text, "’", "'")
	}
	var out []promise
	from := 0
	cuts := append(r.clause.FindAllStringIndex(text, -1), []int{len(text), len(text)})
	for _, cut := range cuts {
		words := strings.TrimSpace(text[from:cut[0]])
		asked := strings.ContainsAny(text[cut[0]:cut[1]], "?？")
		from = cut[1]
		low := strings.ToLower(words)
		if low == "" || asked || r.never.MatchString(low) || r.asks.MatchString(low) {
			continue
		}
		for _, k := range r.kinds {
			if !k.find.MatchString(low) || k.kind != guarantee && r.hedge.MatchString(low) {
				continue
			}
			if !slices.ContainsFunc(out, func(p promise) bool { return p.kind == k.kind }) {
				out = append(out, promise{k.kind, words})
			}
			break // the gravest says it
		}
	}
	return out
}
