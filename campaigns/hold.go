package campaigns

import (
	"context"
	"errors"
	"maps"
	"math"
	"strings"
	"sync"
	"time"
)

// Hold is why a campaign that runs begins no calls now.
type Hold struct {
	Campaign string    `json:"campaign"`
	Why      HoldWhy   `json:"why"`
	Detail   string    `json:"detail,omitempty"` // for the operator; of a window the Refusal of most of them
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until,omitzero"` // when it is looked at again, where that is known
}

// HoldWhy is what a campaign waits for.
type HoldWhy string

// What a campaign waits for.
const (
	HoldStart     HoldWhy = "not_begun"       // its start
	HoldWindow    HoldWhy = "window"          // hours, rests and caps of all who are due
	HoldNobody    HoldWhy = "nobody_due"      // contacts, or their next attempts
	HoldCalls     HoldWhy = "concurrency"     // as many calls as it may have are in progress
	HoldAgents    HoldWhy = "agents"          // an agent who is free
	HoldReach     HoldWhy = "trunk"           // a trunk that takes its calls
	HoldNoTrunk   HoldWhy = "no_trunk"        // that there is a trunk at all
	HoldNoRule    HoldWhy = "no_rule"         // a trunk that is for such numbers
	HoldPerMinute HoldWhy = "per_minute"      // the server's calls in a minute
	HoldPerDay    HoldWhy = "per_day"         // the server's calls in a day
	HoldLimit     HoldWhy = "limit"           // another limit of the server
	HoldServer    HoldWhy = "not_ready"       // the server ends, or has not begun
	HoldShare     HoldWhy = "other_campaigns" // its turn among the campaigns
)

// ReachError is why no call of a campaign can go out, where that is no passing trouble.
type ReachError struct {
	Why HoldWhy
	Err error
}

func (e *ReachError) Error() string { return e.Err.Error() }

// Unwrap is what it came from.
func (e *ReachError) Unwrap() error { return e.Err }

// Budget is how many calls all campaigns together may begin.
type Budget struct {
	// Minute and Day are what is left of a minute and a day; negative is no bound.
	Minute, Day int
	// MinuteLeft and DayLeft are how long it is until there is more, DayGone how long the
	// day has lasted.
	MinuteLeft, DayLeft, DayGone time.Duration
}

// perTick is how many calls may be begun in a tick, so that a minute's are spread over
// it, and why there are none.
func (b Budget) perTick(now time.Time, tick time.Duration) (total float64, why HoldWhy, until time.Time) {
	total = math.Inf(1)
	if b.Day >= 0 {
		if total = float64(b.Day); b.Day == 0 {
			return 0, HoldPerDay, now.Add(b.DayLeft)
		}
	}
	if b.Minute >= 0 {
		if b.Minute == 0 {
			return 0, HoldPerMinute, now.Add(b.MinuteLeft)
		}
		ticks := max(1, b.MinuteLeft.Seconds()/tick.Seconds())
		total = min(total, float64(b.Minute)/ticks)
	}
	return total, "", time.Time{}
}

// waits is why campaigns begin no calls on this node, and how those that may be begun are
// shared.
type waits struct {
	// Only watch uses these.
	share shares
	day   dayShares
	needs map[string]needed
	today begunToday
	none  HoldWhy // why no campaign may begin a call; "" they may
	until time.Time

	mu    sync.Mutex      // guards the rest
	holds map[string]Hold // by campaign
	told  map[string]Hold // what was told last
	rests map[string]rest // campaigns whose calls did not go out
	wants []string        // campaigns that want calls; nil before the first look
}

// rest is how long a campaign waits after calls that did not go out.
type rest struct {
	n      int // in a row
	until  time.Time
	detail string
	why    HoldWhy
}

// Holds are why this node begins no calls of campaigns that run, by campaign.
func (r *Runner) Holds() map[string]Hold {
	r.waits.mu.Lock()
	defer r.waits.mu.Unlock()
	return maps.Clone(r.waits.holds)
}

