package business_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/business"
)

const office = `name: 云帆数码
language: zh
timezone: Asia/Shanghai
lines: [{name: main, numbers: ["8000"], default: true, greeting: 云帆数码，请讲。, disclosure: {text: 我是智能助手，通话会录音。}}]
escalation: {skill: service, ring: 25s}
skills: [{name: service, team: front}, {name: repairs}]
agents:
  - {name: li, skills: [service], levels: {service: 8}, team: front, shift: {weekdays: "09:00-18:00"}}
  - {name: wang, skills: [service, repairs], team: back}
`

// staffed makes a business with more of business.yaml.
func staffed(t *testing.T, more string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "knowledge"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "knowledge", "faq.csv"), []byte("问题,答案\n几点开门,早上九点。\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "business.yaml"), []byte(office+more), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "waltz.wav"), []byte("RIFF"), 0o600))
	return dir
}

// The rules that docs/desk.md shows are read as they are meant.
func TestQueueRules(t *testing.T) {
	b, report := business.Load(staffed(t, `queue:
  strategy: by-skill-level
  max_wait: 5m
  wrap_up: 30 秒
  last_agent: 20s
  head_start: {vip: 5m, complaint: 3m, kinds: {refund: 1m}, times: [{during: "12:00-14:00", start: 2m}]}
  vip: [13800138000]
  overflow: [{after: 45s, team: back}, {after: 2m, skill: repairs}]
  music: waltz.wav
  share: {busy_waiting: 6, idle_agents: 3, idle_bot: 60}
  rollout: [{line: main, bot: 30, min_resolved: 0.5, fallback: 10}]
`))
	require.NoError(t, report.Err())
	q := b.Queue
	assert.Equal(t, 25*time.Second, q.Ring, "as escalation says")
	assert.Equal(t, 5*time.Minute, q.MaxWait)
	assert.Equal(t, 30*time.Second, q.WrapUp)
	assert.Equal(t, time.Minute, q.HeadStart.Kinds["refund"])
	assert.Equal(t, []string{"13800138000"}, q.VIP)
	assert.True(t, strings.HasSuffix(b.MusicFile(), "waltz.wav"))
	noon := time.Date(2026, 11, 20, 5, 0, 0, 0, time.UTC) // 13:00 in Shanghai
	assert.True(t, b.InDay(q.HeadStart.Times[0].During, noon))
	assert.False(t, b.InDay(q.HeadStart.Times[0].During, noon.Add(2*time.Hour)))
	assert.True(t, b.Agents[0].Shift.Open(noon))
	assert.False(t, b.Agents[0].Shift.Open(noon.Add(8*time.Hour)))
	assert.Equal(t, 8, b.Agents[0].Levels["service"])
}

// What is wrong is told with its place.
func TestQueueRulesThatCannotBe(t *testing.T) {
	for more, want := range map[string]string{
		"queue: {strategy: random}":                              "business.yaml:10: queue.strategy",
		"queue:\n  announce_every: 10s":                          "business.yaml:11: queue.announce_every",
		"queue:\n  wrapup: 10s":                                  "did you mean",
		"queue:\n  overflow:\n    - {after: 30s, team: moon}":    "business.yaml:12: queue.overflow[0].team",
		"queue:\n  overflow:\n    - {after: 30s, skill: moon}":   "business.yaml:12: queue.overflow[0].skill",
		"queue:\n  overflow:\n    - {after: 3m, skill: repairs}": "queue.overflow[0].after",
		"queue:\n  music: none.wav":                              "business.yaml:11: queue.music",
		"queue:\n  rollout:\n    - {line: moon, bot: 10}":        "business.yaml:12: queue.rollout[0].line",
		"queue:\n  rollout:\n    - {line: main, bot: 110}":       "queue.rollout[0].bot",
		"queue:\n  head_start:\n    times:\n      - {start: 2m}": "queue.head_start.times[0].during",
		"queue:\n  share: {busy_waiting: 5, calm_waiting: 5}":    "queue.share.calm_waiting",
		"queue:\n  say: {fr: {next: Bonjour}}":                   "queue.say.fr",
		"queue:\n  head_start: {complaint_from: 7}":              "queue.head_start.complaint_from",
		"queue:\n  head_start: {skills: {moon: 1m}}":             "queue.head_start.skills.moon",
		"queue:\n  head_start: {kinds: {moon: 1m}}":              "queue.head_start.kinds.moon",
		"queue:\n  max_wait: soon":                               "business.yaml:11: queue.max_wait",
	} {
		_, report := business.Load(staffed(t, more))
		var all []string
		for _, p := range report.Problems {
			all = append(all, p.String())
		}
		assert.True(t, slices.ContainsFunc(all, func(p string) bool { return strings.Contains(p, want) }), "%s: %s", more, strings.Join(all, "\n"))
	}
}
