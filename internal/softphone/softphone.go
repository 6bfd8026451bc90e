// Package softphone is a caller without a telephone: it places one call, plays a
// file into it, presses keys, and writes down what it hears. `hotline call`, the
// bench and the end-to-end tests ring with it.
//
// # Concepts
//
// A [Phone] has a SIP server of its own that only dials. Each [Phone.Call] is one
// call with a media.Session of its own.
//
// # Concurrency
//
// Phone.Run serves until its ctx ends; Call blocks until the call is over and
// waits for what it started. Calls may run side by side.
package softphone

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"hotline/internal/call"
	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/sdp"
	"hotline/media/wav"
	"hotline/sip"
)

// Config sets a Phone up.
type Config struct {
	// Bind is the local address; default 127.0.0.1.
	Bind netip.Addr
	// Transport is "udp" (default) or "tcp".
	Transport string
	// RTPLow and RTPHigh are the ports for sound; default 40000–49999.
	RTPLow, RTPHigh int
	// TLS says whom calls by TLS trust; nil: those whom the system does.
	TLS *tls.Config
	Log *slog.Logger
}

// Phone places calls.
type Phone struct {
	cfg   Config
	sip   *sip.Server
	ports *media.Ports
}

// New returns a Phone; it listens on a port of the kernel's choice once Run runs.
func New(c Config) (*Phone, error) {
	if !c.Bind.IsValid() {
		c.Bind = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if c.Transport == "" {
		c.Transport = "udp"
	}
	if c.RTPLow == 0 {
		c.RTPLow, c.RTPHigh = 40000, 49999
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	listen := c.Transport + ":" + netip.AddrPortFrom(c.Bind, 0).String()
	s, err := sip.New(sip.Config{Listen: []string{listen}, TLS: c.TLS, UserAgent: "hotline-call"}, nil, nil, c.Log)
	if err != nil {
		return nil, err
	}
	return &Phone{cfg: c, sip: s, ports: media.NewPorts(c.Bind, c.RTPLow, c.RTPHigh)}, nil
}

// Run serves the signalling until ctx ends.
func (p *Phone) Run(ctx context.Context) error { return p.sip.Run(ctx) }

// Ready is closed once the phone can call.
func (p *Phone) Ready() <-chan struct{} { return p.sip.Ready() }

// by is a URI with our transport, unless it names one (RFC 3261 section 19.1.1): a
// sip: address is rung by UDP otherwise.
func (p *Phone) by(uri string) string {
	lower := strings.ToLower(uri)
	if p.cfg.Transport == "udp" || !strings.HasPrefix(lower, "sip:") || strings.Contains(lower, ";transport=") {
		return uri
	}
	return uri + ";transport=" + p.cfg.Transport
}

// Request is one call.
type Request struct {
	URI      string // "sip:8000@127.0.0.1:5060"
	From     string // caller number shown
	Auth     *sip.Credentials
	Duration time.Duration // hang up after so long; 0: when the far end does, or after what is played
	Ring     time.Duration // how long it may ring; default 30 s
	Keys     []Press
	// Play is spoken into the call, mono at PlayRate, PlayAfter the answer.
	Play      []int16
	PlayRate  int
	PlayAfter time.Duration
	// Talk, in place of Play and Keys, is the caller: it speaks by s.Out and presses
	// by s.SendKeys, and the call ends when it returns. Its ctx ends with the call.
	Talk func(ctx context.Context, s *media.Session) error
	// Conn wraps the RTP socket, for impairments and time stamps; may be nil.
	Conn func(media.PacketConn) media.PacketConn
	// Heard is given each frame that the far end sends, at 8 kHz; may be nil. It
	// must not keep the frame.
	Heard func(media.Frame)
}

// Press is keys that are pressed some time after the answer.
type Press struct {
	At   time.Duration
	Keys string
}

// Report is how a call went.
type Report struct {
	Answered  bool    `json:"answered"`
	Status    int     `json:"status"` // SIP status of the final response
	SIPCallID string  `json:"sip_call_id,omitempty"`
	AnswerMS  float64 `json:"answer_ms"`      // INVITE → 200
	FirstMS   float64 `json:"first_sound_ms"` // INVITE → first audible frame
	Seconds   float64 `json:"seconds"`        // from the answer to the end
	Ended     string  `json:"ended"`          // "far_end", "duration", "played", "stopped", "lost"
	Codec     string  `json:"codec,omitempty"`
	Received  int64   `json:"received"`
	Lost      int64   `json:"lost"`
	JitterMS  float64 `json:"jitter_ms"`
	LevelDB   float64 `json:"level_db"` // of the audible frames heard
	Audible   float64 `json:"audible_s"`
}

// audible is the level from which a frame counts as sound.
const audible = -50.0

var (
	errTime   = errors.New("the call's time is over")
	errPlayed = errors.New("everything was played")
)

// Call places one call and returns when it is over. A refusal is a Report with its
// status and no error.
func (p *Phone) Call(ctx context.Context, r Request) (Report, error) {
	var rep Report
	socket, err := p.ports.Listen()
	if err != nil {
		return rep, fmt.Errorf("opening an RTP port: %w", err)
	}
	local := sdp.Local{Addr: p.cfg.Bind, Port: int(socket.Addr().Port()), Codecs: []sdp.Codec{sdp.PCMU, sdp.PCMA}, SessionID: uint64(time.Now().UnixNano())}
	ring := r.Ring
	if ring == 0 {
		ring = 30 * time.Second
	}
	invited := time.Now()
	leg, err := p.sip.Dial(ctx, sip.DialRequest{To: p.by(r.URI), From: r.From, Offer: sdp.Offer(local), Auth: r.Auth, Timeout: ring}, nil)
	if err != nil {
		_ = socket.Close()
		var status *sip.StatusError
		if errors.As(err, &status) {
			rep.Status, rep.Ended = status.Code, "refused"
			return rep, nil
		}
		return rep, fmt.Errorf("calling %s: %w", r.URI, err)
	}
	rep.Answered, rep.Status, rep.SIPCallID, rep.AnswerMS = true, 200, leg.ID(), ms(time.Since(invited))
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := leg.Hangup(ctx); err != nil {
			p.cfg.Log.Warn("hanging up", "error", err)
		}
	}()
	m, err := sdp.Accept(local, leg.Offer())
	if err != nil {
		_ = socket.Close()
		return rep, fmt.Errorf("reading the answer's session description: %w", err)
	}
	rep.Codec = m.Codec.Name
	var conn media.PacketConn = socket
	if r.Conn != nil {
		conn = r.Conn(conn)
	}
	s := media.NewSession(media.SessionConfig{Conn: conn, Media: m, SilenceTimeout: 20 * time.Second, Logger: p.cfg.Log})
	err = p.talk(ctx, leg, s, r, invited, &rep)
	st := s.Stats()
	rep.Received, rep.Lost, rep.JitterMS = st.Received, st.Lost, st.JitterMS
	return rep, err
}

// talk runs the call until one side ends it.
func (p *Phone) talk(ctx context.Context, leg *sip.Leg, s *media.Session, r Request, invited time.Time, rep *Report) error {
	ctx, cancel, stop := call.Until(ctx, leg)
	defer stop()
	defer cancel(nil)
	if r.Duration > 0 {
		timer := time.AfterFunc(r.Duration, func() { cancel(errTime) })
		defer timer.Stop()
	}
	began := time.Now()
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			cancel(err)
		}
	})
	wg.Go(func() { p.listen(s, r, invited, rep) })
	if r.Talk != nil {
		wg.Go(func() {
			if err := r.Talk(ctx, s); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("talking: %w", err))
			}
			cancel(errPlayed)
		})
	}
	wg.Go(func() {
		if err := p.speak(ctx, s, r); err == nil && r.Duration == 0 && len(r.Play) > 0 {
			cancel(errPlayed)
		}
	})
	wg.Go(func() { p.press(ctx, s, r.Keys, began) })
	<-ctx.Done()
	wg.Wait()
	rep.Seconds = time.Since(began).Seconds()
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errTime):
		rep.Ended = "duration"
	case errors.Is(cause, errPlayed):
		rep.Ended = "played"
	case errors.Is(cause, sip.ErrBye):
		rep.Ended = "far_end"
	case errors.Is(cause, context.Canceled):
		rep.Ended = "stopped"
	default:
		rep.Ended = "lost"
		return cause
	}
	return nil
}

