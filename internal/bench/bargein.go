package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"hotline/asr/asrtest"
	"hotline/internal/call"
	"hotline/internal/softphone"
	"hotline/media"
)

const (
	bargeInMark = 200.0 // ms
	bargeInFall = 15.0  // dB
	stopsFor    = 400 * time.Millisecond
	noiseLevel  = -45.0 // dBov
	noiseTime   = 60 * time.Second
)

// bargeIn speaks over answers and measures when they stop.
func (b *Bench) bargeIn(ctx context.Context, language string) error {
	n, per := 24, 6
	if b.cfg.Quick {
		n, per = 2, 2
	}
	list := b.questions[language]
	var values []float64
	var errs error
	missed, unfit := 0, 0
	others, _ := b.measured(func() error {
		r := rand.New(rand.NewPCG(7, 7))
		for i := 0; i < n; i += per {
			v, m, u, err := b.interrupt(ctx, numbers[language], list, i, per, r)
			values = append(values, v...)
			missed, unfit, errs = missed+m, unfit+u, errors.Join(errs, err)
		}
		return nil
	})
	if errs != nil && len(values) == 0 {
		return errs
	}
	s := spread(values)
	l := Line{
		Bench: "barge_in", Language: language, N: len(values), MS: &s, Marks: map[string]float64{"p95": bargeInMark, "not_stopped": 0}, Others: others,
		More: map[string]any{"not_stopped": missed, "bot_was_quiet": unfit},
	}
	if errs != nil {
		l.More["errors"] = errs.Error()
	}
	l.judge(map[string]float64{"p95": s.P95, "not_stopped": float64(missed)})
	return b.print(l)
}

// interrupt is one call: a question, and n times another one over its answer.
func (b *Bench) interrupt(ctx context.Context, number string, list []question, first, n int, r *rand.Rand) (values []float64, missed, unfit int, err error) {
	var w *wire
	rep, err := b.phone.Call(ctx, softphone.Request{
		URI: b.uri(number), From: "bench", Duration: 3 * time.Minute,
		Conn: func(c media.PacketConn) media.PacketConn { w = newWire(c); return w },
		Talk: func(ctx context.Context, s *media.Session) error {
			if err := greeted(ctx, w); err != nil {
				return err
			}
			began := time.Now()
			if err := s.Out().Play(ctx, list[first%len(list)].samples); err != nil {
				return err
			}
			for i := range n {
				ended := w.lastVoiced(began)
				if !w.awaitAudible(ctx, ended, answerLimit) {
					missed++
					return nil
				}
				_ = sleep(ctx, time.Duration(700+r.IntN(1000))*time.Millisecond)
				began = time.Now()
				if err := s.Out().Play(ctx, list[(first+i+1)%len(list)].samples); err != nil {
					return err
				}
				_ = sleep(ctx, stopsFor/2) // what stopped late has stopped by now
				onset, ok := w.firstVoiced(began)
				if !ok {
					return errors.New("the caller's voice did not go out")
				}
				switch d, state := stopped(w.came(onset.Add(-time.Second)), onset); state {
				case botStopped:
					values = append(values, ms(d))
				case botWentOn:
					missed++
				case botWasQuiet:
					unfit++
				}
			}
			return nil
		},
	})
	return values, missed, unfit, errors.Join(err, refused(rep))
}

type stopState int

const (
	botStopped stopState = iota
	botWentOn
	botWasQuiet
)

// stopped finds when the bot fell silent: the first packet of a stretch of stopsFor
// that is bargeInFall below what went before, or silent.
func stopped(got []heard, onset time.Time) (time.Duration, stopState) {
	var sum float64
	var n int
	var last time.Time
	for _, h := range got {
		if h.at.Before(onset) && h.db > audible {
			sum += h.db
			n++
			last = h.at
		}
	}
	if n == 0 || onset.Sub(last) > 150*time.Millisecond {
		return 0, botWasQuiet // between two sentences
	}
	limit := max(audible, sum/float64(n)-bargeInFall)
	var from time.Time
	for _, h := range got {
		switch {
		case h.at.Before(onset):
		case h.db > limit:
			from = time.Time{}
		case from.IsZero():
			from = h.at
		case h.at.Sub(from) >= stopsFor:
			return from.Sub(onset), botStopped
		}
	}
	return 0, botWentOn
}

