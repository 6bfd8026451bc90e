package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/dialog/engine"
	"hotline/internal/business"
	"hotline/internal/event"
	"hotline/internal/store"
)

// followEvery is how often the businesses' files are looked at.
const followEvery = time.Second

// followBusinesses lets what the owner changes in the businesses' folders count from
// the next call on, until ctx ends. The password of a new agent's telephone is told on
// out, as at the start.
func (s *server) followBusinesses(ctx context.Context, out io.Writer) {
	var wg sync.WaitGroup
	for _, b := range s.bots.businesses {
		was := b
		wg.Go(func() {
			business.Follow(ctx, b, followEvery, s.log, func(ctx context.Context, next *business.Business) error {
				if err := s.renew(ctx, next, out); err != nil {
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
func (s *server) renew(ctx context.Context, next *business.Business, out io.Writer) error {
	s.renewing.Lock() // businesses follow their files each for itself
	defer s.renewing.Unlock()
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
			b.last.Store(&l)
			b.answers.Store(s.answering(b))
		}
	}
	s.rerule()
	if err := s.newcomers(ctx, out); err != nil {
		return err
	}
	s.bus.Publish(event.Event{Kind: "business.changed", At: time.Now(), Data: map[string]any{"business": next.Name}})
	return nil
}

// newcomers lets the telephones of agents who are new register.
func (s *server) newcomers(ctx context.Context, out io.Writer) error {
	had, err := s.db.Agents(ctx)
	if err != nil {
		return err
	}
	var fresh []string
	for _, a := range s.bots.agents() {
		if !slices.ContainsFunc(had, func(h store.Agent) bool { return h.Name == a.Name }) {
			fresh = append(fresh, a.Name)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	s.agentsPW = ""
	if err := errors.Join(s.agentAccounts(ctx), s.learnPasswords(ctx)); err != nil {
		return err
	}
	if s.agentsPW != "" {
		_, err = fmt.Fprintf(out, "  agents  %s / %s   (register a SIP phone at port %s; shown once)\n", strings.Join(fresh, ", "), s.agentsPW, s.cfg.SIP.Port())
	}
	return err
}

// untilRestart names what is other in next and is read at the start only.
func untilRestart(was, next *business.Business) (out []string) {
	fixed := func(b *business.Business) map[string]any {
		m := map[string]any{"timezone": b.Timezone, "terms": b.Terms}
		for _, l := range b.Lines {
			m["lines: "+l.Name] = []any{l.Language, l.Engine}
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
