package flow

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"hotline/dialog/slot"
)

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
			continue
		}
		k.set.comparable(t, column)
	}
}

// comparable folds a column that is looked up by, once for all calls.
func (s *Set) comparable(t *Table, column string) {
	if s.columns[t.Name] == nil {
		s.columns[t.Name] = map[string][]string{}
	}
	if s.columns[t.Name][column] != nil {
		return
	}
	cells := make([]string, len(t.Rows))
	for i, row := range t.Rows {
		cells[i] = fold(row[column])
	}
	s.columns[t.Name][column] = cells
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
