package sip

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// hopTime is how long one address of a carrier may take for a REGISTER or OPTIONS:
// four sendings over UDP at the usual T1.
func (x *trunk) hopTime() time.Duration { return 10 * x.s.cfg.T1 }

// registering is a registration by these settings.
func (x *trunk) registering(set *trunkSettings) (*registering, error) {
	g, err := x.s.registering(Registration{
		Registrar: "sip:" + set.Domain, User: set.User, Domain: set.Domain, Auth: set.Auth, Expires: set.Expires,
	})
	if err == nil {
		g.token = x.token
	}
	return g, err
}

// keepRegistered registers, renews in time, goes from one address of the carrier to
// the next when one fails, tries again with growing pauses, and unregisters when
// ctx ends, unless the same account is registered by other settings then.
func (x *trunk) keepRegistered(ctx context.Context, set *trunkSettings) {
	g, err := x.registering(set)
	if err != nil {
		x.update(func(time.Time) { x.lastError = err.Error() })
		return
	}
	signed := time.Time{} // until when
	back := backOff{t1: x.s.cfg.T1}
	for ctx.Err() == nil {
		granted, err := x.registerOnce(ctx, g)
		if ctx.Err() != nil {
			break
		}
		var next time.Duration
		if err == nil {
			next = max(refreshAfter(granted), time.Second)
			back.pause = 0
			x.met(g.remote.Addr())
			signed = time.Now().Add(granted)
			x.update(func(time.Time) {
				x.registered, x.until, x.lastError = true, signed, ""
			})
		} else {
			next = back.after(err)
			x.update(func(time.Time) {
				x.lastError = "register: " + plain(err)
				var st *StatusError
				if errors.As(err, &st) && st.Code != 408 && st.Code < 500 {
					x.registered = false // it was asked, and said no
				}
			})
			x.home.log.Warn("trunk_register", "trunk", x.cfg().Name, "error", err, "again_in", next)
		}
		timer := time.NewTimer(next)
		select {
		case <-timer.C:
		case <-x.lost:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	if errors.Is(context.Cause(ctx), errSameAccount) {
		return
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*x.s.cfg.T1)
	defer cancel()
	if time.Now().Before(signed) {
		if _, err := g.once(bye, 0); err != nil {
			x.home.log.Debug("trunk_unregister", "trunk", x.cfg().Name, "error", err)
		}
	}
	x.update(func(time.Time) { x.registered = false })
}

// registerOnce asks the carrier's addresses one after another.
func (x *trunk) registerOnce(ctx context.Context, g *registering) (granted time.Duration, err error) {
	ways, err := x.ways(ctx)
	if err != nil {
		return 0, err
	}
	for _, h := range ways {
		g.hop = &h.uri
		one, cancel := context.WithTimeoutCause(ctx, x.hopTime(), errTimeout)
		granted, err = g.once(one, g.r.Expires)
		cancel()
		if err == nil {
			x.use(h)
			return granted, nil
		}
		if ctx.Err() != nil || !elsewhere(err) {
			return 0, err
		}
	}
	return 0, err
}

// elsewhere tells whether another address may do better: the error is one of this
// address, not of the account or the call.
func elsewhere(err error) bool {
	var st *StatusError
	if errors.As(err, &st) {
		return st.Code == 408 || st.Code == 430 || st.Code >= 500 && st.Code < 600
	}
	return true // no connection, no response
}

// plain is an error in words for the console.
func plain(err error) string {
	var st *StatusError
	switch {
	case errors.As(err, &st):
		return st.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, errTimeout):
		return "no response"
	}
	return err.Error()
}

// backOff is the pause after failures: it grows, and no two trunks or servers keep
// step (RFC 5626 section 4.5).
type backOff struct {
	t1    time.Duration
	pause time.Duration
}

// In T1, which is 500 ms as a rule.
const (
	firstPause  = 4   // 2 s
	refusedWait = 60  // 30 s: carriers shut out who tries a wrong password again and again
	longestWait = 600 // 5 min
)

func (b *backOff) after(err error) time.Duration {
	b.pause = max(b.pause, firstPause*b.t1)
	var st *StatusError
	if errors.As(err, &st) {
		switch {
		case st.RetryAfter > 0:
			b.pause = max(b.pause, min(st.RetryAfter, 2*longestWait*b.t1))
		case st.Code == 401 || st.Code == 403 || st.Code == 404 || st.Code == 407:
			b.pause = max(b.pause, refusedWait*b.t1)
		}
	}
	wait := b.pause + rand.N(b.pause/2)
	b.pause = min(2*b.pause, max(longestWait*b.t1, b.pause))
	return wait
}
