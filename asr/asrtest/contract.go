package asrtest

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline/asr"
	"hotline/media"
)

// Spoken is sound and what is said in it.
type Spoken struct {
	Rate     int
	Samples  []int16
	Language string
	Text     string
	MaxCER   float64 // how wrong a text may be
}

// TestRecognizer checks what every Recognizer promises. fresh returns a new one
// for each call; it is fed with s and with silence.
func TestRecognizer(t *testing.T, fresh func(t *testing.T) asr.Recognizer, s Spoken) {
	t.Helper()
	t.Run("hears", func(t *testing.T) {
		rs := Hear(t, fresh(t), s.Rate, s.Samples, time.Second)
		finals := 0
		var text strings.Builder
		last, open := 0, false
		for _, r := range rs {
			switch r.Kind {
			case asr.SpeechStart:
				if open || r.Utterance != last+1 {
					t.Errorf("utterance %d began after %d, open %v", r.Utterance, last, open)
				}
				last, open = r.Utterance, true
			case asr.Final, asr.Fault:
				if !open || r.Utterance != last {
					t.Errorf("utterance %d ended, %d is the last, open %v", r.Utterance, last, open)
				}
				if r.Kind == asr.Fault {
					t.Errorf("fault: %v", r.Err)
				}
				open = false
				finals++
				text.WriteString(r.Text)
			default:
				if !open || r.Utterance != last {
					t.Errorf("kind %d of utterance %d outside of it", r.Kind, r.Utterance)
				}
			}
			if r.End < r.Start {
				t.Errorf("utterance %d ends before it starts: %v, %v", r.Utterance, r.Start, r.End)
			}
			if r.Confidence < 0 || r.Confidence > 1 {
				t.Errorf("confidence %v", r.Confidence)
			}
		}
		if finals == 0 || open {
			t.Fatalf("nothing final in %+v", rs)
		}
		if cer := asr.CER(s.Text, text.String()); cer > s.MaxCER {
			t.Errorf("heard %q for %q: CER %.2f", text.String(), s.Text, cer)
		}
	})
	t.Run("silence is nothing", func(t *testing.T) {
		if rs := Hear(t, fresh(t), s.Rate, Silence(s.Rate, 3*time.Second), 0); len(rs) > 0 {
			t.Errorf("in silence it heard %+v", rs)
		}
	})
	t.Run("ends by its context", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		hungUp := errors.New("hung up")
		src := &endless{rate: s.Rate, samples: s.Samples, at: func(frame int) {
			if frame == 40 {
				cancel(hungUp)
			}
		}}
		var mu sync.Mutex
		returned := false
		err := fresh(t).Recognize(ctx, src, func(asr.Result) {
			mu.Lock()
			defer mu.Unlock()
			if returned {
				t.Error("emitted after it had returned")
			}
		})
		mu.Lock()
		returned = true
		mu.Unlock()
		if !errors.Is(err, hungUp) {
			t.Errorf("err = %v, not the cause", err)
		}
	})
	t.Run("source fails", func(t *testing.T) {
		broken := errors.New("broken")
		err := fresh(t).Recognize(t.Context(), &failing{rate: s.Rate, err: broken}, func(asr.Result) {})
		if !errors.Is(err, broken) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("empty source", func(t *testing.T) {
		if err := fresh(t).Recognize(t.Context(), &failing{rate: s.Rate, err: io.EOF}, func(asr.Result) {}); err != nil {
			t.Errorf("err = %v", err)
		}
	})
}

// Hear runs r over samples and a tail of silence, as fast as r reads, and returns
// what it emitted.
func Hear(tb testing.TB, r asr.Recognizer, rate int, samples []int16, tail time.Duration) []asr.Result {
	tb.Helper()
	x := slices.Concat(samples, Silence(rate, tail))
	var rs []asr.Result
	if err := r.Recognize(tb.Context(), &Source{SampleRate: rate, Samples: x}, func(r asr.Result) { rs = append(rs, r) }); err != nil {
		tb.Fatal(err)
	}
	return rs
}

// endless repeats samples and tells the number of each frame.
type endless struct {
	rate    int
	samples []int16
	frame   int
	at      func(frame int)
}

func (e *endless) Rate() int { return e.rate }

func (e *endless) ReadFrame(f media.Frame) error {
	for i := range f {
		f[i] = e.samples[(e.frame*len(f)+i)%len(e.samples)]
	}
	e.frame++
	e.at(e.frame)
	return nil
}

type failing struct {
	rate int
	err  error
}

func (f *failing) Rate() int                   { return f.rate }
func (f *failing) ReadFrame(media.Frame) error { return f.err }

// TestDecoder checks what every Decoder promises, on sound that it can decode.
func TestDecoder(t *testing.T, d asr.Decoder, s Spoken) {
	t.Helper()
	segment := asr.Segment{Call: "a", Rate: s.Rate, Samples: s.Samples, Language: s.Language, Urgent: true}
	t.Run("decodes", func(t *testing.T) {
		before := slices.Clone(s.Samples)
		tr, err := d.Decode(t.Context(), segment)
		if err != nil {
			t.Fatal(err)
		}
		if cer := asr.CER(s.Text, tr.Text); cer > s.MaxCER {
			t.Errorf("decoded %q for %q: CER %.2f", tr.Text, s.Text, cer)
		}
		if tr.Confidence <= 0 || tr.Confidence > 1 || tr.NoSpeech < 0 || tr.NoSpeech > 1 || tr.LogProb > 0 {
			t.Errorf("figures out of range: %+v", tr)
		}
		if tr.Engine == "" {
			t.Error("the transcript does not name its engine")
		}
		if !slices.Equal(before, s.Samples) {
			t.Error("the samples were changed")
		}
	})
	t.Run("at once", func(t *testing.T) {
		want, err := d.Decode(t.Context(), segment)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, call := range []string{"b", "c", "d"} {
			wg.Go(func() {
				own := segment
				own.Call = call
				got, err := d.Decode(t.Context(), own)
				if err != nil || got.Text != want.Text {
					t.Errorf("call %s: %q, %v; alone it was %q", call, got.Text, err, want.Text)
				}
			})
		}
		wg.Wait()
	})
	t.Run("ends by its context", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		hungUp := errors.New("hung up")
		cancel(hungUp)
		if _, err := d.Decode(ctx, segment); !errors.Is(err, hungUp) && !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("nothing", func(t *testing.T) {
		own := segment
		own.Samples = nil
		if tr, err := d.Decode(t.Context(), own); err == nil && tr.Text != "" {
			t.Errorf("of no sound it made %q", tr.Text)
		}
	})
	t.Run("no rate", func(t *testing.T) {
		own := segment
		own.Rate = 0
		if _, err := d.Decode(t.Context(), own); err == nil {
			t.Error("sound without a rate was decoded")
		}
	})
}
