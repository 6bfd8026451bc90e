package sip_test

import (
	"context"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

func answerThenHangUp(ctx context.Context, l *sip.Leg) error {
	if err := answerNow(ctx, l); err != nil {
		return err
	}
	return l.Hangup(ctx)
}

// TestSIPpSurroundings are callers to whom it matters how the server is set up.
func TestSIPpSurroundings(t *testing.T) {
	sideBySide(t)
	for _, c := range []struct {
		scenario string
		cfg      sip.Config
		do       func(context.Context, *sip.Leg) error
		end      error
	}{
		{"uac_nat", sip.Config{}, answerThenHangUp, sip.ErrHungUp},
		{"uac_public_address", sip.Config{PublicAddr: "203.0.113.7:5099", LocalNetworks: []netip.Prefix{}}, answerNow, sip.ErrBye},
	} {
		t.Run(c.scenario, func(t *testing.T) {
			sideBySide(t)
			h, ends := steps(t, c.do)
			s, addr := host(t, c.cfg, h, nil)
			runSIPp(t, c.scenario+".xml", addr)
			require.ErrorIs(t, wait(t, ends), c.end)
			require.Eventually(t, func() bool { return s.Stats().Legs == 0 }, siptest.Patience, time.Millisecond)
		})
	}
}

func TestSIPpCancelsNothing(t *testing.T) {
	sideBySide(t)
	c := newCalls(t)
	s, addr := host(t, sip.Config{}, c.handle, nil)
	runSIPp(t, "uac_cancel_unknown.xml", addr)
	require.Zero(t, s.Stats().Legs)
}

func TestSIPpRegistrations(t *testing.T) {
	sideBySide(t)
	t.Run("stale nonce", func(t *testing.T) {
		sideBySide(t)
		reg := sip.NewRegistrar(sip.RegistrarConfig{NonceLife: 100 * time.Millisecond, Ping: -1}, passwords{"ann": "secret"}, nil)
		_, addr := host(t, sip.Config{}, nil, reg)
		runSIPp(t, "uac_register_stale.xml", addr, "-s", "ann")
		require.Len(t, reg.Contacts("ann"), 1)
	})
	t.Run("wrong password", func(t *testing.T) {
		sideBySide(t)
		reg := sip.NewRegistrar(sip.RegistrarConfig{Ping: -1}, passwords{"ann": "secret"}, nil)
		var failed atomic.Int64
		_, addr := host(t, sip.Config{Audit: func(e sip.AuditEvent) {
			if e.Kind == sip.AuditLoginFailed {
				failed.Add(int64(e.Count))
			}
		}}, nil, reg)
		runSIPp(t, "uac_register_wrong.xml", addr, "-s", "ann", "-i", "127.0.0.9")
		require.Empty(t, reg.Contacts("ann"))
		require.Eventually(t, func() bool { return failed.Load() == 1 }, siptest.Patience, time.Millisecond)
	})
	t.Run("path", func(t *testing.T) {
		sideBySide(t)
		reg := sip.NewRegistrar(sip.RegistrarConfig{Ping: -1}, passwords{"ann": "secret"}, nil)
		s, addr := host(t, sip.Config{}, nil, reg)
		edge, done := startSIPp(t, "uas_path.xml")
		runSIPp(t, "uac_register_path.xml", addr, "-s", "ann", "-key", "path", edge)
		l, err := s.Dial(t.Context(), sip.DialRequest{To: "agent:ann", Offer: []byte(siptest.SDP)}, nil)
		require.NoError(t, err)
		require.NoError(t, l.Hangup(t.Context()))
		done()
	})
	t.Run("two phones", func(t *testing.T) {
		sideBySide(t)
		reg := sip.NewRegistrar(sip.RegistrarConfig{Ping: -1}, passwords{"ann": "secret"}, nil)
		_, addr := host(t, sip.Config{}, nil, reg)
		for range 2 { // from a port of its own each
			runSIPp(t, "uac_register_path.xml", addr, "-s", "ann", "-key", "path", "127.0.0.1:5999")
		}
		require.Len(t, reg.Contacts("ann"), 2)
	})
}

func TestSIPpIsToldWhoCalls(t *testing.T) {
	sideBySide(t)
	s, _ := host(t, sip.Config{}, nil, nil)
	phone, done := startSIPp(t, "uas_identity.xml")
	l, err := s.Dial(t.Context(), sip.DialRequest{
		To: "sip:x@" + phone, From: "4001", Offer: []byte(siptest.SDP), Asserted: "sip:+8613800001111@carrier.example", Privacy: "id",
		Diversions: []sip.Diversion{{Party: sip.Party{User: "+861069001234", Host: "carrier.example"}, Reason: "no-answer"}},
		UserToUser: "0048656c6c6f;encoding=hex",
	}, nil)
	require.NoError(t, err)
	require.NoError(t, l.Hangup(t.Context()))
	done()
}

// A carrier that answers is up; once it does not, it is down.
func TestSIPpTrunkIsAsked(t *testing.T) {
	sideBySide(t)
	addr, done := startSIPp(t, "uas_trunk_options.xml", "-m", "5")
	x := sippTrunk("a", addr)
	x.OptionsInterval = 50 * time.Millisecond
	trunks := trunksOf(t, sip.Policy{}, x)
	untilUp(t, trunks, "a")
	done()
	eventually(t, "it is found to be down", func() bool { return !state(trunks, "a").Up })
}

func TestSIPpCallsByATrunk(t *testing.T) {
	sideBySide(t)
	matched := make(chan string, 1)
	var trunks atomic.Pointer[sip.Trunks]
	h, _ := steps(t, func(ctx context.Context, l *sip.Leg) error {
		m, _ := trunks.Load().Match(l)
		matched <- m.Trunk + " " + m.Line
		return answerNow(ctx, l)
	})
	s, addr := host(t, sip.Config{}, h, nil)
	x := sippTrunk("a", "127.0.0.8:9")
	x.Addresses, x.Inbound = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, map[string]string{"+4001": "8000", "4001": "8000"}
	trunks.Store(trunksAt(t, s, sip.Policy{}, x))
	runSIPp(t, "uac_trunk_inbound.xml", addr, "-s", "40012345")
	require.Equal(t, "a 8000", wait(t, matched))
}
