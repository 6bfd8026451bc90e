package spoken

import (
	"strconv"
	"strings"
)

func zhISODate(at place, m []string) (string, bool) {
	if isDigit(at.next()) {
		return "", false
	}
	return zhString(m[1], false) + "年" + zhNumber(trimZero(m[3])) + "月" + zhNumber(trimZero(m[4])) + "号", true
}

// zhYear reads a year digit by digit: "2026年11月21日". Four digits that are no
// year of ours are an amount of years.
func zhYear(_ place, m []string) (string, bool) {
	year := zhString(m[1], false)
	if (m[1] < "1000" || m[1] > "2199" || m[1] == "1000" || m[1] == "2000") && m[2] == "" && m[1] != "2000" {
		year = zhCardinal(m[1])
	}
	s := year + "年"
	if m[2] != "" {
		s += zhNumber(trimZero(m[2])) + "月"
	}
	if m[3] != "" {
		s += zhNumber(trimZero(m[3])) + orElse(m[4], "号")
	}
	return s, true
}

func zhMonthDay(at place, m []string) (string, bool) {
	s := zhNumber(trimZero(m[1])) + "月"
	if m[2] == "" {
		return s, true
	}
	if m[3] == "" && hasPrefix(at.after, "个", "年", "月") {
		return "", false
	}
	return s + zhNumber(trimZero(m[2])) + orElse(m[3], "号"), true
}

func zhDayRange(_ place, m []string) (string, bool) {
	s := zhNumber(trimZero(m[1])) + "月" + zhNumber(trimZero(m[2])) + orElse(m[3], m[6]) + "到"
	if m[4] != "" {
		s += zhNumber(trimZero(strings.TrimSuffix(m[4], "月"))) + "月"
	}
	return s + zhNumber(trimZero(m[5])) + m[6], true
}

// zhSlashDate reads "11/21" as a date, unless it is more likely a fraction: small
// numbers without a leading zero, the first the smaller.
func zhSlashDate(at place, m []string) (string, bool) {
	if isDigit(at.last()) || at.next() == '/' || strings.HasPrefix(at.after, "个") {
		return "", false
	}
	mon, _ := strconv.Atoi(m[1])
	d, _ := strconv.Atoi(m[2])
	if m[3] == "" && mon < d && d <= 10 && m[1][0] != '0' && m[2][0] != '0' && !hasPrefix(at.after, "号", "日") {
		return "", false
	}
	s := zhNumber(trimZero(m[1])) + "月" + zhNumber(trimZero(m[2])) + "号"
	if m[3] != "" {
		s += "到" + zhNumber(trimZero(m[3])) + "月" + zhNumber(trimZero(m[4])) + "号"
	}
	return s, true
}

func zhWeekday(at place, m []string) (string, bool) {
	name := func(d string) string {
		if d == "7" {
			return "日"
		}
		return zhNumber(d)
	}
	word := "周"
	switch {
	case strings.HasPrefix(m[0], "星期"):
		word = "星期"
	case strings.HasPrefix(m[0], "礼拜"):
		word = "礼拜"
	}
	s := word + name(m[1])
	if m[2] != "" {
		s += "到" + word + name(m[2])
	}
	return s, !isDigit(at.next())
}

var zhDayParts = []string{"上午", "下午", "晚上", "早上", "中午", "凌晨", "傍晚", "清晨", "今晚", "明早", "今早", "明晚", "当晚", "夜里", "半夜", "晚间", "早晨", "晚", "早"}

// zhClock reads a time of the day as people say it: 14:00 is 下午两点. After a
// word for the part of the day, or where seconds are given, the hour is left.
func zhClock(at place, hh, mm, ss string) string {
	h, _ := strconv.Atoi(hh)
	s := ""
	if ss == "" && h > 12 && h < 24 && !hasSuffix(strings.TrimRight(at.before, " "), zhDayParts...) {
		h -= 12
		s = "下午"
		if h > 6 {
			s = "晚上"
		}
	}
	s += zhCount(strconv.Itoa(h)) + "点"
	if ss != "" {
		return s + zhMinute(mm, true) + zhMinute2(ss) + "秒"
	}
	return s + zhMinute(mm, false)
}

// zhMinute reads minutes behind the hour: nothing for a full hour, 半 for 30.
func zhMinute(mm string, unit bool) string {
	suffix := ""
	if unit {
		suffix = "分"
	}
	switch {
	case mm == "00" && !unit:
		return ""
	case mm == "30" && !unit:
		return "半"
	}
	return zhMinute2(mm) + suffix
}

// zhMinute2 reads two digits, a leading zero too.
func zhMinute2(mm string) string {
	if mm == "00" {
		return "零"
	}
	if len(mm) == 2 && mm[0] == '0' {
		return "零" + zhNumber(mm[1:])
	}
	return zhNumber(mm)
}

func zhHalf(half string) string {
	if strings.EqualFold(half, "pm") {
		return "下午"
	}
	return "上午"
}

func zhTime(at place, m []string) (string, bool) {
	if at.next() == ':' || at.last() == ':' || isDigit(at.last()) {
		return "", false
	}
	if hasSuffix(strings.TrimRight(at.before, " ：:为是"), "比例", "比分", "宽高比", "比") {
		return zhNumber(trimZero(m[1])) + "比" + zhNumber(trimZero(m[2])), true
	}
	if m[4] != "" && !isLatin(at.next()) {
		h, _ := strconv.Atoi(m[1])
		return zhHalf(m[4]) + zhCount(strconv.Itoa(h)) + "点" + zhMinute(m[2], false), true
	}
	return zhClock(at, m[1], m[2], m[3]), true
}

func zhTimeRange(at place, m []string) (string, bool) {
	return zhClock(at, m[1], m[2], m[3]) + "到" + m[4] + zhClock(at, m[5], m[6], ""), !isDigit(at.next())
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
