package flow

import (
	"slices"
	"strings"

	"hotline/dialog"
	"hotline/dialog/slot"
)

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
func (s *Set) Beside(name string, known map[string]string, said []string, env Env) (Aside, bool) {
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
	for _, text := range said {
		r.fillFrom(p, Heard{Text: text, Confidence: 1}, "", nil)
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
