package tts

import (
	"context"
	"fmt"
	"time"

	"hotline/media"
)

// Readier is a Synthesizer that knows what it can speak without making it first.
type Readier interface {
	// Ready says whether the first sound of u is there at once.
	Ready(u Utterance) bool
}

// Ready asks s, if it can tell, whether u would start at once.
func Ready(s Synthesizer, u Utterance) bool {
	r, ok := s.(Readier)
	return ok && r.Ready(u)
}

// Split speaks clause by clause: a clause is made while the one before it plays,
// and clauses that are ready play at once while the rest is made. Longer runs that
// are ready as a whole (a rendered sentence) are spoken as a whole.
//
// Synthesize starts one goroutine, which makes, and waits for it.
type Split struct {
	Next Synthesizer
	// Normalize makes written text spoken text, clause by clause; nil leaves it.
	Normalize func(text, language string) string
	// Ahead is how much sound may wait to be played; default 10 s.
	Ahead time.Duration
}

// longestRun bounds how many pieces are tried as a whole.
const longestRun = 6

// Synthesize implements Synthesizer. If dst is a [Marker] it is told each clause
// as it was written before its first frame.
func (s *Split) Synthesize(ctx context.Context, u Utterance, dst media.Writer) error {
	plan := s.plan(u)
	if len(plan) == 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	}
	if len(plan) == 1 {
		if m, ok := dst.(Marker); ok {
			m.Mark(plan[0].Text)
		}
		return s.Next.Synthesize(ctx, s.spoken(u, plan[0].Text), dst)
	}
	ahead := s.Ahead
	if ahead <= 0 {
		ahead = 10 * time.Second
	}
	p := newPipe(dst.Rate(), int(ahead*time.Duration(dst.Rate())/time.Second))
	making, cancel := context.WithCancelCause(ctx)
	made := make(chan struct{})
	go func() {
		defer close(made)
		p.finish(s.make(making, u, plan, p))
	}()
	err := p.play(ctx, dst)
	cancel(err)
	<-made
	return err
}

// make speaks the plan into p.
func (s *Split) make(ctx context.Context, u Utterance, plan []Clause, p *pipe) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("speech synthesis panicked: %v", v)
		}
	}()
	silence := make(media.Frame, p.size)
	for _, c := range plan {
		p.mark(c.Text)
		if err := s.Next.Synthesize(ctx, s.spoken(u, c.Text), p); err != nil {
			return err
		}
		pause := c.Pause
		if u.Rate > 0 {
			pause = time.Duration(float64(pause) / u.Rate)
		}
		for range pause / media.FrameTime {
			if err := p.WriteFrame(silence); err != nil {
				return err
			}
		}
	}
	return nil
}

// Ready says whether the first clause is.
func (s *Split) Ready(u Utterance) bool {
	plan := s.plan(u)
	return len(plan) == 0 || Ready(s.Next, s.spoken(u, plan[0].Text))
}

// Rendered says whether every clause is ready: nothing has to be made.
func (s *Split) Rendered(u Utterance) bool {
	for _, c := range s.plan(u) {
		if !Ready(s.Next, s.spoken(u, c.Text)) {
			return false
		}
	}
	return true
}

// plan divides u's text: the longest runs that are ready, and clauses between.
func (s *Split) plan(u Utterance) []Clause {
	as := atoms(u.Text)
	ready := func(from, to int) bool {
		return Ready(s.Next, s.spoken(u, u.Text[as[from].start:as[to-1].end]))
	}
	var out []Clause
	waiting := 0 // atoms from here on are not ready
	take := func(to int) {
		out = append(out, join(u.Text, as[waiting:to], len(out) == 0)...)
		if len(out) > 0 && to > 0 {
			out[len(out)-1].Pause = as[to-1].pause
		}
		waiting = to
	}
	if len(as) > longestRun && ready(0, len(as)) {
		return []Clause{{Text: u.Text}}
	}
	for i := 0; i < len(as); {
		run := min(longestRun, len(as)-i)
		for run > 0 && !ready(i, i+run) {
			run--
		}
		if run == 0 {
			i++
			continue
		}
		if waiting < i {
			take(i)
		}
		end := as[i+run-1]
		out = append(out, Clause{Text: u.Text[as[i].start:end.end], Pause: end.pause})
		i += run
		waiting = i
	}
	if waiting < len(as) {
		take(len(as))
	}
	if len(out) > 0 {
		out[len(out)-1].Pause = 0
	}
	return out
}

func (s *Split) spoken(u Utterance, text string) Utterance {
	u.Text = text
	if s.Normalize != nil {
		u.Text = s.Normalize(text, u.Language)
	}
	return u
}
