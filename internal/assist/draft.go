package assist

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/flow"
	"hotline/dialog/knowledge"
	"hotline/internal/call"
	"hotline/internal/store"
)

// Written is a draft with what a language model needs to write a better one.
type Written struct {
	store.Draft

	language string
	lines    []engine.Line
}

const (
	maxWanted, maxTold, maxOpen = 2, 3, 3
	maxModelLines               = 40 // of a conversation, the last ones
)

// Draft makes a wrap-up of sentences of a call's record: what was wanted, what was
// told, what is open; and a ticket where something is. A line that is not known any
// more, or has no knowledge, makes a poorer one.
func (a *Assistant) Draft(ctx context.Context, id string) (Written, error) {
	r, err := a.cfg.Records.Call(ctx, id)
	if err != nil {
		return Written{}, err
	}
	turns, err := a.cfg.Records.Turns(ctx, id)
	if err != nil {
		return Written{}, err
	}
	events, err := a.cfg.Records.Events(ctx, id)
	if err != nil {
		return Written{}, err
	}
	line, ok := a.cfg.Line(r.Line)
	if !ok {
		line = Line{Language: r.Language}
	}
	if line.Language == "" {
		line.Language = r.Language
	}
	return compose(ctx, r, line, turns, events), nil
}

// byModel has a language model write the summary, where there is one and what it
// writes passes its guards.
func (a *Assistant) byModel(ctx context.Context, id string, w Written) Written {
	if a.cfg.Model == nil || len(w.lines) < 3 {
		return w
	}
	text, err := a.cfg.Model.Call(dialog.Facts{CallID: id, Language: w.language, Now: time.Now()}).Summary(ctx, w.lines)
	if err == nil && strings.TrimSpace(text) != "" {
		w.Summary, w.By = strings.TrimSpace(text), store.DraftByModel
	}
	return w
}

// sentence is one that may stand in a draft.
type sentence struct {
	text  string
	at    int // in the call
	score float64
}

func compose(ctx context.Context, r call.Record, line Line, turns []call.TurnRecord, events []call.Event) Written {
	e := newEar(r.Line, line, r.Caller, events)
	e.talk.Speak("") // from its beginning again
	w := Written{language: line.Language, Draft: store.Draft{By: store.DraftLocal, Wanted: []string{}, Told: []string{}, Open: []string{}}}
	var wanted, told, open []sentence
	first := true         // the caller has not told yet what it is about
	asked := -1           // the last question of the caller's that nobody has said anything to
	var offered *sentence // by the agent, just before
	for i, t := range turns {
		text := strings.TrimSpace(t.Text)
		if text == "" {
			continue
		}
		w.lines = append(w.lines, engine.Line{Caller: t.Speaker == "caller", Text: text})
		e.turn(text)
		switch t.Speaker {
		case "caller":
			if offered != nil && accepts(text, e.zh()) {
				open = append(open, *offered)
			}
			offered = nil
			e.heard = append(e.heard, flow.AsideText{Text: text, Answers: e.answering(text)})
			s := e.wish(ctx, text)
			if first && length(text, e.zh()) > 0.2 && !idle.MatchString(strings.ToLower(text)) {
				s += 0.5 + length(text, e.zh()) // most say first what it is about
				first = false
			}
			if s > 0 {
				wanted = append(wanted, sentence{text, i, s})
			}
			if asked = -1; question(text, e.zh()) && !short(text, e.zh()) && !resolves.MatchString(strings.ToLower(text)) {
				asked = i
			}
		case "agent":
			answers := asked >= 0
			asked, offered = -1, nil
			e.asks(text)
			for _, one := range sentences(text) {
				if undertaken(one, e.zh()) {
					open = append(open, sentence{one, i, 2 + float64(i)/1000})
				} else if offers(one, e.zh()) {
					offered = &sentence{one, i, 2 + float64(i)/1000}
				} else if s := e.telling(ctx, one, answers); s > 0 {
					told = append(told, sentence{one, i, s})
				}
			}
		case "bot":
			asked = -1
		}
	}
	if asked >= 0 {
		open = append(open, sentence{turns[asked].Text, asked, 1})
	}
	w.lines = w.lines[max(0, len(w.lines)-maxModelLines):]
	w.Wanted, w.Told = pick(wanted, maxWanted), pick(told, maxTold)
	if len(w.Wanted) == 0 && r.Summary != "" {
		w.Wanted = []string{r.Summary}
	}
	e.heard = e.heard[max(0, len(e.heard)-maxSaid):]
	if e.task == "" {
		e.tongue = e.own
	}
	task, _ := e.step()
	w.Open = pick(open, maxOpen)
	if task != nil && task.Next == "ask" && len(w.Open) < maxOpen {
		if missing := titles(task); missing != "" {
			w.Open = append(w.Open, say(e.zh(), "“%s”还缺：%s", "%s still needs: %s", task.Title, missing))
		}
	}
	w.Ticket = e.ticket(task, w.Draft, events)
	e.tongue = e.own // colleagues read it in the language of their line, whatever the caller spoke
	w.Summary = summary(w.Draft, e.zh())
	return w
}

