package assist

import (
	"cmp"
	"context"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hotline/dialog/flow"
	"hotline/dialog/knowledge"
	"hotline/dialog/language"
	"hotline/internal/call"
)

// Suggestion is what may help with what the caller has just said.
type Suggestion struct {
	Call    string        `json:"call,omitempty"`
	Turn    int           `json:"turn" doc:"index of what the caller said; 0 for what the bot had begun"`
	Heard   string        `json:"heard,omitempty"`
	Answers []KnownAnswer `json:"answers" doc:"up to three, best first"`
	Phrases []ReadyPhrase `json:"phrases"`
	Task    *TaskHelp     `json:"task,omitempty" doc:"the flow that the bot was in, or that the caller's wish begins"`

	agent string
}

// Recipient implements ForAgent.
func (s Suggestion) Recipient() string { return s.agent }

// KnownAnswer is one of the knowledge.
type KnownAnswer struct {
	ID       string  `json:"id"`
	Question string  `json:"question"`
	Short    string  `json:"short" doc:"to be said"`
	Long     string  `json:"long" doc:"to be written or sent"`
	Score    float64 `json:"score" doc:"0 to 1"`
}

// ReadyPhrase is a sentence to say.
type ReadyPhrase struct {
	Kind string `json:"kind" enum:"sorry,complaint,check,follow_up,ask,say,goodbye"`
	Text string `json:"text"`
}

// TaskHelp is a flow that the agent goes on with by hand.
type TaskHelp struct {
	Flow  string              `json:"flow"`
	Title string              `json:"title"`
	Slots []TaskSlot          `json:"slots"`
	Next  string              `json:"next" enum:"ask,lookup,book,ticket,sms,callback,review,transfer,done,open"`
	Text  string              `json:"text,omitempty" doc:"of the next step: the question, the ticket's summary"`
	Found []map[string]string `json:"found,omitempty" doc:"what look-ups in tables found"`
}

// TaskSlot is one thing that a task has to know.
type TaskSlot struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Value   string `json:"value,omitempty"`
	Missing bool   `json:"missing,omitempty"`
}

// What is worth showing: a guess that is likelier than not to disturb is left out.
const (
	maxAnswers  = 3
	leastScore  = 0.25 // of the first, where nothing is asked in so many words
	leastBeside = 0.08 // of the others, and of the first where something is
	leastShare  = 0.06 // of the best one's score
	mostNone    = 0.88
	taskScore   = 0.4 // of a pair that begins a flow
	staleIntent = 2   // replies of the bot after which a flow is over
	maxSaid     = 12  // sentences that are searched for values
)

// ear is what one call's sentences are held against, in the language that is spoken just
// then. One goroutine uses it at a time.
type ear struct {
	*tongue // that is spoken now

	own    *tongue
	others map[string]*tongue // by language; nil for one that the line is not helped in
	talk   language.Follower
	caller string
	upset  bool
	told   bool // that he is angry
	risky  bool
	quotes []string // that the agent was warned of
}

// tongue is what the sentences of one language are held against: its line's knowledge
// and tasks, and how far they have come.
type tongue struct {
	name  string
	line  Line
	after string // the pair that was suggested first last time
	task  string
	since int               // replies of the bot since that went on
	known map[string]string // slots
	heard []flow.AsideText  // by the caller, since a person has him
	asked string            // the slot that the agent asked for last
	shown []KnownAnswer     // that were suggested, the latest last
}

func newTongue(name string, line Line) *tongue {
	line.Now = now(line.Now)
	if line.Complaint <= 0 {
		line.Complaint = 0.6
	}
	return &tongue{name: cmp.Or(line.Name, name), line: line, known: map[string]string{}}
}

// speak has what follows held against a language; "" is the line's own.
func (e *ear) speak(l string) {
	e.tongue = e.own
	if l != "" && l != cmp.Or(e.own.line.Language, "zh") && e.own.line.In != nil {
		t, met := e.others[l]
		if !met {
			if line, ok := e.own.line.In(l); ok {
				t = newTongue(e.own.name, line)
			}
			e.others[l] = t
		}
		if t != nil {
			e.tongue = t
		}
	}
}

// turn has a sentence, of whomever, held against its own language. It may be said twice.
func (e *ear) turn(text string) { e.speak(e.talk.Next(text)) }

