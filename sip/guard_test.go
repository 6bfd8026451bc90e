package sip

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// lab is a server without sockets, for messages from any address.
type lab struct {
	*Server
	t *testing.T
	n int

	mu   sync.Mutex
	told []AuditEvent
}

func newLab(t *testing.T, cfg Config, h Handler, reg *Registrar) *lab {
	t.Helper()
	b := &lab{t: t}
	cfg.Audit = func(e AuditEvent) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told = append(b.told, e)
	}
	if h == nil {
		h = func(ctx context.Context, l *Leg) {
			if l.Answer(ctx, []byte("v=0\r\n")) == nil {
				<-l.Context().Done()
			}
		}
	}
	s, err := New(cfg, h, reg, nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	s.running, s.base, b.Server = true, ctx, s
	var running sync.WaitGroup
	done := make(chan struct{})
	running.Go(func() { s.sentry.run(done) })
	t.Cleanup(func() {
		cancel()
		close(done)
		running.Wait()
		for _, l := range s.allLegs() {
			l.finish(ErrServerClosed)
			s.dropLeg(l)
		}
		s.work.Wait()
		s.tx.close()
	})
	return b
}

// from sends a message and gives what is answered.
func (b *lab) from(addr, text string) []string {
	b.t.Helper()
	w := &wire{}
	_ = b.received([]byte(text), flow{w, netip.MustParseAddrPort(addr)})
	synctest.Wait()
	return w.statuses()
}

// ask is a request of its own outside any call.
func (b *lab) ask(method, user string, extra ...string) string {
	b.n++
	return fmt.Sprintf("%s sip:%s@h SIP/2.0\r\nVia: SIP/2.0/UDP x;rport;branch=z9hG4bK%d\r\nFrom: <sip:%s@h>;tag=1\r\nTo: <sip:%s@h>\r\nCall-ID: %d\r\nCSeq: 1 %s\r\nContact: <sip:%s@198.51.100.9>\r\n%s\r\n",
		method, user, b.n, user, user, b.n, method, user, strings.Join(append(extra, ""), "\r\n"))
}

func (b *lab) events() []AuditEvent {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.told)
}

func (b *lab) kinds() (out []string) {
	for _, e := range b.events() {
		out = append(out, e.Kind)
	}
	return out
}

// talk is a call that is answered and acknowledged.
func (b *lab) talk(addr string) (bye string) {
	b.t.Helper()
	text := b.ask("INVITE", "8000")
	w := &wire{}
	_ = b.received([]byte(text), flow{w, netip.MustParseAddrPort(addr)})
	synctest.Wait()
	all := w.all()
	require.NotEmpty(b.t, all)
	tag := siptest.Tag(siptest.Parse([]byte(all[len(all)-1])).Get("To"))
	in := func(method string, seq int) string {
		m := strings.ReplaceAll(text, "INVITE", method)
		m = strings.Replace(m, "To: <sip:8000@h>", "To: <sip:8000@h>;tag="+tag, 1)
		m = strings.Replace(m, "CSeq: 1", fmt.Sprintf("CSeq: %d", seq), 1)
		return strings.Replace(m, "branch=z9hG4bK", "branch=z9hG4bK"+method, 1)
	}
	require.Empty(b.t, b.from(addr, in("ACK", 1)))
	return in("BYE", 2)
}

const agentHeader = "User-Agent: "

func TestScannerIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{}, nil, nil)
		const source = "192.0.2.1:5060"
		require.Equal(t, []string{"200"}, b.from(source, b.ask("OPTIONS", "100")))
		require.Empty(t, b.from(source, b.ask("OPTIONS", "100", agentHeader+"Friendly-Scanner")))
		require.Empty(t, b.from(source, b.ask("OPTIONS", "100")), "and nothing more is read from there")
		require.Equal(t, []string{"200"}, b.from("192.0.2.2:5060", b.ask("OPTIONS", "100")), "others are heard")
		require.Equal(t, 1, b.Stats().Blocked)
		require.EqualValues(t, 2, b.Stats().Dropped)
		time.Sleep(62 * time.Second)
		require.Equal(t, []string{"200"}, b.from(source, b.ask("OPTIONS", "100")))
		require.Zero(t, b.Stats().Blocked)
		require.Equal(t, []string{AuditScanner, AuditBlocked, AuditUnblocked}, b.kinds())
		require.Equal(t, "192.0.2.1/32", b.events()[0].Source.String())
		require.Contains(t, b.events()[2].Detail, "1 messages were not read")

		for _, agent := range DefaultScanners() {
			require.Empty(t, b.from(source, b.ask("INVITE", "900", agentHeader+agent+" 1.0")))
		}
		time.Sleep(90 * time.Second)
		require.Empty(t, b.from(source, b.ask("OPTIONS", "100")), "the second block is longer")
	})
}

