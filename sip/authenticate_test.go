package sip_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/sip"
	"hotline/sip/siptest"
)

// An agent's phone shows who it is by its password; whoever only says so does not get
// in, were it from the phone's own address.
func TestAuthenticateCaller(t *testing.T) {
	for name, c := range map[string]struct {
		user, password string
		want           int
	}{
		"the agent":                {"ann", "secret", 200},
		"a wrong password":         {"ann", "guess", 403},
		"another agent's":          {"bob", "hunter2", 403},
		"nobody that we know":      {"eve", "", 403},
		"who does not show at all": {"", "", 401},
	} {
		t.Run(name, func(t *testing.T) {
			reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret", "bob": "hunter2"}, nil)
			failed := make(chan error, 4)
			_, addr := host(t, sip.Config{}, func(ctx context.Context, l *sip.Leg) {
				if err := l.Authenticate("ann"); err != nil {
					failed <- err
					return
				}
				_ = l.Answer(ctx, []byte(siptest.SDP))
				<-l.Context().Done()
			}, reg)
			p := siptest.New(t, addr)
			require.Equal(t, 200, p.Register("ann", "secret", "", 300).Status())
			call := p.Invite("bob", siptest.SDP)
			m := p.Expect("401 INVITE")
			require.ErrorIs(t, <-failed, sip.ErrNotAuthenticated)
			call.RemoteTag = siptest.Tag(m.Get("To"))
			call.AckRefusal()
			call.RemoteTag = ""
			if c.user != "" {
				header := "Authorization: " + siptest.Digest(m.Get("WWW-Authenticate"), "INVITE", call.Target, c.user, c.password, "00000001")
				call.Request("INVITE", siptest.SDP, header)
			} else {
				call.Request("INVITE", siptest.SDP)
			}
			if c.want == 200 {
				call.Answered()
				call.Bye()
				return
			}
			require.Equal(t, c.want, p.ExpectFinal("INVITE").Status())
			call.AckRefusal()
		})
	}
}
