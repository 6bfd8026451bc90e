package outbound

import (
	"context"

	"hotline/campaigns"
	"hotline/internal/store"
)

// Exported is a contact and his last call, as files have them.
type Exported struct {
	Contact campaigns.Contact
	Last    *campaigns.Attempt // nil: none was made
}

// Export are a campaign's contacts by id, each with his last call.
func (s *Service) Export(ctx context.Context, f store.ContactFilter) ([]Exported, error) {
	list, err := s.cfg.Store.Contacts(ctx, f)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	last, err := s.cfg.Store.LastAttempts(ctx, f.Campaign, list[0].ID, list[len(list)-1].ID)
	if err != nil {
		return nil, err
	}
	out := make([]Exported, len(list))
	for i, k := range list {
		out[i].Contact = k
		if a, ok := last[k.ID]; ok {
			out[i].Last = &a
		}
	}
	return out, nil
}
