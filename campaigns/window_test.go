package campaigns

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(tb, err)
	return loc
}

func everyDay(spans ...Span) (w Windows) {
	for i := range w.Days {
		w.Days[i] = spans
	}
	return w
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func TestWindows(t *testing.T) {
	shanghai := zone(t, "Asia/Shanghai")
	at := func(d, h, m int) time.Time { return time.Date(2026, 11, d, h, m, 0, 0, shanghai) } // the 2nd is a Monday
	var working Windows
	for d := time.Monday; d <= time.Friday; d++ {
		working.Days[d] = []Span{{540, 720}, {840, 1200}}
	}
	feast := working
	feast.Holidays = []Holiday{
		{Name: "closed", First: day(2026, 11, 3), Last: day(2026, 11, 4)},
		{Name: "short", First: day(2026, 11, 5), Open: []Span{{600, 660}}},
	}
	for _, c := range []struct {
		name     string
		w        Windows
		at, next time.Time
	}{
		{"the default opens at nine", Windows{}, at(1, 8, 59), at(1, 9, 0)},
		{"is open at nine", Windows{}, at(1, 9, 0), at(1, 9, 0)},
		{"until a minute before eight", Windows{}, at(1, 19, 59), at(1, 19, 59)},
		{"and closes at eight", Windows{}, at(1, 20, 0), at(2, 9, 0)},
		{"over the weekend", working, at(1, 12, 0), at(2, 9, 0)},
		{"over noon", working, at(2, 12, 0), at(2, 14, 0)},
		{"over holidays", feast, at(2, 21, 0), at(5, 10, 0)},
		{"after a short one", feast, at(5, 11, 0), at(6, 9, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			next, ok := c.w.Next(c.at, shanghai)
			require.True(t, ok)
			require.Equal(t, c.next, next)
			require.Equal(t, c.at.Equal(c.next), c.w.Open(c.at, shanghai))
		})
	}
	never := working
	never.Holidays = []Holiday{{Name: "for good", First: day(2020, 1, 1), Last: day(2100, 1, 1)}}
	_, ok := never.Next(at(2, 10, 0), shanghai)
	require.False(t, ok)
}

// The hour that spring leaves out, and the one that autumn has twice.
func TestWindowsWhenClocksChange(t *testing.T) {
	for _, c := range []struct {
		name, zone string
		span       Span
		from, next string // RFC 3339
	}{
		{"a span in the gap opens after it", "America/New_York", Span{135, 240}, "2026-03-08T00:00:00-05:00", "2026-03-08T03:00:00-04:00"},
		{"a span all in the gap waits a day", "America/New_York", Span{125, 175}, "2026-03-08T00:00:00-05:00", "2026-03-09T02:05:00-04:00"},
		{"the first of two hours", "America/New_York", Span{60, 120}, "2026-11-01T00:00:00-04:00", "2026-11-01T01:00:00-04:00"},
		{"the second of two hours", "America/New_York", Span{60, 90}, "2026-11-01T01:30:00-04:00", "2026-11-01T01:00:00-05:00"},
		{"half an hour of change", "Australia/Lord_Howe", Span{120, 150}, "2026-10-04T00:00:00+10:30", "2026-10-05T02:00:00+11:00"},
		{"midnight left out", "Africa/Cairo", Span{0, 30}, "2026-04-23T12:00:00+02:00", "2026-04-25T00:00:00+03:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, err := time.Parse(time.RFC3339, c.from)
			require.NoError(t, err)
			want, err := time.Parse(time.RFC3339, c.next)
			require.NoError(t, err)
			next, ok := everyDay(c.span).Next(from, zone(t, c.zone))
			require.True(t, ok)
			require.Equal(t, want.UTC(), next.UTC())
		})
	}
}

// zonesTried have daylight saving on both halves of the Earth, none, halves and
// quarters of hours, and a change of half an hour.
var zonesTried = []string{
	"Asia/Shanghai", "America/New_York", "Europe/London", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kolkata",
	"Pacific/Chatham", "America/St_Johns", "Africa/Cairo", "America/Phoenix", "Asia/Kathmandu", "Pacific/Apia",
}

// Next agrees with looking at the clock minute by minute.
func TestNextIsTheFirstOpenMinute(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range zonesTried {
		loc := zone(t, name)
		for range 150 {
			var w Windows
			for d := range w.Days {
				for range r.IntN(3) {
					from := r.IntN(1439)
					w.Days[d] = append(w.Days[d], Span{from, from + 1 + r.IntN(1440-from)})
				}
			}
			from := day(2026, 1, 1).Add(time.Duration(r.IntN(366*24*60))*time.Minute + time.Duration(r.IntN(60))*time.Second)
			if r.IntN(2) == 0 { // around a change of the clocks, where there is one
				if _, change := from.In(loc).ZoneBounds(); !change.IsZero() {
					from = change.Add(time.Duration(r.IntN(6*60)-4*60) * time.Minute)
				}
			}
			if r.IntN(3) == 0 {
				w.Holidays = []Holiday{{First: from.Truncate(24 * time.Hour), Open: []Span{{r.IntN(600), 600 + r.IntN(800)}}}}
			}
			next, ok := w.Next(from, loc)
			if !ok {
				require.Fail(t, "no opening in two months", "%s %v", name, w)
			}
			require.True(t, w.Open(next, loc), "%s from %s: %s is not open", name, from, next)
			require.False(t, next.Before(from))
			for m := from; m.Before(next); m = m.Truncate(time.Minute).Add(time.Minute) {
				require.False(t, w.Open(m, loc), "%s from %s: %s was open before %s", name, from, m, next)
			}
		}
	}
}

// A number that may be in several zones is called when it is day in all of them.
func TestSeveralZones(t *testing.T) {
	all := []calendar{{Windows{}, zone(t, "Australia/Perth")}, {Windows{}, zone(t, "Australia/Sydney")}}
	from := time.Date(2026, 11, 2, 0, 0, 0, 0, zone(t, "Australia/Perth"))
	next, ok := nextOpen(from, all)
	require.True(t, ok)
	require.Equal(t, 9, next.In(all[0].zone).Hour())
	require.Equal(t, 12, next.In(all[1].zone).Hour())
	c, closed := closedAt(next.Add(8*time.Hour+time.Minute), all) // 17:01 and 20:01
	require.True(t, closed)
	require.Equal(t, all[1].zone, c.zone)
	_, ok = nextOpen(from, append(all, calendar{Windows{}, zone(t, "America/New_York")}))
	require.False(t, ok, "Perth and New York have no hour in common")
}

func BenchmarkNextOpen(b *testing.B) {
	all := []calendar{{Windows{}, zone(b, "America/New_York")}, {everyDay(Span{480, 1260}), zone(b, "America/New_York")}}
	at := time.Date(2026, 3, 7, 22, 0, 0, 0, time.UTC)
	for b.Loop() {
		nextOpen(at, all)
	}
}
