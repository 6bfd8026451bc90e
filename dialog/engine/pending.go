package engine

import (
	"context"
	"slices"
	"strings"

	"hotline/dialog"
	"hotline/dialog/command"
	"hotline/dialog/knowledge"
	"hotline/dialog/slot"
)

// reply takes text as the answer to the pending question; false where it is none.
func (p *plan) reply(ctx context.Context, t dialog.Turn, cmd command.Command) bool {
	st := &p.st
	if st.pending == nothing && st.flow.Running() {
		return p.takeUp(ctx, t, cmd)
	}
	yes := cmd.Kind == command.Yes || cmd.Kind == command.Backchannel && cmd.Affirms
	no := cmd.Kind == command.No || cmd.Kind == command.Neither || cmd.Kind == command.Done
	switch st.pending {
	case which:
		return p.replyWhich(ctx, t.Text, cmd)
	case confirm:
		switch {
		case yes:
			p.chosen(0, t.Text)
		case no, cmd.Kind == command.Correction:
			p.intent("no", "command")
			p.corrected()
		case cmd.Kind == command.None && p.volunteered(t.Text):
			p.chosen(0, t.Text)
		default:
			return false
		}
	case offer:
		switch {
		case yes:
			p.intent("yes", "command")
			reason := "upset"
			if st.ids[0] != "" { // of the pair about something dangerous
				reason, st.danger = "danger", true
			}
			p.transfer(reason, KeyTransferSorry)
		case no:
			p.intent("no", "command")
			st.ask(nothing)
			p.say(KeyAllRight)
		default:
			return false
		}
	case choice:
		return p.replyChoice(ctx, t, cmd)
	case task:
		return p.replyTask(ctx, t, cmd)
	case survey:
		p.replySurvey(t.Text)
	case offerTask:
		switch {
		case yes && p.begin(st.ids[0], t):
		case no:
			p.intent("no", "command")
			st.ask(nothing)
			p.say(KeyAllRight)
		default:
			return false
		}
	case when:
		p.replyWhen(t.Text, cmd)
	case number:
		return p.replyNumber(t.Text, cmd)
	case anyElse:
		switch {
		case cmd.Kind == command.Yes:
			p.intent("yes", "command")
			st.ask(nothing)
			p.say(KeyReady)
		case no, cmd.Kind == command.Thanks, cmd.Kind == command.Backchannel:
			p.intent(string(cmd.Kind), "command")
			k := KeyGoodbye
			if cmd.Kind == command.Thanks {
				k = KeyThanksGoodbye
			}
			p.goodbye(k, "goodbye")
		default:
			return false
		}
	case followUp:
		switch {
		case yes:
			p.replyFollowUp(ctx, t.Text)
		case no:
			p.intent("no", "command")
			st.ask(nothing)
			if st.elseAsked {
				p.say(KeyReady)
				break
			}
			st.elseAsked = true
			p.question(KeyAskElse, nil, anyElse)
		default:
			return false
		}
	default:
		return false
	}
	return true
}

// volunteered says whether text holds what the task that was asked about would want
// to know.
func (p *plan) volunteered(text string) bool {
	x := p.c.e.c.Pairs()
	if x == nil {
		return false
	}
	pair, ok := x.Pair(p.st.ids[0])
	return ok && p.c.flows().Volunteers(p.task(&pair), text, p.c.env())
}

// chosen answers with the i-th pair of the pending question.
func (p *plan) chosen(i int, text string) {
	x := p.c.e.c.Pairs()
	pair, ok := knowledge.Pair{}, false
	if x != nil {
		pair, ok = x.Pair(p.st.ids[i])
	}
	if !ok {
		p.corrected()
		return
	}
	p.intent(pair.ID, "knowledge")
	p.answer(x, &pair, text)
}

func (p *plan) replyWhich(ctx context.Context, text string, cmd command.Command) bool {
	st := &p.st
	switch cmd.Kind {
	case command.First, command.Yes:
		p.chosen(0, text)
		return true
	case command.Second:
		p.chosen(1, text)
		return true
	case command.Third:
		if st.ids[2] == "" {
			return false
		}
		p.chosen(2, text)
		return true
	case command.Neither, command.No, command.Correction:
		p.intent(string(cmd.Kind), "command")
		st.runnerUp = ""
		p.corrected()
		return true
	case command.Backchannel:
		p.intent(string(cmd.Kind), "command")
		p.whichOf(st.ids)
		return true
	case command.None:
	default:
		return false
	}
	found := p.c.find(ctx, st, text, nil)
	if p.c.e.sure(found) {
		return false // it says all by itself
	}
	var score [len(st.ids)]float64
	best, second := 0, 0.0
	for _, m := range found.Matches {
		if i := slices.Index(st.ids[:], m.Pair.ID); i >= 0 {
			score[i] = m.Score
		}
	}
	for i, s := range score {
		if s > score[best] {
			best = i
		}
	}
	for i, s := range score {
		if i != best {
			second = max(second, s)
		}
	}
	if score[best] > 0.05 && score[best] > 1.5*second {
		p.chosen(best, text)
		return true
	}
	return false
}

