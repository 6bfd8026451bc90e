package call

import (
	"context"
	"errors"
	"slices"
	"time"

	"hotline/media/webrtc"
)

// A browser that is closed, or dies, with a call in progress says no good-bye. Its sound
// alone counts as lost after twenty seconds only, since it may be on its way into another
// network; its WebSocket alone is forgiven, since the sound goes on. Where both are gone
// the page is, and nobody should wait so long: not who talked with it, nor a server that
// is to stop.
const (
	vanishEvery = time.Second
	// vanishLooks is how many looks in a row find neither. The first comes five seconds
	// after the last sound; pages are back on a new WebSocket within some three.
	vanishLooks = 5
	// goneWait bounds the hanging up of a browser that has left or is lost: a BYE would
	// be news to nobody.
	goneWait = time.Second
)

// connected is a Leg that knows whether its far end can be reached at this moment.
type connected interface{ Connected() bool }

// vanished tells that neither sound nor signalling reaches the browser in the seat.
func (s *seat) vanished() bool {
	if s.sound == nil || s.sound.browser == nil || s.sound.browser.Connected() {
		return false
	}
	l, ok := s.current().(connected)
	return ok && !l.Connected()
}

// watchBrowsers gives up browsers that have vanished, at once while the server drains.
func (m *Manager) watchBrowsers(ctx context.Context) {
	tick := time.NewTicker(vanishEvery)
	defer tick.Stop()
	seen := map[*seat]int{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		looks := vanishLooks
		if m.Draining() {
			looks = 1
		}
		now := map[*seat]int{}
		for _, s := range m.seats() {
			if !s.vanished() {
				continue
			}
			if now[s] = seen[s] + 1; now[s] >= looks {
				s.sound.browser.GiveUp()
			}
		}
		seen = now
	}
}

// seats are those of all calls.
func (m *Manager) seats() (all []*seat) {
	m.mu.Lock()
	rooms := make([]*room, 0, len(m.calls))
	for _, c := range m.calls {
		if c.room != nil {
			rooms = append(rooms, c.room)
		}
	}
	m.mu.Unlock()
	for _, r := range rooms {
		r.mu.Lock()
		all = append(all, slices.Clone(r.seats)...)
		r.mu.Unlock()
	}
	return all
}

// hangUpWait is how long a far end may take to confirm that a call is over.
func hangUpWait(l Leg, cause error) time.Duration {
	gone := errors.Is(cause, webrtc.ErrLeft) || errors.Is(cause, webrtc.ErrLost)
	if c, ok := l.(connected); ok && gone && !c.Connected() {
		return goneWait
	}
	return lastWriteWait
}
