package campaigns

import "time"

// Outcome is how an attempt ended.
type Outcome string

// The outcomes.
const (
	Person       Outcome = "person"       // somebody was talked to
	Voicemail    Outcome = "voicemail"    // a machine; the message was left where there is one
	Fax          Outcome = "fax"          // CNG or CED
	Screening    Outcome = "screening"    // a telephone's assistant asked who calls
	Menu         Outcome = "menu"         // an interactive menu
	Announcement Outcome = "announcement" // a carrier's; Attempt.Kind says which
	Busy         Outcome = "busy"
	NoAnswer     Outcome = "no_answer"
	Silence      Outcome = "silence"     // answered, and nobody spoke
	Declined     Outcome = "declined"    // turned away by the callee
	Abandoned    Outcome = "abandoned"   // a person answered and no agent was free
	Failed       Outcome = "failed"      // the network or we
	Interrupted  Outcome = "interrupted" // the node died; counted as made
	// NotPlaced is no outcome of an attempt: the call did not go out for a reason of ours,
	// which Result.Kind names, nobody was rung, and the contact is put back.
	NotPlaced Outcome = "not_placed"
)

// Attempt is one call of a campaign to a contact.
type Attempt struct {
	ID        int64     `json:"id"`
	Campaign  string    `json:"campaign"`
	Contact   int64     `json:"contact"`
	Call      string    `json:"call"` // id of the call's record, known before it is dialled
	Node      string    `json:"node"` // that made it
	Variant   string    `json:"variant"`
	Number    int       `json:"number"` // of the contact's attempts, from 1
	ClaimedAt time.Time `json:"claimed_at"`
	SettledAt time.Time `json:"settled_at,omitzero"` // none: in progress
	Ground    string    `json:"ground"`              // what allowed it: consent, window, caps, for the audit
	Result
}

// Result is what came of an attempt.
type Result struct {
	Outcome  Outcome           `json:"outcome,omitempty"`
	Kind     string            `json:"kind,omitempty"`     // of an announcement
	Status   int               `json:"status,omitempty"`   // SIP's final code
	Seconds  float64           `json:"seconds,omitempty"`  // from answer to end
	Goal     string            `json:"goal,omitempty"`     // reached; "" none
	Slots    map[string]string `json:"slots,omitempty"`    // what the task learnt
	Score    int               `json:"score,omitempty"`    // satisfaction
	Refused  bool              `json:"refused,omitempty"`  // "do not call again": said or keyed
	How      string            `json:"how,omitempty"`      // a refusal was made: "said", "key", "agent"
	Callback time.Time         `json:"callback,omitzero"`  // when the contact wants to be called
	Person   string            `json:"person,omitempty"`   // agent who talked
	Cost     float64           `json:"cost,omitempty"`     // of the trunk
	Trunk    string            `json:"trunk,omitempty"`    // it went by
	Error    string            `json:"error,omitempty"`    // for the operator
	Answered bool              `json:"answered,omitempty"` // SIP's 200 came
}

// Refusal is why a number is not dialled now, or ever.
type Refusal string

// The refusals. Those that are Final end the contact.
const (
	RefusedNumber     Refusal = "bad_number"
	RefusedEmergency  Refusal = "emergency"
	RefusedNational   Refusal = "national_list"
	RefusedOwnList    Refusal = "own_list"
	RefusedConsent    Refusal = "no_consent"
	RefusedDisclosure Refusal = "no_disclosure" // the script does not say that a machine calls
	RefusedCampaign   Refusal = "cap_campaign"
	RefusedAttempts   Refusal = "no_attempt_left"
	RefusedEnded      Refusal = "campaign_over"
	RefusedPlace      Refusal = "destination_not_allowed" // by the server's settings

	RefusedWindow   Refusal = "outside_window"
	RefusedHoliday  Refusal = "holiday"
	RefusedDay      Refusal = "cap_day"
	RefusedWeek     Refusal = "cap_week"
	RefusedOverall  Refusal = "cap_overall" // the server's own bound for a number
	RefusedInterval Refusal = "retry_interval"
	RefusedInUse    Refusal = "number_in_use" // another attempt to it is in progress
	RefusedPlacing  Refusal = "not_placed"    // the call did not go out
)

// Final tells whether the contact is over by it.
func (r Refusal) Final() bool {
	switch r {
	case RefusedNumber, RefusedEmergency, RefusedNational, RefusedOwnList, RefusedConsent, RefusedDisclosure,
		RefusedCampaign, RefusedAttempts, RefusedEnded, RefusedPlace:
		return true
	case RefusedWindow, RefusedHoliday, RefusedDay, RefusedWeek, RefusedOverall, RefusedInterval, RefusedInUse, RefusedPlacing:
	}
	return false
}

// Ends is the state of a contact that is over by a final refusal.
func (r Refusal) Ends() ContactState {
	switch r {
	case RefusedNumber:
		return Invalid
	case RefusedAttempts, RefusedCampaign:
		return Exhausted
	case RefusedEnded:
		return Withdrawn
	default:
		return Suppressed
	}
}
