// Package command recognises what callers say to the bot itself, whatever the
// business: a person please, again, slower, yes, no, wait, goodbye; and half
// sentences, backchannels and anger.
//
// # Concepts
//
// A [Recognizer] reads one language. It knows commands by patterns over the text,
// with the negations ("不用转人工") and questions ("人工客服几点上班") that are none,
// and, for short texts, by sound, so that 转人公 is still a wish for a person.
//
// # Concurrency
//
// A Recognizer is safe for concurrent use.
package command

import (
	"strings"

	"hotline/dialog/internal/lang"
)

// Kind is a command.
type Kind string

// The commands.
const (
	None        Kind = ""
	Person      Kind = "person"       // talk to a human
	Repeat      Kind = "repeat"       // say it again
	Slower      Kind = "slower"       // say it again, slowly
	Louder      Kind = "louder"       // say it again, louder
	Yes         Kind = "yes"          // consent
	No          Kind = "no"           // refusal, none
	Done        Kind = "done"         // nothing else
	Wait        Kind = "wait"         // the caller needs a moment
	Thanks      Kind = "thanks"       //
	Goodbye     Kind = "goodbye"      //
	Robot       Kind = "robot"        // am I talking to a machine?
	Greeting    Kind = "greeting"     // hello, are you there?
	GoOn        Kind = "go_on"        // continue
	Callback    Kind = "callback"     // ring me back
	Message     Kind = "message"      // leave a message
	Hold        Kind = "hold"         // I will wait (for an agent)
	First       Kind = "first"        // the first of two
	Second      Kind = "second"       // the second of two
	Third       Kind = "third"        // the third of three
	Neither     Kind = "neither"      // none of them
	Help        Kind = "help"         // what can you do?
	Correction  Kind = "correction"   // that is not what I asked
	Backchannel Kind = "back_channel" // mm-hm: heard, go on
)

// A Command is what was recognised.
type Command struct {
	Kind Kind
	// Affirms marks a Backchannel that is a yes behind a question (嗯, okay).
	Affirms bool
	// Certain is the chance that it is right: 1 by wording, less by sound.
	Certain float64
}

// Recognizer recognises the commands of one language.
type Recognizer struct{ l language }

// language is what differs between languages.
type language interface {
	command(folded string) Command
	answer(folded string, exactly bool) Command
	upset(folded string) bool
	pending(folded string) Pending
	elliptical(folded string) bool
	corrections() *corrections
}

// New returns the recogniser of language: Chinese for "zh", else English.
func New(language string) *Recognizer {
	if lang.Chinese(language) {
		return &Recognizer{chinese()}
	}
	return &Recognizer{english()}
}

// Recognize returns the command that text is, or one of Kind None. Thanks, yes
// and the like are commands only where nothing else is said.
func (r *Recognizer) Recognize(text string) Command {
	f := lang.Fold(text)
	if f == "" {
		return Command{}
	}
	if c := r.l.command(f); c.Kind != None {
		return c
	}
	return r.closing(text)
}

// closing is what several words of leave-taking come to: 没有了，谢谢，再见. The last
// thing is what counts, and a goodbye counts before all.
func (r *Recognizer) closing(text string) Command {
	const most = 5
	clauses := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune("，,。.！!？?；;、", c) })
	if len(clauses) < 2 || len(clauses) > most {
		return Command{}
	}
	rank := map[Kind]int{Goodbye: 5, Done: 4, No: 3, Thanks: 2, Yes: 1, Backchannel: 1}
	var best Command
	for _, clause := range clauses {
		f := lang.Fold(clause)
		if f == "" {
			continue
		}
		c := r.l.command(f)
		if rank[c.Kind] == 0 {
			return Command{}
		}
		if rank[c.Kind] > rank[best.Kind] {
			best = c
		}
	}
	return best
}

// Upset says whether the words are those of an angry caller; who is cross with himself is
// none.
func (r *Recognizer) Upset(text string) bool { return r.l.upset(lang.Fold(lang.WithoutBlame(text))) }

// Elliptical says whether text makes sense only after what was spoken of before:
// 那运费呢, "and how long does that take".
func (r *Recognizer) Elliptical(text string) bool { return r.l.elliptical(lang.Fold(text)) }

// Pending is what the end of a text lets expect.
type Pending uint8

// The values of Pending.
const (
	Neutral  Pending = iota
	Complete         // a question mark in words: it is over
	Half             // it breaks off at a word that wants another, or hesitates
	Counting         // digits are being dictated
)

// Pending tells whether more is to be expected after text.
func (r *Recognizer) Pending(text string) Pending { return r.l.pending(lang.Fold(text)) }
