package call

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"hotline/media"
	"hotline/media/sdp"
	"hotline/media/secure"
	"hotline/media/webrtc"
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
	// Listen opens a socket for a leg whose far end reached us at an address, which
	// tells IPv4 from IPv6; the leg's session closes it.
	Listen func(reached netip.Addr) (Socket, error)
	Clock  *media.Clock
	// Advertise is the address in our session descriptions; the zero value means
	// the one that the far end reached.
	Advertise netip.Addr
	// Silence is how long no RTP may come before the call is over; 0 is the
	// session's default, less than 0 for ever.
	Silence time.Duration
	Codecs  []sdp.Codec // in order of preference; default sdp.DefaultCodecs
	// KeyTones says when keys are listened for in the sound; the zero value means
	// where a far end has no telephone events.
	KeyTones media.KeyTones
	// Protection says what becomes of encrypted streams, SRTP.
	Protection sdp.Protection
	// Certificate is shown in DTLS handshakes; without one there are none.
	Certificate *secure.Certificate
	// Browsers carries the sound of browsers; nil refuses them.
	Browsers *webrtc.Endpoint
	Log      *slog.Logger

	prefer string // the codec of the leg that the next one is joined to
}

// beside makes legs that are joined to s: they would rather speak its codec, so that
// packets pass as they are.
func (a *Audio) beside(s *media.Session) *Audio {
	b := *a
	b.prefer = s.Media().Codec.Name
	return &b
}

// local describes our side with the socket's port.
func (a *Audio) local(reached netip.Addr, socket Socket) sdp.Local {
	addr := a.Advertise
	if !addr.IsValid() || reached.IsValid() && addr.Is4() != reached.Unmap().Is4() {
		addr = reached
	}
	return sdp.Local{
		Addr: addr, Port: int(socket.Addr().Port()), Codecs: a.Codecs, SessionID: uint64(time.Now().UnixNano()),
		Security: a.security(), Prefer: a.prefer,
	}
}

// security makes the keys of one leg.
func (a *Audio) security() sdp.Security {
	if a.Protection == sdp.Plain {
		return sdp.Security{}
	}
	s := sdp.Security{Protection: a.Protection, Secrets: &sdp.Secrets{}, ICE: true}
	if a.Certificate != nil {
		s.Fingerprint = a.Certificate.Fingerprint
	}
	return s
}

// sound is one leg's sound under negotiation and after: its sockets, our
// description, and what was agreed.
type sound struct {
	audio    *Audio
	socket   Socket
	conn     *secure.Conn // nil where nothing can be encrypted
	browser  *webrtc.Conn // in place of socket and conn; beside them while it is open which one it will be
	local    sdp.Local
	recorder *media.Recorder
	sdp      []byte    // our answer, or our offer
	media    sdp.Media // once it is agreed
	offered  bool      // sdp is an offer: the far end's answer is to come

	mu    sync.Mutex // a re-INVITE may cross an UPDATE
	asked bool       // the far end asked for our offer
}

// answering takes a far end's offer; sdp is then the answer to send. A far end that
// offers nothing gets our offer instead, and its answer comes in the ACK (RFC 3261
// section 14.1, delayed offer).
func (a *Audio) answering(ctx context.Context, offer []byte, reached netip.Addr, rec *media.Recorder) (*sound, error) {
	if len(offer) == 0 {
		return a.offering(reached, rec)
	}
	if a.Browsers != nil && webrtc.IsBrowser(offer) {
		return a.answeringBrowser(ctx, offer, rec)
	}
	s, err := a.listen(reached, rec)
	if err != nil {
		return nil, err
	}
	answer, m, err := sdp.Answer(offer, s.local)
	if err != nil {
		s.drop()
		return nil, &offerError{fmt.Errorf("reading the caller's session description: %w", err)}
	}
	s.sdp, s.media = answer, m
	return s, nil
}

// offerError tells of a caller's session description with nothing that we can take.
type offerError struct{ err error }

func (e *offerError) Error() string { return e.err.Error() }
func (e *offerError) Unwrap() error { return e.err }

// why is what a caller's people can do something about; nothing of a description that
// could not even be read.
func (e *offerError) why() string {
	for err := e.err; err != nil; err = errors.Unwrap(err) {
		if text := err.Error(); strings.HasPrefix(text, sdp.ErrNoCodec.Error()) || strings.HasPrefix(text, sdp.ErrNoAudio.Error()) {
			return text
		}
	}
	return "Not Acceptable Here"
}

// endLeg hangs up. A caller whose offer cannot be taken is told that this is why (RFC
// 3261 section 13.3.1.3), so that it can make another.
func endLeg(ctx context.Context, l Leg, cause error) error {
	var bad *offerError
	if r, ok := l.(Refuser); ok && errors.As(cause, &bad) {
		return r.Reject(ctx, 488, bad.why())
	}
	return l.Hangup(ctx)
}

