package outbound

import (
	"context"

	"hotline/campaigns"
)

// Waits is why a campaign that runs calls nobody now.
type Waits struct {
	campaigns.Hold

	// Reasons are why those who are due next wait, and how many of them: a
	// [campaigns.Refusal] or the [campaigns.Outcome] of the last attempt. Only where
	// nobody is due.
	Reasons map[string]int `json:"reasons,omitempty"`
}

// waitsMost is how many of those who are due next are asked why they wait: most campaigns
// have one reason for all.
const waitsMost = 500

// Waits is why a campaign that runs begins no calls on this node; nil where it does.
func (s *Service) Waits(ctx context.Context, c campaigns.Campaign) (*Waits, error) {
	if s.cfg.Holds == nil || c.State != campaigns.Running {
		return nil, nil //nolint:nilnil // it waits for nothing
	}
	h, is := s.cfg.Holds()[c.ID]
	if !is {
		return nil, nil //nolint:nilnil // it waits for nothing
	}
	w := &Waits{Hold: h}
	if h.Why != campaigns.HoldNobody {
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
