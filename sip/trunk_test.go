package sip_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// trunksOf runs trunks on a server of their own until the test's end. change fits the
// defaults of a test: trunks that take any national number, and no limits.
func trunksOf(t *testing.T, p sip.Policy, configs ...sip.TrunkConfig) *sip.Trunks {
	t.Helper()
	s, _ := host(t, sip.Config{}, nil, nil)
	return trunksAt(t, s, p, configs...)
}

func trunksAt(t *testing.T, s *sip.Server, p sip.Policy, configs ...sip.TrunkConfig) *sip.Trunks {
	t.Helper()
	trunks, err := sip.NewTrunks(s, configs, p, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- trunks.Run(ctx) }()
	t.Cleanup(func() { // before the server's: cleanups run backwards
		cancel()
		assert.NoError(t, wait(t, done))
	})
	return trunks
}

func static(name string, c *siptest.Carrier) sip.TrunkConfig {
	return sip.TrunkConfig{
		Name: name, Proxies: []string{"sip:" + c.Addr()}, OptionsInterval: 50 * time.Millisecond,
		Outbound: []sip.OutboundRule{{}}, CallerNumber: "4001",
	}
}

func account(name string, carriers ...*siptest.Carrier) sip.TrunkConfig {
	x := sip.TrunkConfig{
		Name: name, Register: true, User: "1001", Auth: sip.Credentials{Password: "secret"}, Domain: "carrier.example",
		Expires: time.Minute, OptionsInterval: 50 * time.Millisecond, Outbound: []sip.OutboundRule{{}},
	}
	for _, c := range carriers {
		x.Proxies = append(x.Proxies, "sip:"+c.Addr())
	}
	return x
}

func state(trunks *sip.Trunks, name string) sip.TrunkState {
	for _, st := range trunks.States() {
		if st.Name == name {
			return st
		}
	}
	return sip.TrunkState{}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, siptest.Patience, 5*time.Millisecond, what)
}

func untilUp(t *testing.T, trunks *sip.Trunks, names ...string) {
	t.Helper()
	for _, name := range names {
		eventually(t, name+" comes up", func() bool { return state(trunks, name).Up })
	}
}

func out(number string) sip.TrunkCall {
	return sip.TrunkCall{Who: "test", To: number, Offer: []byte(siptest.SDP)}
}

func hangup(t *testing.T, l *sip.Leg) {
	t.Helper()
	require.NoError(t, l.Hangup(t.Context()))
}

func TestTrunkRegistersAsTheCarrierAsks(t *testing.T) {
	for name, c := range map[string]siptest.CarrierConfig{
		"open":                     {},
		"MD5":                      {Password: "secret"},
		"SHA-256":                  {Password: "secret", Algorithms: []string{"SHA-256"}},
		"the strongest of several": {Password: "secret", Algorithms: []string{"MD5", "SHA-256"}},
		"stale nonces":             {Password: "secret", StaleNonces: 2},
		"a longer time (423)":      {Password: "secret", MinExpires: 600},
		"a shorter time":           {Granted: 40},
	} {
		t.Run(name, func(t *testing.T) {
			c.User = "1001"
			carrier := siptest.NewCarrier(t, c)
			trunks := trunksOf(t, sip.Policy{}, account("a", carrier))
			untilUp(t, trunks, "a")
			st := state(trunks, "a")
			require.True(t, st.Registered)
			require.Equal(t, "register", st.Kind)
			require.Empty(t, st.LastError)
			want := time.Minute
			switch {
			case c.MinExpires > 0:
				want = 10 * time.Minute
			case c.Granted > 0:
				want = 40 * time.Second
			}
			require.InDelta(t, want.Seconds(), time.Until(st.Until).Seconds(), 5)
			last := carrier.Requests("REGISTER")
			m := last[len(last)-1]
			require.Equal(t, "REGISTER sip:carrier.example SIP/2.0", m.Start)
			require.Contains(t, m.Get("Contact"), ";line=", "what only the registrar is shown")
			if len(c.Algorithms) > 0 {
				require.Contains(t, m.Get("Authorization"), "algorithm=SHA-256")
			}
		})
	}
}

