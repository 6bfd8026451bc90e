package custody_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/custody"
	"hotline/internal/event"
	"hotline/internal/seal"
	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// house is a data folder with its database and key.
type house struct {
	t      *testing.T
	dir    string
	key    string
	db     *store.Store
	sealer *seal.Sealer

	database string // its URL; "" is the folder's
}

func open(t *testing.T, dir string) *house {
	t.Helper()
	return openOn(t, dir, "")
}

// openOn has its database elsewhere.
func openOn(t *testing.T, dir, database string) *house {
	t.Helper()
	h, err := openHouse(dir, database)
	require.NoError(t, err)
	h.t = t
	t.Cleanup(func() { assert.NoError(t, h.db.Close()) })
	return h
}

func openHouse(dir, database string) (h *house, err error) {
	h = &house{dir: dir, key: filepath.Join(dir, "master.key"), database: database}
	if h.sealer, _, err = seal.LoadOrCreate(h.key); err != nil {
		return nil, err
	}
	h.db, err = store.Open(context.Background(), store.Config{URL: cmp.Or(database, filepath.Join(dir, "hotline.db")), Sealer: h.sealer})
	return h, err
}

func (h *house) keeper() *custody.Keeper {
	return &custody.Keeper{Store: h.db, Sealer: h.sealer, Dir: h.dir, KeyFile: h.key, Log: slog.New(slog.DiscardHandler), Every: 20 * time.Millisecond}
}

// sound is a recording that can be told from others.
func sound(id string) []byte {
	b := bytes.Repeat([]byte(id+"|plain sound|"), soundSize/(len(id)+13)+1)[:soundSize]
	binary.LittleEndian.PutUint32(b, uint32(soundSize))
	return b
}

const soundSize = 150_000

// begin puts a call in progress with a plain recording; end ends it.
func (h *house) begin(id, number string, at time.Time) call.Record {
	h.t.Helper()
	r := call.Record{
		ID: id, Line: "main", Language: "zh", Direction: "inbound", Caller: number, Called: "8000", StartedAt: at, AnsweredAt: at,
		Outcome: call.InProgress, Recording: "recordings/" + at.UTC().Format("2006/01/02") + "/" + id + ".wav",
	}
	file := filepath.Join(h.dir, filepath.FromSlash(r.Recording))
	require.NoError(h.t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(h.t, os.WriteFile(file, sound(id), 0o600))
	require.NoError(h.t, os.Chtimes(file, at, at))
	ctx := context.Background()
	require.NoError(h.t, h.db.Begin(ctx, r))
	require.NoError(h.t, h.db.AddTurn(ctx, call.TurnRecord{Call: id, Index: 1, Speaker: "caller", Text: "我的电话是" + number}))
	require.NoError(h.t, h.db.AddEvents(ctx, id, []call.Event{{Kind: call.KindTranscript, Data: map[string]any{"text": "打" + number}}}))
	return r
}

func (h *house) end(r call.Record) call.Record {
	h.t.Helper()
	r.EndedAt, r.Outcome, r.Summary = r.AnsweredAt.Add(time.Minute), call.Resolved, "summary of "+r.Caller
	require.NoError(h.t, h.db.End(context.Background(), r))
	return r
}

func (h *house) call(id, number string, at time.Time) call.Record {
	h.t.Helper()
	return h.end(h.begin(id, number, at))
}

func (h *house) read(r call.Record) (b []byte, sealed bool) {
	h.t.Helper()
	rec, err := custody.Open(h.dir, h.sealer, r.Recording)
	require.NoError(h.t, err)
	defer func() { require.NoError(h.t, rec.Close()) }()
	b, err = io.ReadAll(io.NewSectionReader(rec, 0, rec.Size))
	require.NoError(h.t, err)
	return b, rec.Sealed
}

// contains tells in which files below a folder a text stands.
func contains(t *testing.T, dir, text string) (in []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(file)
		if bytes.Contains(b, []byte(text)) {
			in = append(in, filepath.Base(file))
		}
		return err
	}))
	return in
}

func (h *house) trail(action string) []store.TrailEntry {
	h.t.Helper()
	page, err := h.db.Trail(context.Background(), store.TrailFilter{Action: action})
	require.NoError(h.t, err)
	return page.Items
}

