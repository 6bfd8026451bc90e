package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"hotline/internal/call"
	"hotline/internal/softphone"
	"hotline/internal/stand"
	"hotline/media"
)

const (
	responseP50 = 800.0  // ms
	responseP95 = 1200.0 // ms
	pickUpMark  = 150.0  // ms

	turnsPerCall = 4
	answerLimit  = 8 * time.Second
	speechLimit  = 30 * time.Second
	turnOver     = 900 * time.Millisecond // of silence: the bot has said what it had to say
)

// asked is one question put to the bot and what came.
type asked struct {
	question question
	ended    time.Time // the last voiced packet went out
	next     time.Time // the caller spoke again; zero: not
	first    time.Time // first sound that came afterwards; zero: none
	answer   time.Time // first sound of the answer
	turn     *call.TurnRecord
	// hear is from the caller's last voiced packet to what the server took for its
	// last voiced frame; lead from the first packet of the answer to its first sound.
	hear, lead time.Duration
	heard      string // what the bot understood
}

// response asks known questions at n calls at once.
func (b *Bench) response(ctx context.Context, language string, n int) error {
	list := b.questions[language]
	per := turnsPerCall
	if b.cfg.Quick {
		per = 2
	}
	calls := max(1, (b.cfg.Turns+per*n-1)/(per*n)) // in a row, on each of n lines
	var mu sync.Mutex
	var all []asked
	var errs error
	others, _ := b.measured(func() error {
		var wg sync.WaitGroup
		for line := range n {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(n), uint64(line)))
				_ = sleep(ctx, time.Duration(r.IntN(2500))*time.Millisecond)
				for i := range calls {
					first := (line*calls + i) * per
					qs := make([]question, per)
					for k := range qs {
						qs[k] = list[(first+k)%len(list)]
					}
					got, err := b.interview(ctx, numbers[language], qs, r)
					mu.Lock()
					all = append(all, got...)
					errs = errors.Join(errs, err)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		return nil
	})
	if errs != nil && len(all) == 0 {
		return errs
	}
	l := summarize(all, language, n)
	l.Others = others
	if errs != nil {
		l.More["errors"] = errs.Error()
	}
	return b.print(l)
}

// interview is one call: the greeting, and one question after the other.
func (b *Bench) interview(ctx context.Context, number string, list []question, r *rand.Rand) ([]asked, error) {
	var w *wire
	var got []asked
	rep, err := b.phone.Call(ctx, softphone.Request{
		URI: b.uri(number), From: "bench", Duration: 3 * time.Minute,
		Conn: func(c media.PacketConn) media.PacketConn { w = newWire(c); return w },
		Talk: func(ctx context.Context, s *media.Session) error {
			if err := greeted(ctx, w); err != nil {
				return err
			}
			for _, q := range list {
				_ = sleep(ctx, time.Duration(100+r.IntN(900))*time.Millisecond)
				began := time.Now()
				if len(got) > 0 {
					got[len(got)-1].next = began
				}
				if err := s.Out().Play(ctx, q.samples); err != nil {
					return err
				}
				a := asked{question: q, ended: w.lastVoiced(began)}
				if w.awaitAudible(ctx, a.ended, answerLimit) {
					a.first, _ = w.firstAudible(a.ended)
					w.awaitQuiet(ctx, a.first, turnOver, speechLimit)
				}
				got = append(got, a)
			}
			return nil
		},
	})
	if err != nil || !rep.Answered {
		return got, errors.Join(err, refused(rep))
	}
	rec, err := b.server.Record(ctx, rep.SIPCallID)
	if err != nil {
		return got, err
	}
	for i := range got {
		got[i].match(rec, w)
		b.tell(got[i])
	}
	return got, nil
}

func refused(r softphone.Report) error {
	if r.Answered {
		return nil
	}
	return fmt.Errorf("the call was not answered: status %d", r.Status)
}

// greeted waits for the end of what the bot says first.
func greeted(ctx context.Context, w *wire) error {
	now := time.Now()
	if !w.awaitAudible(ctx, now.Add(-time.Second), answerLimit) {
		return errors.Join(errors.New("no greeting was heard"), context.Cause(ctx))
	}
	if !w.awaitQuiet(ctx, now, turnOver, speechLimit) {
		return errors.Join(errors.New("the greeting did not end"), context.Cause(ctx))
	}
	return nil
}

