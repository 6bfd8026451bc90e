package rtp_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media/rtp"
)

type eventPacket struct {
	ts      uint32
	marker  bool
	payload []byte
}

// press is the packets of keys, as our own sender makes them.
func press(t *testing.T, digits string) []eventPacket {
	t.Helper()
	var list []eventPacket
	ts, keyTS := uint32(1<<32-1000), uint32(0)
	var s rtp.KeySender
	for _, d := range digits {
		require.True(t, s.Start(byte(d), 8000))
		for s.Busy() {
			e, first, send := s.Next()
			if first {
				keyTS = ts
			}
			if send {
				list = append(list, eventPacket{keyTS, first, e.Append(nil)})
			}
			ts += samples
		}
	}
	return list
}

func receive(list []eventPacket) string {
	var r rtp.KeyReceiver
	var digits []byte
	for _, p := range list {
		if d, ok := r.Put(p.ts, p.marker, p.payload); ok {
			digits = append(digits, d)
		}
	}
	return string(digits)
}

func TestKeys(t *testing.T) {
	assert.Equal(t, rtp.Keys, receive(press(t, rtp.Keys)))
	assert.Equal(t, "11122", receive(press(t, "11122")))
	var s rtp.KeySender
	assert.False(t, s.Start('x', 8000))
}

// Each key comes out once, whatever of its packets is lost, repeated or swapped, as
// long as one arrives.
func TestKeysSurvive(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 4))
		list := press(t, "1#1104")
		kept := map[uint32]bool{}
		var got []eventPacket
		for i, p := range list {
			last := i+1 == len(list) || list[i+1].ts != p.ts
			if rng.Float64() < 0.7 && (!last || kept[p.ts]) {
				continue
			}
			kept[p.ts] = true
			for range 1 + rng.IntN(2) {
				got = append(got, p)
			}
		}
		for range 10 { // neighbours change places within a key
			if i := rng.IntN(len(got)); i > 0 && got[i].ts == got[i-1].ts {
				got[i], got[i-1] = got[i-1], got[i]
			}
		}
		require.Equal(t, "1#1104", receive(got), "seed %d", seed)
	}
}

func TestStragglerOfEarlierKey(t *testing.T) {
	list := press(t, "12")
	end := list[7]
	list = slices.Insert(list, 10, end)
	assert.Equal(t, "12", receive(list))
}

// A key that is held for minutes is one key (RFC 4733 section 2.5.1.3).
func TestLongKey(t *testing.T) {
	var r rtp.KeyReceiver
	keys := 0
	put := func(ts uint32, marker bool, e rtp.Event) {
		if _, ok := r.Put(ts, marker, e.Append(nil)); ok {
			keys++
		}
	}
	put(1000, true, rtp.Event{Code: 5, Duration: 160})
	put(1000, false, rtp.Event{Code: 5, Duration: 0xffff})
	put(1000+0xffff, false, rtp.Event{Code: 5, Duration: 160})
	assert.True(t, r.Active())
	put(1000+0xffff, false, rtp.Event{Code: 5, Duration: 320, End: true})
	assert.Equal(t, 1, keys)
	assert.False(t, r.Active())
}

func TestOtherEvents(t *testing.T) {
	var r rtp.KeyReceiver
	_, ok := r.Put(1, true, rtp.Event{Code: 16}.Append(nil))
	assert.False(t, ok)
	_, ok = r.Put(2, true, []byte{1, 2})
	assert.False(t, ok)
}

func FuzzKeys(f *testing.F) {
	f.Add(uint32(1), true, []byte{5, 0x8a, 0, 160}, uint32(161), false, []byte{5, 10, 0, 160})
	f.Fuzz(func(t *testing.T, ts1 uint32, m1 bool, p1 []byte, ts2 uint32, m2 bool, p2 []byte) {
		var r rtp.KeyReceiver
		n := 0
		for range 2 {
			if _, ok := r.Put(ts1, m1, p1); ok {
				n++
			}
		}
		for range 2 {
			if _, ok := r.Put(ts2, m2, p2); ok {
				n++
			}
		}
		if n > 2 {
			t.Errorf("%d keys from two events", n)
		}
		if e, err := rtp.ParseEvent(p1); err == nil {
			if got, err := rtp.ParseEvent(e.Append(nil)); err != nil || got != e {
				t.Errorf("%v became %v", e, got)
			}
		}
	})
}

// Packets of any kind never make the buffer lose its order or its bounds.
func FuzzBuffer(f *testing.F) {
	f.Add([]byte{0, 0, 1, 1, 2, 2, 255, 9, 128, 7})
	f.Fuzz(func(_ *testing.T, b []byte) {
		buf := rtp.NewBuffer(8000)
		seq, ts := uint16(0), uint32(0)
		for len(b) >= 2 {
			op, arg := b[0], b[1]
			b = b[2:]
			buf.Advance(int(arg % 160))
			switch op % 4 {
			case 0:
				seq, ts = seq+uint16(int8(arg)), ts+uint32(int32(int8(op))*160)
			case 1:
				seq, ts = seq+uint16(arg)<<8, ts^uint32(arg)<<24
			default:
				seq, ts = seq+1, ts+160
			}
			if op%5 == 0 {
				buf.Skip(seq, ts)
			} else {
				buf.Put(seq, ts, b[:min(len(b), 4)], 0)
			}
			switch a := buf.Adjust(); {
			case a > 0:
				buf.Inserted()
			case a < 0:
				buf.Dropped()
			}
			if _, v := buf.Next(); v == rtp.Play {
				buf.Played(160)
			} else {
				buf.Concealed(160)
			}
		}
	})
}
