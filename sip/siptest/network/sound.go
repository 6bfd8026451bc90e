package network

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"hotline/media/dsp"
	"hotline/media/g711"
)

const (
	rate    = 8000
	frame   = rate / 50
	voiceAt = -42.0 // dBov from which what comes is a voice
)

// sound is the RTP of one call.
type sound struct {
	conn  *net.UDPConn
	offer offer
	wg    sync.WaitGroup
	quit  chan struct{}

	mu    sync.Mutex // guards what follows
	queue []int16
	keys  []byte // pressed and not yet sent

	sent      atomic.Int64 // frames with something of ours in them
	lastVoice atomic.Int64 // nanoseconds since the epoch; 0 nothing yet
	voiced    atomic.Int64 // frames
	first     atomic.Int64 // nanoseconds since the epoch
}

func openSound(o offer) (*sound, error) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	s := &sound{conn: conn, offer: o, quit: make(chan struct{})}
	s.wg.Go(s.listen)
	s.wg.Go(s.talk)
	return s, nil
}

func (s *sound) port() int { return s.conn.LocalAddr().(*net.UDPAddr).Port } // a UDP socket's

func (s *sound) close() {
	close(s.quit)
	_ = s.conn.SetReadDeadline(time.Now())
	s.wg.Wait()
	_ = s.conn.Close()
}

// listen tells voice from silence.
func (s *sound) listen() {
	buf := make([]byte, 2048)
	var x [frame * 4]int16
	for {
		n, _, err := s.conn.ReadFromUDPAddrPort(buf)
		select {
		case <-s.quit:
			return
		default:
		}
		if err != nil {
			if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
			continue // an ICMP error: the far end is not there yet, or no longer
		}
		if n <= 12 || buf[1]&0x7f != s.offer.law || n-12 > len(x) {
			continue
		}
		part := x[:n-12]
		if s.offer.law == 8 {
			g711.DecodeALaw(part, buf[12:n])
		} else {
			g711.DecodeULaw(part, buf[12:n])
		}
		if dsp.LevelDB(part) > voiceAt {
			now := time.Now().UnixNano()
			s.lastVoice.Store(now)
			s.first.CompareAndSwap(0, now)
			s.voiced.Add(1)
		}
	}
}

// talk sends a frame each 20 ms: what is queued, else the noise of a line.
func (s *sound) talk() {
	to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.offer.to.Addr(), s.offer.to.Port()))
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	r := rand.New(rand.NewPCG(uint64(s.port()), 1))
	packet := make([]byte, 12+frame)
	packet[0] = 0x80
	binary.BigEndian.PutUint32(packet[8:], r.Uint32())
	seq, stamp := uint16(r.Uint32()), r.Uint32()
	x := make([]int16, frame)
	began, frames := time.Now(), 0
	for {
		select {
		case <-s.quit:
			return
		case <-tick.C:
		}
		for ; frames < int(time.Since(began)/(20*time.Millisecond)); frames++ { // all that are due: a busy machine ticks late
			if key, ok := s.nextKey(); ok {
				s.press(to, packet, key, &seq, &stamp)
				continue
			}
			s.next(x, r)
			packet[1] = s.offer.law
			if s.offer.law == 8 {
				g711.EncodeALaw(packet[12:], x)
			} else {
				g711.EncodeULaw(packet[12:], x)
			}
			binary.BigEndian.PutUint16(packet[2:], seq)
			binary.BigEndian.PutUint32(packet[4:], stamp)
			_, _ = s.conn.WriteToUDP(packet, to) // a far end that is gone is told by the signalling
			seq++
			stamp += frame
		}
	}
}

func (s *sound) nextKey() (byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) == 0 || len(s.queue) > 0 {
		return 0, false
	}
	k := s.keys[0]
	s.keys = s.keys[1:]
	return k, true
}

// press sends a key of 100 ms at once, as RFC 4733 has it.
func (s *sound) press(to *net.UDPAddr, packet []byte, key byte, seq *uint16, stamp *uint32) {
	event := key - '0'
	switch key {
	case '*':
		event = 10
	case '#':
		event = 11
	}
	p := append([]byte(nil), packet[:16]...)
	binary.BigEndian.PutUint32(p[4:], *stamp)
	for i := range 8 {
		p[1] = s.offer.keys
		if i == 0 {
			p[1] |= 0x80
		}
		binary.BigEndian.PutUint16(p[2:], *seq)
		*seq++
		p[12], p[13] = event, 10
		if i >= 5 {
			p[13] |= 0x80 // the end, three times
		}
		binary.BigEndian.PutUint16(p[14:], uint16(min(i+1, 6))*frame)
		_, _ = s.conn.WriteToUDP(p, to)
	}
	*stamp += 6 * frame
}

func (s *sound) next(x []int16, r *rand.Rand) {
	s.mu.Lock()
	n := copy(x, s.queue)
	s.queue = s.queue[n:]
	s.mu.Unlock()
	for i := range x {
		if i >= n {
			x[i] = int16(r.IntN(49) - 24) // about -65 dBov
		}
	}
	if n > 0 {
		s.sent.Add(1)
	}
}

// say queues sound.
func (s *sound) say(x []int16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, x...)
}

func (s *sound) key(k byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append(s.keys, k)
}

// left is how long what is queued takes.
func (s *sound) left() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration(len(s.queue)+len(s.keys)*frame) * time.Second / rate
}
