package engine

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"hotline/dialog"
	"hotline/dialog/command"
	"hotline/dialog/knowledge"
)

// spoke answers what was said. answered says that the bot's last turn was an answer.
func (p *plan) spoke(ctx context.Context, t dialog.Turn, answered bool) {
	st := &p.st
	text := strings.TrimSpace(t.Text)
	if text == "" {
		p.unheard(t.Lost)
		return
	}
	cmd := p.c.e.command.Recognize(text)
	if st.asksShort() {
		cmd = p.c.e.answered(text, t.Alternatives)
	}
	if cmd.Kind == command.None && t.Confidence < p.c.e.c.Thresholds.Misheard {
		// A person is not withheld because the other reading was thought likelier.
		for _, other := range t.Alternatives {
			if c := p.c.e.command.Recognize(other); c.Kind == command.Person {
				cmd = c
			}
		}
	}
	p.note.Confidence = cmd.Certain
	if p.called(t) {
		return
	}
	if t.Interrupted != nil {
		st.rest = unheardFrom(t.Interrupted)
		if st.rest != "" && st.rest != st.said {
			st.justSaid = answered
		}
	}
	upset := p.feel(t)
	if p.sensitive(ctx, t) {
		return
	}
	if skill := p.c.e.byTitle(text); skill != "" && (cmd.Kind == command.None || cmd.Kind == command.Person) {
		cmd = command.Command{Kind: command.Person, Certain: 1}
		st.skill = skill
	}
	if cmd.Kind == command.Person {
		p.intent("person", "command")
		if upset {
			p.transfer("asked", KeyTransferSorry)
			return
		}
		p.transfer("asked", KeyTransfer)
		return
	}
	if upset && st.upset > 1 && st.flow.Running() && p.reachable() {
		p.intent("upset", "command")
		p.transfer("upset", KeyTransferSorry)
		return
	}
	if t.Interrupted != nil && cmd.Kind == command.None && !upset && p.talksAcross(ctx, t) {
		return
	}
	if t.Interrupted != nil && p.goOn(ctx, t, cmd) {
		return
	}
	if cmd.Kind == command.None && p.saysAgain(text) {
		p.decline()
	}
	if p.reply(ctx, t, cmd) {
		return
	}
	if p.c.e.c.Reception && p.receive(cmd, text) {
		return
	}
	found := p.c.find(ctx, st, text, t.Alternatives)
	if top := found.Top(); cmd.Kind != command.None && (top == nil || !top.Exact) {
		p.command(cmd, text, answered)
		return
	}
	if !upset && !p.c.e.sure(found) && p.routed(ctx, t) {
		return
	}
	p.known(found, t, upset)
}

// foreign says whether text is in the script of another language: some words of Latin
// letters on a Chinese line, Chinese characters on an English one.
func foreign(text string, zh bool) bool {
	han, words := 0, 0
	inWord := false
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			han++
		}
		letter := r < unicode.MaxLatin1 && unicode.IsLetter(r)
		if letter && !inWord {
			words++
		}
		inWord = letter || inWord && r == '\''
	}
	if zh {
		return han == 0 && words >= 3
	}
	return han >= 2 && words == 0
}

// byTitle is the skill whose people the caller asks for by name: 我要跟前台的人说,
// "put me through to billing".
func (e *Engine) byTitle(text string) string {
	text = strings.ToLower(text)
	best, skill := "", ""
	for title, s := range e.c.Titles {
		title = strings.ToLower(title)
		i := strings.Index(text, title)
		if i < 0 || len(title) <= len(best) {
			continue
		}
		if wantsPeople(text[:i], text[i+len(title):], e.zh) {
			best, skill = title, s
		}
	}
	return skill
}

