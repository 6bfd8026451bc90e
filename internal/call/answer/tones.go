package answer

import (
	"math"
	"time"

	"hotline/media/dsp"
)

// frameTime is how much sound a frame holds.
const frameTime = 20 * time.Millisecond

// Limits of what counts as a tone.
const (
	toneShare    = 0.84  // of a frame's power that is in the one frequency
	toneLevel    = -42.0 // dBov: what is softer is cross-talk
	toneDrift    = 14.0  // Hz by which a frame may differ from the tone so far
	toneStep     = 5.0   // dB by which a frame may differ from the one before
	toneGap      = 2     // frames that may be spoilt within a tone, by lost packets
	pairShare    = 0.8   // of a frame's power that is in the two frequencies of a beep
	pairLeast    = 160 * time.Millisecond
	dualShare    = 0.75  // of a block's power that is in two frequencies
	dualLeast    = 0.15  // of it in the weaker one
	blockFrames  = 5     // of a block in which pairs are looked for: it tells 10 Hz apart
	soundAbove   = 12.0  // dB above the line's noise: sound
	soundLeast   = -50.0 // dBov: less is none
	noiseRise    = 0.05  // dB by which the line's noise rises a frame; it falls at once
	beepLeast    = 120 * time.Millisecond
	beepLow      = 380.0 // Hz
	beepHigh     = 2050.0
	faxAnswer    = 480 * time.Millisecond // of 2100 Hz
	faxCallLow   = 400 * time.Millisecond // of 1100 Hz, ITU-T T.30: 0.5 s on, 3 s off
	faxCallHigh  = 650 * time.Millisecond
	segmentsKept = 8
)

// toneKind is what a stretch of sound was.
type toneKind uint8

const (
	otherSound toneKind = iota
	single              // one frequency of 400 to 460 Hz, as most countries have it
	ringPair            // 440 and 480 Hz, North America
	busyPair            // 480 and 620 Hz, North America
)

// tone is one steady frequency that has ended, or goes on.
type tone struct {
	hz         float64
	start, end time.Duration
	level      float64
	frames     int
	spoilt     int
}

func (t *tone) length() time.Duration { return t.end - t.start }

// segment is a stretch of sound between two of silence.
type segment struct {
	kind      toneKind
	on        time.Duration
	gap       time.Duration // the silence before
	votes     [4]int        // frames by kind
	start     time.Duration
	lastSound time.Duration
}

// tones finds tones and their cadences in frames.
type tones struct {
	rate  int
	now   time.Duration
	noise float64
	level float64 // of the last frame

	current tone // frames 0: none
	two     tone // of two frequencies at once, of which hz is the lower one
	high    float64
	ended   tone // the last one that has ended
	sit     []tone

	pairs  *dsp.Bins
	frames int // in the block

	sounding bool
	open     segment
	segments []segment

	loudFor  time.Duration // sound without a dip
	quietFor time.Duration // none
	// What was found, once.
	ringUntil time.Duration // end of the last ring-back
	rings     int
	fax       string
	calling   int // bursts of 1100 Hz
	callingAt time.Duration
	busy      Notice
	busyWhat  string
	intercept Notice
	sitWhat   string
}

// The pairs' frequencies, by their place in tones.pairs.
const (
	at440 = iota
	at480
	at620
)

func newTones(rate int) *tones {
	return &tones{
		rate: rate, noise: math.NaN(), level: dsp.Silence, pairs: dsp.NewBins(rate, 440, 480, 620),
		segments: make([]segment, 0, segmentsKept), sit: make([]tone, 0, 4),
	}
}

// take looks at the next frame; beep is a tone that has just ended.
func (t *tones) take(f []int16) (ended *tone) {
	t.level = dsp.LevelDB(f)
	switch {
	case math.IsNaN(t.noise), t.level < t.noise:
		t.noise = max(t.level, -75)
	default:
		t.noise = min(t.noise+noiseRise, t.level)
	}
	start := t.now
	t.now += frameTime
	hz, level, share := dsp.Pure(f, t.rate)
	pure := share >= toneShare && level >= toneLevel
	ended = t.follow(pure, hz, level, start)
	t.segment(f, pure && hz > 390 && hz < 470, start)
	if t.sound() {
		t.loudFor += frameTime
		t.quietFor = 0
	} else {
		t.loudFor = 0
		t.quietFor += frameTime
	}
	if !pure && t.level >= toneLevel || t.two.frames > 0 {
		if both := t.together(f, start); both != nil && ended == nil {
			ended = both
		}
	}
	return ended
}