func TestTrunkRefreshesInTimeAndUnregisters(t *testing.T) {
	sideBySide(t)
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{User: "1001", Password: "secret", Granted: 2})
	s, _ := host(t, sip.Config{}, nil, nil)
	trunks, err := sip.NewTrunks(s, []sip.TrunkConfig{account("a", carrier)}, sip.Policy{}, nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- trunks.Run(ctx) }()
	untilUp(t, trunks, "a")
	first := state(trunks, "a").Until
	eventually(t, "it renews", func() bool { return state(trunks, "a").Until.After(first) })
	require.True(t, state(trunks, "a").Up)
	cancel()
	require.NoError(t, wait(t, done))
	rs := carrier.Requests("REGISTER")
	require.Equal(t, "0", rs[len(rs)-1].Get("Expires"))
	require.False(t, state(trunks, "a").Registered)
}

func TestTrunkKeepsOffAfterAWrongPassword(t *testing.T) {
	sideBySide(t)
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{User: "1001", Password: "other"})
	trunks := trunksOf(t, sip.Policy{}, account("a", carrier))
	eventually(t, "the refusal shows", func() bool { return strings.Contains(state(trunks, "a").LastError, "403") })
	require.False(t, state(trunks, "a").Up)
	n := len(carrier.Requests("REGISTER"))
	// 60 T1 are 3 s here; the usual first pause is 0.2 s.
	time.Sleep(time.Second)
	require.Len(t, carrier.Requests("REGISTER"), n)
	_, err := trunks.Dial(t.Context(), out("10086"))
	require.ErrorContains(t, err, "a is not registered")
}

func TestRegistrationGoesToTheNextAddress(t *testing.T) {
	sideBySide(t)
	dead := siptest.NewCarrier(t, siptest.CarrierConfig{Silent: true})
	broken := siptest.NewCarrier(t, siptest.CarrierConfig{Reply: func(*siptest.Message) []siptest.Reply {
		return []siptest.Reply{{Status: 503}}
	}})
	good := siptest.NewCarrier(t, siptest.CarrierConfig{User: "1001", Password: "secret"})
	trunks := trunksOf(t, sip.Policy{}, account("a", dead, broken, good))
	untilUp(t, trunks, "a")
	require.Contains(t, state(trunks, "a").Proxy, good.Addr())
	l, err := trunks.Dial(t.Context(), out("10086"))
	require.NoError(t, err)
	require.Len(t, good.Requests("INVITE"), 1, "calls go where the registration is")
	require.Empty(t, dead.Requests("INVITE"))
	hangup(t, l)

	// The one in use dies: calls and the registration move on.
	broken.Set(func(c *siptest.CarrierConfig) { c.Reply = nil })
	good.Set(func(c *siptest.CarrierConfig) { c.Silent = true })
	eventually(t, "it moves", func() bool {
		st := state(trunks, "a")
		return strings.Contains(st.Proxy, broken.Addr()) && len(broken.Requests("REGISTER")) > 1 && st.Up
	})
}

