package migrate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"hotline/dialog/flow"
	"hotline/dialog/slot"
	"hotline/internal/business"
)

// Pack is what could be carried over.
type Pack struct {
	Name     string
	Language string // "zh", "en"
	Timezone string
	Greeting string
	Pairs    []business.Row
	Flows    []*flow.Flow
	Labelled []Labelled
	Synonyms [][]string
	Terms    []string
	Report   Report

	wordings map[string]bool   // folded, those of pairs and flows so far
	names    map[string]bool   // of flows and pairs
	places   map[string]string // of what the report may name: file and line
}

// Labelled is a sentence with its intent, for the recogniser.
type Labelled struct{ Text, Intent string }

// Report tells what became of a bot.
type Report struct {
	Source string  `json:"source"` // "rasa", "dialogflow"
	Counts []Count `json:"counts"`
	Left   []Left  `json:"left"`
}

// Count is how many things of a kind there were.
type Count struct {
	What    string `json:"what"`
	Total   int    `json:"total"`
	Carried int    `json:"carried"`
}

// Left is one thing that was not carried over, or not whole.
type Left struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Place string `json:"place,omitempty"` // file:line in the bot
	Why   string `json:"why"`
}

// maxLeft bounds the report.
const maxLeft = 2000

func (p *Pack) left(kind, name, why string, args ...any) {
	where, ok := p.places[kind+" "+name]
	if owner, part, cut := strings.Cut(name, "."); cut && !ok { // a form's slot, an intent's parameter
		where = cmp.Or(p.places[kind+" "+part], p.places["form "+owner], p.places["intent "+owner])
	}
	p.leftAt(where, kind, name, why, args...)
}

// leftAt is left with the place; what was said already is not said again.
func (p *Pack) leftAt(place, kind, name, why string, args ...any) {
	l := Left{kind, name, place, fmt.Sprintf(why, args...)}
	if len(p.Report.Left) < maxLeft && !slices.Contains(p.Report.Left, l) {
		p.Report.Left = append(p.Report.Left, l)
	}
}

// stands notes where something stands, the first time.
func (p *Pack) stands(kind, name, place string) {
	if p.places == nil {
		p.places = map[string]string{}
	}
	if _, ok := p.places[kind+" "+name]; !ok {
		p.places[kind+" "+name] = place
	}
}

// at is a place.
func at(file string, line int) string { return fmt.Sprintf("%s:%d", file, line) }

func (p *Pack) count(what string, total, carried int) {
	p.Report.Counts = append(p.Report.Counts, Count{what, total, carried})
}

// Bounds on what becomes of a bot.
const (
	maxPairs    = 5000
	maxWordings = 500 // of one question
	maxText     = 1000
)

// wordingsOf are the texts that belong to no other question yet, without repetition.
// A wording that two intents share would make the bot ask back each time; the first
// intent keeps it.
func (p *Pack) wordingsOf(name string, texts []string) []string {
	if p.wordings == nil {
		p.wordings = map[string]bool{}
	}
	var out []string
	own := map[string]bool{}
	shared := 0
	for _, t := range texts {
		t = strings.Join(strings.Fields(strings.ReplaceAll(t, "|", " ")), " ")
		k := business.Fold(t)
		switch {
		case k == "" || own[k] || len(t) > maxText || len(out) >= maxWordings:
			continue
		case p.wordings[k]:
			shared++
			continue
		}
		own[k] = true
		out = append(out, t)
	}
	for k := range own {
		p.wordings[k] = true
	}
	if shared > 0 {
		p.left("examples", name, "%d of its sentences stand under another intent too and stay there", shared)
	}
	return out
}

// pair adds a question; false where no wording of it is left.
func (p *Pack) pair(name string, texts []string, answer string) bool {
	if len(p.Pairs) >= maxPairs {
		p.left("intent", name, "there are more than %d questions", maxPairs)
		return false
	}
	w := p.wordingsOf(name, texts)
	if len(w) == 0 {
		p.left("intent", name, "it has no example sentences of its own")
		return false
	}
	p.Pairs = append(p.Pairs, business.Row{
		ID: p.unique(identifier(name, "-")), Question: w[0], Variants: w[1:], Answer: answer,
		Category: category(name), Topic: "",
	})
	return true
}

// category groups retrieval intents: faq of faq/opening_hours.
func category(name string) string {
	group, _, ok := strings.Cut(name, "/")
	if !ok {
		return ""
	}
	return group
}

// task adds a flow if it holds; false where it does not.
func (p *Pack) task(f *flow.Flow) bool {
	f.Name = p.unique(identifier(f.Name, "_"))
	f.Start.Examples = p.wordingsOf(f.Name, f.Start.Examples)
	if p.Language == "zh" && len(f.Start.Examples) > 0 && strings.IndexFunc(f.Title, func(r rune) bool { return unicode.Is(unicode.Han, r) }) < 0 {
		f.Title = slices.MinFunc(f.Start.Examples, func(a, b string) int { return cmp.Compare(len(a), len(b)) }) // as callers call it
	}
	if len(f.Start.Examples) == 0 {
		p.left("flow", f.Name, "nothing that callers say begins it: its intent has no example sentences of its own")
		return false
	}
	_, problems := flow.Compile([]*flow.Flow{f}, flow.Context{Language: p.Language, Skills: []string{skill}})
	if list := problems[f.Name]; len(list) > 0 {
		p.left("flow", f.Name, "it would not work here: %s at %s", list[0].Code, list[0].Path)
		return false
	}
	p.Flows = append(p.Flows, f)
	return true
}

