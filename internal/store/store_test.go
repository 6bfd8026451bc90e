package store_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline/dialog"
	"hotline/internal/call"
	"hotline/internal/call/answer"
	"hotline/internal/seal"
	"hotline/internal/store"
	"hotline/internal/store/storetest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// place is a database that a contract test opens, maybe several times.
type place struct {
	t        *testing.T
	url, key string
	now      func() time.Time
}

// backends are what the contract holds for.
var backends = map[string]func(t *testing.T) place{
	"sqlite": func(t *testing.T) place {
		t.Helper()
		dir := t.TempDir()
		return place{url: filepath.Join(dir, "data", "hotline.db"), key: filepath.Join(dir, "master.key")}
	},
	"postgres": func(t *testing.T) place {
		t.Helper()
		server, err := postgres()
		if errors.Is(err, storetest.ErrMissing) && os.Getenv("CI") == "" {
			t.Skip("MISSING-DATA: " + err.Error())
		}
		require.NoError(t, err)
		url, err := server.Database(t.Context())
		require.NoError(t, err)
		return place{url: url, key: filepath.Join(t.TempDir(), "master.key")}
	},
}

// postgres is the server of these tests, started by the first that wants it.
var postgres = sync.OnceValues(func() (*storetest.Server, error) {
	server, err := storetest.Start(context.Background())
	if err == nil {
		stopPostgres = server.Stop
	}
	return server, err
})

var stopPostgres = func() error { return nil }

func TestMain(m *testing.M) {
	code := m.Run()
	if err := stopPostgres(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func (p place) open(t *testing.T) *store.Store {
	t.Helper()
	sealer, _, err := seal.LoadOrCreate(p.key)
	require.NoError(t, err)
	s, err := store.Open(t.Context(), store.Config{URL: p.url, Sealer: sealer, Now: p.now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// contents is all that who gets hold of the database can read in it.
func (p place) contents(t *testing.T) string {
	t.Helper()
	tables := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if strings.HasPrefix(p.url, "postgres:") {
		tables = `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`
	}
	var out strings.Builder
	db := raw(t, p.url)
	for _, table := range rowsOf(t, db, tables) {
		for _, row := range rowsOf(t, db, "SELECT * FROM "+string(table)) {
			out.Write(row)
		}
	}
	require.NotZero(t, out.Len())
	return out.String()
}

// rowsOf are the rows of a query, each as the bytes of its columns.
func rowsOf(t *testing.T, db *sql.DB, query string) (out [][]byte) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	names, err := rows.Columns()
	require.NoError(t, err)
	for rows.Next() {
		values := make([]any, len(names))
		for i := range values {
			values[i] = new(any)
		}
		require.NoError(t, rows.Scan(values...))
		var line []byte
		for _, v := range values {
			switch x := (*v.(*any)).(type) {
			case []byte:
				line = append(line, x...)
			default:
				line = fmt.Append(line, x)
			}
		}
		out = append(out, line)
	}
	require.NoError(t, rows.Err())
	return out
}

func onEach(t *testing.T, test func(p place)) {
	t.Helper()
	for name, make := range backends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := make(t)
			p.t = t
			test(p)
		})
	}
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func record(id string, at time.Time) call.Record {
	return call.Record{
		ID: id, SIPCallID: "sip-" + id, Line: "main", Language: "zh", Direction: "inbound", Caller: "+86 138 0013 8000", Called: "8000",
		StartedAt: at, AnsweredAt: at.Add(100 * time.Millisecond), Outcome: call.InProgress, Recording: "spool/" + id + ".wav",
		Signalling: call.Signalling{
			Trunk: "carrier", Network: "tls", Asserted: "sip:+8613800138000@carrier.example", Privacy: "id",
			Diversion: []string{"4008001234", "8000"}, UserToUser: "56a390f3d2b7310023;encoding=hex",
		},
		SIPStatus: 486, EndReason: `Q.850;cause=17;text="User busy"`,
		AnsweredBy: &answer.Outcome{
			Who: answer.Voicemail, AtMS: 2100, BeepMS: 6300, Before: []answer.Who{answer.Person},
			Evidence: []answer.Evidence{{MS: 2100, Kind: "word", What: "请留言"}},
		},
	}
}

func TestCallIsKeptWhole(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		ctx := t.Context()
		s := p.open(t)
		r := record("A", noon)
		require.NoError(t, s.Begin(ctx, r))
		require.NoError(t, s.Begin(ctx, r), "a beginning that may have failed is written again")

		question := call.TurnRecord{Call: "A", Index: 1, Speaker: "caller", Text: "你们几点开门？", StartMS: 2000, EndMS: 3500, Confidence: 0.9}
		answer := call.TurnRecord{
			Call: "A", Index: 2, Speaker: "bot", Text: "早上九点。", StartMS: 4100, EndMS: 6000, ResponseMS: 600, Intent: "hours", Source: "knowledge",
			KnowledgeID: "hours-1", Candidates: []dialog.Candidate{{ID: "hours-1", Question: "营业时间", Score: 0.93, Sound: 0.8}},
			Timing: &call.Timing{EndpointMS: 400, PlayMS: 20},
		}
		require.NoError(t, s.AddTurn(ctx, question))
		require.NoError(t, s.AddTurn(ctx, answer))
		answer.Heard = "早上"
		require.NoError(t, s.AddTurn(ctx, answer), "what was heard is known later")

		var marks []call.Event
		for i := range 250 {
			marks = append(marks, call.Event{MS: int64(i * 10), Kind: call.KindSilence})
		}
		marks[3].Data = map[string]any{"text": "你们几点开门？", "score": 0.5}
		require.NoError(t, s.AddEvents(ctx, "A", marks[:4]))
		require.NoError(t, s.AddEvents(ctx, "A", nil))
		require.NoError(t, s.AddEvents(ctx, "A", marks[4:]))

		r.Outcome, r.EndCause, r.EndedAt, r.Summary = call.Resolved, "caller_hangup", noon.Add(30*time.Second), "问营业时间"
		r.Satisfaction = 4
		r.Media = call.Quality{Received: 1500, Lost: 3, JitterMS: 1.5}
		r.AgentMedia = []call.LegMedia{{Name: "li", Codec: "opus", Media: call.Quality{Security: "dtls", Received: 700}}}
		require.NoError(t, s.End(ctx, r))

		s = p.open(t) // what another process sees
		got, err := s.Call(ctx, "A")
		require.NoError(t, err)
		assert.Equal(t, r, got)
		turns, err := s.Turns(ctx, "A")
		require.NoError(t, err)
		assert.Equal(t, []call.TurnRecord{question, answer}, turns)
		events, err := s.Events(ctx, "A")
		require.NoError(t, err)
		assert.Equal(t, marks, events)

		_, err = s.Call(ctx, "B")
		require.ErrorIs(t, err, store.ErrNotFound)
		require.ErrorIs(t, s.Update(ctx, record("B", noon)), store.ErrNotFound)
		require.Error(t, s.AddTurn(ctx, call.TurnRecord{Call: "B"}))

		whole := r
		whole.ID = "C"
		require.NoError(t, s.End(ctx, whole), "a call whose beginning was not kept")
		got, err = s.Call(ctx, "C")
		require.NoError(t, err)
		assert.Equal(t, whole, got)
	})
}

