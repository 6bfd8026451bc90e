package alert_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/emotion"
	"hotline/dialog/moderation"
	"hotline/internal/alert"
	"hotline/internal/call"
	"hotline/internal/desk"
	"hotline/internal/event"
)

// queue is who waits.
type queue struct {
	mu      sync.Mutex
	waiting []desk.View
	load    desk.Load
}

func (q *queue) Queue() []desk.View { q.mu.Lock(); defer q.mu.Unlock(); return q.waiting }
func (q *queue) Load() desk.Load    { q.mu.Lock(); defer q.mu.Unlock(); return q.load }
func (q *queue) set(l desk.Load, waiting ...desk.View) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.load, q.waiting = l, waiting
}

// wall is a Watch on a test's clock, with one call in progress.
type wall struct {
	t     *testing.T
	bus   *event.Bus
	watch *alert.Watch
	queue *queue
	mood  *emotion.Tracker // of the caller, as his call follows it
}

func watching(t *testing.T, play func(w *wall)) {
	t.Helper()
	watchingIn(t, "zh", play)
}

// watchingIn is watching, on a line of a language.
func watchingIn(t *testing.T, language string, play func(w *wall)) {
	t.Helper()
	moods, err := emotion.New(emotion.Config{Language: "zh"})
	require.NoError(t, err)
	words := map[string]*moderation.Matcher{}
	for _, l := range []string{"zh", "en"} {
		var problems []moderation.Problem
		words[l], problems = moderation.Load(l, nil)
		require.Empty(t, problems)
	}
	synctest.Test(t, func(t *testing.T) {
		mood := emotion.NewTracker(moods, emotion.Thresholds{})
		w := &wall{t: t, bus: &event.Bus{}, queue: &queue{}, mood: &mood}
		w.watch = alert.New(alert.Config{Bus: w.bus, Queue: w.queue, Ears: func(line string) alert.Ears {
			assert.Equal(t, "main", line)
			return alert.Ears{Words: words[language], In: func(l string) *moderation.Matcher { return words[l] }}
		}})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { w.watch.Run(ctx) })
		synctest.Wait()
		w.tell("call.started", call.Record{ID: "C1", Line: "main"})
		play(w)
		cancel()
		wg.Wait()
	})
}

func (w *wall) tell(kind event.Kind, data any) {
	w.bus.Publish(event.Event{Kind: kind, At: time.Now(), Call: "C1", Data: data})
	synctest.Wait()
}

func (w *wall) says(speaker, text string) {
	turn := call.TurnRecord{Speaker: speaker, Text: text, StartMS: 1500}
	if speaker == "caller" && w.mood != nil {
		r := w.mood.Next(emotion.Turn{Text: text})
		turn.Mood = &r
	}
	w.tell("call.turn", turn)
}

// kinds are those of the alerts that hold now, the oldest first.
func (w *wall) kinds() []alert.Kind {
	var out []alert.Kind
	for _, a := range w.watch.List() {
		if a.OverAt.IsZero() {
			out = append([]alert.Kind{a.Kind}, out...)
		}
	}
	return out
}

func TestWhatIsSaidRaisesAlerts(t *testing.T) {
	watching(t, func(w *wall) {
		w.tell("call.updated", call.Record{ID: "C1", Line: "main", Agent: "li"})
		w.says("caller", "你好我想问一下运费")
		assert.Empty(t, w.kinds())
		w.says("caller", "你们太过分了，我要投诉你们，打12315投诉到底！")
		list := w.watch.List()
		require.NotEmpty(t, list)
		assert.Contains(t, w.kinds(), alert.ComplaintRisk)
		assert.Contains(t, w.kinds(), alert.Anger)
		n := len(list)
		for _, a := range list {
			assert.Equal(t, "C1", a.Call)
			assert.Equal(t, "li", a.Agent)
			assert.Equal(t, int64(1500), a.AtMS)
			assert.Contains(t, a.Why.Said, "投诉")
			assert.NotZero(t, a.Why.Score)
		}
		w.says("caller", "我一定要投诉你们！")
		assert.Len(t, w.watch.List(), n, "each is told once in a call")
		w.says("caller", "我不想活了")
		assert.Contains(t, w.kinds(), alert.Sensitive)
		a := w.watch.List()[0]
		assert.Equal(t, "self-harm", a.Why.Category)
		assert.True(t, a.Grave)
		assert.NotEmpty(t, a.Why.Words)

		sub := w.bus.Subscribe(alert.Changed)
		seen, err := w.watch.Seen(t.Context(), a.ID, "chen")
		require.NoError(t, err)
		assert.Equal(t, "chen", seen.SeenBy)
		_, err = w.watch.Seen(t.Context(), a.ID, "wang")
		require.NoError(t, err)
		done, err := w.watch.Acknowledge(t.Context(), a.ID, "wang")
		require.NoError(t, err)
		assert.Equal(t, "chen", done.SeenBy, "who was first")
		assert.Equal(t, "wang", done.DoneBy)
		assert.Len(t, sub.C(), 2)
		_, err = w.watch.Acknowledge(t.Context(), "none", "wang")
		require.ErrorIs(t, err, alert.ErrNone)
		w.tell("call.ended", call.Record{ID: "C1", Line: "main"})
		assert.Empty(t, w.kinds(), "they are over with the call")
	})
}

