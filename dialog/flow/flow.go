package flow

import (
	"time"

	"hotline/dialog/slot"
)

// Flow is one task, as it stands in flows/*.yaml.
type Flow struct {
	// Name is what other flows, the knowledge and reports call it.
	Name string `yaml:"name" json:"name"`
	// Title is what it is about, as it is spoken: 查物流, "your return".
	Title string `yaml:"title" json:"title"`
	// Start is what begins it.
	Start Start `yaml:"start" json:"start"`
	// Skill is that of the people who take over where the flow cannot go on.
	Skill string `yaml:"skill" json:"skill,omitempty"`
	// Lines are those on which it may begin; all where left out.
	Lines []string `yaml:"lines" json:"lines,omitempty"`
	// Slots are what it has to know.
	Slots []Slot `yaml:"slots" json:"slots,omitempty"`
	// Steps are done in order.
	Steps []Step `yaml:"steps" json:"steps"`
}

// Start is what begins a flow: a question of the knowledge, or sentences of its own.
type Start struct {
	// Pairs are ids of questions in the knowledge that this flow answers.
	Pairs []string `yaml:"pairs" json:"pairs,omitempty"`
	// Offer are ids of questions behind whose answer the bot offers to do this: 怎么退货,
	// then "shall I see to it now?".
	Offer []string `yaml:"offer" json:"offer,omitempty"`
	// Intents are those of intents/*.csv that begin it where the knowledge is not sure.
	Intents []string `yaml:"intents" json:"intents,omitempty"`
	// Examples are what callers say who want it, five or more.
	Examples []string `yaml:"examples" json:"examples,omitempty"`
}

// Slot is one thing that a flow has to know.
type Slot struct {
	Name string `yaml:"name" json:"name"`
	// Title is what it is called when it is spoken of: 订单号, "your order number".
	Title string `yaml:"title" json:"title"`
	// Type is code, phone, date, time, datetime, money, quantity, name, address,
	// yesno, choice or text.
	Type slot.Kind `yaml:"type" json:"type"`
	// Ask are the wordings of the question, used in turn.
	Ask []string `yaml:"ask" json:"ask,omitempty"`
	// Again are those after an answer that could not be used, the first attempt's
	// first. Where left out the bot has its own.
	Again []string `yaml:"again" json:"again,omitempty"`
	// Length is how many characters a code has: "12" or "8-12".
	Length string `yaml:"length" json:"length,omitempty"`
	// Pattern is a regular expression that a code as a whole must match.
	Pattern string `yaml:"pattern" json:"pattern,omitempty"`
	// Choices are what there is to choose from; of a yesno, words that mean the value
	// "yes" or "no" as an answer to this question.
	Choices []Choice `yaml:"choices" json:"choices,omitempty"`
	// Min and Max bound amounts and quantities.
	Min float64 `yaml:"min" json:"min,omitempty"`
	Max float64 `yaml:"max" json:"max,omitempty"`
	// Side is where a date that could be either lies: "past" or "future".
	Side string `yaml:"side" json:"side,omitempty"`
	// Confirm is "doubt" (where it was not heard well; the default), "always" or
	// "never".
	Confirm string `yaml:"confirm" json:"confirm,omitempty"`
	// From fills it without asking: "caller" is the number that rings, or is called;
	// "contact" is the field of this name of whom a campaign calls.
	From string `yaml:"from" json:"from,omitempty"`
	// Unknown is the id of the step to go on at when the caller does not know it.
	Unknown string `yaml:"unknown" json:"unknown,omitempty"`
	// Optional: it is asked for once, and "no" or anything else goes on without it.
	Optional bool `yaml:"optional" json:"optional,omitempty"`
	// Forget keeps it from being taken over by the next flow of the same call that
	// has a slot of this name.
	Forget bool `yaml:"forget" json:"forget,omitempty"`
}

// Choice is one thing to choose.
type Choice struct {
	Value string   `yaml:"value" json:"value"`
	Names []string `yaml:"names" json:"names,omitempty"` // as people say it; the value where left out
}

