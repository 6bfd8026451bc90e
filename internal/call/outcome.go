package call

// Rate is the rule by which a call's outcome is told from what happened in it:
//
//   - transferred: a person took the call.
//   - abandoned: the caller left before anything was answered and before a wish
//     (callback, message) was taken: while the greeting or the ringing of an agent
//     played, or without having said anything.
//   - resolved: the last thing that the caller asked was answered, and nothing
//     that was asked afterwards was left open; or a wish was taken.
//   - unresolved: everything else.
func Rate(f Facts) Outcome {
	switch {
	case f.Bridged:
		return Transferred
	case f.WishTaken:
		return Resolved
	case f.WaitingForAgent && f.CallerLeft:
		return Abandoned
	case f.Asked == 0 && f.CallerLeft:
		return Abandoned
	case f.LastResolved:
		return Resolved
	default:
		return Unresolved
	}
}

// Facts are what Rate judges by.
type Facts struct {
	Asked           int  // turns in which the caller said or keyed something
	LastResolved    bool // the last such turn was answered
	WishTaken       bool // a callback, message or ticket was noted
	WaitingForAgent bool // the call ended while an agent was being rung
	Bridged         bool // a person took the call
	CallerLeft      bool // the caller ended it
}