// Words are judged in the language in which they are said, whatever the line's is.
func TestWordsOfTheCallersLanguage(t *testing.T) {
	watchingIn(t, "en", func(w *wall) {
		w.says("caller", "I would like to know where my parcel is")
		w.says("caller", "我不想活了")
		assert.Equal(t, []alert.Kind{alert.Sensitive}, w.kinds())
		w.tell("call.event", call.Event{Kind: call.KindBridge, Data: map[string]any{"agent": "li"}})
		w.says("agent", "您把银行卡密码告诉我一下")
		assert.Equal(t, []alert.Kind{alert.Sensitive, alert.Sensitive}, w.kinds())
	})
}

// The dialogue's own finding has the voice in it; the words come with the sentence.
func TestTheDialoguesAlert(t *testing.T) {
	watching(t, func(w *wall) {
		w.tell("call.event", call.Event{Kind: call.KindAlert, MS: 900, Data: map[string]any{"kind": "complaint_risk", "score": 0.9}})
		require.Equal(t, []alert.Kind{alert.ComplaintRisk}, w.kinds())
		assert.InDelta(t, 0.9, w.watch.List()[0].Why.Score, 1e-9)
	})
}

func TestSilenceBetweenPeople(t *testing.T) {
	watching(t, func(w *wall) {
		time.Sleep(2 * time.Minute)
		assert.Empty(t, w.kinds(), "the bot asks by itself")
		w.tell("call.event", call.Event{Kind: call.KindBridge, Data: map[string]any{"agent": "li"}})
		time.Sleep(25 * time.Second)
		assert.Empty(t, w.kinds())
		time.Sleep(7 * time.Second)
		assert.Equal(t, []alert.Kind{alert.DeadAir}, w.kinds())
		w.says("agent", "我查到了")
		assert.Empty(t, w.kinds(), "somebody speaks")
		w.tell("call.updated", call.Record{ID: "C1", Line: "main", Held: true})
		time.Sleep(2 * time.Minute)
		assert.Empty(t, w.kinds(), "he hears music")
		w.tell("call.updated", call.Record{ID: "C1", Line: "main"})
		w.tell("call.event", call.Event{Kind: call.KindTransfer, Data: map[string]any{"state": "agent_gone"}})
		time.Sleep(2 * time.Minute)
		assert.Empty(t, w.kinds())
	})
}

func TestWaitingAndNobodyReady(t *testing.T) {
	watching(t, func(w *wall) {
		view := desk.View{Call: "C1", Line: "main", Skill: "service", Since: time.Now()}
		w.queue.set(desk.Load{Waiting: 1, Serving: 2}, view)
		time.Sleep(15 * time.Second)
		assert.Empty(t, w.kinds())
		time.Sleep(10 * time.Second)
		assert.Equal(t, []alert.Kind{alert.NobodyReady}, w.kinds())
		assert.False(t, w.watch.List()[0].Grave, "they are busy")
		assert.Equal(t, 2, w.watch.List()[0].Why.Serving)
		time.Sleep(40 * time.Second)
		assert.Equal(t, []alert.Kind{alert.NobodyReady, alert.LongWait}, w.kinds())
		assert.Equal(t, "C1", w.watch.List()[0].Call)
		w.queue.set(desk.Load{Ready: 1, Serving: 2})
		time.Sleep(2 * time.Second)
		assert.Empty(t, w.kinds())
		assert.Len(t, w.watch.List(), 2, "they can still be read")
	})
}

