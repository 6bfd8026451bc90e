package answer_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mozillazg/go-pinyin"
	"github.com/stretchr/testify/assert"

	"hotline/internal/call/answer"
)

// misheard is a text as a recogniser may hear it: of eight Chinese characters or English
// words one becomes another that sounds like it, or is left out.
func misheard(r *rand.Rand, text string, alike map[string][]string) string {
	var b strings.Builder
	units := strings.Fields(text)
	space := " "
	if strings.ContainsFunc(text, func(x rune) bool { return x > 0x2e80 }) {
		units, space = strings.Split(text, ""), ""
	}
	for i, u := range units {
		if i > 0 {
			b.WriteString(space)
		}
		if others := alike[sound(u)]; r.IntN(8) == 0 {
			if len(others) > 1 && r.IntN(4) > 0 {
				b.WriteString(others[r.IntN(len(others))])
			}
			continue
		}
		b.WriteString(u)
	}
	return b.String()
}

// sound is roughly how a character or a word sounds: its final, or its first letters.
func sound(unit string) string {
	args := pinyin.NewArgs()
	args.Style = pinyin.Finals
	if p := pinyin.SinglePinyin([]rune(unit)[0], args); len(p) > 0 {
		return "zh " + strings.TrimSuffix(p[0], "g")
	}
	w := strings.ToLower(strings.Trim(unit, ",.!?"))
	return "en " + w[:min(2, len(w))]
}

// What is told by the words alone, where they are written down rightly and where one of
// eight is misheard: the cheap part of TestMeasure, without sound, codes and a recogniser's
// own mistakes. Phrases are made without a look at the measuring part. HOTLINE_ANSWERS=tune
// tells the other part's mistakes.
func TestKindsByWords(t *testing.T) {
	which := os.Getenv("HOTLINE_ANSWERS")
	if which == "" {
		which = "measure"
	}
	samples := corpus(104)
	alike := map[string][]string{}
	for _, s := range samples {
		for _, p := range s.Pieces {
			units := strings.Fields(p)
			if s.Language == "zh" {
				units = strings.Split(p, "")
			}
			for _, u := range units {
				if key := sound(u); !slices.Contains(alike[key], u) {
					alike[key] = append(alike[key], u)
				}
			}
		}
	}
	type tally struct{ all, class, kind, wrong int }
	got := map[string]*tally{}
	for _, s := range samples {
		if s.Part != which || len(s.Pieces) == 0 {
			continue
		}
		for _, how := range []string{"as written", "misheard"} {
			r := rand.New(rand.NewPCG(uint64(s.Index), uint64(len(s.Who))))
			d := answer.New(rate, answer.Config{})
			d.Answered()
			silent(d, 300*time.Millisecond)
			for _, p := range s.Pieces {
				long := max(400*time.Millisecond, time.Duration(len([]rune(p))*map[string]int{"zh": 210, "en": 70}[s.Language])*time.Millisecond)
				if how == "misheard" {
					p = misheard(r, p, alike)
				}
				say(d, p, long, true)
				silent(d, 300*time.Millisecond)
			}
			silent(d, 4*time.Second)
			o := d.Outcome()
			key := fmt.Sprintf("%s %s, %s", s.Who, s.Language, how)
			n := got[key]
			if n == nil {
				n = &tally{}
				got[key] = n
			}
			n.all++
			right := o.Who == s.Who
			if right {
				n.class++
			}
			if right && o.Notice == s.Notice {
				n.kind++
			}
			if !right && o.Who == answer.Announcement {
				n.wrong++
			}
			if which == "tune" && how == "as written" && (o.Who != s.Who || s.Who == answer.Announcement && o.Notice != s.Notice) {
				t.Logf("%s %s/%s for %s/%s: %v", s.Language, o.Who, o.Notice, s.Who, s.Notice, s.Pieces)
			}
		}
	}
	share := func(n, of int) float64 { return 100 * float64(n) / float64(of) }
	for _, key := range slices.Sorted(maps.Keys(got)) {
		n := got[key]
		t.Logf("| %s | %d | %.1f %% | %.1f %% | %d |", key, n.all, share(n.class, n.all), share(n.kind, n.all), n.wrong)
	}
	for _, language := range []string{"zh", "en"} {
		n := got["announcement "+language+", as written"]
		assert.GreaterOrEqual(t, share(n.kind, n.all), 85.0, language)
		for who, n := range got {
			if !strings.HasPrefix(who, "announcement") {
				assert.LessOrEqual(t, share(n.wrong, n.all), 5.0, "%s: taken for announcements", who)
			}
		}
	}
}
