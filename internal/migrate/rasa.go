package migrate

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"hotline/dialog/backend"
	"hotline/dialog/flow"
	"hotline/dialog/slot"
)

// Rasa reads the folder of a Rasa 2 or 3 project. name and language may be empty: the
// language is then that of the examples.
func Rasa(project fs.FS, name, language string) (*Pack, error) {
	p := &Pack{Name: name, Language: language, Report: Report{Source: "rasa"}}
	r, err := readRasa(project, p)
	if err != nil {
		return nil, err
	}
	if p.Language == "" {
		var all []string
		for _, list := range r.examples {
			all = append(all, list...)
		}
		p.Language = guess(all)
	}
	c := &rasaCarrier{rasaProject: r, p: p, said: map[string]bool{}, answered: map[string]string{}, talks: map[int]string{}, doneForms: map[string]bool{}}
	c.carry()
	p.finish()
	return p, nil
}

// rasaCarrier makes a Pack of a project.
type rasaCarrier struct {
	*rasaProject
	p         *Pack
	said      map[string]bool   // responses that something says now
	answered  map[string]string // intent → "answer", "task", "own"
	talks     map[int]string    // index of a talk → "whole", "part"
	doneForms map[string]bool
}

// ownIntents are what the bot does by itself, in every business.
var ownIntents = []string{
	"greet", "greeting", "hello", "hi", "goodbye", "bye", "affirm", "deny", "yes", "no", "thank", "thanks", "thankyou", "thank_you", "stop", "cancel",
	"nlu_fallback", "out_of_scope", "restart", "back", "session_start", "inform", "help", "bot_challenge", "check_human", "repeat", "human_handoff", "handoff", "trigger_handoff", "speak_to_human",
}

func (c *rasaCarrier) carry() {
	for _, i := range c.intents {
		label := i
		if i == "out_of_scope" || strings.HasPrefix(i, "out_of_scope/") {
			label = "oos"
		}
		for _, e := range c.examples[i] {
			c.p.Labelled = append(c.p.Labelled, Labelled{e, label})
		}
	}
	for _, i := range c.intents {
		group, _, _ := strings.Cut(i, "/")
		if slices.Contains(ownIntents, group) {
			c.answered[i] = "own"
		}
	}
	c.retrieval()
	c.byTalks(true)
	c.byTalks(false)
	c.words()
	c.tell()
}

// retrieval carries intents like faq/opening_hours with their utter_faq/opening_hours.
func (c *rasaCarrier) retrieval() {
	for _, i := range c.intents {
		if !strings.Contains(i, "/") || c.answered[i] != "" {
			continue
		}
		if answer, ok := c.answer("intent", i, "utter_"+i); ok && c.p.pair(i, c.examples[i], answer) {
			c.answered[i] = "answer"
		}
	}
}

// place is a {slot} in a response.
var place = regexp.MustCompile(`\{([^{}]*)\}`)

// answer is a response that can be said as it stands; else the report says why not.
func (c *rasaCarrier) answer(kind, owner, name string) (string, bool) {
	list, ok := c.responses[name]
	if !ok {
		c.p.left(kind, owner, "the response %s is not in the domain", name)
		return "", false
	}
	for n, u := range list {
		plain := backend.Plain(u.text)
		if plain == "" || place.MatchString(u.text) || strings.ContainsAny(u.text, "{}") {
			continue
		}
		c.said[name] = true
		if len(list)-n > 1 {
			c.p.left("response", name, "one of its %d wordings is kept: a question has one answer here", len(list))
		}
		if u.other || len(u.buttons) > 0 {
			c.p.left("response", name, "its text is said; buttons and pictures have no place on a telephone")
		}
		return plain, true
	}
	why := "nothing in it can be spoken"
	for _, u := range list {
		if m := place.FindString(u.text); m != "" {
			why = "it is filled in with " + m + ", which the project's own code or a slot provides"
		}
	}
	c.p.left("response", name, "%s", why)
	return "", false
}

