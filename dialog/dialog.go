// Package dialog decides what the bot says and does. Text and keys come in, acts
// go out; it knows nothing of audio or signalling.
//
// # Concepts
//
// An [Engine] begins a [Conversation] for each call. Each [Turn] is what the
// caller did; the conversation answers it with [Act]s, in order, through do.
//
// # Concurrency
//
// An Engine is safe for concurrent use. A Conversation belongs to one call and is
// used by one goroutine at a time; Patience and Suggest (see [Listener]) may be
// called from another one, at any time.
package dialog

import (
	"context"
	"time"
)

// Facts are what is known when a conversation begins.
type Facts struct {
	CallID    string
	Line      string // name of the line in business.yaml
	Language  string // "zh", "en": the line's
	Caller    string // number or user part, "" if withheld
	Called    string
	Direction string // "inbound", "outbound"
	Now       time.Time
	Values    map[string]string // an outbound contact's fields
	Greeting  string            // said in place of the line's greeting; "" is the line's
	Task      string            // of an outbound call: the flow that begins behind the greeting
	Discloses bool              // of an outbound call: Greeting says itself what the line's disclosure says
	OptOut    string            // of an outbound call: the key that says "do not call again"; "" is none
	Zone      *time.Location    // of whom is called; nil is the business's
}

// TurnKind says what the caller did.
type TurnKind uint8

// The kinds of Turn.
const (
	// Opened: the call was answered; the conversation greets.
	Opened TurnKind = iota + 1
	// Spoke: Text was said.
	Spoke
	// Pressed: Keys were pressed.
	Pressed
	// Silent: nothing was heard for the time that the line allows.
	Silent
	// Unheard: something was said but could not be understood, or the
	// recogniser is overloaded or lost (Lost).
	Unheard
	// Returned: a Transfer, Callback or Message act is over and the caller is
	// back; Result tells how it went.
	Returned
	// Tasked: an agent has the bot do Task with the caller, who goes back to him when
	// it is over, which a Note says (TaskOver). A Transfer act ends it before.
	Tasked
	// Changed: the caller wants to go on in this conversation's language and has not said
	// yet what he wants. It is the conversation's first turn, or comes when he returns to it.
	Changed
)

// Turn is what the caller did.
type Turn struct {
	Kind         TurnKind
	Text         string
	Alternatives []string
	Keys         string
	Language     string  // as recognised; "" unknown
	Confidence   float64 // of the recogniser, 0–1; 1 for typed text
	Lost         bool    // with Unheard: recognition is not to be had now, use keys or a person
	Mood         string  // from the voice, where known
	Prosody      Prosody
	Interrupted  *Interruption // the caller spoke over the last reply
	Result       Result        // with Returned
	Disclosed    bool          // with Opened: what must be heard was heard before the answer
	Task         string        // with Tasked: the flow
	// Waiting: the caller waits in the queue for a person and keeps his place while he
	// talks with the bot. A Transfer act lets him wait on.
	Waiting bool
	At      time.Time
}

// Prosody is how the turn sounded; see asr.Prosody.
type Prosody struct {
	LevelDB, PitchHz, PitchVar, Rate float64
	VoicedFor                        time.Duration
}

// Interruption is how much of the last reply the caller heard.
type Interruption struct {
	Heard, Unheard string
	After          time.Duration
}

// Result is how an act that left the conversation ended.
type Result string

// Results of Transfer and Message acts.
const (
	TransferDone     Result = "transfer_done"      // the agent hung up, the caller is still there
	TransferNoAgent  Result = "transfer_no_agent"  // nobody with the skill is ready
	TransferNoAnswer Result = "transfer_no_answer" // all were tried
	TransferOff      Result = "transfer_off"       // out of hours
	TransferBusy     Result = "transfer_busy"      // the queue is long, and he did not ask for a person
	MessageTaken     Result = "message_taken"
	MessageEmpty     Result = "message_empty"
)

// RefusalKind is what somebody who was called does not want.
type RefusalKind string

// The refusals.
const (
	DoNotCall     RefusalKind = "do_not_call"    // never again, for whatever reason
	WrongPerson   RefusalKind = "wrong_person"   // the number is somebody else's
	NotInterested RefusalKind = "not_interested" // in this
)

// An Act is something the bot does.
type Act interface{ act() }

