package sip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"
)

// Number is a telephone number as the rules see it.
type Number struct {
	// Text is the normal form: "+8613800138000", or a short number as it is
	// dialled: "110".
	Text    string
	Country string // calling code: "86"; "" for a short number
	Home    bool   // of our own country; short numbers are
	Premium bool   // costs the caller more than a call
}

// NumberPlan brings what was dialled into normal form.
type NumberPlan func(dialled string) Number

// PlainNumber is the plan of a server that was told no country: "+" and "00" begin
// international numbers, everything else is a short one.
func PlainNumber(dialled string) Number {
	var b strings.Builder
	for i, r := range strings.TrimPrefix(strings.TrimSpace(dialled), "tel:") {
		if r >= '0' && r <= '9' || r == '*' || r == '#' || r == '+' && i == 0 {
			b.WriteRune(r)
		}
	}
	text := b.String()
	if rest, ok := strings.CutPrefix(text, "00"); ok && rest != "" {
		text = "+" + rest
	}
	return Number{Text: text, Home: !strings.HasPrefix(text, "+")}
}

// Policy is the guard against toll fraud: which numbers may be called, how often
// and for how much. It asks nothing of calls to registered phones.
type Policy struct {
	// Plan brings numbers into normal form. Default PlainNumber.
	Plan NumberPlan
	// Allow are beginnings of numbers in normal form that may be called: "+86", or
	// "110" for a short number. Default: what the trunks' outbound rules name. The
	// longest of Allow and Deny counts. Numbers of other countries and premium
	// numbers must be named themselves: by a beginning that has the country's code,
	// premium ones by three digits more.
	Allow, Deny []string
	// Limits; 0 means none. Days and minutes are those of the clock in Location.
	MaxCallsPerMinute    int
	MaxCallsPerDay       int
	MaxMinutesPerDay     int
	MaxSpendPerDay       float64 // in the unit of the trunks' costs
	MaxSameNumberPerHour int
	// MaxCall ends a call out that lasts longer. Default 4 h.
	MaxCall time.Duration
	// Hours in which calls out may begin. Default: always.
	Hours    []Hours
	Location *time.Location // default time.Local
	// Ledger keeps the counts. Default: one in memory, which a restart empties.
	Ledger Ledger
	// Refused, which may be nil, is told each refusal. It must not block.
	Refused func(Refusal)
	// RefuseStrangers refuses calls that come from neither a trunk nor a registered
	// phone.
	RefuseStrangers bool
}

// Hours is a part of the day, as times since midnight; To before From goes over
// midnight.
type Hours struct{ From, To time.Duration }

// Refusal is a call out that the policy did not let through.
type Refusal struct {
	Who    string // who wanted it
	Number string // masked
	Rule   string // as PolicyError.Rule
}

// PolicyError tells that a call out is not allowed, and by which rule.
type PolicyError struct {
	Rule   string // one of the Rule constants
	Number string // masked
	Detail string // for people, with the setting that decides
}

// The rules that refuse.
const (
	RuleUnauthenticated = "unauthenticated"
	RuleNoNumber        = "no_number"
	RuleDestination     = "destination_not_allowed"
	RuleHours           = "outside_hours"
	RulePerMinute       = "calls_per_minute"
	RulePerDay          = "calls_per_day"
	RuleMinutes         = "minutes_per_day"
	RuleSpend           = "spend_per_day"
	RuleSameNumber      = "same_number_per_hour"
	RuleLedger          = "ledger"
)

func (e *PolicyError) Error() string {
	if e.Number == "" {
		return "call out refused: " + e.Detail
	}
	return "call to " + e.Number + " refused: " + e.Detail
}

// Code is the rule, for machines.
func (e *PolicyError) Code() string { return e.Rule }

// Status is what a phone that asked for the call is told (REFER, 3xx).
func (e *PolicyError) Status() int {
	if e.Rule == RuleLedger {
		return 503
	}
	return 403
}

// MaskNumber hides the middle of a number for logs: "+86138****8000".
func MaskNumber(number string) string {
	n := len(number)
	switch {
	case n > 10:
		return number[:n-8] + "****" + number[n-4:]
	case n > 6:
		return number[:n-6] + "****" + number[n-2:]
	}
	return number // a short number is nobody's own
}

// tollGuard is a Policy at work.
type tollGuard struct {
	p     Policy
	log   *slog.Logger
	allow prefixes
	named bool // Allow was given
}

