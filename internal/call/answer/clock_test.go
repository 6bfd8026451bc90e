package answer_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/asrtest"
	"hotline/internal/call/answer"
	"hotline/media"
)

// eavesdropper gives the detector what the recogniser reads, as a call does.
type eavesdropper struct {
	*asrtest.Source
	mu     sync.Mutex
	d      *answer.Detector
	first  time.Duration // when something was decided first
	person bool
}

func (e *eavesdropper) ReadFrame(f media.Frame) error {
	err := e.Source.ReadFrame(f)
	if err == nil {
		e.with(func() { e.d.Frame(f) })
	}
	return err
}

func (e *eavesdropper) with(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f()
	o := e.d.Outcome()
	if o.Decided() && e.first == 0 {
		e.first = e.d.Now()
	}
	e.person = e.person || o.Who == answer.Person
}

// TestRealClock has answers heard by the real recogniser while they sound, one at a
// time: HOTLINE_ANSWERS=clock. The other figures model how long decoding takes.
func TestRealClock(t *testing.T) {
	if os.Getenv("HOTLINE_ANSWERS") != "clock" {
		t.Skip("takes minutes of a quiet machine: HOTLINE_ANSWERS=clock")
	}
	w := newWorkshop(t)
	hear := recognizer(t, false)
	seen := map[string]int{}
	type tally struct {
		n, right, fast, person int
		delay                  []time.Duration
	}
	tallies := map[string]*tally{}
	for _, s := range withPeople(t, corpus(104)) {
		key := string(s.Who) + " " + s.Language
		if s.Part != "measure" || s.Early || s.Who != answer.Person && s.Who != answer.Voicemail || seen[key] >= map[answer.Who]int{answer.Person: 15, answer.Voicemail: 5}[s.Who] {
			continue
		}
		seen[key]++
		snd := w.make(s)
		x := snd.x[snd.answered*frameLen:]
		if s.Who == answer.Person {
			x = x[:min(len(x), snd.heardEnd-snd.answered*frameLen+span(2*time.Second))]
		}
		e := &eavesdropper{Source: &asrtest.Source{SampleRate: rate, Samples: x, Paced: true}, d: answer.New(rate, answer.Config{})}
		e.d.Answered()
		require.NoError(t, hear(s.Language).Recognize(context.Background(), e, func(r asr.Result) { e.with(func() { e.d.Heard(r) }) }))
		if tallies[key] == nil {
			tallies[key] = &tally{}
		}
		a := tallies[key]
		a.n++
		if e.d.Outcome().Who == s.Who {
			a.right++
		}
		if e.person {
			a.person++
		}
		delay := e.first - time.Duration(snd.heardEnd-snd.answered*frameLen)*time.Second/rate
		a.delay = append(a.delay, delay)
		if delay <= 600*time.Millisecond {
			a.fast++
		}
	}
	var b strings.Builder
	b.WriteString("| what answered | n | right | ever a person | first decision, median | p95 | ≤ 600 ms |\n|---|---|---|---|---|---|---|\n")
	for _, key := range []string{"person zh", "person en", "voicemail zh", "voicemail en"} {
		a := tallies[key]
		if a == nil {
			continue
		}
		slices.Sort(a.delay)
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d ms | %d ms | %d |\n", key, a.n, a.right, a.person, percentile(a.delay, .5).Milliseconds(), percentile(a.delay, .95).Milliseconds(), a.fast)
	}
	t.Log("\n" + b.String())
	if file := os.Getenv("HOTLINE_ANSWERS_OUT"); file != "" {
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
	}
}