// Who has shown that he is at his address is not locked out by what others send in
// his name.
func TestForgedScannerHarmsNoPartner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := NewRegistrar(RegistrarConfig{}, users{"ann": "secret"}, nil)
		b := newLab(t, Config{Guard: GuardConfig{Trusted: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}}, nil, reg)
		_ = b.talk("192.0.2.1:5060")
		b.login(t, "192.0.2.2:5060", "ann", "secret", "200")
		for _, partner := range []string{"192.0.2.1:5060", "192.0.2.2:5060", "203.0.113.7:5060", "127.0.0.1:5060"} {
			for range 3 {
				require.Empty(t, b.from(partner, b.ask("INVITE", "100", agentHeader+"sipvicious")))
			}
			require.Equal(t, []string{"200"}, b.from(partner, b.ask("OPTIONS", "100")), partner)
		}
		require.Zero(t, b.Stats().Blocked)
		time.Sleep(25 * time.Hour)
		require.Empty(t, b.from("192.0.2.1:5060", b.ask("INVITE", "100", agentHeader+"sipvicious")))
		require.Empty(t, b.from("192.0.2.1:5060", b.ask("OPTIONS", "100")), "a day later that is forgotten")
	})
}

func TestRatesOfASource(t *testing.T) {
	for method, burst := range map[string]int{"INVITE": 20, "REGISTER": 30, "OPTIONS": 10, "MESSAGE": 15} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newLab(t, Config{Guard: GuardConfig{
					Invites: Rate{1, 20}, Registers: Rate{1, 30}, Options: Rate{1, 10}, Others: Rate{1, 15},
				}}, func(ctx context.Context, l *Leg) { _ = l.Reject(ctx, 486, "") }, NewRegistrar(RegistrarConfig{}, nobody{}, nil))
				flood := func(source string, n int) (answered, refused int) {
					for range n {
						last := ""
						for _, s := range b.from(source, b.ask(method, "100")) {
							last = s
						}
						switch last {
						case "":
						case "503":
							refused++
						default:
							answered++
						}
					}
					return answered, refused
				}
				answered, refused := flood("192.0.2.1:5060", burst+25)
				require.Equal(t, burst, answered)
				require.Equal(t, 20, refused, "the first are told, the rest is dropped")
				require.Zero(t, b.Stats().Blocked)
				answered, _ = flood("192.0.2.2:5060", 5)
				require.Equal(t, 5, answered, "others are served")
				time.Sleep(5 * time.Second)
				answered, _ = flood("192.0.2.1:5060", 7)
				require.Equal(t, 5, answered)
				_, _ = flood("192.0.2.1:5060", 5*burst)
				require.Equal(t, 1, b.Stats().Blocked, "who does not stop is no longer read")
				require.Contains(t, b.kinds(), AuditFlood)
				require.Contains(t, b.kinds(), AuditBlocked)
				answered, _ = flood("127.0.0.1:5060", 10*burst)
				require.Equal(t, 10*burst, answered, "a known source may do more")
				require.Less(t, len(b.kinds()), 8, "a flood is no flood of events")
			})
		})
	}
}

// A request that was answered is answered again, whatever the rate: it was the
// response that got lost.
func TestRetransmissionPassesTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{Guard: GuardConfig{Options: Rate{0.001, 1}}}, nil, nil)
		text, w := b.ask("OPTIONS", "1"), &wire{}
		for range 5 {
			_ = b.received([]byte(text), flow{w, netip.MustParseAddrPort("192.0.2.1:5060")})
		}
		require.Equal(t, []string{"200", "200", "200", "200", "200"}, w.statuses())
		require.Equal(t, []string{"503"}, b.from("192.0.2.1:5060", b.ask("OPTIONS", "1")))
	})
}

