package flow

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"hotline/dialog/internal/lang"
	"hotline/dialog/slot"
)

// sure is the confidence from which a value is not asked about again.
const sure = 0.7

// wellHeard is the recogniser's confidence in a turn from which what costs dearly if
// wrong is not asked about again: right texts come to 0.74 and more, wrong ones to 0.6
// and less (mean probability of Whisper's tokens).
const wellHeard = 0.6

// held judges a value by how it was heard.
func (r *run) held(c *compiledSlot, v slot.Value, heard float64) Held {
	frame := r.st.frames[len(r.st.frames)-1]
	h := Held{Value: v, Kind: c.Type, depth: len(r.st.frames), pc: frame.pc, effects: r.st.effects, at: r.st.turns}
	dear := c.Type != slot.YesNo && c.Type != slot.Choice && c.Type != slot.Text
	switch {
	case v.Partial:
	case c.Confirm == "never":
		h.Confirmed = true
	case c.Confirm == "always":
	case !r.guess && len(c.known) > 0 && len(v.Doubtful) == 0 && r.s.tells(c, v.Canonical):
		h.Confirmed = true
	case dear:
		h.Confirmed = v.Confidence >= sure && len(v.Doubtful) == 0 && heard >= wellHeard
	default:
		h.Confirmed = v.Confidence >= 0.5 || heard >= 0.45 && v.Confidence >= 0.4
	}
	return h
}

// Answer takes what the caller did as the answer to the open question. false says
// that it is none: a question of the caller's own, or nothing that could be used.
func (s *Set) Answer(st State, h Heard, env Env) (Move, bool) {
	r := run{s: s, env: env, st: st, guess: h.Guess}
	p := r.program()
	if p == nil || st.asking == "" {
		return Move{}, false
	}
	r.st.turns++
	c := p.slots[st.asking]
	if h.Keys != "" {
		return r.keys(p, c, h)
	}
	if st.confirming {
		return r.confirmed(p, c, h)
	}
	if r.st.values[st.asking].Partial {
		if v, ok := c.slot.Join(r.st.values[st.asking].Value, h.Text, env.Now); ok {
			return r.filled(p, c, r.settle(c, v, h.Confidence), h)
		}
	}
	if m, ok := r.corrected(p, c, h); ok {
		return m, true
	}
	no := h.No || h.Correction
	if v, ok := r.find(c, h); ok && (!c.Optional || !no || !v.Partial) { // "no, there isn't one" begins no number
		return r.filled(p, c, v, h)
	}
	if c.Optional && (no || r.lacks(h.Text)) {
		r.st.hold(st.asking, Held{Skipped: true, Kind: c.Type, at: r.st.turns})
		return r.advance(), true
	}
	if c.Unknown != "" && r.lacks(h.Text) {
		r.st.hold(st.asking, Held{Skipped: true, Kind: c.Type, at: r.st.turns})
		r.st.move(p.ids[c.Unknown])
		return r.advance(), true
	}
	// Something else that the flow wants to know may have been said first.
	if r.fillFrom(p, h, st.asking, nil) {
		return r.advance(), true
	}
	return Move{}, false
}

// find reads the value out of what was heard, or out of what else it may have been.
func (r *run) find(c *compiledSlot, h Heard) (best slot.Value, ok bool) {
	if c.Type == slot.YesNo && (h.Yes || h.No) {
		return slot.Value{Canonical: map[bool]string{true: "yes", false: "no"}[h.Yes], Confidence: 1, End: len(h.Text)}, true
	}
	if c.Type == slot.YesNo {
		if v, ok := inItsWords(c, h.Text); ok {
			return slot.Value{Canonical: v, Confidence: 0.9, End: len(h.Text)}, true
		}
	}
	for i, text := range append([]string{h.Text}, h.Alternatives...) {
		vs := c.slot.Find(text, r.env.Now)
		if len(vs) == 0 || vs[0].Canonical == "" {
			continue
		}
		v := r.settle(c, vs[0], h.Confidence)
		if i > 0 { // not what the recogniser took it for
			v.Confidence *= 0.6
			v.Start, v.End = 0, 0
		}
		if len(c.known) == 0 {
			return v, true
		}
		if whole, _ := r.s.known(c, v.Canonical); whole {
			return v, true
		}
		if !ok {
			best, ok = v, true // another reading may be known
		}
	}
	return best, ok
}

