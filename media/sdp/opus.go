package sdp

import (
	"strconv"
	"strings"
)

// OpusParameters are what a far end asks of the Opus stream to it (RFC 7587 section
// 6.1).
type OpusParameters struct {
	MaxPlaybackRate int  // Hz; what lies above half of it is wasted
	MaxBitrate      int  // bit/s, mean; 0 when it did not say
	FEC             bool // it can use copies of lost packets
	DTX             bool // it would rather get nothing in silence
	Stereo          bool // it prefers stereo; mono may be sent all the same
}

// ParseOpus reads the parameters of an fmtp line; what it cannot read is as if it
// were not there.
func ParseOpus(fmtp string) OpusParameters {
	p := OpusParameters{MaxPlaybackRate: 48000}
	for part := range strings.SplitSeq(fmtp, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		value = strings.TrimSpace(value)
		n, err := strconv.Atoi(value)
		on := value == "1"
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "maxplaybackrate":
			if err == nil && n >= 8000 && n <= 48000 {
				p.MaxPlaybackRate = n
			}
		case "maxaveragebitrate":
			if err == nil && n >= 6000 && n <= 510000 {
				p.MaxBitrate = n
			}
		case "useinbandfec":
			p.FEC = on
		case "usedtx":
			p.DTX = on
		case "stereo":
			p.Stereo = on
		}
	}
	return p
}
