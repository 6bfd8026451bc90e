package flow

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"hotline/dialog/slot"
)

// Problem is one thing wrong with a flow. Path is where, in the terms of the file:
// "steps[2].then[0].lookup".
type Problem struct {
	Path string
	Code string // see the catalogue of internal/business
	Args []any
}

// Context is what flows may refer to.
type Context struct {
	Language string // "zh", "en"
	Country  string // of telephone numbers and dates; that of the language where ""
	Tables   []Table
	// Pair says whether the knowledge has a question of that id.
	Pair func(id string) bool
	// Skills are those of the business.
	Skills []string
	// Secret is the value of a variable of the environment that a header may name.
	Secret func(name string) (string, bool)
}

// Set is all flows of a business, ready to run.
type Set struct {
	language string
	flows    map[string]*program
	order    []string
	pairs    map[string]string // id of a question → flow
	offers   map[string]string // id of a question → flow offered behind its answer
	intents  map[string]string // name of an intent → flow
	tables   map[string]*Table
	columns  map[string]map[string][]string // of tables, as they are compared: see fold
	slots    map[string]*slot.Slot          // the forms of templates
}

// program is a compiled flow.
type program struct {
	flow  *Flow
	slots map[string]*compiledSlot
	order []string
	code  []op
	ids   map[string]int // of steps
	names environment    // what conditions can name, none of it known yet
}

type compiledSlot struct {
	Slot
	slot       *slot.Slot
	ask, again []template
	known      []knownCodes
}

// opKind says what an op does.
type opKind uint8

const (
	opSay opKind = iota + 1
	opAsk
	opIf   // goes to alt where the condition does not hold
	opCase // goes to the target of the value, else to alt
	opJump
	opLook // goes to alt where nothing was found, to failed where it could not be asked
	opBook
	opSet
	opClear
	opTicket
	opSMS
	opCallback
	opReview
	opTransfer
	opFlow
	opEnd
	opHangup
)

// op is one instruction.
type op struct {
	kind      opKind
	path      string // of its step in the file
	alt, next int    // next is used by opJump
	failed    int    // of opLook and opBook; 0 is a person
	texts     []template
	names     []string
	condition condition
	cases     map[string]int
	subject   part // of opCase
	look      *look
	book      *booking
	fields    map[string]template
	kindName  string // of tickets and reviews; the skill, flow or end of others
	reason    string
	a, b      template
}

type look struct {
	Lookup
	where, body map[string]template
	url         template
	headers     map[string]string
}

type booking struct {
	Book
	where, fields map[string]template
	per           template
}

// Bounds on what an owner can write, so that a file can be read in a moment.
const (
	maxFlows = 200
	maxSteps = 500
	maxSlots = 40
	maxDepth = 12
)

// Compile checks flows together. Problems are by flow name; a flow with one is left
// out of the Set.
func Compile(flows []*Flow, c Context) (*Set, map[string][]Problem) {
	s := &Set{language: c.Language, flows: map[string]*program{}, pairs: map[string]string{}, offers: map[string]string{}, intents: map[string]string{}, tables: map[string]*Table{}, columns: map[string]map[string][]string{}, slots: map[string]*slot.Slot{}}
	for i := range c.Tables {
		s.tables[c.Tables[i].Name] = &c.Tables[i]
	}
	for _, f := range forms() {
		if made, err := slot.New(slot.Spec{Kind: f.kindOf(), Language: c.Language, Country: c.Country}); err == nil {
			s.slots[string(f)] = made
		}
	}
	problems := map[string][]Problem{}
	names := map[string]bool{}
	for _, f := range flows {
		names[f.Name] = true
	}
	for i, f := range flows {
		k := &compiler{context: c, set: s, flow: f, names: names, ids: map[string]int{}}
		if i >= maxFlows {
			k.bad("", "flow_many", maxFlows)
		}
		p := k.compile()
		if s.flows[f.Name] != nil {
			k.bad("name", "flow_twice", f.Name)
		}
		for j, id := range f.Start.Pairs {
			if other, ok := s.pairs[id]; ok {
				k.bad(fmt.Sprintf("start.pairs[%d]", j), "flow_pair_twice", id, other)
			}
		}
		for j, name := range f.Start.Intents {
			if other, ok := s.intents[name]; ok {
				k.bad(fmt.Sprintf("start.intents[%d]", j), "flow_pair_twice", name, other)
			}
		}
		if len(k.problems) > 0 {
			problems[f.Name] = append(problems[f.Name], k.problems...)
			continue
		}
		s.flows[f.Name] = p
		s.order = append(s.order, f.Name)
		for _, id := range f.Start.Pairs {
			s.pairs[id] = f.Name
		}
		for _, id := range f.Start.Offer {
			s.offers[id] = f.Name
		}
		for _, name := range f.Start.Intents {
			s.intents[name] = f.Name
		}
	}
	return s, problems
}

