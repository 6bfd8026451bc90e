package campaigns

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// allZones are those of the tz database that this machine has, each set of clocks once.
func allZones(t *testing.T) []string {
	t.Helper()
	const root = "/usr/share/zoneinfo"
	seen := map[[32]byte]bool{}
	var names []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, root+"/")
		if d.IsDir() {
			if name == "posix" || name == "right" { // the same, and one with leap seconds
				return fs.SkipDir
			}
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(b, []byte("TZif")) || seen[sha256.Sum256(b)] {
			return err
		}
		seen[sha256.Sum256(b)] = true
		if _, err := time.LoadLocation(name); err == nil {
			names = append(names, name)
		}
		return nil
	})
	if err != nil || len(names) < 200 {
		if os.Getenv("CI") == "true" {
			t.Fatal("the tz database is missing, and CI must have it")
		}
		t.Skip("MISSING-DATA: the tz database is not here")
	}
	return names
}

// around is a time in the years to come, half of them within hours of a change of the
// clocks where there is one.
func around(r *rand.Rand, loc *time.Location) time.Time {
	at := day(2026, 1, 1).Add(time.Duration(r.IntN(3*366*24*60))*time.Minute + time.Duration(r.IntN(60))*time.Second)
	if r.IntN(2) == 0 {
		if _, change := at.In(loc).ZoneBounds(); !change.IsZero() {
			at = change.Add(time.Duration(r.IntN(30*60)-26*60) * time.Minute)
		}
	}
	return at
}

// In every zone of the world, on ordinary days and when the clocks change: the next opening
// is open, nothing was open before it, and it is the first minute that is.
func TestNextInEveryZone(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for _, name := range allZones(t) {
		loc := zone(t, name)
		for range 8 {
			from := around(r, loc)
			first := r.IntN(1380)
			w := everyDay(Span{first, first + 1 + r.IntN(1440-first)})
			if r.IntN(3) == 0 {
				w.Holidays = []Holiday{{First: from.In(loc).Truncate(24 * time.Hour)}}
			}
			next, ok := w.Next(from, loc)
			require.True(t, ok, "%s %v", name, w)
			require.True(t, w.Open(next, loc), "%s from %s: %s is not open", name, from, next)
			require.False(t, next.Before(from))
			require.Less(t, next.Sub(from), 4*24*time.Hour, "%s %v", name, w)
			for m := from; m.Before(next); m = m.Truncate(time.Minute).Add(time.Minute) {
				require.False(t, w.Open(m, loc), "%s from %s: %s was open before %s", name, from, m, next)
			}
		}
	}
}

// Whatever came of a call and whenever it ended, in every zone of the world: the next is
// not before its interval and only when both the campaign and the server allow it there;
// what is due then is allowed then, and half an hour outside the hours nothing is.
func TestRetriesInEveryZone(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	rules := NewRules(RulesConfig{Numbers: anyNumber{}})
	outcomes := []Outcome{Busy, NoAnswer, Silence, Screening, Voicemail, Menu, Declined, Failed, Interrupted, Abandoned}
	for _, name := range allZones(t) {
		loc := zone(t, name)
		for range 6 {
			c := Campaign{ID: "c", Purpose: Service, Variants: []Variant{{Greeting: "I am an automated assistant."}}, Windows: everyDay(Span{6 * 60, 22*60 + r.IntN(100)})}
			k := Contact{ID: r.Int64(), Number: fmt.Sprintf("+1%d", r.Int64()), Zone: name, Made: 1}
			o := outcomes[r.IntN(len(outcomes))]
			now := around(r, loc)
			next := rules.Next(now, c, k, map[Outcome]int{o: 1}, Result{Outcome: o})
			require.Equal(t, Waiting, next.State, "%s %s", name, o)
			require.GreaterOrEqual(t, next.Due.Sub(now), c.interval(o), "%s %s", name, o)
			at := next.Due.In(loc)
			minute := at.Hour()*60 + at.Minute()
			require.True(t, minute >= 8*60 && minute < 21*60, "%s: due at %s", name, at)
			k.Due, k.Reason, k.State = next.Due, next.Reason, Waiting
			f := Facts{Last: now}
			require.Empty(t, rules.Allowed(next.Due, c, k, f).Refusal, "%s %s at %s", name, o, at)
			night := time.Date(at.Year(), at.Month(), at.Day()+1, 21, 30, 0, 0, loc)
			v := rules.Allowed(night, c, k, f)
			require.Equal(t, RefusedWindow, v.Refusal, "%s at %s", name, night)
			require.Empty(t, rules.Allowed(v.Next, c, k, f).Refusal, "%s: put off to %s", name, v.Next.In(loc))
		}
	}
}

// A contact speaks of three o'clock by his own clock, where one knows it.
func TestZoneOfAContact(t *testing.T) {
	t.Parallel()
	rules := NewRules(RulesConfig{Numbers: anyNumber{}, Zone: "Asia/Shanghai"})
	require.Equal(t, "Asia/Shanghai", rules.Zone(Campaign{}, Contact{}).String())
	require.Equal(t, "Asia/Kolkata", rules.Zone(Campaign{}, Contact{Zone: "Asia/Kolkata"}).String())
	rules = NewRules(RulesConfig{Numbers: anyNumber{"Australia/Perth", "Australia/Sydney"}})
	require.Nil(t, rules.Zone(Campaign{}, Contact{}), "which one is not known")
}

// anyNumber takes every number, in these zones.
type anyNumber []string

func (anyNumber) Emergency(string) bool   { return false }
func (anyNumber) Callable(string) bool    { return true }
func (z anyNumber) Zones(string) []string { return z }
