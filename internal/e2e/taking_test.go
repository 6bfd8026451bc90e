package e2e_test

import (
	"context"
	"net/netip"
	"testing"

	"hotline/internal/stand"
	"hotline/media"
	"hotline/media/sdp"
	"hotline/sip/siptest"
)

// attend registers an agent's telephone and has take deal with each call that comes, until
// ctx ends.
func attend(ctx context.Context, t *testing.T, p *siptest.Phone, name string, ready func(), take func(invite *siptest.Message)) {
	t.Helper()
	if m := p.Register(name, stand.Password, "", 3600); m.Status() != 200 {
		t.Errorf("%s registers: %s", name, m.Start)
		return
	}
	ready()
	for ctx.Err() == nil {
		attendOne(ctx, p, take)
	}
}

// attendOne deals with the next that comes.
func attendOne(ctx context.Context, p *siptest.Phone, take func(invite *siptest.Message)) {
	m := p.NextUntil(ctx)
	switch {
	case m == nil, m.Status() != 0, m.Copy > 1, m.Method() == "ACK":
	case m.Method() != "INVITE":
		p.NewCall(siptest.URI(m.Get("From")), siptest.URI(m.Get("To"))).Respond(m, 200, "OK", "")
	default:
		take(m)
	}
}

// incoming is the telephone's side of a call that comes in.
func incoming(p *siptest.Phone, invite *siptest.Message) *siptest.Call {
	c := p.NewCall(siptest.URI(invite.Get("From")), siptest.URI(invite.Get("To")))
	c.CallID, c.RemoteTag, c.Target, c.Incoming = invite.Get("Call-ID"), siptest.Tag(invite.Get("From")), siptest.URI(invite.Get("Contact")), invite
	return c
}

// soundOf makes the sound of a call that is about to be answered with the text: it is for
// the caller to run it. line is what lies between, nil for nothing.
func soundOf(invite *siptest.Message, ports *media.Ports, line func(media.PacketConn) media.PacketConn) (session *media.Session, answer string, err error) {
	socket, err := ports.Listen()
	if err != nil {
		return nil, "", err
	}
	text, m, err := sdp.Answer([]byte(invite.Body), sdp.Local{Addr: netip.MustParseAddr("127.0.0.1"), Port: int(socket.Addr().Port()), Codecs: []sdp.Codec{sdp.PCMA}})
	if err != nil {
		_ = socket.Close()
		return nil, "", err
	}
	var conn media.PacketConn = socket
	if line != nil {
		conn = line(socket)
	}
	return media.NewSession(media.SessionConfig{Conn: conn, Media: m}), string(text), nil
}