// unique makes a name that no other pair or flow has.
func (p *Pack) unique(name string) string {
	if p.names == nil {
		p.names = map[string]bool{}
	}
	made := free(name, func(n string) bool { return p.names[n] })
	p.names[made] = true
	return made
}

// numbered is name, name2, name3 …
func numbered(name string, n int) string {
	if n < 2 {
		return name
	}
	return fmt.Sprintf("%s%d", name, n)
}

// free is name, name2 … that is not taken.
func free(name string, taken func(string) bool) string {
	n := 1
	for taken(numbered(name, n)) {
		n++
	}
	return numbered(name, n)
}

// hasSlot says whether a task has a slot of that name.
func hasSlot(f *flow.Flow) func(string) bool {
	return func(name string) bool {
		return slices.ContainsFunc(f.Slots, func(s flow.Slot) bool { return s.Name == name })
	}
}

// yes and no are words of the pack's language that mean just that.
func (p *Pack) yes() []string {
	return strings.Fields(p.by("是 是的 对 好 好的 可以", "yes yeah sure okay"))
}
func (p *Pack) no() []string { return strings.Fields(p.by("不 不是 不用 不要", "no nope")) }

// offer names what can be said next, where that is little.
func (p *Pack) offer(titles []string) string {
	const most = 3
	titles = slices.Clone(titles)
	for i := range titles {
		titles[i] = strings.TrimRight(titles[i], ".!?。！？ ")
	}
	titles = distinct(titles)
	if len(titles) < 2 || len(titles) > most || slices.ContainsFunc(titles, func(t string) bool { return strings.ContainsAny(t, "{}") }) {
		return ""
	}
	last := len(titles) - 1
	return p.by("您可以说"+strings.Join(titles[:last], "、")+"，或者"+titles[last]+"。",
		"You can say: "+strings.Join(titles[:last], ", ")+" or "+titles[last]+".")
}

// isQuestion says whether a sentence is one.
func isQuestion(text string) bool {
	text = strings.TrimRight(text, " ”\"』」）)")
	return strings.HasSuffix(text, "?") || strings.HasSuffix(text, "？")
}

// identifier makes an id of a name: letters, digits and the joint.
func identifier(name, joint string) string {
	var b strings.Builder
	gap := false
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteString(joint)
		}
		gap = false
		b.WriteRune(unicode.ToLower(r))
	}
	if out := []rune(b.String()); len(out) > 60 {
		return string(out[:60])
	}
	return cmp.Or(b.String(), "unnamed")
}

// slotName makes a name that conditions and templates can use.
func slotName(name string) string {
	made := identifier(name, "_")
	switch made {
	case "number", "empty", "days", "found", "and", "or", "not", "in", "true", "false", "nil", "len", "caller", "line", "today":
		return made + "_value"
	}
	if made[0] >= '0' && made[0] <= '9' || strings.IndexFunc(made, unicode.IsLetter) != 0 {
		return "v_" + made
	}
	return made
}

// spokenName is a name as it may be spoken.
func spokenName(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return cmp.Or(strings.ToLower(strings.Join(words, " ")), "it")
}

// title is what a slot is called where it is spoken of. Names that the bot's makers
// gave in another language than callers speak are replaced by what the kind is called.
func (p *Pack) title(name string, kind slot.Kind) string {
	if p.Language != "zh" || strings.IndexFunc(name, func(r rune) bool { return unicode.Is(unicode.Han, r) }) >= 0 {
		return name
	}
	switch kind {
	case slot.Phone:
		return "电话号码"
	case slot.Date:
		return "日期"
	case slot.Time, slot.DateTime:
		return "时间"
	case slot.Money:
		return "金额"
	case slot.Quantity:
		return "数量"
	case slot.Name:
		return "姓名"
	case slot.Address:
		return "地址"
	case slot.Code:
		return "号码"
	default:
		return "这一项"
	}
}

// by picks the words of the pack's language.
func (p *Pack) by(zh, en string) string {
	if p.Language == "zh" {
		return zh
	}
	return en
}

// guess is the language most of whose letters texts have.
func guess(texts []string) string {
	han, latin := 0, 0
	for _, t := range texts {
		for _, r := range t {
			switch {
			case unicode.Is(unicode.Han, r):
				han++
			case unicode.IsLetter(r):
				latin++
			}
		}
	}
	if han*3 > latin {
		return "zh"
	}
	return "en"
}

// synonyms adds words that mean the same, without those that are in a group already.
func (p *Pack) synonym(words []string) bool {
	const most = 30
	var group []string
	for _, w := range words {
		w = strings.Join(strings.Fields(w), " ")
		if business.Fold(w) != "" && len(group) < most && !slices.ContainsFunc(group, func(o string) bool { return business.Fold(o) == business.Fold(w) }) {
			group = append(group, w)
		}
	}
	if len(group) < 2 {
		return false
	}
	p.Synonyms = append(p.Synonyms, group)
	return true
}

func (p *Pack) term(word string) {
	const most = 500
	if word = strings.TrimSpace(word); word != "" && len(p.Terms) < most && len(word) <= 60 && !slices.Contains(p.Terms, word) {
		p.Terms = append(p.Terms, word)
	}
}

// finish sorts what came of maps and closes the report.
func (p *Pack) finish() {
	slices.SortStableFunc(p.Report.Left, func(a, b Left) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Place, b.Place))
	})
	p.Name = cmp.Or(strings.TrimSpace(p.Name), p.by("我的业务", "My business"))
	if p.Timezone == "" {
		p.Timezone = p.by("Asia/Shanghai", "America/New_York")
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
