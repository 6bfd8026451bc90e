package spoken

import (
	"regexp"
	"strconv"
	"strings"
)

const (
	enDash   = `\s?(?:-|–|—+|~|to)\s?`
	enMonths = `Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?`
	enBigs   = `(?:\s?(?:thousand|million|billion|trillion|k|K|M|bn|B)\b)?`
	halfDay  = `[aApP]\.?\s?[mM]\b\.?`
	enDays   = `Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri|Sat|Sun`
)

var monthNames = strings.Fields("January February March April May June July August September October November December")

// englishRules in the order they are tried.
var englishRules = []rule{
	{re(`(?i)[\w.+-]+@[\w-]+(?:\.[\w-]+)+`), enAddress},
	{re(`(?i)(?:https?://|www\.)[\w\-./?=&%#:~+@]*[\w/]`), enAddress},
	{re(`(?i)(?:[a-z0-9](?:[\w-]*[a-z0-9])?\.)+(?:com|cn|net|org|io|gov|edu|shop|top|co|uk|me|info)\b(?:/[\w\-./?=&%#]*)?`), func(at place, m []string) (string, bool) {
		if isLatin(at.last()) {
			return "", false
		}
		return enAddress(at, m)
	}},

	{re(`(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})`), func(_ place, m []string) (string, bool) {
		for i := range m[1:] {
			m[i+1] = enString(m[i+1], false)
		}
		return strings.Join(m[1:], " dot "), true
	}},
	{re(`(19\d\d|20\d\d)[-/.](` + month + `)[-/.](` + day + `)`), func(at place, m []string) (string, bool) {
		return enDate(at, m[2], m[3], m[1]), true
	}},
	{re(`(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)`), enSlashDate},
	{re(`(` + enMonths + `)\.?\s(` + day + `)(?:st|nd|rd|th)?(?:` + enDash + `(?:(` + enMonths + `)\.?\s)?(` + day + `)(?:st|nd|rd|th)?)?\b(?:,?\s(19\d\d|20\d\d)\b)?`), enMonthDay},
	{re(`(` + day + `)(?:st|nd|rd|th)?\s(?:of\s)?(` + enMonths + `)\b\.?(?:,?\s(19\d\d|20\d\d)\b)?`), enDayMonth},
	{re(`(` + enMonths + `)\.?\s(19\d\d|20\d\d)\b`), func(at place, m []string) (string, bool) {
		return monthName(m[1]) + " " + enYear(m[2], at.british), true
	}},
	{re(`(` + enDays + `)\.?` + enDash + `(` + enDays + `)\b`), func(_ place, m []string) (string, bool) {
		return weekday(m[1]) + " to " + weekday(m[2]), true
	}},
	{re(`24/7`), func(place, []string) (string, bool) { return "twenty-four seven", true }},

	{re(`(` + hour + `)(?::(` + minute + `))?\s?(` + halfDay + `)?` + enDash + `(` + hour + `)(?::(` + minute + `))?\s?(` + halfDay + `)`), enTimeRange},
	{re(`(` + hour + `):(` + minute + `)` + enDash + `(` + hour + `):(` + minute + `)`), enTimeRange24},
	{re(`(` + hour + `):(` + minute + `)(?::(` + minute + `))?(?:\s?(` + halfDay + `))?`), enTime},
	{re(`(\d{1,2})\s?(` + halfDay + `)`), func(at place, m []string) (string, bool) {
		return enCardinal(trimZero(m[1]), at.british) + " " + half(m[2]) + stop(m[2], at), true
	}},
	{re(`(\d+):(\d+)`), func(at place, m []string) (string, bool) {
		return enNumber(m[1], at.british) + " to " + enNumber(m[2], at.british), true
	}},

	{re(`(?:\+?1[-.\s])?\(?([2-9]\d\d)\)?[-.\s]\s?(\d{3})[-.\s](\d{4})`), enPhone},
	{re(`(\+)?(44|86|852|65|61|49|33|81)[-\s](\(?\d[\d\s()-]{5,}\d)`), func(_ place, m []string) (string, bool) {
		if m[1] == "" {
			return "", false
		}
		return "plus " + enString(m[2], false) + ", " + enWritten(m[3]), true
	}},
	{re(`(0\d{2,4})[-\s](\d{3,4})[-\s](\d{3,4})`), func(_ place, m []string) (string, bool) {
		return enString(m[1], true) + ", " + enString(m[2], true) + ", " + enString(m[3], true), true
	}},
	{re(`(\d{2,})([*xX•]{2,})(\d*)`), func(_ place, m []string) (string, bool) {
		s := enGroups(m[1], true) + ", stars"
		if m[3] != "" {
			s += ", " + enGroups(m[3], true)
		}
		return s, true
	}},
	{re(`(\d+)(?:[-\s](\d+))*`), enIdentifier},

	{re(`([-+]?)(US\$|HK\$|NT\$|A\$|C\$|S\$|\$|£|€|¥|₩|RMB\s?|CNY\s?|USD\s?|EUR\s?|GBP\s?)(` + num + `)(` + enBigs + `)(?:` + enDash + `(?:\$|£|€|¥)?(` + num + `)(` + enBigs + `))?`), enMoney},
	{re(`(` + num + `)\s?(USD|EUR|GBP|RMB|CNY|yuan)\b`), func(at place, m []string) (string, bool) {
		return enAmount(m[2], m[1], at.british), true
	}},
	{re(`([-+]?` + num + `)%?` + enDash + `(` + num + `)%`), func(at place, m []string) (string, bool) {
		return enNumber(m[1], at.british) + " to " + enNumber(m[2], at.british) + " percent", true
	}},
	{re(`([-+]?` + num + `)\s?%`), func(at place, m []string) (string, bool) { return enSigned(at, m[1]) + " percent", true }},
	{re(`(\d+)\s(\d)/(\d{1,2})`), func(at place, m []string) (string, bool) {
		f, ok := enFraction(m[2], m[3])
		if rest, one := strings.CutPrefix(f, "one "); one {
			f = "a " + rest
		}
		return enNumber(m[1], at.british) + " and " + f, ok && at.next() != '/'
	}},
	{re(`(\d+)/(\d+)`), func(at place, m []string) (string, bool) {
		if f, ok := enFraction(m[1], m[2]); ok && at.next() != '/' {
			return f, true
		}
		if s, ok := enShortDate(at, m[1], m[2]); ok {
			return s, true
		}
		return enNumber(m[1], at.british) + " slash " + enNumber(m[2], at.british), true
	}},
	{re(`(\d*)([½⅓⅔¼¾⅛])`), func(at place, m []string) (string, bool) {
		s := map[string]string{"½": "half", "⅓": "third", "⅔": "two thirds", "¼": "quarter", "¾": "three quarters", "⅛": "eighth"}[m[2]]
		if !strings.Contains(s, " ") {
			if m[1] == "" {
				s = "one " + s
			} else {
				s = "a " + s
			}
		}
		if m[1] != "" {
			s = enNumber(m[1], at.british) + " and " + s
		}
		return s, true
	}},
	{re(`(\d)['′]\s?(\d{1,2})(?:["″]|'')`), func(_ place, m []string) (string, bool) {
		return enNumber(m[1], false) + " foot " + enNumber(m[2], false), true
	}},
	{re(`(` + num + `)["″]`), func(at place, m []string) (string, bool) {
		return enNumber(m[1], at.british) + " " + enPlural(m[1], "inch", "inches"), !strings.Contains(at.before, "\"")
	}},
	{re(`(` + num + `)[xX]\b`), func(at place, m []string) (string, bool) { return enNumber(m[1], at.british) + " times", true }},
	{re(`(\d+)(?:st|nd|rd|th)\b`), func(at place, m []string) (string, bool) { return enOrdinal(m[1], at.british), true }},
	{re(`(?i:No\.?)\s?(\d+)`), func(at place, m []string) (string, bool) { return "number " + enOrder(m[1], at.british), true }},
	{re(`#\s?(\d+)`), func(at place, m []string) (string, bool) { return "number " + enOrder(m[1], at.british), true }},
	{re(`([#*])(\s?key)?`), func(at place, m []string) (string, bool) {
		if m[2] == "" && !hasSuffix(strings.ToLower(strings.TrimRight(at.before, " ")), "press", "the", "dial", "or", "enter", "hit") {
			return " ", true
		}
		return map[string]string{"#": "pound", "*": "star"}[m[1]] + m[2], true
	}},
	{re(`([-+]?)(` + num + `)(?:` + enDash + `([-+]?` + num + `))?[\s-]?(` + unitPattern + `)(?:/(` + unitPattern + `|month|mo|year|yr|day|week|wk|person))?`), enUnit},
	{re(`([-+]?)(` + num + `)` + enDash + `(` + num + `)`), func(at place, m []string) (string, bool) {
		if m[2] == "7" && m[3] == "11" {
			return "seven eleven", true
		}
		return enSigned(at, m[1]+m[2]) + " to " + enNumber(m[3], at.british), true
	}},
	{re(`(` + num + `)((?:\s?[x×*]\s?` + num + `)+)(?:\s?(` + unitPattern + `)\b)?`), func(at place, m []string) (string, bool) {
		s := each(m[1]+m[2], " by ", func(n string) string { return enNumber(n, at.british) })
		if u, ok := findUnit(m[3]); ok {
			s += " " + u.more
		}
		return s, true
	}},
	{re(`[vV](\d+(?:\.\d+)*)`), func(at place, m []string) (string, bool) {
		if isLatin(at.last()) {
			return "", false
		}
		return "version " + enVersion(m[1]), true
	}},
	{re(`\d+(?:\.\d+){2,}`), func(_ place, m []string) (string, bool) { return enVersion(m[0]), true }},
	{re(`([-+]?)(` + num + `)((?:\s?(?:thousand|million|billion|trillion|k|bn)\b)?)(\+?)`), enPlain},

	{re(`(?:e\.g\.|i\.e\.|etc\.|vs\.?|approx\.|w/o|w/|Mr\.|Mrs\.|Ms\.|Dr\.|Prof\.|St\.|Ave\.|Rd\.|Blvd\.|Inc\.|Ltd\.|Co\.|Dept\.|ext\.|min\.|max\.)`), enAbbreviation},
	{re(`(?:[A-Za-z]\.){2,}`), func(at place, m []string) (string, bool) {
		s := spell(strings.ReplaceAll(m[0], ".", ""))
		if isLatin(at.next()) {
			s += " "
		}
		return s, true
	}},
	{re(`([<>≥≤≈=±×÷+&~→°√∞@]|>=|<=)`), enSymbol},
	{re(`(?i:wi-fi)`), func(place, []string) (string, bool) { return "WiFi", true }},
	{re(`([A-Za-z]+(?:['’][a-z]+)?)((?:-?\d+[A-Za-z]*)*)`), enLatin},
	{re(`/\s?(month|mo|year|yr|day|week|person|night|hour|call|item|order|unit)\b`), func(_ place, m []string) (string, bool) {
		return " per " + strings.NewReplacer("month", "month", "mo", "month", "year", "year", "yr", "year").Replace(m[1]), true
	}},
	{re(`/`), func(at place, _ []string) (string, bool) {
		if isLatin(at.last()) && isLatin(at.next()) {
			if strings.HasSuffix(at.before, "and") {
				return " ", true
			}
			return " or ", true
		}
		return " ", true
	}},
	{re(`-`), func(at place, _ []string) (string, bool) {
		switch {
		case isDigit(at.last()) && isLatin(at.next()): // "a 5-mile run"
			return " ", true
		case !isLatin(at.last()) || !isLatin(at.next()):
			return ", ", true
		case at.last() >= 'A' && at.last() <= 'Z', at.next() >= 'A' && at.next() <= 'Z':
			return " ", true
		}
		return "-", true
	}},
	{re(`[-–—]+`), func(place, []string) (string, bool) { return ", ", true }},
	{re(`(?:…|\.\.)[….]*`), func(place, []string) (string, bool) { return ".", true }},
}

