package migrate

import (
	"fmt"
	"slices"
	"strings"
)

// Stories that begin alike are one conversation with branches. A node is what the bot
// does at one point of it; a branch is what a caller may say then.
type (
	node struct {
		does     []deed
		branches []*branch
		closed   bool // a story ends here or goes on by another one
	}
	// deed is one thing that the bot does.
	deed struct {
		utter  string // a response
		text   string // words of an end-to-end story
		form   string
		action string // code of the project's own
	}
	branch struct {
		said []said
		next *node
	}
	// said is what a caller says, or a slot that has a value then.
	said struct {
		intent, entity, value string
		slot                  string
	}
)

// Bounds on what stories make together.
const (
	maxTalks   = 5000
	maxJoined  = 6    // checkpoints in a row
	maxSteps   = 60   // of a story
	maxNodes   = 4000 // of all conversations
	maxBranch  = 12   // behind one reply
	deepBranch = 5    // questions behind one another
)

// own intents begin nothing: every business here serves them.
func ownIntent(name string) bool {
	group, _, _ := strings.Cut(name, "/")
	return slices.Contains(ownIntents, group)
}

// joined are the talks with those that go on at their checkpoints put behind them.
func joined(talks []talk) []talk {
	from := map[string][]int{}
	for n := range talks {
		for _, name := range checkpoints(&talks[n], 0) {
			from[name] = append(from[name], n)
		}
	}
	var out []talk
	var add func(t talk, depth int)
	add = func(t talk, depth int) {
		if len(out) >= maxTalks || len(t.steps) > maxSteps {
			return
		}
		n := len(t.steps)
		if n == 0 || t.steps[n-1].checkpoint == "" || len(from[t.steps[n-1].checkpoint]) == 0 || depth >= maxJoined {
			out = append(out, t)
			return
		}
		for _, next := range from[t.steps[n-1].checkpoint] {
			rest := talks[next].steps
			for len(rest) > 0 && rest[0].checkpoint != "" {
				rest = rest[1:]
			}
			whole := t
			whole.from = append(slices.Clone(t.from), next)
			whole.steps = append(slices.Clone(t.steps[:n-1]), rest...)
			add(whole, depth+1)
		}
	}
	for n := range talks {
		t := talks[n]
		t.from = []int{n}
		if len(t.steps) > 0 && t.steps[0].checkpoint != "" && len(t.steps) > 1 && reached(talks, checkpoints(&t, 0)) {
			continue // stands behind those that lead to it
		}
		add(t, 0)
	}
	return out
}

// checkpoints are those that t begins with.
func checkpoints(t *talk, at int) []string {
	var out []string
	for ; at < len(t.steps) && t.steps[at].checkpoint != ""; at++ {
		out = append(out, t.steps[at].checkpoint)
	}
	return out
}

// reached says whether a talk ends at one of the checkpoints.
func reached(talks []talk, names []string) bool {
	return slices.ContainsFunc(talks, func(t talk) bool {
		n := len(t.steps)
		return n > 1 && slices.Contains(names, t.steps[n-1].checkpoint)
	})
}

// forest is all conversations of a project.
type forest struct {
	c     *rasaCarrier
	roots map[string]*node // by the intent that begins them
	tails map[string]*node // by the form behind which they go on
	order []string
	nodes int
	// starts are intents that begin a talk.
	starts map[string]bool
	of     map[*node][]int // talks that a root is made of
}

func newForest(c *rasaCarrier) *forest {
	f := &forest{c: c, roots: map[string]*node{}, tails: map[string]*node{}, starts: map[string]bool{}, of: map[*node][]int{}}
	talks := joined(c.talks)
	for i := range talks {
		for _, s := range talks[i].steps {
			if len(s.said) > 0 {
				for _, x := range s.said {
					f.starts[x.intent] = true
				}
				break
			}
		}
	}
	for _, rules := range []bool{true, false} {
		for i := range talks {
			if talks[i].rule == rules && talks[i].loop == "" {
				f.plant(&talks[i])
			}
		}
	}
	for i := range talks { // what holds within forms comes last: callers may say it anywhere
		if talks[i].loop != "" {
			f.plant(&talks[i])
		}
	}
	return f
}

