// Package dsp is the arithmetic of telephone audio: sample rates, levels, tones
// and filters. Samples are 16-bit linear, mono.
//
// # Concepts
//
// Levels are in dBov as ITU-T G.100.1 counts them: 0 is the power of a
// full-scale square wave, so that a full-scale sine is at -3. A [Resampler] and a
// [Filter] are streams; the functions take a whole signal.
//
// # Concurrency
//
// Nothing here starts a goroutine or locks. A stream belongs to one goroutine at
// a time; functions may be called from anywhere.
package dsp

import "math"

// Silence is the level reported for digital silence, dBov.
const Silence = -100.0

// LevelDB is the root-mean-square level of x in dBov, never below [Silence].
func LevelDB(x []int16) float64 {
	return powerDB(power(x))
}

// power is the mean square of x, full scale being 1.
func power(x []int16) float64 {
	if len(x) == 0 {
		return 0
	}
	var sum int64
	for _, v := range x {
		sum += int64(v) * int64(v)
	}
	return float64(sum) / float64(len(x)) / (1 << 30)
}

func powerDB(p float64) float64 {
	if p < 1e-10 {
		return Silence
	}
	return 10 * math.Log10(p)
}

// Gain is the factor of a level difference in dB.
func Gain(db float64) float64 { return math.Pow(10, db/20) }

// Scale multiplies x by gain in place, with saturation.
func Scale(x []int16, gain float64) {
	g := float32(gain)
	for i, v := range x {
		x[i] = round16(float32(v) * g)
	}
}

// ActiveLevelDB is the level of the speech in x without its pauses, in dBov:
// the mean power of those 20 ms frames that lie no more than 16 dB below that
// mean itself (after the margin of ITU-T P.56). It is [Silence] for silence.
func ActiveLevelDB(x []int16, rate int) float64 {
	n := rate / 50
	if n == 0 || len(x) == 0 {
		return Silence
	}
	frames := make([]float64, 0, len(x)/n+1)
	for ; len(x) > n; x = x[n:] {
		frames = append(frames, power(x[:n]))
	}
	frames = append(frames, power(x))
	threshold := 1e-9
	level := 0.0
	// Raising the threshold only ever removes frames, so this settles.
	for range 16 {
		sum, count := 0.0, 0
		for _, p := range frames {
			if p >= threshold {
				sum += p
				count++
			}
		}
		if count == 0 {
			return Silence
		}
		level = sum / float64(count)
		next := level * math.Pow(10, -1.6)
		if next <= threshold {
			break
		}
		threshold = next
	}
	return powerDB(level)
}

// Normalize brings the speech in x to the level target (dBov; -20 suits a
// telephone) in place and returns x. It amplifies by 30 dB at most, so that noise
// alone stays noise, and limits peaks smoothly rather than clipping them.
func Normalize(x []int16, rate int, target float64) []int16 {
	level := ActiveLevelDB(x, rate)
	if level <= -70 {
		return x
	}
	Limit(x, rate, Gain(min(30, target-level)))
	return x
}

// limiterCeiling leaves a little room for what a codec's filter adds.
const limiterCeiling = 0.92 * math.MaxInt16

// Limit multiplies x by gain in place and keeps peaks below full scale by
// lowering the gain ahead of them over 5 ms and letting it recover in 50 ms.
func Limit(x []int16, rate int, gain float64) {
	block := max(1, rate/1000)
	n := (len(x) + block - 1) / block
	need := make([]float64, n+1) // the gain that each millisecond bears
	for b := range n {
		peak := 1.0
		for _, v := range x[b*block : min(len(x), (b+1)*block)] {
			peak = max(peak, math.Abs(float64(v)))
		}
		need[b] = min(gain, limiterCeiling/peak)
	}
	if n > 0 {
		need[n] = need[n-1]
	}
	const attack, release = 1.0 / 5, 1.0 / 50 // share of the full gain per ms
	for b := n - 1; b >= 0; b-- {
		need[b] = min(need[b], need[b+1]+gain*attack)
	}
	for b := 1; b <= n; b++ {
		need[b] = min(need[b], need[b-1]+gain*release)
	}
	for b := range n {
		// The gain goes from this block's value to the next one's in a line, but never
		// above what either bears.
		g, h := need[b], need[b+1]
		if b > 0 {
			g = min(g, need[b-1])
		}
		h = min(h, need[b])
		part := x[b*block : min(len(x), (b+1)*block)]
		step := (h - g) / float64(block)
		for i, v := range part {
			part[i] = round16(float32(float64(v) * (g + step*float64(i))))
		}
	}
}
