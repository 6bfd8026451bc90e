package migrate

import (
	"archive/zip"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"hotline/dialog/backend"
	"hotline/dialog/flow"
	"hotline/dialog/slot"
)

// The files of an export, as Dialogflow ES writes them.
type (
	dfAgent struct {
		Language        string   `json:"language"`
		DisplayName     string   `json:"displayName"`
		Description     string   `json:"description"`
		DefaultTimezone string   `json:"defaultTimezone"`
		Supported       []string `json:"supportedLanguages"`
	}
	dfIntent struct {
		Name           string       `json:"name"`
		ParentID       string       `json:"parentId"`
		Contexts       []string     `json:"contexts"`
		Responses      []dfResponse `json:"responses"`
		WebhookUsed    bool         `json:"webhookUsed"`
		Fallback       bool         `json:"fallbackIntent"`
		EndInteraction bool         `json:"endInteraction"`
		Events         []struct {
			Name string `json:"name"`
		} `json:"events"`
		UserSays []dfSays `json:"userSays"` // of old exports
	}
	dfResponse struct {
		Parameters []dfParameter `json:"parameters"`
		Messages   []dfMessage   `json:"messages"`
	}
	dfParameter struct {
		Name     string   `json:"name"`
		DataType string   `json:"dataType"`
		Required bool     `json:"required"`
		IsList   bool     `json:"isList"`
		Prompts  []dfText `json:"prompts"`
	}
	dfText struct {
		Lang  string `json:"lang"`
		Value string `json:"value"`
	}
	dfMessage struct {
		Platform string          `json:"platform"`
		Lang     string          `json:"lang"`
		Speech   json.RawMessage `json:"speech"` // a text or a list of wordings
	}
	dfSays struct {
		Data []struct {
			Text string `json:"text"`
			Meta string `json:"meta"`
		} `json:"data"`
		IsTemplate bool `json:"isTemplate"`
	}
	dfEntity struct {
		Name     string `json:"name"`
		IsRegexp bool   `json:"isRegexp"`
	}
	dfEntry struct {
		Value    string   `json:"value"`
		Synonyms []string `json:"synonyms"`
	}
)

// dfExport is an export as it was read.
type dfExport struct {
	agent    dfAgent
	intents  map[string]dfIntent            // by file name
	says     map[string]map[string][]dfSays // by file name and language
	entities map[string]dfEntity
	entries  map[string]map[string][]dfEntry
}

// DialogflowFile reads an export of an ES agent.
func DialogflowFile(file, name, language string) (p *Pack, err error) {
	f, err := os.Open(file) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return Dialogflow(f, info.Size(), name, language)
}

// Dialogflow reads an export of an ES agent: a zip of size bytes. name and language
// may be empty: they are then the agent's.
func Dialogflow(r io.ReaderAt, size int64, name, language string) (*Pack, error) {
	if size > maxTotal {
		return nil, fmt.Errorf("the export is larger than %d MB", maxTotal>>20)
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("read the export: %w", err)
	}
	p := &Pack{Name: name, Report: Report{Source: "dialogflow"}}
	x, err := readExport(z, p)
	if err != nil {
		return nil, err
	}
	c := &dfCarrier{dfExport: x, p: p, entityUsed: map[string]bool{}, how: map[string]string{}}
	c.languages(language)
	c.carry()
	p.finish()
	return p, nil
}

// saysFile is intents/NAME_usersays_LANGUAGE.json, entriesFile entities/NAME_entries_LANGUAGE.json.
var (
	saysFile    = regexp.MustCompile(`^(.*)_usersays_([a-zA-Z-]+)$`)
	entriesFile = regexp.MustCompile(`^(.*)_entries_([a-zA-Z-]+)$`)
)

