package lang

import "strings"

// Words are the words of a folded text, contractions written out.
func Words(folded string) []string {
	fs := strings.Fields(folded)
	ws := make([]string, 0, len(fs)+2)
	for _, w := range fs {
		if x, ok := contractions[w]; ok {
			ws = append(ws, strings.Fields(x)...)
			continue
		}
		stem, suffix, found := strings.Cut(w, "'")
		ws = append(ws, stem)
		if found {
			switch suffix {
			case "ll":
				ws = append(ws, "will")
			case "re":
				ws = append(ws, "are")
			case "ve":
				ws = append(ws, "have")
			case "d":
				ws = append(ws, "would")
			}
		}
	}
	return ws
}

var contractions = map[string]string{
	"i'm": "i am", "can't": "can not", "cannot": "can not", "won't": "will not", "don't": "do not", "doesn't": "does not",
	"didn't": "did not", "isn't": "is not", "aren't": "are not", "wasn't": "was not", "weren't": "were not", "haven't": "have not",
	"hasn't": "has not", "hadn't": "had not", "couldn't": "could not", "wouldn't": "would not", "shouldn't": "should not",
	"what's": "what is", "where's": "where is", "when's": "when is", "who's": "who is", "how's": "how is", "that's": "that is",
	"it's": "it is", "there's": "there is", "let's": "let us", "gonna": "going to", "wanna": "want to", "gotta": "got to",
	"dont": "do not", "cant": "can not", "doesnt": "does not", "didnt": "did not", "isnt": "is not", "whats": "what is", "im": "i am",
	"ain't": "is not", "gimme": "give me", "lemme": "let me", "y'all": "you",
}

// Stem cuts an English word's common endings. It is coarse on purpose: retrieval
// needs return, returns, returned and returning to meet, not a dictionary's form.
func Stem(w string) string {
	if len(w) < 3 {
		return w
	}
	if s, ok := irregular[w]; ok {
		if s == w {
			return w
		}
		w = s
	}
	if len(w) <= 3 {
		return w
	}
	switch {
	case strings.HasSuffix(w, "sses"):
		w = w[:len(w)-2]
	case strings.HasSuffix(w, "ies") && len(w) > 4:
		w = w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && !strings.HasSuffix(w, "is"):
		w = w[:len(w)-1]
	}
	for _, end := range []string{"ingly", "edly", "ing", "ed", "ly"} {
		if !strings.HasSuffix(w, end) {
			continue
		}
		base := w[:len(w)-len(end)]
		if len(base) >= 3 && strings.ContainsAny(base, "aeiouy") {
			if n := len(base); base[n-1] == base[n-2] && !strings.ContainsRune("lsz", rune(base[n-1])) {
				base = base[:n-1]
			}
			w = base
		}
		break
	}
	for _, end := range []string{"ation", "ment", "ness", "able", "ible"} {
		if strings.HasSuffix(w, end) && len(w)-len(end) >= 4 {
			w = w[:len(w)-len(end)]
			break
		}
	}
	if len(w) > 3 && w[len(w)-1] == 'e' {
		w = w[:len(w)-1]
	}
	if len(w) > 3 && w[len(w)-1] == 'y' {
		w = w[:len(w)-1] + "i"
	}
	return w
}

var irregular = map[string]string{
	"bought": "buy", "paid": "pay", "sent": "send", "went": "go", "gone": "go", "came": "come", "broke": "break", "broken": "break",
	"lost": "lose", "got": "get", "gotten": "get", "took": "take", "taken": "take", "gave": "give", "given": "give", "made": "make",
	"said": "say", "told": "tell", "forgot": "forget", "forgotten": "forget", "kept": "keep", "left": "leave", "spent": "spend",
	"open": "open", "opened": "open", "children": "child", "kids": "child", "people": "person", "men": "man", "women": "woman",
	"cancelled": "cancel", "cancelling": "cancel", "cancellation": "cancel", "cancelation": "cancel", "delivery": "deliv",
	"deliveries": "deliv", "deliver": "deliv", "delivered": "deliv", "delivering": "deliv", "payment": "pay", "payments": "pay",
	"shipping": "ship", "shipment": "ship", "shipped": "ship", "refunded": "refund", "exchanging": "exchang",
	"during": "during", "anything": "anything", "something": "something", "nothing": "nothing", "everything": "everything", "morning": "morning",
	"evening": "evening", "need": "need", "needed": "need", "speed": "speed", "feed": "feed", "thing": "thing", "things": "thing",
}

