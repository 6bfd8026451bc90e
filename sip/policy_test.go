package sip_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// china is a small plan: numbers with a code, national ones with a 0, premium 400.
func china(text string) sip.Number {
	n := sip.PlainNumber(text)
	if rest, ok := strings.CutPrefix(n.Text, "0"); ok {
		n.Text = "+86" + rest
	}
	for _, code := range []string{"86", "1", "44"} {
		if strings.HasPrefix(n.Text, "+"+code) {
			n.Country = code
		}
	}
	n.Home = n.Country == "86" || !strings.HasPrefix(n.Text, "+")
	n.Premium = strings.HasPrefix(n.Text, "+86400") || strings.HasPrefix(n.Text, "+1900")
	return n
}

func policed(t *testing.T, p sip.Policy, matches ...string) *sip.Trunks {
	t.Helper()
	s, err := sip.New(sip.Config{}, nil, nil, nil)
	require.NoError(t, err)
	x := sip.TrunkConfig{Name: "a", Proxies: []string{"192.0.2.1"}}
	for _, m := range matches {
		x.Outbound = append(x.Outbound, sip.OutboundRule{Match: m})
	}
	if p.Plan == nil {
		p.Plan = china
	}
	trunks, err := sip.NewTrunks(s, []sip.TrunkConfig{x}, p, nil)
	require.NoError(t, err)
	return trunks
}

// permitted asks the rules alone: the trunks of these tests are not there.
func permitted(trunks *sip.Trunks, who, number string) error {
	err := trunks.Permits(who, number, "")
	var down *sip.TrunkError
	if errors.As(err, &down) {
		return nil
	}
	return err
}

func rule(err error) string {
	var e *sip.PolicyError
	if errors.As(err, &e) {
		return e.Rule
	}
	return ""
}

func TestWhichNumbersMayBeCalled(t *testing.T) {
	for _, c := range []struct {
		name    string
		policy  sip.Policy
		matches []string
		number  string
		rule    string
	}{
		{"what trunks name", sip.Policy{}, []string{"+86"}, "+8613800138000", ""},
		{"national form", sip.Policy{}, []string{"+86"}, "02161234567", ""},
		{"a rule for all covers our country", sip.Policy{}, []string{""}, "+8613800138000", ""},
		{"but no other", sip.Policy{}, []string{""}, "+12025550123", sip.RuleDestination},
		{"nor does a plus", sip.Policy{}, []string{"+"}, "+4420", sip.RuleDestination},
		{"nor an unknown country", sip.Policy{}, []string{""}, "+99912345", sip.RuleDestination},
		{"a named country", sip.Policy{}, []string{"+1"}, "0012025550123", ""},
		{"premium of a named country", sip.Policy{}, []string{"+1"}, "+19005551234", sip.RuleDestination},
		{"premium of ours", sip.Policy{}, []string{"+86"}, "+864008123123", sip.RuleDestination},
		{"named premium", sip.Policy{}, []string{"+86400"}, "+864008123123", ""},
		{"nobody named it", sip.Policy{}, []string{"+8621"}, "+8613800138000", sip.RuleDestination},
		{"no trunk", sip.Policy{}, nil, "+8613800138000", sip.RuleDestination},
		{"short numbers by a rule for all", sip.Policy{}, []string{""}, "10086", ""},
		{"short numbers need naming else", sip.Policy{}, []string{"+86"}, "110", sip.RuleDestination},
		{"allow goes before trunks", sip.Policy{Allow: []string{"+8621"}}, []string{""}, "+8613800138000", sip.RuleDestination},
		{"allow", sip.Policy{Allow: []string{"+8621"}}, []string{""}, "+862161234567", ""},
		{"the longest counts: deny", sip.Policy{Allow: []string{"+86"}, Deny: []string{"+86139"}}, []string{""}, "+8613900139000", sip.RuleDestination},
		{"the longest counts: allow", sip.Policy{Allow: []string{"+86", "+861390"}, Deny: []string{"+86139"}}, []string{""}, "+8613900139000", ""},
		{"of two alike deny", sip.Policy{Allow: []string{"+86"}, Deny: []string{"+86"}}, []string{""}, "+8613900139000", sip.RuleDestination},
		{"no number", sip.Policy{}, []string{""}, "alice", sip.RuleNoNumber},
		{"a URI is no number of ours", sip.Policy{}, []string{"+86"}, "sip:1@evil.example", sip.RuleDestination},
	} {
		t.Run(c.name, func(t *testing.T) {
			var refused []sip.Refusal
			c.policy.Refused = func(r sip.Refusal) { refused = append(refused, r) }
			trunks := policed(t, c.policy, c.matches...)
			err := permitted(trunks, "agent:1", c.number)
			require.Equal(t, c.rule, rule(err))
			if c.rule == "" {
				require.NoError(t, err)
				require.Empty(t, refused)
				return
			}
			require.Len(t, refused, 1)
			require.Equal(t, "agent:1", refused[0].Who)
			require.NotContains(t, err.Error(), "13900139000", "masked")
			_, err = trunks.Dial(t.Context(), sip.TrunkCall{Who: "agent:1", To: c.number, Offer: []byte(siptest.SDP)})
			require.Equal(t, c.rule, rule(err), "Dial asks the same")
		})
	}
	trunks := policed(t, sip.Policy{}, "")
	require.Equal(t, sip.RuleUnauthenticated, rule(permitted(trunks, "", "10086")))
}

func TestHoursOfCallsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins at midnight UTC
		trunks := policed(t, sip.Policy{Location: time.UTC, Hours: []sip.Hours{{From: 8 * time.Hour, To: 20 * time.Hour}, {From: 23 * time.Hour, To: time.Hour}}}, "")
		for _, c := range []struct {
			at   time.Duration
			open bool
		}{{0, true}, {time.Hour, false}, {8 * time.Hour, true}, {20*time.Hour - time.Second, true}, {20 * time.Hour, false}, {23 * time.Hour, true}} {
			begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
			time.Sleep(time.Until(begin.Add(c.at)))
			err := permitted(trunks, "x", "10086")
			if c.open {
				require.NoError(t, err, c.at)
			} else {
				require.Equal(t, sip.RuleHours, rule(err), c.at)
			}
		}
	})
}

// dialAll lets many call at once, and counts those that the policy let through. All
// of them fail then: nobody listens where the trunk points.
func dialAll(t *testing.T, trunks *sip.Trunks, n int, number func() string) int64 {
	t.Helper()
	var through atomic.Int64
	var wg sync.WaitGroup
	for range n {
		to := number()
		wg.Go(func() {
			_, err := trunks.Dial(t.Context(), sip.TrunkCall{Who: "x", To: to, Offer: []byte(siptest.SDP)})
			if rule(err) == "" {
				through.Add(1)
			}
		})
	}
	wg.Wait()
	return through.Load()
}

func TestCapsHoldWhoeverCalls(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := sip.Policy{
			Location: time.UTC, MaxCallsPerMinute: r.IntN(20), MaxCallsPerDay: r.IntN(30), MaxSameNumberPerHour: r.IntN(6),
		}
		synctest.Test(t, func(t *testing.T) {
			trunks := policed(t, p, "")
			var day int64
			for minute := range 3 {
				numbers := map[string]int{}
				let := dialAll(t, trunks, 40, func() string {
					n := []string{"10086", "10010", "95588"}[r.IntN(3)]
					numbers[n]++
					return n
				})
				day += let
				if p.MaxCallsPerMinute > 0 {
					require.LessOrEqual(t, let, int64(p.MaxCallsPerMinute), "minute %d of %+v", minute, p)
				}
				if p.MaxCallsPerDay > 0 {
					require.LessOrEqual(t, day, int64(p.MaxCallsPerDay))
				}
				if p.MaxSameNumberPerHour > 0 {
					require.LessOrEqual(t, day, int64(3*p.MaxSameNumberPerHour))
				}
				if p.MaxCallsPerMinute+p.MaxCallsPerDay+p.MaxSameNumberPerHour == 0 {
					require.EqualValues(t, 40, let)
				}
				time.Sleep(time.Minute)
			}
			// A new day begins with nothing used up.
			time.Sleep(24 * time.Hour)
			let := dialAll(t, trunks, 1, func() string { return "10086" })
			require.EqualValues(t, 1, let)
		})
	}
}

func TestMinutesAndSpendAreCountedAsCallsLast(t *testing.T) {
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{})
	ledger := &countingLedger{Ledger: sip.NewMemoryLedger(), sums: map[string]int64{}}
	x := static("a", carrier)
	x.Costs = map[string]float64{"": 0.1, "100": 0.5}
	idle := static("b", siptest.NewCarrier(t, siptest.CarrierConfig{}))
	idle.Priority = 1
	trunks := trunksOf(t, sip.Policy{Ledger: ledger, MaxSpendPerDay: 1.2, MaxMinutesPerDay: 10}, x, idle)
	untilUp(t, trunks, "a")
	one, err := trunks.Dial(t.Context(), out("10086"))
	require.NoError(t, err)
	two, err := trunks.Dial(t.Context(), out("10010"))
	require.NoError(t, err)
	_, err = trunks.Dial(t.Context(), out("10010"))
	require.Equal(t, sip.RuleSpend, rule(err), "a third minute at 0.5 would be more than 1.2")
	cheap, err := trunks.Dial(t.Context(), out("95588"))
	require.NoError(t, err, "0.1 still fits")
	for _, l := range []*sip.Leg{one, two, cheap} {
		hangup(t, l)
	}
	require.EqualValues(t, 3, ledger.sum(sip.RuleMinutes), "started minutes")
	require.EqualValues(t, 11_000, ledger.sum(sip.RuleSpend))

	// A call that is not answered costs nothing.
	carrier.Set(func(c *siptest.CarrierConfig) {
		c.Reply = func(m *siptest.Message) []siptest.Reply {
			if m.Method() == "INVITE" {
				return []siptest.Reply{{Status: 486}}
			}
			return nil
		}
	})
	_, err = trunks.Dial(t.Context(), out("95588"))
	require.ErrorContains(t, err, "486")
	require.EqualValues(t, 3, ledger.sum(sip.RuleMinutes))
	require.EqualValues(t, 11_000, ledger.sum(sip.RuleSpend))

	all, caps, each, err := trunks.Usage(t.Context())
	require.NoError(t, err)
	require.Equal(t, sip.Usage{Calls: 4, Minutes: 3, Spend: 1.1}, all)
	require.Equal(t, sip.Usage{Minutes: 10, Spend: 1.2}, caps)
	require.Equal(t, map[string]sip.Usage{"a": {Minutes: 3, Spend: 1.1}, "b": {}}, each)
}

