package flow

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"hotline/dialog"
	"hotline/dialog/slot"
)

// Bounds on a conversation.
const (
	maxOps    = 500 // of one turn: a flow that goes in circles ends at a person
	maxFrames = 6
	maxTries  = 3 // answers to one question until a person
)

// Start begins a flow; what the caller said to begin it may hold values already.
func (s *Set) Start(st State, name string, h Heard, env Env) (Move, bool) {
	p := s.flows[name]
	if p == nil || len(st.frames) >= maxFrames || len(p.flow.Lines) > 0 && !slices.Contains(p.flow.Lines, env.Line) {
		return Move{}, false
	}
	if slices.ContainsFunc(st.frames, func(f frame) bool { return f.flow == name }) {
		return Move{}, false
	}
	r := run{s: s, env: env, st: st}
	r.st.turns++
	if !st.Running() {
		r.st.rows, r.st.set, r.st.effects = nil, nil, 0
	}
	r.forget(p)
	r.push(p)
	r.fillContact(p)
	r.fillFrom(p, h, "", nil)
	r.st.ran = append(slices.Clone(st.ran), name)
	return r.advance(), true
}

// forget drops what may not be taken over from earlier in the call: the same matter
// again is another order, though the same caller.
func (r *run) forget(p *program) {
	again := slices.Contains(r.st.ran, p.flow.Name)
	var drop []string
	for _, name := range p.order {
		h, ok := r.st.values[name]
		if !ok {
			continue
		}
		c := p.slots[name]
		personal := c.Type == slot.Phone || c.Type == slot.Name || c.Type == slot.Address
		if c.Forget || h.Kind != c.Type || h.Skipped || !personal && (again || c.Type != slot.Code) {
			drop = append(drop, name)
		}
	}
	if len(drop) > 0 {
		r.st.drop(drop...)
	}
}

// run is one turn in the making.
type run struct {
	s   *Set
	env Env
	st  State
	out []Out

	guess bool // what is answered is a guess
}

func (r *run) program() *program { return r.s.program(r.st) }

func (r *run) push(p *program) {
	r.st.frames = append(slices.Clone(r.st.frames), frame{flow: p.flow.Name})
	r.st.asking, r.st.confirming, r.st.tries = "", false, 0
}

func (r *run) move(end End) Move {
	m := Move{State: r.st, Out: r.out, End: end, Flow: r.st.Name()}
	if p := r.program(); p != nil {
		if pc := r.st.frames[len(r.st.frames)-1].pc; pc < len(p.code) {
			m.Step = p.code[pc].path
		}
	}
	return m
}

// leave ends all flows.
func (r *run) leave(end End, skill, reason string) Move {
	m := r.move(end)
	if p := r.program(); p != nil && skill == "" {
		skill = p.flow.Skill
	}
	m.Skill, m.Reason = skill, reason
	m.State.frames, m.State.asking, m.State.confirming, m.State.tries = nil, "", false, 0
	return m
}

