package network

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"hotline/sip/siptest"
)

// line is one call as the network carries it. What told holds is guarded by the
// network's mutex, as is all that follows it.
type line struct {
	n      *Network
	invite *siptest.Message
	from   *net.UDPAddr
	tag    string
	mode   Manner

	told    Call
	last    string // the response that an INVITE that comes again gets
	closed  bool   // a final response was sent and is no 2xx, or the call is over
	gone    chan struct{}
	acked   chan struct{}
	isAcked bool
	byeOK   chan struct{}
	isByeOK bool
}

func (n *Network) read() {
	buf := make([]byte, 65536)
	for {
		size, from, err := n.conn.ReadFromUDP(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error of an earlier packet: a server that was killed
		}
		m := siptest.Parse(bytes.Clone(buf[:size]))
		if m.Start == "" {
			continue
		}
		n.take(m, from)
	}
}

func (n *Network) take(m *siptest.Message, from *net.UDPAddr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.by[m.Get("Call-ID")]
	if m.Status() != 0 {
		if l != nil && m.Method() == "BYE" && m.Status() >= 200 && !l.isByeOK {
			l.isByeOK = true
			close(l.byeOK)
		}
		return
	}
	if n.trouble == Mute {
		return
	}
	switch m.Method() {
	case "INVITE":
		n.invited(l, m, from)
	case "ACK":
		if l != nil && !l.isAcked {
			l.isAcked = true
			close(l.acked)
		}
	case "CANCEL":
		n.send(from, respond(m, 200, "", "", nil))
		if l != nil && !l.closed && l.told.Answered.IsZero() {
			l.refuse(487, "caller")
		}
	case "BYE":
		n.send(from, respond(m, 200, "", "", nil))
		if l != nil {
			l.over("caller")
		}
	case "OPTIONS":
		n.send(from, respond(m, max(200, int(n.trouble)), siptest.Random(), "", nil))
	default:
		n.send(from, respond(m, 200, "", "", nil))
	}
}

// invited needs n.mu.
func (n *Network) invited(l *line, m *siptest.Message, from *net.UDPAddr) {
	if l != nil {
		if siptest.Tag(m.Get("To")) != "" && l.told.Status == 200 && m.Get("CSeq") != l.invite.Get("CSeq") {
			// A refresh of the session: nothing changes.
			n.send(from, respond(m, 200, l.tag, bodyOf(l.last), []string{l.contact()}))
		} else if l.last != "" {
			n.send(from, l.last)
		}
		return
	}
	if n.trouble != Well {
		number := NumberOf(m.Get("To"))
		l = &line{n: n, invite: m, from: from, tag: siptest.Random(), closed: true, acked: make(chan struct{}), gone: make(chan struct{}), byeOK: make(chan struct{})}
		now := time.Now()
		l.told = Call{CallID: m.Get("Call-ID"), Number: number, Nth: n.nth[number], At: now, Ended: now, Status: int(n.trouble), By: "trouble"}
		close(l.gone)
		n.by[l.told.CallID] = l
		n.calls = append(n.calls, l)
		l.last = respond(m, int(n.trouble), l.tag, "", nil)
		n.send(from, l.last)
		return
	}
	number := NumberOf(m.Get("To"))
	n.nth[number]++
	l = &line{n: n, invite: m, from: from, tag: siptest.Random(), gone: make(chan struct{}), acked: make(chan struct{}), byeOK: make(chan struct{})}
	l.mode = n.Manner(number, n.nth[number])
	l.told = Call{CallID: m.Get("Call-ID"), Number: number, Manner: l.mode, Nth: n.nth[number], At: time.Now()}
	n.by[l.told.CallID] = l
	n.calls = append(n.calls, l)
	n.open++
	n.most = max(n.most, n.open)
	l.last = respond(m, 100, "", "", nil)
	n.send(from, l.last)
	n.wg.Go(l.live)
}

func (n *Network) send(to *net.UDPAddr, raw string) { _, _ = n.conn.WriteToUDP([]byte(raw), to) }

// reply sends a provisional response, unless the call is over.
func (l *line) reply(status int, sdp string) {
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	if l.closed {
		return
	}
	l.told.Rang = l.told.Rang || status == 180
	l.last = respond(l.invite, status, l.tag, sdp, []string{l.contact()})
	l.n.send(l.from, l.last)
}

// answer accepts the call and waits for the ACK, as RFC 3261 section 13.3.1.4 has it; false
// when it was over before.
func (l *line) answer(sdp string) bool {
	l.n.mu.Lock()
	if l.closed {
		l.n.mu.Unlock()
		return false
	}
	l.told.Status, l.told.Answered = 200, time.Now()
	raw := respond(l.invite, 200, l.tag, sdp, []string{l.contact(), "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS"})
	l.last = raw
	l.n.send(l.from, raw)
	l.n.mu.Unlock()
	for wait := 500 * time.Millisecond; ; wait = min(2*wait, 4*time.Second) {
		select {
		case <-l.acked:
			return true
		case <-l.gone:
			return false
		case <-l.n.shut:
			return false
		case <-time.After(wait):
			if time.Since(l.told.Answered) > 32*time.Second { // timer H
				l.end("lost")
				return false
			}
			l.n.send(l.from, raw)
		}
	}
}

// reject refuses the call; it may be over already.
func (l *line) reject(status int) {
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	if !l.closed {
		l.refuse(status, "callee")
	}
}

