package sip

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline/internal/testdata"

	"github.com/emiago/sipgo/sip"
	"github.com/stretchr/testify/require"
)

// wire is a carrier that keeps what is sent.
type wire struct {
	stream bool
	mu     sync.Mutex
	sent   []string
	to     []netip.AddrPort
	failed error
}

func (w *wire) send(b []byte, to netip.AddrPort) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return w.failed
	}
	w.sent = append(w.sent, string(b))
	w.to = append(w.to, to)
	return nil
}

func (w *wire) network() string {
	if w.stream {
		return "tcp"
	}
	return "udp"
}
func (w *wire) reliable() bool        { return w.stream }
func (w *wire) local() netip.AddrPort { return netip.MustParseAddrPort("127.0.0.1:5060") }
func (w *wire) alive() bool           { return true }

func (w *wire) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.sent...)
}

func (w *wire) statuses() (out []string) {
	for _, m := range w.all() {
		if strings.HasPrefix(m, "SIP/2.0 ") {
			out = append(out, m[8:11])
		}
	}
	return out
}

var farEnd = netip.MustParseAddrPort("127.0.0.2:5070")

func TestRead(t *testing.T) {
	const good = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h:5061;branch=z9hG4bKx\r\nFrom: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: i\r\nCSeq: 1 OPTIONS\r\n\r\n"
	change := func(from, to string) string {
		require.Contains(t, good, from)
		return strings.Replace(good, from, to, 1)
	}
	for _, c := range []struct {
		name, msg string
		status    int // -1: taken
	}{
		{"good", good, -1},
		{"compact names and folding", change("Via: SIP/2.0/UDP h:5061;", "v : SIP / 2.0\r\n /UDP\r\n\th : 5061 ; "), -1},
		{"tab in CSeq", change("1 OPTIONS", "1\tOPTIONS"), -1},
		{"several hops in one line", change(";branch=z9hG4bKx", ";branch=z9hG4bKx , SIP/2.0/TCP [::1]:5"), -1},
		{"quoted comma", change("From: <sip:c@d>", `From: "a, \"b\" <x>" <sip:c@d>`), -1},
		{"tel URI", change("sip:a@b S", "tel:+86138 S"), -1},
		{"no Via", change("Via:", "X:"), 0},
		{"no From", change("From:", "X:"), 400},
		{"no To", change("To:", "X:"), 400},
		{"no Call-ID", change("Call-ID:", "X:"), 400},
		{"no CSeq", change("CSeq:", "X:"), 400},
		{"two From", change("To:", "From: <sip:x@y>\r\nTo:"), 400},
		{"other method in CSeq", change("1 OPTIONS", "1 INVITE"), 400},
		{"CSeq too large", change("1 OPTIONS", "2147483648 OPTIONS"), 400},
		{"version", change("SIP/2.0\r\nVia", "SIP/3.0\r\nVia"), 505},
		{"two spaces", change("OPTIONS sip", "OPTIONS  sip"), 400},
		{"scheme", change("sip:a@b S", "http://a S"), 416},
		{"headers in the Request-URI", change("sip:a@b S", "sip:a@b?Route=%3Csip:x%3E S"), 400},
		{"URI too long", change("sip:a@b S", "sip:"+strings.Repeat("a", 3000)+"@b S"), 414},
		{"unbalanced quote", change("From: <", `From: "x <`), 400},
		{"unbalanced bracket", change("<sip:a@b>\r\nCall", "<sip:a@b\r\nCall"), 400},
		{"Content-Length too large", change("CSeq", "Content-Length: 5\r\nCSeq"), 400},
		{"Content-Length negative", change("CSeq", "Content-Length: -1\r\nCSeq"), 400},
		{"two Content-Lengths", change("CSeq", "l: 0\r\nContent-Length: 1\r\nCSeq"), 400},
		{"Max-Forwards", change("CSeq", "Max-Forwards: 256\r\nCSeq"), 400},
		{"ACK is never answered", strings.ReplaceAll(change("From:", "X:"), "OPTIONS", "ACK"), 0},
		{"too many fields", change("CSeq", strings.Repeat("X: y\r\n", 200)+"CSeq"), 400},
		{"too many hops", change("From", strings.Repeat("Via: SIP/2.0/UDP h\r\n", 100)+"From"), 400},
		{"a line that is none", change("From", "hello\r\nFrom"), 400},
		{"response", strings.Replace(good, "OPTIONS sip:a@b SIP/2.0", "SIP/2.0 200 ", 1), -1},
		{"response with bad code", strings.Replace(good, "OPTIONS sip:a@b SIP/2.0", "SIP/2.0 4294967301 x", 1), 0},
		{"response without From", strings.Replace(change("From", "X"), "OPTIONS sip:a@b SIP/2.0", "SIP/2.0 200 OK", 1), 0},
		{"no end", strings.TrimSuffix(good, "\r\n\r\n"), 0},
		{"noise", "\x00\x01\xff\r\n\r\n", 0},
		{"empty", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			msg, err := read([]byte(c.msg), sip.DefaultHeadersParser())
			if c.status < 0 {
				require.NoError(t, err)
				require.NotNil(t, msg.Via())
				return
			}
			var bad *malformed
			require.ErrorAs(t, err, &bad)
			require.Equal(t, c.status, bad.status, err)
		})
	}
}

