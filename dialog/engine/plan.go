package engine

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"hotline/dialog"
	"hotline/dialog/command"
	"hotline/dialog/flow"
	"hotline/dialog/knowledge"
)

// plan is the answer to a turn in the making.
type plan struct {
	c    *Conversation
	st   state
	note dialog.Note
	acts []dialog.Act
	// await is what a flow wants done before it goes on.
	await *flow.Request
	// strange is a thing that was named and of which nothing is known.
	strange string
	// puzzled says that what was said is not understood yet: the caller will say it again.
	puzzled bool
	// asks is what a language model may know better than the plan.
	asks *question
}

// plan decides what the answer to t is. It changes nothing but its copy of st.
func (c *Conversation) plan(ctx context.Context, st state, t dialog.Turn) *plan {
	p := &plan{c: c, st: st}
	p.st.turns++
	answered := p.st.justSaid
	p.st.justSaid = false
	if t.Kind != dialog.Silent {
		p.st.silent = 0
	}
	promised := p.st.promised
	p.st.promised = ""
	switch {
	case promised != "" && t.Interrupted != nil && p.keep(ctx, t, promised):
	case p.st.ended && p.takenUp(ctx, t):
		p.st.ended, p.st.parted = false, false
		p.spoke(ctx, t, answered)
	case p.st.ended && t.Kind != dialog.Returned:
		p.intent("goodbye", "command")
		p.goodbye(KeyGoodbye, "ended")
	case p.st.turns > c.e.c.Limits.Turns && t.Kind != dialog.Opened:
		p.tooLong()
	case t.Waiting && p.waiting(t):
	default:
		switch t.Kind {
		case dialog.Opened:
			p.opened(t.Disclosed)
		case dialog.Spoke:
			p.spoke(ctx, t, answered)
		case dialog.Pressed:
			p.pressed(ctx, t)
		case dialog.Silent:
			p.silence()
		case dialog.Unheard:
			p.unheard(t.Lost)
		case dialog.Returned:
			p.returned(t.Result)
		case dialog.Tasked:
			p.tasked(t)
		case dialog.Changed:
			p.changed()
		default:
			p.intent("unknown_turn", "fallback")
		}
	}
	if t.Kind == dialog.Spoke && !p.puzzled {
		p.st.before, p.st.declined = "", nil
	}
	p.taskOver()
	if !p.audible() && p.await == nil && !p.note.TaskOver {
		p.say(KeyReady)
	}
	return p
}

// audible says whether the caller notices anything of the plan.
func (p *plan) audible() bool {
	for _, a := range p.acts {
		switch a.(type) {
		case dialog.Say, dialog.Transfer, dialog.Hangup, dialog.Message:
			return true
		}
	}
	return false
}

func (p *plan) intent(intent, source string) {
	p.note.Intent, p.note.Source = intent, source
	if p.note.Confidence == 0 {
		p.note.Confidence = 1
	}
}

func (p *plan) act(a dialog.Act) { p.acts = append(p.acts, a) }

// text says s in the bot's own or the pack's words.
func (p *plan) text(s string) {
	if s = strings.TrimSpace(s); s != "" {
		p.act(dialog.Say{Text: s})
		p.st.saidLast = s
	}
}

// say says the next wording of k, one whose words in braces are all known and
// which is not what was said last.
func (p *plan) say(k Key) {
	p.text(p.wording(k, nil))
}

func (p *plan) wording(k Key, values map[string]string) string {
	list := p.c.e.phrases[k]
	i := p.c.e.order[k]
	known := p.c.e.values()
	maps.Copy(known, values)
	last := ""
	for range list {
		w := fill(list[int(p.st.used[i])%len(list)], known)
		p.st.used[i] = uint8((int(p.st.used[i]) + 1) % len(list))
		if strings.Contains(w, "{") {
			continue
		}
		last = w
		if w != p.st.saidLast {
			return w
		}
	}
	return last
}

// question says the next wording of k and makes it the pending question.
func (p *plan) question(k Key, values map[string]string, pd pending, ids ...string) {
	w := p.wording(k, values)
	p.text(w)
	p.st.ask(pd, ids...)
	if pd == which || pd == confirm {
		p.note.Asked = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" })
	}
	p.st.question = w
	p.st.said = w
}