// plant puts a talk into the conversations that it is part of.
func (f *forest) plant(t *talk) {
	steps := t.steps
	if form := t.afterForm(); form != "" {
		at := slices.IndexFunc(steps, func(s talkStep) bool { return s.endLoop })
		if f.tails[form] == nil {
			f.tails[form] = f.node()
		}
		if f.tails[form] != nil {
			f.insert(f.tails[form], steps[at+1:], t)
			f.of[f.tails[form]] = append(f.of[f.tails[form]], t.from...)
		}
		return
	}
	for len(steps) > 0 && len(steps[0].said) == 0 {
		if steps[0].action != "" && steps[0].action != "action_listen" || steps[0].bot != "" {
			f.c.skip(t, "it begins with what the bot does, not with what a caller says")
			return
		}
		steps = steps[1:]
	}
	if len(steps) == 0 {
		f.c.skip(t, "it has no step that a caller begins")
		return
	}
	if t.condition {
		f.c.skip(t, "it holds only behind something else that was said (condition)")
		return
	}
	for _, s := range steps[0].said {
		if s.intent == "" {
			f.c.skip(t, "it begins with a sentence that has no intent")
			return
		}
		root := f.roots[s.intent]
		if ownIntent(s.intent) || t.loop != "" && (root != nil || f.c.answered[s.intent] != "") {
			f.c.own(t) // within a task too the bot answers, then asks again
		}
		if t.loop != "" {
			if root != nil || ownIntent(s.intent) || f.c.answered[s.intent] != "" {
				continue
			}
			steps = slices.DeleteFunc(slices.Clone(steps), func(s talkStep) bool { return s.action == t.loop })
		}
		if root == nil {
			if root = f.node(); root == nil {
				f.c.skip(t, "the project's stories are more than are carried over")
				return
			}
			f.roots[s.intent] = root
			f.order = append(f.order, s.intent)
		}
		f.of[root] = append(f.of[root], t.from...)
		rest := steps[1:]
		if s.entity != "" && s.value != "" { // it depends on what is named
			rest = append([]talkStep{{said: []said{{slot: s.entity, value: s.value}}}}, rest...)
		}
		f.insert(root, rest, t)
	}
}

func (f *forest) node() *node {
	if f.nodes++; f.nodes > maxNodes {
		return nil
	}
	return &node{}
}

// insert puts the rest of a talk, from what the bot does on, at n.
func (f *forest) insert(n *node, steps []talkStep, t *talk) {
	does, rest := f.deeds(steps, t)
	switch {
	case len(n.does) == 0 && len(n.branches) == 0 && !n.closed, begins(does, n.does) && len(n.branches) == 0 && len(does) > len(n.does):
		n.does = does
	case !begins(n.does, does) || len(does) < len(n.does) && len(rest) > 0:
		f.c.skip(t, "another one does something else at the same point")
		if len(rest) > 0 && !f.answers(does, rest[0].said) {
			f.cut(t, rest)
		}
		return
	}
	closed := n.closed
	n.closed = true
	if len(rest) == 0 {
		return
	}
	if !f.answers(n.does, rest[0].said) || closed && len(n.branches) == 0 && !f.invites(n.does, rest[0].said) {
		f.cut(t, rest)
		return
	}
	var next *node
	for _, b := range n.branches {
		if slices.ContainsFunc(b.said, func(s said) bool { return slices.Contains(rest[0].said, s) }) {
			next = b.next
			for _, s := range rest[0].said {
				if !slices.Contains(b.said, s) {
					b.said = append(b.said, s)
				}
			}
		}
	}
	if next == nil {
		if next = f.node(); next == nil || len(n.branches) >= maxBranch {
			f.c.skip(t, "there are more ways on than are carried over")
			return
		}
		n.branches = append(n.branches, &branch{slices.Clone(rest[0].said), next})
	}
	f.insert(next, rest[1:], t)
}

// cut plants the rest of a talk that is a matter of its own.
func (f *forest) cut(t *talk, rest []talkStep) {
	if slices.ContainsFunc(rest[0].said, func(s said) bool { return ownIntent(s.intent) }) {
		return
	}
	c := *t
	c.steps, c.loop, c.condition = rest, "", false
	f.plant(&c)
}

// begins says whether a begins with b.
func begins(a, b []deed) bool { return len(a) >= len(b) && slices.Equal(a[:len(b)], b) }

