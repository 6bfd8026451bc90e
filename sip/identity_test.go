package sip_test

import (
	"net/netip"
	"strings"
	"testing"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

func TestIdentity(t *testing.T) {
	trusted := sip.Config{TrustedIdentity: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for name, tt := range map[string]struct {
		cfg     sip.Config
		headers []string
		check   func(is *require.Assertions, id sip.Identity)
	}{
		"nothing said": {trusted, nil, func(is *require.Assertions, id sip.Identity) { is.Equal(sip.Identity{}, id) }},
		"asserted, the number of two": {
			trusted,
			[]string{`P-Asserted-Identity: "Cullen, Jennings" <sip:fluffy@cisco.com>, <tel:+14085264000;ext=5>`},
			func(is *require.Assertions, id sip.Identity) {
				is.Equal("+14085264000", id.Asserted.User)
				is.Equal("Cullen, Jennings", id.Asserted.Name)
			},
		},
		"asserted by a stranger": {
			sip.Config{},
			[]string{"P-Asserted-Identity: <sip:110@police.example>", "Remote-Party-ID: <sip:110@x>", "Privacy: id"},
			func(is *require.Assertions, id sip.Identity) {
				is.Equal(sip.Party{}, id.Asserted)
				is.True(id.Anonymous)
			},
		},
		"the older field": {
			trusted,
			[]string{"Remote-Party-ID: <sip:99@x>;party=called", `Remote-Party-ID: "A" <sip:+861380@x;user=phone>;party=calling;screen=yes;privacy=full`},
			func(is *require.Assertions, id sip.Identity) {
				is.Equal("+861380", id.Asserted.User)
				is.True(id.Anonymous)
			},
		},
		"preferred is the last choice": {
			trusted,
			[]string{"P-Preferred-Identity: <sip:2@x>", "P-Asserted-Identity: <sip:1@x>"},
			func(is *require.Assertions, id sip.Identity) { is.Equal("1", id.Asserted.User) },
		},
		"broken values are passed over": {
			trusted,
			[]string{"P-Asserted-Identity: <sip:", "P-Asserted-Identity: <http://x/>, <tel:abc>, <sip:7@x>"},
			func(is *require.Assertions, id sip.Identity) { is.Equal("7", id.Asserted.User) },
		},
		"privacy": {
			sip.Config{},
			[]string{"Privacy: User; id;evil", "Privacy: id"},
			func(is *require.Assertions, id sip.Identity) {
				is.Equal("user;id", id.Privacy)
				is.True(id.Anonymous)
			},
		},
		"privacy none": {
			sip.Config{},
			[]string{"Privacy: none"},
			func(is *require.Assertions, id sip.Identity) {
				is.Equal("none", id.Privacy)
				is.False(id.Anonymous)
			},
		},
		"diversion": {
			sip.Config{},
			[]string{`Diversion: "Last" <sip:+862@x>;reason=no-answer;counter=2;privacy=off, <sip:+861@x>;reason="user-busy"`, "Diversion: <tel:+860>;reason=a b"},
			func(is *require.Assertions, id sip.Identity) {
				is.Len(id.Diversions, 3)
				is.Equal("+862", id.Diversions[0].Party.User)
				is.Equal("Last", id.Diversions[0].Party.Name)
				is.Equal(sip.Diversion{Party: id.Diversions[0].Party, Reason: "no-answer", Counter: 2, Privacy: "off"}, id.Diversions[0])
				is.Equal("user-busy", id.Diversions[1].Reason)
				is.Equal("+860", id.Diversions[2].Party.User)
				is.Empty(id.Diversions[2].Reason)
			},
		},
		"history": {
			sip.Config{},
			[]string{
				`History-Info: <sip:4001@x?Reason=SIP%3Bcause%3D302>;index=1,<sip:4002@x?Reason=SIP%3Bcause%3D480&Privacy=history>;index=1.1;rc=1`,
				"History-Info: <sip:8000@x>;index=1.2;mp=1.1",
			},
			func(is *require.Assertions, id sip.Identity) {
				is.Len(id.Diversions, 2)
				is.Equal("4002", id.Diversions[0].Party.User)
				is.Equal("no-answer", id.Diversions[0].Reason)
				is.Equal("full", id.Diversions[0].Privacy)
				is.Equal("4001", id.Diversions[1].Party.User)
				is.Equal("unconditional", id.Diversions[1].Reason)
			},
		},
		"user to user": {
			sip.Config{},
			[]string{"User-to-User: 56a390f3d2b7310023a2;encoding=hex;purpose=foo", "User-to-User: " + strings.Repeat("a", 2000), `User-To-User: "客户 7";content=text`},
			func(is *require.Assertions, id sip.Identity) {
				is.Equal(`56a390f3d2b7310023a2;encoding=hex;purpose=foo, "客户 7";content=text`, id.UserToUser)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCalls(t)
			_, addr := host(t, tt.cfg, c.handle, nil)
			p := siptest.New(t, addr)
			call := p.Invite("8000", siptest.SDP, tt.headers...)
			call.Answered()
			tt.check(require.New(t), wait(t, c.legs).Identity())
			call.Bye()
			wait(t, c.ends)
		})
	}
}

func TestTrustIdentity(t *testing.T) {
	c := newCalls(t)
	s, addr := host(t, sip.Config{}, c.handle, nil)
	s.TrustIdentity(func(l *sip.Leg) bool { return l.Called() == "8000" })
	p := siptest.New(t, addr)
	for number, want := range map[string]string{"8000": "1", "9000": ""} {
		call := p.Invite(number, siptest.SDP, "P-Asserted-Identity: <sip:1@x>")
		call.Answered()
		require.Equal(t, want, wait(t, c.legs).Identity().Asserted.User)
		call.Bye()
	}
	call := p.NewCall("sip:8000@"+addr, "sip:anonymous@anonymous.invalid")
	call.Request("INVITE", siptest.SDP)
	call.Answered()
	require.True(t, wait(t, c.legs).Identity().Anonymous)
	call.Bye()
}

func TestDialSaysWhoCalls(t *testing.T) {
	c := newCalls(t)
	_, far := host(t, sip.Config{TrustedIdentity: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}, c.handle, nil)
	s, addr := host(t, sip.Config{Realm: "bot.example"}, nil, nil)
	p := siptest.New(t, addr)
	diversions := []sip.Diversion{
		{Party: sip.Party{Name: `A "B"`, User: "+861 0", Host: "pbx.example"}, Reason: "no-answer", Counter: 1},
		{Party: sip.Party{URI: "tel:+8620"}, Reason: "unconditional", Privacy: "full"},
	}
	r := sip.DialRequest{
		To: "sip:x@" + p.Addr(), From: "+8610", FromName: "Company", Offer: []byte(siptest.SDP),
		Asserted: "+8610", Privacy: "id;user", Diversions: diversions, UserToUser: "3132;encoding=hex",
	}
	out := dial(t.Context(), s, r, nil)
	call := p.Await()
	m := call.Incoming
	require.Contains(t, m.Get("From"), `"Anonymous" <sip:anonymous@anonymous.invalid>;tag=`)
	require.NotContains(t, m.Get("Contact"), "8610")
	require.Equal(t, `"Company" <sip:+8610@bot.example>`, m.Get("P-Asserted-Identity"))
	require.Equal(t, "id;user", m.Get("Privacy"))
	require.Equal(t, []string{`"A \"B\"" <sip:+861%200@pbx.example>;reason=no-answer;counter=1`, "<tel:+8620>;reason=unconditional;privacy=full"}, m.All("Diversion"))
	require.Equal(t, "3132;encoding=hex", m.Get("User-To-User"))
	call.Reject(486, "Busy Here")
	wait(t, out)

	// What one server of ours writes another reads.
	r.To = "sip:8000@" + far
	l, err := s.Dial(t.Context(), r, nil)
	require.NoError(t, err)
	id := wait(t, c.legs).Identity()
	require.Equal(t, "+8610", id.Asserted.User)
	require.Equal(t, "Company", id.Asserted.Name)
	require.True(t, id.Anonymous)
	require.Len(t, id.Diversions, 2)
	require.Equal(t, "+861 0", id.Diversions[0].Party.User)
	require.Equal(t, `A "B"`, id.Diversions[0].Party.Name)
	require.Equal(t, 1, id.Diversions[0].Counter)
	require.Equal(t, "3132;encoding=hex", id.UserToUser)
	require.Zero(t, l.Identity())
	require.NoError(t, l.Hangup(t.Context()))
	wait(t, c.ends)
}

// No value of a DialRequest begins a header field of its own.
func TestDialIsNotInjected(t *testing.T) {
	s, addr := host(t, sip.Config{}, nil, nil)
	to := "sip:x@" + addr
	for name, r := range map[string]sip.DialRequest{
		"asserted":      {Asserted: "sip:a@b>\r\nEvil: 1"},
		"asserted list": {Asserted: "sip:a@b,sip:c@d"},
		"privacy":       {Privacy: "id\r\nEvil: 1"},
		"privacy value": {Privacy: "full"},
		"diversion":     {Diversions: []sip.Diversion{{Party: sip.Party{URI: "sip:a@b>\r\nEvil: 1"}}}},
		"reason":        {Diversions: []sip.Diversion{{Party: sip.Party{User: "1", Host: "b"}, Reason: "x\r\nEvil: 1"}}},
		"no party":      {Diversions: []sip.Diversion{{}}},
		"user to user":  {UserToUser: "x\r\nEvil: 1"},
		"long":          {UserToUser: strings.Repeat("x", 5000)},
		"header":        {Headers: map[string]string{"X": "y\r\nEvil: 1"}},
		"header name":   {Headers: map[string]string{"X: y\r\nEvil": "1"}},
		"reserved":      {Headers: map[string]string{"replaces": "a;to-tag=1;from-tag=2"}},
		"route":         {Route: []string{"sip:p\r\nEvil: 1"}},
		"route scheme":  {Route: []string{"http://p"}},
	} {
		r.To, r.Offer = to, []byte("x")
		_, err := s.Dial(t.Context(), r, nil)
		require.Error(t, err, name)
		require.ErrorContains(t, err, "dial:", name)
	}
}
