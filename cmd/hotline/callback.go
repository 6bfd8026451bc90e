package main

import (
	"context"
	"errors"
	"time"

	"hotline/internal/call"
	"hotline/internal/callback"
	"hotline/internal/event"
)

var errLineGone = errors.New("its line is no longer there; ring by hand, or name the line again in business.yaml")

// callbacks rings who asked for it.
func (s *server) callbacks(ctx context.Context) *callback.Ringer {
	return callback.New(callback.Config{
		Store: s.db, Log: s.log,
		Place: func(ctx context.Context, id, line, agent string, w call.Wish) error {
			l := s.lineNamed(line)
			if l == nil {
				return errLineGone
			}
			_, err := s.manager.Place(ctx, call.Placement{ID: id, To: w.Number, Line: l, AgentFirst: agent, By: "callback"})
			return err
		},
		Rules: func(line string) (callback.Rules, bool) {
			b := s.bots.home(line)
			if b == nil {
				return callback.Rules{}, false
			}
			c := b.Queue.Callbacks
			return callback.Rules{
				ByHand: c.ByHand, Tries: c.Tries, Retry: c.Retry, Same: c.SameAgent, Skill: b.Escalation.Skill, Open: b.Hours.Open,
			}, true
		},
		Told: func(id string) {
			w, err := s.db.Wish(context.WithoutCancel(ctx), id)
			if err != nil {
				return // pages see it when they read the list again
			}
			s.bus.Publish(event.Event{Kind: "wish.changed", At: time.Now(), Call: w.Call, Data: w})
		},
	})
}
