package call

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"hotline/asr"
	"hotline/dialog"
	"hotline/internal/call/answer"
)

// Team has people talk to whom a call goes out to: as soon as somebody has answered, an
// agent who is free is rung. The other side hears the greeting meanwhile, so that nobody
// hears silence; where no agent is free he is told so within [Grace] of his answer.
type Team struct {
	// Skill is the agents'.
	Skill string
	// Abandoned is said where no agent is free; behind it the call ends.
	Abandoned string
	// Tell is told how far the call has come; may be nil. It must not block.
	Tell func(Stage)
}

// Stage is how far a call for a team has come.
type Stage string

// The stages.
const (
	StageAnswered  Stage = "answered"  // the network says so; whoever it is
	StageOffered   Stage = "offered"   // a person answered, and an agent is kept for him
	StageConnected Stage = "connected" // the two talk
	StageAbandoned Stage = "abandoned" // a person answered, and is told that no agent is free, or no more
	StageMachine   Stage = "machine"   // no person answered
)

// Grace is how long who has answered may wait until he hears something.
const Grace = 2 * time.Second

const (
	// seekFor is how long after the answer an agent is looked for: the rest of Grace is
	// for beginning to speak.
	seekFor = 1700 * time.Millisecond
	// teamSilence is how long nothing is heard after the answer until it is taken for a
	// person who waits; of [Grace], as seekFor.
	teamSilence = 1500 * time.Millisecond
	// teamRing is how long an agent is rung whom a person waits for, and teamTries how
	// long all of them are.
	teamRing, teamTries = 8 * time.Second, 10 * time.Second
	// teamLongest is how long they are where one has answered, and has gone before the two
	// were joined: then the next one is rung for teamRing again.
	teamLongest = 30 * time.Second
	// keyWait is left behind an announcement for pressing the key that it names.
	keyWait = 3 * time.Second
	// ReasonTeam is why such a call was brought to a person.
	ReasonTeam = "campaign"
)

// detection is how the call finds out who answers.
func (p *Placement) detection() *answer.Config {
	if p.Team == nil {
		return p.Detect
	}
	cfg := answer.Config{}
	if p.Detect != nil {
		cfg = *p.Detect
	}
	cfg.Silence = teamSilence
	return &cfg
}

// awaited is what a call for a team knows of it.
type awaited struct {
	*Team
	optOut, greeting string
	about            string // of whom is called, for the agent

	seeking   bool // an agent is looked for
	connected bool
	abandoned bool
	over      time.Time // when the call ends; zero: not yet
	why       error     // of that
}

// team is what the call's party wants of one; nil for a call that the bot talks in.
func (c *Call) team() *awaited {
	o, ok := c.Party.(*outbound)
	if !ok || o.placement.Team == nil {
		return nil
	}
	p := o.placement
	return &awaited{Team: p.Team, optOut: p.OptOut, greeting: p.Greeting, about: p.about()}
}

// about tells an agent of whom he is joined with, by what the list says of him: his name,
// then the rest with what it is.
func (p *Placement) about() string {
	var parts []string
	if name := p.Fields["name"]; name != "" {
		parts = append(parts, name)
	}
	for _, field := range slices.Sorted(maps.Keys(p.Fields)) {
		if field != "name" {
			parts = append(parts, field+": "+p.Fields[field])
		}
	}
	return strings.Join(parts, "; ")
}

func (w *awaited) tell(s Stage) {
	if w.Tell != nil {
		w.Tell(s)
	}
}

// ready makes what will be said while it rings: behind the answer there is no time for it.
func (w *awaited) ready(ctx context.Context, line *Line) {
	for _, text := range []string{w.Abandoned, w.greeting} {
		if text != "" && line.Prepare != nil && ctx.Err() == nil {
			line.Prepare(ctx, line.utterance(text))
		}
	}
}

// forTeam does what follows from who answered a call for a team.
func (t *talk) forTeam(ctx context.Context, f finding) error {
	w := t.team
	if w.connected {
		return nil // he knows better whom he talks with
	}
	if f.Who != answer.Person && f.Who != answer.Silence {
		w.seeking = false
		if t.hand != nil {
			t.endHand(errHandoverOver)
		}
		t.cut()
		w.tell(StageMachine)
		if f.Who == answer.Voicemail && t.probe.message != "" && !f.expired {
			w.abandoned = false
			return t.leaveMessage(ctx, f)
		}
		return &notPersonError{f.Outcome}
	}
	if !t.greeting && f.clear {
		t.greeting, w.seeking = true, true
		t.seekAgent(ctx)
	}
	return nil
}

// leaveMessage speaks the message for a voicemail as soon as it listens.
func (t *talk) leaveMessage(ctx context.Context, f finding) error {
	t.greeting = false
	if f.clear && !t.leaving {
		t.leaving = true
		t.say(ctx, t.probe.message, dialog.Hangup{Reason: "voicemail"})
	}
	return nil
}

// seekAgent joins who has answered with an agent who is free, or tells him that none is:
// at once where the call is not wanted any more, and was answered all the same.
func (t *talk) seekAgent(ctx context.Context) {
	w := t.team
	if !w.seeking {
		return
	}
	p, found := t.call.Desk.Reserve(t.call.ID, w.Skill)
	if !found {
		if time.Since(t.began) >= seekFor || !t.parting.IsZero() {
			t.abandon(ctx)
		}
		return
	}
	w.seeking = false
	w.tell(StageOffered)
	t.record.Summary, t.record.TransferReason = w.about, ReasonTeam
	t.markNow(KindTransfer, map[string]any{"skill": w.Skill, "reason": ReasonTeam})
	t.scribe.update(t.record) // who is rung reads it before he answers
	t.hand = t.newHandover(dialog.Transfer{Skill: w.Skill, Reason: ReasonTeam})
	now := time.Now()
	t.hand.desk = &atOnce{Desk: t.call.Desk, call: t.call.ID, skill: w.Skill, first: p, until: now.Add(teamTries), longest: now.Add(teamLongest)}
	t.hand.wait.greeting = w.greeting
	if w.greeting != "" {
		start := t.ms(time.Now())
		t.turns++
		t.scribe.turn(TurnRecord{Index: t.turns, Speaker: "bot", Text: w.greeting, StartMS: start, EndMS: start + estimate(w.greeting).Milliseconds()})
		t.markNow(KindSayStart, map[string]any{"text": w.greeting})
	}
	t.hand.start(ctx)
}

