package media

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"hotline/media/dsp"
	"hotline/media/rtp"
	"hotline/media/sdp"
)

// ErrMediaTimeout is returned by Session.Run when the far end has sent no RTP for
// SessionConfig.SilenceTimeout.
var ErrMediaTimeout = errors.New("no RTP from the far end")

// DefaultSilenceTimeout is how long the far end may send nothing.
const DefaultSilenceTimeout = 30 * time.Second

// SessionConfig says what a Session is made of.
type SessionConfig struct {
	Conn  PacketConn // the Session closes it
	Media sdp.Media  // what was agreed with the far end

	// Rate is that of In and Out in Hz; 0 means the codec's.
	Rate int
	// NewCodec makes the codec; nil means the built-in ones.
	NewCodec func(sdp.Codec) (Codec, error)
	// Recorder takes both directions; nil means none. Whoever made it closes it.
	Recorder *Recorder
	// SilenceTimeout is how long the far end may send nothing while it should; 0
	// means DefaultSilenceTimeout, less than 0 for ever.
	SilenceTimeout time.Duration
	// Clock is shared with other sessions; nil means one of its own.
	Clock *Clock
	// KeyTones says when keys are listened for in the sound; the zero value means
	// while there is no better way.
	KeyTones KeyTones
	// SuppressEcho makes In yield silence for what is only our own sound coming back,
	// so that a recogniser does not hear the bot.
	SuppressEcho bool
	// Logger is told what an operator should know; nil means nobody.
	Logger *slog.Logger
	// CNAME names us in RTCP (RFC 3550 section 6.5.1); it should not name the caller.
	CNAME string
}

// Key is a key that the far end pressed.
type Key struct {
	Digit byte          // 0-9 * # A-D
	At    time.Duration // by the session's clock
}

// Session is the audio of one call leg.
type Session struct {
	cfg  SessionConfig
	log  *slog.Logger
	rate int
	in   *Ring
	out  *Player
	keys chan Key
	fail chan error    // the reason for the clock to give up; room for one
	done chan struct{} // closed when Run has returned

	ticks  atomic.Int64 // since the start
	echo   atomic.Bool
	loop   atomic.Pointer[[]Frame]
	turn   int         // the loop's next frame; only ticks use it
	heeded atomic.Bool // somebody listens to the far end

	mu       sync.Mutex
	err      error // a codec that cannot be had
	media    sdp.Media
	codec    Codec
	latch    latch
	buffer   *rtp.Buffer
	receiver *rtp.Receiver
	keyIn    rtp.KeyReceiver
	keyHeld  int64 // tick of its last packet
	heard    int64 // tick of the last valid packet
	ssrcIn   uint32
	newSSRC  uint32 // seen once
	hasSSRC  bool
	stats    Stats
	holes    int64         // runs of frames made up
	weighed  int64         // those of holes that are in recent
	recent   float64       // holes of late, older ones weighing less
	run      int           // frames made up in the present one
	missing  bool          // the present frame did not arrive; only ticks use it
	quiet    int           // frames in which the far end has now paused
	delaySum time.Duration // of the buffer, looked at from time to time
	delays   int64
	keyOut   keyQueue
	keysIn   keyInput
	mute     bool                // what was heard last are tones of keys
	ownVoice *dsp.EchoSuppressor // nil before there is sound to come back; only ticks use it
	echoed   int64               // frames that were only echo
	spoken   bool                // there has been sound of ours; only ticks use it
	port     *Port
	ended    bool

	// decoding, at the codec's rate
	fifo      []int16
	conceal   *concealer
	concealer Concealer  // the codec, if it is one
	fromRate  *converter // codec's rate to ours, nil if equal
	toRate    *converter

	send    sender
	cross   crossing // with the port
	samples int      // of the codec in a packet that we send
	codecs  int      // how many there have been
	ctrl    control
}

