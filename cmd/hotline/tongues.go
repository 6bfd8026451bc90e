package main

import (
	"fmt"
	"slices"
	"time"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/knowledge"
	"hotline/dialog/language"
	"hotline/internal/call"
	"hotline/internal/models"
	"hotline/tts"
)

// spokenLanguages are those that callers are heard in.
var spokenLanguages = []string{"zh", "en"}

// tongues is what answers b's callers in the languages that they speak: by the lines that
// b's line names for that, and where it names none by a reception, which says so.
func (bs *bots) tongues(b *bot) (*language.Engine, map[string]*engine.Engine, error) {
	said := b.said()
	receptions := map[string]*engine.Engine{}
	for _, l := range spokenLanguages {
		if l == b.line.Language || bs.inLanguage(b, l) != nil {
			continue
		}
		x, err := knowledge.New(nil, knowledge.Options{Language: l})
		if err != nil {
			return nil, nil, fmt.Errorf("a reception in %q: %w", l, err)
		}
		c := said.Reception(l, knowledge.NewLive(x).Load)
		c.Now = func() time.Time { return calendar().In(said.Home.Location) }
		if receptions[l], err = engine.New(c); err != nil {
			return nil, nil, fmt.Errorf("a reception in %q: %w", l, err)
		}
	}
	people := func(in string) func(string) bool {
		return func(skill string) bool {
			for _, home := range bs.homes() {
				if len(home.AgentsWith(skill, in)) > 0 {
					return true
				}
			}
			return false
		}
	}
	own := language.Tongue{Language: b.line.Language, Engine: b.talk}
	return language.New(own, func() []language.Tongue {
		var out []language.Tongue
		for _, l := range spokenLanguages {
			if other := bs.inLanguage(b, l); other != nil {
				out = append(out, language.Tongue{Language: l, Engine: other.own(), People: people(l)})
			} else if r := receptions[l]; r != nil {
				out = append(out, language.Tongue{Language: l, Engine: r, People: people(l)})
			}
		}
		return out
	}), receptions, nil
}

// inLanguage is the bot by which b's callers go on who speak a language; nil is none.
func (bs *bots) inLanguage(b *bot, l string) *bot {
	for _, x := range bs.lines() {
		if x != b && x.of == b.of && x.line.Language == l && slices.Contains(b.said().OtherLanguages, x.line.Name) {
			return x
		}
	}
	return nil
}

// own is what answers in the line's own language.
func (b *bot) own() dialog.Engine {
	if l := b.answers.Load(); l != nil {
		if e, ok := l.Engine.(*language.Engine); ok {
			return e.Own().Engine
		}
	}
	return b.talk
}

// polyglot lets calls of b, which is answered as line says, go on in other languages.
func (s *server) polyglot(b *bot, line *call.Line) {
	home := b.home()
	line.Moods, line.Feelings = home.Moods(line.Language), home.Feelings.Thresholds()
	e, receptions, err := s.bots.tongues(b)
	if err != nil {
		s.log.Error("a line is answered in its own language alone", "line", b.line.Name, "error", err)
		return
	}
	line.Engine = e
	in := map[string]*call.Line{}
	for l, r := range receptions {
		other := *line
		other.Language, other.Voice, other.Rate = l, s.voiceIn(b, l), 1
		p := r.Phrases()
		other.Filler, other.Hold, other.Farewell = first(p[engine.KeyFiller]), first(p[engine.KeyHoldOn]), first(p[engine.KeyTooLong])
		other.Moods = home.Moods(l)
		other.Closing, other.Goodbye = first(p[engine.KeyClosing]), first(p[engine.KeyCalledGoodbye])
		in[l] = &other
	}
	line.In = func(l string) *call.Line {
		if other := s.bots.inLanguage(b, l); other != nil {
			return other.answers.Load()
		}
		return in[l]
	}
}

// voiceIn is by which b's line speaks another language than its own.
func (s *server) voiceIn(b *bot, l string) string {
	if v := b.home().Voices[l]; v != "" {
		return v
	}
	if m := s.cfg.Speech.TTS.For(l); m != "" {
		return m
	}
	c, _ := models.Open(s.cfg.Models).Best(models.TTS, l)
	return c.ID
}

// receptionSays are what a line says first to who does not speak its language.
var receptionSays = []engine.Key{engine.KeyOneLanguage, engine.KeyOneLangOff, engine.KeyTransfer, engine.KeyTakeMessage, engine.KeyCallbackWhen, engine.KeyChooseAgain, engine.KeyGoodbye}

// receptionSentences are those that are worth making beforehand.
func (s *server) receptionSentences(b *bot) []tts.Utterance {
	var out []tts.Utterance
	for _, l := range spokenLanguages {
		if l == b.line.Language || s.bots.inLanguage(b, l) != nil {
			continue
		}
		phrases := engine.DefaultPhrases(l)
		for _, k := range receptionSays {
			for _, text := range phrases[k] {
				out = append(out, tts.Utterance{Text: text, Voice: s.voiceIn(b, l), Language: l, Rate: 1})
			}
		}
	}
	return out
}
