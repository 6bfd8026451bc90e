package store_test

import (
	"fmt"
	"testing"
	"time"

	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Guessing closes a lock that lasts longer each time, over restarts too, and shuts out
// neither the owner of the account at his own desk nor other accounts of his office.
func TestLockOut(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		now := noon
		p.now = func() time.Time { return now }
		s := p.open(t)
		ctx := t.Context()
		for _, name := range []string{"li", "wang"} {
			_, err := s.AddUser(ctx, store.User{Name: name, Role: store.AgentRole}, "the right password")
			require.NoError(t, err)
		}
		try := func(name, password, source string) error {
			_, err := s.SignIn(ctx, store.LoginTry{Name: name, Password: password, Source: source})
			return err
		}
		var locked *store.LockedError
		require.NoError(t, try("li", "the right password", "192.0.2.1"))
		for range 4 {
			require.ErrorIs(t, try("li", "wrong", "192.0.2.9"), store.ErrLogin)
		}
		err := try("LI ", "wrong", "192.0.2.9") // another spelling is the same account
		require.ErrorAs(t, err, &locked)
		assert.True(t, locked.Now)
		assert.Equal(t, noon.Add(30*time.Second), locked.Until)
		require.ErrorAs(t, try("li", "the right password", "192.0.2.9"), &locked, "not even the right one is looked at")
		assert.False(t, locked.Now)
		require.NoError(t, try("wang", "the right password", "192.0.2.9"), "another account from there")
		s = p.open(t)
		require.ErrorAs(t, try("li", "the right password", "192.0.2.9"), &locked, "after a restart")

		now = now.Add(31 * time.Second)
		require.ErrorAs(t, try("li", "wrong", "192.0.2.9"), &locked)
		assert.Equal(t, now.Add(time.Minute), locked.Until, "twice as long")
		now = now.Add(time.Minute + time.Second)
		require.NoError(t, try("li", "the right password", "192.0.2.9"))

		// Many sources: the account is closed to strangers, not to its owner.
		for i := range 30 {
			_ = try("li", "wrong", fmt.Sprintf("198.51.100.%d", i))
		}
		require.ErrorAs(t, try("li", "the right password", "203.0.113.1"), &locked)
		require.NoError(t, try("li", "the right password", "192.0.2.1"))
		// One source with many names, which IPv6 has a whole network of.
		for i := range 70 {
			_ = try(fmt.Sprintf("user%d", i), "wrong", fmt.Sprintf("2001:db8::%d", i+1))
		}
		require.ErrorAs(t, try("wang", "the right password", "2001:db8::ffff"), &locked)
		require.NoError(t, try("wang", "the right password", "2001:db8:0:1::1"))
		now = now.Add(time.Hour)
		require.NoError(t, try("li", "the right password", "203.0.113.1"))
	})
}

func TestAuditTrailIsAChain(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		ctx := t.Context()
		for i := range 20 {
			e := store.TrailEntry{Actor: "li", Role: store.Supervisor, Action: "get-call", Subject: fmt.Sprint(i % 5), Detail: map[string]string{"b": "2", "a": "1"}}
			if i%2 == 0 {
				e.Actor, e.Detail = "wang", nil
			}
			require.NoError(t, s.AddTrail(ctx, e))
		}
		s = p.open(t)
		state, err := s.CheckTrail(ctx)
		require.NoError(t, err)
		assert.EqualValues(t, 20, state.Rows)
		assert.EqualValues(t, 20, state.Last)
		assert.Zero(t, state.BrokenAt, state.BrokenText)
		page, err := s.Trail(ctx, store.TrailFilter{Actor: "li", Limit: 7})
		require.NoError(t, err)
		require.Len(t, page.Items, 7)
		assert.EqualValues(t, 20, page.Items[0].Seq, "the latest first")
		assert.Equal(t, map[string]string{"a": "1", "b": "2"}, page.Items[0].Detail)
		page, err = s.Trail(ctx, store.TrailFilter{Actor: "li", Limit: 7, Cursor: page.Next})
		require.NoError(t, err)
		assert.Len(t, page.Items, 3)
		assert.Empty(t, page.Next)

		db := raw(t, p.url)
		for _, harm := range []struct {
			what, undo string
			at         int64
		}{
			{`UPDATE audit_trail SET actor = 'nobody' WHERE seq = 7`, `UPDATE audit_trail SET actor = 'wang' WHERE seq = 7`, 7},
			{`UPDATE audit_trail SET seq = 100 WHERE seq = 12`, `UPDATE audit_trail SET seq = 12 WHERE seq = 100`, 12},
			{`UPDATE audit_trail SET seq = seq + 200 WHERE seq > 18`, `UPDATE audit_trail SET seq = seq - 200 WHERE seq > 200`, 19},
		} {
			_, err := db.ExecContext(ctx, harm.what)
			require.NoError(t, err)
			state, err := s.CheckTrail(ctx)
			if err == nil { // a moved row does not even open
				assert.Equal(t, harm.at, state.BrokenAt, harm.what)
			}
			_, err = db.ExecContext(ctx, harm.undo)
			require.NoError(t, err)
		}
		_, err = db.ExecContext(ctx, `DELETE FROM audit_trail WHERE seq > 17`)
		require.NoError(t, err)
		state, err = s.CheckTrail(ctx)
		require.NoError(t, err)
		assert.EqualValues(t, 18, state.BrokenAt, "cut off at the end")
	})
}