func (p *plan) goodbye(k Key, reason string) {
	if p.c.e.c.Survey && !p.st.surveyed && p.st.resolved() && (reason == "goodbye" || reason == "thanks") {
		p.st.surveyed = true
		p.question(KeySurvey, nil, survey)
		return
	}
	if p.c.outbound() && k == KeyGoodbye { // he has not called us
		k = KeyCalledGoodbye
	}
	p.say(k)
	p.act(dialog.Hangup{Reason: reason})
	p.st.ended, p.st.parted = true, reason == "goodbye" || reason == "thanks"
	p.st.pending = nothing
}

// takenUp says whether a caller who had taken his leave has thought of something else,
// and says so over the goodbye.
func (p *plan) takenUp(ctx context.Context, t dialog.Turn) bool {
	if !p.st.parted || t.Kind != dialog.Spoke || t.Interrupted == nil {
		return false
	}
	kind := p.c.e.command.Recognize(t.Text).Kind
	return kind == command.Person || kind == command.None && p.c.e.sure(p.c.find(ctx, &p.st, t.Text, t.Alternatives))
}

func (p *plan) opened(disclosed bool) {
	p.intent("greeting", "command")
	st := &p.st
	st.greeted = true
	if p.discloses() {
		st.said = st.saidLast
		p.beginCall()
		return
	}
	if d := strings.TrimSpace(p.c.e.c.Disclosure); d != "" && !disclosed {
		p.act(dialog.Say{Text: d, MustHear: true})
		st.saidLast = d
	}
	if g := p.c.greeting(cmp.Or(strings.TrimSpace(p.c.facts.Greeting), p.c.e.c.Greeting)); g != "" {
		p.text(g)
	} else {
		p.say(KeyGreeting)
	}
	st.said = st.saidLast
	p.beginCall()
}

// tooLong ends a call that does not: once by a person, then for good.
func (p *plan) tooLong() {
	p.intent("too_long", "fallback")
	if !p.st.overLimit && p.reachable() {
		p.st.overLimit = true
		p.transfer("rule", KeyTransferLost)
		return
	}
	p.goodbye(KeyTooLong, "turn_limit")
}

// answer says what the pair answers.
func (p *plan) answer(x *knowledge.Index, pair *knowledge.Pair, text string) {
	st := &p.st
	if p.forPeople(pair) {
		st.last, st.lastText = pair.ID, text
		return
	}
	if p.begin(p.task(pair), dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 1}) {
		st.last, st.lastText = pair.ID, text
		p.note.KnowledgeID, p.note.Question = pair.ID, pair.Question
		return
	}
	say := pair.Say()
	p.text(say)
	st.said, st.last, st.lastText = say, pair.ID, text
	st.unheard, st.unknown, st.repeats, st.choices = 0, 0, 0, 0
	st.rest, st.runnerUp, st.waiting = "", "", false
	st.justSaid = true
	st.skill = p.c.e.skill(pair)
	st.note(pair.Name(), true)
	st.ask(nothing)
	p.note.KnowledgeID, p.note.Question, p.note.Resolved = pair.ID, pair.Question, true
	if strings.TrimSpace(say) == "" { // a task that cannot be done here yet needs a person
		p.note.Resolved = false
		p.transfer("rule", KeyTransferLost)
		return
	}
	if pair.FollowUp != "" {
		q := p.c.e.followUpQuestion(x, pair, st.turns)
		p.text(q)
		st.ask(followUp, pair.FollowUp)
		st.question = q
		return
	}
	if set := p.c.flows(); set.OfferedBy(pair.ID) != "" {
		name := set.OfferedBy(pair.ID)
		w := p.wording(KeyOfferTask, map[string]string{"a": set.Title(name)})
		p.text(w)
		st.ask(offerTask, name)
		st.question = w
		return
	}
	if p.c.e.urgent(pair) {
		p.offerPerson(pair)
	}
}

// offerPerson asks who was told what to do about something dangerous whether a person
// shall see to it; where there is none, how else it gets to one.
func (p *plan) offerPerson(pair *knowledge.Pair) {
	if !p.reachable() {
		p.off()
		return
	}
	said := p.st.said
	p.question(KeyOfferPerson, nil, offer, pair.ID)
	p.st.said = said // what counts is what to do
}

