package knowledge

import "hotline/dialog/internal/lang"

// aligner finds the best common stretch of two sequences of sounds (Smith and
// Waterman), so that a syllable heard wrong, swallowed or added costs little.
type aligner struct{ row, prev []float32 }

// align returns the score of the best stretch in sounds: 1 for each pair of equal
// ones, less for similar ones, minus what is skipped.
func (a *aligner) align(q, v []lang.Unit, alike func(a, b lang.Unit) float32) float32 {
	const skip, miss = 0.5, 0.4
	if cap(a.row) < len(v)+1 {
		a.row, a.prev = make([]float32, len(v)+1), make([]float32, len(v)+1)
	}
	row, prev := a.row[:len(v)+1], a.prev[:len(v)+1]
	clear(prev)
	best := float32(0)
	for _, s := range q {
		row[0] = 0
		for j, t := range v {
			x := prev[j] - miss
			switch l := alike(s, t); {
			case l == 1:
				x = prev[j] + 1
			case l > 0:
				x = prev[j] + 0.25
			}
			x = max(x, prev[j+1]-skip, row[j]-skip, 0)
			row[j+1] = x
			best = max(best, x)
		}
		row, prev = prev, row
	}
	return best
}
