package desk

import (
	"slices"
	"time"
)

// talkTimes are how long conversations last, by skill: a mean in which the last twenty
// or so count most, so that it follows the day.
type talkTimes struct {
	means map[string]talkTime
}

type talkTime struct {
	mean time.Duration
	n    int
}

const (
	talkMemory = 20
	// maxTalks bounds the skills that are measured; theirs are an owner's words.
	maxTalks = 200
)

func (t *talkTimes) add(skill string, d time.Duration) {
	if t.means == nil {
		t.means = map[string]talkTime{}
	}
	m, known := t.means[skill]
	if !known && len(t.means) >= maxTalks {
		return
	}
	m.n = min(m.n+1, talkMemory)
	m.mean += (d - m.mean) / time.Duration(m.n)
	t.means[skill] = m
}

// mean is that of a skill; until some were measured assumed counts as three of them.
func (t *talkTimes) mean(skill string, assumed time.Duration) time.Duration {
	m := t.means[skill]
	const weight = 3
	if m.n >= talkMemory {
		return m.mean
	}
	return (m.mean*time.Duration(m.n) + assumed*weight) / time.Duration(m.n+weight)
}

// Standing is where a caller stands; false if he does not wait.
func (b *Board) Standing(id string, now time.Time) (Standing, bool) {
	w := b.waiter(id)
	if w == nil {
		return Standing{}, false
	}
	s := Standing{Position: b.position(w, now), Waited: now.Sub(w.since)}
	s.Wait, s.Known = b.estimate(w, s.Position, now)
	return s, true
}

// position counts those before w who wait for the same people.
func (b *Board) position(w *waiter, now time.Time) int {
	n := 1
	for _, o := range b.order(now) {
		if o == w {
			break
		}
		if o.offered == "" && b.rivals(o, w, now) {
			n++
		}
	}
	return n
}

func (b *Board) rivals(o, w *waiter, now time.Time) bool {
	if o.Skill == w.Skill && o.Language == w.Language {
		return true
	}
	return slices.ContainsFunc(b.agents, func(m *member) bool { return m.onDuty(now) && b.takes(m, o, now) && b.takes(m, w, now) })
}

// estimate is how long w will wait: those before him and he share the people who
// serve, each of whom is free once in a conversation and a wrap-up.
func (b *Board) estimate(w *waiter, position int, now time.Time) (time.Duration, bool) {
	people, free := 0, 0
	var wrap time.Duration
	for _, m := range b.agents {
		if m.serving(now) && b.takes(m, w, now) {
			people++
			wrap += m.WrapUp
			if m.free(now) {
				free++
			}
		}
	}
	if people == 0 {
		return 0, false
	}
	if position <= free {
		return 0, true
	}
	each := b.talk.mean(w.Skill, w.rules.Talk) + wrap/time.Duration(people)
	return time.Duration(position-free) * each / time.Duration(people), true
}
