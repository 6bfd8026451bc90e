// Package sdp negotiates one audio stream by offer and answer (RFC 3264, RFC 8866).
//
// # Concepts
//
// [Local] says what we can do and where we listen. [Answer] meets an offer,
// [Offer] makes one, and [Accept] reads the answer to it; what was agreed is a
// [Media]. The answer names one codec and, where offered, telephone events (RFC
// 4733), so that the far end never switches in mid-call. Streams that we do not
// take (video, fax, a second audio) are refused by port 0 in their own place.
//
// # Concurrency
//
// Functions are pure.
package sdp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	pion "github.com/pion/sdp/v3"
)

// Errors of a negotiation; a SIP server answers all of them with 488, and a
// description that cannot be read with 400.
var (
	ErrSyntax   = errors.New("session description cannot be read")
	ErrNoAudio  = errors.New("no audio stream that can be taken in the session description")
	ErrNoCodec  = errors.New("no codec in common")
	ErrNoTarget = errors.New("no usable address in the session description")
)

// Codec is an audio format on the wire.
type Codec struct {
	Name        string // as registered: "PCMA", "opus"
	PayloadType uint8
	ClockRate   int // of RTP timestamps, Hz
	SampleRate  int // of the sound, Hz; G.722 is 16000 with a clock of 8000 (RFC 3551 section 4.5.2)
	Channels    int // in the rtpmap; 0 counts as 1
	Fmtp        string
}

// Codecs with static payload types (RFC 3551 section 6).
var (
	PCMU = Codec{Name: "PCMU", PayloadType: 0, ClockRate: 8000, SampleRate: 8000}
	PCMA = Codec{Name: "PCMA", PayloadType: 8, ClockRate: 8000, SampleRate: 8000}
	G722 = Codec{Name: "G722", PayloadType: 9, ClockRate: 8000, SampleRate: 16000}
	Opus = Codec{Name: "opus", PayloadType: 111, ClockRate: 48000, SampleRate: 48000, Channels: 2, Fmtp: "useinbandfec=1"}
)

// Direction says which way audio flows, seen from us.
type Direction uint8

// The directions.
const (
	SendRecv Direction = iota
	SendOnly           // the far end only listens, it has put us on hold
	RecvOnly
	Inactive
)

// Sends tells whether we send.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives tells whether the far end sends.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

func (d Direction) String() string {
	return [...]string{"sendrecv", "sendonly", "recvonly", "inactive"}[d&3]
}

func direction(sends, receives bool) Direction {
	switch {
	case sends && receives:
		return SendRecv
	case sends:
		return SendOnly
	case receives:
		return RecvOnly
	}
	return Inactive
}

// Local is our side.
type Local struct {
	Addr      netip.Addr // advertised
	Port      int        // RTP; RTCP is on the next one
	Codecs    []Codec    // in preference; none means PCMA, PCMU
	Direction Direction  // what we want; the zero value is both ways
	SessionID uint64     // of the o= line, the same for all descriptions of a call
	Version   uint64     // of the o= line, one more for each changed description
	NoDTMF    bool       // do not offer or accept telephone events
	Security  Security   // how packets are protected; the zero value is plain RTP

	lite bool // the answer describes a lite ICE agent
}

func (l Local) codecs() []Codec {
	if len(l.Codecs) == 0 {
		return []Codec{PCMA, PCMU}
	}
	return l.Codecs
}

// Media is what was agreed.
type Media struct {
	Remote     netip.AddrPort // where to send RTP; on an old-style hold the address is unspecified and Direction does not send
	RemoteRTCP netip.AddrPort
	RTCPMux    bool // RTCP on the RTP port (RFC 5761)
	Codec      Codec
	DTMF       uint8 // payload type of telephone events
	HasDTMF    bool
	DTMFClock  int           // Hz
	PTime      time.Duration // what the far end asked for; 0 when it did not
	Direction  Direction
	Keys       Keys // how packets are protected
}

// PTime is the length of the packets that we send.
const PTime = 20 * time.Millisecond

const defaultDTMF = 101