// inItsWords is the answer to a question in its own words: 还是没反应.
func inItsWords(c *compiledSlot, text string) (value string, ok bool) {
	text = strings.ToLower(text)
	for _, x := range c.Choices {
		if slices.ContainsFunc(x.Names, func(n string) bool { return n != "" && holdsWord(text, strings.ToLower(n)) }) {
			return x.Value, true
		}
	}
	return "", false
}

// filled keeps the value of the slot that was asked for, and what else was said.
func (r *run) filled(p *program, c *compiledSlot, v slot.Value, h Heard) (Move, bool) {
	name := r.st.asking
	if old := r.st.values[name]; v.Partial && old.Partial && old.Canonical == v.Canonical {
		// the same beginning again: he thinks that it is all, or is not heard well
		r.st.drop(name)
		return r.retry(p, c), true
	}
	r.st.hold(name, r.held(c, v, h.Confidence))
	r.fillFrom(p, h, name, []slot.Range{{Start: v.Start, End: v.End}})
	if v.Partial {
		r.st.tries++
		if r.st.tries > 2*maxTries {
			return r.leave(Person, "", "not_understood"), true
		}
		r.out = append(r.out, Out{Phrase: PhraseMore, Question: true})
		return r.move(Running), true
	}
	return r.advance(), true
}

// fillFrom takes values of other slots out of what was said; used are the places in
// the text that are taken. It says whether it found any.
func (r *run) fillFrom(p *program, h Heard, asking string, used []slot.Range) bool {
	if strings.TrimSpace(h.Text) == "" {
		return false
	}
	found := false
	for _, name := range p.order {
		c := p.slots[name]
		if _, known := r.st.values[name]; name == asking || known && !r.st.values[name].Skipped || !r.volunteered(c) {
			continue
		}
		for _, v := range c.slot.Find(h.Text, r.env.Now) {
			v = r.settle(c, v, h.Confidence)
			if v.Partial || v.Confidence < sure || v.Canonical == "" || overlaps(used, v) || !byName(c, h.Text) {
				continue
			}
			r.st.hold(name, r.held(c, v, h.Confidence))
			used = append(used, slot.Range{Start: v.Start, End: v.End})
			found = true
			break
		}
	}
	return found
}

// volunteered says whether a value of the kind tells by itself what it is.
func (r *run) volunteered(c *compiledSlot) bool {
	switch c.Type {
	case slot.Code:
		return c.Length != "" || c.Pattern != ""
	case slot.Phone, slot.Date, slot.Time, slot.DateTime, slot.Money, slot.Choice:
		return true
	default:
		return false
	}
}

// byName says whether a choice that nobody asked for was named: an ordinal, or a
// word that sounds like it, is not enough.
func byName(c *compiledSlot, text string) bool {
	if c.Type != slot.Choice {
		return true
	}
	text = strings.ToLower(text)
	return slices.ContainsFunc(c.Choices, func(x Choice) bool {
		return slices.ContainsFunc(append([]string{x.Value}, x.Names...), func(n string) bool {
			return len([]rune(n)) > 1 && holdsWord(text, strings.ToLower(n))
		})
	})
}

// holdsWord says whether word stands in text and, in languages that divide words,
// is not a part of another: "exchange" holds no "change".
func holdsWord(text, word string) bool {
	inside := func(r rune) bool { return r < unicode.MaxLatin1 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, _ := utf8.DecodeRuneInString(text[end:])
		first, _ := utf8.DecodeRuneInString(word)
		last, _ := utf8.DecodeLastRuneInString(word)
		if (start == 0 || !inside(before) || !inside(first)) && (end == len(text) || !inside(after) || !inside(last)) {
			return true
		}
		at = start + utf8.RuneLen(first)
	}
}

func overlaps(used []slot.Range, v slot.Value) bool {
	return slices.ContainsFunc(used, func(u slot.Range) bool { return v.Start < u.End && u.Start < v.End })
}

