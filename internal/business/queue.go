package business

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hotline/dialog/intent"
)

// Queue is how callers wait for people. docs/desk.md explains each rule with examples.
type Queue struct {
	// Strategy is who of several free agents is rung: "longest-idle" or
	// "by-skill-level". longest-idle.
	Strategy string `yaml:"strategy" json:"strategy,omitempty"`
	// Ring is how long one agent's telephone rings. That of escalation, 20 s.
	Ring time.Duration `yaml:"ring" json:"ring,omitempty"`
	// MaxWait is how long a caller waits before he is asked what else is to be done.
	// That of escalation, 1 min.
	MaxWait time.Duration `yaml:"max_wait" json:"max_wait,omitempty"`
	// MaxWaiting is how many may wait for one skill. 100.
	MaxWaiting int `yaml:"max_waiting" json:"max_waiting,omitempty"`
	// WrapUp is how long an agent is left alone after a call.
	WrapUp time.Duration `yaml:"wrap_up" json:"wrap_up,omitempty"`
	// NoAnswer is how long an agent who did not answer is not ready. 1 min.
	NoAnswer time.Duration `yaml:"no_answer" json:"no_answer,omitempty"`
	// NoAnswerStays keeps him not ready until he says that he is back.
	NoAnswerStays bool `yaml:"no_answer_stays" json:"no_answer_stays,omitempty"`
	// LastAgent is how long a caller waits for whom he spoke with last.
	LastAgent time.Duration `yaml:"last_agent" json:"last_agent,omitempty"`
	// HeadStart puts callers before others: they count as having waited so much longer.
	HeadStart QueueHeadStart `yaml:"head_start" json:"head_start,omitzero"`
	// VIP are numbers of customers who go first.
	VIP []string `yaml:"vip" json:"vip,omitempty"`
	// Overflow lets others take who has waited long.
	Overflow []QueueOverflow `yaml:"overflow" json:"overflow,omitempty"`
	// AnnounceEvery is how often a caller is told where he stands. 30 s.
	AnnounceEvery time.Duration `yaml:"announce_every" json:"announce_every,omitempty"`
	// CallbackAfter is when he is offered to be rung back.
	CallbackAfter time.Duration `yaml:"callback_after" json:"callback_after,omitempty"`
	// Talk is how long a conversation is taken to last until some were measured. 3 min.
	Talk time.Duration `yaml:"talk" json:"talk,omitempty"`
	// Music is a WAV file in the folder; a tune of ours without.
	Music string `yaml:"music" json:"music,omitempty"`
	// Say are wordings in place of ours, by language.
	Say map[string]QueueSay `yaml:"say" json:"say,omitempty"`
	// Dispositions are what an agent can say of a call when it is over. Ours.
	Dispositions []QueueDisposition `yaml:"dispositions" json:"dispositions,omitempty"`
	// Voicemail is how messages are taken from those whom nobody can speak with.
	Voicemail QueueVoicemail `yaml:"voicemail" json:"voicemail,omitzero"`
	// Callbacks are calls to those who asked to be rung at a moment.
	Callbacks QueueCallbacks `yaml:"callbacks" json:"callbacks,omitzero"`
	// Share divides the work between bot and people while the queue grows and shrinks.
	Share QueueShare `yaml:"share" json:"share,omitzero"`
	// Rollout is how many of a line's calls the bot takes; all where none is named.
	Rollout []QueueRollout `yaml:"rollout" json:"rollout,omitempty"`
}

// QueueVoicemail is how messages are taken. How long one may last is limits.message.
type QueueVoicemail struct {
	// Greeting is said before the tone in place of ours, by language.
	Greeting map[string]string `yaml:"greeting" json:"greeting,omitempty"`
	// Urgent are words that make a message urgent, beside ours.
	Urgent []string `yaml:"urgent" json:"urgent,omitempty"`
}

// QueueCallbacks is how callers are rung who asked for it and named a moment. An agent's
// telephone rings first.
type QueueCallbacks struct {
	// ByHand leaves all of them to people.
	ByHand bool `yaml:"by_hand" json:"by_hand,omitempty"`
	// Tries is how often somebody is rung who does not answer: 3.
	Tries int `yaml:"tries" json:"tries,omitempty"`
	// Retry is the time between them: 15m.
	Retry time.Duration `yaml:"retry" json:"retry,omitempty"`
	// SameAgent is how long the agent who had the call is waited for: 10m.
	SameAgent time.Duration `yaml:"same_agent" json:"same_agent,omitempty"`
}

// QueueDisposition is what became of a call, in the agent's words.
type QueueDisposition struct {
	Code  string `yaml:"code" json:"code"`
	Title string `yaml:"title" json:"title,omitempty"`
}