// NewSession returns a Session. It does nothing until Run.
func NewSession(cfg SessionConfig) *Session {
	s := &Session{
		cfg:  cfg,
		log:  cfg.Logger,
		keys: make(chan Key, 32),
		fail: make(chan error, 1),
		done: make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.cfg.NewCodec == nil {
		s.cfg.NewCodec = NewCodec
	}
	if s.cfg.SilenceTimeout == 0 {
		s.cfg.SilenceTimeout = DefaultSilenceTimeout
	}
	s.rate = cfg.Rate
	if s.rate == 0 {
		s.rate = cfg.Media.Codec.SampleRate
	}
	if s.rate == 0 {
		s.rate = 8000
	}
	s.send = newSender()
	s.keyOut.toned = -keyEcho
	s.stats.ssrc = s.send.ssrc
	s.ctrl = newControl(cfg.CNAME)
	s.err = s.setMedia(cfg.Media)
	s.in = NewRing(s.rate)
	s.out = NewPlayer(s.rate)
	return s
}

// setMedia takes what was agreed. It needs s.mu once the session runs.
func (s *Session) setMedia(m sdp.Media) error {
	if s.codec == nil || m.Codec != s.media.Codec {
		wanted := m.Codec
		switch {
		case strings.EqualFold(wanted.Name, sdp.Opus.Name), strings.EqualFold(wanted.Name, sdp.G722.Name) && s.rate <= 8000:
			wanted.SampleRate = s.rate // they work at ours, if that is one of their own
		}
		codec, err := s.cfg.NewCodec(wanted)
		if err != nil {
			return fmt.Errorf("setting up audio: %w", err)
		}
		rate := codec.SampleRate()
		if s.codec == nil || s.codec.SampleRate() != rate || m.Codec.ClockRate != s.media.Codec.ClockRate {
			s.buffer = rtp.NewBuffer(m.Codec.ClockRate)
			s.receiver = rtp.NewReceiver(m.Codec.ClockRate)
			s.conceal = newConcealer(rate)
			s.fifo = nil
			s.fromRate, s.toRate = newConverter(rate, s.rate), newConverter(s.rate, rate)
			s.hasSSRC = false
		} else {
			s.buffer.Reset() // what waits is in the other codec
		}
		s.codec = codec
		s.codecs++
		s.concealer, _ = codec.(Concealer)
		s.run, s.quiet = 0, 0
	}
	length := m.PacketTime()
	if l, ok := s.codec.(Limiter); ok {
		length = l.PacketTime(length)
	}
	s.samples = int(length/time.Millisecond) * s.codec.SampleRate() / 1000
	if m.Remote != s.media.Remote {
		s.latch.reset(m.Remote)
		s.ctrl.from = netip.AddrPort{}
	}
	if s.hasSSRC && m.Direction.Receives() && !s.media.Direction.Receives() {
		// A far end may have gone on sending what nobody was to hear; it is not lost.
		s.receiver.Restart()
		s.buffer.Reset()
	}
	s.keysIn.listens(s.cfg.KeyTones, m.HasDTMF, s.rate)
	s.media = m
	s.heard = s.ticks.Load() // the time of silence counts anew
	return nil
}

// Update takes what a re-INVITE has agreed: another address, codec or direction.
// The rate of In and Out stays.
func (s *Session) Update(m sdp.Media) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setMedia(m)
}

// Media is what was agreed last.
func (s *Session) Media() sdp.Media {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.media
}

// In is what the far end says, one frame each 20 ms. It ends with the session.
// Frames are kept from the first call on, and keys are listened for in them; there is
// one reader.
func (s *Session) In() Reader {
	s.heeded.Store(true)
	s.in.open()
	return s.in
}

// Missing tells whether the frame that In gave last did not arrive, so that its silence
// is not the far end's. One that stops sending while nobody speaks, without comfort noise
// (RFC 3389), cannot be told from that.
func (s *Session) Missing() bool { return s.in.Missing() }

// Out is what we say.
func (s *Session) Out() *Player { return s.out }

// Keys yields the keys that the far end presses. It is closed when the session ends.
func (s *Session) Keys() <-chan Key { return s.keys }

// Rate is the sample rate of In and Out in Hz.
func (s *Session) Rate() int { return s.rate }

// Elapsed is the session's time, in whole frames: the recording's time axis.
func (s *Session) Elapsed() time.Duration { return time.Duration(s.ticks.Load()) * FrameTime }

