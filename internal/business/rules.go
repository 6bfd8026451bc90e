package business

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/internal/strict"
)

// Rules are what of business.yaml is changed from outside, as a form holds it: durations
// in seconds, hours as text. What is zero or empty is left to its default.
type Rules struct {
	Hours     RuleHours         `json:"hours"`
	Strategy  string            `json:"strategy" enum:"longest-idle,by-skill-level"`
	Ring      int               `json:"ring_s" doc:"how long one telephone rings"`
	MaxWait   int               `json:"max_wait_s"`
	Most      int               `json:"max_waiting" doc:"0: 100"`
	WrapUp    int               `json:"wrap_up_s"`
	NoAnswer  int               `json:"no_answer_s" doc:"0: a minute"`
	Stays     bool              `json:"no_answer_stays"`
	LastAgent int               `json:"last_agent_s"`
	Announce  int               `json:"announce_every_s" doc:"0: half a minute"`
	Callback  int               `json:"callback_after_s"`
	Message   int               `json:"message_s" doc:"how long a message may last"`
	HeadStart RuleHeadStart     `json:"head_start"`
	VIP       []string          `json:"vip" maxItems:"5000"`
	Overflow  []RuleOverflow    `json:"overflow" maxItems:"50"`
	Share     RuleShare         `json:"share"`
	Rollout   []RuleRollout     `json:"rollout" maxItems:"200"`
	Greeting  map[string]string `json:"greeting" doc:"before a message, by language"`
	Urgent    []string          `json:"urgent" maxItems:"500" doc:"words that make a message urgent"`
	Skills    []RuleSkill       `json:"skills" doc:"those of the file by their names; what is not here is taken out" maxItems:"200"`
	Agents    []RuleAgent       `json:"agents" doc:"as skills" maxItems:"1000"`
	Lines     []RuleLine        `json:"lines" doc:"as skills" maxItems:"200"`
	Voices    map[string]string `json:"voices" doc:"by language, for lines that name none"`
	Music     string            `json:"music,omitempty" doc:"a WAV file in the folder, for those who wait"`
}

// RuleHours are the hours of people; "" is not set, "closed" is closed.
type RuleHours struct {
	Daily     string        `json:"daily"`
	Weekdays  string        `json:"weekdays"`
	Weekend   string        `json:"weekend"`
	Monday    string        `json:"monday"`
	Tuesday   string        `json:"tuesday"`
	Wednesday string        `json:"wednesday"`
	Thursday  string        `json:"thursday"`
	Friday    string        `json:"friday"`
	Saturday  string        `json:"saturday"`
	Sunday    string        `json:"sunday"`
	Spoken    string        `json:"spoken" maxLength:"500"`
	Holidays  []RuleHoliday `json:"holidays" maxItems:"500"`
	Workdays  []string      `json:"workdays" maxItems:"500"`
}

// RuleHoliday is a Holiday.
type RuleHoliday struct {
	Name string `json:"name" maxLength:"100"`
	From string `json:"from"`
	To   string `json:"to,omitempty"`
	Open string `json:"open,omitempty" doc:"empty: closed"`
}

// RuleHeadStart is a QueueHeadStart.
type RuleHeadStart struct {
	VIP           int            `json:"vip_s"`
	Asked         int            `json:"asked_s"`
	Urgent        int            `json:"urgent_s"`
	Upset         int            `json:"upset_s"`
	Complaint     int            `json:"complaint_s"`
	ComplaintFrom float64        `json:"complaint_from" doc:"0: 0.6"`
	Kinds         map[string]int `json:"kinds" doc:"by flow, question or intent"`
	Skills        map[string]int `json:"skills"`
	Times         []RuleTime     `json:"times" maxItems:"50"`
}

// RuleTime is a QueueTime.
type RuleTime struct {
	During string `json:"during"`
	Skill  string `json:"skill,omitempty"`
	Start  int    `json:"start_s"`
}

// RuleOverflow is a QueueOverflow.
type RuleOverflow struct {
	After int    `json:"after_s"`
	Skill string `json:"skill,omitempty"`
	Team  string `json:"team,omitempty"`
}

