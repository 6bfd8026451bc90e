package spoken

import (
	"slices"
	"strconv"
	"strings"
)

var (
	enOnes = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	enTens = strings.Fields("zero ten twenty thirty forty fifty sixty seventy eighty ninety")
	enBig  = []string{"", "thousand", "million", "billion", "trillion", "quadrillion"}
	// enOrdinals are those that are not made by adding "th".
	enOrdinals = map[string]string{
		"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth",
	}
)

// enDigit is one digit; oh says "oh" for zero, as in telephone numbers.
func enDigit(r rune, oh bool) string {
	if oh && r == '0' {
		return "oh"
	}
	return enOnes[r-'0']
}

// enString reads digits one by one; what is no digit is left out.
func enString(digits string, oh bool) string {
	var out []string
	for _, r := range digits {
		if isDigit(r) {
			out = append(out, enDigit(r, oh))
		}
	}
	return strings.Join(out, " ")
}

// enGroups reads an identifier in groups of three or four.
func enGroups(digits string, oh bool) string {
	groups := group(digits)
	for i, g := range groups {
		groups[i] = enString(g, oh)
	}
	return strings.Join(groups, ", ")
}

// enBelow reads 0 to 999; and is British: "one hundred and five".
func enBelow(n int, and bool) string {
	switch {
	case n < 20:
		return enOnes[n]
	case n < 100:
		s := enTens[n/10]
		if n%10 != 0 {
			s += "-" + enOnes[n%10]
		}
		return s
	}
	s := enOnes[n/100] + " hundred"
	if n%100 != 0 {
		if and {
			s += " and"
		}
		s += " " + enBelow(n%100, and)
	}
	return s
}

// enCardinal reads a whole number; beyond 18 digits, and with leading zeros,
// digit by digit.
func enCardinal(digits string, and bool) string {
	if len(digits) > 18 || len(digits) > 1 && digits[0] == '0' {
		return enGroups(digits, true)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return enGroups(digits, true)
	}
	if n == 0 {
		return "zero"
	}
	var parts []string
	for i, big := range slices.Backward(enBig) {
		scale := int64(1)
		for range i {
			scale *= 1000
		}
		v := int(n / scale % 1000)
		if v == 0 {
			continue
		}
		s := enBelow(v, and)
		if i == 0 && and && v < 100 && len(parts) > 0 {
			s = "and " + s
		}
		if big != "" {
			s += " " + big
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " ")
}

// enNumber reads "12", "-3.50", "0.5".
func enNumber(number string, and bool) string {
	sign := ""
	if rest, ok := strings.CutPrefix(number, "-"); ok {
		sign, number = "minus ", rest
	}
	number = strings.TrimPrefix(number, "+")
	whole, fraction, ok := strings.Cut(number, ".")
	if whole == "" {
		whole = "0"
	}
	s := sign + enCardinal(whole, and)
	if ok && fraction != "" {
		s += " point " + enString(fraction, false)
	}
	return s
}

// enOrdinal reads 21 as "twenty-first".
func enOrdinal(digits string, and bool) string {
	s := enCardinal(trimZero(digits), and)
	i := strings.LastIndexAny(s, " -") + 1
	last := s[i:]
	switch o, ok := enOrdinals[last]; {
	case ok:
		last = o
	case strings.HasSuffix(last, "y"):
		last = strings.TrimSuffix(last, "y") + "ieth"
	default:
		last += "th"
	}
	return s[:i] + last
}

// enYear reads a year: 1999 nineteen ninety-nine, 2005 two thousand five, 2026
// twenty twenty-six, 1905 nineteen oh five.
func enYear(digits string, and bool) string {
	n, err := strconv.Atoi(digits)
	if err != nil || len(digits) != 4 || digits[0] == '0' {
		return enCardinal(digits, and)
	}
	switch {
	case n%1000 < 10:
		return enCardinal(digits, and)
	case n%100 == 0:
		return enBelow(n/100, and) + " hundred"
	case n%100 < 10:
		return enBelow(n/100, and) + " oh " + enOnes[n%100]
	}
	return enBelow(n/100, and) + " " + enBelow(n%100, and)
}

// enPlural is one or more by the number in front.
func enPlural(number, one, more string) string {
	if number == "1" || number == "-1" {
		return one
	}
	return more
}
