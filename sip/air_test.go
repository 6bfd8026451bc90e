package sip

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// air is a server without sockets and a far end that is the test, for tests of what
// takes minutes: they run in a synctest bubble.
type air struct {
	t       *testing.T
	s       *Server
	w       *timedWire
	next    int // of w.sent
	seq     int
	branch  string
	refused bool // the latest INVITE was
	callID  string
	ours    string // the server's tag
	cancel  context.CancelFunc
}

func onAir(t *testing.T, cfg Config, h Handler) *air {
	t.Helper()
	if cfg.CheckCalls == 0 {
		cfg.CheckCalls = -1 // its questions would come in between, in tests of hours
	}
	s, err := New(cfg, h, nil, nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	s.running, s.base = true, ctx
	close(s.ready)
	return &air{t: t, s: s, w: newTimedWire(), callID: "air", cancel: cancel}
}

// end closes the server as Run does.
func (a *air) end() {
	a.t.Helper()
	a.cancel()
	a.s.mu.Lock()
	a.s.closing = true
	a.s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.s.work.Wait()
	}()
	select {
	case <-done:
	case <-time.After(time.Hour):
		a.t.Fatal("something does not end")
	}
	for _, l := range a.s.allLegs() {
		l.finish(ErrServerClosed)
		a.s.dropLeg(l)
	}
	a.s.tx.close()
	require.Zero(a.t, a.s.panics.Load())
}

func message(lines []string, body string) string {
	if body != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	return strings.Join(append(lines, "Content-Length: "+strconv.Itoa(len(body)), "", body), "\r\n")
}

func (a *air) hear(raw string) {
	a.t.Helper()
	require.NoError(a.t, a.s.received([]byte(raw), a.w.flow()))
	synctest.Wait()
}

// ask sends a request of the caller.
func (a *air) ask(method, body string, headers ...string) {
	a.t.Helper()
	if method != "ACK" && method != "CANCEL" {
		a.seq++
		a.branch = "z9hG4bK" + siptest.Random()
	}
	branch := a.branch
	if method == "ACK" && !a.refused { // RFC 3261 section 17.1.1.3
		branch += "ack"
	}
	to := "<sip:8000@127.0.0.1>"
	if a.ours != "" && method != "CANCEL" {
		to += ";tag=" + a.ours
	}
	a.hear(message(append([]string{
		method + " sip:8000@127.0.0.1 SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=" + branch,
		"Max-Forwards: 70", "From: <sip:caller@127.0.0.2>;tag=theirs", "To: " + to, "Call-ID: " + a.callID,
		fmt.Sprintf("CSeq: %d %s", a.seq, method), "Contact: <sip:caller@127.0.0.2>",
	}, headers...), body))
}

// answer responds to a request of the server.
func (a *air) answer(m *siptest.Message, status int, body string, headers ...string) {
	a.t.Helper()
	to := m.Get("To")
	if siptest.Tag(to) == "" {
		to += ";tag=theirs"
	}
	if !strings.Contains(strings.Join(headers, "\n"), "Contact:") {
		headers = append(headers, "Contact: <sip:callee@127.0.0.2>")
	}
	a.hear(message(append([]string{
		fmt.Sprintf("SIP/2.0 %d x", status), "Via: " + m.Get("Via"), "From: " + m.Get("From"), "To: " + to,
		"Call-ID: " + m.Get("Call-ID"), "CSeq: " + m.Get("CSeq"),
	}, headers...), body))
}

// said is what the server has sent since the last time, without repetitions.
func (a *air) said() (out []*siptest.Message) {
	synctest.Wait()
	all := a.w.all()
	seen := map[string]bool{}
	for _, raw := range all[:a.next] {
		seen[raw] = true
	}
	for _, raw := range all[a.next:] {
		if !seen[raw] {
			m := siptest.Parse([]byte(raw))
			out = append(out, m)
			if m.Method() == "INVITE" && m.Status() >= 200 {
				a.refused = m.Status() >= 300
			}
		}
		seen[raw] = true
	}
	a.next = len(all)
	return out
}

// one is the only thing that the server has said: "200 INVITE" or a method.
func (a *air) one(want string) *siptest.Message {
	a.t.Helper()
	var names []string
	var found *siptest.Message
	for _, m := range a.said() {
		name := m.Method()
		if m.Status() > 0 {
			name = strconv.Itoa(m.Status()) + " " + name
		}
		if name == "100 INVITE" {
			continue
		}
		names, found = append(names, name), m
	}
	require.Equal(a.t, []string{want}, names)
	return found
}

func (a *air) nothing() {
	a.t.Helper()
	var starts []string
	for _, m := range a.said() {
		starts = append(starts, m.Start)
	}
	require.Empty(a.t, starts)
}

// call has the server answer a call.
func (a *air) call(headers ...string) (ok *siptest.Message) {
	a.t.Helper()
	a.ask("INVITE", siptest.SDP, headers...)
	ok = a.one("200 INVITE")
	a.ours = siptest.Tag(ok.Get("To"))
	a.ask("ACK", "")
	return ok
}

// dial has the server ring the test, which hears the INVITE.
func (a *air) dial() (invite *siptest.Message, out <-chan dialOutcome) {
	a.t.Helper()
	f := &fork{target: *mustURI(a.t, "sip:callee@127.0.0.2"), to: *mustURI(a.t, "sip:callee@127.0.0.2"), flow: a.w.flow(), offer: []byte(siptest.SDP), callID: "air", localTag: "ours", seq: 1}
	d := &dialing{
		s: a.s, r: &DialRequest{To: "sip:callee@127.0.0.2", Offer: []byte(siptest.SDP)}, forks: []*fork{f},
		rings: make(chan dialEvent, 16), finals: make(chan dialEvent, 3), progress: func(int, []byte) {},
	}
	c := make(chan dialOutcome, 1)
	go func() {
		l, err := d.run(a.s.base)
		c <- dialOutcome{l, err}
	}()
	return a.one("INVITE"), c
}

type dialOutcome struct {
	leg *Leg
	err error
}

// answerer is a Handler that answers, and keeps the leg and its end.
type answerer struct {
	mu  sync.Mutex
	leg *Leg
	end error
}

func (h *answerer) handle(ctx context.Context, l *Leg) {
	h.mu.Lock()
	h.leg = l
	h.mu.Unlock()
	if l.Answer(ctx, []byte(siptest.SDP)) != nil {
		return
	}
	select {
	case <-l.Context().Done():
	case <-ctx.Done():
	}
	h.mu.Lock()
	h.end = l.cause()
	h.mu.Unlock()
}

func (h *answerer) ended() error {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.end
}
