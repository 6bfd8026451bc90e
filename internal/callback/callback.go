// Package callback rings those who asked to be called back, at the moment that they
// named: an agent's telephone first, the one who had the call if he is free soon, and
// then the caller's.
//
// # Concepts
//
// A callback is a [call.Wish] with a moment. It is claimed in the store before its call
// is begun, so that of several servers, and of one that dies, only one rings; what
// became of a call is read from its record. While nobody is ready it waits; who does
// not answer is tried again a few times, and then it stays on the list for people.
//
// # Concurrency
//
// New starts nothing; Run blocks.
package callback

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/internal/call"
)

// Troubles are why a callback was not done, as kept.
const (
	NoAnswer   = "no_answer"   // he did not answer; it is tried again
	NotReached = "not_reached" // the tries are used up
	NoAgent    = "no_agent"    // nobody took the telephone
	Late       = "late"        // it should have been long ago: nobody was there, or no server
	NotAllowed = "not_allowed" // the rules for calls that go out
	BadNumber  = "bad_number"
)

// Store keeps callbacks.
type Store interface {
	// DueCallbacks are those to be rung now, the longest due first.
	DueCallbacks(ctx context.Context, now time.Time, n int) ([]call.Wish, error)
	// RungCallbacks are those whose call was begun and is not settled.
	RungCallbacks(ctx context.Context) ([]call.Wish, error)
	// RingCallback claims one for a call; false: somebody else has it.
	RingCallback(ctx context.Context, id, callID string, now time.Time) (bool, error)
	// AfterCallback keeps what a call came to that did not reach him: whether it counts
	// as a try, when the next is, none for zero, and why.
	AfterCallback(ctx context.Context, id string, counts bool, next time.Time, trouble string) error
	// SetWish marks one as done by somebody.
	SetWish(ctx context.Context, id string, done bool, by string) error
	// CallEnd is a call's record; false where there is none.
	CallEnd(ctx context.Context, id string) (call.Record, bool, error)
}

// Rules are a business's.
type Rules struct {
	ByHand bool          // nobody is rung by the server
	Tries  int           // calls that were not answered; default 3
	Retry  time.Duration // between them; default 15 min
	Same   time.Duration // how long the agent who had the call is waited for; default 10 min, negative is not at all
	Skill  string        // of the others
	Open   func(now time.Time) bool
}

// Config sets a Ringer up. Store, Place and Rules are needed.
type Config struct {
	Store Store
	// Place begins a call with the given id: the agent's or skill's telephone first.
	Place func(ctx context.Context, id, line, agent string, w call.Wish) error
	// Rules of the business whose line the wish was made on.
	Rules func(line string) (Rules, bool)
	Told  func(id string)  // of each change; may be nil
	Log   *slog.Logger     // default discards
	Now   func() time.Time // default time.Now
	Every time.Duration    // default 10 s
}

const (
	batch = 20
	// patience is how late a callback is rung at all.
	patience = 12 * time.Hour
	// again is when nobody was ready.
	again = 30 * time.Second
	// unbegun is how long a claimed call may be without a record: its server has died.
	unbegun = time.Minute
)

// Ringer rings.
type Ringer struct{ cfg Config }

// New returns a Ringer; it starts nothing.
func New(c Config) *Ringer {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Told == nil {
		c.Told = func(string) {}
	}
	c.Every = cmp.Or(c.Every, 10*time.Second)
	return &Ringer{c}
}

