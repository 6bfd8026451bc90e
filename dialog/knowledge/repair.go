package knowledge

import (
	"slices"
	"strings"

	"hotline/dialog/internal/lang"
)

// repairer puts the business's own words where the recogniser wrote others of the
// same sound: 优会券 becomes 优惠券 where the wordings speak of that.
type repairer struct {
	chinese bool
	// bySound gives the stretch of characters, or the word, that the wordings have
	// most often for a sound.
	bySound map[uint64]heard
	known   map[string]bool // stretches and words of the wordings
}

type heard struct {
	text  string
	count int
}

// Stretches of at least two and at most four characters are repaired.
const (
	repairLeast = 2
	repairMost  = 4
)

func newRepairer(chinese bool) *repairer {
	return &repairer{chinese: chinese, bySound: map[uint64]heard{}, known: map[string]bool{}}
}

// learn takes in the folded text of a wording.
func (r *repairer) learn(folded string) {
	counts := map[string]uint64{}
	if r.chinese {
		stretches(folded, func(rs []rune, us []lang.Unit) {
			for n := repairLeast; n <= repairMost; n++ {
				for i := 0; i+n <= len(rs); i++ {
					counts[string(rs[i:i+n])] = soundOf(us[i : i+n])
				}
			}
		})
	} else {
		for _, w := range lang.Words(folded) {
			counts[w] = hashString(kindSound1, string(lang.WordPhones(w)))
		}
	}
	for text, sound := range counts {
		r.known[text] = true
		h := r.bySound[sound]
		switch {
		case h.text == text:
			h.count++
		case h.count == 0 || h.count == 1 && text < h.text: // the first by letters, so that a build is like another
			h = heard{text, 1}
		default:
			continue
		}
		r.bySound[sound] = h
	}
}

// repair returns text with the business's words, and whether that changed it. The words
// or characters that are taken stay.
func (r *repairer) repair(folded string, taken []bool) (string, bool) {
	if r.chinese {
		return r.repairChinese(folded, taken)
	}
	ws := lang.Words(folded)
	changed := false
	for i, w := range ws {
		p := lang.WordPhones(w)
		if len(p) < 4 || r.known[w] || taken[i] {
			continue
		}
		if h, ok := r.bySound[hashString(kindSound1, string(p))]; ok && h.text != w {
			ws[i], changed = h.text, true
		}
	}
	return strings.Join(ws, " "), changed
}

func (r *repairer) repairChinese(folded string, taken []bool) (string, bool) {
	all := []rune(folded)
	changed := false
	at := 0
	stretches(folded, func(rs []rune, us []lang.Unit) {
		for all[at] != rs[0] || string(all[at:at+len(rs)]) != string(rs) {
			at++
		}
		out := all[at : at+len(rs)]
		for n := min(repairMost, len(rs)); n >= repairLeast; n-- {
			for i := 0; i+n <= len(rs); i++ {
				own := string(out[i : i+n])
				if r.known[own] || slices.Contains(taken[at+i:at+i+n], true) {
					continue
				}
				h, ok := r.bySound[soundOf(us[i:i+n])]
				if !ok || !half(own, h.text) {
					continue
				}
				copy(out[i:i+n], []rune(h.text))
				changed = true
			}
		}
		at += len(rs)
	})
	return string(all), changed
}

// half says whether at least half of the characters of a and b are the same: what
// only sounds alike as a whole is mostly something else.
func half(a, b string) bool {
	x, y := []rune(a), []rune(b)
	same := 0
	for i := range x {
		if i < len(y) && x[i] == y[i] {
			same++
		}
	}
	return 2*same >= len(x)
}

// stretches calls f for each run of Chinese characters with its sounds.
func stretches(folded string, f func([]rune, []lang.Unit)) {
	for _, part := range strings.FieldsFunc(folded, func(r rune) bool { return !lang.Han(r) }) {
		rs, us := []rune(part), lang.Syllables(part)
		if len(rs) == len(us) {
			f(rs, us)
		}
	}
}

func soundOf(us []lang.Unit) uint64 {
	h := uint64(0)
	for _, u := range us {
		h = h<<16 | uint64(u)
	}
	return hash(kindSound1+uint64(len(us)), h)
}
