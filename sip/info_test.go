package sip_test

import (
	"context"
	"testing"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

func TestKeysByInfoBothWays(t *testing.T) {
	keys := make(chan byte, 16)
	c := newCalls(t)
	c.setUp = func(l *sip.Leg) { l.OnKey(func(d byte) { keys <- d }) }
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	l := wait(t, c.legs)
	for body, want := range map[string]byte{
		"Signal=5\r\nDuration=160\r\n": '5', "Signal= *\nDuration= 250": '*', "Duration=100\r\nSignal=11": '#', "Signal=d": 'D', "Signal=12": 'A',
	} {
		call.Request("INFO", body, "Content-Type: application/dtmf-relay")
		p.Expect("200 INFO")
		require.Equal(t, want, wait(t, keys), body)
	}
	call.Request("INFO", "7", "Content-Type: application/dtmf;x=y")
	p.Expect("200 INFO")
	require.Equal(t, byte('7'), wait(t, keys))
	call.Request("INFO", "Signal=16", "Content-Type: application/dtmf-relay") // a hook flash
	p.Expect("200 INFO")
	call.Request("INFO", "Signal=17", "Content-Type: application/dtmf-relay")
	p.Expect("400 INFO")
	call.Request("INFO", "<x/>", "Content-Type: application/media_control+xml")
	require.Contains(t, p.Expect("415 INFO").Get("Accept"), "application/dtmf-relay")
	call.Request("INFO", "x", "Info-Package: dtmf", "Content-Type: application/dtmf-relay")
	p.Expect("469 INFO") // RFC 6086
	call.Request("INFO", "")
	p.Expect("200 INFO")
	require.Empty(t, keys)

	done := make(chan error, 1)
	send := func(key byte) *siptest.Message {
		go func() { done <- l.SendKeyInfo(context.Background(), key) }()
		return p.Expect("INFO")
	}
	info := send('#')
	require.Equal(t, "application/dtmf-relay", info.Get("Content-Type"))
	require.Equal(t, "Signal=#\r\nDuration=160\r\n", info.Body)
	call.Respond(info, 200, "OK", "")
	require.NoError(t, wait(t, done))
	call.Respond(send('a'), 415, "Unsupported Media Type", "")
	var st *sip.StatusError
	require.ErrorAs(t, wait(t, done), &st)
	require.Equal(t, 415, st.Code)
	require.Error(t, l.SendKeyInfo(t.Context(), 'x'))
	call.Bye()
	wait(t, c.ends)
	require.ErrorIs(t, l.SendKeyInfo(t.Context(), '1'), sip.ErrBye)
}

func TestOptionsTellWhatWeCan(t *testing.T) {
	c := newCalls(t)
	_, addr := host(t, sip.Config{}, c.handle, nil)
	p := siptest.New(t, addr)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	for _, from := range []*siptest.Call{call, p.NewCall("sip:"+addr, "sip:x@"+p.Addr())} {
		from.Request("OPTIONS", "")
		ok := p.Expect("200 OPTIONS")
		for _, method := range []string{"INVITE", "REFER", "INFO", "UPDATE", "NOTIFY", "SUBSCRIBE"} {
			require.Contains(t, ok.Get("Allow"), method)
		}
		require.Contains(t, ok.Get("Supported"), "replaces")
		require.Contains(t, ok.Get("Accept"), "application/sdp")
		require.Equal(t, "refer", ok.Get("Allow-Events"))
	}
	call.Bye()
	call.Request("OPTIONS", "") // so a far end learns that its call is gone
	p.Expect("481 OPTIONS")
}

func TestWhatWeAreNot(t *testing.T) {
	_, addr := host(t, sip.Config{}, nil, nil)
	p := siptest.New(t, addr)
	for _, tt := range []struct{ method, event, want string }{
		{"MESSAGE", "", "405"},
		{"PUBLISH", "presence", "405"},
		{"SUBSCRIBE", "presence", "489"},
		{"SUBSCRIBE", "refer", "403"},
		{"NOTIFY", "message-summary", "489"},
		{"NOTIFY", "refer", "481"},
		{"REFER", "", "403"},
		{"FROBNICATE", "", "501"},
	} {
		var headers []string
		if tt.event != "" {
			headers = append(headers, "Event: "+tt.event)
		}
		p.NewCall("sip:8000@"+addr, "sip:x@"+p.Addr()).Request(tt.method, "", headers...)
		p.Expect(tt.want + " " + tt.method)
	}
}
