package desk_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/desk"
	"hotline/internal/event"
)

// memory keeps states as a database does.
type memory struct {
	mu     sync.Mutex
	states map[string]desk.Saved
	values map[string]string
	err    error
}

func (m *memory) AgentStates(context.Context) ([]desk.Saved, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []desk.Saved
	for _, s := range m.states {
		out = append(out, s)
	}
	return out, m.err
}

func (m *memory) SaveAgentState(_ context.Context, s desk.Saved) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.states == nil {
		m.states = map[string]desk.Saved{}
	}
	m.states[s.Name] = s
	return m.err
}

func (m *memory) Setting(_ context.Context, key string) (string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[key]
	return v, ok, nil
}

func (m *memory) SetSetting(_ context.Context, key, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = map[string]string{}
	}
	m.values[key] = value
	return nil
}

// known answers who calls.
type known map[string]desk.Customer

func (k known) Customer(_ context.Context, number string) (desk.Customer, error) {
	return k[number], nil
}

// bench is a desk on a test's clock.
type bench struct {
	t    *testing.T
	desk *desk.Desk
}

// office runs a desk on a test's clock.
func office(t *testing.T, c desk.Config, play func(b bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := desk.New(c)
		require.NoError(t, d.Restore(t.Context()))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { assert.NoError(t, d.Run(ctx)) })
		play(bench{t, d})
		cancel()
		wg.Wait()
	})
}

func three() []desk.Agent {
	return []desk.Agent{
		{Name: "li", Skills: []string{"returns"}, WrapUp: 20 * time.Second},
		{Name: "wang", Skills: []string{"returns", "sales"}},
		{Name: "zhao", Team: "back"},
	}
}

// states are those of the agents, by name.
func states(d *desk.Desk) map[string]desk.State {
	out := map[string]desk.State{}
	for _, s := range d.Agents() {
		out[s.Name] = s.State
	}
	return out
}

// waiter is a caller in the queue whose turn comes, or who is sent away.
type waiter struct {
	place call.Place
	mu    sync.Mutex
	agent string
	err   error
}

func wait(t *testing.T, d *desk.Desk, w call.Waiting) *waiter {
	t.Helper()
	p, err := d.Enter(t.Context(), w)
	require.NoError(t, err)
	x := &waiter{place: p}
	go func() {
		agent, err := p.Next(t.Context())
		x.mu.Lock()
		defer x.mu.Unlock()
		x.agent, x.err = agent.Name, err
	}()
	synctest.Wait()
	return x
}

func (w *waiter) got() (string, error) {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.agent, w.err
}

// A caller waits until an agent has ended his call and written his notes; then he is
// the one who is rung.
func TestCallerWaitsForTheWrapUp(t *testing.T) {
	var bus event.Bus
	sub := bus.Subscribe("queue.entered", "queue.offered", "queue.left")
	office(t, desk.Config{Agents: three()[:1], Bus: &bus, Rules: func(string) desk.Rules { return desk.Rules{MaxWait: 10 * time.Minute} }}, func(b bench) {
		t, d := b.t, b.desk
		d.Present("li", true)
		first := wait(t, d, call.Waiting{Call: "1", Skill: "returns"})
		agent, err := first.got()
		require.NoError(t, err)
		require.Equal(t, "li", agent)
		d.Talking("li", "1")
		first.place.Leave(call.LeftAnswered)
		second := wait(t, d, call.Waiting{Call: "2", Skill: "returns"})
		time.Sleep(time.Minute)
		d.Release("li", "1", call.OfferTaken)
		require.Equal(t, desk.WrapUp, states(d)["li"])
		time.Sleep(19 * time.Second)
		agent, _ = second.got()
		require.Empty(t, agent, "he is still writing")
		time.Sleep(2 * time.Second)
		agent, err = second.got()
		require.NoError(t, err)
		require.Equal(t, "li", agent)
		d.Talking("li", "2")
		second.place.Leave(call.LeftAnswered)
		d.Release("li", "2", call.OfferTaken)
	})
	sub.Close()
	var got []string
	for e := range sub.C() {
		got = append(got, string(e.Kind)+" "+e.Call)
	}
	assert.Equal(t, []string{
		"queue.entered 1", "queue.offered 1", "queue.left 1", "queue.entered 2", "queue.offered 2", "queue.left 2",
	}, got)
}

