package slot

import (
	"math"
	"strconv"
	"strings"
)

// hanDigits are the characters that are digits wherever numbers are.
var hanDigits = map[string]int{
	"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
}

// spokenDigits are those that only stand in dictated numbers.
var spokenDigits = map[string]int{"幺": 1, "洞": 0, "拐": 7, "勾": 9}

var hanUnits = map[string]float64{"十": 10, "百": 100, "千": 1000, "万": 1e4, "亿": 1e8}

// A number is one that was read.
type number struct {
	v      float64
	next   int  // token behind it
	loose  bool // digit by digit, without a unit: 一二三
	whole  bool // said as one number: 一百二, twenty-five
	figure bool // written in figures
}

// zhNumber reads a number at i as Chinese say and recognisers write it: 两百五,
// 一千零二十, 3万5, 三点五, 半, 12.5.
func (t *utterance) zhNumber(i int) (number, bool) {
	first := t.at(i)
	if first.kind == digits {
		return t.figures(i)
	}
	if first.kind != han {
		return number{}, false
	}
	if n := t.lit(i, "半"); n > 0 {
		return number{v: 0.5, next: n, whole: true}, true
	}
	total, section := 0.0, 0.0 // section is below the last 万 or 亿
	digit, lastUnit := -1, 0.0
	zero, n := false, i
	singles, units := 0, 0
	for ; n < len(t.toks) && n-i < 24; n++ {
		tok := t.toks[n]
		if n > i && tok.gap == pause {
			break
		}
		if d, ok := hanDigits[tok.w]; ok {
			if n > i && tok.gap == space && lastUnit == 10 && hanUnits[t.at(n+1).w] == 10 { // 二十 二十四
				break
			}
			if digit > 0 && units == 0 && !zero || digit == 0 && units == 0 && singles > 0 {
				return t.spelled(i), true // 一二三
			}
			if digit > 0 { // 一百二三 is no number
				break
			}
			if d == 0 {
				zero = true
			}
			digit = d
			singles++
			continue
		}
		u, ok := hanUnits[tok.w]
		if !ok {
			break
		}
		switch {
		case u == 10 && digit < 0 && (units == 0 || zero || lastUnit >= 100):
			digit = 1
		case digit < 0 && u < 1e4:
			return number{v: total + section, next: n, whole: true}, units > 0
		}
		if u >= 1e4 {
			if section += float64(max(digit, 0)); section == 0 {
				break
			}
			total += section * u
			section = 0
		} else {
			if lastUnit != 0 && lastUnit < 1e4 && u >= lastUnit { // 二十 二十四 are two
				if tok.gap == glued {
					n--
					digit = -1
				}
				goto done
			}
			section += float64(digit) * u
		}
		lastUnit, digit, zero = u, -1, false
		units++
	}
done:
	if singles == 0 && units == 0 {
		return number{}, false
	}
	if digit >= 0 {
		switch {
		case !zero && lastUnit >= 100 && digit > 0: // 两百五, 三万五
			section += float64(digit) * lastUnit / 10
		default:
			section += float64(digit)
		}
	}
	v := total + section
	out := number{v: v, next: n, whole: true, loose: units == 0}
	if m := t.lit(n, "点"); m > 0 { // 三点五
		if d, ok := hanDigits[t.at(m).w]; ok {
			frac, scale := 0.0, 0.1
			for ok && m-n < 8 {
				frac += float64(d) * scale
				scale /= 10
				m++
				d, ok = hanDigits[t.at(m).w]
			}
			out.v, out.next = v+math.Round(frac*1e8)/1e8, m
			if u, ok := hanUnits[t.at(m).w]; ok && u >= 1e4 {
				out.v, out.next = out.v*u, m+1
			}
		}
	}
	return out, true
}

// spelled reads digits said one by one as one number.
func (t *utterance) spelled(i int) number {
	v, n := 0.0, i
	for n < len(t.toks) && n-i < 15 {
		d, ok := hanDigits[t.toks[n].w]
		if !ok || n > i && t.toks[n].gap == pause {
			break
		}
		v = v*10 + float64(d)
		n++
	}
	return number{v: v, next: n, loose: true}
}

// figures reads 12, 12.5, 3万5, 5k at i.
func (t *utterance) figures(i int) (number, bool) {
	tok := t.at(i)
	if tok.kind != digits || len(tok.w) > 15 {
		return number{}, false
	}
	v, _ := strconv.ParseFloat(tok.w, 64)
	n := i + 1
	out := number{figure: true, whole: true}
	if t.at(n).w == "." && t.at(n).gap == glued && t.at(n+1).kind == digits && t.at(n+1).gap == glued && len(t.at(n+1).w) < 10 {
		v, _ = strconv.ParseFloat(tok.w+"."+t.at(n+1).w, 64)
		n += 2
	}
	for n < len(t.toks) && t.toks[n].gap != pause {
		u, ok := hanUnits[t.toks[n].w]
		if !ok || u == 10 && v >= 10 {
			break
		}
		v *= u
		n++
		if d := t.at(n); d.kind == digits && u >= 100 && d.gap != pause { // 3万5, 1千200
			x, _ := strconv.ParseFloat(d.w, 64)
			if len(d.w) == 1 {
				x *= u / 10
			}
			if x < u {
				v += x
				n++
			}
			break
		} else if d, ok := hanDigits[t.at(n).w]; ok && u >= 100 && d > 0 && hanUnits[t.at(n+1).w] == 0 {
			v += float64(d) * u / 10
			n++
			break
		}
	}
	if t.at(n).w == "k" && t.at(n).gap == glued {
		v *= 1000
		n++
	}
	out.v, out.next = v, n
	return out, true
}

