// Package engine is the dialogue of one business line: it greets, understands,
// answers from the knowledge, asks back, and brings the caller to a person.
//
// # Concepts
//
// An [Engine] holds what all calls of a line share. A conversation keeps a small
// state that is a value: every turn is planned on a copy, so that [dialog.Listener]
// can tell what would be said without saying it, and the plan's acts are then
// carried out in order. A question that the bot put is pending until it is
// answered, refused or something else is asked; whatever is pending, "a person
// please" is obeyed at once.
//
// # Concurrency
//
// An Engine is safe for concurrent use. A conversation's Reply is called by one
// goroutine at a time; its Listener methods by any, also while Reply runs: they
// share the state under one mutex, which is never held while an act is carried out.
package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hotline/dialog"
	"hotline/dialog/command"
	"hotline/dialog/emotion"
	"hotline/dialog/flow"
	"hotline/dialog/internal/lang"
	"hotline/dialog/knowledge"
	"hotline/dialog/moderation"
)

// MenuItem is a key of the keypad menu.
type MenuItem struct {
	Key   string // "1" … "9"
	Label string // as spoken: 查物流, "order status"
	// Ask is taken as if the caller had said it; where empty, the key transfers.
	Ask   string
	Skill string
	Flow  string // the task that it begins, before Ask
}

// Limits end what goes nowhere. Zero values take the defaults.
type Limits struct {
	Turns     int // of a call; default 80
	Trouble   int // turns of a call that were not understood; default 8
	Silences  int // one after another until the goodbye; default 3
	Transfers int // attempts of a call; default 4
	// SilentPerson transfers a caller who says nothing in place of the goodbye.
	SilentPerson bool
}

// Thresholds are probabilities. Zero values take the defaults.
type Thresholds struct {
	Answer  float64 // from here a pair is answered; default 0.69
	Clear   float64 // from here one is, which stands out and is hardly outside the business; default 0.55
	Confirm float64 // from here the bot asks whether it is meant; default 0.3
	Which   float64 // from here two together are offered; default 0.5
	Subject float64 // from here the pairs of one category together are: which one?; default 0.45
	// Complaint is the risk of a complaint from which a supervisor is alerted; default
	// 0.6, 1 is never.
	Complaint float64
	Urgent    float64 // from here a pair of an urgent category is answered; default 0.3
	Misheard  float64 // recogniser confidence below which an unknown text counts as misheard; default 0.5
}

// Config is a line. Language and Pairs are needed.
type Config struct {
	Name     string // of the line in business.yaml
	Language string // "zh", "en"
	// Disclosure is what must be heard first: who, that it is a machine, that the
	// call is recorded. Greeting follows, and ends with an open question.
	Disclosure, Greeting string
	// Pairs returns the knowledge in use; (*knowledge.Live).Load fits.
	Pairs func() *knowledge.Index
	// Open says whether people with the skill can be reached; nil is always.
	Open func(now time.Time, skill string) bool
	// Hours is when, as spoken: 早上九点到晚上六点, "nine to six, Monday to Friday".
	Hours string
	Menu  []MenuItem
	// Flows are the tasks, in use now; nil is none. Effects do what they want from
	// outside.
	Flows   func() *flow.Set
	Effects Effects
	// Routes lead what the knowledge is not sure of by a trained recogniser of intents.
	Routes Routes
	// Model is asked where the knowledge has candidates and is not sure; nil is none.
	Model Model
	// Skills maps a pair's category to the skill of the people for it.
	Skills map[string]string
	Skill  string // of the others
	// Bot says whether the bot does what is wanted of a pair's scene, for this caller;
	// who is not its is brought to a person. nil is always.
	Bot func(f dialog.Facts, scene string) bool
	// Urgent are categories whose pairs are answered at once where they are among the two
	// likeliest: asking back costs more than an answer that was not wanted (gas, fire).
	Urgent []string
	// Titles are how callers name the people of a skill: 前台 → desk.
	Titles map[string]string
	// Topics are things that callers ask, as spoken (查物流), for help and examples;
	// where empty the menu's labels.
	Topics []string
	// Reception: this is for callers who do not speak the language of their line, of whose
	// knowledge there is none here. They are told so and offered a person, a callback or
	// a message; all else that is said to a bot is understood.
	Reception bool
	// Survey asks, before the goodbye, how content the caller is from 1 to 5; those who
	// were brought to a person and those who say nothing are not asked.
	Survey     bool
	Limits     Limits
	Thresholds Thresholds
	// Moods reads how callers feel, by Feelings; nil knows anger by a few words only.
	Moods    *emotion.Recognizer
	Feelings emotion.Thresholds
	// Words are those that must not be said, or not be passed over; nil is none.
	Words   *moderation.Matcher
	Phrases Phrases // over the defaults, key by key
	Now     func() time.Time
}

