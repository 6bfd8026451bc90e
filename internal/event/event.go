// Package event is the in-process bus that carries what happens live to the
// console. The truth is in the store; a subscriber that is behind is dropped and
// told so by its closed channel.
package event

import (
	"slices"
	"sync"
	"time"
)

// Kind is the type of an Event: "call.started", "call.updated", "call.ended",
// "call.turn", "call.event", "agent.state", "speech.state" …
type Kind string

// Event is something that happened.
type Event struct {
	Kind Kind      `json:"kind"`
	At   time.Time `json:"at"`
	Call string    `json:"call,omitempty"`
	Data any       `json:"data,omitempty"`
}

// Bus delivers events; it never waits for a subscriber. The zero value is ready.
type Bus struct {
	mu   sync.Mutex
	subs map[*Subscription]bool // guarded by mu
}

// Subscription is a stream of events.
type Subscription struct {
	bus   *Bus
	kinds []Kind
	c     chan Event
}

// Publish delivers e; a subscriber which is behind is closed.
func (b *Bus) Publish(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subs {
		if len(s.kinds) > 0 && !slices.Contains(s.kinds, e.Kind) {
			continue
		}
		select {
		case s.c <- e:
		default:
			b.drop(s)
		}
	}
}

// Subscribe returns a stream of the given kinds, or of all.
func (b *Bus) Subscribe(kinds ...Kind) *Subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subs == nil {
		b.subs = map[*Subscription]bool{}
	}
	s := &Subscription{b, kinds, make(chan Event, 256)}
	b.subs[s] = true
	return s
}

// drop needs b.mu.
func (b *Bus) drop(s *Subscription) {
	if b.subs[s] {
		delete(b.subs, s)
		close(s.c)
	}
}

// C is closed when the subscription ends.
func (s *Subscription) C() <-chan Event { return s.c }

// Close ends the subscription.
func (s *Subscription) Close() {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	s.bus.drop(s)
}
