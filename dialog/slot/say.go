package slot

import (
	"strconv"
	"strings"
	"time"
)

// Say returns the value in words for the ear. Find understands them again.
func (s *Slot) Say(v Value) string { return s.sayAt(v, time.Time{}) }

// SayAt is Say with dates near now said as people do: tomorrow, 明天, and no year
// where it is this one.
func (s *Slot) SayAt(v Value, now time.Time) string { return s.sayAt(v, now) }

func (s *Slot) sayAt(v Value, now time.Time) string {
	c := v.Canonical
	switch s.spec.Kind {
	case Code, Phone:
		return s.sayCode(c)
	case Date, Time, DateTime:
		d, clock, both := strings.Cut(c, "T")
		if !both {
			if strings.Count(c, "-") == 2 {
				return s.sayDate(c, now)
			}
			return s.sayClock(c)
		}
		if s.zh {
			return s.sayDate(d, now) + s.sayClock(clock)
		}
		glue := " at "
		if strings.Contains(clock, "-") {
			glue = ", "
		}
		return s.sayDate(d, now) + glue + s.sayClock(clock)
	case Money:
		return s.sayMoney(c)
	case Quantity:
		f, err := strconv.ParseFloat(c, 64)
		if err != nil {
			return c
		}
		if s.zh {
			if w := zhFloat(c); c != "2" {
				return w
			}
			return "两个"
		}
		return enFloat(f, c)
	case YesNo:
		switch {
		case s.zh && c == "yes":
			return "是的"
		case s.zh:
			return "不是"
		}
		return c
	case Choice:
		for _, o := range s.options {
			if o.value == c {
				return o.say
			}
		}
		return c
	case Address:
		return s.sayAddress(c)
	case Name, Text:
	}
	return c
}

func (s *Slot) sayCode(c string) string {
	main, ext, _ := strings.Cut(c, "-")
	if s.spec.Kind == Code {
		main, ext = strings.ReplaceAll(c, "-", ""), ""
	}
	say := func(c string) string {
		var out []string
		for _, g := range s.groups(c) {
			out = append(out, s.sayDigits(g))
		}
		if s.zh {
			return strings.Join(out, "，")
		}
		return strings.Join(out, ", ")
	}
	w := say(main)
	switch {
	case ext == "":
		return w
	case s.zh:
		return w + "，转" + s.sayDigits(ext)
	}
	return w + ", extension " + s.sayDigits(ext)
}

// sayDigits says the characters of one group.
func (s *Slot) sayDigits(g string) string {
	var b strings.Builder
	for i := range len(g) {
		switch ch := g[i]; {
		case ch < '0' || ch > '9':
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteByte(ch)
		case s.zh:
			if i > 0 && g[i-1] > '9' {
				b.WriteByte(' ')
			}
			b.WriteString([]string{"零", "幺", "二", "三", "四", "五", "六", "七", "八", "九"}[ch-'0'])
		default:
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			if ch == '0' && s.spec.Kind != Code { // "oh" among letters is one
				b.WriteString("oh")
				continue
			}
			b.WriteString(enUnderTwenty[ch-'0'])
		}
	}
	return b.String()
}

var (
	enUnderTwenty = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	enTensNames   = strings.Fields("zero ten twenty thirty forty fifty sixty seventy eighty ninety")
	enMonthNames  = strings.Fields("January February March April May June July August September October November December")
	zhNumerals    = strings.Split("零一二三四五六七八九", "")
)

// zhInt says a whole number: 两百五十, 一万零二十.
func zhInt(n int64) string {
	if n < 0 {
		return "负" + zhInt(-n)
	}
	if n >= 1e8 {
		return zhScaled(n, 1e8, "亿")
	}
	if n >= 1e4 {
		return zhScaled(n, 1e4, "万")
	}
	switch {
	case n < 10:
		return zhNumerals[n]
	case n < 20:
		if n == 10 {
			return "十"
		}
		return "十" + zhNumerals[n-10]
	}
	var b strings.Builder
	zero := false
	for _, u := range []struct {
		v    int64
		name string
	}{{1000, "千"}, {100, "百"}, {10, "十"}, {1, ""}} {
		d := n / u.v % 10
		if d == 0 {
			zero = b.Len() > 0
			continue
		}
		if zero {
			b.WriteString("零")
		}
		zero = false
		if d == 2 && u.v >= 100 {
			b.WriteString("两")
		} else {
			b.WriteString(zhNumerals[d])
		}
		b.WriteString(u.name)
	}
	return b.String()
}

func zhScaled(n, unit int64, name string) string {
	head := zhInt(n / unit)
	if n/unit == 2 {
		head = "两"
	}
	rest := n % unit
	switch {
	case rest == 0:
		return head + name
	case rest < unit/10:
		if rest >= 10 && rest < 20 {
			return head + name + "零一" + zhInt(rest)
		}
		return head + name + "零" + zhInt(rest)
	}
	return head + name + zhInt(rest)
}

