package store_test

import (
	"testing"
	"time"

	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFirstAdmin(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		password, err := s.EnsureAdmin(t.Context())
		require.NoError(t, err)
		u, err := s.Authenticate(t.Context(), "admin", password)
		require.NoError(t, err)
		assert.Equal(t, store.Admin, u.Role)
		again, err := s.EnsureAdmin(t.Context())
		require.NoError(t, err)
		assert.Empty(t, again, "told once")
	})
}

func TestUsers(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		ctx := t.Context()
		_, err := s.AddUser(ctx, store.User{Name: "王芳", DisplayName: "王芳（售后）", Role: store.Supervisor}, "一个很长的密码够安全")
		require.NoError(t, err)
		u, err := s.Authenticate(ctx, "王芳", "一个很长的密码够安全")
		require.NoError(t, err)
		assert.Equal(t, "王芳（售后）", u.DisplayName)
		for _, c := range [][2]string{{"王芳", "wrong password"}, {"nobody", "一个很长的密码够安全"}, {"王芳", ""}, {"", ""}} {
			_, err := s.Authenticate(ctx, c[0], c[1])
			require.ErrorIs(t, err, store.ErrLogin, "%v", c)
		}
		for want, u := range map[error]store.User{
			store.ErrExists: {Name: "王芳", Role: store.Admin},
			store.ErrRole:   {Name: "li", Role: "boss"},
			store.ErrName:   {Name: "a b", Role: store.Admin},
		} {
			_, err := s.AddUser(ctx, u, "long enough password")
			require.ErrorIs(t, err, want)
		}
		_, err = s.AddUser(ctx, store.User{Name: "li", Role: store.Admin}, "short")
		require.ErrorIs(t, err, store.ErrPassword)

		token, _, err := s.NewSession(ctx, u, store.Origin{})
		require.NoError(t, err)
		require.NoError(t, s.SetPassword(ctx, "王芳", "another long password"))
		_, err = s.Session(ctx, token)
		require.ErrorIs(t, err, store.ErrNotFound, "a new password ends the sessions")
		_, err = s.Authenticate(ctx, "王芳", "another long password")
		require.NoError(t, err)
		role, disabled := store.Analyst, true
		before, after, err := s.ChangeUser(ctx, "王芳", store.UserChange{Role: &role, Disabled: &disabled})
		require.NoError(t, err)
		assert.Equal(t, store.Supervisor, before.Role)
		assert.Equal(t, store.Analyst, after.Role)
		_, err = s.Authenticate(ctx, "王芳", "another long password")
		require.ErrorIs(t, err, store.ErrLogin, "disabled")
		require.ErrorIs(t, s.SetPassword(ctx, "nobody", "another long password"), store.ErrNotFound)
		users, err := s.Users(ctx)
		require.NoError(t, err)
		require.Len(t, users, 1)
		assert.Equal(t, store.Analyst, users[0].Role)
		assert.True(t, users[0].Disabled)
	})
}

func TestSessionEnds(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		now := noon
		p.now = func() time.Time { return now }
		s := p.open(t)
		ctx := t.Context()
		u, err := s.AddUser(ctx, store.User{Name: "li", Role: store.AgentRole}, "long enough password")
		require.NoError(t, err)
		token, made, err := s.NewSession(ctx, u, store.Origin{})
		require.NoError(t, err)
		// Used once a morning it lasts a week, and no longer.
		days := 0
		for ; days < 20; days++ {
			now = now.Add(11 * time.Hour)
			got, err := s.Session(ctx, token)
			if err != nil {
				require.ErrorIs(t, err, store.ErrNotFound)
				break
			}
			assert.Equal(t, made.CSRF, got.CSRF)
			assert.Equal(t, "li", got.User.Name)
		}
		assert.Equal(t, 15, days, "7 days are 15 times 11 hours")

		idle, _, err := s.NewSession(ctx, u, store.Origin{})
		require.NoError(t, err)
		now = now.Add(13 * time.Hour)
		_, err = s.Session(ctx, idle)
		require.ErrorIs(t, err, store.ErrNotFound, "12 hours without use")

		out, _, err := s.NewSession(ctx, u, store.Origin{})
		require.NoError(t, err)
		require.NoError(t, s.EndSession(ctx, out))
		_, err = s.Session(ctx, out)
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestTokens(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		now := noon
		p.now = func() time.Time { return now }
		s := p.open(t)
		ctx := t.Context()
		secret, made, err := s.NewToken(ctx, "crm", store.Supervisor, noon.Add(time.Hour))
		require.NoError(t, err)
		got, err := s.Token(ctx, secret)
		require.NoError(t, err)
		assert.Equal(t, made, got) // before its use was noted
		now = noon.Add(2 * time.Hour)
		_, err = s.Token(ctx, secret)
		require.ErrorIs(t, err, store.ErrNotFound, "it ran out")

		forever, made, err := s.NewToken(ctx, "bi", store.Analyst, time.Time{})
		require.NoError(t, err)
		_, err = s.Token(ctx, forever)
		require.NoError(t, err)
		require.NoError(t, s.RevokeToken(ctx, made.ID))
		_, err = s.Token(ctx, forever)
		require.ErrorIs(t, err, store.ErrNotFound)
		require.ErrorIs(t, s.RevokeToken(ctx, made.ID), store.ErrNotFound)
		tokens, err := s.Tokens(ctx)
		require.NoError(t, err)
		assert.Len(t, tokens, 1, "only the other is left")
		_, _, err = s.NewToken(ctx, "x", "boss", time.Time{})
		require.ErrorIs(t, err, store.ErrRole)
	})
}
