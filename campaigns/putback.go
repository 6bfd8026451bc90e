package campaigns

import (
	"cmp"
	"time"
)

// Why a call did not go out, as Result.Kind of NotPlaced has it: what the guard against
// toll fraud, the trunks and the calls' own limits say.
const (
	NotPlacedNumber  = "bad_number"
	NotPlacedPlace   = "destination_not_allowed"
	NotPlacedCalled  = "called_off"
	NotPlacedTrunk   = "no_trunk"
	notPlacedSame    = "same_number_per_hour"
	notPlacedDay     = "calls_per_day"
	notPlacedMinutes = "minutes_per_day"
	notPlacedSpend   = "spend_per_day"
	notPlacedAgent   = "no_agent"
	notPlacedHours   = "outside_hours"
)

// The bounds of how a contact is put back whose call did not go out.
const (
	maxPutBacks  = 50 // more than a day, with the pauses between
	firstPutBack = time.Minute
	maxPutBack   = time.Hour
)

// putBack is what becomes of a contact whose call did not go out for a reason that is
// ours: nobody was rung, so that it costs no attempt and counts for no cap. times is how
// often that has happened to him, this time included.
func putBack(now time.Time, where place, c Campaign, contact Contact, times int, result Result) Next {
	n := Next{State: Waiting, Reason: string(NotPlaced), Ground: groundOf("not_placed", cmp.Or(result.Kind, "-"), times, result.Error)}
	switch {
	case result.Kind == NotPlacedNumber:
		n.State, n.Reason = Invalid, string(RefusedNumber)
		return n
	case result.Kind == NotPlacedPlace:
		n.State, n.Reason = Suppressed, string(RefusedPlace)
		return n
	case times > maxPutBacks:
		n.State = Exhausted
		return n
	}
	wait := time.Duration(0)
	switch result.Kind {
	case NotPlacedCalled: // it waits for the campaign to go on
	case notPlacedSame, notPlacedDay, notPlacedMinutes, notPlacedSpend:
		wait = maxPutBack
	case notPlacedHours:
		wait = maxPutBack / 2
	default:
		wait = min(firstPutBack<<min(times-1, 10), maxPutBack)
	}
	due, ok := where.spread(now.Add(wait+spreadBy(c, contact, wait)), c, contact)
	if !ok {
		n.State, n.Reason = Withdrawn, string(RefusedEnded)
		return n
	}
	n.Due = due
	return n
}