// forPeople brings the caller to a person where the bot does not do a pair's scene for
// him; where no person can be reached it does.
func (p *plan) forPeople(pair *knowledge.Pair) bool {
	st := &p.st
	if pair.Scene == "" || p.c.e.c.Bot == nil || p.c.e.urgent(pair) || p.c.e.c.Bot(p.c.facts, pair.Scene) {
		return false
	}
	before := st.skill
	if st.skill = p.c.e.skill(pair); !p.reachable() {
		st.skill = before
		return false
	}
	st.note(pair.Name(), false)
	p.note.KnowledgeID, p.note.Question = pair.ID, pair.Question
	p.transfer(ReasonRollout, KeyTransfer)
	return true
}

// ReasonRollout is why a caller is brought to a person whom the bot could have answered.
const ReasonRollout = "rollout"

// reachable says whether a transfer can be tried.
func (p *plan) reachable() bool {
	return p.st.transfers < p.c.e.c.Limits.Transfers && p.c.e.c.Open(p.c.now(), p.skill())
}

func (p *plan) skill() string {
	if p.st.skill != "" {
		return p.st.skill
	}
	return p.c.e.c.Skill
}

// transfer brings the caller to a person, or says how else the matter gets to one.
func (p *plan) transfer(reason string, k Key) {
	st := &p.st
	st.unheard, st.unknown = 0, 0
	if !p.reachable() {
		p.off()
		return
	}
	st.transfers++
	st.ask(nothing)
	p.say(k)
	p.handOver(reason)
}

func (p *plan) handOver(reason string) {
	p.st.promised = reason
	facts := p.c.flows().Facts(p.st.flow)
	p.act(dialog.Transfer{Skill: p.skill(), Reason: reason, Summary: p.c.e.summary(&p.st, facts), Urgent: p.st.upset > 0 || p.st.danger || reason == "crisis"})
	if set := p.c.flows(); set != nil && p.st.flow.Running() {
		p.st.flow = set.Leave(p.st.flow)
	}
}

// keep brings the caller to the person who was promised, when he spoke over the
// promise: that does not take his wish back, unless his words do. What he was to be
// brought to a person for may be answered instead.
func (p *plan) keep(ctx context.Context, t dialog.Turn, reason string) bool {
	switch t.Kind {
	case dialog.Spoke:
	case dialog.Unheard:
		p.intent("person", "command")
		p.handOver(reason)
		return true
	default:
		return false
	}
	switch p.c.e.command.Recognize(t.Text).Kind {
	case command.No, command.Neither, command.Done, command.Goodbye, command.Callback, command.Message, command.Correction:
		return false
	case command.None:
		if reason != "asked" && p.c.e.sure(p.c.find(ctx, &p.st, t.Text, t.Alternatives)) {
			return false
		}
	default:
	}
	p.intent("person", "command")
	p.handOver(reason)
	return true
}

// off offers what there is without people.
func (p *plan) off() {
	k := KeyOff
	if p.c.e.c.Open(p.c.now(), p.skill()) { // they are there, but it was tried often enough
		k = KeyChooseOff
	}
	p.question(k, nil, choice)
	p.st.offHours = true
}

// offerWays offers a person, a callback or a message.
func (p *plan) offerWays() { p.ways(KeyDontKnow, KeyDontKnowOff, nil) }

// ways offers them by one key or, where nobody can be reached, by another.
func (p *plan) ways(k, off Key, values map[string]string) {
	reachable := p.reachable()
	if !reachable {
		k = off
	}
	p.question(k, values, choice)
	p.st.offHours = !reachable
}

// callback asks for what is missing, the number first.
func (p *plan) callback() {
	if p.st.callTo == "" && p.c.number() == "" {
		p.st.numbers = 0
		p.question(KeyCallbackNum, nil, number)
		return
	}
	p.question(KeyCallbackWhen, nil, when)
}

// message records what the caller says.
func (p *plan) message() {
	p.st.ask(nothing)
	p.st.messages++
	p.say(KeyTakeMessage)
	p.act(dialog.Message{Reason: p.reason()})
}

// reason is the last thing that was not resolved.
func (p *plan) reason() string {
	for _, v := range slices.Backward(p.st.asked) {
		if !v.answered {
			return v.text
		}
	}
	if n := len(p.st.asked); n > 0 {
		return p.st.asked[n-1].text
	}
	return ""
}

