package flow

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Graph is a flow as it can be drawn.
type Graph struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Nodes []Node `json:"nodes"`
	Edges []Edge `json:"edges"`
}

// Node is a step.
type Node struct {
	ID   string `json:"id"`
	Kind string `json:"kind"` // start, say, ask, if, case, lookup, book, set, clear, ticket, sms, callback, review, transfer, flow, end, hangup
	Text string `json:"text"`
	Path string `json:"path,omitempty"` // of the step in the file: steps[2].then[0]
}

// Edge leads from one step to the next. When is why it is taken, Label the same in the
// business's language; of a case they are its value.
type Edge struct {
	From  string `json:"from"`
	To    string `json:"to"`
	When  When   `json:"when,omitempty"`
	Label string `json:"label,omitempty"`
}

// When is why an edge is taken; "" is always.
type When string

// The reasons.
const (
	WhenYes     When = "yes"
	WhenNo      When = "no"
	WhenValue   When = "value" // of a case: the label
	WhenElse    When = "else"
	WhenNone    When = "none"    // nothing was found, or no place is free
	WhenFailed  When = "failed"  // the other system does not answer
	WhenUnknown When = "unknown" // the caller does not know
)

// label is w in words.
func (d *drawing) label(w When) string {
	words := map[When]string{WhenYes: "yes", WhenNo: "no", WhenElse: "else", WhenNone: "none", WhenFailed: "failed", WhenUnknown: "?"}
	if strings.HasPrefix(d.s.language, "zh") {
		words = map[When]string{WhenYes: "是", WhenNo: "否", WhenElse: "其他", WhenNone: "没有", WhenFailed: "失败", WhenUnknown: "?"}
	}
	return words[w]
}

// kindNames are the ops that are drawn.
func kindNames() map[opKind]string {
	return map[opKind]string{
		opSay: "say", opAsk: "ask", opIf: "if", opCase: "case", opLook: "lookup", opBook: "book", opSet: "set", opClear: "clear",
		opTicket: "ticket", opSMS: "sms", opCallback: "callback", opReview: "review", opTransfer: "transfer", opFlow: "flow", opEnd: "end", opHangup: "hangup",
	}
}

// Draw is the flow of that name as a graph.
func (s *Set) Draw(name string) (Graph, bool) {
	p, ok := s.flows[name]
	if !ok {
		return Graph{}, false
	}
	d := drawing{s: s, p: p, g: Graph{Name: name, Title: p.flow.Title}, seen: map[int]bool{}}
	d.g.Nodes = append(d.g.Nodes, Node{ID: "start", Kind: "start", Text: p.flow.Title})
	d.edge("start", 0, "", "")
	slices.SortFunc(d.g.Nodes[1:], func(a, b Node) int { return number0(a.ID) - number0(b.ID) })
	return d.g, true
}

func number0(id string) int {
	var n int
	_, _ = fmt.Sscanf(id, "n%d", &n)
	return n
}

type drawing struct {
	s    *Set
	p    *program
	g    Graph
	seen map[int]bool
}

// edge leads to the step that is done at pc, past jumps.
func (d *drawing) edge(from string, pc int, when When, value string) {
	for range len(d.p.code) {
		if d.p.code[pc].kind != opJump {
			break
		}
		pc = d.p.code[pc].next
	}
	d.g.Edges = append(d.g.Edges, Edge{From: from, To: d.node(pc), When: when, Label: cmp.Or(value, d.label(when))})
}

