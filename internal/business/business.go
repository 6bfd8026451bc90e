package business

import (
	"slices"
	"strings"
	"time"

	"hotline/dialog"
	"hotline/dialog/emotion"
	"hotline/dialog/flow"
	"hotline/dialog/intent"
	"hotline/dialog/moderation"
	"hotline/internal/quality"
)

// Business is everything that a folder says.
type Business struct {
	// Dir is the folder.
	Dir string `yaml:"-" json:"dir"`
	// Name is the business's, as it is spoken.
	Name string `yaml:"name" json:"name"`
	// Assistant is what the bot calls itself.
	Assistant string `yaml:"assistant" json:"assistant"`
	// Language is that of lines that name none: "zh" or "en".
	Language string `yaml:"language" json:"language"`
	// Timezone is where opening hours and dates are reckoned, "Asia/Shanghai" say.
	Timezone string `yaml:"timezone" json:"timezone"`
	// Lines are the telephone numbers.
	Lines []Line `yaml:"lines" json:"lines"`
	// Hours is when people (agents) can be reached. The bot answers always.
	Hours Hours `yaml:"hours" json:"hours"`
	// Voices is the voice for each language, for lines that name none.
	Voices map[string]string `yaml:"voices" json:"voices"`
	// Skills are the groups that a caller can be handed to.
	Skills []Skill `yaml:"skills" json:"skills"`
	// Intents lead callers whose intent (intents/*.csv) the knowledge does not answer to
	// people; flows name theirs themselves.
	Intents map[string]IntentRoute `yaml:"intents" json:"intents,omitempty"`
	// Agents are the people.
	Agents []Agent `yaml:"agents" json:"agents"`
	// Escalation is how a caller gets to a person.
	Escalation Escalation `yaml:"escalation" json:"escalation"`
	// Queue is how callers wait for people.
	Queue Queue `yaml:"queue" json:"queue,omitzero"`
	// Tickets are the kinds of tickets. docs/tickets.md explains them with examples.
	Tickets []TicketType `yaml:"tickets" json:"tickets,omitempty"`
	// Reviews are decisions that flows prepare and people make.
	Reviews Reviews `yaml:"reviews" json:"reviews,omitzero"`
	// Customers is where else customers are known.
	Customers Customers `yaml:"customers" json:"customers,omitzero"`
	// Urgent are categories of questions that are answered at once where they may be
	// meant, and never asked back about: 急诊, 安全.
	Urgent []string `yaml:"urgent" json:"urgent,omitempty"`
	// Feelings are when a caller counts as upset.
	Feelings Feelings `yaml:"feelings" json:"feelings,omitzero"`
	// Alerts are what supervisors are told while calls last.
	Alerts Alerts `yaml:"alerts" json:"alerts,omitzero"`
	// Limits are those of lines that set none.
	Limits Limits `yaml:"limits" json:"limits"`
	// Terms are the business's own words (names of goods, of the shop), for the
	// recogniser, most important first.
	Terms []string `yaml:"terms" json:"terms"`
	// Goods are what the business sells, beside the things of every home that are known
	// anyway: how long one has to return one is asked whatever its name.
	Goods []string `yaml:"goods" json:"goods,omitempty"`
	// NotOurs is what callers must take to others.
	NotOurs NotOurs `yaml:"not_ours" json:"not_ours,omitzero"`
	// Synonyms are words that mean the same in this business, a group each.
	Synonyms [][]string `yaml:"synonyms" json:"synonyms"`
	// Phrases are wordings of the bot's own sentences in place of the usual ones,
	// by the keys of dialog/engine ("transfer", "off", "goodbye" …), for lines in
	// the business's own language.
	Phrases map[string][]string `yaml:"phrases" json:"phrases,omitempty"`

	// Quality are the score sheets of quality.yaml, or ours.
	Quality quality.Sheets `yaml:"-" json:"-"`

	// Knowledge is every row of knowledge/, in the order of files and rows.
	Knowledge []Row `yaml:"-" json:"-"`
	// Tables are what stands in tables/, Flows the tasks of flows/ that are free of
	// errors.
	Tables   []flow.Table     `yaml:"-" json:"-"`
	Flows    *flow.Set        `yaml:"-" json:"-"`
	examples []intent.Example // of intents/*.csv
	// flowFiles are the files of flows/ that could be read, those with errors too.
	flowFiles []flowFile
	// What must not be said and how callers feel, by language.
	words map[string]*moderation.Matcher
	moods map[string]*emotion.Recognizer
	// Location is Timezone.
	Location *time.Location `yaml:"-" json:"-"`
}