type countingLedger struct {
	sip.Ledger
	mu   sync.Mutex
	sums map[string]int64
	err  error
}

func (c *countingLedger) Charge(ctx context.Context, charges []sip.Charge) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	over, err := c.Ledger.Charge(ctx, charges)
	if over < 0 {
		for _, x := range charges {
			c.sums[x.Account] += x.Amount
		}
	}
	return over, err
}

func (c *countingLedger) sum(account string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sums[account]
}

func TestWithoutALedgerNobodyCallsOut(t *testing.T) {
	trunks := policed(t, sip.Policy{Ledger: &countingLedger{err: errors.New("disk full")}}, "")
	_, err := trunks.Dial(t.Context(), sip.TrunkCall{Who: "x", To: "10086", Offer: []byte(siptest.SDP)})
	require.Equal(t, sip.RuleLedger, rule(err))
	require.ErrorContains(t, err, "hotline doctor")
}

func TestACallThatLastsTooLongIsEnded(t *testing.T) {
	sideBySide(t)
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{})
	trunks := trunksOf(t, sip.Policy{MaxCall: 300 * time.Millisecond}, static("a", carrier))
	untilUp(t, trunks, "a")
	l, err := trunks.Dial(t.Context(), out("10086"))
	require.NoError(t, err)
	wait(t, l.Context().Done())
	eventually(t, "BYE", func() bool { return len(carrier.Requests("BYE")) == 1 })
	require.Contains(t, carrier.Requests("BYE")[0].Get("Reason"), "longest time")
}

func TestPolicySettingsAreChecked(t *testing.T) {
	s, err := sip.New(sip.Config{}, nil, nil, nil)
	require.NoError(t, err)
	for want, p := range map[string]sip.Policy{
		`allow: "x"`: {Allow: []string{"x"}}, `deny: "1+"`: {Deny: []string{"1+"}}, "negative": {MaxCallsPerDay: -1}, "spend": {MaxSpendPerDay: -1},
	} {
		_, err := sip.NewTrunks(s, nil, p, nil)
		require.ErrorContains(t, err, want)
	}
}

func TestStrangersNeverCauseACallOut(t *testing.T) {
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{})
	c := newCalls(t)
	s, addr := host(t, sip.Config{}, c.handle, nil)
	trunks := trunksAt(t, s, sip.Policy{}, static("a", carrier))
	untilUp(t, trunks, "a")
	phone := siptest.New(t, addr)
	for _, target := range []string{"sip:0012025550123@" + addr, "sip:+8613800138000@" + carrier.Addr(), "tel:+12025550123"} {
		call := phone.NewCall(target, "sip:1001@"+carrier.Addr())
		call.Request("INVITE", siptest.SDP, "Route: <sip:"+carrier.Addr()+";lr>")
		call.Answered()
		call.Bye()
	}
	require.Empty(t, carrier.Requests("INVITE"))
	require.Zero(t, state(trunks, "a").Calls)
}

func FuzzPolicy(f *testing.F) {
	s, err := sip.New(sip.Config{}, nil, nil, nil)
	require.NoError(f, err)
	x := sip.TrunkConfig{Name: "a", Proxies: []string{"192.0.2.1"}, Outbound: []sip.OutboundRule{{}}}
	trunks, err := sip.NewTrunks(s, []sip.TrunkConfig{x}, sip.Policy{Plan: china, Allow: []string{"+86", "110"}, Deny: []string{"+8610"}}, nil)
	require.NoError(f, err)
	for _, n := range []string{"+8613800138000", "00861012345", "sip:110@x", "tel:+1", "110;x", "", "++86"} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, number string) {
		if permitted(trunks, "x", number) == nil {
			n := china(number).Text
			require.True(t, strings.HasPrefix(n, "+86") || strings.HasPrefix(n, "110"), n)
			require.False(t, strings.HasPrefix(n, "+8610"), n)
			require.Empty(t, strings.Trim(n, "+0123456789*#"))
		}
	})
}
