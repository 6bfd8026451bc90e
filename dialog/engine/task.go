package engine

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"hotline/dialog"
	"hotline/dialog/command"
	"hotline/dialog/flow"
	"hotline/dialog/knowledge"
)

// Effects do what flows want from outside the dialogue: they ask other systems and
// take bookings. Do blocks until it is done or ctx ends; its Response holds what
// went wrong.
type Effects interface {
	Do(ctx context.Context, q flow.Request) flow.Response
}

var errNoEffects = errors.New("nothing is set up that asks other systems")

// Waiting for another system (VOICE.md): a word of comfort, then a way out.
const (
	workComfort = 4 * time.Second
	workLimit   = 10 * time.Second
)

func (c *Conversation) flows() *flow.Set {
	if c.e.c.Flows == nil {
		return nil
	}
	return c.e.c.Flows()
}

func (c *Conversation) env() flow.Env {
	return flow.Env{Now: c.now(), Caller: c.number(), Line: c.e.c.Name, Contact: c.facts.Values}
}

// work gets q done, with a word to the caller where it takes long.
func (c *Conversation) work(ctx context.Context, q flow.Request, do func(dialog.Act) error) (flow.Response, error) {
	if c.e.c.Effects == nil {
		return flow.Response{Err: errNoEffects}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, workLimit)
	defer cancel()
	done := make(chan flow.Response, 1)
	go func() { done <- c.e.c.Effects.Do(ctx, q) }()
	comfort := time.NewTimer(workComfort)
	defer comfort.Stop()
	select {
	case r := <-done:
		return r, nil
	case <-comfort.C:
	}
	c.mu.Lock()
	p := &plan{c: c, st: c.st}
	text := p.wording(KeyStillWorking, nil)
	c.st.used = p.st.used
	c.mu.Unlock()
	err := do(dialog.Say{Text: text, Filler: true})
	if err != nil {
		cancel()
	}
	return <-done, err
}

// begin starts the task that a pair or a key leads to; false where there is none.
func (p *plan) begin(name string, t dialog.Turn) bool {
	set := p.c.flows()
	if set == nil || name == "" {
		return false
	}
	m, ok := set.Start(p.st.flow, name, heard(t, command.Command{}), p.c.env())
	if !ok {
		return false
	}
	st := &p.st
	st.unheard, st.unknown, st.repeats, st.choices = 0, 0, 0, 0
	st.rest, st.runnerUp, st.waiting = "", "", false
	st.ask(nothing)
	st.said = ""
	st.note(set.Title(name), false)
	if skill := set.Skill(m.State); skill != "" {
		st.skill = skill
	}
	p.follow(m)
	return true
}

// same says whether two pairs are one matter: the task itself, and the question how
// it is done, whose answer offers it.
func (e *Engine) same(a, b *knowledge.Pair) bool {
	if a.Say() == b.Say() && a.Say() != "" {
		return true
	}
	if e.c.Flows == nil {
		return false
	}
	set := e.c.Flows()
	of := func(p *knowledge.Pair) string {
		for _, name := range []string{p.Flow, set.ForPair(p.ID), set.OfferedBy(p.ID)} {
			if name != "" {
				return name
			}
		}
		return ""
	}
	return of(a) != "" && of(a) == of(b)
}

// explainFirst puts the question how a task is done before the task itself where the
// caller asks how: 我想退货，应该怎么退. The answer offers the task.
func (e *Engine) explainFirst(r knowledge.Result, text string) {
	if len(r.Matches) < 2 || e.c.Flows == nil || !command.AsksHow(text) {
		return
	}
	set := e.c.Flows()
	name := r.Matches[0].Pair.Flow
	if name == "" || r.Matches[0].Exact && command.AsksHow(r.Matches[0].Variant) {
		return
	}
	for i := 1; i < min(3, len(r.Matches)); i++ {
		if set.OfferedBy(r.Matches[i].Pair.ID) == name {
			how := r.Matches[i]
			how.Score, r.Matches[0].Score = r.Matches[0].Score, how.Score
			r.Matches[i], r.Matches[0] = r.Matches[0], how
			return
		}
	}
}

