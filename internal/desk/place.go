package desk

import (
	"context"
	"time"

	"hotline/internal/call"
)

// place is one caller's in the queue. It implements call.Place.
type place struct {
	desk     *Desk
	id       string
	language string
	rules    *Rules
	signal   chan struct{} // next or over is set

	// Guarded by desk.mu.
	next call.Person
	over error
	told time.Time // when he was last told where he stands
}

// turn tells the caller's side that somebody is to be rung, or that there is no use in
// waiting. It needs desk.mu.
func (p *place) turn(next call.Person, over error) {
	if p == nil || p.over != nil {
		return
	}
	p.next, p.over = next, over
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

// Next implements call.Place.
func (p *place) Next(ctx context.Context) (call.Person, error) {
	for {
		select {
		case <-ctx.Done():
			return call.Person{}, context.Cause(ctx)
		case <-p.signal:
		}
		p.desk.mu.Lock()
		next, over := p.next, p.over
		p.next = call.Person{}
		p.desk.mu.Unlock()
		if next.Name != "" || over != nil {
			return next, over
		}
	}
}

// Ring implements call.Place.
func (p *place) Ring() time.Duration { return p.rules.Ring }

// Leave implements call.Place.
func (p *place) Leave(why call.LeaveReason) {
	p.desk.change(func(now time.Time) {
		p.desk.queueEvent("queue.left", p.id, now, string(why))
		if p.desk.places[p.id] == p {
			p.desk.board.Leave(p.id, why == call.LeftForChoice, now)
			delete(p.desk.places, p.id)
		}
	})
}

// Announcement implements call.Place.
func (p *place) Announcement() (text string, again time.Duration) {
	d := p.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	s, waits := d.board.Standing(p.id, now)
	if !waits {
		return "", p.rules.AnnounceEvery
	}
	first := p.told.IsZero()
	if wait := p.told.Add(p.rules.AnnounceEvery).Sub(now); !first && wait > 0 {
		return "", wait
	}
	if first && s.Waited < firstAnnouncement {
		return "", firstAnnouncement - s.Waited // he may be put through before
	}
	p.told = now
	return p.rules.Wording.announce(p.language, s, first, s.Waited >= p.rules.CallbackAfter), p.rules.AnnounceEvery
}

// firstAnnouncement is when a caller is first told where he stands.
const firstAnnouncement = 5 * time.Second
