package campaigns

import (
	"math"
	"time"
)

// MaxAbandoned is the most of the answered calls of a campaign that may find no agent.
const MaxAbandoned = 0.03

// Grace is how long who answers may wait for an agent before he is told that none is
// free.
const Grace = 2 * time.Second

// Moment is what a pacer is told of the present.
type Moment struct {
	Free    int             // agents who could take a call now
	Engaged []time.Duration // how long each of the others has been in his call, the work after it included
	Ringing []time.Duration // how long each call has been under way that nobody has answered yet
	Waiting int             // who answered and waits for an agent
	Offered int             // who answered, and whose agent is not joined with him yet
	// Elsewhere is how many calls other nodes have under way, for agents whom this one
	// does not know.
	Elsewhere int
}

// Pacer says how many calls are to be begun for the agents of a campaign. It is a value
// that knows no clock: it is told what happened, and Next changes nothing. The zero
// Pacer dials as if it knew nothing, which is one call for each free agent. It can be
// kept as JSON.
type Pacer struct {
	Limit     float64 `json:"limit"`     // default [MaxAbandoned]
	Answered  int     `json:"answered"`  // by people, over the campaign; the abandoned too
	Abandoned int     `json:"abandoned"` // of those

	// Of calls by their age in seconds: how many came that far, were answered then,
	// and ended then without. Old ones fade.
	Came, Picked, Gone [ringSeconds]float64
	// Of agents: how many calls took how long until the agent was free, by steps.
	Took [tookSteps]float64
	// Of who answered: for how many there was an agent, and of those how many were abandoned
	// all the same, since he went before they were joined. Old ones fade.
	Offers, Lost float64
}

const (
	ringSeconds = 64
	tookStep    = 5 * time.Second
	tookSteps   = 240 // twenty minutes
	// What a pacer remembers: some hundred calls, so that it follows an answer rate that
	// drifts over the day.
	ringMemory = 1 - 1.0/200
	tookMemory = 1 - 1.0/200
	lostMemory = 1 - 1.0/200
	lostNone   = 0.1 // of Lost, below which it is as if there had been none
	// What is taken for granted of losses before much is known, once there was one.
	lostPrior, offersPrior = 0.2, 20
	rare                   = 9.2 // -ln 0.0001
)

// Rang tells how a call ended its ringing: how long it took, and whether a person
// answered. A machine that answered is a call that nobody answered.
func (p *Pacer) Rang(age time.Duration, person bool) {
	last := bucket(age, time.Second, ringSeconds)
	for i := range ringSeconds {
		p.Came[i] *= ringMemory
		p.Picked[i] *= ringMemory
		p.Gone[i] *= ringMemory
		if i <= last {
			p.Came[i]++
		}
	}
	if person {
		p.Picked[last]++
		p.Answered++
		// Where agents are kept for all calls nobody is lost, and it is tried again by and by.
		p.Offers *= lostMemory
		p.Lost *= lostMemory
	} else {
		p.Gone[last]++
	}
}

// Freed tells how long an agent was engaged by a call, the work after it included.
func (p *Pacer) Freed(engaged time.Duration) {
	for i := range p.Took {
		p.Took[i] *= tookMemory
	}
	p.Took[bucket(engaged, tookStep, tookSteps)]++
}

// Abandon tells that a person answered whom no agent took.
func (p *Pacer) Abandon() { p.Abandoned++ }

// Offer tells what came of a person who answered and for whom there was an agent: whether
// he was lost before they were joined, and nobody else was free. Abandon tells it too.
func (p *Pacer) Offer(lost bool) {
	p.Offers++
	if lost {
		p.Lost++
	}
}

// losing is which share of those for whom there is an agent is lost, and a cautious bound
// of it; nothing where none ever was.
func (p *Pacer) losing() (share, cautious float64) {
	if p.Lost < lostNone {
		return 0, 0
	}
	n := p.Offers + offersPrior
	share = (p.Lost + lostPrior) / n
	return share, min(share+math.Sqrt(share*(1-share)/n), 1)
}