// refuse needs the network's mutex. The final response is sent again until its ACK comes
// (RFC 3261 section 17.2.1).
func (l *line) refuse(status int, by string) {
	l.told.Status = status
	raw := respond(l.invite, status, l.tag, "", nil)
	l.last = raw
	l.n.send(l.from, raw)
	l.over(by)
	l.n.wg.Go(func() {
		for wait := 500 * time.Millisecond; wait < 9*time.Second; wait *= 2 {
			select {
			case <-l.acked:
				return
			case <-l.n.shut:
				return
			case <-time.After(wait):
				l.n.send(l.from, raw)
			}
		}
	})
}

// over needs the network's mutex.
func (l *line) over(by string) {
	if l.closed {
		return
	}
	l.closed = true
	l.told.Ended, l.told.By = time.Now(), by
	l.n.open--
	close(l.gone)
}

func (l *line) end(by string) {
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	l.over(by)
}

// bye hangs up.
func (l *line) bye() {
	l.n.mu.Lock()
	if l.closed {
		l.n.mu.Unlock()
		return
	}
	target := siptest.URI(l.invite.Get("Contact"))
	lines := []string{
		fmt.Sprintf("BYE %s SIP/2.0", target),
		fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport", l.n.Addr(), siptest.Random()),
		"Max-Forwards: 70", "From: " + l.invite.Get("To") + ";tag=" + l.tag, "To: " + l.invite.Get("From"),
		"Call-ID: " + l.told.CallID, "CSeq: 1 BYE", "Content-Length: 0", "", "",
	}
	raw := strings.Join(lines, "\r\n")
	l.over("callee")
	l.n.mu.Unlock()
	for wait := 500 * time.Millisecond; wait < 9*time.Second; wait *= 2 {
		l.n.send(l.from, raw)
		select {
		case <-l.byeOK:
			return
		case <-l.n.shut:
			return
		case <-time.After(wait):
		}
	}
}

func (l *line) contact() string { return "Contact: <sip:network@" + l.n.Addr() + ">" }

var phraseOf = map[int]string{
	100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 404: "Not Found", 480: "Temporarily Unavailable", 486: "Busy Here",
	487: "Request Terminated", 488: "Not Acceptable Here", 500: "Server Internal Error", 503: "Service Unavailable", 603: "Decline",
}

// respond is a response to a request; more are whole lines.
func respond(m *siptest.Message, status int, tag, body string, more []string) string {
	lines := []string{fmt.Sprintf("SIP/2.0 %d %s", status, phraseOf[status])}
	for _, v := range m.All("Via") {
		lines = append(lines, "Via: "+v)
	}
	to := m.Get("To")
	if tag != "" && siptest.Tag(to) == "" {
		to += ";tag=" + tag
	}
	lines = append(lines, "From: "+m.Get("From"), "To: "+to, "Call-ID: "+m.Get("Call-ID"), "CSeq: "+m.Get("CSeq"))
	lines = append(lines, more...)
	if body != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	lines = append(lines, "Content-Length: "+strconv.Itoa(len(body)), "", body)
	return strings.Join(lines, "\r\n")
}

func bodyOf(raw string) string {
	_, body, _ := strings.Cut(raw, "\r\n\r\n")
	return body
}

// offer is what an SDP offer says of its first audio.
type offer struct {
	to    netip.AddrPort
	law   byte // 0 is µ-law, 8 A-law
	keys  byte // payload type of telephone events, 0: none
	known bool
}

func parseOffer(sdp string) (o offer) {
	host, port := "", 0
	for l := range strings.SplitSeq(sdp, "\n") {
		l = strings.TrimSpace(l)
		switch {
		case strings.HasPrefix(l, "c=") && host == "":
			if f := strings.Fields(l); len(f) == 3 {
				host = f[2]
			}
		case strings.HasPrefix(l, "m=audio "):
			f := strings.Fields(l)
			if len(f) < 4 || port != 0 {
				continue
			}
			port, _ = strconv.Atoi(f[1])
			for _, pt := range f[3:] {
				if !o.known && (pt == "0" || pt == "8") {
					o.known = true
					o.law = pt[0] - '0'
				}
			}
		case strings.HasPrefix(l, "a=rtpmap:") && strings.Contains(strings.ToLower(l), "telephone-event/8000"):
			pt, _, _ := strings.Cut(strings.TrimPrefix(l, "a=rtpmap:"), " ")
			if v, err := strconv.ParseUint(pt, 10, 7); err == nil {
				o.keys = byte(v)
			}
		}
	}
	a, err := netip.ParseAddr(host)
	o.known = o.known && err == nil && port > 0 && port < 1<<16
	o.to = netip.AddrPortFrom(a, uint16(port))
	return o
}

// answerTo is our session.
func (o offer) answerTo(port int) string {
	codec := "PCMU"
	if o.law == 8 {
		codec = "PCMA"
	}
	s := fmt.Sprintf("v=0\r\no=network 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP %d", port, o.law)
	if o.keys != 0 {
		s += fmt.Sprintf(" %d", o.keys)
	}
	s += fmt.Sprintf("\r\na=rtpmap:%d %s/8000\r\n", o.law, codec)
	if o.keys != 0 {
		s += fmt.Sprintf("a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", o.keys, o.keys)
	}
	return s + "a=ptime:20\r\na=sendrecv\r\n"
}