// byTalks carries what follows the first sentence of rules, or of stories.
func (c *rasaCarrier) byTalks(rules bool) {
	for n := range c.rasaProject.talks {
		t := &c.rasaProject.talks[n]
		if t.rule != rules {
			continue
		}
		c.talk(n, t)
	}
}

func (c *rasaCarrier) talk(n int, t *talk) {
	kind := map[bool]string{true: "rule", false: "story"}[t.rule]
	if t.loop != "" && len(t.steps) > 0 && t.steps[0].action == t.loop {
		return // the end of a form, which the form's task reads
	}
	if len(t.steps) == 0 || len(t.steps[0].intents) == 0 {
		c.p.left(kind, t.name, "it begins with what the bot does, not with what a caller says")
		return
	}
	if t.loop != "" || t.condition {
		c.p.left(kind, t.name, "it holds only behind something else that was said (condition)")
		return
	}
	end := 1
	for end < len(t.steps) && len(t.steps[end].intents) == 0 {
		end++
	}
	first, rest := t.steps[:end], t.steps[end:]
	if first[0].past {
		c.p.left(kind, t.name, "it depends on entities or a checkpoint")
		return
	}
	var actions []string
	for _, s := range first[1:] {
		if s.past {
			c.p.left(kind, t.name, "it depends on entities or a checkpoint")
			return
		}
		if s.action != "" {
			actions = append(actions, s.action)
		}
	}
	used := false
	for _, i := range first[0].intents {
		if c.answered[i] == "own" {
			used = used || t.rule && len(rest) == 0
			continue
		}
		if c.answered[i] != "" {
			continue
		}
		used = c.intent(kind, t, i, actions) || used
	}
	form := slices.ContainsFunc(actions, func(a string) bool { _, ok := c.forms[a]; return ok })
	switch {
	case used && (len(rest) == 0 || form):
		c.talks[n] = "whole"
	case used:
		c.talks[n] = "part"
		c.p.left(kind, t.name, "the first exchange is carried; what follows it depends on what was said before")
	case c.answered[strings.Join(first[0].intents, "")] != "":
		c.p.left(kind, t.name, "what its first sentence leads to is carried from another one already, or is the bot's own")
	default:
		c.p.left(kind, t.name, "none of what it does could be carried")
	}
}

// intent carries what one intent leads to.
func (c *rasaCarrier) intent(kind string, t *talk, intent string, actions []string) bool {
	var says []string
	for k, a := range actions {
		if _, ok := c.forms[a]; ok {
			return c.form(intent, a, says)
		}
		switch {
		case strings.HasPrefix(a, "utter_"):
			if strings.HasPrefix(a, "utter_"+intent) && len(c.responses[a]) == 0 && slices.ContainsFunc(c.intents, func(i string) bool { return strings.HasPrefix(i, intent+"/") }) {
				return true // a retrieval intent, carried one by one
			}
			if answer, ok := c.answer(kind, t.name, a); ok {
				says = append(says, answer)
			}
		case a == "action_listen" || a == "action_deactivate_loop" || a == "action_unlikely_intent":
		case len(a) > 0:
			return c.custom(intent, says, actions[k])
		}
	}
	if len(says) == 0 {
		return false
	}
	if !c.p.pair(intent, c.examples[intent], strings.Join(says, c.p.by("", " "))) {
		return false
	}
	c.answered[intent] = "answer"
	return true
}

// custom begins a task that a person goes on with, where the project ran code.
func (c *rasaCarrier) custom(intent string, says []string, action string) bool {
	f := &flow.Flow{Name: intent, Title: spokenName(intent), Skill: skill, Start: flow.Start{Examples: c.examples[intent]}}
	for _, s := range says {
		f.Steps = append(f.Steps, flow.Step{Say: []string{s}})
	}
	f.Steps = append(f.Steps, flow.Step{Transfer: &flow.Transfer{Reason: "rule"}})
	if !c.p.task(f) {
		return false
	}
	c.p.left("action", action, "it is code of the project's own; the task %s brings the caller to a person in its place", f.Name)
	c.answered[intent] = "task"
	return true
}