// NotOurs is what the business says of things that it has nothing to do with.
type NotOurs struct {
	// Goods are what it does not sell though it might, and NotSold the id of the question
	// whose answer says so: it answers what is asked of them.
	Goods   []string `yaml:"goods" json:"goods,omitempty"`
	NotSold string   `yaml:"not_sold" json:"not_sold,omitempty"`
	// Makers is the id of the question whose answer says who looks after devices of other
	// makers; where the business looks after them itself, it is left out.
	Makers string `yaml:"makers" json:"makers,omitempty"`
}

// Line is how one or more telephone numbers are answered.
type Line struct {
	// Name is what records and settings call it.
	Name string `yaml:"name" json:"name"`
	// Numbers are the called numbers or user parts.
	Numbers []string `yaml:"numbers" json:"numbers"`
	// Default takes every number that no line lists.
	Default bool `yaml:"default" json:"default,omitempty"`
	// Language is spoken on it: "zh", "en".
	Language string `yaml:"language" json:"language"`
	// OtherLanguages are names of lines of this file, one for a language: a caller who
	// speaks it goes on as if he had called that line. Who speaks a language that none of
	// them has is told so in it, and offered a person.
	OtherLanguages []string `yaml:"other_languages" json:"other_languages,omitempty"`
	// Voice is "model/speaker" ("kokoro-v1.0/zf_xiaoxiao") or a model of one voice.
	Voice string `yaml:"voice" json:"voice"`
	// Rate is how fast it speaks; 1 is the voice's own pace, 1.25 a quarter faster.
	Rate float64 `yaml:"rate" json:"rate"`
	// Greeting follows the disclosure: the open question.
	Greeting string `yaml:"greeting" json:"greeting"`
	// Disclosure is what the law and decency want said first.
	Disclosure Disclosure `yaml:"disclosure" json:"disclosure"`
	// Recording is whether calls are recorded and what is said of it.
	Recording Recording `yaml:"recording" json:"recording"`
	// Answer is what a caller meets before the call is answered.
	Answer Answer `yaml:"answer" json:"answer,omitzero"`
	// Outbound is what is different when the line calls somebody.
	Outbound Outbound `yaml:"outbound" json:"outbound,omitzero"`
	// Topics are up to three things that callers ask, as spoken, for help and
	// examples; the menu's names where there are none.
	Topics []string `yaml:"topics" json:"topics,omitempty"`
	// Menu is what the keys "1" to "9" do, while the bot talks or listens. 0 is a
	// person and * says it again, everywhere.
	Menu map[string]MenuItem `yaml:"menu" json:"menu,omitempty"`
	// Survey asks for a score from 1 to 5 before the goodbye.
	Survey bool `yaml:"survey" json:"survey,omitempty"`
	// Engine is a dialogue system elsewhere that answers; the business's own knowledge
	// and flows where left out.
	Engine Elsewhere `yaml:"engine" json:"engine,omitzero"`
	// Limits override the business's, field by field.
	Limits Limits `yaml:"limits" json:"limits"`
	// Business is another folder, relative to this one, whose line of the name
	// From (its default line without) answers these numbers.
	Business string `yaml:"business" json:"business,omitempty"`
	From     string `yaml:"from" json:"from,omitempty"`

	// Home is the business that answers; never nil after Load.
	Home *Business `yaml:"-" json:"-"`

	own lineOwn // as the file says, before what is left out is filled in
}

// lineOwn is what a line says itself.
type lineOwn struct {
	language, voice string
	rate            float64
}

// Disclosure says who is speaking and that it is a machine.
type Disclosure struct {
	Text string `yaml:"text" json:"text"`
	// Interruptible allows the caller to cut it short. The default is no.
	Interruptible bool `yaml:"interruptible" json:"interruptible,omitempty"`
}

// Recording is whether calls are recorded.
type Recording struct {
	// Off keeps calls on this line from being recorded.
	Off bool `yaml:"off" json:"off,omitempty"`
	// Announcement is said after the disclosure, where that does not say it.
	Announcement string `yaml:"announcement" json:"announcement,omitempty"`
}

