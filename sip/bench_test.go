package sip_test

import (
	"context"
	"testing"

	"hotline/sip"
	"hotline/sip/siptest"
)

// BenchmarkCall is one whole call between two servers over UDP: INVITE, 200, ACK,
// BYE, 200. Both sides' cost is in it.
func BenchmarkCall(b *testing.B) {
	run := func(h sip.Handler) *sip.Server {
		s, err := sip.New(sip.Config{Listen: []string{"udp:127.0.0.1:0"}}, h, nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		b.Cleanup(func() {
			cancel()
			<-done
		})
		<-s.Ready()
		return s
	}
	callee := run(func(ctx context.Context, l *sip.Leg) {
		if l.Answer(ctx, []byte(siptest.SDP)) == nil {
			<-l.Context().Done()
		}
	})
	caller := run(nil)
	to := "sip:8000@" + callee.Addrs()[0].String()
	b.ReportAllocs()
	for b.Loop() {
		l, err := caller.Dial(context.Background(), sip.DialRequest{To: to, Offer: []byte(siptest.SDP)}, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Hangup(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
