package sdp_test

import (
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media/sdp"
)

const key30 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"

func stream(proto string, lines ...string) []byte {
	return []byte("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 " + proto + " 0\r\n" + strings.Join(lines, "\r\n") + "\r\n")
}

func ours(p sdp.Protection) sdp.Local {
	return sdp.Local{
		Addr: netip.MustParseAddr("198.51.100.1"), Port: 5000,
		Security: sdp.Security{Protection: p, Secrets: &sdp.Secrets{}, Fingerprint: "sha-256 AA:BB", ICE: true},
	}
}

var fingerprint = "a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":")

func TestProtectionIsAnswered(t *testing.T) {
	crypto := "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:" + key30
	for _, test := range []struct {
		name  string
		p     sdp.Protection
		offer []byte
		err   error
		want  []string
		not   []string
		check func(t *testing.T, k sdp.Keys)
	}{
		{
			name: "keys in the description", p: sdp.Optional, offer: stream("RTP/SAVP", crypto),
			want: []string{"RTP/SAVP", "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:"}, not: []string{key30, "fingerprint"},
			check: func(t *testing.T, k sdp.Keys) {
				t.Helper()
				want, _ := base64.StdEncoding.DecodeString(key30)
				assert.Equal(t, want, k.SDES.Theirs)
				assert.Len(t, k.SDES.Ours, 30)
			},
		},
		{
			name: "the suite that we want most", p: sdp.Optional,
			offer: stream("RTP/SAVPF", crypto, "a=crypto:7 AEAD_AES_128_GCM inline:"+base64.StdEncoding.EncodeToString(make([]byte, 28))),
			want:  []string{"a=crypto:7 AEAD_AES_128_GCM"}, not: []string{"a=crypto:3"},
		},
		{
			name: "beside plain sound (RFC 8643)", p: sdp.Required, offer: stream("RTP/AVP", crypto),
			want: []string{"RTP/AVP", "a=crypto:3"},
		},
		{name: "plain sound where it is not wanted", p: sdp.Required, offer: stream("RTP/AVP"), err: sdp.ErrNoAudio},
		{name: "encrypted sound where it is off", p: sdp.Plain, offer: stream("RTP/SAVP", crypto), err: sdp.ErrNoAudio},
		{name: "plain sound with keys where they are off", p: sdp.Plain, offer: stream("RTP/AVP", crypto), not: []string{"crypto"}},
		{name: "no keys", p: sdp.Optional, offer: stream("RTP/SAVP"), err: sdp.ErrNoAudio},
		{name: "a key that is too short", p: sdp.Optional, offer: stream("RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA"), err: sdp.ErrNoAudio},
		{name: "a key that is none", p: sdp.Optional, offer: stream("RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:&&&"), err: sdp.ErrNoAudio},
		{name: "a suite that nobody knows", p: sdp.Optional, offer: stream("RTP/SAVP", "a=crypto:1 F8_128_HMAC_SHA1_80 inline:"+key30), err: sdp.ErrNoAudio},
		{name: "without encryption of RTP", p: sdp.Optional, offer: stream("RTP/SAVP", crypto+" UNENCRYPTED_SRTP"), err: sdp.ErrNoAudio},
		{name: "with a key identifier", p: sdp.Optional, offer: stream("RTP/SAVP", crypto+"|2^20|1:4"), err: sdp.ErrNoAudio},
		{
			name: "only the short tag", p: sdp.Optional, offer: stream("RTP/SAVP", "a=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:"+key30),
			want: []string{"RTP/SAVP", "a=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:"},
			check: func(t *testing.T, k sdp.Keys) {
				t.Helper()
				assert.Equal(t, "AES_CM_128_HMAC_SHA1_32", k.SDES.Suite)
			},
		},
		{name: "a lifetime", p: sdp.Optional, offer: stream("RTP/SAVP", crypto+"|2^31"), want: []string{"a=crypto:3"}},
		{
			name: "DTLS: the far end begins", p: sdp.Optional, offer: stream("UDP/TLS/RTP/SAVP", fingerprint, "a=setup:actpass", "a=rtcp-mux"),
			want: []string{"UDP/TLS/RTP/SAVP", "a=fingerprint:sha-256 AA:BB", "a=setup:passive", "a=rtcp-mux"},
			check: func(t *testing.T, k sdp.Keys) {
				t.Helper()
				assert.False(t, k.DTLS.Client)
			},
		},
		{
			name: "DTLS: we begin", p: sdp.Optional, offer: stream("UDP/TLS/RTP/SAVP", fingerprint, "a=setup:passive"),
			want: []string{"a=setup:active"},
			check: func(t *testing.T, k sdp.Keys) {
				t.Helper()
				assert.True(t, k.DTLS.Client)
			},
		},
		{name: "DTLS without a fingerprint", p: sdp.Optional, offer: stream("UDP/TLS/RTP/SAVP", "a=setup:actpass"), err: sdp.ErrNoAudio},
		{name: "DTLS with a fingerprint that is none", p: sdp.Optional, offer: stream("UDP/TLS/RTP/SAVP", "a=fingerprint:sha-256 XX"), err: sdp.ErrNoAudio},
		{name: "DTLS over a transport that is not ours", p: sdp.Optional, offer: stream("DTLS/SCTP", fingerprint), err: sdp.ErrNoAudio},
		{
			name: "ICE", p: sdp.Optional,
			offer: stream("RTP/AVP", "a=ice-ufrag:theirs", "a=ice-pwd:secret", "a=candidate:1 1 UDP 1 192.0.2.1 4000 typ host"),
			want:  []string{"a=ice-lite", "a=ice-ufrag:", "a=ice-pwd:", "a=candidate:1 1 udp 2130706431 198.51.100.1 5000 typ host", "a=candidate:1 2 udp 2130706430 198.51.100.1 5001 typ host"},
		},
		{name: "a lite agent", p: sdp.Optional, offer: stream("RTP/AVP", "a=ice-lite", "a=ice-ufrag:x", "a=ice-pwd:y", "a=candidate:1 1 UDP 1 192.0.2.1 4000 typ host"), not: []string{"a=ice"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer, m, err := sdp.Answer(test.offer, ours(test.p))
			if test.err != nil {
				require.ErrorIs(t, err, test.err)
				return
			}
			require.NoError(t, err)
			for _, w := range test.want {
				assert.Contains(t, string(answer), w)
			}
			for _, w := range test.not {
				assert.NotContains(t, string(answer), w)
			}
			if test.check != nil {
				test.check(t, m.Keys)
			}
		})
	}
}

