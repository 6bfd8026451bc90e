package voicemail_test

import (
	"context"
	"errors"
	"io"
	"math"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/seal"
	"hotline/internal/store"
	"hotline/internal/voicemail"
	"hotline/media"
	"hotline/media/wav"
)

func TestUrgentWordsAreFoundAndDenialsAreNot(t *testing.T) {
	for text, want := range map[string][]string{
		"我家的电饭煲冒烟了，请马上给我回电话":                                  {"冒烟", "马上"},
		"不着急，有空再回我":                                           nil,
		"没什么急事，就是问一下发票":                                       nil,
		"这个不是很急":                                              nil,
		"不行，赶紧给我退款":                                           {"赶紧"},
		"This is URGENT, please call me as soon as possible.": {"URGENT", "as soon as possible"},
		"It's not urgent, no rush":                            nil,
		"There isn't any smoke, don't worry":                  nil,
		"No, it's an emergency":                               {"emergency"},
		"I insured the parcel in Smokey Town":                 nil,
		"律师函已经寄出":                                             {"律师函"},
		"":                                                    nil,
	} {
		assert.Equal(t, want, voicemail.Urgent(text, []string{"律师函", " "}), text)
	}
}

func FuzzUrgent(f *testing.F) {
	f.Add("请马上回电 ASAP", "İ急")
	f.Fuzz(func(_ *testing.T, text, own string) { voicemail.Urgent(text, []string{own}) })
}

func TestPlaceOfAMessage(t *testing.T) {
	file, from, to := voicemail.Place("recordings/a.wav#t=12.5,20.0")
	assert.Equal(t, "recordings/a.wav", file)
	assert.Equal(t, 12500*time.Millisecond, from)
	assert.Equal(t, 20*time.Second, to)
	_, from, to = voicemail.Place("a.wav#t=x,-1")
	assert.Zero(t, from+to)
}

// reel is a recording in memory.
type reel struct{ b []byte }

func (r reel) ReadAt(p []byte, at int64) (int, error) {
	if at >= int64(len(r.b)) {
		return 0, io.EOF
	}
	n := copy(p, r.b[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
func (r reel) Close() error  { return nil }
func (r reel) Length() int64 { return int64(len(r.b)) }

// ears hear how long and how loud it was.
type ears struct {
	text  string
	fail  *int // so often
	peaks *[]int16
}

func (e ears) Recognize(_ context.Context, src media.Reader, emit func(asr.Result)) error {
	f := make(media.Frame, src.Rate()/50)
	for {
		if err := src.ReadFrame(f); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		*e.peaks = append(*e.peaks, f[0])
	}
	if *e.fail > 0 {
		*e.fail--
		emit(asr.Result{Kind: asr.Fault, Err: errors.New("the engine is away")})
		return nil
	}
	emit(asr.Result{Kind: asr.Final, Text: e.text})
	return nil
}

type desk struct {
	*voicemail.Writer

	db    *store.Store
	fails int
	idle  bool
	peaks []int16
	now   time.Time
	sub   *event.Subscription
}

func open(t *testing.T, text string) *desk {
	t.Helper()
	d := &desk{idle: true, now: time.Now()}
	dir := t.TempDir()
	sealer, _, err := seal.LoadOrCreate(filepath.Join(dir, "master.key"))
	require.NoError(t, err)
	d.db, err = store.Open(t.Context(), store.Config{URL: filepath.Join(dir, "hotline.db"), Sealer: sealer})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.db.Close()) })
	bus := &event.Bus{}
	d.sub = bus.Subscribe("wish.changed")
	t.Cleanup(d.sub.Close)
	// Ten seconds: the caller's sample is the second that it belongs to, ours is loud.
	const rate = 8000
	a := wav.Audio{Rate: rate, Channels: [][]int16{make([]int16, 10*rate), make([]int16, 10*rate)}}
	for i := range 10 * rate {
		a.Channels[0][i], a.Channels[1][i] = int16(i/rate), math.MaxInt16
	}
	d.Writer = voicemail.New(voicemail.Config{
		Store: d.db, Bus: bus, Now: func() time.Time { return d.now }, Idle: func() bool { return d.idle },
		Open: func(name string) (voicemail.Recording, error) {
			assert.Equal(t, "recordings/c.wav", name)
			return reel{wav.Encode(a)}, nil
		},
		Hear:  func(string, string) asr.Recognizer { return ears{text, &d.fails, &d.peaks} },
		Words: func(string) []string { return []string{"律师函"} },
	})
	return d
}

