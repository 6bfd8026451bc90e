package web

import (
	"context"
	"time"
)

// Readiness tells whether calls can be taken, and if not, why.
type Readiness interface {
	Ready() (ok bool, reasons []string)
}

// A Caller places calls. Place returns the new call's id as soon as it is on its
// way; [RefusedError] tells the client why not.
type Caller interface {
	Place(ctx context.Context, p Placing) (id string, err error)
}

// Placing is a call to be placed.
type Placing struct {
	To, From, FromName string
	Line               string // who speaks; "" is the first
	AgentFirst         string // an agent or a skill
	Say                string // in place of the line's greeting
	Trunk              string
	Fields             map[string]string // what the dialogue knows of whom is called
	Timeout            time.Duration     // of ringing; 0 is the default
	By                 string            // who asks
	Detect             bool              // find out who answers before the bot speaks
	Voicemail          string            // with Detect: what a voicemail is told; "" hangs up
}

// RefusedError is an error that the client can do something about.
type RefusedError struct {
	Status int    // of HTTP; 0 is 422
	Code   string // for machines: "no_such_line", "not_allowed" …
	Detail string // for people
}

func (e *RefusedError) Error() string { return e.Detail }

// An Ender hangs calls up; false if no call of this id is in progress.
type Ender interface {
	Hangup(id string) bool
}

// Agent is a person whom calls are handed to.
type Agent struct {
	Name        string    `json:"name"`
	DisplayName string    `json:"display_name,omitempty"`
	Skills      []string  `json:"skills"`
	Languages   []string  `json:"languages"`
	Team        string    `json:"team,omitempty"`
	State       string    `json:"state" enum:"offline,ready,ringing,talking,wrap_up,break,not_ready"`
	Reason      string    `json:"reason,omitempty" doc:"of a break; no_answer, refused or off_shift of one who is not ready"`
	Since       time.Time `json:"since"`
	Until       time.Time `json:"until,omitzero" doc:"when the state ends by itself"`
	Calls       []string  `json:"calls" doc:"that he is rung for or talks in"`
	Contacts    int       `json:"contacts" doc:"telephones registered now"`
	Node        string    `json:"node,omitempty" doc:"the server where he works, where that is another one"`
}

// AgentLister lists agents and their state.
type AgentLister interface {
	Agents(ctx context.Context) ([]Agent, error)
}

// Line is a number that the bot answers.
type Line struct {
	Name     string   `json:"name"`
	Title    string   `json:"title,omitempty"`
	Numbers  []string `json:"numbers"`
	Language string   `json:"language"`
	Open     bool     `json:"open" doc:"people are there now"`
	Dial     string   `json:"dial,omitempty" doc:"a SIP URI that reaches it from this network"`
}

// Trunk is a carrier that calls come from and go out to.
type Trunk struct {
	Name           string     `json:"name"`
	Kind           string     `json:"kind" enum:"register,static" doc:"how the carrier knows us: an account that we register, or our address"`
	State          string     `json:"state" enum:"up,down,resting" doc:"resting: the carrier asked for it (503 with Retry-After)"`
	Registered     bool       `json:"registered"`
	Until          *time.Time `json:"until,omitempty" doc:"end of the registration, or of the rest"`
	Proxy          string     `json:"proxy" doc:"the carrier's address in use"`
	LastError      string     `json:"last_error,omitempty" doc:"what went wrong last; empty once it goes well again"`
	Since          time.Time  `json:"since" doc:"of the state"`
	Channels       int        `json:"channels" doc:"calls now, in and out"`
	MaxChannels    int        `json:"max_channels" doc:"0: no limit"`
	RTT            int64      `json:"rtt_ms" doc:"how long the carrier took for its last response to OPTIONS"`
	Inbound        int64      `json:"inbound" doc:"calls that came in since the start"`
	Outbound       int64      `json:"outbound" doc:"calls out since the start"`
	Answered       int64      `json:"answered" doc:"of these"`
	Failed         int64      `json:"failed" doc:"of these, for a fault of the trunk"`
	AnswerRatio    float64    `json:"answer_ratio" doc:"share of calls out that were answered (ASR), of 1"`
	AverageSeconds float64    `json:"average_seconds" doc:"of answered calls out (ACD)"`

	Today *TrunkUsage `json:"today,omitempty" doc:"what calls out have used up today; not in events"`
}

// TrunkUsage is what calls out by a trunk have used up today, beside the caps, which are
// for all trunks together. Money is in the unit of the trunks' costs.
type TrunkUsage struct {
	Minutes    int64   `json:"minutes" doc:"begun, by this trunk"`
	Spent      float64 `json:"spent" doc:"by this trunk"`
	AllMinutes int64   `json:"all_minutes" doc:"by all trunks"`
	MaxMinutes int64   `json:"max_minutes" doc:"outbound.max_minutes_per_day; 0: no cap"`
	AllSpent   float64 `json:"all_spent" doc:"by all trunks, with the first minute of calls that still ring"`
	MaxSpend   float64 `json:"max_spend" doc:"outbound.max_spend_per_day; 0: no cap"`
	AllCalls   int64   `json:"all_calls" doc:"placed by all trunks"`
	MaxCalls   int64   `json:"max_calls" doc:"outbound.max_calls_per_day; 0: no cap"`
}

// TrunkLister lists the carriers and how they do.
type TrunkLister interface {
	Trunks(ctx context.Context) ([]Trunk, error)
}

// LineLister lists the lines of the business.
type LineLister interface {
	Lines(ctx context.Context) ([]Line, error)
}

// SystemState is how the server does.
type SystemState struct {
	Version   string    `json:"version"`
	Business  string    `json:"business,omitempty"`
	StartedAt time.Time `json:"started_at"`
	Ready     bool      `json:"ready"`
	Reasons   []string  `json:"reasons" doc:"why it is not ready"`
	Workers   []Worker  `json:"workers"`
	Models    []Model   `json:"models"`
	Endpoints []string  `json:"endpoints" doc:"where calls arrive: sip:192.0.2.1:5060;transport=udp"`
	Advice    []Advice  `json:"advice" doc:"what somebody should do"`
}

// Worker is a process that recognises and synthesises speech.
type Worker struct {
	Name     string    `json:"name"`
	State    string    `json:"state" enum:"up,starting,down"`
	Since    time.Time `json:"since"`
	Restarts int       `json:"restarts"`
	Detail   string    `json:"detail,omitempty"`
}

// Model is a speech or language model.
type Model struct {
	ID        string   `json:"id"`
	Title     string   `json:"title,omitempty"`
	Kind      string   `json:"kind" doc:"asr, tts, vad, turn, embed"`
	Languages []string `json:"languages"`
	Bytes     int64    `json:"bytes"`
	Licence   string   `json:"licence,omitempty"`
	Installed bool     `json:"installed"`
	Used      []string `json:"used" doc:"languages of lines that it serves now"`
}

// Advice is something to do, with a command where one does it.
type Advice struct {
	Code    string `json:"code"`
	Grave   bool   `json:"grave" doc:"calls suffer until it is done"`
	Subject string `json:"subject,omitempty" doc:"what it is about, to put into a text in the reader's language"`
	Text    string `json:"text" doc:"the whole of it, in English"`
	Command string `json:"command,omitempty"`
}

// SystemReporter reports how the server does. It need not fill in Version,
// StartedAt, Ready and Reasons.
type SystemReporter interface {
	System(ctx context.Context) (SystemState, error)
}
