package siptest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Call is one dialog of a phone, as the script drives it.
type Call struct {
	p         *Phone
	CallID    string
	LocalTag  string
	RemoteTag string
	Local     string // our URI
	Remote    string // the far end's URI
	Target    string // Request-URI of what we send next
	Seq       int    // of our last request
	Branch    string // of our last request
	Incoming  *Message
	Routes    []string
	Contact   string // instead of the phone's own
}

// Invite starts a call to user at the server. Without sdp the server has to offer.
// headers are whole lines.
func (p *Phone) Invite(user, sdp string, headers ...string) *Call {
	p.tb.Helper()
	server := p.Server()
	c := p.NewCall("sip:"+user+"@"+server, "sip:caller@"+p.Addr())
	c.Request("INVITE", sdp, headers...)
	return c
}

// NewCall makes a dialog without sending anything.
func (p *Phone) NewCall(remote, local string) *Call {
	return &Call{p: p, CallID: Random() + "@siptest", LocalTag: Random(), Local: local, Remote: remote, Target: remote}
}

// Request sends a request of the dialog with a new CSeq, and returns it as sent.
func (c *Call) Request(method, body string, headers ...string) string {
	c.p.tb.Helper()
	c.Seq++
	c.Branch = "z9hG4bK" + Random()
	raw := c.build(method, c.Seq, c.Branch, body, headers)
	c.p.Send(raw)
	return raw
}

func (c *Call) build(method string, seq int, branch, body string, headers []string) string {
	to := "<" + c.Remote + ">"
	if c.RemoteTag != "" {
		to += ";tag=" + c.RemoteTag
	}
	lines := []string{
		fmt.Sprintf("%s %s SIP/2.0", method, c.Target),
		fmt.Sprintf("Via: SIP/2.0/%s %s;branch=%s;rport", c.p.network, c.p.Addr(), branch),
	}
	for _, r := range c.Routes {
		lines = append(lines, "Route: "+r)
	}
	lines = append(lines, "Max-Forwards: 70",
		fmt.Sprintf("From: <%s>;tag=%s", c.Local, c.LocalTag),
		"To: "+to, "Call-ID: "+c.CallID,
		fmt.Sprintf("CSeq: %d %s", seq, method), "Contact: "+c.contact())
	lines = append(lines, headers...)
	return finish(lines, body)
}

func (c *Call) contact() string {
	if c.Contact != "" {
		return c.Contact
	}
	return fmt.Sprintf("<sip:siptest@%s;transport=%s>", c.p.Addr(), transportParam(c.p.network))
}

// transportParam is what a URI names a transport by (RFC 7118 section 5.2).
func transportParam(network string) string {
	if network == "WSS" {
		return "ws"
	}
	return strings.ToLower(network)
}

func finish(lines []string, body string) string {
	if body != "" && !strings.Contains(strings.ToLower(strings.Join(lines, "\n")), "\ncontent-type:") {
		lines = append(lines, "Content-Type: application/sdp")
	}
	lines = append(lines, "Content-Length: "+strconv.Itoa(len(body)), "", body)
	return strings.Join(lines, "\r\n")
}

// Expect waits for a message of any kind, and learns the dialog from a response.
func (c *Call) Expect(want string) *Message {
	c.p.tb.Helper()
	m := c.p.Expect(want)
	if m.Status() > 100 && m.Method() == "INVITE" {
		c.learn(m)
	}
	return m
}

func (c *Call) learn(m *Message) {
	if tag := Tag(m.Get("To")); tag != "" {
		c.RemoteTag = tag
	}
	if contact := m.Get("Contact"); contact != "" && m.Status() < 300 {
		c.Target = URI(contact)
	}
}

// Ack acknowledges the response to the last INVITE, with an answer if sdp is given.
// For a 2xx it is a transaction of its own, otherwise it belongs to the INVITE.
func (c *Call) Ack(sdp string) {
	c.p.tb.Helper()
	c.p.Send(c.build("ACK", c.Seq, "z9hG4bK"+Random(), sdp, nil))
}

// AckRefusal acknowledges a final response that is no 2xx.
func (c *Call) AckRefusal() {
	c.p.tb.Helper()
	c.p.Send(c.build("ACK", c.Seq, c.Branch, "", nil))
}

// Cancel cancels the last request.
func (c *Call) Cancel(headers ...string) {
	c.p.tb.Helper()
	tag := c.RemoteTag
	c.RemoteTag = ""
	c.p.Send(c.build("CANCEL", c.Seq, c.Branch, "", headers))
	c.RemoteTag = tag
}

// Answered waits for the 200 of the INVITE and acknowledges it.
func (c *Call) Answered() *Message {
	c.p.tb.Helper()
	m := c.Expect("200 INVITE")
	c.Ack("")
	return m
}

