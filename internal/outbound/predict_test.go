package outbound_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/jobs"
	"hotline/internal/store"
)

// floor is the agents of one node, and the telephones that it calls. Nothing in it takes
// longer than a tenth of a second.
type floor struct {
	mu     sync.Mutex
	random *rand.Rand
	rate   float64
	agents map[string]*clerk
	ringer int // calls without an agent that ring
	most   int // of them, beyond the agents that were free
	ahead  map[string]int
	kept   map[string]int
	said   map[string]int // announcements, by number
}

type clerk struct {
	call  string
	since time.Time
	away  bool
}

func newFloor(seed uint64, rate float64, names ...string) *floor {
	f := &floor{random: rand.New(rand.NewPCG(seed, 3)), rate: rate, agents: map[string]*clerk{}, ahead: map[string]int{}, kept: map[string]int{}, said: map[string]int{}}
	for _, n := range names {
		f.agents[n] = &clerk{since: time.Now()}
	}
	return f
}

// Team implements campaigns.Agents.
func (f *floor) Team(context.Context, campaigns.Campaign) (team []campaigns.Agent, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, k := range f.agents {
		team = append(team, campaigns.Agent{Name: name, Free: k.call == "" && !k.away, Engaged: k.call != "", Since: k.since})
	}
	return team, nil
}

// Keep implements campaigns.Agents.
func (f *floor) Keep(call string, _ campaigns.Campaign, name string) (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n, k := range f.agents {
		if k.call == "" && !k.away && (name == "" || name == n) {
			k.call, k.since = call, time.Now()
			return n, true
		}
	}
	return "", false
}

// Release implements campaigns.Agents.
func (f *floor) Release(call, agent string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k := f.agents[agent]; k != nil && k.call == call {
		k.call, k.since = "", time.Now()
	}
}

// leave has all agents go who are free, and the others after their calls.
func (f *floor) leave(away bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range f.agents {
		k.away = away
	}
}

// draw is what a telephone will do.
func (f *floor) draw(ringing int) (answers bool, rings time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ringer += ringing
	free := 0
	for _, k := range f.agents {
		if k.call == "" && !k.away {
			free++
		}
	}
	f.most = max(f.most, f.ringer-free)
	return f.random.Float64() < f.rate, time.Duration(10+f.random.IntN(60)) * time.Millisecond
}

// Dial implements campaigns.Dialer.
func (f *floor) Dial(ctx context.Context, d campaigns.Dial) (campaigns.Result, error) {
	ahead := 0
	if d.Team != "" {
		ahead = 1
	}
	answers, rings := f.draw(ahead)
	f.mu.Lock()
	f.ahead[d.To] += ahead
	f.kept[d.To] += 1 - ahead
	f.mu.Unlock()
	select {
	case <-time.After(rings):
	case <-ctx.Done():
		answers = false
	}
	f.mu.Lock()
	f.ringer -= ahead
	f.mu.Unlock()
	if !answers {
		return campaigns.Result{Outcome: campaigns.NoAnswer}, nil
	}
	talked := time.Now()
	over := func(o campaigns.Outcome, who string, d time.Duration) campaigns.Result {
		time.Sleep(d)
		return campaigns.Result{Outcome: o, Answered: true, Person: who, Seconds: time.Since(talked).Seconds()}
	}
	if ahead == 0 {
		return over(campaigns.Person, d.Agent, 60*time.Millisecond), nil
	}
	d.Tell(campaigns.StageAnswered)
	for range 4 { // he says hello, and waits a moment
		time.Sleep(3 * time.Millisecond)
		if name, ok := f.Keep(d.Call, campaigns.Campaign{}, ""); ok {
			d.Tell(campaigns.StageOffered)
			d.Tell(campaigns.StageConnected)
			defer f.Release(d.Call, name)
			return over(campaigns.Person, name, 60*time.Millisecond), nil
		}
	}
	d.Tell(campaigns.StageAbandoned)
	f.mu.Lock()
	f.said[d.To]++
	f.mu.Unlock()
	assert.NotEmpty(assertions{}, d.Abandoned)
	return over(campaigns.Abandoned, "", 15*time.Millisecond), nil
}

// assertions fails by a panic, which the runner tells as the call's result.
type assertions struct{}

