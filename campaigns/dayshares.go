package campaigns

import "math"

// dayShares deals what is left of a day's calls to the campaigns that have somebody to
// call on it: by priority and by what each has begun, so that who begins first does not
// take it all. What one does not need goes to the others. It is arithmetic; a Runner's look
// is its only user.
type dayShares struct {
	used map[string]int // since the day began: calls by campaign, on all servers
	may  map[string]int // how many more each may begin now; nil is no bound
}

// deal takes what is left of the day (negative: no bound), the calls that each campaign
// has begun on it, and what each needs: how many calls of the day at most (negative: as
// many as there are), or none.
func (d *dayShares) deal(left int, used map[string]int, running []Campaign, need func(Campaign) int) {
	if left < 0 {
		*d = dayShares{}
		return
	}
	d.used = used
	d.may = make(map[string]int, len(running))
	type part struct {
		id           string
		weight, most float64
	}
	var parts []part
	weight, pool, sum := weights(running), float64(left), 0.0
	for _, c := range running {
		n := need(c)
		if n == 0 {
			continue
		}
		p := part{c.ID, weight(c), math.Inf(1)}
		if n > 0 {
			p.most = float64(d.used[c.ID] + n)
		}
		parts = append(parts, p)
		pool += float64(d.used[c.ID])
		sum += p.weight
	}
	// Who needs less than his part leaves the rest to the others, whose parts grow by it.
	for again := true; again; {
		again = false
		rest := parts[:0]
		for _, p := range parts {
			if !again && p.most < pool*p.weight/sum {
				d.give(p.id, p.most)
				pool, sum, again = pool-p.most, sum-p.weight, true
				continue
			}
			rest = append(rest, p)
		}
		parts = rest
	}
	for _, p := range parts {
		d.give(p.id, pool*p.weight/sum)
	}
}

// give lets a campaign begin what of its part is left; a part of a call is one.
func (d *dayShares) give(id string, calls float64) {
	d.may[id] = max(0, int(math.Ceil(calls-float64(d.used[id])-1e-9)))
}

// take is how many of some calls a campaign may begin.
func (d *dayShares) take(id string, n int) int {
	if d.may == nil {
		return n
	}
	n = min(n, d.may[id])
	d.may[id] -= n
	return n
}
