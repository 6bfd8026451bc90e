package spoken

import (
	"regexp"
	"strconv"
	"strings"
)

// A number as it is written: digits with thousands already joined, a fraction.
const (
	num    = `\d+(?:\.\d+)?`
	big    = `(?:万亿|千万|百万|亿|万)?`
	dash   = `\s?(?:-|–|—+|~|至|到)\s?`
	month  = `(?:1[0-2]|0?[1-9])`
	day    = `(?:3[01]|[12]\d|0?[1-9])`
	hour   = `(?:2[0-4]|[01]?\d)`
	minute = `[0-5]\d`
)

func re(expr string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + expr + `)`) }

// chineseRules in the order they are tried. The order matters: an address before
// a time before a range before a number.
var chineseRules = []rule{
	{re(`(?i)[\w.+-]+@[\w-]+(?:\.[\w-]+)+`), zhAddress},
	{re(`(?i)(?:https?://|www\.)[\w\-./?=&%#:~+@]*[\w/]`), zhAddress},
	{re(`(?i)(?:[a-z0-9](?:[\w-]*[a-z0-9])?\.)+(?:com|cn|net|org|io|gov|edu|shop|top|vip|co|hk|tw|uk|me|info)(?:/[\w\-./?=&%#]*)?`), zhDomain},

	{re(`(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})`), zhDotted},
	{re(`(19\d\d|20\d\d)([-/.])(` + month + `)[-/.](` + day + `)`), zhISODate},
	{re(`(\d{4})年(?:\s?(` + month + `)月(?:\s?(` + day + `)(日|号)?)?)?`), zhYear},
	{re(`(\d\d)年(` + month + `)月`), func(_ place, m []string) (string, bool) {
		return zhString(m[1], false) + "年" + zhNumber(trimZero(m[2])) + "月", true
	}},
	{re(`(` + month + `)月(` + day + `)(日|号)?` + dash + `(` + month + `月)?(` + day + `)(日|号)`), zhDayRange},
	{re(`(` + month + `)月(?:\s?(` + day + `)(日|号)?)?`), zhMonthDay},
	{re(`(19\d\d|20\d\d)[-/](` + month + `)`), func(at place, m []string) (string, bool) {
		if len(m[2]) < 2 || strings.ContainsRune("-/.:", at.next()) {
			return "", false
		}
		return zhString(m[1], false) + "年" + zhNumber(trimZero(m[2])) + "月", true
	}},

	{re(`(` + hour + `):(` + minute + `)(?::(` + minute + `))?` + dash + `(次日|第二天|翌日)?(` + hour + `):(` + minute + `)`), zhTimeRange},
	{re(`(` + hour + `):(` + minute + `)(?::(` + minute + `))?(?:\s?(?i:(am|pm)))?`), zhTime},
	{re(`(\d{1,2})\s?(?i:(am|pm))`), func(at place, m []string) (string, bool) {
		if isLatin(at.next()) {
			return "", false
		}
		return zhHalf(m[2]) + zhCount(trimZero(m[1])) + "点", true
	}},
	{re(`(` + hour + `)(点|时)` + `(` + minute + `|\d)(分)?`), func(_ place, m []string) (string, bool) {
		return zhCount(trimZero(m[1])) + m[2] + zhMinute(m[3], m[4] != ""), true
	}},
	{re(`(\d{1,2})` + dash + `(\d{1,2})点`), func(_ place, m []string) (string, bool) {
		return zhCount(trimZero(m[1])) + "到" + zhCount(trimZero(m[2])) + "点", true
	}},
	{re(`(\d+)[:：](\d+)`), func(_ place, m []string) (string, bool) {
		return zhNumber(m[1]) + "比" + zhNumber(m[2]), true
	}},

	{re(`\+?86[-\s]?(1[3-9]\d)[-\s]?(\d{4})[-\s]?(\d{4})`), func(_ place, m []string) (string, bool) {
		return "加八六，" + zhGroups(m[1]+m[2]+m[3]), true
	}},
	{re(`(1[3-9]\d)[-\s]?(\d{4})[-\s]?(\d{4})`), func(at place, m []string) (string, bool) {
		if isDigit(at.last()) || zhMeasureNext(at) {
			return "", false
		}
		return zhGroups(m[1] + m[2] + m[3]), true
	}},
	{re(`([48]00)[-\s]?(\d{3})[-\s]?(\d{4})`), zhThree},
	{re(`([48]00)[-\s](\d{4})[-\s](\d{3})`), zhThree},
	{re(`\(?(0\d{2,3})\)?[-\s]?(\d{3,4})[-\s]?(\d{4})(?:[-转\s]{1,2}(\d{1,5}))?`), func(_ place, m []string) (string, bool) {
		s := zhString(m[1], true) + "，" + zhString(m[2], true) + "，" + zhString(m[3], true)
		if m[4] != "" {
			s += "，转" + zhString(m[4], true)
		}
		return s, true
	}},
	{re(`(\d{2,})([*xX•]{2,})(\d*)`), func(_ place, m []string) (string, bool) {
		s := zhGroups(m[1]) + "，星号"
		if m[3] != "" {
			s += "，" + zhGroups(m[3])
		}
		return s, true
	}},
	{re(`(\d+)(?:[-\s](\d+))*`), zhIdentifier},

	{re(`([-+]?)(?:¥|RMB\s?|CNY\s?|人民币\s?)(` + num + `)(` + big + `)(?:` + dash + `¥?(` + num + `)(` + big + `))?元?`), zhYuan},
	{re(`([-+]?)(US\$|HK\$|NT\$|A\$|C\$|S\$|\$|€|£|USD\s?|EUR\s?|GBP\s?|HKD\s?|JPY\s?)(` + num + `)(` + big + `)(?:` + dash + `(` + num + `)(` + big + `))?`), zhForeign},
	{re(`(` + num + `)` + dash + `(` + num + `)(` + big + `)(元|块)`), func(_ place, m []string) (string, bool) {
		return zhRange(m[1], m[2]) + m[3] + m[4], true
	}},
	{re(`([-+]?)(\d+)(?:\.(\d{1,2}))?(?:元|块钱|块)`), zhYuanWritten},

	{re(`([-+]?` + num + `)%?` + dash + `(` + num + `)%`), func(_ place, m []string) (string, bool) {
		return "百分之" + zhNumber(m[1]) + "到百分之" + zhNumber(m[2]), true
	}},
	{re(`([-+]?)(` + num + `)%`), func(at place, m []string) (string, bool) {
		return zhSign(at, m[1]) + zhPart("百", m[2]), true
	}},
	{re(`(` + num + `)‰`), func(_ place, m []string) (string, bool) { return zhPart("千", m[1]), true }},
	{re(`(` + month + `)/(` + day + `)(?:` + dash + `(` + month + `)/(` + day + `))?`), zhSlashDate},
	{re(`(\d+)\s?/\s?(\d+)`), func(_ place, m []string) (string, bool) {
		switch a, _ := strconv.Atoi(m[1]); {
		case m[1] == "24" && m[2] == "7":
			return "七乘二十四小时", true
		case len(m[2]) > 3 || len(m[2]) == 3 && m[2] != "100" || a > 100: // "120/80"
			return zhNumber(m[1]) + "，" + zhNumber(m[2]), true
		}
		return zhNumber(m[2]) + "分之" + zhNumber(m[1]), true
	}},
	{re(`(\d*)([½⅓⅔¼¾⅛])`), func(_ place, m []string) (string, bool) {
		s := map[string]string{"½": "二分之一", "⅓": "三分之一", "⅔": "三分之二", "¼": "四分之一", "¾": "四分之三", "⅛": "八分之一"}[m[2]]
		if m[1] != "" {
			s = zhNumber(m[1]) + "又" + s
		}
		return s, true
	}},

	{re(`(?:周|星期|礼拜)([1-7])(?:` + dash + `(?:周|星期|礼拜)?([1-7]))?`), zhWeekday},
	{re(`第\s?(\d+)(?:` + dash + `(?:第\s?)?(\d+))?`), func(_ place, m []string) (string, bool) {
		s := "第" + strings.Replace(zhCardinal(m[1]), "两", "二", 1)
		if m[2] != "" {
			s += "到第" + strings.Replace(zhCardinal(m[2]), "两", "二", 1)
		}
		return s, true
	}},
	{re(`(?:No\.|NO\.|no\.)\s?(\d+)`), func(_ place, m []string) (string, bool) { return zhOrder(m[1]) + "号", true }},
	{re(`#\s?(\d+)`), func(_ place, m []string) (string, bool) { return zhOrder(m[1]) + "号", true }},
	{re(`([#*])\s?(键|号键|号)?`), func(at place, m []string) (string, bool) {
		if m[2] == "" && !hasSuffix(at.before, "按", "按下", "输入", "以", "请按") {
			return " ", true
		}
		return map[string]string{"#": "井号", "*": "星号"}[m[1]] + strings.TrimPrefix(m[2], "号"), true
	}},
	{re(`(\d+)` + dash + `(\d+)(?:室|房间|房)`), func(_ place, m []string) (string, bool) {
		return zhOrder(m[1]) + "杠" + zhOrder(m[2]) + "室", true
	}},
	{re(`(\d{3,4})(室|号房|房间|房)`), func(_ place, m []string) (string, bool) { return zhString(m[1], true) + m[2], true }},

	{re(`([-+]?)(` + num + `)(?:` + dash + `([-+]?` + num + `))?\s?(` + unitPattern + `)(?:/(` + unitPattern + `|月|年|天|日|次|人|周|件|个|台))?`), zhUnit},
	{re(`([-+]?)(` + num + `)(` + big + `)` + dash + `([-+]?)(` + num + `)(` + big + `)`), zhNumberRange},
	{re(`(` + num + `)((?:\s?[x×*]\s?` + num + `)+)(?:\s?(` + unitPattern + `)\b)?`), func(_ place, m []string) (string, bool) {
		s := each(m[1]+m[2], "乘", zhNumber)
		if u, ok := findUnit(m[3]); ok {
			s += u.zh
		}
		return s, true
	}},
	{re(`[vV](\d+(?:\.\d+)*)`), func(at place, m []string) (string, bool) {
		if isLatin(at.last()) {
			return "", false
		}
		return "V" + zhVersion(m[1]), true
	}},
	{re(`\d+(?:\.\d+){2,}`), func(_ place, m []string) (string, bool) { return zhVersion(m[0]), true }},
	{re(`([-+]?)(` + num + `)(` + big + `)(\+?)`), zhPlain},

	{re(`([<>≥≤≈=±×÷+&~→°√∞]|>=|<=)`), zhSymbol},
	{re(`(Mr|Mrs|Ms|Dr)\.?\s`), func(at place, m []string) (string, bool) {
		return map[string]string{"Mr": "Mister ", "Mrs": "Missus ", "Ms": "Miss ", "Dr": "Doctor "}[m[1]], !isLatin(at.last())
	}},
	{re(`\.`), func(at place, _ []string) (string, bool) {
		return "，", isDigit(at.last()) && (isHan(at.next()) || at.next() == ' ')
	}},
	{re(`(?i:wi-fi)`), func(place, []string) (string, bool) { return "WiFi", true }},
	{re(`([A-Za-z]+(?:['’][a-z]+)?)((?:-?\d+[A-Za-z]*)*)`), zhLatin},
	{re(`/(月|年|天|日|次|人|周|件|个|台|晚|小时|分钟|位|套|单|斤)`), func(at place, m []string) (string, bool) {
		return "每" + m[1], hasSuffix(strings.TrimRight(at.before, " "), "元", "块", "分", "次", "件", "个", "单", "天", "条") || isDigit(at.last()) || strings.ContainsRune("万亿%", at.last())
	}},
	{re(`/`), func(at place, _ []string) (string, bool) {
		if isHan(at.last()) && isHan(at.next()) || isLatin(at.last()) && isLatin(at.next()) {
			return "、", true
		}
		if at.last() != ' ' && at.next() != ' ' && at.next() != 0 {
			return "，", true
		}
		return " ", true
	}},
	{re(`[-–—]+`), func(at place, _ []string) (string, bool) {
		if isLatin(at.last()) && isLatin(at.next()) {
			return " ", true
		}
		if isDigit(at.next()) && hasSuffix(at.before, zhSpanWords...) {
			return "到", true
		}
		if isHan(at.last()) && isHan(at.next()) && !strings.Contains(at.before, "——") && zhPeriodWord(at) {
			return "到", true
		}
		return "，", true
	}},
	{re(`(?:…|\.\.)[….]*`), func(place, []string) (string, bool) { return "。", true }},
}

