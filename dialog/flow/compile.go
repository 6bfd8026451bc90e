package flow

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
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
	slots    map[string]*slot.Slot // the forms of templates
}

// program is a compiled flow.
type program struct {
	flow  *Flow
	slots map[string]*compiledSlot
	order []string
	code  []op
	ids   map[string]int // of steps
}

type compiledSlot struct {
	Slot
	slot       *slot.Slot
	ask, again []template
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
	s := &Set{language: c.Language, flows: map[string]*program{}, pairs: map[string]string{}, offers: map[string]string{}, intents: map[string]string{}, tables: map[string]*Table{}, slots: map[string]*slot.Slot{}}
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
	k.p.ids = k.ids
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
	if s.From != "" && s.From != "caller" {
		k.bad(path+".from", "flow_one_of", s.From, "caller")
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

func (k *compiler) block(path string, steps []Step, depth int) {
	if depth > maxDepth {
		k.bad(path, "flow_deep", maxDepth)
		return
	}
	for i := range steps {
		if k.steps++; k.steps > maxSteps {
			k.bad(path, "flow_long", maxSteps)
			return
		}
		k.step(fmt.Sprintf("%s[%d]", path, i), &steps[i], depth)
	}
}

// step compiles one step.
func (k *compiler) step(path string, s *Step, depth int) {
	if s.ID != "" {
		if _, ok := k.ids[s.ID]; ok {
			k.bad(path+".id", "flow_id_twice", s.ID)
		}
		k.ids[s.ID] = len(k.p.code)
	}
	actions := s.actions()
	if len(actions) != 1 {
		if len(actions) == 0 && s.ID != "" {
			return // a place to go to
		}
		k.bad(path, "flow_actions", strings.Join(actions, ", "))
		return
	}
	k.spare(path, s, actions[0])
	o := op{path: path}
	switch actions[0] {
	case "say", "hangup":
		o.kind = opSay
		texts := s.Say
		if actions[0] == "hangup" {
			o.kind, texts = opHangup, s.Hangup
		}
		for i, w := range texts {
			o.texts = append(o.texts, k.template(fmt.Sprintf("%s.%s[%d]", path, actions[0], i), w))
		}
		k.emit(o)
	case "ask", "clear":
		o.kind, o.names = opAsk, s.Ask
		if actions[0] == "clear" {
			o.kind, o.names = opClear, s.Clear
		}
		for _, name := range o.names {
			if k.p.slots[name] == nil {
				k.bad(path+"."+actions[0], "flow_no_slot", name, strings.Join(k.p.order, ", "))
			}
		}
		k.emit(o)
	case "if":
		c, err := compileCondition(s.If, k.environment())
		if err != nil {
			k.bad(path+".if", "flow_condition", s.If, err)
		}
		o.kind, o.condition = opIf, c
		k.branch(path, o, s.Then, "then", s.Else, depth)
	case "case":
		k.cases(path, o, s, depth)
	case "lookup":
		o.kind, o.look = opLook, k.lookup(path+".lookup", s.Lookup)
		k.outcomes(path, o, s, depth)
	case "book":
		o.kind, o.book = opBook, k.booking(path+".book", s.Book)
		k.outcomes(path, o, s, depth)
	case "set":
		o.kind, o.fields = opSet, k.templates(path+".set", s.Set)
		for name := range s.Set {
			if !named(name) || k.p.slots[name] != nil {
				k.bad(path+".set", "flow_name", name)
			}
		}
		k.emit(o)
	case "ticket":
		o.kind, o.kindName, o.fields = opTicket, s.Ticket.Kind, k.templates(path+".ticket.fields", s.Ticket.Fields)
		o.a = k.template(path+".ticket.summary", s.Ticket.Summary)
		k.needs(path+".ticket", map[string]string{"kind": s.Ticket.Kind, "summary": s.Ticket.Summary})
		k.emit(o)
	case "sms":
		o.kind, o.a, o.b = opSMS, k.template(path+".sms.to", s.SMS.To), k.template(path+".sms.text", s.SMS.Text)
		k.needs(path+".sms", map[string]string{"text": s.SMS.Text})
		k.emit(o)
	case "callback":
		o.kind = opCallback
		o.a, o.b = k.template(path+".callback.number", s.Callback.Number), k.template(path+".callback.when", s.Callback.When)
		o.texts = []template{k.template(path+".callback.reason", s.Callback.Reason)}
		k.emit(o)
	case "review":
		o.kind, o.kindName, o.fields = opReview, s.Review.Kind, k.templates(path+".review.fields", s.Review.Fields)
		o.a, o.b = k.template(path+".review.summary", s.Review.Summary), k.template(path+".review.amount", s.Review.Amount)
		k.needs(path+".review", map[string]string{"kind": s.Review.Kind, "summary": s.Review.Summary})
		k.emit(o)
	case "transfer":
		k.skill(path+".transfer.skill", s.Transfer.Skill)
		o.kind, o.kindName, o.reason = opTransfer, s.Transfer.Skill, s.Transfer.Reason
		k.emit(o)
	case "flow":
		if !k.names[s.Flow] {
			k.bad(path+".flow", "flow_flow", s.Flow, strings.Join(slices.Sorted(maps.Keys(k.names)), ", "))
		}
		o.kind, o.kindName = opFlow, s.Flow
		k.emit(o)
	case "goto":
		o.kind = opJump
		k.gotos = append(k.gotos, jump{k.emit(o), s.Goto, path + ".goto"})
	case "end":
		if s.End != "done" && s.End != "open" {
			k.bad(path+".end", "flow_one_of", s.End, "done, open")
		}
		o.kind, o.kindName = opEnd, s.End
		k.emit(o)
	}
}

// actions are the keys of s that do something, in the order of the documentation.
func (s *Step) actions() []string {
	var out []string
	for _, a := range []struct {
		name string
		is   bool
	}{
		{"say", len(s.Say) > 0},
		{"ask", len(s.Ask) > 0},
		{"if", s.If != ""},
		{"case", s.Case != ""},
		{"lookup", s.Lookup != nil},
		{"book", s.Book != nil},
		{"set", len(s.Set) > 0},
		{"clear", len(s.Clear) > 0},
		{"ticket", s.Ticket != nil},
		{"sms", s.SMS != nil},
		{"callback", s.Callback != nil},
		{"review", s.Review != nil},
		{"transfer", s.Transfer != nil},
		{"flow", s.Flow != ""},
		{"goto", s.Goto != ""},
		{"end", s.End != ""},
		{"hangup", len(s.Hangup) > 0},
	} {
		if a.is {
			out = append(out, a.name)
		}
	}
	return out
}

// spare reports branches that the action would never take.
func (k *compiler) spare(path string, s *Step, action string) {
	takes := map[string][]string{"if": {"then", "else"}, "case": {"of", "else"}, "lookup": {"none", "failed"}, "book": {"none", "failed"}}[action]
	for name, is := range map[string]bool{"then": len(s.Then) > 0, "else": len(s.Else) > 0, "of": len(s.Of) > 0, "none": len(s.None) > 0, "failed": len(s.Failed) > 0} {
		if is && !slices.Contains(takes, name) {
			k.bad(path+"."+name, "flow_spare", name, action)
		}
	}
}

func (k *compiler) needs(path string, fields map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if strings.TrimSpace(fields[name]) == "" {
			k.bad(path, "flow_needs", name)
		}
	}
}

// branch emits o, which falls into yes or goes to alt.
func (k *compiler) branch(path string, o op, yes []Step, name string, no []Step, depth int) {
	if len(yes) == 0 {
		k.bad(path, "flow_needs", name)
	}
	at := k.emit(o)
	k.block(path+"."+name, yes, depth+1)
	over := k.emit(op{kind: opJump, path: path})
	k.p.code[at].alt = len(k.p.code)
	k.block(path+".else", no, depth+1)
	k.p.code[over].next = len(k.p.code)
}

func (k *compiler) cases(path string, o op, s *Step, depth int) {
	row, column, _ := strings.Cut(s.Case, ".")
	k.refer(path+".case", row, column)
	if len(s.Of) == 0 {
		k.bad(path, "flow_needs", "of")
	}
	if c := k.p.slots[row]; c != nil && c.Type == slot.Choice {
		for value := range s.Of {
			if !slices.ContainsFunc(c.Choices, func(x Choice) bool { return x.Value == value }) {
				k.bad(path+".of."+value, "flow_choice", value, row)
			}
		}
	}
	o.kind, o.subject, o.cases = opCase, part{name: row, column: column}, map[string]int{}
	at := k.emit(o)
	var over []int
	for _, value := range slices.Sorted(maps.Keys(s.Of)) {
		k.p.code[at].cases[value] = len(k.p.code)
		k.block(path+".of."+value, s.Of[value], depth+1)
		over = append(over, k.emit(op{kind: opJump, path: path}))
	}
	k.p.code[at].alt = len(k.p.code)
	k.block(path+".else", s.Else, depth+1)
	for _, j := range over {
		k.p.code[j].next = len(k.p.code)
	}
}

// outcomes emits o with what is done where nothing was found or nobody answered.
func (k *compiler) outcomes(path string, o op, s *Step, depth int) {
	at := k.emit(o)
	over := k.emit(op{kind: opJump, path: path})
	if len(s.None) == 0 {
		k.bad(path, "flow_needs", "none")
	}
	k.p.code[at].alt = len(k.p.code)
	k.block(path+".none", s.None, depth+1)
	ends := []int{over}
	if len(s.Failed) > 0 {
		ends = append(ends, k.emit(op{kind: opJump, path: path}))
		k.p.code[at].failed = len(k.p.code)
		k.block(path+".failed", s.Failed, depth+1)
	}
	for _, j := range ends {
		k.p.code[j].next = len(k.p.code)
	}
}

func (k *compiler) lookup(path string, l *Lookup) *look {
	out := &look{Lookup: *l}
	if !named(l.As) || k.p.slots[l.As] != nil {
		k.bad(path+".as", "flow_name", l.As)
	}
	switch {
	case (l.Table == "") == (l.URL == ""):
		k.bad(path, "flow_table_or_url")
		return out
	case l.Table != "":
		k.columns(path, l.Table, l.Where)
	default:
		if !strings.HasPrefix(l.URL, "http://") && !strings.HasPrefix(l.URL, "https://") {
			k.bad(path+".url", "flow_url", l.URL)
		}
		if len(l.Where) > 0 {
			k.bad(path+".where", "flow_spare", "where", "url")
		}
	}
	if l.Timeout < 0 || l.Timeout > 30*time.Second {
		k.bad(path+".timeout", "flow_timeout", l.Timeout)
	}
	if l.Retries != nil && (*l.Retries < 0 || *l.Retries > 3) {
		k.bad(path+".retries", "flow_retries", *l.Retries)
	}
	if !slices.Contains([]string{"", "GET", "POST"}, l.Method) {
		k.bad(path+".method", "flow_one_of", l.Method, "GET, POST")
	}
	out.where, out.body = k.templates(path+".where", l.Where), k.templates(path+".body", l.Body)
	out.url = k.template(path+".url", l.URL)
	out.headers = map[string]string{}
	for name, value := range l.Headers {
		out.headers[name] = k.secrets(path+".headers."+name, value)
	}
	return out
}

// secrets fills in ${NAME} from the environment.
func (k *compiler) secrets(path, value string) string {
	return regexp.MustCompile(`\$\{(\w+)\}`).ReplaceAllStringFunc(value, func(m string) string {
		name := m[2 : len(m)-1]
		if k.context.Secret == nil {
			return ""
		}
		v, ok := k.context.Secret(name)
		if !ok {
			k.bad(path, "flow_secret", name)
		}
		return v
	})
}

func (k *compiler) columns(path, table string, where map[string]string) {
	t := k.set.tables[table]
	if t == nil {
		k.bad(path+".table", "flow_table", table, strings.Join(slices.Sorted(maps.Keys(k.set.tables)), ", "))
		return
	}
	if len(where) == 0 {
		k.bad(path, "flow_needs", "where")
	}
	for _, column := range slices.Sorted(maps.Keys(where)) {
		if !slices.Contains(t.Columns, column) {
			k.bad(path+".where", "flow_column", column, strings.Join(t.Columns, ", "))
		}
	}
}

func (k *compiler) booking(path string, b *Book) *booking {
	if !named(b.As) || k.p.slots[b.As] != nil {
		k.bad(path+".as", "flow_name", b.As)
	}
	k.columns(path, b.Table, b.Where)
	if t := k.set.tables[b.Table]; t != nil && b.Count != "" && !slices.Contains(t.Columns, b.Count) {
		k.bad(path+".count", "flow_column", b.Count, strings.Join(t.Columns, ", "))
	}
	return &booking{Book: *b, per: k.template(path+".per", b.Per), where: k.templates(path+".where", b.Where), fields: k.templates(path+".fields", b.Fields)}
}