// dispositions are those that a business has without saying so; the console knows their
// titles.
func dispositions() []QueueDisposition {
	return []QueueDisposition{{Code: "solved"}, {Code: "follow_up"}, {Code: "callback"}, {Code: "complaint"}, {Code: "wrong_number"}, {Code: "no_reply"}}
}

// QueueHeadStart is how much longer somebody counts as having waited.
type QueueHeadStart struct {
	VIP       time.Duration `yaml:"vip" json:"vip,omitempty"`
	Asked     time.Duration `yaml:"asked" json:"asked,omitempty"`         // asked for a person himself
	Urgent    time.Duration `yaml:"urgent" json:"urgent,omitempty"`       // in danger, or very upset
	Upset     time.Duration `yaml:"upset" json:"upset,omitempty"`         // sounds angry or sad
	Complaint time.Duration `yaml:"complaint" json:"complaint,omitempty"` // likely to complain elsewhere
	// ComplaintFrom is the risk from which complaint counts, 0 to 1. 0.6.
	ComplaintFrom float64                  `yaml:"complaint_from" json:"complaint_from,omitempty"`
	Kinds         map[string]time.Duration `yaml:"kinds" json:"kinds,omitempty"` // flows, questions' ids or intents
	Skills        map[string]time.Duration `yaml:"skills" json:"skills,omitempty"`
	Times         []QueueTime              `yaml:"times" json:"times,omitempty"`
}

// QueueTime is a head start of a part of the day.
type QueueTime struct {
	During Spans         `yaml:"during" json:"during"`
	Skill  string        `yaml:"skill" json:"skill,omitempty"`
	Start  time.Duration `yaml:"start" json:"start"`
}

// QueueOverflow is who else may take a caller, and from when on.
type QueueOverflow struct {
	After time.Duration `yaml:"after" json:"after"`
	Skill string        `yaml:"skill" json:"skill,omitempty"`
	Team  string        `yaml:"team" json:"team,omitempty"`
}

// QueueSay is what a caller who waits is told, in one language. {ahead} and {wait} are
// filled in.
type QueueSay struct {
	Next    string `yaml:"next" json:"next,omitempty"`
	Ahead   string `yaml:"ahead" json:"ahead,omitempty"`
	Wait    string `yaml:"wait" json:"wait,omitempty"`
	Soon    string `yaml:"soon" json:"soon,omitempty"`
	Choices string `yaml:"choices" json:"choices,omitempty"`
	Thanks  string `yaml:"thanks" json:"thanks,omitempty"`
}

// QueueShare is when the bot takes more, and when people do. Zero switches a part off.
type QueueShare struct {
	// BusyWaiting is how many callers wait, BusyWait how long the estimated wait is,
	// from which on the bot takes more.
	BusyWaiting int           `yaml:"busy_waiting" json:"busy_waiting,omitempty"`
	BusyWait    time.Duration `yaml:"busy_wait" json:"busy_wait,omitempty"`
	// CalmWaiting and CalmWait are where it ends. Half.
	CalmWaiting int           `yaml:"calm_waiting" json:"calm_waiting,omitempty"`
	CalmWait    time.Duration `yaml:"calm_wait" json:"calm_wait,omitempty"`
	// IdleAgents is how many agents are ready with nobody waiting, from which on people
	// take more; IdleBot is how many of 100 calls the bot takes then.
	IdleAgents int `yaml:"idle_agents" json:"idle_agents,omitempty"`
	IdleBot    int `yaml:"idle_bot" json:"idle_bot,omitempty"`
	// Least is how long a state lasts at least. 1 min.
	Least time.Duration `yaml:"least" json:"least,omitempty"`
}

// QueueRollout is how many of a line's calls the bot takes, or of its callers who want
// something of one scene.
type QueueRollout struct {
	Line string `yaml:"line" json:"line"`
	// Scene is that of questions (knowledge, column scene); all callers without.
	Scene string `yaml:"scene" json:"scene,omitempty"`
	// Bot is how many of 100; the others go straight to people.
	Bot int `yaml:"bot" json:"bot"`
	// MinResolved is the share of the bot's calls that must be resolved, of 1, over the
	// last Window of them; under it the bot takes Fallback of 100.
	MinResolved float64 `yaml:"min_resolved" json:"min_resolved,omitempty"`
	Window      int     `yaml:"window" json:"window,omitempty"`
	Fallback    int     `yaml:"fallback" json:"fallback,omitempty"`
}