// Who does not answer is not ready for a while, and the next one is rung.
func TestWhoDoesNotAnswerRests(t *testing.T) {
	for name, c := range map[string]struct {
		rest  time.Duration
		after time.Duration
		want  desk.State
	}{
		"as usual":            {0, time.Minute + time.Second, desk.Ready},
		"until he says so":    {-1, 24 * time.Hour, desk.NotReady},
		"as the rules say":    {5 * time.Minute, 4 * time.Minute, desk.NotReady},
		"and then he is back": {5 * time.Minute, 6 * time.Minute, desk.Ready},
	} {
		t.Run(name, func(t *testing.T) {
			office(t, desk.Config{Agents: []desk.Agent{{Name: "li", Rest: c.rest}}}, func(b bench) {
				t, d := b.t, b.desk
				d.Present("li", true)
				_, found := d.Reserve("1", "")
				require.True(t, found)
				d.Release("li", "1", call.OfferNoAnswer)
				require.Equal(t, desk.NotReady, states(d)["li"])
				time.Sleep(c.after)
				synctest.Wait()
				assert.Equal(t, c.want, states(d)["li"])
				require.NoError(t, d.Choose(t.Context(), "li", desk.Ready, ""))
				assert.Equal(t, desk.Ready, states(d)["li"])
			})
		})
	}
}

// A break outlives the browser's reload and the server's restart, with its reason and
// its beginning; a call that was going on does not.
func TestStatesOutliveARestart(t *testing.T) {
	store := &memory{}
	var began time.Time
	office(t, desk.Config{Agents: three(), Store: store}, func(b bench) {
		t, d := b.t, b.desk
		for _, a := range []string{"li", "wang", "zhao"} {
			d.Present(a, true)
		}
		require.NoError(t, d.Choose(t.Context(), "li", desk.Break, "lunch"))
		began = time.Now()
		time.Sleep(time.Minute)
		d.Present("li", false)
		synctest.Wait()
		assert.Equal(t, desk.Offline, states(d)["li"])
		time.Sleep(3 * time.Second)
		d.Present("li", true)
		s := d.Agents()[0]
		assert.Equal(t, desk.Break, s.State)
		assert.Equal(t, "lunch", s.Reason)
		assert.True(t, began.Equal(s.Since), "since %v, not %v", began, s.Since)
		_, found := d.ReserveAgent("9", "wang")
		require.True(t, found)
		d.Talking("wang", "9")
		require.NoError(t, d.Choose(t.Context(), "zhao", desk.NotReady, ""))
	})
	office(t, desk.Config{Agents: three(), Store: store}, func(b bench) {
		t, d := b.t, b.desk
		assert.Equal(t, desk.Offline, states(d)["li"], "until his telephone is back")
		for _, a := range []string{"li", "wang", "zhao"} {
			d.Present(a, true)
		}
		assert.Equal(t, map[string]desk.State{"li": desk.Break, "wang": desk.Ready, "zhao": desk.NotReady}, states(d))
		s := d.Agents()[0]
		assert.Equal(t, "lunch", s.Reason)
		assert.True(t, began.Equal(s.Since))
	})
}

func TestChoosingAState(t *testing.T) {
	store := &memory{}
	office(t, desk.Config{Agents: three(), Store: store}, func(b bench) {
		t, d := b.t, b.desk
		require.ErrorIs(t, d.Choose(t.Context(), "nobody", desk.Ready, ""), desk.ErrNoAgent)
		require.ErrorIs(t, d.Choose(t.Context(), "li", desk.Talking, ""), desk.ErrState)
		store.err = errors.New("the disk is full")
		require.ErrorContains(t, d.Choose(t.Context(), "li", desk.Break, ""), "the disk is full")
	})
}

