package migrate

import (
	"slices"
	"strings"

	"hotline/dialog/backend"
	"hotline/dialog/flow"
	"hotline/dialog/slot"
)

// rasaFlow makes a task of a conversation.
type rasaFlow struct {
	c      *rasaCarrier
	trees  *forest
	f      *flow.Flow
	names  map[string]string // slot of the project → of the task
	via    []said            // what was said on the way, with entities
	forms  []string
	taken  map[string]bool // talks behind forms that were used
	asking string          // who wants to know, for the report
}

// conversations carries what rules and stories say, by the intents that begin them.
func (c *rasaCarrier) conversations() {
	trees := newForest(c)
	var groups [][]string
	byShape := map[string]int{}
	for _, i := range trees.order {
		if c.answered[i] != "" || ownIntent(i) {
			c.reach(trees, i, c.answered[i] != "")
			continue
		}
		if slices.ContainsFunc(c.intents, func(o string) bool { return strings.HasPrefix(o, i+"/") && c.answered[o] != "" }) {
			c.reach(trees, i, true) // a retrieval intent, carried one by one
			continue
		}
		n := trees.roots[i]
		if len(n.does) == 0 && len(n.branches) == 0 {
			continue
		}
		if n.plain() && c.question(i, n) {
			c.reach(trees, i, true)
			continue
		}
		shape := n.shape()
		if at, ok := byShape[shape]; ok { // one task that several intents begin
			groups[at] = append(groups[at], i)
			continue
		}
		byShape[shape] = len(groups)
		groups = append(groups, []string{i})
	}
	for _, g := range groups {
		done := c.converse(trees, g)
		for _, i := range g {
			c.reach(trees, i, done)
		}
	}
}

// reach notes what became of the talks that begin with an intent.
func (c *rasaCarrier) reach(trees *forest, intent string, done bool) {
	for _, n := range trees.of[trees.roots[intent]] {
		if done {
			c.reached[n] = true
		}
	}
}

// question carries a conversation of one exchange as a question with its answer.
func (c *rasaCarrier) question(intent string, n *node) bool {
	var says []string
	for _, d := range n.does {
		if d.text != "" {
			says = append(says, backend.Plain(d.text))
			continue
		}
		if c.needsSlots(d.utter) {
			return false
		}
		if answer, ok := c.answer("intent", intent, d.utter); ok {
			says = append(says, answer)
		}
	}
	if len(says) == 0 || !c.p.pair(intent, c.examples[intent], strings.Join(says, c.p.by("", " "))) {
		return false
	}
	c.answered[intent] = "answer"
	return true
}

// needsSlots says whether no wording of a response can be said as it stands.
func (c *rasaCarrier) needsSlots(name string) bool {
	list := c.responses[name]
	return len(list) > 0 && !slices.ContainsFunc(list, func(u utterance) bool {
		return backend.Plain(u.text) != "" && !strings.ContainsAny(c.initial(u.text), "{}")
	})
}

// initial fills in slots that have a value from the beginning.
func (c *rasaCarrier) initial(text string) string {
	return place.ReplaceAllStringFunc(text, func(m string) string {
		if v := c.slots[strings.Trim(m, "{}")].initial; v != "" {
			return v
		}
		return m
	})
}

// converse makes a task of the conversation that intents begin.
func (c *rasaCarrier) converse(trees *forest, intents []string) bool {
	n := trees.roots[intents[0]]
	var examples []string
	for _, i := range intents {
		examples = append(examples, c.examples[i]...)
	}
	name := intents[0]
	if len(n.does) > 0 && n.does[len(n.does)-1].form != "" {
		name = strings.TrimSuffix(n.does[len(n.does)-1].form, "_form")
	}
	b := &rasaFlow{
		c: c, trees: trees, names: map[string]string{}, taken: map[string]bool{}, asking: intents[0],
		f: &flow.Flow{Name: name, Title: spokenName(name), Skill: skill, Start: flow.Start{Examples: examples}},
	}
	steps := append(b.volunteered(intents, n), b.run(n, 0)...)
	if len(steps) == 0 {
		c.p.left("intent", intents[0], "none of what it leads to could be carried")
		return false
	}
	b.f.Steps = steps
	for _, i := range intents {
		if len(c.examples[i]) > 0 {
			b.f.Start.Intents = append(b.f.Start.Intents, i)
		}
	}
	if !c.p.task(b.f) {
		return false
	}
	for _, i := range intents {
		c.answered[i] = "task"
	}
	for _, form := range b.forms {
		c.doneForms[form] = true
		for _, t := range trees.of[trees.tails[form]] {
			c.reached[t] = true
		}
	}
	return true
}

// volunteered asks first for the slots that replies are filled in with and that an
// entity in the intent's own sentences gives.
func (b *rasaFlow) volunteered(intents []string, n *node) []flow.Step {
	var out []flow.Step
	var walk func(n *node, depth int)
	walk = func(n *node, depth int) {
		if depth > deepBranch {
			return
		}
		for _, d := range n.does {
			for _, u := range b.c.responses[d.utter] {
				for _, m := range place.FindAllString(u.text, -1) {
					name := strings.Trim(m, "{}")
					given := slices.ContainsFunc(append([]string{name}, b.c.slots[name].entities...), func(e string) bool {
						return slices.ContainsFunc(intents, func(i string) bool { return b.c.marked[i][e] })
					})
					if given && b.names[name] == "" && b.add(name, b.c.slot("", name)) {
						out = append(out, flow.Step{Ask: []string{b.names[name]}})
					}
				}
			}
		}
		for _, x := range n.branches {
			walk(x.next, depth+1)
		}
	}
	walk(n, 0)
	return out
}

