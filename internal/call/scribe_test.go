package call

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/event"
)

// stalling is a journal whose disk fails for a while; like the database it keeps
// nothing of a call that it does not know.
type stalling struct {
	until time.Time
	slow  bool // it answers nothing meanwhile, instead of an error
	begun bool
	kept  []string
}

func (j *stalling) write(ctx context.Context, what string) error {
	if d := time.Until(j.until); d > 0 {
		if !j.slow {
			return errors.New("the disk fails")
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(d):
		}
	}
	if what == "begin" || what == "end" {
		j.begun = true
	} else if !j.begun {
		return errors.New("no such call")
	}
	j.kept = append(j.kept, what)
	return nil
}

func (j *stalling) Begin(ctx context.Context, _ Record) error       { return j.write(ctx, "begin") }
func (j *stalling) Update(ctx context.Context, _ Record) error      { return j.write(ctx, "update") }
func (j *stalling) AddTurn(ctx context.Context, _ TurnRecord) error { return j.write(ctx, "turn") }
func (j *stalling) AddEvents(ctx context.Context, _ string, _ []Event) error {
	return j.write(ctx, "event")
}
func (j *stalling) End(ctx context.Context, _ Record) error { return j.write(ctx, "end") }

// A disk that stalls, for a minute and a half even, costs nothing of the record; one
// that fails costs what was to be written meanwhile, which is told.
func TestRecordSurvivesAStall(t *testing.T) {
	whole := []string{"begin", "event", "turn", "end"}
	for _, tt := range []struct {
		stall time.Duration
		slow  bool
		kept  []string
		told  int
	}{
		{0, false, whole, 0},
		{10 * time.Second, false, whole, 0},
		{20 * time.Second, true, whole, 0},
		{90 * time.Second, true, whole, 0},
		{18 * time.Second, false, []string{"end"}, 1},
		{time.Hour, false, nil, 2},
		{time.Hour, true, nil, 2},
	} {
		t.Run(fmt.Sprintf("%v slow=%t", tt.stall, tt.slow), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := &stalling{until: time.Now().Add(tt.stall), slow: tt.slow}
				var log bytes.Buffer
				s := newScribe(Services{Journal: j, Bus: &event.Bus{}, Log: slog.New(slog.NewTextHandler(&log, nil))}, "x")
				written := make(chan struct{})
				s.begin(Record{ID: "x"}, written)
				s.event(Event{})
				s.turn(TurnRecord{})
				s.end(Record{ID: "x"})
				close(s.queue)
				began := time.Now()
				s.run(t.Context())
				<-written
				require.Less(t, time.Since(began), 5*time.Minute)
				time.Sleep(2 * lossesEvery)
				synctest.Wait()
				require.Equal(t, tt.kept, j.kept)
				require.Equal(t, tt.told > 0, strings.Contains(log.String(), "lost="))
				require.LessOrEqual(t, strings.Count(log.String(), "\n"), tt.told+1)
			})
		})
	}
}

// A disk that fails for good is told of once in a while, whatever the number of calls.
func TestLossesAreToldTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		m := NewManager(Services{Log: slog.New(slog.NewTextHandler(&log, nil))}, nil, 0)
		l := m.services.losses
		require.Zero(t, m.EntriesLost())
		for range 600 {
			l.add("x", errFailing)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(2 * lossesEvery)
		synctest.Wait()
		lines := strings.Count(log.String(), "\n")
		require.LessOrEqual(t, lines, 8)
		sum := 0
		for line := range strings.Lines(log.String()) {
			var n int
			_, rest, _ := strings.Cut(line, "lost=")
			_, err := fmt.Sscan(rest, &n)
			require.NoError(t, err)
			sum += n
		}
		require.Equal(t, 600, sum)
		require.EqualValues(t, 600, m.EntriesLost(), "what an operator's alarm sees")
	})
}

// A server that ends waits seconds for a disk that fails, not minutes for each entry.
func TestPatienceEndsWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &stalling{until: time.Now().Add(time.Hour), slow: true}
		closing := make(chan struct{})
		close(closing)
		log := slog.New(slog.DiscardHandler)
		s := newScribe(Services{Journal: j, Bus: &event.Bus{}, Log: log, losses: &losses{log: log, closing: closing}}, "x")
		s.begin(Record{ID: "x"}, nil)
		for range scribeQueue {
			s.turn(TurnRecord{})
		}
		s.end(Record{ID: "x"})
		close(s.queue)
		began := time.Now()
		s.run(t.Context())
		require.Less(t, time.Since(began), time.Minute)
		time.Sleep(2 * lossesEvery)
	})
}
