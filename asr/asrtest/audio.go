package asrtest

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/media/dsp"
	"hotline/media/g711"
	"hotline/media/wav"
)

// Recording is a recording of a person with what is said in it.
type Recording struct {
	File     string
	Language string // "zh", "en"
	Text     string
	Rate     int
	Samples  []int16
}

// Recordings are the recordings of people that a table lists, a line
// "FILE<TAB>TEXT" each; a file's folder is its language.
func Recordings(tb testing.TB, refs string) []Recording {
	tb.Helper()
	b, err := os.ReadFile(refs) //nolint:gosec // a test says where
	if err != nil {
		tb.Fatal(err)
	}
	var rs []Recording
	for line := range strings.Lines(string(b)) {
		file, text, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			continue
		}
		r := Recording{File: file, Language: file[:2], Text: text}
		r.Samples, r.Rate = ReadWAV(tb, filepath.Join(filepath.Dir(refs), file))
		rs = append(rs, r)
	}
	return rs
}

// ReadWAV reads a 16-bit WAV file, mixed down to one channel.
func ReadWAV(tb testing.TB, path string) (samples []int16, rate int) {
	tb.Helper()
	a, err := wav.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return a.Mono(), a.Rate
}

// Telephone makes of x what a telephone line delivers: 300–3,400 Hz, 8 kHz, µ-law.
func Telephone(x []int16, rate int) []int16 {
	y := dsp.Resample(x, rate, 8000)
	dsp.NewTelephoneBand(8000).Process(y)
	b := make([]byte, len(y))
	g711.EncodeULaw(b, y)
	g711.DecodeULaw(y, b)
	return y
}

// Noises are the names that Noise knows.
func Noises() []string {
	return []string{"white", "pink", "brown", "hum", "clicks", "crackle", "babble", "breath", "tone", "silence"}
}

// Noise is d of line noise at a level, dBov. The same name, rate and length give
// the same noise.
func Noise(name string, rate int, d time.Duration, db float64) []int16 {
	n := int(int64(rate) * int64(d) / int64(time.Second))
	f := make([]float64, n)
	r := rand.New(rand.NewPCG(1, uint64(len(name))))
	switch name {
	case "white":
		for i := range f {
			f[i] = r.NormFloat64()
		}
	case "pink": // Paul Kellet's filter
		var b0, b1, b2 float64
		for i := range f {
			w := r.NormFloat64()
			b0 = 0.99765*b0 + w*0.0990460
			b1 = 0.96300*b1 + w*0.2965164
			b2 = 0.57000*b2 + w*1.0526913
			f[i] = b0 + b1 + b2 + w*0.1848
		}
	case "brown":
		var b float64
		for i := range f {
			b = 0.995*b + r.NormFloat64()
			f[i] = b
		}
	case "hum": // mains and its harmonics, drifting a little
		for i := range f {
			t := float64(i) / float64(rate)
			for k, a := range []float64{1, 0.3, 0.5, 0.2, 0.3, 0.1} {
				f[i] += a * math.Sin(2*math.Pi*50*float64(k+1)*t)
			}
			f[i] += 0.05 * r.NormFloat64()
		}
	case "clicks": // two a second, 2 ms, far above a quiet line
		for i := range f {
			f[i] = 0.01 * r.NormFloat64()
		}
		for at := 0; at < n; at += rate/4 + r.IntN(rate/2) {
			for k := 0; k < rate/500 && at+k < n; k++ {
				f[at+k] += 8 * r.NormFloat64() * math.Exp(-float64(k)/float64(rate/1500))
			}
		}
	case "crackle": // a bad contact: bursts of short pulses
		for i := range f {
			f[i] = 0.02 * r.NormFloat64()
		}
		for at := 0; at < n; at += rate/20 + r.IntN(rate/4) {
			for range 1 + r.IntN(8) {
				k := at + r.IntN(rate/50)
				for j := range rate / 2000 {
					if k+j < n {
						f[k+j] += 6 * r.NormFloat64()
					}
				}
			}
		}
	case "babble": // a hall of people: 40 voices' worth of moving formant noise
		for range 40 {
			var y1, y2 float64
			hz, next, gain := 0.0, 0, 0.0
			for i := range f {
				if i >= next {
					hz = 200 + 1800*r.Float64()
					gain = r.Float64()
					next = i + rate/10 + r.IntN(rate/5)
				}
				w := 2 * math.Pi * hz / float64(rate)
				y := 2*0.97*math.Cos(w)*y1 - 0.97*0.97*y2 + gain*r.NormFloat64()
				y1, y2 = y, y1
				f[i] += y
			}
		}
	case "breath": // slow swelling of wide noise, every 3 s
		for i := range f {
			t := float64(i) / float64(rate)
			f[i] = r.NormFloat64() * math.Pow(math.Sin(math.Pi*t/3), 2)
		}
	case "tone":
		for i := range f {
			f[i] = math.Sin(2 * math.Pi * 425 * float64(i) / float64(rate))
		}
	}
	var power float64
	for _, v := range f {
		power += v * v
	}
	x := make([]int16, n)
	if power == 0 {
		return x
	}
	gain := 32768 * math.Pow(10, db/20) / math.Sqrt(power/float64(n))
	for i, v := range f {
		x[i] = int16(max(-32768, min(32767, math.Round(v*gain))))
	}
	return x
}

// Mix adds y to x from the sample at on, with saturation.
func Mix(x, y []int16, at int) {
	for i, v := range y {
		if at+i >= 0 && at+i < len(x) {
			x[at+i] = int16(max(-32768, min(32767, int(x[at+i])+int(v))))
		}
	}
}

// Silence is d of zeros.
func Silence(rate int, d time.Duration) []int16 {
	return make([]int16, int(int64(rate)*int64(d)/int64(time.Second)))
}
