package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hotline/internal/stand"
)

// Marks of the set-up: CPU time of the server for a call from its INVITE to the
// record of its end, and the time from INVITE to 200.
const (
	setupCost   = 0.45 // CPU-ms
	setupAnswer = 10.0 // ms, p99
	answerRate  = 300  // calls a second at which the answer is judged
)

// caller sets calls up and ends them at once: INVITE, 200, ACK, BYE, 200. It is one
// socket and two goroutines, and writes and reads messages as plain text, so that it
// takes less of the machine than the server.
type caller struct {
	conn   *net.UDPConn
	sink   *net.UDPConn // where sound goes; nobody reads it
	to     netip.AddrPort
	local  string
	prefix string // of Call-IDs
	number string
	sdp    string
	t1     time.Duration
	hold   bool // calls stand until hangUp

	mu    sync.Mutex
	calls []setupCall
}

type setupCall struct {
	began, answered, over time.Time
	again                 int    // INVITEs and BYEs sent again
	failed                int    // status
	to, target            string // of a call that stands
}

// newCaller rings number at a server; sound goes to a port that nobody reads.
func newCaller(to, number string, calls int, prefix string) (*caller, error) {
	server, err := netip.ParseAddrPort(to)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	sink, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	_ = conn.SetReadBuffer(8 << 20)
	_ = conn.SetWriteBuffer(8 << 20)
	c := &caller{conn: conn, sink: sink, to: server, local: conn.LocalAddr().String(), number: number, prefix: prefix, t1: 500 * time.Millisecond, calls: make([]setupCall, calls)}
	c.sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
		"m=audio " + strconv.Itoa(sink.LocalAddr().(*net.UDPAddr).Port) + " RTP/AVP 0 8 101\r\n" +
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n"
	return c, nil
}

// message writes a request of call i.
func (c *caller) message(method, uri string, i, seq int, to, body string) []byte {
	id := strconv.Itoa(i)
	var b bytes.Buffer
	b.Grow(640 + len(body))
	w := func(parts ...string) {
		for _, p := range parts {
			b.WriteString(p)
		}
	}
	w(method, " ", uri, " SIP/2.0\r\nVia: SIP/2.0/UDP ", c.local, ";rport;branch=z9hG4bK", c.prefix, method[:1], id,
		"\r\nMax-Forwards: 70\r\nFrom: <sip:load", id, "@", c.local, ">;tag=", c.prefix, id, "\r\nTo: ", to,
		"\r\nCall-ID: ", c.prefix, "-", id, "\r\nCSeq: ", strconv.Itoa(seq), " ", method, "\r\n")
	if method == "INVITE" {
		w("Contact: <sip:load@", c.local, ">\r\nContent-Type: application/sdp\r\n")
	}
	w("Content-Length: ", strconv.Itoa(len(body)), "\r\n\r\n", body)
	return b.Bytes()
}

func (c *caller) uri() string { return "sip:" + c.number + "@" + c.to.String() }

func (c *caller) send(b []byte) { _, _ = c.conn.WriteToUDPAddrPort(b, c.to) }

func (c *caller) invite(i int) {
	c.send(c.message("INVITE", c.uri(), i, 1, "<"+c.uri()+">", c.sdp))
}

// offer begins rate calls a second until all have begun.
func (c *caller) offer(ctx context.Context, rate int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := time.Now()
	for i := range c.calls {
		if err := sleep(ctx, time.Until(start.Add(time.Duration(i)*time.Second/time.Duration(rate)))); err != nil {
			return
		}
		c.mu.Lock()
		c.calls[i].began = time.Now()
		c.mu.Unlock()
		c.invite(i)
	}
}