// Answer is what comes before a call is answered. Its zero value answers at once.
type Answer struct {
	// Ringing is how long the caller hears it ring (SIP 180) first.
	Ringing time.Duration `yaml:"ringing" json:"ringing,omitempty"`
	// EarlyMedia plays what must be heard, the disclosure, before the answer (SIP
	// 183), when the call costs nothing yet. Callers whose network does not take it
	// hear it after the answer.
	EarlyMedia bool `yaml:"early_media" json:"early_media,omitempty"`
}

// Outbound is how a line calls somebody.
type Outbound struct {
	// Greeting is said in place of the line's: why we call, and that one may say no.
	Greeting string `yaml:"greeting" json:"greeting,omitempty"`
}

// MenuItem is what a key does: it answers Pair, begins Flow or hands over to Skill.
type MenuItem struct {
	// Say names the choice when the menu is read out: "查物流".
	Say string `yaml:"say" json:"say"`
	// Pair is the id of the question that is answered.
	Pair string `yaml:"pair" json:"pair,omitempty"`
	// Flow is the task that begins.
	Flow string `yaml:"flow" json:"flow,omitempty"`
	// Skill is whom the caller is handed to.
	Skill string `yaml:"skill" json:"skill,omitempty"`
}

// Skill is a group of agents.
type Skill struct {
	Name  string `yaml:"name" json:"name"`
	Title string `yaml:"title" json:"title"` // as it is spoken: "售后客服"
	// Names are what callers call its people, beside the title: 前台, "the front desk".
	Names []string `yaml:"names" json:"names,omitempty"`
	// Agents are names of agents that have the skill, beside those that say so
	// themselves.
	Agents []string `yaml:"agents" json:"agents,omitempty"`
	// Categories of questions whose callers it takes.
	Categories []string `yaml:"categories" json:"categories,omitempty"`
	// Team is whose agents take its callers first; all who have the skill without.
	Team string `yaml:"team" json:"team,omitempty"`
}

// Agent is a person who takes calls.
type Agent struct {
	Name      string   `yaml:"name" json:"name"` // the SIP user that registers
	Title     string   `yaml:"title" json:"title"`
	Skills    []string `yaml:"skills" json:"skills"`
	Languages []string `yaml:"languages" json:"languages"`
	// Levels are how well he knows a skill, 1 to 10, for queue.strategy
	// by-skill-level. 5.
	Levels map[string]int `yaml:"levels" json:"levels,omitempty"`
	Team   string         `yaml:"team" json:"team,omitempty"`
	// Shift is when he works, as hours are written; always without.
	Shift Hours `yaml:"shift" json:"shift,omitzero"`
}

// Feelings are when a caller counts as upset. Zero means the default.
type Feelings struct {
	// Angry is how probable anger must be, from 0 to 1. 0.45.
	Angry float64 `yaml:"angry" json:"angry,omitempty"`
	// Sinking is how low the mood must have sunk over two turns. 0.35.
	Sinking float64 `yaml:"sinking" json:"sinking,omitempty"`
	// Voice is how much the voice may weigh beside the words; -1 is not at all. 0.5.
	Voice float64 `yaml:"voice" json:"voice,omitempty"`
	// Complaint is the risk of a complaint from which a supervisor is alerted; 1 is
	// never. 0.6.
	Complaint float64 `yaml:"complaint" json:"complaint,omitempty"`
}

// Escalation is how a caller gets to a person.
type Escalation struct {
	// Skill takes callers that nothing sends elsewhere.
	Skill string `yaml:"skill" json:"skill"`
	// Ring is how long one agent's phone rings.
	Ring time.Duration `yaml:"ring" json:"ring"`
	// Wait is how long the caller waits in all before being offered a choice.
	Wait time.Duration `yaml:"wait" json:"wait"`
}

// Limits bound a call. Zero means the business's, then the default.
type Limits struct {
	// Silence is how long nothing may be heard before help is offered. 6 s.
	Silence time.Duration `yaml:"silence" json:"silence"`
	// Silences is how many such silences in a row end the call. 3.
	Silences int `yaml:"silences" json:"silences"`
	// NoMatch is how often in a row the bot may fail to understand before it
	// offers a person. 3.
	NoMatch int `yaml:"no_match" json:"no_match"`
	// MaxCall is how long a call may last. 30 min.
	MaxCall time.Duration `yaml:"max_call" json:"max_call"`
	// Message is how long a recorded message may last. 2 min.
	Message time.Duration `yaml:"message" json:"message"`
}

