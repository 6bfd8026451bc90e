package media

import "time"

// A pair that a call gives back stays open for a moment, and the next call may have
// it: opening a pair and closing it again are ten system calls, a twentieth of what a
// short call costs. But a far end that has not heard of the end goes on sending, and
// must not be heard in another's call. So a pair rests first, longer than such a
// stream pauses, and is used again only if nothing has come meanwhile.
const (
	restFirst = 250 * time.Millisecond // before it is used again
	restLast  = time.Second            // then it is closed
	restMost  = 256                    // pairs that rest, enough for a thousand calls a second
)

// resting are the pairs that rest, a ring. Guarded by Ports.mu.
type resting struct {
	pairs    [restMost]*Socket
	since    [restMost]time.Time
	first, n int
	closing  *time.Timer // runs while there are some
}

// pop takes out the pair that has rested longest, nil if there is none.
func (r *resting) pop() *Socket {
	if r.n == 0 {
		return nil
	}
	s := r.pairs[r.first]
	r.pairs[r.first] = nil
	r.first = (r.first + 1) % restMost
	r.n--
	return s
}

// rest takes the open sockets of a pair that a call has given back.
func (p *Ports) rest(s *Socket) {
	p.mu.Lock()
	r := &p.rests
	if r.n == restMost {
		p.mu.Unlock()
		s.closeFDs()
		p.giveBack(int(s.addr.Port()))
		return
	}
	i := (r.first + r.n) % restMost
	r.pairs[i], r.since[i] = s, p.now()
	r.n++
	if r.n == 1 {
		p.closeLater(restLast)
	}
	p.mu.Unlock()
}

// rested is a pair that has rested long enough and in silence, nil if there is none.
func (p *Ports) rested() *Socket {
	for now := p.now(); ; {
		p.mu.Lock()
		r := &p.rests
		if r.n == 0 || now.Sub(r.since[r.first]) < restFirst {
			p.mu.Unlock()
			return nil
		}
		s := r.pop()
		p.mu.Unlock()
		if s.quiet() {
			return s
		}
		s.closeFDs()
		p.giveBack(int(s.addr.Port()))
	}
}

// closeLater sets the timer. It needs p.mu.
func (p *Ports) closeLater(wait time.Duration) {
	if p.rests.closing == nil {
		p.rests.closing = time.AfterFunc(wait, p.closeRested)
		return
	}
	p.rests.closing.Reset(wait)
}

// closeRested closes the pairs that nobody has wanted.
func (p *Ports) closeRested() {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, now := &p.rests, p.now()
	for r.n > 0 && now.Sub(r.since[r.first]) >= restLast {
		s := r.pop()
		s.closeFDs()
		delete(p.inUse, int(s.addr.Port()))
	}
	if r.n > 0 {
		p.closeLater(max(restLast-now.Sub(r.since[r.first]), restLast/4))
	}
}
