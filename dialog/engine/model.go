package engine

import (
	"context"
	"slices"
	"strings"

	"hotline/dialog"
	"hotline/dialog/flow"
	"hotline/dialog/knowledge"
)

// Model is a language model that adds to what the engine knows. What it returns is
// checked by itself; its loss only removes what it added.
type Model interface {
	// Call begins a call's use of it.
	Call(facts dialog.Facts) ModelCall
}

// ModelCall is one call's use of a Model. Its methods return when ctx ends.
type ModelCall interface {
	// Answer writes a reply that rests on the pairs; say gets each sentence that may
	// be spoken, and speaks it.
	Answer(ctx context.Context, r AnswerRequest, say func(sentence string) error) (AnswerResult, error)
	// Value returns the words of Text that answer the question; "" for none.
	Value(ctx context.Context, r ValueRequest) (string, error)
	// Summary is one sentence or two for the person who takes the call; "" for none.
	Summary(ctx context.Context, lines []Line) (string, error)
}

// Line is something that was said.
type Line struct {
	Caller bool
	Text   string
}

// AnswerRequest is a question that the engine could not answer surely.
type AnswerRequest struct {
	Text   string
	Before []Line // what was said last
	Pairs  []*knowledge.Pair
	Flows  map[string]string // tasks that may be begun: name to title
	Skills []string          // of people to whom the caller may be brought
}

// AnswerResult is what is to be done behind what was said. At most one is set.
type AnswerResult struct {
	Flow  string // begin this task
	Skill string // bring the caller to a person with it
	Pair  string // say the words of this pair: the model meant it, in words that may not be said
}

// ValueRequest is an answer to a question of a task that was not understood.
type ValueRequest struct {
	Text     string
	Question string
	Slot     flow.Slot
}

const (
	modelNone  = 0.8  // from this chance that no pair is meant the model is not asked
	modelPairs = 5    // that it is shown
	modelShare = 0.02 // the least probable of them
	modelLines = 8    // of the conversation that are kept
	modelLine  = 300  // characters of each
	ownWords   = 0.1  // the least probable pair that the model may choose
)

// question is what the model may be asked in place of a plan.
type question struct {
	turn  dialog.Turn
	found knowledge.Result
	value bool // a task's answer, else a question of the caller's
}

// wonder notes that the model may know what the plan does not.
func (p *plan) wonder(t dialog.Turn, found knowledge.Result) {
	if p.c.model != nil && p.note.Intent == "unknown" && found.Top() != nil && found.None < modelNone {
		p.asks = &question{turn: t, found: found}
	}
}

// wonderValue notes that the model may find a task's answer where the task did not.
func (p *plan) wonderValue(t dialog.Turn) {
	if p.c.model != nil && t.Kind == dialog.Spoke {
		p.asks = &question{turn: t, value: true}
	}
}

// consult asks the model. It returns the plan that goes on: what the model wanted
// done, or p itself where it had nothing to add; nil where all was said.
func (c *Conversation) consult(ctx context.Context, before state, p *plan, do func(dialog.Act) error) (*plan, error) {
	q := p.asks
	p.asks = nil
	if q.value {
		return c.consultValue(ctx, before, p, q), context.Cause(ctx)
	}
	r := AnswerRequest{Text: q.turn.Text, Before: c.lines(), Skills: c.e.allSkills(), Flows: map[string]string{}}
	for i := range q.found.Matches {
		if m := &q.found.Matches[i]; m.Score >= modelShare && len(r.Pairs) < modelPairs {
			r.Pairs = append(r.Pairs, m.Pair)
		}
	}
	if set := c.flows(); set != nil {
		for _, name := range set.Names() {
			r.Flows[name] = set.Title(name)
		}
	}
	n := &plan{c: c, st: before, note: p.note}
	n.st.turns, n.st.justSaid, n.st.silent, n.st.promised = p.st.turns, false, 0, ""
	n.note.Intent, n.note.Source, n.note.Confidence = "answer", "llm", 1-q.found.None
	var said []string
	result, err := c.model.Answer(ctx, r, func(sentence string) error {
		if len(said) == 0 {
			n.note.Resolved = true
			n.answered(q.turn.Text)
			c.commit(n.st)
			if err := do(n.note); err != nil {
				return err
			}
		}
		said = append(said, sentence)
		n.st.said, n.st.saidLast = c.joined(said), sentence
		c.commit(n.st)
		c.heard(Line{Text: sentence})
		return do(dialog.Say{Text: sentence})
	})
	if why := context.Cause(ctx); why != nil {
		return nil, why
	}
	if err != nil && len(said) == 0 {
		return p, nil // it adds nothing; what it is logs itself
	}
	switch {
	case len(said) > 0:
		return nil, err
	case result.Flow != "" && r.Flows[result.Flow] != "" && n.begin(result.Flow, q.turn):
		n.note.Source = "llm"
		return n, nil
	case result.Skill != "" && slices.Contains(r.Skills, result.Skill):
		n.note.Intent = "person"
		n.st.skill = result.Skill
		n.st.note(shorten(q.turn.Text, c.e.zh), false)
		n.transfer("asked", KeyTransfer)
		return n, nil
	case result.Pair != "":
		for i := range q.found.Matches {
			if m := &q.found.Matches[i]; m.Pair.ID == result.Pair && m.Score >= ownWords {
				n.note.Intent, n.note.Confidence = m.Pair.ID, m.Score
				n.answer(c.e.c.Pairs(), m.Pair, q.turn.Text)
				n.note.Source = "llm"
				return n, nil
			}
		}
	}
	return p, nil
}