func TestStaticTrunkIsWatchedWithHysteresis(t *testing.T) {
	sideBySide(t)
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{})
	var mu sync.Mutex
	var told []bool
	s, _ := host(t, sip.Config{}, nil, nil)
	trunks := trunksAt(t, s, sip.Policy{}, static("a", carrier))
	trunks.OnChange(func(st sip.TrunkState) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, st.Up)
	})
	untilUp(t, trunks, "a")
	require.Positive(t, state(trunks, "a").RTT)

	// Any response means that somebody is there; one that is lost means nothing.
	lost := 0
	carrier.Set(func(c *siptest.CarrierConfig) {
		c.Reply = func(*siptest.Message) []siptest.Reply {
			if lost++; lost == 3 {
				return []siptest.Reply{{Status: 503}}
			}
			return []siptest.Reply{{Status: 405}}
		}
	})
	eventually(t, "it asks on", func() bool { return len(carrier.Requests("OPTIONS")) > 8 })
	require.True(t, state(trunks, "a").Up)

	carrier.Set(func(c *siptest.CarrierConfig) { c.Silent, c.Reply = true, nil })
	eventually(t, "it is found to be down", func() bool { return !state(trunks, "a").Up })
	require.Contains(t, state(trunks, "a").LastError, "no response")
	_, err := trunks.Dial(t.Context(), out("10086"))
	var none *sip.TrunkError
	require.ErrorAs(t, err, &none)
	require.ErrorContains(t, err, "a is down")
	require.Equal(t, 503, none.Status())

	carrier.Set(func(c *siptest.CarrierConfig) { c.Silent = false })
	untilUp(t, trunks, "a")
	eventually(t, "it is told", func() bool {
		mu.Lock()
		defer mu.Unlock()
		heard := told
		if heard[0] { // it came up after we began to listen
			heard = heard[1:]
		}
		return slices.Equal(heard, []bool{false, true})
	})
}

func TestCallsGoOverTheTrunkThatFitsBest(t *testing.T) {
	a, b, c := siptest.NewCarrier(t, siptest.CarrierConfig{}), siptest.NewCarrier(t, siptest.CarrierConfig{}), siptest.NewCarrier(t, siptest.CarrierConfig{})
	first, second, abroad := static("first", a), static("second", b), static("abroad", c)
	first.Outbound = []sip.OutboundRule{{Match: "+86", Strip: 3, Add: "0"}, {Match: "+8613", Strip: 3}}
	second.Outbound = []sip.OutboundRule{{Match: "+86"}, {Match: "+86755", Strip: 1}}
	second.Priority = 5
	abroad.Outbound = []sip.OutboundRule{{Match: "+1", Strip: 1, Add: "00"}}
	abroad.CallerStyle, abroad.CallerNumbers = sip.CallerAccount, []string{"+4420*"}
	abroad.User = "acc"
	trunks := trunksOf(t, sip.Policy{}, first, second, abroad)
	untilUp(t, trunks, "first", "second", "abroad")
	for _, x := range []struct {
		to      string
		carrier *siptest.Carrier
		number  string
	}{
		{"+8613800138000", a, "13800138000"},
		{"+862161234567", a, "02161234567"},
		{"+8675561234567", b, "8675561234567"},
		{"0012025550123", c, "0012025550123"},
	} {
		l, err := trunks.Dial(t.Context(), out(x.to))
		require.NoError(t, err)
		invites := x.carrier.Requests("INVITE")
		require.Contains(t, invites[len(invites)-1].Start, "INVITE sip:"+x.number+"@"+x.carrier.Addr(), x.to)
		require.NotEmpty(t, trunks.Of(l))
		hangup(t, l)
	}
	invite := a.Requests("INVITE")[0]
	require.Contains(t, invite.Get("From"), "sip:4001@")
	require.Contains(t, invite.Get("P-Asserted-Identity"), "sip:4001@")

	call := out("+12025550123")
	call.From, call.FromName = "+442079460018", "客服"
	l, err := trunks.Dial(t.Context(), call)
	require.NoError(t, err)
	hangup(t, l)
	invite = c.Requests("INVITE")[1]
	require.Contains(t, invite.Get("From"), `"客服" <sip:acc@`)
	require.Contains(t, invite.Get("P-Asserted-Identity"), "sip:+442079460018@")

	call.From = "110" // nobody shows a number that is not his
	call.Withhold = true
	l, err = trunks.Dial(t.Context(), call)
	require.NoError(t, err)
	hangup(t, l)
	invite = c.Requests("INVITE")[2]
	require.Contains(t, invite.Get("From"), `<sip:anonymous@anonymous.invalid>`)
	require.Contains(t, invite.Get("P-Asserted-Identity"), "sip:4001@")
	require.Contains(t, invite.Get("Privacy"), "id")
	eventually(t, "channels come back", func() bool {
		for _, st := range trunks.States() {
			if st.Channels != 0 {
				return false
			}
		}
		return true
	})
	st := state(trunks, "first")
	require.EqualValues(t, 2, st.Calls)
	require.EqualValues(t, 2, st.Answered)
	require.InDelta(t, 1, st.ASR(), 0)
}

