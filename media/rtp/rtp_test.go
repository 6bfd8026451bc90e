package rtp_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media/rtp"
)

const samples = 160 // a packet of 20 ms at 8 kHz

// sent is a packet on its way: it carries its own number.
type sent struct {
	n  int
	at time.Duration
}

// heard is what one tick yields.
type heard struct {
	verdict rtp.Verdict
	n       int // number of the packet, -1 if none
}

// listener drives a Buffer as a session does, with one frame a packet.
type listener struct {
	b       *rtp.Buffer
	first   uint16
	firstTS uint32
	out     []heard
	counts  map[rtp.Verdict]int
	delays  []time.Duration
}

func newListener(rng *rand.Rand) *listener {
	return &listener{b: rtp.NewBuffer(8000), first: uint16(rng.Uint32()), firstTS: rng.Uint32(), counts: map[rtp.Verdict]int{}}
}

func (l *listener) put(n int, age time.Duration) {
	payload := []byte{byte(n), byte(n >> 8), byte(n >> 16)}
	l.counts[l.b.Put(l.first+uint16(n), l.firstTS+uint32(n*samples), payload, age)]++
}

// tick takes the packets that arrived up to now and hears a frame. All pauses count
// as quiet, so that the buffer may shrink whenever it wants to.
func (l *listener) tick(now time.Duration, queue []sent) []sent {
	l.b.Advance(0)
	for len(queue) > 0 && queue[0].at <= now {
		l.put(queue[0].n, now-queue[0].at)
		queue = queue[1:]
	}
	adjust := l.b.Adjust()
	if adjust > 0 {
		l.b.Inserted()
		l.out = append(l.out, heard{rtp.Lost, -1})
		return queue
	}
	played := l.next()
	if adjust < 0 && played {
		l.next()
		l.b.Dropped()
	}
	l.delays = append(l.delays, l.b.Delay())
	return queue
}

func (l *listener) next() bool {
	payload, v := l.b.Next()
	h := heard{v, -1}
	switch v {
	case rtp.Play:
		h.n = int(payload[0]) | int(payload[1])<<8 | int(payload[2])<<16
		l.b.Played(samples)
	case rtp.Idle:
	default:
		l.b.Concealed(samples)
	}
	l.out = append(l.out, h)
	return v == rtp.Play
}

// run sends count packets, each delayed by delay(n) (negative: lost), and hears
// them to the end.
func (l *listener) run(count int, phase time.Duration, delay func(n int) time.Duration) {
	var queue []sent
	for n := range count {
		if d := delay(n); d >= 0 {
			queue = append(queue, sent{n, phase + time.Duration(n)*rtp.Tick + d})
		}
	}
	sortByArrival(queue)
	for now := time.Duration(0); len(queue) > 0 || now < time.Duration(count)*rtp.Tick; now += rtp.Tick {
		queue = l.tick(now, queue)
	}
	for range 40 {
		l.tick(1<<40, nil)
	}
}

func sortByArrival(q []sent) {
	for i := 1; i < len(q); i++ {
		for k := i; k > 0 && q[k].at < q[k-1].at; k-- {
			q[k], q[k-1] = q[k-1], q[k]
		}
	}
}

func (l *listener) played() []int {
	var list []int
	for _, h := range l.out {
		if h.verdict == rtp.Play {
			list = append(list, h.n)
		}
	}
	return list
}

func TestPerfectNetwork(t *testing.T) {
	for _, phase := range []time.Duration{0, 3 * time.Millisecond, 10 * time.Millisecond, 19 * time.Millisecond} {
		l := newListener(rand.New(rand.NewPCG(1, 1)))
		l.run(1000, phase, func(int) time.Duration { return 0 })
		played := l.played()
		// At most the one frame that the delay may shrink by is missing from nothing:
		// it is crossfaded, so all packets are played.
		require.Len(t, played, 1000)
		for i, n := range played {
			require.Equal(t, i, n)
		}
		assert.LessOrEqual(t, l.delays[900], 40*time.Millisecond)
	}
}

// Whatever the network does, sound comes out in order, nothing twice, and the delay
// stays within bounds.
func TestNeverReorders(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 2))
		l := newListener(rng)
		loss, jitter := rng.Float64()*0.3, rng.IntN(200)+1
		stall := -1
		l.run(600, time.Duration(rng.IntN(20))*time.Millisecond, func(n int) time.Duration {
			if rng.Float64() < loss {
				return -1
			}
			d := time.Duration(rng.IntN(jitter)) * time.Millisecond
			if rng.IntN(200) == 0 {
				stall = n
			}
			if stall >= 0 && n-stall < 20 { // everything of 400 ms comes at once
				d += time.Duration(20-(n-stall)) * rtp.Tick
			}
			return d
		})
		last := -1
		for _, n := range l.played() {
			require.Greater(t, n, last, "seed %d", seed)
			last = n
		}
		for _, d := range l.delays {
			require.LessOrEqual(t, d, rtp.MaxDelay+2*rtp.Tick, "seed %d", seed)
		}
	}
}

