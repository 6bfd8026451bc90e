package engine

import (
	"strings"

	"hotline/dialog"
)

// replySurvey takes a score or words for one; anything else is goodbye without.
func (p *plan) replySurvey(text string) {
	if score := satisfaction(text); score > 0 {
		p.rated(score)
		return
	}
	p.intent("survey_unanswered", "command")
	p.goodbye(KeyGoodbye, "goodbye")
}

func (p *plan) rated(score int) {
	p.intent("survey", "command")
	p.note.Slots = map[string]string{"satisfaction": string(rune('0' + score))}
	p.act(dialog.Rating{Score: score})
	p.goodbye(KeyThanksGoodbye, "goodbye")
}

// satisfaction is what a caller means by 五分, "four", 很满意; 0 where it is none.
// Longer wordings stand before those that are part of them.
func satisfaction(text string) int {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, w := range []struct {
		words []string
		score int
	}{
		{[]string{"非常不满意", "很不满意", "特别不满意", "太差", "very dissatisfied", "very unhappy", "terrible", "awful"}, 1},
		{[]string{"不太满意", "不满意", "不怎么样", "不好", "dissatisfied", "not satisfied", "not happy", "unhappy", "not good", "not great", "poor"}, 2},
		{[]string{"非常满意", "很满意", "特别满意", "十分满意", "特别好", "very satisfied", "very happy", "very good", "excellent", "perfect", "great"}, 5},
		{[]string{"一般", "还行", "凑合", "马马虎虎", "so-so", "so so", "average", "okay", "fair"}, 3},
		{[]string{"满意", "不错", "挺好", "satisfied", "happy", "good"}, 4},
		{[]string{"五", "5", "满分", "five"}, 5},
		{[]string{"四", "4", "four"}, 4},
		{[]string{"三", "3", "three"}, 3},
		{[]string{"二", "两分", "2", "two"}, 2},
		{[]string{"一", "1", "one"}, 1},
	} {
		for _, word := range w.words {
			if strings.Contains(text, word) {
				return w.score
			}
		}
	}
	return 0
}
