package main

import (
	"hotline/internal/alert"
	"hotline/internal/quality"
)

// watchFor puts together who tells supervisors what goes wrong.
func (s *server) watchFor() {
	s.alerts = alert.New(alert.Config{Bus: s.bus, Ears: s.bots.earsOf, Queue: s.desk, Records: s.db, Log: s.log})
}

// earsOf is what a line's callers are listened to by.
func (bs *bots) earsOf(line string) alert.Ears {
	b := bs.named(line)
	if b == nil {
		return alert.Ears{}
	}
	home := b.home()
	return alert.Ears{
		Moods:    home.Moods(b.line.Language),
		Feelings: home.Feelings.Thresholds(),
		Words:    home.Sensitive(b.line.Language), Complaint: home.Feelings.Complaint,
		Limits: alert.Limits{Wait: home.Alerts.Wait, Silent: home.Alerts.Silence, Nobody: home.Alerts.Nobody},
	}
}

// judgedBy is what a line's calls are reviewed by.
func (bs *bots) judgedBy(line string) (quality.Home, bool) {
	b := bs.named(line)
	if b == nil {
		return quality.Home{}, false
	}
	home := b.home()
	return quality.Home{Sheets: home.Quality, Words: home.Sensitive(b.line.Language), Location: home.Location}, true
}
