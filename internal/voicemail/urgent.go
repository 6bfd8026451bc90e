package voicemail

import (
	"slices"
	"strings"
	"unicode"
)

// urgentWords make a message urgent wherever it is left.
func urgentWords() []string {
	return []string{
		"紧急", "急事", "急用", "着急", "很急", "特急", "加急", "十万火急", "马上", "立刻", "立即", "赶紧", "尽快", "救命", "着火", "起火", "失火", "冒烟",
		"漏电", "触电", "爆炸", "烫伤", "受伤", "出血", "晕倒", "报警", "曝光",
		"urgent", "urgently", "emergency", "asap", "as soon as possible", "immediately", "right away", "at once", "on fire", "caught fire", "smoke", "smoking",
		"electric shock", "exploded", "burned", "burnt", "injured", "hurt", "bleeding", "ambulance", "police",
	}
}

// Urgent are the words of text that make a message urgent: ours and the owner's, as they
// stand there, in order. "不着急" and "not urgent" are none.
func Urgent(text string, own []string) []string {
	type hit struct {
		at   int
		word string
	}
	low := strings.ToLower(text)
	if len(low) != len(text) { // a letter whose cases differ in length: positions would not fit
		text = low
	}
	var hits []hit
	for _, w := range slices.Concat(own, urgentWords()) {
		w = strings.ToLower(strings.TrimSpace(w))
		if w == "" {
			continue
		}
		for from := 0; ; {
			i := strings.Index(low[from:], w)
			if i < 0 {
				break
			}
			i += from
			from = i + len(w)
			if bounded(low, i, from) && !denied(low[:i]) {
				hits = append(hits, hit{i, text[i:from]})
			}
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return len(b.word) - len(a.word)
	})
	var out []string
	end := 0
	for _, h := range hits {
		if h.at < end { // within a longer one
			continue
		}
		end = h.at + len(h.word)
		if !slices.Contains(out, h.word) {
			out = append(out, h.word)
		}
	}
	return out
}

// bounded tells whether text[from:to] is whole words, where words are written apart.
func bounded(text string, from, to int) bool {
	letter := func(r rune) bool { return r < unicode.MaxLatin1 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	first, last := []rune(text[from:to])[0], []rune(text[from:to])
	before, after := []rune(text[:from]), []rune(text[to:])
	if letter(first) && len(before) > 0 && letter(before[len(before)-1]) {
		return false
	}
	return !letter(last[len(last)-1]) || len(after) == 0 || !letter(after[0])
}

// denied tells whether what stands before a word says that it is not so.
func denied(before string) bool {
	r := []rune(strings.TrimRightFunc(before, unicode.IsSpace))
	tail := string(r[max(0, len(r)-4):])
	if i := strings.LastIndexAny(tail, "，。！？,.!?;；"); i >= 0 {
		tail = tail[i:]
	}
	if strings.ContainsAny(tail, "不没别") {
		return true
	}
	if i := strings.LastIndexAny(before, ",.!?;"); i >= 0 {
		before = before[i+1:]
	}
	words := strings.Fields(before)
	for _, w := range words[max(0, len(words)-4):] {
		if w == "not" || w == "no" || w == "never" || w == "nothing" || w == "nobody" || strings.HasSuffix(w, "n't") || strings.HasSuffix(w, "n’t") {
			return true
		}
	}
	return false
}