// summary is what an agent would have typed.
func summary(d store.Draft, zh bool) string {
	var lines []string
	for _, part := range []struct {
		zh, en string
		list   []string
	}{{"诉求", "Wanted", d.Wanted}, {"已告知", "Told", d.Told}, {"待办", "Open", d.Open}} {
		if len(part.list) == 0 {
			continue
		}
		if zh {
			lines = append(lines, part.zh+"："+joined(part.list, "；", "。"))
		} else {
			lines = append(lines, part.en+": "+joined(part.list, "; ", "."))
		}
	}
	return strings.Join(lines, "\n")
}

func joined(list []string, between, end string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.TrimRight(s, "。.！!；; ")
	}
	text := strings.Join(out, between)
	if strings.HasSuffix(text, "？") || strings.HasSuffix(text, "?") {
		return text
	}
	return text + end
}

func say(zh bool, chinese, english string, args ...any) string {
	if zh {
		return fmt.Sprintf(chinese, args...)
	}
	return fmt.Sprintf(english, args...)
}

func titles(t *TaskHelp) string {
	var out []string
	for _, s := range t.Slots {
		if s.Missing {
			out = append(out, cmp.Or(s.Title, s.Name))
		}
	}
	return strings.Join(out, "、")
}

// ticket is the one that somebody should make; nil where nothing is open, or one was
// made in the call.
func (e *ear) ticket(task *TaskHelp, d store.Draft, events []call.Event) *store.DraftTicket {
	if slices.ContainsFunc(events, func(m call.Event) bool { return m.Kind == call.KindTicket }) {
		return nil
	}
	t := &store.DraftTicket{Fields: map[string]string{}}
	if task != nil && e.line.Flows != nil {
		t.Kind = e.line.Flows.TicketKind(task.Flow)
		for _, s := range task.Slots {
			if s.Value != "" {
				t.Fields[cmp.Or(s.Title, s.Name)] = s.Value
			}
		}
	}
	if t.Kind == "" && len(d.Open) == 0 {
		return nil
	}
	about := append(slices.Clone(d.Wanted), d.Open...)
	if len(about) == 0 {
		return nil
	}
	sep, end := "; ", "."
	if e.zh() {
		sep, end = "；", "。"
	}
	t.Summary = cut(joined(about[:min(len(about), 3)], sep, end), 300)
	return t
}

var (
	wishChinese   = regexp.MustCompile(`想|要|能不能|可以|可不可以|怎么|为什么|没(收|到|有|声|反应|电)|坏|退|换|修|查|投诉|改|取消|发票|不(能|会|亮|响|动|转)|问题|多久|什么时候|帮`)
	wishEnglish   = regexp.MustCompile(`\b(want|need|would like|like to|can i|could (i|you)|can you|how|why|when|where|broken|stopped|not working|doesn'?t|won'?t|isn'?t|hasn'?t|haven'?t|didn'?t|nobody|never|refund|return|exchange|replace|repair|cancel|change|complain|invoice|problem|wrong|missing|late|help)\b`)
	figureInText  = regexp.MustCompile(`[0-9]|[一二两三四五六七八九十百千万]+(个|天|元|块|小时|分钟|秒|度|次|折|工作日|点|号|月|年)|\b(one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty)\b`)
	adviseChinese = regexp.MustCompile(`千万|不要|别(再)?|不会|不能|可以|就行|需要|要先|已经`)
	adviseEnglish = regexp.MustCompile(`\b(please|never|don'?t|can'?t|can|just|need|must|already|try|hold|press)\b`)
	resolves      = regexp.MustCompile(`^(?:ok(?:ay)?|all right|fine|good|right)?[ ,.]*(?:i'll|i will|i'm going to|let me)\b[^?]*$`) // "I'll try it when I'm home"
	idle          = regexp.MustCompile(`^((?:帮我|给我|我要)?(?:转|找)(?:一下)?(?:个|到)?人工(?:客服|服务)?|(?:hi,? |hello,? )?(?:can|could|may) i (?:please )?(?:talk|speak) (?:to|with) (?:someone|somebody|a (?:real |human )?(?:person|human|agent|representative|being))(?: please)?|您好|你好|喂|嗯+|好的?|是的?|对|行|谢谢(您|你)?|再见|不客气|没关系|请稍等|稍等(一下)?|hello|hi|yes|no|ok(ay)?|thanks|thank you( very much)?|good ?bye|bye|sure|right|one moment( please)?|please hold)[，。！,.! ]*$`)
)