// form makes a task of a form, with what is done when it is filled.
func (c *rasaCarrier) form(intent, name string, says []string) bool {
	f := &flow.Flow{Name: strings.TrimSuffix(name, "_form"), Title: spokenName(strings.TrimSuffix(name, "_form")), Skill: skill, Start: flow.Start{Examples: c.examples[intent]}}
	names := map[string]string{} // slot of the project → of the task
	for _, s := range c.forms[name] {
		if len(f.Slots) < 40 && s != "" && !slices.ContainsFunc(f.Slots, func(o flow.Slot) bool { return o.Name == slotName(s) }) {
			names[s] = slotName(s)
			f.Slots = append(f.Slots, c.slot(name, s))
		}
	}
	for i := range f.Slots {
		f.Slots[i].Ask = c.filled("slot", f.Slots[i].Name, f.Slots[i].Ask, names)
	}
	for _, s := range says {
		f.Steps = append(f.Steps, flow.Step{Say: []string{s}})
	}
	for i := range f.Slots {
		s := &f.Slots[i]
		if len(s.Ask) == 0 {
			s.Ask = []string{c.p.by("请说"+s.Title+"。", "What is the "+s.Title+"?")}
			c.p.left("slot", name+"."+s.Name, "the domain has no question for it that can be spoken; a plain one stands in its place")
		}
		f.Steps = append(f.Steps, flow.Step{Ask: []string{s.Name}})
		if low := strings.ToLower(s.Name); s.Type == slot.YesNo && (strings.Contains(low, "confirm") || strings.Contains(low, "continue")) {
			f.Steps = append(f.Steps, flow.Step{If: s.Name + ` == "no"`, Then: []flow.Step{{End: "open"}}})
		}
	}
	ended := c.submit(f, name, names)
	if !ended {
		f.Steps = append(f.Steps, flow.Step{Transfer: &flow.Transfer{Reason: "rule"}})
	}
	if !c.p.task(f) {
		return false
	}
	c.answered[intent] = "task"
	c.doneForms[name] = true
	return true
}

// submit adds what is done with the filled form; false where that was code, or nothing.
func (c *rasaCarrier) submit(f *flow.Flow, form string, names map[string]string) bool {
	for n := range c.rasaProject.talks {
		t := &c.rasaProject.talks[n]
		at := slices.IndexFunc(t.steps, func(s talkStep) bool { return s.endLoop })
		if at < 1 || !(t.loop == form || slices.ContainsFunc(t.steps[:at], func(s talkStep) bool { return s.action == form })) ||
			slices.ContainsFunc(t.steps[1:at], func(s talkStep) bool { return len(s.intents) > 0 }) {
			continue
		}
		done := false
		for _, s := range t.steps[at+1:] {
			if len(s.intents) > 0 {
				break
			}
			switch {
			case strings.HasPrefix(s.action, "utter_"):
				var texts []string
				for _, u := range c.responses[s.action] {
					texts = append(texts, u.text)
				}
				if texts = c.filled("response", s.action, texts, names); len(texts) > 0 {
					f.Steps = append(f.Steps, flow.Step{Say: texts})
					c.said[s.action] = true
					done = true
				}
			case s.action != "" && s.action != "action_listen":
				c.talks[n] = "whole"
				c.p.left("action", s.action, "it is code of the project's own; the task %s brings the caller to a person in its place", f.Name)
				f.Steps = append(f.Steps, flow.Step{Transfer: &flow.Transfer{Reason: "rule"}})
				return true
			}
		}
		c.talks[n] = "whole"
		if done {
			return true
		}
	}
	c.p.left("form", form, "nothing says what becomes of it when it is filled; a person takes over then")
	return false
}

