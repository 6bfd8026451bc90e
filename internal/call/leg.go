package call

import "context"

// A Leg is the signalling side of one party, as a call needs it. The sip package
// implements it.
type Leg interface {
	// ID is unique to this leg (the SIP Call-ID).
	ID() string
	// Context ends, with its cause, when the far end hangs up or cancels, or when
	// the transport is lost.
	Context() context.Context
	// Offer is the far end's session description (its offer, or its answer on a
	// leg that we dialled); nil for a delayed offer.
	Offer() []byte
	// Answer accepts with our session description and returns when the far end
	// has acknowledged it.
	Answer(ctx context.Context, sdp []byte) error
	// Transfer sends the far end elsewhere (REFER).
	Transfer(ctx context.Context, to string) error
	// Hangup ends the leg: BYE after the answer, a refusal before it. It is
	// harmless on a leg that has ended.
	Hangup(ctx context.Context) error
}

// Target is whom to ring.
type Target struct {
	To       string            // SIP URI, or "agent:NAME" for a registered agent (all its contacts are rung)
	From     string            // caller number shown
	FromName string            // display name shown
	Headers  map[string]string // more SIP headers
}

// A Dialer rings. Dial blocks until the far end has answered, and its error tells
// a refusal (StatusError) from a ctx that ended; ending ctx cancels the ringing at
// once. progress is called for each provisional status (180, 183).
type Dialer interface {
	Dial(ctx context.Context, t Target, offer []byte, progress func(status int)) (Leg, error)
}

// StatusError is a refusal with its SIP status: 486 busy, 480, 408, 603 …
type StatusError interface {
	error
	Status() int
}

// Until returns a ctx that ends when ctx does or when the leg is over, with the
// leg's cause. stop must be called.
func Until(ctx context.Context, l Leg) (_ context.Context, cancel context.CancelCauseFunc, stop func() bool) {
	ctx, cancel = context.WithCancelCause(ctx)
	far := l.Context()
	stop = context.AfterFunc(far, func() { cancel(context.Cause(far)) })
	return ctx, cancel, stop
}
