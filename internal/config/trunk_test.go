package config_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/config"
)

func TestTrunksComeFromFileAndEnvironment(t *testing.T) {
	secret := write(t, "pw", "from-a-file\n")
	p := write(t, "hotline.yaml", `
trunks:
  - name: telecom
    proxy: [sip:ims.example.com, sip:10.0.0.2:5070;transport=tcp]
    user: "+862161234567"
    auth_user: u1@ims
    password_file: `+secret+`
    expires: 10m
    inbound: {"021-61234567": hotline, "*": "8001"}
    outbound:
      - {match: "+86", strip: 3, add: "0"}
      - match: "955"
    costs: {"+86": 0.1, "+8610": 0.2}
    calls_per_second: 2.5
  - name: lab
    kind: static
    proxy: 192.0.2.7
    addresses: [192.0.2.0/24, "2001:db8::5"]
    options_interval: 0s
outbound: {allow: ["+86", 110], hours: "08:00-20:30", max_spend_per_day: 12.5}
`)
	c, err := config.Load(p, []string{
		"HOTLINE_TRUNKS=lab,cloud", "HOTLINE_TRUNKS_CLOUD_PROXY=sip:a.example, sip:b.example", "HOTLINE_TRUNKS_CLOUD_USER=9001",
		"HOTLINE_TRUNKS_CLOUD_PASSWORD_ENV=OTHER", "OTHER=pw-cloud", "HOTLINE_TRUNKS_LAB_CHANNELS=30", "HOTLINE_TRUNKS_CLOUD_INBOUND=*=hotline",
	})
	require.NoError(t, err)
	require.Len(t, c.Trunks, 3)
	telecom, lab, cloud := c.Trunks[0], c.Trunks[1], c.Trunks[2]
	require.Equal(t, "register", telecom.Kind)
	require.Equal(t, "from-a-file", telecom.Password.Reveal())
	require.Equal(t, 10*time.Minute, telecom.Expires)
	require.Equal(t, 30*time.Second, telecom.OptionsInterval, "what is not named is the default")
	require.Equal(t, config.Table{"021-61234567": "hotline", "*": "8001"}, telecom.Inbound)
	require.Equal(t, []config.OutboundRule{{Match: "+86", Strip: 3, Add: "0"}, {Match: "955"}}, telecom.Outbound)
	require.Equal(t, config.Prices{"+86": 0.1, "+8610": 0.2}, telecom.Costs)
	require.Equal(t, []string{"192.0.2.7"}, lab.Proxy)
	require.Equal(t, 30, lab.Channels)
	require.Zero(t, lab.OptionsInterval)
	require.Equal(t, []string{"sip:a.example", "sip:b.example"}, cloud.Proxy)
	require.Equal(t, "pw-cloud", cloud.Password.Reveal())
	require.Equal(t, []string{"+86", "110"}, c.Outbound.Allow)
	for _, s := range append(c.Settings(), c.TrunkSettings("cloud")...) {
		require.NotContains(t, s.Value, "pw-cloud")
	}
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", c, c, c), "pw-cloud")
}

func TestTrunkProblemsNameLineAndField(t *testing.T) {
	p := write(t, "hotline.yaml", `
trunks:
  - name: A-1
    proxy: user@host
    user: x
    password: hunter2
    chanels: 3
    outbound:
      - {match: 021, strip: 5}
  - name: b
    kind: statik
    addresses: [nowhere]
    codecs: [G729]
    caller_style: loud
    calls_per_second: -1
    costs: {a: b}
  - name: b
    kind: static
    proxy: x
outbound: {country: China, allow: [x], max_calls_per_day: -2, hours: [later]}
`)
	_, err := config.Load(p, []string{"HOTLINE_TRUNKS_B_CHANELS=3"})
	require.Error(t, err)
	for _, want := range []string{
		p + `:3: trunks.A-1.name: "A-1" has other than small letters`,
		p + `:4: trunks.A-1.proxy: "user@host" is no server`,
		p + `:6: trunks.A-1.password is a secret`,
		p + `:7: trunks.A-1: unknown key "chanels", did you mean "channels"?`,
		p + `:9: trunks.A-1.outbound[0].strip: 5 is more than the 3 characters of match`,
		p + `:10: trunks.b.proxy: is missing`,
		p + `:11: trunks.b.kind: "statik" is none of register, static`,
		p + `:12: trunks.b.addresses: "nowhere" is neither an address nor a network`,
		p + `:13: trunks.b.codecs: "G729" is none of`,
		p + `:15: trunks.b.calls_per_second: -1 is negative`,
		p + `:16: trunks.b.costs.a: "b" is not a number`,
		p + `:17: trunks.b.name: "b" is another trunk's already`,
		`HOTLINE_TRUNKS_B_CHANELS: no such setting, did you mean HOTLINE_TRUNKS_B_CHANNELS?`,
		`outbound.country: "China"`, `outbound.allow: "x"`, `outbound.max_calls_per_day: -2 is negative`, `outbound.hours: "later"`,
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "hunter2")

	_, err = config.Load("", []string{"HOTLINE_TRUNKS=x", "HOTLINE_TRUNKS_X_USER=1", "HOTLINE_TRUNKS_X_PROXY=h", "HOTLINE_TRUNKS_X_PASSWORD_ENV=NOT_THERE"})
	require.ErrorContains(t, err, "NOT_THERE is not set")
	require.ErrorContains(t, err, "HOTLINE_TRUNKS_X_PASSWORD")
}

func TestNobodyElseIsTheCarrier(t *testing.T) {
	load := func(address string) error {
		_, err := config.Load(write(t, "hotline.yaml", "trunks: [{name: a, kind: static, proxy: h, addresses: [\""+address+"\"]}]\n"), nil)
		return err
	}
	for _, own := range []string{"203.0.113.7", "203.0.113.0/24", "10.0.0.0/8", "2001:db8::5", "2001:db8::/32", "fc00::/7"} {
		require.NoError(t, load(own), own)
	}
	for _, all := range []string{"0.0.0.0/0", "::/0", "0.0.0.0/1", "2000::/3"} {
		require.ErrorContains(t, load(all), "strangers would be the carrier", all)
	}
}

func TestServersOfTrunks(t *testing.T) {
	load := func(proxy string) error {
		_, err := config.Load(write(t, "hotline.yaml", "trunks: [{name: a, kind: static, proxy: \""+proxy+"\"}]\n"), nil)
		return err
	}
	for _, right := range []string{
		"carrier.example", "192.0.2.7:5070", "sip:carrier.example", "SIP:carrier.example:5070;transport=TCP", "sips:carrier.example", "sips:carrier.example;transport=tcp",
		"sip:[2001:db8::5]", "sip:[2001:db8::5]:5061;transport=tls", "sip:ims.example;lr",
	} {
		require.NoError(t, load(right), right)
	}
	for wrong, why := range map[string]string{
		"sip:": "is no server", "http://carrier.example": "is no server", "sip:user@carrier.example": "is no server", "sip:carrier.example:99999": "no usable port", "sip:carrier.example:": "no usable port",
		"sip:192.0.2.7;transport=sctp": "none of udp, tcp, tls", "sips:carrier.example;transport=udp": "over udp", "sip:2001:db8::5": "in brackets", "sip:[carrier]": "in brackets",
	} {
		require.ErrorContains(t, load(wrong), why, wrong)
	}
}