// Engine starts the conversations of one line.
type Engine struct {
	c       Config
	zh      bool
	phrases Phrases
	order   map[Key]int // place of each key in state.used
	command *command.Recognizer
	menu    string
	topics  []string
}

// New checks c and returns its engine.
func New(c Config) (*Engine, error) {
	if c.Pairs == nil {
		return nil, errors.New("dialogue engine: no knowledge given")
	}
	if c.Language == "" {
		return nil, errors.New("dialogue engine: the line has no language")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Open == nil {
		c.Open = func(time.Time, string) bool { return true }
	}
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&c.Limits.Turns, 80)
	def(&c.Limits.Trouble, 8)
	def(&c.Limits.Silences, 3)
	def(&c.Limits.Transfers, 4)
	share := func(v *float64, d float64) {
		if *v <= 0 {
			*v = d
		}
	}
	share(&c.Thresholds.Answer, 0.69)
	share(&c.Thresholds.Clear, 0.55)
	share(&c.Thresholds.Confirm, 0.3)
	share(&c.Thresholds.Which, 0.5)
	share(&c.Thresholds.Subject, 0.45)
	share(&c.Thresholds.Misheard, 0.5)
	share(&c.Thresholds.Complaint, 0.6)
	share(&c.Thresholds.Urgent, 0.3)
	phrases, err := merge(DefaultPhrases(c.Language), c.Phrases)
	if err != nil {
		return nil, fmt.Errorf("dialogue engine of line %q: %w", c.Name, err)
	}
	e := &Engine{c: c, zh: lang.Chinese(c.Language), phrases: phrases, order: map[Key]int{}, command: command.New(c.Language)}
	for _, k := range keys(phrases) {
		e.order[Key(k)] = len(e.order)
	}
	if len(e.order) > maxKeys {
		return nil, fmt.Errorf("dialogue engine: %d phrases, room for %d", len(e.order), maxKeys)
	}
	seen := map[string]bool{"0": true}
	for _, m := range c.Menu {
		if len(m.Key) != 1 || m.Key < "1" || m.Key > "9" || seen[m.Key] {
			return nil, fmt.Errorf("dialogue engine of line %q: menu key %q: use each of 1 to 9 once, 0 is a person", c.Name, m.Key)
		}
		seen[m.Key] = true
	}
	e.menu = e.spokenMenu()
	e.topics = c.Topics
	if len(e.topics) == 0 {
		for _, m := range c.Menu {
			e.topics = append(e.topics, m.Label)
		}
	}
	e.topics = e.topics[:min(3, len(e.topics))]
	return e, nil
}

// spokenMenu reads at most three keys and the 0.
func (e *Engine) spokenMenu() string {
	var parts []string
	for _, m := range e.c.Menu[:min(3, len(e.c.Menu))] {
		if e.zh {
			parts = append(parts, m.Label+"按"+m.Key)
		} else {
			parts = append(parts, m.Key+" for "+m.Label)
		}
	}
	if e.zh {
		return strings.Join(append(parts, "人工按0"), "，")
	}
	return strings.Join(append(parts, "0 for a person"), ", ")
}

// sure says whether the best match may be answered without asking back. A wrong
// answer costs less where the caller surely means something that the business
// knows, so that less will do when one pair stands out.
func (e *Engine) sure(r knowledge.Result) bool {
	const outside, lead = 0.2, 3
	if len(r.Matches) == 0 {
		return false
	}
	top, second := r.Matches[0], 0.0
	score := top.Score
	if len(r.Matches) > 1 {
		second = r.Matches[1].Score
		if e.same(r.Matches[1].Pair, top.Pair) { // either is right
			score, second = score+second, 0
		}
	}
	return top.Exact || score >= e.c.Thresholds.Answer ||
		score >= e.c.Thresholds.Clear && r.None <= outside && score >= lead*second
}

// values are the words in braces that do not depend on the call.
func (e *Engine) values() map[string]string {
	v := map[string]string{"menu": e.menu, "hours": e.c.Hours}
	if e.c.Hours == "" {
		v["hours"] = map[bool]string{true: "工作时间", false: "during business hours"}[e.zh]
	}
	if len(e.topics) > 0 {
		v["topics"] = e.list(e.topics)
		v["a"] = e.topics[0]
	}
	if len(e.topics) > 1 {
		v["b"] = e.topics[1]
	}
	return v
}

func (e *Engine) list(items []string) string {
	if e.zh {
		return strings.Join(items, "、")
	}
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:len(items)-1], ", ") + " or " + items[len(items)-1]
}

