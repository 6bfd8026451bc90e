// Package alert tells supervisors what goes wrong in calls while they last, so that
// somebody can do something about it: a caller who is about to complain, rising anger,
// a sensitive word, a long wait, nobody who could take calls, silence between people.
//
// A [Watch] follows the bus and looks at the queue each second. What it found is kept in
// [Records] as well, so that after a restart one reads what was raised and who took it
// on; the calls, and with them what was wrong, have ended by then. While a caller talks
// with a person no dialogue listens, so the Watch reads the words itself; how he feels comes
// with his turns.
//
// All methods are safe for concurrent use. Run follows what happens, and has a second
// goroutine that writes: neither waits for the other.
package alert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/dialog/moderation"
	"hotline/internal/desk"
	"hotline/internal/event"
)

// Kind is what an Alert is about.
type Kind string

// The kinds.
const (
	ComplaintRisk Kind = "complaint_risk"
	Anger         Kind = "anger"     // the caller is angry, or his mood sinks
	Sensitive     Kind = "sensitive" // a word of the moderation lists
	LongWait      Kind = "long_wait"
	NobodyReady   Kind = "nobody_ready"
	DeadAir       Kind = "dead_air" // between people
)

// Why is what an Alert rests on; each kind fills in what it has.
type Why struct {
	Words    []string `json:"words,omitempty" doc:"the caller's, or names such as 'asked again'"`
	Said     string   `json:"said,omitempty" doc:"the sentence"`
	Speaker  string   `json:"speaker,omitempty" doc:"of the sentence"`
	Category string   `json:"category,omitempty" doc:"of the sensitive word"`
	Score    float64  `json:"score,omitempty" doc:"0 to 1"`
	Seconds  int64    `json:"seconds,omitempty" doc:"of waiting or silence"`
	Skill    string   `json:"skill,omitempty"`
	Waiting  int      `json:"waiting,omitempty" doc:"callers"`
	Serving  int      `json:"serving,omitempty" doc:"agents at work, all of them busy"`
}

// Alert is something that a supervisor should look at now.
type Alert struct {
	ID       string    `json:"id"`
	Kind     Kind      `json:"kind" enum:"complaint_risk,anger,sensitive,long_wait,nobody_ready,dead_air"`
	Call     string    `json:"call,omitempty"`
	Line     string    `json:"line,omitempty"`
	Agent    string    `json:"agent,omitempty" doc:"who talks to the caller"`
	AtMS     int64     `json:"at_ms,omitempty" doc:"on the call's time axis"`
	Grave    bool      `json:"grave" doc:"a person is needed now"`
	Why      Why       `json:"why"`
	RaisedAt time.Time `json:"raised_at"`
	OverAt   time.Time `json:"over_at,omitzero" doc:"since when it is so no more: the call has ended, somebody has spoken"`
	SeenAt   time.Time `json:"seen_at,omitzero"`
	SeenBy   string    `json:"seen_by,omitempty"`
	DoneAt   time.Time `json:"acknowledged_at,omitzero"`
	DoneBy   string    `json:"acknowledged_by,omitempty"`
	Node     string    `json:"node,omitempty" doc:"the server whose it is, where that is another one"`
}

// Events that are published, with an [Alert].
const (
	Raised  event.Kind = "alert.raised"
	Changed event.Kind = "alert.changed"
)

// Ears is what a line's callers are listened to by. Any part may be missing.
type Ears struct {
	Complaint float64 // the risk from which it is an alert; default 0.6, 1 never
	Words     *moderation.Matcher
	// In are the words of another language than the line's; nil, and nil of one, is those.
	In     func(language string) *moderation.Matcher
	Limits Limits
}

// Limits are from when on something is an alert; a negative one is never.
type Limits struct {
	Wait   time.Duration // default 1 min
	Silent time.Duration // between people; default 30 s
	Nobody time.Duration // that somebody waits and nobody is ready; default 20 s
}

func (l Limits) filled() Limits {
	return Limits{cmp.Or(l.Wait, time.Minute), cmp.Or(l.Silent, 30*time.Second), cmp.Or(l.Nobody, 20*time.Second)}
}

// Queue is who waits.
type Queue interface {
	Queue() []desk.View
	Load() desk.Load
}

// Records is where alerts are kept beyond a restart.
type Records interface {
	// KeepAlerts writes alerts, each in place of what it was before.
	KeepAlerts(ctx context.Context, alerts []Alert) error
	// Alerts are the latest that were raised since or are not over, the oldest first.
	Alerts(ctx context.Context, since time.Time, limit int) ([]Alert, error)
}

// Config sets a Watch up.
type Config struct {
	Bus     *event.Bus
	Ears    func(line string) Ears // nil: nobody listens
	Queue   Queue                  // nil: nobody waits
	Records Records                // nil: in memory alone
	Now     func() time.Time       // default time.Now
	Log     *slog.Logger           // default discards
}

const (
	maxKept  = 500
	maxCalls = 4096
	keptFor  = time.Hour // after it is over or acknowledged
)

// ErrNone is told of an id that no alert has.
var ErrNone = errors.New("there is no alert of this id any more")

// Watch finds alerts.
type Watch struct {
	cfg Config

	mu     sync.Mutex // guards the rest
	alerts []*Alert   // the oldest first
	calls  map[string]*talk
	nobody time.Time // since when somebody waits and nobody is ready

	unsaved map[string]*saving // guarded by mu: what is to be written, by id
	wake    chan struct{}      // something is
}

