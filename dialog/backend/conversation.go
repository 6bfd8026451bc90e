package backend

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"hotline/dialog"
	"hotline/dialog/command"
	"hotline/dialog/moderation"
)

// conversation is one call. Only Reply touches what is below own.
type conversation struct {
	e     *Engine
	facts dialog.Facts
	own   dialog.Conversation

	// ownTurns is for how many more turns the own engine goes on: it has asked the
	// caller something.
	ownTurns int
	choices  []Choice // that the brain offered last
	said     []string // what it said last
	heard    []string // the caller's last sentences, for who takes over
}

var (
	_ dialog.Engine       = (*Engine)(nil)
	_ dialog.Conversation = (*conversation)(nil)
	_ dialog.Listener     = (*conversation)(nil)
	_ dialog.Assenter     = (*conversation)(nil)
)

const (
	ownLimit   = 6 // turns that the own engine's questions may take
	keptTurns  = 2
	keptLength = 80
	maxSay     = 8   // sentences groups of a reply
	maxSpoken  = 400 // characters of each
	maxChoices = 3   // VOICE.md: never a list of more
)

// errTimeout is the cause where the brain took too long.
var errTimeout = errors.New("the dialogue system did not answer in time")

// Reply implements dialog.Conversation.
func (c *conversation) Reply(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	switch t.Kind {
	case dialog.Opened:
		if c.e.c.Welcome && c.facts.Greeting == "" {
			return c.welcome(ctx, t, do)
		}
		return c.own.Reply(ctx, t, do)
	case dialog.Spoke:
		return c.spoke(ctx, t, do)
	case dialog.Pressed:
		return c.pressed(ctx, t, do)
	case dialog.Silent, dialog.Unheard:
		return c.own.Reply(ctx, t, do)
	case dialog.Returned:
		if t.Result == dialog.TransferDone || t.Result == dialog.MessageTaken {
			c.ownTurns = 0
			return c.own.Reply(ctx, t, do)
		}
		c.ownTurns = ownLimit
		return c.byOwn(ctx, t, do)
	}
	return c.own.Reply(ctx, t, do)
}

// byOwn lets the own engine answer and notes whether it goes on.
func (c *conversation) byOwn(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	if c.ownTurns > 0 {
		c.ownTurns--
	}
	return c.own.Reply(ctx, t, func(a dialog.Act) error {
		switch a := a.(type) {
		case dialog.Callback, dialog.Message, dialog.Hangup, dialog.Transfer:
			c.ownTurns = 0
		case dialog.Note:
			if a.Source == "knowledge" || a.Source == "flow" {
				c.ownTurns = 0
			}
		}
		return do(a)
	})
}

func (c *conversation) spoke(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	c.remember(t.Text)
	cmd := c.e.command.Recognize(t.Text)
	if c.ownTurns > 0 {
		if cmd.Kind == command.No || cmd.Kind == command.Neither || cmd.Kind == command.Done || cmd.Kind == command.Thanks {
			c.ownTurns = 1
		}
		return c.byOwn(ctx, t, do)
	}
	if c.e.c.Moderation != nil {
		if policy, _ := c.e.c.Moderation.Caller(t.Text); policy != moderation.Pass && policy != moderation.Calm {
			return c.own.Reply(ctx, t, do) // care, a warning or a goodbye
		}
	}
	switch cmd.Kind {
	case command.Person, command.Goodbye, command.Wait:
		return c.byOwn(ctx, t, do)
	case command.Callback, command.Message:
		c.ownTurns = ownLimit
		return c.byOwn(ctx, t, do)
	case command.Repeat, command.Slower, command.Louder:
		if len(c.said) > 0 {
			return c.again(ctx, cmd.Kind, do)
		}
		return c.own.Reply(ctx, t, do)
	default:
	}
	q := c.turn(t)
	q.Text = t.Text
	if choice, ok := c.chosen(t.Text, cmd.Kind); ok {
		q.Text, q.Payload = choice.Title, choice.Payload
	}
	return c.ask(ctx, q, do)
}

func (c *conversation) pressed(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	keys := strings.Trim(t.Keys, "#")
	if c.ownTurns > 0 || keys == "" || keys == "0" || keys == "*" && len(c.said) == 0 {
		return c.byOwn(ctx, t, do)
	}
	if keys == "*" {
		return c.again(ctx, command.Repeat, do)
	}
	q := c.turn(t)
	if n := int(keys[0] - '1'); len(keys) == 1 && n >= 0 && n < len(c.choices) {
		q.Text, q.Payload = c.choices[n].Title, c.choices[n].Payload
	} else {
		q.Keys = keys
	}
	return c.ask(ctx, q, do)
}

// turn is what all turns tell the brain.
func (c *conversation) turn(t dialog.Turn) Turn {
	return Turn{
		Session: c.facts.CallID, Caller: c.facts.Caller, Line: c.facts.Line,
		Language: c.e.c.Language, Interrupted: t.Interrupted != nil,
	}
}

func (c *conversation) remember(text string) {
	if r := []rune(text); len(r) > keptLength {
		text = string(r[:keptLength])
	}
	c.heard = append(c.heard, text)
	c.heard = c.heard[max(0, len(c.heard)-keptTurns):]
}

