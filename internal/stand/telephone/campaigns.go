package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/asr"
	"hotline/campaigns"
	"hotline/internal/call"
	"hotline/internal/desk"
	"hotline/internal/event"
	"hotline/internal/number"
	"hotline/internal/outbound"
	"hotline/internal/store"
	"hotline/media"
)

// calling has agents call contacts: the real rules, claims and calls, without anybody who
// dials by himself. Each number is answered by line 8000, or by 8002 of a call ahead.
type calling struct {
	x       *exchange
	db      *store.Store
	service *outbound.Service
}

func newCalling(x *exchange, db *store.Store, bus *event.Bus) (*calling, error) {
	plan, err := number.For("CN")
	if err != nil {
		return nil, err
	}
	c := &calling{x: x, db: db}
	day := campaigns.Windows{}
	for i := range day.Days {
		day.Days[i] = []campaigns.Span{{From: 0, To: 24 * 60}}
	}
	rules := campaigns.NewRules(campaigns.RulesConfig{Numbers: plan, Zone: "Asia/Shanghai", Hours: day})
	publish := func(e campaigns.Event) {
		bus.Publish(event.Event{Kind: event.Kind("campaign." + e.Kind), At: e.At, Data: e})
	}
	runner := campaigns.NewRunner(campaigns.RunnerConfig{
		Node: "main", Store: db, Rules: rules, Dialer: c, Agents: team{x.people}, NewCall: func() string { return ulid.Make().String() }, Publish: publish, Log: x.log,
	})
	c.service = outbound.New(outbound.Config{
		Store: db, Rules: rules, Plan: plan, Lines: func() []string { return []string{"desk"} }, Dial: runner.Dial, Publish: publish,
	})
	return c, nil
}

// begin makes a campaign in which agents look first, with two contacts, and one that dials
// ahead, with nobody.
func (c *calling) begin(ctx context.Context) error {
	windows := c.service.Rules().Bounds().Hours
	for _, one := range []campaigns.Campaign{
		{ID: "visits", Name: "上门安装前确认", Mode: campaigns.Preview, Purpose: campaigns.Service, Variants: []campaigns.Variant{{Name: "a", Greeting: "您好，{name}，我是云帆数码的小李，您买的{商品}定在{时间}上门安装，您方便吗？"}}},
		{ID: "renewals", Name: "延保到期提醒", Mode: campaigns.Predictive, Purpose: campaigns.Service, OptOut: "9", Open: true, Variants: []campaigns.Variant{{
			Name: "a", Greeting: "您好，我是云帆数码的智能助手，马上为您转人工。", Abandoned: "您好，这里是云帆数码，坐席都在忙，我们稍后再打给您。不想再接请按 9。",
		}}},
	} {
		one.Line, one.Skill, one.Windows = "desk", "service", windows
		made, err := c.service.Create(ctx, one, "boss")
		if err != nil {
			return err
		}
		if one.Mode == campaigns.Preview {
			for _, k := range []campaigns.Contact{
				{Number: "13912340021", Name: "王芳", Fields: map[string]string{"商品": "洗衣机", "时间": "周六上午"}},
				{Number: "13912340022", Name: "李雷", Fields: map[string]string{"商品": "空调", "时间": "周日下午"}},
			} {
				k.Campaign = made.ID
				if _, err := c.service.Add(ctx, k); err != nil {
					return err
				}
			}
		}
		if _, err := c.service.Start(ctx, made.ID); err != nil {
			return err
		}
	}
	return nil
}

// ahead calls somebody for whom an agent is looked for once he has answered, as a
// predictive campaign does.
func (c *calling) ahead(ctx context.Context) error {
	_, err := c.x.manager.Place(ctx, call.Placement{
		To: "13912340023", Line: c.x.line(), Campaign: "renewals", By: "campaign:renewals", Fields: map[string]string{"name": "韩梅梅"},
		Team: &call.Team{Skill: "service", Abandoned: "坐席都在忙。"},
	})
	return err
}

// Dial implements campaigns.Dialer.
func (c *calling) Dial(ctx context.Context, o campaigns.Dial) (campaigns.Result, error) {
	id, err := c.x.manager.Place(ctx, call.Placement{
		ID: o.Call, To: o.To, Line: c.x.line(), AgentFirst: o.Agent, Fields: o.Fields, Campaign: o.Campaign, By: "campaign:" + o.Campaign, Timeout: o.Ring,
	})
	if err != nil {
		return campaigns.Result{}, err
	}
	<-c.x.manager.Over(id)
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	again := time.NewTicker(50 * time.Millisecond) // its record is written behind the call
	defer again.Stop()
	for {
		r, err := c.db.Call(ctx, id)
		if err == nil && !r.EndedAt.IsZero() {
			events, err := c.db.Events(ctx, id)
			return store.ResultOf(r, events), err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return campaigns.Result{}, fmt.Errorf("the record of call %s was not written: %w", id, ctx.Err())
		}
	}
}

// team are the people of the desk.
type team struct{ desk *desk.Desk }

// Team implements campaigns.Agents.
func (t team) Team(context.Context, campaigns.Campaign) ([]campaigns.Agent, error) { return nil, nil }

// Keep implements campaigns.Agents.
func (t team) Keep(id string, _ campaigns.Campaign, name string) (string, bool) {
	p, ok := t.desk.ReserveAgent(id, name)
	return p.Name, ok
}

// Release implements campaigns.Agents.
func (t team) Release(id, agent string) { t.desk.Release(agent, id, call.OfferGone) }

// line is the one whose callers are handed to the agents.
func (x *exchange) line() *call.Line {
	return &call.Line{
		Name: "desk", Title: "云帆数码", Language: "zh", Engine: handsOver{}, Speak: mute{},
		Hear: func(call.Hearing) asr.Recognizer { return deaf{} },
	}
}

// Check implements call.Checker: all may be called.
func (dialer) Check(context.Context, call.Target) error { return nil }

// Local implements call.Checker.
func (dialer) Local(context.Context, call.Target) netip.Addr { return netip.MustParseAddr("127.0.0.1") }

// own is the address at which this server answers a number of the network.
func (d dialer) own(to string) string {
	if to == "" || strings.Trim(to, "+0123456789") != "" {
		return to
	}
	line := "8000"
	if strings.HasSuffix(to, "0023") {
		line = "8002"
	}
	return "sip:" + line + "@" + d.server.Addrs()[0].String()
}

// hush says nothing for a while, as who waits for the other to begin, and hums then.
func (x *exchange) hush(quiet time.Duration, hz int) call.App {
	return call.Playing(func(ctx context.Context, s *media.Session) error {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(quiet):
		}
		return media.Loop(ctx, s, media.Tone(s.In().Rate(), hz))
	})
}
