package call

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/dialog"
	"hotline/media"
	"hotline/media/dsp"
	"hotline/tts"
)

var (
	errBargedIn = errors.New("the caller spoke over the reply")
	errReplaced = errors.New("the reply was overtaken")
)

// fillerAfter is how long a reply may keep the caller in silence before a filler
// covers it (VOICE: "over 800 ms of work is covered by a short true filler").
const fillerAfter = 800 * time.Millisecond

// lastWord is how long a call goes on after its last frame was sent: a telephone
// drops what its buffer holds when it is hung up, and with it the end of a goodbye.
const lastWord = 300 * time.Millisecond

// slower is the rate for a caller who asked for slower speech.
const slower = 0.8

// A turn is one reply of the bot: from what the caller did until the last frame
// of the answer was sent. Its goroutine is started by startTurn and waited for by
// converse; what it owns may be read once done is closed.
type turn struct {
	in     dialog.Turn
	began  time.Time // the moment the caller's turn was over
	cancel context.CancelCauseFunc
	done   chan struct{}

	spans  []*span // in order
	note   dialog.Note
	noted  bool
	after  []dialog.Act // done once everything has been said: Transfer, Message, Hangup
	wishes []dialog.Act
	err    error
	mute   error         // why something could not be spoken; the other acts went on
	held   time.Duration // on hold before it began
	said   time.Time     // first Say of the answer
	framed time.Time     // first frame of the answer handed to the player

	system bool // a filler of ours: not a reply, not to be cut short
}

// A span is one Say of a turn.
type span struct {
	say      dialog.Say
	voice    *media.Utterance
	complete bool          // everything was written to the player
	length   time.Duration // written to the player so far
}

// running tells whether the turn's goroutine may still say something.
func (t *turn) running() bool {
	if t == nil {
		return false
	}
	select {
	case <-t.done:
		return false
	default:
		return true
	}
}

// heard divides what the turn said at what was really sent to the caller. Only
// after done.
func (t *turn) heard() (heard, unheard string, after time.Duration) {
	var h, u []string
	for _, s := range t.spans {
		played := s.voice.Played()
		after += played
		total := s.length
		if !s.complete {
			total = max(estimate(s.say.Text), s.length)
		}
		a, b := split(s.say.Text, played, total)
		if a != "" {
			h = append(h, a)
		}
		if b != "" && !s.say.Filler {
			u = append(u, b)
		}
	}
	return strings.Join(h, " "), strings.Join(u, " "), after
}

// text is everything that the turn said.
func (t *turn) text() string {
	var parts []string
	for _, s := range t.spans {
		parts = append(parts, s.say.Text)
	}
	return strings.Join(parts, " ")
}

// A speaker performs a turn's acts with the call's voice.
type speaker struct {
	out      *media.Player
	voice    tts.Synthesizer
	line     func() *Line // in the language of the moment
	progress chan<- bool  // true while what may not be interrupted plays
	log      *slog.Logger
}

// startTurn runs reply in a goroutine of its own; the caller waits for done.
func (s *speaker) startTurn(ctx context.Context, in dialog.Turn, began time.Time, reply func(ctx context.Context, do func(dialog.Act) error) error) *turn {
	ctx, cancel := context.WithCancelCause(ctx)
	t := &turn{in: in, began: began, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		defer cancel(nil)
		defer func() {
			if p := recover(); p != nil {
				t.err = &PanicError{Value: p, Stack: debug.Stack()}
			}
		}()
		t.err = s.perform(ctx, t, reply)
	}()
	return t
}

// perform runs the reply and returns when its last frame was sent.
func (s *speaker) perform(ctx context.Context, t *turn, reply func(ctx context.Context, do func(dialog.Act) error) error) error {
	g := &gate{voiced: make(chan struct{})}
	var wg sync.WaitGroup
	defer wg.Wait()
	filling, stop := context.WithCancel(ctx)
	defer stop()
	if t.in.Kind == dialog.Spoke || t.in.Kind == dialog.Pressed {
		wg.Go(func() { s.fill(filling, g) })
	}
	err := reply(ctx, func(a dialog.Act) error { return s.do(ctx, t, g, a) })
	stop()
	if err != nil {
		return err
	}
	for _, sp := range t.spans {
		if err := wait(ctx, sp.voice.Done()); err != nil {
			return err
		}
	}
	if len(t.spans) > 0 && slices.ContainsFunc(t.after, func(a dialog.Act) bool { _, ok := a.(dialog.Hangup); return ok }) {
		return linger(ctx, lastWord)
	}
	return nil
}

