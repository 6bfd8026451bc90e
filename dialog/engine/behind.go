package engine

import (
	"context"
	"strings"

	"hotline/dialog"
	"hotline/dialog/command"
	"hotline/dialog/moderation"
)

// This file is for a conversation that stands behind another dialogue system: that
// one answers the caller, this one keeps count of him, bears what is no speech, and
// takes over (see dialog/backend).

// Waits says whether t is for this conversation: it answers a question that it put,
// or asks by their name for people that it knows.
func (c *Conversation) Waits(t dialog.Turn) bool {
	c.mu.Lock()
	st := c.st
	c.mu.Unlock()
	if st.promised != "" || st.ended || t.Kind == dialog.Spoke && c.e.byTitle(t.Text) != "" {
		return true
	}
	switch st.pending {
	case nothing:
		return st.flow.Running()
	case confirm, offer, anyElse, followUp, offerTask: // what is no yes or no is a new matter
		return t.Kind != dialog.Spoke || c.e.command.Recognize(t.Text).Kind != command.None
	default:
		return true
	}
}

// Would is the Note that Reply would give t: what it would know about it. Nothing is
// done or remembered.
func (c *Conversation) Would(ctx context.Context, t dialog.Turn) dialog.Note {
	c.mu.Lock()
	st := c.st
	c.mu.Unlock()
	return c.plan(ctx, st, t).note
}

// Feel is how the caller of t feels, in note; which makes it upset times that he was
// upset, 0 where he is not now. acts are to be done: a supervisor is alerted. Nothing
// of it is remembered before Answered.
func (c *Conversation) Feel(t dialog.Turn) (note dialog.Note, acts []dialog.Act, upset int) {
	c.mu.Lock()
	p := &plan{c: c, st: c.st}
	c.mu.Unlock()
	if p.feel(t) {
		upset = p.st.upset
	}
	return p.note, p.acts, upset
}

// Answered tells that said was the reply to t, made elsewhere; resolved that it did
// what the caller wanted.
func (c *Conversation) Answered(t dialog.Turn, said string, resolved bool) {
	c.mu.Lock()
	p := &plan{c: c, st: c.st}
	c.mu.Unlock()
	st := &p.st
	st.turns++
	if text := strings.TrimSpace(t.Text); t.Kind == dialog.Spoke && text != "" {
		p.feel(t)
		if c.e.command.Recognize(text).Kind == command.None {
			st.note(shorten(text, c.e.zh), resolved)
		}
		c.heard(Line{Caller: true, Text: text})
	}
	st.silent, st.unheard, st.unknown, st.trouble, st.repeats, st.choices = 0, 0, 0, 0, 0, 0
	st.ask(nothing)
	st.rest, st.runnerUp, st.last, st.waiting, st.elseAsked, st.promised = "", "", "", false, false, ""
	if said != "" {
		st.said, st.saidLast = said, said
		c.heard(Line{Text: said})
	}
	c.commit(*st)
}

// Spent says whether the call has had as many turns as it may: Reply ends it.
func (c *Conversation) Spent() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.st.turns >= c.e.c.Limits.Turns
}

// Bring hands the caller over to a person with skill ("" is whose it is), or offers
// what there is without people. quiet says nothing of a hand-over that was spoken of.
func (c *Conversation) Bring(ctx context.Context, skill, reason string, quiet bool, do func(dialog.Act) error) error {
	do = c.e.c.Words.Guard(do, c.safe, func(string, moderation.Hit) {})
	c.mu.Lock()
	p := &plan{c: c, st: c.st}
	c.mu.Unlock()
	p.intent("person", "command")
	if skill != "" {
		p.st.skill = skill
	}
	k := KeyTransferLost
	switch reason {
	case "upset":
		k = KeyTransferSorry
	case "asked", "key":
		k = KeyTransfer
	}
	p.transfer(reason, k)
	if quiet && p.st.promised != "" {
		acts := p.acts
		p.acts = nil
		for _, a := range acts {
			if _, said := a.(dialog.Say); !said {
				p.act(a)
			}
		}
	}
	c.commit(p.st)
	return c.carryOut(ctx, p, do)
}

// Menu is the keypad menu as it is spoken, "" where the line has none.
func (e *Engine) Menu() string {
	if len(e.c.Menu) == 0 {
		return ""
	}
	return e.menu
}
