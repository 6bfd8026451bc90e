package sdp_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media/sdp"
)

var local = sdp.Local{Addr: netip.MustParseAddr("192.0.2.1"), Port: 20000, SessionID: 7, Version: 1}

func offer(lines ...string) []byte {
	return []byte("v=0\r\no=- 1 1 IN IP4 198.51.100.5\r\ns=-\r\nc=IN IP4 198.51.100.5\r\nt=0 0\r\n" + strings.Join(lines, "\r\n") + "\r\n")
}

func TestAnswer(t *testing.T) {
	answer, m, err := sdp.Answer(offer("m=audio 4000 RTP/AVP 0 8 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=ptime:30"), local)
	require.NoError(t, err)
	assert.Equal(t, sdp.PCMA, m.Codec)
	assert.Equal(t, "198.51.100.5:4000", m.Remote.String())
	assert.Equal(t, "198.51.100.5:4001", m.RemoteRTCP.String())
	assert.True(t, m.HasDTMF)
	assert.EqualValues(t, 101, m.DTMF)
	assert.Equal(t, 30*time.Millisecond, m.PTime)
	assert.Equal(t, "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"+
		"m=audio 20000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n", string(answer))
}

func TestAnswerVariants(t *testing.T) {
	for _, c := range []struct {
		name   string
		offer  []byte
		local  func(*sdp.Local)
		err    error
		check  func(*assert.Assertions, sdp.Media)
		answer string
	}{
		{name: "static types need no rtpmap", offer: offer("m=audio 4000 RTP/AVP 0"), check: func(is *assert.Assertions, m sdp.Media) {
			is.Equal(sdp.PCMU, m.Codec)
			is.False(m.HasDTMF)
		}},
		{name: "held", offer: offer("m=audio 4000 RTP/AVP 0", "a=sendonly"), answer: "a=recvonly", check: func(is *assert.Assertions, m sdp.Media) {
			is.Equal(sdp.RecvOnly, m.Direction)
		}},
		{name: "listens only", offer: offer("a=recvonly", "m=audio 4000 RTP/AVP 0"), answer: "a=sendonly"},
		{name: "held the old way", offer: []byte(strings.ReplaceAll(string(offer("m=audio 4000 RTP/AVP 0")), "c=IN IP4 198.51.100.5", "c=IN IP4 0.0.0.0")), answer: "a=recvonly"},
		{name: "inactive", offer: offer("m=audio 4000 RTP/AVP 0", "a=inactive"), answer: "a=inactive"},
		{name: "we hold", offer: offer("m=audio 4000 RTP/AVP 0"), local: func(l *sdp.Local) { l.Direction = sdp.SendOnly }, answer: "a=sendonly"},
		{name: "video is refused in its place", offer: offer("m=video 5000 RTP/AVP 96", "a=rtpmap:96 VP8/90000", "m=audio 4000 RTP/AVP 8"), answer: "m=video 0 RTP/AVP 96\r\nm=audio 20000 RTP/AVP 8"},
		{name: "secure stream beside a plain one", offer: offer("m=audio 4002 RTP/SAVP 0", "m=audio 4000 RTP/AVP 0"), answer: "m=audio 0 RTP/SAVP 0\r\nm=audio 20000 RTP/AVP 0"},
		{name: "mux", offer: offer("m=audio 4000 RTP/AVPF 0", "a=rtcp-mux"), answer: "a=rtcp-mux", check: func(is *assert.Assertions, m sdp.Media) {
			is.Equal(m.Remote, m.RemoteRTCP)
		}},
		{name: "own rtcp port", offer: offer("m=audio 4000 RTP/AVP 0", "a=rtcp:4444 IN IP4 198.51.100.9"), check: func(is *assert.Assertions, m sdp.Media) {
			is.Equal("198.51.100.9:4444", m.RemoteRTCP.String())
		}},
		{name: "address of the stream", offer: offer("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::1"), check: func(is *assert.Assertions, m sdp.Media) {
			is.Equal("[2001:db8::1]:4000", m.Remote.String())
		}},
		{name: "line ends of a sloppy phone, no times", offer: []byte("v=0\no=- 1 1 IN IP4 198.51.100.5\ns=call \nc=IN IP4 198.51.100.5\nm=audio 4000 RTP/AVP 8\na=rtpmap:8 pcma/8000 \n\n"), answer: "a=rtpmap:8 PCMA/8000"},
		{
			name: "opus and its own events", offer: offer("m=audio 4000 RTP/AVP 96 97 98", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 minptime=10;useinbandfec=1", "a=rtpmap:97 telephone-event/8000", "a=rtpmap:98 telephone-event/48000"),
			local: func(l *sdp.Local) { l.Codecs = []sdp.Codec{sdp.Opus, sdp.PCMA} }, answer: "a=fmtp:96 minptime=10;useinbandfec=1", check: func(is *assert.Assertions, m sdp.Media) {
				is.EqualValues(96, m.Codec.PayloadType)
				is.EqualValues(98, m.DTMF)
				is.Equal(48000, m.Codec.SampleRate)
			},
		},
		{name: "g722", offer: offer("m=audio 4000 RTP/AVP 9 0"), local: func(l *sdp.Local) { l.Codecs = []sdp.Codec{sdp.G722} }, check: func(is *assert.Assertions, m sdp.Media) {
			is.Equal(16000, m.Codec.SampleRate)
		}},
		{name: "nothing in common", offer: offer("m=audio 4000 RTP/AVP 18"), err: sdp.ErrNoCodec},
		{name: "no audio", offer: offer("m=video 4000 RTP/AVP 96"), err: sdp.ErrNoAudio},
		{name: "secure only", offer: offer("m=audio 4000 RTP/SAVP 0"), err: sdp.ErrNoAudio},
		{name: "multicast", offer: offer("m=audio 4000 RTP/AVP 0", "c=IN IP4 224.1.1.1/127"), err: sdp.ErrNoTarget},
		{name: "a name for an address", offer: offer("m=audio 4000 RTP/AVP 0", "c=IN IP4 phone.example.com"), err: sdp.ErrNoTarget},
		{name: "port out of range", offer: offer("m=audio 70000 RTP/AVP 0"), err: sdp.ErrSyntax},
		{name: "nothing", offer: nil, err: sdp.ErrSyntax},
		{name: "too much", offer: make([]byte, 1<<20), err: sdp.ErrSyntax},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := local
			if c.local != nil {
				c.local(&l)
			}
			answer, m, err := sdp.Answer(c.offer, l)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				return
			}
			require.NoError(t, err)
			assert.Contains(t, string(answer), c.answer)
			if c.check != nil {
				c.check(assert.New(t), m)
			}
		})
	}
}