// Phones is how an English text sounds, a byte a phone and no word boundaries, so
// that "re fund" and "refund" are the same. Voiced and voiceless pairs which the
// telephone band levels out are one phone; a vowel is 'A' at a word's start and
// 'a' elsewhere, runs of vowels count once.
func Phones(words []string) []byte {
	var out []byte
	for _, w := range words {
		out = appendPhones(out, w)
	}
	return out
}

// WordPhones is Phones of one word.
func WordPhones(w string) []byte { return appendPhones(nil, w) }

//nolint:gocyclo // one case a letter is the clearest form of a spelling table
func appendPhones(out []byte, w string) []byte {
	start := len(out)
	put := func(p byte) {
		if len(out) > start && out[len(out)-1] == p {
			return
		}
		out = append(out, p)
	}
	at := func(i int) byte {
		if i >= 0 && i < len(w) {
			return w[i]
		}
		return 0
	}
	for i := 0; i < len(w); i++ {
		c := w[i]
		next := at(i + 1)
		switch c {
		case 'a', 'e', 'i', 'o', 'u':
			if c == 'e' && i == len(w)-1 && i > 1 { // silent
				continue
			}
			if len(out) == start {
				put('A')
			} else if out[len(out)-1] != 'A' {
				put('a')
			}
		case 'y':
			if i == 0 {
				put('y')
			} else {
				put('a')
			}
		case 'b', 'p':
			if c == 'p' && next == 'h' {
				put('f')
				i++
			} else if c != 'b' || i != len(w)-1 || at(i-1) != 'm' {
				put('p')
			}
		case 'c':
			switch next {
			case 'h':
				put('j')
				i++
			case 'e', 'i', 'y':
				put('s')
			case 'k':
			default:
				put('k')
			}
		case 'd', 't':
			switch {
			case c == 't' && next == 'h':
				put('t')
				i++
			case c == 't' && next == 'i' && (at(i+2) == 'o' || at(i+2) == 'a'):
				put('j')
			case c == 'd' && next == 'g':
			default:
				put('t')
			}
		case 'f', 'v':
			put('f')
		case 'g':
			switch {
			case next == 'h' && i > 0: // night, through: mostly silent
				i++
			case next == 'n' && i == 0:
			case next == 'e' || next == 'i' || next == 'y':
				put('j')
			default:
				put('k')
			}
		case 'h':
			if i == 0 || !vowel(at(i-1)) && at(i-1) != 's' && at(i-1) != 'w' {
				put('h')
			}
		case 'j':
			put('j')
		case 'k', 'q':
			if c != 'k' || i != 0 || next != 'n' {
				put('k')
			}
		case 'l':
			put('l')
		case 'm', 'n':
			put('n')
		case 'r':
			put('r')
		case 's', 'z':
			switch {
			case next == 'h':
				put('j')
				i++
			case next == 'i' && at(i+2) == 'o':
				put('j')
			default:
				put('s')
			}
		case 'w':
			if i == 0 && next == 'r' {
				continue
			}
			if i == 0 || vowel(next) {
				put('w')
			}
		case 'x':
			put('k')
			put('s')
		default:
			if c >= '0' && c <= '9' {
				out = append(out, c)
			}
		}
	}
	return out
}

func vowel(c byte) bool { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' }

// PhoneAlike is how much two phones sound alike: 1, 0.5 or 0.
func PhoneAlike(a, b byte) float32 {
	if a == b {
		return 1
	}
	if a > b {
		a, b = b, a
	}
	switch [2]byte{a, b} {
	case [2]byte{'A', 'a'}, [2]byte{'j', 's'}, [2]byte{'f', 't'}, [2]byte{'f', 's'}, [2]byte{'l', 'r'}, [2]byte{'f', 'p'},
		[2]byte{'k', 't'}, [2]byte{'p', 't'}, [2]byte{'l', 'w'}, [2]byte{'r', 'w'}, [2]byte{'a', 'y'}, [2]byte{'A', 'h'}:
		return 0.5
	}
	return 0
}