// answered notes that the caller got an answer.
func (p *plan) answered(text string) {
	st := &p.st
	st.unheard, st.unknown, st.repeats, st.choices = 0, 0, 0, 0
	st.rest, st.runnerUp, st.waiting = "", "", false
	st.justSaid = true
	st.ask(nothing)
	st.note(shorten(text, p.c.e.zh), true)
}

// consultValue lets the model find the answer to a task's question in what was said.
func (c *Conversation) consultValue(ctx context.Context, before state, p *plan, q *question) *plan {
	set := c.flows()
	asked, ok := set.Asked(before.flow)
	if !ok {
		return p
	}
	words, err := c.model.Value(ctx, ValueRequest{Text: q.turn.Text, Question: before.question, Slot: asked})
	if err != nil || strings.TrimSpace(words) == "" {
		return p
	}
	const doubt = 0.4 // so that it is asked about
	m, ok := set.Answer(before.flow, flow.Heard{Text: words, Confidence: min(doubt, q.turn.Confidence), Guess: true}, c.env())
	if !ok {
		return p
	}
	n := &plan{c: c, st: before, note: p.note}
	n.st.turns, n.st.justSaid, n.st.silent, n.st.promised = p.st.turns, false, 0, ""
	n.st.unheard, n.st.unknown = 0, 0
	n.follow(m)
	n.note.Source = "llm"
	return n
}

// commit makes st the conversation's.
func (c *Conversation) commit(st state) {
	c.mu.Lock()
	c.st = st
	c.mu.Unlock()
}

// heard remembers what was said, where a model may have to read it.
func (c *Conversation) heard(l Line) {
	if c.model == nil || strings.TrimSpace(l.Text) == "" {
		return
	}
	if rs := []rune(l.Text); len(rs) > modelLine {
		l.Text = string(rs[:modelLine])
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.talk) == 3*modelLines {
		c.talk = slices.Delete(c.talk, 0, 1)
	}
	c.talk = append(c.talk, l)
}

// lines are those said last, before the turn that is answered.
func (c *Conversation) lines() []Line {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.talk)
	if n > 0 && c.talk[n-1].Caller {
		n--
	}
	return slices.Clone(c.talk[max(0, n-modelLines):n])
}

// summarise asks the model for a summary while acts are carried out; put waits for it
// and adds it to a transfer, stop ends it.
func (c *Conversation) summarise(ctx context.Context, acts []dialog.Act) (put func(dialog.Act) dialog.Act, stop func()) {
	c.mu.Lock()
	talk := slices.Clone(c.talk)
	c.mu.Unlock()
	if c.model == nil || len(talk) < 3 || !slices.ContainsFunc(acts, func(a dialog.Act) bool { _, ok := a.(dialog.Transfer); return ok }) {
		return func(a dialog.Act) dialog.Act { return a }, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var text string
	done := make(chan struct{})
	go func() {
		defer close(done)
		var err error
		if text, err = c.model.Summary(ctx, talk); err != nil {
			text = ""
		}
	}()
	put = func(a dialog.Act) dialog.Act {
		t, ok := a.(dialog.Transfer)
		if !ok {
			return a
		}
		if <-done; text != "" {
			t.Summary = c.joined([]string{t.Summary, text})
		}
		return t
	}
	return put, func() { cancel(); <-done }
}

// allSkills are those of the business.
func (e *Engine) allSkills() []string {
	var out []string
	put := func(s string) {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	put(e.c.Skill)
	for _, s := range e.c.Skills {
		put(s)
	}
	for _, m := range e.c.Menu {
		put(m.Skill)
	}
	slices.Sort(out)
	return out
}
