package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"hotline/dialog"
	"hotline/dialog/command"
	"hotline/dialog/internal/lang"
	"hotline/dialog/knowledge"
	"hotline/dialog/moderation"
)

// Conversation is one call. It implements dialog.Conversation and dialog.Listener.
type Conversation struct {
	e     *Engine
	facts dialog.Facts
	model ModelCall // nil for none

	mu   sync.Mutex
	st   state   // guarded by mu
	memo [4]memo // guarded by mu: the last searches
	next int     // guarded by mu
	talk []Line  // guarded by mu: what was said, for a model
}

var (
	_ dialog.Engine       = (*Engine)(nil)
	_ dialog.Conversation = (*Conversation)(nil)
	_ dialog.Listener     = (*Conversation)(nil)
	_ dialog.Expecter     = (*Conversation)(nil)
)

// memo is a search that Patience, Preview and Reply would otherwise each make.
type memo struct {
	index *knowledge.Index
	key   string
	found knowledge.Result
}

// Reply implements dialog.Conversation. The first act is a Note; a task that asks
// another system sends a second one when it goes on.
func (c *Conversation) Reply(ctx context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	start := c.e.c.Now()
	tell := do
	do = c.e.c.Words.Guard(do, c.safe, func(_ string, h moderation.Hit) {
		_ = tell(dialog.Alert{Kind: "blocked", Text: string(h.Category), Score: 1}) // the sentence's own do says if the call is over
	})
	c.mu.Lock()
	st := c.st
	c.mu.Unlock()
	p := c.plan(ctx, st, t)
	if t.Kind == dialog.Spoke {
		c.heard(Line{Caller: true, Text: t.Text})
	}
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if p.asks != nil {
			next, err := c.consult(ctx, st, p, do)
			if err != nil || next == nil {
				return err
			}
			p = next
		}
		p.note.Think = c.e.c.Now().Sub(start)
		c.commit(p.st)
		if err := c.carryOut(ctx, p, do); err != nil {
			return err
		}
		if p.await == nil {
			return nil
		}
		r, err := c.work(ctx, *p.await, do)
		if err != nil {
			return err
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		p = c.resume(p, r)
	}
}