// wantsPeople says whether the words around a name of people ask to speak to them.
func wantsPeople(before, after string, zh bool) bool {
	if zh {
		for _, w := range []string{"转", "找", "接", "叫", "联系"} {
			if strings.Contains(before, w) && !strings.Contains(before, "别"+w) && !strings.Contains(before, "不用"+w) && !strings.Contains(before, "不要"+w) && !strings.Contains(before, "怎么"+w) {
				return !strings.ContainsAny(after, "吗几多") && !strings.Contains(after, "电话")
			}
		}
		with := strings.Contains(before, "跟") || strings.Contains(before, "和") || strings.Contains(before, "要") || strings.Contains(before, "想")
		return with && (strings.Contains(after, "说") || strings.Contains(after, "讲") || strings.Contains(after, "聊") || strings.Contains(after, "谈") || strings.Contains(after, "沟通"))
	}
	for _, w := range []string{"speak to", "speak with", "talk to", "talk with", "put me through to", "transfer me to", "connect me to", "connect me with", "get me"} {
		if strings.Contains(before, w) && !strings.Contains(before, "don't") && !strings.Contains(before, "do not") {
			return true
		}
	}
	return false
}

// goOn continues an interrupted reply where the caller wants just that.
func (p *plan) goOn(ctx context.Context, t dialog.Turn, cmd command.Command) bool {
	st := &p.st
	if st.rest == "" {
		return false
	}
	switch cmd.Kind {
	case command.GoOn, command.Backchannel:
		// an acknowledgement, or the wish itself
	case command.Yes, command.Greeting:
		if st.question == "" || !strings.Contains(st.rest, st.question) {
			return false
		}
		// "yes?" and "hello?" of who picks up: the question was not heard yet
	case command.None:
		found := p.c.find(ctx, st, t.Text, t.Alternatives)
		if !p.c.e.sure(found) && t.Interrupted.After < stillSpeaking && st.lastText != "" {
			// The second half of a question whose first was answered in the pause: is it
			// still under warranty? I bought it last June.
			found = p.c.find(ctx, st, joined(st.lastText, t.Text, p.c.e.zh), nil)
			if p.c.e.sure(found) && found.Top().Pair.ID != st.last {
				p.known(found, t, false)
				return true
			}
		}
		top := found.Top()
		if top == nil || top.Pair.ID != st.last || !p.c.e.sure(found) || st.said == "" {
			return false
		}
		// Who talks over the answer to what he asks, again and again, does not ask.
		const often = 2
		if st.talkedOver++; st.talkedOver > often {
			p.beside()
			return true
		}
	default:
		return false
	}
	p.intent("go_on", "command")
	p.note.KnowledgeID = st.last
	p.text(st.rest)
	st.justSaid = true
	return true
}

// stillSpeaking is how little of an answer who speaks over it has heard who had not
// finished.
const stillSpeaking = 1500 * time.Millisecond

// joined is what was said in two breaths.
func joined(first, then string, zh bool) string {
	if zh {
		return first + "，" + then
	}
	return first + " " + then
}

// command answers what was said to the bot itself, when nothing pending took it.
func (p *plan) command(cmd command.Command, text string, answered bool) {
	st := &p.st
	p.intent(string(cmd.Kind), "command")
	switch cmd.Kind {
	case command.Repeat:
		p.again(KeyAgain, dialog.Say{Slower: st.repeats > 0})
	case command.Slower:
		p.again(KeySlower, dialog.Say{Slower: true})
	case command.Louder:
		p.again(KeyLouder, dialog.Say{Style: "loud"})
	case command.Wait, command.Hold:
		st.waiting = true
		p.say(KeyTakeTime)
	case command.Thanks:
		if st.elseAsked {
			p.goodbye(KeyThanksGoodbye, "thanks")
			return
		}
		st.elseAsked = true
		p.question(KeyWelcome, nil, anyElse)
	case command.Goodbye, command.Done:
		p.goodbye(KeyGoodbye, "goodbye")
	case command.Robot:
		p.say(KeyRobot)
	case command.Greeting:
		p.say(KeyHere)
	case command.Help:
		p.say(KeyHelp)
	case command.GoOn:
		if st.rest != "" {
			p.text(st.rest)
			st.rest, st.justSaid = "", true
			return
		}
		p.say(KeyReady)
	case command.Callback:
		p.callback()
	case command.Message:
		p.message()
	case command.Correction:
		p.corrected()
	case command.No:
		if answered || st.last != "" && p.contradicts(text) {
			p.corrected()
			return
		}
		p.goodbye(KeyGoodbye, "goodbye")
	case command.Neither:
		p.corrected()
	case command.Yes, command.Backchannel:
		if st.last != "" && !st.elseAsked {
			st.elseAsked = true
			p.question(KeyAskElse, nil, anyElse)
			return
		}
		p.say(KeyReady)
	default: // first, second: of nothing
		p.unknown(text)
	}
}

