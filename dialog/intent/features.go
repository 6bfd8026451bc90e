package intent

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"hotline/dialog/internal/lang"
)

// Blocks of features. Each has the length that its weight says, so that none drowns
// another by its number of features.
const (
	blockWords = iota // words and Chinese characters
	blockRuns         // two that follow each other
	blockPairs        // two that stand together, in whatever order and with what between them
	blockParts        // what words are made of, so that another ending or a slip is near
	blockSound        // how Chinese sounds, so that a misrecognised text is near
	blocks
)

var blockWeight = [blocks]float32{0.9, 0.9, 0.9, 0.9, 0.5}

const (
	// maxUnits bounds the words (Chinese: characters) of a text that are looked at.
	maxUnits = 120
	// maxApart is how far the two of a pair may be from each other.
	maxApart = 11
	// maxFeatures bounds a model's vocabulary; the rarest are left out.
	maxFeatures = 1 << 17
)

// entry is one feature of a text.
type entry struct {
	index int32
	value float32
}

// feature is a known n-gram: its block and how telling it is (inverse document
// frequency).
type feature struct {
	block uint8
	idf   float32
}

// vocabulary maps hashes of n-grams to their features.
type vocabulary struct {
	index    map[uint64]int32
	features []feature
}

// hash is FNV-1a over a block and the units of an n-gram.
func hash(block uint8, units ...string) uint64 {
	h := (uint64(14695981039346656037) ^ uint64(block)) * 1099511628211
	for _, s := range units {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return h
}

// units are the Chinese characters and the other words of a text, between markers.
func units(text string) []string {
	out := []string{"^"}
	folded := lang.Fold(text)
	for _, w := range lang.Words(folded) {
		from := 0
		for i, r := range w {
			if !lang.Han(r) {
				continue
			}
			if from < i {
				out = append(out, w[from:i])
			}
			n := i + len(string(r))
			out = append(out, w[i:n])
			from = n
		}
		if from < len(w) {
			out = append(out, w[from:])
		}
		if len(out) > maxUnits {
			break
		}
	}
	return append(out[:min(len(out), maxUnits)], "$")
}

// han says whether a unit is a Chinese character.
func han(unit string) bool {
	for _, r := range unit {
		return lang.Han(r)
	}
	return false
}

// grams calls add for each n-gram of the text; one may come several times.
func grams(text string, add func(block uint8, h uint64)) {
	us := units(text)
	stems := make([]string, len(us))
	chinese := false
	for i, u := range us {
		stems[i] = u
		switch {
		case han(u):
			chinese = true
		case u != "^" && u != "$":
			stems[i] = lang.Stem(u)
			add(blockWords, hash(1, stems[i]))
			pieces(u, add)
		}
	}
	for _, u := range us[1 : len(us)-1] {
		add(blockWords, hash(0, u))
	}
	for i, u := range stems[:len(stems)-1] {
		add(blockRuns, hash(2, u, stems[i+1]))
		if i == 0 {
			continue
		}
		for _, other := range stems[i+1 : max(i+1, min(i+1+maxApart, len(stems)-1))] {
			add(blockPairs, hash(3, min(u, other), max(u, other)))
		}
	}
	if !chinese {
		return
	}
	sounds := lang.Syllables(lang.Fold(text))
	sounds = sounds[:min(len(sounds), maxUnits)]
	for i := range sounds {
		name := make([]string, 0, 3)
		for k := 0; k < 3 && i+k < len(sounds); k++ {
			name = append(name, strconv.Itoa(int(sounds[i+k])))
			add(blockSound, hash(5, name...))
		}
	}
}

// pieces are the runs of two to five characters of a word between markers.
func pieces(word string, add func(block uint8, h uint64)) {
	rs := []rune("<" + word + ">")
	rs = rs[:min(len(rs), 40)]
	for n := 2; n <= 5; n++ {
		for i := 0; i+n <= len(rs); i++ {
			add(blockParts, hash(6, string(rs[i:i+n])))
		}
	}
}

// newVocabulary learns the n-grams of texts, those found at least once more than in
// one text, where there are many texts.
func newVocabulary(texts []string) *vocabulary {
	type count struct {
		hash  uint64
		block uint8
		n     int32
		last  int32
	}
	seen := map[uint64]int{}
	var counts []count
	for i, text := range texts {
		grams(text, func(block uint8, h uint64) {
			k, ok := seen[h]
			if !ok {
				k = len(counts)
				seen[h] = k
				counts = append(counts, count{hash: h, block: block, last: -1})
			}
			if counts[k].last != int32(i) {
				counts[k].last = int32(i)
				counts[k].n++
			}
		})
	}
	least := int32(1)
	if len(texts) > 3000 {
		least = 2
	}
	counts = slices.DeleteFunc(counts, func(c count) bool { return c.n < least })
	// Frequent ones first; of the others those that were met first.
	slices.SortStableFunc(counts, func(a, b count) int { return cmp.Compare(b.n, a.n) })
	counts = counts[:min(len(counts), maxFeatures)]
	v := &vocabulary{index: make(map[uint64]int32, len(counts)), features: make([]feature, len(counts))}
	for i, c := range counts {
		v.index[c.hash] = int32(i)
		v.features[i] = feature{c.block, float32(1 + math.Log(float64(len(texts)+1)/float64(c.n+1)))}
	}
	return v
}

// vector is the text's known n-grams in the order of their index, each block of its
// length; new is the share of n-grams of words that are not known.
func (v *vocabulary) vector(text string) (out []entry, novel float32) {
	var known, unknown float32
	grams(text, func(block uint8, h uint64) {
		i, ok := v.index[h]
		if block == blockWords || block == blockRuns {
			if ok {
				known++
			} else {
				unknown++
			}
		}
		if ok {
			out = append(out, entry{i, 1})
		}
	})
	slices.SortFunc(out, func(a, b entry) int { return cmp.Compare(a.index, b.index) })
	n := 0
	for _, e := range out {
		if n > 0 && out[n-1].index == e.index {
			out[n-1].value++
			continue
		}
		out[n] = e
		n++
	}
	out = out[:n]
	var length [blocks]float64
	for i, e := range out {
		f := v.features[e.index]
		out[i].value = (1 + float32(math.Log(float64(e.value)))) * f.idf
		length[f.block] += float64(out[i].value) * float64(out[i].value)
	}
	for i, e := range out {
		b := v.features[e.index].block
		out[i].value *= blockWeight[b] / float32(math.Sqrt(length[b]))
	}
	if known+unknown > 0 {
		novel = unknown / (known + unknown)
	}
	return out, novel
}
