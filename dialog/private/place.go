package private

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	hanDigit = `[0-9０-９零〇一二三四五六七八九十百两幺]`
	spelled  = `(?:[a-z0-9]\s){2,}` // j o h n
)

var (
	written = regexp.MustCompile(`[A-Za-z0-9._%+\-]+[@＠][A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+`)
	// "john dot smith at example dot com", "zhangsan 艾特 qq 点 com", "幺三八…艾特幺六三点com"
	dictated = regexp.MustCompile(`(?i)(?:` + spelled + `|[a-z0-9][a-z0-9._\-]*(?:\s(?:dot|underscore|dash|hyphen|point)\s[a-z0-9]+)*\s)at\s(?:` + spelled + `|[a-z0-9\-]+\s)dot\s[a-z]{2,}(?:\sdot\s[a-z]{2,})?` +
		`|(?:[a-z0-9._\-零〇一二三四五六七八九幺两]+\s?(?:(?:点|下划线|杠)\s?)?){1,12}(?:艾特|圈ａ|圈a|小老鼠|[@＠])\s?[a-z0-9零〇一二三四五六七八九幺两 ]+(?:(?:点|\.)\s?[a-z]{2,}\s?)+`)

	chineseAddress = regexp.MustCompile(`(?:\p{Han}{1,8}(?:省|自治区|特别行政区))?(?:\p{Han}{1,8}市)?(?:\p{Han}{1,8}(?:区|县|旗|镇|乡|街道))*\p{Han}{1,10}(?:路|街|大道|道|巷|弄|胡同|里|村|小区|花园|新村|公寓|苑|广场|大厦)[ ,，]?` +
		hanDigit + `+[ ]?(?:号楼|号院|号|弄|栋|幢|座|组|单元|室|楼|层|户)(?:[ ,，]?(?:[a-zA-Z]|` + hanDigit + `)+(?:号楼|号|弄|栋|幢|座|单元|室|楼|层|户))*`)
	// 浙江省杭州市西湖区…, without a house number, is a place as well if it names a road
	chineseRegion = regexp.MustCompile(`\p{Han}{2,8}(?:省|自治区)\p{Han}{2,8}市\p{Han}{1,8}(?:区|县|市)(?:\p{Han}{1,12}(?:路|街道|街|镇|乡|村|小区))?|\p{Han}{2,6}市\p{Han}{1,6}(?:区|县)\p{Han}{1,12}(?:路|街道|街|镇|乡|村|小区)`)
	// where an address begins behind other words
	leadIn = regexp.MustCompile(`(?:.*(?:地址|住址|住在|家住|家在|寄到|寄往|寄给|送到|送去|发到|发往|改成|改为|改到|收货|位于|搬到|搬去|不是|而是|应该是|就是|到|在|是|住|去|往|我|的|了|请))`)
	noRoad = regexp.MustCompile(`(?:知道|味道|渠道|频道|通道|报道|地道|厚道|人道|管道|轨道|线路|电路|思路|走路|半路|一路|网路|公里|城里|这里|那里|哪里|家里|心里|手里|店里|夜里|里里|上街|逛街|后街)[ ,，]?` + hanDigit)

	englishAddress = regexp.MustCompile(`(?i)\b\d{1,5}[a-z]?\s+(?:[nsew]\.?\s+|north\s+|south\s+|east\s+|west\s+)?((?:[a-z][a-z'\-]*\s+){1,3})(street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|way|close|place|pl|crescent|terrace|gardens|grove|hill|square|parkway|highway)\b\.?(?:,?\s+(?:apartment|apt|flat|unit|suite)\.?\s*#?\w+)?`)
	britishPost    = regexp.MustCompile(`\b[A-Z]{1,2}[0-9][A-Z0-9]?\s[0-9][A-Z]{2}\b`)
)

// notStreet are words that no street's name has: "20 minutes drive", "2 of the way".
var notStreet = words(`minute minutes hour hours day days week weeks month months year years item items piece pieces mile miles km percent
	of in on at by is are was were it the a an to for and or from with all that this my your more less left out times time per dollar dollars
	pound pounds euro euros people orders order if not they we i you he she will would can could should either any no every wrong right only
	long short same other another`)

func words(list string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

func emails(text string) []Span {
	// Most texts have none of the signs; looking for them first is much cheaper.
	if !has(text, "@", "＠", "艾特", "圈", "小老鼠", " at ", " AT ", " At ") {
		return nil
	}
	var spans []Span
	for _, m := range written.FindAllStringIndex(text, -1) {
		spans = append(spans, Span{Kind: Email, Start: m[0], End: m[1]})
	}
	for _, m := range dictated.FindAllStringIndex(text, -1) {
		found := strings.TrimRight(text[m[0]:m[1]], " ")
		if strings.HasSuffix(found, "dot") {
			continue
		}
		spans = append(spans, Span{Kind: Email, Start: m[0], End: m[0] + len(found)})
	}
	return spans
}

func addresses(text string) []Span {
	var spans []Span
	chinese := []*regexp.Regexp{chineseAddress, chineseRegion}
	if !has(text, "路", "街", "道", "巷", "弄", "胡同", "里", "村", "小区", "花园", "公寓", "苑", "广场", "大厦", "区", "县", "省") {
		chinese = nil
	}
	for _, re := range chinese {
		for _, m := range re.FindAllStringIndex(text, -1) {
			found := text[m[0]:m[1]]
			if noRoad.MatchString(found) {
				continue
			}
			// The words before the place were taken for its name; leave them.
			start := m[0]
			if lead := leadIn.FindString(roadName(found)); lead != "" && utf8.RuneCountInString(found[len(lead):]) >= 4 {
				start += len(lead)
			}
			spans = append(spans, Span{Kind: Address, Start: start, End: m[1]})
		}
	}
	if !strings.ContainsAny(text, "0123456789") {
		return spans // English ones have a number in them
	}
	for _, m := range englishAddress.FindAllStringSubmatchIndex(text, -1) {
		street := true
		for w := range strings.FieldsSeq(strings.ToLower(text[m[2]:m[3]])) {
			street = street && !notStreet[w]
		}
		if street {
			spans = append(spans, Span{Kind: Address, Start: m[0], End: m[1]})
		}
	}
	for _, m := range britishPost.FindAllStringIndex(text, -1) {
		spans = append(spans, Span{Kind: Address, Start: m[0], End: m[1]})
	}
	return spans
}

func has(text string, signs ...string) bool {
	return slices.ContainsFunc(signs, func(s string) bool { return strings.Contains(text, s) })
}

// roadName is the part of an address before its first number, or three characters
// less than all of it.
func roadName(found string) string {
	for i, r := range found {
		if _, ok := digitOf(r); ok && i > 0 {
			return found[:i]
		}
	}
	rs := []rune(found)
	return string(rs[:max(0, len(rs)-3)])
}
