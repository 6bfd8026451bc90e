package pacesim_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/campaigns/pacesim"
	"hotline/internal/testdata"
)

func TestErlang(t *testing.T) {
	// Of published tables: 1.8752 erlang are offered to 5 lines at a loss of 3 %.
	require.InDelta(t, 1.8752*0.97/5, pacesim.Erlang(5, 0.03), 1e-4)
	require.InDelta(t, 0.05, pacesim.Erlang(1, 0.05), 1e-6)
}

// Whatever agents, rates and talks there are, however the rate changes, and whoever
// leaves: never are more than 3 % abandoned once there were a hundred answers, nor at the
// end.
func TestAbandonedStaysBelowTheLimit(t *testing.T) {
	const runs = 150
	r := rand.New(rand.NewPCG(11, 12))
	given := 0
	for i := range runs {
		rate := 0.1 + 0.6*r.Float64()
		shape := pacesim.Drifting(rate)
		agents := 4 + r.IntN(60)
		var present func(float64) int
		switch i % 5 {
		case 0:
			shape = pacesim.Steady(rate)
		case 1: // people come home
			shape = func(second float64) float64 {
				if int(second/900)%2 == 0 {
					return 0.1
				}
				return 0.6
			}
		case 2: // for a minute everybody answers
			shape = func(second float64) float64 {
				if int(second/60)%15 == 14 {
					return 0.95
				}
				return rate / 2
			}
		case 3: // all agents but one go to lunch, at once
			present = func(second float64) int {
				if int(second/600)%3 == 2 {
					return 1
				}
				return agents
			}
		}
		c := pacesim.Campaign{
			Agents: agents, Rate: shape, Talk: time.Duration(40+r.IntN(220)) * time.Second, Present: present,
			Wrap: time.Duration(1+r.IntN(30)) * time.Second, Answered: 1000, Seed: uint64(i),
		}
		got := pacesim.Run(c)
		given += got.Given
		require.LessOrEqual(t, got.Share(), campaigns.MaxAbandoned, "%+v: %+v", c, got)
		require.LessOrEqual(t, got.Worst, campaigns.MaxAbandoned, "%+v: %+v", c, got)
	}
	require.Positive(t, given, "what nobody foresees is met by giving calls up")
}

// Agents who hang up before they are joined with who has answered leave people alone whom
// nothing else would have: the pacer learns how often, and is slower by it.
func TestAgentsWhoLeave(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for _, leaves := range []float64{0.01, 0.03, 0.1, 0.3} {
		dialled, left, lost := 0.0, 0, 0
		const runs = 30
		for i := range runs {
			c := pacesim.Campaign{
				Agents: 3 + r.IntN(40), Rate: pacesim.Drifting(0.1 + 0.6*r.Float64()), Talk: time.Duration(40+r.IntN(220)) * time.Second,
				Wrap: time.Duration(1+r.IntN(30)) * time.Second, Answered: 1000, Seed: uint64(1000 + i), Leaves: leaves,
			}
			got := pacesim.Run(c)
			left, lost = left+got.Left, lost+got.Lost
			require.LessOrEqual(t, got.Share(), campaigns.MaxAbandoned, "%+v: %+v", c, got)
			require.LessOrEqual(t, got.Worst, campaigns.MaxAbandoned, "%+v: %+v", c, got)
			c.Progressive = true
			dialled += pacesim.Run(c).Hours / got.Hours
		}
		require.Positive(t, lost)
		t.Logf("%.0f %% leave: %d agents left, %d people were left alone, %.2f times as fast as progressive", 100*leaves, left, lost, dialled/runs)
	}
}

func TestPredictiveIsWorthIt(t *testing.T) {
	for _, agents := range []int{5, 20, 50} {
		c := pacesim.Campaign{Agents: agents, Rate: pacesim.Drifting(0.3), Talk: 2 * time.Minute, Answered: 1500, Seed: 5}
		predictive := pacesim.Run(c)
		c.Progressive = true
		progressive := pacesim.Run(c)
		require.Greater(t, predictive.Use, progressive.Use+0.1, "%d agents", agents)
		require.Zero(t, progressive.Abandoned, "progressive dialling abandons nobody")
		require.Less(t, predictive.Wait, 200*time.Millisecond)
	}
}