// Words in front of a number that is an identifier.
var enIDWords = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:order|orders|number|numbers|no|ending in|ending|ends in|end in|code|pin|extension|ext|account|tracking|reference|ref|card|phone|dial|call|at|passcode|password|zip|postcode|serial|invoice|ticket|booking|confirmation|id|digits|customer|case|case number|text)\b[\s:#.]*(?:is|was|are)?[\s:#.]*$`)

// enRoomWords name things whose number is said in pairs: "room twelve oh three".
var enRoomWords = regexp.MustCompile(`(?:^|[^A-Za-z])(?:(?i:room|suite|apartment|apt|flat|flight|unit|gate|bus|route|highway|channel|building)|[A-Z]{2})[\s.#]*$`)

// enIdentifier reads what the words around it say is no amount, what is too long
// for one and what begins with zero.
func enIdentifier(at place, m []string) (string, bool) {
	parts := strings.FieldsFunc(m[0], func(r rune) bool { return r == '-' || r == ' ' })
	digits := strings.Join(parts, "")
	next := at.next()
	if next == '%' || next == '/' || next == ':' || next == '.' && len(at.after) > 1 && isDigit(rune(at.after[1])) || isLatin(next) || isLatin(at.last()) {
		return "", false
	}
	named := enIDWords.MatchString(at.before) && len(digits) >= 3
	if enEmergency[digits] && enCallWords.MatchString(at.before) {
		return enString(digits, true), true
	}
	if named && len(digits) < 5 && enIDWeak.MatchString(at.before) {
		named = false // "call 200 people", "at 300"
	}
	if len(parts) == 1 && len(digits) >= 3 && len(digits) <= 4 && enRoomWords.MatchString(at.before) {
		return enPairs(digits), true
	}
	if year := len(parts) == 1 && len(digits) == 4 && (digits[:2] == "19" || digits[:2] == "20"); year && !named && enYearWords.MatchString(at.before) {
		return enYear(digits, at.british), true
	}
	led := len(parts[0]) > 1 && parts[0][0] == '0'
	amount := at.amount || len(digits) < 7 || round(digits) && len(digits) < 16
	if !named && amount && !led && len(parts) < 3 {
		return "", false
	}
	if len(parts) == 1 {
		return enGroups(digits, true), true
	}
	return enWritten(m[0]), true
}

// enEmergency are numbers that everybody knows as telephone numbers.
var enEmergency = map[string]bool{"911": true, "999": true, "112": true, "411": true, "311": true, "101": true, "111": true, "110": true, "120": true, "119": true}

var (
	enCallWords = regexp.MustCompile(`(?i)(?:call|dial|ring|phone)\s*$`)
	enIDWeak    = regexp.MustCompile(`(?i)(?:at|call|text|no|orders|numbers|dial)[\s:#.]*$`)
	enYearWords = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:in|since|of|by|until|till|from|before|after|year|early|late|mid|spring|summer|autumn|fall|winter|copyright|to)\s*$`)
)

// enWritten reads digits in the groups they are written in.
func enWritten(digits string) string {
	var out []string
	for _, p := range strings.FieldsFunc(digits, func(r rune) bool { return !isDigit(r) }) {
		out = append(out, enGroups(p, true))
	}
	return strings.Join(out, ", ")
}

// enPairs reads 101 as "one oh one", 1203 as "twelve oh three".
func enPairs(digits string) string {
	switch {
	case digits[0] == '0', len(digits) == 3 && digits[1] == '0' && digits[2] != '0':
		return enString(digits, true)
	case len(digits) == 3 && digits[1:] == "00":
		return enCardinal(digits, false)
	case len(digits) == 3:
		return enDigit(rune(digits[0]), false) + " " + enCardinal(digits[1:], false)
	}
	if digits[2:] == "00" {
		return enCardinal(digits[:2], false) + " hundred"
	}
	if digits[2] == '0' {
		return enCardinal(digits[:2], false) + " oh " + enDigit(rune(digits[3]), false)
	}
	return enCardinal(digits[:2], false) + " " + enCardinal(digits[2:], false)
}

func enOrder(digits string, and bool) string {
	if len(digits) > 3 || digits[0] == '0' && len(digits) > 1 {
		return enGroups(digits, true)
	}
	return enCardinal(digits, and)
}

func enPhone(_ place, m []string) (string, bool) {
	area := enString(m[1], true)
	if m[1] == "800" {
		area = "eight hundred"
	}
	s := area + ", " + enString(m[2], true) + ", " + enString(m[3], true)
	if strings.HasPrefix(strings.TrimPrefix(m[0], "+"), "1") {
		s = "one, " + s
		if m[0][0] == '+' {
			s = "plus " + s
		}
	}
	return s, true
}

// enSigned reads a number whose sign means minus only where nothing stands before.
func enSigned(at place, number string) string {
	switch {
	case strings.HasPrefix(number, "-") && (isLatin(at.last()) || isDigit(at.last())):
		return ", " + enNumber(number[1:], at.british)
	case strings.HasPrefix(number, "+"):
		return " plus " + enNumber(number[1:], at.british)
	}
	return enNumber(number, at.british)
}

func enPlain(at place, m []string) (string, bool) {
	if at.last() == '.' && m[1] == "" && !strings.Contains(m[2], ".") && strings.HasSuffix(strings.TrimRight(at.before, "."), "0") {
		return " " + enString(m[2], false), true
	}
	s := enSigned(at, m[1]+m[2]) + scale(m[3])
	if m[4] != "" {
		s += " plus "
	}
	if isLatin(at.next()) {
		s += " "
	}
	return s, true
}

// scale reads what stands behind a number: "k", "million".
func scale(s string) string {
	s = strings.TrimSpace(s)
	switch s {
	case "":
		return ""
	case "k", "K":
		s = "thousand"
	case "M":
		s = "million"
	case "B", "bn":
		s = "billion"
	}
	return " " + s
}

func enVersion(v string) string {
	parts := strings.Split(v, ".")
	for i, p := range parts {
		parts[i] = enCardinal(p, false)
	}
	return strings.Join(parts, " point ")
}

// enFraction reads small fractions; others are no fractions.
func enFraction(a, b string) (string, bool) {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	if x < 1 || x >= y || y > 10 || a[0] == '0' || len(b) > 2 {
		return "", false
	}
	names := map[int][2]string{2: {"half", "halves"}, 4: {"quarter", "quarters"}}
	name, ok := names[y]
	if !ok {
		o := enOrdinal(b, false)
		name = [2]string{o, o + "s"}
	}
	if x == 1 {
		return "one " + name[0], true
	}
	return enOnes[x] + " " + name[1], true
}

func enAbbreviation(at place, m []string) (string, bool) {
	if isLatin(at.last()) {
		return "", false
	}
	said := map[string]string{
		"e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "vs": "versus", "vs.": "versus", "approx.": "approximately", "w/o": "without", "w/": "with",
		"Mr.": "mister", "Mrs.": "missus", "Ms.": "miz", "Dr.": "doctor", "Prof.": "professor", "St.": "street", "Ave.": "avenue", "Rd.": "road", "Blvd.": "boulevard",
		"Inc.": "incorporated", "Ltd.": "limited", "Co.": "company", "Dept.": "department", "ext.": "extension", "min.": "minimum", "max.": "maximum",
	}[m[0]]
	if m[0] == "vs" && isLatin(at.next()) || said == "" {
		return "", false
	}
	if m[0] == "St." && strings.HasPrefix(at.after, " ") && len(at.after) > 1 && at.after[1] >= 'A' && at.after[1] <= 'Z' && !endsCapitalised(at.before) {
		said = "saint"
	}
	if strings.HasSuffix(m[0], ".") && strings.TrimSpace(at.after) == "" && m[0] != "e.g." {
		said += "."
	}
	return said, true
}

// endsCapitalised says whether the last word of s begins with a capital or a digit.
func endsCapitalised(s string) bool {
	fields := strings.Fields(s)
	if len(fields) == 0 {
		return false
	}
	c := fields[len(fields)-1][0]
	return c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// enLatin reads a run of letters with the digits glued to it: a code is spelled,
// with "zero" since "oh" would be a letter.
func enLatin(_ place, m []string) (string, bool) {
	var s strings.Builder
	s.WriteString(word(m[1]))
	for rest := m[2]; rest != ""; {
		n := 0
		for n < len(rest) && !isDigit(rune(rest[n])) {
			n++
		}
		if letters := strings.Trim(rest[:n], "-"); letters != "" {
			s.WriteString(" " + word(letters))
		}
		rest = rest[n:]
		n = 0
		for n < len(rest) && isDigit(rune(rest[n])) {
			n++
		}
		if d := rest[:n]; len(d) > 0 && len(d) <= 2 && d[0] != '0' {
			s.WriteString(" " + enCardinal(d, false))
		} else if d != "" {
			s.WriteString(" " + enGroups(d, false))
		}
		rest = rest[n:]
	}
	return s.String(), true
}

func enAddress(_ place, m []string) (string, bool) {
	a := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(m[0]), "https://"), "http://")
	return readAddress(a, map[rune]string{'.': "dot", '@': "at", '/': "slash", '-': "dash", '_': "underscore", ':': "colon", '?': "question mark", '=': "equals", '&': "and", '+': "plus", '#': "hash", '%': "percent", '~': "tilde"},
		func(digits string) string {
			if len(digits) <= 2 && digits[0] != '0' {
				return enCardinal(digits, false)
			}
			return enString(digits, false)
		}), true
}

func enSymbol(at place, m []string) (string, bool) {
	said := map[string]string{
		"<": "less than", ">": "more than", "≥": "at least", ">=": "at least", "≤": "at most", "<=": "at most", "≈": "about", "=": "equals", "±": "plus or minus",
		"×": "times", "÷": "divided by", "+": "plus", "&": "and", "~": "about", "→": "to", "°": "degrees", "√": "square root of", "∞": "infinity", "@": "at",
	}[m[1]]
	if (m[1] == "~" || m[1] == "<" || m[1] == ">") && !isDigit(at.next()) && at.next() != ' ' && at.next() != '$' {
		return " ", true
	}
	return " " + said + " ", true
}
