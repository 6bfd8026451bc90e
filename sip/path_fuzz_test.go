package sip

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// The script of FuzzMessagePath: each line is one thing that a far end does.
//
//	METHOD               a request of the dialog, or the one that begins it
//	METHOD name: value   the same with a header field put in, or in place of ours;
//	                     several with " & " between them
//	-METHOD name         without that header field
//	!METHOD field|text   with text in place of its body
//	STATUS               a response to the server's latest request
//	STATUS name: value   the same with a header field
//	~n                   n times 50 ms pass
//	+                    what was sent last comes again
//	^                    the far end speaks from another address from now on
//	=text                text as it is, \n being a line's end
//
// An empty line begins another call. $rseq and $invite are the numbers of the latest
// reliable response and of the INVITE.
const scriptSeeds = `INVITE
~1
ACK
BYE

INVITE Supported: 100rel
CANCEL
ACK

INVITE
~1
ACK
INVITE
~1
ACK
UPDATE
INFO Content-Type: application/dtmf-relay
!INFO Content-Type: application/dtmf-relay|Signal=5
REFER Refer-To: <sip:b@127.0.0.9>
NOTIFY Event: refer
~1
200
BYE

INVITE Supported: 100rel, timer, replaces
PRACK RAck: 1 1 INVITE
PRACK RAck: $rseq $invite INVITE
PRACK RAck: $rseq $invite INVITE
~1
ACK
^
INVITE Contact: <sip:a@127.0.0.2:5099>
~1
BYE

INVITE Session-Expires: 10 & Supported: timer

INVITE Session-Expires: 90;refresher=uac
~1
ACK
~40
UPDATE Session-Expires: 90
~40
200
491
+

INVITE Replaces: a;to-tag=b;from-tag=c

-INVITE Contact
INVITE Require: 100rel
~90
REGISTER Contact: *
REGISTER Expires: 60
SUBSCRIBE Event: presence
MESSAGE
OPTIONS
PUBLISH
=garbage\n\n
=\n\n\n\n
=SIP/2.0 200 OK\nVia: SIP/2.0/UDP x;branch=z9hG4bKx\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>\nCall-ID: x\nCSeq: 1 BYE\n\n
~1
INVITE Record-Route: <sip:127.0.0.3;lr>, <sip:127.0.0.4;lr>
~1
ACK
BYE Reason: Q.850;cause=16
`

// memory is a UDP socket without a network.
type memory struct{ wire }

func (*memory) readAll(int, func([]byte, netip.AddrPort)) error { return net.ErrClosed }

func (m *memory) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return len(b), m.send(b, to)
}

func (m *memory) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(m.local()) }
func (*memory) Close() error          { return nil }

// pathEnd is the far end of FuzzMessagePath.
type pathEnd struct {
	s       *Server
	w       *memory
	socket  *packetSocket
	from    netip.AddrPort
	callID  string
	tag     string
	rseq    string
	seq     int
	invite  int // CSeq of the latest INVITE
	branch  string
	serial  int
	last    string
	replied int // messages of w.sent that were looked at
}

// say sends one line of the script.
func (p *pathEnd) say(line string) {
	line = strings.NewReplacer("$rseq", p.rseq, "$invite", strconv.Itoa(p.invite)).Replace(line)
	switch {
	case line == "+":
		p.deliver(p.last)
		return
	case line == "^":
		p.from = netip.AddrPortFrom(p.from.Addr(), p.from.Port()+1)
		return
	case line[0] == '=':
		p.deliver(strings.ReplaceAll(line[1:], `\n`, "\r\n"))
		return
	case line[0] == '~':
		n := 0
		_, _ = fmt.Sscan(line[1:], &n)
		time.Sleep(time.Duration(min(max(n, 0), 2000)) * 50 * time.Millisecond)
		return
	}
	without, body := "", "v=0\r\n"
	rest := line
	switch line[0] {
	case '-':
		var ok bool
		rest, without, ok = strings.Cut(line[1:], " ")
		if !ok {
			return
		}
	case '!':
		rest, body, _ = strings.Cut(line[1:], "|")
	}
	what, own, _ := strings.Cut(rest, " ")
	dropped := []string{strings.ToLower(without)}
	var added []string
	for field := range strings.SplitSeq(own, " & ") {
		if name, _, ok := strings.Cut(field, ":"); ok {
			dropped, added = append(dropped, strings.ToLower(name)), append(added, field)
		}
	}
	var fields []string
	if len(what) == 3 && what >= "100" && what <= "699" {
		fields = p.response(what)
		if fields == nil {
			return
		}
	} else {
		fields = p.request(what)
	}
	out := fields[:1:1]
	for _, f := range fields[1:] {
		have, _, _ := strings.Cut(f, ":")
		if !slices.Contains(dropped, strings.ToLower(have)) {
			out = append(out, f)
		}
	}
	out = append(out, added...)
	if strings.HasPrefix(what, "INVITE") || line[0] == '!' || what == "UPDATE" {
		if !strings.Contains(strings.ToLower(strings.Join(out, "\n")), "\ncontent-type") {
			out = append(out, "Content-Type: application/sdp")
		}
		out = append(out, fmt.Sprintf("Content-Length: %d", len(body)))
	} else {
		body = ""
	}
	p.deliver(strings.Join(out, "\r\n") + "\r\n\r\n" + body)
}

