package backend

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"hotline/dialog"
	"hotline/dialog/command"
	"hotline/dialog/moderation"
	"hotline/dialog/private"
)

// conversation is one call. Only Reply touches what is below own, asks apart.
type conversation struct {
	e     *Engine
	facts dialog.Facts
	own   Own

	choices []Choice // that the brain offered last
	offered bool     // a person was offered, because the caller is upset
	keypad  bool     // the keypad menu was offered, because the brain is lost
	losses  int      // replies that did not come, one after another
	misses  int      // turns that the brain did not understand, one after another
	alerted bool     // a supervisor was told of the mood

	asks atomic.Bool // the last reply ends in a question
}

var (
	_ dialog.Engine       = (*Engine)(nil)
	_ dialog.Conversation = (*conversation)(nil)
	_ dialog.Listener     = (*conversation)(nil)
	_ dialog.Assenter     = (*conversation)(nil)
)

const (
	maxSay     = 8   // groups of sentences of a reply
	maxSpoken  = 400 // characters of each
	maxChoices = 3   // VOICE.md: never a list of more
	maxMisses  = 3   // then a person
)

// errTimeout is the cause where the brain took too long.
var errTimeout = errors.New("the dialogue system did not answer in time")

// Reply implements dialog.Conversation.
func (c *conversation) Reply(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	switch {
	case t.Kind == dialog.Opened && c.e.c.Welcome && c.facts.Greeting == "":
		return c.welcome(ctx, t, do)
	case t.Kind == dialog.Spoke:
		return c.spoke(ctx, t, do)
	case t.Kind == dialog.Pressed:
		return c.pressed(ctx, t, do)
	}
	return c.byOwn(ctx, t, do)
}

// byOwn lets the line's own engine answer.
func (c *conversation) byOwn(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	if t.Kind == dialog.Spoke || t.Kind == dialog.Pressed {
		c.offered, c.keypad = false, false
	}
	return c.own.Reply(ctx, t, func(a dialog.Act) error {
		if s, ok := a.(dialog.Say); ok && !s.Filler {
			c.asks.Store(false) // of its own questions it knows itself
			c.keypad = c.keypad || c.e.c.Words.Menu != "" && strings.Contains(s.Text, c.e.c.Words.Menu)
		}
		return c.once(a, do)
	})
}

// once does a unless it is a second alert of the caller's mood.
func (c *conversation) once(a dialog.Act, do func(dialog.Act) error) error {
	if x, ok := a.(dialog.Alert); ok && x.Kind == "complaint_risk" {
		if c.alerted {
			return nil
		}
		c.alerted = true
	}
	return do(a)
}

func (c *conversation) spoke(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	cmd := c.e.command.Recognize(t.Text)
	if strings.TrimSpace(t.Text) == "" || c.own.Waits(t) || c.own.Spent() {
		return c.byOwn(ctx, t, do)
	}
	if c.e.c.Moderation != nil {
		if policy, _ := c.e.c.Moderation.Caller(t.Text); policy != moderation.Pass && policy != moderation.Calm {
			return c.byOwn(ctx, t, do) // care, a warning or a goodbye
		}
	}
	switch cmd.Kind {
	case command.Person, command.Goodbye, command.Wait, command.Hold, command.Callback, command.Message,
		command.Repeat, command.Slower, command.Louder:
		return c.byOwn(ctx, t, do)
	case command.GoOn, command.Backchannel:
		if t.Interrupted != nil && strings.TrimSpace(t.Interrupted.Unheard) != "" {
			return c.byOwn(ctx, t, do) // on with what was not heard
		}
		if c.offered {
			return c.upset(ctx, t, dialog.Note{}, do)
		}
	case command.Yes:
		if c.offered {
			return c.upset(ctx, t, dialog.Note{}, do)
		}
	case command.No, command.Neither:
		if c.offered {
			return c.declined(ctx, t, do)
		}
	default:
	}
	c.offered = false
	q := c.turn(t)
	q.Text = private.MaskBut(t.Text, c.e.c.Send...)
	if choice, ok := c.chosen(t.Text, cmd.Kind); ok {
		q.Text, q.Payload = choice.Title, choice.Payload
	}
	return c.ask(ctx, t, q, do)
}

func (c *conversation) pressed(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	keys := strings.Trim(t.Keys, "#")
	if keys == "" || keys == "0" || keys == "*" || c.keypad || c.own.Waits(t) || c.own.Spent() {
		return c.byOwn(ctx, t, do)
	}
	c.offered = false
	q := c.turn(t)
	if n := int(keys[0] - '1'); len(keys) == 1 && n >= 0 && n < len(c.choices) {
		q.Text, q.Payload = c.choices[n].Title, c.choices[n].Payload
	} else {
		q.Keys = private.MaskBut(keys, c.e.c.Send...)
	}
	return c.ask(ctx, t, q, do)
}

