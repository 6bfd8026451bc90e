package main

import (
	"cmp"
	"time"

	"hotline/asr"
	"hotline/internal/call"
	"hotline/internal/custody"
	"hotline/internal/voicemail"
)

// recordedDecode is how long one utterance of a recording may take: nobody waits for it.
const recordedDecode = time.Minute

// kept is a recording as messages are read from it.
type kept struct{ *custody.Recording }

// Length implements voicemail.Recording.
func (k kept) Length() int64 { return k.Size }

// voicemail writes down what callers say in messages.
func (s *server) voicemail() *voicemail.Writer {
	c := voicemail.Config{
		Store: s.db, Bus: s.bus, Log: s.log, Idle: s.ears.pool.Idle,
		Open: func(name string) (voicemail.Recording, error) {
			r, err := custody.Open(s.cfg.Data.Dir, s.db.Sealer(), name)
			if err != nil {
				return nil, err // not a typed nil
			}
			return kept{r}, nil
		},
		Hear: s.ears.reread,
		Words: func(line string) []string {
			if b := s.bots.home(line); b != nil {
				return b.Queue.Voicemail.Urgent
			}
			return nil
		},
	}
	if len(s.ears.funasr) > 0 { // it takes sound as fast as it is spoken
		c.Idle, c.Paced = nil, true
	}
	return voicemail.New(c)
}

// reread makes a recogniser of sound that was recorded: it may take its time.
func (e *ears) reread(_, language string) asr.Recognizer {
	h := call.Hearing{Call: "message", Language: language}
	o := asr.Options{Call: h.Call, Language: language}
	if len(e.funasr) > 0 {
		return e.streaming(h, o)
	}
	o.Unpaced, o.DecodeTimeout = true, recordedDecode
	l, err := asr.NewListener(asr.ListenerConfig{Options: o, Detector: e.detector, Decoder: e.pool, Log: e.log})
	if err != nil {
		return deaf{err}
	}
	return l
}

// messageLimit is how long a message may last, as the business's files say now.
func (b *bot) messageLimit() time.Duration {
	home := b.home()
	if l, ok := home.LineNamed(cmp.Or(b.line.From, b.line.Name)); ok {
		return lineLimits(l).Message
	}
	return home.Limits.Message
}