func (p *plan) silence() {
	st := &p.st
	p.intent("silence", "fallback")
	if st.waiting {
		st.waiting = false
		p.say(KeyStillHere)
		return
	}
	st.silent++
	switch {
	case st.silent >= p.c.e.c.Limits.Silences:
		if p.c.e.c.Limits.SilentPerson && p.reachable() {
			p.transfer("not_understood", KeyTransferLost)
			return
		}
		p.goodbye(KeySilentGoodbye, "silence")
	case st.last != "" && st.pending == nothing && !st.elseAsked:
		st.elseAsked = true
		p.question(KeyAnythingElse, nil, anyElse)
	case st.pending == survey:
		p.goodbye(KeyGoodbye, "silence")
	case st.pending == anyElse, st.last != "" && st.pending == nothing:
		p.goodbye(KeyGoodbye, "silence")
	case st.silent > 1:
		p.say(KeySilentSecond)
	case st.pending == choice:
		p.chooseAgain()
	case st.pending == which:
		p.whichOf(st.ids)
	case st.pending != nothing && st.question != "":
		p.say(KeyStillThere)
		p.text(st.question)
	default:
		p.say(KeySilentFirst)
	}
}

// unheard is the ladder for what could not be understood by ear.
func (p *plan) unheard(lost bool) {
	st := &p.st
	p.intent("unheard", "fallback")
	p.note.Confidence = 0
	st.unheard++
	st.trouble++
	switch {
	case st.trouble > p.c.e.c.Limits.Trouble && st.pending != choice, st.unheard >= 3 && st.pending != choice:
		p.transfer("not_understood", KeyTransferLost)
	case st.trouble > p.c.e.c.Limits.Trouble, st.unheard >= 4:
		p.giveUp()
	case st.pending == choice:
		p.chooseAgain()
	case st.pending == task && !lost && st.flow.Running() && p.c.flows() != nil:
		p.follow(p.c.flows().Retry(st.flow, p.c.env()))
	case lost:
		p.say(KeyNoHearing)
	case st.unheard == 2:
		p.say(KeyMisheardMenu)
	case st.pending == number:
		p.numberAgain()
	case st.pending == confirm, st.pending == offer, st.pending == anyElse, st.pending == followUp:
		p.say(KeyYesOrNo)
	case st.pending == which && st.question != "":
		p.whichOf(st.ids)
	default:
		p.say(KeyMisheard)
	}
}

// names are the subjects of a which.
func (p *plan) names(ids [3]string) map[string]string {
	v := map[string]string{}
	x := p.c.e.c.Pairs()
	if x == nil {
		return v
	}
	for i, k := range []string{"a", "b", "c"} {
		if pr, ok := x.Pair(ids[i]); ok {
			v[k] = pr.Name()
		}
	}
	return v
}

// chooseAgain asks for the choice in other words, and at last decides.
func (p *plan) chooseAgain() {
	st := &p.st
	st.choices++
	if st.choices > 2 {
		p.giveUp()
		return
	}
	off := st.offHours || !p.reachable()
	k := KeyChooseAgain
	if off {
		k = KeyChooseOff
	}
	p.question(k, nil, choice)
	st.offHours = off
}

// giveUp takes the way that needs no more understanding.
func (p *plan) giveUp() {
	st := &p.st
	switch {
	case p.reachable():
		p.transfer("not_understood", KeyTransferLost)
	case st.messages == 0:
		p.message()
	default:
		p.goodbye(KeyTooLong, "not_understood")
	}
}

// returned goes on behind a transfer or a message.
func (p *plan) returned(r dialog.Result) {
	st := &p.st
	p.intent(string(r), "command")
	st.unheard, st.unknown, st.silent, st.ended = 0, 0, 0, false
	switch r {
	case dialog.TransferDone:
		p.note.Resolved = true
		p.goodbye(KeyAfterTransfer, "agent_done")
	case dialog.TransferNoAgent, dialog.TransferNoAnswer:
		if !p.reachable() {
			p.off()
			return
		}
		st.choices = 0
		p.question(KeyNoAgent, nil, choice)
		st.offHours = false
	case dialog.TransferBusy:
		p.question(KeyBusy, nil, choice)
		st.offHours, st.choices = true, 0
	case dialog.TransferOff:
		p.question(KeyOff, nil, choice)
		st.offHours, st.choices = true, 0
	case dialog.MessageTaken:
		if st.elseAsked {
			p.goodbye(KeyGoodbye, "message")
			return
		}
		st.elseAsked = true
		p.question(KeyMessageTaken, nil, anyElse)
	case dialog.MessageEmpty:
		if st.messages > 2 {
			p.goodbye(KeyTooLong, "no_message")
			return
		}
		p.question(KeyMessageEmpty, nil, choice)
		st.offHours = true
	default:
		p.say(KeyReady)
	}
}