// Errorf implements assert.TestingT.
func (assertions) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Two nodes call the contacts of one campaign for their agents, more at once than agents
// are free; the agents of one leave in the middle, all at once. Over both no more than 3 %
// of those who answer find nobody, at no time, and who found nobody is called again with
// an agent kept for him.
func TestPredictiveOverNodes(t *testing.T) {
	clock, db, plan := severalNodes(t, 1)
	dir := t.TempDir() // of the jobs
	first := db("one")
	rules := campaigns.NewRules(campaigns.RulesConfig{Numbers: plan, Zone: "Asia/Shanghai", PerDay: -1, PerWeek: -1})
	c := notice()
	c.Line, c.Mode, c.Skill, c.Concurrency, c.PerSecond, c.Attempts = "main", campaigns.Predictive, "sales", 40, 1000, 4
	c.Variants[0].Abandoned = "没有空闲的顾问，稍后再打给您，不想再接请按9。"
	c.OptOut = "9"
	c.Retry = map[campaigns.Outcome]campaigns.Retry{campaigns.NoAnswer: {After: time.Millisecond, Times: 1}, campaigns.Abandoned: {After: time.Millisecond, Times: 2}}
	c, err := first.AddCampaign(t.Context(), c)
	require.NoError(t, err)
	var list []campaigns.Contact
	for i := range 200 {
		list = append(list, campaigns.Contact{Number: numberOf(i)})
	}
	_, err = first.AddContacts(t.Context(), c.ID, list)
	require.NoError(t, err)
	_, err = first.SetState(t.Context(), c.ID, campaigns.Running, campaigns.Draft)
	require.NoError(t, err)

	floors := map[string]*floor{
		"one": newFloor(1, 0.5, "a", "b", "c", "d", "e", "f"), "two": newFloor(2, 0.5, "u", "v", "w", "x"),
	}
	ctx, stop := context.WithCancel(t.Context())
	var done []<-chan error
	runners := map[string]*campaigns.Runner{}
	start := func(node string, s *store.Store) {
		q, err := jobs.Open(ctx, jobs.Config{File: filepath.Join(dir, node+"-jobs.db"), Workers: 20, Poll: 20 * time.Millisecond})
		require.NoError(t, err)
		r := campaigns.NewRunner(campaigns.RunnerConfig{
			Node: node, Store: s, Rules: rules, Dialer: floors[node], Queue: q, Agents: floors[node], NewCall: func() string { return ulid.Make().String() },
			Now: clock.now, Tick: 20 * time.Millisecond, Silent: time.Hour, Log: slog.New(slog.DiscardHandler),
		})
		runners[node] = r
		over := make(chan error, 1)
		go func() {
			err := r.Run(ctx)
			assert.NoError(t, q.Close())
			over <- err
		}()
		done = append(done, over)
	}
	start("one", first)
	start("two", db("two"))
	left := false
	over := assert.Eventually(t, func() bool {
		answered, _, err := first.Answers(t.Context(), c.ID, clock.now())
		if err == nil && answered > 50 && !left {
			left = true
			floors["one"].leave(true)
			time.AfterFunc(time.Second, func() { floors["one"].leave(false) })
		}
		c, err := first.Campaign(t.Context(), c.ID)
		return err == nil && c.State == campaigns.Done
	}, 8*time.Minute, 50*time.Millisecond, "the campaign ends")
	if !over { // say what it waits for
		n, err := first.Counts(t.Context(), c.ID)
		t.Log(n, err)
		for node, r := range runners {
			t.Log(node, r.Holds()[c.ID])
		}
	}
	stop()
	for _, d := range done {
		require.NoError(t, <-d)
	}
	require.True(t, over)
	require.True(t, left)

	attempts, err := first.CampaignAttempts(t.Context(), c.ID, 0, 10000)
	require.NoError(t, err)
	abandoned, answered, given := 0, 0, 0
	nobody := map[int64]bool{}
	for _, a := range attempts {
		require.False(t, a.SettledAt.IsZero(), "%+v", a)
		require.NotContains(t, []campaigns.Outcome{campaigns.Failed, campaigns.Interrupted}, a.Outcome, a.Error)
		if a.Outcome == campaigns.Abandoned {
			require.False(t, nobody[a.Contact], "nobody is left alone twice")
			nobody[a.Contact] = true
			abandoned++
		}
		if a.Outcome == campaigns.Abandoned || a.Outcome == campaigns.Person {
			answered++
		}
		if a.Kind == campaigns.GivenUp {
			given++
		}
	}
	ahead, most := 0, 0
	for _, f := range floors {
		most = max(most, f.most)
		for number, n := range f.ahead {
			ahead += n
			if f.said[number] > 0 {
				assert.LessOrEqual(t, f.ahead[number], 2, "who found nobody is called with an agent of his own")
			}
		}
	}
	t.Logf("%d answered, %d abandoned, %d calls begun without an agent of their own, up to %d more than agents were free, %d given up", answered, abandoned, ahead, most, given)
	assert.Greater(t, answered, 70)
	assert.LessOrEqual(t, float64(abandoned), campaigns.MaxAbandoned*float64(answered))
	assert.Greater(t, ahead, 10)
	contacts, err := first.Contacts(t.Context(), store.ContactFilter{Campaign: c.ID, Limit: 1000})
	require.NoError(t, err)
	for _, k := range contacts {
		assert.True(t, k.State.Over(), "%+v", k)
		if nobody[k.ID] {
			assert.Greater(t, k.Made, 1, "he is called again")
		}
	}
}