// lost is how many of those who are under way are lost so but one time in ten thousand, if
// so many of them are answered, or are already.
func (p *Pacer) lost(calls int, answered float64) float64 {
	_, share := p.losing()
	if share == 0 || calls == 0 {
		return 0
	}
	mean := answered * share
	return min(float64(calls), atWorst(mean, mean*(1-share)))
}

func bucket(d, step time.Duration, n int) int { return min(max(int(d/step), 0), n-1) }

// limit is the share that may be abandoned.
func (p *Pacer) limit() float64 {
	if p.Limit <= 0 {
		return MaxAbandoned
	}
	return min(p.Limit, MaxAbandoned)
}

// OnePerAgent is one call for each free agent who has none under way.
func OnePerAgent(m Moment) int { return max(m.Free-m.Waiting-len(m.Ringing), 0) }

// slack is how many more may be abandoned, if all who wait and find nobody free are. Of
// other nodes' calls as many count as lost as are answered but for one time in ten
// thousand.
func (p *Pacer) slack(m Moment) float64 {
	slack := p.limit()*float64(p.Answered) - float64(p.Abandoned) - float64(max(m.Waiting-m.Free, 0))
	if m.Elsewhere > 0 {
		fresh := p.ringing().cautious
		n := float64(m.Elsewhere)
		slack -= min(n, atWorst(n*fresh, n*fresh*(1-fresh)))
	}
	return slack
}

// atWorst is what a number of independent events exceeds one time in ten thousand
// (Bernstein's inequality).
func atWorst(mean, variance float64) float64 { return mean + math.Sqrt(2*rare*variance) + rare/3 }

// Reserves tells that not even one more may be abandoned: what is known is too little, or
// the limit is near, or agents go before they are joined with who answered and leave as
// many alone as may be at all. Then each call needs an agent of its own before it is begun,
// who is kept for it.
func (p *Pacer) Reserves(m Moment) bool {
	slack := p.slack(m)
	if share, _ := p.losing(); slack < 1 || share == 0 {
		return slack < 1
	} else if share >= p.budget() {
		return true
	}
	ring, calls := p.ringing(), OnePerAgent(m)
	answered := float64(m.Waiting+m.Offered) + float64(calls)*ring.cautious
	for _, age := range m.Ringing {
		answered += ring.from[bucket(age, time.Second, ringSeconds)]
	}
	return slack-p.lost(m.Waiting+m.Offered+len(m.Ringing)+calls, answered) < 1
}

// Cut is how many of the calls that ring without an agent of their own are to be given up
// at once: all of them, as soon as one more who finds nobody would break the limit. It is
// what holds where nothing was to be foreseen, when all agents leave, or everybody
// answers.
func (p *Pacer) Cut(m Moment) int {
	if len(m.Ringing) == 0 || p.slack(m) >= 1 {
		return 0
	}
	return len(m.Ringing)
}

// Next is how many calls to begin now: as many as will find an agent free when they are
// answered, within what may be abandoned; at least as many as [OnePerAgent], and no more
// where the pacer [Pacer.Reserves]. Its time grows with the agents and the calls under
// way, and with nothing else.
func (p *Pacer) Next(m Moment) int {
	calls := OnePerAgent(m)
	slack := p.slack(m)
	if p.Reserves(m) {
		return calls
	}
	agents := m.Free + len(m.Engaged)
	ring := p.ringing()
	// Demand: who will answer. Supply: who will be free by then.
	var demand, supply, fresh load
	for _, age := range m.Ringing {
		demand.add(ring.from[bucket(age, time.Second, ringSeconds)])
	}
	demand.mean += float64(m.Waiting)
	supply.mean = float64(m.Free)
	freed := p.freeing(ring.delay + Grace/2)
	for _, age := range m.Engaged {
		supply.add(freed(age))
	}
	fresh.add(ring.cautious)
	budget := p.budget()
	losing, _ := p.losing()
	for most := 4 * agents; calls < most; calls++ {
		more := float64(calls + 1)
		d := load{demand.mean + more*fresh.mean, demand.variance + more*fresh.variance}
		// What would be abandoned if answers came all at once now must be within what is
		// left over the campaign: of all calls under way, or of as many as are answered
		// but for one time in ten thousand.
		all := float64(len(m.Ringing)+m.Waiting) + more
		lost := p.lost(len(m.Ringing)+m.Waiting+m.Offered+calls+1, d.mean+float64(m.Offered))
		if worst := min(all, atWorst(d.mean, d.variance)); worst-float64(max(m.Free, m.Waiting)) > slack-lost {
			break
		}
		if excess(d.mean-supply.mean, math.Sqrt(d.variance+supply.variance))+losing*d.mean > budget*d.mean {
			break
		}
	}
	return calls
}