// again repeats what was said last.
func (c *conversation) again(ctx context.Context, kind command.Kind, do func(dialog.Act) error) error {
	if err := do(dialog.Note{Intent: string(kind), Confidence: 1, Source: "command"}); err != nil {
		return err
	}
	for _, text := range c.said {
		if err := do(dialog.Say{Text: text, Slower: kind == command.Slower}); err != nil {
			return err
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
	}
	return nil
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
		return c.carryOut(ctx, reply, 0, do)
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

// ask has the brain answer, and a person where it cannot.
func (c *conversation) ask(ctx context.Context, q Turn, do func(dialog.Act) error) error {
	start := time.Now()
	reply, err := c.wait(ctx, q, do)
	if err == nil {
		return c.carryOut(ctx, reply, time.Since(start), do)
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var told toldError
	if errors.As(err, &told) {
		return told.error
	}
	c.e.c.Log.Warn("the dialogue system is lost; a person takes over", "brain", c.e.c.Name, "line", c.facts.Line, "error", err)
	c.choices = nil
	if err := do(dialog.Note{Intent: "lost", Source: "fallback", Think: time.Since(start)}); err != nil {
		return err
	}
	if err := c.say(ctx, do, c.e.c.Words.Lost); err != nil {
		return err
	}
	return c.person(ctx, "", "not_understood", c.e.c.Words.Lost != "", do)
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
func (c *conversation) carryOut(ctx context.Context, r Reply, think time.Duration, do func(dialog.Act) error) error {
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
	source := c.e.c.Name
	if r.Unknown {
		source = "fallback"
	}
	note := dialog.Note{Intent: r.Intent, Confidence: r.Confidence, Source: source, Slots: r.Slots, Resolved: r.Done, Think: think}
	if err := do(note); err != nil {
		return err
	}
	if len(texts) == 0 && !r.Transfer && !r.Hangup { // it has nothing to say
		return c.own.Reply(ctx, dialog.Turn{Kind: dialog.Unheard, Confidence: 1}, do)
	}
	for _, text := range texts {
		if err := c.say(ctx, do, text); err != nil {
			return err
		}
	}
	if len(texts) > 0 {
		c.said = texts
	}
	switch {
	case r.Transfer:
		return c.person(ctx, r.Skill, "rule", len(texts) > 0, do)
	case r.Hangup:
		return do(dialog.Hangup{Reason: "goodbye"})
	}
	return nil
}

// say speaks text unless it must not be said.
func (c *conversation) say(ctx context.Context, do func(dialog.Act) error, text string) error {
	if text == "" {
		return nil
	}
	var blocked moderation.Hit
	guarded := c.e.c.Moderation.Guard(do, func() string { return c.e.c.Words.Safe }, func(_ string, h moderation.Hit) { blocked = h })
	err := guarded(dialog.Say{Text: text})
	if err == nil && blocked.Category != "" {
		err = do(dialog.Alert{Kind: "blocked", Text: string(blocked.Category), Score: 1})
	}
	if err != nil {
		return err
	}
	return context.Cause(ctx)
}

// person has the own engine bring the caller to a person: it knows the hours and what
// to offer out of them. Where something was said already, it does so without a word.
func (c *conversation) person(ctx context.Context, skill, reason string, spoken bool, do func(dialog.Act) error) error {
	if skill != "" && !slices.Contains(c.e.c.Skills, skill) {
		c.e.c.Log.Warn("the dialogue system names a skill that the business has not", "brain", c.e.c.Name, "line", c.facts.Line, "skill", skill)
		skill = ""
	}
	var acts []dialog.Act
	text := "转人工"
	if c.e.c.Language == "en" {
		text = "I want to talk to a person"
	}
	err := c.own.Reply(ctx, dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 1}, func(a dialog.Act) error {
		acts = append(acts, a)
		return nil
	})
	if err != nil {
		return err
	}
	leaves := slices.ContainsFunc(acts, func(a dialog.Act) bool { _, ok := a.(dialog.Transfer); return ok })
	if !leaves {
		c.ownTurns = ownLimit // out of hours: it asks whether to ring back
	}
	for _, a := range acts {
		switch x := a.(type) {
		case dialog.Note:
			continue
		case dialog.Say:
			if leaves && spoken {
				continue
			}
		case dialog.Transfer:
			x.Reason = reason
			if skill != "" {
				x.Skill = skill
			}
			if len(c.heard) > 0 {
				x.Summary = strings.Join(c.heard, " / ")
			}
			a = x
		}
		if err := do(a); err != nil {
			return err
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Patience implements dialog.Listener.
func (c *conversation) Patience(text string, confidence float64) time.Duration {
	if l, ok := c.own.(dialog.Listener); ok {
		return l.Patience(text, confidence)
	}
	return 600 * time.Millisecond
}

// Suggest implements dialog.Listener.
func (c *conversation) Suggest(text string, n int) []string {
	if l, ok := c.own.(dialog.Listener); ok {
		return l.Suggest(text, n)
	}
	return nil
}

// Vocabulary implements dialog.Listener.
func (c *conversation) Vocabulary() []string {
	if l, ok := c.own.(dialog.Listener); ok {
		return l.Vocabulary()
	}
	return nil
}

// Preview implements dialog.Listener: what the brain will say is not known before it
// is asked, and to be asked has effects.
func (c *conversation) Preview(string) string { return "" }

// Assent implements dialog.Assenter.
func (c *conversation) Assent(text string) bool {
	a, ok := c.own.(dialog.Assenter)
	return ok && a.Assent(text)
}