// Begin implements dialog.Engine. The conversation is a dialog.Listener too.
func (e *Engine) Begin(_ context.Context, facts dialog.Facts) (dialog.Conversation, error) {
	if e.c.Pairs() == nil {
		return nil, fmt.Errorf("dialogue engine of line %q: the knowledge is not loaded yet", e.c.Name)
	}
	c := &Conversation{e: e, facts: facts}
	if e.c.Model != nil {
		c.model = e.c.Model.Call(facts)
	}
	if e.c.Moods != nil {
		c.st.mood = emotion.NewTracker(e.c.Moods, e.c.Feelings)
	}
	// calls begin at different wordings, the same call always at the same
	var h uint32 = 2166136261
	for i := range len(facts.CallID) {
		h = (h ^ uint32(facts.CallID[i])) * 16777619
	}
	for i := range c.st.used {
		c.st.used[i] = uint8((h >> (i % 16)) % 8)
	}
	return c, nil
}

// Phrases returns the wordings that the engine uses, key by key, with the words in
// braces that do not depend on the call filled in.
func (e *Engine) Phrases() Phrases {
	out := Phrases{}
	v := e.values()
	for k, list := range e.phrases {
		for _, w := range list {
			out[k] = append(out[k], fill(w, v))
		}
	}
	return out
}

// Sentences lists everything that the engine says in fixed words: disclosure and
// greeting first, then its own phrases, then answers and follow-up questions. What
// is filled in during a call (numbers, times) is not among it.
func (e *Engine) Sentences() []string {
	var out []string
	seen := map[string]bool{"": true}
	put := func(s string) {
		if s = strings.TrimSpace(s); !seen[s] && !strings.Contains(s, "{") {
			seen[s] = true
			out = append(out, s)
		}
	}
	put(e.c.Disclosure)
	put(e.c.Greeting)
	phrases := e.Phrases()
	for _, k := range keys(phrases) {
		for _, w := range phrases[Key(k)] {
			put(w)
		}
	}
	x := e.c.Pairs()
	if x == nil {
		return out
	}
	for p := range x.Pairs {
		put(p.Say())
		put(e.followUpQuestion(x, &p, 0))
		put(e.followUpQuestion(x, &p, 1))
	}
	if e.c.Flows != nil {
		for _, s := range e.c.Flows().Sentences() {
			put(s)
		}
	}
	// What asks back is put together of clauses: its own, and a name each.
	ends := map[string]bool{}
	for _, k := range []Key{KeyConfirm, KeyWhich, KeyWhichOfThree} {
		for _, w := range e.phrases[k] {
			fixed, after := clauses(w)
			for _, s := range fixed {
				put(s)
			}
			for _, s := range after {
				ends[s] = true
			}
		}
	}
	for p := range x.Pairs {
		for _, end := range slices.Sorted(maps.Keys(ends)) {
			put(p.Name() + end)
		}
	}
	return out
}

// clauses takes a wording apart whose names are clauses of their own: its fixed
// clauses, and the punctuation that follows a name. Other wordings have none.
func clauses(wording string) (fixed, ends []string) {
	rest := wording
	for rest != "" {
		before, name, ok := strings.Cut(rest, "{")
		if !ok {
			return append(fixed, rest), ends
		}
		_, rest, _ = strings.Cut(name, "}")
		mark, n := utf8.DecodeRuneInString(rest)
		if before != "" && !strings.HasSuffix(before, "，") || !strings.ContainsRune("，？", mark) {
			return nil, nil
		}
		fixed, ends, rest = append(fixed, before), append(ends, string(mark)), rest[n:]
	}
	return fixed, ends
}

// followUpQuestion is the question behind p's answer; turn selects the wording.
func (e *Engine) followUpQuestion(x *knowledge.Index, p *knowledge.Pair, turn int) string {
	if p.FollowUp == "" {
		return ""
	}
	next, ok := x.Pair(p.FollowUp)
	if !ok {
		return p.FollowUp
	}
	list := e.phrases[KeyFollowUp]
	if next.Flow != "" {
		list = e.phrases[KeyOfferTask]
	}
	return fill(list[turn%len(list)], map[string]string{"a": next.Name()})
}

// skill is who knows about p; nil is nobody in particular.
func (e *Engine) skill(p *knowledge.Pair) string {
	if p != nil {
		if p.Skill != "" {
			return p.Skill
		}
		if s := e.c.Skills[p.Category]; s != "" {
			return s
		}
	}
	return e.c.Skill
}

// menuItem is what key selects.
func (e *Engine) menuItem(key string) (MenuItem, bool) {
	i := slices.IndexFunc(e.c.Menu, func(m MenuItem) bool { return m.Key == key })
	if i < 0 {
		return MenuItem{}, false
	}
	return e.c.Menu[i], true
}
