package desk

import (
	"strconv"
	"strings"
	"time"
)

// Wording is what callers who wait are told, by language. Words in braces are filled
// in: {position}, {ahead}, {wait}. An empty list is ours.
type Wording map[string]Sentences

// Sentences are those of one language.
type Sentences struct {
	Next    string // he is the next: no number is said
	Ahead   string // others are before him
	Wait    string // how long it will take
	Soon    string // it will take less than a minute
	Choices string // what else he may do
	Thanks  string // for waiting, at every announcement but the first
}

func builtIn() Wording {
	return Wording{
		"zh": {
			Next: "下一位就是您。", Ahead: "您前面还有{ahead}位。", Wait: "大约还要等{wait}。", Soon: "很快就轮到您。",
			Choices: "您可以继续等，也可以按2让我们给您回电，按3留言，或者直接跟我说您的问题。", Thanks: "谢谢您的耐心等待。",
		},
		"en": {
			Next: "You are next in line.", Ahead: "There are {ahead} callers ahead of you.", Wait: "The wait is about {wait}.", Soon: "It won't be long.",
			Choices: "You can keep waiting, press 2 and we will call you back, press 3 to leave a message, or just ask me your question.",
			Thanks:  "Thank you for waiting.",
		},
	}
}

// announce words where a caller stands.
func (w Wording) announce(language string, s Standing, first, choices bool) string {
	b := builtIn()
	ours, ok := b[language]
	if !ok {
		language, ours = "en", b["en"]
	}
	own := w[language]
	pick := func(mine, ours string) string {
		if mine != "" {
			return mine
		}
		return ours
	}
	var parts []string
	if !first {
		parts = append(parts, pick(own.Thanks, ours.Thanks))
	}
	if s.Position > 1 {
		parts = append(parts, pick(own.Ahead, ours.Ahead))
	} else {
		parts = append(parts, pick(own.Next, ours.Next))
	}
	switch {
	case s.Known && s.Wait >= time.Minute:
		parts = append(parts, pick(own.Wait, ours.Wait))
	case s.Known && s.Position <= 1:
		parts = append(parts, pick(own.Soon, ours.Soon))
	}
	if choices {
		parts = append(parts, pick(own.Choices, ours.Choices))
	}
	sep := ""
	if language == "en" {
		sep = " "
	}
	text := strings.NewReplacer(
		"{position}", strconv.Itoa(s.Position), "{ahead}", ahead(language, s.Position-1), "{wait}", waitWords(language, s.Wait),
	).Replace(strings.Join(parts, sep))
	if language == "en" && s.Position == 2 {
		text = strings.Replace(text, "There are one callers", "There is one caller", 1)
	}
	return text
}

// ahead is a count as it is spoken.
func ahead(language string, n int) string {
	if language == "zh" && n == 2 {
		return "两"
	}
	if language == "en" && n == 1 {
		return "one"
	}
	return strconv.Itoa(n)
}

// waitWords is a wait as it is spoken, rounded so that nobody counts seconds.
func waitWords(language string, d time.Duration) string {
	minutes := int((d + 30*time.Second) / time.Minute)
	if minutes > 10 {
		minutes = (minutes + 4) / 5 * 5
	}
	minutes = max(1, minutes)
	if language == "zh" {
		if minutes == 2 {
			return "两分钟"
		}
		return strconv.Itoa(minutes) + "分钟"
	}
	if minutes == 1 {
		return "one minute"
	}
	return strconv.Itoa(minutes) + " minutes"
}