// deeds are what the bot does next, without what callers interrupt forms with; rest
// begins with what a caller says then.
func (f *forest) deeds(steps []talkStep, t *talk) (does []deed, rest []talkStep) {
	for i := 0; i < len(steps); i++ {
		s := &steps[i]
		switch {
		case len(s.said) > 0:
			return does, steps[i:]
		case s.bot != "":
			does = append(does, deed{text: s.bot})
		case s.action == "", s.action == "action_listen", s.action == "action_deactivate_loop", s.action == "action_unlikely_intent", s.action == "action_extract_slots":
		case f.c.isForm(s.action):
			if n := len(does); n == 0 || does[n-1].form != s.action {
				does = append(does, deed{form: s.action})
			}
			end := slices.IndexFunc(steps[i:], func(s talkStep) bool { return s.endLoop })
			next := slices.IndexFunc(steps[i+1:], func(s talkStep) bool { return f.c.isForm(s.action) && s.action != steps[i].action })
			switch {
			case next >= 0 && (end < 0 || next+1 < end): // another form in the middle of it
				f.c.skip(t, "it changes from one form to another; callers begin the other task by what they say")
				return does, nil
			case end >= 0:
				i += end
			default:
				return does, nil
			}
		case strings.HasPrefix(s.action, "utter_"):
			does = append(does, deed{utter: s.action})
		default:
			does = append(does, deed{action: s.action})
		}
	}
	return does, nil
}

// answers says whether what callers say answers what the bot did, or is another
// matter, which it is where it begins talks elsewhere too.
func (f *forest) answers(does []deed, list []said) bool {
	return slices.ContainsFunc(list, func(s said) bool {
		switch {
		case s.slot != "", s.intent == "affirm", s.intent == "deny", s.intent == "yes", s.intent == "no":
			return true
		case len(does) == 0:
			return false
		case slices.ContainsFunc(f.c.responses[does[len(does)-1].utter], func(u utterance) bool {
			return slices.ContainsFunc(u.buttons, func(b button) bool { return payloadIntent(b.payload) == s.intent })
		}):
			return true
		case s.intent == "inform":
			return true
		}
		return !f.starts[s.intent] && !ownIntent(s.intent) || s.entity != "" && !ownIntent(s.intent)
	})
}

// invites says whether what the bot does waits for what is said: where another story
// ends at the same point, only a question does.
func (f *forest) invites(does []deed, list []said) bool {
	if slices.ContainsFunc(list, func(s said) bool { return s.slot != "" || s.entity != "" || s.intent == "affirm" || s.intent == "deny" }) || len(does) == 0 {
		return true
	}
	last := does[len(does)-1]
	return isQuestion(last.text) || slices.ContainsFunc(f.c.responses[last.utter], func(u utterance) bool { return isQuestion(u.text) || len(u.buttons) > 0 })
}

// payloadIntent is the intent that a button stands for: book of /book{"day": "monday"}.
func payloadIntent(payload string) string {
	name, ok := strings.CutPrefix(payload, "/")
	if !ok {
		return ""
	}
	name, _, _ = strings.Cut(name, "{")
	return strings.TrimSpace(name)
}

// afterForm is the form at whose end t begins, "" for none.
func (t *talk) afterForm() string {
	at := slices.IndexFunc(t.steps, func(s talkStep) bool { return s.endLoop })
	if at < 0 {
		return ""
	}
	for _, s := range t.steps[:at] {
		if len(s.said) > 0 {
			return ""
		}
	}
	if t.loop != "" {
		return t.loop
	}
	for _, s := range t.steps[:at] {
		if s.action != "" && !strings.HasPrefix(s.action, "utter_") {
			return s.action
		}
	}
	return ""
}

// shape tells conversations apart.
func (n *node) shape() string {
	var b strings.Builder
	var walk func(n *node, depth int)
	walk = func(n *node, depth int) {
		fmt.Fprintf(&b, "%v", n.does)
		if depth > maxSteps {
			return
		}
		for _, x := range n.branches {
			fmt.Fprintf(&b, "<%v", x.said)
			walk(x.next, depth+1)
			b.WriteByte('>')
		}
	}
	walk(n, 0)
	return b.String()
}

// plain says whether the bot only speaks, and nothing depends on the answer.
func (n *node) plain() bool {
	return len(n.branches) == 0 && len(n.does) > 0 && !slices.ContainsFunc(n.does, func(d deed) bool { return d.form != "" || d.action != "" })
}
