package migrate

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"hotline/internal/strict"
)

// Bounds on a project.
const (
	maxFiles    = 2000
	maxFileSize = 4 << 20
	maxTotal    = 64 << 20
)

// rasaProject is what stands in a Rasa project.
type rasaProject struct {
	pack      *Pack
	intents   []string // in the order of the files
	examples  map[string][]string
	marks     int                        // entities marked in examples
	marked    map[string]map[string]bool // entities in the examples of an intent
	file      string                     // that is being read
	synonyms  map[string][]string
	lookups   map[string][]string
	regexes   map[string][]string
	responses map[string][]utterance
	forms     map[string][]string
	formOrder []string
	slots     map[string]rasaSlot
	talks     []talk
	files     int
}

// utterance is one wording of a response.
type utterance struct {
	text    string
	buttons []button
	other   bool // a picture, an attachment, a payload for a screen
	// conditions are all to hold.
	conditions []slotValue
}

type button struct{ title, payload string }

type rasaSlot struct {
	kind     string
	values   []string
	entities []string
	yes      bool   // filled by affirm and deny
	initial  string // what it holds from the beginning
}

// slotValue is a slot and what it holds.
type slotValue struct{ slot, value string }

// talk is a rule or a story.
type talk struct {
	rule      bool
	name      string
	place     string
	loop      string // the form that must be active
	condition bool   // something else is asked of the past
	steps     []talkStep
	from      []int // the talks of the project that it is made of
}

// talkStep is what the caller says, an action, words of an end-to-end story, an end of
// a form, or a checkpoint.
type talkStep struct {
	said       []said
	action     string
	bot        string
	endLoop    bool
	checkpoint string
}

// skipDirs hold no training data.
var skipDirs = []string{"node_modules", "tests", "test", "results", "models", "venv", "env", "actions", "deploy", "charts", ".github", "docs"}

// readRasa reads all YAML of the project that Rasa would train on.
func readRasa(project fs.FS, p *Pack) (*rasaProject, error) {
	r := &rasaProject{
		pack: p, examples: map[string][]string{}, synonyms: map[string][]string{}, lookups: map[string][]string{}, regexes: map[string][]string{},
		responses: map[string][]utterance{}, forms: map[string][]string{}, slots: map[string]rasaSlot{}, marked: map[string]map[string]bool{},
	}
	seen, total := 0, int64(0)
	err := fs.WalkDir(project, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			p.left("file", name, "it cannot be read")
			return nil //nolint:nilerr // told of in the report
		}
		if seen++; seen > 20*maxFiles {
			return fmt.Errorf("the folder holds more than %d files: name that of the project alone", 20*maxFiles)
		}
		if d.IsDir() {
			if name != "." && (strings.HasPrefix(d.Name(), ".") || slices.Contains(skipDirs, d.Name()) || strings.Count(name, "/") > 8) {
				return fs.SkipDir
			}
			return nil
		}
		ext := strings.ToLower(path.Ext(name))
		if ext == ".md" && (strings.Contains(name, "nlu") || strings.Contains(name, "stories")) {
			p.left("file", name, "Markdown training data of Rasa 1: convert it with rasa data convert first")
		}
		if ext != ".yml" && ext != ".yaml" || !d.Type().IsRegular() {
			return nil
		}
		data, err := readLimited(project, name)
		if err != nil {
			p.left("file", name, "%v", err)
			return nil
		}
		if total += int64(len(data)); total > maxTotal || r.files >= maxFiles {
			return fmt.Errorf("the project is larger than %d MB or has more than %d files", maxTotal>>20, maxFiles)
		}
		r.files++
		root, problem := strict.Parse(data)
		if problem != nil {
			p.leftAt(at(name, problem.Line), "file", name, "it cannot be read: %s", problem.Detail)
			return nil
		}
		r.file = name
		r.read(root)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(r.examples) == 0 && len(r.responses) == 0 {
		return nil, fmt.Errorf("no training data (nlu:, responses:) was found: name the folder of a Rasa 2 or 3 project")
	}
	return r, nil
}

// readLimited reads a file of fsys up to the bound.
func readLimited(fsys fs.FS, name string) (data []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("it cannot be opened")
	}
	defer func() { _ = f.Close() }()
	data, err = io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err == nil && len(data) > maxFileSize {
		err = fmt.Errorf("it is larger than %d MB", maxFileSize>>20)
	}
	return data, err
}

func items(n *strict.Node) []*strict.Node {
	if n == nil {
		return nil
	}
	return n.Items
}

func keys(n *strict.Node) []strict.Key {
	if n == nil {
		return nil
	}
	return n.Keys
}

func text(n *strict.Node) string {
	if n == nil || n.Kind != strict.Scalar {
		return ""
	}
	return n.Text
}

func (r *rasaProject) read(root *strict.Node) {
	for _, n := range items(root.Get("nlu")) {
		r.nlu(n)
	}
	for _, k := range keys(root.Get("responses")) {
		r.pack.stands("response", k.Name, at(r.file, k.Line))
		for _, n := range items(k.Value) {
			r.responses[k.Name] = append(r.responses[k.Name], readUtterance(n))
		}
	}
	for _, k := range keys(root.Get("forms")) {
		r.pack.stands("form", k.Name, at(r.file, k.Line))
		r.form(k)
	}
	for _, k := range keys(root.Get("slots")) {
		r.pack.stands("slot", k.Name, at(r.file, k.Line))
		r.slots[k.Name] = readSlot(k.Value)
	}
	for _, n := range items(root.Get("rules")) {
		r.talks = append(r.talks, r.talk(n, true))
	}
	for _, n := range items(root.Get("stories")) {
		r.talks = append(r.talks, r.talk(n, false))
	}
}

