package desk

import "time"

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