var regexpNum = regexp.MustCompile(num)

// each speaks every number of s and joins them.
func each(s, sep string, say func(string) string) string {
	numbers := regexpNum.FindAllString(s, -1)
	for i, n := range numbers {
		numbers[i] = say(n)
	}
	return strings.Join(numbers, sep)
}

// zhPeriodWord says whether the dash at the place joins two weekdays or places in
// time: "周一-周五".
func zhPeriodWord(at place) bool {
	return hasSuffix(at.before, "周一", "周二", "周三", "周四", "周五", "周六", "周日", "期一", "期二", "期三", "期四", "期五", "期六", "期日", "月", "日", "号", "点", "年") &&
		strings.ContainsAny(string(at.next()), "周星礼上下早晚中一二三四五六七八九十")
}

func zhThree(at place, m []string) (string, bool) {
	return zhString(m[1], true) + "，" + zhString(m[2], true) + "，" + zhString(m[3], true), !zhMeasureNext(at) && !isDigit(at.last())
}

// Words in front of a number that is an identifier, not an amount.
var zhIDWords = []string{
	"电话", "手机", "号码", "热线", "拨打", "致电", "座机", "分机", "分机号", "尾号", "后四位", "末四位", "前四位", "后六位", "后三位",
	"验证码", "取件码", "提货码", "兑换码", "邀请码", "校验码", "口令", "单号", "订单号", "订单", "编号", "工号", "会员号", "卡号", "账号", "帐号",
	"房间号", "房号", "房间", "门牌号", "邮编", "密码", "快递号", "运单", "运单号", "物流单号", "快递单号", "票号", "车牌", "车牌号", "QQ", "QQ号", "微信号",
	"打", "航班", "航班号", "车次", "门牌", "序列号", "型号", "货号", "流水号", "身份证号", "身份证", "转", "拨", "联系方式", "传真", "单元", "邮政编码", "收到", "短信",
}

