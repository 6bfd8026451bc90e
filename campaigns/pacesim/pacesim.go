// Package pacesim simulates a campaign with agents, to see what a pacer is worth.
//
// # Concepts
//
// [Run] dials a [Campaign] as fast as a pacer says, in virtual time and by a seed: calls
// are answered by people after some seconds, by machines, or by nobody; agents talk and
// write up. It counts what agents and callees would have felt.
//
// # Concurrency
//
// Run is arithmetic; simulations may run beside each other.
package pacesim

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"hotline/campaigns"
)

// Campaign is what is simulated.
type Campaign struct {
	Agents   int
	Rate     func(second float64) float64 // share of calls that a person answers
	Talk     time.Duration                // on average; log-normal, its deviation 0.7 of it
	Wrap     time.Duration                // on average after a call; exponential, default 10 s
	Answered int                          // by people, then it ends
	Seed     uint64
	// Progressive dials one call for each free agent.
	Progressive bool
	// Present is how many of the agents are there at a time; nil: all, always. Who
	// leaves in a call leaves after it.
	Present func(second float64) int
	// Leaves is how often an agent goes who was found for somebody that answered a call
	// begun ahead, before the two are joined. He rests for half a minute; the next one who
	// is free takes the call.
	Leaves float64
}

// Steady is a rate that stays.
func Steady(rate float64) func(float64) float64 { return func(float64) float64 { return rate } }

// Drifting swings around a rate by half of it, once in an hour.
func Drifting(rate float64) func(float64) float64 {
	return func(second float64) float64 { return rate * (1 + 0.5*math.Sin(second*2*math.Pi/3600)) }
}

// Result is what came of it.
type Result struct {
	Dialled, Answered, Abandoned int
	Hours                        float64
	Use                          float64       // of the agents' time, in calls and the work after them
	Wait                         time.Duration // of those who were taken, on average
	Waited                       float64       // share of those taken who waited at all
	Idle                         time.Duration // an agent's between two calls, on average
	Worst                        float64       // the highest share of abandoned calls after the first 100 answers
	Given                        int           // calls that were given up while they rang
	Left                         int           // agents who went before they were joined
	Lost                         int           // of the abandoned: by that
}

// Share is how much was abandoned of what people answered.
func (r Result) Share() float64 { return float64(r.Abandoned) / float64(max(r.Answered, 1)) }

type event struct {
	at   float64
	kind int // of the constants below
	id   int // of the call
}

const (
	tick = iota
	answer
	gone     // nobody answered
	patience // of who waits for an agent
	free
	joined // an agent with who answered, or he has gone
	rested // an agent who went
)

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}

// call is one under way, or an agent's.
type call struct {
	id    int
	since float64
}

type sim struct {
	c       Campaign
	r       *rand.Rand
	pacer   campaigns.Pacer
	queue   events
	now     float64
	free    int
	engaged []call
	ringing []call // without an agent of their own
	kept    []call // with one
	waiting []call
	offered []call // with an agent who is told who it is
	resting []call // agents who went
	away    int    // agents
	next    int
	waits   float64
	taken   int
	waited  int
	busy    float64 // of agents, in seconds
	result  Result
}

// Run simulates a campaign until so many have answered.
func Run(c Campaign) Result {
	if c.Wrap == 0 {
		c.Wrap = 10 * time.Second
	}
	s := &sim{c: c, r: rand.New(rand.NewPCG(c.Seed, 77)), free: c.Agents}
	heap.Push(&s.queue, event{0, tick, 0})
	for s.result.Answered < c.Answered {
		e := heap.Pop(&s.queue).(event)
		s.busy += float64(len(s.engaged)) * (e.at - s.now)
		s.now = e.at
		s.step(e)
	}
	s.result.Hours = s.now / 3600
	s.result.Use = s.busy / (s.now * float64(c.Agents))
	s.result.Wait = time.Duration(s.waits / float64(max(s.taken, 1)) * float64(time.Second))
	s.result.Waited = float64(s.waited) / float64(max(s.taken, 1))
	s.result.Idle = time.Duration((s.now*float64(c.Agents) - s.busy) / float64(max(s.taken, 1)) * float64(time.Second))
	return s.result
}

func (s *sim) step(e event) {
	switch e.kind {
	case tick:
		s.comeAndGo()
		s.cut()
		reserves := s.c.Progressive || s.pacer.Reserves(s.moment())
		for range s.wanted() {
			s.dial(reserves)
		}
		heap.Push(&s.queue, event{s.now + 1, tick, 0})
	case gone:
		if k, ok := take(&s.kept, e.id); ok {
			s.pacer.Rang(seconds(s.now-k.since), false)
			s.freed()
		} else if k, ok := take(&s.ringing, e.id); ok {
			s.pacer.Rang(seconds(s.now-k.since), false)
		}
	case answer:
		s.answered(e.id)
	case patience:
		if _, ok := take(&s.waiting, e.id); ok {
			s.result.Abandoned++
			s.pacer.Abandon()
		}
	case joined:
		s.join(e.id)
	case rested:
		_, _ = take(&s.resting, e.id)
		s.freed()
	case free:
		k, _ := take(&s.engaged, e.id)
		s.pacer.Freed(seconds(s.now - k.since))
		s.freed()
	}
	if s.result.Answered >= 100 {
		s.result.Worst = max(s.result.Worst, s.result.Share())
	}
}

// answered brings who answers to an agent, or has him wait.
func (s *sim) answered(id int) {
	if k, ok := take(&s.kept, id); ok {
		s.pacer.Rang(seconds(s.now-k.since), true)
		s.result.Answered++
		s.talk(id)
		return
	}
	k, ok := take(&s.ringing, id)
	if !ok { // given up
		return
	}
	s.pacer.Rang(seconds(s.now-k.since), true)
	s.result.Answered++
	if s.free > 0 {
		s.free--
		s.offer(id)
		return
	}
	s.waiting = append(s.waiting, call{id, s.now})
	heap.Push(&s.queue, event{s.now + campaigns.Grace.Seconds(), patience, id})
	s.cut()
}

