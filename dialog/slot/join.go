package slot

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Join appends to old, usually Partial, what the caller adds in a further turn: the
// next group of a code, the time to a day, more of an address. It is false when text
// has nothing to add or the whole would be too long.
func (s *Slot) Join(old Value, text string, now time.Time) (Value, bool) {
	t := read(text)
	if len(t.toks) == 0 || len(old.Canonical) > 4*maxRunes {
		return Value{}, false
	}
	if old.Canonical == "" {
		if vs := s.find(t, now); len(vs) > 0 {
			return vs[0], true
		}
		return Value{}, false
	}
	switch s.spec.Kind {
	case Code, Phone:
		return s.joinDigits(old, t)
	case DateTime:
		if vs := s.once(t, now); len(vs) > 0 && !vs[0].Partial {
			return vs[0], true
		}
		return s.correctTime(old, t, now)
	case Text:
		return s.append(old, " ", strings.TrimSpace(text), t), true
	case Address:
		if vs := s.addresses(t); len(vs) > 0 {
			return s.append(old, ", ", vs[0].Canonical, t), true
		}
	case Name:
		if s.zh {
			core := t.unfilled(true)
			if n := len(core.toks); n == 0 || n > 3 || utf8.RuneCountInString(old.Canonical)+n > 5 {
				return Value{}, false
			}
			return s.append(old, "", core.text[core.start(0):core.end(len(core.toks))], core), true
		}
		if vs := s.names(t); len(vs) > 0 {
			return s.append(old, " ", vs[0].Canonical, t), true
		}
	default:
	}
	return Value{}, false
}

func (s *Slot) append(old Value, glue, more string, t *utterance) Value {
	if s.zh {
		glue = ""
	}
	v := old
	v.Canonical += glue + more
	v.Start, v.End = t.start(0), t.end(len(t.toks))
	v.Partial = false
	v.Confidence = max(v.Confidence, 0.6)
	return v
}

func (s *Slot) joinDigits(old Value, t *utterance) (Value, bool) {
	// 转801
	if s.spec.Kind == Phone && !old.Partial {
		for i := range t.toks {
			if n := extension(t, i); n > 0 {
				if r, ok := (dictation{t: t, zh: s.zh}).run(n); ok && len(r.g) <= 6 && !strings.Contains(old.Canonical, "-") {
					c, _ := r.canonical()
					v := old
					v.Canonical += "-" + c
					v.Start, v.End = t.start(n), t.end(r.to)
					return v, true
				}
			}
		}
	}
	d := dictation{t: t, zh: s.zh, letters: s.spec.Kind == Code}
	var r run
	for _, x := range d.runs() {
		if len(x.g) > len(r.g) {
			r = x
		}
	}
	if len(r.g) == 0 {
		return Value{}, false
	}
	more, doubt := r.canonical()
	v := Value{Start: t.start(r.from), End: t.end(r.to), Doubtful: append([]Range(nil), old.Doubtful...)}
	whole := func() (Value, bool) {
		for _, v := range s.once(t, time.Time{}) {
			if !v.Partial {
				return v, true
			}
		}
		return Value{}, false
	}
	if strings.HasPrefix(more, old.Canonical) { // from the start again
		if x, ok := whole(); ok {
			return x, true
		}
		v.Canonical, v.Doubtful = more, doubt
		return s.rate(v), len(more) > len(old.Canonical)
	}
	_, most := s.limits()
	if s.spec.Kind == Phone {
		most = 13
		if s.spec.Country == "CN" && old.Canonical[0] == '1' {
			most = 11
		} else if s.spec.Country == "CN" {
			most = 12
		}
	}
	joined := old.Canonical + more
	if len(joined) > most {
		// the last group said again, to go on from there
		for n := min(len(more), len(old.Canonical)); n > 0; n-- {
			if strings.HasSuffix(old.Canonical, more[:n]) && len(joined)-n <= most {
				v.Canonical = old.Canonical + more[n:]
				return s.rate(v), true
			}
		}
		return whole()
	}
	for _, d := range doubt {
		v.Doubtful = append(v.Doubtful, Range{d.Start + len(old.Canonical), d.End + len(old.Canonical)})
	}
	v.Canonical = joined
	return s.rate(v), true
}

// rate tells whether v is whole now, and how sure.
func (s *Slot) rate(v Value) Value {
	if s.spec.Kind == Phone {
		c, sure := s.phone(v.Canonical)
		if c == "" || sure < 0.65 {
			v.Partial, v.Confidence = true, 0.3
			return v
		}
		if cut := len(v.Canonical) - len(c); cut > 0 {
			v.Doubtful = shifted(v.Doubtful, cut)
		}
		v.Canonical, v.Confidence = c, min(sure, 0.92)
	} else {
		least, most := s.limits()
		if c := s.dashed(v.Canonical); c != v.Canonical {
			v.Canonical, v.Doubtful = c, nil
		}
		if n := len(v.Canonical); n < least || !s.fits(v.Canonical) {
			v.Partial, v.Confidence = true, 0.3
			return v
		}
		v.Confidence = 0.9
		if least != most && s.pattern == nil {
			v.Confidence = 0.8
		}
	}
	for range v.Doubtful {
		v.Confidence *= 0.85
	}
	return v
}

