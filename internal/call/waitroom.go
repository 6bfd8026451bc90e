package call

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"hotline/media"
)

// waitRoom is what a caller hears on his way to a person: music with announcements of
// where he stands, or ringing. One goroutine plays at a time; its methods return when
// the one before has stopped, and may be called by several.
type waitRoom struct {
	session *media.Session
	line    Line
	call    string
	log     *slog.Logger
	// greeting is said before the first ringing, to its end; "" is none.
	greeting string
	heard    chan struct{} // closed once it was; nil: nobody says it

	mu     sync.Mutex // guards the rest
	stop   context.CancelCauseFunc
	done   chan struct{}
	at     int // place in the music
	closed bool
}

// settleTime is how long it is quiet before music begins: an agent may be there at once.
const settleTime = 400 * time.Millisecond

// ring plays the ring-back tone until something else is to be heard.
func (w *waitRoom) ring(ctx context.Context) {
	greeting := w.greeting
	w.greeting = ""
	if greeting == "" {
		if w.heard != nil {
			select {
			case <-w.heard:
			default: // it is still said, and the ringing follows it
				return
			}
		}
		w.play(ctx, func(ctx context.Context, u *media.Utterance) error { return RingBack(w.line.Language).play(ctx, u) })
		return
	}
	heard := make(chan struct{})
	w.heard = heard
	w.play(ctx, func(ctx context.Context, u *media.Utterance) error {
		err := w.line.Speak.Synthesize(ctx, w.line.utterance(greeting), u)
		for err == nil && w.session.Out().Queued() > 0 {
			err = linger(ctx, media.FrameTime)
		}
		if err == nil {
			err = linger(ctx, lastWord) // his telephone holds some of it
		}
		close(heard)
		if err != nil {
			return err
		}
		return RingBack(w.line.Language).play(ctx, u)
	})
}

// greeted returns when a greeting that has begun is over.
func (w *waitRoom) greeted(ctx context.Context) {
	if w.heard == nil {
		return
	}
	select {
	case <-w.heard:
	case <-ctx.Done():
	}
}

// music plays until something else is to be heard; ask tells what the caller is to be
// told meanwhile, may be nil.
func (w *waitRoom) music(ctx context.Context, ask func() (text string, again time.Duration)) {
	w.play(ctx, func(ctx context.Context, u *media.Utterance) error {
		if err := linger(ctx, settleTime); err != nil {
			return err
		}
		return w.entertain(ctx, u, ask)
	})
}

// quiet stops what is heard.
func (w *waitRoom) quiet() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
}

// close stops what is heard, for good.
func (w *waitRoom) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
	w.closed = true
}

// end needs w.mu.
func (w *waitRoom) end() {
	if w.stop == nil {
		return
	}
	w.stop(errHandoverOver)
	w.session.Out().Flush()
	<-w.done
	w.stop = nil
}

func (w *waitRoom) play(ctx context.Context, f func(context.Context, *media.Utterance) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
	if w.closed {
		return
	}
	ctx, w.stop = context.WithCancelCause(ctx)
	done := make(chan struct{})
	w.done = done
	u := w.session.Out().Utterance(ctx)
	go func() {
		defer close(done)
		defer u.Finish()
		err := guard(func() error { return f(ctx, u) })
		if err != nil && ctx.Err() == nil && !errors.Is(err, media.ErrFlushed) && !errors.Is(err, media.ErrClosed) {
			w.log.Warn("playing to a caller who waits", "call", w.call, "error", err)
		}
	}()
}

// fadeFrames is how long music fades before and after what is said.
const fadeFrames = 15

// entertain plays the music and, when it is due, what is to be said. That is made
// while the music goes on, so that nobody waits in silence for it.
func (w *waitRoom) entertain(ctx context.Context, u *media.Utterance, ask func() (string, time.Duration)) error {
	music := w.line.Music
	if music == nil {
		music = DefaultMusic()
	}
	tune := music.at(u.Rate())
	f := make(media.Frame, u.Rate()/50)
	ctx, cancel := context.WithCancel(ctx)
	var made chan []int16
	defer func() {
		cancel()
		if made != nil {
			<-made
		}
	}()
	due, gain := time.Now(), 0
	for ctx.Err() == nil {
		if ask != nil && made == nil && !time.Now().Before(due) {
			text, again := ask()
			due = time.Now().Add(max(again, time.Second))
			if text != "" {
				made = make(chan []int16, 1)
				go w.make(ctx, text, u.Rate(), made)
			}
		}
		var said []int16
		select {
		case said = <-made:
			made = nil
		default:
		}
		if said != nil {
			for ; gain > 0; gain-- {
				if err := w.frame(u, tune, f, gain-1); err != nil {
					return err
				}
			}
			if err := u.Write(said); err != nil {
				return err
			}
			continue
		}
		gain = min(fadeFrames, gain+1)
		if err := w.frame(u, tune, f, gain); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// frame plays the next frame of the tune, at gain of fadeFrames.
func (w *waitRoom) frame(u *media.Utterance, tune []int16, f media.Frame, gain int) error {
	for i := range f {
		f[i] = int16(int(tune[w.at%len(tune)]) * gain / fadeFrames)
		w.at++
	}
	return u.WriteFrame(f)
}

// make speaks text into memory; nothing when it cannot be.
func (w *waitRoom) make(ctx context.Context, text string, rate int, made chan<- []int16) {
	clip := &clipWriter{rate: rate}
	err := guard(func() error { return w.line.Speak.Synthesize(ctx, w.line.utterance(text), clip) })
	if err != nil && ctx.Err() == nil {
		w.log.Warn("telling a caller where he stands", "call", w.call, "error", err)
	}
	made <- clip.samples
}

// clipWriter keeps what is spoken, as much as an announcement may be.
type clipWriter struct {
	rate    int
	samples []int16
}

// maxAnnouncement bounds what an announcement takes of memory.
const maxAnnouncement = 30 * time.Second

func (c *clipWriter) Rate() int { return c.rate }

func (c *clipWriter) WriteFrame(f media.Frame) error {
	if len(c.samples) > c.rate*int(maxAnnouncement/time.Second) {
		return errors.New("the announcement is too long")
	}
	c.samples = append(c.samples, f...)
	return nil
}
