package engine

import "hotline/dialog/command"

// changed goes on in the language that the caller wants.
func (p *plan) changed() {
	st := &p.st
	p.intent("language", "command")
	st.ask(nothing)
	if p.c.e.c.Reception {
		p.oneLanguage()
		return
	}
	p.say(KeyChanged)
	st.said = st.saidLast
}

// receive tells who does not speak the line's language that the line speaks no other
// one. Wishes that need no knowledge are left to where they are fulfilled.
func (p *plan) receive(cmd command.Command, text string) bool {
	switch cmd.Kind {
	case command.Callback, command.Message, command.Goodbye, command.Done, command.Thanks, command.Repeat, command.Slower, command.Louder,
		command.Wait, command.Hold, command.GoOn:
		return false
	case command.None:
		p.st.note(shorten(text, p.c.e.zh), false)
	default: // hello, yes: nothing was asked yet
	}
	p.intent("other_language", "fallback")
	p.oneLanguage()
	return true
}

// oneLanguage offers the ways that there are.
func (p *plan) oneLanguage() {
	if p.reachable() {
		p.question(KeyOneLanguage, nil, choice)
		p.st.offHours = false
		return
	}
	p.question(KeyOneLangOff, nil, choice)
	p.st.offHours = true
}