func (d *desk) leave(t *testing.T, ended bool) {
	t.Helper()
	r := call.Record{ID: "c", Line: "main", Language: "zh", Direction: "inbound", StartedAt: d.now}
	require.NoError(t, d.db.Begin(t.Context(), r))
	require.NoError(t, d.db.AddWish(t.Context(), call.Wish{
		ID: "w", Kind: "message", Call: "c", Number: "13800138000", Recording: "recordings/c.wav#t=3.0,7.0", TranscriptState: call.TranscriptPending, CreatedAt: d.now,
	}))
	if ended {
		r.EndedAt = d.now
		require.NoError(t, d.db.End(t.Context(), r))
	}
}

func (d *desk) wish(t *testing.T) store.Wish {
	t.Helper()
	w, err := d.db.Wish(t.Context(), "w")
	require.NoError(t, err)
	return w
}

func TestMessageIsWrittenDownWhenItsCallIsOver(t *testing.T) {
	d := open(t, "律师函已经寄出，请马上回电")
	d.leave(t, false)
	require.NoError(t, d.Once(t.Context()))
	assert.Equal(t, call.TranscriptPending, d.wish(t).TranscriptState, "the call goes on")
	require.NoError(t, d.db.End(t.Context(), call.Record{ID: "c", Line: "main", Language: "zh", Direction: "inbound", StartedAt: d.now, EndedAt: d.now}))

	d.idle = false
	require.NoError(t, d.Once(t.Context()))
	assert.Empty(t, d.peaks, "calls go first")
	d.idle = true
	require.NoError(t, d.Once(t.Context()))
	w := d.wish(t)
	require.NotNil(t, w.Transcript)
	assert.Equal(t, call.Transcript{Text: "律师函已经寄出，请马上回电", Urgent: []string{"律师函", "马上"}}, *w.Transcript)
	assert.Equal(t, call.TranscriptDone, w.TranscriptState)
	assert.True(t, w.Urgent)
	require.Len(t, d.peaks, 200, "four seconds, and the caller's alone")
	assert.EqualValues(t, 3, d.peaks[0])
	assert.EqualValues(t, 6, d.peaks[199])
	e := <-d.sub.C()
	assert.True(t, e.Data.(call.Wish).Urgent)
	d.peaks = nil
	require.NoError(t, d.Once(t.Context()))
	assert.Empty(t, d.peaks, "once is enough")
}

func TestMessageIsTriedAgainAndGivenUp(t *testing.T) {
	d := open(t, "请回电")
	d.leave(t, true)
	d.fails = 2
	for range 3 {
		require.NoError(t, d.Once(t.Context()))
		require.NoError(t, d.Once(t.Context()), "not at once")
		d.now = d.now.Add(5 * time.Minute)
	}
	assert.Equal(t, call.TranscriptDone, d.wish(t).TranscriptState)

	d = open(t, "")
	d.leave(t, true)
	d.fails = 1000
	for range 100 {
		require.NoError(t, d.Once(t.Context()))
		d.now = d.now.Add(time.Hour)
	}
	assert.Equal(t, call.TranscriptFailed, d.wish(t).TranscriptState)
	assert.Equal(t, 994, d.fails, "six times, no more")
}

func TestRunWaitsForTheEndOfACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &event.Bus{}
		asked := 0
		w := voicemail.New(voicemail.Config{Store: &counting{n: &asked}, Bus: bus})
		ctx, cancel := context.WithCancel(t.Context())
		go w.Run(ctx)
		time.Sleep(3 * time.Second)
		require.Equal(t, 1, asked)
		bus.Publish(event.Event{Kind: "call.ended"})
		time.Sleep(3 * time.Second)
		require.Equal(t, 2, asked)
		cancel()
		synctest.Wait()
	})
}

// counting counts how often it is asked.
type counting struct {
	voicemail.Store

	n *int
}

func (c *counting) PendingMessages(context.Context, time.Time, int) ([]call.Wish, error) {
	*c.n++
	return nil, nil
}
