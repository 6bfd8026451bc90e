package business

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hotline/dialog"
	"hotline/internal/strict"
)

// ScriptDir is the folder of conversations with what must happen.
const ScriptDir = "dialogs"

// Script is one conversation, as it stands in dialogs/*.yaml:
//
//   - name: asks for a person in the middle of something
//     line: english                  # the default line where left out
//     at: 2026-03-03 10:00           # in the business's time zone; that day where left out
//     opening: {contains: [recorded]}
//     turns:
//   - say: how late are you open
//     expect: {knowledge: store-hours}
//   - say: no, the other thing
//     interrupt: 1.2s            # spoken over the last reply, after so long
//   - silence: true              # nothing was heard
//   - unheard: true              # something was, but not understood
//   - keys: "0"
//     expect: {act: transfer, skill: service}
//   - result: transfer_no_answer # the transfer is over, the caller is back
type Script struct {
	Name   string `yaml:"name" json:"name"`
	OnLine string `yaml:"line" json:"line,omitempty"`
	Caller string `yaml:"caller" json:"caller,omitempty"`
	// Outbound: we have called; caller is then whom.
	Outbound *ScriptCall  `yaml:"outbound" json:"outbound,omitempty"`
	At       Moment       `yaml:"at" json:"at,omitzero"`
	Opening  Expect       `yaml:"opening" json:"opening,omitzero"`
	Turns    []ScriptTurn `yaml:"turns" json:"turns"`

	File string `yaml:"-" json:"file"`
	Line int    `yaml:"-" json:"line_number"`
}

// ScriptCall is a call that we make.
type ScriptCall struct {
	Greeting string            `yaml:"greeting" json:"greeting,omitempty"`
	Task     string            `yaml:"task" json:"task,omitempty"`
	Contact  map[string]string `yaml:"contact" json:"contact,omitempty"`
	OptOut   string            `yaml:"opt_out" json:"opt_out,omitempty"`
}

// ScriptTurn is what the caller does, exactly one thing, and what must follow.
type ScriptTurn struct {
	Say     string        `yaml:"say" json:"say,omitempty"`
	Keys    string        `yaml:"keys" json:"keys,omitempty"`
	Silence bool          `yaml:"silence" json:"silence,omitempty"`
	Unheard bool          `yaml:"unheard" json:"unheard,omitempty"`
	Result  dialog.Result `yaml:"result" json:"result,omitempty"`
	// Lost, with unheard: recognition is not to be had at all.
	Lost bool `yaml:"lost" json:"lost,omitempty"`
	// Interrupt: it was said over the last reply, so long after its beginning.
	Interrupt time.Duration `yaml:"interrupt" json:"interrupt,omitempty"`
	// Confidence of the recogniser; 1 where left out.
	Confidence float64 `yaml:"confidence" json:"confidence,omitempty"`
	Expect     Expect  `yaml:"expect" json:"expect,omitzero"`
}

// Expect is what must happen in a turn. What is left out is not looked at.
type Expect struct {
	// Knowledge are ids of questions, one of which must have been answered; "none"
	// means that no question may have been.
	Knowledge []string `yaml:"knowledge" json:"knowledge,omitempty"`
	// Contains must all be said, Any at least one, Not none.
	Contains []string `yaml:"contains" json:"contains,omitempty"`
	Any      []string `yaml:"any" json:"any,omitempty"`
	Not      []string `yaml:"not" json:"not,omitempty"`
	// Act must all be done, NoAct none: say, transfer, callback, message, ticket, sms,
	// review, rating, refusal, hangup.
	Act   []string `yaml:"act" json:"act,omitempty"`
	NoAct []string `yaml:"no_act" json:"no_act,omitempty"`
	// Skill and Reason are the transfer's.
	Skill  string `yaml:"skill" json:"skill,omitempty"`
	Reason string `yaml:"reason" json:"reason,omitempty"`
	// Source is where the reply came from: knowledge, flow, llm, fallback, command.
	Source []string `yaml:"source" json:"source,omitempty"`
	// Flow is the task that the turn was in, Slots what it must know by then.
	Flow  string            `yaml:"flow" json:"flow,omitempty"`
	Slots map[string]string `yaml:"slots" json:"slots,omitempty"`
	// Fields must stand in a ticket or review of the turn.
	Fields map[string]string `yaml:"fields" json:"fields,omitempty"`
	// New: the reply must not be word for word one that was given before.
	New bool `yaml:"new" json:"new,omitempty"`
}

// actNames are the acts that a script may name.
func actNames() []string {
	return []string{"say", "transfer", "callback", "message", "ticket", "sms", "review", "rating", "refusal", "hangup"}
}

// Moment is a local time of day on a day, "2026-03-03 10:00".
type Moment struct{ time.Time }

// Want words the form for errors.
func (*Moment) Want() string { return "a day and time such as 2026-03-03 10:00" }