// 5 % lost and 5 % overtaken: what arrives is heard, but for the first surprises.
func TestLossAndReorder(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 3))
	l := newListener(rng)
	lost := 0
	l.run(3000, 7*time.Millisecond, func(int) time.Duration {
		switch p := rng.Float64(); {
		case p < 0.05:
			lost++
			return -1
		case p < 0.10:
			return 25 * time.Millisecond
		}
		return 0
	})
	late := 3000 - lost - len(l.played())
	assert.Less(t, late, 15, "packets that came but were not heard")
	assert.Less(t, l.delays[2900], 90*time.Millisecond)
}

func TestJitterIsFollowed(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 3))
	l := newListener(rng)
	l.run(3000, 0, func(n int) time.Duration {
		if n >= 1000 && n < 2000 { // a bad third in the middle
			return time.Duration(rng.IntN(80)) * time.Millisecond
		}
		return 5 * time.Millisecond
	})
	assert.LessOrEqual(t, l.delays[900], 40*time.Millisecond)
	assert.GreaterOrEqual(t, slices.Max(l.delays[1850:1900]), 60*time.Millisecond)
	assert.LessOrEqual(t, l.delays[2900], 40*time.Millisecond, "the delay must go back when the network is good again")
	missing := 0
	for _, h := range l.out[1200:1900] {
		if h.n < 0 {
			missing++
		}
	}
	assert.Less(t, missing, 14, "once the jitter is known, less than 2 % is made up")
}

// A sender whose clock is 200 ppm off, for an hour: the delay neither grows nor do
// holes pile up.
func TestClockDrift(t *testing.T) {
	for _, ppm := range []int{-200, 200} {
		l := newListener(rand.New(rand.NewPCG(7, 3)))
		var queue []sent
		const count = 50 * 3600
		for n := range count {
			at := time.Duration(n) * rtp.Tick
			queue = append(queue, sent{n, at + at*time.Duration(ppm)/1e6 + 5*time.Millisecond})
		}
		for now := time.Duration(0); now < time.Duration(count)*rtp.Tick; now += rtp.Tick {
			queue = l.tick(now, queue)
		}
		made := 0
		for _, h := range l.out {
			if h.verdict == rtp.Lost {
				made++
			}
		}
		assert.Less(t, made, 60, "%d ppm: 36 frames of drift are made up or left out", ppm)
		assert.LessOrEqual(t, l.delays[len(l.delays)-1], 60*time.Millisecond, "%d ppm", ppm)
	}
}

// A stall delays nothing for ever, and loses no word of what was said meanwhile.
func TestStall(t *testing.T) {
	l := newListener(rand.New(rand.NewPCG(8, 3)))
	l.run(1500, 5*time.Millisecond, func(n int) time.Duration {
		if n >= 500 && n < 512 {
			return time.Duration(512-n) * rtp.Tick
		}
		return 0
	})
	assert.Len(t, l.played(), 1500)
	assert.GreaterOrEqual(t, l.delays[520], 200*time.Millisecond)
	assert.LessOrEqual(t, l.delays[620], 160*time.Millisecond, "most of it is worked off within two seconds")
	assert.LessOrEqual(t, l.delays[1400], 40*time.Millisecond)
}

func TestDuplicates(t *testing.T) {
	l := newListener(rand.New(rand.NewPCG(9, 3)))
	for n := range 100 {
		l.b.Advance(0)
		l.put(n, 0)
		l.put(n, 0)
		l.next()
	}
	assert.Equal(t, 100, l.counts[rtp.Duplicate])
	assert.Equal(t, 100, l.counts[rtp.Accepted])
}

// A sender that is silent between words and says so by its timestamps keeps its
// rhythm.
func TestSilenceSuppression(t *testing.T) {
	b := rtp.NewBuffer(8000)
	var pattern []rtp.Verdict
	seq, ts := uint16(65530), uint32(1<<32-400)
	for tick := range 400 {
		b.Advance(0)
		if tick%100 < 60 { // 1.2 s of speech, 0.8 s of nothing
			b.Put(seq, ts, []byte{1}, 0)
			seq++
		}
		ts += samples
		_, v := b.Next()
		if v == rtp.Play {
			b.Played(samples)
		} else if v != rtp.Idle {
			b.Concealed(samples)
		}
		pattern = append(pattern, v)
	}
	played := 0
	for i, v := range pattern {
		if v == rtp.Play {
			played++
			assert.Less(t, (i+99)%100, 61, "tick %d", i)
		}
	}
	assert.Equal(t, 240, played)
}

