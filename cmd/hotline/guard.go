package main

import (
	"path/filepath"
	"time"

	"hotline/internal/audit"
	"hotline/internal/config"
	"hotline/internal/event"
	"hotline/internal/load"
	"hotline/sip"
)

// protect opens the audit log and makes what decides over new calls. It comes before
// the telephone, which asks both.
func (s *server) protect() (err error) {
	s.audit, err = audit.Open(filepath.Join(s.cfg.Data.Dir, "audit.log"), audit.Config{Log: s.log})
	if err != nil {
		return err
	}
	s.load = load.New(load.Config{
		Calls: func() (live, limit int) {
			live, _, _ = s.manager.Counts()
			return live, maxCalls(s.cfg)
		},
		Ports:    func() (used, of int) { return s.ports.InUse(), s.ports.Pairs() },
		Lateness: s.clock.Lateness,
		CPU:      float64(s.cfg.Overload.CPU) / 100, Memory: float64(s.cfg.Overload.Memory) / 100, Late: s.cfg.Overload.Late,
		Log: s.log,
	})
	return nil
}

// guarded adds to the telephone's settings who decides over new calls and who is told
// what strangers try.
func (s *server) guarded(c sip.Config) sip.Config {
	c.Admit, c.Audit, c.Guard = s.load.Admit, s.audited, guardConfig(s.cfg)
	return c
}

func guardConfig(c config.Config) sip.GuardConfig {
	g := sip.GuardConfig{
		Invites: sip.Rate{PerSecond: float64(c.Guard.CallsPerSecond), Burst: 5 * c.Guard.CallsPerSecond}, BlockTime: c.Guard.Block,
		All:      sip.Rate{PerSecond: float64(c.Guard.MessagesPerSecond), Burst: c.Guard.MessagesPerSecond},
		HalfOpen: c.Guard.HalfOpen, HalfOpenAll: c.Guard.HalfOpenAll,
	}
	if len(c.Guard.Scanners) > 0 {
		g.Scanners = c.Guard.Scanners
	}
	for _, text := range c.Guard.Trusted {
		if p, err := config.Network(text); err == nil { // checked when it was read
			g.Trusted = append(g.Trusted, p)
		}
	}
	return g
}

// audited writes down what strangers tried and shows it live.
func (s *server) audited(e sip.AuditEvent) {
	entry := audit.Entry{At: e.At.UTC().Truncate(time.Millisecond), Kind: e.Kind, User: e.User, Detail: e.Detail, Count: e.Count}
	if e.Source.IsValid() {
		entry.Source = e.Source.String()
	}
	s.audit.Add(entry)
	s.bus.Publish(event.Event{Kind: "audit", At: entry.At, Data: entry})
}

// tollFraud writes down a call out that the policy forbade.
func (s *server) tollFraud(r sip.Refusal) {
	s.sip.Audit(sip.AuditEvent{At: time.Now(), Kind: sip.AuditTollFraud, User: r.Number, Detail: r.Rule + ", wanted by " + r.Who})
}
