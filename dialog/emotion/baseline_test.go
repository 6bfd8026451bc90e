package emotion

import "strings"

// plainFeatures are what a plain linear model sees: characters 1–3 in Chinese,
// words 1–2 and characters 3–5 in English, of the text as it stands, of length 1.
func plainFeatures(text string, chinese bool) []feature {
	seen := map[uint32]bool{}
	fs := []feature{}
	add := func(kind byte, name string) {
		if id := hash(kind, name); !seen[id] {
			seen[id] = true
			fs = append(fs, feature{id, 1})
		}
	}
	text = strings.ToLower(text)
	chars := func(rs []rune, from, to int) {
		for n := from; n <= to; n++ {
			for i := 0; i+n <= len(rs); i++ {
				add(kindGram, string(rs[i:i+n]))
			}
		}
	}
	if chinese {
		chars([]rune(text), 1, 3)
	} else {
		words := strings.Fields(text)
		for i, w := range words {
			add(kindWord, w)
			if i+1 < len(words) {
				add(kindWord, w+" "+words[i+1])
			}
			chars([]rune(" "+w+" "), 3, 5)
		}
	}
	scale(fs, 1)
	return append(fs, feature{hash(kindBias), 1})
}