func TestReadKeepsTheBody(t *testing.T) {
	msg, err := read([]byte("MESSAGE sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bKx\r\nf: c <sip:c@d>;tag=1\r\nt: sip:a@b;x=1\r\ni: i\r\nCSeq: 007 MESSAGE\r\nl: 3\r\n\r\n\x00\r\nrest"), sip.DefaultHeadersParser())
	require.NoError(t, err)
	require.Equal(t, "\x00\r\n", string(msg.Body()))
	require.EqualValues(t, 7, msg.CSeq().SeqNo)
	require.Equal(t, "c", msg.From().DisplayName)
}

// TestTorture sends the messages of RFC 4475 to a server.
func TestTorture(t *testing.T) {
	dir := testdata.Shared(t, "torture")
	var expected map[string]struct {
		Kind      string
		OK        *string
		Tolerated *string
	}
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &expected))
	require.Greater(t, len(expected), 40)
	for name, want := range expected {
		for _, stream := range []bool{false, true} {
			t.Run(name+map[bool]string{true: "/tcp", false: "/udp"}[stream], func(t *testing.T) {
				data, err := os.ReadFile(filepath.Join(dir, "rfc4475", name+".dat"))
				require.NoError(t, err)
				s := answering(t)
				w := &wire{stream: stream}
				if stream {
					n, err := messageLength(data, 65535)
					if n == 0 && err == nil {
						return // it waits for more
					}
					if n > 0 {
						data = data[:n]
					}
				}
				_ = s.received(data, flow{w, farEnd})
				s.work.Wait()
				require.Zero(t, s.Stats().Panics)
				var final string
				for _, st := range w.statuses() {
					if st >= "200" {
						final = st
					}
				}
				ok := func(pattern *string) bool {
					return pattern != nil && regexp.MustCompile("^("+*pattern+")$").MatchString(final)
				}
				switch {
				case want.Kind == "drop":
					require.Empty(t, w.all())
				case final == "":
					require.NotEqual(t, "valid", want.Kind, "no answer")
				default:
					require.True(t, ok(want.OK) || ok(want.Tolerated), final)
				}
			})
		}
	}
}

// answering is a server without sockets that answers each call and hangs up.
func answering(tb testing.TB) *Server {
	tb.Helper()
	s, err := New(Config{T1: time.Millisecond}, func(ctx context.Context, l *Leg) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		_ = l.Answer(ctx, []byte("v=0\r\n"))
	}, NewRegistrar(RegistrarConfig{}, nobody{}, nil), nil)
	if err != nil {
		tb.Fatal(err)
	}
	s.running, s.base = true, context.Background()
	tb.Cleanup(s.tx.close)
	return s
}

type nobody struct{}

func (nobody) Password(string) (string, bool) { return "", false }

