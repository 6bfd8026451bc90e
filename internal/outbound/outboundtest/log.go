// Package outboundtest checks what campaigns have done by what they left behind alone: the
// contacts, attempts and lists that the store exports, and what the telephones saw. It
// reads JSON and imports none of what decides; each rule is written down here once more,
// as simply as it can be, and what is allowed is told by the test in [Rules], not taken
// from the campaign.
package outboundtest

import (
	"encoding/json"
	"fmt"
	"time"
)

// Contact is one whom a campaign calls, as the store exports him.
type Contact struct {
	ID       int64     `json:"id"`
	Campaign string    `json:"campaign"`
	Number   string    `json:"number"`
	Zone     string    `json:"zone"`
	State    string    `json:"state"`
	Reason   string    `json:"reason"`
	Due      time.Time `json:"due"`
	Made     int       `json:"made"`
}

// Attempt is one call, as the store exports it.
type Attempt struct {
	ID        int64     `json:"id"`
	Campaign  string    `json:"campaign"`
	Contact   int64     `json:"contact"`
	Call      string    `json:"call"`
	Node      string    `json:"node"`
	Number    int       `json:"number"`
	ClaimedAt time.Time `json:"claimed_at"`
	SettledAt time.Time `json:"settled_at"`
	Ground    string    `json:"ground"`
	Outcome   string    `json:"outcome"`
	Kind      string    `json:"kind"`
	Status    int       `json:"status"`
	Refused   bool      `json:"refused"`
	Callback  time.Time `json:"callback"`
	Answered  bool      `json:"answered"`
}

// Suppression is a number that must not be called from a time on.
type Suppression struct {
	Number string    `json:"number"`
	List   string    `json:"list"`
	At     time.Time `json:"at"`
	How    string    `json:"how"`
	Call   string    `json:"call"`
}

// Refusal is why a contact was not called on a day.
type Refusal struct {
	Contact int64  `json:"contact"`
	Reason  string `json:"reason"`
	Ground  string `json:"ground"`
}

// Ring is a call that the telephones saw.
type Ring struct {
	CallID   string    `json:"call_id"`
	Number   string    `json:"number"`
	Manner   string    `json:"manner"`
	At       time.Time `json:"at"`
	Status   int       `json:"status"`
	Answered time.Time `json:"answered"`
	By       string    `json:"by"` // "trouble": the network itself refused it
	Said     []string  `json:"said"`
}

// Leap is how far the calendar was ahead of the clock of the telephones from a time on.
type Leap struct {
	At    time.Time     `json:"at"`
	Ahead time.Duration `json:"ahead"`
}

// Span is a time in which something was so.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Rules are what the test allows a campaign.
type Rules struct {
	// Attempts to one contact, without those that it asked for itself (Callbacks).
	Attempts, Callbacks int
	// Gap is the least that passes behind an outcome until the next attempt.
	Gap map[string]time.Duration
	// PerDay, PerWeek and PerCampaign bound the calls of this campaign to a number: on a
	// calendar day of the callee's, on seven in a row, in all.
	PerDay, PerWeek, PerCampaign int
	// From and To are the minutes of the callee's day that he may be called in, Closed the
	// days on which he may not, 2026-12-25.
	From, To int
	Closed   []string
	// AtOnce and PerSecond bound the calls over all nodes.
	AtOnce    int
	PerSecond float64
	// Going tells that the campaign is not over: contacts may wait, calls be in progress.
	Going bool
}

// Log is all that was left behind. What is nil or 0 of the rules is not looked at.
type Log struct {
	Contacts     []Contact
	Attempts     []Attempt
	Suppressions []Suppression
	Refusals     []Refusal
	Rings        []Ring
	Leaps        []Leap
	// Troubles are times in which the network refused calls, by the calendar.
	Troubles []Span

	// Rules of each campaign, by its id.
	Rules map[string]Rules
	// PerDay and PerWeek bound the calls of all campaigns together to a number.
	PerDay, PerWeek int
	// AtOnce bounds the calls of all campaigns together.
	AtOnce int
	// Zone is where contacts are that name none.
	Zone string
	// Jitter is how far the times of two nodes may be out of order; default none.
	Jitter time.Duration
	// Abandoned is the share of those who answered that may have found nobody; default
	// 0.03.
	Abandoned float64
	// Spent is how many attempts may have been lost to the network's troubles.
	Spent int
}

// Read adds what marshals to JSON as the store exports it.
func (l *Log) Read(contacts, attempts, suppressions, refusals, rings any) error {
	for _, part := range []struct {
		what string
		from any
		to   any
	}{
		{"contacts", contacts, &l.Contacts},
		{"attempts", attempts, &l.Attempts},
		{"suppressions", suppressions, &l.Suppressions},
		{"refusals", refusals, &l.Refusals},
		{"rings", rings, &l.Rings},
	} {
		if part.from == nil {
			continue
		}
		b, err := json.Marshal(part.from)
		if err == nil {
			err = json.Unmarshal(b, part.to)
		}
		if err != nil {
			return fmt.Errorf("read the %s: %w", part.what, err)
		}
	}
	return nil
}
