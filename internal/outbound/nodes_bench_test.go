package outbound_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
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
	"hotline/internal/seal"
	"hotline/internal/store"
	"hotline/internal/store/storetest"
)

// lasting is telephones whose calls last as long as those of the simulated network do.
type lasting struct {
	mu   sync.Mutex
	open map[bool]int // of those who talk, and of the others
	at   []time.Time
}

// charged is a node's way to them, by the ledger of calls out.
type charged struct {
	*lasting
	ledger *store.Store
}

// Dial implements campaigns.Dialer.
func (c charged) Dial(ctx context.Context, d campaigns.Dial) (campaigns.Result, error) {
	at := time.Now().Truncate(time.Minute)
	over, err := c.ledger.Charge(ctx, []store.Charge{
		{Account: "calls_per_minute", Since: at, Until: at.Add(time.Minute), Amount: 1, Limit: 10_000},
		{Account: "same_number", Subject: d.To, Since: at, Until: at.Add(time.Hour), Amount: 1, Limit: 10},
	})
	if err != nil || over >= 0 {
		return campaigns.Result{Outcome: campaigns.NotPlaced}, err
	}
	return c.lasting.Dial(ctx, d)
}

// Dial implements campaigns.Dialer.
func (l *lasting) Dial(ctx context.Context, d campaigns.Dial) (campaigns.Result, error) {
	talks := strings.HasPrefix(d.To, "+86138")
	lot := time.Duration(d.To[len(d.To)-1]-'0') * 100 * time.Millisecond
	last, r := lot, campaigns.Result{Outcome: campaigns.Busy, Status: 486}
	if talks {
		last, r = 17*time.Second+4*lot, campaigns.Result{Outcome: campaigns.Person, Answered: true, Seconds: 18}
	}
	l.count(talks, 1)
	defer l.count(talks, -1)
	select {
	case <-time.After(last):
	case <-ctx.Done():
	}
	return r, nil
}

func (l *lasting) count(talks bool, by int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[talks] += by
	if by > 0 {
		l.at = append(l.at, time.Now())
	}
}

// BenchmarkNodes has two nodes on one PostgreSQL dial as `-scenario campaign_nodes` does, without
// telephones: how many calls they begin and have at once, and how often a transaction was in
// another one's way. It takes three quarters of a minute, whatever -benchtime is.
func BenchmarkNodes(b *testing.B) {
	server, err := storetest.Start(b.Context())
	if errors.Is(err, storetest.ErrMissing) {
		b.Skip(err)
	}
	require.NoError(b, err)
	defer func() { assert.NoError(b, server.Stop()) }()
	url, err := server.Database(b.Context())
	require.NoError(b, err)
	sealer, _, err := seal.LoadOrCreate(filepath.Join(b.TempDir(), "master.key"))
	require.NoError(b, err)
	plan, err := number.For("CN")
	require.NoError(b, err)
	zone := time.FixedZone("noon", 0)
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, zone)
	began := time.Now()
	now := func() time.Time { return noon.Add(time.Since(began)) }
	phones := &lasting{open: map[bool]int{}}
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	for i, node := range []string{"one", "two"} {
		s, err := store.Open(b.Context(), store.Config{URL: url, Sealer: sealer, Node: node, Now: now, Settled: outbound.Settled})
		require.NoError(b, err)
		b.Cleanup(func() { assert.NoError(b, s.Close()) })
		if i == 0 {
			for id, c := range map[string]campaigns.Campaign{
				"talks": {Concurrency: 100, PerSecond: 10}, "brief": {Concurrency: 40, PerSecond: 15},
			} {
				some := notice()
				some.ID, some.Line, some.Mode, some.Order, some.Attempts, some.Concurrency, some.PerSecond = id, "main", campaigns.Agentless, campaigns.AsListed, 1, c.Concurrency, c.PerSecond
				_, err := s.AddCampaign(b.Context(), some)
				require.NoError(b, err)
				var list []campaigns.Contact
				for n := range 2000 {
					number := numberOf(n)
					if id == "brief" {
						number = strings.Replace(number, "138", "139", 1)
					}
					list = append(list, campaigns.Contact{Number: number, Zone: "Etc/GMT"})
				}
				_, err = s.AddContacts(b.Context(), id, list)
				require.NoError(b, err)
				_, err = s.SetState(b.Context(), id, campaigns.Running, campaigns.Draft)
				require.NoError(b, err)
			}
		}
		q, err := jobs.Open(ctx, jobs.Config{Database: url, Workers: 200})
		require.NoError(b, err)
		r := campaigns.NewRunner(campaigns.RunnerConfig{
			Node: node, Store: s, Queue: q, Dialer: charged{phones, s}, Now: now, NewCall: func() string { return ulid.Make().String() },
			Rules: campaigns.NewRules(campaigns.RulesConfig{Numbers: plan, Zone: "Etc/GMT"}),
		})
		wg.Go(func() {
			assert.NoError(b, r.Run(ctx))
			assert.NoError(b, q.Close())
		})
	}
	const ramp, hold = 25 * time.Second, 20 * time.Second
	time.Sleep(ramp)
	failed := rollbacks(b, url)
	var talking, brief []int
	from := time.Now()
	for time.Since(from) < hold {
		time.Sleep(100 * time.Millisecond)
		phones.mu.Lock()
		talking, brief = append(talking, phones.open[true]), append(brief, phones.open[false])
		phones.mu.Unlock()
	}
	to := time.Now()
	n := 0
	phones.mu.Lock()
	for _, at := range phones.at {
		if at.After(from) && at.Before(to) {
			n++
		}
	}
	phones.mu.Unlock()
	slices.Sort(talking)
	slices.Sort(brief)
	b.ReportMetric(float64(n)/to.Sub(from).Seconds(), "begun/s")
	b.ReportMetric(float64(talking[len(talking)/2]), "talking")
	b.ReportMetric(float64(brief[len(brief)/2]), "brief")
	b.ReportMetric(float64(rollbacks(b, url)-failed)/to.Sub(from).Seconds(), "rollbacks/s")
}

// rollbacks are the transactions of a database that did not come to be.
func rollbacks(tb testing.TB, url string) (n int64) {
	tb.Helper()
	db, err := sql.Open("pgx", url)
	require.NoError(tb, err)
	defer func() { assert.NoError(tb, db.Close()) }()
	require.NoError(tb, db.QueryRowContext(tb.Context(), `SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()`).Scan(&n))
	return n
}