type (
	// Say speaks Text. It returns when the player has taken the last frame.
	Say struct {
		Text  string
		Style string
		// MustHear marks what may not be interrupted (a disclosure).
		MustHear bool
		// Filler marks what covers a wait; it is not part of the answer.
		Filler bool
		// Slower speaks it at a lower rate.
		Slower bool
	}
	// Transfer hands the caller to a person with the skill. do returns when the
	// transfer was begun; the conversation gets a Returned turn when it is over.
	Transfer struct {
		Skill   string
		Reason  string // "asked", "not_understood", "upset", "rule", "key", "crisis", "danger"
		Summary string // one sentence for the agent's ear
		Urgent  bool   // the caller is upset or in danger: before others
		// Language that the person must speak; "" is the line's.
		Language string
	}
	// Callback notes that the caller wants to be rung.
	Callback struct {
		Number string    // "" is the caller's own
		When   string    // in the caller's words
		At     time.Time // what When comes to; zero where it names no moment
		Reason string
	}
	// Refusal notes that whom we called wants no more of it.
	Refusal struct {
		Kind  RefusalKind
		Words string // as said; "" by key
		Key   string // that was pressed; "" where it was said
	}
	// Message records what the caller says until silence or a key.
	Message struct{ Reason string }
	// Ticket opens a ticket.
	Ticket struct {
		Kind    string
		Summary string
		Fields  map[string]string
	}
	// SMS sends a short message to To.
	SMS struct {
		To     string
		Text   string
		Reason string
	}
	// Review puts a prepared decision (a coupon, a refund) before a person.
	Review struct {
		Kind    string
		Summary string
		Fields  map[string]string
		Amount  string
	}
	// Alert calls a supervisor's attention to the call: "complaint_risk", "sensitive",
	// "blocked" (the bot was kept from saying something).
	Alert struct {
		Kind  string
		Text  string
		Score float64
	}
	// Rating keeps how content the caller is, 1 to 5.
	Rating struct{ Score int }
	// Hangup ends the call once everything said before has been heard.
	Hangup struct{ Reason string }
	// Note explains the turn: for the record, the console and `hotline chat`.
	Note struct {
		Intent       string
		Confidence   float64 // calibrated
		Source       string  // "knowledge", "flow", "llm", "fallback", "command"
		KnowledgeID  string
		Question     string // the pair's own question
		Candidates   []Candidate
		Asked        []string // the pairs that it asks about, in the order in which they are named
		Slots        map[string]string
		Emotion      string
		EmotionScore float64
		EmotionWhy   []string // what it rests on
		// ComplaintRisk is how likely the caller is to complain elsewhere, 0–1.
		ComplaintRisk float64
		Flow, Step    string // the task and its step, while one runs
		TaskOver      bool   // behind a Tasked turn: what was to be done is done, or was left
		Resolved      bool   // the turn answered what was asked
		Language      string // that the turn is answered in; "" is the line's
		Think         time.Duration
	}
)

// Candidate is one thing that the turn could have meant.
type Candidate struct {
	ID       string  `json:"id"`
	Question string  `json:"question"`
	Score    float64 `json:"score"` // calibrated, 0–1
	Lexical  float64 `json:"lexical,omitempty"`
	Sound    float64 `json:"sound,omitempty"`
	Meaning  float64 `json:"meaning,omitempty"`
}

func (Say) act()      {}
func (Transfer) act() {}
func (Callback) act() {}
func (Message) act()  {}
func (Ticket) act()   {}
func (SMS) act()      {}
func (Review) act()   {}
func (Rating) act()   {}
func (Refusal) act()  {}
func (Alert) act()    {}
func (Hangup) act()   {}
func (Note) act()     {}

// An Engine starts conversations. It is safe for concurrent use.
type Engine interface {
	Begin(ctx context.Context, facts Facts) (Conversation, error)
}

// A Conversation is one call's dialogue; one goroutine at a time uses it.
type Conversation interface {
	// Reply answers t by calling do for each act, in order. It stops at the first
	// error of do and returns it, and when ctx ends, with its cause.
	Reply(ctx context.Context, t Turn, do func(Act) error) error
}

// A Listener is a Conversation that helps the recogniser. Its methods are safe to
// call from another goroutine, while Reply runs too, and return within a few ms.
type Listener interface {
	// Patience is how long a pause must last after text for the turn to be over:
	// short behind a question that is understood, long behind half a sentence.
	Patience(text string, confidence float64) time.Duration
	// Suggest returns up to n sentences that the caller may have said, those that
	// sound most like text first: the prompt of a second decoding pass.
	Suggest(text string, n int) []string
	// Vocabulary is the business's own terms, most important first.
	Vocabulary() []string
	// Preview is what Reply would say to text, for preparing its sound; "" if that
	// is not known without side effects.
	Preview(text string) string
}

// An Expecter is a Conversation that knows what the answer to its last question looks
// like. Safe for concurrent use.
type Expecter interface {
	// Expect is a line in the manner of what will be said next, digits after a question
	// for a number: the prompt of the first decoding pass. "" is anything.
	Expect() string
	// TakesNumber says whether a number is asked for: several keys are one answer then,
	// and a first 0 may begin it.
	TakesNumber() bool
}

// An Assenter is a Conversation that knows which words are no turn of their own
// when they are spoken over the bot: "嗯", "好的", "uh-huh". Safe for concurrent
// use.
type Assenter interface {
	Assent(text string) bool
}

// A Polyglot is a Conversation that changes to the language of its caller. Safe for
// concurrent use.
type Polyglot interface {
	// Languages are the one that it speaks now and, behind it, those that it would go on
	// in if the caller spoke them.
	Languages() []string
}

// A Refuser is a Conversation that knows when somebody wants no more calls, where nothing
// else of his words is answered. Safe for concurrent use.
type Refuser interface {
	Refuses(text string) bool
}
