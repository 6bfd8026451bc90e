package migrate

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"hotline/dialog/backend"
	"hotline/dialog/flow"
	"hotline/dialog/slot"
)

// dfCarrier makes a Pack of an export.
type dfCarrier struct {
	*dfExport
	p          *Pack
	lang       string // the code of the language that is carried
	entityUsed map[string]bool
	how        map[string]string // file of an intent → "answer", "task", "step" of one, "own"
	examples   int
	spoken     map[string][]string // file → its sentences
	always     map[string]bool     // contexts of the greeting: they hold from the beginning
	sets       map[string]bool     // contexts that an intent sets
}

// languages chooses the language to carry: the one wanted, else the agent's.
func (c *dfCarrier) languages(want string) {
	has := map[string]int{strings.ToLower(c.agent.Language): 1}
	for _, by := range c.says {
		for l, list := range by {
			has[strings.ToLower(l)] += len(list)
		}
	}
	c.lang = strings.ToLower(c.agent.Language)
	for _, l := range sortedKeys(has) {
		switch {
		case want != "" && strings.HasPrefix(l, want) && (!strings.HasPrefix(c.lang, want) || has[l] > has[c.lang]),
			want == "" && (c.lang == "" || has[l] > 20*has[c.lang]):
			c.lang = l
		}
	}
	c.p.Language = want
	if c.p.Language == "" {
		c.p.Language = "en"
		if strings.HasPrefix(c.lang, "zh") {
			c.p.Language = "zh"
		}
	}
	if !strings.HasPrefix(c.lang, c.p.Language) {
		c.p.left("agent", cmp.Or(c.lang, "language"), "the agent speaks a language that callers are not served in yet; it is carried as %s", c.p.Language)
	}
	for _, l := range sortedKeys(has) {
		if l != c.lang && l != "" {
			c.p.left("language", l, "one language is carried at a time: import once more with --language for another line")
		}
	}
}

// of is what stands under the language that is carried, or a variety of it.
func of[V any](c *dfCarrier, m map[string]V) (v V) {
	short, _, _ := strings.Cut(c.lang, "-")
	for _, l := range sortedKeys(m) {
		if strings.EqualFold(l, c.lang) {
			return m[l]
		}
	}
	for _, l := range sortedKeys(m) {
		if strings.HasPrefix(strings.ToLower(l), short) {
			return m[l]
		}
	}
	return v
}

func (c *dfCarrier) carry() {
	p := c.p
	p.Name = cmp.Or(p.Name, c.agent.DisplayName)
	if _, err := time.LoadLocation(c.agent.DefaultTimezone); err == nil {
		p.Timezone = c.agent.DefaultTimezone
	}
	c.spoken, c.always, c.sets = map[string][]string{}, map[string]bool{}, map[string]bool{}
	for _, file := range sortedKeys(c.intents) {
		i := c.intents[file]
		c.spoken[file] = c.sentences(file, i)
		for _, name := range outputs(i) {
			c.sets[name] = true
			c.always[name] = c.always[name] || welcomes(i)
		}
	}
	for name, holds := range c.always {
		if !holds {
			delete(c.always, name)
		}
	}
	for _, file := range sortedKeys(c.intents) {
		c.intent(file, c.intents[file])
	}
	c.missed()
	for _, file := range sortedKeys(c.says) {
		if _, ok := c.intents[file]; !ok {
			p.left("file", file, "sentences of an intent that is not in the export")
		}
	}
	c.words()
	kinds := map[string]int{}
	for _, file := range sortedKeys(c.intents) {
		kinds[c.how[file]]++
	}
	n := len(c.intents)
	p.count("intents: answered by a question", n, kinds["answer"])
	p.count("intents: begin a task", n, kinds["task"])
	p.count("intents: a step of a task (contexts, follow-up)", n, kinds["step"])
	p.count("intents: the bot's own (welcome, fallback)", n, kinds["own"])
	p.count("training phrases: kept for the recogniser", c.examples, len(p.Labelled))
	wordings := 0
	for _, r := range p.Pairs {
		wordings += 1 + len(r.Variants)
	}
	for _, f := range p.Flows {
		wordings += len(f.Start.Examples)
	}
	p.count("training phrases: wordings of a question or a task", c.examples, wordings)
}

