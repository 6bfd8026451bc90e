package webtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/campaigns"
	"hotline/internal/business"
	"hotline/internal/call"
	"hotline/internal/call/answer"
	"hotline/internal/event"
	"hotline/internal/number"
	"hotline/internal/outbound"
	"hotline/internal/store"

	"golang.org/x/sync/errgroup"
)

// Holds are why campaigns call nobody, as a test has it.
type Holds struct {
	NoTrunks bool // no call can go out at all

	mu     sync.Mutex
	held   map[string]campaigns.Hold
	others map[string]map[string]campaigns.Hold // of other servers
	bus    *event.Bus
}

// Set has a campaign wait; without a reason it waits for nothing.
func (h *Holds) Set(hold campaigns.Hold) { h.SetOn("", hold) }

// SetOn has a campaign wait on another server, which is there from then on; "" is this one.
func (h *Holds) SetOn(node string, hold campaigns.Hold) {
	h.mu.Lock()
	if h.held == nil {
		h.held, h.others = map[string]campaigns.Hold{}, map[string]map[string]campaigns.Hold{}
	}
	held := h.held
	if node != "" {
		if h.others[node] == nil {
			h.others[node] = map[string]campaigns.Hold{}
		}
		held = h.others[node]
	}
	if held[hold.Campaign] = hold; hold.Why == "" {
		delete(held, hold.Campaign)
	}
	bus := h.bus
	h.mu.Unlock()
	if bus != nil {
		now := time.Now()
		bus.Publish(event.Event{Kind: "campaign.waits", At: now, Data: campaigns.Event{Campaign: hold.Campaign, Kind: "waits", At: now}})
	}
}

func (h *Holds) get() map[string]campaigns.Hold {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.held)
}

func (h *Holds) elsewhere() (out []campaigns.Standing) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, node := range slices.Sorted(maps.Keys(h.others)) {
		out = append(out, campaigns.Standing{Node: node, Holds: maps.Clone(h.others[node])})
	}
	return out
}

// Campaigns are those of a store, without anybody who calls.
func Campaigns(s *store.Store, bus *event.Bus) (*outbound.Service, error) {
	return CampaignsThatWait(s, bus, &Holds{}, nil)
}

// CampaignsThatWait are those of a store, which wait for what a test says; the businesses
// of folders bring some along.
func CampaignsThatWait(s *store.Store, bus *event.Bus, holds *Holds, folders []string) (*outbound.Service, error) {
	holds.bus = bus
	plan, err := number.For("CN")
	if err != nil {
		return nil, err
	}
	return outbound.New(outbound.Config{
		Store: s, Plan: plan, Rules: campaigns.NewRules(campaigns.RulesConfig{Numbers: plan, Zone: "Asia/Shanghai"}),
		Lines: func() []string { return []string{"main", "english", "chinese"} },
		Files: func() (files []outbound.CampaignFile) {
			for _, dir := range folders {
				for _, f := range business.CampaignFiles(dir) {
					files = append(files, outbound.CampaignFile{File: f.Name, Business: filepath.Base(dir), About: f.About, Campaign: f.Campaign, Wrong: f.Wrong})
				}
			}
			return files
		},
		Holds: holds.get, Node: "main", Elsewhere: holds.elsewhere,
		Limits: func() outbound.Limits {
			l := outbound.Limits{
				PerMinute: 60, PerDay: 2000, Calls: 200, Trunks: []outbound.TrunkLimits{{Name: "carrier", Channels: 30, PerSecond: 5}},
				Settings: []outbound.Setting{
					{Name: "campaigns.hours", Unit: outbound.Text, Value: "08:00-21:00"},
					{Name: "campaigns.holidays", Unit: outbound.Flag, Value: "true"},
					{Name: "campaigns.max_per_number_per_day", Unit: outbound.Most, Value: "3"},
					{Name: "campaigns.consent", Unit: outbound.Purposes, Value: "marketing"},
					{Name: "outbound.max_calls_per_minute", Unit: outbound.Most, Value: "60"},
					{Name: "outbound.max_minutes_per_day", Unit: outbound.Most, Value: "0"},
					{Name: "answers.hello", Unit: outbound.Seconds, Value: "0.52"},
				},
			}
			if holds.NoTrunks {
				l.Trunks = nil
			}
			return l
		},
		Dial: func(context.Context, campaigns.Campaign, campaigns.Contact, string) error { return nil },
		Publish: func(e campaigns.Event) {
			bus.Publish(event.Event{Kind: event.Kind("campaign." + e.Kind), At: e.At, Data: e})
		},
	}), nil
}

