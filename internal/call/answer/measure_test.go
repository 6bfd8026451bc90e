package answer_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/internal/call/answer"
)

// result is what became of one sample.
type result struct {
	sample
	out    answer.Outcome
	person bool          // it was taken for a person at some time
	delay  time.Duration // of the first decision behind the end of the first words
	at     time.Duration // of the first decision, since the answer or the first sound
	clear  time.Duration // when one may speak, behind the end of the greeting or its beep
	spoke  bool
}

// judge plays a sample and what was heard in it to a detector.
func judge(s sample, snd sounded, list []heard) result {
	d := answer.New(rate, answer.Config{})
	res := result{sample: s}
	list = slices.Clone(list)
	for i := range list {
		if list[i].Result.Kind == asr.Partial {
			list[i].At += decoding(list[i].Result)
		}
	}
	slices.SortStableFunc(list, func(a, b heard) int {
		if a.Early != b.Early {
			return map[bool]int{true: -1, false: 1}[a.Early]
		}
		return cmp.Compare(a.At, b.At)
	})
	offset := time.Duration(0)
	next := 0
	decided := false
	for i := 0; i+frameLen <= len(snd.x); i += frameLen {
		n := i / frameLen
		if n == snd.answered {
			for next < len(list) && list[next].Early { // what comes too late is nobody's
				next++
			}
			offset = d.Now()
			d.Answered()
		}
		d.Frame(snd.x[i : i+frameLen])
		for next < len(list) && (list[next].Early || n >= snd.answered && snd.answered >= 0) && list[next].At+offset <= d.Now() {
			r := list[next].Result
			r.Start, r.End = r.Start+offset, r.End+offset
			d.Heard(r)
			next++
		}
		o := d.Outcome()
		if o.Who == answer.Person {
			res.person = true
		}
		if o.Decided() && !decided {
			decided = true
			res.at = d.Now() - offset
			res.delay = d.Now() - time.Duration(snd.heardEnd)*time.Second/rate
		}
		if d.Clear() && !res.spoke && (o.Who == answer.Voicemail || o.Who == answer.Screening) {
			res.spoke = true
			res.clear = d.Now() - time.Duration(max(snd.saidEnd, snd.beepEnd))*time.Second/rate
		}
		if o.Who == answer.Announcement && o.Early {
			break // the call is over
		}
	}
	res.out = d.Outcome()
	if snd.answered < 0 && !(res.out.Decided()) {
		res.out = d.Refused(map[answer.Who]int{answer.NoAnswer: 408}[s.Who], "")
	}
	return res
}

// run makes, hears and judges samples.
func run(t *testing.T, samples []sample) []result {
	t.Helper()
	w := newWorkshop(t)
	out := make([]result, len(samples))
	var wg sync.WaitGroup
	next := make(chan int)
	for range 2 {
		wg.Go(func() {
			for i := range next {
				snd := w.make(samples[i])
				out[i] = judge(samples[i], snd, w.listen(samples[i], snd))
			}
		})
	}
	for i := range samples {
		next <- i
	}
	close(next)
	wg.Wait()
	return out
}

// withPeople adds the recorded ones.
func withPeople(tb testing.TB, samples []sample) []sample {
	tb.Helper()
	all := people(tb)
	for _, language := range []string{"zh", "en"} {
		for k := range 2 {
			for i := range all[language] {
				samples = append(samples, sample{
					Who: answer.Person, Language: language, Part: []string{"tune", "measure"}[i%2], Index: 1000*(k+1) + i,
					Pieces: []string{""}, Voice: fmt.Sprintf("people/%s#%d", language, i),
				})
			}
		}
	}
	return samples
}

func percentile(d []time.Duration, p float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(len(d)-1, int(p*float64(len(d))))]
}

