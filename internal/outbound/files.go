package outbound

import (
	"context"

	"hotline/campaigns"
)

// CampaignFile is a campaign that a business brings along, written in its folder; it calls nobody
// before somebody makes it.
type CampaignFile struct {
	File     string             `json:"file" doc:"in the business's folder"`
	Business string             `json:"business"`
	About    string             `json:"about,omitempty" doc:"the comment that the file begins with"`
	Campaign campaigns.Campaign `json:"campaign" doc:"as it is to be sent to create-campaign"`
	Wrong    string             `json:"wrong,omitempty" doc:"why it cannot be made as it is written"`
	Made     bool               `json:"made" doc:"there is a campaign of its id"`
}

// Files are the campaigns that the businesses bring along.
func (s *Service) Files(ctx context.Context) ([]CampaignFile, error) {
	out := []CampaignFile{}
	if s.cfg.Files == nil {
		return out, nil
	}
	list, err := s.cfg.Store.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	made := map[string]bool{}
	for _, c := range list {
		made[c.ID] = true
	}
	for _, f := range s.cfg.Files() {
		f.Made = made[f.Campaign.ID]
		if f.Wrong == "" {
			if err := s.check(&f.Campaign); err != nil {
				f.Wrong = err.Error()
			}
		}
		out = append(out, f)
	}
	return out, nil
}