// node draws the step at pc and all that follows it.
func (d *drawing) node(pc int) string {
	id := fmt.Sprintf("n%d", pc)
	if d.seen[pc] {
		return id
	}
	d.seen[pc] = true
	o := &d.p.code[pc]
	d.g.Nodes = append(d.g.Nodes, Node{ID: id, Kind: kindNames()[o.kind], Text: d.text(o), Path: o.path})
	switch o.kind {
	case opIf:
		d.edge(id, pc+1, WhenYes, "")
		d.edge(id, o.alt, WhenNo, "")
	case opCase:
		for _, v := range slices.Sorted(maps.Keys(o.cases)) {
			d.edge(id, o.cases[v], WhenValue, v)
		}
		d.edge(id, o.alt, WhenElse, "")
	case opLook, opBook:
		d.edge(id, pc+1, "", "")
		d.edge(id, o.alt, WhenNone, "")
		if o.failed > 0 {
			d.edge(id, o.failed, WhenFailed, "")
		}
	case opAsk:
		d.edge(id, pc+1, "", "")
		for _, name := range o.names {
			if to := d.p.slots[name].Unknown; to != "" {
				d.edge(id, d.p.ids[to], WhenUnknown, "")
			}
		}
	case opTransfer, opHangup, opEnd:
	default:
		d.edge(id, pc+1, "", "")
	}
	return id
}

// text is what stands in a node.
func (d *drawing) text(o *op) string {
	source := func(t template) string {
		var b strings.Builder
		for _, p := range t.parts {
			if p.name == "" {
				b.WriteString(p.text)
				continue
			}
			b.WriteString("{" + p.name)
			if p.column != "" {
				b.WriteString("." + p.column)
			}
			b.WriteString("}")
		}
		return b.String()
	}
	switch o.kind {
	case opSay, opHangup:
		return source(pick(o.texts, 0))
	case opAsk:
		var out []string
		for _, name := range o.names {
			out = append(out, d.p.slots[name].Title)
		}
		return strings.Join(out, " + ")
	case opClear:
		return strings.Join(o.names, " + ")
	case opIf:
		return o.condition.text
	case opCase:
		return strings.TrimSuffix(o.subject.name+"."+o.subject.column, ".")
	case opLook:
		if o.look.Table != "" {
			return o.look.Table + " → " + o.look.As
		}
		host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(o.look.URL, "https://"), "http://"), "/")
		return host + " → " + o.look.As
	case opBook:
		return o.book.Table + " → " + o.book.As
	case opSet:
		return strings.Join(slices.Sorted(maps.Keys(o.fields)), ", ")
	case opTicket, opReview:
		return o.kindName + ": " + source(o.a)
	case opSMS:
		return source(o.b)
	case opCallback:
		return source(o.b)
	case opFlow:
		if next := d.s.flows[o.kindName]; next != nil {
			return next.flow.Title
		}
		return o.kindName
	default:
		return o.kindName
	}
}

// Mermaid is the graph in the language of that name, which editors and code hosts
// draw.
func (g Graph) Mermaid() string {
	var b strings.Builder
	fmt.Fprintf(&b, "---\ntitle: %s\n---\nflowchart TD\n", strings.ReplaceAll(g.Title, "\n", " "))
	quote := func(s string) string { return `"` + strings.NewReplacer(`"`, "#quot;", "\n", " ").Replace(s) + `"` }
	shapes := map[string][2]string{
		"start": {"([", "])"}, "end": {"([", "])"}, "hangup": {"([", "])"}, "if": {"{", "}"}, "case": {"{", "}"}, "ask": {"[/", "/]"},
		"lookup": {"[(", ")]"}, "book": {"[(", ")]"}, "flow": {"[[", "]]"}, "transfer": {"([", "])"},
	}
	for _, n := range g.Nodes {
		shape, ok := shapes[n.Kind]
		if !ok {
			shape = [2]string{"[", "]"}
		}
		text := n.Text
		if n.Kind != "say" && n.Kind != "start" && n.Kind != "if" && n.Kind != "case" {
			text = strings.TrimSuffix(n.Kind+": "+text, ": ")
		}
		fmt.Fprintf(&b, "  %s%s%s%s\n", n.ID, shape[0], quote(text), shape[1])
	}
	for _, e := range g.Edges {
		if e.Label == "" {
			fmt.Fprintf(&b, "  %s --> %s\n", e.From, e.To)
			continue
		}
		fmt.Fprintf(&b, "  %s -->|%s| %s\n", e.From, quote(e.Label), e.To)
	}
	return b.String()
}