// contradicts tells "that is wrong" from "no more".
func (p *plan) contradicts(text string) bool {
	for _, w := range []string{"不对", "不是", "错", "wrong", "incorrect", "not right"} {
		if strings.Contains(strings.ToLower(text), w) {
			return true
		}
	}
	return false
}

// corrected asks anew when the answer was not what the caller wanted; the second
// candidate may be it.
func (p *plan) corrected() {
	st := &p.st
	if st.pending == confirm || st.pending == which {
		p.decline()
		p.puzzled = true
	}
	if x := p.c.e.c.Pairs(); x != nil && st.runnerUp != "" && !slices.Contains(st.declined, st.runnerUp) {
		if pair, ok := x.Pair(st.runnerUp); ok {
			id := st.runnerUp
			st.runnerUp = ""
			p.question(KeyConfirm, map[string]string{"a": pair.Name()}, confirm, id)
			return
		}
	}
	st.unknown++
	st.trouble++
	if st.unknown > 1 {
		p.offerWays()
		return
	}
	p.st.ask(nothing)
	p.say(KeyMisunderstood)
}

// again repeats the last reply.
func (p *plan) again(k Key, how dialog.Say) {
	st := &p.st
	st.repeats++
	if st.said == "" {
		p.say(KeyHere)
		return
	}
	text := st.said
	if x := p.c.e.c.Pairs(); x != nil && st.repeats > 1 { // other words, where the pack has them
		if pair, ok := x.Pair(st.last); ok && pair.Spoken != "" && pair.Answer != "" && text == pair.Spoken {
			text = pair.Answer
		}
	}
	p.say(k)
	how.Text = text
	p.act(how)
	st.saidLast = text
	st.justSaid = st.last != "" && st.pending == nothing
}

// known answers from the knowledge, asks back, or admits that it does not know.
func (p *plan) known(found knowledge.Result, t dialog.Turn, upset bool) {
	st := &p.st
	th := p.c.e.c.Thresholds
	x := p.c.e.c.Pairs()
	p.note.Source = "knowledge"
	p.strange = found.Strange
	sure := p.c.e.sure(found)
	if !sure {
		p.remember(t)
	}
	for i := range found.Matches[:min(5, len(found.Matches))] {
		p.note.Candidates = append(p.note.Candidates, found.Matches[i].Candidate())
	}
	if found.Top() == nil {
		p.notKnown(t, upset, found.None)
		return
	}
	p.c.e.explainFirst(found, t.Text)
	top, second, score := p.lead(found)
	p.note.Intent, p.note.Confidence = top.Pair.ID, top.Score
	if !sure {
		for i := range found.Matches[:min(2, len(found.Matches))] {
			m := found.Matches[i]
			if m.Score >= th.Urgent && p.c.e.urgent(m.Pair) {
				p.note.Intent, p.note.Confidence = m.Pair.ID, m.Score
				p.answer(x, m.Pair, t.Text)
				return
			}
		}
	}
	if !sure { // nobody is asked again about what he has just declined
		if found = found.Except(st.declined); found.Top() == nil {
			p.notKnown(t, upset, found.None)
			return
		}
		top, second, score = p.lead(found)
	}
	switch {
	case sure:
		if upset && st.upset > 1 {
			st.note(shorten(t.Text, p.c.e.zh), false)
			p.transfer("upset", KeyTransferSorry)
			return
		}
		p.sorry(upset)
		p.answer(x, top.Pair, t.Text)
		if second.Pair != nil && second.Score > 0.1 {
			st.runnerUp = second.Pair.ID
		}
	case upset && (st.upset > 1 || score < th.Confirm):
		p.notKnown(t, upset, found.None)
	case second.Pair != nil && score+second.Score >= th.Which && second.Score >= 0.15 && second.Pair.Name() != top.Pair.Name():
		p.sorry(upset)
		p.question(KeyWhich, map[string]string{"a": top.Pair.Name(), "b": second.Pair.Name()}, which, top.Pair.ID, second.Pair.ID)
		p.note.Intent = "which"
	case p.oneOfMany(found, t.Text):
		p.note.Intent = "which"
	case score >= th.Confirm:
		p.sorry(upset)
		p.question(KeyConfirm, map[string]string{"a": top.Pair.Name()}, confirm, top.Pair.ID)
		p.note.Intent = "confirm"
	default:
		p.notKnown(t, upset, found.None)
		p.wonder(t, found)
	}
}

