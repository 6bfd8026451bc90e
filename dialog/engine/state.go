package engine

import (
	"slices"
	"strings"

	"hotline/dialog/emotion"
	"hotline/dialog/flow"
)

const maxKeys = 96

// pending is the question that the bot has put.
type pending uint8

const (
	nothing   pending = iota
	which             // one of two or three pairs
	confirm           // is this pair meant
	offer             // would a person do
	choice            // person (or wait), callback or message
	when              // when shall we ring
	number            // which number
	anyElse           // anything else
	followUp          // the question behind an answer
	task              // what a flow wants to know
	offerTask         // shall a flow be begun
	survey            // how content are you
)

// asked is one thing that the caller wanted.
type asked struct {
	text     string
	answered bool
}

// state is where a conversation stands. It is copied by assignment: slices in it
// are replaced, never written to.
type state struct {
	pending  pending
	ids      [3]string // pairs of which, confirm and followUp; "" where there are fewer
	question string    // the pending question as put
	before   string    // what was heard last and not understood
	declined []string  // pairs that were asked about and not meant
	offHours bool      // choice without a person

	last      string // id of the pair answered last
	lastText  string // what the caller said then
	said      string // the reply's matter, for "again"
	saidLast  string // the last sentence said
	rest      string // what an interruption left unheard
	runnerUp  string // second candidate of the last answer
	repeats   int    // of the same reply
	justSaid  bool   // the last turn was an answer
	elseAsked bool
	greeted   bool
	waiting   bool // the caller asked for a moment
	tasked    bool // an agent waits for the task to be over
	ended     bool
	parted    bool // it ended because the caller had all that he wanted
	surveyed  bool // how content the caller is was asked
	overLimit bool
	promised  string // why a person was promised in the last turn, "" if none was

	flow      flow.State
	asked     []asked
	upset     int
	alerted   bool // a supervisor was told of the mood
	sensitive bool // the turn held words that are not taken up
	danger    bool // something burns, smokes or gives shocks
	warned    int
	// mood is of the turns that the bot answers. A call follows one too (internal/call),
	// which goes on with people and through languages; this one is copied with the state.
	mood       emotion.Tracker
	unheard    int // one after another
	unknown    int // one after another
	silent     int // one after another
	trouble    int // in all
	talkedOver int // answers that were talked over by the same question
	overheard  int // talk that was not meant for the bot, in all
	turns      int
	transfers  int
	messages   int
	numbers    int // attempts at a number
	choices    int // attempts at a choice
	skill      string
	callTo     string
	used       [maxKeys]uint8
}

// resolved says whether anything was answered or done in the call.
func (s *state) resolved() bool {
	return slices.ContainsFunc(s.asked, func(a asked) bool { return a.answered })
}

// ask makes p the pending question.
func (s *state) ask(p pending, ids ...string) {
	s.pending, s.question = p, ""
	s.ids = [3]string{}
	copy(s.ids[:], ids)
}

// note remembers what the caller wanted, once each.
func (s *state) note(text string, answered bool) {
	i := slices.IndexFunc(s.asked, func(a asked) bool { return a.text == text })
	out := slices.Clone(s.asked)
	switch {
	case i >= 0:
		out[i].answered = out[i].answered || answered
	case len(out) < 12:
		out = append(out, asked{text, answered})
	default:
		out = append(slices.Clone(out[1:]), asked{text, answered})
	}
	s.asked = out
}

// summary is one sentence for the agent's ear.
func (e *Engine) summary(s *state, facts []string) string {
	var done, open []string
	for _, a := range s.asked[max(0, len(s.asked)-5):] {
		if a.answered {
			done = append(done, shorten(a.text, e.zh))
		} else {
			open = append(open, shorten(a.text, e.zh))
		}
	}
	if e.zh {
		var parts []string
		if len(done) > 0 {
			parts = append(parts, "问过"+strings.Join(done, "、")+"，已经回答")
		}
		if len(open) > 0 {
			parts = append(parts, "还没解决的是："+strings.Join(open, "、"))
		}
		if len(parts) == 0 {
			parts = append(parts, "还没说什么事，要找人工")
		}
		if len(facts) > 0 {
			parts = append(parts, "已经提供"+strings.Join(facts, "、"))
		}
		if s.upset > 0 {
			parts = append(parts, "情绪有些激动")
		}
		return "来电人" + strings.Join(parts, "；") + "。"
	}
	var parts []string
	if len(done) > 0 {
		parts = append(parts, "was told about "+quoteList(done))
	}
	if len(open) > 0 {
		parts = append(parts, "still needs help with "+quoteList(open))
	}
	if len(parts) == 0 {
		parts = append(parts, "asked for a person and hasn't said what about")
	}
	if len(facts) > 0 {
		parts = append(parts, "has given "+strings.Join(facts, ", "))
	}
	if s.upset > 0 {
		parts = append(parts, "is upset")
	}
	return "The caller " + strings.Join(parts, ", and ") + "."
}

func quoteList(items []string) string {
	for i := range items {
		items[i] = `"` + items[i] + `"`
	}
	return strings.Join(items, " and ")
}

// shorten cuts a text to what can be said in passing.
func shorten(s string, zh bool) string {
	s = strings.TrimRight(strings.TrimSpace(s), "?？。.!！,，、")
	most := 60
	if zh {
		most = 24
	}
	if rs := []rune(s); len(rs) > most {
		return string(rs[:most])
	}
	return s
}
