package main

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hotline/internal/event"
	"hotline/internal/node"
	"hotline/internal/web"
)

// nodes are the servers that share the database, with this one's name among them.
type nodes struct {
	lease   *node.Lease
	lost    chan error   // why the name is held no more; before it is given back
	shown   atomic.Bool  // there is something for other servers' walls
	changes atomic.Int64 // things that other servers' walls show
	news    chan struct{}
}

// join takes this server's name among those that share the database, or says who has it,
// and holds it until part.
func (s *server) join(ctx context.Context) (part func(), err error) {
	s.nodes.news, s.nodes.lost = make(chan struct{}, 1), make(chan error, 1)
	s.nodes.lease, err = node.Take(ctx, node.Config{
		Store: s.db, Name: s.cfg.Database.Node, Dir: s.cfg.Data.Dir, URL: s.cfg.HTTP.URL, Log: s.log,
		State: s.wall, Keys: s.db.Sealer().State,
		Changed: func() {
			select {
			case s.nodes.news <- struct{}{}:
			default: // somebody is about to look
			}
		},
	})
	if err != nil {
		return nil, err
	}
	// It is held from now on: to read a business and to load models takes a while.
	held, let := context.WithCancel(context.WithoutCancel(ctx))
	var holding sync.WaitGroup
	holding.Go(func() { s.nodes.lost <- s.nodes.lease.Run(held) })
	return func() {
		let()
		holding.Wait()
		if err := s.nodes.lease.Close(ctx); err != nil { // the name is free a little later
			s.log.WarnContext(ctx, "this server could not say that it ends", "error", err)
		}
	}, nil
}

// lostName waits until the name is lost, or ctx ends.
func (s *server) lostName(ctx context.Context) error {
	select {
	case err := <-s.nodes.lost:
		return err
	case <-ctx.Done():
		return nil
	}
}

// mostShown bounds what other servers are told of.
const mostShown = 500

// wall is what other servers' walls show of this one.
func (s *server) wall() []byte {
	if !s.nodes.shown.Load() {
		return nil // it is being put together
	}
	agents, err := s.status.Agents(context.Background())
	if err != nil {
		return nil
	}
	live, _, _ := s.manager.Counts()
	ready, _ := s.status.Ready()
	w := web.Wall{
		Version: buildVersion(), Ready: ready, Calls: live, Changes: s.nodes.changes.Load(), Load: s.desk.Load(), Queue: s.desk.Queue(),
		Campaigns: s.campaignStanding(),
	}
	w.Queue = w.Queue[:min(len(w.Queue), mostShown)]
	for _, a := range agents {
		if len(w.Agents) < mostShown && (a.Contacts > 0 || len(a.Calls) > 0) {
			w.Agents = append(w.Agents, a)
		}
	}
	b, err := json.Marshal(w)
	if err != nil {
		return nil
	}
	return b
}

// Nodes implements web.Elsewhere.
func (n *nodes) Nodes() []web.Node {
	rows := n.lease.Elsewhere()
	out := make([]web.Node, 0, len(rows))
	for _, r := range rows {
		there := web.Node{Name: r.Name, Host: r.Host, URL: r.URL, StartedAt: r.StartedAt}
		if len(r.State) > 0 && json.Unmarshal(r.State, &there.Wall) != nil {
			there.Wall = web.Wall{} // of another version: it lives
		}
		out = append(out, there)
	}
	return out
}

const newsEvery = time.Second

// followNodes tells the console what is new on other servers, and counts what is new here.
func (s *server) followNodes(ctx context.Context) {
	sub := s.bus.Subscribe()
	defer func() { sub.Close() }()
	var last time.Time
	wait := time.NewTimer(time.Hour)
	wait.Stop()
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-sub.C():
			if !ok { // it fell behind
				sub = s.bus.Subscribe()
			}
			if kind, _, _ := strings.Cut(string(e.Kind), "."); !ok || kind == "call" || kind == "agent" || kind == "alert" || kind == "queue" {
				s.nodes.changes.Add(1)
			}
		case <-s.nodes.news:
			wait.Reset(max(0, newsEvery-time.Since(last)))
		case <-wait.C:
			last = time.Now()
			s.learnMarks(ctx)
			s.bus.Publish(event.Event{Kind: web.ElsewhereChanged, At: last})
		}
	}
}

// marksSince is how far back others' marks on alerts are looked for: their clocks are not
// quite ours.
const marksSince = 10 * time.Minute

// learnMarks learns who has seen this server's alerts on another one's wall.
func (s *server) learnMarks(ctx context.Context) {
	marked, err := s.db.AlertMarks(ctx, time.Now().Add(-marksSince))
	if err != nil {
		if ctx.Err() == nil {
			s.log.WarnContext(ctx, "who has seen alerts on other servers is not known", "error", err)
		}
		return
	}
	for _, a := range marked {
		s.alerts.Learn(a)
	}
}