func TestRecordingsAreSealedAfterTheCall(t *testing.T) {
	h := open(t, t.TempDir())
	now := time.Now()
	live := h.begin("LIVE", "13800138000", now)
	over := h.call("OVER", "13800138000", now.Add(-2*time.Minute))
	older := h.call("OLDER", "13800138000", now.AddDate(0, 0, -30))
	// What a program leaves that was killed while it sealed.
	half := h.call("HALF", "13800138000", now.Add(-3*time.Minute))
	file := filepath.Join(h.dir, filepath.FromSlash(half.Recording))
	require.NoError(t, os.WriteFile(file+".sealed.part", []byte("HLSEAL1\nhalf"), 0o600))
	stray := h.call("STRAY", "13800138000", now.AddDate(0, 0, -40))
	strayFile := filepath.Join(h.dir, filepath.FromSlash(stray.Recording))
	require.NoError(t, os.WriteFile(strayFile+".sealed.part", nil, 0o600))

	k := h.keeper()
	k.Bus = &event.Bus{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); k.Run(ctx) }()
	defer func() { cancel(); <-done }()
	sealed := func(r call.Record) bool { _, sealed := h.read(r); return sealed }
	for _, r := range []call.Record{over, older, half, stray} {
		require.Eventually(t, func() bool { return sealed(r) }, 30*time.Second, 10*time.Millisecond, r.ID)
		b, _ := h.read(r)
		assert.Equal(t, sound(r.ID), b)
		info, err := os.Stat(filepath.Join(h.dir, filepath.FromSlash(r.Recording)) + ".sealed")
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	assert.False(t, sealed(live), "not while the call lasts")
	assert.Equal(t, []string{"LIVE.wav"}, contains(t, filepath.Join(h.dir, "recordings"), "plain sound"))
	h.end(live)
	require.NoError(t, os.Chtimes(filepath.Join(h.dir, filepath.FromSlash(live.Recording)), now, now.Add(-time.Minute)))
	require.Eventually(t, func() bool { return sealed(live) }, 30*time.Second, 10*time.Millisecond)
	assert.Empty(t, contains(t, filepath.Join(h.dir, "recordings"), "plain sound"))

	_, err := custody.Open(h.dir, h.sealer, "../master.key")
	require.Error(t, err)
	// A recording that was put in the place of another is not played.
	require.NoError(t, os.Rename(filepath.Join(h.dir, filepath.FromSlash(over.Recording))+".sealed", filepath.Join(h.dir, filepath.FromSlash(older.Recording))+".sealed"))
	_, err = custody.Open(h.dir, h.sealer, older.Recording)
	require.ErrorIs(t, err, seal.ErrKey)
}

