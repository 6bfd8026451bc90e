package flow

import (
	"slices"
	"strings"

	"hotline/dialog/slot"
)

// template is text with places for slots and columns: "尾号{order:last4}{订单.状态}".
type template struct {
	parts []part
}

// part is literal text, or a value where name is set.
type part struct {
	text   string
	name   string // a slot, a value that was set, or a row
	column string // of the row
	form   form
}

// form is how a value is spoken.
type form string

const (
	plain  form = ""       // a slot as it is spoken, a column as it stands
	raw    form = "raw"    // as it is kept: for other systems
	last4  form = "last4"  // its last four characters, digit by digit
	digits form = "digits" // digit by digit, in groups
	date   form = "date"   // as a day is said
	clock  form = "time"   // as a time of day is said
	money  form = "money"  // as an amount is said
)

func forms() []form { return []form{raw, last4, digits, date, clock, money} }

// kindOf is the slot kind that says a value in a form.
func (f form) kindOf() slot.Kind {
	switch f {
	case last4, digits:
		return slot.Code
	case date:
		return slot.Date
	case clock:
		return slot.Time
	case money:
		return slot.Money
	default:
		return slot.Text
	}
}

// parseTemplate reads text; what is wrong is reported with the place's text.
func parseTemplate(text string, bad func(code string, args ...any)) template {
	var t template
	rest := text
	for {
		before, after, ok := strings.Cut(rest, "{")
		if before != "" {
			t.parts = append(t.parts, part{text: before})
		}
		if !ok {
			return t
		}
		inner, tail, ok := strings.Cut(after, "}")
		if !ok {
			bad("flow_brace", "{"+after)
			return t
		}
		name, f, _ := strings.Cut(inner, ":")
		row, column, _ := strings.Cut(strings.TrimSpace(name), ".")
		p := part{name: strings.TrimSpace(row), column: strings.TrimSpace(column), form: form(strings.TrimSpace(f))}
		if p.form != plain && !slices.Contains(forms(), p.form) {
			bad("flow_form", f, joinForms())
		}
		t.parts = append(t.parts, p)
		rest = tail
	}
}

func joinForms() string {
	var out []string
	for _, f := range forms() {
		out = append(out, string(f))
	}
	return strings.Join(out, ", ")
}

// names are what the template needs to know.
func (t template) names(yield func(name, column string) bool) {
	for _, p := range t.parts {
		if p.name != "" && !yield(p.name, p.column) {
			return
		}
	}
}

// fixed says whether it always reads the same.
func (t template) fixed() bool {
	return !slices.ContainsFunc(t.parts, func(p part) bool { return p.name != "" })
}

func lastRunes(s string, n int) string {
	r := []rune(s)
	return string(r[max(0, len(r)-n):])
}