// listen reads what the far end sends until the session ends.
func (p *Phone) listen(s *media.Session, r Request, invited time.Time, rep *Report) {
	f := make(media.Frame, s.In().Rate()/50)
	var sum float64
	var n int
	for {
		if err := s.In().ReadFrame(f); err != nil {
			if !errors.Is(err, io.EOF) {
				p.cfg.Log.Warn("listening", "error", err)
			}
			break
		}
		if level := dsp.LevelDB(f); level > audible {
			if n == 0 {
				rep.FirstMS = ms(time.Since(invited))
			}
			sum += level
			n++
		}
		if r.Heard != nil {
			r.Heard(f)
		}
	}
	if n > 0 {
		rep.LevelDB, rep.Audible = sum/float64(n), float64(n)*media.FrameTime.Seconds()
	}
}

// speak plays the file and returns nil when its last frame was sent.
func (p *Phone) speak(ctx context.Context, s *media.Session, r Request) error {
	if len(r.Play) == 0 {
		return nil
	}
	if err := pauseFor(ctx, r.PlayAfter); err != nil {
		return err
	}
	return play(ctx, s, r.Play, r.PlayRate)
}

func (p *Phone) press(ctx context.Context, s *media.Session, presses []Press, began time.Time) {
	for _, k := range presses {
		if pauseFor(ctx, time.Until(began.Add(k.At))) != nil {
			return
		}
		if err := s.SendKeys(ctx, k.Keys); err != nil && ctx.Err() == nil {
			p.cfg.Log.Warn("pressing keys", "error", err)
		}
	}
}

func pauseFor(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Tape keeps what was heard. It is a Heard function with a memory bound.
type Tape struct {
	Samples []int16
	Limit   int // samples; 0: 10 minutes at 8 kHz
}

// Take appends a frame.
func (t *Tape) Take(f media.Frame) {
	limit := t.Limit
	if limit == 0 {
		limit = 10 * 60 * 8000
	}
	if len(t.Samples) < limit {
		t.Samples = append(t.Samples, f...)
	}
}

// WriteFile writes the tape as a mono WAV.
func (t *Tape) WriteFile(path string) error {
	return wav.WriteFile(path, wav.Audio{Rate: 8000, Channels: [][]int16{t.Samples}})
}
