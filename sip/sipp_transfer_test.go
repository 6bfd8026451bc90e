package sip_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

func TestSIPpTransfersToUs(t *testing.T) {
	sideBySide(t)
	c, asked := referrals(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	done := make(chan error, 2)
	go func() {
		r := <-asked
		done <- r.Accept()
		_ = r.Notify(180, "")
		done <- r.Done(200)
	}()
	runSIPp(t, "uac_refer_blind.xml", addr, "-key", "refer_to", "ann@example.com")
	require.NoError(t, wait(t, done))
	require.NoError(t, wait(t, done))
	wait(t, c.ends)

	go func() {
		r := <-asked
		done <- r.Accept()
		done <- r.Done(200)
	}()
	runSIPp(t, "uac_refer_nosub.xml", addr, "-key", "refer_to", "ann@example.com")
	require.NoError(t, wait(t, done))
	require.NoError(t, wait(t, done))
	wait(t, c.ends)
}

func TestSIPpTransfersRefused(t *testing.T) {
	sideBySide(t)
	c := newCalls(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	runSIPp(t, "uac_refer_refused.xml", addr)
}

func TestSIPpIsTransferred(t *testing.T) {
	sideBySide(t)
	s, _ := host(t, sip.Config{}, nil, nil)
	phone, done := startSIPp(t, "uas_refer_blind.xml")
	l, err := s.Dial(t.Context(), sip.DialRequest{To: "sip:x@" + phone, Offer: []byte(siptest.SDP)}, nil)
	require.NoError(t, err)
	require.NoError(t, l.Transfer(t.Context(), "sip:human@192.0.2.1"))
	require.NoError(t, l.Hangup(t.Context()))
	done()

	one, oneDone := startSIPp(t, "uas_refer_attended.xml")
	two, twoDone := startSIPp(t, "uas_key_info.xml")
	l, err = s.Dial(t.Context(), sip.DialRequest{To: "sip:x@" + one, Offer: []byte(siptest.SDP)}, nil)
	require.NoError(t, err)
	other, err := s.Dial(t.Context(), sip.DialRequest{To: "sip:y@" + two, Offer: []byte(siptest.SDP)}, nil)
	require.NoError(t, err)
	var st *sip.StatusError
	require.ErrorAs(t, l.TransferTo(t.Context(), other), &st)
	require.Equal(t, 503, st.Code)
	require.NoError(t, other.SendKeyInfo(t.Context(), '7'), "both stand as before")
	require.NoError(t, l.Hangup(t.Context()))
	require.NoError(t, other.Hangup(t.Context()))
	oneDone()
	twoDone()
}

func TestSIPpReplaces(t *testing.T) {
	sideBySide(t)
	c := newCalls(t)
	_, addr := host(t, sip.Config{}, takers(t, c), nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	wait(t, c.legs)
	runSIPp(t, "uac_replaces_unknown.xml", addr)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		call.HungUp()
	}()
	runSIPp(t, "uac_replaces.xml", addr, "-key", "replaces", dialogOf(call))
	<-ended
	both := errors.Join(wait(t, c.ends), wait(t, c.ends)) // on a busy machine either is told first
	require.ErrorIs(t, both, sip.ErrReplaced)
	require.ErrorIs(t, both, sip.ErrBye)
}

func TestSIPpTwoAnswers(t *testing.T) {
	sideBySide(t)
	s, _ := host(t, sip.Config{}, nil, nil)
	phone, done := startSIPp(t, "uas_two_answers.xml")
	rang := make(chan int, 8)
	l, err := s.Dial(t.Context(), sip.DialRequest{To: "sip:x@" + phone, Offer: []byte(siptest.SDP)}, func(status int, _ []byte) { rang <- status })
	require.NoError(t, err)
	require.Equal(t, 180, wait(t, rang))
	status := wait(t, rang)
	for status == 180 { // again, to an INVITE that went out twice
		status = wait(t, rang)
	}
	require.Equal(t, 183, status)
	require.Eventually(t, func() bool { return s.Stats().ClientTransactions == 0 || l.Context().Err() != nil }, siptest.Patience, 1e6)
	require.NoError(t, l.Hangup(t.Context()))
	done()
}

func TestSIPpRedirects(t *testing.T) {
	sideBySide(t)
	s, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	phone, done := startSIPp(t, "uas_redirect.xml", "-key", "elsewhere", "home@"+p.Addr())
	out := dial(t.Context(), s, sip.DialRequest{To: "sip:x@" + phone, Redirects: 1}, nil)
	call := p.Await()
	call.Answer(siptest.SDP)
	require.NoError(t, wait(t, out).err)
	done()
	call.Bye()
}

func TestSIPpIsCancelled(t *testing.T) {
	sideBySide(t)
	s, _ := host(t, sip.Config{}, nil, nil)
	phone, done := startSIPp(t, "uas_cancelled.xml")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Dial(ctx, sip.DialRequest{To: "sip:x@" + phone, Offer: []byte(siptest.SDP)}, func(int, []byte) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
	done()
}

func TestSIPpKeysIdentityOptions(t *testing.T) {
	sideBySide(t)
	keys := make(chan byte, 2)
	c := newCalls(t)
	c.setUp = func(l *sip.Leg) { l.OnKey(func(k byte) { keys <- k }) }
	_, addr := host(t, sip.Config{TrustedIdentity: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}, c.handle, nil)
	runSIPp(t, "uac_info_keys.xml", addr)
	wait(t, c.legs)
	require.Equal(t, byte('5'), wait(t, keys))
	require.Equal(t, byte('#'), wait(t, keys))

	runSIPp(t, "uac_identity.xml", addr)
	id := wait(t, c.legs).Identity()
	require.Equal(t, "+8613800001111", id.Asserted.User)
	require.Equal(t, "Alice", id.Asserted.Name)
	require.True(t, id.Anonymous)
	require.Equal(t, "+861069001234", id.Diversions[0].Party.User)
	require.Equal(t, "0048656c6c6f;encoding=hex", id.UserToUser)

	runSIPp(t, "uac_options.xml", addr)
}