// Run rings until ctx ends.
func (r *Ringer) Run(ctx context.Context) {
	tick := time.NewTicker(r.cfg.Every)
	defer tick.Stop()
	failed := false
	for {
		err := r.Once(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			r.cfg.Log.ErrorContext(ctx, "callbacks cannot be rung; they stay on the list", "error", err)
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Once settles the calls that are over and begins those that are due.
func (r *Ringer) Once(ctx context.Context) error {
	rung, err := r.cfg.Store.RungCallbacks(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, w := range rung {
		if err := r.settle(ctx, w); err != nil {
			errs = append(errs, fmt.Errorf("settle callback %s: %w", w.ID, err))
		}
	}
	due, err := r.cfg.Store.DueCallbacks(ctx, r.cfg.Now(), batch)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, w := range due {
		if err := r.ring(ctx, w); err != nil {
			errs = append(errs, fmt.Errorf("ring callback %s: %w", w.ID, err))
		}
	}
	return errors.Join(errs...)
}

// ring begins a callback's call, or says why it waits.
func (r *Ringer) ring(ctx context.Context, w call.Wish) error {
	now := r.cfg.Now()
	rec, _, err := r.cfg.Store.CallEnd(ctx, w.Call)
	if err != nil {
		return err
	}
	rules, ok := r.cfg.Rules(rec.Line)
	if !ok || rules.ByHand || rules.Open != nil && !rules.Open(now) && now.Sub(w.At) < patience {
		return nil // when people are there
	}
	id := ulid.Make().String()
	mine, err := r.cfg.Store.RingCallback(ctx, w.ID, id, now)
	if err != nil || !mine {
		return err
	}
	w.Calling = id
	defer r.cfg.Told(w.ID)
	if now.Sub(w.At) > patience {
		return r.after(ctx, w, false, time.Time{}, Late)
	}
	agent := cmp.Or(rec.Agent, rules.Skill)
	same := cmp.Or(rules.Same, 10*time.Minute)
	err = r.cfg.Place(ctx, id, rec.Line, agent, w)
	if isNobody(err) && rec.Agent != "" && now.Sub(w.At) >= same {
		err = r.cfg.Place(ctx, id, rec.Line, rules.Skill, w)
	}
	var refused *call.RefusedError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refused):
		return errors.Join(err, r.after(ctx, w, false, now.Add(again), NoAgent))
	}
	switch refused.Why {
	case call.RefusedNumber:
		return r.after(ctx, w, false, time.Time{}, BadNumber)
	case call.RefusedPolicy:
		r.cfg.Log.WarnContext(ctx, "a callback is not allowed by the rules for calls that go out", "wish", w.ID, "error", err)
		return r.after(ctx, w, false, time.Time{}, NotAllowed)
	default:
		return r.after(ctx, w, false, now.Add(again), NoAgent)
	}
}

func isNobody(err error) bool {
	var refused *call.RefusedError
	return errors.As(err, &refused) && refused.Why == call.RefusedAgent
}

func (r *Ringer) after(ctx context.Context, w call.Wish, counts bool, next time.Time, trouble string) error {
	return r.cfg.Store.AfterCallback(ctx, w.ID, counts, next, trouble)
}

// settle reads from its record what became of a call.
func (r *Ringer) settle(ctx context.Context, w call.Wish) error {
	now := r.cfg.Now()
	rec, found, err := r.cfg.Store.CallEnd(ctx, w.Calling)
	switch {
	case err != nil:
		return err
	case !found && now.Sub(w.RungAt) < unbegun, found && rec.EndedAt.IsZero():
		return nil // it is about to begin, or in progress
	}
	defer r.cfg.Told(w.ID)
	if found && !rec.AnsweredAt.IsZero() {
		return r.cfg.Store.SetWish(ctx, w.ID, true, cmp.Or(rec.Agent, "hotline"))
	}
	first, _, err := r.cfg.Store.CallEnd(ctx, w.Call)
	if err != nil {
		return err
	}
	rules, _ := r.cfg.Rules(first.Line)
	switch {
	case !found, rec.Outcome == call.Interrupted, rec.Outcome == call.Cancelled:
		return r.after(ctx, w, false, now.Add(again), NoAgent)
	case rec.Outcome == call.Failed && rec.SIPStatus == 0: // the agent did not come on
		return r.after(ctx, w, false, now.Add(2*again), NoAgent)
	case w.Tries >= cmp.Or(rules.Tries, 3):
		return r.after(ctx, w, true, time.Time{}, NotReached)
	default:
		return r.after(ctx, w, true, now.Add(cmp.Or(rules.Retry, 15*time.Minute)), NoAnswer)
	}
}
