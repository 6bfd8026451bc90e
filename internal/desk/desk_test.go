package desk_test

import (
	"slices"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/desk"
	"hotline/internal/event"
)

func newDesk(now *time.Time) *desk.Desk {
	return desk.New(desk.Config{
		Agents: []desk.Agent{
			{Name: "li", Skills: []string{"returns"}},
			{Name: "wang", Skills: []string{"returns", "sales"}},
			{Name: "zhao"},
		},
		Open: func(skill string, at time.Time) bool { return skill != "night" || at.Hour() >= 20 },
		Now:  func() time.Time { return *now },
	})
}

func reserve(t *testing.T, d *desk.Desk, skill string, tried ...string) string {
	t.Helper()
	p, found, open := d.Reserve(skill, tried)
	if !open {
		return "closed"
	}
	if !found {
		return "nobody"
	}
	return p.Name
}

func TestReserveOnlyPresentAgentsWithTheSkill(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	d := newDesk(&now)
	if got := reserve(t, d, "returns"); got != "nobody" {
		t.Fatalf("with no phone registered: %s", got)
	}
	d.Present("wang", true)
	if got := reserve(t, d, "repairs"); got != "nobody" {
		t.Fatalf("wang has no such skill, got %s", got)
	}
	if got := reserve(t, d, "sales"); got != "wang" {
		t.Fatalf("sales = %s", got)
	}
	if got := reserve(t, d, "sales"); got != "nobody" {
		t.Fatalf("an agent who is being rung was reserved twice: %s", got)
	}
	d.Present("zhao", true)
	if got := reserve(t, d, "repairs"); got != "zhao" {
		t.Fatalf("an agent without skills takes everything, got %s", got)
	}
	if got := reserve(t, d, "night"); got != "closed" {
		t.Fatalf("out of hours: %s", got)
	}
}

func TestLongestIdleIsRungFirst(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	d := newDesk(&now)
	d.Present("li", true)
	now = now.Add(time.Minute)
	d.Present("wang", true)
	if got := reserve(t, d, "returns"); got != "li" {
		t.Fatalf("first = %s, want li, idle longest", got)
	}
	d.Talking("li")
	now = now.Add(5 * time.Minute)
	d.Release("li", call.OfferTaken)
	if got := reserve(t, d, "returns"); got != "wang" {
		t.Fatalf("after li's call = %s, want wang", got)
	}
}

func TestAgentWhoDoesNotAnswerRests(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	d := newDesk(&now)
	d.Present("li", true)
	reserve(t, d, "returns")
	d.Release("li", call.OfferNoAnswer)
	if got := reserve(t, d, "returns"); got != "nobody" {
		t.Fatalf("rung again at once: %s", got)
	}
	if s := d.Agents()[0].State; s != desk.NotReady {
		t.Errorf("state = %s, want not_ready", s)
	}
	now = now.Add(2 * time.Minute)
	if got := reserve(t, d, "returns"); got != "li" {
		t.Fatalf("after the rest = %s", got)
	}
	d.Release("li", call.OfferGone)
	if got := reserve(t, d, "returns", "li"); got != "nobody" {
		t.Errorf("an agent already tried for this caller was rung again: %s", got)
	}
	if got := reserve(t, d, "returns"); got != "li" {
		t.Errorf("a caller who left must not make the agent rest, got %s", got)
	}
}

func TestStateChangesArePublished(t *testing.T) {
	now := time.Now()
	var bus event.Bus
	d := desk.New(desk.Config{Agents: []desk.Agent{{Name: "li"}}, Bus: &bus, Now: func() time.Time { return now }})
	sub := bus.Subscribe("agent.state")
	d.Present("li", true)
	d.Present("li", true) // a second contact changes nothing
	reserve(t, d, "")
	d.Talking("li")
	d.Release("li", call.OfferTaken)
	d.Present("li", false)
	sub.Close()
	var got []desk.State
	for e := range sub.C() {
		got = append(got, e.Data.(desk.Status).State)
	}
	want := []desk.State{desk.Ready, desk.Ringing, desk.Talking, desk.Ready, desk.Offline}
	if !slices.Equal(got, want) {
		t.Errorf("states = %v, want %v", got, want)
	}
}