func TestPersonalDataIsNotInTheFile(t *testing.T) {
	p := backends["sqlite"](t)
	s := p.open(t)
	ctx := t.Context()
	r := record("A", noon)
	r.Caller, r.Called, r.Summary, r.Error = "13900001111", "13900002222", "geheim-summary", "geheim-error"
	require.NoError(t, s.Begin(ctx, r))
	require.NoError(t, s.AddTurn(ctx, call.TurnRecord{Call: "A", Text: "geheim-text", Heard: "geheim-heard"}))
	require.NoError(t, s.AddEvents(ctx, "A", []call.Event{{Kind: "transcript", Data: map[string]any{"text": "geheim-event"}}}))
	require.NoError(t, s.AddWish(ctx, call.Wish{ID: "W", Number: "13900003333", When: "geheim-when", Summary: "geheim-wish", Fields: map[string]string{"a": "geheim-field"}}))
	require.NoError(t, s.PutAgent(ctx, store.Agent{Name: "agent1", DisplayName: "geheim-agent"}, "geheim-password"))
	require.NoError(t, s.SetSetting(ctx, "k", "geheim-setting"))
	_, err := s.AddUser(ctx, store.User{Name: "wang", DisplayName: "geheim-user", Role: store.Admin}, "geheim-password")
	require.NoError(t, err)
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(p.url + suffix)
		require.NoError(t, err)
		for _, word := range []string{"geheim", "1390000"} {
			assert.False(t, bytes.Contains(b, []byte(word)), "%q is in hotline.db%s", word, suffix)
		}
	}
	info, err := os.Stat(p.url)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestWrongKeyIsSaidAtStart(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		p.open(t)
		other, _, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "other.key"))
		require.NoError(t, err)
		_, err = store.Open(t.Context(), store.Config{URL: p.url, Sealer: other})
		require.ErrorIs(t, err, seal.ErrKey)
		require.ErrorContains(t, err, "HOTLINE_MASTER_KEY_FILE")
	})
}

func TestRecoverGivesLeftCallsAnEnd(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		ctx := t.Context()
		s := p.open(t)
		require.NoError(t, s.Begin(ctx, record("A", noon)))
		require.NoError(t, s.AddEvents(ctx, "A", []call.Event{{MS: 7000, Kind: call.KindSpeechEnd}}))
		ringing := record("B", noon)
		ringing.AnsweredAt = time.Time{}
		require.NoError(t, s.Begin(ctx, ringing))
		done := record("C", noon)
		require.NoError(t, s.Begin(ctx, done))
		done.Outcome, done.EndedAt = call.Resolved, noon.Add(time.Minute)
		require.NoError(t, s.End(ctx, done))

		s = p.open(t)
		left, err := s.Recover(ctx)
		require.NoError(t, err)
		require.Len(t, left, 2)
		assert.Equal(t, "spool/A.wav", left[0].Recording)
		assert.Equal(t, "B", left[1].ID)
		a, err := s.Call(ctx, "A")
		require.NoError(t, err)
		assert.Equal(t, call.Interrupted, a.Outcome)
		assert.Equal(t, "interrupted", a.EndCause)
		assert.Equal(t, a.AnsweredAt.Add(7*time.Second), a.EndedAt, "the last that was heard of it")
		c, err := s.Call(ctx, "C")
		require.NoError(t, err)
		assert.Equal(t, call.Resolved, c.Outcome)
		left, err = s.Recover(ctx)
		require.NoError(t, err)
		assert.Empty(t, left)
	})
}

