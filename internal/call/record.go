package call

import (
	"context"
	"time"

	"hotline/dialog"
	"hotline/dialog/emotion"
	"hotline/internal/call/answer"
)

// Outcome is how a call ended, by the rule in [Rate].
type Outcome string

// The outcomes.
const (
	InProgress  Outcome = "in_progress"
	Resolved    Outcome = "resolved"
	Unresolved  Outcome = "unresolved"
	Transferred Outcome = "transferred"
	Abandoned   Outcome = "abandoned"
	Interrupted Outcome = "interrupted" // the server died; set when it starts again
	// Of outbound calls that were not answered.
	Busy      Outcome = "busy"
	NoAnswer  Outcome = "no_answer"
	Refused   Outcome = "refused"
	Failed    Outcome = "failed"
	Cancelled Outcome = "cancelled" // we gave up while it rang
)

// Record is what is kept of a call. Caller and Called are personal data: the
// store seals them.
type Record struct {
	ID             string    `json:"id"` // ULID
	SIPCallID      string    `json:"sip_call_id"`
	Line           string    `json:"line"`
	Language       string    `json:"language"`
	Direction      string    `json:"direction"` // "inbound", "outbound"
	Caller         string    `json:"caller"`
	Called         string    `json:"called"`
	StartedAt      time.Time `json:"started_at"`
	AnsweredAt     time.Time `json:"answered_at,omitzero"`
	EndedAt        time.Time `json:"ended_at,omitzero"`
	Outcome        Outcome   `json:"outcome"`
	TransferReason string    `json:"transfer_reason,omitempty"`
	Agent          string    `json:"agent,omitempty"`
	EndCause       string    `json:"end_cause,omitempty"` // "caller_hangup", "bot_hangup", "agent_hangup", "cancelled", "media_timeout", "shutdown", "error", "interrupted"
	Error          string    `json:"error,omitempty"`
	Recording      string    `json:"recording,omitempty"` // path below the data folder
	Summary        string    `json:"summary,omitempty"`
	// Satisfaction is 1 to 5, as the caller said; 0 where nobody asked or answered.
	Satisfaction int        `json:"satisfaction,omitempty"`
	Codec        string     `json:"codec,omitempty"`
	Media        Quality    `json:"media"`
	AgentMedia   []LegMedia `json:"agent_media,omitempty"` // of those who spoke with the caller, in order
	Held         bool       `json:"-"`                     // a far end keeps the other on hold; of a call in progress

	Signalling Signalling `json:"signalling,omitzero"`
	// SIPStatus is the response that refused an outbound call or ended an inbound one
	// before its answer, or what the far end's Reason names; 0 without one.
	SIPStatus int `json:"sip_status,omitempty"`
	// EndReason is what the far end said about the end: its Reason header (RFC 3326)
	// or the refusal's phrase.
	EndReason string `json:"end_reason,omitempty"`
	// AnsweredBy is who answered an outbound call that was placed to find out.
	AnsweredBy *answer.Outcome `json:"answered_by,omitempty"`
}

// Signalling is what the signalling said about a call beside its numbers. All of it
// but Trunk, Network and Privacy is personal data.
type Signalling struct {
	Trunk      string   `json:"trunk,omitempty"`        // that it came by or went by
	Network    string   `json:"network,omitempty"`      // "udp", "tcp", "tls", "ws", "wss"
	Asserted   string   `json:"asserted,omitempty"`     // P-Asserted-Identity (RFC 3325): who calls, as the network vouches
	Privacy    string   `json:"privacy,omitempty"`      // "id": the caller's number is not to be shown (RFC 3323)
	Diversion  []string `json:"diversion,omitempty"`    // numbers that the call was diverted from, latest first (RFC 5806)
	UserToUser string   `json:"user_to_user,omitempty"` // as sent (RFC 7433)
}

// with adds what a leg that we dialled tells.
func (s Signalling) with(o Signalling) Signalling {
	if o.Trunk != "" {
		s.Trunk = o.Trunk
	}
	if o.Network != "" {
		s.Network = o.Network
	}
	return s
}

// IsZero tells whether nothing was said.
func (s Signalling) IsZero() bool {
	return s.Trunk == "" && s.Network == "" && s.Asserted == "" && s.Privacy == "" && len(s.Diversion) == 0 && s.UserToUser == ""
}

// LegMedia is what was measured of the leg of somebody beside the caller.
type LegMedia struct {
	Name  string  `json:"name"` // the agent's; "" for one at a number
	Codec string  `json:"codec"`
	Media Quality `json:"media"`
}

// Quality is what the media session measured.
type Quality struct {
	Security  string  `json:"security,omitempty"` // "plain", "sdes" (RFC 4568), "dtls" (RFC 5764)
	Received  int64   `json:"received"`
	Sent      int64   `json:"sent"`
	Lost      int64   `json:"lost"`
	Late      int64   `json:"late"`
	Concealed int64   `json:"concealed"` // frames
	JitterMS  float64 `json:"jitter_ms"`
	LossRate  float64 `json:"loss_rate"`
	MOS       float64 `json:"mos,omitempty"` // estimate of how the far end is heard, 1 to 4.5
	// What the far end reported of our sound by RTCP; Reports counts how often.
	FarMOS      float64 `json:"far_mos,omitempty"`
	FarReports  int64   `json:"far_reports,omitempty"`
	FarLossRate float64 `json:"far_loss_rate,omitempty"`
	FarJitterMS float64 `json:"far_jitter_ms,omitempty"`
	RoundTripMS float64 `json:"round_trip_ms,omitempty"`
}

