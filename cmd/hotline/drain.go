package main

import (
	"context"
	"log/slog"
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

// hangUps says what SIGHUP does: nothing, since files are followed; it must not end calls,
// as it would by itself. With a terminal it ends the server (see endSignals).
func hangUps(ctx context.Context, log *slog.Logger) {
	if onTerminal() || signal.Ignored(syscall.SIGHUP) {
		return
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	defer signal.Stop(c)
	for {
		select {
		case <-c:
			log.Info("SIGHUP: businesses, certificates and lists are read again by themselves when they change; hotline.yaml is read at a start, SIGTERM ends this one")
		case <-ctx.Done():
			return
		}
	}
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
