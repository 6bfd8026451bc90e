package campaigns

import (
	"context"
	"time"
)

// Dialer makes one call and returns when it is over. That nobody answered is a
// Result and no error; an error is a call that was not begun.
type Dialer interface {
	Dial(ctx context.Context, o Dial) (Result, error)
}

// Dial is what a Dialer needs.
type Dial struct {
	Call      string // the id that the call's record is to have
	Campaign  string
	Line      string
	Trunk     string
	To        string
	From      string
	FromName  string
	Fields    map[string]string
	Greeting  string
	Task      string
	Voicemail string
	OptOut    string // key against more calls; "" is none
	Agent     string // who is to talk, in modes with agents; "" the bot
	AtOnce    bool   // his telephone is to answer by itself, for he does not set the pace
	Team      string // skill of the agents who talk once it is answered, in place of Agent; "" none
	Abandoned string // said where none of the Team is free
	Goals     []Goal
	// Tell is told how far a call for a Team has come; it does not block.
	Tell func(Stage)
	Ring time.Duration
	// Zone is where it is called, for the times that are said; nil: not surely known.
	Zone *time.Location
}

// Event is told to whoever shows campaigns live.
type Event struct {
	Campaign string    `json:"campaign"`
	Kind     string    `json:"kind"` // "state", "attempt", "settled", "contact", "suppressed", "waits"
	At       time.Time `json:"at"`
	Attempt  *Attempt  `json:"attempt,omitempty"`
	State    State     `json:"state,omitempty"`
}
