package sip

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkFlood is what a request costs that is over the rate, and one from a source
// that nothing is read from.
func BenchmarkFlood(b *testing.B) {
	s := answering(b)
	s.sentry = newSentry(GuardConfig{Registers: Rate{PerSecond: 1e-9, Burst: 1}}, nil, nil)
	head, tail, _ := strings.Cut("REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK|\r\nMax-Forwards: 70\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:a@h>\r\n"+
		"Call-ID: 1\r\nCSeq: 1 REGISTER\r\nContact: <sip:a@192.0.2.1>\r\nContent-Length: 0\r\n\r\n", "|")
	b.Run("over the rate", func(b *testing.B) {
		s.sentry.know(farEnd.Addr(), time.Now())
		w := &wire{}
		for i := 0; b.Loop(); i++ {
			_ = s.received([]byte(head+strconv.Itoa(i)+tail), flow{w, farEnd})
		}
	})
	b.Run("blocked", func(b *testing.B) {
		s.sentry = newSentry(GuardConfig{BlockTime: time.Hour}, nil, nil)
		stranger := netip.MustParseAddrPort("192.0.2.1:5060")
		s.sentry.scanner(stranger.Addr(), "x", "", time.Now())
		w := &wire{}
		text := []byte(head + "1" + tail)
		b.ReportAllocs()
		for b.Loop() {
			_ = s.received(text, flow{w, stranger})
		}
	})
}
