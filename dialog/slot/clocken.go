package slot

import "strconv"

// enHalf reads am, p.m., in the morning at i.
func enHalf(t *utterance, i int) (part string, next int) {
	switch t.at(i).w {
	case "am", "pm":
		return t.at(i).w, i + 1
	case "a", "p":
		n := i + 1
		if t.at(n).w == "." {
			n++
		}
		if t.at(n).w == "m" {
			if t.at(n+1).w == "." && t.at(n+1).gap == glued {
				n++
			}
			return t.at(i).w + "m", n + 1
		}
	case "in", "at", "this", "on":
		n := i + 1
		if m, _ := t.any(n, "the", "that"); m > 0 {
			n = m
		}
		switch w := t.at(n).w; w {
		case "morning", "afternoon", "evening", "night":
			return w, n + 1
		}
	case "tonight", "morning", "afternoon", "evening":
		return t.at(i).w, i + 1
	case "noon", "midday", "midnight":
		return t.at(i).w, i + 1
	}
	return "", i
}

// enMoment reads half past three, quarter to five, three thirty p.m., noon, morning.
func (s *Slot) enMoment(t *utterance, i int) (moment, bool) {
	tok := t.at(i)
	// this afternoon at three, in the morning at nine
	if w, ok := enParts[tok.w]; ok {
		n := i + 1
		if m, _ := t.any(n, "at", "around", "about"); m > 0 && w[1] != 0 {
			if h, mm, vague, next, _ := s.enClock(t, m); next > 0 && vague {
				h = inPart(tok.w, h)
				return moment{start: (h*60 + mm) % 1440, to: next, confidence: 0.95}, true
			}
		}
		if w[1] == 0 {
			return moment{start: w[0] * 60, to: n, confidence: 0.95}, true
		}
		if tok.w == "night" && t.at(i-1).w == "good" {
			return moment{}, false
		}
		c := 0.8
		if t.at(i-1).w == "good" {
			c = 0.1
		}
		start, end := w[0]*60, w[1]*60
		switch t.at(i - 1).w {
		case "early":
			end = (start + end) / 2 / 30 * 30
		case "late":
			start = (start + end) / 2 / 30 * 30
		}
		return moment{start: start, end: end, to: n, confidence: c}, true
	}
	h, m, vague, next, exact := s.enClock(t, i)
	if next < 0 {
		return moment{}, false
	}
	c := 0.95
	if part, n := enHalf(t, next); part != "" && h <= 12 {
		if h = inPart(part, h); vague || h > 0 {
			return moment{start: ((h*60+m)%1440 + 1440) % 1440, to: n, confidence: c}, true
		}
	} else if part != "" {
		next = n
	}
	if !exact { // a bare number
		prev := t.at(i - 1).w
		if prev != "at" && prev != "around" && prev != "by" && prev != "about" && prev != "after" && prev != "before" && prev != "from" && prev != "between" && prev != "to" && prev != "and" && prev != "till" && prev != "until" && prev != "say" && prev != "no" && prev != "not" && prev != "mean" && prev != "said" && prev != "it" && next-i < len(t.unfilled(false).toks) {
			return moment{}, false
		}
		if h > 12 || h == 0 {
			return moment{}, false
		}
		c = 0.8
	}
	if vague {
		h = guess(h)
		c = min(c, 0.65)
		if h >= 9 && h <= 12 {
			c = 0.75
		}
		if h == 12 {
			vague = false
		}
	}
	return moment{start: ((h*60+m)%1440 + 1440) % 1440, to: next, confidence: c, vague: vague}, true
}