func TestCallsFailOver(t *testing.T) {
	sideBySide(t)
	for name, reply := range map[string]func(m *siptest.Message) []siptest.Reply{
		"500":              func(*siptest.Message) []siptest.Reply { return []siptest.Reply{{Status: 500}} },
		"503 after trying": func(*siptest.Message) []siptest.Reply { return []siptest.Reply{{Status: 100}, {Status: 503}} },
		"wrong password":   func(*siptest.Message) []siptest.Reply { return []siptest.Reply{{Status: 407}} },
		"silence":          func(*siptest.Message) []siptest.Reply { return []siptest.Reply{} },
	} {
		t.Run(name, func(t *testing.T) {
			bad := siptest.NewCarrier(t, siptest.CarrierConfig{Reply: func(m *siptest.Message) []siptest.Reply {
				if m.Method() == "INVITE" {
					if name == "silence" {
						return []siptest.Reply{}
					}
					return reply(m)
				}
				return nil
			}})
			good := siptest.NewCarrier(t, siptest.CarrierConfig{})
			last := static("last", good)
			last.Priority = 1
			trunks := trunksOf(t, sip.Policy{}, static("bad", bad), last)
			untilUp(t, trunks, "bad", "last")
			l, err := trunks.Dial(t.Context(), out("10086"))
			require.NoError(t, err)
			require.Equal(t, "last", trunks.Of(l))
			require.EqualValues(t, 1, state(trunks, "bad").Failed)
			require.Zero(t, state(trunks, "bad").Channels)
			require.Equal(t, 1, state(trunks, "last").Channels)
			hangup(t, l)
		})
	}
}

func TestTheCalledSidesAnswerIsFinal(t *testing.T) {
	for _, status := range []int{404, 486, 603} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			busy := siptest.NewCarrier(t, siptest.CarrierConfig{Reply: func(m *siptest.Message) []siptest.Reply {
				if m.Method() == "INVITE" {
					return []siptest.Reply{{Status: 180}, {Status: status}}
				}
				return nil
			}})
			other := siptest.NewCarrier(t, siptest.CarrierConfig{})
			last := static("last", other)
			last.Priority = 1
			trunks := trunksOf(t, sip.Policy{}, static("busy", busy), last)
			untilUp(t, trunks, "busy", "last")
			_, err := trunks.Dial(t.Context(), out("10086"))
			var st *sip.StatusError
			require.ErrorAs(t, err, &st)
			require.Equal(t, status, st.Code)
			require.Empty(t, other.Requests("INVITE"))
			require.Zero(t, state(trunks, "busy").Channels)
			require.Zero(t, state(trunks, "busy").Failed)
		})
	}
}

