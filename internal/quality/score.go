package quality

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"hotline/dialog/language"
	"hotline/dialog/moderation"
	"hotline/internal/call"
)

// State is what became of an item.
type State string

// The states.
const (
	Good          State = "good"
	Partly        State = "partly"
	Failed        State = "failed"
	NotApplicable State = "not_applicable"
	Open          State = "open" // the reviewer's
)

// Finding is what a rule found. It quotes nothing of the call: it says where to listen.
type Finding struct {
	Item   string  `json:"item"`
	State  State   `json:"state" enum:"good,partly,failed,not_applicable,open"`
	Points float64 `json:"points"`
	AtMS   []int64 `json:"at_ms,omitempty" doc:"where, on the call's time axis"`
	// Seconds, Times and Category say why, for the rules that have them.
	Seconds  float64 `json:"seconds,omitempty" doc:"the longest silence"`
	Times    int     `json:"times,omitempty" doc:"how often it happened"`
	Category string  `json:"category,omitempty" doc:"of the forbidden word"`
	Why      string  `json:"why,omitempty" doc:"the outcome or the disposition that the resolution rests on"`
}

// Record is a call that is judged.
type Record struct {
	Call   call.Record
	Turns  []call.TurnRecord
	Events []call.Event
	// Words are those that must not be said in the line's language, In those of another one
	// in which the call goes on; nil: none.
	Words *moderation.Matcher
	In    func(language string) *moderation.Matcher
}

// Bot is whom calls without an agent are judged as.
const Bot = "bot"

// Subject is whose the call is: an agent's name, or Bot.
func Subject(r call.Record) string {
	if r.Agent == "" {
		return Bot
	}
	return r.Agent
}

// view is the part of a call that is judged.
type view struct {
	Record

	speaker  string // "bot" or "agent"
	from, to int64  // ms
	turns    []call.TurnRecord
}

func (r Record) view() view {
	v := view{Record: r, speaker: "agent", to: math.MaxInt64}
	if r.Call.Agent == "" {
		v.speaker = "bot"
	} else {
		for _, e := range r.Events {
			if e.Kind == call.KindBridge && e.Data["agent"] == r.Call.Agent {
				v.from = e.MS
				break
			}
		}
		for _, e := range r.Events {
			if e.Kind == call.KindTransfer && e.Data["state"] == "agent_gone" && e.MS > v.from {
				v.to = e.MS
				break
			}
		}
	}
	v.turns = slices.Clone(r.Turns)
	slices.SortStableFunc(v.turns, func(a, b call.TurnRecord) int { return int(a.StartMS - b.StartMS) })
	v.turns = slices.DeleteFunc(v.turns, func(t call.TurnRecord) bool { return t.EndMS < v.from || t.StartMS > v.to })
	return v
}

// Score is what the rules of a sheet find in a call, an entry for each item.
func Score(s Sheet, r Record) []Finding {
	v := r.view()
	out := make([]Finding, 0, len(s.Items))
	for _, it := range s.Items {
		f := v.look(it)
		f.Item = it.ID
		switch f.State {
		case Good:
			f.Points = float64(it.Points)
		case Partly:
			f.Points = float64(it.Points) / 2
		case Failed, NotApplicable, Open:
		}
		out = append(out, f)
	}
	return out
}

// Total is the score of findings, 0 to 100: the share of the points that could be had.
// known is false where nothing could.
func Total(s Sheet, findings []Finding) (score int, known bool) {
	var had, could float64
	out := false
	for _, f := range findings {
		i := slices.IndexFunc(s.Items, func(it SheetItem) bool { return it.ID == f.Item })
		if i < 0 || f.State == Open || f.State == NotApplicable {
			continue
		}
		had, could = had+f.Points, could+float64(s.Items[i].Points)
		out = out || s.Items[i].Knockout && f.State == Failed
	}
	switch {
	case could == 0:
		return 0, false
	case out:
		return 0, true
	}
	return int(math.Round(100 * had / could)), true
}

func (v view) look(it SheetItem) Finding {
	switch it.Rule {
	case Greeting:
		return v.greeting(it)
	case Disclosure:
		return v.disclosure(it)
	case Forbidden:
		return v.forbidden(it)
	case DeadAir:
		return v.silence(it)
	case Overtalk:
		return v.overtalk(it)
	case Resolution:
		return v.resolution()
	case Says:
		return v.says(it, v.turns)
	}
	return Finding{State: Open}
}

// own are the sentences of who is judged.
func (v view) own() []call.TurnRecord {
	return slices.DeleteFunc(slices.Clone(v.turns), func(t call.TurnRecord) bool { return t.Speaker != v.speaker })
}

// greetings are how one greets who says nothing else.
var greetings = []string{"您好", "你好", "早上好", "上午好", "中午好", "下午好", "晚上好", "欢迎致电", "hello", "hi ", "hi,", "hi.", "good morning", "good afternoon", "good evening", "welcome", "thank you for calling", "thanks for calling", "how can i help", "how may i help"}

func (v view) greeting(it SheetItem) Finding {
	own := v.own()
	if len(own) == 0 {
		return Finding{State: NotApplicable}
	}
	phrases := it.Phrases
	if len(phrases) == 0 {
		phrases = greetings
	}
	f := v.says(SheetItem{Phrases: phrases}, own[:1])
	f.AtMS = []int64{own[0].StartMS}
	if f.State == Failed && v.speaker == "bot" && len(it.Phrases) == 0 {
		// The bot's first sentence says who it is; that is a greeting in any words.
		f.State = Partly
	}
	return f
}

// recorded are the words for being recorded.
var recorded = []string{"录音", "recorded", "recording"}

