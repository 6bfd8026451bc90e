package sip_test

import (
	"context"
	"testing"
	"time"

	"hotline/sip"
)

var sdp = []byte("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n")

func start(t *testing.T, cfg sip.Config, h sip.Handler, reg *sip.Registrar) (*sip.Server, string) {
	t.Helper()
	if cfg.Listen == nil {
		cfg.Listen = []string{"udp:127.0.0.1:0", "tcp:127.0.0.1:0"}
	}
	s, err := sip.New(cfg, h, reg, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Error("the server does not end")
		}
	})
	select {
	case <-s.Ready():
	case err := <-done:
		t.Fatal(err)
	}
	return s, s.Addrs()[0].String()
}

func TestDialOurselves(t *testing.T) {
	ended := make(chan error, 1)
	_, addr := start(t, sip.Config{}, func(ctx context.Context, l *sip.Leg) {
		if err := l.Answer(ctx, sdp); err != nil {
			t.Error(err)
		}
		<-l.Context().Done()
		ended <- context.Cause(l.Context())
	}, nil)
	c, _ := start(t, sip.Config{}, nil, nil)
	l, err := c.Dial(t.Context(), sip.DialRequest{To: "sip:8000@" + addr, From: "100", Offer: sdp}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Hangup(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Log(<-ended)
}
