// Package siptest is a scripted softphone for tests. It speaks SIP in plain text
// over real loopback sockets (UDP, TCP, TLS, WebSocket) and knows nothing of the package under test: what it
// sends is what the script says, and what it expects must come.
//
// A [Phone] has one socket. [Phone.Invite] and [Phone.Await] make a [Call], which
// builds requests and responses of that dialog. Messages that come again are passed
// over by Expect, and [Phone.Impair] loses or doubles messages on their way.
//
// # Concurrency
//
// A phone has one reading goroutine, ended by the test's cleanup. Its methods are
// for one goroutine at a time, and fail the test through the testing.TB given.
package siptest

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // digest authentication
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// SDP is a session description that offers PCMU at a port nobody listens on.
const SDP = "v=0\r\no=siptest 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
	"m=audio 9 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"

// Patience is how long Expect waits.
const Patience = 30 * time.Second

// Impairment decides what becomes of a message: how many times it passes. out tells
// that the phone sends it.
type Impairment func(out bool, m *Message) (copies int)

// Phone is a softphone.
type Phone struct {
	tb      testing.TB
	network string // as in Via: "UDP", "TCP", "TLS", "WS"
	local   string // host:port; of a browser, which has no address, a name
	server  string
	write   func([]byte) error
	closing func()
	inbox   chan *Message
	done    chan struct{}

	mu     sync.Mutex // guards impair and seen
	impair Impairment
	seen   map[string]int
}

// New makes a phone that talks UDP with the server at host:port.
func New(tb testing.TB, server string) *Phone {
	tb.Helper()
	return NewAt(tb, server, "")
}

// NewAt makes such a phone with an address of its own, like 127.0.0.2.
func NewAt(tb testing.TB, server, ip string) *Phone {
	tb.Helper()
	to, err := net.ResolveUDPAddr("udp", server)
	if err != nil {
		tb.Fatal(err)
	}
	loopback := net.IPv4(127, 0, 0, 1)
	if to.IP.To4() == nil {
		loopback = net.IPv6loopback
	}
	if ip != "" {
		loopback = net.ParseIP(ip)
	}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: loopback})
	if err != nil {
		tb.Fatal(err)
	}
	p := &Phone{
		tb: tb, network: "UDP", local: conn.LocalAddr().String(), server: to.String(),
		write:   func(b []byte) error { _, err := conn.WriteToUDP(b, to); return err },
		closing: func() { _ = conn.Close() },
	}
	p.begin(func() error {
		buf := make([]byte, 65536)
		n, _, err := conn.ReadFromUDP(buf)
		if err == nil {
			p.arrived(buf[:n])
		}
		return err
	})
	return p
}

// NewTCP makes a phone that talks over one TCP connection with the server.
func NewTCP(tb testing.TB, server string) *Phone {
	tb.Helper()
	conn, err := net.Dial("tcp", server) //nolint:noctx // loopback, in a test
	if err != nil {
		tb.Fatal(err)
	}
	return stream(tb, "TCP", conn)
}

// NewTLS makes a phone that talks over one TLS connection with the server.
func NewTLS(tb testing.TB, server string, cfg *tls.Config) *Phone {
	tb.Helper()
	conn, err := tls.Dial("tcp", server, cfg) //nolint:noctx // loopback, in a test
	if err != nil {
		tb.Fatal(err)
	}
	return stream(tb, "TLS", conn)
}

func stream(tb testing.TB, network string, conn net.Conn) *Phone {
	tb.Helper()
	p := &Phone{
		tb: tb, network: network, local: conn.LocalAddr().String(), server: conn.RemoteAddr().String(),
		write:   func(b []byte) error { _, err := conn.Write(b); return err },
		closing: func() { _ = conn.Close() },
	}
	var buf []byte
	p.begin(func() error {
		part := make([]byte, 4096)
		n, err := conn.Read(part)
		buf = append(buf, part[:n]...)
		for {
			buf = bytes.TrimLeft(buf, "\r\n")
			size := wholeMessage(buf)
			if size == 0 {
				return err
			}
			p.arrived(buf[:size])
			buf = buf[size:]
		}
	})
	return p
}

