package flow

import (
	"slices"
	"strings"

	"hotline/dialog"
	"hotline/dialog/internal/lang"
	"hotline/dialog/slot"
)

// AsideText is a sentence of the caller's.
type AsideText struct {
	Text    string
	Answers string // the slot that he was asked for, see AskedFor
}

// Aside is where a flow stands for somebody who does it by hand: what is known, what
// the flow would say and do next. Nothing has been done.
type Aside struct {
	Flow, Title string
	Slots       []AsideSlot // in the flow's order
	Say         []string    // what it would say before its next step
	Next        string      // "ask", "lookup", "book", "ticket", "sms", "callback", "review", "transfer", "done", "open"
	Text        string      // of Next: the question, the ticket's summary …
	Wants       string      // the slot that is asked for
	Ticket      *dialog.Ticket
	Rows        map[string]Row // what look-ups in tables found
}

// AsideSlot is one thing that a flow wants to know.
type AsideSlot struct {
	Name, Title, Value string
	Missing            bool // the next step waits for it
}

// Beside goes through a flow with values that are known and texts that may hold more,
// up to what must be asked or done; acts are named and not carried out, and no other
// system is asked. It is for whoever does by hand what the bot had begun.
func (s *Set) Beside(name string, known map[string]string, said []AsideText, env Env) (Aside, bool) {
	p := s.flows[name]
	if p == nil {
		return Aside{}, false
	}
	r := run{s: s, env: env}
	r.push(p)
	for name, c := range p.slots {
		if v := strings.TrimSpace(known[name]); v != "" {
			r.st.hold(name, Held{Value: slot.Value{Canonical: v, Confidence: 1}, Kind: c.Type, Confirmed: true})
		}
	}
	for _, t := range said {
		h := Heard{Text: t.Text, Confidence: 1}
		r.fillFrom(p, h, t.Answers, r.reply(p, t.Answers, h))
	}
	// A person has heard it and asks himself where he doubts.
	for name, h := range r.st.values {
		if !h.Partial {
			h.Confirmed = true
			r.st.hold(name, h)
		}
	}
	m := r.advance()
	a := Aside{Flow: name, Title: p.flow.Title, Rows: m.State.rows, Wants: m.State.asking}
	a.next(m)
	for _, name := range p.order {
		c := p.slots[name]
		a.Slots = append(a.Slots, AsideSlot{
			Name: name, Title: c.Title, Value: m.State.Slots()[name], Missing: a.Next == "ask" && slices.Contains(r.wanted(p), name) && !c.Optional && m.State.Slots()[name] == "",
		})
	}
	return a, true
}

// reply takes the value that was asked for, of whatever kind, and tells where it stands.
func (r *run) reply(p *program, name string, h Heard) []slot.Range {
	c := p.slots[name]
	if _, known := r.st.values[name]; c == nil || known || r.lacks(h.Text) {
		return nil
	}
	v, ok := r.find(c, h)
	if !ok || v.Partial || v.Canonical == "" {
		return nil
	}
	r.st.hold(name, r.held(c, v, h.Confidence))
	return []slot.Range{{Start: v.Start, End: v.End}}
}

// AskedFor is the slot of a flow that is asked for by a sentence of whoever does it by
// hand: he names it, or asks nearly as the flow would. "" for none.
func (s *Set) AskedFor(name, text string) string {
	p := s.flows[name]
	if p == nil {
		return ""
	}
	text = strings.ToLower(text)
	best, most := "", 0.0
	for _, name := range p.order {
		c := p.slots[name]
		near := 0.0
		if title := strings.ToLower(c.Title); len([]rune(title)) > 1 && holdsWord(text, title) {
			near = 1 + float64(len(title))/100 // 公司名称 before 公司
		}
		for _, ask := range c.Ask {
			near = max(near, s.shared(strings.ToLower(ask), text))
		}
		if near >= nearlyAsked && near > most {
			best, most = name, near
		}
	}
	return best
}

// nearlyAsked is how much of a question must be in a sentence that asks the same.
const nearlyAsked = 0.6

// shared is how much of a question is in a text: of its pairs of signs, or of its words.
func (s *Set) shared(ask, text string) float64 {
	parts := strings.FieldsFunc(ask, func(r rune) bool { return strings.ContainsRune(" ，。？！、,.?!", r) })
	if lang.Chinese(s.language) {
		var pairs []string
		for _, part := range parts {
			signs := []rune(part)
			for i := range max(0, len(signs)-1) {
				pairs = append(pairs, string(signs[i:i+2]))
			}
		}
		parts = pairs
	}
	n := 0
	for _, part := range parts {
		if holdsWord(text, part) {
			n++
		}
	}
	return float64(n) / float64(max(1, len(parts)))
}

// wanted are the slots of the step that waits.
func (r *run) wanted(p *program) []string {
	if len(r.st.frames) != 1 { // within another flow
		return nil
	}
	if pc := r.st.frames[0].pc; pc < len(p.code) && p.code[pc].kind == opAsk {
		return p.code[pc].names
	}
	return nil
}

// next is the first of a move's steps that somebody must do something for.
func (a *Aside) next(m Move) {
	for _, o := range m.Out {
		switch act := o.Act.(type) {
		case nil:
			if o.Question {
				a.Next, a.Text = "ask", o.Text
				return
			}
			if o.Text != "" {
				a.Say = append(a.Say, o.Text)
			}
		case dialog.Ticket:
			a.Next, a.Text, a.Ticket = "ticket", act.Summary, &act
			return
		case dialog.SMS:
			a.Next, a.Text = "sms", act.Text
			return
		case dialog.Callback:
			a.Next, a.Text = "callback", act.Reason
			return
		case dialog.Review:
			a.Next, a.Text = "review", act.Summary
			return
		}
	}
	switch {
	case m.Await != nil && m.Await.Book != nil:
		a.Next = "book"
	case m.Await != nil:
		a.Next = "lookup"
	case m.End == Person:
		a.Next = "transfer"
	case m.End == Done, m.End == HungUp:
		a.Next = "done"
	default:
		a.Next = "open"
	}
}

// TicketKind is the kind of the first ticket that a flow makes, "" for none.
func (s *Set) TicketKind(name string) string {
	p := s.flows[name]
	if p == nil {
		return ""
	}
	for i := range p.code {
		if p.code[i].kind == opTicket {
			return p.code[i].kindName
		}
	}
	return ""
}
