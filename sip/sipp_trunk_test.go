package sip_test

import (
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

func sippTrunk(name, addr string) sip.TrunkConfig {
	return sip.TrunkConfig{
		Name: name, Proxies: []string{"sip:" + addr}, Domain: "carrier.example", User: "1001", Auth: sip.Credentials{Password: "secret"},
		CallerNumber: "4001", OptionsInterval: -1, Outbound: []sip.OutboundRule{{}},
	}
}

func TestSIPpTrunkRegisters(t *testing.T) {
	sideBySide(t)
	addr, done := startSIPp(t, "uas_trunk_register.xml")
	x := sippTrunk("a", addr)
	x.Register, x.Expires = true, time.Minute
	trunks := trunksOf(t, sip.Policy{}, x)
	untilUp(t, trunks, "a")
	require.Greater(t, time.Until(state(trunks, "a").Until), 9*time.Minute)
	done()
}

func TestSIPpTrunkCallsAndFailsOver(t *testing.T) {
	sideBySide(t)
	busy, busyDone := startSIPp(t, "uas_trunk_busy.xml")
	good, goodDone := startSIPp(t, "uas_trunk_invite.xml")
	second := sippTrunk("second", good)
	second.Priority = 1
	trunks := trunksOf(t, sip.Policy{}, sippTrunk("first", busy), second)
	var rang []int
	call := out("10086")
	call.Progress = func(status int, _ []byte) { rang = append(rang, status) }
	l, err := trunks.Dial(t.Context(), call)
	require.NoError(t, err)
	require.Equal(t, "second", trunks.Of(l))
	require.Equal(t, []int{180}, rang)
	first := state(trunks, "first")
	require.False(t, first.Up)
	require.Greater(t, time.Until(first.Resting), 50*time.Second)
	hangup(t, l)
	busyDone()
	goodDone()
	require.Eventually(t, func() bool { return state(trunks, "second").Channels == 0 }, siptest.Patience, time.Millisecond)
}
