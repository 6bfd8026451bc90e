package webtest

import (
	"time"

	"hotline/dialog/moderation"
	"hotline/internal/alert"
	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/quality"
	"hotline/internal/store"

	"hotline/dialog/emotion"
)

// Watch tells what goes wrong in the call in progress, as the real one does: it listens
// to the bus, where [Upset] says something to hear.
func Watch(bus *event.Bus) (*alert.Watch, error) {
	words, _ := moderation.Load("zh", nil)
	return alert.New(alert.Config{Bus: bus, Ears: func(string) alert.Ears {
		return alert.Ears{Words: words}
	}}), nil
}

// Upset has somebody in a call say what supervisors are alerted by.
func Upset(bus *event.Bus, r call.Record) {
	moods, err := emotion.New(emotion.Config{Language: "zh"})
	if err != nil { // they are built in; what waits for the alerts would tell
		return
	}
	mood := emotion.NewTracker(moods, emotion.Thresholds{})
	tell := func(kind event.Kind, data any) {
		bus.Publish(event.Event{Kind: kind, At: time.Now(), Call: r.ID, Data: data})
	}
	tell("call.updated", r)
	for i, text := range []string{"你们太过分了，我要投诉你们，打12315投诉到底！", "气死我了，你这个傻逼"} {
		sounds := mood.Next(emotion.Turn{Text: text})
		tell("call.turn", call.TurnRecord{Call: r.ID, Index: 100 + i, Speaker: "caller", Text: text, StartMS: int64(20000 + 4000*i), Mood: &sounds})
	}
}

// Reviews judges the made-up calls by the sheets that we ship.
func Reviews(s *store.Store) *quality.Reviews {
	words, _ := moderation.Load("zh", nil)
	return quality.New(quality.Config{Store: s, Home: func(string) (quality.Home, bool) {
		return quality.Home{Sheets: quality.Default("zh"), Words: words, Location: time.Local}, true
	}})
}