// advance does steps until something must be answered.
func (r *run) advance() Move {
	r.st.asking, r.st.confirming = "", false
	for range maxOps {
		p := r.program()
		pc := r.st.frames[len(r.st.frames)-1].pc
		o := &p.code[pc]
		switch o.kind {
		case opSay, opHangup:
			r.out = append(r.out, Out{Text: r.render(pick(o.texts, r.st.turns), aloud)})
			if o.kind == opHangup {
				return r.leave(HungUp, "", "done")
			}
			r.st.move(pc + 1)
		case opAsk:
			if r.ask(p, o) {
				return r.move(Running)
			}
			r.st.move(pc + 1)
		case opIf:
			holds, err := o.condition.holds(r.environment(p), r.env.Now)
			switch {
			case err != nil:
				return r.leave(Person, "", "rule")
			case holds:
				r.st.move(pc + 1)
			default:
				r.st.move(o.alt)
			}
		case opCase:
			to, ok := o.cases[r.value(o.subject)]
			if !ok {
				to = o.alt
			}
			r.st.move(to)
		case opJump:
			r.st.move(o.next)
		case opLook:
			if o.look.URL != "" {
				return r.await(Request{HTTP: r.http(o.look)})
			}
			r.found(o, o.look.As, r.rows(o.look.Table, o.look.where))
		case opBook:
			rows := r.rows(o.book.Table, o.book.where)
			if len(rows) == 0 {
				r.st.move(o.alt)
				continue
			}
			return r.await(Request{Book: r.booking(o.book, rows)})
		case opSet:
			r.st.set = maps.Clone(r.st.set)
			if r.st.set == nil {
				r.st.set = map[string]string{}
			}
			for name, t := range o.fields {
				r.st.set[name] = r.render(t, kept)
			}
			r.st.move(pc + 1)
		case opClear:
			r.st.drop(o.names...)
			r.st.move(pc + 1)
		case opTicket, opSMS, opCallback, opReview:
			r.out = append(r.out, Out{Act: r.effect(p, o)})
			r.st.effects++
			r.st.move(pc + 1)
		case opTransfer:
			reason := o.reason
			if reason == "" {
				reason = "rule"
			}
			return r.leave(Person, o.kindName, reason)
		case opFlow:
			next := r.s.flows[o.kindName]
			if next == nil || len(r.st.frames) >= maxFrames {
				return r.leave(Person, "", "rule")
			}
			r.st.move(pc + 1)
			r.push(next)
		case opEnd:
			if len(r.st.frames) == 1 {
				if o.kindName == "open" {
					return r.leave(Open, "", "")
				}
				return r.leave(Done, "", "")
			}
			r.st.frames = slices.Clone(r.st.frames[:len(r.st.frames)-1])
		}
	}
	return r.leave(Person, "", "rule")
}

// pick is the wording of a turn.
func pick(texts []template, turn int) template {
	if len(texts) == 0 {
		return template{}
	}
	return texts[turn%len(texts)]
}

// ask puts the next open question of o; false when all is known.
func (r *run) ask(p *program, o *op) bool {
	for _, name := range o.names {
		c := p.slots[name]
		h, ok := r.st.values[name]
		if !ok && c.From == "caller" {
			if v, known := callerValue(c, r.env); known {
				h, ok = r.held(c, v, 1), true
				r.st.hold(name, h)
			}
		}
		if ok && (h.Skipped || h.Confirmed && !h.Partial) {
			continue
		}
		if r.st.asking != name {
			r.st.tries = 0
		}
		r.st.asking = name
		if ok && !h.Partial {
			r.st.confirming = true
			r.out = append(r.out, r.confirm(c, h))
			return true
		}
		if len(c.ask) == 0 {
			r.out = append(r.out, Out{Phrase: PhraseAgain, Values: map[string]string{"title": c.Title}, Question: true})
			return true
		}
		r.out = append(r.out, Out{Text: r.render(pick(c.ask, r.st.turns), aloud), Question: true})
		return true
	}
	return false
}

// confirm asks whether it was heard right, about the doubtful part alone where there
// is one.
func (r *run) confirm(c *compiledSlot, h Held) Out {
	if part := doubtful(h.Value, c.Type); part != "" {
		said := r.s.slots[string(digits)].Say(slot.Value{Canonical: part, Confidence: 1})
		return Out{Phrase: PhrasePart, Values: map[string]string{"title": c.Title, "value": said}, Question: true}
	}
	return Out{Phrase: PhraseConfirm, Values: map[string]string{"title": c.Title, "value": c.slot.SayAt(h.Value, r.env.Now)}, Question: true}
}

// doubtful is the group of a long number that has all that is unsure, "" where that
// would be the most of it.
func doubtful(v slot.Value, k slot.Kind) string {
	if k != slot.Code && k != slot.Phone || len(v.Doubtful) == 0 || len(v.Canonical) < 8 {
		return ""
	}
	start, end := v.Doubtful[0].Start, v.Doubtful[len(v.Doubtful)-1].End
	start = max(0, min(start-1, len(v.Canonical)-4))
	end = min(len(v.Canonical), max(end+1, start+4))
	if end-start > len(v.Canonical)/2 {
		return ""
	}
	return v.Canonical[start:end]
}

