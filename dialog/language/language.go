// Package language lets a call go on in the language that its caller speaks.
//
// # Concepts
//
// An [Engine] stands before the engine of a line's own language and those of others, each
// a [Tongue]. A conversation begins in the line's own. When the caller speaks another one,
// or asks for it, the conversation of that one begins and answers; it keeps its state when
// he goes back. Which language he speaks is told by his words, and by the recogniser
// where that listens for several (see [dialog.Polyglot]).
//
// # Concurrency
//
// As [dialog.Conversation] and [dialog.Listener] say.
package language

import (
	"context"
	"slices"
	"sync"
	"time"

	"hotline/dialog"
)

// A Tongue is a language that a line can talk in. Its engine's conversations should be
// dialog.Listeners.
type Tongue struct {
	Language string // "zh", "en"
	Engine   dialog.Engine
	// People says whether any of those with the skill speak it; nil is that they do.
	// Where none does, callers go to those who speak the line's own.
	People func(skill string) bool
}

// Engine is a dialog.Engine of several languages.
type Engine struct {
	own    Tongue
	others func() []Tongue
}

// New returns the engine of a line whose language is own's. others are the languages
// that a call that begins now may go on in; one that is own's counts for nothing.
func New(own Tongue, others func() []Tongue) *Engine { return &Engine{own, others} }

// Own is the line's own language.
func (e *Engine) Own() Tongue { return e.own }

// Begin implements dialog.Engine.
func (e *Engine) Begin(ctx context.Context, facts dialog.Facts) (dialog.Conversation, error) {
	conv, err := e.own.Engine.Begin(ctx, facts)
	if err != nil {
		return nil, err
	}
	others := slices.DeleteFunc(slices.Clone(e.others()), func(t Tongue) bool { return t.Language == e.own.Language })
	if _, ok := conv.(dialog.Listener); !ok || len(others) == 0 {
		return conv, nil
	}
	c := &conversation{facts: facts, talks: []talk{{Tongue: e.own, conv: conv}}}
	for _, t := range others {
		c.talks = append(c.talks, talk{Tongue: t})
	}
	return c, nil
}

// talk is the conversation in one language; conv is nil until it begins.
type talk struct {
	Tongue
	conv dialog.Conversation
}

// conversation is one call.
type conversation struct {
	facts dialog.Facts

	mu     sync.Mutex
	talks  []talk // guarded by mu: the line's own first
	now    int    // guarded by mu: the one that goes on
	tasked bool   // guarded by mu: an agent waits for a task to be over
}

var (
	_ dialog.Listener = (*conversation)(nil)
	_ dialog.Expecter = (*conversation)(nil)
	_ dialog.Assenter = (*conversation)(nil)
	_ dialog.Refuser  = (*conversation)(nil)
	_ dialog.Polyglot = (*conversation)(nil)
)

// Reply implements dialog.Conversation.
func (c *conversation) Reply(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	switch t.Kind {
	case dialog.Tasked: // a task of the line's own, begun by its name
		c.mu.Lock()
		c.now, c.tasked = 0, true
		c.mu.Unlock()
	case dialog.Spoke:
		if to, wish := c.changes(t); to >= 0 {
			if _, err := c.begun(ctx, to); err != nil {
				return err
			}
			c.mu.Lock()
			c.now = to
			c.mu.Unlock()
			// What was said before was said in words that this conversation does not know.
			t.Interrupted, t.Alternatives = nil, nil
			if wish {
				t.Kind, t.Text = dialog.Changed, ""
			}
		}
	default:
	}
	c.mu.Lock()
	now, own := c.talks[c.now], c.now == 0
	c.mu.Unlock()
	return now.conv.Reply(ctx, t, func(a dialog.Act) error {
		switch x := a.(type) {
		case dialog.Note:
			if x.TaskOver {
				c.mu.Lock()
				c.tasked = false
				c.mu.Unlock()
			}
			if !own {
				x.Language = now.Language
			}
			a = x
		case dialog.Transfer:
			if !own && (now.People == nil || now.People(x.Skill)) {
				x.Language = now.Language
			}
			a = x
		}
		return do(a)
	})
}

