package spoken

import "strings"

// currency is how money is said: one and more of the whole and of the hundredth.
type currency struct{ one, more, cent, cents string }

func currencyOf(sign string) currency {
	dollars := func(country string) currency {
		return currency{country + "dollar", country + "dollars", "cent", "cents"}
	}
	switch strings.TrimSpace(sign) {
	case "$", "USD":
		return dollars("")
	case "US$":
		return dollars("U S ")
	case "HK$":
		return dollars("Hong Kong ")
	case "NT$":
		return dollars("Taiwan ")
	case "A$":
		return dollars("Australian ")
	case "C$":
		return dollars("Canadian ")
	case "S$":
		return dollars("Singapore ")
	case "£", "GBP":
		return currency{"pound", "pounds", "penny", "pence"}
	case "€", "EUR":
		return currency{"euro", "euros", "cent", "cents"}
	case "₩":
		return currency{"won", "won", "", ""}
	}
	return currency{"yuan", "yuan", "", ""}
}

// enAmount reads "19.99" of a currency.
func enAmount(sign, number string, and bool) string {
	c := currencyOf(sign)
	whole, fraction, _ := strings.Cut(number, ".")
	if strings.Trim(fraction, "0") == "" {
		return enCardinal(trimZero(whole), and) + " " + enPlural(trimZero(whole), c.one, c.more)
	}
	if len(fraction) == 1 {
		fraction += "0"
	}
	if len(fraction) != 2 || c.cent == "" {
		return enNumber(strings.TrimRight(number, "0"), and) + " " + c.more
	}
	cents := trimZero(fraction)
	small := enCardinal(cents, and) + " " + enPlural(cents, c.cent, c.cents)
	if trimZero(whole) == "0" {
		return small
	}
	return enCardinal(trimZero(whole), and) + " " + enPlural(trimZero(whole), c.one, c.more) + " and " + small
}

func enMoney(at place, m []string) (string, bool) {
	if isLatin(at.last()) && isLatin(rune(m[2][0])) {
		return "", false
	}
	c := currencyOf(m[2])
	amount := func(number, big string) string {
		if big != "" {
			return enNumber(number, at.british) + scale(big) + " " + c.more
		}
		return enAmount(m[2], number, at.british)
	}
	s := ""
	if m[1] == "-" {
		s = "minus "
	}
	if m[5] == "" {
		return s + amount(m[3], m[4]), true
	}
	first := amount(m[3], m[4])
	if m[4] == m[6] && !strings.Contains(m[3]+m[5], ".") {
		first = enNumber(m[3], at.british)
	}
	return s + first + " to " + amount(m[5], m[6]), true
}

func enUnit(at place, m []string) (string, bool) {
	if isLatin(at.next()) || isLatin(lastRune(m[4])) && isDigit(at.next()) {
		return "", false
	}
	u, ok := findUnit(m[4])
	if !ok {
		return "", false
	}
	s := enSigned(at, m[1]+m[2])
	last := m[2]
	if m[3] != "" {
		last = strings.TrimPrefix(m[3], "+")
		s += " to " + enNumber(last, at.british)
	}
	if attributive(at) && m[5] == "" {
		s += " " + u.one
	} else {
		s += " " + enPlural(last, u.one, u.more)
	}
	if per := m[5]; per != "" {
		if pu, ok := findUnit(per); ok {
			per = pu.one
		}
		switch per {
		case "mo":
			per = "month"
		case "yr":
			per = "year"
		case "wk":
			per = "week"
		}
		s += " per " + per
	}
	return s, true
}

// attributive says whether a noun follows that the amount describes: "65W charger".
func attributive(at place) bool {
	rest, ok := strings.CutPrefix(at.after, " ")
	if !ok || rest == "" || rest[0] < 'a' || rest[0] > 'z' {
		return false
	}
	next, _, _ := strings.Cut(strings.TrimRight(rest, ".,!?"), " ")
	return !notNouns[strings.TrimRight(next, ".,!?;:")]
}

// notNouns are words that follow an amount which stands for itself.
var notNouns = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`a an and are as at away before below but by deep each every for from high if in into is it left less long more near now of off on or out over per ` +
		`plus remaining so tall than that the then there through to today tomorrow tonight under until up via was were when while wide will with within you ago later older total thick apart`) {
		m[w] = true
	}
	return m
}()