func TestRotationLeavesNothingOfTheOldKey(t *testing.T) {
	h := open(t, t.TempDir())
	now := time.Now()
	ctx := t.Context()
	var calls []call.Record
	for i := range 30 {
		calls = append(calls, h.call(fmt.Sprintf("C%02d", i), "13800138000", now.Add(-time.Hour)))
	}
	require.NoError(t, h.db.AddWish(ctx, call.Wish{ID: "W", Kind: "callback", Number: "13800138000", Summary: "回电"}))
	_, err := h.db.EnsureAdmin(ctx)
	require.NoError(t, err)
	require.NoError(t, h.db.PutAgent(ctx, store.Agent{Name: "agent1", DisplayName: "王芳"}, "password"))
	_, err = h.keeper().SealLeft(ctx, true)
	require.NoError(t, err)
	before, err := os.ReadFile(h.key)
	require.NoError(t, err)

	// A server goes on writing meanwhile, with a Sealer of its own.
	server := open(t, h.dir)
	stop := make(chan struct{})
	written := make(chan []call.Record)
	go func() {
		var list []call.Record
		defer func() { written <- list }()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				list = append(list, server.call(fmt.Sprintf("D%04d", i), "13900139000", now))
			}
		}
	}()
	r, err := custody.Rotate(ctx, h.db, h.sealer, h.dir, h.key, "command test", 3*time.Second, nil)
	require.NoError(t, err)
	close(stop)
	calls = append(calls, <-written...)
	assert.Equal(t, 1, r.Dropped)
	assert.GreaterOrEqual(t, r.Recordings, 30)
	for _, c := range calls {
		got, err := h.db.Call(ctx, c.ID)
		require.NoError(t, err)
		assert.Equal(t, c.Caller, got.Caller)
		b, _ := h.read(c)
		assert.Equal(t, sound(c.ID), b)
	}
	page, err := h.db.Calls(ctx, store.Filter{Number: "13800138000"})
	require.NoError(t, err)
	assert.Len(t, page.Items, 30, "numbers are found as before")
	assert.Greater(t, r.Hashes, 30)
	require.Len(t, h.trail("key-rotated"), 1)
	state, err := h.db.CheckTrail(ctx)
	require.NoError(t, err)
	assert.Zero(t, state.BrokenAt)

	// The old key opens nothing any more: no field, no recording.
	old := filepath.Join(t.TempDir(), "old.key")
	require.NoError(t, os.WriteFile(old, before, 0o600))
	former, err := seal.Load(old)
	require.NoError(t, err)
	_, err = store.Open(ctx, store.Config{URL: filepath.Join(h.dir, "hotline.db"), Sealer: former})
	require.ErrorIs(t, err, seal.ErrKey)
	id, _ := former.Key()
	db, err := sql.Open("sqlite", filepath.Join(h.dir, "hotline.db"))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	for _, column := range []string{"calls/caller", "calls/summary", "turns/text", "call_events/data", "wishes/number", "agents/ha1_md5", "settings/value", "audit_trail/detail"} {
		table, name, _ := strings.Cut(column, "/")
		var n int
		require.NoError(t, db.QueryRowContext(ctx, fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE substr(%s, 1, 5) = $1", table, name),
			binary.BigEndian.AppendUint32([]byte{1}, id)).Scan(&n))
		assert.Zero(t, n, column)
	}
	hash, err := former.Hash("number", "13800138000")
	require.NoError(t, err)
	var n int
	require.NoError(t, db.QueryRowContext(ctx, "SELECT COUNT(*) FROM calls WHERE caller_hash = $1", hash).Scan(&n))
	assert.Zero(t, n, "who has the old key can try no number out")
	_, err = custody.Open(h.dir, former, calls[0].Recording)
	require.ErrorIs(t, err, seal.ErrKey)
}

func TestRetentionDeletesAndProvesIt(t *testing.T) {
	h := open(t, t.TempDir())
	now := time.Now()
	ctx := t.Context()
	day := func(n int) time.Time { return now.AddDate(0, 0, -n) }
	recent, month, year, old := h.call("A", "13800138000", day(1)), h.call("B", "13800138000", day(40)), h.call("C", "13800138000", day(200)), h.call("D", "13800138000", day(900))
	live := h.begin("E", "13800138000", day(900)) // it is not over, however old
	_, err := h.keeper().SealLeft(ctx, true)
	require.NoError(t, err)
	require.NoError(t, h.db.AddWish(ctx, call.Wish{ID: "OPEN", Kind: "callback", Call: "D", Number: "13800138000"}))
	k := h.keeper()
	k.Retention = custody.Retention{Recordings: 30, Transcripts: 100, Calls: 365, Tickets: 365, Audit: 365}
	k.Retain(ctx)

	for r, want := range map[*call.Record][3]bool{&recent: {true, true, true}, &month: {false, true, true}, &year: {false, false, true}, &old: {false, false, false}, &live: {true, true, true}} {
		assert.Equal(t, want[0], custody.Exists(h.dir, r.Recording), "recording of %s", r.ID)
		turns, err := h.db.Turns(ctx, r.ID)
		require.NoError(t, err)
		assert.Equal(t, want[1], len(turns) > 0, "transcript of %s", r.ID)
		got, err := h.db.Call(ctx, r.ID)
		assert.Equal(t, want[2], err == nil, "record of %s", r.ID)
		if err == nil && r != &live {
			assert.Equal(t, want[0], got.Recording != "")
			assert.Equal(t, want[1], got.Summary != "")
		}
	}
	w, err := h.db.Wish(ctx, "OPEN")
	require.NoError(t, err, "a promise that was not kept yet outlives the record")
	assert.Equal(t, "D", w.Call)
	proofs := h.trail("retention")
	require.Len(t, proofs, 3)
	deleted := map[string]string{}
	for _, e := range proofs {
		assert.Equal(t, "0", e.Detail["left"])
		deleted[e.Subject] = e.Detail["deleted"]
	}
	assert.Equal(t, map[string]string{"recordings": "3", "transcripts": "2", "calls": "1"}, deleted)
	k.Retain(ctx)
	assert.Len(t, h.trail("retention"), 3, "nothing deleted is nothing said")

	// The audit trail loses its oldest part and stays a chain.
	for range 5 {
		require.NoError(t, h.db.AddTrail(ctx, store.TrailEntry{Actor: "li", Action: "numbers"}))
	}
	n, left, err := h.db.Expire(ctx, store.KeepAudit, time.Now().Add(time.Second))
	require.NoError(t, err)
	assert.Equal(t, 8, n)
	assert.Zero(t, left)
	require.NoError(t, h.db.AddTrail(ctx, store.TrailEntry{Actor: "li", Action: "numbers"}))
	state, err := h.db.CheckTrail(ctx)
	require.NoError(t, err)
	assert.EqualValues(t, 1, state.Rows)
	assert.Zero(t, state.BrokenAt, state.BrokenText)
}

