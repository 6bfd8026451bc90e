package knowledge

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Pair is one thing that callers ask, and the answer. It is written for the ear.
type Pair struct {
	ID       string
	Question string
	Variants []string // other wordings of Question
	Answer   string
	// Spoken is said in place of Answer where that is not written for the ear.
	Spoken   string
	Category string // the subject: "物流", "returns"
	Scene    string // "pre-sales", "after-sales", "technical support"
	// Topic is a short name used in "do you mean A or B?"; Question where empty.
	Topic string
	// ValidFrom and ValidTo bound when the pair may be used; zero is open.
	ValidFrom, ValidTo time.Time
	// Lines are the lines that use the pair; empty is all.
	Lines []string
	// FollowUp is a short question put behind the answer. It is the ID of another
	// pair, whose answer a yes brings, or a question that itself finds one.
	FollowUp string
	// Flow names the task that the pair starts.
	Flow string
	// Skill is who knows more when the caller then wants a person.
	Skill string
}

// Say is what is spoken as the answer.
func (p *Pair) Say() string {
	if p.Spoken != "" {
		return p.Spoken
	}
	return p.Answer
}

// Name is how the pair is called in a question to the caller.
func (p *Pair) Name() string {
	if p.Topic != "" {
		return p.Topic
	}
	return strings.TrimRight(strings.TrimSpace(p.Question), "?？。.!！")
}

// about is what the pair's own texts beside the wordings tell of its subject.
func (p *Pair) about() string { return p.Topic + " " + p.Category + " " + p.Answer + " " + p.Spoken }

// usable says whether the pair may be used on line at now. A zero now or an
// empty line do not restrict.
func (p *Pair) usable(line string, now time.Time) bool {
	if line != "" && len(p.Lines) > 0 && !slices.Contains(p.Lines, line) {
		return false
	}
	if now.IsZero() {
		return true
	}
	return (p.ValidFrom.IsZero() || !now.Before(p.ValidFrom)) && (p.ValidTo.IsZero() || now.Before(p.ValidTo))
}

func (p *Pair) check() error {
	switch {
	case p.ID == "":
		return fmt.Errorf("pair %q has no id", p.Question)
	case strings.TrimSpace(p.Question) == "":
		return fmt.Errorf("pair %s has no question", p.ID)
	case strings.TrimSpace(p.Say()) == "" && p.Flow == "":
		return fmt.Errorf("pair %s (%s) has neither an answer nor a flow", p.ID, p.Question)
	}
	return nil
}
