package backend

import (
	"context"

	"hotline/dialog"
)

// upset brings a caller to a person who is upset for the second time, or took the
// offer.
func (c *conversation) upset(ctx context.Context, t dialog.Turn, note dialog.Note, do func(dialog.Act) error) error {
	c.offered, c.choices = false, nil
	c.own.Answered(t, "", false)
	note.Intent, note.Source, note.Confidence = "upset", "command", 1
	if err := do(note); err != nil {
		return err
	}
	return c.person(ctx, "", "upset", false, do)
}

// declined goes on behind a no to the offer of a person.
func (c *conversation) declined(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	c.offered = false
	ready := c.e.c.Words.Ready
	c.own.Answered(t, ready, false)
	if err := do(dialog.Note{Intent: "no", Confidence: 1, Source: "command"}); err != nil {
		return err
	}
	return say(ctx, do, ready)
}

// lost goes on without the brain: what the line knows itself, the keypad, a person.
func (c *conversation) lost(ctx context.Context, t dialog.Turn, m mood, do func(dialog.Act) error) error {
	c.choices = nil
	c.losses++
	if t.Kind == dialog.Spoke {
		if n := c.own.Would(ctx, t); n.Source != "fallback" && n.Source != "" {
			return c.byOwn(ctx, t, do)
		}
	}
	words := c.e.c.Words
	menu := c.offerKeys()
	keypad := menu != "" && c.losses == 1 && m.upset == 0
	text := words.Lost
	if keypad {
		text = join(text, menu)
	}
	c.own.Answered(t, text, false)
	if err := do(m.on(dialog.Note{Intent: "lost", Source: "fallback"})); err != nil {
		return err
	}
	if err := say(ctx, do, text); err != nil {
		return err
	}
	if keypad {
		c.keypad = true
		return nil
	}
	reason := "not_understood"
	if m.upset > 0 {
		reason = "upset"
	}
	return c.person(ctx, "", reason, text != "", do)
}

// unknown is for what the brain did not understand.
func (c *conversation) unknown(ctx context.Context, t dialog.Turn, r Reply, m mood, do func(dialog.Act) error) error {
	if t.Kind == dialog.Spoke {
		n := c.own.Would(ctx, t)
		if n.Source == "flow" || n.Source == "knowledge" && n.Resolved || n.Intent == "sensitive" {
			c.misses, c.choices = 0, nil
			return c.byOwn(ctx, t, do)
		}
		if len(c.spoken(r)) == 0 && m.upset == 0 && c.misses+1 < maxMisses { // it has no words for it: the line has
			c.misses++
			return c.byOwn(ctx, dialog.Turn{Kind: dialog.Unheard, Confidence: t.Confidence}, do)
		}
	}
	c.misses++
	words := c.e.c.Words
	switch {
	case m.upset > 0 && words.Offer != "":
		c.choices = nil
		c.own.Answered(t, words.Offer, false)
		if err := do(m.on(dialog.Note{Intent: "upset", Confidence: 1, Source: "command"})); err != nil {
			return err
		}
		c.offered = true
		return say(ctx, do, words.Offer)
	case c.misses >= maxMisses:
		c.choices = nil
		c.own.Answered(t, "", false)
		if err := do(m.on(dialog.Note{Intent: r.Intent, Confidence: r.Confidence, Source: "fallback"})); err != nil {
			return err
		}
		return c.person(ctx, "", "not_understood", false, do)
	case len(c.spoken(r)) == 0:
		return c.byOwn(ctx, t, do)
	}
	if menu := c.offerKeys(); menu != "" && c.misses == maxMisses-1 && len(r.Choices) == 0 {
		r.Say, c.keypad = []string{c.spoken(r)[0], menu}, true
	}
	return c.carryOut(ctx, t, r, m, do)
}