// task is the flow that answers the pair, "" for none.
func (p *plan) task(pair *knowledge.Pair) string {
	if pair.Flow != "" {
		return pair.Flow
	}
	return p.c.flows().ForPair(pair.ID)
}

func heard(t dialog.Turn, cmd command.Command) flow.Heard {
	return flow.Heard{
		Text: t.Text, Alternatives: t.Alternatives, Keys: t.Keys, Confidence: t.Confidence,
		Yes:        cmd.Kind == command.Yes || cmd.Kind == command.Backchannel && cmd.Affirms,
		No:         cmd.Kind == command.No || cmd.Kind == command.Neither || cmd.Kind == command.Done,
		Correction: cmd.Kind == command.Correction || command.Corrects(t.Text),
		TakesBack:  command.TakesBack(t.Text),
	}
}

// follow carries out a step of a flow.
func (p *plan) follow(m flow.Move) {
	st := &p.st
	set := p.c.flows()
	st.flow = m.State
	p.note.Flow, p.note.Step = m.Flow, m.Step
	p.note.Source, p.note.Intent = "flow", m.Flow
	if p.note.Confidence == 0 {
		p.note.Confidence = 1
	}
	slots := m.State.Slots()
	if p.note.Slots == nil {
		p.note.Slots = slots
	} else {
		maps.Copy(p.note.Slots, slots)
	}
	var said []string
	for _, o := range m.Out {
		switch {
		case o.Act != nil:
			p.act(o.Act)
		default:
			text := o.Text
			if o.Phrase != "" {
				text = p.wording(Key(o.Phrase), o.Values)
			}
			p.text(text)
			said = append(said, text)
			if o.Question {
				st.pending, st.question = task, text
			}
		}
	}
	if len(said) > 0 {
		st.said = p.c.joined(said)
	}
	if m.Await != nil {
		p.await = m.Await
		return
	}
	title := set.Title(m.Flow)
	switch m.End {
	case flow.Running:
	case flow.Done:
		st.ask(nothing)
		st.note(title, true)
		p.note.Resolved = true
		st.justSaid = true
		if !st.elseAsked && !st.tasked {
			st.elseAsked = true
			p.question(KeyAnythingElse, nil, anyElse)
		}
	case flow.Open:
		st.ask(nothing)
	case flow.Person:
		st.ask(nothing)
		if m.Skill != "" {
			st.skill = m.Skill
		}
		p.transfer(m.Reason, KeyTransferLost)
	case flow.HungUp:
		st.ask(nothing)
		st.note(title, true)
		p.note.Resolved = true
		p.act(dialog.Hangup{Reason: "goodbye"})
		st.ended = true
	}
}

// joined puts sentences together as the language does.
func (c *Conversation) joined(sentences []string) string {
	if c.e.zh {
		return strings.Join(sentences, "")
	}
	return strings.Join(sentences, " ")
}

// replyTask takes what was said as the answer to the open question of a flow, or for
// a question of the caller's own, after which the flow goes on.
func (p *plan) replyTask(ctx context.Context, t dialog.Turn, cmd command.Command) bool {
	st := &p.st
	set := p.c.flows()
	if !st.flow.Running() || set == nil {
		return false
	}
	if cmd.Kind == command.GoOn && set.AsksYesNo(st.flow) {
		cmd.Kind = command.Yes // "go ahead" to "shall I set it up?"
	}
	switch cmd.Kind {
	case command.Repeat, command.Slower, command.Louder, command.Wait, command.Hold, command.Goodbye, command.GoOn:
		return false
	case command.Robot, command.Help, command.Greeting, command.Thanks:
		p.intent(string(cmd.Kind), "command")
		if cmd.Kind == command.Robot {
			p.say(KeyRobot)
		}
		p.askAgain()
		return true
	case command.Callback, command.Message:
		st.flow = set.Leave(st.flow)
		return false
	default:
	}
	if command.GivesUp(t.Text) && !set.AsksYesNo(st.flow) {
		p.giveUpTask()
		return true
	}
	if m, ok := set.Answer(st.flow, heard(t, cmd), p.c.env()); ok {
		st.unheard, st.unknown = 0, 0
		p.follow(m)
		return true
	}
	found := p.c.find(ctx, st, t.Text, t.Alternatives)
	top := found.Top()
	switch {
	case top != nil && p.c.e.sure(found) && p.task(top.Pair) == st.flow.Name():
	case top != nil && p.c.e.sure(found) && command.Corrects(t.Text): // it was the wrong matter
		st.flow = set.Leave(st.flow)
		st.ask(nothing)
		return false
	case top != nil && p.c.e.sure(found) && p.aside(top):
		return true
	case command.GivesUp(t.Text) || cmd.Kind == command.No || cmd.Kind == command.Done || cmd.Kind == command.Neither:
		p.giveUpTask()
		return true
	}
	if p.c.e.command.Upset(t.Text) || st.sensitive {
		return false
	}
	if p.overheard(t) {
		return true
	}
	st.trouble++
	if st.trouble > p.c.e.c.Limits.Trouble {
		p.giveUp()
		return true
	}
	p.wonderValue(t)
	p.follow(set.Retry(st.flow, p.c.env()))
	return true
}