// records are those of a store.
type records struct {
	mu   sync.Mutex
	kept map[string]alert.Alert
	err  error
}

func (r *records) KeepAlerts(_ context.Context, alerts []alert.Alert) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	for _, a := range alerts {
		r.kept[a.ID] = a
	}
	return nil
}

func (r *records) Alerts(context.Context, time.Time, int) ([]alert.Alert, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.kept)), nil
}

func (r *records) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// Who takes care of an alert on another server's wall is learnt, once, and the first stays.
func TestMarksOfOtherServersAreLearnt(t *testing.T) {
	words, problems := moderation.Load("zh", nil)
	require.Empty(t, problems)
	synctest.Test(t, func(t *testing.T) {
		w := &wall{t: t, bus: &event.Bus{}}
		w.watch = alert.New(alert.Config{Bus: w.bus, Ears: func(string) alert.Ears { return alert.Ears{Words: words} }})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { w.watch.Run(ctx) })
		synctest.Wait()
		w.tell("call.started", call.Record{ID: "C1", Line: "main"})
		w.says("caller", "我不想活了")
		a := w.watch.List()[0]
		sub := w.bus.Subscribe(alert.Changed)
		for _, by := range []string{"ann", "bob"} {
			a.SeenAt, a.SeenBy, a.DoneAt, a.DoneBy = time.Now(), by, time.Now(), by
			w.watch.Learn(a)
		}
		w.watch.Learn(alert.Alert{ID: "of nobody", SeenAt: time.Now()})
		assert.Equal(t, "ann", w.watch.List()[0].DoneBy)
		assert.Len(t, sub.C(), 1)
		sub.Close()
		cancel()
		wg.Wait()
	})
}

func TestAlertsSurviveARestart(t *testing.T) {
	words, problems := moderation.Load("zh", nil)
	require.Empty(t, problems)
	synctest.Test(t, func(t *testing.T) {
		db := &records{kept: map[string]alert.Alert{}}
		run := func(play func(w *wall)) {
			w := &wall{t: t, bus: &event.Bus{}}
			w.watch = alert.New(alert.Config{Bus: w.bus, Records: db, Ears: func(string) alert.Ears { return alert.Ears{Words: words} }})
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() { w.watch.Run(ctx) })
			synctest.Wait()
			play(w)
			cancel()
			wg.Wait()
		}
		var id string
		run(func(w *wall) {
			w.tell("call.started", call.Record{ID: "C1", Line: "main"})
			w.says("caller", "我不想活了")
			require.Equal(t, []alert.Kind{alert.Sensitive}, w.kinds())
			id = w.watch.List()[0].ID
			_, err := w.watch.Acknowledge(t.Context(), id, "chen")
			require.NoError(t, err)
			assert.Equal(t, "chen", db.kept[id].DoneBy, "who says that he takes care of it is not told before it is kept")
		})
		run(func(w *wall) {
			list := w.watch.List()
			require.Len(t, list, 1)
			assert.Equal(t, "chen", list[0].DoneBy)
			assert.Equal(t, "我不想活了", list[0].Why.Said)
			assert.Empty(t, w.kinds(), "its call has ended with the server")
			synctest.Wait()
			assert.False(t, db.kept[id].OverAt.IsZero())

			db.fail(errors.New("the disk is full"))
			w.tell("call.started", call.Record{ID: "C1", Line: "main"})
			w.says("caller", "我不想活了")
			require.Len(t, w.kinds(), 1, "supervisors are told all the same")
			id = w.watch.List()[0].ID
			_, err := w.watch.Acknowledge(t.Context(), id, "chen")
			require.ErrorContains(t, err, "the disk is full")
			db.fail(nil)
			time.Sleep(5 * time.Second)
			synctest.Wait()
			assert.Equal(t, "chen", db.kept[id].DoneBy, "it is tried again")
		})
	})
}