// zhFloat says a number with a fraction.
func zhFloat(c string) string {
	whole, frac, _ := strings.Cut(c, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return c
	}
	w := zhInt(n)
	if frac == "" {
		return w
	}
	w += "点"
	for _, r := range frac {
		w += zhNumerals[r-'0']
	}
	return w
}

// enInt says a whole number.
func enInt(n int64) string {
	switch {
	case n < 0:
		return "minus " + enInt(-n)
	case n < 20:
		return enUnderTwenty[n]
	case n < 100:
		if n%10 == 0 {
			return enTensNames[n/10]
		}
		return enTensNames[n/10] + "-" + enUnderTwenty[n%10]
	case n < 1000:
		return joined(enUnderTwenty[n/100]+" hundred", " and ", n%100)
	case n < 1e6:
		return thousand(n, 1000, "thousand")
	}
	return thousand(n, 1e6, "million")
}

func joined(head, glue string, rest int64) string {
	if rest == 0 {
		return head
	}
	return head + glue + enInt(rest)
}

func thousand(n, unit int64, name string) string {
	glue := " "
	if n%unit < 100 {
		glue = " and "
	}
	return joined(enInt(n/unit)+" "+name, glue, n%unit)
}

func enFloat(f float64, c string) string {
	whole, frac, _ := strings.Cut(c, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || f < 0 {
		return c
	}
	w := enInt(n)
	if frac == "" {
		return w
	}
	w += " point"
	for _, r := range frac {
		w += " " + enUnderTwenty[r-'0']
	}
	return w
}

func (s *Slot) sayMoney(c string) string {
	whole, frac, _ := strings.Cut(c, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return c
	}
	for len(frac) < 2 {
		frac += "0"
	}
	cents, _ := strconv.ParseInt(frac[:2], 10, 64)
	if s.zh {
		w := ""
		switch {
		case n == 2:
			w = "两元"
		case n > 0 || cents == 0:
			w = zhInt(n) + "元"
		}
		if cents/10 > 0 {
			w += zhNumerals[cents/10] + "角"
		} else if cents > 0 && n > 0 {
			w += "零"
		}
		if cents%10 > 0 {
			w += zhNumerals[cents%10] + "分"
		}
		return w
	}
	one, more, cent, pence := "dollar", "dollars", "cent", "cents"
	switch s.spec.Country {
	case "GB":
		one, more, cent, pence = "pound", "pounds", "penny", "pence"
	case "CN":
		one, more, cent, pence = "yuan", "yuan", "cent", "cents"
	case "IE", "DE", "FR", "ES", "IT", "NL", "AT", "BE", "FI", "PT", "GR":
		one, more = "euro", "euros"
	}
	unit := func(n int64, one, more string) string {
		if n == 1 {
			return "one " + one
		}
		return enInt(n) + " " + more
	}
	switch {
	case cents == 0:
		return unit(n, one, more)
	case n == 0:
		return unit(cents, cent, pence)
	}
	return unit(n, one, more) + " and " + unit(cents, cent, pence)
}

// sayAddress says the numbers of an address in words.
func (s *Slot) sayAddress(c string) string {
	var b strings.Builder
	for i := 0; i < len(c); {
		n := i
		for n < len(c) && c[n] >= '0' && c[n] <= '9' {
			n++
		}
		if n == i {
			b.WriteByte(c[i])
			i++
			continue
		}
		num := c[i:n]
		v, _ := strconv.ParseInt(num, 10, 64)
		switch {
		case s.zh && len(num) < 3 && num[0] != '0':
			b.WriteString(zhInt(v))
		case s.zh:
			b.WriteString(s.sayDigits(num))
		case n < len(c) && (strings.HasPrefix(c[n:], "st") || strings.HasPrefix(c[n:], "nd") || strings.HasPrefix(c[n:], "rd") || strings.HasPrefix(c[n:], "th")) && len(num) <= 2:
			b.WriteString(enOrdinalWord(int(v)))
			n += 2
		default:
			b.WriteString(houseNumber(num))
			if n < len(c) && c[n] != ' ' && c[n] != ',' {
				b.WriteByte(' ')
			}
		}
		i = n
	}
	return b.String()
}

// houseNumber says 1245 as twelve forty-five.
func houseNumber(num string) string {
	pair := func(p string) string {
		v, _ := strconv.ParseInt(p, 10, 64)
		if p[0] == '0' && len(p) == 2 {
			return "oh " + enUnderTwenty[v]
		}
		return enInt(v)
	}
	switch {
	case len(num) <= 2 && num[0] != '0':
		return pair(num)
	case len(num) == 3 && num[1:] == "00" && num[0] != '0', len(num) == 4 && num[2:] == "00" && num[0] != '0' && num[1] != '0':
		return pair(num[:len(num)-2]) + " hundred"
	case len(num) == 3 && num[0] != '0' && num[1:] != "00":
		return pair(num[:1]) + " " + pair(num[1:])
	case len(num) == 4 && num[0] != '0' && num[2:] != "00":
		return pair(num[:2]) + " " + pair(num[2:])
	}
	var out []string
	for _, r := range num {
		out = append(out, enUnderTwenty[r-'0'])
	}
	return strings.Join(out, " ")
}
