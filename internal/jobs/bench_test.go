package jobs_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/jobs"
)

// BenchmarkEnqueue queues as many attempts at once as a look of twenty calls a second does.
func BenchmarkEnqueue(b *testing.B) {
	q, err := jobs.Open(b.Context(), jobs.Config{File: filepath.Join(b.TempDir(), "jobs.db")})
	require.NoError(b, err)
	defer func() { require.NoError(b, q.Close()) }()
	used := func() time.Duration {
		var u syscall.Rusage
		require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	contact, before := int64(0), used()
	for b.Loop() {
		list := make([]campaigns.Job, 20)
		for i := range list {
			contact++
			list[i] = campaigns.Job{Campaign: "01jd0000000000000000000000", Contact: contact, Number: 1, Minute: 29000000}
		}
		require.NoError(b, q.Enqueue(b.Context(), list))
	}
	b.ReportMetric(float64((used()-before).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
}
