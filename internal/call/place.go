package call

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/media/sdp"
)

// placeWait is how long a call that goes out may take to be begun and on record.
const placeWait = 5 * time.Second

// Run runs the calls that Place begins and looks for browsers that have vanished. It
// returns when ctx has ended and those calls are over.
func (m *Manager) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { m.watchBrowsers(ctx) })
	for {
		select {
		case <-ctx.Done():
			return nil
		case run := <-m.placed:
			wg.Go(func() { run(ctx) })
		}
	}
}

// Place begins a call and returns its id as soon as it is on record; it goes on in
// Run. ctx bounds the beginning only. A call that is not placed is a *RefusedError.
func (m *Manager) Place(ctx context.Context, p Placement) (id string, err error) {
	target, err := p.target()
	if err != nil {
		return "", err
	}
	if p.Line == nil {
		return "", errors.New("placing a call: no line was given")
	}
	if c, ok := m.services.Dialer.(Checker); ok {
		if err := c.Check(ctx, target); err != nil {
			return "", err
		}
	}
	id = cmp.Or(p.ID, ulid.Make().String())
	begun := make(chan struct{})
	in := newRoom()
	var run runner
	if p.AgentFirst != "" {
		c, noAgent := m.connection(id, p, target, begun)
		if noAgent != nil {
			return "", noAgent
		}
		c.room = in
		defer func() {
			if err != nil {
				m.services.Desk.Release(c.person.Name, id, OfferGone)
			}
		}()
		run = c
	} else {
		run = &Call{ID: id, Party: &outbound{placement: p, target: target}, Line: *p.Line, Services: m.services, room: in, seats: m.seat, begun: begun, closing: m.closing}
	}
	callCtx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	if !m.admit(id, &running{cancel: cancel, line: p.Line.Name, room: in, over: callCtx}) {
		cancel(nil)
		if m.Draining() {
			return "", refusedCall(RefusedDraining, "the server is about to stop and takes no new calls")
		}
		return "", refusedCall(RefusedFull, "as many calls are in progress as this server takes; try again later")
	}
	ctx, stop := context.WithTimeout(ctx, placeWait)
	defer stop()
	job := func(serving context.Context) {
		off := context.AfterFunc(serving, func() { cancel(context.Cause(serving)) })
		defer off()
		defer cancel(nil)
		defer m.leave(id)
		defer m.caught(id)
		if _, bot := run.(*Call); !bot {
			defer m.endedBy(cancel)()
		}
		m.report(id, run.Run(callCtx))
	}
	select {
	case m.placed <- job:
	case <-ctx.Done():
		cancel(nil)
		m.leave(id)
		return "", refusedCall(RefusedDraining, "the server does not place calls now")
	}
	select {
	case <-begun:
	case <-ctx.Done(): // the database is slow; the call is on its way
	}
	return id, nil
}

// runner is one call, top to bottom.
type runner interface {
	Run(ctx context.Context) error
}

// caught logs a panic of a call's own frame.
func (m *Manager) caught(id string) {
	if p := recover(); p != nil {
		m.services.Log.Error("a call panicked", "call", id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	}
}

// report logs how a call ended.
func (m *Manager) report(id string, err error) {
	log := m.services.Log
	var crash *PanicError
	switch {
	case errors.As(err, &crash):
		log.Error("a call panicked", "call", id, "panic", fmt.Sprint(crash.Value), "stack", string(crash.Stack))
	case peersFault(err):
		if more, ok := m.offers.tell(time.Now()); ok {
			log.Warn("a far end's session description cannot be taken", "call", id, "error", err, "more", more)
		}
	case err != nil:
		if cause, _ := EndCause(err); cause == "error" {
			log.Error("a call ended by an error", "call", id, "error", err)
			return
		}
		log.Info("call over", "call", id, "cause", err.Error())
	}
}

// peersFault tells that a call could not be because of what the far end sent.
func peersFault(err error) bool {
	var offer *offerError
	if errors.As(err, &offer) {
		return true
	}
	return slices.ContainsFunc([]error{sdp.ErrSyntax, sdp.ErrNoAudio, sdp.ErrNoCodec, sdp.ErrNoTarget}, func(e error) bool { return errors.Is(err, e) })
}

// seldom bounds what others can make us write into the log.
type seldom struct {
	mu      sync.Mutex
	next    time.Time
	skipped int
}

const seldomPause = 10 * time.Second

// tell tells whether to write now, and how many times it was not written since.
func (s *seldom) tell(now time.Time) (more int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.next) {
		s.skipped++
		return 0, false
	}
	more, s.skipped, s.next = s.skipped, 0, now.Add(seldomPause)
	return more, true
}

// replace lets an arrival take the place of the leg that it names, and returns when
// it is over.
func (m *Manager) replace(ctx context.Context, a Arrival) {
	place := m.seat(a.Replaces)
	if place == nil {
		m.refuse(ctx, a.Leg, 481, "Call/Transaction Does Not Exist")
		return
	}
	limited, cancel := context.WithTimeout(ctx, replaceWait)
	err := place.take(limited, a)
	cancel()
	if err != nil {
		m.services.Log.Warn("a leg could not take another one's place", "leg", a.Leg.ID(), "error", err)
		m.refuse(ctx, a.Leg, 488, "Not Acceptable Here")
		return
	}
	select {
	case <-a.Leg.Context().Done():
	case <-ctx.Done():
	}
}

// seat finds the place that a leg holds in any call; nil if there is none.
func (m *Manager) seat(leg string) *seat {
	m.mu.Lock()
	var rooms []*room
	for _, c := range m.calls {
		if c.room != nil {
			rooms = append(rooms, c.room)
		}
	}
	m.mu.Unlock()
	for _, r := range rooms {
		if place := r.find(leg); place != nil {
			return place
		}
	}
	return nil
}