// A restarted sender is believed at its second packet; a stray is not.
func TestRestart(t *testing.T) {
	l := newListener(rand.New(rand.NewPCG(10, 3)))
	for n := range 50 {
		l.b.Advance(0)
		l.put(n, 0)
		l.next()
	}
	assert.Equal(t, rtp.Strange, l.b.Put(l.first+20000, 7, []byte{9}, 0))
	l.put(50, 0)
	assert.Equal(t, 51, l.counts[rtp.Accepted], "a stray must not disturb")
	assert.Equal(t, rtp.Strange, l.b.Put(l.first+30000, 7, []byte{9}, 0))
	assert.Equal(t, rtp.Accepted, l.b.Put(l.first+30001, 167, []byte{9}, 0))
}

func TestTimestampsSetBack(t *testing.T) {
	b := rtp.NewBuffer(8000)
	played := 0
	for n := range 100 {
		ts := uint32(100000 + n*samples)
		if n >= 50 {
			ts -= 3000
		}
		b.Advance(0)
		b.Put(uint16(n), ts, []byte{1}, 0)
		if _, v := b.Next(); v == rtp.Play {
			b.Played(samples)
			played++
		} else if v != rtp.Idle {
			b.Concealed(samples)
		}
	}
	assert.Greater(t, played, 90)
}

func TestBufferDoesNotAllocate(t *testing.T) {
	b := rtp.NewBuffer(8000)
	n := 0
	payload := make([]byte, samples)
	step := func() {
		b.Advance(0)
		b.Put(uint16(n), uint32(n*samples), payload, 0)
		n++
		b.Adjust()
		if _, v := b.Next(); v == rtp.Play {
			b.Played(samples)
		} else {
			b.Concealed(samples)
		}
	}
	for range 200 {
		step()
	}
	assert.Zero(t, testing.AllocsPerRun(500, step))
}

func TestReceiver(t *testing.T) {
	r := rtp.NewReceiver(8000)
	at := time.Duration(0)
	for n := range 1000 {
		at += rtp.Tick
		if n%10 == 3 {
			continue
		}
		r.Put(uint16(65000+n), uint32(n*samples), at, true)
	}
	assert.EqualValues(t, 1000, r.Expected())
	assert.EqualValues(t, 100, r.Lost())
	assert.EqualValues(t, 25, r.Report().FractionLost) // of 256
	assert.Less(t, r.Jitter(), time.Millisecond)
	r.Restart()
	r.Put(5, 1, at, true)
	assert.EqualValues(t, 1001, r.Expected())
	assert.EqualValues(t, 100, r.Lost())

	rng := rand.New(rand.NewPCG(11, 3))
	r = rtp.NewReceiver(8000)
	for n := range 1000 {
		r.Put(uint16(n), uint32(n*samples), time.Duration(n)*rtp.Tick+time.Duration(rng.IntN(30))*time.Millisecond, true)
	}
	assert.InDelta(t, 10, float64(r.Jitter()/time.Microsecond)/1000, 3)
}

// What follows a lost packet is there to be looked at, if it has come; a pause is
// told from a loss; and a reserve makes sure that it has come.
func TestPeekAndResume(t *testing.T) {
	b := rtp.NewBuffer(8000)
	put := func(seq uint16, ts uint32) { b.Put(seq, ts, []byte{byte(seq)}, 0) }
	play := func() byte {
		p, v := b.Next()
		require.Equal(t, rtp.Play, v)
		b.Played(samples)
		return p[0]
	}
	put(1, 0)
	_, v := b.Next()
	require.Equal(t, rtp.Quiet, v, "the first packet is heard a tick later")
	b.Concealed(samples)
	assert.EqualValues(t, 1, play())
	assert.Nil(t, b.Peek(samples), "nothing has come")
	put(3, 2*samples)
	put(4, 3*samples)
	_, v = b.Next()
	require.Equal(t, rtp.Lost, v)
	assert.Equal(t, []byte{3}, b.Peek(samples))
	assert.Nil(t, b.Peek(samples/2), "the hole is longer")
	b.Concealed(samples)
	assert.EqualValues(t, 3, play())
	assert.False(t, b.Resumed())
	seq, ts := b.Position()
	assert.EqualValues(t, 4, play())
	next, later := b.Position()
	assert.EqualValues(t, 1, next-seq)
	assert.EqualValues(t, samples, later-ts)
	put(5, 50*samples)
	for range 60 {
		if _, v = b.Next(); v == rtp.Play {
			break
		}
		b.Concealed(samples)
	}
	require.Equal(t, rtp.Play, v)
	assert.True(t, b.Resumed(), "no number is missing")

	l := newListener(rand.New(rand.NewPCG(1, 1)))
	l.run(400, 5*time.Millisecond, func(int) time.Duration { return 0 })
	low := l.delays[390]
	l = newListener(rand.New(rand.NewPCG(1, 1)))
	l.b.Reserve(true)
	l.b.Reserve(true)
	l.run(400, 5*time.Millisecond, func(int) time.Duration { return 0 })
	assert.Equal(t, low+rtp.Tick, l.delays[390])
}