// Offer is a description of what we can do.
func Offer(l Local) []byte {
	proto, _ := l.offers()
	m := l.describe(proto, l.codecs())
	if !l.NoDTMF {
		m.events(defaultDTMF, 8000)
		if slices.ContainsFunc(l.codecs(), func(c Codec) bool { return c.ClockRate == 48000 }) {
			m.events(defaultDTMF+1, 48000) // RFC 4733 section 2.1: the clock of the audio
		}
	}
	m.value("ptime", strconv.Itoa(int(PTime/time.Millisecond)))
	m.offerKeys(l)
	m.flag(l.Direction.String())
	return l.session(m.MediaDescription)
}

// Answer meets an offer: the first of our codecs that it contains.
func Answer(offer []byte, l Local) (answer []byte, m Media, err error) {
	d, err := parse(offer)
	if err != nil {
		return nil, Media{}, err
	}
	i, m, err := choose(d, l, false)
	if err != nil {
		return nil, Media{}, err
	}
	l.lite = m.Keys.ICE != nil
	m.Direction = direction(m.Direction.Sends() && l.Direction.Sends(), m.Direction.Receives() && l.Direction.Receives())
	var all []*pion.MediaDescription
	for k, o := range d.MediaDescriptions {
		if k != i {
			all = append(all, refused(o))
			continue
		}
		a := l.describe(strings.Join(o.MediaName.Protos, "/"), []Codec{m.Codec})
		if m.HasDTMF {
			a.events(m.DTMF, m.DTMFClock)
		}
		if m.RTCPMux {
			a.flag("rtcp-mux")
		}
		a.keys(l, m.Keys, m.RTCPMux)
		a.value("ptime", strconv.Itoa(int(PTime/time.Millisecond)))
		a.flag(m.Direction.String())
		all = append(all, a.MediaDescription)
	}
	return l.session(all...), m, nil
}

// Accept reads the answer to [Offer] of the same Local.
func Accept(l Local, answer []byte) (Media, error) {
	d, err := parse(answer)
	if err != nil {
		return Media{}, err
	}
	_, m, err := choose(d, l, true)
	if err != nil {
		return Media{}, err
	}
	if _, mux := l.offers(); !mux {
		m.RTCPMux = false // we did not offer it
	}
	m.Direction = direction(m.Direction.Sends() && l.Direction.Sends(), m.Direction.Receives() && l.Direction.Receives())
	return m, nil
}

// parse reads a description, forgiving what telephones get wrong.
func parse(b []byte) (*pion.SessionDescription, error) {
	const limit = 16 << 10 // larger ones than that are no telephone's
	if len(b) > limit {
		return nil, fmt.Errorf("%w: %d bytes are too many", ErrSyntax, len(b))
	}
	if !strings.HasPrefix(string(b), "v=") {
		return nil, fmt.Errorf("%w: it does not begin with v=", ErrSyntax)
	}
	var text strings.Builder
	timed := false
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, " \t\r\n\x00")
		if line == "" {
			continue
		}
		timed = timed || strings.HasPrefix(line, "t=")
		if !timed && (strings.HasPrefix(line, "m=") || strings.HasPrefix(line, "a=")) {
			text.WriteString("t=0 0\r\n")
			timed = true
		}
		text.WriteString(line + "\r\n")
	}
	var d pion.SessionDescription
	if err := d.UnmarshalString(text.String()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	return &d, nil
}

// choose finds the first audio stream with a codec of ours. Direction is what the
// far end allows, seen from us.
func choose(d *pion.SessionDescription, l Local, answer bool) (int, Media, error) {
	err := ErrNoAudio
	for i, o := range d.MediaDescriptions {
		if o.MediaName.Media != "audio" || o.MediaName.Port.Value == 0 {
			continue
		}
		keys, ok := l.protect(d, o, answer)
		if !ok {
			continue
		}
		m, ok := common(o, l)
		if !ok {
			err = ErrNoCodec
			continue
		}
		m.Keys = keys
		if e := target(d, o, &m); e != nil {
			err = e
			continue
		}
		return i, m, nil
	}
	return 0, Media{}, err
}

