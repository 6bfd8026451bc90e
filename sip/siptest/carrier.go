package siptest

import (
	"bytes"
	"crypto/md5" //nolint:gosec // RFC 3261 section 22
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// CarrierConfig is how a Carrier behaves.
type CarrierConfig struct {
	Listen string // address; default 127.0.0.1:0
	// User and Password of the account. Without a password nobody is asked for one.
	User, Password string
	// Algorithms of the challenges, in their order. Default MD5.
	Algorithms  []string
	AskInvite   bool // challenge INVITE with 407 too
	StaleNonces int  // so many right answers are called stale before one is taken
	MinExpires  int  // less is refused with 423
	Granted     int  // seconds of a registration; default: as asked
	Silent      bool // nothing is answered
	// Reply answers a request in place of the carrier; nil as a result lets the
	// carrier answer.
	Reply func(m *Message) []Reply
}

// Reply is one response.
type Reply struct {
	Status  int
	Headers []string // whole lines
	Body    string
}

// Carrier is the registrar and proxy of a telephone company, as a trunk sees it.
type Carrier struct {
	tb   testing.TB
	conn *net.UDPConn

	mu       sync.Mutex
	cfg      CarrierConfig
	requests []*Message
	sent     map[string][]string // responses by branch and method, for retransmissions
	ringing  map[string]*Message // INVITEs without a final response, by branch
	stale    int
	nonce    int
}

// NewCarrier starts a carrier on UDP, until the test's end.
func NewCarrier(tb testing.TB, cfg CarrierConfig) *Carrier {
	tb.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	addr, err := net.ResolveUDPAddr("udp", cfg.Listen)
	if err != nil {
		tb.Fatal(err)
	}
	conn, err := net.ListenUDP("udp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	c := &Carrier{tb: tb, conn: conn, cfg: cfg, sent: make(map[string][]string), ringing: make(map[string]*Message)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 65536)
		for {
			n, from, err := conn.ReadFromUDP(buf)
			if err != nil {
				return
			}
			c.take(Parse(bytes.Clone(buf[:n])), from)
		}
	}()
	tb.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return c
}

// Addr is the carrier's host:port.
func (c *Carrier) Addr() string { return c.conn.LocalAddr().String() }

// Set changes how the carrier behaves.
func (c *Carrier) Set(change func(cfg *CarrierConfig)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.cfg)
	c.stale = 0
}

// Requests are those that came, of one method, each once.
func (c *Carrier) Requests(method string) []*Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*Message
	for _, m := range c.requests {
		if m.Method() == method {
			out = append(out, m)
		}
	}
	return out
}

func (c *Carrier) take(m *Message, from *net.UDPAddr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.Start == "" || m.Status() != 0 {
		return
	}
	branch := m.Get("Via")
	key := m.Method() + " " + branch
	again, known := c.sent[key]
	if !known {
		c.requests = append(c.requests, m)
	}
	if c.cfg.Silent {
		return
	}
	if !known {
		for _, r := range c.replies(m) {
			again = append(again, c.response(m, r))
		}
		c.sent[key] = again
	}
	for _, raw := range again {
		_, _ = c.conn.WriteToUDP([]byte(raw), from)
	}
	if invite := c.ringing[branch]; m.Method() == "CANCEL" && invite != nil {
		delete(c.ringing, branch)
		raw := c.response(invite, Reply{Status: 487})
		c.sent["INVITE "+branch] = []string{raw}
		_, _ = c.conn.WriteToUDP([]byte(raw), from)
	}
}

