package tts_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/tts"
	"hotline/tts/ttstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const long = "您好，这里是云上商城客服热线。您的订单昨天已经从上海发出，预计明天下午送到您手里。请问还有什么可以帮您的吗？"

func TestSplitKeepsTheContract(t *testing.T) {
	ttstest.Run(t, &tts.Split{Next: &ttstest.Tone{}}, ttstest.Options{Text: long, Language: "zh"})
}

// paced is a writer that takes a frame each 20 ms, as a telephone line does.
type paced struct {
	ttstest.Writer
	marks []string
	at    []time.Duration
	start time.Time
	gap   time.Duration // longest wait for a frame once it has begun
	last  time.Time
}

func (p *paced) WriteFrame(f media.Frame) error {
	if now := time.Now(); !p.last.IsZero() {
		p.gap = max(p.gap, now.Sub(p.last))
	}
	time.Sleep(media.FrameTime)
	p.last = time.Now()
	return p.Writer.WriteFrame(f)
}

func (p *paced) Mark(text string) {
	p.marks = append(p.marks, text)
	p.at = append(p.at, time.Since(p.start))
}

// slow is an engine that computes for a while before each clause.
func slow(d time.Duration) *ttstest.Tone {
	return &ttstest.Tone{Begin: func(ctx context.Context, _ tts.Utterance) {
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	}}
}

func TestNextClauseIsMadeWhileOnePlays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &paced{Writer: ttstest.Writer{Hz: 8000}, start: time.Now()}
		s := &tts.Split{Next: slow(400 * time.Millisecond)}
		require.NoError(t, s.Synthesize(t.Context(), tts.Utterance{Text: long, Language: "zh"}, w))
		require.InDelta(t, 400, w.First.Sub(w.start).Milliseconds(), 25, "first sound when the first clause is made")
		require.LessOrEqual(t, w.gap, media.FrameTime, "a gap between clauses although each was made in time")
		require.Equal(t, texts(tts.Clauses(long, "zh")), w.marks)
		require.Greater(t, w.at[1], time.Second/2, "marked when it plays, not when it is made")
	})
}

func TestSplitStopsWithItsMaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("barge-in")
		time.AfterFunc(1500*time.Millisecond, func() { cancel(cause) })
		start := time.Now()
		w := &paced{Writer: ttstest.Writer{Hz: 8000}, start: start}
		require.ErrorIs(t, (&tts.Split{Next: slow(300 * time.Millisecond)}).Synthesize(ctx, tts.Utterance{Text: long}, w), cause)
		require.LessOrEqual(t, time.Since(start), 1500*time.Millisecond+2*media.FrameTime)
	})
}

func TestSplitNormalizesEachClauseAndMarksWhatWasWritten(t *testing.T) {
	tone := &ttstest.Tone{}
	s := &tts.Split{Next: tone, Normalize: func(text, _ string) string { return "«" + text + "»" }}
	w := &paced{Writer: ttstest.Writer{Hz: 8000}, start: time.Now()}
	w.last = time.Time{}
	u := tts.Utterance{Text: "您的订单已经发出。请留意电话。", Language: "zh"}
	synctest.Test(t, func(t *testing.T) { require.NoError(t, s.Synthesize(t.Context(), u, w)) })
	require.Equal(t, []string{"«您的订单已经发出。»", "«请留意电话。»"}, tone.Texts())
	require.Equal(t, []string{"您的订单已经发出。", "请留意电话。"}, w.marks)
}

// rendered is an engine that has some texts ready.
type rendered struct {
	ttstest.Tone
	has map[string]bool
}

func (r *rendered) Ready(u tts.Utterance) bool { return r.has[u.Text] }

func TestLongestReadyRunIsSpokenWhole(t *testing.T) {
	r := &rendered{has: map[string]bool{
		"您好，这里是云上商城客服热线。": true,
		"请问还有什么可以帮您的吗？":   true,
	}}
	s := &tts.Split{Next: r}
	require.True(t, s.Ready(tts.Utterance{Text: long}), "it begins with what is there")
	require.False(t, s.Rendered(tts.Utterance{Text: long}))
	require.NoError(t, s.Synthesize(t.Context(), tts.Utterance{Text: long}, &ttstest.Writer{Hz: 8000}))
	require.Equal(t, []string{
		"您好，这里是云上商城客服热线。", "您的订单昨天已经从上海发出，", "预计明天下午送到您手里。", "请问还有什么可以帮您的吗？",
	}, r.Texts())
	r.has[long] = true
	require.True(t, s.Rendered(tts.Utterance{Text: long}))
}

func TestSplitReturnsTheMakersErrorAfterWhatWasMade(t *testing.T) {
	broken := errors.New("engine gone")
	n := 0
	var mu sync.Mutex
	tone := &ttstest.Tone{}
	tone.Begin = func(context.Context, tts.Utterance) {
		mu.Lock()
		defer mu.Unlock()
		if n++; n == 2 {
			tone.Err = broken
		}
	}
	w := &ttstest.Writer{Hz: 8000}
	require.ErrorIs(t, (&tts.Split{Next: tone}).Synthesize(t.Context(), tts.Utterance{Text: long}, w), broken)
	require.Greater(t, w.Frames(), 20, "the first clause was heard")
}

func TestPausesAreSilence(t *testing.T) {
	w := &ttstest.Writer{Hz: 8000}
	require.NoError(t, (&tts.Split{Next: &ttstest.Tone{}}).Synthesize(t.Context(), tts.Utterance{Text: "一二三四五六七八。一二三四五六七八。"}, w))
	x := w.Samples()
	// Eight characters of 60 ms each, a pause of 340, eight more.
	middle := x[8*8*60+200 : 8*8*60+8*300]
	require.Less(t, dsp.LevelDB(middle), -60.0)
	require.Greater(t, dsp.LevelDB(x[len(x)-8*200:]), -30.0)
}