// Keys stay through re-INVITEs, so that the stream goes on.
func TestKeysStay(t *testing.T) {
	l := ours(sdp.Optional)
	first, m1, err := sdp.Answer(stream("RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"+key30), l)
	require.NoError(t, err)
	l.Version++
	second, m2, err := sdp.Answer(stream("RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"+key30, "a=sendonly"), l)
	require.NoError(t, err)
	assert.True(t, m1.Keys.Same(m2.Keys))
	line := func(b []byte) string {
		_, rest, _ := strings.Cut(string(b), "a=crypto")
		out, _, _ := strings.Cut(rest, "\r\n")
		return out
	}
	assert.Equal(t, line(first), line(second))
	other := ours(sdp.Optional)
	_, m3, err := sdp.Answer(stream("RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"+key30), other)
	require.NoError(t, err)
	assert.False(t, m1.Keys.Same(m3.Keys), "every leg has keys of its own")
}

// An answer may only name what was offered.
func TestAnswerToOurOffer(t *testing.T) {
	l := ours(sdp.Required)
	require.Contains(t, string(sdp.Offer(l)), "m=audio 5000 RTP/SAVP")
	_, err := sdp.Accept(l, stream("RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"+key30))
	require.NoError(t, err)
	_, err = sdp.Accept(l, stream("RTP/SAVP", "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:"+key30))
	require.ErrorIs(t, err, sdp.ErrNoAudio, "that tag was another suite")
	m, err := sdp.Accept(l, stream("RTP/SAVP", "a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:"+key30))
	require.NoError(t, err, "all that some phones have")
	assert.Equal(t, "AES_CM_128_HMAC_SHA1_32", m.Keys.SDES.Suite)
	l.Security.Protection = sdp.Optional
	require.NotContains(t, string(sdp.Offer(l)), "_SHA1_32", "beside a plain stream two are enough")
	m, err = sdp.Accept(l, stream("RTP/AVP", "a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:"+key30))
	require.NoError(t, err)
	assert.False(t, m.Keys.Encrypted(), "it was not offered")
	l.Security.Protection = sdp.Required
	_, err = sdp.Accept(l, stream("RTP/AVP"))
	require.ErrorIs(t, err, sdp.ErrNoAudio)
}

func FuzzAnswerProtected(f *testing.F) {
	f.Add(stream("RTP/SAVP", "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:"+key30+"|2^20"))
	f.Add(stream("UDP/TLS/RTP/SAVPF", fingerprint, "a=setup:actpass", "a=rtcp-mux", "a=ice-ufrag:x", "a=ice-pwd:y", "a=candidate:1 1 UDP 1 192.0.2.1 4000 typ host"))
	local := ours(sdp.Optional)
	f.Fuzz(func(t *testing.T, b []byte) {
		answer, m, err := sdp.Answer(b, local)
		if err != nil {
			return
		}
		switch k := m.Keys; {
		case k.SDES != nil && (len(k.SDES.Ours) != len(k.SDES.Theirs) || !strings.Contains(string(answer), "a=crypto:")):
			t.Fatalf("keys %+v in\n%s", k.SDES, answer)
		case k.DTLS != nil && (len(k.DTLS.Fingerprints) == 0 || !strings.Contains(string(answer), "a=fingerprint:")):
			t.Fatalf("DTLS %+v in\n%s", k.DTLS, answer)
		case !k.Encrypted() && strings.Contains(string(answer), "SAVP"):
			t.Fatalf("plain sound is called encrypted in\n%s", answer)
		}
	})
}