// DefaultLimits are those of a business that sets none.
func DefaultLimits() Limits {
	return Limits{Silence: 6 * time.Second, Silences: 3, NoMatch: 3, MaxCall: 30 * time.Minute, Message: 2 * time.Minute}
}

// Over fills what l leaves at zero from base.
func (l Limits) Over(base Limits) Limits {
	pick := func(a, b time.Duration) time.Duration {
		if a != 0 {
			return a
		}
		return b
	}
	count := func(a, b int) int {
		if a != 0 {
			return a
		}
		return b
	}
	return Limits{
		Silence: pick(l.Silence, base.Silence), Silences: count(l.Silences, base.Silences),
		NoMatch: count(l.NoMatch, base.NoMatch), MaxCall: pick(l.MaxCall, base.MaxCall),
		Message: pick(l.Message, base.Message),
	}
}

// Opening is what is said when a call is answered: disclosure, recording
// announcement, greeting. What must be heard is marked.
func (l Line) Opening() []dialog.Say {
	var out []dialog.Say
	must := func(text string, must bool) {
		if text = strings.TrimSpace(text); text != "" {
			out = append(out, dialog.Say{Text: text, MustHear: must})
		}
	}
	must(l.Disclosure.Text, !l.Disclosure.Interruptible)
	if !l.Recording.Off {
		must(l.Recording.Announcement, true)
	}
	must(l.Greeting, false)
	return out
}

// Early is what is said before the answer, "" where nothing is.
func (l Line) Early() string {
	if !l.Answer.EarlyMedia {
		return ""
	}
	var must []string
	for _, s := range l.Opening() {
		if s.MustHear {
			must = append(must, s.Text)
		}
	}
	return l.joined(must)
}

// joined puts sentences together as the line's language does.
func (l Line) joined(sentences []string) string {
	if l.Language == "en" {
		return strings.Join(sentences, " ")
	}
	return strings.Join(sentences, "")
}

// Find is the line that answers number: the one that lists it, else the default
// of the first business that has one, else the first line of all.
func Find(businesses []*Business, number string) (Line, bool) {
	for _, b := range businesses {
		for _, l := range b.Lines {
			if slices.Contains(l.Numbers, number) {
				return l, true
			}
		}
	}
	for _, b := range businesses {
		for _, l := range b.Lines {
			if l.Default {
				return l, true
			}
		}
	}
	for _, b := range businesses {
		if len(b.Lines) > 0 {
			return b.Lines[0], true
		}
	}
	return Line{}, false
}

// LineNamed is the line of that name.
func (b *Business) LineNamed(name string) (Line, bool) {
	for _, l := range b.Lines {
		if l.Name == name {
			return l, true
		}
	}
	return Line{}, false
}

// AgentsWith are the agents of a skill who speak language, those who list it
// first; an agent that lists no language counts for all.
func (b *Business) AgentsWith(skill, language string) []Agent {
	var out []Agent
	for _, a := range b.Agents {
		if !slices.Contains(a.Skills, skill) {
			continue
		}
		if language == "" || len(a.Languages) == 0 || slices.Contains(a.Languages, language) {
			out = append(out, a)
		}
	}
	return out
}

// SkillTitle is a skill as it is spoken.
func (b *Business) SkillTitle(name string) string {
	for _, s := range b.Skills {
		if s.Name == name && s.Title != "" {
			return s.Title
		}
	}
	return name
}

// RowByID is the row with that id.
func (b *Business) RowByID(id string) (Row, bool) {
	for _, r := range b.Knowledge {
		if r.ID == id {
			return r, true
		}
	}
	return Row{}, false
}

// RowsFor are the rows that count on a line.
func (b *Business) RowsFor(line string) []Row { return rowsOn(b.Knowledge, line) }

func rowsOn(rows []Row, line string) []Row {
	var out []Row
	for _, r := range rows {
		if len(r.Lines) == 0 || slices.Contains(r.Lines, line) {
			out = append(out, r)
		}
	}
	return out
}
