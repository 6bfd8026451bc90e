package asr

import (
	"math"
	"slices"
	"time"

	"hotline/media/dsp"
)

// The range in which a voice's pitch is looked for, and how periodic a frame must
// be to have one.
const (
	pitchLeast, pitchMost = 70.0, 400.0
	pitchClarity          = 0.5
	pitchWindow           = 40 * time.Millisecond
)

// Pitch estimates the pitch of x, some 40 ms of sound, by normalised
// autocorrelation, and how periodic it is (clarity, 0–1). hz is 0 where no period
// is clear.
func Pitch(x []int16, rate int) (hz, clarity float64) {
	// 4 kHz is enough for a period and costs a quarter; the sum of neighbours is
	// filter enough for that.
	step := max(rate/4000, 1)
	var buf [256]float64
	n := min(len(x)/step, len(buf))
	y := buf[:n]
	mean := 0.0
	for i := range y {
		s := 0
		for _, v := range x[i*step : (i+1)*step] {
			s += int(v)
		}
		y[i] = float64(s)
		mean += y[i]
	}
	if n == 0 {
		return 0, 0
	}
	mean /= float64(n)
	energy := 0.0
	for i := range y {
		y[i] -= mean
		energy += y[i] * y[i]
	}
	r := float64(rate) / float64(step)
	lo, hi := int(r/pitchMost), min(int(r/pitchLeast), n-n/4)
	if energy < float64(n)*float64(step*step)*100 || lo+2 >= hi {
		return 0, 0
	}
	var corr [128]float64
	best, at := 0.0, 0
	for lag := lo - 1; lag <= hi && lag < len(corr); lag++ {
		var c, e0, e1 float64
		for i := 0; i+lag < n; i++ {
			c += y[i] * y[i+lag]
			e0 += y[i] * y[i]
			e1 += y[i+lag] * y[i+lag]
		}
		if e0*e1 > 0 {
			corr[lag] = c / math.Sqrt(e0*e1)
		}
	}
	for lag := lo; lag < hi && lag+1 < len(corr); lag++ {
		// the shortest period wins unless a longer one is clearly better: twice
		// the period is as periodic
		if corr[lag] >= corr[lag-1] && corr[lag] >= corr[lag+1] && corr[lag] > best+0.05 {
			best, at = corr[lag], lag
		}
	}
	if at < 1 || at+1 >= len(corr) || best < pitchClarity {
		return 0, max(best, 0)
	}
	a, b, c := corr[at-1], corr[at], corr[at+1] //nolint:gosec // checked above
	shift := 0.0
	if d := a - 2*b + c; d < 0 {
		shift = 0.5 * (a - c) / d
	}
	return r / (float64(at) + shift), best
}

// A Prosodist gathers how an utterance sounds, frame by frame.
type Prosodist struct {
	rate    int
	window  []int16 // the last pitchWindow
	power   float64
	frames  int
	pitches []float64
	peaks   int
	rising  bool
	envOld  float64
	trough  float64
	peak    float64
}

// NewProsodist returns a Prosodist for a sample rate, Hz.
func NewProsodist(rate int) *Prosodist {
	return &Prosodist{
		rate:    rate,
		window:  make([]int16, int(int64(rate)*int64(pitchWindow)/int64(time.Second))),
		pitches: make([]float64, 0, 512),
	}
}

// Reset begins another utterance.
func (p *Prosodist) Reset() {
	clear(p.window)
	*p = Prosodist{rate: p.rate, window: p.window, pitches: p.pitches[:0]}
}

// Take hears a frame of level db (dBov); voiced frames count.
func (p *Prosodist) Take(frame []int16, db float64, voiced bool) {
	n := copy(p.window, p.window[min(len(frame), len(p.window)):])
	copy(p.window[n:], frame[max(0, len(frame)-len(p.window)):])
	if !voiced {
		return
	}
	p.power += math.Pow(10, db/10)
	p.frames++
	p.syllable(db)
	// every other frame: pitch moves slower than that
	if p.frames%2 == 0 && len(p.pitches) < cap(p.pitches) {
		if hz, _ := Pitch(p.window, p.rate); hz > 0 {
			p.pitches = append(p.pitches, hz)
		}
	}
}

// syllable counts the peaks of the level that rise and fall by 3 dB: about the
// syllables.
func (p *Prosodist) syllable(db float64) {
	const swing = 3.0
	env := db
	if p.frames > 1 {
		env = p.envOld + 0.6*(db-p.envOld)
	} else {
		p.trough, p.peak = env-2*swing, env
	}
	p.envOld = env
	if p.rising {
		p.peak = max(p.peak, env)
		if env < p.peak-swing {
			p.peaks++
			p.rising, p.trough = false, env
		}
		return
	}
	p.trough = min(p.trough, env)
	if env > p.trough+swing {
		p.rising, p.peak = true, env
	}
}

// Result is how the utterance sounded so far.
func (p *Prosodist) Result() Prosody {
	if p.frames == 0 {
		return Prosody{LevelDB: dsp.Silence}
	}
	voiced := time.Duration(p.frames) * frameTime
	r := Prosody{LevelDB: 10 * math.Log10(p.power/float64(p.frames)), VoicedFor: voiced}
	peaks := p.peaks
	if p.rising {
		peaks++
	}
	r.Rate = float64(peaks) / voiced.Seconds()
	if len(p.pitches) < 3 {
		return r
	}
	s := slices.Clone(p.pitches)
	slices.Sort(s)
	r.PitchHz = s[len(s)/2]
	r.PitchVar = 12 * math.Log2(s[len(s)*3/4]/s[len(s)/4])
	return r
}
