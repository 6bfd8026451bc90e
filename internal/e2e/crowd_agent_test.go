package e2e_test

import (
	"context"
	"sync"
	"time"

	"hotline/internal/stand"
	"hotline/media"
	"hotline/sip/siptest"
)

// agent is a telephone that takes calls, listens and talks for some seconds, and
// hangs up.
func (w *crowd) agent(ctx context.Context, name string) {
	p := siptest.New(w.t, w.stand.SIP)
	defer p.Close()
	attend(ctx, w.t, p, name, func() {}, func(invite *siptest.Message) {
		if err := w.takes(ctx, p, invite); err != nil {
			w.t.Errorf("%s takes a call: %v", name, err)
		}
	})
	p.Register(name, stand.Password, "", 0)
}

// takes answers an agent's call.
func (w *crowd) takes(ctx context.Context, p *siptest.Phone, invite *siptest.Message) error {
	c := incoming(p, invite)
	c.Ring()
	session, answer, err := soundOf(invite, w.ports, func(c media.PacketConn) media.PacketConn { return badLine.over(c, 3) })
	if err != nil {
		return err
	}
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
	c.Respond(invite, 200, "OK", answer)
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