// Names are the flows, in the order given.
func (s *Set) Names() []string { return slices.Clone(s.order) }

// Flow is the flow of that name as it was written.
func (s *Set) Flow(name string) (*Flow, bool) {
	p, ok := s.flows[name]
	if !ok {
		return nil, false
	}
	return p.flow, true
}

// OfferedBy is the flow that is offered behind the answer to a question, "" for none.
func (s *Set) OfferedBy(id string) string {
	if s == nil {
		return ""
	}
	return s.offers[id]
}

// ForIntent is the flow that an intent begins, "" for none.
func (s *Set) ForIntent(name string) string {
	if s == nil {
		return ""
	}
	return s.intents[name]
}

// ForPair is the flow that a question of the knowledge begins, "" for none.
func (s *Set) ForPair(id string) string {
	if s == nil {
		return ""
	}
	return s.pairs[id]
}

type compiler struct {
	context  Context
	set      *Set
	flow     *Flow
	names    map[string]bool
	p        *program
	ids      map[string]int
	gotos    []jump
	steps    int
	rows     map[string][]string // alias → columns, nil where any column may come
	values   map[string]bool     // names that are set
	problems []Problem
}

type jump struct {
	op   int
	id   string
	path string
}

func (k *compiler) bad(path, code string, args ...any) {
	k.problems = append(k.problems, Problem{path, code, args})
}

func (k *compiler) at(path string) func(code string, args ...any) {
	return func(code string, args ...any) { k.bad(path, code, args...) }
}

func (k *compiler) compile() *program {
	f := k.flow
	k.p = &program{flow: f, slots: map[string]*compiledSlot{}}
	k.rows, k.values = map[string][]string{}, map[string]bool{}
	if strings.TrimSpace(f.Name) == "" {
		k.bad("name", "flow_no_name")
	}
	if strings.TrimSpace(f.Title) == "" {
		k.bad("title", "flow_no_title")
	}
	for i, id := range f.Start.Pairs {
		if k.context.Pair != nil && !k.context.Pair(id) {
			k.bad(fmt.Sprintf("start.pairs[%d]", i), "flow_pair", id)
		}
	}
	for i, id := range f.Start.Offer {
		if k.context.Pair != nil && !k.context.Pair(id) {
			k.bad(fmt.Sprintf("start.offer[%d]", i), "flow_pair", id)
		}
	}
	k.skill("skill", f.Skill)
	if len(f.Slots) > maxSlots {
		k.bad("slots", "flow_many_slots", maxSlots)
	}
	for i := range f.Slots {
		k.slot(fmt.Sprintf("slots[%d]", i), &f.Slots[i])
	}
	if len(f.Steps) == 0 {
		k.bad("steps", "flow_no_steps")
	}
	k.declare(f.Steps)
	k.block("steps", f.Steps, 0)
	k.emit(op{kind: opEnd, kindName: "done", path: "steps"})
	for _, g := range k.gotos {
		to, ok := k.ids[g.id]
		if !ok {
			k.bad(g.path, "flow_goto", g.id, strings.Join(slices.Sorted(maps.Keys(k.ids)), ", "))
			continue
		}
		k.p.code[g.op].next = to
	}
	for i := range f.Slots {
		if id := f.Slots[i].Unknown; id != "" {
			if _, ok := k.ids[id]; !ok {
				k.bad(fmt.Sprintf("slots[%d].unknown", i), "flow_goto", id, strings.Join(slices.Sorted(maps.Keys(k.ids)), ", "))
			}
		}
	}
	k.p.ids, k.p.names = k.ids, k.environment()
	k.learnKnown()
	return k.p
}

func (k *compiler) skill(path, name string) {
	if name != "" && len(k.context.Skills) > 0 && !slices.Contains(k.context.Skills, name) {
		k.bad(path, "flow_skill", name, strings.Join(k.context.Skills, ", "))
	}
}