var (
	zhOpen = lexiconOf([]string{"号码是", "单号是", "编号是", "号是", "电话是", "手机是", "手机号", "订单号", "单号", "卡号", "卡号是", "尾号是", "尾号", "然后是", "然后", "后面是", "接着是", "再", "就是", "嗯", "呃", "额", "那个", "我叫", "我姓", "名字叫", "名字是", "叫", "姓", "地址是", "送到", "寄到", "住在", "在", "是", "我的", "下个", "下周", "下", "这个", "大概", "大约", "差不多", "第", "我要", "想要", "从", "到", "和", "还有", "上午的", "下午的", "的", "等一下", "我看看", "我看一下", "杠"})
	enOpen = map[string]bool{"is": true, "its": true, "um": true, "uh": true, "er": true, "erm": true, "and": true, "then": true, "the": true, "a": true, "of": true, "my": true, "at": true, "on": true, "for": true, "to": true, "number": true, "double": true, "triple": true, "dash": true, "hyphen": true, "next": true, "half": true, "past": true, "quarter": true, "in": true, "from": true, "between": true, "point": true, "about": true, "around": true, "like": true, "so": true, "name": true, "in the": true, "by": true, "with": true, "area": true, "plus": true, "hmm": true, "names": true, "im": true, "or": true, "but": true}
)

// Unfinished tells whether the text looks as if the value goes on, so that the end
// of the turn should wait: 我的订单号是二零二…, "one three eight", "the fifth of".
func (s *Slot) Unfinished(text string) bool {
	t := read(text)
	if len(t.toks) == 0 || t.cut {
		return false
	}
	last := len(t.toks)
	if s.spec.Kind != YesNo && s.spec.Kind != Text && !s.without(t) {
		if s.zh {
			for k := max(0, last-4); k < last; k++ {
				if n, _ := t.in(k, zhOpen); n == last && (s.spec.Kind != Choice || t.toks[last-1].w != "的") {
					return true
				}
			}
		} else if enOpen[t.toks[last-1].w] {
			return true
		}
	}
	switch s.spec.Kind {
	case Code, Phone:
		return s.dictating(t)
	case Date, DateTime:
		return s.dayOpen(t)
	case Time:
		return s.timeOpen(t)
	case Address:
		if s.zh {
			w := t.toks[last-1].w
			return w == "省" || w == "市" || w == "区" || w == "县" || w == "路" || w == "街" || w == "栋" || w == "幢" || w == "单元" || w == "元" && t.at(last-2).w == "单"
		}
		r, ok := dictation{t: t}.run(last - 1)
		return ok && r.to == last && last <= 4 && r.from == 0 || enUnits[t.toks[last-1].w]
	default:
		return false
	}
}

// without tells whether the caller says that there is no value to come.
func (s *Slot) without(t *utterance) bool {
	for i := range t.toks {
		if s.zh {
			if n, _ := t.any(i, "不知道", "没有", "忘了", "忘记", "不记得", "找不到", "记不", "不清楚", "没带", "没法"); n > 0 {
				return true
			}
			continue
		}
		switch t.toks[i].w {
		case "dont", "havent", "forgot", "cant", "lost":
			return true
		}
	}
	return false
}

// Dictating tells whether text ends in a dictation that may go on: fewer characters
// than the longest code or number has.
func (s *Slot) Dictating(text string) bool {
	t := read(text)
	if len(t.toks) == 0 || t.cut {
		return false
	}
	rs := dictation{t: t, zh: s.zh, letters: s.spec.Kind == Code}.runs()
	if len(rs) == 0 || rs[len(rs)-1].to < len(t.toks) {
		return false
	}
	c, _ := rs[len(rs)-1].canonical()
	_, most := s.limits()
	return len(c) < most
}

// dictating tells whether a code breaks off.
func (s *Slot) dictating(t *utterance) bool {
	d := dictation{t: t, zh: s.zh, letters: s.spec.Kind == Code}
	rs := d.runs()
	if len(rs) == 0 {
		return false
	}
	r := &rs[len(rs)-1]
	if r.to < len(t.toks) {
		return false
	}
	c, _ := r.canonical()
	if s.spec.Kind == Phone {
		x, sure := s.phone(c)
		return len(c) >= 1 && len(c) < 13 && (x == "" || sure < 0.65)
	}
	least, most := s.limits()
	if len(c) >= most {
		return false
	}
	if s.spec.MinLength == 0 && s.pattern == nil {
		return len(c) < 6
	}
	return len(c) < least || !s.fits(c) && s.dashed(c) == c
}

func (s *Slot) dayOpen(t *utterance) bool {
	last := len(t.toks)
	if s.zh {
		w := t.toks[last-1].w
		if w == "月" || w == "年" || w == "周" && last > 1 || w == "星" || w == "期" && t.at(last-2).w == "星" {
			return true
		}
		if _, ok := t.zhNumber(last - 1); ok && w != "半" {
			for k := max(0, last-4); k < last; k++ {
				if d, ok := s.zhCalendar(t, k, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)); ok && d.to == last {
					return false
				}
				if _, _, _, next, ok := zhClock(t, k); ok && next == last {
					return false
				}
			}
			return t.at(last-2).w != "周" && t.at(last-2).w != "期" && t.at(last-2).w != "拜"
		}
		return s.timeOpen(t) && s.spec.Kind == DateTime
	}
	w := t.toks[last-1].w
	if _, ok := enMonths[w]; ok {
		_, n := t.enOrdinal(last - 2)
		_, m := t.enOrdinal(last - 3)
		return n < 0 && m < 0 && t.at(last-2).kind != digits && w != "may"
	}
	return s.timeOpen(t) && s.spec.Kind == DateTime
}

func (s *Slot) timeOpen(t *utterance) bool {
	last := len(t.toks)
	w := t.toks[last-1].w
	if s.zh {
		if w == "差" || w == "到" {
			return true
		}
		n, _ := t.any(max(0, last-2), "上午", "下午", "晚上", "早上", "凌晨")
		return n == last
	}
	return w == "quarter" || w == "half" || w == "past"
}
