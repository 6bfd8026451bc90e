package alert

import (
	"context"
	"time"
)

const (
	writeTime  = 10 * time.Second // for a transaction
	writePause = 2 * time.Second  // after one that failed
	lastWrite  = 5 * time.Second  // when the server ends
)

// saving is an alert that is to be written, and who waits for it.
type saving struct{ waiting []chan error }

// save needs w.mu. What is to be written is as much as there are alerts at most.
func (w *Watch) save(id string) {
	if w.cfg.Records == nil {
		return
	}
	if w.unsaved[id] == nil {
		w.unsaved[id] = &saving{}
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// waitFor is told once what is unsaved of an alert is written; nil where nothing is kept.
// It needs w.mu.
func (w *Watch) waitFor(id string) <-chan error {
	s := w.unsaved[id]
	if s == nil {
		return nil
	}
	done := make(chan error, 1)
	s.waiting = append(s.waiting, done)
	return done
}

// write keeps alerts until ctx ends, and once more then.
func (w *Watch) write(ctx context.Context) {
	if w.cfg.Records == nil {
		return
	}
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
			defer cancel()
			if err := w.flush(last); err != nil {
				w.cfg.Log.Error("keeping_the_last_alerts", "error", err)
			}
			return
		case <-w.wake:
		case <-pause.C:
		}
		writing, cancel := context.WithTimeout(ctx, writeTime)
		err := w.flush(writing)
		cancel()
		if err != nil && ctx.Err() == nil {
			w.cfg.Log.Warn("alerts_not_kept", "error", err)
			pause.Reset(writePause)
		}
	}
}

// flush writes what is unsaved. What could not be written stays so, but nobody waits for
// it any longer.
func (w *Watch) flush(ctx context.Context) error {
	w.mu.Lock()
	saved := w.unsaved
	w.unsaved = map[string]*saving{}
	var alerts []Alert
	for _, a := range w.alerts {
		if saved[a.ID] != nil {
			alerts = append(alerts, *a)
		}
	}
	w.mu.Unlock()
	var err error
	if len(alerts) > 0 {
		err = w.cfg.Records.KeepAlerts(ctx, alerts)
	}
	for _, s := range saved {
		for _, done := range s.waiting {
			done <- err
		}
	}
	if err != nil {
		w.mu.Lock()
		for id := range saved {
			if w.unsaved[id] == nil {
				w.unsaved[id] = &saving{}
			}
		}
		w.mu.Unlock()
	}
	return err
}

// remember reads what was raised before a restart. That ended the calls, and nobody
// waits any more.
func (w *Watch) remember(ctx context.Context) {
	if w.cfg.Records == nil {
		return
	}
	reading, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	before, err := w.cfg.Records.Alerts(reading, w.cfg.Now().Add(-keptFor), maxKept)
	if err != nil {
		if ctx.Err() == nil {
			w.cfg.Log.Warn("reading_the_alerts_of_before", "error", err)
		}
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range before {
		w.alerts = append(w.alerts, &a)
		w.settle(&a)
	}
}