// A carrier may send a call on (3xx), to numbers that may be called by it and cost no
// more; whatever else it names is not called.
func TestACarrierSendsACallOn(t *testing.T) {
	for name, to := range map[string]struct {
		contact string // %s is the carrier's address
		follow  string // the number called then, "" for none
	}{
		"to a number":        {"<sip:13900139000@%s>", "13900139000"},
		"in full":            {"<sip:+8613900139000@%s>", "+8613900139000"},
		"abroad":             {"<sip:+12025550123@%s>", ""},
		"by its own prefix":  {"<sip:0012025550123@%s>", ""},
		"a premium number":   {"<sip:4008001234@%s>", ""},
		"a dearer one":       {"<sip:13700137000@%s>", ""},
		"what is denied":     {"<sip:13600136000@%s>", ""},
		"another host":       {"<sip:13900139000@192.0.2.1>", ""},
		"nobody":             {"<sip:%s>", ""},
		"what is no number":  {"<sip:mallory@%s>", ""},
		"another telephone":  {"<tel:+8613900139000>", ""},
		"the second of them": {"<sip:+12025550123@%[1]s>;q=1, <sip:13900139000@%[1]s>;q=0.5", "13900139000"},
	} {
		t.Run(name, func(t *testing.T) {
			var at atomic.Pointer[siptest.Carrier] // it answers before we know it
			carrier := siptest.NewCarrier(t, siptest.CarrierConfig{Reply: func(m *siptest.Message) []siptest.Reply {
				if m.Method() != "INVITE" || !strings.Contains(m.Start, "13800138000") {
					return nil
				}
				contact := to.contact
				if strings.Contains(contact, "%") {
					contact = fmt.Sprintf(contact, at.Load().Addr())
				}
				return []siptest.Reply{{Status: 302, Headers: []string{"Contact: " + contact}}}
			}})
			at.Store(carrier)
			x := static("a", carrier)
			x.Outbound = []sip.OutboundRule{{Match: "+86", Strip: 3}}
			x.Costs = map[string]float64{"+86": 0.1, "+86137": 0.2}
			trunks := trunksOf(t, sip.Policy{Plan: china, Deny: []string{"+86136"}}, x)
			untilUp(t, trunks, "a")
			l, err := trunks.Dial(t.Context(), out("+8613800138000"))
			if to.follow != "" {
				require.NoError(t, err)
				invites := carrier.Requests("INVITE")
				require.Contains(t, invites[len(invites)-1].Start, "INVITE sip:"+to.follow+"@")
				hangup(t, l)
				return
			}
			var st *sip.StatusError
			require.ErrorAs(t, err, &st)
			require.Equal(t, 302, st.Code)
			for _, m := range carrier.Requests("INVITE") {
				require.Contains(t, m.Start, "13800138000")
			}
			require.Zero(t, state(trunks, "a").Channels)
		})
	}
}

func TestATrunkRestsAsLongAsItAsked(t *testing.T) {
	sideBySide(t)
	tired := siptest.NewCarrier(t, siptest.CarrierConfig{Reply: func(m *siptest.Message) []siptest.Reply {
		if m.Method() == "INVITE" {
			return []siptest.Reply{{Status: 503, Headers: []string{"Retry-After: 2"}}}
		}
		return nil
	}})
	good := siptest.NewCarrier(t, siptest.CarrierConfig{})
	last := static("last", good)
	last.Priority = 1
	trunks := trunksOf(t, sip.Policy{}, static("tired", tired), last)
	untilUp(t, trunks, "tired", "last")
	for range 3 {
		l, err := trunks.Dial(t.Context(), out("10086"))
		require.NoError(t, err)
		hangup(t, l)
	}
	require.Len(t, tired.Requests("INVITE"), 1, "it is left alone")
	require.False(t, state(trunks, "tired").Up)
	require.False(t, state(trunks, "tired").Resting.IsZero())
	untilUp(t, trunks, "tired")
}

func TestChannelsAndRateAreNeverExceeded(t *testing.T) {
	var mu sync.Mutex
	var came []time.Time
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{Reply: func(m *siptest.Message) []siptest.Reply {
		if m.Method() == "INVITE" {
			mu.Lock()
			came = append(came, time.Now())
			mu.Unlock()
		}
		return nil
	}})
	x := static("a", carrier)
	x.Channels, x.CallsPerSecond = 4, 20
	trunks := trunksOf(t, sip.Policy{}, x)
	untilUp(t, trunks, "a")
	legs := make(chan *sip.Leg, 12)
	var full sync.WaitGroup
	for range 12 {
		full.Go(func() {
			l, err := trunks.Dial(t.Context(), out("10086"))
			if err == nil {
				legs <- l
				return
			}
			assert.ErrorContains(t, err, "no free channel")
		})
	}
	full.Wait()
	require.Len(t, legs, 4)
	require.Len(t, carrier.Requests("INVITE"), 4)
	require.Equal(t, 4, state(trunks, "a").Channels)
	close(legs)
	for l := range legs {
		hangup(t, l)
	}
	eventually(t, "channels come back", func() bool { return state(trunks, "a").Channels == 0 })
	mu.Lock()
	defer mu.Unlock()
	require.GreaterOrEqual(t, came[3].Sub(came[0]), 140*time.Millisecond, "50 ms apart, as 20 per second are")
}

