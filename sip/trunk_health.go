package sip

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/emiago/sipgo/sip"
)

// health is what the questions for a carrier's presence have shown. It takes more
// than one answer to change it, so that a lost packet does not.
type health struct {
	unwatched bool // nobody asks
	asked     bool
	alive     bool
	row       int // answers in a row that say otherwise than alive
}

const (
	deadAfter  = 3               // questions without a response
	aliveAfter = 2               // questions with one
	askSoon    = 5 * time.Second // while it is down or in doubt
	returnTime = time.Minute     // until the most wanted address is tried again
)

func (h *health) ok() bool { return h.unwatched || h.alive }

// saw takes the result of one question.
func (h *health) saw(there bool) {
	switch {
	case !h.asked:
		h.asked, h.alive, h.row = true, there, 0
	case there == h.alive:
		h.row = 0
	default:
		h.row++
		if there && h.row >= aliveAfter || !there && h.row >= deadAfter {
			h.alive, h.row = there, 0
		}
	}
}

// doubtful tells that it is down or may soon be another than it was.
func (h *health) doubtful() bool { return !h.alive || h.row > 0 }

// watch asks the carrier again and again whether it is there.
func (x *trunk) watch(ctx context.Context) {
	returned := time.Now()
	for ctx.Err() == nil {
		x.ask(ctx)
		if now := time.Now(); now.Sub(returned) > returnTime {
			returned = now
			x.goBack(ctx)
		}
		x.mu.Lock()
		next := x.cfg().OptionsInterval
		if x.health.doubtful() {
			next = min(next, askSoon)
		}
		x.mu.Unlock()
		timer := time.NewTimer(next - next/10 + rand.N(next/5+1))
		select {
		case <-timer.C:
		case <-x.poke:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// ask asks the address in use, and when that is silent the others.
func (x *trunk) ask(ctx context.Context) {
	ways, err := x.ways(ctx)
	for i, h := range ways {
		var rtt time.Duration
		if rtt, err = x.ping(ctx, h); err == nil {
			x.use(h)
			x.update(func(time.Time) {
				x.health.saw(true)
				x.rtt = rtt
				if !x.cfg().Register || x.registered {
					x.lastError = ""
				}
			})
			if i > 0 && x.cfg().Register {
				x.again() // the registration was with the one that is silent
			}
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
	x.update(func(now time.Time) {
		x.health.saw(false)
		x.lastError = "options: " + plain(err)
		var st *StatusError
		if errors.As(err, &st) && st.RetryAfter > 0 {
			x.restFor(now, st.RetryAfter)
		}
	})
}

// goBack returns to the most wanted address once it is there again.
func (x *trunk) goBack(ctx context.Context) {
	x.mu.Lock()
	away := x.current > 0
	var first hop
	if away {
		first = x.resolved[0]
	}
	x.mu.Unlock()
	if !away {
		return
	}
	if _, err := x.ping(ctx, first); err == nil {
		x.use(first)
		if x.cfg().Register {
			x.again()
		}
	}
}

// again makes the registration be renewed at once.
func (x *trunk) again() {
	select {
	case x.lost <- struct{}{}:
	default:
	}
}

// ping sends one OPTIONS. Any response tells that somebody is there (RFC 3261
// section 11), but for one that says that nobody can take calls.
func (x *trunk) ping(ctx context.Context, h hop) (rtt time.Duration, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, x.hopTime(), errTimeout)
	defer cancel()
	f, err := x.s.flowFor(ctx, &h.uri, flow{})
	if err != nil {
		return 0, err
	}
	to := sip.Uri{Scheme: "sip"}
	if err := sip.ParseUri("sip:"+x.cfg().Domain, &to); err != nil {
		return 0, err
	}
	from := to
	from.User = escapeUser(x.cfg().User)
	req := sip.NewRequest(sip.OPTIONS, to)
	req.AppendHeader(x.s.via(f))
	req.AppendHeader(maxForwards())
	req.AppendHeader(&sip.FromHeader{Address: from, Params: sip.HeaderParams{{K: "tag", V: sip.GenerateTagN(12)}}})
	req.AppendHeader(&sip.ToHeader{Address: to})
	id := sip.CallIDHeader(sip.GenerateTagN(24))
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: sip.OPTIONS})
	req.AppendHeader(x.s.contact(f, x.cfg().User))
	req.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	req.AppendHeader(sip.NewHeader("User-Agent", x.s.cfg.UserAgent))
	req.SetBody(nil)
	begun := time.Now()
	res, err := x.s.roundTrip(ctx, req, f)
	if err != nil {
		return 0, err
	}
	if res.StatusCode == sip.StatusServiceUnavailable || res.StatusCode == sip.StatusRequestTimeout {
		return 0, statusOf(res)
	}
	x.met(f.remote.Addr())
	return time.Since(begun), nil
}

// restFor takes the trunk out of use, as a 503 with Retry-After asks (RFC 3261
// section 21.5.4). The caller is in update.
func (x *trunk) restFor(now time.Time, d time.Duration) {
	if until := now.Add(min(d, longestRest)); until.After(x.rest) {
		x.rest = until
	}
}

// longestRest bounds what a carrier may ask for: it is asked for its health anyway.
const longestRest = 10 * time.Minute