// sentences are an intent's training phrases.
func (c *dfCarrier) sentences(file string, i dfIntent) []string {
	list := of(c, c.says[file])
	if len(c.says[file]) == 0 {
		list = i.UserSays
	}
	var out []string
	for _, s := range list {
		var b strings.Builder
		for _, d := range s.Data {
			b.WriteString(d.Text)
		}
		c.examples++
		if s.IsTemplate || b.Len() > maxText {
			c.p.left("training phrase", i.Name, "a template (%s) is no sentence", backend.Shorten(b.String(), 40))
			continue
		}
		if t := strings.TrimSpace(b.String()); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// intent carries an intent that a call can begin with.
func (c *dfCarrier) intent(file string, i dfIntent) {
	p := c.p
	label := i.Name
	if i.Fallback {
		label = "oos"
	}
	sentences := c.spoken[file]
	for _, s := range sentences {
		p.Labelled = append(p.Labelled, Labelled{s, label})
	}
	switch {
	case i.Fallback && len(i.Contexts) == 0:
		c.how[file] = "own"
		p.left("intent", i.Name, "what is not understood is the bot's own matter: it asks back, then offers a person")
	case welcomes(i):
		c.how[file] = "own"
		const longest = 60
		says, _ := c.texts(i)
		if len(says) == 1 && len([]rune(says[0][0])) <= longest && !strings.ContainsAny(says[0][0], "$#{") {
			p.Greeting = backend.Plain(says[0][0])
		} else {
			p.left("intent", i.Name, "its greeting is not one short sentence; the line has a plain one")
		}
	case c.behind(i):
	case len(sentences) == 0:
		p.left("intent", i.Name, "it is begun by events only")
	default:
		c.how[file] = c.answer(file, i, sentences)
	}
}

// answer carries an intent that holds by itself: as a question with its answer, or as
// a task where something has to be known or done, or goes on.
func (c *dfCarrier) answer(file string, i dfIntent, sentences []string) string {
	b := &dfFlow{c: c, names: map[string]string{}, active: map[string]bool{}, ids: map[string]string{}, held: map[string][]string{}, also: map[string]string{}}
	for name := range c.always {
		b.active[name] = true
	}
	b.f = &flow.Flow{Name: i.Name, Title: spokenName(i.Name), Skill: skill, Start: flow.Start{Examples: sentences, Intents: []string{i.Name}}}
	if b.simple(file, i) {
		says, offer := c.texts(i)
		var words []string
		for _, list := range says {
			if made, ok := c.fill(list[0], nil); ok && made != "" {
				words = append(words, made)
			}
			if len(list) > 1 {
				c.p.left("response", i.Name, "one of its %d wordings is kept: a question has one answer here", len(list))
			}
		}
		if len(words) == 0 {
			c.p.left("intent", i.Name, "it has no words to say; its sentences are kept for the recogniser")
			return ""
		}
		if offer != "" {
			words = append(words, offer)
		}
		if c.p.pair(i.Name, sentences, strings.Join(words, c.p.by("", " "))) {
			return "answer"
		}
		return ""
	}
	b.f.Steps = b.run(file, nil, 0)
	b.tidy()
	if !c.p.task(b.f) {
		return ""
	}
	for f := range b.ids {
		if f != file && c.how[f] == "" {
			c.how[f] = "step"
		}
	}
	return "task"
}

// reference is a parameter in a reply: $city, #context.city, $city.original.
var reference = regexp.MustCompile(`[$#]([A-Za-z0-9_.-]*[A-Za-z0-9_-]|[\p{L}\p{N}_.-]*[\p{L}\p{N}_-])`)

func references(t string) []string {
	var out []string
	for _, m := range reference.FindAllStringSubmatch(t, -1) {
		out = append(out, strings.TrimSuffix(strings.TrimSuffix(m[1], ".original"), ".value"))
	}
	return out
}

// fill puts a task's own names in a reply; false where it names something else.
func (c *dfCarrier) fill(t string, names map[string]string) (string, bool) {
	ok := true
	t = strings.NewReplacer("{", "(", "}", ")", `\_`, "_").Replace(t)
	t = reference.ReplaceAllStringFunc(t, func(m string) string {
		name := references(m)[0]
		if name != "" && strings.Trim(name, "0123456789.") == "" && m[0] == '$' {
			return m // an amount of dollars
		}
		if names[name] == "" && m[0] == '#' { // of a context
			name = name[strings.LastIndex(name, ".")+1:]
		}
		if names[name] == "" {
			ok = false
			return ""
		}
		return "{" + names[name] + "}"
	})
	return backend.Plain(t), ok
}

// parameter is a slot; asked says that other words ask for it.
func (c *dfCarrier) parameter(intent string, q dfParameter, asked bool) (s flow.Slot) {
	defer func() { s.Title = c.p.title(s.Title, s.Type) }()
	s = flow.Slot{Name: slotName(q.Name), Title: spokenName(q.Name), Type: slot.Text}
	for _, t := range q.Prompts {
		if text := backend.Plain(t.Value); text != "" && (t.Lang == "" || strings.EqualFold(t.Lang, c.lang)) && !strings.ContainsAny(text, "$#{}") && !slices.Contains(s.Ask, text) {
			s.Ask = append(s.Ask, text)
		}
	}
	if len(s.Ask) == 0 {
		s.Ask = []string{c.p.by("请说"+s.Title+"。", "What is the "+s.Title+"?")}
		if !asked {
			c.p.left("parameter", intent+"."+q.Name, "the agent has no question for it that can be spoken; a plain one stands in its place")
		}
	}
	if q.IsList {
		c.p.left("parameter", intent+"."+q.Name, "it takes several values, the task one")
	}
	name := strings.TrimPrefix(q.DataType, "@")
	if kind, ok := systemKind(name); ok {
		s.Type = kind
		if kind == slot.Text && name != "sys.any" {
			c.p.left("parameter", intent+"."+q.Name, "there is no kind for @%s; whatever is said is taken", name)
		}
		return s
	}
	entries := of(c, c.entries[name])
	if c.entities[name].IsRegexp {
		if len(entries) == 1 {
			if _, err := regexp.Compile(entries[0].Value); err == nil {
				s.Type, s.Pattern = slot.Code, strings.TrimSuffix(strings.TrimPrefix(entries[0].Value, "^"), "$")
				c.entityUsed[name] = true
				return s
			}
		}
		c.p.left("entity", name, "its expressions cannot be taken as one pattern of a slot")
		return s
	}
	for _, e := range entries {
		const most = 100
		if e.Value == "" || strings.Contains(e.Value, "@") || len(s.Choices) >= most || slices.ContainsFunc(s.Choices, func(o flow.Choice) bool { return strings.EqualFold(o.Value, e.Value) }) {
			continue
		}
		s.Choices = append(s.Choices, flow.Choice{Value: e.Value, Names: distinct(append([]string{e.Value}, e.Synonyms...))})
	}
	if len(s.Choices) > 1 {
		s.Type = slot.Choice
		c.entityUsed[name] = true
	} else {
		s.Choices = nil
	}
	return s
}

// systemKind is the kind of slot for an entity of Dialogflow's own.
func systemKind(name string) (slot.Kind, bool) {
	if !strings.HasPrefix(name, "sys.") {
		return "", name == ""
	}
	switch name {
	case "sys.date", "sys.date-period":
		return slot.Date, true
	case "sys.time", "sys.time-period":
		return slot.Time, true
	case "sys.date-time":
		return slot.DateTime, true
	case "sys.number", "sys.number-integer", "sys.cardinal", "sys.ordinal", "sys.age":
		return slot.Quantity, true
	case "sys.unit-currency", "sys.currency-name":
		return slot.Money, true
	case "sys.phone-number":
		return slot.Phone, true
	case "sys.person", "sys.given-name", "sys.last-name":
		return slot.Name, true
	case "sys.address", "sys.street-address", "sys.location":
		return slot.Address, true
	case "sys.number-sequence", "sys.flight-number", "sys.zip-code":
		return slot.Code, true
	}
	return slot.Text, true
}

// words carries entities: as choices of slots, and as words that mean the same.
func (c *dfCarrier) words() {
	groups, carried, entities := 0, 0, 0
	for _, name := range sortedKeys(c.entities) {
		used := c.entityUsed[name]
		for _, e := range of(c, c.entries[name]) {
			if c.entities[name].IsRegexp {
				continue
			}
			groups++
			c.p.term(e.Value)
			if len(e.Synonyms) < 2 && (len(e.Synonyms) == 0 || e.Synonyms[0] == e.Value) {
				continue
			}
			if c.p.synonym(append([]string{e.Value}, e.Synonyms...)) {
				carried++
				used = true
			}
		}
		if used {
			entities++
		} else {
			c.p.left("entity", name, "no task asks for it, and its words have no synonyms")
		}
	}
	c.p.count("entities", len(c.entities), entities)
	c.p.count("entity values with synonyms", groups, carried)
}