func newTollGuard(p Policy, trunkPrefixes []string, log *slog.Logger) (*tollGuard, error) {
	g := &tollGuard{p: p, log: log, named: len(p.Allow) > 0}
	if g.p.Plan == nil {
		g.p.Plan = PlainNumber
	}
	if g.p.Location == nil {
		g.p.Location = time.Local
	}
	if g.p.Ledger == nil {
		g.p.Ledger = NewMemoryLedger()
	}
	g.p.MaxCall = cmp.Or(p.MaxCall, 4*time.Hour)
	allow := p.Allow
	if !g.named {
		allow = trunkPrefixes
	}
	g.allow = make(prefixes)
	for _, list := range []struct {
		what  string
		items []string
		ok    bool
	}{{"allow", allow, true}, {"deny", p.Deny, false}} {
		for _, text := range list.items {
			if strings.Trim(strings.TrimPrefix(text, "+"), "0123456789*#") != "" {
				return nil, fmt.Errorf("outbound %s: %q is no beginning of a number; write +8621 or 110", list.what, text)
			}
			g.allow[text] = list.ok // deny comes last: of two alike it wins
		}
	}
	for _, n := range []int{p.MaxCallsPerMinute, p.MaxCallsPerDay, p.MaxMinutesPerDay, p.MaxSameNumberPerHour} {
		if n < 0 {
			return nil, errors.New("outbound limits cannot be negative")
		}
	}
	if p.MaxSpendPerDay < 0 || math.IsNaN(p.MaxSpendPerDay) || math.IsInf(p.MaxSpendPerDay, 0) {
		return nil, errors.New("outbound spend limit must be a number that is not negative")
	}
	return g, nil
}

// prefixes are beginnings of numbers and whether they are allowed.
type prefixes map[string]bool

// longest is the longest that number begins with.
func (p prefixes) longest(number string) (prefix string, allowed, found bool) {
	for n := len(number); n >= 0; n-- {
		if ok, here := p[number[:n]]; here {
			return number[:n], ok, true
		}
	}
	return "", false, false
}

// check tells whether a number may be called at all, now.
func (g *tollGuard) check(who, dialled string, now time.Time) (Number, error) {
	n := g.p.Plan(dialled)
	refuse := func(rule, detail string) (Number, error) {
		e := &PolicyError{Rule: rule, Number: MaskNumber(n.Text), Detail: detail}
		g.refused(who, e)
		return n, e
	}
	switch {
	case who == "":
		return refuse(RuleUnauthenticated, "nobody who may place calls asked for it")
	case strings.Trim(n.Text, "+") == "":
		return refuse(RuleNoNumber, "it is no telephone number")
	}
	prefix, allowed, found := g.allow.longest(n.Text)
	where := "outbound.allow"
	if !g.named {
		where += " or a trunk's outbound rules"
	}
	code := "+" + n.Country
	switch {
	case found && !allowed:
		return refuse(RuleDestination, fmt.Sprintf("outbound.deny names %q", prefix))
	case !found:
		return refuse(RuleDestination, "no beginning in "+where+" fits it")
	case strings.HasPrefix(n.Text, "+") && !n.Home && (n.Country == "" && len(prefix) < 2 || len(prefix) < len(code)):
		return refuse(RuleDestination, "it is in another country; name its code in "+where)
	case n.Premium && len(prefix) < len(code)+3:
		return refuse(RuleDestination, "it is a premium number; name its beginning, at least three digits after the country's code, in "+where)
	}
	if len(g.p.Hours) > 0 && !g.open(now) {
		return refuse(RuleHours, "calls out begin only in outbound.hours")
	}
	return n, nil
}

func (g *tollGuard) refused(who string, e *PolicyError) {
	g.log.Warn("call_out_refused", "who", who, "number", e.Number, "rule", e.Rule)
	if g.p.Refused != nil {
		g.p.Refused(Refusal{Who: who, Number: e.Number, Rule: e.Rule})
	}
}

func (g *tollGuard) open(now time.Time) bool {
	now = now.In(g.p.Location)
	at := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute + time.Duration(now.Second())*time.Second
	for _, h := range g.p.Hours {
		if h.From <= h.To && at >= h.From && at < h.To || h.From > h.To && (at >= h.From || at < h.To) {
			return true
		}
	}
	return false
}

// spendUnit is how many parts of a unit of cost the ledger counts in.
const spendUnit = 10_000

// begin counts a call that is about to be placed, with its first minute at price.
func (g *tollGuard) begin(ctx context.Context, who string, n Number, price float64, now time.Time) (*account, error) {
	now = now.In(g.p.Location)
	minute := now.Truncate(time.Minute)
	hour := time.Date(now.Year(), now.Month(), now.Day(), now.Hour(), 0, 0, 0, now.Location())
	a := &account{g: g, day: time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())}
	rules := []string{RuleSameNumber, RulePerMinute, RulePerDay, RuleMinutes, RuleSpend}
	charges := []Charge{
		{Account: RuleSameNumber, Subject: n.Text, Since: hour, Until: hour.Add(time.Hour), Amount: 1, Limit: int64(g.p.MaxSameNumberPerHour)},
		{Account: RulePerMinute, Since: minute, Until: minute.Add(time.Minute), Amount: 1, Limit: int64(g.p.MaxCallsPerMinute)},
		{Account: RulePerDay, Since: a.day, Until: a.day.AddDate(0, 0, 1), Amount: 1, Limit: int64(g.p.MaxCallsPerDay)},
		a.minutes(1, int64(g.p.MaxMinutesPerDay)),
		a.spend(price, spendOf(g.p.MaxSpendPerDay)),
	}
	over, err := g.p.Ledger.Charge(ctx, charges)
	if err != nil {
		g.log.Error("ledger", "error", err)
		e := &PolicyError{Rule: RuleLedger, Number: MaskNumber(n.Text), Detail: "calls out cannot be counted, the database does not take them; see hotline doctor"}
		g.refused(who, e)
		return nil, e
	}
	if over >= 0 && over < len(rules) {
		details := map[string]string{
			RuleSameNumber: fmt.Sprintf("it was called %d times in this hour (outbound.max_same_number_per_hour)", g.p.MaxSameNumberPerHour),
			RulePerMinute:  fmt.Sprintf("%d calls went out in this minute (outbound.max_calls_per_minute)", g.p.MaxCallsPerMinute),
			RulePerDay:     fmt.Sprintf("%d calls went out today (outbound.max_calls_per_day)", g.p.MaxCallsPerDay),
			RuleMinutes:    fmt.Sprintf("%d minutes were called today (outbound.max_minutes_per_day)", g.p.MaxMinutesPerDay),
			RuleSpend:      fmt.Sprintf("today's calls would cost more than %v (outbound.max_spend_per_day)", g.p.MaxSpendPerDay),
		}
		e := &PolicyError{Rule: rules[over], Number: MaskNumber(n.Text), Detail: details[rules[over]]}
		g.refused(who, e)
		return nil, e
	}
	a.charged, a.price, a.reserved = 1, price, price
	return a, nil
}