// RuleShare is a QueueShare.
type RuleShare struct {
	BusyWaiting int `json:"busy_waiting"`
	BusyWait    int `json:"busy_wait_s"`
	CalmWaiting int `json:"calm_waiting"`
	CalmWait    int `json:"calm_wait_s"`
	IdleAgents  int `json:"idle_agents"`
	IdleBot     int `json:"idle_bot"`
	Least       int `json:"least_s"`
}

// RuleRollout is a QueueRollout.
type RuleRollout struct {
	Line        string  `json:"line"`
	Scene       string  `json:"scene,omitempty"`
	Bot         int     `json:"bot"`
	MinResolved float64 `json:"min_resolved,omitempty"`
	Window      int     `json:"window,omitempty"`
	Fallback    int     `json:"fallback,omitempty"`
}

// RuleSkill is a skill and whose it is.
type RuleSkill struct {
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	Team  string `json:"team,omitempty"`
}

// RuleAgent is what an agent can do.
type RuleAgent struct {
	Name      string         `json:"name"`
	Title     string         `json:"title,omitempty"`
	Team      string         `json:"team,omitempty"`
	Skills    []string       `json:"skills"`
	Levels    map[string]int `json:"levels,omitempty" doc:"1 to 10"`
	Languages []string       `json:"languages"`
}

// RuleLine is a line.
type RuleLine struct {
	Was        string   `json:"was,omitempty" doc:"its name in the file; empty is a new line"`
	Name       string   `json:"name" maxLength:"64"`
	Numbers    []string `json:"numbers" maxItems:"500"`
	Default    bool     `json:"default"`
	Language   string   `json:"language" doc:"empty: the business's"`
	Others     []string `json:"other_languages" required:"false" doc:"lines of the file by which callers go on who speak their languages" maxItems:"10"`
	Voice      string   `json:"voice" doc:"empty: that of the language"`
	Rate       float64  `json:"rate" doc:"0: the voice's own pace"`
	Disclosure string   `json:"disclosure" maxLength:"500"`
	Greeting   string   `json:"greeting" maxLength:"500"`
	Outbound   string   `json:"outbound" doc:"greeting of calls out" maxLength:"500"`
	Elsewhere  string   `json:"elsewhere,omitempty" doc:"the folder whose line answers; all but names, numbers and other languages is changed there"`
}

// whole is a duration in seconds.
func whole(d time.Duration) int { return int(d / time.Second) }

func spans(s Spans) string {
	if s == nil {
		return ""
	}
	return s.String()
}

func ints(m map[string]time.Duration) map[string]int {
	out := map[string]int{}
	for k, d := range m {
		out[k] = whole(d)
	}
	return out
}

func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return slices.Clone(list)
}

