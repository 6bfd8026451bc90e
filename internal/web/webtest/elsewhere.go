package webtest

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"hotline/internal/alert"
	"hotline/internal/call"
	"hotline/internal/desk"
	"hotline/internal/event"
	"hotline/internal/store"
	"hotline/internal/web"
)

// Elsewhere is another server on the database, "west", once it has been begun.
type Elsewhere struct {
	mu    sync.Mutex
	nodes []web.Node // guarded by mu
}

// Nodes implements web.Elsewhere.
func (e *Elsewhere) Nodes() []web.Node {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.nodes
}

// Begin has the other server answer a call, keep a caller waiting and raise an alert.
func (e *Elsewhere) Begin(ctx context.Context, s *store.Store, bus *event.Bus, dir string) error {
	west, err := store.Open(ctx, store.Config{URL: filepath.Join(dir, "hotline.db"), Sealer: s.Sealer(), Node: "west"})
	if err != nil {
		return err
	}
	defer func() { _ = west.Close() }() // what was written is there
	now := time.Now()
	for id, number := range map[string]string{"01WESTTALKS": "13512345555", "01WESTWAITS": "13612346666"} {
		if err := west.Begin(ctx, call.Record{ID: id, Line: "main", Language: "zh", Direction: "inbound", Caller: number, Called: "8000", StartedAt: now, AnsweredAt: now, Outcome: call.InProgress}); err != nil {
			return err
		}
	}
	if err := west.AddTurn(ctx, call.TurnRecord{Call: "01WESTTALKS", Index: 1, Speaker: "caller", Text: "快递到哪儿了？"}); err != nil {
		return err
	}
	if err := west.KeepAlerts(ctx, []alert.Alert{{ID: "01WESTALERT", Kind: alert.Anger, Call: "01WESTTALKS", Line: "main", RaisedAt: now, Why: alert.Why{Said: "都等了半个月了", Score: 0.8}}}); err != nil {
		return err
	}
	e.mu.Lock()
	e.nodes = []web.Node{{Name: "west", Host: "west-1, process 7", URL: "https://west.example", StartedAt: now, Wall: web.Wall{
		Version: "0.1.0", Ready: true, Calls: 2, Load: desk.Load{Waiting: 1},
		Queue:  []desk.View{{Call: "01WESTWAITS", Line: "main", Language: "zh", Skill: "after-sales", Since: now, Position: 1, WaitS: 40}},
		Agents: []web.Agent{{Name: "agent4", DisplayName: "赵敏", Skills: []string{"after-sales"}, State: "talking", Since: now, Contacts: 1, Calls: []string{"01WESTTALKS"}}},
	}}}
	e.mu.Unlock()
	bus.Publish(event.Event{Kind: web.ElsewhereChanged, At: now})
	return nil
}
