package outbound

import (
	"context"
	"fmt"
	"io"
	"time"

	"hotline/campaigns"
	"hotline/campaigns/contacts"
)

// The lists of numbers that are not called.
const (
	OwnList      = "own"
	NationalList = "national"
)

// Suppress keeps a number that must not be called, from now on and in all campaigns.
func (s *Service) Suppress(ctx context.Context, p campaigns.Suppression) error {
	var ok bool
	if p.Number, ok = s.normal(p.Number); !ok {
		return ErrNumber
	}
	p.At = s.cfg.Now()
	if err := s.cfg.Store.Suppress(ctx, []campaigns.Suppression{p}); err != nil {
		return err
	}
	s.cfg.Publish(campaigns.Event{Kind: "suppressed", At: p.At})
	return nil
}

// Unsuppress takes a number off a list.
func (s *Service) Unsuppress(ctx context.Context, number, list string, purpose campaigns.Purpose) error {
	number, ok := s.normal(number)
	if !ok {
		return ErrNumber
	}
	return s.cfg.Store.Unsuppress(ctx, number, list, purpose)
}

// ImportList adds the numbers of a file to a list: a national do-not-call list, or that
// of another system.
func (s *Service) ImportList(ctx context.Context, r io.Reader, list, language string, bad io.Writer) (contacts.Report, error) {
	now := s.cfg.Now()
	report, err := contacts.Import(ctx, r, contacts.Options{Normal: s.normal, Language: language, Bad: bad},
		func(ctx context.Context, batch []campaigns.Contact) ([]int64, error) {
			rows, ids := make([]campaigns.Suppression, len(batch)), make([]int64, len(batch))
			for i, k := range batch {
				rows[i], ids[i] = campaigns.Suppression{Number: k.Number, List: list, At: now, How: "list"}, 1
			}
			return ids, s.cfg.Store.Suppress(ctx, rows)
		})
	if report.Added > 0 {
		s.cfg.Publish(campaigns.Event{Kind: "suppressed", At: now})
	}
	return report, err
}

// Suppressions are the numbers of a list ("" is all), the latest first, from before a
// time on; or those of one number, which hold now.
func (s *Service) Suppressions(ctx context.Context, list, number string, before time.Time, limit int) ([]campaigns.Suppression, map[string]int, error) {
	counts, err := s.cfg.Store.SuppressionCounts(ctx)
	if err != nil {
		return nil, nil, err
	}
	if number == "" {
		rows, err := s.cfg.Store.Suppressions(ctx, list, before, limit)
		return rows, counts, err
	}
	number, ok := s.normal(number)
	if !ok {
		return nil, counts, ErrNumber
	}
	rows, err := s.cfg.Store.SuppressionsOf(ctx, number)
	return rows, counts, err
}

// Consent keeps the evidence that a number may be called for a purpose, or may no longer.
func (s *Service) Consent(ctx context.Context, c campaigns.Consent) error {
	var ok bool
	if c.Number, ok = s.normal(c.Number); !ok {
		return ErrNumber
	}
	if c.At.IsZero() {
		c.At = s.cfg.Now()
	}
	return s.cfg.Store.AddConsents(ctx, []campaigns.Consent{c})
}

// ImportConsents keeps that the numbers of a file have agreed to a purpose: how, and in
// which file.
func (s *Service) ImportConsents(ctx context.Context, r io.Reader, c campaigns.Consent, language string, bad io.Writer) (contacts.Report, error) {
	if c.At.IsZero() {
		c.At = s.cfg.Now()
	}
	return contacts.Import(ctx, r, contacts.Options{Normal: s.normal, Language: language, Bad: bad},
		func(ctx context.Context, batch []campaigns.Contact) ([]int64, error) {
			rows, ids := make([]campaigns.Consent, len(batch)), make([]int64, len(batch))
			for i, k := range batch {
				rows[i], ids[i] = c, 1
				rows[i].Number = k.Number
			}
			return ids, s.cfg.Store.AddConsents(ctx, rows)
		})
}

// Consents are what a number has agreed to, the latest of each purpose.
func (s *Service) Consents(ctx context.Context, number string) ([]campaigns.Consent, error) {
	number, ok := s.normal(number)
	if !ok {
		return nil, fmt.Errorf("look for consents: %w", ErrNumber)
	}
	return s.cfg.Store.Consents(ctx, number)
}