var enOnes = map[string]int{
	"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
}

var enTeens = map[string]int{
	"ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}

var enTens = map[string]int{
	"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}

// enSmall reads a number below a hundred at i.
func (t *utterance) enSmall(i int) (v, next int) {
	w := t.at(i).w
	if v, ok := enOnes[w]; ok {
		return v, i + 1
	}
	if v, ok := enTeens[w]; ok {
		return v, i + 1
	}
	if v, ok := enTens[w]; ok {
		n := i + 1
		if t.at(n).w == "-" {
			n++
		}
		if o, ok := enOnes[t.at(n).w]; ok && o > 0 && t.at(n).gap != pause {
			return v + o, n + 1
		}
		return v, i + 1
	}
	return 0, -1
}

// enNumber reads a number at i: a hundred and twenty, fifteen hundred, two point
// five, 1,200, 5k, half a million.
func (t *utterance) enNumber(i int) (number, bool) {
	if t.at(i).kind == digits {
		n, ok := t.figures(i)
		if !ok {
			return n, false
		}
		if u := enScale(t.at(n.next).w); u > 0 && t.at(n.next).gap != pause {
			n.v *= u
			n.next++
		}
		return n, true
	}
	total, section := 0.0, 0.0
	n, seen, scaled := i, false, false
	last := math.Inf(1) // the last scale
	for n-i < 24 {
		tok := t.at(n)
		if n > i && tok.gap == pause {
			break
		}
		if v, next := t.enSmall(n); next > 0 {
			if seen && !scaled {
				break
			}
			section += float64(v)
			seen, scaled, n = true, false, next
			if t.at(n).w == "-" && t.at(n).gap == glued {
				break
			}
			continue
		}
		if (tok.w == "a" || tok.w == "an") && (!seen || scaled) {
			if s := enScale(t.at(n + 1).w); s > 0 && !seen {
				section, seen, scaled = section+1, true, false
				n++
				continue
			}
			break
		}
		if tok.w == "and" && scaled {
			if _, next := t.enSmall(n + 1); next > 0 {
				n++
				continue
			}
			break
		}
		s := enScale(tok.w)
		if s == 0 || !seen || s >= last && s != 100 {
			break
		}
		if s == 100 {
			if section == 0 || section >= 100 {
				break
			}
			section *= 100
		} else {
			total += section * s
			section, last = 0, s
		}
		scaled = true
		n++
	}
	if !seen {
		return number{}, false
	}
	out := number{v: total + section, next: n, whole: true, loose: !scaled && t.aDigit(i, n)}
	if s := enScale(t.at(n + 3).w); s > 100 && t.seq(n, "and", "a", "half") > 0 { // two and a half thousand
		out.v, out.next, out.loose = (out.v+0.5)*s, n+4, false
		return out, true
	}
	if t.at(n).w == "point" {
		var b strings.Builder
		m := n + 1
		for m-n < 8 {
			if d, ok := enOnes[t.at(m).w]; ok {
				b.WriteByte(byte('0' + d))
			} else if w := t.at(m).w; w == "oh" || w == "o" {
				b.WriteByte('0')
			} else {
				break
			}
			m++
		}
		if b.Len() > 0 {
			f, _ := strconv.ParseFloat("0."+b.String(), 64)
			out.v, out.next = out.v+f, m
			if s := enScale(t.at(m).w); s > 100 {
				out.v, out.next = out.v*s, m+1
			}
		}
	}
	return out, true
}

// aDigit tells whether the tokens from i to n are one digit in words.
func (t *utterance) aDigit(i, n int) bool { _, ok := enOnes[t.at(i).w]; return ok && n == i+1 }

func enScale(w string) float64 {
	switch w {
	case "hundred":
		return 100
	case "thousand", "grand":
		return 1000
	case "million":
		return 1e6
	}
	return 0
}

// enOrdinals up to thirty-first.
var enOrdinals = func() map[string]int {
	m := map[string]int{}
	for i, w := range strings.Fields(`first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth ` +
		`sixteenth seventeenth eighteenth nineteenth twentieth`) {
		m[w] = i + 1
	}
	m["thirtieth"] = 30
	return m
}()

// enOrdinal reads third, twenty-third, 3rd at i.
func (t *utterance) enOrdinal(i int) (v, next int) {
	tok := t.at(i)
	if o, ok := enOrdinals[tok.w]; ok {
		return o, i + 1
	}
	if tens, ok := enTens[tok.w]; ok && tens <= 90 {
		n := i + 1
		if t.at(n).w == "-" {
			n++
		}
		if o, ok := enOrdinals[t.at(n).w]; ok && o < 10 && t.at(n).gap != pause {
			return tens + o, n + 1
		}
	}
	if tok.kind == digits && len(tok.w) <= 2 {
		if s := t.at(i + 1); s.gap == glued && (s.w == "st" || s.w == "nd" || s.w == "rd" || s.w == "th") {
			v, _ := strconv.Atoi(tok.w)
			return v, i + 2
		}
	}
	return 0, -1
}

// plain writes a number without needless zeros.
func plain(v float64) string {
	return strconv.FormatFloat(math.Round(v*1e4)/1e4, 'f', -1, 64)
}
