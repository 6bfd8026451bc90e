package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"hotline/campaigns"
	"hotline/internal/call"
	"hotline/internal/call/answer"
	"hotline/internal/config"
	"hotline/internal/number"
	"hotline/sip"
)

// callsLeft is how many calls out the guard against toll fraud lets begin now.
func (s *server) callsLeft(ctx context.Context) (campaigns.Budget, error) {
	now := time.Now() // by which the guard counts
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	minute := now.Truncate(time.Minute)
	o := s.cfg.Outbound
	b := campaigns.Budget{Minute: -1, Day: -1, MinuteLeft: minute.Add(time.Minute).Sub(now), DayLeft: day.AddDate(0, 0, 1).Sub(now), DayGone: now.Sub(day)}
	for _, of := range []struct {
		account string
		since   time.Time
		most    int
		left    *int
	}{{sip.RulePerMinute, minute, o.MaxCallsPerMinute, &b.Minute}, {sip.RulePerDay, day, o.MaxCallsPerDay, &b.Day}} {
		if of.most <= 0 {
			continue
		}
		used, err := s.db.Spent(ctx, of.account, of.since)
		if err != nil {
			return b, err
		}
		*of.left = max(0, of.most-int(used))
	}
	return b, nil
}

// campaignRules are the settings that no campaign can loosen.
func (s *server) campaignRules(plan number.Plan, zone string) campaigns.RulesConfig {
	c := s.cfg.Campaigns
	r := campaigns.RulesConfig{
		Numbers: plan, Zone: zone, PerDay: bound(c.MaxPerNumberPerDay), PerWeek: bound(c.MaxPerNumberPerWeek),
		Consent: purposesOf(c.Consent), National: purposesOf(c.National), Regions: c.Regions,
	}
	for _, text := range c.Hours {
		from, to, err := config.ClockHours(text)
		if err != nil {
			continue // config.Load has read them before
		}
		for i := range r.Hours.Days {
			r.Hours.Days[i] = append(r.Hours.Days[i], campaigns.Span{From: int(from.Minutes()), To: int(to.Minutes())})
		}
	}
	if c.Holidays {
		r.Holidays = (&holidays{of: s.holidaysOf}).get
	}
	return r
}

// bound is a limit of the settings, of which 0 is none, as the rules have it.
func bound(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

func purposesOf(list []string) []campaigns.Purpose {
	out := []campaigns.Purpose{}
	for _, p := range config.Purposes(list) {
		out = append(out, campaigns.Purpose(p))
	}
	return out
}

// holidays remembers for a moment what it was told: the rules ask for each contact.
type holidays struct {
	of func(line string) []campaigns.Holiday

	mu    sync.Mutex
	until time.Time
	known map[string][]campaigns.Holiday
}

// holidaysKept is how late a holiday that is added to a business holds for its campaigns.
const holidaysKept = 5 * time.Second

func (h *holidays) get(line string) []campaigns.Holiday {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := time.Now(); now.After(h.until) {
		h.known, h.until = map[string][]campaigns.Holiday{}, now.Add(holidaysKept)
	}
	list, ok := h.known[line]
	if !ok {
		list = h.of(line)
		h.known[line] = list
	}
	return list
}

// holidaysOf are the holidays of the business that has a line, as it says now.
func (s *server) holidaysOf(line string) []campaigns.Holiday {
	for _, b := range s.bots.lines() {
		if line != "" && b.line.Name != line {
			continue
		}
		var out []campaigns.Holiday
		for _, h := range b.home().Hours.Holidays {
			one := campaigns.Holiday{Name: h.Name, First: h.From.In(time.UTC)}
			if !h.To.IsZero() {
				one.Last = h.To.In(time.UTC)
			}
			for _, span := range h.Open {
				one.Open = append(one.Open, campaigns.Span(span))
			}
			out = append(out, one)
		}
		return out
	}
	return nil
}

// answers is how it is told who answers a call.
func (s *server) answers() *answer.Config {
	a := s.cfg.Answers
	return &answer.Config{Silence: a.Silence, Short: a.FirstWords, Hello: a.Hello, Greeting: a.Greeting, Quiet: a.Quiet}
}

// notPlaced is what a campaign is told of a call that was refused before it was begun.
func notPlaced(refused *call.RefusedError) campaigns.Result {
	r := campaigns.Result{Outcome: campaigns.NotPlaced, Kind: string(refused.Why), Error: refused.Error()}
	var policy *sip.PolicyError
	if errors.As(refused, &policy) {
		r.Kind = policy.Rule
	}
	if refused.Why == call.RefusedNumber {
		r.Kind = campaigns.NotPlacedNumber
	}
	return r
}

// checkCampaigns tells what no campaign can loosen, and whether the national lists can be
// read: before they were, no campaign calls.
func checkCampaigns(_ context.Context, c config.Config) finding {
	f := finding{what: "campaigns", text: c.Campaigns.Text(), advice: true}
	f.err = listsReadable(c)
	return f
}

func listsReadable(c config.Config) error {
	for _, file := range c.Campaigns.NationalLists {
		r, err := os.Open(file) //nolint:gosec // the operator names it
		if err == nil {
			err = r.Close()
		}
		if err != nil {
			return fmt.Errorf("campaigns.national_lists: %w; no campaign calls anybody until it can be read", err)
		}
	}
	return nil
}
