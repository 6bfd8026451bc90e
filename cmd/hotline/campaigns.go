package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/campaigns"
	"hotline/internal/business"
	"hotline/internal/call"
	"hotline/internal/desk"
	"hotline/internal/event"
	"hotline/internal/jobs"
	"hotline/internal/number"
	"hotline/internal/outbound"
	"hotline/internal/store"
	"hotline/sip"
)

// campaigning puts together who calls and what people do with it.
type campaigning struct {
	service *outbound.Service
	runner  *campaigns.Runner
	queue   *jobs.Queue
	// national keeps to the files of the national do-not-call lists.
	national *outbound.National
}

// campaignCalls is how many calls of campaigns one node makes at once.
const campaignCalls = 200

// openCampaigns wires the campaigns, after the calls.
func (s *server) openCampaigns(ctx context.Context) error {
	plan, err := number.For(s.cfg.Outbound.Country)
	if err != nil {
		return fmt.Errorf("outbound.country: %w", err)
	}
	zone := ""
	if b := s.bots.find(""); b != nil {
		zone = b.home().Timezone
	}
	rules := campaigns.NewRules(s.campaignRules(plan, zone))
	publish := func(e campaigns.Event) {
		if e.Attempt != nil { // what was learnt of somebody is not for all who look on
			seen := *e.Attempt
			seen.Slots = nil
			e.Attempt = &seen
		}
		s.bus.Publish(event.Event{Kind: event.Kind("campaign." + e.Kind), At: e.At, Data: e})
	}
	queue, err := jobs.Open(ctx, jobs.Config{
		Database: s.cfg.Database.URL.Reveal(), File: filepath.Join(s.cfg.Data.Dir, "jobs.db"), Workers: campaignCalls, Log: s.log,
	})
	if err != nil {
		return err
	}
	s.campaigns.queue = queue
	s.campaigns.runner = campaigns.NewRunner(campaigns.RunnerConfig{
		Node: s.cfg.Database.Node, Store: s.db, Rules: rules, Queue: queue, Publish: publish, Log: s.log, Now: calendar,
		Dialer:  campaignDialer{s},
		NewCall: func() string { return ulid.Make().String() },
		Agents:  campaignAgents{s.desk},
		Reach: func(ctx context.Context, c campaigns.Campaign, k campaigns.Contact) error {
			err := s.dialer().Check(ctx, call.Target{To: k.Number, From: c.From, Trunk: c.Trunk, Who: campaignCaller(c.ID)})
			var refused *call.RefusedError
			var none *sip.TrunkError
			switch {
			case errors.As(err, &refused) && refused.Why != call.RefusedTrunk:
				return nil // of this number alone: it is told by its attempt
			case errors.Is(err, errNoTrunks):
				return &campaigns.ReachError{Why: campaigns.HoldNoTrunk, Err: err}
			case errors.As(err, &none) && len(none.Why) == 0:
				return &campaigns.ReachError{Why: campaigns.HoldNoRule, Err: err}
			}
			return err
		},
		SMS: func(ctx context.Context, k campaigns.Contact, a campaigns.Attempt, text string) error {
			return s.db.AddWish(ctx, call.Wish{
				ID: ulid.Make().String(), Kind: "sms", Call: a.Call, Number: k.Number, Summary: text, Reason: "campaign", State: store.WishOpen, CreatedAt: time.Now(),
			})
		},
		Ready:  func() bool { return !s.manager.Draining() && s.campaigns.national.Ready() },
		Budget: s.callsLeft, Elsewhere: s.nodes.campaigns,
		Held: func(ctx context.Context, h campaigns.Hold) {
			err := s.db.AddTrail(ctx, store.TrailEntry{Actor: "server", Action: "campaign-waits", Subject: h.Campaign, Detail: map[string]string{"why": string(h.Why), "detail": h.Detail}})
			if err != nil && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "the audit trail cannot be written", "error", err)
			}
		},
	})
	s.campaigns.service = outbound.New(outbound.Config{
		Store: s.db, Rules: rules, Plan: plan, Holds: s.campaignHolds, Node: s.cfg.Database.Node, Elsewhere: s.nodes.campaigns, Limits: s.campaignLimits, PerMinute: s.cfg.Outbound.MaxCallsPerMinute, HangUp: s.campaigns.runner.HangUp, Dial: s.campaigns.runner.Dial, Serves: campaignAgents{s.desk}.serves, Publish: publish,
		Files: s.campaignFiles,
		Lines: func() []string {
			var names []string
			for _, b := range s.bots.lines() {
				names = append(names, b.line.Name)
			}
			return names
		},
	})
	s.campaigns.national = &outbound.National{Service: s.campaigns.service, Files: s.cfg.Campaigns.NationalLists, Log: s.log}
	return nil
}

// campaignFiles are the campaigns in the businesses' folders, as they lie there now.
func (s *server) campaignFiles() []outbound.CampaignFile {
	var out []outbound.CampaignFile
	for _, b := range s.bots.homes() {
		for _, f := range business.CampaignFiles(b.Dir) {
			out = append(out, outbound.CampaignFile{File: f.Name, Business: b.Name, About: f.About, Campaign: f.Campaign, Wrong: f.Wrong})
		}
	}
	return out
}