func TestCallerIsExportedAndErased(t *testing.T) {
	h := open(t, t.TempDir())
	now := time.Now()
	ctx := t.Context()
	const number, other = "13800138000", "13900139000"
	mine := h.call("MINE", "+86 138 0013 8000", now.Add(-time.Hour))
	theirs := h.call("THEIRS", other, now.Add(-time.Hour))
	plain := h.call("PLAIN", number, now)
	require.NoError(t, custody.Seal(h.dir, h.sealer, mine.Recording))
	require.NoError(t, custody.Seal(h.dir, h.sealer, theirs.Recording))
	require.NoError(t, h.db.AddWish(ctx, call.Wish{ID: "W1", Kind: "callback", Call: "MINE", Number: number, Summary: "回电给138", Fields: map[string]string{"订单": "6603"}}))
	require.NoError(t, h.db.AddWish(ctx, call.Wish{ID: "W2", Kind: "callback", Call: "THEIRS", Number: other}))
	_, err := h.db.Charge(ctx, []store.Charge{{Account: "x", Subject: number, Since: now, Until: now.Add(time.Hour), Amount: 1}})
	require.NoError(t, err)
	sms := filepath.Join(h.dir, "sms.jsonl")
	require.NoError(t, os.WriteFile(sms, []byte(`{"to":"+8613800138000","text":"a"}`+"\n"+`{"to":"13900139000","text":"b"}`+"\n"), 0o600))

	file := filepath.Join(t.TempDir(), "caller.zip")
	x, err := custody.Export(ctx, h.db, h.sealer, h.dir, "138 0013 8000", file, "command test")
	require.NoError(t, err)
	assert.Equal(t, 2, x.Recordings)
	assert.Equal(t, map[string]int{"calls": 2, "turns": 2, "call_events": 2, "wishes": 1, "outbound_ledger": 1}, x.Rows)
	z, err := zip.OpenReader(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, z.Close()) }()
	content := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		content[f.Name], err = io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
	}
	assert.Equal(t, sound("MINE"), content["recordings/MINE.wav"])
	assert.Equal(t, sound("PLAIN"), content["recordings/PLAIN.wav"])
	var data struct {
		Data map[string][]map[string]any `json:"data"`
	}
	require.NoError(t, json.Unmarshal(content["data.json"], &data))
	assert.Contains(t, data.Data["turns"][0]["text"], "我的电话是")
	assert.Contains(t, data.Data["wishes"][0]["fields"], "6603")
	assert.NotContains(t, string(content["data.json"]), other)
	_, err = custody.Export(ctx, h.db, h.sealer, h.dir, number, file, "command test")
	require.ErrorIs(t, err, fs.ErrExist, "nothing is overwritten")

	e, err := custody.Erase(ctx, h.db, h.dir, number, "command test")
	require.NoError(t, err)
	assert.Equal(t, 2, e.Recordings)
	assert.Equal(t, 1, e.Messages)
	assert.Equal(t, 2, e.Rows["calls"])
	again, err := h.db.Caller(ctx, number)
	require.NoError(t, err)
	assert.Zero(t, again.Count())
	for _, id := range []string{"MINE", "PLAIN"} {
		_, err := h.db.Call(ctx, id)
		require.ErrorIs(t, err, store.ErrNotFound)
		assert.Empty(t, contains(t, h.dir, id), "not even in the pages of the database")
	}
	assert.False(t, custody.Exists(h.dir, plain.Recording))
	b, _ := h.read(theirs)
	assert.Equal(t, sound("THEIRS"), b)
	_, err = h.db.Wish(ctx, "W2")
	require.NoError(t, err)
	text, err := os.ReadFile(sms)
	require.NoError(t, err)
	assert.JSONEq(t, `{"to":"13900139000","text":"b"}`, string(text))
	proof := h.trail("caller-erased")
	require.Len(t, proof, 1)
	assert.Equal(t, "0", proof[0].Detail["left"])
	assert.NotContains(t, proof[0].Subject, "138")
	_, err = custody.Erase(ctx, h.db, h.dir, "", "command test")
	require.ErrorIs(t, err, store.ErrNumber)
}