// environment is what conditions see.
func (r *run) environment(p *program) environment {
	env := maps.Clone(p.names)
	env["caller"], env["line"], env["today"] = r.env.Caller, r.env.Line, r.env.Now.Format("2006-01-02")
	for name := range p.slots {
		env[name] = r.st.values[name].Canonical
	}
	for name, v := range r.st.set {
		env[name] = v
	}
	for name, row := range r.st.rows {
		env[name] = map[string]string(row)
	}
	return env
}

// value is what a part stands for, in its canonical form.
func (r *run) value(p part) string {
	if p.column != "" {
		return r.st.rows[p.name][p.column]
	}
	if h, ok := r.st.values[p.name]; ok {
		return h.Canonical
	}
	switch p.name {
	case "caller":
		return r.env.Caller
	case "line":
		return r.env.Line
	case "today":
		return r.env.Now.Format("2006-01-02")
	}
	return r.st.set[p.name]
}

// way is for whom a template is filled in.
type way uint8

const (
	aloud way = iota // for the ear
	kept             // for people who read and systems that compare
	path             // for a URL
)

func (r *run) render(t template, w way) string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		v := r.value(p)
		switch w {
		case path:
			b.WriteString(url.QueryEscape(v))
		case kept:
			if p.form == last4 {
				v = lastRunes(v, 4)
			} else if p.form != raw {
				v = r.readable(p, v)
			}
			b.WriteString(v)
		default:
			b.WriteString(r.aloud(p, v))
		}
	}
	return strings.TrimSpace(b.String())
}

// readable is a choice by its name, all else as it is.
func (r *run) readable(p part, v string) string {
	if prog := r.program(); prog != nil && p.column == "" {
		if c := prog.slots[p.name]; c != nil && c.Type == slot.Choice {
			for _, x := range c.Choices {
				if x.Value == v && len(x.Names) > 0 {
					return x.Names[0]
				}
			}
		}
	}
	return v
}

func (r *run) aloud(p part, v string) string {
	if v == "" {
		return ""
	}
	switch p.form {
	case raw:
		return v
	case last4:
		return r.s.slots[string(last4)].Say(slot.Value{Canonical: lastRunes(v, 4), Confidence: 1})
	case plain:
		prog := r.program()
		if p.column != "" || prog == nil || prog.slots[p.name] == nil {
			if p.name == "caller" {
				return r.s.slots[string(digits)].Say(slot.Value{Canonical: v, Confidence: 1})
			}
			return v
		}
		return prog.slots[p.name].slot.SayAt(slot.Value{Canonical: v, Confidence: 1}, r.env.Now)
	default:
		made := r.s.slots[string(p.form)]
		if found := made.Find(v, r.env.Now); p.form != digits && len(found) > 0 {
			return made.SayAt(found[0], r.env.Now)
		}
		return made.SayAt(slot.Value{Canonical: v, Confidence: 1}, r.env.Now)
	}
}

func (r *run) fields(of map[string]template) map[string]string {
	out := map[string]string{}
	for name, t := range of {
		if v := r.render(t, kept); v != "" {
			out[name] = v
		}
	}
	return out
}

// effect is the act of a step.
func (r *run) effect(p *program, o *op) dialog.Act {
	switch o.kind {
	case opTicket:
		return dialog.Ticket{Kind: o.kindName, Summary: r.render(o.a, kept), Fields: r.fields(o.fields)}
	case opSMS:
		to := r.render(o.a, kept)
		if to == "" {
			to = r.env.Caller
		}
		return dialog.SMS{To: to, Text: r.render(o.b, kept), Reason: p.flow.Title}
	case opCallback:
		reason := r.render(o.texts[0], kept)
		if reason == "" {
			reason = p.flow.Title
		}
		return dialog.Callback{Number: r.render(o.a, kept), When: r.render(o.b, kept), Reason: reason}
	default:
		return dialog.Review{Kind: o.kindName, Summary: r.render(o.a, kept), Fields: r.fields(o.fields), Amount: r.render(o.b, kept)}
	}
}