// linger waits a moment.
func linger(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *speaker) do(ctx context.Context, t *turn, g *gate, a dialog.Act) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	switch a := a.(type) {
	case dialog.Say:
		if strings.TrimSpace(a.Text) == "" {
			return nil
		}
		err := s.say(ctx, t, g, a)
		if errors.Is(err, tts.ErrNoVoice) && ctx.Err() == nil {
			// Without a voice a person can still be rung and a wish be noted.
			t.mute = err
			return nil
		}
		return err
	case dialog.Note:
		t.note, t.noted = a, true // a task that asked another system sends a second one
	case dialog.Callback, dialog.Ticket, dialog.SMS, dialog.Review, dialog.Rating, dialog.Alert, dialog.Refusal:
		t.wishes = append(t.wishes, a)
	case dialog.Message:
		t.after = append(t.after, a)
		return s.beep(ctx)
	case dialog.Transfer, dialog.Hangup:
		t.after = append(t.after, a)
	default:
		return fmt.Errorf("the dialogue asked for an act that a call cannot do: %T", a)
	}
	return nil
}

// say speaks a; it returns when the player has taken the last frame. What must be
// heard is waited for to its end, so that what follows does not make its tail
// interruptible.
func (s *speaker) say(ctx context.Context, t *turn, g *gate, a dialog.Say) error {
	if t.said.IsZero() {
		t.said = time.Now()
	}
	if err := s.tell(ctx, a.MustHear); err != nil {
		return err
	}
	sp := &span{say: a, voice: s.out.Utterance(ctx)}
	defer sp.voice.Finish()
	t.spans = append(t.spans, sp)
	u := s.line().utterance(a.Text)
	u.Style = a.Style
	if a.Slower {
		u.Rate *= slower
	}
	w := &spanWriter{span: sp, gate: g, turn: t}
	err := s.voice.Synthesize(ctx, u, w)
	w.release()
	if err != nil {
		return fmt.Errorf("saying %q: %w", abbreviate(a.Text), err)
	}
	sp.complete = true
	sp.voice.Finish()
	if !a.MustHear {
		return nil
	}
	return wait(ctx, sp.voice.Done())
}

// beep plays the tone after which a message is spoken, and returns when it was sent.
func (s *speaker) beep(ctx context.Context) error {
	u := s.out.Utterance(ctx)
	defer u.Finish()
	tone := dsp.Sine(u.Rate(), messageToneLevel, messageTone, messageToneHz)
	for n := u.Rate() / 50; len(tone) >= n; tone = tone[n:] {
		if err := u.WriteFrame(tone[:n]); err != nil {
			return err
		}
	}
	u.Finish()
	return wait(ctx, u.Done())
}

func (s *speaker) tell(ctx context.Context, mustHear bool) error {
	select {
	case s.progress <- mustHear:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// fill says a filler if nothing of the reply was heard for fillerAfter.
func (s *speaker) fill(ctx context.Context, g *gate) {
	line := s.line()
	if !tts.Ready(s.voice, line.utterance(line.Filler)) {
		return // one that must be made first would only add to the wait
	}
	timer := time.NewTimer(fillerAfter)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-g.voiced:
		return
	case <-timer.C:
	}
	if !g.take() {
		return
	}
	defer g.give()
	u := s.out.Utterance(ctx)
	defer u.Finish()
	err := s.voice.Synthesize(ctx, line.utterance(line.Filler), u)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("saying the filler", "error", err)
	}
}

// gate lets either the filler or the answer write to the player, whole.
type gate struct {
	mu     sync.Mutex
	once   sync.Once
	voiced chan struct{} // closed at the answer's first frame
}

// take locks the player for the filler, unless the answer has begun.
func (g *gate) take() bool {
	g.mu.Lock()
	select {
	case <-g.voiced:
		g.mu.Unlock()
		return false
	default:
		return true
	}
}

func (g *gate) give() { g.mu.Unlock() }

// spanWriter counts what a span wrote and waits for a filler that is in the way.
type spanWriter struct {
	span *span
	gate *gate
	turn *turn
	held bool
}

func (w *spanWriter) Rate() int { return w.span.voice.Rate() }

func (w *spanWriter) WriteFrame(f media.Frame) error {
	if !w.held {
		w.gate.mu.Lock()
		w.held = true
		w.gate.once.Do(func() { close(w.gate.voiced) })
		if w.turn.framed.IsZero() {
			w.turn.framed = time.Now()
		}
	}
	if err := w.span.voice.WriteFrame(f); err != nil {
		return err
	}
	w.span.length += media.FrameTime
	return nil
}

func (w *spanWriter) release() {
	if w.held {
		w.held = false
		w.gate.mu.Unlock()
	}
}

// PanicError is a panic of one call's code; it ends that call only.
type PanicError struct {
	Value any
	Stack []byte
}

// newPanicError is called where p was recovered, for its stack.
func newPanicError(p any) *PanicError { return &PanicError{Value: p, Stack: debug.Stack()} }

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// abbreviate keeps a log line short; what the bot says is no personal data, but
// it may repeat some, so only the beginning is shown.
func abbreviate(text string) string {
	r := []rune(text)
	if len(r) <= 12 {
		return text
	}
	return string(r[:12]) + "…"
}
