package sdp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	pion "github.com/pion/sdp/v3"
)

// stream is a media description in the making.
type stream struct{ *pion.MediaDescription }

func (s stream) value(key, value string) {
	s.Attributes = append(s.Attributes, pion.Attribute{Key: key, Value: value})
}

func (s stream) flag(key string) { s.value(key, "") }

// events adds telephone events: the keys 0-9 * # A-D (RFC 4733 section 2.4.1).
func (s stream) events(pt uint8, clock int) {
	f := strconv.Itoa(int(pt))
	s.MediaName.Formats = append(s.MediaName.Formats, f)
	s.value("rtpmap", fmt.Sprintf("%s telephone-event/%d", f, clock))
	s.value("fmtp", f+" 0-15")
}

// noise adds comfort noise (RFC 3389).
func (s stream) noise(pt uint8, clock int) {
	f := strconv.Itoa(int(pt))
	s.MediaName.Formats = append(s.MediaName.Formats, f)
	s.value("rtpmap", fmt.Sprintf("%s CN/%d", f, clock))
}

// clocks are those of our codecs.
func (l Local) clocks() []int {
	var list []int
	for _, c := range l.codecs() {
		if !slices.Contains(list, c.ClockRate) {
			list = append(list, c.ClockRate)
		}
	}
	slices.Sort(list)
	return list
}

// eventType is the payload type at which we offer telephone events of a clock.
func (l Local) eventType(clock int) uint8 {
	return defaultDTMF + uint8(max(0, slices.Index(l.clocks(), clock)))
}

// describe starts the description of an audio stream with its codecs.
func (l Local) describe(proto string, codecs []Codec) stream {
	s := stream{&pion.MediaDescription{MediaName: pion.MediaName{
		Media:  "audio",
		Port:   pion.RangedPort{Value: l.Port},
		Protos: strings.Split(proto, "/"),
	}}}
	for _, c := range codecs {
		f := strconv.Itoa(int(c.PayloadType))
		s.MediaName.Formats = append(s.MediaName.Formats, f)
		v := fmt.Sprintf("%s %s/%d", f, c.Name, c.ClockRate)
		if c.Channels > 1 {
			v += "/" + strconv.Itoa(c.Channels)
		}
		s.value("rtpmap", v)
		if c.Fmtp != "" {
			s.value("fmtp", f+" "+c.Fmtp)
		}
	}
	return s
}

// refused answers a stream that we do not take (RFC 3264 section 6).
func refused(o *pion.MediaDescription) *pion.MediaDescription {
	r := &pion.MediaDescription{MediaName: o.MediaName}
	r.MediaName.Port = pion.RangedPort{Value: 0}
	return r
}

func (l Local) session(m ...*pion.MediaDescription) []byte {
	family := "IP4"
	if l.Addr.Is6() && !l.Addr.Is4In6() {
		family = "IP6"
	}
	addr := l.Addr.Unmap().String()
	d := pion.SessionDescription{
		Origin: pion.Origin{
			Username: "-", SessionID: l.SessionID, SessionVersion: l.Version,
			NetworkType: "IN", AddressType: family, UnicastAddress: addr,
		},
		SessionName: "-",
		ConnectionInformation: &pion.ConnectionInformation{
			NetworkType: "IN", AddressType: family, Address: &pion.Address{Address: addr},
		},
		TimeDescriptions:  []pion.TimeDescription{{}},
		MediaDescriptions: m,
	}
	if l.lite {
		d.Attributes = append(d.Attributes, pion.Attribute{Key: "ice-lite"})
	}
	b, _ := d.Marshal() // it has no case of failure
	return b
}
