package business

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
	"unicode"
)

// Row is one question with its answer, as it stands in a file of knowledge/.
type Row struct {
	ID       string   `yaml:"id" json:"id"`
	Question string   `yaml:"question" json:"question"`
	Answer   string   `yaml:"answer" json:"answer"`
	Variants []string `yaml:"variants" json:"variants,omitempty"`
	Category string   `yaml:"category" json:"category,omitempty"`
	Scene    string   `yaml:"scene" json:"scene,omitempty"`
	// ValidFrom and ValidTo are the first and the last day on which it counts.
	ValidFrom Date `yaml:"valid_from" json:"valid_from,omitzero"`
	ValidTo   Date `yaml:"valid_to" json:"valid_to,omitzero"`
	// Topic names the question when the bot asks "A or B?"; the question if empty.
	Topic string `yaml:"topic" json:"topic,omitempty"`
	// Skill is who knows more, when the caller then wants a person.
	Skill string `yaml:"skill" json:"skill,omitempty"`
	// Lines it counts on; none means all.
	Lines []string `yaml:"line" json:"line,omitempty"`
	// Spoken is said in place of Answer, where what is written cannot be.
	Spoken string `yaml:"spoken" json:"spoken,omitempty"`
	// FollowUp is put behind the answer: the id of another row, whose answer a yes
	// brings, or a question that finds one.
	FollowUp string `yaml:"follow_up" json:"follow_up,omitempty"`
	// Flow is the name of the task that the question begins, in flows/.
	Flow string `yaml:"flow" json:"flow,omitempty"`
	// Note is for the people who keep the file.
	Note string `yaml:"note" json:"note,omitempty"`

	File string `yaml:"-" json:"-"` // relative to the business's folder
	Line int    `yaml:"-" json:"-"` // of the file, from 1; in a workbook the sheet's row
	// madeID: the file gave no id and it was made from the question.
	madeID bool
}

// Speech is what is said as the answer.
func (r Row) Speech() string {
	if r.Spoken != "" {
		return r.Spoken
	}
	return r.Answer
}

// ValidAt reports whether the row counts on t's day, in loc.
func (r Row) ValidAt(t time.Time, loc *time.Location) bool {
	if loc != nil {
		t = t.In(loc)
	}
	day := DateOf(t)
	return (r.ValidFrom.IsZero() || day.Compare(r.ValidFrom) >= 0) && (r.ValidTo.IsZero() || day.Compare(r.ValidTo) <= 0)
}

// makeID names a row that its owner did not: the same question has the same id in
// every file and on every day.
func makeID(question string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(Fold(question)))
	return fmt.Sprintf("q-%010x", h.Sum64()&0xffffffffff)
}

// Fold reduces a question to what two wordings of it must share to count as the
// same: letters and digits, in lower case, wide forms narrowed.
func Fold(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}