func newEar(name string, line Line, caller string, before []call.Event) *ear {
	e := &ear{own: newTongue(name, line), others: map[string]*tongue{}, caller: caller}
	e.tongue = e.own
	for _, m := range before {
		switch m.Kind {
		case call.KindTranscript:
			text, _ := m.Data["text"].(string)
			e.turn(text)
		case call.KindIntent: // the bot answers in the language that it was asked in
			l, _ := m.Data["language"].(string)
			e.talk.Speak(l)
			e.speak(l)
			e.since++
		case call.KindFlowStep:
			e.since = 0
			e.task, _ = m.Data["flow"].(string)
			switch slots := m.Data["slots"].(type) {
			case map[string]string:
				maps.Copy(e.known, slots)
			case map[string]any: // as it was read again
				for k, v := range slots {
					if text, ok := v.(string); ok {
						e.known[k] = text
					}
				}
			}
		}
	}
	for _, t := range append(slices.Collect(maps.Values(e.others)), e.own) {
		if t != nil && t.since > staleIntent {
			t.task = ""
		}
	}
	return e
}

// first is what can be said before anybody has spoken: the task that the bot began.
func (e *ear) first() *Suggestion {
	task, say := e.step()
	if task == nil {
		return nil
	}
	return &Suggestion{Answers: []KnownAnswer{}, Phrases: say, Task: task}
}

// asks notes what an agent's sentence asks the caller for.
func (e *ear) asks(text string) {
	e.turn(text)
	if e.task == "" || e.line.Flows == nil || !question(text, e.zh()) && !demand.MatchString(strings.ToLower(text)) {
		return
	}
	if name := e.line.Flows.AskedFor(e.task, text); name != "" {
		e.asked = name
	}
}

// demand is how one asks without a question.
var demand = regexp.MustCompile(`请|麻烦|告诉|报一|说一|说下|留一|留个|\b(please|tell me|give me|may i have|i need|let me have)\b`)

// answering is the slot that a caller's sentence answers. A hum, or a question of his
// own, is no answer yet.
func (e *ear) answering(text string) string {
	if e.asked == "" || short(text, e.zh()) || question(text, e.zh()) {
		return ""
	}
	asked := e.asked
	e.asked = ""
	return asked
}

// suggest is what may help with a caller's sentence; nil for nothing.
func (e *ear) suggest(ctx context.Context, t call.TurnRecord) *Suggestion {
	e.turn(t.Text)
	s := &Suggestion{Turn: t.Index, Heard: t.Text, Answers: []KnownAnswer{}, Phrases: []ReadyPhrase{}}
	e.heard = append(e.heard, flow.AsideText{Text: t.Text, Answers: e.answering(t.Text)})
	e.heard = e.heard[max(0, len(e.heard)-maxSaid):]
	had := maps.Clone(e.known)
	best := e.answers(ctx, t.Text, s)
	if best != nil && best.Score >= taskScore && e.line.Flows != nil {
		if name := cmp.Or(best.Pair.Flow, e.line.Flows.ForPair(best.Pair.ID)); name != "" && name != e.task {
			e.task, e.known = name, map[string]string{}
		}
	}
	var ask []ReadyPhrase
	s.Task, ask = e.step()
	asks := question(t.Text, e.zh())
	switch {
	case e.risky:
		s.Phrases = append(s.Phrases, e.phrase("complaint"))
	case e.upset:
		s.Phrases = append(s.Phrases, e.phrase("sorry"))
	case bye(t.Text, e.zh()):
		s.Phrases = append(s.Phrases, e.phrase("goodbye"))
	case len(s.Answers) == 0 && s.Task == nil && asks:
		s.Phrases = append(s.Phrases, e.phrase("check"))
	}
	s.Phrases = append(s.Phrases, ask...)
	if best != nil && len(s.Answers) > 0 && strings.ContainsAny(best.Pair.FollowUp, "?？") {
		s.Phrases = append(s.Phrases, ReadyPhrase{"follow_up", best.Pair.FollowUp})
	}
	if len(s.Answers) == 0 && len(s.Phrases) == 0 && (s.Task == nil || maps.Equal(had, e.known)) {
		return nil // "嗯": what is there stays
	}
	return s
}

