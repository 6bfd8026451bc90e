package store

import (
	"context"
	"fmt"

	"hotline/campaigns"
)

// CampaignContacts are how far a campaign's contacts came, of one variant.
type CampaignContacts struct {
	Variant   string
	Called    int // at least once
	Responded int // the telephone was answered, by whomever
	Over      int // whose outcome is known
	Goals     int // with a goal reached
	Refused   int // who want no more calls
}

// CampaignContacts are how far the contacts came that were called, by variant.
func (s *Store) CampaignContacts(ctx context.Context, id string) ([]CampaignContacts, error) {
	return list(ctx, s.read, "count contacts that were called", func(from row) (c CampaignContacts, err error) {
		err = from.Scan(&c.Variant, &c.Called, &c.Responded, &c.Over, &c.Goals, &c.Refused)
		return c, err
	}, `SELECT variant, COUNT(*), SUM(responded), SUM(CASE WHEN state IN ($2, $3) THEN 0 ELSE 1 END), SUM(goals), SUM(refused) FROM (
			SELECT c.id, c.variant AS variant, c.state AS state, MAX(a.answered) AS responded,
				MAX(CASE WHEN a.goal <> '' THEN 1 ELSE 0 END) AS goals, MAX(a.refused) AS refused
			FROM attempts a JOIN contacts c ON c.id = a.contact_id WHERE a.campaign_id = $1 GROUP BY c.id, c.variant, c.state) AS called
		GROUP BY variant ORDER BY variant`, id, string(campaigns.Waiting), string(campaigns.Dialling))
}

// FreshContacts are how many wait and were never called.
func (s *Store) FreshContacts(ctx context.Context, id string) (n int, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM contacts WHERE campaign_id = $1 AND state = $2 AND made = 0`, id, string(campaigns.Waiting)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count contacts that wait: %w", err)
	}
	return n, nil
}

// AttemptsSince counts the attempts of a campaign that were begun since a time.
func (s *Store) AttemptsSince(ctx context.Context, id string, sinceMS int64) (n int, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM attempts WHERE campaign_id = $1 AND claimed_at >= $2`, id, sinceMS).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count attempts: %w", err)
	}
	return n, nil
}

// ContactStates are how many contacts each campaign has in each state.
func (s *Store) ContactStates(ctx context.Context) (map[string]map[campaigns.ContactState]int, error) {
	out := map[string]map[campaigns.ContactState]int{}
	type counted struct {
		campaign, state string
		n               int
	}
	rows, err := list(ctx, s.read, "count contacts", func(from row) (c counted, err error) {
		err = from.Scan(&c.campaign, &c.state, &c.n)
		return c, err
	}, `SELECT campaign_id, state, COUNT(*) FROM contacts GROUP BY campaign_id, state`)
	for _, c := range rows {
		if out[c.campaign] == nil {
			out[c.campaign] = map[campaigns.ContactState]int{}
		}
		out[c.campaign][campaigns.ContactState(c.state)] = c.n
	}
	return out, err
}
