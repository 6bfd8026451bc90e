package speech

import "math"

// pieces cuts long sound where it is quietest, so that no piece is longer than an
// engine takes at once.
func pieces(samples []int16, rate int) [][]int16 {
	const longest, earliest = 25, 18 // seconds
	var list [][]int16
	for len(samples) > longest*rate {
		at, least := longest*rate, math.Inf(1)
		step := rate / 20
		for i := earliest * rate; i+4*step <= longest*rate; i += step {
			var energy float64
			for _, s := range samples[i : i+4*step] {
				energy += float64(s) * float64(s)
			}
			if energy < least {
				at, least = i+2*step, energy
			}
		}
		list = append(list, samples[:at])
		samples = samples[at:]
	}
	return append(list, samples)
}
