package sip_test

import (
	"net"
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// Calls and registrations of sipp over each transport and family that it has; Debian
// builds it without TLS.
func TestSIPpOverEachTransport(t *testing.T) {
	sideBySide(t)
	for _, ip := range []string{"127.0.0.1", "::1"} {
		if ip == "::1" && !hasIPv6(t) {
			continue
		}
		for _, network := range []string{"udp", "tcp"} {
			t.Run(network+" "+ip, func(t *testing.T) {
				sideBySide(t)
				reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
				online := make(chan bool, 4)
				reg.OnChange(func(_ string, on bool) { online <- on })
				c := newCalls(t)
				s, _ := host(t, sip.Config{Listen: []string{network + ":" + net.JoinHostPort(ip, "0")}}, c.handle, reg)
				target, how := at(t, s, network), network[:1]+"1"

				runSIPp(t, "uac_basic.xml", target, "-i", ip, "-t", how, "-d", "50")
				l := wait(t, c.legs)
				require.Equal(t, network, l.Network())
				require.Equal(t, ip, l.LocalIP().String())
				require.ErrorIs(t, wait(t, c.ends), sip.ErrBye)
				require.Eventually(t, func() bool { return s.Stats().Legs == 0 }, siptest.Patience, time.Millisecond)

				runSIPp(t, "uac_register.xml", target, "-i", ip, "-t", how, "-s", "ann")
				require.True(t, wait(t, online))
				require.False(t, wait(t, online))
			})
		}
	}
}