// common finds the codec and the telephone events that both sides have.
func common(o *pion.MediaDescription, l Local) (m Media, ok bool) {
	offered := formats(o)
	for _, want := range l.codecs() {
		i := slices.IndexFunc(offered, func(c Codec) bool {
			return strings.EqualFold(c.Name, want.Name) && c.ClockRate == want.ClockRate && max(1, c.Channels) == max(1, want.Channels)
		})
		if i < 0 {
			continue
		}
		m.Codec = offered[i]
		m.Codec.Name, m.Codec.SampleRate = want.Name, want.SampleRate
		for _, c := range offered {
			if !l.NoDTMF && strings.EqualFold(c.Name, "telephone-event") && (!m.HasDTMF || c.ClockRate == m.Codec.ClockRate && m.DTMFClock != m.Codec.ClockRate) {
				m.HasDTMF, m.DTMF, m.DTMFClock = true, c.PayloadType, c.ClockRate
			}
		}
		return m, true
	}
	return m, false
}

// formats lists the formats of a stream in its own order.
func formats(o *pion.MediaDescription) []Codec {
	var list []Codec
	for _, f := range o.MediaName.Formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			continue
		}
		c := Codec{PayloadType: uint8(pt)}
		for _, s := range []Codec{PCMU, PCMA, G722} {
			if s.PayloadType == c.PayloadType {
				c.Name, c.ClockRate = s.Name, s.ClockRate
			}
		}
		for _, a := range o.Attributes {
			value, found := strings.CutPrefix(a.Value, f+" ")
			if !found {
				continue
			}
			switch a.Key {
			case "rtpmap": // name/clock[/channels]
				part := strings.Split(strings.TrimSpace(value), "/")
				c.Name = part[0]
				if len(part) > 1 {
					c.ClockRate, _ = strconv.Atoi(part[1])
				}
				if len(part) > 2 {
					c.Channels, _ = strconv.Atoi(part[2])
				}
			case "fmtp":
				c.Fmtp = strings.TrimSpace(value)
			}
		}
		if c.Name != "" && c.ClockRate > 0 {
			list = append(list, c)
		}
	}
	return list
}

// target fills in where and which way to send.
func target(d *pion.SessionDescription, o *pion.MediaDescription, m *Media) error {
	c := o.ConnectionInformation
	if c == nil {
		c = d.ConnectionInformation
	}
	if c == nil || c.Address == nil {
		return ErrNoTarget
	}
	addr, err := netip.ParseAddr(c.Address.Address)
	if err != nil || addr.IsMulticast() || addr.Zone() != "" {
		return fmt.Errorf("%w: %q", ErrNoTarget, c.Address.Address)
	}
	addr = addr.Unmap()
	port := o.MediaName.Port.Value
	if port < 1 || port > 65535 {
		return fmt.Errorf("%w: port %d", ErrNoTarget, port)
	}
	m.Remote = netip.AddrPortFrom(addr, uint16(port))
	m.RemoteRTCP = netip.AddrPortFrom(addr, uint16(min(65535, port+1)))
	theirs := attributeDirection(d.Attributes, SendRecv)
	theirs = attributeDirection(o.Attributes, theirs)
	m.Direction = direction(theirs.Receives(), theirs.Sends())
	if addr.IsUnspecified() { // hold as RFC 2543 had it (RFC 3264 section 8.4)
		m.Direction = direction(false, m.Direction.Receives())
	}
	for _, a := range o.Attributes {
		switch a.Key {
		case "rtcp-mux":
			m.RTCPMux, m.RemoteRTCP = true, m.Remote
		case "ptime":
			if ms, err := strconv.ParseFloat(strings.TrimSpace(a.Value), 64); err == nil && ms > 0 && ms <= 1000 {
				m.PTime = time.Duration(ms * float64(time.Millisecond))
			}
		}
	}
	if v, ok := o.Attribute("rtcp"); ok && !m.RTCPMux { // RFC 3605
		f := strings.Fields(v)
		if p, err := strconv.ParseUint(f0(f, 0), 10, 16); err == nil && p > 0 {
			m.RemoteRTCP = netip.AddrPortFrom(addr, uint16(p))
			if a, err := netip.ParseAddr(f0(f, 3)); err == nil && !a.IsUnspecified() && !a.IsMulticast() {
				m.RemoteRTCP = netip.AddrPortFrom(a, uint16(p))
			}
		}
	}
	return nil
}

func f0(f []string, i int) string {
	if i < len(f) {
		return f[i]
	}
	return ""
}

func attributeDirection(list []pion.Attribute, d Direction) Direction {
	for _, a := range list {
		for _, v := range []Direction{SendRecv, SendOnly, RecvOnly, Inactive} {
			if a.Key == v.String() {
				d = v
			}
		}
	}
	return d
}