// match finds the bot's turn that answered, and its first sound on the wire: a
// filler that came before it is not the answer.
func (a *asked) match(rec stand.Call, w *wire) {
	for i := range rec.Turns {
		t := &rec.Turns[i]
		at := rec.AnsweredAt.Add(time.Duration(t.StartMS) * time.Millisecond)
		if t.Speaker == "caller" && at.Before(a.ended) {
			a.heard = t.Text
		}
		if t.Speaker != "bot" || t.Timing == nil || at.Before(a.ended) || at.After(a.ended.Add(answerLimit)) || !a.next.IsZero() && at.After(a.next) {
			continue
		}
		a.turn = t
		if sound, ok := w.firstAudible(at.Add(-media.FrameTime)); ok {
			a.answer, a.lead = sound, sound.Sub(at)
		}
		a.hear = at.Add(-time.Duration(t.ResponseMS) * time.Millisecond).Sub(a.ended)
		return
	}
}

// tell logs one question, for whoever looks for what was slow.
func (b *Bench) tell(a asked) {
	if a.turn == nil || a.answer.IsZero() {
		b.cfg.Log.Info("asked, not answered", "question", a.question.text, "heard", a.heard)
		return
	}
	t := a.turn.Timing
	b.cfg.Log.Info("asked", "ms", round1(ms(a.answer.Sub(a.ended))), "endpoint", t.EndpointMS, "decode", t.DecodeMS, "queue", t.QueueMS,
		"synthesize", t.SynthesizeMS, "question", a.question.text, "heard", a.heard, "pair", a.turn.KnowledgeID, "intent", a.turn.Intent)
}

// part is a piece of the response's time and how it is found in a turn's record.
type part struct {
	name string
	of   func(t *call.Timing) int64
}

func parts() []part {
	return []part{
		{"endpoint", func(t *call.Timing) int64 { return t.EndpointMS }},
		{"decode", func(t *call.Timing) int64 { return t.DecodeMS }},
		{"queue", func(t *call.Timing) int64 { return t.QueueMS }},
		{"think", func(t *call.Timing) int64 { return t.ThinkMS }},
		{"synthesize", func(t *call.Timing) int64 { return t.SynthesizeMS }},
		{"play", func(t *call.Timing) int64 { return t.PlayMS }},
	}
}

func summarize(all []asked, language string, n int) Line {
	l := Line{Bench: "response", Language: language, Calls: n, Marks: map[string]float64{"p50": responseP50, "p95": responseP95}, More: map[string]any{}}
	var values, sounds []float64
	divided := map[string][]float64{}
	right, silent := 0, 0
	var wrong []string
	for _, a := range all {
		if a.first.IsZero() || a.answer.IsZero() {
			silent++
			wrong = append(wrong, fmt.Sprintf("%s: no answer, heard %q", a.question.text, a.heard))
			continue
		}
		values = append(values, ms(a.answer.Sub(a.ended)))
		sounds = append(sounds, ms(a.first.Sub(a.ended)))
		divided["hear"] = append(divided["hear"], ms(a.hear))
		divided["lead"] = append(divided["lead"], ms(a.lead))
		for _, p := range parts() {
			divided[p.name] = append(divided[p.name], float64(p.of(a.turn.Timing)))
		}
		if a.turn.KnowledgeID == a.question.pair {
			right++
		} else {
			wrong = append(wrong, fmt.Sprintf("%s: heard %q, answered %q", a.question.text, a.heard, a.turn.KnowledgeID+"/"+a.turn.Intent))
		}
	}
	s := spread(values)
	l.N, l.MS = len(values), &s
	l.More["first_sound_ms"] = spread(sounds)
	times := map[string]Spread{}
	for name, v := range divided {
		times[name] = spread(v)
	}
	l.More["divided_ms"] = times
	l.More["right"], l.More["asked"], l.More["unanswered"] = right, len(all), silent
	if len(wrong) > 0 {
		l.More["wrong"] = wrong
	}
	l.judgeSpread()
	return l
}

// pickUp rings and waits for the first sound.
func (b *Bench) pickUp(ctx context.Context, language string) error {
	n := 20
	if b.cfg.Quick {
		n = 4
	}
	var values []float64
	others, err := b.measured(func() error {
		for range n {
			var w *wire
			invited := time.Now()
			rep, err := b.phone.Call(ctx, softphone.Request{
				URI: b.uri(numbers[language]), From: "bench", Duration: 10 * time.Second,
				Conn: func(c media.PacketConn) media.PacketConn { w = newWire(c); return w },
				Talk: func(ctx context.Context, _ *media.Session) error {
					w.awaitAudible(ctx, invited, 5*time.Second)
					return nil
				},
			})
			if err != nil || !rep.Answered {
				return errors.Join(err, refused(rep))
			}
			if at, ok := w.firstAudible(invited); ok {
				values = append(values, ms(at.Sub(invited)))
			}
			_ = sleep(ctx, 200*time.Millisecond)
		}
		return nil
	})
	if err != nil {
		return err
	}
	s := spread(values)
	l := Line{Bench: "pick_up", Language: language, N: len(values), MS: &s, Marks: map[string]float64{"p50": pickUpMark, "p95": pickUpMark}, Others: others}
	l.judgeSpread()
	return b.print(l)
}
