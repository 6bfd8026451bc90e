package webrtc

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	pion "github.com/pion/sdp/v3"

	"hotline/media/sdp"
)

// IsBrowser tells whether a session description is a browser's (RFC 8829): DTLS-SRTP
// with feedback, ICE, and streams with names.
func IsBrowser(description []byte) bool {
	for _, sign := range []string{"UDP/TLS/RTP/SAVPF", "\na=ice-ufrag:", "\na=fingerprint:", "\na=mid:"} {
		if !bytes.Contains(description, []byte(sign)) {
			return false
		}
	}
	return true
}

// codecsOf are ours, or what a browser does best.
func codecsOf(l sdp.Local) []sdp.Codec {
	if len(l.Codecs) > 0 {
		return l.Codecs
	}
	return []sdp.Codec{sdp.Opus, sdp.PCMU, sdp.PCMA}
}

const telephoneEvent = "telephone-event"

// offerable are our codecs with telephone events of the first one's clock, and of no
// other: given the choice Chrome sends keys of the wrong one.
func offerable(l sdp.Local) []sdp.Codec {
	codecs := codecsOf(l)
	if l.NoDTMF {
		return codecs
	}
	return append(slices.Clone(codecs), sdp.Codec{
		Name: telephoneEvent, PayloadType: eventType, ClockRate: codecs[0].ClockRate, Fmtp: "0-15",
	})
}

// eventType is the payload type of telephone events in our offers.
const eventType = 101

// description is a browser's, in parts.
type description struct {
	d     *pion.SessionDescription
	audio int // the stream that we take
	media sdp.Media
}

// understand finds out what is agreed by a browser's offer or answer. The rules are
// those of package sdp; ICE and DTLS are pion's.
func understand(raw []byte, l sdp.Local, answer bool) (*description, error) {
	var d pion.SessionDescription
	if err := d.Unmarshal(raw); err != nil {
		return nil, fmt.Errorf("%w: %w", sdp.ErrSyntax, err)
	}
	plain, err := withoutAddresses(raw)
	if err != nil {
		return nil, err
	}
	l.Addr, l.Port, l.Codecs = peer.Addr(), int(peer.Port()), codecsOf(l)
	// What protects the stream is negotiated by pion; here it must only be allowed.
	l.Security = sdp.Security{Protection: sdp.Optional, Secrets: &sdp.Secrets{}, Fingerprint: "sha-256 00", OfferDTLS: true}
	out := &description{d: &d}
	if answer {
		if out.media, err = sdp.Accept(l, plain); err != nil {
			return nil, err
		}
		out.audio = slices.IndexFunc(d.MediaDescriptions, func(m *pion.MediaDescription) bool {
			return m.MediaName.Media == "audio" && m.MediaName.Port.Value != 0
		})
	} else {
		var reply []byte
		if reply, out.media, err = sdp.Answer(plain, l); err != nil {
			return nil, err
		}
		var r pion.SessionDescription
		if err := r.Unmarshal(reply); err != nil {
			return nil, fmt.Errorf("reading our own answer: %w", err)
		}
		out.audio = slices.IndexFunc(r.MediaDescriptions, func(m *pion.MediaDescription) bool { return m.MediaName.Port.Value != 0 })
	}
	if out.audio < 0 || out.audio >= len(d.MediaDescriptions) {
		return nil, sdp.ErrNoAudio
	}
	out.media.Remote, out.media.RemoteRTCP = peer, peer
	out.media.RTCPMux, out.media.Keys = false, sdp.Keys{} // a Conn sorts and decrypts by itself
	return out, nil
}

// withoutAddresses names a place for every stream. Browsers name 0.0.0.0 where they
// hide their addresses, which in a telephone's description is a hold.
func withoutAddresses(raw []byte) ([]byte, error) {
	var d pion.SessionDescription
	if err := d.Unmarshal(raw); err != nil {
		return nil, fmt.Errorf("%w: %w", sdp.ErrSyntax, err)
	}
	place := &pion.ConnectionInformation{NetworkType: "IN", AddressType: "IP6", Address: &pion.Address{Address: peer.Addr().String()}}
	d.ConnectionInformation = place
	for _, m := range d.MediaDescriptions {
		m.ConnectionInformation = nil
		m.Attributes = slices.DeleteFunc(m.Attributes, func(a pion.Attribute) bool { return a.Key == "rtcp" || a.Key == "candidate" })
	}
	b, err := d.Marshal()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", sdp.ErrSyntax, err)
	}
	return b, nil
}

