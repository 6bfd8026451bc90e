package webrtc

import (
	"sync"
	"time"

	"hotline/media"
)

// queue is what has arrived since the last tick. When it is full the oldest packet
// goes: what is newer is worth more. The memory of packets is reused.
type queue struct {
	mu    sync.Mutex
	slots []slot
	first int
	n     int
}

type slot struct {
	data []byte
	at   time.Time
}

func newQueue(size int) *queue { return &queue{slots: make([]slot, size)} }

func (q *queue) put(data []byte, at time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.n == len(q.slots) {
		q.first, q.n = (q.first+1)%len(q.slots), q.n-1
	}
	s := &q.slots[(q.first+q.n)%len(q.slots)]
	s.data, s.at = append(s.data[:0], data...), at
	q.n++
}

// take moves packets into b and returns how many.
func (q *queue) take(b *media.Batch) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	k := min(q.n, len(b.Packets))
	for i := range k {
		s := &q.slots[q.first]
		b.Packets[i].Set(s.data, peer, s.at)
		q.first = (q.first + 1) % len(q.slots)
	}
	q.n -= k
	return k
}