// named says whether s can be a name in conditions and templates: letters of any
// language, digits and _, not beginning with a digit.
func named(s string) bool {
	for i, r := range s {
		if !unicode.IsLetter(r) && r != '_' && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != "" && !slices.Contains(taken(), s)
}

func (k *compiler) slot(path string, s *Slot) {
	switch {
	case !named(s.Name):
		k.bad(path+".name", "flow_name", s.Name)
	case k.p.slots[s.Name] != nil:
		k.bad(path+".name", "flow_slot_twice", s.Name)
	}
	if s.Type == "" {
		s.Type = slot.Text
	}
	if s.Title == "" {
		s.Title = s.Name
	}
	spec := slot.Spec{Kind: s.Type, Language: k.context.Language, Country: k.context.Country, Pattern: s.Pattern, Min: s.Min, Max: s.Max, Past: s.Side == "past", Future: s.Side == "future"}
	if s.Side != "" && s.Side != "past" && s.Side != "future" {
		k.bad(path+".side", "flow_one_of", s.Side, "past, future")
	}
	if s.Length != "" {
		lo, hi, ok := strings.Cut(s.Length, "-")
		if !ok {
			hi = lo
		}
		var err1, err2 error
		spec.MinLength, err1 = strconv.Atoi(strings.TrimSpace(lo))
		spec.MaxLength, err2 = strconv.Atoi(strings.TrimSpace(hi))
		if err1 != nil || err2 != nil {
			k.bad(path+".length", "flow_length", s.Length)
		}
	}
	for i, c := range s.Choices {
		if s.Type == slot.YesNo {
			if c.Value != "yes" && c.Value != "no" {
				k.bad(fmt.Sprintf("%s.choices[%d].value", path, i), "flow_one_of", c.Value, "yes, no")
			}
			continue
		}
		names := c.Names
		if len(names) == 0 {
			names = []string{c.Value}
		}
		spec.Choices = append(spec.Choices, slot.Option{Value: c.Value, Names: names})
	}
	if !slices.Contains([]string{"", "doubt", "always", "never"}, s.Confirm) {
		k.bad(path+".confirm", "flow_one_of", s.Confirm, "doubt, always, never")
	}
	if !slices.Contains([]string{"", "caller", "contact"}, s.From) {
		k.bad(path+".from", "flow_one_of", s.From, "caller, contact")
	}
	made, err := slot.New(spec)
	if err != nil {
		k.bad(path, "flow_slot", s.Name, strings.TrimPrefix(err.Error(), "slot: "))
		return
	}
	c := &compiledSlot{Slot: *s, slot: made}
	if len(s.Ask) == 0 && s.From == "" {
		k.bad(path+".ask", "flow_no_ask", s.Name)
	}
	k.p.slots[s.Name] = c
	k.p.order = append(k.p.order, s.Name)
	for i, w := range s.Ask {
		c.ask = append(c.ask, parseTemplate(w, k.at(fmt.Sprintf("%s.ask[%d]", path, i))))
	}
	for i, w := range s.Again {
		c.again = append(c.again, parseTemplate(w, k.at(fmt.Sprintf("%s.again[%d]", path, i))))
	}
}

// declare collects the names of rows and values before anything refers to them.
func (k *compiler) declare(steps []Step) {
	for i := range steps {
		s := &steps[i]
		if s.Lookup != nil && s.Lookup.As != "" {
			k.rows[s.Lookup.As] = nil
			if t := k.set.tables[s.Lookup.Table]; t != nil {
				k.rows[s.Lookup.As] = t.Columns
			}
		}
		if s.Book != nil && s.Book.As != "" {
			if t := k.set.tables[s.Book.Table]; t != nil {
				k.rows[s.Book.As] = t.Columns
			}
		}
		for name := range s.Set {
			k.values[name] = true
		}
		for _, inner := range append([][]Step{s.Then, s.Else, s.None, s.Failed}, slices.Collect(maps.Values(s.Of))...) {
			k.declare(inner)
		}
	}
}

// environment is what conditions see while they are compiled.
func (k *compiler) environment() environment {
	env := environment{"caller": "", "line": "", "today": ""}
	for name := range k.p.slots {
		env[name] = ""
	}
	for name := range k.values {
		env[name] = ""
	}
	for name := range k.rows {
		env[name] = map[string]string{}
	}
	return env
}

func (k *compiler) emit(o op) int {
	k.p.code = append(k.p.code, o)
	return len(k.p.code) - 1
}

func (k *compiler) template(path, text string) template {
	t := parseTemplate(text, k.at(path))
	for name, column := range t.names {
		k.refer(path, name, column)
	}
	return t
}

// refer checks that a name is known and a row has the column.
func (k *compiler) refer(path, name, column string) {
	columns, isRow := k.rows[name]
	known := k.p.slots[name] != nil || k.values[name] || slices.Contains([]string{"caller", "line", "today"}, name)
	switch {
	case column == "" && !known && !isRow, column != "" && !isRow:
		k.bad(path, "flow_unknown", name, k.knownNames())
	case column == "" && isRow:
		k.bad(path, "flow_row", name)
	case column != "" && len(columns) > 0 && !slices.Contains(columns, column):
		k.bad(path, "flow_column", column, strings.Join(columns, ", "))
	}
}

func (k *compiler) knownNames() string {
	var out []string
	for name := range k.environment() {
		out = append(out, name)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (k *compiler) templates(path string, texts map[string]string) map[string]template {
	out := map[string]template{}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		out[name] = k.template(path+"."+name, texts[name])
	}
	return out
}
