package emotion

import (
	"math"
	"strings"
	"time"

	"hotline/dialog"
)

// Thresholds of a business; zero values are the defaults.
type Thresholds struct {
	// Angry is how probable anger must be for the label Angry; default 0.45. A
	// higher one is slower to apologise.
	Angry float64
	// Sinking is how low the mood must have sunk, between 0 (neutral) and 1
	// (furious), to count; default 0.35.
	Sinking float64
	// Voice is how much the voice may weigh beside the words, 0–1; default 0.5,
	// negative is not at all.
	Voice float64
}

func (t Thresholds) defaults() Thresholds {
	set := func(v *float64, d float64) {
		switch {
		case *v == 0:
			*v = d
		case *v < 0:
			*v = 0
		}
	}
	set(&t.Angry, 0.45)
	set(&t.Sinking, 0.35)
	set(&t.Voice, 0.5)
	return t
}

// Turn is what a Tracker hears of a turn.
type Turn struct {
	Text    string
	Mood    string // the speech engine's tag: "angry", "happy", "sad", "neutral"; "" unknown
	Prosody dialog.Prosody
}

// remembered is how many turns back a repeated question is noticed.
const remembered = 4

// A Tracker follows the mood of one call. It is a value: a copy goes its own way.
type Tracker struct {
	r          *Recognizer
	thresholds Thresholds
	turns      int
	texts      [remembered]string // their words, the newest first
	repeats    int                // how often something was asked again
	badness    [2]float64         // of the last turn and the one before
	cross      float64            // how angry or impatient the last turn was
	risk       float64
	voice      baseline
}

// NewTracker returns the Tracker of a call that begins.
func NewTracker(r *Recognizer, t Thresholds) Tracker {
	return Tracker{r: r, thresholds: t.defaults()}
}

// GoOn has the next turns read by r: the caller changes his language, his mood stays.
func (t *Tracker) GoOn(r *Recognizer) { t.r = r }

// weight of a mood in how bad things are.
var badness = [moods]float64{confused: 0.15, impatient: 0.6, angry: 1, sad: 0.55, happy: -0.5}

// Next reads the next turn.
func (t *Tracker) Next(turn Turn) Reading {
	reading, hits := t.r.read(turn.Text)
	z := logits(reading.Scores)
	if !clearly(hits) {
		z[calm] += usuallyCalm
	}
	if t.askedAgain(turn.Text) {
		t.repeats++
		// asking the same again is impatience, unless it is plainly not understood
		z[impatient] += 0.7 + 0.4*float64(min(t.repeats, 3))
		reading.Evidence = append(reading.Evidence, "asked again")
	}
	said := softmax(z)
	scores := said
	arousal := t.voice.hear(turn.Prosody)
	if t.thresholds.Voice > 0 {
		var heard bool
		if scores, heard = t.withVoice(scores, arousal, turn.Mood); heard {
			reading.Evidence = append(reading.Evidence, "voice")
		}
	}
	t.decide(&reading, scores)
	t.trajectory(&reading, said, hits)
	return reading
}

// A turn that is so cross, after one that was so much less, is anger that rises.
const (
	leastCross = 0.4 // angry or impatient
	leastAnger = 0.2
	leastRise  = 0.2
	leastSure  = 0.85 // impatience beyond doubt ("since nine, and for the third time") needs no anger beside it
)

// usuallyCalm is how much rather calm than anything else a turn on the telephone is
// when no clear phrase says otherwise, as a logarithm of odds. Read knows no such
// prejudice: it is fitted to sentences of which every mood has as many.
const usuallyCalm = 1.0

// clearly says whether a phrase tells a mood other than calm.
func clearly(hits []found) bool {
	for _, h := range hits {
		if h.entry.mood != calm && h.entry.strength >= 2 && !h.negated {
			return true
		}
	}
	return false
}

// withVoice lets the voice weigh what the words said. What the words do not say at
// all it cannot make up: a loud or fast caller with calm words stays as he is.
func (t *Tracker) withVoice(scores [moods]float64, arousal float64, tag string) ([moods]float64, bool) {
	const audible = 0.25
	first := most(scores)
	cross := first == impatient || first == angry
	weight := t.thresholds.Voice
	z := logits(scores)
	heard := false
	if cross && arousal > audible {
		z[angry] += 1.6 * weight * arousal
		z[impatient] += 0.8 * weight * arousal
		heard = true
	}
	switch strings.ToLower(tag) {
	case "angry", "disgusted":
		if cross {
			z[angry] += 1.8 * weight
			z[impatient] += 0.8 * weight
			heard = true
		}
	case "sad", "fearful":
		if scores[sad] > 0.08 {
			z[sad] += 1.5 * weight
			heard = true
		}
	case "happy":
		if scores[happy] > 0.08 && scores[angry] < 0.3 {
			z[happy] += 1.2 * weight
			heard = true
		}
	}
	if !heard {
		return scores, false
	}
	return softmax(z), true
}

// decide chooses the label: the most probable mood, but anger only where it is
// probable enough for this business, and a weak guess that no phrase bears out is
// calm: most turns on the telephone are.
func (t *Tracker) decide(reading *Reading, scores [moods]float64) {
	best := calm
	for m, s := range scores {
		if m != angry && s > scores[best] {
			best = m
		}
	}
	if s := scores[angry]; s >= t.thresholds.Angry && s >= scores[best] {
		best = angry
	}
	const weak = 0.5
	if scores[best] < weak && len(reading.Evidence) == 0 {
		best = calm
	}
	reading.Label, reading.Score, reading.Scores = names[best], scores[best], scores
}

