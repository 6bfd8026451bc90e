package sip_test

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"hotline/internal/certs/certstest"
	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// replies is a carrier that is well but for calls: it answers them by statuses, or not
// at all without any.
func replies(statuses ...int) siptest.CarrierConfig {
	return siptest.CarrierConfig{Reply: func(m *siptest.Message) []siptest.Reply {
		if m.Method() != "INVITE" {
			return nil
		}
		out := []siptest.Reply{}
		for _, s := range statuses {
			out = append(out, siptest.Reply{Status: s})
		}
		return out
	}}
}

// The next server of a domain takes the call that the first cannot (RFC 3263 section
// 4.3), whether a trunk or a single call names the domain.
func TestTheNextServerOfADomainTakesTheCall(t *testing.T) {
	sideBySide(t)
	for name, tt := range map[string]struct {
		first siptest.CarrierConfig
		final int // the call ends at the first server; 0: it does not
	}{
		"silence":  {first: replies()},
		"no room":  {first: replies(100, 503)},
		"busy":     {first: replies(486), final: 486},
		"it rang":  {first: replies(180, 503), final: 503},
		"unknown":  {first: replies(404), final: 404},
		"declined": {first: replies(603), final: 603},
	} {
		t.Run(name, func(t *testing.T) {
			first := siptest.NewCarrier(t, tt.first)
			second := siptest.NewCarrier(t, siptest.CarrierConfig{})
			s, _ := host(t, sip.Config{Resolver: sip.DomainOf(t, "_sip._udp", first.Addr(), second.Addr())}, nil, nil)
			trunks := trunksAt(t, s, sip.Policy{}, sip.TrunkConfig{
				Name: "carrier", Proxies: []string{"sip:carrier.test"}, Outbound: []sip.OutboundRule{{}}, CallerNumber: "4001",
			})
			untilUp(t, trunks, "carrier")
			for way, dial := range map[string]func() (*sip.Leg, error){
				"trunk": func() (*sip.Leg, error) { return trunks.Dial(t.Context(), out("10086")) },
				"call": func() (*sip.Leg, error) {
					return s.Dial(t.Context(), sip.DialRequest{To: "sip:10086@carrier.test", Offer: []byte(siptest.SDP)}, nil)
				},
			} {
				before := len(second.Requests("INVITE"))
				l, err := dial()
				if tt.final == 0 {
					require.NoError(t, err, way)
					require.Len(t, second.Requests("INVITE"), before+1, way)
					require.Contains(t, second.Requests("INVITE")[before].Start, "sip:10086@carrier.test", "the domain is called, not its server")
					hangup(t, l)
					continue
				}
				var st *sip.StatusError
				require.ErrorAs(t, err, &st, way)
				require.Equal(t, tt.final, st.Code, way)
				require.Empty(t, second.Requests("INVITE"), way)
			}
		})
	}
}

// A server that SRV records name proves the domain, not its own name (RFC 5922 section
// 4): whoever forges the records chooses that.
func TestTheCertificateIsForTheDomain(t *testing.T) {
	ca := certstest.New(t)
	for _, tt := range []struct {
		name string
		up   bool
	}{{"carrier.test", true}, {"a.carrier.test", false}} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCalls(t)
			far, _ := host(t, sip.Config{
				Listen: []string{"tls:127.0.0.1:0"},
				TLS:    &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{ca.Issue(t, tt.name)}},
			}, c.handle, nil)
			s, _ := host(t, sip.Config{
				Listen: []string{"udp:127.0.0.1:0", "tls:127.0.0.1:0"}, TLS: secured(t, ca, "us.test"),
				Resolver: sip.DomainOf(t, "_sips._tcp", at(t, far, "tls")),
			}, nil, nil)
			trunks := trunksAt(t, s, sip.Policy{}, sip.TrunkConfig{
				Name: "carrier", Proxies: []string{"sips:carrier.test"}, OptionsInterval: 50 * time.Millisecond,
				Outbound: []sip.OutboundRule{{}}, CallerNumber: "4001",
			})
			if !tt.up {
				eventually(t, "the name is refused", func() bool {
					return strings.Contains(state(trunks, "carrier").LastError, "belongs to another name")
				})
				_, err := trunks.Dial(t.Context(), out("10086"))
				require.Error(t, err)
				return
			}
			untilUp(t, trunks, "carrier")
			l, err := trunks.Dial(t.Context(), out("10086"))
			require.NoError(t, err)
			require.Equal(t, "tls", l.Network())
			hangup(t, l)
		})
	}
}