// Done is closed when Run has returned.
func (s *Session) Done() <-chan struct{} { return s.done }

// Run moves audio until ctx ends (nil), the far end falls silent (ErrMediaTimeout)
// or the socket fails. It closes the Conn, ends In and Keys, flushes Out, leaves the
// Bridge and says goodbye by RTCP. It must be called once.
func (s *Session) Run(ctx context.Context) (err error) {
	defer s.end()
	if s.err != nil {
		return s.err
	}
	if r := s.cfg.Recorder; r != nil && r.rate != s.rate {
		return fmt.Errorf("recording a session of %d Hz: the recorder has %d Hz", s.rate, r.rate)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	clock := s.cfg.Clock
	if clock == nil {
		clock = &Clock{Workers: 1}
		own, stop := context.WithCancel(context.WithoutCancel(ctx))
		defer stop()
		wg.Go(func() { _ = clock.Run(own) })
	}
	if r := s.cfg.Recorder; r != nil {
		wg.Go(func() {
			r.drain()
			if err := r.Err(); err != nil { // once: the call goes on without it
				s.log.Error("the recording has stopped, the call goes on; free disk space", "error", err)
			}
		})
		defer r.finish()
	}
	var stop context.CancelFunc = func() {}
	defer func() { stop() }()
	work, agree := s.keying()
	agreeing := func() { // most calls have nothing to agree on, and take no context for it
		var keying context.Context
		keying, stop = context.WithCancel(ctx) //nolint:gosec // it is called at the end
		wg.Go(func() { agree(keying) })
	}
	if agree != nil && work == nil {
		agreeing()
	}
	e := clock.add(s)
	for over := false; !over; {
		select {
		case <-work:
			agreeing()
			work = nil
			continue
		case <-ctx.Done():
		case err = <-s.fail:
		case <-clock.done():
			err = ErrClockStopped
		}
		over = true
	}
	e.remove()
	s.sayGoodbye()
	return err
}

// keying is the Conn's own work, nil if it has none, and what yields when there is
// some; without that there always is.
func (s *Session) keying() (work <-chan struct{}, run func(context.Context)) {
	r, ok := s.cfg.Conn.(Runner)
	if !ok {
		return nil, nil
	}
	if w, ok := r.(Waiter); ok {
		work = w.Work()
	}
	return work, func(ctx context.Context) {
		if err := r.Run(ctx); err != nil {
			s.giveUp(fmt.Errorf("agreeing on keys for the audio: %w", err))
		}
	}
}

// end gives everything back. No tick comes after it.
func (s *Session) end() {
	s.mu.Lock()
	port := s.port
	s.ended = true
	s.keyOut.end()
	s.mu.Unlock()
	if port != nil {
		port.Leave()
	}
	if err := s.cfg.Conn.Close(); err != nil {
		s.log.Warn("closing media sockets", "error", err)
	}
	_ = s.in.Close()
	s.out.close()
	close(s.keys)
	close(s.done)
}

// panicked ends the session after a fault of its own.
func (s *Session) panicked(err error) { s.giveUp(err) }

// giveUp makes Run return err.
func (s *Session) giveUp(err error) {
	select {
	case s.fail <- err:
	default:
	}
}

// scratch is memory for the length of a tick, shared by the sessions of a worker.
type scratch struct {
	batch  Batch
	parsed parsed
	wide   []int16 // a frame at a codec's rate
	other  []int16
	in     []int16 // a frame at the session's rate
	out    []int16
	packet []byte

	silence []int16 // a frame that stays empty
}

// maxRate is the highest sample rate of a session or codec.
const maxRate = 48000

func newScratch() *scratch {
	return &scratch{
		wide:   make([]int16, maxRate/50),
		other:  make([]int16, maxRate/50),
		in:     make([]int16, maxRate/50),
		out:    make([]int16, maxRate/50),
		packet: make([]byte, 0, packetMTU),

		silence: make([]int16, maxRate/50),
	}
}

// tick is 20 ms of the call: what has arrived is heard, what is to be said is sent.
// s.mu is not held while packets are received or sent, and a panic releases it.
func (s *Session) tick(now time.Time, w *scratch, skip int) {
	in, out := w.in[:s.rate/50], w.out[:s.rate/50]
	for range skip {
		s.lose(in, out, w)
	}
	s.cross.given.n = 0
	n := s.receive(now, w)
	p := s.listen(in, n, now, w)

	s.speak(out, in, &p)
	if p.mute {
		s.yield(out, w.silence[:len(in)])
	} else {
		s.yield(out, in)
	}
	if s.cfg.Recorder != nil {
		s.cfg.Recorder.write(in, out)
	}
	s.transmit(out, &p, w)
	if p.readControl {
		s.receiveControl(now, w)
	}
	if p.report != nil {
		s.sendControl(p.report)
	}
	s.ticks.Add(1)
}

// plan is what a tick has learnt under the lock for the rest of it.
type plan struct {
	outMode
	port        *Port
	codec       Codec
	media       sdp.Media
	toRate      *converter
	samples     int
	codecs      int
	mute        bool
	readControl bool
	report      []rtcp.Packet
}

// listen takes the last n packets received and fills in with what is heard.
func (s *Session) listen(in Frame, n int, now time.Time, w *scratch) plan {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(n, now, w)
	s.hear(in, w)
	s.buffer.Advance(len(s.fifo) * s.media.Codec.ClockRate / s.codec.SampleRate())
	s.watch()
	p := plan{outMode: s.outgoing(), port: s.port, codec: s.codec, media: s.media, toRate: s.toRate, samples: s.samples, codecs: s.codecs, mute: s.mute}
	p.readControl, p.report = s.control(now)
	s.cross.codec = s.media.Codec
	if s.port == nil {
		s.cross.wanted = false
	}
	s.stats.Relayed = s.send.relayed
	if s.ownVoice != nil {
		loss, delay, ok := s.ownVoice.Echo()
		s.stats.Echo, s.stats.EchoLossDB, s.stats.EchoDelay = ok, loss, time.Duration(delay)*time.Millisecond
		s.stats.EchoFrames = s.echoed
	}
	s.stats.Sent, s.stats.SendErrors = s.send.sent, s.send.errors
	return p
}

// yield gives what was heard to whoever listens, with silence for what is only what we
// have said, coming back.
func (s *Session) yield(out, in Frame) {
	if s.ownVoice == nil {
		if !s.cfg.SuppressEcho || !s.heeded.Load() || !s.spoken {
			_ = s.in.write(in, s.missing)
			return
		}
		s.ownVoice = dsp.NewEchoSuppressor(len(in))
	}
	due, only := s.ownVoice.Take(out, dsp.Heard{Samples: in, Missing: s.missing})
	for _, f := range due {
		_ = s.in.write(f.Samples, f.Missing)
	}
	if only {
		s.echoed++
	}
}

// lose passes over a tick for which the clock came too late: time goes on on all
// axes, and what waits to be said keeps waiting.
func (s *Session) lose(in, out Frame, w *scratch) {
	clear(out)
	func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.send.skip(s.media.Codec.ClockRate / 50)
		s.hear(in, w)
		s.buffer.Advance(len(s.fifo) * s.media.Codec.ClockRate / s.codec.SampleRate())
	}()
	s.yield(out, in)
	if s.cfg.Recorder != nil {
		s.cfg.Recorder.write(in, out)
	}
	s.ticks.Add(1)
}

// watch ends a session whose far end is gone. It needs s.mu.
func (s *Session) watch() {
	limit := s.cfg.SilenceTimeout
	// A far end that has put us on hold may play music, or nothing (RFC 3264 section
	// 8.4 leaves it free): its silence ends no call.
	if limit < 0 || s.media.Direction != sdp.SendRecv {
		s.heard = s.ticks.Load()
		return
	}
	if time.Duration(s.ticks.Load()-s.heard)*FrameTime >= limit {
		s.giveUp(fmt.Errorf("%w for %v", ErrMediaTimeout, limit))
	}
}

func randomBits() (a uint32, b uint16, c uint32) {
	return rand.Uint32(), uint16(rand.Uint32()), rand.Uint32()
}
