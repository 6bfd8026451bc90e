package whisper

import (
	"slices"
	"sync"
	"sync/atomic"
)

// encoding is the encoder's output for one sound.
type encoding struct {
	k, v     []float32
	rows     int
	language atomic.Int32 // token of the language that was heard, 0 before

	key  uint64
	refs int // guarded by cache.mu: one for each user and one for the cache
}

// cache keeps the latest encodings, and the memory of those that are done with.
type cache struct {
	limit int // bytes

	mu    sync.Mutex
	kept  []*encoding // oldest first
	bytes int
	spare []*encoding
}

// alloc returns an encoding whose two parts have n values, with one reference.
func (c *cache) alloc(n int) *encoding {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, e := range c.spare {
		if cap(e.k) >= n && cap(e.v) >= n {
			c.spare = slices.Delete(c.spare, i, i+1)
			e.k, e.v, e.refs = e.k[:n], e.v[:n], 1
			e.language.Store(0)
			return e
		}
	}
	return &encoding{k: make([]float32, n), v: make([]float32, n), refs: 1}
}

// get returns the encoding for key with a reference added, or nil.
func (c *cache) get(key uint64) *encoding {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.kept, func(e *encoding) bool { return e.key == key })
	if i < 0 {
		return nil
	}
	e := c.kept[i]
	c.kept = append(slices.Delete(c.kept, i, i+1), e)
	e.refs++
	return e
}

// put keeps e under key and lets the oldest go that are too many.
func (c *cache) put(key uint64, e *encoding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(c.kept, func(o *encoding) bool { return o.key == key }) {
		return // two decoded the same at once
	}
	e.key = key
	e.refs++
	c.kept = append(c.kept, e)
	c.bytes += e.size()
	for c.bytes > c.limit && len(c.kept) > 1 {
		old := c.kept[0]
		c.kept = slices.Delete(c.kept, 0, 1)
		c.bytes -= old.size()
		c.drop(old)
	}
}

func (c *cache) release(e *encoding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(e)
}

// drop takes a reference away. c.mu is held.
func (c *cache) drop(e *encoding) {
	const maxSpare = 4
	if e.refs--; e.refs == 0 && len(c.spare) < maxSpare {
		c.spare = append(c.spare, e)
	}
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept, c.spare, c.bytes = nil, nil, 0
}

func (e *encoding) size() int { return 4 * (cap(e.k) + cap(e.v)) }