// offering makes our offer, for a leg that we dial or one that offers nothing.
func (a *Audio) offering(reached netip.Addr, rec *media.Recorder) (*sound, error) {
	s, err := a.listen(reached, rec)
	if err != nil {
		return nil, err
	}
	s.sdp, s.offered = sdp.Offer(s.local), true
	return s, nil
}

// stricter makes our offer anew for a far end that would not have it: telephones that
// insist on encryption may not know keys beside a plain stream (RFC 8643). First it
// is an encrypted stream with its keys (RFC 4568), then one with a handshake (RFC
// 5763). False when there is nothing more to offer.
func (s *sound) stricter() bool {
	switch security := &s.local.Security; {
	case security.Protection == sdp.Optional:
		security.Protection = sdp.Required
	case security.Protection == sdp.Required && !security.OfferDTLS && security.Fingerprint != "":
		security.OfferDTLS = true
	default:
		return false
	}
	s.sdp = sdp.Offer(s.local)
	return true
}

func (a *Audio) listen(reached netip.Addr, rec *media.Recorder) (*sound, error) {
	socket, err := a.Listen(reached)
	if err != nil {
		return nil, fmt.Errorf("opening an RTP port: %w", err)
	}
	return &sound{audio: a, socket: socket, local: a.local(reached, socket), recorder: rec}, nil
}

// drop gives the ports back of a leg that comes to nothing. Later it is the
// session that does.
func (s *sound) drop() {
	if s.socket != nil {
		_ = s.socket.Close()
	}
	if s.browser != nil {
		_ = s.browser.Close()
	}
}

// settle answers the leg and opens the session.
func (s *sound) settle(ctx context.Context, l Leg) (*media.Session, error) {
	if err := l.Answer(ctx, s.sdp); err != nil {
		s.drop()
		return nil, fmt.Errorf("answering: %w", err)
	}
	return s.accepted(l.Offer())
}

// accepted opens the session. answer is the far end's to our offer, if we made one.
func (s *sound) accepted(answer []byte) (*media.Session, error) {
	if s.offered {
		s.choose(answer)
		var m sdp.Media
		var err error
		if s.browser != nil {
			m, err = s.browser.Accept(answer, sdp.Local{})
		} else {
			m, err = sdp.Accept(s.local, answer)
		}
		if err != nil {
			s.drop()
			return nil, fmt.Errorf("reading the far end's session description: %w", err)
		}
		s.media, s.offered = m, false
	}
	return s.open()
}

// open makes a session out of what was agreed.
func (s *sound) open() (*media.Session, error) {
	cfg := media.SessionConfig{
		Conn: s.socket, Media: s.media, Rate: telephoneRate, Recorder: s.recorder,
		Clock: s.audio.Clock, SilenceTimeout: s.audio.Silence, Logger: s.audio.Log,
		SuppressEcho: true, KeyTones: s.audio.KeyTones,
	}
	switch {
	case s.browser != nil:
		cfg.Conn = s.browser
	case s.local.Security.Protection != sdp.Plain:
		var err error
		if s.conn, err = secure.New(s.protection(s.media)); err != nil {
			s.drop()
			return nil, fmt.Errorf("protecting the audio: %w", err)
		}
		cfg.Conn = s.conn
	}
	return media.NewSession(cfg), nil
}

func (s *sound) protection(m sdp.Media) secure.Config {
	return secure.Config{
		Conn: s.socket, Keys: m.Keys, RTCPMux: m.RTCPMux, Remote: m.Remote, RemoteRTCP: m.RemoteRTCP,
		Certificate: s.audio.Certificate,
	}
}

// refresh answers a re-INVITE or UPDATE: hold, resume, a new address. Without an
// offer the far end asks for ours (RFC 3261 section 14.2), and its answer comes in
// a second call.
func (s *sound) refresh(session *media.Session, offer []byte) ([]byte, sdp.Direction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.browser != nil {
		return s.refreshBrowser(session, offer)
	}
	s.local.Version++
	if len(offer) == 0 {
		s.asked = true
		return sdp.Offer(s.local), sdp.SendRecv, nil
	}
	var answer []byte
	var m sdp.Media
	var err error
	if s.asked {
		s.asked = false
		m, err = sdp.Accept(s.local, offer)
	} else {
		answer, m, err = sdp.Answer(offer, s.local)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading the session description of a re-INVITE: %w", err)
	}
	if s.conn != nil {
		if err := s.conn.Update(s.protection(m)); err != nil {
			return nil, 0, fmt.Errorf("protecting the audio anew: %w", err)
		}
	}
	return answer, m.Direction, session.Update(m)
}
