package business

import (
	"slices"
	"time"

	"hotline/dialog/knowledge"
)

// Pairs are the questions and answers that count on the line, for the index that
// answers it. Rows that could not be used (no question, or nothing to say) are
// left out; the report has told of them.
func (l Line) Pairs() []knowledge.Pair {
	if l.Home == nil {
		return nil
	}
	return l.PairsOf(l.Home.Knowledge)
}

// Pairs converts rows; dates are days in loc. Of rows with the same id only the
// first is taken.
func Pairs(rows []Row, loc *time.Location) []knowledge.Pair {
	if loc == nil {
		loc = time.Local
	}
	out := make([]knowledge.Pair, 0, len(rows))
	seen := map[string]bool{}
	for _, r := range rows {
		if r.ID == "" || r.Question == "" || r.Speech() == "" && r.Flow == "" || seen[r.ID] {
			continue
		}
		seen[r.ID] = true
		p := knowledge.Pair{
			ID: r.ID, Question: r.Question, Variants: slices.Clone(r.Variants), Answer: r.Answer, Spoken: r.Spoken,
			Category: r.Category, Scene: r.Scene, Topic: r.Topic, Skill: r.Skill, FollowUp: r.FollowUp, Flow: r.Flow,
		}
		if !r.ValidFrom.IsZero() {
			p.ValidFrom = r.ValidFrom.In(loc)
		}
		if d := r.ValidTo; !d.IsZero() {
			// The last day counts whole: the pair ends with the next one's first moment.
			p.ValidTo = time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, loc)
		}
		out = append(out, p)
	}
	return out
}
