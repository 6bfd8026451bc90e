package slot

import (
	"math"
	"slices"
	"strconv"
)

// amounts finds the sums of money in t.
func (s *Slot) amounts(t *utterance) []Value {
	read := enMoney
	if s.zh {
		read = zhMoney
	}
	return s.figures(t, read, func(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', 2, 64) })
}

// figures finds what read reads at any place in t and the slot allows.
func (s *Slot) figures(t *utterance, read func(*utterance, int) (v, c float64, next int), write func(float64) string) []Value {
	var out []Value
	for i := 0; i < len(t.toks); {
		v, c, next := read(t, i)
		if next <= i {
			i++
			continue
		}
		if s.within(v) {
			out = append(out, Value{Canonical: write(v), Start: t.start(i), End: t.end(next), Confidence: c})
		}
		i = next
	}
	return out
}

func (s *Slot) within(v float64) bool {
	return s.spec.Min == 0 && s.spec.Max == 0 || v >= s.spec.Min && (v <= s.spec.Max || s.spec.Max == 0)
}

// zhMoney reads 五块三毛二, 十二块五, 三百五, ¥59, 八毛, 一万二 at i.
func zhMoney(t *utterance, i int) (v, c float64, next int) {
	n, sign := i, false
	if w := t.at(n).w; w == "¥" || w == "$" || w == "€" || w == "£" {
		n, sign = n+1, true
	}
	if t.adverb(n) {
		return 0, 0, -1
	}
	x, ok := t.zhNumber(n)
	if !ok {
		return 0, 0, -1
	}
	if t.at(n).w == "半" && t.at(x.next).w != "块" {
		return 0, 0, -1
	}
	m := x.next
	small := func(k int) (float64, int) { // 三毛二, 五分 behind the whole
		var sum float64
		at := k
		if d, ok := oneDigit(t, at); ok {
			switch t.at(at + 1).w {
			case "毛", "角":
				sum, at = float64(d)/10, at+2
				if e, ok := oneDigit(t, at); ok {
					sum += float64(e) / 100
					if at++; t.at(at).w == "分" {
						at++
					}
				}
				return sum, at
			case "分":
				return float64(d) / 100, at + 2
			}
		}
		if t.at(at).w == "零" {
			if d, ok := oneDigit(t, at+1); ok && t.at(at+2).w == "分" {
				return float64(d) / 100, at + 3
			}
		}
		return 0, k
	}
	if u, w := t.any(m, "块钱", "元钱", "块", "元", "圆", "人民币", "美元", "美金", "港币", "欧元", "日元", "刀"); u > 0 {
		v := x.v
		if w == "块" || w == "元" {
			if part, k := small(u); k > u {
				return v + part, 0.97, k
			}
			if d, ok := oneDigit(t, u); ok && w == "块" && t.at(u).gap != pause && counted(t, u+1) { // 十二块五
				if e, ok := oneDigit(t, u+1); ok && counted(t, u+2) {
					return v + float64(d)/10 + float64(e)/100, 0.9, u + 2
				}
				return v + float64(d)/10, 0.95, u + 1
			}
			if k := t.lit(u, "半"); k > 0 {
				return v + 0.5, 0.9, k
			}
			if t.at(u).kind == digits && t.at(u).gap == glued && len(t.at(u).w) == 2 {
				d, _ := strconv.Atoi(t.at(u).w)
				return v + float64(d)/100, 0.9, u + 1
			}
			if k := t.lit(u, "钱"); k > 0 {
				u = k
			}
		}
		return v, 0.97, u
	}
	if u, w := t.any(m, "毛钱", "毛", "角", "分钱"); u > 0 && (x.v < 10 || w == "分钱") {
		v := x.v / 10
		if w == "分钱" {
			return x.v / 100, 0.9, u
		}
		if d, ok := oneDigit(t, u); ok {
			if v, u = v+float64(d)/100, u+1; t.at(u).w == "分" {
				u++
			}
		}
		return v, 0.9, u
	}
	switch {
	case sign:
		return x.v, 0.97, m
	case t.at(m).w == "分" && x.v < 100 && (m+1 == len(t.toks) || t.at(m+1).gap == pause || slices.Contains(fillZh, t.at(m+1).w)):
		return x.v / 100, 0.6, m + 1
	case !counted(t, m):
		return x.v, 0.15, m
	case t.at(i-1).w == "第" || t.at(i-1).w == "周":
		return 0, 0, -1
	}
	if x.loose && x.next-n > 3 {
		return x.v, 0.4, m
	}
	if x.loose && x.next-n == 1 && len(t.toks) > 3 { // a lone digit in a sentence
		return x.v, 0.3, m
	}
	return x.v, 0.75, m
}

// counted is false where the token at i makes the number before it count something else.
func counted(t *utterance, i int) bool {
	switch t.at(i).w {
	case "个", "天", "次", "件", "点", "月", "年", "号", "日", "岁", "折", "楼", "层", "栋", "周", "遍", "斤", "台", "双", "位", "%", "分", "瓶", "箱", "盒", "袋", "张", "条", "只", "本", "把", "份", "套", "辆", "包", "杯", "支", "小", "公", "米", "十", "百", "千", "万":
		return i >= len(t.toks) || t.at(i).gap == pause
	}
	return true
}

// adverb tells whether the 一 at i belongs to a word that counts nothing: 一下, 一共.
func (t *utterance) adverb(i int) bool {
	if t.at(i).w != "一" || t.at(i+1).gap != glued {
		return false
	}
	switch t.at(i + 1).w {
	case "下", "样", "定", "起", "直", "共", "般", "些", "会", "切", "旦", "边", "向", "律", "致", "概", "并":
		return true
	}
	return false
}

func oneDigit(t *utterance, i int) (int, bool) {
	tok := t.at(i)
	if tok.kind == digits && len(tok.w) == 1 {
		return int(tok.w[0] - '0'), true
	}
	d, ok := hanDigits[tok.w]
	return d, ok && i < len(t.toks)
}

var enCoins = map[string]float64{"cent": 1, "cents": 1, "penny": 1, "pence": 1, "p": 1, "pennies": 1}

var enWholes = map[string]bool{
	"dollar": true, "dollars": true, "buck": true, "bucks": true, "pound": true, "pounds": true, "quid": true, "euro": true, "euros": true, "usd": true, "gbp": true, "sterling": true, "yuan": true, "rmb": true,
}

// enMoney reads twelve fifty, $12.50, fifty cents, a hundred and twenty bucks at i.
func enMoney(t *utterance, i int) (v, c float64, next int) {
	switch t.at(i).w {
	case "fiver":
		return 5, 0.9, i + 1
	case "tenner":
		return 10, 0.9, i + 1
	}
	n, sign := i, false
	if w := t.at(n).w; w == "$" || w == "£" || w == "€" || w == "¥" {
		n, sign = n+1, true
	}
	if t.at(n).w == "half" && t.at(n+1).w == "a" && t.at(n+2).w == "million" {
		return 5e5, 0.95, n + 3
	}
	if w := t.at(n + 1).w; t.at(n).w == "a" && (w == "dollar" || w == "buck" || w == "pound" || w == "quid" || w == "euro") {
		v, k := 1.0, n+2
		if t.seq(k, "and", "a", "half") > 0 {
			return 1.5, 0.9, k + 3
		}
		if m := t.lit(k, "and"); m > 0 {
			k = m
		}
		if d, m := enCount(t, k); m > 0 && d < 100 && t.at(k).gap != pause && (enCoins[t.at(m).w] > 0 || d >= 10) {
			if enCoins[t.at(m).w] > 0 {
				m++
			}
			return v + float64(d)/100, 0.9, m
		}
		return 1, 0.9, n + 2
	}
	x, ok := t.enNumber(n)
	if !ok {
		return 0, 0, -1
	}
	m := x.next
	w := t.at(m).w
	if enCoins[w] > 0 && (w != "p" || t.at(m+1).w != "m" && t.at(m+1).w != ".") {
		return x.v / 100, 0.95, m + 1
	}
	if enWholes[w] || sign && enWholes[w] {
		v := x.v
		m++
		if w == "us" {
			m++
		}
		k := m
		and := t.lit(k, "and")
		if and > 0 {
			k = and
		}
		if t.seq(k, "a", "half") > 0 && and > 0 {
			return v + 0.5, 0.9, k + 2
		}
		if d, u := enCount(t, k); u > 0 && d < 100 && t.at(k).gap != pause {
			if enCoins[t.at(u).w] > 0 {
				return v + float64(d)/100, 0.97, u + 1
			}
			if and < 0 && (d >= 10 || t.at(k).kind == digits) && !enCounts(t, u) {
				return v + float64(d)/100, 0.95, u
			}
		}
		return v, 0.97, m
	}
	if w == "k" {
		return x.v * 1000, 0.85, m + 1
	}
	if sign {
		return x.v, 0.97, m
	}
	// twelve fifty, twelve oh five
	if x.v >= 1 && x.v < 1000 && x.v == math.Floor(x.v) && t.at(m).gap != pause {
		if o := t.at(m).w; o == "oh" || o == "o" {
			if d, ok := enOnes[t.at(m+1).w]; ok {
				return x.v + float64(d)/100, 0.85, m + 2
			}
		}
		if d, u := enCount(t, m); u > 0 && d >= 10 && d < 100 && (t.at(n).kind != digits || len(t.at(n).w) <= 3) {
			if enWholes[t.at(u).w] && x.v < 10 { // one fifty dollars
				return x.v*100 + float64(d), 0.7, u + 1
			}
			c := 0.85
			if x.v < 10 { // one fifty is also a hundred and fifty
				c = 0.6
			}
			if enCounts(t, u) {
				c = 0.15
			}
			return x.v + float64(d)/100, c, u
		}
	}
	switch {
	case enCounts(t, m):
		return x.v, 0.15, m
	case x.loose && len(t.toks) > 3:
		return x.v, 0.3, m
	}
	return x.v, 0.75, m
}

// enCounts tells whether the word at i makes the number before it count something
// else than money.
func enCounts(t *utterance, i int) bool {
	if t.at(i).gap == pause {
		return false
	}
	switch t.at(i).w {
	case "days", "day", "weeks", "week", "months", "month", "hours", "hour", "minutes", "minute", "items", "item", "times", "people", "years", "year", "am", "pm", "oclock", "percent", "%", "of", "pairs", "pieces", "boxes", "st", "nd", "rd", "th", "ago", "moment", "second", "seconds", "sec", "more", "thing", "things", "question", "questions", "other", "time", "point", "last", "way":
		return true
	}
	return false
}

// zhMeasures are the words that follow a number of things.
var zhMeasures = lexiconOf([]string{
	"个", "台", "件", "只", "双", "对", "条", "张", "把", "本", "支", "枝", "瓶", "箱", "盒", "袋", "包", "份", "套", "辆", "部", "块", "片", "位", "人", "桶", "罐", "杯", "斤", "公斤", "千克", "克", "两", "米", "升", "次", "单", "间", "晚", "盆", "束", "颗", "粒", "根", "卷", "提", "组", "批", "棵", "头", "顶", "副", "架", "床", "扇", "幅",
})

// quantities finds how many things are spoken of in t.
func (s *Slot) quantities(t *utterance) []Value {
	read := enQuantity
	if s.zh {
		read = zhQuantity
	}
	return s.figures(t, read, plain)
}

func zhQuantity(t *utterance, i int) (v, c float64, next int) {
	if t.at(i-1).w == "第" {
		if x, ok := t.zhNumber(i); ok {
			return x.v, 0.05, x.next
		}
	}
	switch t.at(i).w {
	case "俩":
		return 2, 0.9, i + 1
	case "仨":
		return 3, 0.9, i + 1
	}
	if t.adverb(i) {
		return 0, 0, -1
	}
	x, ok := t.zhNumber(i)
	if !ok {
		return 0, 0, -1
	}
	if t.at(x.next).w == "几" || t.at(x.next).w == "多" { // 十几个: nobody knows
		return x.v, 0.3, x.next + 1
	}
	if n := t.lit(x.next, "打"); n > 0 && (t.at(n).w != "电" && t.at(n).w != "开") {
		return x.v * 12, 0.9, n
	}
	n, w := t.in(x.next, zhMeasures)
	switch {
	case n > 0 && w == "对" && x.whole && x.v <= 2:
		return x.v, 0.6, n
	case n > 0 && (t.at(n).w == "月" || t.at(n).w == "星" || t.at(n).w == "礼" || t.at(n).w == "小" && t.at(n+1).w == "时"):
		return x.v, 0.1, n + 1
	case n > 0 && w != "人" && w != "次" && w != "块":
		v := x.v
		if k := t.lit(n, "半"); k > 0 { // 一个半, 两斤半
			return v + 0.5, 0.9, k
		}
		c := 0.95
		if v == 1 && x.next == i+1 && len(t.toks) > 4 && w == "个" && i > 0 {
			c = 0.5 // 有一个问题
		}
		return v, c, n
	case n > 0:
		return x.v, 0.85, n
	case !counted(t, x.next) || t.at(x.next).w == "元":
		return x.v, 0.1, x.next
	case t.at(i).w == "半" && x.next != len(t.toks):
		return 0, 0, -1
	}
	if x.loose && len(t.toks) > 3 || x.loose && x.next-i > 3 {
		return x.v, 0.35, x.next
	}
	return x.v, 0.8, x.next
}

func enQuantity(t *utterance, i int) (v, c float64, next int) {
	switch w := t.at(i).w; w {
	case "dozen":
		return 12, 0.9, i + 1
	case "couple":
		return 2, 0.8, i + 1
	case "pair":
		return 1, 0.6, i + 1
	case "both":
		return 2, 0.7, i + 1
	case "single":
		return 1, 0.8, i + 1
	case "half":
		if t.at(i+1).w == "a" && t.at(i+2).w == "dozen" {
			return 6, 0.95, i + 3
		}
		if t.at(i+1).w == "dozen" {
			return 6, 0.9, i + 2
		}
		if t.at(i+1).w == "a" {
			return 0.5, 0.85, i + 2
		}
		return 0, 0, -1
	case "a", "an":
		switch t.at(i + 1).w {
		case "dozen":
			return 12, 0.95, i + 2
		case "couple":
			return 2, 0.9, i + 2
		case "pair":
			return 1, 0.6, i + 2
		case "hundred", "thousand":
		default:
			return 0, 0, -1
		}
	}
	x, ok := t.enNumber(i)
	if !ok {
		return 0, 0, -1
	}
	n := x.next
	switch {
	case t.at(n).w == "dozen":
		return x.v * 12, 0.95, n + 1
	case t.seq(n, "and", "a", "half") > 0:
		return x.v + 0.5, 0.95, n + 3
	case t.seq(n, "and", "a", "quarter") > 0:
		return x.v + 0.25, 0.9, n + 3
	case enWholes[t.at(n).w] && t.at(n).w != "pounds" && t.at(n).w != "pound" || enCounts(t, n) && t.at(n).w != "of" && t.at(n).w != "items" && t.at(n).w != "item" && t.at(n).w != "pairs" && t.at(n).w != "pieces" && t.at(n).w != "boxes" && t.at(n).w != "people" && t.at(n).w != "more":
		return x.v, 0.1, n
	}
	c = 0.9
	if x.v == 1 && len(t.toks) > 3 && n < len(t.toks) && (t.at(i-1).w == "the" || t.at(i-1).w == "this" || t.at(i-1).w == "that" || t.at(i-1).w == "which") {
		c = 0.2
	}
	if w := t.at(i - 1).w; w == "number" || w == "the" && x.v == 1 {
		c = 0.3
	}
	return x.v, c, n
}