func (p *pathEnd) request(method string) []string {
	p.serial++
	seq := p.seq + 1
	branch := fmt.Sprintf("z9hG4bKp%d", p.serial)
	switch method {
	case "ACK", "CANCEL":
		seq = p.invite
		if p.tag == "" || method == "CANCEL" {
			branch = p.branch
		}
	case "INVITE":
		p.invite, p.branch, p.seq = seq, branch, seq
	default:
		p.seq = seq
	}
	to := "To: <sip:8000@127.0.0.1>"
	if p.tag != "" && method != "CANCEL" {
		to += ";tag=" + p.tag
	}
	return []string{
		method + " sip:8000@127.0.0.1 SIP/2.0",
		fmt.Sprintf("Via: SIP/2.0/UDP %s;rport;branch=%s", p.from, branch),
		"Max-Forwards: 70", "From: <sip:a@127.0.0.2>;tag=far", to, "Call-ID: " + p.callID,
		fmt.Sprintf("CSeq: %d %s", seq, method), fmt.Sprintf("Contact: <sip:a@%s>", p.from),
	}
}

// response answers the server's latest request.
func (p *pathEnd) response(status string) []string {
	for _, text := range reversed(p.w.all()) {
		m := siptest.Parse([]byte(text))
		if m.Status() != 0 || m.Method() == "ACK" {
			continue
		}
		out := []string{"SIP/2.0 " + status + " x"}
		for _, v := range m.All("Via") {
			out = append(out, "Via: "+v)
		}
		to := m.Get("To")
		if siptest.Tag(to) == "" {
			to += ";tag=answered"
		}
		return append(out, "From: "+m.Get("From"), "To: "+to, "Call-ID: "+m.Get("Call-ID"), "CSeq: "+m.Get("CSeq"))
	}
	return nil
}

func reversed(in []string) []string {
	out := make([]string, 0, len(in))
	for _, s := range slices.Backward(in) {
		out = append(out, s)
	}
	return out
}

// deliver hands bytes to the server and learns the dialog from what comes back.
func (p *pathEnd) deliver(text string) {
	p.last = text
	_ = p.s.received([]byte(text), flow{p.socket, p.from})
	synctest.Wait()
	all := p.w.all()
	for _, answer := range all[p.replied:] {
		m := siptest.Parse([]byte(answer))
		if m.Status() > 100 && m.Status() < 300 && m.Method() == "INVITE" && m.Get("Call-ID") == p.callID {
			p.tag = siptest.Tag(m.Get("To"))
			p.rseq = cmp.Or(m.Get("RSeq"), p.rseq)
		}
	}
	p.replied = len(all)
}

// runPath plays a script against a server without sockets and looks at what it
// leaves: nothing, and a server that answers.
func runPath(t *testing.T, script []byte) {
	t.Helper()
	if lower := bytes.ToLower(script); bytes.Contains(lower, []byte("tcp")) || bytes.Contains(lower, []byte("tls")) || bytes.Contains(lower, []byte("sips")) {
		t.Skip("connections would be real ones")
	}
	playPath(t, string(script))
}

