package main

import (
	"strconv"
	"strings"
	"time"

	"hotline/campaigns"
	"hotline/internal/outbound"
)

// campaignHolds are why campaigns call nobody, and what it is in this server.
func (s *server) campaignHolds() map[string]campaigns.Hold {
	holds := s.campaigns.runner.Holds()
	for id, h := range holds {
		if h.Why != campaigns.HoldServer {
			continue
		}
		if h.Detail = "national_lists"; s.manager.Draining() {
			h.Detail = "draining"
		}
		holds[id] = h
	}
	return holds
}

// campaignStanding is what other servers are told of this one's campaigns.
func (s *server) campaignStanding() *campaigns.Standing {
	st := s.campaigns.runner.Standing()
	if st != nil {
		st.Holds = s.campaignHolds()
	}
	return st
}

// campaigns are the standings of the other servers, where these have looked at theirs.
func (n *nodes) campaigns() []campaigns.Standing {
	var out []campaigns.Standing
	for _, there := range n.Nodes() {
		if st := there.Campaigns; st != nil {
			st.Node = there.Name
			out = append(out, *st)
		}
	}
	return out
}

// campaignLimits are the settings that bind all campaigns together, as they stand.
func (s *server) campaignLimits() outbound.Limits {
	o, c, a := s.cfg.Outbound, s.cfg.Campaigns, s.cfg.Answers
	l := outbound.Limits{PerMinute: o.MaxCallsPerMinute, PerDay: o.MaxCallsPerDay, Calls: min(campaignCalls, maxCalls(s.cfg))}
	for _, b := range []struct {
		name  string
		unit  outbound.Unit
		value string
	}{
		{"campaigns.hours", outbound.Text, strings.Join(c.Hours, ", ")},
		{"campaigns.holidays", outbound.Flag, strconv.FormatBool(c.Holidays)},
		{"campaigns.max_per_number_per_day", outbound.Most, strconv.Itoa(c.MaxPerNumberPerDay)},
		{"campaigns.max_per_number_per_week", outbound.Most, strconv.Itoa(c.MaxPerNumberPerWeek)},
		{"campaigns.consent", outbound.Purposes, strings.Join(c.Consent, ", ")},
		{"campaigns.national", outbound.Purposes, strings.Join(c.National, ", ")},
		{"campaigns.national_lists", outbound.Count, strconv.Itoa(len(c.NationalLists))},
		{"campaigns.regions", outbound.Text, strings.Join(c.Regions, ", ")},
		{"call.max_calls", outbound.Most, strconv.Itoa(maxCalls(s.cfg))},
		{"outbound.max_calls_per_minute", outbound.Most, strconv.Itoa(o.MaxCallsPerMinute)},
		{"outbound.max_calls_per_day", outbound.Most, strconv.Itoa(o.MaxCallsPerDay)},
		{"outbound.max_same_number_per_hour", outbound.Most, strconv.Itoa(o.MaxSameNumberPerHour)},
		{"outbound.max_minutes_per_day", outbound.Most, strconv.Itoa(o.MaxMinutesPerDay)},
		{"outbound.max_spend_per_day", outbound.Most, decimal(o.MaxSpendPerDay)},
		{"outbound.max_call", outbound.Seconds, seconds(o.MaxCall)},
		{"outbound.hours", outbound.Text, strings.Join(o.Hours, ", ")},
		{"answers.hello", outbound.Seconds, seconds(a.Hello)},
		{"answers.first_words", outbound.Seconds, seconds(a.FirstWords)},
		{"answers.silence", outbound.Seconds, seconds(a.Silence)},
		{"answers.greeting", outbound.Seconds, seconds(a.Greeting)},
		{"answers.quiet", outbound.Seconds, seconds(a.Quiet)},
	} {
		l.Settings = append(l.Settings, outbound.Setting{Name: b.name, Unit: b.unit, Value: b.value})
	}
	for _, t := range s.carriers.inForce() {
		if len(t.Outbound) > 0 {
			l.Trunks = append(l.Trunks, outbound.TrunkLimits{Name: t.Name, Channels: t.Channels, PerSecond: t.CallsPerSecond})
		}
	}
	return l
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func seconds(d time.Duration) string { return decimal(d.Seconds()) }
