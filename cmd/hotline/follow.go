package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/internal/business"
	"hotline/internal/event"
	"hotline/internal/models"
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
		wg.Go(func() {
			business.Follow(ctx, b, followEvery, s.log, func(ctx context.Context, next *business.Business) error {
				if err := s.renew(ctx, next, out); err != nil {
					return err
				}
				s.log.Info("the business was read again", "business", next.Dir)
				if late := s.untilRestart(); len(late) > 0 {
					s.log.Warn("some changes of the business count from the next start on", "business", next.Dir, "settings", late)
				}
				return nil
			})
		})
	}
	wg.Wait()
}

// renewal is a bot and what is to become of it.
type renewal struct {
	bot  *bot
	line business.Line
	mind *engine.Engine // nil: the bot is new
	talk dialog.Engine
}

// renew has a business's lines be answered as it says now: all of them or none. Lines that
// are new get a bot, and so do those that speak another language or are taken from another
// folder; calls in progress keep what they began with, also where their line is no more.
func (s *server) renew(ctx context.Context, next *business.Business, out io.Writer) error {
	s.renewing.Lock() // businesses follow their files each for itself
	defer s.renewing.Unlock()
	if len(next.Lines) == 0 {
		return errors.New("it has no line")
	}
	made, err := s.renewals(next)
	if err != nil {
		return err
	}
	all := s.bots.with(next.Dir, made)
	if err := s.kb.Serve(ctx, kbLines(all)); err != nil {
		return err
	}
	for _, home := range next.Homes() {
		if err := s.kb.Rehome(ctx, home); err != nil {
			return err
		}
	}
	s.voice.reopen(packRoots(all))
	set := models.Open(s.cfg.Models)
	for _, r := range made {
		b := r.bot
		if r.mind != nil {
			b.engine.Swap(r.mind)
			b.talk = r.talk
		}
		b.last.Store(&r.line)
		b.answers.Store(s.answering(b)) //nolint:contextcheck // what it builds bounds its own time
		if r.mind == nil {
			s.tellModels(set, b)
		}
	}
	s.replaceLines(all)
	for _, r := range made { // lines lead to one another
		r.bot.answers.Store(s.answering(r.bot)) //nolint:contextcheck // see above
	}
	s.voice.rewarm()
	s.rerule()
	if err := s.staff(ctx, out); err != nil {
		return err
	}
	s.bus.Publish(event.Event{Kind: "business.changed", At: time.Now(), Data: map[string]any{"business": next.Name}})
	return nil
}

// renewals are what is to answer a business's lines, in their order.
func (s *server) renewals(next *business.Business) ([]renewal, error) {
	made := make([]renewal, 0, len(next.Lines))
	for _, l := range next.Lines {
		r := renewal{line: l, bot: s.bots.same(next.Dir, l)}
		var err error
		if r.bot == nil {
			if r.bot, err = s.bots.build(l); err == nil {
				r.bot.of = next.Dir
				s.rollsOut(r.bot)
			}
		} else if r.mind, err = r.bot.mind(l); err == nil {
			r.talk, err = r.bot.brain(l, r.mind, s.log)
		}
		if err != nil {
			return nil, fmt.Errorf("line %q: %w", l.Name, err)
		}
		made = append(made, r)
	}
	return made, nil
}

// same is the bot of a business's line that goes on answering it; nil where another is
// needed.
func (bs *bots) same(dir string, l business.Line) *bot {
	for _, b := range bs.lines() {
		if b.of == dir && b.line.Name == l.Name && b.line.Language == l.Language && b.line.Home.Dir == l.Home.Dir && b.line.RowName() == l.RowName() {
			return b
		}
	}
	return nil
}

// with are the bots of all businesses once those of one folder are others.
func (bs *bots) with(dir string, made []renewal) []*bot {
	var all []*bot
	for _, home := range bs.businesses {
		if home.Dir == dir {
			for _, r := range made {
				all = append(all, r.bot)
			}
			continue
		}
		for _, b := range bs.lines() {
			if b.of == home.Dir {
				all = append(all, b)
			}
		}
	}
	return all
}

// replaceLines has all answer, and tells which lines came and went.
func (s *server) replaceLines(all []*bot) {
	before := s.bots.lines()
	live := map[string]bool{}
	for _, c := range s.manager.Live() {
		live[c.Line] = true
	}
	s.bots.put(all, func(line string) bool { return live[line] })
	for _, b := range before {
		if s.bots.serving(b.line.Name) == nil {
			s.log.Info("a line is no longer served; its calls in progress go on", "line", b.line.Name)
		}
	}
	s.tellStray()
}

// staff lets the telephones of agents who are new register, and those of agents who are
// gone no longer.
func (s *server) staff(ctx context.Context, out io.Writer) error {
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
	if len(fresh) > 0 {
		s.agentsPW = ""
		if err := s.agentAccounts(ctx); err != nil {
			return err
		}
	}
	if err := s.learnPasswords(ctx); err != nil {
		return err
	}
	if len(fresh) == 0 || s.agentsPW == "" {
		return nil
	}
	_, err = fmt.Fprintf(out, "  agents  %s / %s   (register a SIP phone at port %s; shown once)\n", strings.Join(fresh, ", "), s.agentsPW, s.cfg.SIP.Port())
	return err
}

// untilRestart are the settings of business.yaml that are others now and count from the
// next start on: the bounds of campaigns were made with them.
func (s *server) untilRestart() []string {
	if b := s.bots.find(""); b != nil && b.home().Timezone != s.zone {
		return []string{"timezone (for the hours of campaigns to numbers whose zone is not known)"}
	}
	return nil
}