func (p *plan) replyChoice(ctx context.Context, t dialog.Turn, cmd command.Command) bool {
	st := &p.st
	off := st.offHours || !p.reachable()
	pick := cmd.Kind
	switch {
	case pick == command.First && off, pick == command.Second && !off:
		pick = command.Callback
	case pick == command.First, pick == command.Yes && !off, pick == command.Wait, pick == command.Hold, pick == command.Backchannel && !off:
		pick = command.Person
	case pick == command.Second:
		pick = command.Message
	case pick == command.None:
		pick = p.spelledChoice(t.Text)
	}
	switch pick {
	case command.Person:
		reason := "not_understood"
		if cmd.Kind == command.Person { // in so many words
			reason = "asked"
		}
		p.intent("person", "command")
		p.transfer(reason, KeyTransfer)
	case command.Callback:
		p.intent("callback", "command")
		p.callback()
	case command.Message:
		p.intent("message", "command")
		p.message()
	case command.No, command.Neither, command.Done:
		p.intent("no", "command")
		st.ask(nothing)
		if st.elseAsked {
			p.goodbye(KeyGoodbye, "goodbye")
			break
		}
		st.elseAsked = true
		p.question(KeyAskElse, nil, anyElse)
	case command.None:
		found := p.c.find(ctx, st, t.Text, t.Alternatives)
		if top := found.Top(); top != nil && top.Score >= p.c.e.c.Thresholds.Confirm {
			return false // a new question
		}
		p.intent("unknown", "fallback")
		p.chooseAgain()
	case command.Yes, command.Backchannel:
		p.intent("yes", "command")
		p.chooseAgain()
	default:
		return false
	}
	return true
}

// spelledChoice finds the offered words inside a longer answer.
func (p *plan) spelledChoice(text string) command.Kind {
	text = strings.ToLower(text)
	for _, c := range []struct {
		kind  command.Kind
		words []string
	}{
		{command.Message, []string{"留言", "留个言", "留下言", "message", "voicemail"}},
		{command.Callback, []string{"回电", "回个电", "打给我", "打电话", "回拨", "call me", "call back", "callback", "ring me", "phone me"}},
		{command.Person, []string{"人工", "等", "排队", "真人", "person", "wait", "hold", "agent", "someone", "human"}},
	} {
		for _, w := range c.words {
			if strings.Contains(text, w) {
				return c.kind
			}
		}
	}
	return command.None
}

// replyWhen takes any words as the time for the callback.
func (p *plan) replyWhen(text string, cmd command.Command) {
	st := &p.st
	if p.c.outbound() {
		p.replyWhenCalled(text, cmd)
		return
	}
	switch cmd.Kind {
	case command.No, command.Done, command.Goodbye, command.Correction:
		if cmd.Kind == command.Goodbye {
			p.intent("goodbye", "command")
			p.note.Resolved = true
			p.act(dialog.Callback{Number: st.callTo, Reason: p.reason()})
			p.goodbye(KeyGoodbye, "goodbye")
			return
		}
		p.intent("no", "command")
		st.ask(nothing)
		p.say(KeyAllRight)
		return
	case command.Repeat, command.Slower, command.Louder:
		p.command(cmd, text, false)
		return
	case command.Wait, command.Hold:
		st.waiting = true
		p.intent("wait", "command")
		p.say(KeyTakeTime)
		return
	case command.Message:
		p.intent("message", "command")
		p.message()
		return
	default: // whatever else is said is the time
	}
	p.intent("callback", "command")
	p.note.Slots = map[string]string{"when": text, "number": st.callTo}
	p.note.Resolved = true
	spoken := shorten(text, p.c.e.zh)
	if cmd.Kind != command.None || len([]rune(spoken)) < 2 {
		spoken = map[bool]string{true: "尽快", false: "as soon as we can"}[p.c.e.zh]
	}
	at, _ := slot.When(text, p.c.facts.Language, p.c.theirs())
	p.act(dialog.Callback{Number: st.callTo, When: text, At: at, Reason: p.reason()})
	st.elseAsked = true
	p.question(KeyCallbackDone, map[string]string{"when": spoken}, anyElse)
}

// replyNumber takes a dictated telephone number.
func (p *plan) replyNumber(text string, cmd command.Command) bool {
	d := digitsOf(text)
	switch {
	case len(d) >= 7 && len(d) <= 15:
		p.numberTaken(d)
	case d != "", cmd.Kind == command.None:
		p.intent("callback", "command")
		p.numberAgain()
	case cmd.Kind == command.No, cmd.Kind == command.Done:
		p.intent("no", "command")
		p.st.ask(nothing)
		p.say(KeyAllRight)
	default:
		return false
	}
	return true
}

func (p *plan) numberTaken(d string) {
	p.intent("callback", "command")
	p.note.Slots = map[string]string{"number": d}
	p.st.callTo = d
	p.question(KeyNumberTaken, map[string]string{"number": spokenNumber(d)}, when)
}

