package quality_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/quality"
)

// calls is a store with calls, and what is drawn of them.
type calls struct {
	quality.Store

	mu    sync.Mutex
	list  []call.Record
	drawn map[string]quality.Assessment // by call
	reads int
	fails bool
}

func (s *calls) QualityCandidates(_ context.Context, from, to time.Time) (out []quality.Candidate, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads++; s.fails {
		return nil, errors.New("the database is away")
	}
	for _, r := range s.list {
		if !r.EndedAt.Before(from) && r.EndedAt.Before(to) {
			out = append(out, quality.Candidate{Call: r.ID, Agent: r.Agent, Line: r.Line, Lasted: r.EndedAt.Sub(r.AnsweredAt)})
		}
	}
	return out, nil
}

func (s *calls) AddAssessment(_ context.Context, a quality.Assessment) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.drawn[a.Call]; there {
		return false, nil
	}
	s.drawn[a.Call] = a
	return true, nil
}

// all are those that were drawn until now.
func (s *calls) all() map[string]quality.Assessment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.drawn)
}

func (s *calls) AssessmentOf(_ context.Context, call, _ string) (quality.Assessment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drawn[call], nil
}

func (s *calls) Sampled(_ context.Context, week string) (map[string]int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := map[string]int{}
	for _, a := range s.drawn {
		if a.Week == week && a.Source == "sample" {
			n[a.Subject]++
		}
	}
	return n, nil
}

func (s *calls) Call(_ context.Context, id string) (call.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.list {
		if r.ID == id {
			return r, nil
		}
	}
	return call.Record{}, errors.New("no such call")
}

func (*calls) Turns(context.Context, string) ([]call.TurnRecord, error) { return nil, nil }
func (*calls) Events(context.Context, string) ([]call.Event, error)     { return nil, nil }

// weeks are those of what was drawn, by subject.
func (s *calls) weeks() map[string][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string][]string{}
	for _, a := range s.drawn {
		out[a.Subject] = append(out[a.Subject], a.Week)
	}
	for _, w := range out {
		slices.Sort(w)
	}
	return out
}

// By itself the sample of a week is drawn once the week is over: for each agent as many as
// the sheet wants, of calls that lasted, and not again.
func TestTheSampleIsDrawnEachWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The bubble's clock begins at 2000-01-01, a Saturday of the week 1999-W52.
		begin := time.Now()
		db := &calls{drawn: map[string]quality.Assessment{}}
		add := func(day, n int, agent string, lasted time.Duration) {
			for i := range n {
				at := begin.AddDate(0, 0, day).Add(time.Duration(10+i) * time.Minute)
				db.list = append(db.list, call.Record{
					ID: fmt.Sprintf("%s-%d-%d-%s", agent, day, i, lasted), Line: "main", Agent: agent, StartedAt: at, AnsweredAt: at, EndedAt: at.Add(lasted), Outcome: call.Transferred,
				})
			}
		}
		for day := range 21 {
			add(day, 5, "li", 5*time.Minute)
			add(day, 5, "li", time.Second)
			add(day, 3, "wang", 5*time.Minute)
		}
		sheets := quality.Default("zh")
		sheets.Sample = quality.Sample{PerAgent: 4, Bot: 2, Least: 30 * time.Second, Seed: 7}
		reviews := quality.New(quality.Config{Store: db, Home: func(string) (quality.Home, bool) {
			return quality.Home{Sheets: sheets, Location: time.UTC}, true
		}})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { reviews.Run(ctx) })
		defer wg.Wait()
		defer cancel()

		time.Sleep(24 * time.Hour) // Sunday: the week is not over, and the one before had no calls
		synctest.Wait()
		assert.Empty(t, db.weeks())
		db.mu.Lock()
		db.fails = true
		db.mu.Unlock()
		time.Sleep(25 * time.Hour) // Monday: the week is over, but the database is away
		synctest.Wait()
		assert.Empty(t, db.weeks())
		db.mu.Lock()
		db.fails = false
		db.mu.Unlock()
		time.Sleep(time.Hour)
		synctest.Wait()
		one := []string{"1999-W52", "1999-W52", "1999-W52", "1999-W52"}
		assert.Equal(t, map[string][]string{"li": one, "wang": one}, db.weeks(), "it is tried again")
		for _, a := range db.all() {
			r, err := db.Call(ctx, a.Call)
			require.NoError(t, err)
			assert.Equal(t, 5*time.Minute, r.EndedAt.Sub(r.AnsweredAt), "none that were over at once")
			assert.Equal(t, quality.Waiting, a.State)
		}
		time.Sleep(6 * 24 * time.Hour)
		synctest.Wait()
		assert.Len(t, db.all(), 8, "nothing is drawn twice")
		time.Sleep(2 * 24 * time.Hour)
		synctest.Wait()
		assert.Len(t, db.all(), 16, "the week after has a sample of its own")
	})
}