// answers puts those into s that the text may ask for, and returns the best match.
func (e *ear) answers(ctx context.Context, text string, s *Suggestion) *knowledge.Match {
	if e.line.Pairs == nil || short(text, e.zh()) {
		return nil
	}
	index := e.line.Pairs()
	if index == nil {
		return nil
	}
	found := index.Find(ctx, knowledge.Query{Text: text, Alternatives: clauses(text, e.zh()), Line: e.name, Now: e.line.Now(), After: e.after})
	best := found.Top()
	if best == nil || found.None > mostNone {
		return nil
	}
	if best.Score < leastScore && !question(text, e.zh()) {
		return best
	}
	for _, m := range found.Matches {
		if len(s.Answers) == maxAnswers || m.Score < leastBeside || m.Score < leastShare*best.Score {
			break
		}
		long := strings.TrimSpace(cmp.Or(m.Pair.Answer, m.Pair.Say()))
		if long == "" {
			continue // it begins a flow
		}
		s.Answers = append(s.Answers, KnownAnswer{
			ID: m.Pair.ID, Question: m.Pair.Question, Short: shortForm(m.Pair.Say(), e.zh()), Long: long, Score: math.Round(m.Score*100) / 100,
		})
	}
	if len(s.Answers) > 0 {
		e.after = s.Answers[0].ID
		e.shown = append(e.shown, s.Answers...)
		e.shown = e.shown[max(0, len(e.shown)-2*maxAnswers):]
	}
	return best
}

// clauses are the parts of a sentence that may be the question by themselves: where is
// my order, it ends in 0032.
func clauses(text string, zh bool) []string {
	var out []string
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("，。！？；,.!?;", r) }) {
		if part = strings.TrimSpace(part); !short(part, zh) && part != text {
			out = append(out, part)
		}
	}
	return out
}

// step is where the task stands, and what to say for it.
func (e *ear) step() (*TaskHelp, []ReadyPhrase) {
	if e.task == "" || e.line.Flows == nil {
		return nil, []ReadyPhrase{}
	}
	a, ok := e.line.Flows.Beside(e.task, e.known, e.heard, flow.Env{Now: e.line.Now(), Caller: e.caller, Line: e.name})
	if !ok {
		return nil, []ReadyPhrase{}
	}
	t := &TaskHelp{Flow: a.Flow, Title: a.Title, Slots: []TaskSlot{}, Next: a.Next, Text: a.Text}
	for _, s := range a.Slots {
		if s.Value != "" {
			e.known[s.Name] = s.Value
		}
		t.Slots = append(t.Slots, TaskSlot{s.Name, s.Title, s.Value, s.Missing})
	}
	for _, name := range slices.Sorted(maps.Keys(a.Rows)) {
		if row := a.Rows[name]; len(row) > 0 {
			shown := maps.Clone(map[string]string(row))
			delete(shown, "#") // how many were found
			for column, v := range shown {
				shown[column] = hidden(v)
			}
			t.Found = append(t.Found, shown)
		}
	}
	phrases := []ReadyPhrase{}
	for _, text := range a.Say[:min(len(a.Say), 2)] {
		phrases = append(phrases, ReadyPhrase{"say", text})
	}
	if a.Next == "ask" && a.Text != "" {
		phrases = append(phrases, ReadyPhrase{"ask", a.Text})
	}
	return t, phrases
}

var telephone = regexp.MustCompile(`^(\+\d[\d -]{6,16}|1[3-9]\d{9}|\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4})$`)

// hidden is a value of a row without the middle of a telephone number: whoever reads a
// whole one does so in the customer's profile, where it is written down.
func hidden(v string) string {
	if !telephone.MatchString(v) {
		return v
	}
	return v[:3] + "****" + v[len(v)-4:]
}

func (e *ear) zh() bool { return chinese(e.line.Language) }

func chinese(language string) bool { return language == "" || strings.HasPrefix(language, "zh") }

// shortForm is as much of an answer as one says in a breath: whole sentences, one at
// least.
func shortForm(text string, zh bool) string {
	most := 150
	if zh {
		most = 60
	}
	end := 0
	for i, r := range text {
		size := utf8.RuneLen(r)
		whole := strings.ContainsRune("。！？!?", r) || r == '.' && (i+size == len(text) || text[i+size] == ' ')
		if !whole {
			continue
		}
		if end > 0 && utf8.RuneCountInString(text[:i+size]) > most {
			break
		}
		end = i + size
	}
	if end == 0 {
		return strings.TrimSpace(text)
	}
	return strings.TrimSpace(text[:end])
}

// short says that a text is too short to ask for anything.
func short(text string, zh bool) bool {
	n := 0
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	if zh {
		return n < 3
	}
	return n < 6
}

func now(f func() time.Time) func() time.Time {
	if f == nil {
		return time.Now
	}
	return f
}