// confirmed takes the answer to "is that right?".
func (r *run) confirmed(p *program, c *compiledSlot, h Heard) (Move, bool) {
	name := r.st.asking
	old := r.st.values[name]
	if h.Yes {
		old.Confirmed, old.Doubtful, old.Confidence = true, nil, 1
		r.st.hold(name, old)
		return r.advance(), true
	}
	if h.Text != "" {
		if !h.No && !h.Correction && r.agrees(c, h.Text) {
			h.Yes = true
			return r.confirmed(p, c, h)
		}
		if v, ok := c.slot.Correct(old.Value, h.Text, r.env.Now); ok && v.Canonical != old.Canonical {
			return r.changed(c, r.settle(c, v, h.Confidence), h)
		}
		if v, ok := r.find(c, h); ok && c.Type != slot.Text && !v.Partial {
			if v.Canonical == old.Canonical { // said once more: that is it
				v.Confidence, v.Doubtful = 1, nil
			}
			return r.changed(c, v, h)
		}
	}
	if h.No || h.Correction {
		r.st.drop(name)
		r.st.confirming = false
		return r.retry(p, c), true
	}
	return Move{}, false
}

// agrees says whether text begins with a yes and says no other number: 对一点没错 is no 1.
func (r *run) agrees(c *compiledSlot, text string) bool {
	if c.Type != slot.Code && c.Type != slot.Phone {
		return false
	}
	yes := []string{"yes", "yeah", "yep", "right", "correct", "that's right", "that is right"}
	if lang.Chinese(r.s.language) {
		yes = []string{"对", "是的", "没错", "嗯", "正确"}
	}
	text = strings.ToLower(strings.TrimSpace(text))
	if strings.HasPrefix(text, "对不") || !slices.ContainsFunc(yes, func(w string) bool { return strings.HasPrefix(text, w) }) {
		return false
	}
	vs := c.slot.Find(text, r.env.Now)
	return len(vs) == 0 || len(vs[0].Canonical) < 3
}

func (r *run) changed(c *compiledSlot, v slot.Value, h Heard) (Move, bool) {
	name := r.st.asking
	held := r.held(c, v, h.Confidence)
	if c.Confirm == "always" && r.st.tries > 0 {
		held.Confirmed = v.Confidence >= sure
	}
	r.st.tries++
	r.st.hold(name, held)
	if r.st.tries > maxTries {
		return r.leave(Person, "", "not_understood"), true
	}
	return r.advance(), true
}

// corrected changes a value that was given before: 不对，是三号不是四号. What was done
// with it since is done again, unless that cannot be undone.
func (r *run) corrected(p *program, asked *compiledSlot, h Heard) (Move, bool) {
	if h.TakesBack && !r.st.confirming {
		return r.asksAgain(p)
	}
	if !h.Correction && !h.No || h.Text == "" {
		return Move{}, false
	}
	if (asked.Type == slot.YesNo || asked.Optional) && !h.Correction {
		return Move{}, false // it answers the question
	}
	if _, ok := inItsWords(asked, h.Text); ok && asked.Type == slot.YesNo {
		return Move{}, false // it answers the question in its words: no, still nothing
	}
	for _, name := range r.told(p) {
		c, old := p.slots[name], r.st.values[name]
		if c.Type == slot.Text && (asked.Type == slot.YesNo || asked.Optional) {
			continue // "no, there's no order" corrects nothing that was told
		}
		v, ok := c.slot.Correct(old.Value, h.Text, r.env.Now)
		if !ok || v.Canonical == old.Canonical {
			continue
		}
		held := r.held(c, v, h.Confidence)
		held.pc, held.at = old.pc, r.st.turns
		r.st.hold(name, held)
		r.st.move(old.pc)
		if held.Confirmed {
			r.out = append(r.out, Out{Phrase: PhraseChanged, Values: map[string]string{"title": c.Title, "value": c.slot.SayAt(v, r.env.Now)}})
		}
		return r.advance(), true
	}
	return Move{}, false
}