// Who spoke with the caller last is waited for, and no longer than the rules say.
func TestLastAgentFirst(t *testing.T) {
	c := desk.Config{
		Agents: three(), Customers: known{"138": {LastAgent: "li"}},
		Rules: func(string) desk.Rules { return desk.Rules{LastAgent: 30 * time.Second, MaxWait: 5 * time.Minute} },
	}
	office(t, c, func(b bench) {
		t, d := b.t, b.desk
		d.Present("wang", true)
		time.Sleep(time.Second)
		d.Present("li", true)
		first := wait(t, d, call.Waiting{Call: "1", Skill: "returns", Number: "138"})
		agent, _ := first.got()
		require.Equal(t, "li", agent, "though wang has been idle for longer")
		d.Talking("li", "1")
		first.place.Leave(call.LeftAnswered)
		second := wait(t, d, call.Waiting{Call: "2", Skill: "returns", Number: "138"})
		time.Sleep(29 * time.Second)
		agent, _ = second.got()
		require.Empty(t, agent)
		time.Sleep(2 * time.Second)
		agent, _ = second.got()
		require.Equal(t, "wang", agent)
	})
}

// Others help out after a while; nobody waits longer than the rules allow.
func TestOverflowAndLongestWait(t *testing.T) {
	rules := desk.Rules{MaxWait: time.Minute, Overflow: []desk.Overflow{{After: 20 * time.Second, Team: "back"}}, Teams: map[string]string{"returns": "front"}}
	agents := []desk.Agent{{Name: "li", Skills: []string{"returns"}, Team: "front"}, {Name: "zhao", Skills: []string{"sales"}, Team: "back"}}
	office(t, desk.Config{Agents: agents, Rules: func(string) desk.Rules { return rules }}, func(b bench) {
		t, d := b.t, b.desk
		_, err := d.Enter(t.Context(), call.Waiting{Call: "0", Skill: "returns"})
		require.ErrorIs(t, err, call.ErrNobodyThere)
		d.Present("zhao", true)
		x := wait(t, d, call.Waiting{Call: "1", Skill: "returns"})
		time.Sleep(19 * time.Second)
		agent, _ := x.got()
		require.Empty(t, agent)
		time.Sleep(2 * time.Second)
		agent, _ = x.got()
		require.Equal(t, "zhao", agent)
		y := wait(t, d, call.Waiting{Call: "2", Skill: "returns"})
		time.Sleep(time.Minute)
		_, err = y.got()
		require.ErrorIs(t, err, call.ErrWaitedLong)
		y.place.Leave(call.LeftForChoice)
		time.Sleep(time.Minute)
		again := wait(t, d, call.Waiting{Call: "2", Skill: "returns"})
		assert.Greater(t, time.Since(d.Queue()[1].Since)+time.Since(d.Queue()[0].Since), 2*time.Minute, "he has his place back")
		z := wait(t, d, call.Waiting{Call: "3", Skill: "returns"})
		d.Release("zhao", "1", call.OfferGone)
		synctest.Wait()
		x.place.Leave(call.LeftHungUp)
		agent, _ = again.got()
		assert.Equal(t, "zhao", agent)
		agent, _ = z.got()
		assert.Empty(t, agent)
	})
}

// The last agent who could take a caller goes home: the caller is told soon, but not
// because a browser was loaded again.
func TestDeserted(t *testing.T) {
	office(t, desk.Config{Agents: three(), Rules: func(string) desk.Rules { return desk.Rules{MaxWait: time.Hour} }}, func(b bench) {
		t, d := b.t, b.desk
		d.Present("wang", true)
		require.NoError(t, d.Choose(t.Context(), "wang", desk.Break, "tea"))
		x := wait(t, d, call.Waiting{Call: "1", Skill: "sales"})
		time.Sleep(time.Minute)
		d.Present("wang", false)
		time.Sleep(5 * time.Second)
		d.Present("wang", true)
		time.Sleep(time.Minute)
		_, err := x.got()
		require.NoError(t, err)
		d.Present("wang", false)
		time.Sleep(20 * time.Second)
		_, err = x.got()
		require.ErrorIs(t, err, call.ErrNobodyThere)
	})
}

