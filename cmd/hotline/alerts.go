package main

import (
	"hotline/internal/alert"
)

// watchFor puts together who tells supervisors what goes wrong.
func (s *server) watchFor() {
	s.alerts = alert.New(alert.Config{Bus: s.bus, Ears: s.bots.earsOf, Queue: s.desk, Log: s.log})
}

// earsOf is what a line's callers are listened to by.
func (bs *bots) earsOf(line string) alert.Ears {
	for _, b := range bs.lines {
		if b.line.Name != line {
			continue
		}
		home := b.line.Home
		return alert.Ears{
			Moods:    home.Moods(b.line.Language),
			Feelings: home.Feelings.Thresholds(),
			Words:    home.Sensitive(b.line.Language), Complaint: home.Feelings.Complaint,
			Limits: alert.Limits{Wait: home.Alerts.Wait, Silent: home.Alerts.Silence, Nobody: home.Alerts.Nobody},
		}
	}
	return alert.Ears{}
}
