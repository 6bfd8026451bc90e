package campaigns

import "time"

// State is what a campaign does now.
type State string

// The states. A campaign that is stopped or done is over.
const (
	Draft   State = "draft"
	Running State = "running"
	Paused  State = "paused"
	Stopped State = "stopped"
	Done    State = "done"
)

// Mode is who talks to whom answers, and who sets the pace.
type Mode string

// The modes.
const (
	Agentless   Mode = "agentless"   // the bot talks
	Preview     Mode = "preview"     // an agent sees the contact, then dials
	Progressive Mode = "progressive" // one call for each agent who is free
	Predictive  Mode = "predictive"  // more calls than free agents, as many as will be needed
)

// MachineSpeaks tells whether whom a campaign calls hears a machine: where an agent is on
// the line before it rings at the other side, nobody does, and the greeting is the agent's
// to say.
func (m Mode) MachineSpeaks() bool { return m != Preview && m != Progressive }

// Purpose is what a contact must have agreed to, and what a do-not-call list bars.
type Purpose string

// The purposes.
const (
	Service   Purpose = "service"   // about something that the customer has ordered or asked for
	Reminder  Purpose = "reminder"  // of an appointment, of a payment
	Survey    Purpose = "survey"    // asks how it was
	Marketing Purpose = "marketing" // offers something
)

// Campaign is what is said to whom, and within which limits. Durations are of the
// calendar; the zero of a limit is the default that is named.
type Campaign struct {
	ID       string    `yaml:"-" json:"id"`
	Name     string    `yaml:"name" json:"name"`
	State    State     `yaml:"-" json:"state"`
	Line     string    `yaml:"line" json:"line"` // whose bot, voice and language speak
	Trunk    string    `yaml:"trunk" json:"trunk,omitempty"`
	From     string    `yaml:"from" json:"from,omitempty"` // number shown
	FromName string    `yaml:"from_name" json:"from_name,omitempty"`
	Purpose  Purpose   `yaml:"purpose" json:"purpose"`
	Mode     Mode      `yaml:"mode" json:"mode"`
	Skill    string    `yaml:"skill" json:"skill,omitempty"` // of the agents, in modes with agents
	Variants []Variant `yaml:"variants" json:"variants"`     // at least one

	Windows Windows   `yaml:"windows" json:"windows"`
	Start   time.Time `yaml:"start" json:"start,omitzero"` // none: when it is started
	End     time.Time `yaml:"end" json:"end,omitzero"`     // none: when all contacts are over

	Priority    int     `yaml:"priority" json:"priority"`       // higher first where campaigns share what is scarce
	Concurrency int     `yaml:"concurrency" json:"concurrency"` // calls at once; default 10
	PerSecond   float64 `yaml:"per_second" json:"per_second"`   // calls begun; default 1
	Order       Order   `yaml:"order" json:"order"`

	Attempts int               `yaml:"attempts" json:"attempts"` // for each contact in all; default 3
	Retry    map[Outcome]Retry `yaml:"retry" json:"retry,omitempty"`
	Caps     Caps              `yaml:"caps" json:"caps"`
	Goals    []Goal            `yaml:"goals" json:"goals,omitempty"`
	Ring     time.Duration     `yaml:"ring" json:"ring,omitempty"`       // how long it rings; default 40 s
	OptOut   string            `yaml:"opt_out" json:"opt_out,omitempty"` // key against more calls, which the greeting names; "" is none

	Open        bool      `yaml:"open" json:"open,omitempty"`                   // goes on without contacts: events bring them
	CostPerGoal float64   `yaml:"cost_per_goal" json:"cost_per_goal,omitempty"` // of a person who calls, to compare
	CreatedAt   time.Time `yaml:"-" json:"created_at"`
	CreatedBy   string    `yaml:"-" json:"created_by"`
	Version     int       `yaml:"-" json:"version"` // counts its changes, from 1
}

// Variant is one wording of the script. A contact stays with the one that it was
// given.
type Variant struct {
	Name      string `yaml:"name" json:"name"`
	Weight    int    `yaml:"weight" json:"weight"`                 // share among the variants; default 1
	Greeting  string `yaml:"greeting" json:"greeting"`             // who calls, that it is a machine, for whom and why; {field} is the contact's
	Task      string `yaml:"task" json:"task,omitempty"`           // flow that begins after the greeting, with the contact's fields
	Voicemail string `yaml:"voicemail" json:"voicemail,omitempty"` // said after the beep; "" hangs up
	SMS       string `yaml:"sms" json:"sms,omitempty"`             // sent when no attempt reached anybody
	Abandoned string `yaml:"abandoned" json:"abandoned,omitempty"` // said where no agent is free within two seconds
}

// Order is in which order new contacts are called.
type Order string

// The orders. Retries that are due go before new contacts.
const (
	AsListed Order = "listed"
	Newest   Order = "newest"
	Ranked   Order = "ranked" // by the contact's own rank, highest first
)

// Retry is what happens after an outcome.
type Retry struct {
	After time.Duration `yaml:"after" json:"after"` // until the next attempt may be made
	Times int           `yaml:"times" json:"times"` // how many more at most after this outcome; 0: the contact is over
}

// Caps bound how often one number is called, over days of the callee's calendar.
// 0 is no bound of the campaign's; the server's own bounds hold beside.
type Caps struct {
	PerDay      int `yaml:"per_day" json:"per_day"`
	PerWeek     int `yaml:"per_week" json:"per_week"`
	PerCampaign int `yaml:"per_campaign" json:"per_campaign"`
}

// Goal is what a call is for. A contact has reached it when all that is set holds.
type Goal struct {
	Name        string `yaml:"name" json:"name"`
	Slot        string `yaml:"slot" json:"slot,omitempty"`               // of the task, filled
	Value       string `yaml:"value" json:"value,omitempty"`             // with this; "" is any
	Transferred bool   `yaml:"transferred" json:"transferred,omitempty"` // a person took the call
	Score       int    `yaml:"score" json:"score,omitempty"`             // satisfaction of at least this
}

// Limits are how fast a campaign may call.
type Limits struct {
	Concurrency int
	PerSecond   float64
}

// Limits are the campaign's, or the defaults.
func (c Campaign) Limits() Limits {
	l := Limits{c.Concurrency, c.PerSecond}
	if l.Concurrency <= 0 {
		l.Concurrency = 10
	}
	if l.PerSecond <= 0 {
		l.PerSecond = 1
	}
	return l
}
