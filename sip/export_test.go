package sip

import (
	"net"
	"net/netip"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// DomainOf is a resolver that knows carrier.test, whose servers for a service
// ("_sip._udp") are those given, the most wanted first.
func DomainOf(t *testing.T, service string, servers ...string) *net.Resolver {
	t.Helper()
	records := map[string][]dnsmessage.ResourceBody{}
	for i, s := range servers {
		at := netip.MustParseAddrPort(s)
		name := string(rune('a'+i)) + ".carrier.test."
		records[service+".carrier.test."] = append(records[service+".carrier.test."], srv(uint16(10*(i+1)), at.Port(), name))
		records[name] = []dnsmessage.ResourceBody{&dnsmessage.AResource{A: at.Addr().As4()}}
	}
	return zone(t, records)
}
