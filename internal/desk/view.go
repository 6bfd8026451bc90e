package desk

import "time"

// View is a caller in the queue as the console shows him. It holds no number: who may
// see one finds it in the call's record.
type View struct {
	Call     string    `json:"call"`
	Line     string    `json:"line"`
	Language string    `json:"language"`
	Skill    string    `json:"skill"`
	Kind     string    `json:"kind,omitempty" doc:"the flow or the intent"`
	Tier     string    `json:"tier,omitempty"`
	Asked    bool      `json:"asked" doc:"asked for a person himself"`
	Urgent   bool      `json:"urgent"`
	Mood     string    `json:"mood,omitempty"`
	Risk     float64   `json:"risk,omitempty" doc:"of a complaint, 0 to 1"`
	Wants    string    `json:"wants,omitempty" doc:"the agent he spoke with last"`
	Since    time.Time `json:"since"`
	Head     int64     `json:"head_start_s" doc:"counts as if he had waited that much longer"`
	Position int       `json:"position" doc:"1 is the next, among those who wait for the same people"`
	WaitS    int64     `json:"wait_s" doc:"estimated; -1 when nobody is there to reckon by"`
	Offered  string    `json:"offered,omitempty" doc:"the agent who is rung"`
	Declined int       `json:"declined" doc:"times that an agent did not take him"`
	MaxWaitS int64     `json:"max_wait_s" doc:"when he is asked what else is to be done"`
}

// view needs d.mu.
func (d *Desk) view(w Waiter, now time.Time) View {
	v := View{
		Call: w.Call, Line: w.Line, Language: w.Language, Skill: w.Skill, Kind: w.Kind, Tier: w.Tier, Asked: w.Asked, Urgent: w.Urgent,
		Mood: w.Mood, Risk: w.Risk, Wants: w.LastAgent, Since: w.Since, Head: int64(w.HeadStart / time.Second), Position: w.Position,
		WaitS: -1, Offered: w.Offered, Declined: w.Declined,
	}
	if x := d.board.waiter(w.Call); x != nil {
		v.MaxWaitS = int64(x.rules.MaxWait / time.Second)
	}
	if s, ok := d.board.Standing(w.Call, now); ok && s.Known {
		v.WaitS = int64(s.Wait / time.Second)
	}
	return v
}

// Queue is the callers who wait, the next first.
func (d *Desk) Queue() []View {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	out := []View{}
	for _, w := range d.board.Waiting(now) {
		out = append(out, d.view(w, now))
	}
	return out
}
