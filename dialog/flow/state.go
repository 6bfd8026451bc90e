package flow

import (
	"maps"
	"slices"
	"strings"
	"time"

	"hotline/dialog"
	"hotline/dialog/slot"
)

// State is where a caller is in the flows of a business. The zero value is in none.
type State struct {
	frames []frame
	values map[string]Held // by slot name; outlives the flow
	rows   map[string]Row
	set    map[string]string

	asking     string // the slot whose question is open
	confirming bool   // whether it is right what was heard
	tries      int    // answers to the open question that could not be used
	effects    int    // tickets, messages and bookings made by this flow
	turns      int    // of this call, for wordings
	ran        []string
}

// frame is a flow that runs; the innermost is last.
type frame struct {
	flow string
	pc   int
}

// Held is a value and how it came.
type Held struct {
	slot.Value
	Kind      slot.Kind
	Confirmed bool
	Skipped   bool // optional, and not given

	depth, pc int // of the step that asked
	effects   int // that had been made by then
	at        int // the turn
}

// Running says whether a flow is under way.
func (st *State) Running() bool { return len(st.frames) > 0 }

// Name is the innermost flow's, "" while none runs.
func (st *State) Name() string {
	if !st.Running() {
		return ""
	}
	return st.frames[len(st.frames)-1].flow
}

// Asking is the slot whose question is open, "" for none.
func (st *State) Asking() string { return st.asking }

// Slots are the values known, in their canonical form, for the record.
func (st *State) Slots() map[string]string {
	out := map[string]string{}
	for name, h := range st.values {
		if !h.Skipped && h.Canonical != "" {
			out[name] = h.Canonical
		}
	}
	return out
}

// top is the innermost flow's place; the frames are replaced by it.
func (st *State) move(pc int) {
	st.frames = slices.Clone(st.frames)
	st.frames[len(st.frames)-1].pc = pc
}

func (st *State) hold(name string, h Held) {
	st.values = maps.Clone(st.values)
	if st.values == nil {
		st.values = map[string]Held{}
	}
	st.values[name] = h
}

func (st *State) drop(names ...string) {
	st.values = maps.Clone(st.values)
	for _, name := range names {
		delete(st.values, name)
	}
}

func (st *State) row(name string, r Row) {
	st.rows = maps.Clone(st.rows)
	if st.rows == nil {
		st.rows = map[string]Row{}
	}
	st.rows[name] = r
}

// Env is the call and its time.
type Env struct {
	Now    time.Time
	Caller string // the number that rings, "" if withheld
	Line   string
	// Contact is what a campaign knows of whom it calls, by the names of its columns.
	Contact map[string]string
}

// Heard is what the caller did to answer a question.
type Heard struct {
	Text         string
	Alternatives []string
	Keys         string
	Confidence   float64 // of the recogniser
	Yes, No      bool    // it is that, and nothing else
	Correction   bool    // it says that something was wrong
	TakesBack    bool    // and nothing else: what was told last is to be asked for again
	Guess        bool    // Text is what somebody made of it: always asked about
}

// Phrase names a sentence of the bot's own that a flow has no words for.
type Phrase string

// The phrases. Their words in braces are in Out.Values.
const (
	PhraseConfirm Phrase = "flow_confirm" // {title}, {value}: is that right?
	PhrasePart    Phrase = "flow_part"    // {title}, {value}: is that part right?
	PhraseAgain   Phrase = "flow_again"   // {title}: once more
	PhraseKeys    Phrase = "flow_keys"    // {title}: by the keypad
	PhraseMore    Phrase = "flow_more"    // go on, I am writing it down
	PhraseChanged Phrase = "flow_changed" // {value}: corrected
	PhraseFailed  Phrase = "flow_failed"  // the other system does not answer
)

// Out is one thing to say or do.
type Out struct {
	Text     string // in the flow's words
	Phrase   Phrase // or the bot's
	Values   map[string]string
	Question bool // it waits for an answer
	Act      dialog.Act
}

// End says how a flow ended.
type End uint8

// The ends.
const (
	Running End = iota
	Done        // what the caller wanted is done
	Open        // it ended without
	Person      // a person must go on: Move.Skill, Move.Reason
	HungUp      // it said goodbye
)

// Move is a step of the conversation: the next state and what happens.
type Move struct {
	State  State
	Out    []Out
	Await  *Request // Resume goes on with its response
	End    End
	Skill  string
	Reason string
	// Flow and Step are where it is now, for the record.
	Flow, Step string
}

// Request is what a step wants from outside the dialogue.
type Request struct {
	Flow, Step string
	HTTP       *HTTPRequest // or
	Book       *BookRequest
}

// HTTPRequest asks another system.
type HTTPRequest struct {
	Method, URL string
	Headers     map[string]string
	Body        []byte // JSON
	Take        string // where in the answer the row or rows stand: data.order
	Timeout     time.Duration
	Retries     int
}

// BookRequest takes one place of the first row of Rows that has one left.
type BookRequest struct {
	Table  string
	Rows   []Row
	Places []int  // how many each row has in all
	Count  string // the column that says so, which is not part of the row's identity
	Per    string // what they are counted for, a day say
	Fields map[string]string
}

// Response is what came of a Request: no row where nothing was found or free.
type Response struct {
	Rows []Row
	Err  error
}

// fillContact takes over what a campaign knows of whom it calls. What fits no value of
// the slot's kind is asked for, as if it were not known.
func (r *run) fillContact(p *program) {
	for _, name := range p.order {
		c := p.slots[name]
		if c.From != "contact" {
			continue
		}
		text := strings.TrimSpace(r.env.Contact[name])
		if text == "" {
			text = strings.TrimSpace(r.env.Contact[c.Title])
		}
		if _, known := r.st.values[name]; known || text == "" {
			continue
		}
		if v, ok := contactValue(c, text, r.env.Now); ok {
			h := r.held(c, v, 1)
			h.Confirmed = true
			r.st.hold(name, h)
		}
	}
}

// contactValue reads a field of a table: exactly what stands there where the kind has
// no form of its own.
func contactValue(c *compiledSlot, text string, now time.Time) (slot.Value, bool) {
	switch c.Type {
	case slot.Text, slot.Name, slot.Address, slot.Code:
		return slot.Value{Canonical: text, Confidence: 1}, true
	default:
	}
	vs := c.slot.Find(text, now)
	if len(vs) == 0 || vs[0].Partial {
		return slot.Value{}, false
	}
	vs[0].Confidence, vs[0].Doubtful = 1, nil
	return vs[0], true
}

// callerValue is the number that rings as a value of the slot, where it is one.
func callerValue(c *compiledSlot, env Env) (slot.Value, bool) {
	if env.Caller == "" {
		return slot.Value{}, false
	}
	if c.Type != slot.Phone {
		return slot.Value{Canonical: env.Caller, Confidence: 1}, true
	}
	number := strings.TrimPrefix(env.Caller, "+")
	if vs := c.slot.Find(number, env.Now); len(vs) > 0 && !vs[0].Partial {
		vs[0].Confidence, vs[0].Doubtful = 1, nil
		return vs[0], true
	}
	return slot.Value{}, false
}