// UnmarshalText reads 2026-03-03 10:00.
func (m *Moment) UnmarshalText(text []byte) error {
	t, err := time.Parse("2006-01-02 15:04", strings.Replace(string(text), "T", " ", 1))
	if err != nil {
		return fmt.Errorf("parse moment %q: %w", text, err)
	}
	m.Time = t
	return nil
}

// In is the moment in a place; a Tuesday morning where none was given, when most
// places work.
func (m Moment) In(loc *time.Location) time.Time {
	t := m.Time
	if t.IsZero() {
		t = time.Date(2026, 3, 3, 10, 30, 0, 0, time.UTC)
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, loc)
}

// LoadScripts reads the conversations of the business.
func (b *Business) LoadScripts() ([]Script, Report) {
	var report Report
	f := folder{business: b, report: &report}
	return f.scripts(), report
}

// checkScripts reads dialogs/ for what is wrong in it.
func (f *folder) checkScripts() { f.scripts() }

func (f *folder) scripts() []Script {
	dir := filepath.Join(f.business.Dir, ScriptDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.report.add(Error, f.in(ScriptDir, 0), "unreadable", reason(err))
		}
		return nil
	}
	var out []Script
	for _, e := range entries {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || ext != ".yaml" && ext != ".yml" {
			continue
		}
		name := path.Join(ScriptDir, e.Name())
		data, err := readFile(filepath.Join(dir, e.Name()))
		if err != nil {
			f.report.add(Error, f.in(name, 0), "unreadable", reason(err))
			continue
		}
		out = append(out, f.scriptFile(name, data)...)
	}
	return out
}

func (f *folder) scriptFile(name string, data []byte) []Script {
	text, ok := decodeText(data)
	if !ok {
		f.report.add(Error, f.in(name, 1), "encoding")
	}
	root, problem := strict.Parse([]byte(text))
	if problem != nil {
		f.strict(name, *problem)
		return nil
	}
	if root.Kind != strict.Sequence {
		f.report.add(Error, f.in(name, root.Line), "script_empty")
		return nil
	}
	var out []Script
	for _, item := range root.Items {
		s := Script{File: name, Line: item.Line}
		problems, lines := item.Decode(&s)
		for _, p := range problems {
			f.strict(name, p)
		}
		f.script(&s, lines)
		if s.Name == "" {
			s.Name = fmt.Sprintf("%s:%d", name, s.Line)
		}
		out = append(out, s)
	}
	return out
}

// script checks one conversation.
func (f *folder) script(s *Script, lines strict.Lines) {
	if s.OnLine != "" {
		if _, ok := f.business.LineNamed(s.OnLine); !ok && !f.broken {
			f.report.add(Error, f.in(s.File, lines.Of("line")), "row_line", s.OnLine, strings.Join(f.business.lineNames(), ", "))
		}
	}
	if len(s.Turns) == 0 && s.Opening.empty() {
		f.report.add(Error, f.in(s.File, s.Line), "script_empty")
	}
	f.expect(s, s.Opening, f.in(s.File, lines.Of("opening")))
	for i, t := range s.Turns {
		at := f.in(s.File, lines.Of(pathOf("turns", i)))
		kinds := 0
		for _, is := range []bool{t.Say != "", t.Keys != "", t.Silence, t.Unheard, t.Result != ""} {
			if is {
				kinds++
			}
		}
		if kinds != 1 {
			f.report.add(Error, at, "script_turn", kinds)
		}
		f.expect(s, t.Expect, at)
	}
}

func (f *folder) expect(s *Script, e Expect, at place) {
	home := f.business
	if l, ok := f.business.scriptLine(s.OnLine); ok && l.Home != nil {
		home = l.Home
	}
	for _, id := range e.Knowledge {
		if _, ok := home.RowByID(id); !ok && id != "none" {
			f.report.add(Error, at.at("knowledge"), "script_pair", id)
		}
	}
	if _, ok := home.Flows.Flow(e.Flow); e.Flow != "" && !ok {
		f.report.add(Error, at.at("flow"), "row_flow", e.Flow, strings.Join(home.Flows.Names(), ", "))
	}
	for _, act := range slices.Concat(e.Act, e.NoAct) {
		if !slices.Contains(actNames(), act) {
			f.report.add(Error, at.at("act"), "script_act", act, strings.Join(actNames(), ", "))
		}
	}
}

func (e Expect) empty() bool {
	return len(e.Knowledge)+len(e.Contains)+len(e.Any)+len(e.Not)+len(e.Act)+len(e.NoAct)+len(e.Source)+len(e.Slots)+len(e.Fields) == 0 && e.Flow == "" && e.Skill == "" && e.Reason == "" && !e.New
}

// scriptLine is the line that a conversation is held on.
func (b *Business) scriptLine(name string) (Line, bool) {
	if name == "" {
		return Find([]*Business{b}, "")
	}
	return b.LineNamed(name)
}

func (b *Business) lineNames() []string {
	var out []string
	for _, l := range b.Lines {
		out = append(out, l.Name)
	}
	return out
}
