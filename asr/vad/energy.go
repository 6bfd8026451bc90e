package vad

import (
	"math"
	"time"

	"hotline/asr"
	"hotline/media/dsp"
)

// Energy's settings. Levels are in dB, times in windows of 10 ms.
const (
	energyWindow = 10 * time.Millisecond
	// A voice on a telephone is 15 dB and more above its line's noise, a word's
	// soft end about 8 dB.
	energyStartDB, energyStopDB = 13, 7
	// Below this nothing counts as voice, however quiet the line.
	energyLeastDB = -52
	// The noise floor falls at once to a quieter window (smoothed over 4) and
	// rises by so much a second, faster while nothing speaks: a line that gets
	// noisy is let go of in a few seconds, a long sentence is not.
	floorRiseVoice, floorRiseQuiet = 1.5, 12.0
	// Hangover over the gaps inside words, and the run of loud windows that makes
	// a start: a click is shorter.
	energyHang, energyRun = 12, 4
	// A start needs a vowel: a window of 40 ms as periodic as this.
	energyClarity = 0.55
	// Voice is not steady: the level of syllables moves by 6 dB and more within
	// 300 ms, that of hum, tones and noise does not.
	energyMemory, energySwingDB = 30, 5.0
)

// NewEnergy returns a Detector that judges by level: an adaptive floor, a
// hysteresis, the unsteadiness of speech and the pitch of its vowels. It takes other people's voices and
// music for voice; use it where no model is installed.
func NewEnergy(rate int) asr.Detector {
	n := rate / 100
	return &energy{rate: rate, n: n, window: make([]int16, 0, n), past: make([]int16, 4*n), high: dsp.NewHighPass(rate, 200, 2), floor: math.NaN()}
}

type energy struct {
	rate   int
	n      int
	window []int16
	past   []int16     // the last 40 ms, for the pitch
	high   *dsp.Filter // mains hum and handling noise carry no words

	floor  float64 // noise, dB; NaN until the first window
	smooth float64
	recent [energyMemory]float64
	at     int
	run    int
	hang   int
	voiced bool
}

func (e *energy) Window() time.Duration { return energyWindow }
func (e *energy) Close() error          { return nil }

func (e *energy) Reset() {
	clear(e.past)
	*e = energy{rate: e.rate, n: e.n, window: e.window[:0], past: e.past, high: e.high, floor: math.NaN()}
}

func (e *energy) Detect(frame []int16) (float64, error) {
	for len(frame) > 0 {
		n := min(len(frame), e.n-len(e.window))
		e.window = append(e.window, frame[:n]...)
		frame = frame[n:]
		if len(e.window) == e.n {
			e.judge()
			e.window = e.window[:0]
		}
	}
	if !e.voiced {
		return 0, nil
	}
	if e.hang < energyHang { // fading
		return 0.6, nil
	}
	return 0.9, nil
}

func (e *energy) judge() {
	if isSilent(e.window) {
		e.step(floorDB)
		return
	}
	e.high.Process(e.window)
	copy(e.past, e.past[e.n:])
	copy(e.past[3*e.n:], e.window)
	e.step(levelDB(e.window))
}

func (e *energy) step(db float64) {
	if math.IsNaN(e.floor) {
		e.floor, e.smooth = max(db, -75), db
	}
	e.smooth += (db - e.smooth) / 4
	rise := floorRiseQuiet
	if e.voiced {
		rise = floorRiseVoice
	}
	e.floor = max(min(e.floor+rise*energyWindow.Seconds(), e.smooth), -75)
	e.recent[e.at%energyMemory] = db
	e.at++

	over := db - e.floor
	switch {
	case db < energyLeastDB:
		e.run = 0
	case over > energyStartDB:
		e.run++
	default:
		e.run = 0
	}
	switch {
	case e.run >= energyRun && (e.voiced || e.unsteady() && e.periodic()):
		e.voiced, e.hang = true, energyHang
	case e.voiced && over > energyStopDB && db >= energyLeastDB:
		e.hang = max(e.hang, energyHang/2)
		if !e.unsteady() {
			e.hang--
		}
	case e.hang > 0:
		e.hang--
	}
	if e.hang <= 0 {
		e.voiced, e.hang = false, 0
	}
}

// periodic says whether the last 40 ms have a pitch.
func (e *energy) periodic() bool {
	_, clarity := asr.Pitch(e.past, e.rate)
	return clarity >= energyClarity
}

// unsteady says whether the level of the loud windows lately moved as speech does.
func (e *energy) unsteady() bool {
	n := min(e.at, energyMemory)
	var sum, sq float64
	for _, v := range e.recent[:n] {
		sum += v
		sq += v * v
	}
	mean := sum / float64(n)
	return sq/float64(n)-mean*mean > energySwingDB*energySwingDB/4
}
