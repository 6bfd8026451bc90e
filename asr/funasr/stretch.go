package funasr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"hotline/asr"
	"hotline/media/dsp"
)

// What the server is told about latency: 600 ms of sound a chunk with 300 ms on
// each side, sent in tenths.
const (
	serverRate    = 16000
	chunkInterval = 10
	chunkBytes    = serverRate * 2 * 60 / 1000 // 60 ms
	maxMessage    = 1 << 20
	retryPause    = 150 * time.Millisecond
	// Where it is not known how the server marks its last text, so long another
	// one is waited for.
	graceForMore = 300 * time.Millisecond
	maxHotwords  = 200
)

var errNoAnswer = errors.New("the FunASR server did not answer")

// marking is how a server marks its last text. The C++ server sets is_final on it
// and on no other; the Python server sets it on all but the last.
type marking int

const (
	unknownMarking marking = iota
	lastIsFinal
	lastIsNotFinal
)

// stretch is speech between two pauses and its connection to the server.
type stretch struct {
	resample *dsp.Resampler // nil at the server's rate; used by the feeding goroutine
	scratch  []int16
	wake     chan struct{} // there is more to send; capacity 1

	mu          sync.Mutex
	sound       []byte // all of it, for another attempt
	ended       bool   // nothing more comes
	told        bool   // and the server knows
	marking     marking
	final       string // corrected text so far
	provisional string // provisional text behind it
	answers     int
	done        bool
	err         error
}

func newStretch(rate int) *stretch {
	s := &stretch{wake: make(chan struct{}, 1), sound: make([]byte, 0, serverRate*2*3)}
	if rate != serverRate {
		s.resample = dsp.NewResampler(rate, serverRate)
	}
	return s
}

// feed takes sound; it never blocks.
func (s *stretch) feed(x []int16) {
	if s.resample != nil {
		s.scratch = s.resample.Append(s.scratch[:0], x)
		x = s.scratch
	}
	s.mu.Lock()
	for _, v := range x {
		s.sound = append(s.sound, byte(v), byte(uint16(v)>>8))
	}
	s.mu.Unlock()
	s.signal()
}

// end says that nothing more comes.
func (s *stretch) end() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.signal()
}

func (s *stretch) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *stretch) length() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration(len(s.sound)/2) * time.Second / serverRate
}

func (s *stretch) text() (text string, done bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return asr.JoinTexts(s.final, s.provisional), s.done, s.err
}

