package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"hotline/dialog"
	"hotline/internal/business"
	"hotline/internal/call"
	"hotline/internal/desk"
	"hotline/internal/store"
	"hotline/internal/web"
	"hotline/media/wav"
)

// people puts together who takes calls and how callers wait for them.
func (s *server) people(ctx context.Context) error {
	s.share = desk.NewShare(s.bots.shareRules(), s.db, s.bus, nil)
	s.rollout = desk.NewRollout(s.bots.rolloutRules(), s.share, s.db.CallerHash, s.db, s.bus, nil)
	for _, b := range s.bots.lines() {
		s.rollsOut(b)
	}
	s.desk = desk.New(desk.Config{
		Agents: s.bots.agents(), Rules: s.bots.queueRules, Open: s.bots.staffed, Store: s.db,
		Customers: customers{s.db, s.bots.vips}, Share: s.share, Bus: s.bus, Log: s.log,
	})
	if err := s.openTickets(ctx); err != nil {
		return err
	}
	for _, restore := range []func(context.Context) error{s.desk.Restore, s.share.Restore, s.rollout.Restore} {
		if err := restore(ctx); err != nil {
			return err
		}
	}
	return nil
}

// rollsOut has a bot that answers nobody yet do the scenes that the rollout leaves it.
func (s *server) rollsOut(b *bot) {
	b.scenes = func(f dialog.Facts, scene string) bool {
		return f.Direction != "inbound" || s.rollout.BotScene(f.Line, scene, store.NormalNumber(f.Caller), f.CallID)
	}
}

// agents are the people of all businesses, each once.
func (bs *bots) agents() []desk.Agent {
	var out []desk.Agent
	seen := map[string]bool{}
	for _, b := range bs.homes() {
		for _, a := range b.Agents {
			if seen[a.Name] {
				continue
			}
			seen[a.Name] = true
			d := desk.Agent{
				Name: a.Name, Title: a.Title, Skills: a.Skills, Levels: a.Levels, Languages: a.Languages, Team: a.Team,
				WrapUp: b.Queue.WrapUp, Rest: b.Queue.NoAnswer,
			}
			if b.Queue.NoAnswerStays {
				d.Rest = -1
			}
			if shift := a.Shift; !shift.Always() {
				d.OnShift = shift.Open
			}
			out = append(out, d)
		}
	}
	return out
}

// home is the business that answers a line.
func (bs *bots) home(line string) *business.Business {
	if b := bs.named(line); b != nil {
		return b.home()
	}
	return nil
}

// staffed tells whether a line's people are there.
func (bs *bots) staffed(line, _ string, at time.Time) bool {
	b := bs.home(line)
	return b == nil || b.Hours.Open(at)
}

// queueRules are those of a line's callers.
func (bs *bots) queueRules(line string) desk.Rules {
	b := bs.home(line)
	if b == nil {
		return desk.Rules{}
	}
	q := b.Queue
	r := desk.Rules{
		Strategy: desk.Strategy(q.Strategy), Ring: q.Ring, MaxWait: q.MaxWait, MaxWaiting: q.MaxWaiting, LastAgent: q.LastAgent,
		AnnounceEvery: q.AnnounceEvery, CallbackAfter: q.CallbackAfter, Talk: q.Talk, Teams: map[string]string{}, Wording: desk.Wording{},
		HeadStart: desk.HeadStart{
			VIP: q.HeadStart.VIP, Asked: q.HeadStart.Asked, Urgent: q.HeadStart.Urgent, Upset: q.HeadStart.Upset,
			Complaint: q.HeadStart.Complaint, ComplaintFrom: q.HeadStart.ComplaintFrom, Kinds: q.HeadStart.Kinds, Skills: q.HeadStart.Skills,
		},
	}
	for _, t := range q.HeadStart.Times {
		r.HeadStart.Times = append(r.HeadStart.Times, desk.RushHour{
			During: func(at time.Time) bool { return b.InDay(t.During, at) }, Skill: t.Skill, Start: t.Start,
		})
	}
	for _, o := range q.Overflow {
		r.Overflow = append(r.Overflow, desk.Overflow{After: o.After, Skill: o.Skill, Team: o.Team})
	}
	for _, s := range b.Skills {
		if s.Team != "" {
			r.Teams[s.Name] = s.Team
		}
	}
	for language, w := range q.Say {
		r.Wording[language] = desk.Sentences{Next: w.Next, Ahead: w.Ahead, Wait: w.Wait, Soon: w.Soon, Choices: w.Choices, Thanks: w.Thanks}
	}
	return r
}

