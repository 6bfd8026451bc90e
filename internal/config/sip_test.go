package config_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/internal/config"
)

func TestSIPListen(t *testing.T) {
	for text, want := range map[string][]string{
		"sip: {listen: ':5060'}":                                         {"udp::5060", "tcp::5060"},
		"sip: {listen: '192.0.2.1:5060'}":                                {"udp:192.0.2.1:5060", "tcp:192.0.2.1:5060"},
		"sip: {listen: '[::1]:5060'}":                                    {"udp:[::1]:5060", "tcp:[::1]:5060"},
		"sip: {listen: ['udp::5060', 'tcp:127.0.0.1:5062']}":             {"udp::5060", "tcp:127.0.0.1:5062"},
		"sip: {listen: [':5060', 'TLS::5061'], tls_cert: c, tls_key: k}": {"udp::5060", "tcp::5060", "tls::5061"},
	} {
		c, err := config.Load(write(t, "h.yaml", text+"\n"), nil)
		require.NoError(t, err, text)
		require.Equal(t, want, c.SIP.Addresses(), text)
	}
	c, err := config.Load("", []string{"HOTLINE_SIP_LISTEN=udp:127.0.0.1:5070, ws:127.0.0.1:8088"})
	require.NoError(t, err)
	require.Equal(t, []string{"udp:127.0.0.1:5070", "ws:127.0.0.1:8088"}, c.SIP.Addresses())
	require.Equal(t, "5070", c.SIP.Port())
}

func TestWrongSIPSettingsSayWhatToWrite(t *testing.T) {
	for text, want := range map[string]string{
		"sip: {listen: 5060}":                                  `sip.listen: "5060" is not host:port`,
		"sip: {listen: 'sctp::5060'}":                          `sip.listen: "sctp::5060" is not host:port`,
		"sip: {listen: '::1:5060'}":                            "IPv6 addresses as [::1]:PORT",
		"sip: {listen: 'udp::70000'}":                          "has no usable port",
		"sip: {listen: []}":                                    "sip.listen: is empty",
		"sip: {listen: [':5060', 'udp::5060']}":                "sip.listen: udp::5060 is listed twice",
		"sip: {listen: 'tls::5061'}":                           "sip.tls_cert: is missing",
		"sip: {tls_cert: c}":                                   "sip.tls_key",
		"http: {tls_key: k}":                                   "http.tls_key",
		"sip: {digest: [SHA1]}":                                `sip.digest: "SHA1" is neither`,
		"sip: {digest: []}":                                    "sip.digest: is empty",
		"sip: {local_networks: [office]}":                      `sip.local_networks: "office" is neither`,
		"sip: {trusted_identity: [pbx]}":                       `sip.trusted_identity: "pbx" is neither`,
		"sip: {ping: 1s}":                                      "sip.ping: 1s is too often",
		"sip: {origins: ['https://a.example/page/of/theirs']}": "sip.origins",
	} {
		_, err := config.Load(write(t, "h.yaml", text+"\n"), nil)
		require.ErrorContains(t, err, want, text)
	}
}

func TestLocalNetworks(t *testing.T) {
	c, err := config.Load(write(t, "h.yaml", "sip: {local_networks: [10.1.0.0/16, '2001:db8::5'], digest: [sha-256, md5], trusted_identity: [192.0.2.1]}\n"), nil)
	require.NoError(t, err)
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::5/128")}, c.SIP.Local())
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}, c.SIP.Believed())
	require.Equal(t, []string{"SHA-256", "MD5"}, c.SIP.Digest)
	c, err = config.Load("", nil)
	require.NoError(t, err)
	require.Nil(t, c.SIP.Local(), "the private ones")
}
