package migrate

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"hotline/dialog/backend"
	"hotline/dialog/flow"
	"hotline/dialog/slot"
)

// dfFlow makes a task of an intent and of those that its contexts lead to. Each intent
// is a part of the task once; what leads back to it goes there.
type dfFlow struct {
	c      *dfCarrier
	f      *flow.Flow
	names  map[string]string   // parameter → slot
	active map[string]bool     // contexts on the way
	ids    map[string]string   // file of an intent → id of its first step
	held   map[string][]string // file of an intent → its slots
	also   map[string]string   // ids for which others stand
}

// tidy puts ids right, and takes out those that nothing goes to.
func (b *dfFlow) tidy() {
	used := map[string]bool{}
	b.each(b.f.Steps, func(s *flow.Step) {
		for s.Goto != "" && b.also[s.Goto] != "" {
			s.Goto = b.also[s.Goto]
		}
		used[s.Goto] = true
	})
	b.each(b.f.Steps, func(s *flow.Step) {
		if !used[s.ID] {
			s.ID = ""
		}
	})
}

func (b *dfFlow) each(steps []flow.Step, f func(*flow.Step)) {
	for i := range steps {
		s := &steps[i]
		f(s)
		b.each(s.Then, f)
		b.each(s.Else, f)
		for _, inner := range s.Of {
			b.each(inner, f)
		}
	}
}

// welcomes says whether an intent greets.
func welcomes(i dfIntent) bool {
	for _, e := range i.Events {
		if strings.HasSuffix(e.Name, "WELCOME") {
			return true
		}
	}
	return false
}

// outputs are the contexts that an intent sets.
func outputs(i dfIntent) []string {
	var out []string
	for _, r := range i.Responses {
		for _, x := range r.AffectedContexts {
			if x.Name != "" && (x.Lifespan == nil || *x.Lifespan > 0) {
				out = append(out, strings.ToLower(x.Name))
			}
		}
	}
	return out
}

// behind says whether an intent holds only when another one went before.
func (c *dfCarrier) behind(i dfIntent) bool {
	return i.ParentID != "" && !c.greeting(i.ParentID) && len(i.Contexts) == 0 ||
		slices.ContainsFunc(i.Contexts, func(name string) bool { return !c.always[strings.ToLower(name)] })
}

func (c *dfCarrier) greeting(id string) bool {
	for _, i := range c.intents {
		if i.ID == id {
			return welcomes(i)
		}
	}
	return false
}

// missed reports the intents that no task reaches.
func (c *dfCarrier) missed() {
	for _, file := range sortedKeys(c.intents) {
		i := c.intents[file]
		if c.how[file] != "" || !c.behind(i) {
			continue
		}
		unset := slices.IndexFunc(i.Contexts, func(name string) bool { return !c.sets[strings.ToLower(name)] })
		switch {
		case unset >= 0:
			c.p.left("intent", i.Name, "it holds only in the context %s, which no intent sets; its sentences are kept for the recogniser", i.Contexts[unset])
		case len(c.spoken[file]) == 0 && !i.Fallback:
			c.p.left("intent", i.Name, "it is begun by events only")
		default:
			c.p.left("intent", i.Name, "nothing that was carried leads to its contexts (%s); its sentences are kept for the recogniser", strings.Join(i.Contexts, ", "))
		}
	}
}

// children are the intents that hold behind file, in order.
func (b *dfFlow) children(file string) []string {
	i := b.c.intents[file]
	own := outputs(i)
	var out []string
	for _, other := range sortedKeys(b.c.intents) {
		o := b.c.intents[other]
		follows := i.ID != "" && o.ParentID == i.ID && len(o.Contexts) == 0
		all := true
		for _, name := range o.Contexts {
			name = strings.ToLower(name)
			follows = follows || slices.Contains(own, name)
			all = all && (b.active[name] || slices.Contains(own, name))
		}
		if follows && all && !welcomes(o) {
			out = append(out, other)
		}
	}
	return out
}

