package sdp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/media/sdp"
)

func TestPrefer(t *testing.T) {
	offer := strings.ReplaceAll(`v=0
o=- 1 1 IN IP4 192.0.2.1
s=-
c=IN IP4 192.0.2.1
t=0 0
m=audio 4000 RTP/AVP 111 0 8 101
a=rtpmap:111 opus/48000/2
a=fmtp:111 useinbandfec=1
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
m=video 4002 RTP/AVP 96
a=rtpmap:96 VP8/90000
`, "\n", "\r\n")
	for _, c := range []struct {
		codecs []string
		keys   bool
		want   string
		gone   []string
	}{
		{nil, true, "111 0 8 101", nil},
		{[]string{"PCMA", "PCMU"}, true, "8 0 101", []string{"opus", "useinbandfec"}},
		{[]string{"pcma", "OPUS"}, true, "8 111 101", nil},
		{[]string{"G722"}, true, "111 0 8 101", nil},
		{[]string{"PCMA"}, false, "8", []string{"telephone-event", "0-15", "opus"}},
		{nil, false, "111 0 8", []string{"telephone-event"}},
	} {
		got := string(sdp.Prefer([]byte(offer), c.codecs, c.keys))
		require.Contains(t, got, "m=audio 4000 RTP/AVP "+c.want+"\r\n")
		require.Contains(t, got, "m=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n")
		require.Contains(t, got, "a=ptime:20\r\n")
		for _, g := range c.gone {
			require.NotContains(t, got, g)
		}
		require.True(t, strings.HasSuffix(got, "\r\n"))
	}
	require.Equal(t, "v=0", string(sdp.Prefer([]byte("v=0"), []string{"PCMA"}, false)))
}

func FuzzPrefer(f *testing.F) {
	f.Add("m=audio 1 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\n", "PCMA", true)
	f.Add("m=audio", "", false)
	f.Fuzz(func(t *testing.T, text, codec string, keys bool) {
		out := sdp.Prefer([]byte(text), []string{codec}, keys)
		require.LessOrEqual(t, len(out), len(text)+strings.Count(text, "\n")+8)
	})
}
