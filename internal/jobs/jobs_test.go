package jobs_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/jobs"
	"hotline/internal/store/storetest"
)

// Each job is worked on once, by one of the nodes; one that is queued already is left out;
// the end waits for what is being done.
func TestQueue(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		testQueue(t, 1, jobs.Config{File: filepath.Join(t.TempDir(), "jobs.db")})
	})
	t.Run("postgres", func(t *testing.T) {
		server, err := storetest.Start(t.Context())
		if errors.Is(err, storetest.ErrMissing) && os.Getenv("CI") == "" {
			t.Skip("MISSING-DATA: " + err.Error())
		}
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, server.Stop()) })
		url, err := server.Database(t.Context())
		require.NoError(t, err)
		testQueue(t, 2, jobs.Config{Database: url})
	})
}

func testQueue(t *testing.T, nodes int, cfg jobs.Config) {
	t.Helper()
	cfg.Workers, cfg.Poll = 4, 20*time.Millisecond
	var mu sync.Mutex
	did := map[campaigns.Job]int{}
	begun := make(chan struct{}, 100)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var first *jobs.Queue
	for range nodes {
		q, err := jobs.Open(t.Context(), cfg)
		require.NoError(t, err)
		if first == nil {
			first = q
		}
		wg.Go(func() {
			assert.NoError(t, q.Run(ctx, func(ctx context.Context, j campaigns.Job) {
				begun <- struct{}{}
				time.Sleep(50 * time.Millisecond)
				assert.NoError(t, ctx.Err(), "what is begun is done")
				mu.Lock()
				defer mu.Unlock()
				did[j]++
			}))
			assert.NoError(t, q.Close())
		})
	}
	var list []campaigns.Job
	for i := range int64(20) {
		list = append(list, campaigns.Job{Campaign: "c", Contact: i, Number: 1, Minute: 7})
	}
	require.NoError(t, first.Enqueue(t.Context(), list))
	require.NoError(t, first.Enqueue(t.Context(), list[18:]))
	for range list {
		select {
		case <-begun:
		case <-time.After(time.Minute):
			t.Error("a job is not worked on")
		}
	}
	stop()
	wg.Wait()
	require.Len(t, did, len(list))
	for j, n := range did {
		assert.Equal(t, 1, n, "%+v", j)
	}
}
