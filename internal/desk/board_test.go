package desk_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/desk"
)

// world plays random events on a Board and on a model of it, which is written down in
// the plainest way: lists that are searched again each time.
type world struct {
	t     *testing.T
	r     *rand.Rand
	now   time.Time
	board *desk.Board
	rules desk.Rules

	agents  []desk.Agent
	here    map[string]bool
	mode    map[string]desk.State
	restTil map[string]time.Time
	wrapTil map[string]time.Time
	idle    map[string]time.Time
	rings   map[string]string    // agent to call
	talks   map[string]string    // agent to call
	began   map[string]time.Time // of the talk
	waits   []*modelCaller       // in the order of entering
	served  map[string]bool
	gone    map[string]bool
	all     int
}

type modelCaller struct {
	desk.Caller
	since    time.Time
	head     time.Duration
	seq      int
	declined []string
}

func (w *world) free(a desk.Agent) bool {
	return w.here[a.Name] && w.mode[a.Name] == desk.Ready && !w.now.Before(w.restTil[a.Name]) && !w.now.Before(w.wrapTil[a.Name]) &&
		w.rings[a.Name] == "" && w.talks[a.Name] == ""
}

func knows(a desk.Agent, skill string) bool {
	return len(a.Skills) == 0 || slices.Contains(a.Skills, skill)
}

func (w *world) home(a desk.Agent, c *modelCaller) bool {
	return knows(a, c.Skill) && (len(a.Languages) == 0 || slices.Contains(a.Languages, c.Language))
}

func (w *world) may(a desk.Agent, c *modelCaller, ever bool) bool {
	if w.home(a, c) {
		return true
	}
	if len(a.Languages) > 0 && !slices.Contains(a.Languages, c.Language) {
		return false
	}
	for _, o := range w.rules.Overflow {
		due := w.now.Sub(c.since) >= o.After || ever && o.After <= w.rules.MaxWait
		if due && (o.Skill != "" && knows(a, o.Skill) || o.Team != "" && a.Team == o.Team) {
			return true
		}
	}
	return false
}

// offers is what the rules say, one step at a time: the caller with the highest rank
// for whom anybody may be rung gets the best of them.
func (w *world) offers() []desk.Offer {
	var out []desk.Offer
	ringing := map[string]bool{}
	for _, id := range w.rings {
		ringing[id] = true
	}
	order := slices.Clone(w.waits)
	slices.SortFunc(order, func(a, b *modelCaller) int {
		ra, rb := w.now.Sub(a.since)+a.head, w.now.Sub(b.since)+b.head
		return cmp.Or(-cmp.Compare(ra, rb), cmp.Compare(a.seq, b.seq))
	})
	for _, c := range order {
		if ringing[c.Call] || slices.Contains(callsOf(w.talks), c.Call) {
			continue
		}
		var able []desk.Agent
		for _, a := range w.agents {
			if w.free(a) && w.may(a, c, false) {
				able = append(able, a)
			}
		}
		if last := w.last(c); last != nil && !slices.Contains(c.declined, last.Name) {
			if w.free(*last) {
				able = []desk.Agent{*last}
			} else if w.now.Sub(c.since) < w.rules.LastAgent {
				able = nil
			}
		}
		if len(able) == 0 {
			continue
		}
		count := func(a desk.Agent) int {
			n := 0
			for _, d := range c.declined {
				if d == a.Name {
					n++
				}
			}
			return n
		}
		best := slices.MinFunc(able, func(a, b desk.Agent) int {
			own := func(x desk.Agent) int {
				if w.home(x, c) {
					return 0
				}
				return 1
			}
			level := 0
			if w.rules.Strategy == desk.BestSkill {
				level = cmp.Compare(levelOf(b, c.Skill), levelOf(a, c.Skill))
			}
			return cmp.Or(cmp.Compare(count(a), count(b)), cmp.Compare(own(a), own(b)), level, w.idle[a.Name].Compare(w.idle[b.Name]), cmp.Compare(a.Name, b.Name))
		})
		w.rings[best.Name] = c.Call
		out = append(out, desk.Offer{Call: c.Call, Agent: best.Name})
	}
	return out
}