// Bye hangs up and waits for the confirmation.
func (c *Call) Bye(headers ...string) {
	c.p.tb.Helper()
	c.Request("BYE", "", headers...)
	c.p.Expect("200 BYE")
}

// Await waits for a call.
func (p *Phone) Await() *Call {
	p.tb.Helper()
	m := p.Expect("INVITE")
	return &Call{
		p: p, CallID: m.Get("Call-ID"), LocalTag: Random(), RemoteTag: Tag(m.Get("From")),
		Local: URI(m.Get("To")), Remote: URI(m.Get("From")), Target: URI(m.Get("Contact")), Incoming: m,
	}
}

// Respond answers a request of the far end. headers are whole lines.
func (c *Call) Respond(to *Message, status int, reason, body string, headers ...string) string {
	c.p.tb.Helper()
	lines := []string{fmt.Sprintf("SIP/2.0 %d %s", status, reason)}
	for _, v := range to.All("Via") {
		lines = append(lines, "Via: "+v)
	}
	target := to.Get("To")
	if Tag(target) == "" && status > 100 {
		target += ";tag=" + c.LocalTag
	}
	lines = append(lines, "From: "+to.Get("From"), "To: "+target, "Call-ID: "+to.Get("Call-ID"), "CSeq: "+to.Get("CSeq"))
	if !slices.ContainsFunc(headers, func(h string) bool { return strings.HasPrefix(h, "Contact:") }) {
		lines = append(lines, "Contact: "+c.contact())
	}
	raw := finish(append(lines, headers...), body)
	c.p.Send(raw)
	return raw
}

// Ring says that it rings.
func (c *Call) Ring() {
	c.p.tb.Helper()
	c.Respond(c.Incoming, 180, "Ringing", "")
}

// Answer accepts the call and waits for the ACK.
func (c *Call) Answer(sdp string) *Message {
	c.p.tb.Helper()
	c.Respond(c.Incoming, 200, "OK", sdp)
	return c.p.Expect("ACK")
}

// Reject refuses the call and waits for the ACK.
func (c *Call) Reject(status int, reason string, headers ...string) {
	c.p.tb.Helper()
	c.Respond(c.Incoming, status, reason, "", headers...)
	c.p.Expect("ACK")
}

// HungUp waits for the far end's BYE and confirms it.
func (c *Call) HungUp() *Message {
	c.p.tb.Helper()
	m := c.p.Expect("BYE")
	c.Respond(m, 200, "OK", "")
	return m
}

// Register registers user with the server, with a password, for seconds; the
// contact is the phone's own unless given. It returns the final response.
func (p *Phone) Register(user, password, contact string, seconds int) *Message {
	p.tb.Helper()
	server := p.Server()
	uri := "sip:" + server
	c := p.NewCall("sip:"+user+"@"+server, "sip:"+user+"@"+server)
	c.Target = uri
	c.Contact = contact
	headers := []string{"Expires: " + strconv.Itoa(seconds)}
	send := func(more ...string) *Message {
		c.Seq++
		raw := c.build("REGISTER", c.Seq, "z9hG4bK"+Random(), "", append(headers, more...))
		return p.untilAnswered(raw, strconv.Itoa(c.Seq)+" REGISTER")
	}
	m := send()
	if m.Status() == 401 {
		m = send("Authorization: " + Digest(m.Get("WWW-Authenticate"), "REGISTER", uri, user, password, "00000001"))
	}
	return m
}

// untilAnswered sends a request, over UDP again each second, since what floods a socket
// pushes datagrams out (RFC 3261 section 17.1.2.2). It returns the final response.
func (p *Phone) untilAnswered(raw, cseq string) *Message {
	p.tb.Helper()
	all, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	again := Patience
	if p.network == "UDP" {
		again = time.Second
	}
	for all.Err() == nil {
		p.Send(raw)
		if m := p.answer(all, again, cseq); m != nil {
			return m
		}
	}
	p.tb.Fatalf("siptest: no answer to %s", cseq)
	return nil
}

// answer waits for a final response; nil when none comes in time.
func (p *Phone) answer(ctx context.Context, patience time.Duration, cseq string) *Message {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		m := p.NextUntil(ctx)
		if m == nil || m.Status() >= 200 && m.Get("CSeq") == cseq {
			return m
		}
	}
}

// next waits for a final response to a method.
func (p *Phone) next(method string) *Message {
	p.tb.Helper()
	for {
		m := p.Next()
		if m.Status() >= 200 && m.Method() == method {
			return m
		}
	}
}

// On goes on with the call at another phone, as when a browser has a new connection.
func (c *Call) On(p *Phone) { c.p = p }
