package outbound

import (
	"context"
	"slices"
	"time"

	"hotline/campaigns"
	"hotline/internal/store"
)

// Results are what came of a campaign.
type Results struct {
	Counts     campaigns.Counts       `json:"counts"`
	Funnel     []campaigns.Step       `json:"funnel"`
	Costs      campaigns.Costs        `json:"costs"`
	Abandoned  float64                `json:"abandoned" doc:"share of what people answered"`
	PerMinute  float64                `json:"per_minute" doc:"calls begun in the last quarter of an hour"`
	Estimate   campaigns.Estimate     `json:"estimate"`
	Kinds      map[string]int         `json:"kinds" doc:"contacts that are over, by why"`
	Refused    map[string]int         `json:"refused" doc:"contacts that were not called at some time, by why"`
	Hours      []campaigns.RankedHour `json:"hours" doc:"of the day in the campaign's zone, the best first"`
	Trunks     []TrunkCost            `json:"trunks"`
	Arms       []campaigns.Arm        `json:"arms"`
	Comparison *campaigns.Comparison  `json:"comparison,omitempty"`
}

// TrunkCost is what calls by one trunk came to.
type TrunkCost struct {
	Trunk     string  `json:"trunk"`
	Attempts  int     `json:"attempts"`
	Minutes   float64 `json:"minutes"`
	Cost      float64 `json:"cost"`
	PerMinute float64 `json:"per_minute"`
}

// pace is the time over which the pace is told.
const pace = 15 * time.Minute

// Results are what came of a campaign so far.
func (s *Service) Results(ctx context.Context, id string) (out Results, err error) {
	st, err := s.Status(ctx, id)
	if err != nil {
		return out, err
	}
	arms, err := s.cfg.Store.CampaignContacts(ctx, id)
	if err != nil {
		return out, err
	}
	hours, err := s.Hours(ctx, id)
	if err != nil {
		return out, err
	}
	now := s.cfg.Now()
	begun, err := s.cfg.Store.AttemptsSince(ctx, id, now.Add(-pace).UnixMilli())
	if err != nil {
		return out, err
	}
	fresh, err := s.cfg.Store.FreshContacts(ctx, id)
	if err != nil {
		return out, err
	}
	c := st.Campaign
	n := counted(st.Counts, arms)
	n.Fresh = fresh
	out = Results{
		Counts: n, Funnel: n.Funnel(), Costs: n.Costs(c), Abandoned: n.AbandonedShare(), PerMinute: float64(begun) / pace.Minutes(),
		Kinds: st.Counts.Reasons, Refused: st.Refused, Hours: []campaigns.RankedHour{}, Trunks: trunks(hours), Arms: []campaigns.Arm{},
	}
	out.Estimate = s.cfg.Rules.Estimate(now, c, n, out.PerMinute)
	out.Hours = append(out.Hours, campaigns.BestHours(byHour(hours, s.zone(c)))...)
	for _, a := range arms {
		out.Arms = append(out.Arms, campaigns.Arm{Name: a.Variant, Asked: a.Over, Met: a.Goals})
	}
	if compared, ok := campaigns.Compare(out.Arms); ok {
		out.Comparison = &compared
	}
	return out, nil
}

// zone is where a campaign's hours are told.
func (s *Service) zone(c campaigns.Campaign) *time.Location {
	if loc, err := time.LoadLocation(c.Windows.Zone); err == nil && c.Windows.Zone != "" {
		return loc
	}
	return s.cfg.Now().Location()
}

// counted puts the counts of contacts and attempts together.
func counted(in store.CampaignCounts, called []store.CampaignContacts) campaigns.Counts {
	n := campaigns.Counts{
		Waiting: in.States[string(campaigns.Waiting)], Dialling: in.States[string(campaigns.Dialling)], Reached: in.States[string(campaigns.Reached)],
		Withheld: in.States[string(campaigns.Suppressed)] + in.States[string(campaigns.Invalid)],
		Answered: in.Answered, Seconds: in.Seconds, Cost: in.Cost, ByOutcome: map[campaigns.Outcome]int{},
	}
	for _, count := range in.States {
		n.Contacts += count
	}
	for outcome, count := range in.Outcomes {
		n.ByOutcome[campaigns.Outcome(outcome)] += count
		n.Attempts += count
	}
	n.Attempts += in.Open
	n.Persons, n.Abandoned = n.ByOutcome[campaigns.Person], n.ByOutcome[campaigns.Abandoned]
	for _, a := range called {
		n.Called, n.Responded, n.Goals, n.Refused = n.Called+a.Called, n.Responded+a.Responded, n.Goals+a.Goals, n.Refused+a.Refused
	}
	return n
}

func byHour(list []store.HourCount, zone *time.Location) []campaigns.Hour {
	hours := make([]campaigns.Hour, 24)
	for i := range hours {
		hours[i].Hour = i
	}
	for _, h := range list {
		of := &hours[h.Hour.In(zone).Hour()]
		of.Attempts += h.Count
		if h.Outcome == string(campaigns.Person) {
			of.Persons += h.Count
		}
		if h.Goal != "" {
			of.Goals += h.Count
		}
	}
	return hours
}

func trunks(list []store.HourCount) []TrunkCost {
	out := []TrunkCost{}
	for _, h := range list {
		i := slices.IndexFunc(out, func(t TrunkCost) bool { return t.Trunk == h.Trunk })
		if i < 0 {
			i = len(out)
			out = append(out, TrunkCost{Trunk: h.Trunk})
		}
		out[i].Attempts += h.Count
		out[i].Minutes += h.Seconds / 60
		out[i].Cost += h.Cost
	}
	for i := range out {
		if out[i].Minutes > 0 {
			out[i].PerMinute = out[i].Cost / out[i].Minutes
		}
	}
	return out
}