func spendOf(amount float64) int64 { return int64(math.Ceil(amount * spendUnit)) }

// account is what one call out has cost so far.
type account struct {
	g        *tollGuard
	day      time.Time
	trunk    string  // that took the call; "" before
	price    float64 // of a minute
	reserved float64 // counted for the first minute

	mu      sync.Mutex // one count at a time
	charged int64      // minutes counted; guarded by mu
}

func (a *account) minutes(n, limit int64) Charge {
	return Charge{Account: RuleMinutes, Since: a.day, Until: a.day.AddDate(0, 0, 1), Amount: n, Limit: limit}
}

func (a *account) spend(amount float64, limit int64) Charge {
	n := int64(math.Ceil(math.Abs(amount) * spendUnit))
	if amount < 0 {
		n = -n
	}
	return Charge{Account: RuleSpend, Since: a.day, Until: a.day.AddDate(0, 0, 1), Amount: n, Limit: limit}
}

// answered sets the price of the trunk that took the call, and counts its first
// minute for that one too.
func (a *account) answered(ctx context.Context, trunk string, price float64) error {
	a.trunk, a.price = trunk, price
	return a.add(ctx, append(a.used(1), a.spend(price-a.reserved, 0))...)
}

// used are minutes of the trunk that took the call, which has no limits of its own.
func (a *account) used(minutes int64) []Charge {
	m, s := a.minutes(minutes, 0), a.spend(float64(minutes)*a.price, 0)
	m.Account, s.Account = trunkAccount(RuleMinutes, a.trunk), trunkAccount(RuleSpend, a.trunk)
	return []Charge{m, s}
}

// trunkAccount is what of an account one trunk has used.
func trunkAccount(rule, trunk string) string { return rule + "/" + trunk }

// refund gives the first minute of a call back that was not answered; that it was
// tried still counts.
func (a *account) refund(ctx context.Context) error {
	return a.add(ctx, a.minutes(-1, 0), a.spend(-a.reserved, 0))
}

// lasted counts the minutes begun since.
func (a *account) lasted(ctx context.Context, d time.Duration) error {
	begun := max(1, int64((d+time.Minute-1)/time.Minute))
	a.mu.Lock()
	defer a.mu.Unlock()
	more := begun - a.charged
	if more <= 0 {
		return nil
	}
	if err := a.add(ctx, append(a.used(more), a.minutes(more, 0), a.spend(float64(more)*a.price, 0))...); err != nil {
		return err
	}
	a.charged = begun
	return nil
}

// Usage is what calls out have used up today.
type Usage struct {
	Calls, Minutes int64
	Spend          float64
}

// Usage is what calls out by all trunks have used up today, and by each of them (which
// does not count calls); caps are the limits of all together, 0: none.
func (t *Trunks) Usage(ctx context.Context) (all Usage, caps Usage, each map[string]Usage, err error) {
	p := &t.guard().p
	now := time.Now().In(p.Location)
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	sum := func(account string) int64 {
		n, e := p.Ledger.Sum(ctx, account, day)
		err = cmp.Or(err, e)
		return n
	}
	all = Usage{sum(RulePerDay), sum(RuleMinutes), float64(sum(RuleSpend)) / spendUnit}
	caps = Usage{int64(p.MaxCallsPerDay), int64(p.MaxMinutesPerDay), p.MaxSpendPerDay}
	each = make(map[string]Usage, len(t.list()))
	for _, x := range t.list() {
		name := x.cfg().Name
		each[name] = Usage{
			Minutes: sum(trunkAccount(RuleMinutes, name)), Spend: float64(sum(trunkAccount(RuleSpend, name))) / spendUnit,
		}
	}
	return all, caps, each, err
}

func (a *account) add(ctx context.Context, charges ...Charge) error {
	_, err := a.g.p.Ledger.Charge(ctx, charges)
	return err
}
