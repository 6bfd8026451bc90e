package assist

import (
	"context"
	"math"
	"slices"

	"hotline/dialog/knowledge"
	"hotline/dialog/llm"
	"hotline/dialog/moderation"
	"hotline/internal/call"
)

// Kinds of warnings.
const (
	Sensitive = "sensitive" // a sensitive word; Detail is its category
	Promised  = "promise"   // the agent's word; Detail is guarantee, deadline or money
	Anger     = "anger"     // the caller becomes angry; Detail is the mood
	Complaint = "complaint" // he may complain elsewhere
)

// Warning is what an agent should know about a sentence.
type Warning struct {
	Call    string  `json:"call,omitempty"`
	Turn    int     `json:"turn"`
	AtMS    int64   `json:"at_ms" doc:"on the call's time axis"`
	Speaker string  `json:"speaker" enum:"caller,agent"`
	Kind    string  `json:"kind" enum:"sensitive,promise,anger,complaint"`
	Detail  string  `json:"detail,omitempty"`
	Quote   string  `json:"quote,omitempty" doc:"the words that it is about"`
	Score   float64 `json:"score,omitempty"`

	agent string
}

// Recipient implements ForAgent.
func (w Warning) Recipient() string { return w.agent }

// warn is what is to be said about a sentence of either side.
func (e *ear) warn(ctx context.Context, t call.TurnRecord) []Warning {
	e.turn(t.Text)
	var out []Warning
	add := func(kind, detail, quote string, score float64) {
		out = append(out, Warning{
			Turn: t.Index, AtMS: t.EndMS, Speaker: t.Speaker, Kind: kind, Detail: detail, Quote: quote, Score: math.Round(score*100) / 100,
		})
	}
	if w := e.line.Words; w != nil {
		if t.Speaker == "agent" {
			if h, bad := w.Blocked(t.Text); bad && e.news(h.Entry) {
				add(Sensitive, string(h.Category), t.Text[h.Start:h.End], 0)
			}
		} else if p, h := w.Caller(t.Text); p != moderation.Pass && e.news(h.Entry) {
			add(Sensitive, string(h.Category), t.Text[h.Start:h.End], 0)
		}
	}
	if t.Speaker == "agent" {
		for _, p := range promises(t.Text, e.zh()) {
			if (p.kind == guarantee || !e.stands(ctx, p.words)) && e.news(p.words) {
				add(Promised, p.kind, p.words, 0)
			}
		}
		return out
	}
	if t.Mood == nil {
		return out
	}
	risky, r := e.risky, *t.Mood
	e.upset, e.risky = r.Upset(), r.ComplaintRisk >= e.line.Complaint
	quote := ""
	if len(r.Evidence) > 0 {
		quote = r.Evidence[0]
	}
	worse := !r.First && (e.upset || r.Rises)
	switch { // that it gets worse, not that it is bad; and the graver alone
	case e.risky && !risky:
		add(Complaint, string(r.Label), quote, r.ComplaintRisk)
	case worse && !e.told:
		add(Anger, string(r.Label), quote, r.Score)
	}
	e.told = worse
	return out
}

// maxQuotes bounds what is not told twice.
const maxQuotes = 12

// news says whether the agent was not told of these words just before.
func (e *ear) news(words string) bool {
	if slices.Contains(e.quotes, words) {
		return false
	}
	e.quotes = append(e.quotes, words)
	e.quotes = e.quotes[max(0, len(e.quotes)-maxQuotes):]
	return true
}

// stands says whether the knowledge says so too: then it is the business's word, and
// not only the agent's.
func (e *ear) stands(ctx context.Context, words string) bool {
	var sources []llm.Source
	for _, a := range e.shown {
		sources = append(sources, llm.Source{ID: a.ID, Question: a.Question, Text: a.Long + "\n" + a.Short})
	}
	if e.line.Pairs != nil {
		if index := e.line.Pairs(); index != nil {
			q := knowledge.Query{Text: words, Line: e.name, Now: e.line.Now(), Words: true}
			found := index.Find(ctx, q).Matches
			for _, m := range found[:min(len(found), maxAnswers)] {
				sources = append(sources, llm.Source{ID: m.Pair.ID, Question: m.Pair.Question, Text: m.Pair.Answer + "\n" + m.Pair.Say()})
			}
		}
	}
	if len(sources) == 0 {
		return false
	}
	_, why := llm.NewGrounds(e.line.Language, sources, "").Check(words)
	return why == ""
}
