package campaigns

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Standing is what a node tells the others of its campaigns. What must hold is held by the
// store, when an attempt is claimed; by this they share what the store does not: whose turn
// it is, and why nobody is called.
type Standing struct {
	Node string `json:"-"`
	// Holds are why it begins no calls, by campaign: one that runs and is not among them is
	// called from there.
	Holds map[string]Hold `json:"holds"`
	// Wants are the campaigns that would begin calls there if the bounds of all campaigns
	// together let them.
	Wants []string `json:"wants"`
}

// Standing is this node's; nil before it has looked at its campaigns.
func (r *Runner) Standing() *Standing {
	r.waits.mu.Lock()
	defer r.waits.mu.Unlock()
	if r.waits.wants == nil {
		return nil
	}
	return &Standing{Node: r.cfg.Node, Holds: maps.Clone(r.waits.holds), Wants: slices.Clone(r.waits.wants)}
}

// stand notes what the others are to know of a look.
func (r *Runner) stand() {
	wants := []string{} // none, but it has looked
	for id, w := range r.waits.share.wants {
		if w {
			wants = append(wants, id)
		}
	}
	slices.Sort(wants)
	r.waits.mu.Lock()
	defer r.waits.mu.Unlock()
	if r.waits.holds == nil {
		r.waits.holds, r.waits.told = map[string]Hold{}, map[string]Hold{}
	}
	r.waits.wants = wants
}

// wantedElsewhere is on how many other nodes each campaign has somebody to call.
func (r *Runner) wantedElsewhere() map[string]int {
	if r.cfg.Elsewhere == nil {
		return nil
	}
	n := map[string]int{}
	for _, s := range r.cfg.Elsewhere() {
		for _, id := range s.Wants {
			n[id]++
		}
	}
	return n
}

// begunToday is how many calls campaigns have begun on a day, on all nodes, as it was
// counted last.
type begunToday struct {
	day time.Time // its beginning
	at  time.Time
	n   map[string]int
}

// begunKept is how long that is taken to be so, but for what this node begins meanwhile.
const begunKept = 5 * time.Second

// usedToday is how many calls of the budget's day each campaign has begun, on all nodes.
func (r *Runner) usedToday(ctx context.Context, b Budget, now time.Time, running []Campaign) (map[string]int, error) {
	r.mu.Lock()
	here := r.begun // before the store is asked: what is claimed meanwhile counts twice until the next time, never not at all
	r.begun = map[string]int{}
	r.mu.Unlock()
	if b.Day < 0 {
		return nil, nil //nolint:nilnil // nobody asks
	}
	d := &r.waits.today
	day := now.Add(-b.DayGone).Round(time.Minute) // it is asked for a moment later each time
	fresh := d.n != nil && d.day.Equal(day) && now.Sub(d.at).Abs() < begunKept
	for _, c := range running {
		_, known := d.n[c.ID]
		fresh = fresh && known
	}
	if fresh {
		for id, n := range here {
			d.n[id] += n
		}
		return d.n, nil
	}
	ids := make([]string, len(running))
	for i, c := range running {
		ids[i] = c.ID
	}
	n, err := r.cfg.Store.Begun(ctx, ids, day)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		n[id] += 0
	}
	*d = begunToday{day, now, n}
	return n, nil
}