// told are the values that can still be changed, the last one first.
func (r *run) told(p *program) []string {
	names := make([]string, 0, len(p.order))
	for _, name := range p.order {
		if v, ok := r.st.values[name]; ok && !v.Skipped && !v.Partial && v.depth == len(r.st.frames) && v.effects == r.st.effects {
			names = append(names, name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return r.st.values[b].at - r.st.values[a].at })
	return names
}

// asksAgain asks anew for what was told last, which the caller says was wrong: 不对，输错了
// behind "have you received it?" is no "no".
func (r *run) asksAgain(p *program) (Move, bool) {
	told := r.told(p)
	if len(told) == 0 {
		return Move{}, false
	}
	old := r.st.values[told[0]]
	r.st.drop(told[0])
	r.st.move(old.pc)
	return r.advance(), true
}

// keys takes the keypad for the answer.
func (r *run) keys(p *program, c *compiledSlot, h Heard) (Move, bool) {
	digits := strings.TrimRight(h.Keys, "#")
	if r.st.confirming {
		switch digits {
		case "1":
			return r.confirmed(p, c, Heard{Yes: true, Confidence: 1})
		case "2":
			return r.confirmed(p, c, Heard{No: true, Confidence: 1})
		}
	}
	v, ok := c.slot.Keys(digits, r.env.Now)
	if !ok || v.Partial {
		return r.retry(p, c), true
	}
	v.Confidence, v.Doubtful = 1, nil
	r.st.confirming = false
	return r.filled(p, c, v, Heard{Confidence: 1})
}

// TakesKeys says whether the open question can be answered by several keys, so that
// a first key is no choice of the menu.
func (s *Set) TakesKeys(st State) bool {
	p := s.program(st)
	if p == nil || st.asking == "" {
		return false
	}
	switch p.slots[st.asking].Type {
	case slot.Name, slot.Address, slot.Text:
		return st.confirming
	default:
		return true
	}
}

// Volunteers says whether text holds a value that the flow would ask for: who is asked
// "is it about your order?" and says its number has said yes.
func (s *Set) Volunteers(name, text string, env Env) bool {
	if s == nil || s.flows[name] == nil {
		return false
	}
	p := s.flows[name]
	r := run{s: s, env: env}
	r.push(p)
	return r.fillFrom(p, Heard{Text: text, Confidence: 1}, "", nil)
}

// Expected are answers to the open question that a recogniser may be told of. dictated
// says that it wants digits or the like, for which sentences would only mislead.
func (s *Set) Expected(st State) (answers []string, dictated bool) {
	p := s.program(st)
	if p == nil || st.asking == "" || st.confirming {
		return nil, false
	}
	c := p.slots[st.asking]
	switch c.Type {
	case slot.Choice, slot.YesNo:
		for _, x := range c.Choices {
			answers = append(answers, x.Names...)
		}
		return answers, false
	case slot.Code, slot.Phone, slot.Date, slot.Time, slot.DateTime, slot.Money, slot.Quantity:
		return nil, true
	default:
		return nil, false
	}
}

// AsksYesNo says whether the open question wants a yes or a no.
func (s *Set) AsksYesNo(st State) bool {
	p := s.program(st)
	return p != nil && st.asking != "" && (st.confirming || p.slots[st.asking].Type == slot.YesNo)
}

func (s *Set) program(st State) *program {
	if s == nil {
		return nil
	}
	return s.flows[st.Name()]
}

// Retry asks the open question again, in other words, after an answer that could not
// be used; it ends at a person.
func (s *Set) Retry(st State, env Env) Move {
	r := run{s: s, env: env, st: st}
	p := r.program()
	if p == nil || st.asking == "" {
		return r.leave(Open, "", "")
	}
	r.st.turns++
	return r.retry(p, p.slots[st.asking])
}

func (r *run) retry(p *program, c *compiledSlot) Move {
	if r.st.confirming {
		r.st.tries++
		if r.st.tries >= maxTries {
			return r.leave(Person, "", "not_understood")
		}
		r.out = append(r.out, r.confirm(c, r.st.values[r.st.asking]))
		return r.move(Running)
	}
	if c.Optional {
		r.st.hold(r.st.asking, Held{Skipped: true, Kind: c.Type, at: r.st.turns})
		return r.advance()
	}
	r.st.tries++
	if r.st.tries >= maxTries {
		if c.Unknown != "" && !r.st.values[r.st.asking].Skipped {
			r.st.hold(r.st.asking, Held{Skipped: true, Kind: c.Type, at: r.st.turns})
			r.st.move(p.ids[c.Unknown])
			return r.advance()
		}
		return r.leave(Person, "", "not_understood")
	}
	values := map[string]string{"title": c.Title}
	switch {
	case len(c.again) >= r.st.tries:
		r.out = append(r.out, Out{Text: r.render(c.again[r.st.tries-1], aloud), Question: true})
	case r.st.tries > 1 && r.s.TakesKeys(r.st) && c.Type != slot.YesNo && c.Type != slot.Choice:
		r.out = append(r.out, Out{Phrase: PhraseKeys, Values: values, Question: true})
	case len(c.ask) > 1:
		r.out = append(r.out, Out{Text: r.render(pick(c.ask, r.st.turns), aloud), Question: true})
	default:
		r.out = append(r.out, Out{Phrase: PhraseAgain, Values: values, Question: true})
	}
	return r.move(Running)
}

// Again puts the open question once more, as after a digression.
func (s *Set) Again(st State, env Env) Move {
	r := run{s: s, env: env, st: st}
	if r.program() == nil {
		return r.leave(Open, "", "")
	}
	r.st.turns++
	return r.advance()
}

// Leave ends all flows, because the caller wants something else.
func (s *Set) Leave(st State) State {
	r := run{s: s, st: st}
	return r.leave(Open, "", "").State
}

// Unfinished says whether text looks as if the answer went on. Of a number whose like
// stands in a table it is known: what begins one, or is none yet, goes on.
func (s *Set) Unfinished(st State, text string, env Env) bool {
	p := s.program(st)
	if p == nil || st.asking == "" {
		return false
	}
	c := p.slots[st.asking]
	if len(c.known) > 0 {
		if code, partial := s.dictated(st, c, text, env); code != "" {
			whole, begins := s.known(c, code)
			switch {
			case partial:
				return c.slot.Dictating(text) || c.slot.Unfinished(text)
			case begins:
				return true
			case whole:
				return false
			case c.Type == slot.Code:
				// heard wrong, or the rest is to come
				return c.slot.Dictating(text)
			}
		}
	}
	if c.Type == slot.Address && lang.Chinese(s.language) {
		// An address is said in pieces until its number.
		t := strings.TrimRight(text, "。，,. ")
		last, _ := utf8.DecodeLastRuneInString(t)
		return t != "" && !strings.ContainsRune("0123456789零一二三四五六七八九十号室", last)
	}
	return c.slot.Unfinished(text)
}

// Complete says whether text answers the open question.
func (s *Set) Complete(st State, text string, env Env) bool {
	p := s.program(st)
	if p == nil || st.asking == "" || st.confirming {
		return false
	}
	c := p.slots[st.asking]
	if len(c.known) > 0 {
		if code, partial := s.dictated(st, c, text, env); !partial {
			if whole, begins := s.known(c, code); whole && !begins {
				return true
			}
		}
	}
	vs := c.slot.Find(text, env.Now)
	return len(vs) > 0 && !vs[0].Partial && vs[0].Confidence >= sure && c.Type != slot.Text && c.Type != slot.Address
}

// Offered are the names of what the open question chooses from, one each.
func (s *Set) Offered(st State) []string {
	p := s.program(st)
	if p == nil || st.asking == "" || st.confirming || p.slots[st.asking].Type != slot.Choice {
		return nil
	}
	var names []string
	for _, x := range p.slots[st.asking].Choices {
		if len(x.Names) > 0 {
			names = append(names, x.Names[0])
		}
	}
	return names
}

// Dictated says whether the open question wants digits that are said one by one.
func (s *Set) Dictated(st State) bool {
	p := s.program(st)
	if p == nil || st.asking == "" || st.confirming {
		return false
	}
	c := p.slots[st.asking]
	return c.Type == slot.Code || c.Type == slot.Phone
}

// Skill is that of the people for the running flow.
func (s *Set) Skill(st State) string {
	if p := s.program(st); p != nil {
		return p.flow.Skill
	}
	return ""
}

// Title is what the flow is about, as it is spoken.
func (s *Set) Title(name string) string {
	if s == nil || s.flows[name] == nil {
		return ""
	}
	return s.flows[name].flow.Title
}

// lacks says that the caller does not have or know what is asked.
func (r *run) lacks(text string) bool {
	words := []string{"don't know", "do not know", "dont know", "don't have", "do not have", "no idea", "not sure", "can't find", "cannot find", "can't remember", "don't remember", "forgot", "haven't got", "lost it"}
	if lang.Chinese(r.s.language) {
		words = []string{"不知道", "不清楚", "不太清楚", "不太记得", "不记得", "记不得", "记不清", "忘了", "忘记", "找不到", "找不着", "没有", "没记", "想不起来", "不晓得", "哪里看", "在哪看", "哪儿看", "不在手边", "没带"}
	}
	text = strings.ToLower(text)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}
