package call

import (
	"context"
	"net/netip"
)

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
	Trunk    string            // the trunk to go by; "" leaves it to the rules
	Replaces string            // the dialog at the far end whose place the call takes (RFC 3891)
	Who      string            // who wants it, for the rules of calls that go out
	// BrowserOffer is our session description for telephones that are browsers; nil
	// keeps them from being rung.
	BrowserOffer []byte
}

// A Dialer rings. Dial blocks until the far end has answered, and its error tells
// a refusal (StatusError) from a ctx that ended; ending ctx cancels the ringing at
// once. progress is called for each provisional status (180, 183), with the far
// end's session description where it brings early media; it does not block.
type Dialer interface {
	Dial(ctx context.Context, t Target, offer []byte, progress func(status int, sdp []byte)) (Leg, error)
}

// A Checker is a Dialer that knows beforehand whom it would not ring, and from which
// address of ours it would ring.
type Checker interface {
	// Check returns a [RefusedError] for a target that may not or cannot be rung.
	Check(ctx context.Context, t Target) error
	// Local is the address of ours that the target reaches, for our offer.
	Local(ctx context.Context, t Target) netip.Addr
}

// StatusError is a refusal with its SIP status: 486 busy, 480, 408, 603 …
type StatusError interface {
	error
	Status() int
}

// follow has cancel called, with the cause, when the leg is over. stop must be called.
//
//nolint:contextcheck,nolintlint // the leg's own ctx is what is followed
func follow(l Leg, cancel context.CancelCauseFunc) (stop func()) {
	far := l.Context()
	off := context.AfterFunc(far, func() { cancel(context.Cause(far)) })
	return func() { off() }
}

// Until returns a ctx that ends when ctx does or when the leg is over, with the
// leg's cause. stop must be called.
func Until(ctx context.Context, l Leg) (_ context.Context, cancel context.CancelCauseFunc, stop func() bool) {
	ctx, cancel = context.WithCancelCause(ctx)
	far := l.Context()
	stop = context.AfterFunc(far, func() { cancel(context.Cause(far)) })
	return ctx, cancel, stop
}