// report writes the tables of docs/answer.md.
func report(results []result) string {
	var b strings.Builder
	whos := []answer.Who{answer.Person, answer.Voicemail, answer.Screening, answer.Menu, answer.Announcement, answer.Fax, answer.Busy, answer.NoAnswer, answer.Failed, answer.Silence}
	group := map[string][]result{}
	for _, r := range results {
		key := string(r.Who)
		if r.Language != "" {
			key += " " + r.Language
		}
		if r.Kind != "" && r.Who == answer.Announcement {
			key += " tones"
		}
		if strings.HasPrefix(r.Voice, "people/") || len(r.Prompts) > 0 {
			key += " recorded"
		}
		group[key] = append(group[key], r)
	}
	b.WriteString("| what answered | n |")
	for _, w := range whos {
		b.WriteString(" " + string(w) + " |")
	}
	b.WriteString(" none | right | kind right |\n|---|---|" + strings.Repeat("---|", len(whos)+3) + "\n")
	for _, key := range slices.Sorted(maps.Keys(group)) {
		list := group[key]
		counts := map[answer.Who]int{}
		kind := 0
		for _, r := range list {
			counts[r.out.Who]++
			if r.out.Who == r.Who && r.out.Notice == r.Notice {
				kind++
			}
		}
		fmt.Fprintf(&b, "| %s | %d |", key, len(list))
		for _, w := range whos {
			if counts[w] == 0 {
				b.WriteString(" |")
				continue
			}
			fmt.Fprintf(&b, " %d |", counts[w])
		}
		right := fmt.Sprintf("%.1f %%", 100*float64(counts[list[0].Who])/float64(len(list)))
		kinds := ""
		if list[0].Who == answer.Announcement {
			kinds = fmt.Sprintf("%.1f %%", 100*float64(kind)/float64(len(list)))
		}
		fmt.Fprintf(&b, " %d | %s | %s |\n", counts[""], right, kinds)
	}
	b.WriteString("\n| what answered | first decision, median | p95 | ≤ 600 ms | ever a person | speaks | too early | speaks after, median | p95 |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, key := range slices.Sorted(maps.Keys(group)) {
		list := group[key]
		var delay, spoke []time.Duration
		fast, person, early := 0, 0, 0
		for _, r := range list {
			if r.out.Decided() {
				d := r.delay
				if r.Who != answer.Person {
					d = r.at
				}
				delay = append(delay, d)
				if d <= 600*time.Millisecond {
					fast++
				}
			}
			if r.person {
				person++
			}
			if r.spoke {
				spoke = append(spoke, r.clear)
				if r.clear < 0 {
					early++
				}
			}
		}
		ms := func(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
		first := ""
		if list[0].Who == answer.Person {
			first = fmt.Sprintf("%.1f %%", 100*float64(fast)/float64(max(1, len(list))))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %d |", key, ms(percentile(delay, .5)), ms(percentile(delay, .95)), first, person)
		if len(spoke) == 0 {
			b.WriteString(" | | | |\n")
			continue
		}
		fmt.Fprintf(&b, " %d | %d | %s | %s |\n", len(spoke), early, ms(percentile(spoke, .5)), ms(percentile(spoke, .95)))
	}
	return b.String()
}

// TestMeasure measures on all answers; it takes minutes the first time, when they are
// made and heard: HOTLINE_ANSWERS=tune|measure, HOTLINE_ANSWERS_OUT names a file for
// the tables.
func TestMeasure(t *testing.T) {
	which := os.Getenv("HOTLINE_ANSWERS")
	if which == "" {
		if os.Getenv("HOTLINE_E2E_LONG") == "" {
			t.Skip("makes and hears 2,000 answers: HOTLINE_ANSWERS=measure, or HOTLINE_E2E_LONG=1")
		}
		which = "measure"
	}
	samples := withPrompts(t, withPeople(t, corpus(104)))
	if which != "all" {
		samples = slices.DeleteFunc(samples, func(s sample) bool { return s.Part != which })
	}
	results := run(t, samples)
	tables := report(results)
	t.Log("\n" + tables)
	if file := os.Getenv("HOTLINE_ANSWERS_OUT"); file != "" {
		require.NoError(t, os.WriteFile(file, []byte(tables), 0o600))
	}
	right := map[answer.Who][2]int{}
	for _, r := range results {
		n := right[r.Who]
		n[1]++
		if r.out.Who == r.Who {
			n[0]++
		}
		if (r.out.Who != r.Who || r.out.Notice != r.Notice && r.Who == answer.Announcement) && which == "tune" {
			t.Logf("%s %s: %+v, was %v %+v", r.Language, r.key(), r.out, r.Pieces, r.Kind)
		}
		right[r.Who] = n
	}
	for who, n := range right {
		assert.GreaterOrEqual(t, float64(n[0])/float64(n[1]), 0.8, "%s", who)
	}
}

// TestAnswers is TestMeasure with a handful of each.
func TestAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("speaks and recognises")
	}
	var few []sample
	seen := map[string]int{}
	for _, s := range corpus(104) {
		key := string(s.Who) + s.Language + s.Kind
		if s.Part != "measure" || strings.HasPrefix(s.Voice, "kokoro") || seen[key] >= 2 {
			continue
		}
		seen[key]++
		few = append(few, s)
	}
	wrong := 0
	for _, r := range run(t, few) {
		if r.out.Who != r.Who {
			wrong++
			t.Logf("%s for %s: %v", cmp.Or(r.out.Who, "nothing"), r.Who, r.Pieces)
		}
	}
	require.LessOrEqual(t, wrong, len(few)/10, "of %d", len(few))
}
