package outbound

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"hotline/campaigns"
	"hotline/internal/store"
)

// shown are the contacts that agents look at, so that no two look at the same one.
type shown struct {
	mu sync.Mutex
	to map[int64]look // by contact
}

type look struct {
	agent string
	until time.Time
}

// lookFor is how long a contact is one agent's to look at. The page asks again meanwhile.
const lookFor = 3 * time.Minute

// take gives a contact to an agent, unless another looks at him.
func (s *shown) take(contact int64, agent string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l, ok := s.to[contact]; ok && l.agent != agent && now.Before(l.until) {
		return false
	}
	for id, l := range s.to { // an agent looks at one
		if l.agent == agent || !now.Before(l.until) {
			delete(s.to, id)
		}
	}
	s.to[contact] = look{agent, now.Add(lookFor)}
	return true
}

// held is whom an agent looks at already; 0 without.
func (s *shown) held(agent string, now time.Time) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, l := range s.to {
		if l.agent == agent && now.Before(l.until) {
			return id
		}
	}
	return 0
}

// drop ends the look at a contact.
func (s *shown) drop(contact int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.to, contact)
}

// Next is a contact whom an agent may call, with what happened to him.
type Next struct {
	Campaign campaigns.Campaign
	History  History
	// Opening is how the script of the campaign would begin, with the contact's fields.
	Opening string
	Ground  string // what allows the call now
}

// Next is the contact whom an agent may call next in the campaigns in which agents look
// first; ErrNotFound when nobody is due. It stays his while he looks at it.
func (s *Service) Next(ctx context.Context, agent string) (Next, error) {
	running, err := s.cfg.Store.Running(ctx)
	if err != nil {
		return Next{}, err
	}
	now := s.cfg.Now()
	for _, c := range running {
		if c.Mode != campaigns.Preview || now.Before(c.Start) || s.cfg.Serves != nil && !s.cfg.Serves(agent, c.Skill) {
			continue
		}
		k, v, err := s.preview(ctx, c, agent, now)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return Next{}, err
		}
		n := Next{Campaign: c, Ground: v.Ground}
		if n.History, err = s.History(ctx, k.ID); err != nil {
			return Next{}, err
		}
		fields := map[string]string{"name": k.Name}
		maps.Copy(fields, k.Fields)
		n.Opening = campaigns.Fill(c.VariantNamed(v.Variant).Greeting, fields)
		return n, nil
	}
	return Next{}, fmt.Errorf("nobody may be called now: %w", store.ErrNotFound)
}

// preview is the contact of one campaign whom an agent may call next, and what the rules
// say about him now. Those who may not be called are put off.
func (s *Service) preview(ctx context.Context, c campaigns.Campaign, agent string, now time.Time) (campaigns.Contact, campaigns.Verdict, error) {
	all, err := s.cfg.Store.Clocks(ctx, c.ID)
	if err != nil {
		return campaigns.Contact{}, campaigns.Verdict{}, err
	}
	open := slices.DeleteFunc(all, func(clocks string) bool { return s.cfg.Rules.Shut(now, c, clocks).Refusal != "" })
	for range previewTries {
		if len(open) == 0 {
			break
		}
		due, err := s.cfg.Store.Due(ctx, c.ID, open, now, previewTries)
		if err != nil {
			return campaigns.Contact{}, campaigns.Verdict{}, err
		}
		held, put := s.shown.held(agent, now), false
		for _, again := range []bool{true, false} { // whom he looks at stays before him
			for _, k := range due {
				if again != (k.ID == held) || k.Agent != "" && k.Agent != agent {
					continue
				}
				facts, err := s.cfg.Store.Facts(ctx, k, now)
				if err != nil {
					return k, campaigns.Verdict{}, err
				}
				v := s.cfg.Rules.Allowed(now, c, k, facts)
				if v.Refusal != "" {
					put = true
					if err := s.cfg.Store.Postpone(ctx, []campaigns.Postponed{{Contact: k, Verdict: v}}); err != nil {
						return k, v, err
					}
					continue
				}
				if s.shown.take(k.ID, agent, now) {
					return k, v, nil
				}
			}
		}
		if !put {
			break
		}
	}
	return campaigns.Contact{}, campaigns.Verdict{}, fmt.Errorf("nobody may be called in campaign %s now: %w", c.ID, store.ErrNotFound)
}

// previewTries bounds how many contacts are looked at for one that an agent may call.
const previewTries = 100

// Dial has an agent call a contact of a campaign in preview mode. Whether it is allowed
// is decided when the attempt is claimed.
func (s *Service) Dial(ctx context.Context, contact int64, agent string) error {
	c, k, err := s.previewed(ctx, contact)
	if err != nil {
		return err
	}
	if s.cfg.Dial == nil {
		return campaigns.ErrAgentNotFree
	}
	if err := s.cfg.Dial(ctx, c, k, agent); err != nil {
		return err
	}
	s.shown.drop(contact)
	return nil
}

// previewed is a contact that waits in a campaign in which agents look first.
func (s *Service) previewed(ctx context.Context, contact int64) (c campaigns.Campaign, k campaigns.Contact, err error) {
	if k, err = s.cfg.Store.Contact(ctx, contact); err != nil {
		return c, k, err
	}
	if c, err = s.cfg.Store.Campaign(ctx, k.Campaign); err != nil {
		return c, k, err
	}
	if c.State != campaigns.Running || c.Mode != campaigns.Preview || k.State != campaigns.Waiting {
		return c, k, fmt.Errorf("contact %d is %s, campaign %s is %s: %w", contact, k.State, c.ID, c.State, store.ErrState)
	}
	return c, k, nil
}

// Skip has a contact not be called for now: after a while again, or, without, never in
// this campaign, for a reason that the agent gives.
func (s *Service) Skip(ctx context.Context, contact int64, agent, reason string, after time.Duration) error {
	if _, _, err := s.previewed(ctx, contact); err != nil {
		return err
	}
	defer s.shown.drop(contact)
	if after > 0 {
		return s.cfg.Store.PutOff(ctx, contact, s.cfg.Now().Add(after))
	}
	why := "by " + agent
	if reason != "" {
		why += ": " + reason
	}
	return s.cfg.Store.WithdrawContact(ctx, contact, why)
}