// noise rings with each kind of line noise for a minute while the bot talks, made to
// talk by keys. Nothing of it is a voice: no reply may be cut or held for it.
func (b *Bench) noise(ctx context.Context) error {
	kinds, levels := []string{"white", "pink", "hum", "clicks", "crackle", "babble", "breath"}, []float64{noiseLevel, noiseLevel + 10}
	long := noiseTime
	if b.cfg.Quick {
		kinds, levels, long = []string{"pink", "clicks"}, levels[:1], 10*time.Second
	}
	language := b.cfg.Languages[0]
	for _, level := range levels {
		var mu sync.Mutex
		var errs error
		stops, holds, talked := 0, 0, 0.0
		of := map[string]int{}
		others, _ := b.measured(func() error {
			var wg sync.WaitGroup
			for i, kind := range kinds {
				wg.Go(func() {
					_ = sleep(ctx, time.Duration(i)*300*time.Millisecond)
					s, h, t, err := b.disturb(ctx, numbers[language], kind, level, long)
					mu.Lock()
					defer mu.Unlock()
					stops, holds, talked = stops+s, holds+h, talked+t
					errs = errors.Join(errs, err)
					if s+h > 0 {
						of[kind] = s + h
					}
				})
			}
			wg.Wait()
			return nil
		})
		if errs != nil {
			return errs
		}
		l := Line{
			Bench: "noise", Language: language, Calls: len(kinds), N: len(kinds), Marks: map[string]float64{"false_stops": 0}, Others: others,
			More: map[string]any{"line": fmt.Sprintf("at %.0f dBov", level), "false_stops": stops, "short_holds": holds, "bot_talked_s": round1(talked), "kinds": kinds, "by_kind": of},
		}
		l.judge(map[string]float64{"false_stops": float64(stops + holds)})
		if err := b.print(l); err != nil {
			return err
		}
	}
	return nil
}

// disturb is one such call. It returns how many replies were cut, how many held for
// a moment, and how long the bot talked.
func (b *Bench) disturb(ctx context.Context, number, kind string, level float64, long time.Duration) (stops, holds int, talked float64, err error) {
	var w *wire
	noise := asrtest.Noise(kind, 8000, long+10*time.Second, level)
	rep, err := b.phone.Call(ctx, softphone.Request{
		URI: b.uri(number), From: "bench", Duration: long + 5*time.Second,
		Conn: func(c media.PacketConn) media.PacketConn { w = newWire(c); return w },
		Talk: func(ctx context.Context, s *media.Session) error {
			var wg sync.WaitGroup
			defer wg.Wait()
			ctx, cancel := context.WithTimeout(ctx, long)
			defer cancel()
			wg.Go(func() { _ = s.Out().Play(ctx, noise) })
			began := time.Now()
			if !w.awaitAudible(ctx, began.Add(-time.Second), answerLimit) {
				return errors.New("no greeting was heard")
			}
			for i := 0; ctx.Err() == nil; i++ {
				since := time.Now()
				if w.awaitQuiet(ctx, since, turnOver, speechLimit) {
					_ = s.SendKeys(ctx, string("123"[i%3]))
					w.awaitAudible(ctx, since.Add(turnOver), 3*time.Second)
				}
			}
			return nil
		},
	})
	if err != nil || !rep.Answered {
		return 0, 0, 0, errors.Join(err, refused(rep))
	}
	rec, err := b.server.Record(ctx, rep.SIPCallID)
	if err != nil {
		return 0, 0, 0, err
	}
	for _, t := range rec.Turns {
		if t.Speaker != "bot" {
			continue
		}
		talked += float64(t.EndMS-t.StartMS) / 1000
		for _, e := range rec.Timeline {
			if e.Kind == call.KindSpeechStart && e.MS >= t.StartMS && e.MS < t.EndMS {
				holds++
			}
		}
	}
	for _, e := range rec.Timeline {
		if e.Kind == call.KindBargeIn {
			stops++
		}
	}
	return stops, holds, talked, nil
}
