package rtp

import "time"

// A Receiver counts a stream as RFC 3550 section 6.4.1 and appendix A wants it. The zero
// value awaits the first packet.
type Receiver struct {
	clock    int64
	started  bool
	base     int64 // first sequence number
	top      int64
	received int64
	reorder  int64
	transit  int64 // arrival minus timestamp, in timestamps
	jitter   float64
	lastTS   uint32

	lostBefore, expectedBefore int64 // of earlier streams in this session

	expectedPrior, receivedPrior int64
}

// NewReceiver returns a Receiver for timestamps of clockRate Hz.
func NewReceiver(clockRate int) *Receiver { return &Receiver{clock: int64(clockRate)} }

// Restart begins a new stream in the same session; totals go on.
func (r *Receiver) Restart() {
	lost, expected := r.Lost(), r.Expected()
	*r = Receiver{clock: r.clock, lostBefore: lost, expectedBefore: expected, reorder: r.reorder}
}

// Put counts a packet that arrived at, measured from any fixed moment. audio is
// false for packets whose timestamps do not move, such as key events.
func (r *Receiver) Put(seq uint16, ts uint32, at time.Duration, audio bool) {
	if !r.started {
		r.started = true
		r.base = int64(seq) + 1<<32
		r.top = r.base - 1
	}
	s := extend16(r.top, seq)
	if d := s - r.top; d > maxDropout || d < -maxDropout {
		r.Restart()
		r.Put(seq, ts, at, audio)
		return
	}
	r.received++
	if s > r.top {
		r.top = s
	} else {
		r.reorder++
	}
	if !audio {
		return
	}
	transit := int64(at)*r.clock/int64(time.Second) - int64(ts)
	if d := int64(int32(transit - r.transit)); r.received > 1 && ts != r.lastTS {
		d = max(d, -d)
		if d < r.clock { // a new anchor of the timestamps is no jitter
			r.jitter += (float64(d) - r.jitter) / 16 // appendix A.8
		}
	}
	r.transit, r.lastTS = transit, ts
}

// Received counts the packets of the present stream.
func (r *Receiver) Received() int64 { return r.received }

// Reordered counts packets that came after a later one.
func (r *Receiver) Reordered() int64 { return r.reorder }

// Expected is how many packets were sent, by their numbers.
func (r *Receiver) Expected() int64 {
	if !r.started {
		return r.expectedBefore
	}
	return r.expectedBefore + r.top - r.base + 1
}

// Lost is how many of them did not come.
func (r *Receiver) Lost() int64 {
	if !r.started {
		return r.lostBefore
	}
	return r.lostBefore + max(0, r.top-r.base+1-r.received)
}

// Jitter is the mean deviation of the arrivals.
func (r *Receiver) Jitter() time.Duration {
	if r.clock == 0 {
		return 0
	}
	return time.Duration(r.jitter * float64(time.Second) / float64(r.clock))
}

// Report is what goes into a reception report block.
type Report struct {
	FractionLost uint8 // since the last Report, of 256
	TotalLost    uint32
	HighestSeq   uint32
	Jitter       uint32 // timestamps
}

// Report is the present report; it begins a new interval (appendix A.3).
func (r *Receiver) Report() Report {
	expected := int64(0)
	if r.started {
		expected = r.top - r.base + 1
	}
	lost := expected - r.expectedPrior - (r.received - r.receivedPrior)
	interval := expected - r.expectedPrior
	r.expectedPrior, r.receivedPrior = expected, r.received
	rep := Report{
		TotalLost:  uint32(min(0x7fffff, max(0, expected-r.received))),
		HighestSeq: uint32(r.top),
		Jitter:     uint32(r.jitter),
	}
	if interval > 0 && lost > 0 {
		rep.FractionLost = uint8(min(255, lost*256/interval))
	}
	return rep
}
