package sdp_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media/sdp"
)

// What a phone or a browser offers, and what is made of it.
func TestCodecAnswers(t *testing.T) {
	phone := []string{
		"m=audio 4000 RTP/AVP 96 9 8 0 13 97 98", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 maxplaybackrate=16000; stereo=1; useinbandfec=1; usedtx=1",
		"a=rtpmap:97 telephone-event/8000", "a=rtpmap:98 telephone-event/48000",
	}
	for _, c := range []struct {
		name   string
		offer  []string
		local  sdp.Local
		answer []string
		not    []string
		check  func(*assert.Assertions, sdp.Media)
	}{
		{
			name: "what costs least", offer: phone,
			answer: []string{"m=audio 20000 RTP/AVP 8 13 97\r\n", "a=rtpmap:13 CN/8000", "a=rtpmap:97 telephone-event/8000"}, not: []string{"opus", "48000"},
			check: func(is *assert.Assertions, m sdp.Media) { is.Equal(sdp.PCMA, m.Codec) },
		},
		{
			name: "what saves transcoding", offer: phone, local: sdp.Local{Prefer: "g722"},
			answer: []string{"m=audio 20000 RTP/AVP 9 13 97\r\n"},
			check:  func(is *assert.Assertions, m sdp.Media) { is.Equal(sdp.G722, m.Codec) },
		},
		{
			name: "by preference: the number is theirs, the parameters are ours, events of 48 kHz only", offer: phone, local: sdp.Local{Codecs: []sdp.Codec{sdp.Opus, sdp.PCMU}},
			answer: []string{"m=audio 20000 RTP/AVP 96 98\r\n", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 minptime=10;useinbandfec=1", "a=rtpmap:98 telephone-event/48000"},
			not:    []string{"telephone-event/8000", "maxplaybackrate", "CN"},
			check: func(is *assert.Assertions, m sdp.Media) {
				is.EqualValues(96, m.Codec.PayloadType)
				is.Equal(sdp.OpusParameters{MaxPlaybackRate: 16000, FEC: true, DTX: true, Stereo: true}, sdp.ParseOpus(m.Codec.Fmtp))
				is.EqualValues(98, m.DTMF)
				is.Equal(48000, m.DTMFClock)
			},
		},
		{
			name:  "events of another clock are no events",
			offer: []string{"m=audio 4000 RTP/AVP 96 97", "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 telephone-event/8000"},
			not:   []string{"telephone-event"},
			check: func(is *assert.Assertions, m sdp.Media) { is.False(m.HasDTMF) },
		},
		{
			name:  "dynamic types for codecs that have static ones",
			offer: []string{"m=audio 4000 RTP/AVP 99 100", "a=rtpmap:99 PCMU/8000/1", "a=rtpmap:100 CN/8000"}, answer: []string{"m=audio 20000 RTP/AVP 99 100\r\n", "a=rtpmap:99 PCMU/8000\r\n"},
			check: func(is *assert.Assertions, m sdp.Media) {
				is.EqualValues(99, m.Codec.PayloadType)
				is.EqualValues(100, m.CN)
			},
		},
		{name: "no comfort noise", offer: phone, local: sdp.Local{NoCN: true}, not: []string{"CN"}},
		{
			name: "long packets", offer: append(phone, "a=ptime:60", "a=maxptime:40"), local: sdp.Local{PTime: 30 * time.Millisecond}, answer: []string{"a=ptime:30"},
			check: func(is *assert.Assertions, m sdp.Media) {
				is.Equal(60*time.Millisecond, m.PTime)
				is.Equal(40*time.Millisecond, m.PacketTime())
			},
		},
		{
			name: "nonsense about packets", offer: append(phone, "a=ptime:NaN", "a=maxptime:-3"), answer: []string{"a=ptime:20"},
			check: func(is *assert.Assertions, m sdp.Media) { is.Equal(sdp.PTime, m.PacketTime()) },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.local.Addr, c.local.Port = local.Addr, local.Port
			answer, m, err := sdp.Answer(offer(c.offer...), c.local)
			require.NoError(t, err)
			for _, want := range c.answer {
				assert.Contains(t, string(answer), want)
			}
			for _, unwanted := range c.not {
				assert.NotContains(t, string(answer), unwanted)
			}
			if c.check != nil {
				c.check(assert.New(t), m)
			}
		})
	}
}

func TestPacketTime(t *testing.T) {
	for asked, want := range map[int]int{
		0: 20, 5: 10, 10: 10, 15: 10, 20: 20, 30: 30, 40: 40, 59: 50, 60: 60, 200: 60,
	} {
		got := sdp.Media{PTime: time.Duration(asked) * time.Millisecond}.PacketTime()
		assert.Equal(t, time.Duration(want)*time.Millisecond, got, "%d ms", asked)
	}
	assert.Equal(t, 10*time.Millisecond, sdp.Media{MaxPTime: 10 * time.Millisecond}.PacketTime())
}

// Who answers may number codecs otherwise than we did, and we may still get our own
// numbers.
func TestAsymmetricTypes(t *testing.T) {
	l := sdp.Local{Addr: netip.MustParseAddr("192.0.2.1"), Port: 20000, Codecs: []sdp.Codec{sdp.Opus, sdp.PCMA}}
	assert.Contains(t, string(sdp.Offer(l)), "m=audio 20000 RTP/AVP 111 8 101 102\r\n")
	m, err := sdp.Accept(l, offer("m=audio 4000 RTP/AVP 96 120", "a=rtpmap:96 opus/48000/2", "a=rtpmap:120 telephone-event/48000"))
	require.NoError(t, err)
	assert.EqualValues(t, 96, m.Codec.PayloadType)
	assert.EqualValues(t, 111, m.OurType)
	assert.EqualValues(t, 120, m.DTMF)
	assert.EqualValues(t, 102, m.OurDTMF)
	m, err = sdp.Accept(l, offer("m=audio 4000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000"))
	require.NoError(t, err)
	assert.Zero(t, m.OurType)
	assert.Zero(t, m.OurDTMF)
}

func TestCodecsByName(t *testing.T) {
	list, err := sdp.Codecs("OPUS", "pcmu")
	require.NoError(t, err)
	assert.Equal(t, []sdp.Codec{sdp.Opus, sdp.PCMU}, list)
	_, err = sdp.Codecs("g729")
	assert.ErrorContains(t, err, "g729")
}

func FuzzParseOpus(f *testing.F) {
	f.Add("maxplaybackrate=16000; stereo=1;useinbandfec = 1;usedtx=0;maxaveragebitrate=9999999")
	f.Fuzz(func(t *testing.T, s string) {
		p := sdp.ParseOpus(s)
		if p.MaxPlaybackRate < 8000 || p.MaxPlaybackRate > 48000 || p.MaxBitrate < 0 || p.MaxBitrate > 510000 {
			t.Fatalf("%+v", p)
		}
	})
}