// deal shares what may be begun until the next look among the campaigns; ready is false
// where this node begins nothing.
func (r *Runner) deal(ctx context.Context, running []Campaign) (ready bool, err error) {
	r.forget(running)
	if !r.cfg.Ready() {
		for _, c := range running {
			r.idle(ctx, c.ID, HoldServer, time.Time{})
		}
		r.stand()
		return false, nil
	}
	now, total, b := r.cfg.Now(), math.Inf(1), Budget{Minute: -1, Day: -1}
	r.waits.none, r.waits.until = "", time.Time{}
	if r.cfg.Budget != nil {
		if b, err = r.cfg.Budget(ctx); err != nil {
			return false, err
		}
		total, r.waits.none, r.waits.until = b.perTick(now, r.cfg.Tick)
	}
	elsewhere := r.wantedElsewhere()
	r.waits.share.deal(total, running, elsewhere)
	used, err := r.usedToday(ctx, b, now, running)
	if err != nil {
		return false, err
	}
	r.waits.day.deal(b.Day, used, running, func(c Campaign) int {
		if r.waits.share.wants[c.ID] || elsewhere[c.ID] > 0 {
			return -1
		}
		n, failed := r.laterToday(ctx, c, now, b)
		err = errors.Join(err, failed)
		return n
	})
	return err == nil, err
}

// needed is how many contacts wait, as it was counted last.
type needed struct {
	n  int
	at time.Time
}

// needKept is how long that is taken to be so.
const needKept = time.Minute

// laterToday is how many of a day's calls a campaign needs that has nobody to call now but
// waits for its hours: none where these are not today.
func (r *Runner) laterToday(ctx context.Context, c Campaign, now time.Time, b Budget) (int, error) {
	r.waits.mu.Lock()
	h := r.waits.holds[c.ID]
	r.waits.mu.Unlock()
	left := b.DayLeft - h.Until.Sub(now)
	if h.Why != HoldWindow && h.Why != HoldStart || h.Until.IsZero() || left <= 0 {
		return 0, nil
	}
	known, ok := r.waits.needs[c.ID]
	if !ok || now.Sub(known.at) >= needKept {
		n, err := r.cfg.Store.Waiting(ctx, c.ID, b.Day)
		if err != nil {
			return 0, err
		}
		known = needed{n, now}
		if r.waits.needs == nil {
			r.waits.needs = map[string]needed{}
		}
		r.waits.needs[c.ID] = known
	}
	return min(known.n, int(c.Limits().PerSecond*left.Seconds())), nil
}

// grant is how many of the calls that a campaign has room for it may begin now.
func (r *Runner) grant(ctx context.Context, c Campaign, now time.Time, room int) int {
	r.waits.mu.Lock()
	pause, resting := r.waits.rests[c.ID]
	r.waits.mu.Unlock()
	switch {
	case room <= 0:
		r.idle(ctx, c.ID, HoldCalls, time.Time{})
		return 0
	case r.waits.none != "":
		r.hold(ctx, c.ID, r.waits.none, "", r.waits.until)
		return 0
	case resting && now.Before(pause.until):
		r.idle(ctx, c.ID, pause.why, pause.until, pause.detail)
		return 0
	}
	n := r.waits.day.take(c.ID, r.waits.share.take(c.ID, room))
	if n == 0 {
		r.hold(ctx, c.ID, HoldShare, "", time.Time{})
	}
	return n // it goes on waiting for what it waits for, until it begins one
}

// goesOn notes that a campaign begins calls.
func (r *Runner) goesOn(ctx context.Context, id string) { r.hold(ctx, id, "", "", time.Time{}) }

// idle notes why a campaign begins no calls, and leaves its part to the others.
func (r *Runner) idle(ctx context.Context, id string, why HoldWhy, until time.Time, detail ...string) {
	r.waits.share.idle(id)
	r.hold(ctx, id, why, strings.Join(detail, ""), until)
}