// New returns a Watch; it sees nothing until Run.
func New(c Config) *Watch {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Watch{cfg: c, calls: map[string]*talk{}, unsaved: map[string]*saving{}, wake: make(chan struct{}, 1)}
}

// Run watches until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	sub := w.subscribe()
	w.remember(ctx)
	var writing sync.WaitGroup
	defer writing.Wait()
	writing.Go(func() { w.write(ctx) })
	for {
		w.follow(ctx, sub, tick.C)
		sub.Close()
		if ctx.Err() != nil {
			return
		}
		sub = w.subscribe()
	}
}

func (w *Watch) subscribe() *event.Subscription {
	return w.cfg.Bus.Subscribe("call.started", "call.updated", "call.turn", "call.event", "call.ended")
}

// follow returns when ctx ends or the bus has dropped us, who were behind.
func (w *Watch) follow(ctx context.Context, sub *event.Subscription, tick <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-sub.C():
			if !ok {
				w.cfg.Log.Warn("alerts were behind what happens, some may be missing")
				w.forget()
				return
			}
			w.take(e)
		case <-tick:
			w.look()
		}
	}
}

// forget gives up the calls whose end may have been missed; those that go on are met again.
func (w *Watch) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.calls {
		w.end(id)
	}
}

// List is the alerts, the newest first.
func (w *Watch) List() []Alert {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Alert, 0, len(w.alerts))
	for _, a := range slices.Backward(w.alerts) {
		out = append(out, *a)
	}
	return out
}

// Find is one alert.
func (w *Watch) Find(id string) (Alert, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.alerts {
		if a.ID == id {
			return *a, nil
		}
	}
	return Alert{}, ErrNone
}

// Seen notes who has looked at an alert first.
func (w *Watch) Seen(ctx context.Context, id, by string) (Alert, error) {
	return w.change(ctx, id, func(a *Alert, now time.Time) bool {
		if !a.SeenAt.IsZero() {
			return false
		}
		a.SeenAt, a.SeenBy = now, by
		return true
	})
}

// Acknowledge notes who takes care of it, or that nobody need.
func (w *Watch) Acknowledge(ctx context.Context, id, by string) (Alert, error) {
	return w.change(ctx, id, func(a *Alert, now time.Time) bool {
		if !a.DoneAt.IsZero() {
			return false
		}
		if a.SeenAt.IsZero() {
			a.SeenAt, a.SeenBy = now, by
		}
		a.DoneAt, a.DoneBy = now, by
		return true
	})
}

// Learn takes over who has seen and taken on an alert, as it was said on another server's
// wall and stands in the records already.
func (w *Watch) Learn(kept Alert) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.alerts, func(a *Alert) bool { return a.ID == kept.ID })
	if i < 0 {
		return
	}
	a := w.alerts[i]
	before := *a
	if a.SeenAt.IsZero() {
		a.SeenAt, a.SeenBy = kept.SeenAt, kept.SeenBy
	}
	if a.DoneAt.IsZero() {
		a.DoneAt, a.DoneBy = kept.DoneAt, kept.DoneBy
	}
	if a.SeenAt != before.SeenAt || a.DoneAt != before.DoneAt {
		w.cfg.Bus.Publish(event.Event{Kind: Changed, At: w.cfg.Now(), Call: a.Call, Data: *a})
	}
}

// change returns when what has changed is kept.
func (w *Watch) change(ctx context.Context, id string, f func(a *Alert, now time.Time) bool) (Alert, error) {
	w.mu.Lock()
	i := slices.IndexFunc(w.alerts, func(a *Alert) bool { return a.ID == id })
	if i < 0 {
		w.mu.Unlock()
		return Alert{}, ErrNone
	}
	a := w.alerts[i]
	var kept <-chan error
	if f(a, w.cfg.Now()) {
		w.publish(Changed, a)
		kept = w.waitFor(id)
	}
	now := *a
	w.mu.Unlock()
	if kept == nil {
		return now, nil
	}
	select {
	case err := <-kept:
		return now, err
	case <-ctx.Done():
		return now, fmt.Errorf("keep alert %s: %w", id, context.Cause(ctx))
	}
}

// publish tells of an alert, and has it written. It needs w.mu.
func (w *Watch) publish(kind event.Kind, a *Alert) {
	w.save(a.ID)
	w.cfg.Bus.Publish(event.Event{Kind: kind, At: w.cfg.Now(), Call: a.Call, Data: *a})
}

// raise needs w.mu.
func (w *Watch) raise(a Alert) *Alert {
	now := w.cfg.Now()
	a.ID, a.RaisedAt = ulid.Make().String(), now
	w.alerts = slices.DeleteFunc(w.alerts, func(o *Alert) bool {
		over := !o.OverAt.IsZero() && now.Sub(o.OverAt) > keptFor
		return over || !o.DoneAt.IsZero() && now.Sub(o.DoneAt) > keptFor
	})
	if len(w.alerts) >= maxKept {
		w.alerts = slices.Delete(w.alerts, 0, 1)
	}
	kept := &a
	w.alerts = append(w.alerts, kept)
	w.publish(Raised, kept)
	return kept
}

// settle ends an alert. It needs w.mu.
func (w *Watch) settle(a *Alert) {
	if a != nil && a.OverAt.IsZero() {
		a.OverAt = w.cfg.Now()
		w.publish(Changed, a)
	}
}

// ears needs no lock.
func (w *Watch) ears(line string) Ears {
	var e Ears
	if w.cfg.Ears != nil {
		e = w.cfg.Ears(line)
	}
	e.Complaint, e.Limits = cmp.Or(e.Complaint, 0.6), e.Limits.filled()
	return e
}