// filled are the wordings whose places are all slots of the task, with its names.
func (c *rasaCarrier) filled(kind, owner string, texts []string, names map[string]string) []string {
	var out []string
	lost := ""
	for _, t := range texts {
		ok := true
		made := place.ReplaceAllStringFunc(t, func(m string) string {
			name, known := names[strings.Trim(m, "{}")]
			ok = ok && known
			return "{" + name + "}"
		})
		if !ok || strings.ContainsAny(place.ReplaceAllString(t, ""), "{}") {
			lost = place.FindString(t)
			continue
		}
		if made = backend.Plain(made); made != "" && !slices.Contains(out, made) {
			out = append(out, made)
		}
	}
	if len(out) == 0 && lost != "" {
		c.p.left(kind, owner, "it is filled in with %s, which the project's own code provides", lost)
	}
	return out
}

// slot is a slot of a form.
func (c *rasaCarrier) slot(form, name string) flow.Slot {
	s := flow.Slot{Name: slotName(name), Title: spokenName(name), Type: slot.Text}
	var buttons []button
	for _, key := range []string{"utter_ask_" + form + "_" + name, "utter_ask_" + name} {
		for _, u := range c.responses[key] {
			s.Ask = append(s.Ask, u.text)
			buttons = append(buttons, u.buttons...)
		}
		if len(s.Ask) > 0 {
			c.said[key] = true
			break
		}
	}
	about := c.slots[name]
	entities := append([]string{name}, about.entities...)
	switch {
	case about.yes || about.kind == "bool" || slices.ContainsFunc(buttons, func(b button) bool { return b.payload == "/affirm" }):
		s.Type = slot.YesNo
		return s
	case about.kind == "categorical" && len(about.values) > 1:
		s.Type = slot.Choice
		for _, v := range about.values {
			s.Choices = c.choice(s.Choices, v, nil)
		}
	case len(buttons) > 1:
		s.Type = slot.Choice
		for _, b := range buttons {
			s.Choices = c.choice(s.Choices, backend.Plain(b.title), nil)
		}
	}
	for _, e := range entities {
		if s.Type != slot.Text {
			break
		}
		c.byEntity(&s, e)
	}
	if s.Type == slot.Choice && len(s.Choices) < 2 {
		s.Type, s.Choices = slot.Text, nil
	}
	return s
}

// choice adds a value that is not there yet, with its synonyms.
func (c *rasaCarrier) choice(choices []flow.Choice, value string, names []string) []flow.Choice {
	const most = 100
	if value == "" || len(choices) >= most || slices.ContainsFunc(choices, func(o flow.Choice) bool { return strings.EqualFold(o.Value, value) }) {
		return choices
	}
	names = append(append([]string{value}, names...), c.synonyms[value]...)
	return append(choices, flow.Choice{Value: value, Names: distinct(names)})
}

func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" && !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, s) }) {
			out = append(out, s)
		}
	}
	return out
}

// byEntity makes s of the kind that an entity's name, expressions and lists say.
func (c *rasaCarrier) byEntity(s *flow.Slot, entity string) {
	if list := c.regexes[entity]; len(list) > 0 {
		if _, err := regexp.Compile(list[0]); err == nil && len(list) == 1 {
			s.Type, s.Pattern = slot.Code, strings.Trim(strings.TrimSuffix(strings.TrimPrefix(list[0], "^"), "$"), " ")
			return
		}
		c.p.left("regex", entity, "its %d expressions cannot be taken as one pattern of a slot", len(list))
	}
	if list := c.lookups[entity]; len(list) > 1 && len(list) <= 100 {
		s.Type = slot.Choice
		for _, v := range list {
			s.Choices = c.choice(s.Choices, v, nil)
		}
		return
	}
	s.Type = kindOf(entity)
}