// hold notes why a campaign begins no calls; "" that it does. Who keeps the audit is told
// when that changes.
func (r *Runner) hold(ctx context.Context, id string, why HoldWhy, detail string, until time.Time) {
	now, w := r.cfg.Now(), &r.waits
	w.mu.Lock()
	if w.holds == nil {
		w.holds, w.told = map[string]Hold{}, map[string]Hold{}
	}
	h, was := w.holds[id]
	if h.Why != why { // what is shown of it is not true any more
		defer r.cfg.Publish(Event{Campaign: id, Kind: "waits", At: now})
	}
	switch {
	case why == "":
		delete(w.holds, id)
		w.mu.Unlock()
		return
	case !was || h.Why != why:
		h = Hold{Campaign: id, Why: why, Since: now}
	}
	h.Detail, h.Until = detail, until
	w.holds[id] = h
	// What changes with each call is not worth a row of the audit, and neither is what was
	// told a moment ago.
	last := w.told[id]
	tell := why != HoldCalls && why != HoldShare && why != HoldNobody && (last.Why != why || now.Sub(last.Since) >= holdTold)
	if tell {
		w.told[id] = h
	}
	w.mu.Unlock()
	if tell && r.cfg.Held != nil {
		r.cfg.Held(ctx, h)
	}
}

// holdTold is how long the same reason is not told again.
const holdTold = time.Hour

// The pause of a campaign after calls that did not go out.
const (
	restFirst = 5 * time.Second
	restMost  = 5 * time.Minute
)

// placed learns from a call whether those of its campaign go out. What concerns one number
// alone says nothing of the others.
func (r *Runner) placed(campaign string, result Result) {
	w := &r.waits
	w.mu.Lock()
	defer w.mu.Unlock()
	why := HoldLimit
	switch {
	case result.Outcome != NotPlaced:
		delete(w.rests, campaign)
		return
	case result.Kind == NotPlacedNumber, result.Kind == NotPlacedPlace, result.Kind == notPlacedSame, result.Kind == NotPlacedCalled,
		result.Kind == NotPlacedUnreached:
		return
	case result.Kind == NotPlacedTrunk:
		why = HoldReach
	case result.Kind == notPlacedAgent:
		why = HoldAgents
	}
	if w.rests == nil {
		w.rests = map[string]rest{}
	}
	now := r.cfg.Now()
	p := w.rests[campaign]
	if now.Before(p.until) { // one of several that were begun together
		return
	}
	p.n, p.why, p.detail = p.n+1, why, result.Error
	p.until = now.Add(min(restFirst<<min(p.n-1, 8), restMost))
	w.rests[campaign] = p
}

// forget drops what is known of campaigns that run no more.
func (r *Runner) forget(running []Campaign) {
	known := make(map[string]bool, len(running))
	for _, c := range running {
		known[c.ID] = true
	}
	r.waits.mu.Lock()
	defer r.waits.mu.Unlock()
	maps.DeleteFunc(r.waits.needs, func(id string, _ needed) bool { return !known[id] })
	maps.DeleteFunc(r.waits.holds, func(id string, _ Hold) bool { return !known[id] })
	maps.DeleteFunc(r.waits.told, func(id string, _ Hold) bool { return !known[id] })
	maps.DeleteFunc(r.waits.rests, func(id string, _ rest) bool { return !known[id] })
}

// mostOf is why most of the contacts that were put off may not be called now.
func mostOf(later []Postponed) (most Refusal) {
	n := map[Refusal]int{}
	for _, p := range later {
		r := p.Verdict.Refusal
		if n[r]++; n[r] > n[most] || n[r] == n[most] && r < most {
			most = r
		}
	}
	return most
}

// firstOf is when the first of contacts that were put off may be called.
func firstOf(later []Postponed) (first time.Time) {
	for _, p := range later {
		earlier(&first, p.Verdict.Next)
	}
	return first
}
