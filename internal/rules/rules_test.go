package rules_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/business"
	"hotline/internal/rules"
	"hotline/internal/seal"
	"hotline/internal/store"
)

const shop = `name: 云帆数码
language: zh
lines: [{name: main, numbers: ["8000"], default: true, greeting: 请讲。, disclosure: {text: 我是智能助手，通话会录音。}}]
escalation: {skill: service}
skills: [{name: service}]
agents: [{name: li, skills: [service]}]
queue:
  max_wait: 3m   # three
`

func open(t *testing.T) (*rules.Book, *store.Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "knowledge"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "knowledge", "faq.csv"), []byte("问题,答案,场景\n几点开门,早上九点。,售前\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, business.File), []byte(shop), 0o600))
	keys := t.TempDir()
	sealer, _, err := seal.LoadOrCreate(filepath.Join(keys, "master.key"))
	require.NoError(t, err)
	db, err := store.Open(t.Context(), store.Config{URL: filepath.Join(keys, "h.db"), Sealer: sealer})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return rules.New([]string{dir}, db), db, filepath.Join(dir, business.File)
}

func text(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(data)
}

func TestRulesAreChangedAndTakenBack(t *testing.T) {
	b, _, file := open(t)
	s, err := b.Show(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, "shop", s.Business)
	assert.Equal(t, []string{"售前"}, s.Scenes)
	assert.Equal(t, 180, s.Rules.MaxWait)
	assert.Empty(t, s.Versions)

	r := s.Rules
	r.MaxWait, r.VIP = 120, []string{"13800138000"}
	r.Rollout = []business.RuleRollout{{Line: "main", Scene: "售前", Bot: 30}}
	c, err := b.Check(t.Context(), "shop", r)
	require.NoError(t, err)
	assert.Equal(t, []string{"queue.max_wait", "queue.vip", "queue.rollout"}, c.Changed)
	assert.Equal(t, shop, text(t, file), "a look changes nothing")

	_, err = b.Save(t.Context(), "shop", "another", r, "chen")
	require.ErrorIs(t, err, rules.ErrStale)
	_, err = b.Save(t.Context(), "shop", s.Stamp, r, "chen")
	require.NoError(t, err)
	now := text(t, file)
	assert.Contains(t, now, "  max_wait: 2m   # three\n")
	s, err = b.Show(t.Context(), "shop")
	require.NoError(t, err)
	require.Len(t, s.Versions, 1)
	assert.Equal(t, "chen", s.Versions[0].MadeBy)
	assert.True(t, s.Versions[0].Now)
	assert.Equal(t, 30, s.Rules.Rollout[0].Bot)

	_, err = b.Undo(t.Context(), "shop", business.File, 7, "chen")
	require.ErrorIs(t, err, rules.ErrNotLast)
	_, err = b.Undo(t.Context(), "shop", business.File, 1, "wang")
	require.NoError(t, err)
	assert.Equal(t, shop, text(t, file), "letter by letter")
	_, err = b.Undo(t.Context(), "shop", business.File, 2, "wang")
	require.NoError(t, err, "what was taken back can be put again")
	assert.Equal(t, now, text(t, file))

	require.NoError(t, os.WriteFile(file, []byte(now+"# by hand\n"), 0o600))
	_, err = b.Undo(t.Context(), "shop", business.File, 3, "wang")
	require.ErrorIs(t, err, rules.ErrStale, "what somebody wrote since is not lost")
	_, err = b.Show(t.Context(), "nowhere")
	require.ErrorIs(t, err, rules.ErrNoBusiness)
}

func TestWrongRulesAreNotWritten(t *testing.T) {
	b, _, file := open(t)
	s, err := b.Show(t.Context(), "")
	require.NoError(t, err)
	r := s.Rules
	r.Ring = 1
	c, err := b.Save(t.Context(), "shop", s.Stamp, r, "chen")
	require.ErrorIs(t, err, rules.ErrWrong)
	require.Len(t, c.Problems, 3, "two warnings were there before")
	assert.Equal(t, "queue.ring", c.Problems[0].Field)
	assert.NotEqual(t, c.Problems[0].English, c.Problems[0].Chinese)
	assert.Equal(t, shop, text(t, file))
}

// What was there before holds customers' numbers: it is sealed, and only so much is kept.
func TestVersionsAreSealedAndBounded(t *testing.T) {
	_, db, _ := open(t)
	for range 130 {
		_, err := db.AddRuleVersion(t.Context(), store.RuleVersion{Business: "shop", MadeBy: "chen", Stamp: "s", Before: "vip: [13800138000]", After: "vip: []"})
		require.NoError(t, err)
	}
	list, err := db.RuleVersions(t.Context(), "shop", 1000)
	require.NoError(t, err)
	require.Len(t, list, 100)
	assert.EqualValues(t, 130, list[0].Version)
	v, err := db.RuleVersion(t.Context(), "shop", 130)
	require.NoError(t, err)
	assert.Equal(t, "vip: [13800138000]", v.Before)
	_, err = db.RuleVersion(t.Context(), "shop", 1)
	require.ErrorIs(t, err, store.ErrNotFound)
	n, err := db.Reseal(t.Context())
	require.NoError(t, err)
	assert.Zero(t, n, "by the present key already")
}
