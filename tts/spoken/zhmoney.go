package spoken

import "strings"

// zhMoney reads yuan as people do: 19.9 is 十九块九, 0.5 is 五毛, 100 is 一百元.
func zhMoney(number, unit string) string {
	whole, fraction, _ := strings.Cut(number, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > 2 {
		return zhNumber(number) + unit
	}
	if fraction == "" {
		return zhCount(trimZero(whole)) + unit
	}
	jiao, fen := fraction[:1], ""
	if len(fraction) == 2 {
		fen = fraction[1:]
	}
	digit := func(d string) string {
		if d == "2" {
			return "两"
		}
		return zhNumber(d)
	}
	if strings.Trim(whole, "0") == "" {
		switch {
		case jiao == "0":
			return digit(fen) + "分"
		case fen == "":
			return digit(jiao) + "毛"
		}
		return digit(jiao) + "毛" + zhNumber(fen)
	}
	s := zhCount(trimZero(whole)) + "块"
	switch {
	case jiao == "0":
		return s + "零" + digit(fen) + "分"
	case fen == "":
		return s + zhNumber(jiao)
	}
	return s + zhNumber(jiao) + "毛" + zhNumber(fen)
}

// zhYuan reads an amount with a sign in front: "¥19.9", "¥100-200", "RMB 3.5万".
func zhYuan(_ place, m []string) (string, bool) {
	sign := ""
	if m[1] == "-" {
		sign = "负"
	}
	amount := func(number, scale string) string {
		if scale != "" {
			return zhCount(number) + scale + "元"
		}
		return zhMoney(number, "元")
	}
	if m[4] == "" {
		return sign + amount(m[2], m[3]), true
	}
	first := amount(m[2], m[3])
	if m[3] == m[5] {
		first = strings.TrimSuffix(strings.TrimSuffix(first, "元"), m[3])
	}
	return sign + first + "到" + amount(m[4], m[5]), true
}

func zhForeign(_ place, m []string) (string, bool) {
	unit := map[string]string{
		"$": "美元", "US$": "美元", "USD": "美元", "HK$": "港币", "HKD": "港币", "NT$": "新台币", "A$": "澳元", "C$": "加元", "S$": "新加坡元",
		"€": "欧元", "EUR": "欧元", "£": "英镑", "GBP": "英镑", "JPY": "日元",
	}[strings.TrimSpace(m[2])]
	trim := func(n string) string {
		if w, f, ok := strings.Cut(n, "."); ok && strings.Trim(f, "0") == "" {
			return w
		}
		return n
	}
	s := ""
	if m[1] == "-" {
		s = "负"
	}
	s += zhCount(trim(m[3])) + m[4]
	if m[5] != "" {
		s += "到" + zhCount(trim(m[5])) + m[6]
	}
	return s + unit, true
}

// zhYuanWritten reads "19.9元" and "3块5"-like amounts.
func zhYuanWritten(at place, m []string) (string, bool) {
	unit := "元"
	if strings.HasSuffix(m[0], "块钱") {
		unit = "块钱"
	} else if strings.HasSuffix(m[0], "块") {
		unit = "块"
	}
	number := m[2]
	if m[3] != "" {
		number += "." + m[3]
	}
	sign := zhSign(at, m[1])
	if m[1] == "-" && sign == "，" {
		sign = "负" // an amount below zero, "余额-20元"
	}
	return sign + zhMoney(number, unit), true
}
