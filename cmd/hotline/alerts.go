package main

import (
	"hotline/internal/alert"
	"hotline/internal/quality"
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
		home := b.home()
		return alert.Ears{
			Moods:    home.Moods(b.line.Language),
			Feelings: home.Feelings.Thresholds(),
			Words:    home.Sensitive(b.line.Language), Complaint: home.Feelings.Complaint,
			Limits: alert.Limits{Wait: home.Alerts.Wait, Silent: home.Alerts.Silence, Nobody: home.Alerts.Nobody},
		}
	}
	return alert.Ears{}
}

// judgedBy is what a line's calls are reviewed by.
func (bs *bots) judgedBy(line string) (quality.Home, bool) {
	for _, b := range bs.lines {
		if b.line.Name == line {
			home := b.home()
			return quality.Home{Sheets: home.Quality, Words: home.Sensitive(b.line.Language), Location: home.Location}, true
		}
	}
	return quality.Home{}, false
}
