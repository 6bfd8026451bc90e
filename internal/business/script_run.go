package business

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"hotline/dialog"
)

// ScriptResult is how a conversation went.
type ScriptResult struct {
	Script
	Passed bool         `json:"passed"`
	Done   []TurnResult `json:"done"`
}

// TurnResult is one turn of it; the first is the opening.
type TurnResult struct {
	Caller      string   `json:"caller"`
	Said        string   `json:"said"`
	Acts        []string `json:"acts"`
	KnowledgeID string   `json:"knowledge_id,omitempty"`
	Source      string   `json:"source,omitempty"`
	Confidence  float64  `json:"confidence,omitempty"`
	Skill       string   `json:"skill,omitempty"`
	Reason      string   `json:"reason,omitempty"`
	Flow        string   `json:"flow,omitempty"`
	Failures    []string `json:"failures,omitempty"`

	Slots  map[string]string `json:"slots,omitempty"`
	Fields map[string]string `json:"fields,omitempty"` // of tickets and reviews

	completed bool // a task was, in this turn
}

// EngineOf makes the dialogue engine of a line; now is the clock that it must go
// by, since conversations are held at the hours that they name.
type EngineOf func(l Line, now func() time.Time) (dialog.Engine, error)

// RunDialogs holds every conversation of the business. engineOf is asked once for
// each line that is needed. An error means that a conversation could not be held,
// not that it went wrong: see Passed.
func RunDialogs(ctx context.Context, b *Business, engineOf EngineOf) ([]ScriptResult, error) {
	scripts, report := b.LoadScripts()
	if err := report.Err(); err != nil {
		return nil, err
	}
	engines := map[string]dialog.Engine{}
	var now time.Time
	var out []ScriptResult
	for _, s := range scripts {
		line, ok := b.scriptLine(s.OnLine)
		if !ok {
			return out, fmt.Errorf("hold %q: the business has no line %q", s.Name, s.OnLine)
		}
		e, ok := engines[line.Name]
		if !ok {
			var err error
			if e, err = engineOf(line, func() time.Time { return now }); err != nil {
				return out, fmt.Errorf("make the engine of line %q: %w", line.Name, err)
			}
			engines[line.Name] = e
		}
		r, err := runScript(ctx, e, line, s, &now)
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

// runScript holds one conversation on a line and moves the clock.
func runScript(ctx context.Context, e dialog.Engine, line Line, s Script, now *time.Time) (ScriptResult, error) {
	*now = s.At.In(line.Home.Location)
	called := ""
	if len(line.Numbers) > 0 {
		called = line.Numbers[0]
	}
	facts := dialog.Facts{
		CallID: "script:" + s.Name, Line: line.Name, Language: line.Language,
		Caller: s.Caller, Called: called, Direction: "inbound", Now: *now,
	}
	if o := s.Outbound; o != nil {
		facts.Direction, facts.Caller, facts.Called = "outbound", called, s.Caller
		facts.Greeting, facts.Task, facts.Values, facts.OptOut = o.Greeting, o.Task, o.Contact, o.OptOut
	}
	c, err := e.Begin(ctx, facts)
	if err != nil {
		return ScriptResult{}, fmt.Errorf("begin %q: %w", s.Name, err)
	}
	run := scriptRun{script: s, line: line, conversation: c, now: now}
	out := ScriptResult{Script: s, Passed: true}
	opening, err := run.turn(ctx, dialog.Turn{Kind: dialog.Opened, Confidence: 1, At: *now}, "", s.Opening)
	if err != nil {
		return out, err
	}
	out.Done = append(out.Done, opening)
	for _, t := range s.Turns {
		*now = now.Add(15 * time.Second)
		turn, caller := run.caller(t)
		done, err := run.turn(ctx, turn, caller, t.Expect)
		if err != nil {
			return out, err
		}
		out.Done = append(out.Done, done)
		if run.over && len(out.Done) <= len(s.Turns) {
			last := &out.Done[len(out.Done)-1]
			last.Failures = append(last.Failures, "the bot has hung up before the script is over")
			break
		}
	}
	for _, t := range out.Done {
		out.Passed = out.Passed && len(t.Failures) == 0
	}
	return out, nil
}

type scriptRun struct {
	script       Script
	line         Line
	conversation dialog.Conversation
	now          *time.Time
	last         string   // what was said in the last turn
	said         []string // what was said in each turn before
	over         bool
}

// caller makes the turn of what the script says.
func (r *scriptRun) caller(t ScriptTurn) (dialog.Turn, string) {
	turn := dialog.Turn{At: *r.now, Confidence: 1}
	switch {
	case t.Keys != "":
		turn.Kind, turn.Keys = dialog.Pressed, t.Keys
		return turn, "[" + t.Keys + "]"
	case t.Silence:
		turn.Kind = dialog.Silent
		return turn, "[silence]"
	case t.Unheard:
		turn.Kind, turn.Lost, turn.Confidence = dialog.Unheard, t.Lost, 0
		return turn, "[unheard]"
	case t.Result != "":
		turn.Kind, turn.Result = dialog.Returned, t.Result
		return turn, "[" + string(t.Result) + "]"
	}
	turn.Kind, turn.Text, turn.Language = dialog.Spoke, t.Say, r.line.Language
	if t.Confidence > 0 {
		turn.Confidence = t.Confidence
	}
	if t.Interrupt > 0 {
		turn.Interrupted = interruption(r.last, t.Interrupt, r.line)
	}
	return turn, t.Say
}

// interruption divides what was said at the time that the caller began to speak.
func interruption(said string, after time.Duration, l Line) *dialog.Interruption {
	runes := []rune(said)
	cut := len(runes)
	for i := range runes {
		if Seconds(string(runes[:i+1]), l.Language)/max(0.1, l.Rate) > after.Seconds() {
			cut = i
			break
		}
	}
	return &dialog.Interruption{Heard: string(runes[:cut]), Unheard: string(runes[cut:]), After: after}
}

func (r *scriptRun) turn(ctx context.Context, t dialog.Turn, caller string, want Expect) (TurnResult, error) {
	done := TurnResult{Caller: caller, Acts: []string{}}
	var said []string
	act := func(name string) { done.Acts = append(done.Acts, name) }
	err := r.conversation.Reply(ctx, t, func(a dialog.Act) error {
		switch a := a.(type) {
		case dialog.Say:
			act("say")
			said = append(said, a.Text)
		case dialog.Transfer:
			act("transfer")
			done.Skill, done.Reason = a.Skill, a.Reason
		case dialog.Callback:
			act("callback")
		case dialog.Message:
			act("message")
		case dialog.Ticket:
			act("ticket")
			done.Fields = a.Fields
		case dialog.SMS:
			act("sms")
		case dialog.Refusal:
			act("refusal")
		case dialog.Rating:
			act("rating")
		case dialog.Review:
			act("review")
			done.Fields = a.Fields
		case dialog.Hangup:
			act("hangup")
			r.over = true
		case dialog.Note:
			done.KnowledgeID, done.Source, done.Confidence = a.KnowledgeID, a.Source, a.Confidence
			done.Flow, done.Slots = a.Flow, a.Slots
			done.completed = a.Resolved && a.Source == "flow"
		}
		return nil
	})
	if err != nil {
		return done, fmt.Errorf("hold %q at %q: %w", r.script.Name, caller, err)
	}
	done.Said = strings.Join(said, " ")
	done.Failures = want.failures(done, r.said)
	r.last = strings.Join(said, "")
	r.said = append(r.said, done.Said)
	return done, nil
}

// failures are what did not happen as it must.
func (e Expect) failures(t TurnResult, before []string) []string {
	var out []string
	fail := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	switch {
	case slices.Contains(e.Knowledge, "none") && t.KnowledgeID != "":
		fail("no question should have been answered, %q was", t.KnowledgeID)
	case len(e.Knowledge) > 0 && !slices.Contains(e.Knowledge, "none") && !slices.Contains(e.Knowledge, t.KnowledgeID):
		fail("the question answered is %q, not %s", t.KnowledgeID, strings.Join(e.Knowledge, " or "))
	}
	said := strings.ToLower(t.Said)
	has := func(s string) bool { return strings.Contains(said, strings.ToLower(s)) }
	for _, s := range e.Contains {
		if !has(s) {
			fail("%q was not said", s)
		}
	}
	if len(e.Any) > 0 && !slices.ContainsFunc(e.Any, has) {
		fail("none of %q was said", e.Any)
	}
	for _, s := range e.Not {
		if has(s) {
			fail("%q was said", s)
		}
	}
	for _, a := range e.Act {
		if !slices.Contains(t.Acts, a) {
			fail("there was no %s", a)
		}
	}
	for _, a := range e.NoAct {
		if slices.Contains(t.Acts, a) {
			fail("there was a %s", a)
		}
	}
	if e.Skill != "" && e.Skill != t.Skill {
		fail("the transfer went to %q, not %q", t.Skill, e.Skill)
	}
	if e.Reason != "" && e.Reason != t.Reason {
		fail("the reason of the transfer is %q, not %q", t.Reason, e.Reason)
	}
	if len(e.Source) > 0 && !slices.Contains(e.Source, t.Source) {
		fail("the reply came from %q, not %s", t.Source, strings.Join(e.Source, " or "))
	}
	if e.Flow != "" && e.Flow != t.Flow {
		fail("the task is %q, not %q", t.Flow, e.Flow)
	}
	for _, of := range []struct {
		what       string
		want, have map[string]string
	}{{"slot", e.Slots, t.Slots}, {"field", e.Fields, t.Fields}} {
		for _, name := range slices.Sorted(maps.Keys(of.want)) {
			if of.have[name] != of.want[name] {
				fail("the %s %s is %q, not %q", of.what, name, of.have[name], of.want[name])
			}
		}
	}
	if e.New && slices.Contains(before, t.Said) {
		fail("the same was said before: %q", t.Said)
	}
	return out
}

// WriteDialogs prints results for people: one line for each conversation, and the
// whole of those that went wrong.
func WriteDialogs(w io.Writer, results []ScriptResult) error {
	var b strings.Builder
	passed := 0
	for _, r := range results {
		if r.Passed {
			passed++
			fmt.Fprintf(&b, "ok    %s\n", r.Name)
			continue
		}
		fmt.Fprintf(&b, "FAIL  %s (%s:%d)\n", r.Name, r.File, r.Line)
		for _, t := range r.Done {
			if t.Caller != "" {
				fmt.Fprintf(&b, "        > %s\n", t.Caller)
			}
			fmt.Fprintf(&b, "        < %s  [%s %s %.2f]\n", t.Said, strings.Join(t.Acts, " "), t.KnowledgeID, t.Confidence)
			for _, f := range t.Failures {
				fmt.Fprintf(&b, "        ! %s\n", f)
			}
		}
	}
	fmt.Fprintf(&b, "%d of %d conversations went as they must\n", passed, len(results))
	if f := CompletedTasks(results); f.Tasks > 0 {
		fmt.Fprintf(&b, "%s\n", f)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
