package hours

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	for text, want := range map[string][]Span{
		"09:00-12:00, 13:00-18:00": {{540, 720}, {780, 1080}},
		"9-12、13：30至24":            {{540, 720}, {810, 1440}},
		"9:05到 10:06":              {{545, 606}},
		"休息":                       {},
		"不拨打":                      {},
		"Closed":                   {},
		"全天":                       {{0, 1440}},
	} {
		got, err := Parse(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "9", "9-8", "9-12,11-13", "25-26", "9:60-10", "24:01-24:02", "-1-2", "9-", "早上"} {
		_, err := Parse(text)
		assert.Error(t, err, text)
	}
}

// What is written of hours is read as they were.
func TestParseReadsWhatIsWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var want []Span
		var parts []string
		for at := r.IntN(600); at < 1430 && len(want) < 5; at += 1 + r.IntN(300) {
			s := Span{at, at + 1 + r.IntN(1440-at)}
			want, at = append(want, s), s.To
			parts = append(parts, fmt.Sprintf("%d:%02d-%d:%02d", s.From/60, s.From%60, s.To/60, s.To%60))
		}
		got, err := Parse(strings.Join(parts, []string{",", ", ", "，", "、"}[r.IntN(4)]))
		require.NoError(t, err, "%v", parts)
		require.Equal(t, want, got)
	}
}

func TestParseDay(t *testing.T) {
	want := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	for _, text := range []string{"2026-10-01", "2026/10/1", "2026.10.1", "2026年10月1日", "20261001", "46296", " 2026-10-01 00:00:00"} {
		got, err := ParseDay(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"1/10/2026", "2026-13-01", "", "十月一日", "1066-10-14", "99999"} {
		_, err := ParseDay(text)
		assert.Error(t, err, text)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"09:00-12:00, 13:00-18:00", "9-12、13：30至24", "全天", "closed", "2026年10月1日", "46296", "20261001"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Parse(text)
		last := 0
		var parts []string
		for _, s := range list {
			if err != nil || s.From < last || s.To <= s.From || s.To > 1440 {
				t.Fatal(list, err)
			}
			last = s.To
			parts = append(parts, fmt.Sprintf("%d:%02d-%d:%02d", s.From/60, s.From%60, s.To/60, s.To%60))
		}
		if len(parts) > 0 { // what is shown of them is read as they are
			if again, err := Parse(strings.Join(parts, ", ")); err != nil || !slices.Equal(again, list) {
				t.Fatal(list, again, err)
			}
		}
		if day, err := ParseDay(text); err == nil {
			if again, err := ParseDay(day.Format(time.DateOnly)); err != nil || !again.Equal(day) || !day.Equal(day.Truncate(24*time.Hour)) {
				t.Fatal(day, again, err)
			}
		}
	})
}