// zhServices are numbers that everybody knows as telephone numbers.
var zhServices = map[string]bool{
	"10010": true, "10086": true, "12306": true, "12315": true, "12329": true, "12333": true, "12348": true, "12366": true, "95588": true, "95533": true, "95555": true, "95599": true, "95566": true, "11185": true, "11183": true,
}

// zhFestivals are days that are called by their digits.
var zhFestivals = map[string]bool{"618": true, "315": true}

// Words behind a number that make it an identifier.
var zhIDAfter = []string{"结尾", "开头", "打头", "的订单", "这个号", "这一单", "次列车", "次航班"}

// zhIdentifier reads what the words around it say is no amount, what is too long
// for one and what begins with zero.
func zhIdentifier(at place, m []string) (string, bool) {
	parts := strings.FieldsFunc(m[0], func(r rune) bool { return r == '-' || r == ' ' })
	digits := strings.Join(parts, "")
	next := at.next()
	if next == '.' || next == '/' || next == '%' || next == ':' {
		return "", false
	}
	context := strings.TrimRight(at.before, " ：:是为#“\"‘'（(「『的您了有")
	named := hasSuffix(context, zhIDWords...)
	switch {
	case isLatin(next) && len(digits) < 5 && !named, isLatin(at.last()):
		return "", false
	case hasPrefix(at.after, zhIDAfter...):
		named = true
	case hasPrefix(at.after, "路", "次") && len(digits) >= 3 && len(parts) == 1:
		named = !hasPrefix(at.after, "次数")
	}
	if named && len(digits) < 3 && zhMeasureNext(at) || named && zhMoneyNext(at) {
		return "", false
	}
	if named && len(parts) == 1 && len(digits) < 5 && zhMeasureNext(at) && !hasPrefix(at.after, "路", "次") {
		return "", false
	}
	named = named || len(parts) == 1 && zhServices[digits] && !zhMeasureNext(at)
	long := len(digits) >= 8 && !at.amount && !round(digits) && !zhMeasureNext(at) && !hasPrefix(at.after, "万", "亿") || len(digits) >= 16
	named = named || zhFestivals[digits] && len(parts) == 1 && !zhMeasureNext(at) && !zhMoneyNext(at)
	led := len(parts[0]) > 1 && parts[0][0] == '0'
	if !named && !long && !led && len(parts) < 3 {
		return "", false
	}
	if len(parts) == 1 {
		return zhGroups(digits), true
	}
	for i, p := range parts {
		parts[i] = zhGroups(p)
	}
	return strings.Join(parts, "，"), true
}

