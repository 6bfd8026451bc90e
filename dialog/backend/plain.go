package backend

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"hotline/dialog/command"
)

var (
	tags      = regexp.MustCompile(`<[^<>]{1,200}>`)
	images    = regexp.MustCompile(`!\[[^\]]*\]\([^)]*\)`)
	links     = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	addresses = regexp.MustCompile(`(?i)(https?://|www\.)[^\s，。；！？、（）)]*`)
	marks     = strings.NewReplacer("**", "", "__", "", "`", "", "*", "", "#", "", "|", " ", "~~", "")
	empty     = regexp.MustCompile(`[(（]\s*[)）]`)
)

// Plain makes text that was written for a screen fit for a voice: without markup
// (HTML, SSML, Markdown), addresses and pictures.
func Plain(text string) string {
	text = images.ReplaceAllString(text, "")
	text = links.ReplaceAllString(text, "$1")
	text = html.UnescapeString(tags.ReplaceAllString(text, " "))
	text = addresses.ReplaceAllString(text, "")
	text = empty.ReplaceAllString(marks.Replace(text), "")
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "-•·"))
		if line == "" {
			continue
		}
		if end, _ := utf8.DecodeLastRuneInString(b.String()); b.Len() > 0 {
			switch {
			case unicode.IsPunct(end) && end < unicode.MaxLatin1:
				b.WriteByte(' ')
			case unicode.IsPunct(end):
			case unicode.Is(unicode.Han, end):
				b.WriteString("，")
			default:
				b.WriteString(", ")
			}
		}
		b.WriteString(line)
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar, r == '\u200d', r >= '\ufe00' && r <= '\ufe0f', unicode.IsControl(r), unicode.Is(unicode.So, r), unicode.Is(unicode.Sk, r) && r > unicode.MaxLatin1:
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) < 0 {
		return ""
	}
	return text
}

// Shorten cuts text to at most n characters, behind the last sentence or clause that
// fits.
func Shorten(text string, n int) string {
	r := []rune(text)
	if len(r) <= n {
		return text
	}
	r = r[:n]
	for i := len(r) - 1; i > n/2; i-- {
		if strings.ContainsRune("。！？.!?", r[i]) {
			return string(r[:i+1])
		}
	}
	for i := len(r) - 1; i > n/2; i-- {
		if strings.ContainsRune("，；、,; ", r[i]) {
			return strings.TrimRight(string(r[:i]), "，；、,; ") + "."
		}
	}
	return string(r)
}

// offer names the choices where nothing said so far does.
func (c *conversation) offer(said []string) string {
	if len(c.choices) == 0 {
		return ""
	}
	all, titles := fold(strings.Join(said, " ")), make([]string, len(c.choices))
	named := true
	for i, choice := range c.choices {
		titles[i] = strings.TrimRight(choice.Title, "。？！.?!，,")
		named = named && strings.Contains(all, fold(choice.Title))
	}
	if named {
		return ""
	}
	last := len(titles) - 1
	if c.e.c.Language == "en" {
		if last == 0 {
			return "You can say: " + titles[0] + "."
		}
		return "You can say: " + strings.Join(titles[:last], ", ") + " or " + titles[last] + "."
	}
	if last == 0 {
		return "您可以说" + titles[0] + "。"
	}
	return "您可以说" + strings.Join(titles[:last], "、") + "，或者" + titles[last] + "。"
}

// offerKeys names the line's keypad menu, "" where it has none.
func (c *conversation) offerKeys() string {
	menu := c.e.c.Words.Menu
	switch {
	case menu == "":
		return ""
	case c.e.c.Language == "en":
		return "You can use the keypad: " + menu + "."
	}
	return "您可以按键：" + menu + "。"
}

// join puts two sentences behind one another.
func join(a, b string) string {
	if end, _ := utf8.DecodeLastRuneInString(a); a == "" || unicode.IsPunct(end) && end > unicode.MaxLatin1 {
		return a + b
	}
	return a + " " + b
}

// question says whether a sentence is one.
func question(text string) bool {
	text = strings.TrimRight(text, " ”\"』」）)")
	return strings.HasSuffix(text, "？") || strings.HasSuffix(text, "?")
}

// chosen is the choice that text names: by its words, or by its place.
func (c *conversation) chosen(text string, kind command.Kind) (Choice, bool) {
	if len(c.choices) == 0 {
		return Choice{}, false
	}
	if kind == command.First || kind == command.Second && len(c.choices) > 1 {
		return c.choices[map[command.Kind]int{command.First: 0, command.Second: 1}[kind]], true
	}
	said, found := fold(text), -1
	if said == "" {
		return Choice{}, false
	}
	for i, choice := range c.choices {
		title := fold(choice.Title)
		switch {
		case title == said:
			return choice, true
		case names(said, title):
			if found >= 0 { // both were named
				return Choice{}, false
			}
			found = i
		}
	}
	if found < 0 {
		return Choice{}, false
	}
	return c.choices[found], true
}

// names says whether title stands in said, as words of their own where it is written
// in words.
func names(said, title string) bool {
	if title == "" {
		return false
	}
	if strings.IndexFunc(title, func(r rune) bool { return r > unicode.MaxLatin1 }) < 0 {
		said, title = " "+said+" ", " "+title+" "
	}
	return strings.Contains(said, title)
}

// fold reduces text to letters and digits in lower case; words stay apart.
func fold(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }), " ")
}
