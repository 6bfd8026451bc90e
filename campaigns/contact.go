package campaigns

import "time"

// ContactState is where a contact stands.
type ContactState string

// The states of a contact.
const (
	Waiting    ContactState = "waiting"    // its next attempt may be made from Due on
	Dialling   ContactState = "dialling"   // an attempt is in progress
	Reached    ContactState = "reached"    // talked to; with or without the goal
	Exhausted  ContactState = "exhausted"  // no attempt is left
	Suppressed ContactState = "suppressed" // must not be called
	Invalid    ContactState = "invalid"    // no number that exists
	Withdrawn  ContactState = "withdrawn"  // taken out, or the campaign ended before
)

// Over tells whether nothing more happens with the contact.
func (s ContactState) Over() bool { return s != Waiting && s != Dialling }

// Contact is one whom a campaign calls.
type Contact struct {
	ID       int64  `json:"id"`
	Campaign string `json:"campaign"`
	Number   string `json:"number"` // +8613800138000
	Name     string `json:"name,omitempty"`
	Zone     string `json:"zone,omitempty"` // IANA; "" is the number's country's, else the campaign's
	// Clocks that he is called by, as [Rules.Clocks] tells when he is added.
	Clocks  string            `json:"-"`
	Fields  map[string]string `json:"fields,omitempty"`
	Rank    int               `json:"rank,omitempty"`
	Variant string            `json:"variant,omitempty"` // given at the first attempt
	Agent   string            `json:"agent,omitempty"`   // who is to have the call

	State    ContactState `json:"state"`
	Reason   string       `json:"reason,omitempty"` // why it is over, or why it waits: an Outcome or a Refusal
	Due      time.Time    `json:"due,omitzero"`
	Made     int          `json:"made"` // attempts
	AddedAt  time.Time    `json:"added_at"`
	Callback bool         `json:"callback,omitempty"` // Due was asked for by the contact
}

// Consent is the evidence that somebody may be called for a purpose.
type Consent struct {
	Number  string    `json:"number"`
	Purpose Purpose   `json:"purpose"`
	Given   bool      `json:"given"` // false: taken back
	At      time.Time `json:"at"`
	How     string    `json:"how"`            // "order form", "by telephone" …
	By      string    `json:"by"`             // who keeps that it was given
	File    string    `json:"file,omitempty"` // of the evidence
}

// Suppression is a number that is not called.
type Suppression struct {
	Number  string    `json:"number"`
	List    string    `json:"list"`              // "national", "own"
	Purpose Purpose   `json:"purpose,omitempty"` // "" is all
	At      time.Time `json:"at"`
	Until   time.Time `json:"until,omitzero"` // none: for good
	How     string    `json:"how"`            // "said", "key", "list", "agent"
	Call    string    `json:"call,omitempty"` // in which it was asked for
}