// What callers are told is in their language, at most every half minute, and reckons
// with the conversations of the day.
func TestAnnouncements(t *testing.T) {
	rules := desk.Rules{MaxWait: time.Hour, CallbackAfter: 20 * time.Second, Talk: 4 * time.Minute}
	office(t, desk.Config{Agents: three()[1:2], Rules: func(string) desk.Rules { return rules }}, func(b bench) {
		t, d := b.t, b.desk
		d.Present("wang", true)
		_, found := d.ReserveAgent("0", "wang")
		require.True(t, found)
		d.Talking("wang", "0")
		first := wait(t, d, call.Waiting{Call: "1", Skill: "sales", Language: "zh"}).place
		second := wait(t, d, call.Waiting{Call: "2", Skill: "sales", Language: "en"}).place
		text, again := first.Announcement()
		assert.Empty(t, text)
		assert.Equal(t, 5*time.Second, again)
		time.Sleep(6 * time.Second)
		text, _ = first.Announcement()
		assert.Equal(t, "下一位就是您。大约还要等4分钟。", text)
		text, _ = second.Announcement()
		assert.Equal(t, "There is one caller ahead of you. The wait is about 8 minutes.", text)
		text, again = second.Announcement()
		assert.Empty(t, text)
		assert.Equal(t, 30*time.Second, again)
		time.Sleep(30 * time.Second)
		text, _ = second.Announcement()
		assert.Contains(t, text, "Thank you for waiting.")
		assert.Contains(t, text, "press 2")
		for range 30 { // today all is quick
			d.Release("wang", "0", call.OfferTaken)
			_, _ = d.ReserveAgent("0", "wang")
			d.Talking("wang", "0")
			time.Sleep(30 * time.Second)
		}
	})
}

func TestShut(t *testing.T) {
	office(t, desk.Config{Agents: three(), Open: func(line, _ string, _ time.Time) bool { return line != "night" }}, func(b bench) {
		t, d := b.t, b.desk
		d.Present("wang", true)
		_, err := d.Enter(t.Context(), call.Waiting{Call: "1", Line: "night", Skill: "sales"})
		require.ErrorIs(t, err, call.ErrQueueShut)
	})
}

func TestStateChangesArePublished(t *testing.T) {
	var bus event.Bus
	sub := bus.Subscribe("agent.state")
	office(t, desk.Config{Agents: three()[:1], Bus: &bus}, func(b bench) {
		t, d := b.t, b.desk
		d.Present("li", true)
		d.Present("li", true) // a second contact changes nothing
		_, found := d.Reserve("1", "")
		require.True(t, found)
		d.Talking("li", "1")
		time.Sleep(time.Second)
		d.Release("li", "1", call.OfferTaken)
		time.Sleep(30 * time.Second)
		require.NoError(t, d.Choose(t.Context(), "li", desk.Break, "tea"))
		d.Present("li", false)
	})
	sub.Close()
	var got []desk.State
	for e := range sub.C() {
		got = append(got, e.Data.(desk.Status).State)
	}
	want := []desk.State{desk.Ready, desk.Ringing, desk.Talking, desk.WrapUp, desk.Ready, desk.Break, desk.Offline}
	if !slices.Equal(got, want) {
		t.Errorf("states = %v, want %v", got, want)
	}
}

// Who is written down while the server runs comes to the desk with his telephone; who is
// taken out is rung no more, and has his call to its end.
func TestAgentsComeAndGoWithoutARestart(t *testing.T) {
	rules := desk.Rules{MaxWait: time.Hour, Overflow: []desk.Overflow{{Team: "back"}}}
	office(t, desk.Config{Agents: three(), Rules: func(string) desk.Rules { return rules }}, func(b bench) {
		t, d := b.t, b.desk
		d.Present("wang", true)
		_, found := d.ReserveAgent("1", "wang")
		require.True(t, found)
		d.Talking("wang", "1")
		d.Renew([]desk.Agent{{Name: "li", Skills: []string{"returns"}}, {Name: "new", Skills: []string{"sales"}}})
		assert.Equal(t, map[string]desk.State{"li": desk.Offline, "wang": desk.Talking, "new": desk.Offline}, states(d))
		d.Present("new", true)
		agent, err := wait(t, d, call.Waiting{Call: "2", Skill: "sales"}).got()
		require.NoError(t, err)
		assert.Equal(t, "new", agent)
		d.Release("wang", "1", call.OfferTaken)
		agent, _ = wait(t, d, call.Waiting{Call: "3", Skill: "returns"}).got()
		assert.Empty(t, agent)
		d.Renew([]desk.Agent{{Name: "li", Skills: []string{"returns"}}, {Name: "new", Skills: []string{"sales"}}})
		assert.NotContains(t, states(d), "wang")
	})
}