// carryOut does the plan's acts: first what the caller does not hear and counts on, so
// that speaking over the reply does not lose it, then the rest in order.
func (c *Conversation) carryOut(ctx context.Context, p *plan, do func(dialog.Act) error) error {
	summarised, stop := c.summarise(ctx, p.acts)
	defer stop()
	acts := append([]dialog.Act{p.note}, p.acts...)
	slices.SortStableFunc(acts[1:], func(a, b dialog.Act) int { return rank(a) - rank(b) })
	for _, a := range acts {
		a = summarised(a)
		if s, ok := a.(dialog.Say); ok {
			c.heard(Line{Text: s.Text})
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

// rank is 0 for what is kept or sent, 1 for what is heard.
func rank(a dialog.Act) int {
	switch a.(type) {
	case dialog.Ticket, dialog.SMS, dialog.Callback, dialog.Review, dialog.Rating, dialog.Alert, dialog.Refusal:
		return 0
	}
	return 1
}

// Preview implements dialog.Listener: the first sentence group (the first Say) of
// what Reply would say to text.
func (c *Conversation) Preview(text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	c.mu.Lock()
	st := c.st
	c.mu.Unlock()
	p := c.plan(context.Background(), st, dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 1})
	if p.asks != nil { // what a model will say is not known
		return ""
	}
	for _, a := range p.acts {
		if s, ok := a.(dialog.Say); ok {
			if c.e.c.Words != nil {
				if _, bad := c.e.c.Words.Blocked(s.Text); bad {
					return ""
				}
			}
			return s.Text
		}
	}
	return ""
}

// Patience implements dialog.Listener.
func (c *Conversation) Patience(text string, confidence float64) time.Duration {
	const (
		swift  = 320 * time.Millisecond
		short  = 380 * time.Millisecond
		middle = 600 * time.Millisecond
		long   = 1100 * time.Millisecond
		count  = 1300 * time.Millisecond
	)
	c.mu.Lock()
	st := c.st
	c.mu.Unlock()
	pending := c.e.command.Pending(text)
	cmd := c.e.command.Recognize(text)
	if st.asksShort() {
		cmd = c.e.command.Answer(text)
	}
	tasks := c.flows()
	switch {
	case strings.TrimSpace(text) == "":
		return middle
	case st.pending == task && tasks.Unfinished(st.flow, text, c.env()):
		return count
	case st.pending == task && cmd.Kind == command.None && tasks.Complete(st.flow, text, c.env()):
		return short
	case st.pending == task && (cmd.Kind == command.None || cmd.Kind == command.Greeting) && tasks.Dictated(st.flow) && !c.asks(&st, text):
		return count // whatever it was heard as: digits are heard badly (eight as hey), and said with pauses
	case pending == command.Counting, st.pending == number && cmd.Kind == command.None:
		return count
	case cmd.Kind == command.Person, cmd.Kind == command.Goodbye:
		return short
	case cmd.Kind == command.Backchannel, cmd.Kind == command.Yes, cmd.Kind == command.No:
		if st.pending != nothing {
			return short
		}
		return middle // a question often follows
	case cmd.Kind == command.Thanks:
		return middle // and another question
	case cmd.Kind != command.None:
		return short
	case c.announced(text):
		return count
	}
	found := c.find(context.Background(), &st, text, nil)
	top := found.Top()
	sure := c.e.sure(found)
	// A clause of it that is a known wording does not make the whole one.
	whole := top != nil && top.Exact && lang.Fold(top.Variant) == lang.Fold(text)
	switch {
	case pending == command.Half && !whole:
		if askedWhole(text) {
			return middle
		}
		return long
	case confidence > 0 && confidence < c.e.c.Thresholds.Misheard:
		return middle + 100*time.Millisecond
	case sure && c.settled(&st, text):
		return swift
	case sure:
		return short
	case pending == command.Complete:
		return middle - 80*time.Millisecond
	}
	return middle
}

// askedWhole tells whether the recogniser heard a question of some length to its
// end: in English many end in a word that elsewhere wants another (what should I do?
// Can I send it to you?). Those that break off are short, or get no question mark.
func askedWhole(text string) bool {
	const words = 4
	return strings.HasSuffix(strings.TrimSpace(text), "?") && len(strings.Fields(text)) >= words
}

// Suggest implements dialog.Listener. Behind a question of the bot's the likely
// answers go first.
func (c *Conversation) Suggest(text string, n int) []string {
	x := c.e.c.Pairs()
	if x == nil || n <= 0 {
		return nil
	}
	c.mu.Lock()
	st := c.st
	c.mu.Unlock()
	var out []string
	if st.asksShort() && answers(c.e.command.Answer(text)) {
		return nil // nothing likelier can be shown
	}
	if st.pending == which || st.pending == confirm {
		for _, id := range st.ids {
			if p, ok := x.Pair(id); ok && len(out) < n {
				out = append(out, p.Question)
			}
		}
	}
	if st.pending == task {
		answers, dictated := c.flows().Expected(st.flow)
		if dictated && strings.ContainsFunc(text, func(r rune) bool {
			return unicode.IsDigit(r) || strings.ContainsRune("零一二三四五六七八九十幺两", r)
		}) {
			return nil
		}
		out = append(out, alike(answers, text, n, c.e.zh)...)
	}
	if len(out) == 0 && st.pending == nothing && c.settled(&st, text) {
		return nil
	}
	return append(out, x.Suggest(text, n-len(out))...)
}

// settled says that text is a whole question, so well known that neither a second look
// at its sound nor more silence would change what is answered. A statement may go on.
func (c *Conversation) settled(st *state, text string) bool {
	const least = 0.85
	if p := c.e.command.Pending(text); p == command.Half || p == command.Counting || c.e.command.Recognize(text).Kind != command.None {
		return false
	}
	x := c.e.c.Pairs()
	if x == nil || !x.Asks(text) {
		return false
	}
	top := c.find(context.Background(), st, text, nil).Top()
	return top != nil && top.Score >= least
}

// dictatedZh is what dictated digits look like: a recogniser that is shown some writes
// digits, not words that sound alike. All ten are there, and both words for one. In
// English it writes digits anyway, and repeats itself behind such a prompt.
const dictatedZh = "尾号零五，幺七，二四，三六，八九。"

// assentZh is what is said to a question for a yes or a no, which is too short to be
// heard well otherwise.
const assentZh = "是的。对的。好的。可以。不是。不对。没有。不用了。"

// shortEn is the same in English, and what is said to a question for one of two. (In
// Chinese showing ordinals gains nothing.)
const shortEn = "Yes. No. The first one. The second one."

// alike are up to n of the texts, those that sound most like what was heard first, none
// that sounds like something else: a recogniser that is shown them says them.
func alike(texts []string, heard string, n int, zh bool) []string {
	const enough = 0.5
	if !zh {
		return texts[:min(n, len(texts))]
	}
	h := lang.Syllables(lang.Fold(heard))
	score := map[string]float32{}
	var out []string
	for _, t := range texts {
		u := lang.Syllables(lang.Fold(t))
		if len(u) == 0 {
			continue
		}
		// the best place of it in what was heard
		for from := 0; from <= max(0, len(h)-len(u)); from++ {
			var sum float32
			for i := range min(len(u), len(h)-from) {
				sum += lang.Alike(u[i], h[from+i])
			}
			score[t] = max(score[t], sum/float32(len(u)))
		}
		if score[t] >= enough {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(score[b], score[a]) })
	return out[:min(n, len(out))]
}

// TakesNumber implements dialog.Expecter.
func (c *Conversation) TakesNumber() bool {
	c.mu.Lock()
	st := c.st
	c.mu.Unlock()
	return st.pending == number || st.pending == task && c.flows().Dictated(st.flow)
}

// Expect implements dialog.Expecter.
func (c *Conversation) Expect() string {
	const most = 12
	c.mu.Lock()
	st := c.st
	c.mu.Unlock()
	switch {
	case !c.e.zh:
		if st.asksShort() {
			return shortEn
		}
		return ""
	case st.pending == number, st.pending == task && c.flows().Dictated(st.flow):
		return dictatedZh
	case st.pending == offer, st.pending == confirm, st.pending == offerTask:
		return assentZh
	case st.pending == task:
		if names := c.flows().Offered(st.flow); len(names) > 0 {
			return strings.Join(names[:min(most, len(names))], "，") + "。"
		}
		if c.flows().AsksYesNo(st.flow) {
			return assentZh
		}
	}
	return ""
}

// Vocabulary implements dialog.Listener.
func (c *Conversation) Vocabulary() []string {
	if x := c.e.c.Pairs(); x != nil {
		return x.Vocabulary()
	}
	return nil
}

// find searches the knowledge in the light of what was answered before.
func (c *Conversation) find(ctx context.Context, st *state, text string, alternatives []string) knowledge.Result {
	x := c.e.c.Pairs()
	if x == nil {
		return knowledge.Result{None: 1}
	}
	elliptical := st.last != "" && c.e.command.Elliptical(text)
	key := fmt.Sprintf("%s\x00%s\x00%v\x00%q\x00%q", text, st.last, elliptical, alternatives, st.declined)
	c.mu.Lock()
	for i := range c.memo {
		if c.memo[i].index == x && c.memo[i].key == key {
			r := c.memo[i].found
			c.mu.Unlock()
			return r
		}
	}
	c.mu.Unlock()
	q := knowledge.Query{Text: text, Alternatives: alternatives, Line: c.e.c.Name, Now: c.now(), After: st.last, Elliptical: elliptical}
	r := x.Find(ctx, q)
	if top := r.Top(); top == nil || !top.Exact {
		if last, ok := c.byCorrection(ctx, x, q); ok {
			r = last
		} else {
			r = c.byClause(ctx, x, q, r)
		}
	}
	r = r.Without(st.declined)
	c.mu.Lock()
	c.memo[c.next%len(c.memo)] = memo{x, key, r}
	c.next++
	c.mu.Unlock()
	return r
}

// byClause looks at each clause of a text that is not understood as a whole: the
// question often stands beside what is none (不用转人工,早餐几点). Where the whole is
// understood, only a clause that is a known wording word for word is a better reading
// (帮我开发票,订单尾号零零三二). Half a sentence alone is often about something else (who's
// this, I had a missed call): the whole must have something left for the matter that it
// means, in whichever of its pairs (买回来不喜欢,我想退货: how to return, the task behind it).
func (c *Conversation) byClause(ctx context.Context, x *knowledge.Index, q knowledge.Query, whole knowledge.Result) knowledge.Result {
	const most, discount, vouched = 4, 0.92, 0.1
	clauses := strings.FieldsFunc(q.Text, func(r rune) bool { return strings.ContainsRune("，,。.！!？?；;", r) })
	if len(clauses) < 2 || len(clauses) > most {
		return whole
	}
	best := whole
	exactly := c.e.sure(whole)
	for _, clause := range clauses {
		if len([]rune(strings.TrimSpace(clause))) < 4 || c.e.command.Recognize(clause).Kind != command.None {
			continue
		}
		q.Text, q.Alternatives = clause, nil
		r := x.Find(ctx, q)
		top, old := r.Top(), best.Top()
		if !c.e.sure(r) || exactly && !top.Exact || !exactly && old != nil && top.Score*discount <= old.Score {
			continue
		}
		if c.e.ofMatter(whole, top.Pair) < vouched {
			continue
		}
		for i := range r.Matches {
			r.Matches[i].Score *= discount
		}
		r.None = 1 - discount*(1-r.None)
		best = r
	}
	return best
}

// ofMatter is what r leaves for a pair and those that are one matter with it.
func (e *Engine) ofMatter(r knowledge.Result, pair *knowledge.Pair) float64 {
	return r.Together(func(p *knowledge.Pair) bool { return p.ID == pair.ID || e.same(p, pair) })
}

func (c *Conversation) now() time.Time { return c.e.c.Now() }

// theirs is now where the person is whom we talk with.
func (c *Conversation) theirs() time.Time {
	if c.facts.Zone != nil {
		return c.now().In(c.facts.Zone)
	}
	return c.now()
}

// unheardFrom is what is to be said again of an interrupted reply: from the start
// of the clause in which it was cut.
func unheardFrom(i *dialog.Interruption) string {
	if strings.TrimSpace(i.Unheard) == "" {
		return ""
	}
	cut := strings.LastIndexAny(i.Heard, "。！？；，、：.!?;,:")
	tail := i.Heard
	if cut >= 0 {
		_, size := lastRune(i.Heard[cut:])
		tail = i.Heard[cut+size:]
	}
	if len([]rune(tail)) > 40 { // a clause so long is not said twice
		tail = ""
	}
	return strings.TrimSpace(tail + i.Unheard)
}

// lastRune is the rune that s begins with and its size.
func lastRune(s string) (rune, int) {
	for _, r := range s {
		return r, len(string(r))
	}
	return 0, 0
}

// spokenNumber groups a telephone number for the ear: 138 0013 8000.
func spokenNumber(d string) string {
	switch n := len(d); {
	case n == 11:
		return d[:3] + " " + d[3:7] + " " + d[7:]
	case n == 10:
		return d[:3] + " " + d[3:6] + " " + d[6:]
	case n > 4:
		return d[:n-4] + " " + d[n-4:]
	}
	return d
}

func digitsOf(text string) string {
	d, ok := lang.Digits(text)
	if !ok {
		return ""
	}
	return d
}