// campaignAgents are the people of the desk.
type campaignAgents struct{ desk *desk.Desk }

// Team implements campaigns.Agents.
func (a campaignAgents) Team(_ context.Context, c campaigns.Campaign) ([]campaigns.Agent, error) {
	var team []campaigns.Agent
	for _, st := range a.desk.Agents() {
		if !servesSkill(st, c.Skill) {
			continue
		}
		team = append(team, campaigns.Agent{
			Name: st.Name, Since: st.Since, Free: st.State == desk.Ready && len(st.Calls) == 0,
			Engaged: st.State == desk.Ringing || st.State == desk.Talking || st.State == desk.WrapUp,
		})
	}
	return team, nil
}

func servesSkill(st desk.Status, skill string) bool {
	return skill == "" || len(st.Skills) == 0 || slices.Contains(st.Skills, skill)
}

// serves tells whether an agent has a skill.
func (a campaignAgents) serves(agent, skill string) bool {
	return slices.ContainsFunc(a.desk.Agents(), func(st desk.Status) bool { return st.Name == agent && servesSkill(st, skill) })
}

// Keep implements campaigns.Agents.
func (a campaignAgents) Keep(id string, c campaigns.Campaign, name string) (agent string, ok bool) {
	var p call.Person
	if name != "" {
		p, ok = a.desk.ReserveAgent(id, name)
	} else {
		p, ok = a.desk.Reserve(id, c.Skill)
	}
	return p.Name, ok
}

// Release implements campaigns.Agents.
func (a campaignAgents) Release(id, agent string) { a.desk.Release(agent, id, call.OfferGone) }

// campaignCaller is who calls, for the guard and the record.
func campaignCaller(id string) string { return "campaign:" + id }

// campaignDialer makes campaigns' calls.
type campaignDialer struct{ server *server }

var errNoLine = errors.New("there is no line of this name")

// recordWait is how long a call's record may take to be written once the call is over.
const recordWait = 30 * time.Second

// Dial implements campaigns.Dialer. When ctx ends, the call is called off: the bot says
// goodbye, people go on.
func (d campaignDialer) Dial(ctx context.Context, o campaigns.Dial) (campaigns.Result, error) {
	s := d.server
	line := s.lineNamed(o.Line)
	if line == nil {
		return campaigns.Result{}, fmt.Errorf("line %s: %w", o.Line, errNoLine)
	}
	p := call.Placement{
		ID: o.Call, To: o.To, From: o.From, FromName: o.FromName, Line: line, AgentFirst: o.Agent, AgentAtOnce: o.AtOnce, Greeting: o.Greeting, Task: o.Task, OptOut: o.OptOut,
		Fields: o.Fields, Trunk: o.Trunk, Campaign: o.Campaign, By: campaignCaller(o.Campaign), Timeout: o.Ring, Zone: o.Zone,
	}
	p.Discloses = campaigns.SaysMachine(o.Greeting) && (line.Unrecorded || campaigns.SaysRecorded(o.Greeting))
	if o.Team != "" {
		p.Team = &call.Team{Skill: o.Team, Abandoned: o.Abandoned, Tell: func(st call.Stage) {
			if o.Tell != nil {
				o.Tell(campaigns.Stage(st)) // the words of both packages are the same
			}
		}}
	}
	if o.Agent == "" {
		p.Detect, p.Voicemail = s.answers(), o.Voicemail
	}
	id, err := s.manager.Place(ctx, p)
	var refused *call.RefusedError
	if errors.As(err, &refused) {
		return notPlaced(refused), nil
	}
	if err != nil {
		return campaigns.Result{}, err
	}
	over := s.manager.Over(id)
	select {
	case <-over:
	case <-ctx.Done():
		s.manager.CallOff(id)
		<-over
	}
	record, events, err := d.record(context.WithoutCancel(ctx), id)
	if err != nil {
		return campaigns.Result{}, err
	}
	r := store.ResultOf(record, events)
	r.Cost = s.costs(r.Trunk, o.To, r.Seconds)
	return r, nil
}

// record waits for a call's record to have its end: it is written behind the call.
func (d campaignDialer) record(ctx context.Context, id string) (r call.Record, events []call.Event, err error) {
	ctx, stop := context.WithTimeout(ctx, recordWait)
	defer stop()
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		r, err = d.server.db.Call(ctx, id)
		if err == nil && !r.EndedAt.IsZero() {
			events, err = d.server.db.Events(ctx, id)
			return r, events, err
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return r, nil, err
		}
		select {
		case <-ctx.Done():
			return r, nil, cmp.Or(err, fmt.Errorf("the record of call %s was not written", id))
		case <-time.After(wait):
		}
	}
}

// costs is what a trunk takes for a call: the price of a started minute, by the longest
// beginning of the number.
func (s *server) costs(trunk, to string, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	for _, t := range s.carriers.inForce() {
		if t.Name != trunk {
			continue
		}
		longest, price := -1, 0.0
		for prefix, p := range t.Costs {
			if len(prefix) > longest && strings.HasPrefix(to, prefix) {
				longest, price = len(prefix), p
			}
		}
		return price * math.Ceil(seconds/60)
	}
	return 0
}