// Over-limit requests get one and the same To tag, as RFC 3261 section 8.2.7 wants.
func TestStatelessRefusalIsStable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{RetryAfter: 7 * time.Second, Guard: GuardConfig{Invites: Rate{0.001, 1}}}, nil, nil)
		b.from("192.0.2.1:5060", b.ask("INVITE", "1"))
		text := b.ask("INVITE", "1")
		w := &wire{}
		for range 2 {
			_ = b.received([]byte(text), flow{w, netip.MustParseAddrPort("192.0.2.1:5060")})
		}
		all := w.all()
		require.Len(t, all, 2)
		require.Equal(t, all[0], all[1])
		m := siptest.Parse([]byte(all[0]))
		require.Equal(t, 503, m.Status())
		require.Equal(t, "7", m.Get("Retry-After"))
		require.NotEmpty(t, siptest.Tag(m.Get("To")))
		require.Len(t, b.allLegs(), 1)
	})
}

// Whatever a source floods us with, its call in progress goes on.
func TestFloodOfTheSameSourceHarmsNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{Guard: GuardConfig{Invites: Rate{1, 5}, Malformed: Rate{1, 5}}}, nil, nil)
		const source = "192.0.2.1:5060"
		bye := b.talk(source)
		for range 1000 {
			b.from(source, b.ask("INVITE", "8000"))
			b.from(source, "garbage\r\n\r\n")
		}
		require.Equal(t, []string{"200"}, b.from(source, bye))
		require.Zero(t, b.Stats().Blocked)
	})
}

func TestGarbageBlocksASource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{}, nil, nil)
		bad := strings.Replace(b.ask("OPTIONS", "1"), "CSeq: 1", "CSeq: x", 1)
		answers := 0
		for range 1000 {
			answers += len(b.from("192.0.2.1:5060", bad))
		}
		require.Equal(t, 50, answers)
		require.Equal(t, 1, b.Stats().Blocked)
		require.Equal(t, []string{AuditMalformed, AuditBlocked}, b.kinds())
		require.Equal(t, []string{"400"}, b.from("192.0.2.2:5060", bad))
	})
}

// users answers a registrar's look-ups.
type users map[string]string

func (u users) Password(user string) (string, bool) {
	p, ok := u[user]
	return p, ok
}

// login registers as a phone does; challenged tells from which address the nonce was
// fetched.
func (b *lab) login(t *testing.T, source, user, password, want string) {
	t.Helper()
	b.loginWith(t, source, b.nonce(t, source, user), user, password, want)
}

func (b *lab) nonce(t *testing.T, source, user string) string {
	t.Helper()
	w := &wire{}
	_ = b.received([]byte(b.ask("REGISTER", user)), flow{w, netip.MustParseAddrPort(source)})
	all := w.all()
	require.Len(t, all, 1)
	return siptest.Parse([]byte(all[0])).Get("WWW-Authenticate")
}

func (b *lab) loginWith(t *testing.T, source, challenge, user, password, want string) {
	t.Helper()
	got := b.from(source, b.ask("REGISTER", user, "Authorization: "+siptest.Digest(challenge, "REGISTER", "sip:h", user, password, "00000001")))
	if want == "" {
		require.Empty(t, got)
		return
	}
	require.Equal(t, []string{want}, got)
}

func TestWrongPasswordsBlockASource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{}, nil, NewRegistrar(RegistrarConfig{}, users{"13800001111": "secret"}, nil))
		const source = "192.0.2.1:5060"
		for range 10 {
			b.login(t, source, "13800001111", "guess", "403")
		}
		require.Equal(t, 1, b.Stats().Blocked)
		require.Empty(t, b.from(source, b.ask("REGISTER", "13800001111")))
		b.login(t, "192.0.2.2:5060", "13800001111", "secret", "200")
		require.Equal(t, []string{AuditLoginFailed, AuditBlocked}, b.kinds())
		require.Equal(t, "13*******11", b.events()[0].User)
		time.Sleep(62 * time.Second)
		b.login(t, source, "13800001111", "secret", "200")
		counted := 0
		for _, e := range b.events() {
			if e.Kind == AuditLoginFailed {
				counted += e.Count
			}
		}
		require.Equal(t, 10, counted, "those counted together are told too")
	})
}

