package campaigns

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// unplaced are the clocks of a contact of whom neither his own zone nor his number tells
// where he is: the campaign's hold, or the server's.
const unplaced = "-"

// Clocks are by which clocks a contact is called, so that those who share them are looked
// at together: the names of the zones, joined by commas. "" is not known.
func (r *Rules) Clocks(contact Contact) string {
	names := r.zonesOf(contact)
	if len(names) == 0 {
		return unplaced
	}
	return strings.Join(names, ",")
}

// Shut says whether, and why, nobody of certain clocks may be called now; without a
// Refusal some may be. Of those whose clocks are not known it says nothing.
func (r *Rules) Shut(now time.Time, c Campaign, clocks string) Verdict {
	if clocks == "" {
		return Verdict{}
	}
	var names []string
	if clocks != unplaced {
		names = strings.Split(clocks, ",")
	}
	where := r.place(c, names)
	v := Verdict{Day: where.day(now)}
	if v.Refusal, v.Ground, _ = where.opened(now, c); v.Refusal == "" {
		return Verdict{}
	}
	next, ok := where.next(latest(now, c.Start))
	if !ok { // each of them is told so, and is over
		return Verdict{}
	}
	v.Next = next
	return v
}

// Shut is why nobody of certain clocks is called.
type Shut struct {
	Campaign string
	Clocks   string
	Verdict  Verdict
}

// open are the clocks of a campaign by which contacts who wait may be called now, and why
// those of others may not. That is kept once for all whom it concerns: a million contacts
// whose window closes are neither read nor written.
func (r *Runner) open(ctx context.Context, c Campaign, now time.Time) (open []string, shut []Verdict, err error) {
	all, err := r.cfg.Store.Clocks(ctx, c.ID)
	if err != nil {
		return nil, nil, err
	}
	for _, clocks := range all {
		v := r.cfg.Rules.Shut(now, c, clocks)
		if v.Refusal == "" {
			open = append(open, clocks)
			continue
		}
		shut = append(shut, v)
		r.keepShut(Shut{c.ID, clocks, v}, now)
	}
	return open, shut, nil
}

// clocksShut is a Shut that was kept.
type clocksShut struct {
	campaign, clocks, day string
	refusal               Refusal
	at                    time.Time
}

// keptEach is how often it is kept anew: it is told of those, too, who were added since.
const keptEach = 10 * time.Minute

// mostKnown bounds what is remembered of clocks; what is forgotten is kept once more.
const mostKnown = 10000

func (r *Runner) keepShut(s Shut, now time.Time) {
	k := clocksShut{s.Campaign, s.Clocks, s.Verdict.Day, s.Verdict.Refusal, now.UTC().Truncate(keptEach)}
	r.mu.Lock()
	was := r.shut[k]
	r.mu.Unlock()
	if was {
		return
	}
	r.aside(fmt.Sprint(k), func(ctx context.Context) error {
		if err := r.cfg.Store.Shut(ctx, s); err != nil {
			return err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.shut) >= mostKnown {
			clear(r.shut)
		}
		r.shut[k] = true
		return nil
	})
}
