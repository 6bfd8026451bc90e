package migrate

import (
	"cmp"
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
	c := &rasaCarrier{
		rasaProject: r, p: p, said: map[string]bool{}, answered: map[string]string{}, doneForms: map[string]bool{},
		reached: map[int]bool{}, skipped: map[int]string{}, ownTalks: map[int]bool{}, titles: map[string][]string{}, steps: map[string]bool{},
	}
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
	doneForms map[string]bool
	titles    map[string][]string // of buttons, by the intent that they stand for
	steps     map[string]bool     // intents that are an answer within a task
	// By index of a talk: something of it was carried, why not all of it was, it is the
	// bot's own matter.
	reached  map[int]bool
	skipped  map[int]string
	ownTalks map[int]bool
}

// ownIntents are what the bot does by itself, in every business.
var ownIntents = []string{
	"greet", "greeting", "hello", "hi", "goodbye", "bye", "affirm", "deny", "yes", "no", "thank", "thanks", "thankyou", "thank_you", "stop", "cancel",
	"nlu_fallback", "out_of_scope", "restart", "back", "session_start", "inform", "help", "bot_challenge", "check_human", "repeat", "human_handoff", "handoff", "trigger_handoff", "speak_to_human",
}

func (c *rasaCarrier) carry() {
	c.learn()
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
	c.conversations()
	c.words()
	c.greet()
	c.tell()
}

// greet takes the project's greeting for the line's.
func (c *rasaCarrier) greet() {
	const longest = 60
	for _, name := range []string{"utter_greet", "utter_greeting", "utter_welcome_message"} {
		if u := c.responses[name]; len(u) > 0 && len(u[0].conditions) == 0 {
			if t := backend.Plain(c.initial(u[0].text)); t != "" && len([]rune(t)) <= longest && !strings.ContainsAny(t, "{}") {
				c.p.Greeting, c.said[name] = t, true
				return
			}
		}
	}
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
		made := c.initial(u.text)
		plain := backend.Plain(made)
		if plain == "" || strings.ContainsAny(made, "{}") || len(u.conditions) > 0 {
			continue
		}
		c.said[name] = true
		if len(list)-n > 1 {
			c.p.left("response", name, "one of its %d wordings is kept: a question has one answer here", len(list))
		}
		if u.other {
			c.p.left("response", name, "its text is said; pictures and payloads have no place on a telephone")
		}
		if offer := c.buttons(name); offer != "" {
			plain += c.p.by("", " ") + offer
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

// skip notes that a talk was not carried whole.
func (c *rasaCarrier) skip(t *talk, why string) {
	for _, n := range t.from {
		if _, ok := c.skipped[n]; !ok {
			c.skipped[n] = why
		}
	}
}

// own notes that a talk is the bot's own matter.
func (c *rasaCarrier) own(t *talk) {
	for _, n := range t.from {
		c.ownTalks[n] = true
	}
}

func (c *rasaCarrier) isForm(name string) bool { _, ok := c.forms[name]; return ok }

// buttons offers what a response's buttons say, where there are few.
func (c *rasaCarrier) buttons(name string) string {
	var titles []string
	for _, u := range c.responses[name] {
		for _, b := range u.buttons {
			title := backend.Plain(b.title)
			if in := payloadIntent(b.payload); in != "affirm" && in != "deny" {
				titles = append(titles, title)
			}
		}
	}
	return c.p.offer(titles)
}

// learn takes the titles of buttons as sentences of the intents that they stand for.
func (c *rasaCarrier) learn() {
	for _, name := range sortedKeys(c.responses) {
		for _, u := range c.responses[name] {
			for _, b := range u.buttons {
				title, intent := backend.Plain(b.title), payloadIntent(b.payload)
				if _, ok := c.examples[intent]; !ok || title == "" {
					continue
				}
				if !slices.Contains(c.titles[intent], title) {
					c.titles[intent] = append(c.titles[intent], title)
				}
				if !ownIntent(intent) && !strings.Contains(b.payload, "{") && !slices.ContainsFunc(c.examples[intent], func(e string) bool { return strings.EqualFold(e, title) }) {
					c.examples[intent] = append(c.examples[intent], title)
				}
			}
		}
	}
}

// filled are the wordings whose places are all slots of the task, with its names.
func (c *rasaCarrier) filled(kind, owner string, texts []string, names map[string]string) []string {
	var out []string
	lost := ""
	for _, t := range texts {
		ok := true
		made := place.ReplaceAllStringFunc(t, func(m string) string {
			name, known := names[strings.Trim(m, "{}")]
			if v := c.slots[strings.Trim(m, "{}")].initial; !known && v != "" {
				return v
			}
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
func (c *rasaCarrier) slot(form, name string) (s flow.Slot) {
	s = flow.Slot{Name: slotName(name), Title: spokenName(name), Type: slot.Text}
	defer func() { s.Title = c.p.title(s.Title, s.Type) }()
	var buttons []button
	for _, key := range []string{"utter_ask_" + form + "_" + name, "utter_ask_" + name} {
		for _, u := range c.responses[key] {
			if len(u.conditions) == 0 {
				s.Ask = append(s.Ask, u.text)
			}
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
	case about.yes || about.kind == "bool" || len(about.entities) == 0 && slices.ContainsFunc(buttons, func(b button) bool { return b.payload == "/affirm" }):
		s.Type = slot.YesNo
		return s
	case about.kind == "categorical" && len(about.values) > 1:
		s.Type = slot.Choice
		for _, v := range about.values {
			s.Choices = c.choice(s.Choices, v)
		}
	case len(buttons) > 1:
		s.Type = slot.Choice
		for _, b := range buttons {
			s.Choices = c.choice(s.Choices, backend.Plain(b.title))
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
func (c *rasaCarrier) choice(choices []flow.Choice, value string) []flow.Choice {
	const most = 100
	if value == "" || len(choices) >= most || slices.ContainsFunc(choices, func(o flow.Choice) bool { return strings.EqualFold(o.Value, value) }) {
		return choices
	}
	return append(choices, flow.Choice{Value: value, Names: distinct(append([]string{value}, c.synonyms[value]...))})
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
			s.Choices = c.choice(s.Choices, v)
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
		if how == "" && c.steps[i] {
			how = "step"
		}
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
	p.count("intents: an answer within a task", n, kinds["step"])
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
	c.tellTalks()
	if c.marks > 0 {
		p.left("entities", "marks", "%d marks in examples are taken off: slots find values by their kind, choices and patterns", c.marks)
	}
}

// tellTalks counts rules and stories.
func (c *rasaCarrier) tellTalks() {
	for _, kind := range []string{"rule", "story"} {
		total, whole, part, own := 0, 0, 0, 0
		for n := range c.talks {
			t := &c.talks[n]
			if t.rule != (kind == "rule") {
				continue
			}
			total++
			why, cut := c.skipped[n]
			switch {
			case c.reached[n] && !cut:
				whole++
			case c.reached[n]:
				part++
				c.p.leftAt(t.place, kind, t.name, "in part: %s", why)
			case c.ownTalks[n] && !cut:
				own++
			default:
				c.p.leftAt(t.place, kind, t.name, "%s", cmp.Or(why, "nothing of what it leads to could be carried"))
			}
		}
		many := map[string]string{"rule": "rules", "story": "stories"}[kind]
		c.p.count(many+": whole", total, whole)
		c.p.count(many+": in part", total, part)
		c.p.count(many+": the bot's own (greeting, goodbye …)", total, own)
	}
}