func callsOf(m map[string]string) []string {
	var out []string
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

func levelOf(a desk.Agent, skill string) int {
	if l, ok := a.Levels[skill]; ok {
		return l
	}
	return 5
}

func (w *world) last(c *modelCaller) *desk.Agent {
	i := slices.IndexFunc(w.agents, func(a desk.Agent) bool { return a.Name == c.LastAgent })
	if i < 0 || w.rules.LastAgent == 0 {
		return nil
	}
	a := &w.agents[i]
	if !w.here[a.Name] || w.mode[a.Name] != desk.Ready || !w.may(*a, c, false) {
		return nil
	}
	return a
}

func (w *world) caller(id string) *modelCaller {
	for _, c := range w.waits {
		if c.Call == id {
			return c
		}
	}
	return nil
}

func (w *world) remove(id string) {
	w.waits = slices.DeleteFunc(w.waits, func(c *modelCaller) bool { return c.Call == id })
}

func pick[T any](r *rand.Rand, list []T) (v T, ok bool) {
	if len(list) == 0 {
		return v, false
	}
	return list[r.IntN(len(list))], true
}

func keys(m map[string]string) []string {
	var out []string
	for k, v := range m {
		if v != "" {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

var skills = []string{"sales", "returns", "repairs"}

// step is one random event.
func (w *world) step() {
	b, r := w.board, w.r
	switch n := r.IntN(100); {
	case n < 20: // somebody calls
		if len(w.waits) >= 100 {
			return
		}
		w.all++
		c := desk.Caller{Call: fmt.Sprintf("call-%d", w.all), Skill: skills[r.IntN(3)], Language: []string{"zh", "en"}[r.IntN(2)], Asked: r.IntN(2) == 0}
		if r.IntN(5) == 0 {
			c.Tier = desk.TierVIP
		}
		if r.IntN(4) == 0 {
			c.LastAgent = w.agents[r.IntN(len(w.agents))].Name
		}
		m := &modelCaller{Caller: c, since: w.now, seq: w.all}
		if c.Tier == desk.TierVIP {
			m.head += w.rules.HeadStart.VIP
		}
		if c.Asked {
			m.head += w.rules.HeadStart.Asked
		}
		someone := slices.ContainsFunc(w.agents, func(a desk.Agent) bool {
			return w.here[a.Name] && w.mode[a.Name] != desk.Offline && w.may(a, m, true)
		})
		err := b.Enter(c, &w.rules, w.now)
		if (err == nil) != someone {
			w.t.Fatalf("somebody who could take him is there: %v, and entering says %v", someone, err)
		}
		if err == nil {
			w.waits = append(w.waits, m)
		} else {
			w.gone[c.Call] = true
		}
	case n < 28: // one hangs up while he waits
		if c, ok := pick(r, w.waits); ok {
			b.Leave(c.Call, false, w.now)
			for a, id := range w.rings {
				if id == c.Call {
					w.rings[a] = ""
				}
			}
			w.gone[c.Call] = true
			w.remove(c.Call)
		}
	case n < 55: // an offer is answered, or not
		a, ok := pick(r, keys(w.rings))
		if !ok {
			return
		}
		id := w.rings[a]
		agent := w.agents[slices.IndexFunc(w.agents, func(x desk.Agent) bool { return x.Name == a })]
		switch r.IntN(4) {
		case 0:
			b.Release(a, id, call.OfferNoAnswer, w.now)
			w.restTil[a] = w.now.Add(time.Minute)
			w.caller(id).declined = append(w.caller(id).declined, a)
			w.rings[a] = ""
		case 1:
			b.Release(a, id, call.OfferRefused, w.now)
			w.restTil[a] = w.now.Add(15 * time.Second)
			w.caller(id).declined = append(w.caller(id).declined, a)
			w.rings[a] = ""
		default:
			b.Talking(a, id, w.now)
			b.Leave(id, false, w.now)
			w.rings[a], w.talks[a], w.began[a] = "", id, w.now
			w.remove(id)
			if w.served[id] {
				w.t.Fatalf("%s was served twice", id)
			}
			w.served[id] = true
		}
		_ = agent
	case n < 75: // a conversation ends
		a, ok := pick(r, keys(w.talks))
		if !ok {
			return
		}
		agent := w.agents[slices.IndexFunc(w.agents, func(x desk.Agent) bool { return x.Name == a })]
		b.Release(a, w.talks[a], call.OfferTaken, w.now)
		w.talks[a], w.idle[a] = "", w.now
		if agent.WrapUp > 0 && w.now.After(w.began[a]) {
			w.wrapTil[a] = w.now.Add(agent.WrapUp)
		}
	case n < 82: // a telephone comes or goes
		a := w.agents[r.IntN(len(w.agents))].Name
		online := r.IntN(3) > 0
		was := w.here[a]
		st := b.Statuses(w.now)[slices.IndexFunc(w.agents, func(x desk.Agent) bool { return x.Name == a })].State
		b.Present(a, online, w.now)
		if online && !was {
			w.restTil[a] = time.Time{}
			if st == desk.Offline && w.mode[a] == desk.Ready {
				w.idle[a] = w.now
			}
		}
		w.here[a] = online
	case n < 90: // an agent chooses
		a := w.agents[r.IntN(len(w.agents))].Name
		s := desk.Chosen()[r.IntN(4)]
		if r.IntN(2) == 0 {
			s = desk.Ready
		}
		if err := b.Choose(a, s, "lunch", w.now); err != nil {
			w.t.Fatal(err)
		}
		if s == desk.Ready {
			w.restTil[a], w.wrapTil[a] = time.Time{}, time.Time{}
			if w.mode[a] != desk.Ready {
				w.idle[a] = w.now
			}
		}
		w.mode[a] = s
	default:
		w.now = w.now.Add(time.Duration(1+r.IntN(20000)) * time.Millisecond)
	}
}

// check compares what can be seen of the Board with the model, and with what must
// always hold.
func (w *world) check(got, want []desk.Offer) {
	if !slices.Equal(got, want) {
		w.t.Fatalf("offers %v, the rules say %v", got, want)
	}
	rung := map[string]string{}
	for i, s := range w.board.Statuses(w.now) {
		name := w.agents[i].Name
		if len(s.Calls) > 1 {
			w.t.Fatalf("%s has the calls %v at once", name, s.Calls)
		}
		id := w.rings[name] + w.talks[name]
		if len(s.Calls) == 1 && s.Calls[0] != id || len(s.Calls) == 0 && id != "" {
			w.t.Fatalf("%s has %v, the model says %q", name, s.Calls, id)
		}
		for _, c := range s.Calls {
			if other, twice := rung[c]; twice {
				w.t.Fatalf("%s and %s both have %s", other, name, c)
			}
			rung[c] = name
		}
	}
	waiting := w.board.Waiting(w.now)
	if len(waiting) != len(w.waits) {
		w.t.Fatalf("%d wait, the model says %d", len(waiting), len(w.waits))
	}
	seen := map[string]bool{}
	for i, c := range waiting {
		if seen[c.Call] || w.caller(c.Call) == nil || w.served[c.Call] || w.gone[c.Call] {
			w.t.Fatalf("%s waits, and should not", c.Call)
		}
		seen[c.Call] = true
		if i > 0 {
			before := waiting[i-1]
			if w.now.Sub(before.Since)+before.HeadStart < w.now.Sub(c.Since)+c.HeadStart {
				w.t.Fatalf("%s stands before %s, who ranks higher", before.Call, c.Call)
			}
		}
	}
	if len(w.served)+len(w.gone)+len(w.waits) != w.all {
		w.t.Fatalf("of %d callers %d were served, %d left, %d wait", w.all, len(w.served), len(w.gone), len(w.waits))
	}
}

// No caller is lost, no two agents ring for one, no agent is rung twice, and the order
// is that of the rules, whatever happens.
func TestBoardKeepsToTheModel(t *testing.T) {
	seeds, steps := 12, 1200
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		w := newWorld(t, uint64(seed))
		for range steps {
			w.step()
			want := w.offers()
			w.check(w.board.Assign(w.now), want)
		}
		if w.all < 100 || len(w.served) < 20 {
			t.Fatalf("too little happened: %d callers, %d served", w.all, len(w.served))
		}
	}
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	start := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	w := &world{
		t: t, r: rand.New(rand.NewPCG(seed, 7)), now: start,
		here: map[string]bool{}, mode: map[string]desk.State{}, restTil: map[string]time.Time{}, wrapTil: map[string]time.Time{},
		idle: map[string]time.Time{}, rings: map[string]string{}, talks: map[string]string{}, began: map[string]time.Time{},
		served: map[string]bool{}, gone: map[string]bool{},
	}
	w.rules = desk.Rules{
		MaxWait: time.Hour, LastAgent: time.Duration(w.r.IntN(3)) * 20 * time.Second,
		HeadStart: desk.HeadStart{VIP: 2 * time.Minute, Asked: 20 * time.Second},
		Overflow:  []desk.Overflow{{After: 45 * time.Second, Skill: "sales"}, {After: 90 * time.Second, Team: "b"}},
	}.Filled()
	if seed%2 == 1 {
		w.rules.Strategy = desk.BestSkill
	}
	for i := range 30 {
		a := desk.Agent{Name: fmt.Sprintf("agent%02d", i), Team: []string{"a", "b"}[i%2], Levels: map[string]int{}}
		for _, s := range skills {
			if w.r.IntN(2) == 0 {
				a.Skills = append(a.Skills, s)
				a.Levels[s] = 1 + w.r.IntN(9)
			}
		}
		if w.r.IntN(2) == 0 {
			a.Languages = []string{[]string{"zh", "en"}[w.r.IntN(2)]}
		}
		if w.r.IntN(2) == 0 {
			a.WrapUp = 20 * time.Second
		}
		w.agents = append(w.agents, a)
		w.mode[a.Name], w.idle[a.Name] = desk.Ready, start
	}
	w.board = desk.NewBoard(w.agents, start)
	for _, a := range w.agents {
		w.board.Present(a.Name, true, start)
		w.here[a.Name] = true
	}
	return w
}
