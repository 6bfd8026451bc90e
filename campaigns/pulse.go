package campaigns

import "time"

// pulse is how regularly this node has been heard of. Who was away from the store himself
// cannot tell who else is dead: all have been silent as long.
type pulse struct {
	last   time.Time
	steady time.Time // since when it was heard of without a gap
}

// silent is when another node must have been heard of last to be taken for dead now, by a
// node that has just been heard of itself. Until it has been so for as long as others may
// be silent, it takes none for dead.
func (p *pulse) silent(now time.Time, most time.Duration) time.Time {
	if now.Sub(p.last) > most/2 {
		p.steady = now
	}
	p.last = now
	if now.Sub(p.steady) < most {
		return time.Unix(0, 0)
	}
	return now.Add(-most)
}
