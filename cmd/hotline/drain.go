package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// closingTime is how long the callers may be told that their calls end.
const closingTime = 20 * time.Second

// drain takes no new calls, lets those in progress go on for a while, and then has
// their callers told that they end. Telephones stay registered meanwhile, so that
// calls can still be handed to agents. A second signal ends everything at once.
func (s *server) drain(ctx context.Context) {
	s.manager.Drain()
	s.sip.SetDraining(true)
	again, stop := signal.NotifyContext(context.WithoutCancel(ctx), os.Interrupt, syscall.SIGTERM)
	defer stop()
	live, _, _ := s.manager.Counts()
	if live == 0 {
		return
	}
	s.log.Info("waiting for the calls in progress to end", "calls", live, "at_most", s.cfg.Call.Drain)
	if s.callsEnd(again, s.cfg.Call.Drain) || again.Err() != nil {
		return
	}
	live, _, _ = s.manager.Counts()
	s.log.Info("telling the callers that their calls end", "calls", live)
	s.manager.EndAll()
	s.callsEnd(again, closingTime)
}

// callsEnd waits until no call is in progress; false says that it took too long, or
// that ctx has ended.
func (s *server) callsEnd(ctx context.Context, atMost time.Duration) bool {
	ctx, stop := context.WithTimeout(ctx, atMost)
	defer stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if live, _, _ := s.manager.Counts(); live == 0 {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}