func (p *plan) numberAgain() {
	p.st.numbers++
	if p.st.numbers > 2 {
		p.message()
		return
	}
	p.question(KeyNumberAgain, nil, number)
}

// replyFollowUp answers the question that was put behind an answer.
func (p *plan) replyFollowUp(ctx context.Context, text string) {
	st := &p.st
	x := p.c.e.c.Pairs()
	if x == nil {
		p.say(KeyReady)
		return
	}
	if pair, ok := x.Pair(st.ids[0]); ok {
		p.intent(pair.ID, "knowledge")
		p.answer(x, &pair, text)
		return
	}
	found := x.Find(ctx, knowledge.Query{Text: st.ids[0], Line: p.c.e.c.Name, Now: p.c.now()})
	for _, m := range found.Matches {
		if m.Pair.ID != st.last && m.Score >= p.c.e.c.Thresholds.Confirm {
			p.intent(m.Pair.ID, "knowledge")
			p.note.Confidence = m.Score
			p.answer(x, m.Pair, text)
			return
		}
	}
	p.intent("yes", "command")
	st.ask(nothing)
	p.say(KeyReady)
}

// pressed answers keys.
func (p *plan) pressed(ctx context.Context, t dialog.Turn) {
	st := &p.st
	p.intent("key", "command")
	p.note.Slots = map[string]string{"keys": t.Keys}
	digits := strings.TrimRight(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, t.Keys), "")
	if st.pending == number && t.Keys != "0" && t.Keys != "*" && t.Keys != "#" {
		if len(digits) >= 7 && len(digits) <= 15 {
			p.numberTaken(digits)
			return
		}
		p.numberAgain()
		return
	}
	if st.pending == survey && digits >= "1" && digits <= "5" && len(digits) == 1 {
		p.rated(int(digits[0] - '0'))
		return
	}
	if set := p.c.flows(); (set == nil || set.AsksYesNo(st.flow) || !set.TakesKeys(st.flow)) && p.optOut(t.Keys) {
		return
	}
	if t.Keys != "0" && t.Keys != "*" && p.pressedTask(t) {
		return
	}
	key := strings.TrimRight(t.Keys, "#")
	if key == "" {
		key = "#"
	}
	key = key[:1]
	switch {
	case key == "0":
		p.intent("person", "command")
		p.transfer("key", KeyTransfer)
	case key == "*":
		p.intent("repeat", "command")
		p.again(KeyAgain, dialog.Say{})
	case st.pending != nothing && key >= "1" && key <= "3" && p.pressedPending(ctx, key):
	case key == "#":
		p.intent("help", "command")
		p.say(KeyBadKey)
	default:
		p.pressedMenu(ctx, key)
	}
}

// pressedPending takes 1, 2 and 3 as the answer to a question.
func (p *plan) pressedPending(ctx context.Context, key string) bool {
	kinds := map[string]command.Kind{"1": command.Yes, "2": command.No}
	switch p.st.pending {
	case which:
		kinds = map[string]command.Kind{"1": command.First, "2": command.Second, "3": command.Neither}
		if p.st.ids[2] != "" {
			kinds["3"] = command.Third
		}
	case choice:
		kinds = map[string]command.Kind{"1": command.Person, "2": command.Callback, "3": command.Message}
		if p.st.offHours {
			delete(kinds, "1")
		}
	case when, number, task, nothing:
		return false
	default: // yes and no
	}
	k, ok := kinds[key]
	return ok && p.reply(ctx, dialog.Turn{Kind: dialog.Pressed, Keys: key}, command.Command{Kind: k, Certain: 1})
}

func (p *plan) pressedMenu(ctx context.Context, key string) {
	st := &p.st
	item, ok := p.c.e.menuItem(key)
	if !ok {
		st.trouble++
		if st.trouble > p.c.e.c.Limits.Trouble {
			p.giveUp()
			return
		}
		p.say(KeyBadKey)
		return
	}
	st.unheard = 0
	if p.begin(item.Flow, dialog.Turn{Kind: dialog.Pressed, Confidence: 1}) {
		return
	}
	if item.Ask != "" {
		if top := p.top(ctx, item.Ask); top != nil {
			p.intent(top.Pair.ID, "knowledge")
			p.note.Confidence = top.Score
			p.answer(p.c.e.c.Pairs(), top.Pair, item.Ask)
			return
		}
	}
	st.note(item.Label, false)
	if item.Skill != "" {
		st.skill = item.Skill
	}
	p.transfer("key", KeyTransfer)
}

// top is the pair that text surely means, or nil.
func (p *plan) top(ctx context.Context, text string) *knowledge.Match {
	x := p.c.e.c.Pairs()
	if x == nil {
		return nil
	}
	found := x.Find(ctx, knowledge.Query{Text: text, Line: p.c.e.c.Name, Now: p.c.now()})
	if !p.c.e.sure(found) {
		return nil
	}
	return found.Top()
}