// sound tells whether the last frame was more than the line's noise.
func (t *tones) sound() bool { return t.level > max(soundLeast, t.noise+soundAbove) }

// steady tells whether a tone goes on that is no part of a voice any more.
func (t *tones) steady() bool {
	return t.current.frames > 0 && t.current.length() >= beepLeast || t.two.frames > 0 && t.two.length() >= pairLeast
}

// follow keeps the current tone; it returns one that has ended.
func (t *tones) follow(pure bool, hz, level float64, start time.Duration) *tone {
	c := &t.current
	if c.frames > 0 {
		if pure && math.Abs(hz-c.hz) <= toneDrift && math.Abs(level-c.level) <= toneStep {
			c.hz += (hz - c.hz) / float64(min(c.frames+1, 8))
			c.level, c.end, c.spoilt = level, t.now, 0
			c.frames++
			t.goesOn()
			return nil
		}
		if c.spoilt++; c.spoilt <= toneGap && !pure {
			return nil
		}
		t.ended, c.frames = *c, 0
		if pure {
			t.current = tone{hz: hz, start: start, end: t.now, level: level, frames: 1}
		}
		if t.ended.length() < 80*time.Millisecond {
			return nil
		}
		t.over(t.ended)
		return &t.ended
	}
	if pure {
		t.current = tone{hz: hz, start: start, end: t.now, level: level, frames: 1}
	}
	return nil
}

// together keeps a tone of two frequencies; it returns one that has ended. Those of
// exchanges are no beeps.
func (t *tones) together(f []int16, start time.Duration) *tone {
	low, high, share := dsp.Pair(f, t.rate)
	is := share >= pairShare && t.level >= toneLevel && low >= beepLow && high <= 2*beepHigh &&
		!(near(low, 440, 15) && near(high, 480, 15)) && !(near(low, 480, 15) && near(high, 620, 15))
	c := &t.two
	switch {
	case c.frames == 0 && !is:
		return nil
	case c.frames > 0 && is && near(low, c.hz, toneDrift) && near(high, t.high, toneDrift) && near(t.level, c.level, toneStep):
		c.level, c.end, c.spoilt = t.level, t.now, 0
		c.frames++
		return nil
	case c.frames > 0 && !is && c.spoilt < toneGap:
		c.spoilt++
		return nil
	}
	over := *c
	*c = tone{}
	if is {
		t.high = high
		*c = tone{hz: low, start: start, end: t.now, level: t.level, frames: 1}
	}
	if over.frames == 0 || over.length() < pairLeast {
		return nil
	}
	t.ended = over
	return &t.ended
}

func near(hz, want, by float64) bool { return math.Abs(hz-want) <= by }

// goesOn judges the current tone while it lasts.
func (t *tones) goesOn() {
	if c := &t.current; near(c.hz, 2100, 25) && c.length() >= faxAnswer {
		t.fax = "2100 Hz" // CED of T.30, or ANSam of V.8
	}
}

// over judges a tone that has ended.
func (t *tones) over(x tone) {
	if near(x.hz, 1100, 40) && x.length() >= faxCallLow && x.length() <= faxCallHigh {
		t.calling++
		t.callingAt = x.end
		if t.calling >= 2 {
			t.fax = "1100 Hz, twice"
		}
	}
	t.special(x)
}

