package outbound

import (
	"context"
	"slices"
	"time"

	"hotline/campaigns"
)

// Waits is why a campaign that runs calls nobody now, on no server.
type Waits struct {
	campaigns.Hold

	// Reasons are why those who are due next wait, and how many of them: a
	// [campaigns.Refusal] or the [campaigns.Outcome] of the last attempt. Only where
	// nobody is due.
	Reasons map[string]int `json:"reasons,omitempty"`
	// Servers are what each server says, where they do not all say the same: this one
	// first. The Hold is of the one that is nearest to calling.
	Servers []ServerWaits `json:"servers,omitempty"`
}

// ServerWaits is why one of several servers calls nobody.
type ServerWaits struct {
	Node string `json:"node"`
	campaigns.Hold
}

// waitsMost is how many of those who are due next are asked why they wait: most campaigns
// have one reason for all.
const waitsMost = 500

// Waits is why a campaign that runs begins no calls; nil where one of the servers does.
func (s *Service) Waits(ctx context.Context, c campaigns.Campaign) (*Waits, error) {
	if s.cfg.Holds == nil || c.State != campaigns.Running {
		return nil, nil //nolint:nilnil // it waits for nothing
	}
	w := s.waitsOn(c.ID)
	if w == nil || w.Why != campaigns.HoldNobody {
		return w, nil
	}
	next, reasons, err := s.cfg.Store.DueNext(ctx, c.ID, s.cfg.Now(), waitsMost)
	if err != nil {
		return nil, err
	}
	if !next.IsZero() {
		w.Until, w.Reasons = next, reasons
	}
	return w, nil
}

// nearest is what a campaign waits for, the sooner it is over the earlier: where one server
// waits for an agent and another one for its trunk, the agent will begin the next call.
var nearest = []campaigns.HoldWhy{
	campaigns.HoldShare, campaigns.HoldCalls, campaigns.HoldPerMinute, campaigns.HoldAgents, campaigns.HoldLimit, campaigns.HoldReach, campaigns.HoldNoRule, campaigns.HoldNoTrunk,
	campaigns.HoldPerDay, campaigns.HoldNobody, campaigns.HoldWindow, campaigns.HoldStart, campaigns.HoldServer,
}

// waitsOn puts together why servers begin no calls of a campaign; nil where one of them does.
func (s *Service) waitsOn(campaign string) *Waits {
	servers := []campaigns.Standing{{Node: s.cfg.Node, Holds: s.cfg.Holds()}}
	if s.cfg.Elsewhere != nil {
		servers = append(servers, s.cfg.Elsewhere()...)
	}
	w, since, differ := &Waits{}, time.Time{}, false
	for i, server := range servers {
		h, is := server.Holds[campaign]
		if !is {
			return nil
		}
		if i == 0 || slices.Index(nearest, h.Why) < slices.Index(nearest, w.Why) {
			w.Hold = h
		}
		if h.Since.After(since) { // until then another one called
			since = h.Since
		}
		w.Servers = append(w.Servers, ServerWaits{server.Node, h})
		differ = differ || h.Why != w.Servers[0].Why
	}
	if w.Since = since; !differ {
		w.Servers = nil
	}
	return w
}
