package knowledge

import "sync/atomic"

// Live holds the index in use. Swap replaces it at once; a search which runs goes
// on with the one that it began with. The zero value holds none.
type Live struct{ p atomic.Pointer[Index] }

// NewLive returns a Live that holds x.
func NewLive(x *Index) *Live {
	l := &Live{}
	l.p.Store(x)
	return l
}

// Load returns the index in use, or nil.
func (l *Live) Load() *Index { return l.p.Load() }

// Swap puts x in use and returns what was.
func (l *Live) Swap(x *Index) *Index { return l.p.Swap(x) }
