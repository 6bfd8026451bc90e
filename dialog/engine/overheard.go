package engine

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"hotline/dialog"
	"hotline/dialog/slot"
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
	long := t.Prosody.VoicedFor >= overheardFor
	if p.c.e.zh {
		long = long || utf8.RuneCountInString(t.Text) >= overheardRunes
	} else {
		long = long || len(strings.Fields(t.Text)) >= overheardWords
	}
	if !long {
		return false
	}
	p.beside()
	return true
}

// talksAcross takes long speech across a reply, in which hardly anything is about the
// business, for what was not meant for the bot, unless a story was asked for.
func (p *plan) talksAcross(ctx context.Context, t dialog.Turn) bool {
	const plain = 0.8
	if t.Prosody.VoicedFor < overheardFor {
		return false
	}
	if s, ok := p.c.flows().Asked(p.st.flow); ok && s.Type == slot.Text {
		return false
	}
	if top := p.c.find(ctx, &p.st, t.Text, t.Alternatives).Top(); top != nil && top.Score >= plain {
		return false
	}
	return p.overheard(t)
}

// beside answers talk beside the telephone.
func (p *plan) beside() {
	st := &p.st
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
}
