package migrate

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"hotline/dialog/flow"
	"hotline/dialog/slot"
)

// branch goes on by what the caller says, or by what is known.
func (b *rasaFlow) branch(n *node, depth int) []flow.Step {
	var spoken []*branch
	var known []*branch
	for _, x := range n.branches {
		if x.said[0].slot != "" {
			known = append(known, x)
		} else {
			spoken = append(spoken, x)
		}
	}
	if len(known) > 0 {
		if len(spoken) > 0 {
			b.c.p.left("intent", b.asking, "what it does depends on a slot in one story and on what is said in another; the slot is passed over")
		} else {
			return b.bySlot(known, depth)
		}
	}
	ask := b.ask(n)
	yes, no := find(spoken, "affirm", "yes"), find(spoken, "deny", "no")
	switch {
	case len(spoken) == 1 && yes == nil && no == nil:
		return b.free(spoken[0], ask, depth)
	case (yes != nil || no != nil) && len(spoken) == count(yes, no):
		name := b.answerName("answer")
		if !b.add(name, flow.Slot{Name: name, Title: b.c.p.by("您的回答", "your answer"), Type: slot.YesNo, Ask: ask, Forget: true}) {
			return []flow.Step{toPerson()}
		}
		step := flow.Step{If: name + ` == "yes"`, Then: b.into(yes, depth), Else: b.into(no, depth)}
		return []flow.Step{{Ask: []string{name}}, step}
	}
	return b.choose(spoken, ask, depth)
}

func count(list ...*branch) int {
	n := 0
	for _, x := range list {
		if x != nil {
			n++
		}
	}
	return n
}

func find(list []*branch, intents ...string) *branch {
	for _, x := range list {
		if slices.ContainsFunc(x.said, func(s said) bool { return slices.Contains(intents, s.intent) && s.entity == "" }) {
			return x
		}
	}
	return nil
}

// into is what follows a branch; nothing more than an end where no story tells.
func (b *rasaFlow) into(x *branch, depth int) []flow.Step {
	if x == nil {
		return []flow.Step{{End: "open"}}
	}
	via := b.via
	b.via = append(slices.Clone(via), x.said...)
	steps := b.run(x.next, depth+1)
	b.via = via
	if len(steps) == 0 {
		return []flow.Step{{End: "done"}}
	}
	return steps
}

// ask is the question before the branches of n.
func (b *rasaFlow) ask(n *node) []string {
	var texts []string
	if len(n.does) > 0 {
		d := n.does[len(n.does)-1]
		if d.text != "" {
			texts = append(texts, d.text)
		}
		for _, u := range b.c.responses[d.utter] {
			if len(u.conditions) == 0 {
				texts = append(texts, u.text)
			}
		}
		if d.utter != "" {
			texts = b.c.filled("response", d.utter, texts, b.names)
			if len(texts) > 0 {
				b.c.said[d.utter] = true
				if offer := b.c.buttons(d.utter); offer != "" {
					for i := range texts {
						texts[i] += b.c.p.by("", " ") + offer
					}
				}
			}
		}
	}
	if len(texts) == 0 {
		texts = []string{b.c.p.by("您请说。", "Go on, please.")}
	}
	return texts
}

func (b *rasaFlow) answerName(base string) string { return free(base, hasSlot(b.f)) }

// free takes whatever the caller answers, where one way leads on.
func (b *rasaFlow) free(x *branch, ask []string, depth int) []flow.Step {
	s := flow.Slot{Name: b.answerName("answer"), Title: b.c.p.by("您的回答", "your answer"), Type: slot.Text, Ask: ask, Forget: true}
	b.c.steps[x.said[0].intent] = true
	project := s.Name
	if e := x.said[0].entity; e != "" && b.names[e] == "" && x.said[0].value == "" {
		s = b.c.slot("", e)
		s.Ask, project = ask, e
	}
	if !b.add(project, s) {
		return []flow.Step{toPerson()}
	}
	return append([]flow.Step{{Ask: []string{s.Name}}}, b.into(x, depth)...)
}