// TurnRecord is one thing said, by either side.
type TurnRecord struct {
	Call        string             `json:"call"`
	Index       int                `json:"index"`
	Speaker     string             `json:"speaker"` // "caller", "bot", "agent"
	Text        string             `json:"text"`
	StartMS     int64              `json:"start_ms"` // since the answer
	EndMS       int64              `json:"end_ms"`
	ResponseMS  int64              `json:"response_ms,omitempty"` // bot: since the caller's last voiced frame
	Confidence  float64            `json:"confidence,omitempty"`
	Intent      string             `json:"intent,omitempty"`
	Source      string             `json:"source,omitempty"`
	KnowledgeID string             `json:"knowledge_id,omitempty"`
	Candidates  []dialog.Candidate `json:"candidates,omitempty"`
	Timing      *Timing            `json:"timing,omitempty"`
	Heard       string             `json:"heard,omitempty"` // bot, interrupted: the part that was heard
	Emotion     string             `json:"emotion,omitempty"`
	// Mood is how the caller sounds who has said it, in the course of the call; nil where
	// nobody can tell. It is told while the call lasts and not kept.
	Mood *emotion.Reading `json:"-"`
}

// Timing says where a response's time went, in ms.
type Timing struct {
	EndpointMS   int64 `json:"endpoint_ms"`   // last voiced frame → turn over
	DecodeMS     int64 `json:"decode_ms"`     // of it, decoding (overlaps the endpoint wait)
	QueueMS      int64 `json:"queue_ms"`      // of it, waiting for a worker
	ThinkMS      int64 `json:"think_ms"`      // turn over → first Say
	SynthesizeMS int64 `json:"synthesize_ms"` // first Say → first frame in the player
	PlayMS       int64 `json:"play_ms"`       // first frame in the player → on the wire
}

// Event is one mark on a call's time axis.
type Event struct {
	MS   int64          `json:"ms"` // since the answer
	Kind string         `json:"kind"`
	Data map[string]any `json:"data,omitempty"`
}

// The kinds of Event.
const (
	KindAnswered    = "answered"
	KindAnsweredBy  = "answered_by"
	KindSayStart    = "say_start"
	KindSayEnd      = "say_end"
	KindSpeechStart = "speech_start"
	KindSpeechEnd   = "speech_end"
	KindTranscript  = "transcript"
	KindIntent      = "intent"
	KindEmotion     = "emotion"
	KindDTMF        = "dtmf"
	KindBargeIn     = "barge_in"
	KindFlowStep    = "flow_step"
	KindTransfer    = "transfer"
	KindQueue       = "queue"
	KindBridge      = "bridge"
	KindHold        = "hold"
	KindError       = "error"
	KindHangup      = "hangup"
	KindSilence     = "silence"
	KindTicket      = "ticket"
	KindSMS         = "sms"
	KindReview      = "review"
	KindRating      = "rating"
	KindAlert       = "alert"
	KindCallback    = "callback"
	KindMessage     = "message"
	KindAbandoned   = "abandoned" // a person whom we have called, since no agent was free
	KindRefusal     = "refusal"   // of more calls, by whom we have called
)

// How more calls are refused: "by" of a KindRefusal.
const (
	RefusedBySaying = "said"
	RefusedByKey    = "key"
)

// A Journal keeps records. Its methods return when the row is durable.
type Journal interface {
	// Begin keeps a new call. It is asked again when it failed or may have failed, and
	// then replaces what is there.
	Begin(ctx context.Context, r Record) error
	Update(ctx context.Context, r Record) error
	AddTurn(ctx context.Context, t TurnRecord) error
	AddEvents(ctx context.Context, call string, e []Event) error
	// End keeps the last state, whole where there was no beginning.
	End(ctx context.Context, r Record) error
}

// Wish is something that the caller was promised and that somebody must do.
type Wish struct {
	ID        string            `json:"id"`
	Kind      string            `json:"kind"` // "callback", "message", "ticket", "sms", "review"
	Call      string            `json:"call"`
	Number    string            `json:"number"`
	When      string            `json:"when,omitempty"` // in the caller's words
	At        time.Time         `json:"at,omitzero"`    // what they come to; none where they name no moment
	Summary   string            `json:"summary"`
	Reason    string            `json:"reason,omitempty"`
	Fields    map[string]string `json:"fields,omitempty"`
	Recording string            `json:"recording,omitempty"`
	State     string            `json:"state"` // "open", "done"
	CreatedAt time.Time         `json:"created_at"`

	// Of a callback at a moment, which the server rings: the calls that were not answered,
	// when the next one is, the one in progress and since when, and why the last one came
	// to nothing; see package callback.
	Tries   int       `json:"tries,omitempty"`
	Next    time.Time `json:"next,omitzero"`
	Calling string    `json:"calling,omitempty"`
	RungAt  time.Time `json:"rung_at,omitzero"`
	Trouble string    `json:"trouble,omitempty"`

	// Of a message: what is said in its recording, recognised when the call is over.
	// Summary is what was understood while it was spoken.
	Transcript      *Transcript `json:"transcript,omitempty"`
	TranscriptState string      `json:"transcript_state,omitempty"` // "", "pending", "done", "failed"
	Urgent          bool        `json:"urgent,omitempty"`
}

// Transcript is what a message says.
type Transcript struct {
	Text   string   `json:"text"`
	Urgent []string `json:"urgent,omitempty"` // words in Text that make it urgent
}

// The states of a message's transcript.
const (
	TranscriptPending = "pending"
	TranscriptDone    = "done"
	TranscriptFailed  = "failed"
)

// Wishes keeps what callers were promised.
type Wishes interface {
	AddWish(ctx context.Context, w Wish) error
}