// SeedCampaigns makes one campaign that runs, with what came of it since yesterday, and
// one that is a draft.
func SeedCampaigns(ctx context.Context, o *outbound.Service, s *store.Store, now time.Time) error {
	const people = 240
	made, err := o.Create(ctx, campaigns.Campaign{
		ID: "visit-reminder", Name: "明天上门安装的提醒", Line: "main", Purpose: campaigns.Reminder, Concurrency: 100, PerSecond: 50, CostPerGoal: 6,
		Variants: []campaigns.Variant{
			{Name: "a", Weight: 1, Greeting: "您好，{姓名}，我是云帆数码的智能助手小云，通话会录音。打给您是想确认明天{时段}上门安装，不方便您可以直接说。", Voicemail: "您好，我是云帆数码的智能助手，提醒您明天{时段}师傅上门安装，要改时间请回电。"},
			{Name: "b", Weight: 1, Greeting: "{姓名}您好，云帆数码的机器人小云，通话会录音。明天{时段}师傅上门，您看方便吗？不想接可以挂断。"},
		},
		Goals: []campaigns.Goal{{Name: "confirmed", Slot: "come", Value: "yes"}},
	}, "li")
	if err != nil {
		return err
	}
	var file strings.Builder
	file.WriteString("姓名,手机号,时段\n")
	for i := range people {
		fmt.Fprintf(&file, "客户%d,138%08d,%s\n", i+1, 12300000+i*37, []string{"上午", "下午"}[i%2])
	}
	if _, err := o.Import(ctx, made.ID, strings.NewReader(file.String()), nil, "zh", nil); err != nil {
		return err
	}
	if _, err := o.Start(ctx, made.ID); err != nil {
		return err
	}
	contacts, err := s.Contacts(ctx, store.ContactFilter{Campaign: made.ID, Limit: people})
	if err != nil {
		return err
	}
	g, keeping := errgroup.WithContext(ctx) // together: the store commits in groups
	g.SetLimit(32)
	for i, k := range contacts[:150] {
		g.Go(func() error {
			return seedAttempt(keeping, o, s, made, k, i, now.Add(-20*time.Hour+time.Duration(i)*7*time.Minute))
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := o.Suppress(ctx, campaigns.Suppression{Number: "13800001111", List: outbound.OwnList, How: "said"}); err != nil {
		return err
	}
	_, err = o.Create(ctx, campaigns.Campaign{
		ID: "win-back", Name: "老客户回访", Line: "main", Purpose: campaigns.Survey,
		Variants: []campaigns.Variant{{Name: "a", Greeting: "您好，我是云帆数码的智能助手小云，通话会录音。想问您几句用得怎么样，不方便您说一声就行。"}},
	}, "li")
	return err
}

// seedAttempt makes one attempt with an outcome of its own.
func seedAttempt(ctx context.Context, o *outbound.Service, s *store.Store, c campaigns.Campaign, k campaigns.Contact, i int, at time.Time) error {
	got, err := s.Claim(ctx, campaigns.Claim{Campaign: c.ID, Contact: k.ID, Number: 1, Call: fmt.Sprintf("01CAMPAIGN%016d", i), Node: "main", Now: at},
		func(c campaigns.Campaign, k campaigns.Contact, _ campaigns.Facts) campaigns.Verdict {
			return campaigns.Verdict{Ground: "window", Day: at.Format(time.DateOnly), Variant: c.Assign(k)}
		})
	if err != nil || got.Attempt.ID == 0 {
		return errors.Join(err, ctx.Err())
	}
	r := campaigns.Result{Outcome: campaigns.Person, Answered: true, Seconds: 32, Cost: 0.12, Trunk: "carrier"}
	switch {
	case i%50 == 7:
		r.Refused = true
	case i%10 < 5 || got.Contact.Variant == "b" && i%10 < 6:
		r.Goal, r.Slots = "confirmed", map[string]string{"come": "yes"}
	case i%10 == 7:
		r = campaigns.Result{Outcome: campaigns.NoAnswer, Status: 480}
	case i%10 == 8:
		r = campaigns.Result{Outcome: campaigns.Busy, Status: 486}
	case i%10 == 9:
		r = campaigns.Result{Outcome: campaigns.Voicemail, Answered: true, Seconds: 18, Cost: 0.06, Trunk: "carrier"}
	}
	if i == 0 {
		if err := keepCall(ctx, s, c, k, got.Attempt.Call, at); err != nil {
			return err
		}
	}
	_, err = s.Settle(ctx, got.Attempt.ID, r, at.Add(time.Minute), o.Rules().Settle(at.Add(time.Minute)))
	return err
}

// keepCall makes the record of a call that a person answered.
func keepCall(ctx context.Context, s *store.Store, c campaigns.Campaign, k campaigns.Contact, id string, at time.Time) error {
	const length = 32 * time.Second
	err := s.Begin(ctx, call.Record{
		ID: id, SIPCallID: id + "@192.0.2.20", Line: c.Line, Language: "zh", Direction: "outbound", Caller: "8000", Called: k.Number,
		StartedAt: at.Add(-9 * time.Second), AnsweredAt: at, EndedAt: at.Add(length), Outcome: call.Resolved, EndCause: "bot_hangup", Codec: "PCMA/8000",
		Summary: "确认明天上门。", Media: call.Quality{Security: "plain", Received: 1600, Sent: 1600, MOS: 4.3}, Signalling: call.Signalling{Trunk: "carrier", Network: "udp"},
		AnsweredBy: &answer.Outcome{Who: answer.Person, AtMS: 1240, AfterMS: 420},
	})
	if err != nil {
		return fmt.Errorf("keep a campaign's call: %w", err)
	}
	fields := map[string]string{"姓名": k.Name}
	maps.Copy(fields, k.Fields)
	for i, t := range []call.TurnRecord{
		{Speaker: "caller", Text: "喂，你好。", StartMS: 300, EndMS: 820},
		{Speaker: "bot", Text: campaigns.Fill(c.Variants[0].Greeting, fields), StartMS: 1260, EndMS: 12400, Source: "script"},
		{Speaker: "caller", Text: "方便的，让师傅来吧。", StartMS: 13100, EndMS: 15200, Confidence: 0.88},
		{Speaker: "bot", Text: "好的，那明天见。再见。", StartMS: 15900, EndMS: 18600, Source: "script", ResponseMS: 700},
	} {
		t.Call, t.Index = id, i
		if err := s.AddTurn(ctx, t); err != nil {
			return err
		}
	}
	return s.AddEvents(ctx, id, []call.Event{{Kind: call.KindAnswered}, {MS: length.Milliseconds(), Kind: call.KindHangup, Data: map[string]any{"cause": "bot_hangup"}}})
}