func TestManyWritersAtOnce(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		ctx := t.Context()
		s := p.open(t)
		const calls, turns = 40, 5
		var wg sync.WaitGroup
		for i := range calls {
			wg.Go(func() {
				id := fmt.Sprintf("call-%03d", i)
				if err := s.Begin(ctx, record(id, noon)); !assert.NoError(t, err) {
					return
				}
				for n := range turns {
					assert.NoError(t, s.AddTurn(ctx, call.TurnRecord{Call: id, Index: n, Text: "一句话"}))
					assert.NoError(t, s.AddEvents(ctx, id, []call.Event{{MS: int64(n), Kind: "transcript"}}))
					// A neighbour's failure does not reach the others' rows.
					assert.Error(t, s.AddTurn(ctx, call.TurnRecord{Call: "nobody", Index: n}))
				}
			})
		}
		// Some give up waiting; nobody else is hurt.
		for range 20 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
				defer cancel()
				_ = s.SetSetting(ctx, "x", "y")
			})
		}
		wg.Wait()
		for i := range calls {
			id := fmt.Sprintf("call-%03d", i)
			got, err := s.Turns(ctx, id)
			require.NoError(t, err)
			assert.Len(t, got, turns)
			events, err := s.Events(ctx, id)
			require.NoError(t, err)
			assert.Len(t, events, turns)
		}
		require.NoError(t, s.SetSetting(ctx, "after", "all"), "the queue still moves")
	})
}

func TestAgentCredentials(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		ctx := t.Context()
		s := p.open(t)
		a := store.Agent{Name: "agent1", DisplayName: "小王", Skills: []string{"sales"}}
		require.NoError(t, s.PutAgent(ctx, a, "secret"))
		a.Skills = []string{"sales", "returns"}
		require.NoError(t, s.PutAgent(ctx, a, ""), "no password leaves the present one")
		sum := md5.Sum([]byte("agent1:hotline:secret"))
		long := sha256.Sum256([]byte("agent1:hotline:secret"))
		all, err := s.AgentDigests(ctx, "hotline")
		require.NoError(t, err)
		assert.Equal(t, map[string]store.Digests{"agent1": {MD5: hex.EncodeToString(sum[:]), SHA256: hex.EncodeToString(long[:])}}, all)
		all, err = s.AgentDigests(ctx, "elsewhere")
		require.NoError(t, err)
		assert.Empty(t, all)
		agents, err := s.Agents(ctx)
		require.NoError(t, err)
		require.Len(t, agents, 1)
		assert.Equal(t, a.Skills, agents[0].Skills)
		assert.Equal(t, "小王", agents[0].DisplayName)
		a.Disabled = true
		require.NoError(t, s.PutAgent(ctx, a, ""))
		all, err = s.AgentDigests(ctx, "hotline")
		require.NoError(t, err)
		assert.Empty(t, all, "disabled")
		require.ErrorIs(t, s.PutAgent(ctx, store.Agent{Name: "a b"}, "x"), store.ErrName)
	})
}

// raw is the database as somebody with the file and no key has it.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(path, "postgres:") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

// A look at the database makes and changes nothing.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "data", "hotline.db")
	sealer, _, err := seal.LoadOrCreate(filepath.Join(dir, "master.key"))
	require.NoError(t, err)
	look := func(s *seal.Sealer) error {
		db, err := store.Open(t.Context(), store.Config{URL: file, Sealer: s, Look: true})
		if err != nil {
			return err
		}
		defer func() { require.NoError(t, db.Close()) }()
		_, err = db.Users(t.Context())
		require.NoError(t, err)
		require.Error(t, db.SetSetting(t.Context(), "a", "b"))
		return nil
	}
	require.ErrorIs(t, look(sealer), os.ErrNotExist)
	require.NoDirExists(t, filepath.Dir(file))

	db, err := store.Open(t.Context(), store.Config{URL: file, Sealer: sealer})
	require.NoError(t, err)
	require.NoError(t, look(sealer), "beside the server that uses it")
	require.NoError(t, db.Close())
	require.NoError(t, look(sealer))
	other, _, err := seal.LoadOrCreate(filepath.Join(dir, "other.key"))
	require.NoError(t, err)
	require.ErrorIs(t, look(other), seal.ErrKey)

	raw, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	_, err = raw.ExecContext(t.Context(), `DELETE FROM migrations WHERE version = (SELECT MAX(version) FROM migrations)`)
	require.NoError(t, err)
	require.NoError(t, raw.Close())
	require.ErrorIs(t, look(sealer), store.ErrOlder)
}