// add makes s a slot of the task, under the project's name.
func (b *rasaFlow) add(name string, s flow.Slot) bool {
	const most = 40
	if len(b.f.Slots) >= most || name == "" || slices.ContainsFunc(b.f.Slots, func(o flow.Slot) bool { return o.Name == s.Name }) {
		return false
	}
	b.names[name] = s.Name
	s.Ask = b.c.filled("slot", name, s.Ask, b.names)
	if len(s.Ask) == 0 {
		s.Ask = []string{b.c.p.by("请说"+s.Title+"。", "What is the "+s.Title+"?")}
		b.c.p.left("slot", name, "the domain has no question for it that can be spoken; a plain one stands in its place")
	}
	b.f.Slots = append(b.f.Slots, s)
	return true
}

// run is what the bot does from n on.
func (b *rasaFlow) run(n *node, depth int) []flow.Step {
	if depth > deepBranch {
		b.c.p.left("intent", b.asking, "its conversation goes on for more than %d questions; a person takes over there", deepBranch)
		return []flow.Step{toPerson()}
	}
	var out []flow.Step
	asks := len(n.branches) > 0 && !slices.ContainsFunc(n.branches, func(x *branch) bool { return x.said[0].slot != "" })
	for i, d := range n.does {
		last := i == len(n.does)-1
		switch {
		case d.form != "":
			out = append(out, b.form(d.form)...)
			if !last || len(n.branches) > 0 {
				continue
			}
			tail := b.trees.tails[d.form]
			if tail == nil || len(tail.does) == 0 && len(tail.branches) == 0 || b.taken[d.form] {
				b.c.p.left("form", d.form, "nothing says what becomes of it when it is filled; a person takes over then")
				return append(out, toPerson())
			}
			b.taken[d.form] = true
			return append(out, b.run(tail, depth+1)...)
		case d.action != "":
			b.c.p.left("action", d.action, "it is code of the project's own; the task %s brings the caller to a person in its place", identifier(b.f.Name, "_"))
			return append(out, toPerson())
		case last && asks:
		default:
			out = append(out, b.say(d)...)
		}
	}
	if len(n.branches) > 0 {
		out = append(out, b.branch(n, depth)...)
	}
	return out
}

// say speaks a response, under the conditions that it has.
func (b *rasaFlow) say(d deed) []flow.Step {
	if d.text != "" {
		if texts := b.c.filled("response", b.asking, []string{d.text}, b.names); len(texts) > 0 {
			return []flow.Step{{Say: texts}}
		}
		return nil
	}
	var always []string
	type under struct{ condition, text string }
	var some []under
	for _, u := range b.c.responses[d.utter] {
		condition, known := b.condition(u.conditions)
		switch {
		case len(u.conditions) == 0:
			always = append(always, u.text)
		case known:
			some = append(some, under{condition, u.text})
		default:
			b.c.p.left("response", d.utter, "a wording that holds under a condition (%s) is left out", u.conditions[0].slot)
		}
	}
	var out []flow.Step
	if texts := b.c.filled("response", d.utter, always, b.names); len(texts) > 0 {
		out = []flow.Step{{Say: texts}}
	}
	for _, u := range slices.Backward(some) {
		if texts := b.c.filled("response", d.utter, []string{u.text}, b.names); len(texts) > 0 {
			out = []flow.Step{{If: u.condition, Then: []flow.Step{{Say: texts}}, Else: out}}
		}
	}
	if len(out) > 0 {
		b.c.said[d.utter] = true
		if offer := b.c.buttons(d.utter); offer != "" {
			out = append(out, flow.Step{Say: []string{offer}})
		}
	} else if len(b.c.responses[d.utter]) == 0 {
		b.c.p.left("response", d.utter, "it is not in the domain")
	}
	return out
}

// condition is one of the project over the task's slots; false where it is over others.
func (b *rasaFlow) condition(list []slotValue) (string, bool) {
	var parts []string
	for _, v := range list {
		name := b.names[v.slot]
		if name == "" {
			return "", false
		}
		parts = append(parts, name+" == "+quoted(b.value(name, v.value)))
	}
	return strings.Join(parts, " and "), len(parts) > 0
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ").Replace(s) + `"`
}

// value is a slot's value as the task has it.
func (b *rasaFlow) value(name, value string) string {
	at := slices.IndexFunc(b.f.Slots, func(s flow.Slot) bool { return s.Name == name })
	if at < 0 || b.f.Slots[at].Type != slot.YesNo {
		return value
	}
	switch strings.ToLower(value) {
	case "true", "yes", "affirm":
		return "yes"
	case "false", "no", "deny":
		return "no"
	}
	return value
}

// form asks for what a form requires.
func (b *rasaFlow) form(name string) []flow.Step {
	b.forms = append(b.forms, name)
	var out []flow.Step
	for i, s := range b.c.forms[name] {
		if s == "" {
			continue
		}
		if i == 0 && b.c.slots[s].yes && strings.Contains(strings.ToLower(s), "continue") { // with what has not begun
			b.c.p.left("slot", name+"."+s, "whether to go on is not asked at the beginning; who wants to stop says so")
			continue
		}
		if b.names[s] == "" && !b.add(s, b.c.slot(name, s)) {
			b.c.p.left("slot", name+"."+s, "a task asks for at most 40 things, each under its own name")
			continue
		}
		out = append(out, flow.Step{Ask: []string{b.names[s]}})
		at := slices.IndexFunc(b.f.Slots, func(o flow.Slot) bool { return o.Name == b.names[s] })
		if low := strings.ToLower(s); at >= 0 && b.f.Slots[at].Type == slot.YesNo && (strings.Contains(low, "confirm") || strings.Contains(low, "continue")) {
			out = append(out, flow.Step{If: b.names[s] + ` == "no"`, Then: []flow.Step{{End: "open"}}})
		}
	}
	return out
}