// Step is one thing that is done. Exactly one of its actions is set.
type Step struct {
	// ID is where goto leads to.
	ID string `yaml:"id" json:"id,omitempty"`
	// Say is said; several wordings are used in turn.
	Say []string `yaml:"say" json:"say,omitempty"`
	// Ask are slots that must be known before it goes on; those known are not asked.
	Ask []string `yaml:"ask" json:"ask,omitempty"`
	// If is a condition over slots and looked up rows, as in
	// 订单.状态 == "已签收" and number(订单.金额) > 100.
	If   string `yaml:"if" json:"if,omitempty"`
	Then []Step `yaml:"then" json:"then,omitempty"`
	Else []Step `yaml:"else" json:"else,omitempty"`
	// Case is a slot or row.column, compared with the keys of Of.
	Case string            `yaml:"case" json:"case,omitempty"`
	Of   map[string][]Step `yaml:"of" json:"of,omitempty"` // and Else
	// Lookup finds a row; None is done where there is none, Failed where the system
	// asked does not answer (a person, where left out).
	Lookup *Lookup `yaml:"lookup" json:"lookup,omitempty"`
	// Book takes one of what a table has a number of; None where all are taken.
	Book   *Book  `yaml:"book" json:"book,omitempty"`
	None   []Step `yaml:"none" json:"none,omitempty"`
	Failed []Step `yaml:"failed" json:"failed,omitempty"`
	// Set gives values to names: {reason: "{why}"}.
	Set map[string]string `yaml:"set" json:"set,omitempty"`
	// Clear forgets slots, so that they are asked again.
	Clear []string `yaml:"clear" json:"clear,omitempty"`
	// Ticket opens a ticket.
	Ticket *Ticket `yaml:"ticket" json:"ticket,omitempty"`
	// SMS sends a short message.
	SMS *SMS `yaml:"sms" json:"sms,omitempty"`
	// Callback notes that the caller is to be rung.
	Callback *Callback `yaml:"callback" json:"callback,omitempty"`
	// Review prepares a decision that a person takes (a coupon, a refund).
	Review *Review `yaml:"review" json:"review,omitempty"`
	// Transfer brings the caller to a person with that skill ("" is the flow's).
	Transfer *Transfer `yaml:"transfer" json:"transfer,omitempty"`
	// Flow does another flow and comes back.
	Flow string `yaml:"flow" json:"flow,omitempty"`
	// Goto goes on at the step with that id.
	Goto string `yaml:"goto" json:"goto,omitempty"`
	// End ends the flow: "done" (what the caller wanted was done) or "open".
	End string `yaml:"end" json:"end,omitempty"`
	// Hangup says this goodbye and ends the call.
	Hangup []string `yaml:"hangup" json:"hangup,omitempty"`
}

// Lookup finds a row in a table of the business, or asks another system.
type Lookup struct {
	// Table is a file in tables/ without its ending; URL another system.
	Table string `yaml:"table" json:"table,omitempty"`
	URL   string `yaml:"url" json:"url,omitempty"`
	// Where are columns and what they must hold: {订单号: "{order}"}.
	Where map[string]string `yaml:"where" json:"where,omitempty"`
	// As is what the row is called in what follows.
	As string `yaml:"as" json:"as"`
	// Method is GET or POST; POST where there is a body.
	Method string `yaml:"method" json:"method,omitempty"`
	// Headers may name a secret of the environment: "Bearer ${SHOP_TOKEN}".
	Headers map[string]string `yaml:"headers" json:"headers,omitempty"`
	// Body is sent as JSON.
	Body map[string]string `yaml:"body" json:"body,omitempty"`
	// Take is where in the JSON answer the row (or list of rows) stands: data.order.
	Take string `yaml:"take" json:"take,omitempty"`
	// Timeout of one attempt, 3 s where left out; Retries after a failure, 1.
	Timeout time.Duration `yaml:"timeout" json:"timeout,omitempty"`
	Retries *int          `yaml:"retries" json:"retries,omitempty"`
}

// Book takes a place: a row of a table whose column Count (1 where left out) says
// how many there are.
type Book struct {
	Table string            `yaml:"table" json:"table"`
	Where map[string]string `yaml:"where" json:"where"`
	Count string            `yaml:"count" json:"count,omitempty"`
	// Per is what the places are counted for: "{day}" where the table says how many
	// there are each day.
	Per string `yaml:"per" json:"per,omitempty"`
	As  string `yaml:"as" json:"as"`
	// Fields are kept with the booking.
	Fields map[string]string `yaml:"fields" json:"fields,omitempty"`
}

// Ticket is what people will read.
type Ticket struct {
	Kind    string            `yaml:"kind" json:"kind"`
	Summary string            `yaml:"summary" json:"summary"`
	Fields  map[string]string `yaml:"fields" json:"fields,omitempty"`
}

// SMS is a short message.
type SMS struct {
	To   string `yaml:"to" json:"to,omitempty"` // the caller's number where left out
	Text string `yaml:"text" json:"text"`
}

// Callback is a wish to be rung.
type Callback struct {
	Number string `yaml:"number" json:"number,omitempty"`
	When   string `yaml:"when" json:"when,omitempty"`
	Reason string `yaml:"reason" json:"reason,omitempty"`
}

// Review is a decision that a person takes.
type Review struct {
	Kind    string            `yaml:"kind" json:"kind"` // coupon, refund …
	Summary string            `yaml:"summary" json:"summary"`
	Fields  map[string]string `yaml:"fields" json:"fields,omitempty"`
	Amount  string            `yaml:"amount" json:"amount,omitempty"`
}

// Transfer brings the caller to a person.
type Transfer struct {
	Skill  string `yaml:"skill" json:"skill,omitempty"`
	Reason string `yaml:"reason" json:"reason,omitempty"`
}

// Row is what a look-up found, column by column.
type Row map[string]string

// Table is a table of the business in memory.
type Table struct {
	Name    string
	Columns []string
	Rows    []Row
}