// Rules are those of the business now.
func (b *Business) Rules() Rules {
	q, h := b.Queue, b.Hours
	r := Rules{
		Hours: RuleHours{
			Daily: spans(h.Daily), Weekdays: spans(h.Weekdays), Weekend: spans(h.Weekend), Monday: spans(h.Monday), Tuesday: spans(h.Tuesday),
			Wednesday: spans(h.Wednesday), Thursday: spans(h.Thursday), Friday: spans(h.Friday), Saturday: spans(h.Saturday), Sunday: spans(h.Sunday),
			Spoken: h.Spoken, Holidays: []RuleHoliday{}, Workdays: []string{},
		},
		Strategy: q.Strategy, Ring: whole(q.Ring), MaxWait: whole(q.MaxWait), Most: q.MaxWaiting, WrapUp: whole(q.WrapUp), NoAnswer: whole(q.NoAnswer),
		Stays: q.NoAnswerStays, LastAgent: whole(q.LastAgent), Announce: whole(q.AnnounceEvery), Callback: whole(q.CallbackAfter), Message: whole(b.Limits.Message),
		HeadStart: RuleHeadStart{
			VIP: whole(q.HeadStart.VIP), Asked: whole(q.HeadStart.Asked), Urgent: whole(q.HeadStart.Urgent), Upset: whole(q.HeadStart.Upset),
			Complaint: whole(q.HeadStart.Complaint), ComplaintFrom: q.HeadStart.ComplaintFrom, Kinds: ints(q.HeadStart.Kinds), Skills: ints(q.HeadStart.Skills),
			Times: []RuleTime{},
		},
		VIP: some(q.VIP), Overflow: []RuleOverflow{}, Rollout: []RuleRollout{}, Greeting: map[string]string{}, Urgent: some(q.Voicemail.Urgent),
		Share: RuleShare{
			BusyWaiting: q.Share.BusyWaiting, BusyWait: whole(q.Share.BusyWait), CalmWaiting: q.Share.CalmWaiting, CalmWait: whole(q.Share.CalmWait),
			IdleAgents: q.Share.IdleAgents, IdleBot: q.Share.IdleBot, Least: whole(q.Share.Least),
		},
		Skills: []RuleSkill{}, Agents: []RuleAgent{}, Lines: []RuleLine{}, Voices: map[string]string{}, Music: q.Music,
	}
	maps.Copy(r.Voices, b.Voices)
	for _, l := range b.Lines {
		line := RuleLine{Was: l.Name, Name: l.Name, Numbers: some(l.Numbers), Default: l.Default, Others: some(l.OtherLanguages), Elsewhere: l.Business}
		if l.Business == "" {
			line.Language, line.Voice, line.Rate = l.own.language, l.own.voice, l.own.rate
			line.Disclosure, line.Greeting, line.Outbound = l.Disclosure.Text, l.Greeting, l.Outbound.Greeting
		}
		r.Lines = append(r.Lines, line)
	}
	if r.Strategy == "" {
		r.Strategy = "longest-idle"
	}
	maps.Copy(r.Greeting, q.Voicemail.Greeting)
	for _, d := range h.Workdays {
		r.Hours.Workdays = append(r.Hours.Workdays, d.String())
	}
	for _, d := range h.Holidays {
		r.Hours.Holidays = append(r.Hours.Holidays, RuleHoliday{d.Name, d.From.String(), d.To.String(), spans(d.Open)})
	}
	for _, t := range q.HeadStart.Times {
		r.HeadStart.Times = append(r.HeadStart.Times, RuleTime{spans(t.During), t.Skill, whole(t.Start)})
	}
	for _, o := range q.Overflow {
		r.Overflow = append(r.Overflow, RuleOverflow{whole(o.After), o.Skill, o.Team})
	}
	for _, x := range q.Rollout {
		r.Rollout = append(r.Rollout, RuleRollout(x))
	}
	for _, s := range b.Skills {
		r.Skills = append(r.Skills, RuleSkill{s.Name, s.Title, s.Team})
	}
	for _, a := range b.Agents {
		r.Agents = append(r.Agents, RuleAgent{a.Name, a.Title, a.Team, some(a.Skills), maps.Clone(a.Levels), some(a.Languages)})
	}
	return r
}

// setting is one place of business.yaml with what the rules want there; nil is nothing.
type setting struct {
	path  string
	value any
}

func duration(seconds int) any {
	switch {
	case seconds == 0:
		return nil
	case seconds%3600 == 0:
		return raw(strconv.Itoa(seconds/3600) + "h")
	case seconds%60 == 0:
		return raw(strconv.Itoa(seconds/60) + "m")
	default:
		return raw(strconv.Itoa(seconds) + "s")
	}
}

func number(n float64) any {
	if n == 0 {
		return nil
	}
	return raw(strconv.FormatFloat(n, 'f', -1, 64))
}

func count(n int) any { return number(float64(n)) }

func text(s string) any {
	if s = strings.TrimSpace(s); s == "" {
		return nil
	}
	return s
}

func yes(b bool) any {
	if b {
		return raw("true")
	}
	return nil
}

