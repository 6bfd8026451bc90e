// Package number brings telephone numbers into normal form.
//
// # Concepts
//
// A [Plan] belongs to a country: 021-12345678 and 0086 21 1234 5678 are both
// +862112345678 in China's. Short numbers (110, 10086, 95588) have no such form and
// stay as they are dialled. What the plan does not know is left as it is, without
// what people put between digits.
//
// The rules of the countries are Google's libphonenumber's, as nyaruka/phonenumbers
// carries them.
//
// # Concurrency
//
// A Plan is a value and safe for concurrent use. Its copies share what they have learnt of
// their country's numbers.
package number

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// Number is a telephone number.
type Number struct {
	Text    string // "+862112345678", or a short number as it is dialled
	Country string // calling code: "86"; "" for a short number
	Home    bool   // of the plan's country; short numbers are
	Premium bool   // costs the caller more than a call
}

// Plan is the numbering plan as it is dialled in a country.
type Plan struct {
	region string // ISO 3166: "CN"
	code   string // "86"
	quick  *quick
}

// For is the plan of a country by its two letters: "CN", "US".
func For(country string) (Plan, error) {
	region := strings.ToUpper(strings.TrimSpace(country))
	code := phonenumbers.GetCountryCodeForRegion(region)
	if code == 0 {
		return Plan{}, fmt.Errorf("%q is no country; write two letters, CN say", country)
	}
	p := Plan{region: region, code: strconv.Itoa(code)}
	p.quick = &quick{code: p.code, prepare: sync.OnceValue(func() *patterns { return patternsOf(p.region) }), known: map[beginning]class{}}
	return p, nil
}

// Read brings what was written or dialled into normal form.
func (p Plan) Read(text string) Number {
	dialled := plain(text)
	if p.quick != nil {
		if n, ok := p.quick.read(p, dialled); ok {
			return n
		}
	}
	return p.ask(dialled)
}

// ask reads what is dialled by the library.
func (p Plan) ask(dialled string) Number {
	international := strings.HasPrefix(dialled, "+")
	if rest, ok := strings.CutPrefix(dialled, "00"); ok && rest != "" {
		// 00 is understood wherever the plan is from: carriers send it.
		dialled, international = "+"+rest, true
	}
	n := Number{Text: dialled, Home: !international}
	if dialled == "" || strings.ContainsAny(dialled, "*#") {
		return n
	}
	parsed, err := phonenumbers.Parse(dialled, p.region)
	if err != nil {
		return n
	}
	kind := phonenumbers.GetNumberType(parsed)
	if !international && kind == phonenumbers.UNKNOWN { // which is what IsValidNumber tells
		// Neither a subscriber's number of this country: a short one, an extension.
		if rest, ok := strings.CutPrefix(dialled, p.code); ok && len(dialled) > 10 && phonenumbers.IsPossibleNumber(parsed) {
			if again, err := phonenumbers.Parse("+"+p.code+rest, p.region); err == nil && phonenumbers.IsValidNumber(again) {
				return p.ask("+" + dialled) // some carriers leave the plus out
			}
		}
		return n
	}
	n.Text = phonenumbers.Format(parsed, phonenumbers.E164)
	n.Country = strconv.Itoa(int(parsed.GetCountryCode()))
	n.Home = n.Country == p.code
	switch kind {
	case phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST:
		n.Premium = true
	default:
	}
	return n
}

// plain leaves out what people put between digits, and reads the wide digits of
// Chinese text.
func plain(text string) string {
	text = strings.TrimPrefix(strings.TrimSpace(text), "tel:")
	if i := strings.IndexByte(text, ';'); i >= 0 { // RFC 3966 parameters
		text = text[:i]
	}
	var b strings.Builder
	for _, r := range text {
		if r >= '０' && r <= '９' {
			r += '0' - '０'
		}
		if r == '＋' {
			r = '+'
		}
		if r >= '0' && r <= '9' || r == '*' || r == '#' || r == '+' && b.Len() == 0 {
			b.WriteRune(r)
		}
	}
	return b.String()
}
