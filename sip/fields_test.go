package sip

import (
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
	"github.com/stretchr/testify/require"
)

// inviteWith reads an INVITE as it would come from the wire, with more header fields.
func inviteWith(tb testing.TB, fields ...field) (*sip.Request, error) {
	tb.Helper()
	lines := []string{
		"INVITE sip:8000@example.com SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "Max-Forwards: 70",
		"From: <sip:a@example.com>;tag=1", "To: <sip:8000@example.com>", "Call-ID: x", "CSeq: 1 INVITE",
	}
	for _, f := range fields {
		lines = append(lines, f.name+": "+f.value)
	}
	m, err := read([]byte(strings.Join(lines, "\r\n")+"\r\n\r\n"), sip.DefaultHeadersParser())
	if err != nil {
		return nil, err
	}
	req, ok := m.(*sip.Request)
	require.True(tb, ok)
	return req, nil
}

func TestParseReplaces(t *testing.T) {
	for v, want := range map[string]dialogID{
		"98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff": {callID: "98732@sip.example.com", toTag: "ff87ff", fromTag: "r33th4x0r"},
		"12adf2f34456gs5;to-tag=12345;from-tag=54321;early-only": {callID: "12adf2f34456gs5", toTag: "12345", fromTag: "54321", early: true},
		"a@b ; TO-TAG = 1 ; From-Tag = 2 ; generic=x":            {callID: "a@b", toTag: "1", fromTag: "2"},
		"a;to-tag=1;from-tag=0":                                  {callID: "a", toTag: "1", fromTag: "0"}, // RFC 2543
	} {
		got, ok := parseReplaces(v)
		require.True(t, ok, v)
		require.Equal(t, want, got, v)
	}
	for _, v := range []string{
		"", "a", ";to-tag=1;from-tag=2", "a;to-tag=1", "a;from-tag=1", "a;to-tag=;from-tag=2", "a b;to-tag=1;from-tag=2",
		"a,b;to-tag=1;from-tag=2", "a;to-tag=1;to-tag=1;from-tag=2", "a;to-tag=1@;from-tag=2", strings.Repeat("a", 600) + ";to-tag=1;from-tag=2",
	} {
		_, ok := parseReplaces(v)
		require.False(t, ok, v)
	}
}

func FuzzReplaces(f *testing.F) {
	f.Add("98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff")
	f.Add("a;to-tag=1;from-tag=2;early-only")
	f.Fuzz(func(t *testing.T, v string) {
		d, ok := parseReplaces(v)
		if !ok {
			return
		}
		again, ok := parseReplaces(d.String())
		require.True(t, ok)
		require.Equal(t, d, again)
		require.Equal(t, oneLine(d.String()), d.String())
		// A Refer-To carries it there and back.
		r, status := parseReferTo("<sip:x@example.com?Replaces=" + d.escaped() + ">")
		require.Zero(t, status, d.escaped())
		require.Equal(t, d.String(), r.Replaces)
	})
}

func FuzzReferTo(f *testing.F) {
	f.Add(`"Bob" <sip:bob@biloxi.example.org;method=INVITE?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994>`)
	f.Add("tel:+86-10;phone-context=x")
	f.Add("<sip:a?Replaces=b@c%3Bto-tag%3D1%3Bfrom-tag%3D2>;x=y")
	f.Fuzz(func(t *testing.T, v string) {
		r, status := parseReferTo(v)
		if status != 0 {
			require.Contains(t, []int{400, 416, 501}, status)
			require.Equal(t, Referral{}, r)
			return
		}
		require.Equal(t, oneLine(r.To), r.To)
		require.False(t, strings.ContainsAny(r.To, "<>\"? "), r.To)
		again, status := parseReferTo("<" + r.To + ">")
		require.Zero(t, status, r.To)
		require.Equal(t, r.To, again.To)
	})
}

func FuzzIdentity(f *testing.F) {
	f.Add(`"Cullen Jennings" <sip:fluffy@cisco.com>, <tel:+14085264000>`, "id;user", `<sip:a@b>;reason=no-answer;counter=1;privacy=full`, `<sip:a@b?Reason=SIP%3Bcause%3D302>;index=1, <sip:c@d>;index=1.1`, "00;encoding=hex")
	f.Add(`sip:1@x;party=calling`, "none", `<sip:a@b>;counter=999`, "<sip:a@b>", `"x y";content=a`)
	f.Fuzz(func(t *testing.T, asserted, privacy, diversion, history, user string) {
		req, err := inviteWith(t, field{"P-Asserted-Identity", asserted}, field{"Remote-Party-ID", asserted}, field{"Privacy", privacy},
			field{"Diversion", diversion}, field{"History-Info", history}, field{"User-to-User", user})
		if err != nil {
			return
		}
		require.Equal(t, Party{}, identityOf(req, false).Asserted)
		id := identityOf(req, true)
		for p := range strings.SplitSeq(id.Privacy, ";") {
			require.True(t, p == "" || strings.Contains(strings.ToLower(strings.Join(headerValues(req, "Privacy"), " ")), p))
		}
		require.LessOrEqual(t, len(id.Diversions), maxDiversions)
		require.LessOrEqual(t, len(id.UserToUser), 2*maxUserToUser)
		for _, s := range []string{id.Asserted.Name, id.Asserted.URI, id.UserToUser} {
			require.Equal(t, oneLine(s), s)
		}
		// What was read can be sent on: to a trunk, by an agent's phone.
		r := DialRequest{Privacy: id.Privacy, UserToUser: id.UserToUser}
		for _, d := range id.Diversions {
			require.LessOrEqual(t, d.Counter, 127)
			if _, err := callURI(d.Party.URI, ""); err == nil {
				r.Diversions = append(r.Diversions, d)
			}
		}
		fields, err := r.identityFields("example.com")
		require.NoError(t, err)
		for _, f := range fields {
			require.Equal(t, oneLine(f.value), f.value)
		}
		again, err := inviteWith(t, fields...)
		require.NoError(t, err)
		require.Len(t, identityOf(again, false).Diversions, len(r.Diversions))
	})
}

func headerValues(m sip.Message, name string) (out []string) {
	for _, h := range m.GetHeaders(name) {
		out = append(out, h.Value())
	}
	return out
}

func FuzzSipfrag(f *testing.F) {
	f.Add("SIP/2.0 200 OK\r\n")
	f.Add("\r\nSIP/2.0 486 Busy Here\r\nTo: x\r\n")
	f.Fuzz(func(t *testing.T, body string) {
		status, reason := sipfrag(body)
		require.True(t, status == 0 && reason == "" || status >= 100 && status <= 699, body)
		require.Equal(t, oneLine(reason), reason)
	})
}

func FuzzInfoKey(f *testing.F) {
	f.Add("Signal=5\r\nDuration=160\r\n")
	f.Add("#")
	f.Fuzz(func(t *testing.T, body string) {
		if key, ok := infoKey(body); ok {
			require.Contains(t, "0123456789*#ABCD!", string(key))
			again, ok := infoKey("Signal=" + string(key))
			require.True(t, ok)
			require.Equal(t, key, again)
		}
	})
}