// listOf is a list, nil where it is empty.
func listOf[T any](items []T, as func(T) any) any {
	out := []any{}
	for _, x := range items {
		out = append(out, as(x))
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// table is a mapping, nil where it is empty.
func table[T any](m map[string]T, as func(T) any) any {
	var out []entry
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if v := as(m[k]); v != nil {
			out = append(out, entry{k, v})
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// fields are the entries that are something.
func fields(list ...entry) []entry {
	return slices.DeleteFunc(list, func(e entry) bool { return e.value == nil })
}

// zero is a duration or number that must stand there even where it is nothing.
func zero(v any, nothing string) any {
	if v == nil {
		return raw(nothing)
	}
	return v
}

// date is one that is written without quotes, if it is one.
func date(s string) any {
	if d, err := ParseDate(s); err == nil {
		return raw(d.String())
	}
	return text(s)
}

// settings are the rules place by place.
func (r Rules) settings() []setting {
	h, s, q := r.HeadStart, r.Share, "queue."
	out := []setting{
		{"hours.daily", text(r.Hours.Daily)},
		{"hours.weekdays", text(r.Hours.Weekdays)},
		{"hours.weekend", text(r.Hours.Weekend)},
		{"hours.monday", text(r.Hours.Monday)},
		{"hours.tuesday", text(r.Hours.Tuesday)},
		{"hours.wednesday", text(r.Hours.Wednesday)},
		{"hours.thursday", text(r.Hours.Thursday)},
		{"hours.friday", text(r.Hours.Friday)},
		{"hours.saturday", text(r.Hours.Saturday)},
		{"hours.sunday", text(r.Hours.Sunday)},
		{"hours.spoken", text(r.Hours.Spoken)},
		{"hours.holidays", listOf(r.Hours.Holidays, func(d RuleHoliday) any {
			return fields(entry{"name", text(d.Name)}, entry{"from", date(d.From)}, entry{"to", date(d.To)}, entry{"open", text(d.Open)})
		})},
		{"hours.workdays", listOf(r.Hours.Workdays, date)},
		{q + "strategy", text(r.Strategy)},
		{q + "ring", duration(r.Ring)},
		{q + "max_wait", duration(r.MaxWait)},
		{q + "max_waiting", count(r.Most)},
		{q + "wrap_up", duration(r.WrapUp)},
		{q + "no_answer", duration(r.NoAnswer)},
		{q + "last_agent", duration(r.LastAgent)},
		{q + "announce_every", duration(r.Announce)},
		{q + "callback_after", duration(r.Callback)},
		{q + "head_start.vip", duration(h.VIP)},
		{q + "head_start.asked", duration(h.Asked)},
		{q + "head_start.urgent", duration(h.Urgent)},
		{q + "head_start.upset", duration(h.Upset)},
		{q + "head_start.complaint", duration(h.Complaint)},
		{q + "head_start.complaint_from", number(h.ComplaintFrom)},
		{q + "head_start.kinds", table(h.Kinds, duration)},
		{q + "head_start.skills", table(h.Skills, duration)},
		{q + "head_start.times", listOf(h.Times, func(t RuleTime) any {
			return fields(entry{"during", text(t.During)}, entry{"skill", text(t.Skill)}, entry{"start", zero(duration(t.Start), "0s")})
		})},
		{q + "vip", listOf(r.VIP, text)},
		{q + "overflow", listOf(r.Overflow, func(o RuleOverflow) any {
			return fields(entry{"after", zero(duration(o.After), "0s")}, entry{"skill", text(o.Skill)}, entry{"team", text(o.Team)})
		})},
		{q + "share.busy_waiting", count(s.BusyWaiting)},
		{q + "share.busy_wait", duration(s.BusyWait)},
		{q + "share.calm_waiting", count(s.CalmWaiting)},
		{q + "share.calm_wait", duration(s.CalmWait)},
		{q + "share.idle_agents", count(s.IdleAgents)},
		{q + "share.idle_bot", count(s.IdleBot)},
		{q + "share.least", duration(s.Least)},
		{q + "rollout", listOf(r.Rollout, func(x RuleRollout) any {
			return fields(entry{"line", text(x.Line)}, entry{"scene", text(x.Scene)}, entry{"bot", zero(count(x.Bot), "0")},
				entry{"min_resolved", number(x.MinResolved)}, entry{"window", count(x.Window)}, entry{"fallback", count(x.Fallback)})
		})},
		{q + "voicemail.greeting", table(r.Greeting, text)},
		{q + "voicemail.urgent", listOf(r.Urgent, text)},
		{"limits.message", duration(r.Message)},
		{"voices.zh", text(r.Voices["zh"])},
		{"voices.en", text(r.Voices["en"])},
		{q + "music", text(r.Music)},
	}
	out = append(out, setting{q + "no_answer_stays", yes(r.Stays)})
	for i, x := range r.Skills {
		out = append(out, setting{pathOf("skills", i) + ".title", text(x.Title)}, setting{pathOf("skills", i) + ".team", text(x.Team)})
	}
	for i, l := range r.Lines {
		at := pathOf("lines", i) + "."
		out = append(out, setting{at + "name", text(l.Name)}, setting{at + "numbers", listOf(l.Numbers, text)}, setting{at + "default", yes(l.Default)},
			setting{at + "other_languages", listOf(l.Others, text)})
		if l.Elsewhere != "" {
			continue
		}
		out = append(out,
			setting{at + "language", text(l.Language)}, setting{at + "voice", text(l.Voice)}, setting{at + "rate", number(l.Rate)},
			setting{at + "disclosure.text", text(l.Disclosure)}, setting{at + "greeting", text(l.Greeting)}, setting{at + "outbound.greeting", text(l.Outbound)})
	}
	for i, a := range r.Agents {
		at := pathOf("agents", i) + "."
		out = append(out,
			setting{at + "title", text(a.Title)}, setting{at + "team", text(a.Team)}, setting{at + "skills", listOf(a.Skills, text)},
			setting{at + "levels", table(a.Levels, count)}, setting{at + "languages", listOf(a.Languages, text)})
	}
	return out
}

// Edited is a file of settings with other ones.
type Edited struct {
	Text    []byte
	Changed []string // the paths that are other
	Report  Report   // what hotline check says of it
}

// Stamp names a file of settings by what it says.
func Stamp(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:8])
}

// SettingsFile reads one of a folder's files of settings: business.yaml, quality.yaml,
// moderation/…; nil where there is none.
func SettingsFile(dir, name string) ([]byte, error) {
	data, err := readFile(filepath.Join(dir, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) && name != File {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}

// ReplaceSettings puts a file of settings in place of that of the folder, at once or not
// at all; nil takes it away.
func ReplaceSettings(dir, name string, data []byte) error {
	file := filepath.Join(dir, filepath.FromSlash(name))
	if data == nil {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // as the business's folder
		return err
	}
	return replaceFile(file, func(to io.Writer) error {
		_, err := to.Write(data)
		return err
	})
}

// LoadWith is Load with another text in place of one of the folder's files.
func LoadWith(dir, name string, data []byte) (*Business, Report) {
	l := loader{now: time.Now(), open: map[string]bool{}, file: name, text: data}
	b := l.folder(dir)
	return b, l.report
}

// names are those of things of a list.
func names[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = name(x)
	}
	return out
}

// people are the lists of the rules by the names that they have in the file, "" for what
// is new.
func (r Rules) people() map[string][]string {
	return map[string][]string{
		"skills": names(r.Skills, func(s RuleSkill) string { return s.Name }),
		"agents": names(r.Agents, func(a RuleAgent) string { return a.Name }),
		"lines":  names(r.Lines, func(l RuleLine) string { return l.Was }),
	}
}

// EditRules is the text of a folder's business.yaml with other rules: only what is other
// is written, and all else stays as it was, letter by letter. It writes nothing.
func EditRules(dir string, data []byte, want Rules) (Edited, error) {
	was, _ := LoadWith(dir, File, data)
	e := editing{made: string(data)}
	had := was.Rules().people()
	for _, list := range []string{"skills", "agents", "lines"} {
		if err := e.arrange(list, "name", had[list], want.people()[list]); err != nil {
			return Edited{}, err
		}
	}
	was, _ = LoadWith(dir, File, []byte(e.made))
	now := was.Rules()
	if len(now.Skills) != len(want.Skills) || len(now.Agents) != len(want.Agents) || len(now.Lines) != len(want.Lines) {
		return Edited{}, fmt.Errorf("the skills, agents or lines are not those of the file: %w", ErrNotPatched)
	}
	want.Lines = slices.Clone(want.Lines)
	for i := range want.Lines {
		want.Lines[i].Elsewhere = now.Lines[i].Elsewhere
	}
	if err := e.put(now.settings(), want.settings()); err != nil {
		return Edited{}, err
	}
	return e.done(dir, File, data, want.settings(), func(b *Business) []setting { return b.Rules().settings() })
}

// editing is a YAML text while it is changed.
type editing struct {
	made    string
	changed []string
}

// arrange has a list hold the items of those names, in that order: items that stay are
// written as they were, and a new one has its name alone. A name that the file has not is
// new.
func (e *editing) arrange(path, key string, had, want []string) error {
	if slices.Equal(had, want) {
		return nil
	}
	root, problem := strict.Parse([]byte(e.made))
	if problem != nil {
		return fmt.Errorf("%s: %w", path, ErrNotPatched)
	}
	var items []*strict.Node
	if list := at(root, path); list != nil {
		items = list.Items
	}
	if len(items) != len(had) {
		return fmt.Errorf("%s: %w", path, ErrNotPatched)
	}
	made := []any{}
	for _, name := range want {
		if i := slices.Index(had, name); i >= 0 && name != "" {
			made = append(made, fromNode(items[i]))
			continue
		}
		made = append(made, []entry{{key, cmp.Or(name, "new")}})
	}
	var value any
	if len(made) > 0 {
		value = made
	}
	var err error
	if e.made, err = patchYAML(e.made, path, value); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	e.changed = append(e.changed, path)
	return nil
}

// at is the value at a path, nil where there is none.
func at(n *strict.Node, path string) *strict.Node {
	for _, step := range steps(path) {
		var next *strict.Node
		if i, err := strconv.Atoi(strings.Trim(step, "[]")); err == nil && strings.HasPrefix(step, "[") {
			if i < len(n.Items) {
				next = n.Items[i]
			}
		} else {
			for _, k := range n.Keys {
				if k.Name == step {
					next = k.Value
				}
			}
		}
		if next == nil {
			return nil
		}
		n = next
	}
	return n
}

// put writes what is other.
func (e *editing) put(before, want []setting) error {
	if len(before) != len(want) {
		return ErrNotPatched
	}
	for i, s := range want {
		if reflect.DeepEqual(s.value, before[i].value) {
			continue
		}
		was := e.made
		var err error
		if e.made, err = patchYAML(e.made, s.path, s.value); err != nil {
			return fmt.Errorf("%s: %w", s.path, err)
		}
		if e.made != was && !within(s.path, e.changed) {
			e.changed = append(e.changed, s.path)
		}
	}
	return nil
}

// done makes sure that the text says what was wanted, and nothing else changed.
func (e *editing) done(dir, name string, data []byte, want []setting, read func(*Business) []setting) (Edited, error) {
	out := Edited{Text: []byte(e.made), Changed: e.changed}
	if bytes.Equal(out.Text, data) {
		out.Changed = nil
	}
	if !onlyThere(data, out.Text, out.Changed) {
		return Edited{}, ErrNotPatched
	}
	now, report := LoadWith(dir, name, out.Text)
	out.Report = report
	if report.Err() != nil {
		return out, nil //nolint:nilerr // the report is the answer
	}
	got := read(now)
	if len(got) != len(want) {
		return Edited{}, ErrNotPatched
	}
	for i, s := range want {
		if s.value != nil && within(s.path, out.Changed) && !reflect.DeepEqual(s.value, got[i].value) {
			return Edited{}, fmt.Errorf("%s: %w", s.path, ErrNotPatched)
		}
	}
	return out, nil
}

// onlyThere tells whether two texts differ at the changed paths only.
func onlyThere(before, after []byte, changed []string) bool {
	a, p := strict.Parse(before)
	b, q := strict.Parse(after)
	if p != nil || q != nil {
		return false
	}
	was, now := leaves(a), leaves(b)
	for path, v := range was {
		if w, ok := now[path]; (!ok || v != w) && !within(path, changed) {
			return false
		}
	}
	for path := range now {
		if _, ok := was[path]; !ok && !within(path, changed) {
			return false
		}
	}
	return true
}

// within tells whether a path is one of the changed ones, below one, or an empty parent.
func within(path string, changed []string) bool {
	return slices.ContainsFunc(changed, func(c string) bool {
		return path == c || strings.HasPrefix(path, c+".") || strings.HasPrefix(path, c+"[") || strings.HasPrefix(c, path+".")
	})
}
