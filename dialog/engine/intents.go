package engine

import (
	"context"

	"hotline/dialog"
)

// Intents tells what a text wants by examples of what callers say (intent.Model);
// ok is false where it is out of scope.
type Intents interface {
	Classify(ctx context.Context, text string) (name string, confidence float64, ok bool)
}

// Routes lead an intent to a task, by the flows' own start.intents, or to people.
type Routes struct {
	Intents Intents           // nil is none
	Skills  map[string]string // of an intent's people
	Sure    float64           // confidence from which one is followed; default 0.8
}

// routed follows the intent of what the knowledge is not sure of: it begins the
// intent's task, or brings the caller to its people. False where there is neither.
func (p *plan) routed(ctx context.Context, t dialog.Turn) bool {
	r := p.c.e.c.Routes
	if r.Intents == nil {
		return false
	}
	name, confidence, ok := r.Intents.Classify(ctx, t.Text)
	sure := r.Sure
	if sure <= 0 {
		sure = 0.8
	}
	if !ok || confidence < sure {
		return false
	}
	task, skill := p.c.flows().ForIntent(name), r.Skills[name]
	if task == "" && (skill == "" || !p.reachable()) {
		return false
	}
	p.note.Confidence = confidence
	if p.begin(task, t) {
		p.note.Intent = name
		return true
	}
	if skill == "" {
		return false
	}
	p.intent(name, "intent")
	p.st.skill = skill
	p.st.note(shorten(t.Text, p.c.e.zh), false)
	p.transfer("rule", KeyTransfer)
	return true
}