// enClock reads an hour and minutes at i; exact when it can be nothing but a time.
func (s *Slot) enClock(t *utterance, i int) (h, m int, vague bool, next int, exact bool) {
	if h, m, next, ok := colonClock(t, i); ok {
		return h, m, h >= 1 && h <= 12 && (len(t.at(i).w) != 2 || t.at(i).w[0] != '0'), next, true
	}
	n := i
	if t.at(n).w == "a" && t.at(n+1).w == "quarter" {
		n++
	}
	minutes, k := -1, n
	switch t.at(n).w {
	case "half":
		minutes, k = 30, n+1
	case "quarter":
		minutes, k = 15, n+1
	default:
		if v, next := enCount(t, n); next > 0 && v < 60 {
			minutes, k = v, next
			if u, _ := t.any(k, "minutes", "minute"); u > 0 {
				k = u
			}
		}
	}
	if minutes > 0 {
		back := false
		u := -1
		switch t.at(k).w {
		case "past", "after":
			u = k + 1
		case "to", "of", "till", "til", "before":
			u, back = k+1, true
		default:
			if minutes == 30 && t.at(n).w == "half" { // half three
				u = k
			}
		}
		if u > 0 && (t.at(n).w == "half" || t.at(n).w == "quarter" || minutes <= 30 && (minutes%5 == 0 || k > n+1)) {
			hour, next := enCount(t, u)
			if w := t.at(u).w; w == "noon" || w == "midday" {
				hour, next = 12, u+1
			} else if w == "midnight" {
				hour, next = 24, u+1
			}
			// nine to eleven is a window, ten to eleven a time
			if next > 0 && hour >= 1 && hour <= 24 && (!back || t.at(n).kind != latin || minutes%5 == 0) {
				if u, _ := t.any(next, "oclock"); u > 0 {
					next = u
				}
				if back {
					minutes = -minutes
				}
				return hour, minutes, hour <= 12 && t.at(next-1).w != "noon" && t.at(next-1).w != "midday", next, true
			}
		}
	}
	h, k = enCount(t, i)
	if k < 0 {
		return 0, 0, false, -1, false
	}
	if h >= 100 { // fifteen hundred, 1530
		if h%100 < 60 && h <= 2400 && (t.at(i).kind != digits || len(t.at(i).w) == 4 && h%5 == 0) {
			if u, _ := t.any(k, "hours"); u > 0 {
				return h / 100, h % 100, false, u, true
			}
			return h / 100, h % 100, h/100 <= 12 && t.at(i).kind != digits, k, h/100 > 12 || t.at(i).kind == digits
		}
		return 0, 0, false, -1, false
	}
	if h > 24 {
		return 0, 0, false, -1, false
	}
	vague = h >= 1 && h <= 12
	if u, _ := t.any(k, "oclock"); u > 0 {
		return h, 0, vague, u, true
	}
	if t.at(k).w == "o" && t.at(k+1).w == "clock" {
		return h, 0, vague, k + 2, true
	}
	if t.at(k).gap != pause {
		if w := t.at(k).w; w == "oh" || w == "o" { // three oh five
			if d, ok := enOnes[t.at(k+1).w]; ok {
				return h, d, vague, k + 2, true
			}
		}
		if d, u := enCount(t, k); u > 0 && d >= 10 && d < 60 {
			return h, d, vague, u, true
		}
	}
	if part, _ := enHalf(t, k); part != "" && (t.at(k).w != "in" || t.at(k+1).w != "time") {
		return h, 0, vague, k, true
	}
	return h, 0, vague, k, false
}

// enCount reads a whole number at i.
func enCount(t *utterance, i int) (v, next int) {
	if tok := t.at(i); tok.kind == digits {
		v, err := strconv.Atoi(tok.w)
		if err != nil || len(tok.w) > 4 || t.at(i+1).w == "/" || t.at(i+1).w == "st" || t.at(i+1).w == "th" || t.at(i+1).w == "rd" || t.at(i+1).w == "nd" {
			return 0, -1
		}
		return v, i + 1
	}
	if n := t.lit(i, "fifteen"); n > 0 && t.at(n).w != "hundred" {
		return 15, n
	}
	v, next = t.enSmall(i)
	if next > 0 && t.at(next).w == "hundred" {
		v *= 100
		next++
		if m, n := t.enSmall(next); n > 0 && t.at(next).gap != pause {
			v, next = v+m, n
		}
	}
	return v, next
}