func readUtterance(n *strict.Node) utterance {
	u := utterance{text: text(n.Get("text"))}
	u.other = n.Get("image") != nil || n.Get("attachment") != nil || n.Get("custom") != nil || n.Get("elements") != nil
	for _, c := range items(n.Get("condition")) {
		u.conditions = append(u.conditions, slotValue{text(c.Get("name")), text(c.Get("value"))})
	}
	for _, b := range items(n.Get("buttons")) {
		u.buttons = append(u.buttons, button{text(b.Get("title")), text(b.Get("payload"))})
	}
	if channel := text(n.Get("channel")); channel != "" { // of another channel than the telephone
		u = utterance{other: true}
	}
	return u
}

func (r *rasaProject) form(k strict.Key) {
	required := k.Value.Get("required_slots")
	if required == nil {
		required = k.Value // as Rasa 2 wrote it
	}
	var names []string
	for _, n := range items(required) {
		names = append(names, text(n))
	}
	for _, s := range keys(required) {
		if s.Name != "ignored_intents" {
			names = append(names, s.Name)
		}
	}
	if _, ok := r.forms[k.Name]; !ok {
		r.formOrder = append(r.formOrder, k.Name)
	}
	r.forms[k.Name] = names
}

func readSlot(n *strict.Node) rasaSlot {
	s := rasaSlot{kind: text(n.Get("type")), initial: text(n.Get("initial_value"))}
	for _, v := range items(n.Get("values")) {
		s.values = append(s.values, text(v))
	}
	affirm, deny := false, false
	for _, m := range items(n.Get("mappings")) {
		if e := text(m.Get("entity")); e != "" {
			s.entities = append(s.entities, e)
		}
		intents := []string{text(m.Get("intent"))}
		for _, i := range items(m.Get("intent")) {
			intents = append(intents, text(i))
		}
		if text(m.Get("type")) == "from_intent" {
			affirm = affirm || slices.Contains(intents, "affirm")
			deny = deny || slices.Contains(intents, "deny")
		}
	}
	// An entity that fills it is its value; yes and no are then about another one.
	s.yes = affirm && deny && len(s.entities) == 0
	return s
}

func (r *rasaProject) talk(n *strict.Node, rule bool) talk {
	t := talk{rule: rule, name: text(n.Get("rule")) + text(n.Get("story"))}
	if n != nil {
		t.place = at(r.file, n.Line)
	}
	for _, c := range items(n.Get("condition")) {
		if l := c.Get("active_loop"); l != nil {
			if name := text(l); name != "" && name != "null" {
				t.loop = name
			}
			continue
		}
		t.condition = true
	}
	for _, s := range items(n.Get("steps")) {
		var step talkStep
		for _, k := range keys(s) {
			switch k.Name {
			case "intent":
				step.said = append(step.said, saidIn(s))
			case "user": // an end-to-end story
				if s.Get("intent") == nil {
					step.said = append(step.said, said{})
				}
			case "or":
				for _, o := range items(k.Value) {
					if o.Get("intent") != nil {
						step.said = append(step.said, saidIn(o))
					}
				}
			case "action":
				step.action = text(k.Value)
			case "bot":
				step.bot = text(k.Value)
			case "active_loop":
				step.endLoop = text(k.Value) == "" || text(k.Value) == "null"
			case "checkpoint":
				step.checkpoint = text(k.Value)
			case "slot_was_set":
				if v, ok := setSlot(k.Value); ok && !t.gave(v) {
					step.said = append(step.said, said{slot: v.slot, value: v.value})
				}
			}
		}
		if len(t.steps) < maxSteps+1 {
			t.steps = append(t.steps, step)
		}
	}
	return t
}

// gave says whether the caller's last words name the value by themselves.
func (t *talk) gave(v slotValue) bool {
	for _, s := range slices.Backward(t.steps) {
		if len(s.said) > 0 {
			return slices.ContainsFunc(s.said, func(x said) bool { return x.entity == v.slot })
		}
		if s.action != "" {
			return false
		}
	}
	return false
}

// setSlot is the slot that must have a certain value; false where any will do.
func setSlot(n *strict.Node) (slotValue, bool) {
	list := items(n)
	if len(list) == 0 && n != nil {
		list = []*strict.Node{n}
	}
	for _, i := range list {
		for _, k := range keys(i) {
			if v := text(k.Value); v != "" && v != "null" {
				return slotValue{k.Name, v}, true
			}
		}
	}
	return slotValue{}, false
}

// saidIn is what a caller says in a step, with the entity that it goes by.
func saidIn(n *strict.Node) said {
	s := said{intent: strings.TrimPrefix(text(n.Get("intent")), "/")}
	list := items(n.Get("entities"))
	if len(list) == 0 {
		return s
	}
	s.entity = text(list[0])
	if k := keys(list[0]); len(k) > 0 {
		s.entity, s.value = k[0].Name, text(k[0].Value)
	}
	return s
}
