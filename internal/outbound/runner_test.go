package outbound_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/jobs"
	"hotline/internal/number"
	"hotline/internal/outbound"
	"hotline/internal/outbound/outboundtest"
	"hotline/internal/seal"
	"hotline/internal/store"
)

// network is the telephones of a test: what each number does each time that it rings.
type network struct {
	mu   sync.Mutex
	rung map[string]int
	does func(number string, time int) campaigns.Result
	key  string // against more calls, that the last one offered
}

// Dial implements campaigns.Dialer.
func (n *network) Dial(ctx context.Context, d campaigns.Dial) (campaigns.Result, error) {
	n.mu.Lock()
	n.rung[d.To]++
	n.key = d.OptOut
	r := n.does(d.To, n.rung[d.To])
	n.mu.Unlock()
	select {
	case <-time.After(5 * time.Millisecond):
	case <-ctx.Done():
	}
	return r, nil
}

// calendar runs fast: only waiting between attempts is made short, no call is.
type calendar struct {
	began, shows time.Time
	speed        int64
}

func (c calendar) now() time.Time {
	return c.shows.Add(time.Duration(int64(time.Since(c.began)) * c.speed))
}

func numberOf(i int) string { return fmt.Sprintf("+86138%08d", i) }

// severalNodes have one database, and a clock that begins at ten o'clock in Shanghai and
// goes so many times as fast as ours.
func severalNodes(t *testing.T, speed int64) (clock calendar, open func(node string) *store.Store, plan number.Plan) {
	t.Helper()
	dir := t.TempDir()
	sealer, _, err := seal.LoadOrCreate(filepath.Join(dir, "master.key"))
	require.NoError(t, err)
	zone, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	clock = calendar{time.Now(), time.Date(2026, 11, 23, 10, 0, 0, 0, zone), speed}
	plan, err = number.For("CN")
	require.NoError(t, err)
	return clock, func(node string) *store.Store {
		s, err := store.Open(t.Context(), store.Config{URL: filepath.Join(dir, "hotline.db"), Sealer: sealer, Node: node, Now: clock.now, Settled: outbound.Settled})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		return s
	}, plan
}