func FuzzReceived(f *testing.F) {
	seed(f)
	s := answering(f)
	s.handler = func(ctx context.Context, l *Leg) { // an answer would look up the Contact's host
		_ = l.Ring(ctx)
		_ = l.Reject(ctx, 486, "")
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, stream := range []bool{false, true} {
			w := &wire{stream: stream}
			_ = s.received(data, flow{w, farEnd})
			s.work.Wait()
			if n := s.Stats().Panics; n > 0 {
				t.Fatal("a panic")
			}
			for i, m := range w.all() {
				if to := w.to[i]; to.Addr() != farEnd.Addr() && strings.HasPrefix(m, "SIP/2.0") {
					t.Fatalf("a response went to %s", to)
				}
				if head, _, ok := strings.Cut(m, "\r\n\r\n"); !ok || strings.Contains(head, "\n\n") {
					t.Fatalf("sent %q", m)
				}
			}
		}
	})
}

func FuzzMessageLength(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := messageLength(data, 4096)
		if n > len(data) || n > 4096 || n < 0 || n > 0 && err != nil {
			t.Fatal(n, err)
		}
		// It must not matter how the stream is cut, where the length is stated.
		if n > 0 && bytes.Contains(bytes.ToLower(data[:n]), []byte("content-length:")) {
			for _, cut := range []int{n / 2, n - 1} {
				if m, err := messageLength(data[:cut], 4096); err == nil && m > 0 && m != n && bytes.Contains(bytes.ToLower(data[:cut]), []byte("\r\n\r\n")) {
					if raw, e := split(data[:n]); e == nil {
						if v, e := raw.contentLength(); e == nil && v > 0 {
							t.Fatal(cut, m, n)
						}
					}
				}
			}
		}
	})
}

func FuzzDigest(f *testing.F) {
	f.Add(`Digest username="a", realm="b", nonce="c", uri="sip:x", response="d", qop=auth, nc=00000001`)
	f.Fuzz(func(_ *testing.T, value string) {
		if p, ok := parseDigest(value); ok {
			verify(p, "REGISTER", "x")
		}
		n := newNonces(time.Minute, 10)
		n.fresh(value, farEnd.Addr(), time.Now())
		n.use("x", value, time.Now())
		infoKey(value)
	})
}

func seed(f *testing.F) {
	f.Helper()
	for _, method := range []string{"INVITE", "REGISTER", "OPTIONS", "BYE", "ACK", "CANCEL"} {
		f.Add([]byte(method + " sip:8000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n" +
			"From: \"x\" <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:8000@127.0.0.1>\r\nCall-ID: 1@x\r\nCSeq: 1 " + method +
			"\r\nContact: <sip:a@127.0.0.1:5062>;expires=60, \"y\" <sip:b@c>\r\nRecord-Route: <sip:p;lr>\r\nContent-Type: application/sdp\r\nContent-Length: " + strconv.Itoa(5) + "\r\n\r\nv=0\r\n"))
	}
	f.Add([]byte("SIP/2.0 200 OK\r\nv: SIP/2.0/UDP x;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>;tag=2\r\ni: 1\r\nCSeq: 1 INVITE\r\n\r\n"))
}

// What is taken for tidy is what tidying up leaves as it is.
func FuzzIsTidy(f *testing.F) {
	for _, v := range []string{
		"<sip:load1@127.0.0.1:5060>;tag=s01", "sip:a@b", "<sip:a@b;lr>;x", "SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK1",
		"SIP/2.0/UDP  a", "SIP / 2.0 / UDP a", "SIP/2.0/UDP a : 5060;x", "<sip:a@b> ;tag=1", `"A" <sip:a@b>`, "<sip:a@b>;;x", "<sip:a?b=c>", ";", "a;", "<<", "<sip:a", "sip:a>", "",
	} {
		f.Add(true, v)
		f.Add(false, v)
	}
	f.Fuzz(func(t *testing.T, via bool, v string) {
		name := "From"
		if via {
			name = "Via"
		}
		if !isTidy(name, v) {
			return
		}
		tidied, err := tidyUp(name, v)
		require.NoError(t, err, v)
		require.Equal(t, v, tidied)
	})
}
