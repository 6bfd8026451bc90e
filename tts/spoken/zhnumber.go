package spoken

import "strings"

const zhDigits = "零一二三四五六七八九"

// zhDigit is one digit; yao says 幺 for one, as in telephone numbers.
func zhDigit(r rune, yao bool) string {
	if yao && r == '1' {
		return "幺"
	}
	i := int(r-'0') * len("零")
	return zhDigits[i : i+len("零")]
}

// zhString reads digits one by one; what is no digit is left out.
func zhString(digits string, yao bool) string {
	var out strings.Builder
	for _, r := range digits {
		if isDigit(r) {
			out.WriteString(zhDigit(r, yao))
		}
	}
	return out.String()
}

// zhCardinal reads a whole number of any length; beyond 16 digits, and with
// leading zeros, digit by digit.
func zhCardinal(digits string) string {
	if len(digits) > 16 || len(digits) > 1 && digits[0] == '0' {
		return zhString(digits, true)
	}
	if strings.Trim(digits, "0") == "" {
		return "零"
	}
	var out strings.Builder
	if high := len(digits) - 8; high > 0 { // so many 亿, and the rest
		zhBelow(&out, digits[:high])
		out.WriteString("亿")
		digits = digits[high:]
	}
	zhBelow(&out, digits)
	s := out.String()
	// 两百, 两千, 两万 at the head; 二十 stays.
	if rest, ok := strings.CutPrefix(s, "二"); ok && rest != "" && !strings.HasPrefix(rest, "十") {
		return "两" + rest
	}
	return s
}

// zhBelow reads up to eight digits behind what has been said; a gap of zeros is
// one 零.
func zhBelow(out *strings.Builder, digits string) {
	gap := false // zeros since the last thing said
	for left := len(digits); left > 0; {
		size := (left-1)%4 + 1
		section := digits[len(digits)-left : len(digits)-left+size]
		left -= size
		value := strings.TrimLeft(section, "0")
		if value == "" {
			gap = out.Len() > 0
			continue
		}
		inner := out.Len() > 0
		if inner && (gap || len(value) < len(section) || size < 4) {
			out.WriteString("零")
		}
		zhSection(out, value, inner)
		if left == 4 {
			out.WriteString("万")
		}
		gap = false
	}
}

// zhSection reads one to four digits without leading zeros; inner says that
// something was said before, so that ten is 一十.
func zhSection(out *strings.Builder, value string, inner bool) {
	units := [...]string{"", "十", "百", "千"}
	zero := false
	for i, r := range value {
		place := len(value) - 1 - i
		if r == '0' {
			zero = true
			continue
		}
		if zero {
			out.WriteString("零")
			zero = false
		}
		if ten := r == '1' && place == 1 && i == 0 && !inner; !ten {
			out.WriteString(zhDigit(r, false))
		}
		out.WriteString(units[place])
	}
}

// zhNumber reads "12", "-3.50", "0.5".
func zhNumber(number string) string {
	sign := ""
	if rest, ok := strings.CutPrefix(number, "-"); ok {
		sign, number = "负", rest
	}
	number = strings.TrimPrefix(number, "+")
	whole, fraction, ok := strings.Cut(number, ".")
	if whole == "" {
		whole = "0"
	}
	if !ok || fraction == "" {
		return sign + zhCardinal(whole)
	}
	return sign + zhCardinal(whole) + "点" + zhString(fraction, false)
}

// zhCount reads a number in front of a measure word or unit: 2 is 两.
func zhCount(number string) string {
	if number == "2" {
		return "两"
	}
	return zhNumber(number)
}

// zhGroups reads an identifier in groups as people say them, 幺 for one.
func zhGroups(digits string) string {
	groups := group(digits)
	for i, g := range groups {
		groups[i] = zhString(g, true)
	}
	return strings.Join(groups, "，")
}

// group divides an identifier's digits.
func group(digits string) []string {
	n := len(digits)
	var sizes []int
	switch {
	case n <= 5:
		sizes = []int{n}
	case n == 6:
		sizes = []int{3, 3}
	case n == 7:
		sizes = []int{3, 4}
	case n == 9:
		sizes = []int{3, 3, 3}
	case n == 10:
		sizes = []int{3, 3, 4}
	case n == 11:
		sizes = []int{3, 4, 4}
	default:
		for left := n; left > 0; {
			size := 4
			switch left {
			case 5:
				size = 5
			case 6:
				size = 3
			case 3:
				size = 3
			}
			size = min(size, left)
			sizes = append(sizes, size)
			left -= size
		}
	}
	var out []string
	for _, s := range sizes {
		out = append(out, digits[:s])
		digits = digits[s:]
	}
	return out
}

// round says whether a long number is more likely an amount than an identifier: at
// least half of it is zeros at the end.
func round(digits string) bool {
	return 2*(len(digits)-len(strings.TrimRight(digits, "0"))) >= len(digits)
}
