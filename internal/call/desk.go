package call

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Person is an agent who can be rung.
type Person struct {
	Name, Title string
	Target      Target
}

// agent is his name; "" for one at a number, which is nobody's business.
func (p Person) agent() string {
	if strings.HasPrefix(p.Target.To, "agent:") {
		return p.Name
	}
	return ""
}

// OfferResult is what became of ringing an agent.
type OfferResult string

// The results of an offer.
const (
	OfferTaken    OfferResult = "taken"
	OfferRefused  OfferResult = "refused"
	OfferNoAnswer OfferResult = "no_answer"
	OfferFailed   OfferResult = "failed"
	OfferGone     OfferResult = "caller_gone"
)

// A Desk knows who can take a call, and where callers wait.
type Desk interface {
	// Enter puts a caller into the queue. Its error is one of ErrQueueShut,
	// ErrNobodyThere, ErrQueueFull and ErrQueueBusy when there is no use in waiting.
	Enter(ctx context.Context, w Waiting) (Place, error)
	// ReserveAgent reserves that agent for a call, if he is ready, or is kept for it
	// already.
	ReserveAgent(id, name string) (p Person, found bool)
	// Reserve reserves the ready agent with the skill who has been idle longest.
	Reserve(id, skill string) (p Person, found bool)
	// Talking marks a reserved agent as in the call; the caller has left the queue.
	Talking(name, id string)
	// Release gives a reserved agent back.
	Release(name, id string, result OfferResult)
}

// A Place is one caller's in the queue. Its methods but Next do not block.
type Place interface {
	// Next blocks until an agent is reserved for the caller, whom the caller's side
	// rings and then marks as Talking or gives back by Release; or until waiting is of
	// no more use (ErrWaitedLong, ErrNobodyThere), or ctx ends.
	Next(ctx context.Context) (Person, error)
	// Ring is how long an agent is rung.
	Ring() time.Duration
	// Announcement is what the caller is to be told now, "" for nothing, and when to
	// ask again.
	Announcement() (text string, again time.Duration)
	// Leave takes the caller out; it may be repeated.
	Leave(why LeaveReason)
}

// Waiting is a caller who is to be brought to a person.
type Waiting struct {
	Call, Line, Language string
	Number               string // the caller's
	Skill                string
	Kind                 string  // of request: the flow or the intent, "" unknown
	Asked                bool    // he asked for a person himself
	Urgent               bool    // before others
	Mood                 string  // as last heard
	Risk                 float64 // of a complaint, 0 to 1
}

// LeaveReason is why a caller leaves the queue.
type LeaveReason string

// The reasons for leaving.
const (
	LeftAnswered  LeaveReason = "answered"
	LeftHungUp    LeaveReason = "hung_up"
	LeftForChoice LeaveReason = "choice"   // he is asked what else is to be done, and may come back to his place
	LeftCallback  LeaveReason = "callback" // he will be rung, or has left a message
)

// Errors of waiting.
var (
	ErrQueueShut   = errors.New("nobody works at this hour")
	ErrNobodyThere = errors.New("nobody who could take the caller is there")
	ErrQueueFull   = errors.New("as many callers wait as the rules allow")
	ErrQueueBusy   = errors.New("the wait is long, and the caller did not ask for a person")
	ErrWaitedLong  = errors.New("the caller has waited as long as the rules allow")
)