// NewWS makes a browser's phone that talks over one WebSocket with the server at a
// ws: or wss: URL. It names itself by a host that does not exist, as browsers do.
func NewWS(tb testing.TB, url string, client *http.Client) *Phone {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{"sip"}}) //nolint:bodyclose // it is the connection's
	if err != nil {
		tb.Fatal(err)
	}
	network := "WS"
	if strings.HasPrefix(url, "wss:") {
		network = "WSS"
	}
	p := &Phone{
		tb: tb, network: network, local: strings.ToLower(Random()) + ".invalid", server: res.Request.URL.Host,
		write:   func(b []byte) error { return conn.Write(context.Background(), websocket.MessageText, b) },
		closing: func() { _ = conn.CloseNow() },
	}
	p.begin(func() error {
		_, data, err := conn.Read(context.Background())
		if err == nil {
			p.arrived(data)
		}
		return err
	})
	return p
}

// As gives a phone over WebSocket the name of another, as a browser has that comes
// back on a new connection.
func (p *Phone) As(q *Phone) { p.local = q.local }

func (p *Phone) begin(read func() error) {
	p.inbox, p.done, p.seen = make(chan *Message, 1024), make(chan struct{}), make(map[string]int)
	go func() {
		defer close(p.done)
		for {
			if err := read(); err != nil {
				var n net.Error
				if errors.As(err, &n) && !errors.Is(err, net.ErrClosed) && p.network == "UDP" {
					continue // an ICMP error
				}
				return
			}
		}
	}()
	p.tb.Cleanup(p.Close)
}

func wholeMessage(buf []byte) int {
	end := bytes.Index(buf, []byte("\r\n\r\n"))
	if end < 0 {
		return 0
	}
	n, _ := strconv.Atoi(Parse(buf[:end+4]).Get("Content-Length"))
	if len(buf) < end+4+n {
		return 0
	}
	return end + 4 + n
}

// Close ends the phone's socket, as a phone does that loses its power.
func (p *Phone) Close() {
	p.closing()
	<-p.done
}

// Done is closed when the socket is: but for UDP also when the server ended it.
func (p *Phone) Done() <-chan struct{} { return p.done }

// Addr is the phone's host:port, of a browser the name that stands for it.
func (p *Phone) Addr() string { return p.local }

// Server is the server's host:port.
func (p *Phone) Server() string { return p.server }

// Impair sets what happens to messages from now on; nil ends it.
func (p *Phone) Impair(f Impairment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.impair = f
}

func (p *Phone) copies(out bool, m *Message) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.impair == nil {
		return 1
	}
	return p.impair(out, m)
}

func (p *Phone) arrived(data []byte) {
	m := Parse(bytes.Clone(data))
	if m.Start == "" {
		return
	}
	for range p.copies(false, m) {
		p.mu.Lock()
		p.seen[m.key()]++
		one := *m
		one.Copy = p.seen[m.key()]
		p.mu.Unlock()
		select {
		case p.inbox <- &one:
		default:
		}
	}
}

// Send sends a message, or any bytes, as they are.
func (p *Phone) Send(raw string) {
	p.tb.Helper()
	for range p.copies(true, Parse([]byte(raw))) {
		if err := p.write([]byte(raw)); err != nil {
			p.tb.Logf("siptest: send: %v", err)
		}
	}
}

// Count is how often a message like want has come so far.
func (p *Phone) Count(want string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, times := range p.seen {
		if m := Parse([]byte(key)); m.is(want) {
			n += times
		}
	}
	return n
}

// Expect waits for a message and passes over what comes before it, among that
// retransmissions. want is a method ("BYE"), a status ("200") or a status with the
// method it answers ("200 BYE").
func (p *Phone) Expect(want string) *Message {
	p.tb.Helper()
	return p.expect(want, func(m *Message) bool { return m.Copy == 1 })
}

// ExpectFinal waits for any final response to a method.
func (p *Phone) ExpectFinal(method string) *Message {
	p.tb.Helper()
	return p.next(method)
}

// ExpectAgain waits for a message that came before.
func (p *Phone) ExpectAgain(want string) *Message {
	p.tb.Helper()
	return p.expect(want, func(m *Message) bool { return m.Copy > 1 })
}

func (p *Phone) expect(want string, ok func(*Message) bool) *Message {
	p.tb.Helper()
	timeout := time.NewTimer(Patience)
	defer timeout.Stop()
	var passed []string
	for {
		select {
		case m := <-p.inbox:
			if m.is(want) && ok(m) {
				return m
			}
			passed = append(passed, m.Start+" ("+m.Get("CSeq")+")")
		case <-timeout.C:
			p.tb.Fatalf("siptest: no %q came, but %q", want, passed)
		}
	}
}

