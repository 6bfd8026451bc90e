package campaigns

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestIntervals(t *testing.T) {
	w := Wilson(15, 148) // Newcombe 1998, table I
	require.InDelta(t, 0.0624, w.Low, 1e-4)
	require.InDelta(t, 0.1605, w.High, 1e-4)
	d := Newcombe(56, 70, 48, 80) // Newcombe 1998, table II, (a) method 10
	require.InDelta(t, 0.0524, d.Low, 1e-4)
	require.InDelta(t, 0.3339, d.High, 1e-4)
	require.Equal(t, Interval{0, 1}, Wilson(0, 0).Interval)
}

func TestCompare(t *testing.T) {
	_, ok := Compare([]Arm{{"a", 10, 1}, {"b", 0, 0}})
	require.False(t, ok, "one variant is compared with nothing")

	early, ok := Compare([]Arm{{"a", 40, 4}, {"b", 40, 10}})
	require.True(t, ok)
	require.Equal(t, "b", early.Best)
	require.Equal(t, NotYet, early.Decision)
	require.True(t, early.TooEarly)
	require.Equal(t, early.Planned-40, early.Against[0].More)
	require.Contains(t, early.Words("zh"), "为时过早")
	require.Contains(t, early.Words("en"), "Too early")

	plain, _ := Compare([]Arm{{"a", 3000, 300}, {"b", 3000, 450}})
	require.Equal(t, Better, plain.Decision)
	require.False(t, plain.TooEarly)
	require.InDelta(t, 0.05, plain.Against[0].Difference, 1e-9)
	require.Positive(t, plain.Against[0].Range.Low)
	require.Contains(t, plain.Words("zh"), "可以采用“b”")

	same, _ := Compare([]Arm{{"a", 9000, 1800}, {"b", 9000, 1805}})
	require.Equal(t, NoneSeen, same.Decision)
	require.False(t, same.TooEarly)
	require.Contains(t, same.Words("en"), "No difference")

	three, _ := Compare([]Arm{{"a", 5000, 500}, {"b", 5000, 900}, {"c", 5000, 890}})
	require.Equal(t, NoneSeen, three.Decision, "better than a, not than c")
	require.Len(t, three.Against, 2)
}

// Who looks after every twenty contacts and stops at the first "better" errs in one
// campaign of twenty; and what is there is found.
func TestLookingOftenDoesNotFindWhatIsNotThere(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	stopped := func(p, q float64) bool {
		a, b := Arm{Name: "a"}, Arm{Name: "b"}
		for range 4000 {
			for _, arm := range []*Arm{&a, &b} {
				rate := p
				if arm == &b {
					rate = q
				}
				for range 20 {
					arm.Asked++
					if r.Float64() < rate {
						arm.Met++
					}
				}
			}
			c, _ := Compare([]Arm{a, b})
			if c.Decision != NotYet {
				return c.Decision == Better
			}
		}
		return false
	}
	wrong, found := 0, 0
	for range 600 {
		if stopped(0.2, 0.2) {
			wrong++
		}
		if stopped(0.2, 0.245) {
			found++
		}
	}
	require.LessOrEqual(t, wrong, 42, "of 600 without a difference: 5 % and three deviations")
	require.Greater(t, found, 400, "of 600 with the planned one")
}

func TestProgress(t *testing.T) {
	c := notice()
	c.PerSecond, c.CostPerGoal = 1, 8
	n := Counts{
		Contacts: 10_000, Waiting: 6000, Called: 4000, Responded: 2500, Reached: 2000, Goals: 500, Attempts: 6000, Seconds: 60_000, Cost: 100,
		Persons: 970, Abandoned: 30,
	}
	steps := n.Funnel()
	require.Equal(t, []string{"contacts", "called", "answered", "person", "goal"}, []string{steps[0].Name, steps[1].Name, steps[2].Name, steps[3].Name, steps[4].Name})
	require.InDelta(t, 0.25, steps[4].Share, 1e-9)
	require.InDelta(t, 0.03, n.AbandonedShare(), 1e-9)
	costs := n.Costs(c)
	require.InDelta(t, 0.1, costs.PerMinute, 1e-9)
	require.InDelta(t, 0.2, costs.PerGoal, 1e-9)
	require.InDelta(t, 3900, costs.Saved, 1e-9)
	require.Zero(t, Counts{}.Costs(c).PerGoal)

	e := NewRules(RulesConfig{Numbers: chinese{}, Zone: "Asia/Shanghai"}).Estimate(ten, c, n, 10)
	require.Equal(t, 9000, e.Attempts)
	require.Equal(t, 15*time.Hour, e.Dialling)
	require.Equal(t, ten.Add(28*time.Hour).UTC(), e.At.UTC(), "ten hours today, five tomorrow from nine on")
	c.End = ten.Add(20 * time.Hour)
	require.True(t, rules().Estimate(ten, c, n, 10).Late)
	require.Equal(t, ten, rules().Estimate(ten, c, Counts{Contacts: 5}, 0).At)

	best := BestHours([]Hour{{Hour: 9, Attempts: 3, Persons: 3}, {Hour: 18, Attempts: 800, Persons: 400}, {Hour: 12, Attempts: 800, Persons: 200}, {Hour: 3}})
	require.Len(t, best, 3)
	require.Equal(t, 18, best[0].Hour.Hour)
	require.False(t, best[1].Known)
}