// codecs are those of the stream that are ours, as the browser numbers them, and
// then the rest of ours: a later offer may bring them.
func (d *description) codecs(l sdp.Local) []sdp.Codec {
	var list []sdp.Codec
	for _, f := range d.d.MediaDescriptions[d.audio].MediaName.Formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			continue
		}
		c, err := d.d.GetCodecForPayloadType(uint8(pt))
		if err != nil {
			continue
		}
		ours := strings.EqualFold(c.Name, telephoneEvent) && !l.NoDTMF || slices.ContainsFunc(codecsOf(l), func(o sdp.Codec) bool {
			return same(o, sdp.Codec{Name: c.Name, ClockRate: int(c.ClockRate)})
		})
		if !ours {
			continue
		}
		channels, _ := strconv.Atoi(c.EncodingParameters)
		list = append(list, sdp.Codec{Name: c.Name, PayloadType: uint8(pt), ClockRate: int(c.ClockRate), Channels: channels, Fmtp: c.Fmtp})
	}
	for _, o := range codecsOf(l) {
		if !slices.ContainsFunc(list, func(c sdp.Codec) bool { return same(c, o) || c.PayloadType == o.PayloadType }) {
			list = append(list, o)
		}
	}
	return list
}

// same tells whether two codecs are one, whatever their numbers.
func same(a, b sdp.Codec) bool {
	return strings.EqualFold(a.Name, b.Name) && a.ClockRate == b.ClockRate
}

// knows tells whether pion can be told to take a codec.
func (c *Conn) knows(o sdp.Codec) bool {
	return slices.ContainsFunc(c.codecs, func(k sdp.Codec) bool { return same(k, o) })
}

func isDirection(a pion.Attribute) bool {
	switch a.Key {
	case "sendrecv", "sendonly", "recvonly", "inactive":
		return true
	}
	return false
}

// direct sets the direction of a stream.
func direct(d *pion.SessionDescription, stream int, dir sdp.Direction) {
	d.Attributes = slices.DeleteFunc(d.Attributes, isDirection)
	m := d.MediaDescriptions[stream]
	m.Attributes = append(slices.DeleteFunc(m.Attributes, isDirection), pion.Attribute{Key: dir.String()})
}

// forPion is the description as pion is to see it: never on hold.
func (d *description) forPion() (string, error) {
	direct(d.d, d.audio, sdp.SendRecv)
	b, err := d.d.Marshal()
	if err != nil {
		return "", fmt.Errorf("%w: %w", sdp.ErrSyntax, err)
	}
	return string(b), nil
}

// fromPion makes what goes over the wire of what pion describes: the formats of
// keep alone (all, if it is empty), and the direction.
func fromPion(text string, stream int, dir sdp.Direction, keep ...uint8) ([]byte, error) {
	var d pion.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("reading pion's session description: %w", err)
	}
	if stream >= len(d.MediaDescriptions) || d.MediaDescriptions[stream].MediaName.Port.Value == 0 {
		return nil, fmt.Errorf("%w: pion has refused the stream", sdp.ErrNoCodec)
	}
	m := d.MediaDescriptions[stream]
	if len(keep) > 0 {
		formats := make([]string, len(keep))
		for i, pt := range keep {
			formats[i] = strconv.Itoa(int(pt))
		}
		m.MediaName.Formats = formats
		m.Attributes = slices.DeleteFunc(m.Attributes, func(a pion.Attribute) bool {
			switch a.Key {
			case "rtpmap", "fmtp", "rtcp-fb":
				f, _, _ := strings.Cut(a.Value, " ")
				return !slices.Contains(formats, f)
			}
			return false
		})
	}
	m.Attributes = append(m.Attributes, pion.Attribute{Key: "ptime", Value: strconv.Itoa(int(sdp.PTime.Milliseconds()))})
	direct(&d, stream, dir)
	b, err := d.Marshal()
	if err != nil {
		return nil, fmt.Errorf("writing a session description: %w", err)
	}
	return b, nil
}
