package main

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"hotline/dialog/engine"
	"hotline/internal/business"
	"hotline/internal/event"
)

// followEvery is how often the businesses' files are looked at.
const followEvery = time.Second

// followBusinesses lets what the owner changes in the businesses' folders count from
// the next call on, until ctx ends.
func (s *server) followBusinesses(ctx context.Context) {
	var wg sync.WaitGroup
	for _, b := range s.bots.businesses {
		was := b
		wg.Go(func() {
			business.Follow(ctx, b, followEvery, s.log, func(ctx context.Context, next *business.Business) error {
				if err := s.renew(ctx, next); err != nil {
					return err
				}
				s.log.Info("the business was read again", "business", next.Dir)
				if late := untilRestart(was, next); len(late) > 0 {
					s.log.Warn("some changes of the business count from the next start on", "business", next.Dir, "settings", late)
				}
				was = next
				return nil
			})
		})
	}
	wg.Wait()
}

// renew makes the dialogues of a business's lines anew; all of them or none.
func (s *server) renew(ctx context.Context, next *business.Business) error {
	made := map[*bot]*engine.Engine{}
	for _, l := range next.Lines {
		b := s.bots.named(l.Name)
		if b == nil {
			continue // a new line is told of by untilRestart
		}
		e, err := b.mind(l)
		if err != nil {
			return fmt.Errorf("line %q: %w", l.Name, err)
		}
		made[b] = e
	}
	for _, home := range next.Homes() {
		if err := s.kb.Rehome(ctx, home); err != nil {
			return err
		}
	}
	for b, e := range made {
		b.engine.Swap(e)
	}
	for _, l := range next.Lines {
		if b := s.bots.named(l.Name); b != nil {
			b.now.Store(l.Home)
		}
	}
	s.rerule()
	s.bus.Publish(event.Event{Kind: "business.changed", At: time.Now(), Data: map[string]any{"business": next.Name}})
	return nil
}

// agentNames are those whose telephones may register.
func agentNames(b *business.Business) (out []string) {
	for _, a := range b.Agents {
		out = append(out, a.Name)
	}
	return out
}

// untilRestart names what is other in next and is read at the start only.
func untilRestart(was, next *business.Business) (out []string) {
	fixed := func(b *business.Business) map[string]any {
		m := map[string]any{"name": b.Name, "timezone": b.Timezone, "voices": b.Voices, "agents": agentNames(b), "limits": b.Limits, "terms": b.Terms}
		for _, l := range b.Lines {
			m["lines: "+l.Name] = []any{l.Numbers, l.Default, l.Language, l.Voice, l.Rate, l.Recording, l.Answer, l.Outbound, l.Engine, l.Limits}
		}
		return m
	}
	before, after := fixed(was), fixed(next)
	for key, v := range after {
		if !reflect.DeepEqual(before[key], v) {
			out = append(out, key)
		}
	}
	for key := range before {
		if _, ok := after[key]; !ok {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}