// trajectory fills in what only the course of the call tells. Whether the mood sinks
// is a matter of what was said, not of how loud.
func (t *Tracker) trajectory(reading *Reading, said [moods]float64, hits []found) {
	now := 0.0
	for m, s := range said {
		now += s * badness[m]
	}
	now = min(max(now, 0), 1)
	if first := most(said); first == calm || first == happy {
		now = 0 // a rest of doubt is no trouble
	}
	last, before := t.badness[0], t.badness[1]
	// Two turns in a row that are worse than what was before them, and it did not
	// get better again. Before the first turn all was well.
	const step, bad = 0.1, 0.25
	if t.turns > 0 && last >= max(before+step, bad) && now >= last-step/2 && now >= t.thresholds.Sinking && (last+now)/2 >= t.thresholds.Sinking {
		reading.Sinking = true
	}
	if t.turns > 1 && now >= t.thresholds.Sinking && last >= t.thresholds.Sinking && now >= last-step/2 {
		reading.Sinking = true // it fell earlier and stays down
	}
	anger, cross := reading.Cross()
	reading.First = t.turns == 0
	reading.Rises = (cross >= leastCross && anger >= leastAnger || cross >= leastSure) && cross >= t.cross+leastRise
	t.cross = cross
	t.badness = [2]float64{now, last}
	t.turns++

	// The risk is remembered, fading by turn, and grows with what goes on.
	risk := reading.ComplaintRisk
	if reading.Sinking {
		risk = either(risk, 0.3)
	}
	risk = either(risk, 0.1*float64(min(t.repeats, 4)))
	for _, h := range hits {
		if h.negated && h.entry.risk >= 0.5 { // "I'm not going to complain"
			t.risk *= 0.5
		}
	}
	if reading.Label == Happy {
		t.risk *= 0.6
	}
	t.risk = max(risk, either(0.85*t.risk, 0.5*risk))
	reading.ComplaintRisk = t.risk
}

// askedAgain says whether text asks much the same as one of the last turns, and
// remembers it. Words that are in every question do not count.
func (t *Tracker) askedAgain(text string) bool {
	words, least := t.r.tokens(text).words, 2
	if t.r.chinese {
		least = 4
	}
	kept := make([]string, 0, len(words))
	for _, w := range words {
		if !everywhere[w] {
			kept = append(kept, w)
		}
	}
	if len(kept) < least {
		return false // short answers ("yes", "18 号") may well come twice
	}
	kept = kept[:min(len(kept), rememberedWords)]
	again := false
	for _, old := range t.texts {
		if old == "" {
			break
		}
		o := strings.Split(old, " ")
		if shorter := min(len(o), len(kept)); float64(common(o, kept)) > 0.75*float64(shorter) {
			again = true
		}
	}
	copy(t.texts[1:], t.texts[:remembered-1])
	t.texts[0] = strings.Join(kept, " ")
	return again
}

// rememberedWords bounds what is remembered of a turn.
const rememberedWords = 60

var everywhere = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq("我 你 您 的 了 啊 吗 呢 吧 呀 是 想 要 请 问 一 下 帮 查 看 那 个 这 就 都 还 给 好 " +
		"i you we the a an is are am was my your it that this of for and to do does did can could would me please hi hello on in at so have has been be") {
		m[w] = true
	}
	return m
}()

// common is the length of the longest common subsequence.
func common(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

func most(scores [moods]float64) int {
	best := 0
	for m, s := range scores {
		if s > scores[best] {
			best = m
		}
	}
	return best
}

func logits(p [moods]float64) [moods]float64 {
	var z [moods]float64
	for i, v := range p {
		z[i] = math.Log(max(v, 1e-9))
	}
	return z
}

// baseline is how this caller sounds otherwise: exponential means and spreads.
type baseline struct {
	heard       int
	mean, sigma [4]float64 // level, pitch, its variation, rate
}

const settled = 2 // turns before the baseline means something

// spread is what a speaker's turns differ by anyway: dB, then shares.
var spread = [4]float64{4, 0.08, 0.3, 0.15}

// hear compares a turn with the baseline and adds it; 0 calm to 1 aroused.
func (b *baseline) hear(p dialog.Prosody) float64 {
	if p.VoicedFor < 300*time.Millisecond {
		return 0
	}
	x := [4]float64{p.LevelDB, logOf(p.PitchHz), logOf(p.PitchVar), logOf(p.Rate)}
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			x[i] = b.mean[i]
		}
	}
	arousal := 0.0
	if b.heard >= settled {
		weights := [4]float64{0.3, 0.35, 0.15, 0.2}
		for i, v := range x {
			if v == 0 || b.mean[i] == 0 { // not measured
				continue
			}
			off := (v - b.mean[i]) / (2 * max(spread[i], b.sigma[i]))
			arousal += weights[i] * min(max(off, -1), 1)
		}
	}
	b.heard++
	k := max(0.25, 1/float64(b.heard))
	for i, v := range x {
		if v == 0 {
			continue
		}
		if b.mean[i] == 0 {
			b.mean[i] = v
			continue
		}
		b.sigma[i] += k * (math.Abs(v-b.mean[i]) - b.sigma[i])
		b.mean[i] += k * (v - b.mean[i])
	}
	return min(max(arousal, 0), 1)
}

func logOf(v float64) float64 {
	if v <= 0 {
		return 0
	}
	return math.Log(v)
}