// zhOrder reads a number that stands for an order or a place: 二, not 两; three
// digits and more one by one.
func zhOrder(digits string) string {
	if len(digits) >= 3 {
		return zhString(digits, true)
	}
	return zhNumber(trimZero(digits))
}

func zhVersion(v string) string {
	parts := strings.Split(v, ".")
	for i, p := range parts {
		parts[i] = zhCardinal(p)
	}
	return strings.Join(parts, "点")
}

func zhDotted(_ place, m []string) (string, bool) {
	for i := range m[1:] {
		m[i+1] = zhString(m[i+1], true)
	}
	return strings.Join(m[1:], "点"), true
}

func zhPart(of, number string) string {
	if of == "百" && number == "100" {
		return "百分之百"
	}
	return of + "分之" + zhNumber(number)
}

// zhSpanWords end the first of two times or amounts that a dash joins: "9点-18点".
var zhSpanWords = []string{"点", "半", "月", "日", "号", "年", "天", "元", "块", "岁", "楼", "层", "周", "个月", "小时", "分钟"}

// zhSign is what a sign in front of a number says, given what stands before it.
func zhSign(at place, sign string) string {
	inside := isHan(at.last()) || isLatin(at.last()) || isDigit(at.last()) || strings.ContainsRune("%℃", at.last())
	switch {
	case sign == "+" && inside:
		return "加"
	case sign == "+":
		return "正"
	case sign == "-" && hasSuffix(at.before, zhSpanWords...):
		return "到"
	case sign == "-" && inside && !hasSuffix(at.before, "为", "是", "到", "至", "低", "约", "温", "在", "额", "度", "值", "数", "差"):
		return "，"
	case sign == "-":
		return "负"
	}
	return ""
}