// wish is how much a caller's sentence says of what he wants.
func (e *ear) wish(ctx context.Context, text string) float64 {
	low := strings.ToLower(text)
	if short(text, e.zh()) || idle.MatchString(low) || bye(text, e.zh()) {
		return 0
	}
	score := 0.0
	find := wishEnglish
	if e.zh() {
		find = wishChinese
	}
	if find.MatchString(low) {
		score++
	}
	if figureInText.MatchString(low) {
		score += 0.2
	}
	if m := e.match(ctx, text); m != nil {
		score += m.Score
	}
	if score < 0.5 {
		return 0 // a number that he was asked for is no wish
	}
	return score + length(text, e.zh())
}

// telling is how much an agent's sentence tells the caller, who may have asked just before.
func (e *ear) telling(ctx context.Context, text string, asked bool) float64 {
	low := strings.ToLower(text)
	if short(text, e.zh()) || idle.MatchString(low) || question(text, e.zh()) {
		return 0
	}
	score := length(text, e.zh())
	if figureInText.MatchString(low) {
		score++
	}
	advise := adviseEnglish
	if e.zh() {
		advise = adviseChinese
	}
	if advise.MatchString(low) {
		score += 0.4
	}
	if asked {
		score += 0.3
	}
	if m := e.match(ctx, text); m != nil {
		score += max(m.Score, m.Lexical)
	}
	if score < 0.6 {
		return 0
	}
	return score
}

func (e *ear) match(ctx context.Context, text string) *knowledge.Match {
	if e.line.Pairs == nil {
		return nil
	}
	index := e.line.Pairs()
	if index == nil {
		return nil
	}
	r := index.Find(ctx, knowledge.Query{Text: text, Line: e.name, Now: e.line.Now(), Words: true})
	if m := r.Top(); m != nil && r.None < 0.5 {
		return m
	}
	return nil
}

// length is 0 for a word, 0.5 for a full sentence.
func length(text string, zh bool) float64 {
	full := 60.0
	if zh {
		full = 18
	}
	return 0.5 * math.Min(1, float64(utf8.RuneCountInString(text))/full)
}

// sentences divides what somebody said in one go.
func sentences(text string) []string {
	var out []string
	from := 0
	for i, r := range text {
		size := utf8.RuneLen(r)
		if strings.ContainsRune("。！？!?", r) || r == '.' && (i+size == len(text) || text[i+size] == ' ') {
			if s := strings.TrimSpace(text[from : i+size]); s != "" {
				out = append(out, s)
			}
			from = i + size
		}
	}
	if s := strings.TrimSpace(text[from:]); s != "" {
		out = append(out, s)
	}
	return out
}

// pick are the best n, each said once, in the order of the call.
func pick(list []sentence, n int) []string {
	slices.SortStableFunc(list, func(a, b sentence) int { return cmp.Compare(b.score, a.score) })
	var chosen []sentence
	for _, s := range list {
		if len(chosen) == n {
			break
		}
		if !slices.ContainsFunc(chosen, func(c sentence) bool { return alike(c.text, s.text) > 0.6 }) {
			chosen = append(chosen, s)
		}
	}
	slices.SortStableFunc(chosen, func(a, b sentence) int { return cmp.Compare(a.at, b.at) })
	out := []string{}
	for _, s := range chosen {
		out = append(out, cut(s.text, 160))
	}
	return out
}

// alike is how many of the pairs of letters two texts share, 0 to 1.
func alike(a, b string) float64 { return store.Alike(a, b) }

func cut(s string, most int) string {
	rs := []rune(strings.TrimSpace(s))
	if len(rs) <= most {
		return string(rs)
	}
	return string(rs[:most-1]) + "…"
}