// dispositions are what the agents of all businesses can say of a call, each code once.
func (bs *bots) dispositions() []web.Disposition {
	var out []web.Disposition
	for _, b := range bs.homes() {
		for _, d := range b.Queue.Dispositions {
			if !slices.ContainsFunc(out, func(o web.Disposition) bool { return o.Code == d.Code }) {
				out = append(out, web.Disposition{Code: d.Code, Title: d.Title})
			}
		}
	}
	return out
}

// shareRules are those of the first business that has some: the people are shared by
// all lines.
func (bs *bots) shareRules() desk.ShareRules {
	for _, b := range bs.homes() {
		if s := b.Queue.Share; s != (business.QueueShare{}) {
			return desk.ShareRules{
				BusyWaiting: s.BusyWaiting, CalmWaiting: s.CalmWaiting, BusyWait: s.BusyWait, CalmWait: s.CalmWait,
				IdleAgents: s.IdleAgents, IdleBot: s.IdleBot, Least: s.Least,
			}
		}
	}
	return desk.ShareRules{}
}

// rolloutRules are those of all lines and their scenes; the bot takes all calls of a line
// that none names.
func (bs *bots) rolloutRules() []desk.RolloutRules {
	var out []desk.RolloutRules
	for _, b := range bs.lines() {
		whole := desk.RolloutRules{Line: b.line.Name, Bot: 100}
		var scenes []desk.RolloutRules
		for _, q := range b.home().Queue.Rollout {
			r := desk.RolloutRules{Line: q.Line, Scene: q.Scene, Bot: q.Bot, MinResolved: q.MinResolved, Window: q.Window, Fallback: q.Fallback}
			switch {
			case q.Line != b.line.Name:
			case q.Scene == "":
				whole = r
			default:
				scenes = append(scenes, r)
			}
		}
		out = append(append(out, whole), scenes...)
	}
	return out
}

// rerule has the queue go by what the businesses' files say now.
func (s *server) rerule() {
	s.desk.Renew(s.bots.agents())
	s.share.SetRules(s.bots.shareRules())
	s.rollout.SetRules(s.bots.rolloutRules())
}

// vips are the numbers of all businesses that go first.
func (bs *bots) vips() []string {
	var out []string
	for _, b := range bs.homes() {
		for _, n := range b.Queue.VIP {
			out = append(out, store.NormalNumber(n))
		}
	}
	return out
}

// customers are the callers that the record knows, and those whom the owner has named.
type customers struct {
	db   *store.Store
	vips func() []string
}

// Customer implements desk.Customers.
func (c customers) Customer(ctx context.Context, number string) (desk.Customer, error) {
	known, err := c.db.Customer(ctx, number)
	if tier, e := c.db.CustomerTier(ctx, number); e != nil {
		err = errors.Join(err, e)
	} else if tier != "" {
		known.Tier = tier
	}
	if slices.Contains(c.vips(), store.NormalNumber(number)) {
		known.Tier = desk.TierVIP
	}
	return known, err
}

// rolledOut has the line's callers meet the bot, or people at once.
func (s *server) rolledOut(b *bot) *call.Straight {
	return &call.Straight{
		Skill: func() string { return b.home().Escalation.Skill },
		Bot:   func(f dialog.Facts) bool { return s.rollout.Bot(f.Line, store.NormalNumber(f.Caller), f.CallID) },
	}
}

// resolving is a journal that tells the rollout how the bot's calls end.
type resolving struct {
	call.Journal

	rollout *desk.Rollout
	log     *slog.Logger
}

// End implements call.Journal.
func (j resolving) End(ctx context.Context, r call.Record) error {
	err := j.Journal.End(ctx, r)
	// Of others than these nothing was said that could be resolved.
	took := r.Direction == "inbound" && !r.AnsweredAt.IsZero() && r.TransferReason != call.ReasonRollout &&
		slices.Contains([]call.Outcome{call.Resolved, call.Unresolved, call.Transferred}, r.Outcome)
	if e := j.rollout.Over(ctx, r.Line, r.ID, took, r.Outcome == call.Resolved); e != nil {
		j.log.Error("changing how many calls the bot takes", "line", r.Line, "error", e)
	}
	return err
}

// music is what a line's callers hear who wait; nil is ours.
func (s *server) music(b *business.Business) *call.Music {
	file := b.MusicFile()
	if file == "" {
		return nil
	}
	a, err := wav.ReadFile(file)
	if err == nil && len(a.Mono()) == 0 {
		err = fmt.Errorf("%s holds no sound", file)
	}
	if err != nil {
		s.log.Warn("the music of the queue cannot be used; callers hear another tune", "error", err)
		return nil
	}
	const rate = 8000
	return call.NewMusic(rate, a.At(rate))
}