// Next waits for whatever comes next.
func (p *Phone) Next() *Message {
	p.tb.Helper()
	select {
	case m := <-p.inbox:
		return m
	case <-time.After(Patience):
		p.tb.Fatal("siptest: nothing came")
		return nil
	}
}

// NextUntil is whatever comes next, nil when ctx ends before.
func (p *Phone) NextUntil(ctx context.Context) *Message {
	select {
	case m := <-p.inbox:
		return m
	case <-ctx.Done():
		return nil
	}
}

// Quiet fails the test when a message like want comes within d.
func (p *Phone) Quiet(want string, d time.Duration) {
	p.tb.Helper()
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	for {
		select {
		case m := <-p.inbox:
			if m.is(want) {
				p.tb.Fatalf("siptest: %q came", m.Start)
			}
		case <-timeout.C:
			return
		}
	}
}

// Message is a SIP message in plain text.
type Message struct {
	Start  string
	Fields [][2]string
	Body   string
	Raw    string
	Copy   int // how often this one has come
}

// Parse takes a message apart without judging it.
func Parse(data []byte) *Message {
	head, body, _ := strings.Cut(string(data), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	m := &Message{Start: lines[0], Body: body, Raw: string(data)}
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		m.Fields = append(m.Fields, [2]string{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return m
}

// Get is the first value of a header field.
func (m *Message) Get(name string) string {
	for _, f := range m.Fields {
		if strings.EqualFold(f[0], name) {
			return f[1]
		}
	}
	return ""
}

// All are all values of a header field.
func (m *Message) All(name string) (out []string) {
	for _, f := range m.Fields {
		if strings.EqualFold(f[0], name) {
			out = append(out, f[1])
		}
	}
	return out
}

// Status is the status of a response, 0 for a request.
func (m *Message) Status() int {
	if !strings.HasPrefix(m.Start, "SIP/2.0 ") || len(m.Start) < 11 {
		return 0
	}
	n, _ := strconv.Atoi(m.Start[8:11])
	return n
}

// Method is the method of a request, or of the request that a response answers.
func (m *Message) Method() string {
	if m.Status() == 0 {
		method, _, _ := strings.Cut(m.Start, " ")
		return method
	}
	_, method, _ := strings.Cut(m.Get("CSeq"), " ")
	return method
}

func (m *Message) is(want string) bool {
	code, method, _ := strings.Cut(want, " ")
	if n, err := strconv.Atoi(code); err == nil {
		return m.Status() == n && (method == "" || m.Method() == method)
	}
	return m.Status() == 0 && m.Method() == want
}

// key is the same for a message that comes again.
func (m *Message) key() string {
	return m.Start + "\r\nVia: " + m.Get("Via") + "\r\nTo: " + m.Get("To") + "\r\nCall-ID: " + m.Get("Call-ID") + "\r\nCSeq: " + m.Get("CSeq") + "\r\n\r\n" + m.Body
}

// Tag is the tag of a From or To value.
func Tag(value string) string {
	_, rest, ok := strings.Cut(value, ";tag=")
	if !ok {
		return ""
	}
	tag, _, _ := strings.Cut(rest, ";")
	return tag
}

// URI is the URI of a From, To or Contact value.
func URI(value string) string {
	if _, rest, ok := strings.Cut(value, "<"); ok {
		uri, _, _ := strings.Cut(rest, ">")
		return uri
	}
	uri, _, _ := strings.Cut(value, ";")
	return uri
}

// Digest answers a 401 or 407 challenge with MD5, as RFC 3261 section 22 has it.
func Digest(challenge, method, uri, user, password, nc string) string {
	get := func(k string) string {
		_, v, _ := strings.Cut(challenge, k+`="`)
		v, _, _ = strings.Cut(v, `"`)
		return v
	}
	sum := func(s string) string {
		h := md5.Sum([]byte(s)) //nolint:gosec // digest authentication
		return hex.EncodeToString(h[:])
	}
	ha1 := sum(user + ":" + get("realm") + ":" + password)
	response := sum(ha1 + ":" + get("nonce") + ":" + nc + ":0a:auth:" + sum(method+":"+uri))
	return fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", algorithm=MD5, qop=auth, nc=%s, cnonce="0a"`,
		user, get("realm"), get("nonce"), uri, response, nc)
}

// Random is a token for branches, tags and Call-IDs.
func Random() string { return rand.Text()[:12] }