// run keeps a connection to the server until the text is final, with a limited
// number of attempts.
func (s *stretch) run(ctx context.Context, r *Recognizer, changed chan<- struct{}) {
	news := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	defer news()
	var err error
	for attempt := range r.cfg.Attempts {
		if attempt > 0 {
			r.cfg.Log.Warn("connection to the FunASR server lost, trying again", "call", r.cfg.Call, "attempt", attempt+1, "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(retryPause << (attempt - 1)):
			}
			s.mu.Lock()
			s.final, s.provisional, s.answers, s.told = "", "", 0, false
			s.mu.Unlock()
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
			break
		}
		if err = s.attempt(ctx, r, news); err == nil || errors.Is(err, errNoAnswer) {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done, s.err = true, err
}

// attempt is one connection. It returns nil once the text is final.
func (s *stretch) attempt(ctx context.Context, r *Recognizer, news func()) error {
	dialing, stop := context.WithTimeoutCause(ctx, r.cfg.DialTimeout, fmt.Errorf("no connection within %v", r.cfg.DialTimeout))
	conn, _, err := websocket.Dial(dialing, r.cfg.URL, &websocket.DialOptions{HTTPClient: r.http, Subprotocols: []string{"binary"}}) //nolint:bodyclose // the library closes it
	stop()
	if err != nil {
		return fmt.Errorf("connecting to the FunASR server %s: %w", r.cfg.URL, err)
	}
	conn.SetReadLimit(maxMessage)
	defer func() { _ = conn.CloseNow() }()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	answers := make(chan bool) // for each message after the end: whether it is the last
	read := make(chan error, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	wg.Go(func() { read <- s.read(ctx, conn, answers, news) })
	if err := s.send(ctx, r, conn, read); err != nil {
		return err
	}
	return s.await(ctx, r, conn, answers, read)
}

// send sends what there is until the end of the stretch.
func (s *stretch) send(ctx context.Context, r *Recognizer, conn *websocket.Conn, read <-chan error) error {
	if err := write(ctx, r, conn, s.hello(r)); err != nil {
		return err
	}
	sent := 0
	for {
		s.mu.Lock()
		end, ended := len(s.sound), s.ended
		part := s.sound[sent:end]
		s.mu.Unlock()
		for len(part) >= chunkBytes || ended && len(part) > 0 {
			n := min(chunkBytes, len(part))
			w, cancel := context.WithTimeout(ctx, r.cfg.FinalTimeout)
			err := conn.Write(w, websocket.MessageBinary, part[:n])
			cancel()
			if err != nil {
				return fmt.Errorf("sending to the FunASR server: %w", err)
			}
			sent += n
			part = part[n:]
		}
		if ended {
			s.mu.Lock()
			s.told = true // before it answers
			s.mu.Unlock()
			return write(ctx, r, conn, map[string]any{"is_speaking": false})
		}
		select {
		case <-s.wake:
		case err := <-read:
			return fmt.Errorf("the FunASR server hung up: %w", err)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// await waits for the corrected text.
func (s *stretch) await(ctx context.Context, r *Recognizer, conn *websocket.Conn, answers <-chan bool, read <-chan error) error {
	timer := time.NewTimer(r.cfg.FinalTimeout)
	defer timer.Stop()
	for {
		select {
		case last := <-answers:
			if last {
				_ = conn.Close(websocket.StatusNormalClosure, "")
				return nil
			}
			timer.Reset(graceForMore)
		case err := <-read:
			if text, _, _ := s.text(); text != "" {
				return nil
			}
			return fmt.Errorf("the FunASR server hung up: %w", err)
		case <-timer.C:
			s.mu.Lock()
			silent := s.answers == 0 && time.Duration(len(s.sound)/2)*time.Second/serverRate-preRoll-r.cfg.Pause > 600*time.Millisecond
			s.mu.Unlock()
			if silent {
				return fmt.Errorf("%w within %v", errNoAnswer, r.cfg.FinalTimeout)
			}
			return nil // it heard nothing to answer, or has answered
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// hello is the first message.
func (s *stretch) hello(r *Recognizer) map[string]any {
	m := map[string]any{
		"mode": "2pass", "wav_name": r.cfg.Call, "wav_format": "pcm", "audio_fs": serverRate, "is_speaking": true,
		"chunk_size": []int{5, 10, 5}, "chunk_interval": chunkInterval, "itn": true,
	}
	words := map[string]int{}
	for _, w := range r.cfg.Vocabulary {
		if w = strings.TrimSpace(w); w != "" && len(words) < maxHotwords {
			words[w] = r.cfg.HotwordWeight
		}
	}
	if len(words) > 0 {
		if b, err := json.Marshal(words); err == nil {
			m["hotwords"] = string(b) // JSON within JSON, as the protocol has it
		}
	}
	return m
}

func write(ctx context.Context, r *Recognizer, conn *websocket.Conn, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("sending to the FunASR server: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.FinalTimeout)
	defer cancel()
	if err := conn.Write(ctx, websocket.MessageText, b); err != nil {
		return fmt.Errorf("sending to the FunASR server: %w", err)
	}
	return nil
}

// answer is a message of the server.
type answer struct {
	Mode  string `json:"mode"`
	Text  string `json:"text"`
	Final bool   `json:"is_final"`
}

// read takes the server's messages until the connection ends.
func (s *stretch) read(ctx context.Context, conn *websocket.Conn, answers chan<- bool, news func()) error {
	for {
		kind, b, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		if kind != websocket.MessageText {
			continue
		}
		var a answer
		if err := json.Unmarshal(b, &a); err != nil {
			return fmt.Errorf("not a FunASR server: %w", err)
		}
		report, last := s.apply(a)
		news()
		if report {
			select {
			case answers <- last:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}

// apply takes a message into the text. Provisional texts are pieces that follow
// one another; a corrected one takes the place of those since the last. report
// says that it may be the last one, last that it is.
func (s *stretch) apply(a answer) (report, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers++
	corrected := false
	switch a.Mode {
	case "2pass-online", "online":
		s.provisional = asr.JoinTexts(s.provisional, a.Text)
	case "2pass-offline", "offline":
		s.final = asr.JoinTexts(s.final, a.Text)
		s.provisional = ""
		corrected = true
	}
	if !s.told {
		s.marking = lastIsFinal
		if a.Final {
			s.marking = lastIsNotFinal
		}
		return false, false
	}
	switch s.marking {
	case lastIsFinal:
		return a.Final, true
	case lastIsNotFinal:
		return corrected && !a.Final, true
	default:
		return corrected || a.Final, a.Final
	}
}