// turn is what all turns tell the brain.
func (c *conversation) turn(t dialog.Turn) Turn {
	return Turn{
		Session: c.facts.CallID, Caller: c.caller(), Line: c.facts.Line,
		Language: c.e.c.Language, Interrupted: t.Interrupted != nil,
	}
}

// caller is the number that rings as the brain may know it.
func (c *conversation) caller() string {
	const keep = 4
	number := c.facts.Caller
	if slices.Contains(c.e.c.Send, private.Phone) || len(strings.Trim(number, "+0123456789")) > 0 || len(number) <= keep+2 {
		return number // no telephone number, or one that it may know
	}
	return "****" + number[len(number)-keep:]
}

// welcome says what must be heard in the own engine's words and has the brain greet.
func (c *conversation) welcome(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	var greeting []dialog.Act
	err := c.own.Reply(ctx, t, func(a dialog.Act) error {
		if s, ok := a.(dialog.Say); ok && !s.MustHear {
			greeting = append(greeting, a)
			return nil
		}
		return do(a)
	})
	if err != nil {
		return err
	}
	q := c.turn(t)
	q.Welcome = true
	reply, err := c.wait(ctx, q, do)
	var told toldError
	switch {
	case errors.As(err, &told):
		return told.error
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case err == nil && len(c.spoken(reply)) > 0:
		return c.carryOut(ctx, t, reply, mood{}, do)
	case err != nil:
		c.e.c.Log.Warn("the dialogue system did not greet", "brain", c.e.c.Name, "line", c.facts.Line, "error", err)
	}
	for _, a := range greeting { // the line's own will do
		if err := do(a); err != nil {
			return err
		}
	}
	return nil
}

// mood is how the caller of a turn feels, and when that turn began.
type mood struct {
	note  dialog.Note
	upset int
	start time.Time
}

// on puts the mood into n.
func (m mood) on(n dialog.Note) dialog.Note {
	n.Emotion, n.EmotionScore, n.EmotionWhy, n.ComplaintRisk = m.note.Emotion, m.note.EmotionScore, m.note.EmotionWhy, m.note.ComplaintRisk
	if !m.start.IsZero() {
		n.Think = time.Since(m.start)
	}
	return n
}

// ask has the brain answer, and where it cannot, the line.
func (c *conversation) ask(ctx context.Context, t dialog.Turn, q Turn, do func(dialog.Act) error) error {
	m := mood{start: time.Now()}
	c.keypad = false
	if t.Kind == dialog.Spoke {
		var acts []dialog.Act
		m.note, acts, m.upset = c.own.Feel(t)
		if m.upset > 1 {
			return c.upset(ctx, t, m.note, do)
		}
		q.Emotion = m.note.Emotion
		for _, a := range acts {
			if err := c.once(a, do); err != nil {
				return err
			}
		}
	}
	reply, err := c.wait(ctx, q, do)
	var told toldError
	switch {
	case errors.As(err, &told):
		return told.error
	case context.Cause(ctx) != nil:
		c.own.Answered(t, "", false)
		return context.Cause(ctx)
	case err != nil:
		c.e.c.Log.Warn("the dialogue system is lost; the line goes on without it", "brain", c.e.c.Name, "line", c.facts.Line, "error", err)
		return c.lost(ctx, t, m, do)
	}
	c.losses = 0
	if len(c.spoken(reply)) == 0 && len(reply.Choices) == 0 && !reply.Transfer && !reply.Hangup {
		reply.Unknown = true // it has nothing to say
	}
	if reply.Unknown && !reply.Transfer && !reply.Hangup {
		return c.unknown(ctx, t, reply, m, do)
	}
	c.misses = 0
	return c.carryOut(ctx, t, reply, m, do)
}

// toldError is an error of do.
type toldError struct{ error }

// wait asks the brain, with a word to the caller where it takes long.
func (c *conversation) wait(ctx context.Context, q Turn, do func(dialog.Act) error) (Reply, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.e.c.Timeout, errTimeout)
	defer cancel()
	type outcome struct {
		reply Reply
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil { // it ends its own turn only
				c.e.c.Log.Error("the dialogue system's client failed", "brain", c.e.c.Name, "panic", p)
				done <- outcome{err: errors.New("the dialogue system's client failed")}
			}
		}()
		r, err := c.e.c.Brain.Ask(ctx, q)
		done <- outcome{r, err}
	}()
	comfort := time.NewTimer(c.e.c.Comfort)
	defer comfort.Stop()
	select {
	case o := <-done:
		return o.reply, o.err
	case <-comfort.C:
	}
	if text := c.e.c.Words.Wait; text != "" {
		if err := do(dialog.Say{Text: text, Filler: true}); err != nil {
			cancel()
			<-done
			return Reply{}, toldError{err}
		}
	}
	o := <-done
	return o.reply, o.err
}