// simple says whether an intent is a question with an answer and nothing more.
func (b *dfFlow) simple(file string, i dfIntent) bool {
	return !i.WebhookUsed && !i.EndInteraction && len(b.children(file)) == 0 && len(b.wanted(i)) == 0
}

// wanted are the parameters of an intent that have to be known.
func (b *dfFlow) wanted(i dfIntent) []dfParameter {
	if len(i.Responses) == 0 {
		return nil
	}
	says, _ := b.c.texts(i)
	var out []dfParameter
	for _, q := range i.Responses[0].Parameters {
		mentioned := slices.ContainsFunc(says, func(list []string) bool {
			return slices.ContainsFunc(list, func(t string) bool { return slices.Contains(references(t), q.Name) })
		})
		if q.Name != "" && (q.Required || mentioned) {
			out = append(out, q)
		}
	}
	return out
}

func toPerson() flow.Step { return flow.Step{Transfer: &flow.Transfer{Reason: "rule"}} }

// run is what an intent does. ask are the words before it, where its first parameter
// answers them.
func (b *dfFlow) run(file string, ask []string, depth int) []flow.Step {
	i := b.c.intents[file]
	if id, ok := b.ids[file]; ok { // back to what was there already
		var steps []flow.Step
		if len(b.held[file]) > 0 {
			steps = append(steps, flow.Step{Clear: slices.Clone(b.held[file])})
		}
		return append(steps, flow.Step{Goto: id})
	}
	if depth > deepBranch {
		b.c.p.left("intent", i.Name, "its conversation goes on for more than %d questions; a person takes over there", deepBranch)
		return []flow.Step{toPerson()}
	}
	n := 1
	for base := identifier(i.Name, "_"); ; n++ {
		if b.ids[file] = numbered(base, n); !b.taken(file) {
			break
		}
	}
	wanted := b.wanted(i)
	if len(wanted) == 0 && len(ask) > 0 && len(i.Responses) > 0 && len(i.Responses[0].Parameters) > 0 {
		wanted = i.Responses[0].Parameters[:1]
	}
	var steps []flow.Step
	for _, q := range wanted {
		if made := b.parameter(i, q, ask); len(made) > 0 {
			steps, ask = append(steps, made...), nil
			b.held[file] = append(b.held[file], made[0].Ask...)
		}
	}
	if len(ask) > 0 {
		steps = append(steps, flow.Step{Say: ask})
	}
	children := b.children(file)
	for _, name := range outputs(i) {
		b.active[name] = true
	}
	steps = append(steps, b.reply(file, i, children, depth)...)
	if steps[0].ID == "" {
		steps[0].ID = b.ids[file]
	} else { // it begins with the one behind it
		b.also[b.ids[file]] = steps[0].ID
	}
	return steps
}

// taken says whether another intent's steps have the id of file.
func (b *dfFlow) taken(file string) bool {
	for other, id := range b.ids {
		if other != file && id == b.ids[file] {
			return true
		}
	}
	return false
}

// parameter asks for a parameter, in the words of ask where there are any.
func (b *dfFlow) parameter(i dfIntent, q dfParameter, ask []string) []flow.Step {
	if name := b.names[q.Name]; name != "" {
		return []flow.Step{{Ask: []string{name}}}
	}
	name := slotName(q.Name)
	const most = 40
	if q.Name == "" || len(b.f.Slots) >= most || slices.ContainsFunc(b.f.Slots, func(s flow.Slot) bool { return s.Name == name }) {
		b.c.p.left("parameter", i.Name+"."+q.Name, "a task asks for at most %d things, each under its own name", most)
		return nil
	}
	s := b.c.parameter(i.Name, q, len(ask) > 0)
	if len(ask) > 0 {
		s.Ask = ask
	}
	b.names[q.Name] = name
	b.f.Slots = append(b.f.Slots, s)
	return []flow.Step{{Ask: []string{name}}}
}

