package business

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// idPattern is what an id looks like and a question does not.
var idPattern = regexp.MustCompile(`^[a-z0-9]+([-_][a-z0-9]+)+$`)

// rows checks every question and answer, alone and against each other.
func (c checker) rows() {
	var names []string
	for _, l := range c.business.Lines {
		names = append(names, l.Name, l.From)
	}
	for i := range c.business.Knowledge {
		c.row(&c.business.Knowledge[i], names)
	}
	c.ids()
	c.questions()
}

// at is the place of a row.
func (c checker) at(r *Row, field string) place {
	p := c.in(r.File, r.Line)
	p.field = field
	return p
}

func (c checker) row(r *Row, lines []string) {
	if r.Question == "" {
		c.report.add(Error, c.at(r, "question"), "question_empty")
	}
	if r.Answer == "" && r.Spoken == "" && r.Flow == "" {
		c.report.add(Error, c.at(r, "answer"), "answer_empty")
	}
	if strings.IndexFunc(r.ID, func(x rune) bool {
		return !unicode.IsLetter(x) && !unicode.IsDigit(x) && !strings.ContainsRune("-_.", x)
	}) >= 0 {
		c.report.add(Error, c.at(r, "id"), "id_odd", r.ID)
	}
	if !r.ValidFrom.IsZero() && !r.ValidTo.IsZero() && r.ValidTo.Compare(r.ValidFrom) < 0 {
		c.report.add(Error, c.at(r, "valid_to"), "dates_order", r.ValidFrom, r.ValidTo)
	} else if !r.ValidTo.IsZero() && r.ValidTo.Compare(DateOf(c.now.In(c.business.Location))) < 0 {
		c.report.add(Warning, c.at(r, "valid_to"), "expired", r.ValidTo)
	}
	for _, l := range r.Lines {
		if !slices.Contains(lines, l) && !c.broken {
			c.report.add(Error, c.at(r, "line"), "row_line", l, strings.Join(slices.DeleteFunc(slices.Clone(lines), func(s string) bool { return s == "" }), ", "))
		}
	}
	if r.Skill != "" && !c.broken && !slices.ContainsFunc(c.business.Skills, func(s Skill) bool { return s.Name == r.Skill }) {
		var known []string
		for _, s := range c.business.Skills {
			known = append(known, s.Name)
		}
		c.report.add(Error, c.at(r, "skill"), "skill_missing", r.Skill, strings.Join(known, ", "))
	}
	if idPattern.MatchString(r.FollowUp) {
		if _, ok := c.business.RowByID(r.FollowUp); !ok {
			c.report.add(Error, c.at(r, "follow_up"), "menu_pair", r.FollowUp)
		}
	}
	seen := map[string]bool{Fold(r.Question): true}
	for _, v := range r.Variants {
		k := Fold(v)
		if k == "" {
			continue
		}
		if seen[k] {
			c.report.add(Warning, c.at(r, "variants"), "variant_repeated", v)
		}
		seen[k] = true
	}
	field := "answer"
	if r.Spoken != "" {
		field = "spoken"
	}
	c.sound(c.at(r, field), r.Speech(), c.languageOf(r), c.rate())
}

// languageOf is the language a row is answered in: that of its line, else the
// business's.
func (c checker) languageOf(r *Row) string {
	for _, name := range r.Lines {
		if l, ok := c.business.LineNamed(name); ok {
			return l.Language
		}
	}
	return c.business.Language
}

func (c checker) ids() {
	first := map[string]*Row{}
	for i := range c.business.Knowledge {
		r := &c.business.Knowledge[i]
		if r.ID == "" || r.madeID {
			continue // the same made id means the same question, which is told of below
		}
		if o, ok := first[r.ID]; ok {
			c.report.add(Error, c.at(r, "id"), "id_repeated", r.ID, c.where(o))
			continue
		}
		first[r.ID] = r
	}
}

func (c checker) where(r *Row) string { return c.in(r.File, r.Line).String() }

func (p place) String() string { return Problem{File: p.file, Line: p.line}.Place() }

// questions finds questions that are asked twice.
func (c checker) questions() {
	type wording struct {
		row      *Row
		question bool
	}
	seen := map[string][]wording{}
	for i := range c.business.Knowledge {
		r := &c.business.Knowledge[i]
		own := map[string]bool{}
		for n, text := range append([]string{r.Question}, r.Variants...) {
			k := Fold(text)
			if k == "" || own[k] {
				continue
			}
			own[k] = true
			for _, o := range seen[k] {
				if !overlap(r, o.row) {
					continue
				}
				same := Fold(r.Speech()) == Fold(o.row.Speech()) && r.Flow == o.row.Flow
				switch {
				case n == 0 && o.question && same:
					c.report.add(Warning, c.at(r, "question"), "question_repeated", c.where(o.row))
				case n == 0 && o.question:
					c.report.add(Error, c.at(r, "question"), "contradiction", c.where(o.row))
				case !same:
					c.report.add(Warning, c.at(r, "variants"), "variant_shared", text, c.where(o.row))
				default:
					continue
				}
				break
			}
			seen[k] = append(seen[k], wording{r, n == 0})
		}
	}
}

// overlap reports whether two rows can count on the same line on the same day.
func overlap(a, b *Row) bool {
	if !a.ValidTo.IsZero() && !b.ValidFrom.IsZero() && a.ValidTo.Compare(b.ValidFrom) < 0 {
		return false
	}
	if !b.ValidTo.IsZero() && !a.ValidFrom.IsZero() && b.ValidTo.Compare(a.ValidFrom) < 0 {
		return false
	}
	if len(a.Lines) == 0 || len(b.Lines) == 0 {
		return true
	}
	return slices.ContainsFunc(a.Lines, func(l string) bool { return slices.Contains(b.Lines, l) })
}
