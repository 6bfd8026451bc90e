package media

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

// ErrNoPort is returned when every port of the range is in use.
var ErrNoPort = errors.New("no free RTP port in the range")

// Ports hands out pairs of UDP ports: an even one for RTP and the next for RTCP
// (RFC 3550 section 11).
type Ports struct {
	bind      netip.Addr
	low, high int
	now       func() time.Time

	mu    sync.Mutex
	next  int
	inUse map[int]bool // those that rest too
	rests resting
}

// NewPorts returns the Ports from low to high on the address bind. If both are 0
// the kernel chooses.
func NewPorts(bind netip.Addr, low, high int) *Ports {
	low += low & 1
	p := &Ports{bind: bind, low: low, high: high, now: time.Now, inUse: map[int]bool{}}
	if pairs := p.pairs(); pairs > 0 {
		// A server that restarts does not at once give ports that others still send to.
		p.next = rand.IntN(pairs)
	}
	return p
}

func (p *Ports) pairs() int { return (p.high - p.low + 1) / 2 }

// Listen opens a pair; Close of the Socket gives it back.
func (p *Ports) Listen() (*Socket, error) {
	if p.low == 0 && p.high == 0 {
		return p.listenAny()
	}
	if s := p.rested(); s != nil {
		s.release = p.rest
		return s, nil
	}
	for range p.pairs() {
		port, ok := p.take()
		if !ok {
			break
		}
		s, err := listen(p.bind, port)
		if err == nil {
			s.release = p.rest
			return s, nil
		}
		p.giveBack(port)
		if !errors.Is(err, errPortTaken) {
			return nil, fmt.Errorf("opening RTP port %d on %v: %w", port, p.bind, err)
		}
	}
	return nil, fmt.Errorf("%w %d-%d on %v: widen it or lower the number of calls", ErrNoPort, p.low, p.high, p.bind)
}

func (p *Ports) listenAny() (*Socket, error) {
	var err error
	for range 100 {
		var s *Socket
		if s, err = listen(p.bind, 0); err == nil {
			port := int(s.Addr().Port())
			p.mu.Lock()
			p.inUse[port] = true
			p.mu.Unlock()
			s.release = func(s *Socket) {
				s.closeFDs()
				p.giveBack(port)
			}
			return s, nil
		}
		if !errors.Is(err, errPortTaken) {
			break
		}
	}
	return nil, fmt.Errorf("opening an RTP port on %v: %w", p.bind, err)
}

// take reserves the next free pair.
func (p *Ports) take() (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.pairs()
	for range n {
		port := p.low + 2*p.next
		p.next = (p.next + 1) % n
		if !p.inUse[port] {
			p.inUse[port] = true
			return port, true
		}
	}
	if s := p.rests.pop(); s != nil { // none is free but those that rest
		s.closeFDs()
		return int(s.addr.Port()), true
	}
	return 0, false
}

func (p *Ports) giveBack(port int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.inUse, port)
}

// Pairs is how many pairs there are, 0 when the kernel chooses.
func (p *Ports) Pairs() int {
	if p.low == 0 && p.high == 0 {
		return 0
	}
	return p.pairs()
}

// InUse is how many pairs are open.
func (p *Ports) InUse() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.inUse) - p.rests.n
}