// reply is what an intent says when all is known, and what follows.
func (b *dfFlow) reply(file string, i dfIntent, children []string, depth int) []flow.Step {
	if i.WebhookUsed {
		b.c.p.left("webhook", i.Name, "it is code of the agent's own; the task %s brings the caller to a person in its place", identifier(b.f.Name, "_"))
		return []flow.Step{toPerson()}
	}
	lists, offer := b.c.texts(i)
	var says [][]string
	for _, list := range lists {
		if made := b.filled(i, list); len(made) > 0 {
			says = append(says, made)
		}
	}
	if offer != "" {
		says = append(says, []string{offer})
	}
	var steps []flow.Step
	say := func(list [][]string) {
		for _, texts := range list {
			steps = append(steps, flow.Step{Say: texts})
		}
	}
	switch {
	case len(children) > 0:
		var ask []string
		if len(says) > 0 {
			ask = says[len(says)-1]
			say(says[:len(says)-1])
		}
		return append(steps, b.ask(file, ask, children, depth)...)
	case len(says) == 0:
		b.c.p.left("intent", i.Name, "nothing says what becomes of it when all is known; a person takes over then")
		return []flow.Step{toPerson()}
	case i.EndInteraction:
		say(says[:len(says)-1])
		return append(steps, flow.Step{Hangup: says[len(says)-1]})
	}
	say(says)
	return steps
}

// filled are the wordings that the task can say.
func (b *dfFlow) filled(i dfIntent, list []string) []string {
	var made []string
	for _, t := range list {
		text, ok := b.c.fill(t, b.names)
		switch {
		case !ok:
			b.c.p.left("response", i.Name, "%q is filled in with what the task does not ask for", backend.Shorten(t, 40))
		case text != "" && !slices.Contains(made, text):
			made = append(made, text)
		}
	}
	return made
}

// ways are the intents that may follow a question.
type ways struct {
	yes, no string
	others  []string
	again   []string // what is said where nothing of it was said
}

func (b *dfFlow) ways(children []string) ways {
	var w ways
	for _, child := range children {
		o := b.c.intents[child]
		switch kind := followUp(o); {
		case o.Fallback:
			says, _ := b.c.texts(o)
			for _, list := range says {
				w.again = append(w.again, b.filled(o, list)...)
			}
			if b.c.how[child] == "" {
				b.c.how[child] = "step"
			}
		case kind == "yes" && w.yes == "":
			w.yes = child
		case kind == "no" && w.no == "":
			w.no = child
		case len(b.c.spoken[child]) == 0:
			b.c.p.left("intent", o.Name, "it is begun by events only")
		default:
			w.others = append(w.others, child)
		}
	}
	const most = 2
	w.again = w.again[:min(len(w.again), most)]
	return w
}