// readExport reads what the zip says within the bounds; a file's size is what comes
// out of it, not what its header claims.
func readExport(z *zip.Reader, p *Pack) (*dfExport, error) {
	x := &dfExport{intents: map[string]dfIntent{}, says: map[string]map[string][]dfSays{}, entities: map[string]dfEntity{}, entries: map[string]map[string][]dfEntry{}}
	if len(z.File) > 5*maxFiles {
		return nil, fmt.Errorf("the export holds more than %d files", 5*maxFiles)
	}
	left := int64(maxTotal)
	found := false
	for _, f := range z.File {
		name := f.Name
		if f.FileInfo().IsDir() || path.Ext(name) != ".json" {
			continue
		}
		if strings.Contains(name, "..") || strings.HasPrefix(name, "/") || strings.Contains(name, `\`) {
			p.left("file", name, "its name leads out of the export")
			continue
		}
		data, err := unzip(f, min(left, maxFileSize))
		if err != nil {
			p.left("file", name, "%v", err)
			if left -= int64(len(data)); left <= 0 {
				return nil, fmt.Errorf("the export unpacks to more than %d MB", maxTotal>>20)
			}
			continue
		}
		left -= int64(len(data))
		known, err := x.take(name, data)
		if err != nil {
			p.left("file", name, "it is not written as Dialogflow ES documents: %v", err)
		}
		found = found || known
	}
	if !found {
		return nil, errors.New("no agent.json or intents/ was found: give the zip that Dialogflow ES exports (Settings, Export and import)")
	}
	return x, nil
}

func unzip(f *zip.File, limit int64) (data []byte, err error) {
	rc, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("it cannot be unpacked: %w", err)
	}
	defer func() { err = errors.Join(err, rc.Close()) }()
	data, err = io.ReadAll(io.LimitReader(rc, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errors.New("it unpacks to more than is read")
	}
	return data, err
}

// take reads one file by where it stands.
func (x *dfExport) take(name string, data []byte) (known bool, err error) {
	base := strings.TrimSuffix(path.Base(name), ".json")
	switch dir := path.Base(path.Dir(name)); {
	case base == "agent" && dir != "intents" && dir != "entities":
		return true, json.Unmarshal(data, &x.agent)
	case dir == "intents":
		if m := saysFile.FindStringSubmatch(base); m != nil {
			var says []dfSays
			err = json.Unmarshal(data, &says)
			put(x.says, m[1], m[2], says)
			return true, err
		}
		var i dfIntent
		err = json.Unmarshal(data, &i)
		if err == nil {
			i.Name = cmp.Or(i.Name, base)
			x.intents[base] = i
		}
		return true, err
	case dir == "entities":
		if m := entriesFile.FindStringSubmatch(base); m != nil {
			var entries []dfEntry
			err = json.Unmarshal(data, &entries)
			put(x.entries, m[1], m[2], entries)
			return true, err
		}
		var e dfEntity
		err = json.Unmarshal(data, &e)
		if err == nil {
			x.entities[cmp.Or(e.Name, base)] = e
		}
		return true, err
	}
	return false, nil
}

func put[V any](m map[string]map[string]V, name, language string, v V) {
	if m[name] == nil {
		m[name] = map[string]V{}
	}
	m[name][language] = v
}

// dfCarrier makes a Pack of an export.
type dfCarrier struct {
	*dfExport
	p          *Pack
	lang       string // the code of the language that is carried
	entityUsed map[string]bool
	how        map[string]string // intent → "answer", "task", "own"
	examples   int
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
	for _, file := range sortedKeys(c.intents) {
		c.intent(file, c.intents[file])
	}
	for file := range c.says {
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

func (c *dfCarrier) intent(file string, i dfIntent) {
	p := c.p
	sentences := c.sentences(file, i)
	label := i.Name
	if i.Fallback {
		label = "oos"
	}
	for _, s := range sentences {
		p.Labelled = append(p.Labelled, Labelled{s, label})
	}
	var r dfResponse
	if len(i.Responses) > 0 {
		r = i.Responses[0]
	}
	texts := c.texts(i.Name, r)
	welcome := slices.ContainsFunc(i.Events, func(e struct {
		Name string `json:"name"`
	},
	) bool {
		return strings.HasSuffix(e.Name, "WELCOME")
	})
	switch {
	case i.Fallback:
		c.how[file] = "own"
		p.left("intent", i.Name, "what is not understood is the bot's own matter: it asks back, then offers a person")
		return
	case welcome:
		c.how[file] = "own"
		const longest = 60
		if len(texts) > 0 && len([]rune(texts[0])) <= longest && !strings.ContainsAny(texts[0], "$#{") {
			p.Greeting = backend.Plain(texts[0])
		} else {
			p.left("intent", i.Name, "its greeting is not one short sentence; the line has a plain one")
		}
		return
	case len(i.Contexts) > 0 || i.ParentID != "":
		p.left("intent", i.Name, "it holds only behind another one (context %s); its sentences are kept for the recogniser", strings.Join(i.Contexts, ", "))
		return
	case len(sentences) == 0:
		p.left("intent", i.Name, "it is begun by events only")
		return
	}
	c.how[file] = c.answer(i, r, sentences, texts)
}

// texts are the wordings of the reply: those for no platform.
func (c *dfCarrier) texts(name string, r dfResponse) []string {
	var out []string
	rich := false
	for _, m := range r.Messages {
		if m.Platform != "" && m.Platform != "PLATFORM_UNSPECIFIED" || m.Lang != "" && !strings.EqualFold(m.Lang, c.lang) {
			continue
		}
		var one string
		var many []string
		switch {
		case len(m.Speech) == 0:
			rich = true
		case json.Unmarshal(m.Speech, &one) == nil:
			many = []string{one}
		default:
			_ = json.Unmarshal(m.Speech, &many) // what is neither has no words
		}
		for _, t := range many {
			if strings.TrimSpace(t) != "" {
				out = append(out, t)
			}
		}
	}
	if rich {
		c.p.left("response", name, "cards, pictures and payloads have no place on a telephone")
	}
	return out
}

// reference is a parameter in a reply: $city, #context.city, $city.original.
var reference = regexp.MustCompile(`[$#]([\p{L}\p{N}_.-]*[\p{L}\p{N}_-])`)

// answer carries an intent that holds by itself: as a question with its answer, or as
// a task where something has to be known or done.
func (c *dfCarrier) answer(i dfIntent, r dfResponse, sentences, texts []string) string {
	p := c.p
	f := &flow.Flow{Name: i.Name, Title: spokenName(i.Name), Skill: skill, Start: flow.Start{Examples: sentences}}
	names := map[string]string{}
	for _, q := range r.Parameters {
		mentioned := slices.ContainsFunc(texts, func(t string) bool { return slices.Contains(references(t), q.Name) })
		switch {
		case !q.Required && !mentioned || q.Name == "":
			continue
		case len(f.Slots) >= 40:
			p.left("parameter", i.Name+"."+q.Name, "a task asks for at most 40 things")
			continue
		case slices.ContainsFunc(f.Slots, func(s flow.Slot) bool { return s.Name == slotName(q.Name) }):
			continue
		}
		names[q.Name] = slotName(q.Name)
		f.Slots = append(f.Slots, c.parameter(i.Name, q))
		f.Steps = append(f.Steps, flow.Step{Ask: []string{slotName(q.Name)}})
	}
	var says []string
	for _, t := range texts {
		if made, ok := fill(t, names); ok && made != "" {
			says = append(says, made)
		} else if !ok {
			p.left("response", i.Name, "%q is filled in with what the task does not ask for", backend.Shorten(t, 40))
		}
	}
	if len(f.Slots) == 0 && !i.WebhookUsed {
		switch {
		case len(says) == 0:
			p.left("intent", i.Name, "it has no words to say; its sentences are kept for the recogniser")
			return ""
		case len(says) > 1:
			p.left("response", i.Name, "one of its %d wordings is kept: a question has one answer here", len(says))
		}
		if p.pair(i.Name, sentences, says[0]) {
			return "answer"
		}
		return ""
	}
	switch {
	case i.WebhookUsed:
		p.left("webhook", i.Name, "it is code of the agent's own; the task %s brings the caller to a person in its place", identifier(i.Name, "_"))
		f.Steps = append(f.Steps, flow.Step{Transfer: &flow.Transfer{Reason: "rule"}})
	case len(says) == 0:
		p.left("intent", i.Name, "nothing says what becomes of it when all is known; a person takes over then")
		f.Steps = append(f.Steps, flow.Step{Transfer: &flow.Transfer{Reason: "rule"}})
	default:
		f.Steps = append(f.Steps, flow.Step{Say: says})
	}
	if p.task(f) {
		return "task"
	}
	return ""
}

func references(t string) []string {
	var out []string
	for _, m := range reference.FindAllStringSubmatch(t, -1) {
		out = append(out, strings.TrimSuffix(strings.TrimSuffix(m[1], ".original"), ".value"))
	}
	return out
}

// fill puts a task's own names in a reply; false where it names something else.
func fill(t string, names map[string]string) (string, bool) {
	ok := true
	t = strings.NewReplacer("{", "(", "}", ")").Replace(t)
	t = reference.ReplaceAllStringFunc(t, func(m string) string {
		name := references(m)[0]
		if name != "" && strings.Trim(name, "0123456789.") == "" && m[0] == '$' {
			return m // an amount of dollars
		}
		if names[name] == "" {
			ok = false
			return ""
		}
		return "{" + names[name] + "}"
	})
	return backend.Plain(t), ok
}

// parameter is a slot.
func (c *dfCarrier) parameter(intent string, q dfParameter) flow.Slot {
	s := flow.Slot{Name: slotName(q.Name), Title: spokenName(q.Name), Type: slot.Text}
	for _, t := range q.Prompts {
		if text := backend.Plain(t.Value); text != "" && (t.Lang == "" || strings.EqualFold(t.Lang, c.lang)) && !strings.ContainsAny(text, "$#{}") && !slices.Contains(s.Ask, text) {
			s.Ask = append(s.Ask, text)
		}
	}
	if len(s.Ask) == 0 {
		s.Ask = []string{c.p.by("请说"+s.Title+"。", "What is the "+s.Title+"?")}
		c.p.left("parameter", intent+"."+q.Name, "the agent has no question for it that can be spoken; a plain one stands in its place")
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