// Wrong passwords in the name of another address blame nobody: their nonces were not
// given to it.
func TestForgedWrongPasswordsBlameNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{}, nil, NewRegistrar(RegistrarConfig{}, users{"ann": "secret"}, nil))
		for range 30 {
			challenge := b.nonce(t, "192.0.2.66:5060", "ann")
			b.loginWith(t, "192.0.2.1:5060", challenge, "ann", "guess", "401")
			time.Sleep(time.Second)
		}
		require.Empty(t, b.kinds())
		b.login(t, "192.0.2.1:5060", "ann", "secret", "200")
	})
}

// Behind one address translation a phone with a wrong password does not keep the
// others out.
func TestOnePhonesWrongPasswordHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{}, nil, NewRegistrar(RegistrarConfig{}, users{"ann": "secret", "bob": "secret"}, nil))
		const office = "192.0.2.1:5060"
		b.login(t, office, "ann", "secret", "200")
		for range 20 {
			b.login(t, office, "bob", "wrong", "403")
		}
		b.login(t, office, "bob", "secret", "403") // his wrong passwords have used it up
		require.Zero(t, b.Stats().Blocked)
		b.login(t, office, "ann", "secret", "200")
		time.Sleep(6 * time.Second)
		b.login(t, office, "bob", "secret", "200")
	})
}

func TestCallsToNobodyBlockASource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{}, func(ctx context.Context, l *Leg) { _ = l.Reject(ctx, 404, "") }, nil)
		refused := 0
		for i := range 60 {
			for _, s := range b.from("192.0.2.1:5060", b.ask("INVITE", fmt.Sprintf("00%d", i))) {
				if s == "404" {
					refused++
				}
			}
		}
		require.Equal(t, 31, refused)
		require.Equal(t, []string{AuditUnknownUser, AuditBlocked}, b.kinds())
	})
}

func TestAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := true
		b := newLab(t, Config{Admit: func(context.Context) (time.Duration, bool) { return 3500 * time.Millisecond, !full }}, nil, nil)
		for _, method := range []string{"INVITE", "OPTIONS"} {
			w := &wire{}
			_ = b.received([]byte(b.ask(method, "1")), flow{w, farEnd})
			m := siptest.Parse([]byte(w.all()[0]))
			require.Equal(t, 503, m.Status())
			require.Equal(t, "4", m.Get("Retry-After"))
		}
		require.Zero(t, b.Stats().Legs)
		full = false
		bye := b.talk("192.0.2.1:5060")
		full = true
		require.Equal(t, []string{"200"}, b.from("192.0.2.1:5060", bye))
		full = false
		b.SetDraining(true)
		require.Equal(t, []string{"503"}, b.from("192.0.2.1:5060", b.ask("INVITE", "1")))
		require.Equal(t, []string{"503"}, b.from("192.0.2.1:5060", b.ask("OPTIONS", "1")))
	})
}

// A 503 of the handler tells when to come back too.
func TestHandlersRefusalTellsWhenToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{}, func(ctx context.Context, l *Leg) { _ = l.Reject(ctx, 503, "") }, nil)
		w := &wire{}
		_ = b.received([]byte(b.ask("INVITE", "1")), flow{w, farEnd})
		synctest.Wait()
		all := w.all()
		require.Equal(t, "10", siptest.Parse([]byte(all[len(all)-1])).Get("Retry-After"))
	})
}

func TestSourcesAreBounded(t *testing.T) {
	g := newSentry(GuardConfig{MaxSources: 100}, nil, nil)
	now := time.Now()
	partner := netip.MustParseAddr("192.0.2.1")
	g.know(partner, now)
	connected := netip.MustParseAddr("192.0.2.2")
	require.True(t, g.connected(connected, now))
	for i := range 50_000 {
		g.allow(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), classInvite, now)
	}
	require.Len(t, g.sources, 101)
	require.True(t, g.sources[sourceOf(partner)].Value.(*source).isKnown(now), "forged sources push out their like only")
	require.Equal(t, 1, g.sources[sourceOf(connected)].Value.(*source).conns)

	a, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff:1%eth0")
	require.Equal(t, sourceOf(a), sourceOf(b), "a customer has 2^64 addresses")
	require.NotEqual(t, sourceOf(a), sourceOf(netip.MustParseAddr("2001:db8:0:1::1")))
	require.Equal(t, sourceOf(partner), sourceOf(netip.MustParseAddr("::ffff:192.0.2.1")))
}