func zhPlain(at place, m []string) (string, bool) {
	number, scale, plus := m[2], m[3], m[4]
	var s string
	switch {
	case scale == "" && number == "2" && zhMeasureNext(at), scale != "" && number == "2":
		s = "两"
	case at.last() == '.' && !strings.Contains(number, "."):
		s = zhString(number, false)
	default:
		s = zhNumber(number)
	}
	s = zhSign(at, m[1]) + s + scale
	if plus != "" {
		switch r := at.next(); {
		case isDigit(r) || isLatin(r):
			return s + "加", true
		case isHan(r):
			return s + "多", true
		}
		return s + "以上", true
	}
	return s, true
}

func zhRange(a, b string) string {
	if f := func(s string) float64 { v, _ := strconv.ParseFloat(s, 64); return v }; f(a) >= f(b) {
		return zhCount(a) + "到" + zhNumber(b)
	}
	return zhNumber(a) + "到" + zhNumber(b)
}

func zhNumberRange(at place, m []string) (string, bool) {
	a, b := m[2], m[5]
	if a == "7" && b == "11" && m[1]+m[4] == "" {
		return "七幺幺", true
	}
	first := zhNumber(a)
	if a == "2" && (zhMeasureNext(at) || m[6] != "") {
		first = "两"
	}
	second := zhNumber(b)
	if b == "2" && (zhMeasureNext(at) || m[6] != "") {
		second = "两"
	}
	x, _ := strconv.ParseFloat(a, 64)
	y, _ := strconv.ParseFloat(b, 64)
	if x >= y && m[3] == m[6] && m[1] == "" && m[4] == "" && strings.Contains(at.before+"-", "-") {
		return first + m[3] + "杠" + zhOrder(b) + m[6], true
	}
	if m[4] == "-" {
		second = "负" + second
	}
	return zhSign(at, m[1]) + first + m[3] + "到" + second + m[6], true
}

// Measure words and other words before which 2 is 两.
const zhMeasures = "个件天次位种年周台部款份条张只双套盒瓶箱包斤公千克吨米厘毫升块元角毛分小秒倍家间名人岁步笔单项页本杯支把颗批趟遍声句段层道组对度辆片粒袋桶罐卷枚封首场排行格点"

// zhMeasureNext says whether a measure word follows.
func zhMeasureNext(at place) bool {
	if hasPrefix(at.after, "年级", "分之", "点", "号", "月", "日", "单元", "公里处", "人民", "个人中心") {
		return hasPrefix(at.after, "点")
	}
	r := at.next()
	return r != 0 && isHan(r) && strings.ContainsRune(zhMeasures, r)
}

func zhMoneyNext(at place) bool { return hasPrefix(at.after, "元", "块", "万元", "亿") }

func trimZero(digits string) string {
	if t := strings.TrimLeft(digits, "0"); t != "" {
		return t
	}
	return "0"
}

func hasSuffix(s string, suffixes ...string) bool {
	for _, x := range suffixes {
		if strings.HasSuffix(s, x) {
			return true
		}
	}
	return false
}

func hasPrefix(s string, prefixes ...string) bool {
	for _, x := range prefixes {
		if strings.HasPrefix(s, x) {
			return true
		}
	}
	return false
}