// load is a number of events of which each happens or not.
type load struct{ mean, variance float64 }

func (l *load) add(p float64) {
	l.mean += p
	l.variance += p * (1 - p)
}

// excess is what is expected above zero of a normal variable.
func excess(mean, deviation float64) float64 {
	if deviation < 1e-9 {
		return max(mean, 0)
	}
	z := mean / deviation
	return mean*0.5*math.Erfc(-z/math.Sqrt2) + deviation*math.Exp(-z*z/2)/math.Sqrt(2*math.Pi)
}

// budget is which share of the next answers may be abandoned. Over n answers so large a
// share is aimed at that two standard deviations above it are still within the limit:
// little while little is known, near the limit after thousands. What was saved may be
// spent over the answers to come, and what was overspent is to be earned.
func (p *Pacer) budget() float64 {
	const ahead = 150
	limit, n := p.limit(), float64(p.Answered+ahead)
	root := math.Sqrt(1+limit*n) - 1 // of x + 2 sqrt(x) = limit n
	return min(max((root*root-float64(p.Abandoned))/ahead, 0), 2*limit)
}

// outlook is what becomes of calls under way.
type outlook struct {
	from     [ringSeconds]float64 // chance of an answer, by age
	cautious float64              // of a new call: an upper bound of it
	delay    time.Duration        // from the beginning to the answer, of those answered
}

// ringing reads a life table of calls under way: two ways to end at each age.
func (p *Pacer) ringing() outlook {
	var o outlook
	tail := 0.0
	for i := ringSeconds - 1; i >= 0; i-- {
		came := p.Came[i] + 1
		picked, gone := (p.Picked[i]+0.02)/came, (p.Gone[i]+0.02)/came
		tail = picked + max(1-picked-gone, 0)*tail
		o.from[i] = min(tail, 1)
	}
	all, picked, seconds := p.Came[0], 0.0, 0.0
	for i, n := range p.Picked {
		picked += n
		seconds += n * (float64(i) + 0.5)
	}
	share := (picked + 1) / (all + 2)
	o.cautious = min(share+math.Sqrt(share*(1-share)/(all+2)), 1)
	o.delay = time.Duration((seconds + 8) / (picked + 1) * float64(time.Second))
	return o
}

// freeing is the chance that an agent is free after so long, by how long he has been
// engaged.
func (p *Pacer) freeing(within time.Duration) func(age time.Duration) float64 {
	var longer [tookSteps + 1]float64 // of calls of at least that step
	for i := tookSteps - 1; i >= 0; i-- {
		longer[i] = longer[i+1] + p.Took[i]
	}
	left := func(d time.Duration) float64 {
		at := min(float64(d)/float64(tookStep), tookSteps-1)
		i := int(at)
		return longer[i] + (at-float64(i))*(longer[i+1]-longer[i])
	}
	return func(age time.Duration) float64 {
		still := left(age)
		if still < 1 { // longer than any that is remembered
			return 0
		}
		return min(max(1-left(age+within)/still, 0), 1)
	}
}
