package business_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/business"
	"hotline/internal/testdata"
)

// What the owner changes counts within an interval; a mistake is told with its place
// and changes nothing.
func TestABusinessIsFollowed(t *testing.T) {
	const task = "title: 退货\nsteps: [{say: 好的。}, {end: done}]\n"
	dir := folder(t, map[string]string{business.File: small, "knowledge/q.csv": questions, "flows/back.yaml": task})
	b, report := business.Load(dir)
	require.NoError(t, report.Err())
	var log testdata.Log
	taken := make(chan *business.Business, 10)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		business.Follow(ctx, b, 30*time.Millisecond, slog.New(slog.NewTextHandler(&log, nil)), func(_ context.Context, b *business.Business) error {
			taken <- b
			return nil
		})
	}()
	defer func() { cancel(); <-done }()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	next := func() *business.Business {
		select {
		case b := <-taken:
			return b
		case <-time.After(30 * time.Second):
			t.Fatal("nothing was taken: " + log.String())
			return nil
		}
	}

	// The first look may be later than this write, so it is made until it is seen.
	for n := 0; ; n++ {
		write("flows/more.yaml", strings.Replace(task, "退货", strings.Repeat("换", n+1), 1))
		select {
		case b = <-taken:
		case <-time.After(300 * time.Millisecond):
			require.Less(t, n, 100)
			continue
		}
		break
	}
	assert.ElementsMatch(t, []string{"back", "more"}, b.Flows.Names())
	for len(taken) > 0 {
		<-taken
	}

	write("flows/more.yaml", "title: 换货\nsteps: [{sy: 好的。}]\n")
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "file=flows/more.yaml line=2") }, 30*time.Second, 10*time.Millisecond)
	assert.Empty(t, taken)

	write("knowledge/extra.csv", "no knowledge at all")
	write("moderation/insults.txt", "老古董\n")
	write("flows/more.yaml", task)
	assert.Len(t, next().Flows.Names(), 2, "a row of knowledge is its keeper's business")
}

// A business that had a mistake at the start counts whole as soon as it is mended.
func TestAMistakeOfTheStartIsMended(t *testing.T) {
	dir := folder(t, map[string]string{business.File: small, "knowledge/q.csv": questions, "flows/back.yaml": "title: 退货\nsteps: [{sy: 好的。}]\n"})
	b, report := business.Load(dir)
	require.Error(t, report.Err())
	require.Empty(t, b.Flows.Names())
	taken := make(chan *business.Business, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		business.Follow(ctx, b, 30*time.Millisecond, slog.New(slog.DiscardHandler), func(_ context.Context, b *business.Business) error {
			taken <- b
			cancel()
			return nil
		})
	}()
	// The first look may be later than this write, so it is made until it is seen.
	for n := 1; ctx.Err() == nil; n++ {
		mended := "title: " + strings.Repeat("退", n) + "\nsteps: [{say: 好的。}, {end: done}]\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, "flows/back.yaml"), []byte(mended), 0o600))
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
	<-done
	require.Len(t, taken, 1)
	assert.Equal(t, []string{"back"}, (<-taken).Flows.Names())
}
