package lang

// Apart is how far two sequences of sounds are from each other: how many are to be changed,
// put in or left out, one that is only similar being that much less of a change. alike is 1
// for the same and 0 for nothing alike.
func Apart[T any](a, b []T, alike func(a, b T) float32) float32 {
	var short [64]float32 // what is compared is a few words
	row := short[:]
	if len(b) >= len(short) {
		row = make([]float32, len(b)+1)
	}
	for j := range len(b) + 1 {
		row[j] = float32(j)
	}
	for i := range a {
		diagonal := row[0]
		row[0] = float32(i + 1)
		for j := range b {
			above := row[j+1]
			row[j+1] = min(diagonal+1-alike(a[i], b[j]), above+1, row[j]+1)
			diagonal = above
		}
	}
	return row[len(b)]
}
