package asr_test

import "math"

// voice is n samples of something like a vowel at a pitch.
func voice(hz float64, rate, n int) []int16 {
	x := make([]int16, n)
	for i := range x {
		t := float64(i) / float64(rate)
		v := 0.0
		for k := 1; k <= 10; k++ {
			v += math.Sin(2*math.Pi*hz*float64(k)*t+float64(k*k)) / float64(k)
		}
		x[i] = int16(4000 * v)
	}
	return x
}
