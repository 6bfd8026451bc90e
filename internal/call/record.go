package call

import (
	"context"
	"time"

	"hotline/dialog"
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
	Codec          string    `json:"codec,omitempty"`
	Media          Quality   `json:"media"`
}

// Quality is what the media session measured.
type Quality struct {
	Received  int64   `json:"received"`
	Sent      int64   `json:"sent"`
	Lost      int64   `json:"lost"`
	Late      int64   `json:"late"`
	Concealed int64   `json:"concealed"` // frames
	JitterMS  float64 `json:"jitter_ms"`
	LossRate  float64 `json:"loss_rate"`
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
	KindBridge      = "bridge"
	KindHold        = "hold"
	KindError       = "error"
	KindHangup      = "hangup"
	KindSilence     = "silence"
	KindTicket      = "ticket"
	KindCallback    = "callback"
	KindMessage     = "message"
)

// A Journal keeps records. Its methods return when the row is durable.
type Journal interface {
	Begin(ctx context.Context, r Record) error
	Update(ctx context.Context, r Record) error
	AddTurn(ctx context.Context, t TurnRecord) error
	AddEvents(ctx context.Context, call string, e []Event) error
	End(ctx context.Context, r Record) error
}

// Wish is something that the caller was promised and that somebody must do.
type Wish struct {
	ID        string            `json:"id"`
	Kind      string            `json:"kind"` // "callback", "message", "ticket"
	Call      string            `json:"call"`
	Number    string            `json:"number"`
	When      string            `json:"when,omitempty"`
	Summary   string            `json:"summary"`
	Reason    string            `json:"reason,omitempty"`
	Fields    map[string]string `json:"fields,omitempty"`
	Recording string            `json:"recording,omitempty"`
	State     string            `json:"state"` // "open", "done"
	CreatedAt time.Time         `json:"created_at"`
}

// Wishes keeps what callers were promised.
type Wishes interface {
	AddWish(ctx context.Context, w Wish) error
}
