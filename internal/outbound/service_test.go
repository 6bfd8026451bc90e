package outbound_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/outbound"
	"hotline/internal/store"
)

const written = `
id: notice
name: 到货通知
line: main
purpose: service
greeting: 您好，我是优选商城的智能助手，您的包裹明天送到。
windows:
  weekdays: 09:00-12:00, 13:00-20:00
  weekend: closed
  holidays:
    - {name: 国庆, from: 2026-10-01, to: 2026-10-07}
concurrency: 5
opt_out: "9"
retry:
  busy: {after: 15m, times: 2}
caps: {per_day: 1}
goals:
  - {name: confirmed, slot: when}
`

// What an owner does with a campaign, from the file to its end.
func TestWhatPeopleDo(t *testing.T) {
	s, db := open(t)
	ctx := t.Context()
	c, err := s.CreateFile(ctx, []byte(written), "ann")
	require.NoError(t, err)
	assert.Equal(t, campaigns.Draft, c.State)
	assert.Equal(t, "ann", c.CreatedBy)
	assert.Equal(t, []campaigns.Span{{From: 540, To: 720}, {From: 780, To: 1200}}, c.Windows.Days[time.Monday])
	assert.Empty(t, c.Windows.Days[time.Sunday])
	assert.Equal(t, 15*time.Minute, c.Retry[campaigns.Busy].After)
	assert.Equal(t, "9", c.OptOut)
	_, err = s.CreateFile(ctx, []byte(strings.Replace(written, `"9"`, `"nine"`, 1)), "ann")
	require.ErrorContains(t, err, "a digit, * or #")

	var bad bytes.Buffer
	rep, err := s.Import(ctx, "notice", strings.NewReader("手机号,姓名\n13800138000,王小明\n13800138001,李雷\nxyz,坏\n110,警察\n"), nil, "zh", &bad)
	require.NoError(t, err)
	assert.Equal(t, 2, rep.Added)
	assert.Equal(t, 2, rep.Bad)
	require.NoError(t, db.Suppress(ctx, []campaigns.Suppression{{Number: "13800138001", List: "own", How: "list"}}))

	shanghai, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	f, seen, err := s.DryRun(ctx, "notice", time.Date(2026, 11, 23, 10, 0, 0, 0, shanghai))
	require.NoError(t, err)
	assert.Equal(t, 2, seen)
	assert.Equal(t, 1, f.Now)
	require.Len(t, f.Refused, 1)
	assert.Equal(t, campaigns.RefusedOwnList, f.Refused[0].Refusal)
	f, _, err = s.DryRun(ctx, "notice", time.Date(2026, 10, 2, 10, 0, 0, 0, shanghai))
	require.NoError(t, err)
	assert.Zero(t, f.Now, "a holiday")

	_, err = s.Start(ctx, "notice")
	require.NoError(t, err)
	_, err = s.Pause(ctx, "notice", true)
	require.NoError(t, err)
	ended, err := db.HangUps(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{"notice"}, ended, "on all nodes")
	_, err = s.Resume(ctx, "notice")
	require.NoError(t, err)
	ended, err = db.HangUps(ctx)
	require.NoError(t, err)
	assert.Empty(t, ended)
	_, err = s.Stop(ctx, "notice", false)
	require.NoError(t, err)
	_, err = s.Start(ctx, "notice")
	require.ErrorIs(t, err, store.ErrState)
	st, err := s.Status(ctx, "notice")
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"withdrawn": 2}, st.Counts.States)
	assert.Equal(t, map[string]int{"campaign_over": 2}, st.Counts.Reasons)
	_, err = s.Add(ctx, campaigns.Contact{Campaign: "notice", Number: "13800138002"})
	require.ErrorIs(t, err, store.ErrState)
}

func TestWrongFilesNameTheirLines(t *testing.T) {
	s, _ := open(t)
	_, err := s.CreateFile(t.Context(), []byte("name: x\nline: main\npurpos: service\ngreeting: 您好，我是优选商城的智能助手。\nwindows: {monday: 9-8}\ncaps: {per_day: -1}\n"), "ann")
	var wrong *outbound.FileError
	require.ErrorAs(t, err, &wrong)
	text := strings.Join(wrong.Lines, "\n")
	assert.Contains(t, text, `line 3: unknown key "purpos", did you mean "purpose"?`)
	assert.Contains(t, text, "line 5: windows.monday")
	assert.Contains(t, text, "line 6: caps.per_day")

	_, err = s.CreateFile(t.Context(), []byte("name: x\nline: main\npurpose: service\ngreeting: 您好，这里是优选商城。\n"), "ann")
	require.ErrorContains(t, err, "that a machine calls")
	_, err = s.Create(t.Context(), campaigns.Campaign{ID: "n", Name: "x", Line: "other", Variants: notice().Variants}, "ann")
	require.ErrorContains(t, err, "one of main")
}

func TestTrigger(t *testing.T) {
	s, _ := open(t)
	c := notice()
	c.Open = true
	_, err := s.Create(t.Context(), c, "ann")
	require.NoError(t, err)
	k := campaigns.Contact{Number: "13800138000", Fields: map[string]string{"order": "A1"}}
	id, again, err := s.Trigger(t.Context(), "notice", "parcel-1", k, time.Minute)
	require.NoError(t, err)
	assert.False(t, again)
	same, again, err := s.Trigger(t.Context(), "notice", "parcel-1", k, time.Minute)
	require.NoError(t, err)
	assert.True(t, again)
	assert.Equal(t, id, same)
	h, err := s.History(t.Context(), id)
	require.NoError(t, err)
	assert.True(t, h.Contact.Due.After(time.Now()), "other events are waited for")
	_, _, err = s.Trigger(t.Context(), "notice", "x", campaigns.Contact{Number: "12"}, 0)
	require.ErrorIs(t, err, outbound.ErrNumber)
	_, _, err = s.Trigger(t.Context(), "nothing", "x", k, 0)
	require.ErrorIs(t, err, store.ErrNotFound)
}