// changes is the language that t asks for or is said in, where that is not the one that
// is spoken; -1 is none. wish: nothing else is asked for.
func (c *conversation) changes(t dialog.Turn) (to int, wish bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tasked {
		return -1, false
	}
	is := func(language string) int {
		if language == "" || language == c.talks[c.now].Language {
			return -1
		}
		return slices.IndexFunc(c.talks, func(x talk) bool { return x.Language == language })
	}
	if language := Wished(t.Text); language != "" {
		return is(language), true
	}
	language := Of(t.Text)
	if language == "" && heardAs(t.Text, t.Language) {
		language = t.Language
	}
	return is(language), false
}

// begun is the conversation in the i-th language, which begins where it has not yet.
func (c *conversation) begun(ctx context.Context, i int) (dialog.Conversation, error) {
	c.mu.Lock()
	t := c.talks[i]
	c.mu.Unlock()
	if t.conv != nil {
		return t.conv, nil
	}
	facts := c.facts
	facts.Language = t.Language
	conv, err := t.Engine.Begin(ctx, facts)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.talks[i].conv == nil { // else the recogniser was helped meanwhile
		c.talks[i].conv = conv
	}
	return c.talks[i].conv, nil
}

// spoken is the conversation that goes on.
func (c *conversation) spoken() dialog.Conversation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.talks[c.now].conv
}

// in is the conversation that text, which is being said, will belong to; nil where it
// cannot begin.
func (c *conversation) in(text string) dialog.Listener {
	to, _ := c.changes(dialog.Turn{Text: text})
	if to < 0 {
		c.mu.Lock()
		to = c.now
		c.mu.Unlock()
	}
	conv, err := c.begun(context.Background(), to)
	if err != nil { // Reply will say so
		return nil
	}
	l, _ := conv.(dialog.Listener)
	return l
}

// Languages implements dialog.Polyglot. Where a number is being said it is the one
// that is spoken alone: digits tell languages apart badly.
func (c *conversation) Languages() []string {
	alone := c.TakesNumber()
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []string{c.talks[c.now].Language}
	if alone || c.tasked {
		return out
	}
	for i, t := range c.talks {
		if i != c.now {
			out = append(out, t.Language)
		}
	}
	return out
}

// strange is how long is waited behind words of a conversation that cannot begin.
const strange = 700 * time.Millisecond

// Patience implements dialog.Listener.
func (c *conversation) Patience(text string, confidence float64) time.Duration {
	if l := c.in(text); l != nil {
		return l.Patience(text, confidence)
	}
	return strange
}

// Suggest implements dialog.Listener.
func (c *conversation) Suggest(text string, n int) []string {
	if l := c.in(text); l != nil {
		return l.Suggest(text, n)
	}
	return nil
}

// Vocabulary implements dialog.Listener.
func (c *conversation) Vocabulary() []string {
	if l, ok := c.spoken().(dialog.Listener); ok {
		return l.Vocabulary()
	}
	return nil
}

// Preview implements dialog.Listener. What is said in another language than before is
// not prepared: who prepares it takes the voice of this one.
func (c *conversation) Preview(text string) string {
	if to, _ := c.changes(dialog.Turn{Text: text}); to >= 0 {
		return ""
	}
	if l, ok := c.spoken().(dialog.Listener); ok {
		return l.Preview(text)
	}
	return ""
}

// Expect implements dialog.Expecter.
func (c *conversation) Expect() string {
	if x, ok := c.spoken().(dialog.Expecter); ok {
		return x.Expect()
	}
	return ""
}

// TakesNumber implements dialog.Expecter.
func (c *conversation) TakesNumber() bool {
	x, ok := c.spoken().(dialog.Expecter)
	return ok && x.TakesNumber()
}

// Assent implements dialog.Assenter.
func (c *conversation) Assent(text string) bool {
	x, ok := c.spoken().(dialog.Assenter)
	return ok && x.Assent(text)
}

// Refuses implements dialog.Refuser.
func (c *conversation) Refuses(text string) bool {
	x, ok := c.spoken().(dialog.Refuser)
	return ok && x.Refuses(text)
}