// InDay reports whether t's time of day is in s, in the business's time zone.
func (b *Business) InDay(s Spans, t time.Time) bool {
	if b.Location != nil {
		t = t.In(b.Location)
	}
	at := t.Hour()*60 + t.Minute()
	return slices.ContainsFunc(s, func(p Span) bool { return at >= p.From && at < p.To })
}

// MusicFile is where the queue's music lies; "" for ours.
func (b *Business) MusicFile() string {
	if b.Queue.Music == "" {
		return ""
	}
	return filepath.Join(b.Dir, filepath.FromSlash(b.Queue.Music))
}

// queueDefaults fills what stands elsewhere.
func (b *Business) queueDefaults() {
	q := &b.Queue
	q.Ring = cmp.Or(q.Ring, b.Escalation.Ring)
	q.MaxWait = cmp.Or(q.MaxWait, b.Escalation.Wait)
	if len(q.Dispositions) == 0 {
		q.Dispositions = dispositions()
	}
	for i := range b.Agents {
		b.Agents[i].Shift.location = b.Location
	}
}

// maxMusic bounds the file that callers hear.
const maxMusic = 20 << 20

func (c checker) queue(skills []string) {
	q := c.business.Queue
	at := func(key string) place { return c.key("queue." + key) }
	duration := func(key string, d, low, high time.Duration) {
		if d != 0 && (d < low || d > high) {
			c.report.add(Error, at(key), "range", d, low, high)
		}
	}
	number := func(key string, v, low, high float64) {
		if v < low || v > high {
			c.report.add(Error, at(key), "range", v, low, high)
		}
	}
	if q.Strategy != "" && q.Strategy != "longest-idle" && q.Strategy != "by-skill-level" {
		c.report.add(Error, at("strategy"), "queue_strategy", q.Strategy)
	}
	duration("ring", q.Ring, 5*time.Second, 2*time.Minute)
	duration("max_wait", q.MaxWait, 5*time.Second, time.Hour)
	duration("wrap_up", q.WrapUp, time.Second, 30*time.Minute)
	duration("no_answer", q.NoAnswer, time.Second, 8*time.Hour)
	duration("last_agent", q.LastAgent, time.Second, 30*time.Minute)
	duration("announce_every", q.AnnounceEvery, 30*time.Second, 10*time.Minute)
	duration("callback_after", q.CallbackAfter, time.Second, time.Hour)
	duration("talk", q.Talk, 10*time.Second, 2*time.Hour)
	duration("callbacks.retry", q.Callbacks.Retry, time.Minute, 24*time.Hour)
	duration("callbacks.same_agent", q.Callbacks.SameAgent, time.Second, 12*time.Hour)
	number("callbacks.tries", float64(q.Callbacks.Tries), 0, 10)
	codes := map[string]bool{}
	for i, d := range q.Dispositions {
		key := at(pathOf("dispositions", i) + ".code")
		switch {
		case d.Code == "":
			c.report.add(Error, key, "missing", "write what is kept: solved, say", "请写一个代号，例如 solved")
		case codes[d.Code]:
			c.report.add(Error, key, "duplicate_key", d.Code)
		}
		codes[d.Code] = true
	}
	number("max_waiting", float64(q.MaxWaiting), 0, 1000)
	c.headStarts(skills, duration, number)
	teams := []string{}
	for _, a := range c.business.Agents {
		if a.Team != "" && !slices.Contains(teams, a.Team) {
			teams = append(teams, a.Team)
		}
	}
	for i, o := range q.Overflow {
		key := pathOf("overflow", i)
		duration(key+".after", o.After, time.Second, time.Hour)
		if o.After >= q.MaxWait {
			c.report.add(Warning, at(key+".after"), "queue_overflow_late", o.After, q.MaxWait)
		}
		c.known(at(key+".skill"), o.Skill, skills, "skill_missing")
		c.known(at(key+".team"), o.Team, teams, "queue_team")
	}
	for i, s := range c.business.Skills {
		c.known(c.key(pathOf("skills", i)+".team"), s.Team, teams, "queue_team")
	}
	for language := range q.Say {
		if !spoken(language) {
			c.report.add(Error, at("say."+language), "language", language)
		}
	}
	for language, text := range q.Voicemail.Greeting {
		switch key := at("voicemail.greeting." + language); {
		case !spoken(language):
			c.report.add(Error, key, "language", language)
		case strings.TrimSpace(text) == "":
			c.report.add(Error, key, "missing", "write what callers hear before the tone", "请写提示音之前说的话")
		}
	}
	c.music(at("music"))
	c.shares(duration, number)
}

