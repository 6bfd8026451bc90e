package campaigns

import (
	"context"
	"errors"
	"time"
)

// Facts are what a store knows of a number when an attempt is to be claimed.
type Facts struct {
	// Calls are the attempts made to the number by the callee's calendar day, of all
	// campaigns, the last [FactDays] days.
	Calls []DayCalls
	// InUse tells that another attempt to the number is in progress.
	InUse bool
	// Last is when the last attempt of this campaign to the contact ended; zero without.
	Last time.Time
	// Suppressions of the number that hold now.
	Suppressions []Suppression
	// Consents are the latest for each purpose.
	Consents []Consent
}

// FactDays is how many days back Facts tell of calls: the longest calendar stretch that
// a cap counts, and a day for the zones.
const FactDays = 8

// DayCalls are the calls of one calendar day.
type DayCalls struct {
	Day      string // 2026-11-21, the callee's
	Campaign string
	Calls    int
}

// Verdict is what the rules say about an attempt now.
type Verdict struct {
	Refusal Refusal   // "" allows it
	Ground  string    // what allowed or refused it, for the audit
	Next    time.Time // when to ask again, of a refusal that is not final
	Day     string    // the callee's calendar day, which the call counts for
	Variant string    // that the contact is given at the first attempt
}

// Judge says whether an attempt may be made now. It is run inside the store's
// transaction, perhaps more than once: it must be arithmetic on its arguments.
type Judge func(Campaign, Contact, Facts) Verdict

// Settle says what becomes of a contact after an attempt, as Judge.
type Settle func(c Campaign, contact Contact, made map[Outcome]int, r Result) Next

// Next is what becomes of a contact.
type Next struct {
	State  ContactState
	Reason string
	Due    time.Time
	Ground string // of NotPlaced: why, for the audit
}

// Claim asks for an attempt.
type Claim struct {
	Campaign string
	Contact  int64
	Number   int    // of the attempt, from 1: what was queued for an earlier one is void
	Call     string // id that the call's record will have
	Node     string
	Now      time.Time
	// Ahead, of a call that is begun without an agent of its own: whether it may be, by
	// what other nodes have under way at the moment of the claim. nil: it has an agent,
	// or needs none.
	Ahead func(Elsewhere) bool
}

// Why an attempt is not claimed although nothing forbids the call.
var (
	// ErrNotDue is returned for a contact that waits for something else meanwhile, for
	// one that is over, and for a campaign that does not run.
	ErrNotDue = errors.New("the contact is not due")
	// ErrPace is returned where the campaign has as many calls as it may, at once or in
	// a second.
	ErrPace = errors.New("the campaign's pace is reached")
	// ErrNoAttempt is returned for an attempt that is settled and is gone: it was taken
	// back, or whom it was made to had his data erased.
	ErrNoAttempt = errors.New("there is no such attempt any more")
	// ErrAbandonedLately is returned for a number of which a call was abandoned in the
	// last [AbandonedRest]: it is called only with an agent of its own.
	ErrAbandonedLately = errors.New("a call to the number was abandoned lately; an agent must be kept for it")
)

// AbandonedRest is how long behind an abandoned call the number is called, by whatever
// campaign, only with an agent who is certain to be there: Ofcom's policy on persistent
// misuse asks for 72 hours.
const AbandonedRest = 72 * time.Hour

// Claimed is an attempt on record, or why there is none.
type Claimed struct {
	Campaign Campaign
	Contact  Contact
	Attempt  Attempt // ID 0: refused
	Verdict  Verdict
}

// Postponed is a contact that the rules do not let be called now.
type Postponed struct {
	Contact Contact
	Verdict Verdict
}

// Store keeps what a Runner works on. Each method is one transaction, over all nodes.
type Store interface {
	// Running are the campaigns that run, the one of the highest priority first.
	Running(ctx context.Context) ([]Campaign, error)
	// Clocks are those of the contacts who wait, see [Rules.Clocks]; "" is among them where
	// they are not known of all.
	Clocks(ctx context.Context, campaign string) ([]string, error)
	// Due are contacts of certain clocks (nil: of all) whose attempts are due, in the
	// campaign's order; retries first.
	Due(ctx context.Context, campaign string, clocks []string, now time.Time, limit int) ([]Contact, error)
	// Shut keeps why nobody of certain clocks is called now: it is the reason of all of
	// them who wait.
	Shut(ctx context.Context, s Shut) error
	// Busy counts the attempts in progress, over all nodes.
	Busy(ctx context.Context, campaign string) (int, error)
	// ContactsLeft tells whether contacts wait, and whether some are being dialled.
	ContactsLeft(ctx context.Context, campaign string) (waiting, dialling bool, err error)
	// Waiting counts the contacts who wait, at most so many.
	Waiting(ctx context.Context, campaign string, most int) (int, error)
	// Begun counts the attempts of campaigns that were claimed since a time, over all nodes;
	// those that did not go out are not among them.
	Begun(ctx context.Context, campaigns []string, since time.Time) (map[string]int, error)
	// Postpone keeps why contacts that were due are not called now.
	Postpone(ctx context.Context, list []Postponed) error
	// Claim puts an attempt on record as in progress, when the campaign runs, its
	// concurrency and its rate allow and judge does. A refusal is kept too.
	Claim(ctx context.Context, c Claim, judge Judge) (Claimed, error)
	// Settle ends an attempt: its result, what becomes of the contact, and the number's
	// suppression where it was asked for. One that is settled stays as it is. Where no call
	// went out (NotPlaced), made tells how often that has happened to the contact.
	Settle(ctx context.Context, attempt int64, r Result, now time.Time, next Settle) (Attempt, error)
	// SetState changes what a campaign does, where it is in one of from; to Done only where
	// nobody waits or is called.
	SetState(ctx context.Context, campaign string, to State, from ...State) (Campaign, error)
	// HangUps are the campaigns whose calls are to end, paused or stopped.
	HangUps(ctx context.Context) ([]string, error)
	// Withdraw ends the contacts that wait.
	Withdraw(ctx context.Context, campaign, reason string) (int, error)

	// Answers counts the attempts settled before a time that people answered, and those
	// of them that were abandoned.
	Answers(ctx context.Context, campaign string, before time.Time) (answered, abandoned int, err error)
	// Settled are attempts settled since a time and before another (zero: until now), in
	// the order of their ends; of more than limit (0: all) the last ones.
	Settled(ctx context.Context, campaign string, since, before time.Time, limit int) ([]Rung, error)
	// Ahead is what other nodes than this have under way without agents of their own.
	Ahead(ctx context.Context, campaign, node string) (Elsewhere, error)
	// Met keeps that it is known what comes of a call without an agent of its own:
	// nobody will be abandoned any more, or somebody was.
	Met(ctx context.Context, attempt int64, abandoned bool) error

	// Beat says that a node lives.
	Beat(ctx context.Context, node string, now time.Time) error
	// Orphans are attempts in progress of this node from before the time began, and of
	// nodes that have not been heard of since the time silent.
	Orphans(ctx context.Context, node string, began, silent time.Time) ([]Attempt, error)
	// Ended is what a call's record tells of its end: ok false when it is in progress
	// on a node that lives, or its end is not known.
	Ended(ctx context.Context, call string) (r Result, ok bool, err error)
}