// What two sides do not have in common is told by name, and no more of it than people read.
func TestWhatIsNotInCommon(t *testing.T) {
	many := make([]string, 0, 40)
	for pt := range 40 {
		many = append(many, fmt.Sprintf("a=rtpmap:%d codec\"%02d/8000", 35+pt, pt))
	}
	for _, c := range []struct {
		offer []byte
		said  string
	}{
		{offer("m=audio 4000 RTP/AVP 18 4 97 101", "a=rtpmap:97 AMR-WB/16000", "a=rtpmap:101 telephone-event/8000"), "theirs are G729, G723, AMR-WB; ours are PCMA, PCMU, opus, G722"},
		{offer("m=audio 4000 RTP/AVP 77"), "theirs are type 77;"},
		{offer("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"), "theirs are none;"},
		{offer(append([]string{"m=audio 4000 RTP/AVP 35 36 37 38 39 40 41 42 43 44 45"}, many...)...), "codec05, codec06, codec07, …;"},
	} {
		_, _, err := sdp.Answer(c.offer, sdp.Local{Addr: local.Addr, Port: local.Port})
		require.ErrorIs(t, err, sdp.ErrNoCodec)
		assert.Contains(t, err.Error(), c.said)
	}
}

// Two of us agree, whatever they prefer.
func TestOfferAnswerAccept(t *testing.T) {
	lists := [][]sdp.Codec{nil, {sdp.PCMU}, {sdp.Opus, sdp.G722, sdp.PCMU}, {sdp.G722, sdp.PCMA}}
	for _, a := range lists {
		for _, b := range lists {
			us, them := local, sdp.Local{Addr: netip.MustParseAddr("2001:db8::9"), Port: 30000, Codecs: b}
			us.Codecs = a
			answer, theirs, err := sdp.Answer(sdp.Offer(us), them)
			if err != nil {
				require.ErrorIs(t, err, sdp.ErrNoCodec)
				continue
			}
			ours, err := sdp.Accept(us, answer)
			require.NoError(t, err)
			assert.Equal(t, theirs.Codec, ours.Codec)
			assert.Equal(t, theirs.DTMF, ours.DTMF)
			assert.Equal(t, theirs.Codec.ClockRate, theirs.DTMFClock)
			assert.Equal(t, "[2001:db8::9]:30000", ours.Remote.String())
			assert.Equal(t, "192.0.2.1:20000", theirs.Remote.String())
		}
	}
}

func TestAcceptRefusal(t *testing.T) {
	_, err := sdp.Accept(local, offer("m=audio 0 RTP/AVP 8"))
	assert.ErrorIs(t, err, sdp.ErrNoAudio)
}

func FuzzAnswer(f *testing.F) {
	f.Add(offer("m=audio 4000 RTP/AVP 0 8 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=ptime:30"))
	f.Add(offer("m=audio 4000/2 RTP/AVPF 9", "c=IN IP6 2001:db8::1", "a=rtcp:4444 IN IP4 198.51.100.9", "a=rtcp-mux", "a=inactive"))
	f.Fuzz(func(t *testing.T, b []byte) {
		answer, m, err := sdp.Answer(b, local)
		if err != nil {
			return
		}
		if !m.Remote.IsValid() || m.Codec.ClockRate == 0 {
			t.Fatalf("agreed on %+v", m)
		}
		// What we answer, we can read ourselves.
		if _, err := sdp.Accept(local, answer); err != nil {
			t.Fatalf("%v in our own answer\n%s", err, answer)
		}
	})
}
