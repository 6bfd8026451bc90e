package campaigns

import (
	"cmp"
	"time"
)

// attempts is how often a contact is called in all.
func (c Campaign) attempts() int { return cmp.Or(max(c.Attempts, 0), 3) }

// The defaults for each outcome. What a campaign writes for an outcome replaces the
// default; an outcome that neither names ends the contact.
func defaultRetry(o Outcome) Retry {
	switch o {
	case Busy:
		return Retry{After: 15 * time.Minute, Times: 3}
	case NoAnswer:
		return Retry{After: 2 * time.Hour, Times: 2}
	case Silence, Screening:
		return Retry{After: 2 * time.Hour, Times: 1}
	case Voicemail:
		// The next day at another hour: see Rules.Next. This is the least that passes.
		return Retry{After: otherHourLate, Times: 1}
	case Menu, Declined:
		return Retry{After: 24 * time.Hour, Times: 1}
	case Abandoned:
		// Ofcom's policy on persistent misuse asks for 72 hours, unless an agent is
		// certain to be there.
		return Retry{After: 72 * time.Hour, Times: 1}
	case Failed:
		return Retry{After: 10 * time.Minute, Times: 3}
	case Interrupted:
		return Retry{After: 30 * time.Minute, Times: 2}
	case Person, Fax, Announcement, NotPlaced:
	}
	return Retry{}
}

// Who was not reached before two in the afternoon is called the next day after two, and
// the other way round.
const (
	otherHourEarly = 28 * time.Hour
	otherHourLate  = 19 * time.Hour
	noonish        = 14
)

// The kinds of announcement that a contact's state depends on: those of package answer.
const (
	kindInvalid   = "invalid_number"
	kindSuspended = "suspended"
	kindInCall    = "in_call"
	kindCircuits  = "circuits_busy"
	kindBarred    = "incoming_barred"
	kindDeclined  = "declined"
	kindMailbox   = "mailbox_full"
)

// as is the outcome whose retry an outcome follows: what a carrier announces stands for
// what it means.
func as(r Result) Outcome {
	if r.Outcome != Announcement {
		return r.Outcome
	}
	switch r.Kind {
	case kindInvalid, kindSuspended, kindBarred:
		return Announcement
	case kindInCall:
		return Busy
	case kindCircuits:
		return Failed
	case kindDeclined:
		return Declined
	case kindMailbox:
		return Voicemail
	}
	return NoAnswer // switched off, out of reach, nobody there, not understood
}

// retry is the campaign's policy after an outcome.
func (c Campaign) retry(o Outcome) (policy Retry, own bool) {
	if policy, own = c.Retry[o]; own {
		return policy, true
	}
	return defaultRetry(o), false
}

// interval is the least that passes after an outcome until the next attempt.
func (c Campaign) interval(o Outcome) time.Duration {
	policy, _ := c.retry(o)
	return max(policy.After, 0)
}

// missing tells whether the network says that the number does not exist: RFC 3261 404,
// 410, 484 and 604, and what a carrier announces.
func missing(r Result) bool {
	if r.Outcome == Announcement {
		return r.Kind == kindInvalid
	}
	if r.Outcome != Failed || r.Answered {
		return false
	}
	switch r.Status {
	case 404, 410, 484, 604:
		return true
	}
	return false
}

// Next says what becomes of a contact after an attempt. made counts its attempts by
// outcome, this one included, as contact.Made does.
func (r *Rules) Next(now time.Time, c Campaign, contact Contact, made map[Outcome]int, result Result) Next {
	where := r.where(c, contact)
	switch {
	case result.Outcome == NotPlaced:
		return putBack(now, where, c, contact, made[NotPlaced], result)
	case result.Refused:
		return Next{State: Suppressed, Reason: "refused"}
	case !result.Callback.IsZero():
		return called(now, where, made, result)
	case missing(result):
		return Next{State: Invalid, Reason: cmp.Or(result.Kind, kindInvalid)}
	case result.Outcome == Person:
		return Next{State: Reached, Reason: string(Person)}
	}
	outcome := as(result)
	policy, own := c.retry(outcome)
	if p, named := c.Retry[result.Outcome]; named { // an announcement's own
		policy, own, outcome = p, true, result.Outcome
	}
	reason := string(outcome)
	ended := Next{State: Exhausted, Reason: reason}
	if outcome == Announcement {
		ended.Reason = cmp.Or(result.Kind, reason)
	}
	extra := 0
	if made[Person] > 0 { // he was reached and asked to be called again
		extra, reason = maxCallbacks, ReasonCallback
	}
	switch {
	case made[result.Outcome] > policy.Times, contact.Made >= c.attempts()+extra:
		return ended
	case c.Caps.PerCampaign > 0 && contact.Made >= c.Caps.PerCampaign+extra:
		return ended
	}
	after := max(policy.After, 0)
	if outcome == Voicemail && !own {
		after = otherHourLate
		if now.In(where.zones[0]).Hour() < noonish {
			after = otherHourEarly
		}
	}
	due, ok := where.spread(now.Add(after+spreadBy(c, contact, after)), c, contact)
	if !ok {
		return Next{State: Withdrawn, Reason: string(RefusedEnded)}
	}
	return Next{State: Waiting, Reason: reason, Due: due}
}

// called keeps the time that the contact asked for, or the next that is allowed: the
// law's hours hold for the polite too.
func called(now time.Time, where place, made map[Outcome]int, result Result) Next {
	if made[Person] > maxCallbacks {
		return Next{State: Reached, Reason: string(Person)}
	}
	due, ok := where.next(latest(now.Add(time.Minute), result.Callback))
	if !ok {
		return Next{State: Reached, Reason: string(Person)}
	}
	return Next{State: Waiting, Reason: ReasonCallback, Due: due}
}

// ReasonCallback is why a contact waits that asked to be called.
const ReasonCallback = "callback"

// The bounds of how far retries are spread, so that those of one moment do not come back
// as one.
const (
	maxSpread     = 20 * time.Minute
	morningSpread = 45 * time.Minute
)

// spreadBy is what is added to an interval; it never shortens one.
func spreadBy(c Campaign, contact Contact, after time.Duration) time.Duration {
	most := min(after/5, maxSpread)
	return time.Duration(draw(c.ID, contact, uint64(max(contact.Made, 0))+1) * float64(most))
}

// spread moves a time into the hours that are allowed; what waited for the morning is
// spread over its first part.
func (p place) spread(due time.Time, c Campaign, contact Contact) (time.Time, bool) {
	at, ok := p.next(latest(due, c.Start))
	if !ok || at.Equal(due) {
		return at, ok
	}
	later := at.Add(time.Duration(draw(c.ID, contact, 1<<32+uint64(max(contact.Made, 0))) * float64(morningSpread)))
	if _, shut := closedAt(later, p.all); shut {
		return at, true
	}
	return later, true
}