// A campaign comes to its end over two nodes, of which one dies in the middle with its
// calls in progress; the log of attempts breaks none of the rules.
func TestCampaignOverNodesThatDie(t *testing.T) {
	clock, db, plan := severalNodes(t, 1200)
	dir := t.TempDir() // of the jobs
	first := db("one")
	rules := campaigns.NewRules(campaigns.RulesConfig{Numbers: plan, Zone: "Asia/Shanghai"})
	c := notice()
	c.Line, c.Mode, c.Concurrency, c.PerSecond, c.Attempts = "main", campaigns.Agentless, 8, 100, 3
	c.OptOut = "9"
	c.Retry = map[campaigns.Outcome]campaigns.Retry{
		campaigns.Busy: {After: time.Hour, Times: 2}, campaigns.NoAnswer: {After: 2 * time.Hour, Times: 2}, campaigns.Interrupted: {After: time.Hour, Times: 2}, campaigns.Failed: {After: time.Hour, Times: 1},
	}
	c, err := first.AddCampaign(t.Context(), c)
	require.NoError(t, err)
	const all = 120
	var list []campaigns.Contact
	for i := range all {
		list = append(list, campaigns.Contact{Number: numberOf(i)})
	}
	_, err = first.AddContacts(t.Context(), c.ID, list)
	require.NoError(t, err)
	suppressed := map[string]time.Time{numberOf(7): clock.now()}
	require.NoError(t, first.Suppress(t.Context(), []campaigns.Suppression{{Number: numberOf(7), List: "own", How: "list", At: suppressed[numberOf(7)]}}))
	_, err = first.SetState(t.Context(), c.ID, campaigns.Running, campaigns.Draft)
	require.NoError(t, err)

	phones := &network{rung: map[string]int{}, does: func(number string, n int) campaigns.Result {
		switch number[len(number)-1] {
		case '0', '1', '2':
			if n == 1 {
				return campaigns.Result{Outcome: campaigns.Busy, Status: 486}
			}
			return campaigns.Result{Outcome: campaigns.Person, Answered: true, Seconds: 20}
		case '3', '4':
			return campaigns.Result{Outcome: campaigns.NoAnswer}
		case '5':
			return campaigns.Result{Outcome: campaigns.Person, Answered: true, Refused: true}
		case '6':
			return campaigns.Result{Outcome: campaigns.Failed, Status: 404}
		default:
			return campaigns.Result{Outcome: campaigns.Person, Answered: true, Slots: map[string]string{"when": "morning"}}
		}
	}}
	start := func(ctx context.Context, node string, s *store.Store, dialer campaigns.Dialer) <-chan error {
		q, err := jobs.Open(ctx, jobs.Config{File: filepath.Join(dir, node+"-jobs.db"), Workers: 20, Poll: 20 * time.Millisecond})
		require.NoError(t, err)
		r := campaigns.NewRunner(campaigns.RunnerConfig{
			Node: node, Store: s, Rules: rules, Dialer: dialer, Queue: q, NewCall: func() string { return ulid.Make().String() },
			Now: clock.now, Tick: 50 * time.Millisecond, Silent: 3 * time.Second, Log: slog.New(slog.DiscardHandler),
		})
		done := make(chan error, 1)
		go func() {
			err := r.Run(ctx)
			assert.NoError(t, q.Close())
			done <- err
		}()
		return done
	}
	// The second node hangs with its calls, as one that was killed would: nothing that it
	// has claimed is ever settled by it.
	dying, die := context.WithCancel(t.Context())
	stuck := make(chan struct{})
	hung := start(dying, "two", db("two"), hanging{stuck})
	require.Eventually(t, func() bool { n, err := first.Busy(t.Context(), c.ID); return err == nil && n >= 4 }, time.Minute, 10*time.Millisecond)
	die()
	ctx, stop := context.WithCancel(t.Context())
	done := start(ctx, "one", first, phones)
	over := assert.Eventually(t, func() bool {
		c, err := first.Campaign(t.Context(), c.ID)
		return err == nil && c.State == campaigns.Done
	}, 4*time.Minute, 50*time.Millisecond, "the campaign ends")
	close(stuck)
	stop()
	require.NoError(t, <-done)
	require.NoError(t, <-hung)
	require.True(t, over)

	contacts, err := first.Contacts(t.Context(), store.ContactFilter{Campaign: c.ID, Limit: 1000})
	require.NoError(t, err)
	attempts, err := first.CampaignAttempts(t.Context(), c.ID, 0, 10000)
	require.NoError(t, err)
	gap := map[string]time.Duration{}
	for o, r := range c.Retry {
		gap[string(o)] = r.After
	}
	log := outboundtest.Log{
		Zone: "Asia/Shanghai", PerDay: 3, PerWeek: 7,
		Rules: map[string]outboundtest.Rules{c.ID: {Attempts: 3, Gap: gap, From: 9 * 60, To: 20 * 60, AtOnce: 8}},
	}
	suppressions := []campaigns.Suppression{{Number: numberOf(7), At: suppressed[numberOf(7)]}}
	for i := range all {
		some, err := first.SuppressionsOf(t.Context(), numberOf(i))
		require.NoError(t, err)
		suppressions = append(suppressions, some...)
	}
	require.NoError(t, log.Read(contacts, attempts, suppressions, nil, nil))
	require.Empty(t, outboundtest.Check(log))
	for number, n := range phones.rung {
		made := 0
		for _, k := range contacts {
			if k.Number == number {
				made = k.Made
			}
		}
		assert.LessOrEqual(t, n, made, "%s rang more often than it was called", number)
	}
	assert.Equal(t, "9", phones.key, "the key against more calls is offered")
	told, err := first.Deliveries(t.Context(), store.DeliveryWaiting, 1000)
	require.NoError(t, err)
	require.Len(t, told, len(attempts), "another system is told of each")
	assert.Equal(t, "campaign.settled", told[0].Kind)
	assert.Contains(t, told[0].Body, `"outcome":"`)
	interrupted := 0
	for _, a := range attempts {
		if a.Outcome == campaigns.Interrupted {
			interrupted++
		}
	}
	assert.GreaterOrEqual(t, interrupted, 4, "what the dead node had in progress is settled")
	refused, err := first.SuppressionsOf(t.Context(), numberOf(5))
	require.NoError(t, err)
	assert.Len(t, refused, 1, "who said no is suppressed")
	counts, err := first.Counts(t.Context(), c.ID)
	require.NoError(t, err)
	assert.Equal(t, 1, counts.States[string(campaigns.Suppressed)]-counts.Refused, "%v", counts)
	why, err := first.RefusalCounts(t.Context(), c.ID)
	require.NoError(t, err)
	assert.Equal(t, 1, why[string(campaigns.RefusedOwnList)])
}

// hanging is a dialer whose calls never end until the test does.
type hanging struct{ until chan struct{} }

// Dial implements campaigns.Dialer.
func (h hanging) Dial(context.Context, campaigns.Dial) (campaigns.Result, error) {
	<-h.until
	return campaigns.Result{Outcome: campaigns.Person}, nil
}