// rows of a table whose columns hold what where says. A column for which nothing is
// known is not looked at; "*4417" is what it must end in.
func (r *run) rows(table string, where map[string]template) []Row {
	t := r.s.tables[table]
	wanted := map[string]string{}
	for column, w := range where {
		if v := fold(r.render(w, kept)); v != "" && v != "*" {
			wanted[column] = v
		}
	}
	if t == nil || len(wanted) == 0 {
		return nil
	}
	var out []Row
	for i, row := range t.Rows {
		if matches(r.s.columns[table], i, wanted) {
			out = append(out, row)
		}
	}
	return out
}

// matches says whether the i-th row holds what is wanted, by column.
func matches(columns map[string][]string, i int, wanted map[string]string) bool {
	for column, v := range wanted {
		have := columns[column][i]
		if end, ok := strings.CutPrefix(v, "*"); ok && strings.HasSuffix(have, end) || have == v {
			continue
		}
		return false
	}
	return true
}

// fold makes values comparable: without spaces and dashes of writing, in capitals.
func fold(s string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '\u3000':
			return -1
		case r >= '！' && r <= '～': // full width
			return r - '！' + '!'
		}
		return r
	}, s))
}

// found takes the first row and goes on, or goes to what is done without.
func (r *run) found(o *op, as string, rows []Row) {
	pc := r.st.frames[len(r.st.frames)-1].pc
	if len(rows) == 0 {
		r.st.row(as, nil)
		r.st.move(o.alt)
		return
	}
	row := maps.Clone(rows[0])
	row["#"] = strconv.Itoa(len(rows))
	r.st.row(as, row)
	r.st.move(pc + 1)
}

func (r *run) await(q Request) Move {
	m := r.move(Running)
	q.Flow, q.Step = m.Flow, m.Step
	m.Await = &q
	return m
}

func (r *run) http(l *look) *HTTPRequest {
	q := &HTTPRequest{Method: l.Method, URL: r.render(l.url, path), Headers: l.headers, Take: l.Take, Timeout: l.Timeout, Retries: 1}
	if l.Retries != nil {
		q.Retries = *l.Retries
	}
	if len(l.body) > 0 {
		body := map[string]string{}
		for name, t := range l.body {
			body[name] = r.render(t, kept)
		}
		q.Body, _ = json.Marshal(body) // strings always can
	}
	if q.Method == "" {
		q.Method = map[bool]string{true: "POST", false: "GET"}[len(q.Body) > 0]
	}
	return q
}

func (r *run) booking(b *booking, rows []Row) *BookRequest {
	q := &BookRequest{Table: b.Table, Rows: rows, Count: b.Count, Per: r.render(b.per, kept), Fields: r.fields(b.fields)}
	for _, row := range rows {
		places := 1
		if b.Count != "" {
			places, _ = strconv.Atoi(strings.TrimSpace(row[b.Count]))
		}
		q.Places = append(q.Places, places)
	}
	return q
}

// Resume goes on with what came of the Request of the Move before.
func (s *Set) Resume(st State, resp Response, env Env) Move {
	r := run{s: s, env: env, st: st}
	p := r.program()
	if p == nil {
		return r.leave(Open, "", "")
	}
	o := &p.code[st.frames[len(st.frames)-1].pc]
	var as string
	switch o.kind {
	case opLook:
		as = o.look.As
	case opBook:
		as = o.book.As
	default:
		return r.advance()
	}
	switch {
	case resp.Err != nil && o.failed > 0:
		r.st.move(o.failed)
	case resp.Err != nil:
		r.out = append(r.out, Out{Phrase: PhraseFailed})
		return r.leave(Person, "", "rule")
	default:
		if o.kind == opBook && len(resp.Rows) > 0 {
			r.st.effects++
		}
		r.found(o, as, resp.Rows)
	}
	return r.advance()
}