// ask puts an intent's question and goes on by the answer.
func (b *dfFlow) ask(file string, ask, children []string, depth int) []flow.Step {
	w := b.ways(children)
	if len(ask) == 0 {
		ask = []string{b.c.p.by("您请说，好吗？", "Go on, please?")}
	}
	question := slices.ContainsFunc(ask, isQuestion)
	s := flow.Slot{Name: free("answer", hasSlot(b.f)), Title: b.c.p.by("您的回答", "your answer"), Ask: ask, Again: w.again, Optional: !question, Forget: true}
	switch {
	case w.yes == "" && w.no == "" && len(w.others) == 0:
		return []flow.Step{{Say: ask}}
	case w.yes == "" && w.no == "" && len(w.others) == 1 && b.takes(w.others[0], question):
		return b.run(w.others[0], ask, depth+1)
	case w.yes == "" && w.no == "" && len(w.others) == 1 && question:
		s.Type = slot.Text
	case len(w.others) == 0:
		s.Type = slot.YesNo
	default:
		s.Type, s.Choices = slot.Choice, b.choices(w)
	}
	const most = 40
	if len(b.f.Slots) >= most || s.Type == slot.Choice && len(s.Choices) < 2 {
		b.c.p.left("intent", b.c.intents[file].Name, "its answers cannot be told apart; a person takes over there")
		return []flow.Step{toPerson()}
	}
	b.f.Slots = append(b.f.Slots, s)
	b.held[file] = append(b.held[file], s.Name)
	steps := []flow.Step{{Ask: []string{s.Name}}}
	into := func(child string) []flow.Step {
		if child == "" {
			return []flow.Step{{End: "open"}}
		}
		active := maps.Clone(b.active)
		made := b.run(child, nil, depth+1)
		b.active = active
		return made
	}
	switch s.Type {
	case slot.YesNo:
		return append(steps, flow.Step{If: s.Name + ` == "yes"`, Then: into(w.yes), Else: into(w.no)})
	case slot.Text:
		return append(steps, into(w.others[0])...)
	default:
	}
	way := flow.Step{Case: s.Name, Of: map[string][]flow.Step{}}
	for _, child := range append([]string{w.yes, w.no}, w.others...) {
		if value := b.value(child); child != "" && way.Of[value] == nil && slices.ContainsFunc(s.Choices, func(x flow.Choice) bool { return x.Value == value }) {
			way.Of[value] = into(child)
		}
	}
	if s.Optional || len(way.Of) < len(s.Choices) {
		way.Else = []flow.Step{{End: "done"}}
	}
	return append(steps, way)
}

// takes says whether what is said behind a question is a parameter of the intent.
func (b *dfFlow) takes(child string, question bool) bool {
	o := b.c.intents[child]
	return len(o.Responses) > 0 && slices.ContainsFunc(o.Responses[0].Parameters, func(q dfParameter) bool { return question || q.Required })
}

func (b *dfFlow) value(child string) string { return identifier(b.c.intents[child].Name, "_") }

// choices are the ways on, each with the words that lead there.
func (b *dfFlow) choices(w ways) []flow.Choice {
	var out []flow.Choice
	used := map[string]bool{}
	add := func(value string, names []string) {
		names = slices.DeleteFunc(distinct(names), func(n string) bool { return used[strings.ToLower(n)] })
		if len(names) == 0 || slices.ContainsFunc(out, func(x flow.Choice) bool { return x.Value == value }) {
			return
		}
		for _, n := range names {
			used[strings.ToLower(n)] = true
		}
		out = append(out, flow.Choice{Value: value, Names: names})
	}
	if w.yes != "" {
		add(b.value(w.yes), append(b.c.p.yes(), b.namesOf(w.yes)...))
	}
	if w.no != "" {
		add(b.value(w.no), append(b.c.p.no(), b.namesOf(w.no)...))
	}
	for _, child := range w.others {
		add(b.value(child), b.namesOf(child))
	}
	if len(out) == 1 { // or nothing of the kind
		add("no", b.c.p.no())
	}
	return out
}

// followUp is "yes" or "no" for the follow-up intents that Dialogflow makes for them.
func followUp(i dfIntent) string {
	for _, kind := range []string{"yes", "no"} {
		if strings.HasSuffix(strings.ToLower(i.Name), "- "+kind) {
			return kind
		}
		for _, r := range i.Responses {
			if strings.HasSuffix(strings.ToLower(r.Action), "-"+kind) {
				return kind
			}
		}
	}
	return ""
}

// namesOf are the words by which an intent is chosen: its short sentences.
func (b *dfFlow) namesOf(child string) []string {
	const most, longest = 20, 40
	var out []string
	for _, t := range b.c.spoken[child] {
		if utf8.RuneCountInString(t) <= longest && len(out) < most {
			out = append(out, t)
		}
	}
	if len(out) == 0 && len(b.c.spoken[child]) > 0 {
		out = b.c.spoken[child][:1]
	}
	return out
}