// kindOf guesses what an entity is by its name: those of Duckling and spaCy, and what
// people call theirs.
func kindOf(name string) slot.Kind {
	low := strings.ToLower(name)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(low, w) })
	}
	switch {
	case has("phone", "mobile", "电话", "手机"):
		return slot.Phone
	case has("money", "amount", "price", "金额"):
		return slot.Money
	case has("date", "day", "日期"):
		return slot.Date
	case low == "time", has("datetime"):
		return slot.DateTime
	case has("time", "时间"):
		return slot.DateTime
	case low == "number", has("count", "quantity", "num_", "数量"):
		return slot.Quantity
	case low == "person", low == "name", has("full_name", "first_name", "last_name", "person_name", "姓名"):
		return slot.Name
	case has("address", "地址"):
		return slot.Address
	case has("order_id", "order_number", "account_number", "单号"):
		return slot.Code
	}
	return slot.Text
}

// words carries synonyms, look-up lists and what the recogniser should know.
func (c *rasaCarrier) words() {
	carried := 0
	for _, value := range sortedKeys(c.synonyms) {
		if c.p.synonym(append([]string{value}, c.synonyms[value]...)) {
			carried++
		}
	}
	c.p.count("synonyms", len(c.synonyms), carried)
	for _, name := range sortedKeys(c.lookups) {
		for _, w := range c.lookups[name] {
			c.p.term(w)
		}
	}
	c.p.count("lookup tables (as words for the recogniser)", len(c.lookups), len(c.lookups))
	patterns := map[string]bool{}
	for _, f := range c.p.Flows {
		for i := range f.Slots {
			patterns[f.Slots[i].Pattern] = true
		}
	}
	carried = 0
	for _, name := range sortedKeys(c.regexes) {
		if len(c.regexes[name]) == 1 && patterns[strings.TrimSuffix(strings.TrimPrefix(c.regexes[name][0], "^"), "$")] {
			carried++
			continue
		}
		c.p.left("regex", name, "no slot of a task uses it")
	}
	c.p.count("regular expressions (as patterns of slots)", len(c.regexes), carried)
}

// tell counts.
func (c *rasaCarrier) tell() {
	p := c.p
	kinds, examples, used := map[string]int{}, 0, 0
	for _, i := range c.intents {
		how := c.answered[i]
		kinds[how]++
		examples += len(c.examples[i])
		if how != "" {
			used += len(c.examples[i])
		}
		if how == "" {
			p.left("intent", i, "nothing is said or done at once behind it; its sentences are kept for the recogniser")
		}
	}
	n := len(c.intents)
	p.count("intents: labelled sentences kept", n, n)
	p.count("intents: answered by a question", n, kinds["answer"])
	p.count("intents: begin a task", n, kinds["task"])
	p.count("intents: the bot's own (yes, goodbye …)", n, kinds["own"])
	p.count("examples: kept for the recogniser", examples, len(p.Labelled))
	p.count("examples: of intents with an answer or a task", examples, used)
	p.count("responses", len(c.responses), len(c.said))
	for _, name := range sortedKeys(c.responses) {
		if !c.said[name] && !slices.ContainsFunc(p.Report.Left, func(l Left) bool { return l.Kind == "response" && l.Name == name }) {
			p.left("response", name, "nothing that was carried says it")
		}
	}
	p.count("forms", len(c.forms), len(c.doneForms))
	for _, name := range c.formOrder {
		if !c.doneForms[name] {
			p.left("form", name, "no sentence of a caller begins it by itself")
		}
	}
	var rules, stories, rulesDone, storiesWhole, storiesPart int
	for n := range c.rasaProject.talks {
		how := c.talks[n]
		if c.rasaProject.talks[n].rule {
			rules++
			if how != "" {
				rulesDone++
			}
			continue
		}
		stories++
		switch how {
		case "whole":
			storiesWhole++
		case "part":
			storiesPart++
		}
	}
	p.count("rules", rules, rulesDone)
	p.count("stories: whole", stories, storiesWhole)
	p.count("stories: their first exchange", stories, storiesPart)
	if c.marks > 0 {
		p.left("entities", "marks", "%d marks in examples are taken off: slots find values by their kind, choices and patterns", c.marks)
	}
}
