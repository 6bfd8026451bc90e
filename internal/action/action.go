// Package action does what tasks want from outside the dialogue: it asks other
// systems by HTTP, takes bookings, and delivers short messages.
//
// # Concepts
//
// [Actions] is what a dialogue engine takes as its Effects. [Web] asks one system,
// with retries and, for each host, a circuit breaker, so that callers do not each
// wait for a system that is down. [Bookings] counts places; the store keeps them,
// [Memory] forgets them. An [Outbox] hands messages to a [Gateway], a file until one
// is set up.
//
// # Concurrency
//
// Everything here is safe for concurrent use and blocks until done or ctx ends.
// Outbox.Run is the only thing that lives long; whoever starts it waits for it.
package action

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"hotline/dialog/flow"
)

// Bookings counts places that callers have taken.
type Bookings interface {
	// Take takes one of places of key; false says that none is left. fields are kept
	// with it and are personal data.
	Take(ctx context.Context, key string, places int, fields map[string]string) (bool, error)
}

// Actions does what flows want. It implements engine.Effects.
type Actions struct {
	Web      *Web
	Bookings Bookings
}

// Do implements engine.Effects.
func (a *Actions) Do(ctx context.Context, q flow.Request) flow.Response {
	switch {
	case q.HTTP != nil && a.Web != nil:
		rows, err := a.Web.Ask(ctx, *q.HTTP)
		return flow.Response{Rows: rows, Err: err}
	case q.Book != nil && a.Bookings != nil:
		rows, err := a.book(ctx, *q.Book)
		return flow.Response{Rows: rows, Err: err}
	}
	return flow.Response{Err: errors.New("nothing is set up for what the task wants")}
}

// book takes a place of the first row that has one.
func (a *Actions) book(ctx context.Context, q flow.BookRequest) ([]flow.Row, error) {
	for i, row := range q.Rows {
		if q.Places[i] <= 0 {
			continue
		}
		ok, err := a.Bookings.Take(ctx, placeKey(q, row), q.Places[i], q.Fields)
		if err != nil {
			return nil, fmt.Errorf("booking in table %s: %w", q.Table, err)
		}
		if ok {
			return []flow.Row{row}, nil
		}
	}
	return nil, nil
}

// placeKey names a row of a table by what stands in it, but for how many places it
// has, so that the owner may change that.
func placeKey(q flow.BookRequest, row flow.Row) string {
	var b strings.Builder
	b.WriteString(q.Table + "\x00" + q.Per)
	for _, column := range slices.Sorted(maps.Keys(row)) {
		if column != q.Count {
			b.WriteString("\x00" + column + "\x01" + row[column])
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:16])
}

// Memory is Bookings that last as long as the process: for trying things out.
type Memory struct {
	mu    sync.Mutex
	taken map[string]int
}

// Take implements Bookings.
func (m *Memory) Take(_ context.Context, key string, places int, _ map[string]string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.taken[key] >= places {
		return false, nil
	}
	if m.taken == nil {
		m.taken = map[string]int{}
	}
	m.taken[key]++
	return true, nil
}