// special looks for the three tones that come before a carrier's announcement (ITU-T
// E.180, Telcordia SR-2275): their frequencies and lengths tell which.
func (t *tones) special(x tone) {
	if x.length() < 180*time.Millisecond || x.length() > 520*time.Millisecond {
		t.sit = t.sit[:0]
		return
	}
	if n := len(t.sit); n > 0 && x.start-t.sit[n-1].end > 120*time.Millisecond {
		t.sit = t.sit[:0]
	}
	first := near(x.hz, 950, 70)
	second := near(x.hz, 1400, 60)
	third := near(x.hz, 1776.7, 50)
	switch n := len(t.sit); {
	case n == 1 && second, n == 2 && third:
		t.sit = append(t.sit, x)
	case first:
		t.sit = append(t.sit[:0], x)
	default:
		t.sit = t.sit[:0]
	}
	if len(t.sit) < 3 {
		return
	}
	long := func(i int) bool { return t.sit[i].length() >= 330*time.Millisecond }
	highOne, highTwo := t.sit[0].hz > 950, t.sit[1].hz > 1400
	switch {
	case highOne && long(0) && !highTwo && !long(1):
		t.intercept, t.sitWhat = InvalidNumber, "SIT vacant code"
	case !highOne && !long(0) && !highTwo && !long(1):
		t.intercept, t.sitWhat = InvalidNumber, "SIT intercept"
	case long(0) && long(1), !long(0) && long(1):
		t.intercept, t.sitWhat = CircuitsBusy, "SIT no circuit or reorder"
	default:
		t.intercept, t.sitWhat = OtherNotice, "SIT"
	}
	t.sit = t.sit[:0]
}

// segment follows what sounds and what is silent, for cadences.
func (t *tones) segment(f []int16, single450 bool, start time.Duration) {
	s := &t.open
	if !t.sound() {
		t.pairs.Reset()
		t.frames = 0
		if t.sounding && t.now-s.lastSound > 2*frameTime {
			t.close()
		}
		return
	}
	if !t.sounding {
		t.sounding = true
		*s = segment{start: start, gap: start - s.lastSound}
	}
	s.lastSound = t.now
	if single450 {
		s.votes[single]++
	}
	t.pairs.Add(f)
	if t.frames++; t.frames < blockFrames {
		return
	}
	a, b, c := t.pairs.Share(at440), t.pairs.Share(at480), t.pairs.Share(at620)
	switch {
	case a+b >= dualShare && a >= dualLeast && b >= dualLeast:
		s.votes[ringPair] += blockFrames
	case b+c >= dualShare && b >= dualLeast && c >= dualLeast:
		s.votes[busyPair] += blockFrames
	}
	t.pairs.Reset()
	t.frames = 0
}

// close ends a segment and judges the cadence.
func (t *tones) close() {
	t.sounding = false
	s := &t.open
	s.on = s.lastSound - s.start
	frames := int(s.on / frameTime)
	for k := single; k <= busyPair; k++ {
		least := frames * 7 / 10
		if k != single { // blocks do not fill a segment
			least = max(blockFrames, frames*5/10)
		}
		if s.votes[k] >= least && frames > 4 {
			s.kind = k
		}
	}
	if len(t.segments) == segmentsKept {
		copy(t.segments, t.segments[1:])
		t.segments = t.segments[:segmentsKept-1]
	}
	t.segments = append(t.segments, *s)
	if ringKind := s.kind == single || s.kind == ringPair; ringKind && s.on >= 700*time.Millisecond && s.on <= 2600*time.Millisecond {
		t.rings++
		t.ringUntil = s.lastSound
	}
	t.cadence()
}

// cadence looks for busy and congestion tones: three like sounds with like gaps.
func (t *tones) cadence() {
	n := len(t.segments)
	if n < 3 {
		return
	}
	last := t.segments[n-3:]
	kind := last[0].kind
	if kind != single && kind != busyPair {
		return
	}
	var on time.Duration
	for i, s := range last {
		if s.kind != kind || s.on < 180*time.Millisecond || s.on > 800*time.Millisecond {
			return
		}
		if i > 0 && (s.gap < 150*time.Millisecond || s.gap > 850*time.Millisecond || s.gap > 2*s.on || s.on > 2*s.gap) {
			return
		}
		on += s.on / 3
	}
	// China (YD/T 1069): busy 0.35 s, congestion 0.7 s. North America: busy 0.5 s,
	// congestion 0.25 s.
	switch {
	case kind == single && on > 560*time.Millisecond, kind == busyPair && on < 360*time.Millisecond:
		t.busy, t.busyWhat = CircuitsBusy, "congestion tone"
	default:
		t.busy, t.busyWhat = InCall, "busy tone"
	}
}
