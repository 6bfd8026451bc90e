package call

import (
	"hotline/asr"
	"hotline/dialog"
	"hotline/dialog/emotion"
	"hotline/dialog/language"
)

// feelings follow the caller's mood through a whole call, whoever talks with him and in
// whichever language. What supervisors are alerted to and agents are warned of are
// readings of this one course, which go with the turns. The dialogue follows a course of
// its own (dialog/engine): that belongs to a state which is copied to try a reply and
// thrown away with it, knows only what the bot was to answer, and is there without a call
// too, as in a chat.
type feelings struct {
	talk    language.Follower
	spoken  string
	tracker *emotion.Tracker
}

// read is how the caller sounds who has said r; nil where nobody can tell. spoken is the
// language that the dialogue speaks, "" the line's.
func (f *feelings) read(l *Line, r asr.Result, spoken string) *emotion.Reading {
	if f.spoken != spoken {
		f.spoken = spoken
		f.talk.Speak(spoken)
	}
	moods := l.in(f.talk.Next(r.Text)).Moods
	if moods == nil {
		return nil
	}
	if f.tracker == nil {
		t := emotion.NewTracker(moods, l.Feelings)
		f.tracker = &t
	}
	f.tracker.GoOn(moods)
	reading := f.tracker.Next(emotion.Turn{Text: r.Text, Mood: r.Emotion, Prosody: prosody(r)})
	return &reading
}

func prosody(r asr.Result) dialog.Prosody {
	p := r.Prosody
	return dialog.Prosody{LevelDB: p.LevelDB, PitchHz: p.PitchHz, PitchVar: p.PitchVar, Rate: p.Rate, VoicedFor: p.VoicedFor}
}
