package slot

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Keys reads a keypad entry: digits, with * as the decimal point or separator where
// that makes sense. Dates are MMDD (DDMM where days come first) or YYYYMMDD, times
// HHMM, a choice is its number in the order offered, 1 is yes and 2 is no. A # at the
// end is left out. What cannot be typed, such as names, is not taken.
func (s *Slot) Keys(keys string, now time.Time) (Value, bool) {
	keys = strings.TrimSuffix(strings.TrimSpace(keys), "#")
	if keys == "" || len(keys) > maxCode || strings.Trim(keys, "0123456789*") != "" {
		return Value{}, false
	}
	v := Value{End: len(keys), Confidence: 1}
	plainKeys := strings.ReplaceAll(keys, "*", "")
	if plainKeys == "" {
		return Value{}, false
	}
	n, err := strconv.Atoi(plainKeys)
	number := err == nil
	switch s.spec.Kind {
	case Code:
		least, most := s.limits()
		v.Canonical = plainKeys
		if d := s.dashed(plainKeys); d != plainKeys {
			v.Canonical = d
		}
		return v, len(plainKeys) >= least && len(plainKeys) <= most && (s.fits(v.Canonical) || s.typed(plainKeys))
	case Phone:
		c, ext, _ := strings.Cut(keys, "*")
		canonical, _ := s.phone(c)
		if canonical == "" {
			canonical, _ = s.phone(plainKeys)
			ext = ""
		}
		if v.Canonical = canonical; ext != "" {
			v.Canonical += "-" + strings.ReplaceAll(ext, "*", "")
		}
		return v, canonical != ""
	case Date:
		d, ok := s.keyDate(keys, now)
		v.Canonical = d.Format(time.DateOnly)
		return v, ok
	case Time:
		c, ok := keyClock(keys)
		v.Canonical = c
		return v, ok
	case DateTime:
		day, at, ok := strings.Cut(keys, "*")
		if !ok && (len(keys) == 8 || len(keys) == 12) { // MMDDHHMM, YYYYMMDDHHMM
			if len(keys) == 8 {
				if _, isDate := s.keyDate(keys, now); isDate && (keys[:2] == "19" || keys[:2] == "20") {
					v.Canonical, v.Partial = keys[:4]+"-"+keys[4:6]+"-"+keys[6:], true
					return v, true
				}
			}
			day, at, ok = keys[:len(keys)-4], keys[len(keys)-4:], true
		}
		d, dok := s.keyDate(day, now)
		if !dok {
			return Value{}, false
		}
		v.Canonical = d.Format(time.DateOnly)
		if !ok {
			v.Partial = true
			return v, true
		}
		c, cok := keyClock(at)
		v.Canonical += "T" + c
		return v, cok
	case Money, Quantity:
		f, err := strconv.ParseFloat(strings.Replace(keys, "*", ".", 1), 64)
		if err != nil || strings.Count(keys, "*") > 1 || f > 1e12 || !s.within(f) {
			return Value{}, false
		}
		if v.Canonical = plain(f); s.spec.Kind == Money {
			v.Canonical = strconv.FormatFloat(math.Round(f*100)/100, 'f', 2, 64)
		}
		return v, true
	case YesNo:
		v.Canonical = map[string]string{"1": "yes", "2": "no"}[keys]
		return v, v.Canonical != ""
	case Choice:
		if !number || n < 1 || n > len(s.options) || strings.Contains(keys, "*") {
			return Value{}, false
		}
		v.Canonical = s.options[n-1].value
		return v, true
	case Text:
		v.Canonical = keys
		return v, true
	case Name, Address:
	}
	return Value{}, false
}

// typed tells whether the pattern would take the digits with letters before them that
// no keypad has: then they are not enough.
func (s *Slot) typed(string) bool { return s.pattern == nil }

func (s *Slot) keyDate(keys string, now time.Time) (time.Time, bool) {
	keys = strings.ReplaceAll(keys, "*", "")
	num := func(from, to int) int { n, _ := strconv.Atoi(keys[from:to]); return n }
	switch len(keys) {
	case 8:
		if y := num(0, 4); y > 1800 && y < 2200 {
			return ymd(y, num(4, 6), num(6, 8), now)
		}
		m, d := s.order(num(0, 2), num(2, 4))
		return ymd(num(4, 8), m, d, now)
	case 6:
		if s.spec.Country == "CN" {
			return ymd(shortYear(num(0, 2), now), num(2, 4), num(4, 6), now)
		}
		m, d := s.order(num(0, 2), num(2, 4))
		return ymd(shortYear(num(4, 6), now), m, d, now)
	case 4:
		m, d := s.order(num(0, 2), num(2, 4))
		return s.monthDay(m, d, now)
	case 3: // 305
		m, d := s.order(num(0, 1), num(1, 3))
		return s.monthDay(m, d, now)
	case 1, 2:
		return s.dayOnly(num(0, len(keys)), now)
	}
	return time.Time{}, false
}

func keyClock(keys string) (string, bool) {
	h, m := keys, "0"
	if a, b, ok := strings.Cut(keys, "*"); ok {
		h, m = a, b
	} else if len(keys) >= 3 {
		h, m = keys[:len(keys)-2], keys[len(keys)-2:]
	}
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	return clock(hour*60 + minute), err1 == nil && err2 == nil && hour < 24 && minute < 60 && len(keys) <= 5
}