var update = flag.Bool("update", false, "write the table of docs/pacing.md")

const seeds = 5

// row is one line of the table: means over some seeds.
func row(agents int, rate float64, talk time.Duration) string {
	var use, share, worst, prog float64
	var idle, idleProg, wait time.Duration
	for seed := range uint64(seeds) {
		c := pacesim.Campaign{Agents: agents, Rate: pacesim.Drifting(rate), Talk: talk, Answered: 2000, Seed: seed}
		a := pacesim.Run(c)
		c.Progressive = true
		b := pacesim.Run(c)
		use, share, worst, prog = use+a.Use/seeds, share+a.Share()/seeds, max(worst, a.Share()), prog+b.Use/seeds
		idle, idleProg, wait = idle+a.Idle/seeds, idleProg+b.Idle/seeds, wait+a.Wait/seeds
	}
	return fmt.Sprintf("| %d | %.0f %% | %.0f s | %.0f %% | **%.0f %%** | %.0f %% | %.0f s | %.0f s | %.1f %% | %.1f %% | %d ms |",
		agents, 100*rate, talk.Seconds(), 100*prog, 100*use, 100*pacesim.Erlang(agents, campaigns.MaxAbandoned),
		idleProg.Seconds(), idle.Seconds(), 100*share, 100*worst, wait.Milliseconds())
}

// leavers is one line of the table of agents who leave: as row, of twenty agents, 40 % and two
// minutes.
func leavers(leaves float64) string {
	var use, share, worst, faster float64
	var idle time.Duration
	for seed := range uint64(seeds) {
		c := pacesim.Campaign{Agents: 20, Rate: pacesim.Drifting(0.4), Talk: 2 * time.Minute, Answered: 2000, Seed: seed, Leaves: leaves}
		a := pacesim.Run(c)
		c.Progressive = true
		b := pacesim.Run(c)
		use, share, worst = use+a.Use/seeds, share+a.Share()/seeds, max(worst, a.Share())
		idle, faster = idle+a.Idle/seeds, faster+b.Hours/a.Hours/seeds
	}
	return fmt.Sprintf("| %.0f %% | %.0f %% | %.0f s | %.2f | %.1f %% | %.1f %% |", 100*leaves, 100*use, idle.Seconds(), faster, 100*share, 100*worst)
}

// TestTable keeps docs/pacing.md true. Written anew by
// go test ./campaigns/pacesim -run Table -update.
func TestTable(t *testing.T) {
	file := filepath.Join(testdata.Root(t), "docs", "pacing.md")
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	text := string(b)
	if !*update {
		for _, some := range []string{row(20, 0.6, 60*time.Second), row(50, 0.2, 60*time.Second), row(50, 0.4, 120*time.Second), leavers(0.03)} {
			require.Contains(t, text, some, "write the tables anew: go test ./campaigns/pacesim -run Table -update")
		}
		return
	}
	var table strings.Builder
	table.WriteString("| agents | answered | talk | progressive | **predictive** | Erlang, 3 % lost | idle, progressive | idle, predictive | abandoned | worst campaign | wait |\n" +
		"|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, agents := range []int{5, 20, 50} {
		for _, rate := range []float64{0.2, 0.4, 0.6} {
			for _, talk := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
				table.WriteString(row(agents, rate, talk) + "\n")
			}
		}
	}
	text = between(t, text, "<!-- table -->\n", "<!-- end of table -->", table.String())
	table.Reset()
	table.WriteString("| leave | predictive | idle | times as fast as progressive | abandoned | worst campaign |\n" +
		"|---:|---:|---:|---:|---:|---:|\n")
	for _, leaves := range []float64{0, 0.01, 0.03, 0.1, 0.3} {
		table.WriteString(leavers(leaves) + "\n")
	}
	text = between(t, text, "<!-- table of who leaves -->\n", "<!-- end of who leaves -->", table.String())
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}

// between puts a table in the place of the one that stands between two marks.
func between(t *testing.T, text, begin, end, table string) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, begin)
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	return before + begin + "\n" + table + "\n" + end + after
}
