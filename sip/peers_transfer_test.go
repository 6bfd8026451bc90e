package sip_test

import (
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// A real phone transfers, and is transferred.
func TestBaresipTransfers(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
	far := newCalls(t)
	_, farAddr := host(t, sip.Config{}, takers(t, far), nil) // the phone of somebody else
	c, asked := referrals(t)
	s, addr := host(t, sip.Config{T1: 500 * time.Millisecond}, c.handle, reg)
	phone := newBaresip(t, "<sip:ann@"+addr+";transport=udp>;auth_pass=secret;regint=60;answermode=auto")
	require.Eventually(t, func() bool { return len(reg.Contacts("ann")) == 1 }, siptest.Patience, 10*time.Millisecond, "it registers")
	call := func() *sip.Leg {
		phone.do(t, "/dial sip:8000@"+addr)
		l := wait(t, c.legs)
		phone.says(t, "Call established")
		return l
	}

	t.Run("the phone transfers", func(t *testing.T) {
		call()
		phone.do(t, "/transfer sip:bob@example.com")
		r := wait(t, asked)
		require.Equal(t, "sip:bob@example.com", r.To)
		require.NoError(t, r.Accept())
		require.NoError(t, r.Notify(180, ""))
		require.NoError(t, r.Done(200))
		require.ErrorIs(t, wait(t, c.ends), sip.ErrBye, "it has done its part")
	})
	t.Run("the phone is transferred blind", func(t *testing.T) {
		l := call()
		require.NoError(t, l.Transfer(t.Context(), "sip:9000@"+farAddr))
		there := wait(t, far.legs)
		require.Equal(t, "9000", there.Called())
		require.NoError(t, l.Hangup(t.Context()))
		require.NoError(t, there.Hangup(t.Context()))
		wait(t, c.ends)
		wait(t, far.ends)
	})
	t.Run("the phone knows no attended transfer", func(t *testing.T) {
		l := call()
		consulted, err := s.Dial(t.Context(), sip.DialRequest{To: "sip:9000@" + farAddr, Offer: []byte(siptest.SDP)}, nil)
		require.NoError(t, err)
		there := wait(t, far.legs)
		var st *sip.StatusError
		require.ErrorAs(t, l.TransferTo(t.Context(), consulted), &st) // baresip 1.0 puts Replaces into the Request-URI
		require.NoError(t, l.Context().Err())
		require.NoError(t, consulted.Context().Err(), "both stand as before")
		require.NoError(t, l.Hangup(t.Context()))
		require.NoError(t, consulted.Hangup(t.Context()))
		require.Nil(t, there.Replaces())
		wait(t, c.ends)
		wait(t, far.ends)
	})
}
