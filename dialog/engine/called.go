package engine

import (
	"strings"

	"hotline/dialog"
	"hotline/dialog/command"
	"hotline/dialog/slot"
)

// outbound says whether we have called.
func (c *Conversation) outbound() bool { return c.facts.Direction == "outbound" }

// number is that of the person we talk with, "" if it is withheld.
func (c *Conversation) number() string {
	if c.outbound() {
		return c.facts.Called
	}
	return c.facts.Caller
}

// discloses greets with words of the call's own that say who calls and that it is a
// machine: their first sentence must be heard, and the line's disclosure would only say
// it twice.
func (p *plan) discloses() bool {
	if !p.c.outbound() || !p.c.facts.Discloses {
		return false
	}
	text := p.c.greeting(p.c.facts.Greeting)
	if text == "" {
		return false
	}
	end := strings.IndexAny(text, "。！？") // of one width in UTF-8
	if end >= 0 {
		end += len("。")
	} else if end = strings.Index(text, ". "); end >= 0 {
		end += len(".")
	} else {
		end = len(text)
	}
	p.act(dialog.Say{Text: text[:end], MustHear: true})
	p.st.saidLast = text[:end]
	p.text(text[end:])
	return true
}

// beginCall begins what we call about, behind the greeting.
func (p *plan) beginCall() {
	if name := p.c.facts.Task; name != "" && p.begin(name, dialog.Turn{Kind: dialog.Opened, Confidence: 1}) {
		p.st.said = p.st.saidLast
	}
}

// called obeys who does not want to be called, now or ever (VOICE.md: one sentence, no
// counter-offer). false: he said something else.
func (p *plan) called(t dialog.Turn) bool {
	if !p.c.outbound() {
		if !p.c.e.command.NoCalls(t.Text) {
			return false
		}
		p.doNotCall(t.Text, "")
		return true
	}
	st := &p.st
	running := st.flow.Running()
	switch p.c.e.command.Called(t.Text) {
	case command.DoNotCall:
		p.doNotCall(t.Text, "")
	case command.WrongPerson:
		p.refused(dialog.WrongPerson, t.Text, KeyWrongPerson)
	case command.NotNow:
		if st.pending == when {
			return false
		}
		if st.turns > firstTurns && running {
			return false // it may be the answer: 明天下午再打 is not asked for in the middle
		}
		p.notNow(t.Text)
	case command.NotInterested:
		if running || st.pending != nothing {
			return false // an answer
		}
		p.refused(dialog.NotInterested, t.Text, KeyNotInterested)
	default:
		return false
	}
	return true
}

// firstTurns are those in which somebody who was called says that it does not suit.
const firstTurns = 4

// doNotCall notes that the number is never called again, and takes leave; who has
// called us himself is only told so.
func (p *plan) doNotCall(words, key string) {
	if !p.c.outbound() {
		p.intent(string(dialog.DoNotCall), "command")
		p.act(dialog.Refusal{Kind: dialog.DoNotCall, Words: words, Key: key})
		p.note.Resolved = true
		p.leaveTask()
		p.question(KeyDoNotCallNoted, nil, anyElse)
		return
	}
	p.refusedBy(dialog.Refusal{Kind: dialog.DoNotCall, Words: words, Key: key}, KeyDoNotCall)
}

func (p *plan) refused(kind dialog.RefusalKind, words string, k Key) {
	p.refusedBy(dialog.Refusal{Kind: kind, Words: words}, k)
}

func (p *plan) refusedBy(r dialog.Refusal, k Key) {
	p.intent(string(r.Kind), "command")
	p.act(r)
	p.leaveTask()
	p.takeLeave(k, string(r.Kind))
}

// takeLeave ends the call without asking how content he is.
func (p *plan) takeLeave(k Key, reason string) {
	p.say(k)
	p.act(dialog.Hangup{Reason: reason})
	p.st.ended = true
	p.st.ask(nothing)
}

func (p *plan) leaveTask() {
	if set := p.c.flows(); set != nil && p.st.flow.Running() {
		p.st.flow = set.Leave(p.st.flow)
	}
	p.st.ask(nothing)
}

// notNow calls back when it suits.
func (p *plan) notNow(words string) {
	p.intent("not_now", "command")
	p.leaveTask()
	if _, named := slot.When(words, p.c.facts.Language, p.c.theirs()); named {
		p.callLater(words)
		return
	}
	p.question(KeyNotNow, nil, when)
}

// callLater takes words for when to call again, and takes leave.
func (p *plan) callLater(words string) {
	now := p.c.theirs()
	at, named := slot.When(words, p.c.facts.Language, now)
	p.note.Slots = map[string]string{"when": words, "number": p.c.number()}
	p.note.Resolved = true
	p.act(dialog.Callback{When: words, At: at, Reason: p.reason()})
	if !named {
		p.takeLeave(KeyCalledLater, "callback")
		return
	}
	p.text(p.wording(KeyCalledAt, map[string]string{"when": slot.SayWhen(at, p.c.facts.Language, now)}))
	p.act(dialog.Hangup{Reason: "callback"})
	p.st.ended = true
	p.st.ask(nothing)
}

// replyWhenCalled takes any words as the time at which somebody who was called wants
// to be called again.
func (p *plan) replyWhenCalled(text string, cmd command.Command) {
	p.intent("callback", "command")
	switch cmd.Kind {
	case command.Repeat, command.Slower, command.Louder:
		p.command(cmd, text, false)
	case command.No, command.Neither, command.Done:
		p.refused(dialog.NotInterested, text, KeyNotInterested)
	default:
		p.callLater(text)
	}
}

// optOut obeys the key that was offered against more calls.
func (p *plan) optOut(key string) bool {
	if !p.c.outbound() || p.c.facts.OptOut == "" || key != p.c.facts.OptOut {
		return false
	}
	p.doNotCall("", key)
	return true
}

// greeting is what is said first, with the fields of whom is called; a field that is
// not known is left out.
func (c *Conversation) greeting(text string) string {
	text = fill(strings.TrimSpace(text), c.facts.Values)
	for {
		i := strings.IndexByte(text, '{')
		if i < 0 || !c.outbound() {
			return text
		}
		j := strings.IndexByte(text[i:], '}')
		if j < 0 {
			return text
		}
		text = text[:i] + text[i+j+1:]
	}
}
