package call

import (
	"math"
	"sync"

	"hotline/media/dsp"
)

// Music is what callers hear who wait, over and over. It is safe for concurrent use.
type Music struct {
	rate    int
	samples []int16

	mu    sync.Mutex // guards the rest
	rates map[int][]int16
}

// NewMusic returns a tune of rate Hz; x is not changed from now on.
func NewMusic(rate int, x []int16) *Music { return &Music{rate: rate, samples: x} }

// DefaultMusic is a calm tune of ours, so that nobody has to buy one: broken chords of
// soft plucked tones, about twenty seconds, which the telephone band carries whole.
var DefaultMusic = sync.OnceValue(func() *Music { //nolint:gochecknoglobals // computed once, never changed
	const (
		rate  = 8000
		beat  = rate * 2 / 5 // 0.4 s
		level = 0.09
	)
	// Of C major: I, vi, IV, V and home again, each as eight plucked notes.
	chords := [][]float64{
		{261.63, 329.63, 392.00, 523.25},
		{220.00, 261.63, 329.63, 440.00},
		{349.23, 440.00, 523.25, 698.46},
		{392.00, 493.88, 587.33, 783.99},
		{329.63, 392.00, 493.88, 659.26},
		{261.63, 329.63, 392.00, 523.25},
	}
	order := []int{0, 2, 1, 3, 2, 1, 3, 2}
	sound := make([]float64, len(chords)*len(order)*beat)
	pluck := func(at int, hz, gain float64) {
		for i := range 3 * beat { // a note rings on over the next two
			t := float64(i) / rate
			attack := min(1, t/0.012)
			v := math.Sin(2*math.Pi*hz*t) + 0.25*math.Sin(4*math.Pi*hz*t) + 0.08*math.Sin(6*math.Pi*hz*t)
			fade := math.Exp(-t/0.45) * min(1, float64(3*beat-i)/400)
			sound[(at+i)%len(sound)] += gain * attack * fade * v // so that the end rings into the beginning
		}
	}
	for c, chord := range chords {
		for n, k := range order {
			gain := 0.8
			if n == 0 {
				gain = 1
				pluck(c*len(order)*beat, 2*chord[0], 0.25)
			}
			pluck((c*len(order)+n)*beat, chord[k], gain)
		}
	}
	x := make([]int16, len(sound))
	for i, v := range sound {
		x[i] = int16(max(-1, min(1, level*v)) * math.MaxInt16)
	}
	return NewMusic(rate, x)
})

// at is the tune at a rate, made once for all who hear it so.
func (m *Music) at(rate int) []int16 {
	if m.rate == rate {
		return m.samples
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	x, ok := m.rates[rate]
	if !ok {
		x = dsp.Resample(m.samples, m.rate, rate)
		if m.rates == nil {
			m.rates = map[int][]int16{}
		}
		m.rates[rate] = x
	}
	return x
}