// repeat sends again what was not answered (RFC 3261 section 17.1.1.2).
func (c *caller) repeat(ctx context.Context) {
	for first := 0; sleep(ctx, c.t1/5) == nil; {
		now := time.Now()
		var late []int
		c.mu.Lock()
		for first < len(c.calls) && (!c.calls[first].over.IsZero() || c.calls[first].failed > 0) {
			first++
		}
		for i := first; i < len(c.calls) && !c.calls[i].began.IsZero(); i++ {
			k := &c.calls[i]
			if k.answered.IsZero() && k.failed == 0 && k.again < 6 && now.Sub(k.began) > c.t1<<k.again {
				k.again++
				late = append(late, i)
			}
		}
		c.mu.Unlock()
		for _, i := range late {
			c.invite(i)
		}
	}
}

// answers reads until the socket is closed.
func (c *caller) answers() {
	buf := make([]byte, 65536)
	for {
		n, _, err := c.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		c.take(string(buf[:n]))
	}
}

func headerLine(m, name string) string {
	_, rest, ok := strings.Cut(m, "\r\n"+name+": ")
	if !ok {
		return ""
	}
	v, _, _ := strings.Cut(rest, "\r\n")
	return v
}

// take acts on a response.
func (c *caller) take(m string) {
	if !strings.HasPrefix(m, "SIP/2.0 ") || len(m) < 12 {
		return
	}
	status, err := strconv.Atoi(m[8:11])
	i, bad := strconv.Atoi(strings.TrimPrefix(headerLine(m, "Call-ID"), c.prefix+"-"))
	if err != nil || bad != nil || i < 0 || i >= len(c.calls) || status < 200 {
		return
	}
	now := time.Now()
	c.mu.Lock()
	k := &c.calls[i]
	if strings.HasSuffix(headerLine(m, "CSeq"), "BYE") {
		if k.over.IsZero() {
			k.over = now
		}
		c.mu.Unlock()
		return
	}
	if k.answered.IsZero() && status < 300 {
		k.answered = now
	} else if status >= 300 {
		k.failed = status
	}
	c.mu.Unlock()
	to := headerLine(m, "To")
	if status >= 300 {
		c.send(c.message("ACK", c.uri(), i, 1, to, ""))
		return
	}
	target, _, _ := strings.Cut(strings.TrimPrefix(headerLine(m, "Contact"), "<"), ">")
	c.send(c.message("ACK", target, i, 1, to, ""))
	if !c.hold {
		c.send(c.message("BYE", target, i, 2, to, ""))
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k.to, k.target = to, target
}

// hangUp ends the calls that stand, with time between them.
func (c *caller) hangUp(ctx context.Context) error {
	for i := range c.calls {
		c.mu.Lock()
		k := c.calls[i]
		c.mu.Unlock()
		if k.target == "" {
			continue
		}
		c.send(c.message("BYE", k.target, i, 2, k.to, ""))
		if err := sleep(ctx, 2*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// standing is how many calls have been answered.
func (c *caller) standing() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.calls {
		if c.calls[i].target != "" {
			n++
		}
	}
	return n
}

// open is how many calls are neither over nor refused.
func (c *caller) open() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.calls {
		if c.calls[i].over.IsZero() && c.calls[i].failed == 0 {
			n++
		}
	}
	return n
}

// awaitEnd waits until all calls are over, and no longer than recordLimit.
func (c *caller) awaitEnd(ctx context.Context) {
	end := time.Now().Add(recordLimit)
	for c.open() > 0 && time.Now().Before(end) {
		if sleep(ctx, 20*time.Millisecond) != nil {
			return
		}
	}
}

// setup measures what a call costs from its INVITE to its record, at growing rates.
func (b *Bench) setup(ctx context.Context) error {
	for n, rate := range b.cfg.Rates {
		if err := b.setupAt(ctx, rate, "s"+strconv.Itoa(n)); err != nil {
			return fmt.Errorf("%d calls a second: %w", rate, err)
		}
	}
	return nil
}

// settleLimit is how long the server is waited for, seconds. Reading what the demo business
// knows takes it half a minute on an idle machine of two cores: while that went on, its
// memory and its processor time were counted as the calls'.
const settleLimit = 90

// settle waits until the server has done what it does after its start: what it uses
// without a call is not a call's. Its workers count too, since it waits for them while
// they read its knowledge; what else they do then takes longer than is waited for.
func settle(ctx context.Context, server *stand.Stand) error {
	const quiet = 30 * time.Millisecond // in a second
	used := func() (sum time.Duration) {
		for _, p := range server.PIDs() {
			sum += cpuTime(p)
		}
		return sum
	}
	for range settleLimit {
		before := used()
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
		if used()-before < quiet {
			break
		}
	}
	return nil
}

// recordLimit is how long the last records may take to be written.
const recordLimit = 10 * time.Second

// run starts what receives; stop ends it and waits.
func (c *caller) run(ctx context.Context) (stop func()) {
	calling, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(c.answers)
	wg.Go(func() { c.repeat(calling) })
	return func() {
		cancel()
		_ = c.conn.Close()
		_ = c.sink.Close()
		wg.Wait()
	}
}

func (b *Bench) setupAt(ctx context.Context, rate int, prefix string) error {
	c, err := newCaller(b.server.SIP, "9197", int(b.cfg.Offered.Seconds()*float64(rate)), prefix)
	if err != nil {
		return err
	}
	defer c.run(ctx)()
	if err := settle(ctx, b.server); err != nil {
		return err
	}
	pids := b.server.PIDs()
	empty := stand.Memory(b.server.PID())
	before, cpu, began := readUsage(pids...), cpuTime(b.server.PID()), time.Now()
	c.offer(ctx, rate)
	offered := time.Since(began)
	c.awaitEnd(ctx)
	used := cpuTime(b.server.PID()) - cpu
	others := readUsage(pids...).others(before)
	memory := stand.Memory(b.server.PID()) - empty
	recorded, err := b.recorded(ctx, c)
	if err != nil {
		return err
	}
	return b.printSetup(c, rate, offered, used, others, memory, recorded)
}

// recorded tells whether the records of the last two calls stand.
func (b *Bench) recorded(ctx context.Context, c *caller) (bool, error) {
	for _, i := range []int{len(c.calls) - 1, len(c.calls) - 2} {
		if i < 0 {
			continue
		}
		if _, err := b.server.Record(ctx, c.prefix+"-"+strconv.Itoa(i)); err != nil {
			return false, fmt.Errorf("the record of a call that is over: %w", err)
		}
	}
	return true, nil
}

func (b *Bench) printSetup(c *caller, rate int, offered, used time.Duration, others float64, memory int64, recorded bool) error {
	var answers []float64
	lost, refused, again := 0, 0, 0
	for _, k := range c.calls {
		again += k.again
		switch {
		case k.failed > 0:
			refused++
		case k.over.IsZero():
			lost++
		default:
			answers = append(answers, ms(k.answered.Sub(k.began)))
		}
	}
	slices.Sort(answers)
	p99 := 0.0
	if len(answers) > 0 {
		p99 = round1(answers[max(0, len(answers)*99/100-1)])
	}
	cost := round3(ms(used) / float64(max(1, len(answers))))
	answer := spread(answers)
	l := Line{Bench: "setup", Calls: rate, N: len(answers), MS: &answer, Others: others, Marks: map[string]float64{"cpu_ms_per_call": setupCost, "lost": 0}, More: map[string]any{
		"line": "calls a second", "cpu_ms_per_call": cost, "answer_p99_ms": p99, "lost": lost, "refused": refused, "sent_again": again,
		"offered_per_second": round1(float64(len(c.calls)) / offered.Seconds()), "recorded": recorded,
		"memory_mib": round1(float64(memory) / (1 << 20)),
	}}
	if rate == answerRate {
		l.Marks["answer_p99_ms"] = setupAnswer
	}
	l.judge(map[string]float64{"cpu_ms_per_call": cost, "lost": float64(lost + refused), "answer_p99_ms": p99})
	return b.print(l)
}
