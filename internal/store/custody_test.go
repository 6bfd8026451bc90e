package store_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/seal"
	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// New keys, an export, an erasure and retention know the tables by their schema.
func TestPersonalDataIsFoundByTheSchema(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		ctx := t.Context()
		for i := range 250 { // more than one batch
			r := record(fmt.Sprintf("C%03d", i), noon)
			if i%2 == 1 {
				r.Caller = "13900139000"
			}
			r.EndedAt, r.Summary = noon.Add(time.Minute), "问营业时间"
			require.NoError(t, s.End(ctx, r))
		}
		require.NoError(t, s.AddTurn(ctx, call.TurnRecord{Call: "C000", Index: 1, Speaker: "caller", Text: "你好"}))
		require.NoError(t, s.AddEvents(ctx, "C000", []call.Event{{Kind: "x", Data: map[string]any{"a": "b"}}}))
		require.NoError(t, s.AddWish(ctx, call.Wish{ID: "W", Kind: "callback", Call: "gone", Number: "138 0013 8000", Summary: "回电"}))
		_, err := s.EnsureAdmin(ctx)
		require.NoError(t, err)
		require.NoError(t, s.PutAgent(ctx, store.Agent{Name: "agent1", DisplayName: "王芳"}, "password"))

		before, err := os.ReadFile(p.key)
		require.NoError(t, err)
		_, _, err = seal.AddKey(p.key, noon)
		require.NoError(t, err)
		_, err = seal.Promote(p.key)
		require.NoError(t, err)
		s.Sealer().Key()
		n, err := s.Reseal(ctx)
		require.NoError(t, err)
		assert.Greater(t, n, 250*5)
		n, err = s.Reseal(ctx)
		require.NoError(t, err)
		assert.Zero(t, n, "what is done is left alone")
		n, err = s.Rehash(ctx)
		require.NoError(t, err)
		assert.Greater(t, n, 250)
		_, err = seal.DropOldKeys(p.key)
		require.NoError(t, err)
		s = p.open(t)
		r, err := s.Call(ctx, "C000")
		require.NoError(t, err)
		assert.Equal(t, "问营业时间", r.Summary)
		digests, err := s.AgentDigests(ctx, "hotline")
		require.NoError(t, err)
		assert.Len(t, digests["agent1"].MD5, 32)
		require.NoError(t, os.WriteFile(p.key+".old", before, 0o600))
		old, err := seal.Load(p.key + ".old")
		require.NoError(t, err)
		_, err = store.Open(ctx, store.Config{URL: p.url, Sealer: old})
		require.ErrorIs(t, err, seal.ErrKey)

		d, err := s.Caller(ctx, "+8613800138000")
		require.NoError(t, err)
		assert.Len(t, d.Rows["calls"], 125)
		assert.Len(t, d.Rows["turns"], 1)
		assert.Equal(t, "你好", d.Rows["turns"][0]["text"])
		assert.Len(t, d.Rows["wishes"], 1)
		assert.Len(t, d.Recordings, 125)
		assert.Equal(t, 125+1+1+1, d.Count())
		erased, left, err := s.EraseCaller(ctx, "13800138000")
		require.NoError(t, err)
		assert.Zero(t, left)
		assert.Equal(t, 125, erased["calls"])
		page, err := s.Calls(ctx, store.Filter{Limit: 500})
		require.NoError(t, err)
		assert.Len(t, page.Items, 125, "the others")

		deleted, left, err := s.Expire(ctx, store.KeepTranscripts, noon.Add(time.Hour))
		require.NoError(t, err)
		assert.Equal(t, 125, deleted)
		assert.Zero(t, left)
		require.NoError(t, s.ForgetRecordings(ctx, []string{"C001"}))
		list, err := s.ExpiredRecordings(ctx, noon.Add(time.Hour), 500)
		require.NoError(t, err)
		assert.Len(t, list, 124)
		deleted, left, err = s.Expire(ctx, store.KeepCalls, noon)
		require.NoError(t, err)
		assert.Zero(t, deleted+left, "they ended after it")
		deleted, _, err = s.Expire(ctx, store.KeepCalls, noon.Add(time.Hour))
		require.NoError(t, err)
		assert.Equal(t, 125, deleted)
		deleted, left, err = s.Expire(ctx, store.KeepTickets, noon)
		require.NoError(t, err)
		assert.Zero(t, deleted+left)
		for _, kind := range store.Kinds() {
			_, err := s.Overdue(ctx, kind, noon)
			require.NoError(t, err)
		}
	})
}

func TestSecondFactorAndSessionsInBothDatabases(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		ctx := t.Context()
		u, err := s.AddUser(ctx, store.User{Name: "li", Role: store.Supervisor, Teams: []string{"售后"}}, "long enough password")
		require.NoError(t, err)
		first, _, err := s.NewSession(ctx, u, store.Origin{Source: "192.0.2.1", Program: "Firefox"})
		require.NoError(t, err)
		second, _, err := s.NewSession(ctx, u, store.Origin{Source: "192.0.2.2", Program: "Safari"})
		require.NoError(t, err)
		open, err := s.OpenSessions(ctx, "li")
		require.NoError(t, err)
		require.Len(t, open, 2)
		for _, o := range open {
			if o.Is(second) {
				assert.Equal(t, "Safari", o.Program)
				require.ErrorIs(t, s.RevokeSession(ctx, o.ID, "wang"), store.ErrNotFound)
				require.NoError(t, s.RevokeSession(ctx, o.ID, "li"))
			}
		}
		_, err = s.Session(ctx, second)
		require.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, s.EndSessions(ctx, "li", first))
		got, err := s.Session(ctx, first)
		require.NoError(t, err)
		assert.Equal(t, []string{"售后"}, got.User.Teams)
		_, err = s.BeginTOTP(ctx, u)
		require.NoError(t, err)
		_, err = s.ConfirmTOTP(ctx, u, "000000")
		require.ErrorIs(t, err, store.ErrCode)
		n, err := s.RecoveryCodes(ctx, u)
		require.NoError(t, err)
		assert.Zero(t, n)
		require.NoError(t, s.EndTOTP(ctx, "li"))
		require.ErrorIs(t, s.EndTOTP(ctx, "nobody"), store.ErrNotFound)
	})
}