// spoken is what the brain wants to say, fit for the ear.
func (c *conversation) spoken(r Reply) []string {
	var out []string
	for _, text := range r.Say {
		if text = Shorten(Plain(text), maxSpoken); text != "" && len(out) < maxSay {
			out = append(out, text)
		}
	}
	return out
}

// carryOut does what the brain wants.
func (c *conversation) carryOut(ctx context.Context, t dialog.Turn, r Reply, m mood, do func(dialog.Act) error) error {
	texts := c.spoken(r)
	c.choices = nil
	for _, choice := range r.Choices {
		choice.Title = Shorten(Plain(choice.Title), maxSpoken/10)
		if choice.Title == "" || len(c.choices) == maxChoices {
			continue
		}
		if choice.Payload == "" {
			choice.Payload = choice.Title
		}
		c.choices = append(c.choices, choice)
	}
	if offer := c.offer(texts); offer != "" {
		texts = append(texts, offer)
	}
	texts, blocked := c.checked(texts)
	c.asks.Store(len(c.choices) > 0 || len(texts) > 0 && question(texts[len(texts)-1]))
	c.own.Answered(t, strings.Join(texts, " "), r.Done)
	source := c.e.c.Name
	if r.Unknown {
		source = "fallback"
	}
	note := m.on(dialog.Note{Intent: r.Intent, Confidence: r.Confidence, Source: source, Slots: r.Slots, Resolved: r.Done})
	if err := do(note); err != nil {
		return err
	}
	if blocked.Category != "" {
		if err := do(dialog.Alert{Kind: "blocked", Text: string(blocked.Category), Score: 1}); err != nil {
			return err
		}
	}
	if m.upset > 0 && !r.Transfer && !r.Hangup && len(texts) > 0 {
		if err := say(ctx, do, c.e.c.Words.Sorry); err != nil {
			return err
		}
	}
	for _, text := range texts {
		if err := say(ctx, do, text); err != nil {
			return err
		}
	}
	switch {
	case r.Transfer:
		return c.person(ctx, r.Skill, "rule", len(texts) > 0, do)
	case r.Hangup:
		return do(dialog.Hangup{Reason: "goodbye"})
	}
	return nil
}

// checked is what of texts may be said. What must not be is not said in parts either.
func (c *conversation) checked(texts []string) ([]string, moderation.Hit) {
	m := c.e.c.Moderation
	if m == nil {
		return texts, moderation.Hit{}
	}
	var found moderation.Hit
	out := make([]string, 0, len(texts))
	for _, text := range texts {
		if h, bad := m.Blocked(text); bad {
			if found.Category == "" && c.e.c.Words.Safe != "" {
				out = append(out, c.e.c.Words.Safe)
			}
			found = h
			continue
		}
		out = append(out, text)
	}
	if found.Category != "" || len(texts) < 2 {
		return out, found
	}
	if h, bad := m.Blocked(strings.Join(texts, "")); bad {
		return []string{c.e.c.Words.Safe}, h
	}
	return out, found
}

// say speaks text, which was checked.
func say(ctx context.Context, do func(dialog.Act) error, text string) error {
	if text == "" {
		return nil
	}
	if err := do(dialog.Say{Text: text}); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// person has the own engine bring the caller to a person: it knows the hours and what
// to offer out of them.
func (c *conversation) person(ctx context.Context, skill, reason string, spoken bool, do func(dialog.Act) error) error {
	if skill != "" && !slices.Contains(c.e.c.Skills, skill) {
		c.e.c.Log.Warn("the dialogue system names a skill that the business has not", "brain", c.e.c.Name, "line", c.facts.Line, "skill", skill)
		skill = ""
	}
	c.offered, c.keypad = false, false
	return c.own.Bring(ctx, skill, reason, spoken, func(a dialog.Act) error {
		if _, ok := a.(dialog.Note); ok { // the turn has one
			return nil
		}
		return do(a)
	})
}

// Patience implements dialog.Listener.
func (c *conversation) Patience(text string, confidence float64) time.Duration {
	return c.own.Patience(text, confidence)
}

// Suggest implements dialog.Listener.
func (c *conversation) Suggest(text string, n int) []string { return c.own.Suggest(text, n) }

// Vocabulary implements dialog.Listener.
func (c *conversation) Vocabulary() []string { return c.own.Vocabulary() }

// Preview implements dialog.Listener: what the brain will say is not known before it
// is asked, and to be asked has effects.
func (c *conversation) Preview(string) string { return "" }

// Assent implements dialog.Assenter: a yes to the brain's question is a turn.
func (c *conversation) Assent(text string) bool {
	return c.own.Assent(text) && (!c.asks.Load() || c.e.command.Recognize(text).Kind != command.Yes)
}
