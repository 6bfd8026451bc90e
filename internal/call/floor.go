package call

import (
	"time"

	"hotline/asr"
)

// verdict is what the caller's sounds mean for the bot's voice.
type verdict uint8

const (
	goOn   verdict = iota // nothing to change
	pause                 // fall silent, but be ready to go on from there
	resume                // it was nothing: go on
	yield                 // the caller has the floor: the reply is over
)

// maxHold is how long the bot stays silent for a sound that never ends in a text.
const maxHold = 4 * time.Second

// floor decides who speaks. The bot falls silent at the first voiced frame, and
// only what was said decides whether its reply is over: a cough, noise or a short
// word of assent lets it go on from where it was. So no threshold of loudness or
// length has to guess. It is a plain state machine; converse feeds it.
type floor struct {
	assent func(text string) bool // "嗯", "uh-huh": not a turn

	voice    bool      // the caller's voice is on
	held     bool      // the bot is paused for it
	since    time.Time // of held
	talking  bool      // the bot is in a reply
	mustHear bool      // what it says now may not be cut
}

// bot tells what the bot is doing and returns what that changes.
func (f *floor) bot(talking, mustHear bool, now time.Time) verdict {
	f.talking, f.mustHear = talking, mustHear
	if !talking {
		f.held = false
		return goOn
	}
	if f.voice && !mustHear && !f.held {
		f.held, f.since = true, now
		return pause
	}
	return goOn
}

// heard takes one result of the recogniser.
func (f *floor) heard(r asr.Result, now time.Time) verdict {
	switch r.Kind {
	case asr.SpeechStart, asr.SpeechResume:
		f.voice = true
		if f.talking && !f.mustHear && !f.held {
			f.held, f.since = true, now
			return pause
		}
	case asr.SpeechPause:
		f.voice = false
	case asr.Partial:
		if !f.held || r.Text == "" {
			return goOn
		}
		if f.assent(r.Text) {
			// Decided by the final text: more may follow ("嗯,那运费呢").
			return goOn
		}
	case asr.Final:
		f.voice = false
		switch {
		case r.Text == "" || f.talking && f.assent(r.Text):
			return f.release()
		case f.talking && !f.mustHear:
			f.held = false
			return yield
		}
	case asr.Fault:
		f.voice = false
		if f.talking && !f.mustHear {
			return f.release()
		}
	}
	return goOn
}

// tick lets go after maxHold without a decision.
func (f *floor) tick(now time.Time) verdict {
	if f.held && !f.voice && now.Sub(f.since) > maxHold {
		return f.release()
	}
	return goOn
}

func (f *floor) release() verdict {
	if !f.held {
		return goOn
	}
	f.held = false
	return resume
}