func TestACallThatIsGivenUpLeavesNothing(t *testing.T) {
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{Reply: func(m *siptest.Message) []siptest.Reply {
		if m.Method() == "INVITE" {
			return []siptest.Reply{{Status: 180}}
		}
		return nil
	}})
	trunks := trunksOf(t, sip.Policy{}, static("a", carrier))
	untilUp(t, trunks, "a")
	ctx, cancel := context.WithCancel(t.Context())
	call := out("10086")
	call.Progress = func(int, []byte) { cancel() }
	_, err := trunks.Dial(ctx, call)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, state(trunks, "a").Channels)
	eventually(t, "CANCEL", func() bool { return len(carrier.Requests("CANCEL")) == 1 })

	call.Progress, call.Timeout = nil, 100*time.Millisecond
	_, err = trunks.Dial(t.Context(), call)
	var st *sip.StatusError
	require.ErrorAs(t, err, &st)
	require.Equal(t, 408, st.Code)
}

func TestInvitesAreAuthenticated(t *testing.T) {
	for _, algorithm := range []string{"MD5", "SHA-256"} {
		t.Run(algorithm, func(t *testing.T) {
			carrier := siptest.NewCarrier(t, siptest.CarrierConfig{User: "1001", Password: "secret", AskInvite: true, StaleNonces: 1, Algorithms: []string{algorithm}})
			trunks := trunksOf(t, sip.Policy{}, account("a", carrier))
			untilUp(t, trunks, "a")
			carrier.Set(func(*siptest.CarrierConfig) {}) // the next nonce is stale again
			l, err := trunks.Dial(t.Context(), out("10086"))
			require.NoError(t, err)
			require.Len(t, carrier.Requests("INVITE"), 3, "asked, stale, taken")
			hangup(t, l)
		})
	}
}

func TestInboundCallsAreMatched(t *testing.T) {
	type arrived struct {
		match sip.TrunkMatch
		err   error
	}
	arrivals := make(chan arrived, 8)
	var trunks *sip.Trunks
	var up sync.WaitGroup
	up.Add(1)
	s, addr := host(t, sip.Config{}, func(ctx context.Context, l *sip.Leg) {
		up.Wait()
		m, err := trunks.Admit(l)
		arrivals <- arrived{m, err}
		var st *sip.StatusError
		if errors.As(err, &st) {
			_ = l.Reject(ctx, st.Code, st.Reason)
			return
		}
		_ = l.Answer(ctx, []byte(siptest.SDP))
		<-l.Context().Done()
	}, nil)
	elsewhere := siptest.NewCarrier(t, siptest.CarrierConfig{Listen: "127.0.0.2:0"})
	registered := account("registered", elsewhere)
	registered.Inbound = map[string]string{"*": "rest", "+8621": "shanghai", "+862161234567": "hotline", "8000": "demo"}
	peer := static("peer", elsewhere)
	peer.Addresses = []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")}
	trunks = trunksAt(t, s, sip.Policy{RefuseStrangers: true, Plan: func(text string) sip.Number {
		if rest, ok := strings.CutPrefix(text, "021"); ok {
			text = "+8621" + rest
		}
		return sip.PlainNumber(text)
	}}, registered, peer)
	up.Done()
	untilUp(t, trunks, "registered", "peer")
	contact := siptest.URI(elsewhere.Requests("REGISTER")[0].Get("Contact"))
	require.Contains(t, contact, ";line=")

	phone := siptest.New(t, addr)
	call := func(target, to string) arrived {
		c := phone.NewCall(to, "sip:13800138000@"+phone.Addr())
		c.Target = target
		c.Request("INVITE", siptest.SDP)
		got := wait(t, arrivals)
		if got.err == nil {
			c.Answered()
			c.Bye()
		} else {
			c.Expect("403 INVITE")
			c.AckRefusal()
		}
		return got
	}
	for to, line := range map[string]string{
		"sip:+862161234567@carrier.example": "hotline", "sip:02161234567@carrier.example": "hotline",
		"sip:00862169999999@carrier.example": "shanghai", "sip:8000@carrier.example": "demo", "sip:10000@carrier.example": "rest",
	} {
		got := call(contact, to)
		require.NoError(t, got.err, to)
		require.Equal(t, "registered", got.match.Trunk)
		require.Equal(t, line, got.match.Line, to)
		require.Equal(t, line == "rest", got.match.Rest, to)
		require.Equal(t, "13800138000", got.match.Caller)
	}
	// Without the token a stranger is a stranger, whatever account he names.
	plain, _, _ := strings.Cut(contact, ";")
	var st *sip.StatusError
	require.ErrorAs(t, call(plain, "sip:1001@carrier.example").err, &st)
	require.Equal(t, 403, st.Code)
	eventually(t, "channels come back", func() bool { return state(trunks, "registered").Channels == 0 })
	require.EqualValues(t, 5, state(trunks, "registered").Inbound)
}