func TestPrivacyReport(t *testing.T) {
	h := open(t, t.TempDir())
	now := time.Now()
	ctx := t.Context()
	k := h.keeper()
	k.KeyDays = 365
	r, err := k.Report(ctx, now.AddDate(0, 0, -30))
	require.NoError(t, err)
	assert.False(t, r.Problems())

	h.call("OLD", "13800138000", now.AddDate(0, 0, -90))
	k.Retention = custody.Retention{Recordings: 30}
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, "audit.log.1"), []byte("ok\ncalled 13800138000\n"), 0o600))
	outside := filepath.Join(t.TempDir(), "hotline.log")
	require.NoError(t, os.WriteFile(outside, []byte("level=INFO caller=138****8000\n"), 0o600))
	export := filepath.Join(t.TempDir(), "calls.csv")
	require.NoError(t, os.WriteFile(export, []byte("id,caller\n1,13800138000\n2,13900139000\n"), 0o600))
	k.Logs = []string{outside, export}
	for _, e := range []store.TrailEntry{
		{Actor: "li", Action: "get-recording", Subject: "OLD"},
		{Actor: "li", Action: "numbers", Detail: map[string]string{"count": "19"}},
		{Actor: "wang", Action: "get-call", Subject: "OLD"},
	} {
		require.NoError(t, h.db.AddTrail(ctx, e))
	}
	_, _, err = seal.AddKey(h.key, now.AddDate(-2, 0, 0))
	require.NoError(t, err)
	_, err = seal.Promote(h.key)
	require.NoError(t, err)
	r, err = k.Report(ctx, now.AddDate(0, 0, -30))
	require.NoError(t, err)
	assert.True(t, r.Problems())
	require.Len(t, r.Unmasked, 2)
	assert.Equal(t, filepath.Join(h.dir, "audit.log.1"), r.Unmasked[0].File)
	assert.Equal(t, 2, r.Unmasked[0].Line)
	assert.Equal(t, custody.Attempts, r.Unmasked[0].What)
	assert.Equal(t, custody.Named, r.Unmasked[1].What)
	assert.Equal(t, map[string]int{"phone": 2}, r.Unmasked[1].Kinds)
	assert.Equal(t, []custody.Overrun{{Kind: "recordings", Days: 30, Count: 1}}, r.Overrun)
	assert.Equal(t, 1, r.Plain)
	assert.True(t, r.Key.Due)
	assert.True(t, r.HashKey.Due)
	assert.True(t, r.Rotating)
	require.Len(t, r.Listeners, 2)
	assert.Equal(t, custody.Listener{Actor: "li", Recordings: 1, Numbers: 19, Listened: []string{"OLD"}}, r.Listeners[0])
	assert.Empty(t, r.Trail.Broken)
}
