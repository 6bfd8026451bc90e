package engine

import (
	"strings"
	"time"
	"unicode/utf8"

	"hotline/dialog"
)

// Speech that goes on for so long, or comes to so many words, and means nothing here was
// hardly said to the bot: it is a television, or people beside the caller.
const (
	overheardFor   = 15 * time.Second
	overheardRunes = 80 // of Chinese
	overheardWords = 60
)

// overheard takes what was probably not meant for the bot: the caller is asked to come
// closer to the telephone, then to press keys; then a person looks, or the call ends.
// It is asked only where nothing that was said makes sense.
func (p *plan) overheard(t dialog.Turn) bool {
	st := &p.st
	long := t.Prosody.VoicedFor >= overheardFor
	if p.c.e.zh {
		long = long || utf8.RuneCountInString(t.Text) >= overheardRunes
	} else {
		long = long || len(strings.Fields(t.Text)) >= overheardWords
	}
	if !long {
		return false
	}
	st.overheard++
	st.trouble++
	p.intent("overheard", "fallback")
	p.note.KnowledgeID = ""
	switch st.overheard {
	case 1:
		p.say(KeyOverheard)
		if st.pending == task && st.question != "" {
			p.askAgain()
		}
	case 2:
		p.say(KeyOverheardKeys)
	default:
		p.giveUp()
	}
	return true
}