func TestInboundCallsTakeChannels(t *testing.T) {
	refused := make(chan error, 4)
	var trunks *sip.Trunks
	ready := make(chan struct{})
	s, addr := host(t, sip.Config{}, func(ctx context.Context, l *sip.Leg) {
		<-ready
		if _, err := trunks.Admit(l); err != nil {
			refused <- err
			_ = l.Reject(ctx, 503, "")
			return
		}
		_ = l.Answer(ctx, []byte(siptest.SDP))
		<-l.Context().Done()
	}, nil)
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{})
	x := static("a", carrier)
	x.Channels, x.Addresses = 1, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	trunks = trunksAt(t, s, sip.Policy{}, x)
	close(ready)
	untilUp(t, trunks, "a")
	phone := siptest.New(t, addr)
	first := phone.Invite("8000", siptest.SDP)
	first.Answered()
	require.Equal(t, 1, state(trunks, "a").Channels)
	second := phone.Invite("8000", siptest.SDP)
	second.Expect("503 INVITE")
	second.AckRefusal()
	require.ErrorContains(t, wait(t, refused), "channels")
	_, err := trunks.Dial(t.Context(), out("10086"))
	require.ErrorContains(t, err, "no free channel")
	first.Bye()
	eventually(t, "the channel comes back", func() bool { return state(trunks, "a").Channels == 0 })
	l, err := trunks.Dial(t.Context(), out("10086"))
	require.NoError(t, err)
	hangup(t, l)
}

func TestTrunkSettingsAreChecked(t *testing.T) {
	s, err := sip.New(sip.Config{}, nil, nil, nil)
	require.NoError(t, err)
	for want, x := range map[string]sip.TrunkConfig{
		"no name":       {},
		"no proxy":      {Name: "a"},
		"proxy \"a b\"": {Name: "a", Proxies: []string{"a b"}},
		"no user":       {Name: "a", Proxies: []string{"h"}, Register: true},
		"caller style":  {Name: "a", Proxies: []string{"h"}, CallerStyle: "x"},
		"strip 9":       {Name: "a", Proxies: []string{"h"}, Outbound: []sip.OutboundRule{{Match: "+86", Strip: 9}}},
		"add \"x\"":     {Name: "a", Proxies: []string{"h"}, Outbound: []sip.OutboundRule{{Add: "x"}}},
		"negative":      {Name: "a", Proxies: []string{"h"}, Channels: -1},
		"plain words":   {Name: "a", Proxies: []string{"h"}, User: "a;b"},
	} {
		_, err := sip.NewTrunks(s, []sip.TrunkConfig{x}, sip.Policy{}, nil)
		require.ErrorContains(t, err, want)
	}
	one := sip.TrunkConfig{Name: "a", Proxies: []string{"h"}}
	_, err = sip.NewTrunks(s, []sip.TrunkConfig{one, one}, sip.Policy{}, nil)
	require.ErrorContains(t, err, "taken")
}
