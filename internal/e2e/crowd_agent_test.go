package e2e_test

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"hotline/internal/stand"
	"hotline/media"
	"hotline/media/sdp"
	"hotline/sip/siptest"
)

// agent is a telephone that takes calls, listens and talks for some seconds, and
// hangs up.
func (w *crowd) agent(ctx context.Context, name string) {
	p := siptest.New(w.t, w.stand.SIP)
	defer p.Close()
	if m := p.Register(name, stand.Password, "", 3600); m.Status() != 200 {
		w.t.Errorf("%s registers: %s", name, m.Start)
		return
	}
	defer p.Register(name, stand.Password, "", 0)
	for {
		m := p.NextUntil(ctx)
		switch {
		case m == nil:
			return
		case m.Status() != 0 || m.Copy > 1 || m.Method() == "ACK":
		case m.Method() != "INVITE":
			p.NewCall(siptest.URI(m.Get("From")), siptest.URI(m.Get("To"))).Respond(m, 200, "OK", "")
		default:
			if err := w.takes(ctx, p, m); err != nil {
				w.t.Errorf("%s takes a call: %v", name, err)
			}
		}
	}
}

// takes answers an agent's call.
func (w *crowd) takes(ctx context.Context, p *siptest.Phone, invite *siptest.Message) error {
	c := p.NewCall(siptest.URI(invite.Get("From")), siptest.URI(invite.Get("To")))
	c.CallID, c.RemoteTag, c.Target, c.Incoming = invite.Get("Call-ID"), siptest.Tag(invite.Get("From")), siptest.URI(invite.Get("Contact")), invite
	c.Ring()
	socket, err := w.ports.Listen()
	if err != nil {
		return err
	}
	answer, m, err := sdp.Answer([]byte(invite.Body), sdp.Local{Addr: netip.MustParseAddr("127.0.0.1"), Port: int(socket.Addr().Port()), Codecs: []sdp.Codec{sdp.PCMA, sdp.PCMU}})
	if err != nil {
		_ = socket.Close()
		return err
	}
	session := media.NewSession(media.SessionConfig{Conn: badLine.over(socket, 3), Media: m})
	talking, cancel := context.WithTimeout(ctx, 16*time.Second)
	heard := &caller{t: w.t, session: session, ctx: talking}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = session.Run(talking) })
	wg.Go(func() { listenTo(session, heard.hear) })
	wg.Go(func() {
		defer func() { _ = recover() }() // the call is over
		heard.pause(6 * time.Second)     // of what the bot tells
		heard.say(w.english)
	})
	c.Respond(invite, 200, "OK", string(answer))
	for {
		m := p.NextUntil(talking)
		switch {
		case m == nil:
			c.Bye()
			w.heardBy(heard)
			return nil
		case m.Method() == "ACK" || m.Status() != 0:
		case m.Method() == "BYE" && m.Get("Call-ID") == c.CallID:
			c.Respond(m, 200, "OK", "")
			w.heardBy(heard)
			return nil
		case m.Method() == "INVITE": // another caller's
			c.Respond(m, 486, "Busy Here", "")
		default:
			c.Respond(m, 200, "OK", "")
		}
	}
}

// heardBy counts the callers that an agent has heard.
func (w *crowd) heardBy(agent *caller) {
	x := agent.since(0)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(x) > 6*8000 && spoken(x) > time.Second {
		w.bridged++
	}
}