// takeUp goes on with a task that was cut off while another system was asked: what it
// wanted is asked for again, unless the caller wants something else.
func (p *plan) takeUp(ctx context.Context, t dialog.Turn, cmd command.Command) bool {
	st := &p.st
	set := p.c.flows()
	found := p.c.find(ctx, st, t.Text, t.Alternatives)
	top := found.Top()
	switch {
	case set == nil, cmd.Kind == command.Goodbye, top != nil && p.c.e.sure(found) && p.task(top.Pair) != st.flow.Name():
		st.flow = set.Leave(st.flow)
		return false
	case command.GivesUp(t.Text), cmd.Kind == command.No, cmd.Kind == command.Done, cmd.Kind == command.Neither:
		p.giveUpTask()
		return true
	}
	p.follow(set.Again(st.flow, p.c.env()))
	return true
}

// giveUpTask leaves the task at the caller's wish.
func (p *plan) giveUpTask() {
	p.intent("stop", "command")
	p.st.flow = p.c.flows().Leave(p.st.flow)
	p.st.ask(nothing)
	p.say(KeyAllRight)
}

// aside answers a question of the caller's own and comes back to the flow's.
func (p *plan) aside(top *knowledge.Match) bool {
	st := &p.st
	pair := top.Pair
	if name := p.task(pair); name != "" {
		return p.begin(name, dialog.Turn{Kind: dialog.Spoke, Confidence: 1})
	}
	say := pair.Say()
	if strings.TrimSpace(say) == "" {
		return false
	}
	p.intent(pair.ID, "knowledge")
	p.note.Confidence = top.Score
	p.note.KnowledgeID, p.note.Question, p.note.Resolved = pair.ID, pair.Question, true
	st.note(pair.Name(), true)
	p.text(say)
	question := st.question
	p.text(question)
	st.said = p.c.joined([]string{say, question})
	return true
}

// askAgain puts the flow's question once more.
func (p *plan) askAgain() {
	p.text(p.st.question)
	p.st.said = p.st.question
}

// pressedTask takes keys as the answer; false where they mean something else.
func (p *plan) pressedTask(t dialog.Turn) bool {
	st := &p.st
	set := p.c.flows()
	if st.pending != task || !st.flow.Running() || set == nil || !set.TakesKeys(st.flow) {
		return false
	}
	m, ok := set.Answer(st.flow, flow.Heard{Keys: t.Keys, Confidence: 1}, p.c.env())
	if !ok {
		return false
	}
	st.unheard = 0
	p.follow(m)
	return true
}

// resume goes on with what came of a request.
func (c *Conversation) resume(before *plan, r flow.Response) *plan {
	c.mu.Lock()
	st := c.st
	c.mu.Unlock()
	p := &plan{c: c, st: st, note: before.note}
	set := c.flows()
	if set == nil || !st.flow.Running() {
		p.say(KeyReady)
		return p
	}
	p.follow(set.Resume(st.flow, r, c.env()))
	if !p.audible() && p.await == nil {
		p.say(KeyReady)
	}
	return p
}