// known checks a name that may be left out.
func (c checker) known(at place, name string, names []string, code string) {
	if name != "" && !slices.Contains(names, name) {
		c.report.add(Error, at, code, name, strings.Join(names, ", "))
	}
}

func (c checker) headStarts(skills []string, duration func(string, time.Duration, time.Duration, time.Duration), number func(string, float64, float64, float64)) {
	h := c.business.Queue.HeadStart
	const most = 4 * time.Hour
	for key, d := range map[string]time.Duration{"vip": h.VIP, "asked": h.Asked, "urgent": h.Urgent, "upset": h.Upset, "complaint": h.Complaint} {
		duration("head_start."+key, d, time.Second, most)
	}
	number("head_start.complaint_from", h.ComplaintFrom, 0, 1)
	for kind, d := range h.Kinds {
		duration("head_start.kinds."+kind, d, -most, most)
		if !c.kindKnown(kind) {
			c.report.add(Warning, c.key("queue.head_start.kinds."+kind), "queue_kind", kind)
		}
	}
	for skill, d := range h.Skills {
		c.known(c.key("queue.head_start.skills."+skill), skill, skills, "skill_missing")
		duration("head_start.skills."+skill, d, -most, most)
	}
	for i, t := range h.Times {
		key := pathOf("head_start.times", i)
		if len(t.During) == 0 {
			c.report.add(Error, c.key("queue."+key+".during"), "missing", "write the hours: 12:00-14:00", "请写时段，例如 12:00-14:00")
		}
		duration(key+".start", t.Start, -most, most)
		c.known(c.key("queue."+key+".skill"), t.Skill, skills, "skill_missing")
	}
}

// kindKnown tells whether a kind of request is a flow, the id of a question or an
// intent.
func (c checker) kindKnown(kind string) bool {
	b := c.business
	if _, ok := b.Flows.Flow(kind); ok {
		return true
	}
	if _, ok := b.RowByID(kind); ok {
		return true
	}
	return slices.ContainsFunc(b.examples, func(e intent.Example) bool { return e.Intent == kind })
}

func (c checker) music(at place) {
	file := c.business.MusicFile()
	if file == "" {
		return
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		c.report.add(Error, at, "queue_music", c.business.Queue.Music, reason(err))
	case !info.Mode().IsRegular() || info.Size() > maxMusic || !strings.EqualFold(filepath.Ext(file), ".wav"):
		c.report.add(Error, at, "queue_music", c.business.Queue.Music, "it must be a .wav file of at most 20 MB")
	}
}

func (c checker) shares(duration func(string, time.Duration, time.Duration, time.Duration), number func(string, float64, float64, float64)) {
	q := c.business.Queue
	s := q.Share
	number("share.busy_waiting", float64(s.BusyWaiting), 0, 1000)
	number("share.calm_waiting", float64(s.CalmWaiting), 0, float64(max(0, s.BusyWaiting-1)))
	duration("share.busy_wait", s.BusyWait, 10*time.Second, 2*time.Hour)
	duration("share.calm_wait", s.CalmWait, time.Second, max(time.Second, s.BusyWait-time.Second))
	duration("share.least", s.Least, time.Second, time.Hour)
	number("share.idle_agents", float64(s.IdleAgents), 0, 1000)
	number("share.idle_bot", float64(s.IdleBot), 0, 100)
	var lines, seen []string
	for _, l := range c.business.Lines {
		lines = append(lines, l.Name)
	}
	for i, r := range q.Rollout {
		key := pathOf("rollout", i)
		switch {
		case !slices.Contains(lines, r.Line):
			c.report.add(Error, c.key("queue."+key+".line"), "row_line", r.Line, strings.Join(lines, ", "))
		case slices.Contains(seen, r.Line+"\x00"+r.Scene):
			c.report.add(Error, c.key("queue."+key+".line"), "name_twice", strings.TrimSpace(r.Line+" "+r.Scene))
		}
		seen = append(seen, r.Line+"\x00"+r.Scene)
		if r.Scene != "" && !slices.Contains(c.business.Scenes(), r.Scene) {
			c.report.add(Error, c.key("queue."+key+".scene"), "queue_scene", r.Scene, strings.Join(c.business.Scenes(), ", "))
		}
		number(key+".bot", float64(r.Bot), 0, 100)
		number(key+".fallback", float64(r.Fallback), 0, 100)
		number(key+".min_resolved", r.MinResolved, 0, 1)
		number(key+".window", float64(r.Window), 0, 10000)
	}
}

// Scenes are those of the questions, as a file first names them.
func (b *Business) Scenes() []string {
	var out []string
	for _, r := range b.Knowledge {
		if s := strings.TrimSpace(r.Scene); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