// lead is the best match, the best that is another matter, and how likely the first
// matter is; found has a match.
func (p *plan) lead(found knowledge.Result) (top, second knowledge.Match, score float64) {
	top = found.Matches[0]
	score = top.Score
	rest := found.Matches[1:]
	if len(rest) > 0 && p.c.e.same(rest[0].Pair, top.Pair) {
		score += rest[0].Score
		rest = rest[1:]
	}
	if len(rest) > 0 {
		second = rest[0]
	}
	return top, second, score
}

// sorry goes before an answer, or a question about what was meant, to who is upset: it
// says that there are people, too.
func (p *plan) sorry(upset bool) {
	if upset {
		p.say(KeySorry)
	}
}

// notKnown is for what no pair answers: misheard, or heard and not known.
func (p *plan) notKnown(t dialog.Turn, upset bool, none float64) {
	st := &p.st
	if upset {
		p.intent("upset", "command")
		st.note(shorten(t.Text, p.c.e.zh), false)
		if st.upset > 1 {
			p.transfer("upset", KeyTransferSorry)
			return
		}
		if !p.reachable() {
			p.offerWays()
			return
		}
		p.question(KeySorryOffer, nil, offer)
		return
	}
	if p.overheard(t) {
		return
	}
	if t.Confidence > 0 && t.Confidence < p.c.e.c.Thresholds.Misheard {
		candidates := p.note.Candidates
		p.unheard(t.Lost)
		p.note.Candidates = candidates
		return
	}
	if foreign(t.Text, p.c.e.zh) {
		p.intent("other_language", "fallback")
		st.note(shorten(t.Text, p.c.e.zh), false)
		p.transfer("language", KeyOtherLanguage)
		return
	}
	if st.sensitive {
		p.intent("sensitive", "command")
		p.say(KeyNotTopic)
		return
	}
	p.note.Confidence = none
	p.unknown(t.Text)
}

// unknown asks once for other words, then says so and what it can do; at once where a
// thing was named of which nothing is known.
func (p *plan) unknown(text string) {
	st := &p.st
	p.note.Intent, p.note.Source = "unknown", "fallback"
	p.note.KnowledgeID = ""
	st.unknown++
	st.trouble++
	st.note(shorten(text, p.c.e.zh), false)
	switch {
	case st.trouble > p.c.e.c.Limits.Trouble:
		p.giveUp()
	case p.strange != "": // other words would not help
		p.ways(KeyNoThing, KeyNoThingOff, map[string]string{"a": p.strange})
	case st.unknown == 1:
		st.ask(nothing)
		w := p.wording(KeyRephrase, nil)
		p.text(w)
		st.said = w
	case st.pending == choice:
		p.chooseAgain()
	default:
		p.offerWays()
	}
}