// abandon tells who has answered that nobody is free for him.
func (t *talk) abandon(ctx context.Context) {
	w := t.team
	w.seeking, w.abandoned = false, true
	w.tell(StageAbandoned)
	t.markNow(KindAbandoned, map[string]any{"after_ms": t.ms(time.Now())})
	t.say(ctx, w.Abandoned)
}

// teamDone ends a call whose agent has left; where none came, who answered is told.
func (t *talk) teamDone(ctx context.Context) {
	w := t.team
	if w.connected {
		w.over, w.why = time.Now(), errAgentHungUp
		return
	}
	t.abandon(ctx)
}

// teamTick lets time take effect on a call for a team.
func (t *talk) teamTick(ctx context.Context, now time.Time) error {
	w := t.team
	if w == nil {
		return nil
	}
	t.seekAgent(ctx)
	if !w.over.IsZero() && now.After(w.over) {
		return w.why
	}
	return nil
}

// told waits behind an announcement for the key that it names; false for what the bot
// says in a conversation.
func (t *talk) told(done *turn) bool {
	w := t.team
	if w == nil || !w.abandoned || !done.system {
		return false
	}
	w.over, w.why = time.Now().Add(keyWait), ErrDone
	return true
}

// unasked takes what somebody says or keys who waits for an agent or is told that there
// is none: that he wants no more calls is obeyed, and nothing else is answered. false for
// who talks with the bot, or with an agent.
func (t *talk) unasked(ctx context.Context, in dialog.Turn) bool {
	w := t.team
	if w == nil || w.connected {
		return false
	}
	refuses := in.Kind == dialog.Pressed && w.optOut != "" && in.Keys == w.optOut
	if b, ok := t.bot.(dialog.Refuser); ok && in.Kind == dialog.Spoke {
		refuses = b.Refuses(in.Text)
	}
	if refuses {
		if t.hand != nil {
			t.endHand(errHandoverOver)
		}
		w.over, w.seeking = time.Time{}, false
		t.team = nil // the bot takes leave
		t.reply(ctx, in, t.lastEnd)
	}
	return true
}

// overheardByTeam takes what is heard of somebody who waits for an agent, or is told that
// there is none.
func (t *talk) overheardByTeam(ctx context.Context, r asr.Result) bool {
	if t.team == nil || t.team.connected {
		return false
	}
	if r.Kind == asr.Final && r.Text != "" {
		t.callerSaid(r)
		t.unasked(ctx, dialog.Turn{Kind: dialog.Spoke, Text: r.Text, Language: r.Language, Confidence: r.Confidence, At: time.Now()})
	}
	return true
}

// atOnce is a desk at which nobody waits: an agent is free, or there is none.
type atOnce struct {
	Desk
	call, skill    string
	first          Person    // who is reserved already
	until, longest time.Time // agents are rung
	answered       string    // who has, and was not joined yet
	left           []string  // who did not stay until he was
}

// Talking implements Desk.
func (d *atOnce) Talking(agent, call string) {
	d.answered = agent
	d.Desk.Talking(agent, call)
}

// Release implements Desk. Who waits on the line must not be the one to lose by an agent
// who picks up and goes before the greeting is over: the next one is looked for, however
// long it took.
func (d *atOnce) Release(agent, call string, r OfferResult) {
	d.Desk.Release(agent, call, r)
	if r != OfferRefused || agent != d.answered {
		return
	}
	d.answered, d.left = "", append(d.left, agent)
	if until := time.Now().Add(teamRing); until.After(d.until) {
		d.until = until
	}
	if d.until.After(d.longest) {
		d.until = d.longest
	}
}

// Enter implements Desk.
func (d *atOnce) Enter(context.Context, Waiting) (Place, error) { return d, nil }

// Next implements Place.
func (d *atOnce) Next(context.Context) (p Person, err error) {
	p, d.first = d.first, Person{}
	if p.Name == "" {
		var found bool
		if !time.Now().Before(d.until) {
			return p, ErrNobodyThere
		}
		if p, found = d.Reserve(d.call, d.skill); !found {
			return p, ErrNobodyThere
		}
		if slices.Contains(d.left, p.Name) { // he was free at once, and nobody else is
			d.Desk.Release(p.Name, d.call, OfferGone)
			return Person{}, ErrNobodyThere
		}
	}
	p.Target.Headers = answersItself()
	return p, nil
}

// answersItself asks an agent's telephone to answer without a key: somebody waits on the
// line, or the server sets the pace. Many follow the first, RFC 5373 says the second; who
// follows neither rings.
func answersItself() map[string]string {
	return map[string]string{"Call-Info": "<sip:hotline.invalid>;answer-after=0", "Answer-Mode": "Auto"}
}

// Ring implements Place.
func (d *atOnce) Ring() time.Duration { return max(time.Second, min(teamRing, time.Until(d.until))) }

// Announcement implements Place.
func (d *atOnce) Announcement() (string, time.Duration) { return "", time.Hour }

// Leave implements Place.
func (d *atOnce) Leave(LeaveReason) {}