// replies needs c.mu.
func (c *Carrier) replies(m *Message) []Reply {
	if c.cfg.Reply != nil {
		if r := c.cfg.Reply(m); r != nil {
			if m.Method() == "INVITE" && len(r) > 0 && r[len(r)-1].Status < 200 {
				c.ringing[m.Get("Via")] = m
			}
			return r
		}
	}
	switch m.Method() {
	case "ACK":
		return nil
	case "REGISTER":
		if ask := c.challenge(m, 401); ask != nil {
			return ask
		}
		expires, _ := strconv.Atoi(m.Get("Expires"))
		if expires > 0 && expires < c.cfg.MinExpires {
			return []Reply{{Status: 423, Headers: []string{"Min-Expires: " + strconv.Itoa(c.cfg.MinExpires)}}}
		}
		if c.cfg.Granted > 0 && expires > 0 {
			expires = c.cfg.Granted
		}
		return []Reply{{Status: 200, Headers: []string{fmt.Sprintf("Contact: %s;expires=%d", m.Get("Contact"), expires)}}}
	case "INVITE":
		if c.cfg.AskInvite {
			if ask := c.challenge(m, 407); ask != nil {
				return ask
			}
		}
		return []Reply{{Status: 100}, {Status: 200, Headers: []string{"Contact: <sip:carrier@" + c.Addr() + ">"}, Body: SDP}}
	}
	return []Reply{{Status: 200}}
}

// challenge asks for credentials, unless they are there and right. It needs c.mu.
func (c *Carrier) challenge(m *Message, status int) []Reply {
	if c.cfg.Password == "" {
		return nil
	}
	ask, answer := "WWW-Authenticate", "Authorization"
	if status == 407 {
		ask, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	stale := ""
	if given := m.Get(answer); given != "" {
		switch {
		case !c.right(given, m.Method()):
			return []Reply{{Status: 403}}
		case c.stale >= c.cfg.StaleNonces:
			return nil
		}
		c.stale++
		stale = ", stale=true"
	}
	c.nonce++
	algorithms := c.cfg.Algorithms
	if len(algorithms) == 0 {
		algorithms = []string{"MD5"}
	}
	r := Reply{Status: status}
	for _, a := range algorithms {
		r.Headers = append(r.Headers, fmt.Sprintf(`%s: Digest realm="carrier", nonce="n%d-%s", algorithm=%s, qop="auth"%s`, ask, c.nonce, a, a, stale))
	}
	return []Reply{r}
}

// right needs c.mu.
func (c *Carrier) right(given, method string) bool {
	get := func(name string) string {
		for part := range strings.SplitSeq(strings.TrimPrefix(given, "Digest "), ",") {
			if k, v, _ := strings.Cut(strings.TrimSpace(part), "="); k == name {
				return strings.Trim(v, `"`)
			}
		}
		return ""
	}
	newHash := md5.New
	if get("algorithm") == "SHA-256" {
		newHash = sha256.New
	}
	sum := func(s string) string {
		h := newHash()
		_, _ = h.Write([]byte(s))
		return hex.EncodeToString(h.Sum(nil))
	}
	want := sum(strings.Join([]string{
		sum(c.cfg.User + ":carrier:" + c.cfg.Password), get("nonce"), get("nc"), get("cnonce"), get("qop"), sum(method + ":" + get("uri")),
	}, ":"))
	return get("username") == c.cfg.User && strings.HasSuffix(get("nonce"), "-"+get("algorithm")) &&
		strings.HasPrefix(get("nonce"), "n"+strconv.Itoa(c.nonce)+"-") && get("response") == want
}

var phrases = map[int]string{
	100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 401: "Unauthorized", 403: "Forbidden",
	404: "Not Found", 407: "Proxy Authentication Required", 423: "Interval Too Brief", 486: "Busy Here", 487: "Request Terminated",
	500: "Server Internal Error", 503: "Service Unavailable", 603: "Decline",
}

func (c *Carrier) response(m *Message, r Reply) string {
	lines := []string{fmt.Sprintf("SIP/2.0 %d %s", r.Status, phrases[r.Status])}
	for _, v := range m.All("Via") {
		lines = append(lines, "Via: "+v)
	}
	to := m.Get("To")
	if Tag(to) == "" && r.Status > 100 {
		to += ";tag=carrier"
	}
	lines = append(lines, "From: "+m.Get("From"), "To: "+to, "Call-ID: "+m.Get("Call-ID"), "CSeq: "+m.Get("CSeq"))
	return finish(append(lines, r.Headers...), r.Body)
}