// choose has the caller take one of several ways.
func (b *rasaFlow) choose(spoken []*branch, ask []string, depth int) []flow.Step {
	name := b.answerName("answer")
	if e := spoken[0].said[0].entity; e != "" && b.names[e] == "" && !slices.ContainsFunc(spoken, func(x *branch) bool { return x.said[0].entity != e || x.said[0].value == "" }) {
		name = b.answerName(slotName(e)) // what is said is a value
		b.names[e] = name
	}
	s := flow.Slot{Name: name, Title: b.c.p.by("您的选择", "your choice"), Type: slot.Choice, Ask: ask, Forget: true}
	used := map[string]bool{}
	ways := map[string]*branch{}
	for _, x := range spoken {
		value := cmp.Or(x.said[0].value, identifier(x.said[0].intent, "_"))
		names := slices.DeleteFunc(distinct(b.namesOf(x)), func(n string) bool { return used[strings.ToLower(n)] })
		if len(names) == 0 || ways[value] != nil {
			b.c.p.left("intent", x.said[0].intent, "as an answer in the task %s it has no words of its own", identifier(b.f.Name, "_"))
			continue
		}
		for _, n := range names {
			used[strings.ToLower(n)] = true
		}
		ways[value] = x
		s.Choices = append(s.Choices, flow.Choice{Value: value, Names: names})
	}
	if len(s.Choices) < 2 {
		if len(s.Choices) == 1 {
			return b.free(ways[s.Choices[0].Value], ask, depth)
		}
		return []flow.Step{toPerson()}
	}
	if !b.add(name, s) {
		return []flow.Step{toPerson()}
	}
	step := flow.Step{Case: name, Of: map[string][]flow.Step{}}
	for _, choice := range s.Choices {
		step.Of[choice.Value] = b.into(ways[choice.Value], depth)
	}
	return []flow.Step{{Ask: []string{name}}, step}
}

// namesOf are the words by which a way is chosen.
func (b *rasaFlow) namesOf(x *branch) []string {
	const most, longest = 15, 30
	var out []string
	for _, s := range x.said {
		b.c.steps[s.intent] = true
		if s.value != "" {
			out = append(append(out, s.value), b.c.synonyms[s.value]...)
			continue
		}
		switch s.intent {
		case "affirm", "yes":
			out = append(out, b.c.p.yes()...)
		case "deny", "no":
			out = append(out, b.c.p.no()...)
		}
		out = append(out, b.c.titles[s.intent]...)
		n := 0
		for _, e := range b.c.examples[s.intent] {
			if utf8.RuneCountInString(e) <= longest && n < most {
				out, n = append(out, e), n+1
			}
		}
	}
	return out
}

// bySlot goes on by what a slot holds.
func (b *rasaFlow) bySlot(known []*branch, depth int) []flow.Step {
	for _, x := range known { // what was said on the way has set it
		if slices.ContainsFunc(b.via, func(s said) bool { return s.entity == x.said[0].slot && s.value == x.said[0].value }) {
			return b.into(x, depth-1)
		}
	}
	if steps, ok := b.byEntity(known, depth); ok {
		return steps
	}
	var out []flow.Step
	for _, x := range slices.Backward(known) {
		condition, ok := b.condition([]slotValue{{x.said[0].slot, x.said[0].value}})
		if !ok {
			b.c.p.left("intent", b.asking, "what follows depends on the slot %s, which the project's own code sets; a person takes over there", x.said[0].slot)
			return []flow.Step{toPerson()}
		}
		out = []flow.Step{{If: condition, Then: b.into(x, depth), Else: out}}
	}
	return out
}

// byEntity asks which value of an entity is meant, where that decides and nothing has
// asked for it yet.
func (b *rasaFlow) byEntity(known []*branch, depth int) ([]flow.Step, bool) {
	entity := known[0].said[0].slot
	isEntity := false
	for _, i := range b.c.intents {
		isEntity = isEntity || b.c.marked[i][entity]
	}
	if !isEntity || b.names[entity] != "" || slices.ContainsFunc(known, func(x *branch) bool { return x.said[0].slot != entity }) {
		return nil, false
	}
	s := flow.Slot{Name: b.answerName(slotName(entity)), Title: spokenName(entity), Type: slot.Choice, Forget: true}
	s.Ask = []string{b.c.p.by("您问的是哪一个？", "Which "+s.Title+" do you mean?")}
	s.Title = b.c.p.title(s.Title, s.Type)
	for _, x := range known {
		s.Choices = b.c.choice(s.Choices, x.said[0].value)
	}
	if len(s.Choices) < 2 || !b.add(entity, s) {
		return nil, false
	}
	step := flow.Step{Case: s.Name, Of: map[string][]flow.Step{}}
	for _, choice := range s.Choices {
		at := slices.IndexFunc(known, func(x *branch) bool { return strings.EqualFold(x.said[0].value, choice.Value) })
		step.Of[choice.Value] = b.into(known[at], depth)
	}
	return []flow.Step{{Ask: []string{s.Name}}, step}, true
}