// playPath gives what the server sent.
func playPath(t *testing.T, script string) (sent []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		handler := func(ctx context.Context, l *Leg) {
			l.OnUpdate(func(offer []byte) ([]byte, error) {
				if bytes.Contains(offer, []byte("refuse")) {
					return nil, fmt.Errorf("refused")
				}
				return []byte("v=0\r\n"), nil
			})
			l.OnKey(func(byte) {})
			l.OnRefer(func(r Referral) { _ = r.Accept() })
			if err := l.Ring(ctx); err != nil {
				return
			}
			if err := l.Progress(ctx, 183, []byte("v=0\r\n")); err != nil {
				return
			}
			if l.Answer(ctx, []byte("v=0\r\n")) != nil {
				return
			}
			select {
			case <-l.Context().Done():
			case <-ctx.Done():
			case <-time.After(10 * time.Minute):
			}
		}
		s, err := New(Config{}, handler, NewRegistrar(RegistrarConfig{}, users{"a": "secret"}, nil), nil)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		s.running, s.base = true, ctx
		close(s.ready)
		p := &pathEnd{s: s, w: &memory{}, from: farEnd, callID: "path"}
		p.socket = &packetSocket{conn: p.w, at: p.w.local(), v4: true}
		s.tp.packets = []*packetSocket{p.socket}
		lines := strings.Split(script, "\n")
		for _, line := range lines[:min(len(lines), 64)] {
			if line == "" {
				p.callID, p.tag = p.callID+"+", ""
				continue
			}
			p.say(line)
		}
		time.Sleep(time.Second)
		synctest.Wait()

		// Whatever came, a question is answered at once …
		w := &wire{}
		_ = s.received([]byte("OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP x;rport;branch=z9hG4bKquestion\r\nFrom: <sip:q@h>;tag=1\r\nTo: <sip:h>\r\nCall-ID: question\r\nCSeq: 1 OPTIONS\r\n\r\n"),
			flow{w, netip.MustParseAddrPort("127.0.0.77:5060")})
		require.Equal(t, []string{"200"}, w.statuses())
		require.Zero(t, s.Stats().Panics)

		// … and a far end that says no more leaves nothing behind.
		cancel()
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		st := s.Stats()
		require.Zero(t, st.Legs, "legs stay")
		require.Zero(t, st.ServerTransactions+st.ClientTransactions, "transactions stay")
		s.mu.Lock()
		require.Empty(t, s.invites)
		s.closing = true
		s.mu.Unlock()
		s.work.Wait()
		s.tx.close()
		sent = p.w.all()
		for i, text := range sent {
			head, _, ok := strings.Cut(text, "\r\n\r\n")
			require.True(t, ok && !strings.Contains(head, "\n\n") && !strings.Contains(head, "\x00"), "message %d is no message: %q", i, text)
		}
	})
	return sent
}

func allPaths(t *testing.T) (sent []string) {
	t.Helper()
	for script := range strings.SplitSeq(scriptSeeds, "\n\n") {
		sent = append(sent, playPath(t, script)...)
	}
	return append(sent, playPath(t, scriptSeeds)...)
}

// TestMessagePath looks at whether the scripts get as far as they are meant to.
func TestMessagePath(t *testing.T) {
	noNames(t)
	var got []string
	for _, text := range allPaths(t) {
		m := siptest.Parse([]byte(text))
		if m.Status() > 0 {
			got = append(got, strconv.Itoa(m.Status())+" "+m.Method())
		} else {
			got = append(got, m.Method())
		}
	}
	for _, want := range []string{
		"180 INVITE", "200 INVITE", "200 BYE", "487 INVITE", "200 CANCEL", "200 UPDATE", "200 INFO", "202 REFER", "NOTIFY", "BYE",
		"200 PRACK", "422 INVITE", "481 INVITE", "401 REGISTER", "405 PUBLISH", "405 MESSAGE", "200 OPTIONS",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q came of it", want)
		}
	}
}

// FuzzMessagePath sends dialogs with mutated, missing and misplaced messages through
// the whole of the package, from bytes to the handler, on a clock of its own.
func FuzzMessagePath(f *testing.F) {
	for script := range strings.SplitSeq(scriptSeeds, "\n\n") {
		f.Add([]byte(script))
	}
	f.Add([]byte(scriptSeeds))
	noNames(f)
	f.Fuzz(runPath)
}

// noNames keeps names from being looked up on a network.
func noNames(tb testing.TB) {
	tb.Helper()
	was := net.DefaultResolver
	tb.Cleanup(func() { net.DefaultResolver = was })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no names are looked up here")
	}}
	// What the resolver makes once must not belong to a bubble of synctest.
	_, err := net.DefaultResolver.LookupHost(context.Background(), "names.test")
	require.Error(tb, err)
}
