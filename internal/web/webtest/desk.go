package webtest

import (
	"context"
	"slices"
	"sync"
	"time"

	"hotline/internal/desk"
	"hotline/internal/event"
	"hotline/internal/web"
)

// Desk is where three callers wait and nobody moves on. It implements web.Desk.
type Desk struct {
	bus *event.Bus

	mu      sync.Mutex // guards the rest
	share   desk.ShareState
	rollout []desk.RolloutState
}

var _ web.Desk = (*Desk)(nil)

// NewDesk returns a Desk that tells on bus what is changed.
func NewDesk(bus *event.Bus) *Desk {
	now := time.Now()
	return &Desk{
		bus: bus, share: desk.ShareState{Mode: desk.Auto, Level: desk.MoreBot, Since: now.Add(-4 * time.Minute), Waiting: 6},
		rollout: []desk.RolloutState{
			{Line: "english", Bot: 30, File: 30, Since: now.Add(-72 * time.Hour), Resolved: 0.71, Measured: 42, MinResolved: 0.5, Window: 50, Fallback: 10},
			{Line: "main", Bot: 100, File: 100, Since: now.Add(-72 * time.Hour), Window: 50},
		},
	}
}

// Choose implements web.Desk.
func (d *Desk) Choose(context.Context, string, string, string) error { return nil }

// Has implements web.Desk.
func (d *Desk) Has(string, string) bool { return false }

// Queue implements web.Desk.
func (d *Desk) Queue() []desk.View {
	now := time.Now()
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	return []desk.View{
		{Call: "WAIT1", Line: "main", Language: "zh", Skill: "after-sales", Asked: true, Urgent: true, Mood: "angry", Risk: 0.72, Since: ago(164 * time.Second), Position: 1, WaitS: 30, Offered: "agent2", Declined: 1, MaxWaitS: 180},
		{Call: "WAIT2", Line: "main", Language: "zh", Skill: "after-sales", Tier: desk.TierVIP, Since: ago(71 * time.Second), Head: 300, Position: 2, WaitS: 150, MaxWaitS: 180},
		{Call: "WAIT3", Line: "english", Language: "en", Skill: "technical", Asked: true, Since: ago(9 * time.Second), Position: 1, WaitS: -1, MaxWaitS: 180},
	}
}

// Load implements web.Desk.
func (d *Desk) Load() desk.Load {
	return desk.Load{Waiting: 3, Longest: 164 * time.Second, Wait: 150 * time.Second, Ready: 1, Serving: 3}
}

// Share implements web.Desk.
func (d *Desk) Share() desk.ShareState {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.share
}

// SetShare implements web.Desk.
func (d *Desk) SetShare(_ context.Context, mode, by string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.share.Mode, d.share.By = mode, by
	if mode != desk.Auto {
		d.share.Level, d.share.Since = desk.Level(mode), time.Now()
	}
	d.bus.Publish(event.Event{Kind: "share.changed", At: time.Now(), Data: d.share})
	return nil
}

// Rollout implements web.Desk.
func (d *Desk) Rollout() []desk.RolloutState {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.rollout)
}

// SetRollout implements web.Desk.
func (d *Desk) SetRollout(_ context.Context, line, scene string, bot int, by string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.rollout {
		if r := &d.rollout[i]; r.Line == line && r.Scene == scene {
			r.Bot, r.By, r.Since, r.Measured = bot, by, time.Now(), 0
			d.bus.Publish(event.Event{Kind: "rollout.changed", At: r.Since, Data: *r})
		}
	}
	return nil
}