func TestConnectionsOfASourceAreBounded(t *testing.T) {
	var events []AuditEvent
	g := newSentry(GuardConfig{MaxConnections: 3}, func(e AuditEvent) { events = append(events, e) }, nil)
	now := time.Now()
	ip := netip.MustParseAddr("192.0.2.1")
	for range 3 {
		require.True(t, g.connected(ip, now))
	}
	require.False(t, g.connected(ip, now))
	require.True(t, g.connected(netip.MustParseAddr("192.0.2.2"), now))
	g.disconnected(ip)
	require.True(t, g.connected(ip, now))
	g.know(ip, now)
	require.True(t, g.connected(ip, now), "an office of known phones may have more")
	g.audit.deliver(now, true)
	require.Equal(t, AuditConnections, events[0].Kind)
}

func TestAuditIsNoFlood(t *testing.T) {
	var told []AuditEvent
	a := newAuditor(func(e AuditEvent) { told = append(told, e) })
	start := time.Now()
	source := netip.MustParsePrefix("192.0.2.1/32")
	for i := range 1000 {
		a.add(AuditEvent{At: start.Add(time.Duration(i) * time.Millisecond), Kind: AuditScanner, Source: source, User: fmt.Sprint(i)})
	}
	a.deliver(start.Add(time.Second), false)
	require.Len(t, told, 1)
	a.deliver(start.Add(61*time.Second), false)
	require.Len(t, told, 2)
	require.Equal(t, 999, told[1].Count)
	require.Equal(t, start.Add(time.Millisecond), told[1].At)
	require.Equal(t, "999", told[1].User, "the last one")
	a.deliver(start.Add(122*time.Second), false)
	require.Len(t, told, 2)
	require.Empty(t, a.open)

	told = nil
	for i := range 100_000 {
		a.add(AuditEvent{At: start, Kind: AuditScanner, Source: sourceOf(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))})
	}
	require.LessOrEqual(t, len(a.open), auditKeys+1)
	a.deliver(start.Add(time.Hour), true)
	sum := 0
	for _, e := range told {
		sum += e.Count
	}
	require.Equal(t, 100_000, sum, "none is lost")
	require.Less(t, len(told), auditKeys+5)
}

func TestMaskUser(t *testing.T) {
	for in, want := range map[string]string{"": "", "a": "a", "ann": "a**", "100": "1**", "agent1": "ag**t1", "13800001111": "13*******11", "张三丰李四": "张三*李四", "a\r\nb": "a*"} {
		require.Equal(t, want, maskUser(in))
	}
	require.LessOrEqual(t, len(maskUser(strings.Repeat("9", 5000))), 32)
}

func TestTableOfSourcesKeepsItsLists(t *testing.T) {
	g := newSentry(GuardConfig{MaxSources: 50, BlockTime: time.Second, KnownTime: time.Minute}, nil, nil)
	now := time.Now()
	for i := range 20_000 {
		ip := netip.AddrFrom4([4]byte{10, 0, byte(i % 7), byte(i * 31 % 251)})
		switch i % 5 {
		case 0:
			g.know(ip, now)
		case 1:
			g.scanner(ip, "x", "y", now)
		case 2:
			g.allow(ip, classOther, now)
		case 3:
			g.sweep(now)
		case 4:
			g.drops(ip, now)
		}
		now = now.Add(time.Duration(i%13) * 100 * time.Millisecond)
		require.Len(t, g.sources, g.lists[0].Len()+g.lists[1].Len())
		require.LessOrEqual(t, g.lists[0].Len(), 50)
		require.LessOrEqual(t, g.lists[1].Len(), 50)
		blocked := 0
		for _, e := range g.sources {
			if !e.Value.(*source).blocked.IsZero() {
				blocked++
			}
		}
		require.EqualValues(t, blocked, g.blocks.Load())
	}
}
