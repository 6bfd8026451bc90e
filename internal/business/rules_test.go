package business_test

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/business"
)

const ruled = office + `
# Hours of people.
hours:
  weekdays: 09:00-18:00      # not at night
  holidays:
    # by law
    - {name: 元旦, from: 2026-01-01, open: 10:00-18:00}
    - name: 春节           # closed
      from: 2026-02-16
      to: 2026-02-18

queue:
  max_wait: 3m            # then they are asked
  # who goes first
  head_start:
    vip: 5m               # a good customer
    kinds: {refund: 1m}
  share: {busy_waiting: 6, calm_waiting: 3}   # both ways
  overflow:
  # at the same indent
  - {after: 60s, skill: repairs}
  say: {zh: {next: "下一位: 就是您 # 真的"}}

# The end.
`

func edit(t *testing.T, dir string, change func(*business.Rules)) (before, after string, e business.Edited) {
	t.Helper()
	data, err := business.SettingsFile(dir, business.File)
	require.NoError(t, err)
	b, _ := business.Load(dir)
	r := b.Rules()
	change(&r)
	e, err = business.EditRules(dir, data, r)
	require.NoError(t, err)
	return string(data), string(e.Text), e
}

// changedLines are those of after that before has not, and the other way round.
func changedLines(before, after string) (gone, come []string) {
	count := map[string]int{}
	for l := range strings.Lines(before) {
		count[l]++
	}
	for l := range strings.Lines(after) {
		if count[l] == 0 {
			come = append(come, strings.TrimRight(l, "\n"))
		}
		count[l]--
	}
	for l, n := range count {
		if n > 0 {
			gone = append(gone, strings.TrimRight(l, "\n"))
		}
	}
	return gone, come
}

// What is changed in a form is written into the file, and nothing else of it is touched:
// no comment, no blank line, no other way of writing the same.
func TestRulesAreWrittenBack(t *testing.T) {
	dir := staffed(t, strings.TrimPrefix(ruled, office))
	before, after, e := edit(t, dir, func(*business.Rules) {})
	assert.Equal(t, before, after)
	assert.Empty(t, e.Changed)

	for name, c := range map[string]struct {
		change     func(*business.Rules)
		gone, come []string
	}{
		"a number keeps its comment": {
			func(r *business.Rules) { r.MaxWait = 90 }, []string{"  max_wait: 3m            # then they are asked"}, []string{"  max_wait: 90s           # then they are asked"},
		},
		"in a table": {
			func(r *business.Rules) { r.HeadStart.VIP = 600 }, []string{"    vip: 5m               # a good customer"}, []string{"    vip: 10m              # a good customer"},
		},
		"in brackets": {
			func(r *business.Rules) { r.Share.BusyWaiting = 8; r.Share.Least = 30 },
			[]string{"  share: {busy_waiting: 6, calm_waiting: 3}   # both ways"},
			[]string{"  share: {busy_waiting: 8, calm_waiting: 3, least: 30s}  # both ways"},
		},
		"a new key": {
			func(r *business.Rules) { r.WrapUp = 20 }, nil, []string{"  wrap_up: 20s"},
		},
		"a new key of a new table": {
			func(r *business.Rules) { r.Greeting = map[string]string{"zh": "请留言: 说完按井号"} }, nil,
			[]string{`  voicemail: {greeting: {zh: "请留言: 说完按井号"}}`},
		},
		"one taken away": {
			func(r *business.Rules) { r.HeadStart.Kinds = nil }, []string{"    kinds: {refund: 1m}"}, nil,
		},
		"an item more": {
			func(r *business.Rules) {
				r.Overflow = append(r.Overflow, business.RuleOverflow{After: 120, Team: "front"})
			}, nil,
			[]string{"  - {after: 2m, team: front}"},
		},
		"an item less": {
			func(r *business.Rules) { r.Hours.Holidays = r.Hours.Holidays[1:] }, []string{"    # by law", "    - {name: 元旦, from: 2026-01-01, open: 10:00-18:00}"}, nil,
		},
		"an item in brackets": {
			func(r *business.Rules) { r.Agents[1].Levels = map[string]int{"repairs": 9} },
			[]string{"  - {name: wang, skills: [service, repairs], team: back}"},
			[]string{"  - {name: wang, skills: [service, repairs], team: back, levels: {repairs: 9}}"},
		},
		"somebody new": {
			func(r *business.Rules) {
				r.Agents = append(r.Agents, business.RuleAgent{Name: "zhao", Title: "小赵", Skills: []string{"service"}, Languages: []string{"zh"}})
			}, nil,
			[]string{"  - {name: zhao, title: 小赵, skills: [service], languages: [zh]}"},
		},
		"somebody who left": {
			func(r *business.Rules) { r.Agents = r.Agents[:1] },
			[]string{"  - {name: wang, skills: [service, repairs], team: back}"},
			nil,
		},
		"numbers are texts": {
			func(r *business.Rules) { r.VIP = []string{"013800138000"} }, nil, []string{`  vip: ["013800138000"]`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after, e := edit(t, dir, c.change)
			gone, come := changedLines(before, after)
			assert.ElementsMatch(t, c.gone, gone, after)
			assert.Equal(t, c.come, come, after)
			require.NoError(t, e.Report.Err())
			// And back again is what it was before.
			want, _ := business.Load(dir)
			back, err := business.EditRules(dir, e.Text, want.Rules())
			require.NoError(t, err)
			again, _ := business.LoadWith(dir, business.File, back.Text)
			assert.Equal(t, want.Rules(), again.Rules())
		})
	}
}