func (v view) disclosure(it SheetItem) Finding {
	phrases := it.Phrases
	if len(phrases) == 0 {
		if v.Call.Recording == "" {
			return Finding{State: NotApplicable}
		}
		phrases = recorded
	}
	// The bot says it for whoever talks to the caller afterwards.
	first := slices.DeleteFunc(slices.Clone(v.Turns), func(t call.TurnRecord) bool { return t.Speaker == "caller" || heard(t) == "" })
	return v.says(SheetItem{Phrases: phrases}, first)
}

// heard is what the other side has heard of a sentence.
func heard(t call.TurnRecord) string {
	if t.Heard != "" {
		return t.Heard
	}
	return t.Text
}

func (v view) says(it SheetItem, turns []call.TurnRecord) Finding {
	for _, t := range turns {
		if t.Speaker == "caller" {
			continue
		}
		text := strings.ToLower(heard(t)) + " "
		if slices.ContainsFunc(it.Phrases, func(p string) bool { return strings.Contains(text, strings.ToLower(p)) }) {
			return Finding{State: Good, AtMS: []int64{t.StartMS}}
		}
	}
	return Finding{State: Failed}
}

// maxMarks bounds the places that a finding names.
const maxMarks = 20

func (v view) forbidden(it SheetItem) Finding {
	f := Finding{State: Good}
	var talk language.Follower
	for _, t := range v.turns {
		spoken := talk.Next(heard(t))
		if t.Speaker != v.speaker {
			continue
		}
		text := strings.ToLower(heard(t))
		category := ""
		words := v.Words
		if spoken != "" && v.In != nil {
			words = cmp.Or(v.In(spoken), words)
		}
		if words != nil {
			if h, blocked := words.Blocked(heard(t)); blocked {
				category = string(h.Category)
			}
		}
		if category == "" && slices.ContainsFunc(it.Words, func(w string) bool { return strings.Contains(text, strings.ToLower(w)) }) {
			category = "own"
		}
		if category != "" {
			f.State, f.Category = Failed, category
			f.Times++
			f.mark(t.StartMS)
		}
	}
	return f
}

func (f *Finding) mark(ms int64) {
	if len(f.AtMS) < maxMarks {
		f.AtMS = append(f.AtMS, ms)
	}
}

// silence looks for gaps between what is said. Music is none: while the caller is on hold
// or waits, nobody is silent.
func (v view) silence(it SheetItem) Finding {
	f := Finding{State: Good}
	last := int64(-1)
	for _, t := range v.turns {
		if last >= 0 && t.StartMS > last {
			gap := time.Duration(t.StartMS-last-v.music(last, t.StartMS)) * time.Millisecond
			f.Seconds = max(f.Seconds, gap.Seconds())
			if gap > it.Limit {
				f.Times++
				f.mark(last)
			}
		}
		last = max(last, t.EndMS)
	}
	f.Seconds = math.Round(10*f.Seconds) / 10
	switch {
	case last < 0:
		f.State = NotApplicable
	case f.Times > 1:
		f.State = Failed
	case f.Times == 1:
		f.State = Partly
	}
	return f
}

// music is how much of a stretch the caller heard music.
func (v view) music(from, to int64) (ms int64) {
	begun := int64(-1)
	add := func(until int64) {
		if begun >= 0 {
			ms += max(0, min(until, to)-max(begun, from))
		}
		begun = -1
	}
	for _, e := range v.Events {
		switch {
		case e.Kind == call.KindHold && e.Data["state"] == "hold", e.Kind == call.KindQueue && e.Data["state"] == "waiting":
			add(e.MS)
			begun = e.MS
		case e.Kind == call.KindHold, e.Kind == call.KindQueue, e.Kind == call.KindBridge && e.Data["agent"] != nil:
			add(e.MS)
		}
	}
	add(to)
	return ms
}

const (
	// overlap is how much two must talk at a time to be noticed.
	overlap = 600 // ms
)

// overtalk counts how often who is judged began to talk while the caller did.
func (v view) overtalk(it SheetItem) Finding {
	f := Finding{State: Good}
	own := v.own()
	if len(own) == 0 {
		return Finding{State: NotApplicable}
	}
	for _, t := range own {
		for _, c := range v.turns {
			if c.Speaker == "caller" && t.StartMS > c.StartMS && min(c.EndMS, t.EndMS)-t.StartMS >= overlap {
				f.Times++
				f.mark(t.StartMS)
				break
			}
		}
	}
	switch {
	case f.Times > 2*it.Times:
		f.State = Failed
	case f.Times > it.Times:
		f.State = Partly
	}
	return f
}

// resolution is what the agent wrote down, or how the call ended.
func (v view) resolution() Finding {
	disposition := ""
	for _, e := range v.Events {
		if e.Kind == "wrap_up" {
			disposition, _ = e.Data["code"].(string)
		}
	}
	if v.speaker == "agent" {
		switch disposition {
		case "solved":
			return Finding{State: Good, Why: disposition}
		case "follow_up", "callback":
			return Finding{State: Partly, Why: disposition}
		case "complaint":
			return Finding{State: Failed, Why: disposition}
		}
		return Finding{State: NotApplicable, Why: disposition}
	}
	f := Finding{Why: string(v.Call.Outcome)}
	switch v.Call.Outcome {
	case call.Resolved:
		f.State = Good
	case call.Transferred:
		f.State = Partly
	case call.Unresolved:
		f.State = Failed
	case call.InProgress, call.Abandoned, call.Interrupted, call.Busy, call.NoAnswer, call.Refused, call.Failed, call.Cancelled:
		f.State = NotApplicable
	}
	return f
}
