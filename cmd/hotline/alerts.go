package main

import (
	"hotline/dialog/moderation"
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
		Complaint: home.Feelings.Complaint, Words: home.Sensitive(b.line.Language),
		In:     func(language string) *moderation.Matcher { return bs.wordsIn(b, language) },
		Limits: alert.Limits{Wait: home.Alerts.Wait, Silent: home.Alerts.Silence, Nobody: home.Alerts.Nobody},
	}
}

// wordsIn are those that must not be said in a call of b that goes on in a language: of
// the business whose line answers it then.
func (bs *bots) wordsIn(b *bot, language string) *moderation.Matcher {
	home := b.home()
	if other := bs.inLanguage(b, language); other != nil {
		home = other.home()
	}
	return home.Sensitive(language)
}

// judgedBy is what a line's calls are reviewed by.
func (bs *bots) judgedBy(line string) (quality.Home, bool) {
	b := bs.named(line)
	if b == nil {
		return quality.Home{}, false
	}
	home := b.home()
	return quality.Home{
		Sheets: home.Quality, Words: home.Sensitive(b.line.Language), Location: home.Location,
		In: func(language string) *moderation.Matcher { return bs.wordsIn(b, language) },
	}, true
}