func TestRulesThatAreWrongNameTheirField(t *testing.T) {
	dir := staffed(t, strings.TrimPrefix(ruled, office))
	_, _, e := edit(t, dir, func(r *business.Rules) {
		r.Announce = 10
		r.Overflow = append(r.Overflow, business.RuleOverflow{After: 30, Team: "moon"})
		r.Hours.Monday = "nine to five"
		r.Rollout = []business.RuleRollout{{Line: "main", Bot: 130}}
	})
	fields := map[string]bool{}
	for _, p := range e.Report.Problems {
		if p.Severity == business.Error {
			fields[p.Field] = true
		}
	}
	assert.Equal(t, map[string]bool{"queue.announce_every": true, "queue.overflow[1].team": true, "hours.monday": true, "queue.rollout[0].bot": true}, fields)
}

func TestRulesOfAFileThatCannotBeChanged(t *testing.T) {
	for name, more := range map[string]string{
		"an anchor":                 "queue: &q\n  max_wait: 3m\n",
		"a comment within brackets": "queue: {max_wait: 3m,\n  ring: 10s, # ten\n  wrap_up: 5s}\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := staffed(t, more)
			data, err := business.SettingsFile(dir, business.File)
			require.NoError(t, err)
			b, _ := business.Load(dir)
			r := b.Rules()
			r.MaxWait = 100
			_, err = business.EditRules(dir, data, r)
			assert.ErrorIs(t, err, business.ErrNotPatched)
		})
	}
}

// The businesses that come with the program can be changed, whatever is changed.
func TestRulesOfThePacks(t *testing.T) {
	for _, name := range []string{"retail-zh", "retail-en", "dental-zh", "repair-zh"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("..", "..", "examples", name)
			data, err := business.SettingsFile(dir, business.File)
			require.NoError(t, err)
			b, _ := business.Load(dir)
			rng := rand.New(rand.NewPCG(1, 2))
			for range 4 {
				r := b.Rules()
				r.Ring, r.WrapUp, r.HeadStart.Upset = 10+rng.IntN(50), rng.IntN(60), rng.IntN(3)*60
				r.Share.BusyWaiting, r.Share.CalmWaiting = 6+rng.IntN(3), rng.IntN(5)
				r.VIP = []string{"13800138000", "+86 139"}[:rng.IntN(3)]
				r.Hours.Saturday = []string{"", "closed", "10:00-12:00, 13:00-18:00"}[rng.IntN(3)]
				r.Agents[0].Languages = []string{"en", "zh"}
				r.Lines[0].Voice, r.Lines[0].Rate, r.Lines[0].Greeting = "kokoro-v1.0/zf_xiaoyi", 1.1, "您好，# 请讲: 是什么事？"
				r.Lines[0].Numbers = append(r.Lines[0].Numbers, "8088")
				r.Urgent = []string{"yes", "a: b", "律师 # 函", "- x"}
				e, err := business.EditRules(dir, data, r)
				require.NoError(t, err)
				require.NoError(t, e.Report.Err())
				now, _ := business.LoadWith(dir, business.File, e.Text)
				assert.Equal(t, r, now.Rules(), string(e.Text))
				for l := range strings.Lines(string(data)) {
					if strings.HasPrefix(strings.TrimSpace(l), "#") {
						assert.Contains(t, string(e.Text), l)
					}
				}
			}
		})
	}
}