// offer has an agent told who has answered.
func (s *sim) offer(id int) {
	if s.c.Leaves == 0 {
		s.pacer.Offer(false)
		s.talk(id)
		return
	}
	s.offered = append(s.offered, call{id, s.now})
	heap.Push(&s.queue, event{s.now + 1 + 4*s.r.Float64(), joined, id})
}

// join joins the two, if the agent has not gone meanwhile.
func (s *sim) join(id int) {
	k, _ := take(&s.offered, id)
	if s.r.Float64() >= s.c.Leaves {
		s.pacer.Offer(false)
		s.talk(id)
		return
	}
	s.result.Left++
	s.next++ // stands for the agent, who rests
	s.resting = append(s.resting, call{s.next, k.since})
	heap.Push(&s.queue, event{s.now + 30, rested, s.next})
	if s.free > 0 {
		s.free--
		s.offer(id)
		return
	}
	s.result.Abandoned++
	s.result.Lost++
	s.pacer.Offer(true)
	s.pacer.Abandon()
	s.cut()
}

// cut gives up what the pacer wants given up.
func (s *sim) cut() {
	n := s.pacer.Cut(s.moment())
	s.result.Given += n
	s.ringing = s.ringing[:len(s.ringing)-n]
}

// freed has an agent take who waits, or wait himself, or leave.
func (s *sim) freed() {
	switch {
	case s.away < s.leave():
		s.away++
	case len(s.waiting) > 0:
		first := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.waits += s.now - first.since
		s.waited++
		s.offer(first.id)
	default:
		s.free++
	}
}

// leave is how many agents are away by now.
func (s *sim) leave() int {
	if s.c.Present == nil {
		return 0
	}
	return s.c.Agents - s.c.Present(s.now)
}

// comeAndGo has agents leave who are free, and others come.
func (s *sim) comeAndGo() {
	for ; s.away < s.leave() && s.free > 0; s.free-- {
		s.away++
	}
	for s.away > s.leave() {
		s.away--
		s.freed()
	}
}

func take(list *[]call, id int) (k call, ok bool) {
	i := slices.IndexFunc(*list, func(k call) bool { return k.id == id })
	if i < 0 {
		return k, false
	}
	k = (*list)[i]
	*list = slices.Delete(*list, i, i+1)
	return k, true
}

// moment is what a pacer is told.
func (s *sim) moment() campaigns.Moment {
	return campaigns.Moment{Free: s.free, Waiting: len(s.waiting), Offered: len(s.offered), Engaged: append(s.ages(s.engaged), s.ages(s.offered)...), Ringing: s.ages(s.ringing)}
}

// wanted is how many calls the pacer wants.
func (s *sim) wanted() int {
	if s.c.Progressive {
		return campaigns.OnePerAgent(s.moment())
	}
	return s.pacer.Next(s.moment())
}

func (s *sim) ages(list []call) []time.Duration {
	out := make([]time.Duration, len(list))
	for i, k := range list {
		out[i] = seconds(s.now - k.since)
	}
	return out
}

func seconds(f float64) time.Duration { return time.Duration(f * float64(time.Second)) }

// dial begins a call: a person answers after nine seconds on average, a machine after
// seventeen or so, it is busy or fails at once, or it rings for thirty. A free agent may
// be kept for it.
func (s *sim) dial(kept bool) {
	s.next++
	s.result.Dialled++
	if kept {
		s.free--
		s.kept = append(s.kept, call{s.next, s.now})
	} else {
		s.ringing = append(s.ringing, call{s.next, s.now})
	}
	if s.r.Float64() < s.c.Rate(s.now) {
		heap.Push(&s.queue, event{s.now + min(1+s.lognormal(8, 0.6), 29), answer, s.next})
		return
	}
	after := 30.0
	switch u := s.r.Float64(); {
	case u < 0.25:
		after = 1 + 3*s.r.Float64()
	case u < 0.45:
		after = 14 + 6*s.r.Float64()
	}
	heap.Push(&s.queue, event{s.now + after, gone, s.next})
}

// talk has an agent take a call, who is not free any more.
func (s *sim) talk(id int) {
	s.taken++
	s.engaged = append(s.engaged, call{id, s.now})
	after := s.lognormal(s.c.Talk.Seconds(), 0.7) + s.r.ExpFloat64()*s.c.Wrap.Seconds()
	heap.Push(&s.queue, event{s.now + after, free, id})
}

// lognormal draws by mean and by the deviation as a share of it.
func (s *sim) lognormal(mean, share float64) float64 {
	v := math.Log(1 + share*share)
	return math.Exp(math.Log(mean) - v/2 + math.Sqrt(v)*s.r.NormFloat64())
}

// Erlang is the share of their time that n agents work when calls come to them by
// chance, as many as lose so large a share of callers: the loss formula of M/G/n/n,
// which holds for any distribution of talk times.
func Erlang(n int, loss float64) float64 {
	carried := func(offered float64) (work, lost float64) {
		b := 1.0
		for i := 1; i <= n; i++ {
			b = offered * b / (float64(i) + offered*b)
		}
		return offered * (1 - b) / float64(n), b
	}
	low, high := 0.0, 4*float64(n)
	for range 60 {
		if _, lost := carried((low + high) / 2); lost > loss {
			high = (low + high) / 2
		} else {
			low = (low + high) / 2
		}
	}
	work, _ := carried(low)
	return work
}
