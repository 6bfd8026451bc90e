package campaigns

import "math"

// shares deals the calls that all servers may begin in a tick to the campaigns: each gets
// its part by priority, and what it does not need goes to the others. A campaign of low
// priority gets less, and never nothing for long. Where several servers have somebody to
// call for a campaign, each gets as much of its part. It is arithmetic; a Runner's look is
// its only user.
type shares struct {
	credit map[string]float64 // calls that may be begun, by campaign
	wants  map[string]bool    // in the last tick
	free   bool               // there is no bound
}

// maxWeight bounds how much more the highest priority gets than the lowest.
const maxWeight = 10

// weights is how much a campaign gets beside others.
func weights(running []Campaign) func(Campaign) float64 {
	lowest := math.MaxInt
	for _, c := range running {
		lowest = min(lowest, c.Priority)
	}
	return func(c Campaign) float64 { return float64(min(1+c.Priority-lowest, maxWeight)) }
}

// deal begins a tick in which total calls may be begun on all servers, of which some other
// ones have somebody to call for a campaign; +Inf is no bound.
func (s *shares) deal(total float64, running []Campaign, elsewhere map[string]int) {
	s.free = math.IsInf(total, 1)
	if s.free || len(running) == 0 {
		s.credit, s.wants = nil, nil
		return
	}
	weight := weights(running)
	sum := 0.0
	credit, wants := make(map[string]float64, len(running)), make(map[string]bool, len(running))
	for _, c := range running {
		old, known := s.wants[c.ID]
		if wants[c.ID] = old || !known; wants[c.ID] || elsewhere[c.ID] > 0 { // a new one is taken to want some
			sum += weight(c)
		}
	}
	for _, c := range running {
		if wants[c.ID] {
			part := total * weight(c) / sum / float64(1+elsewhere[c.ID])
			// What was not used stays, but for one call no more than a tick's part: who had
			// nobody to call does not make up for it in a burst.
			credit[c.ID] = min(s.credit[c.ID]+part, 1+2*part)
		}
	}
	s.credit, s.wants = credit, wants
}

// take is how many of the calls that a campaign has room for it may begin; none is given
// back.
func (s *shares) take(id string, room int) int {
	if s.free {
		return room
	}
	s.wants[id] = room > 0
	n := min(room, int(s.credit[id]))
	s.credit[id] -= float64(n)
	return n
}

// idle says that a campaign has nobody to call now: its part goes to the others.
func (s *shares) idle(id string) {
	if s.wants != nil {
		s.wants[id] = false
	}
}
