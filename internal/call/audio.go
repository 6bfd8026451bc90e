package call

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"hotline/media"
	"hotline/media/sdp"
)

// telephoneRate is the rate at which calls are heard, spoken and recorded, whatever
// their codec; Hz.
const telephoneRate = 8000

// A Socket carries one leg's sound.
type Socket interface {
	media.PacketConn
	// Addr is the local address; its port is told to the far end.
	Addr() netip.AddrPort
}

// Audio opens the media of legs.
type Audio struct {
	// Listen opens a socket for a leg; the leg's session closes it.
	Listen func() (Socket, error)
	Clock  *media.Clock
	// Advertise is the address in our session descriptions; the zero value means
	// the one that the far end reached.
	Advertise netip.Addr
	// Silence is how long no RTP may come before the call is over; 0 is the
	// session's default, less than 0 for ever.
	Silence time.Duration
	Codecs  []sdp.Codec // in order of preference; default PCMA, PCMU
	Log     *slog.Logger
}

// local describes our side with the socket's port.
func (a *Audio) local(reached netip.Addr, socket Socket) sdp.Local {
	addr := a.Advertise
	if !addr.IsValid() {
		addr = reached
	}
	return sdp.Local{Addr: addr, Port: int(socket.Addr().Port()), Codecs: a.Codecs, SessionID: uint64(time.Now().UnixNano())}
}

// open makes a session out of what was negotiated.
func (a *Audio) open(socket Socket, m sdp.Media, rec *media.Recorder) *media.Session {
	return media.NewSession(media.SessionConfig{
		Conn: socket, Media: m, Rate: telephoneRate, Recorder: rec, Clock: a.Clock, SilenceTimeout: a.Silence, Logger: a.Log,
	})
}

// answering takes a far end's offer: it returns the session and the answer to
// send. A far end that offers nothing gets our offer instead, and settle takes
// its answer from the ACK (RFC 3261 section 14.1, delayed offer).
func (a *Audio) answering(offer []byte, reached netip.Addr, rec *media.Recorder) (*incoming, error) {
	socket, err := a.Listen()
	if err != nil {
		return nil, fmt.Errorf("opening an RTP port: %w", err)
	}
	in := &incoming{audio: a, socket: socket, local: a.local(reached, socket), recorder: rec}
	if len(offer) == 0 {
		in.sdp, in.delayed = sdp.Offer(in.local), true
		return in, nil
	}
	answer, m, err := sdp.Answer(offer, in.local)
	if err != nil {
		_ = socket.Close()
		return nil, fmt.Errorf("reading the caller's session description: %w", err)
	}
	in.sdp, in.media = answer, m
	return in, nil
}

// incoming is an answer under way.
type incoming struct {
	audio    *Audio
	socket   Socket
	local    sdp.Local
	recorder *media.Recorder
	sdp      []byte
	media    sdp.Media
	delayed  bool

	mu    sync.Mutex // a re-INVITE may cross an UPDATE
	asked bool       // the far end asked for our offer
}

// settle answers the leg and opens the session.
func (in *incoming) settle(ctx context.Context, l Leg) (*media.Session, error) {
	if err := l.Answer(ctx, in.sdp); err != nil {
		_ = in.socket.Close()
		return nil, fmt.Errorf("answering: %w", err)
	}
	if in.delayed {
		m, err := sdp.Accept(in.local, l.Offer())
		if err != nil {
			_ = in.socket.Close()
			return nil, fmt.Errorf("reading the session description in the ACK: %w", err)
		}
		in.media = m
	}
	return in.audio.open(in.socket, in.media, in.recorder), nil
}

// refresh answers a re-INVITE or UPDATE: hold, resume, a new address. Without an
// offer the far end asks for ours (RFC 3261 section 14.2), and its answer comes in
// a second call.
func (in *incoming) refresh(s *media.Session, offer []byte) ([]byte, sdp.Direction, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.local.Version++
	if len(offer) == 0 {
		in.asked = true
		return sdp.Offer(in.local), sdp.SendRecv, nil
	}
	var answer []byte
	var m sdp.Media
	var err error
	if in.asked {
		in.asked = false
		m, err = sdp.Accept(in.local, offer)
	} else {
		answer, m, err = sdp.Answer(offer, in.local)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading the session description of a re-INVITE: %w", err)
	}
	return answer, m.Direction, s.Update(m)
}
