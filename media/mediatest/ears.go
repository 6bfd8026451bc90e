package mediatest

import (
	"math"
	"time"

	"hotline/media"
	"hotline/media/dsp"
)

// Strongest is the frequency that is loudest in x, to 10 Hz, and its level in dBov.
func Strongest(x []int16, rate int) (hz, level float64) {
	level = math.Inf(-1)
	for f := 60.0; f < float64(rate)*0.48; f += 10 {
		if l := dsp.Goertzel(x, rate, f); l > level {
			hz, level = f, l
		}
	}
	return hz, level
}

// Hears tells whether a tone of hz is in x: loud enough to be heard, and not just a
// part of noise around it.
func Hears(x []int16, rate int, hz float64) bool {
	return dsp.Goertzel(x, rate, hz) > -45 && Purity(x, rate, hz) > -20
}

// Purity is how the tone of hz stands against everything else in x, in dB.
func Purity(x []int16, rate int, hz float64) float64 {
	tone := math.Pow(10, dsp.Goertzel(x, rate, hz)/10)
	all := math.Pow(10, dsp.LevelDB(x)/10)
	return 10 * math.Log10(tone/max(1e-12, all-tone))
}

// Gaps is how many pauses of at least 10 ms are in x, quieter than level dBov, and
// how long they are together.
func Gaps(x []int16, rate int, level float64) (n int, total time.Duration) {
	size := rate / 200 // 5 ms
	run := 0
	end := func() {
		if run >= 2 {
			n++
			total += time.Duration(run) * 5 * time.Millisecond
		}
		run = 0
	}
	for len(x) >= size {
		if dsp.LevelDB(x[:size]) < level {
			run++
		} else {
			end()
		}
		x = x[size:]
	}
	end()
	return n, total
}

// Listen reads d of sound; it returns less if r ends.
func Listen(r media.Reader, d time.Duration) []int16 {
	f := make(media.Frame, r.Rate()/50)
	var x []int16
	for range int(d / media.FrameTime) {
		if r.ReadFrame(f) != nil {
			break
		}
		x = append(x, f...)
	}
	return x
}
