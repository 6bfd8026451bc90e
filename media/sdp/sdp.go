// Package sdp negotiates one audio stream by offer and answer (RFC 3264, RFC 8866).
//
// # Concepts
//
// [Local] says what we can do and where we listen. [Answer] meets an offer,
// [Offer] makes one, and [Accept] reads the answer to it; what was agreed is a
// [Media]. The answer names one codec and, where offered, telephone events of its
// clock (RFC 4733) and comfort noise (RFC 3389), so that the far end never switches
// in mid-call. Streams that we do not take (video, fax, a second audio) are refused
// by port 0 in their own place.
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

// Errors of a negotiation; a SIP server answers all of them with 488.
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

// The codecs that we have. The first three have static payload types (RFC 3551
// section 6). Opus is announced as RFC 7587 section 7 wants it.
var (
	PCMU = Codec{Name: "PCMU", PayloadType: 0, ClockRate: 8000, SampleRate: 8000}
	PCMA = Codec{Name: "PCMA", PayloadType: 8, ClockRate: 8000, SampleRate: 8000}
	G722 = Codec{Name: "G722", PayloadType: 9, ClockRate: 8000, SampleRate: 16000}
	Opus = Codec{Name: "opus", PayloadType: 111, ClockRate: 48000, SampleRate: 48000, Channels: 2, Fmtp: "minptime=10;useinbandfec=1"}
)

// DefaultCodecs is the order in which codecs are preferred where nothing else is
// said: what costs least first, because a telephone call is heard at 8 kHz.
func DefaultCodecs() []Codec { return []Codec{PCMA, PCMU, Opus, G722} }

// Codecs finds codecs by their names, in whatever case.
func Codecs(names ...string) ([]Codec, error) {
	list := make([]Codec, 0, len(names))
	for _, n := range names {
		i := slices.IndexFunc(DefaultCodecs(), func(c Codec) bool { return strings.EqualFold(c.Name, n) })
		if i < 0 {
			return nil, fmt.Errorf("codec %q is none of PCMA, PCMU, opus, G722", n)
		}
		list = append(list, DefaultCodecs()[i])
	}
	return list, nil
}

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
	Codecs    []Codec    // in preference; none means DefaultCodecs
	Direction Direction  // what we want; the zero value is both ways
	SessionID uint64     // of the o= line, the same for all descriptions of a call
	Version   uint64     // of the o= line, one more for each changed description
	NoDTMF    bool       // do not offer or accept telephone events
	NoCN      bool       // do not accept comfort noise; it is never offered
	Security  Security   // how packets are protected; the zero value is plain RTP
	// Prefer names the codec that goes before the others, if it is one of them: that
	// of the leg which this one is joined to, so that nothing need be transcoded.
	Prefer string
	PTime  time.Duration // how long the packets sent to us should be; 0 means 20 ms

	lite bool // the answer describes a lite ICE agent
}

func (l Local) codecs() []Codec {
	list := l.Codecs
	if len(list) == 0 {
		list = DefaultCodecs()
	}
	if i := slices.IndexFunc(list, func(c Codec) bool { return strings.EqualFold(c.Name, l.Prefer) }); i > 0 {
		list = slices.Concat(list[i:i+1], list[:i], list[i+1:])
	}
	return list
}

func (l Local) ptime() string {
	d := l.PTime
	if d <= 0 {
		d = PTime
	}
	return strconv.Itoa(int(d / time.Millisecond))
}

// Media is what was agreed.
type Media struct {
	Remote     netip.AddrPort // where to send RTP; on an old-style hold the address is unspecified and Direction does not send
	RemoteRTCP netip.AddrPort
	RTCPMux    bool  // RTCP on the RTP port (RFC 5761)
	Codec      Codec // the payload type is the far end's, the parameters are what it asks of us
	DTMF       uint8 // payload type of telephone events
	HasDTMF    bool
	DTMFClock  int // Hz
	// Payload types that we have announced and the far end answered with others: it
	// may use ours (RFC 3264 section 6.1). 0 means that they are the same.
	OurType, OurDTMF uint8
	CN               uint8         // payload type of comfort noise; 0 means the static one, which is always understood
	PTime            time.Duration // what the far end asked for; 0 when it did not
	MaxPTime         time.Duration // the longest packet that it takes; 0 when it did not say
	Direction        Direction
	Keys             Keys // how packets are protected
}

// PacketTime is the length of the packets to send: what the far end asks for, in
// whole tens of milliseconds from 10 to 60, and 20 if it does not.
func (m Media) PacketTime() time.Duration {
	const step = 10 * time.Millisecond
	d := m.PTime
	if d == 0 {
		d = PTime
	}
	if m.MaxPTime > 0 {
		d = min(d, m.MaxPTime)
	}
	return min(6*step, max(step, d.Truncate(step)))
}

// PTime is the length of packets where nothing else is asked for.
const PTime = 20 * time.Millisecond

const defaultDTMF = 101

// Offer is a description of what we can do. Telephone events are offered at the
// clock of each codec (RFC 4733 section 2.1).
func Offer(l Local) []byte {
	proto, _ := l.offers()
	m := l.describe(proto, l.codecs())
	if !l.NoDTMF {
		for _, clock := range l.clocks() {
			m.events(l.eventType(clock), clock)
		}
	}
	m.value("ptime", l.ptime())
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
		// The number is the offerer's, the parameters say what we want to get.
		ours, _ := l.find(m.Codec)
		ours.PayloadType = m.Codec.PayloadType
		a := l.describe(strings.Join(o.MediaName.Protos, "/"), []Codec{ours})
		if pt, ok := noise(formats(o), m.Codec); ok && !l.NoCN {
			a.noise(pt, m.Codec.ClockRate)
		}
		if m.HasDTMF {
			a.events(m.DTMF, m.DTMFClock)
		}
		if m.RTCPMux {
			a.flag("rtcp-mux")
		}
		a.keys(l, m.Keys, m.RTCPMux)
		a.value("ptime", l.ptime())
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
	if ours, ok := l.find(m.Codec); ok && ours.PayloadType != m.Codec.PayloadType {
		m.OurType = ours.PayloadType
	}
	if pt := l.eventType(m.DTMFClock); m.HasDTMF && pt != m.DTMF {
		m.OurDTMF = pt
	}
	if _, mux := l.offers(); !mux {
		m.RTCPMux = false // we did not offer it
	}
	m.Direction = direction(m.Direction.Sends() && l.Direction.Sends(), m.Direction.Receives() && l.Direction.Receives())
	return m, nil
}

// find is our own description of a codec.
func (l Local) find(c Codec) (Codec, bool) {
	list := l.codecs()
	if i := slices.IndexFunc(list, c.same); i >= 0 {
		return list[i], true
	}
	return Codec{}, false
}

// same tells whether two descriptions name one codec.
func (c Codec) same(d Codec) bool {
	return strings.EqualFold(c.Name, d.Name) && c.ClockRate == d.ClockRate && max(1, c.Channels) == max(1, d.Channels)
}

// parse reads a description, forgiving what telephones get wrong.
func parse(b []byte) (*pion.SessionDescription, error) {
	const limit = 16 << 10 // larger ones than that are no telephone's
	if len(b) > limit {
		return nil, fmt.Errorf("%w: %d bytes are too many", ErrSyntax, len(b))
	}
	given := string(b)
	if !strings.HasPrefix(given, "v=") {
		return nil, fmt.Errorf("%w: it does not begin with v=", ErrSyntax)
	}
	var text strings.Builder
	text.Grow(len(given) + 64)
	timed := false
	for line := range strings.Lines(given) {
		line = strings.TrimRight(line, " \t\r\n\x00")
		if line == "" {
			continue
		}
		timed = timed || strings.HasPrefix(line, "t=")
		if !timed && (strings.HasPrefix(line, "m=") || strings.HasPrefix(line, "a=")) {
			text.WriteString("t=0 0\r\n")
			timed = true
		}
		text.WriteString(line)
		text.WriteString("\r\n")
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
			if errors.Is(err, ErrNoAudio) {
				err = fmt.Errorf("%w: there is one of %s, with encryption that does not fit ours", ErrNoAudio, short(strings.Join(o.MediaName.Protos, "/")))
			}
			continue
		}
		m, ok := common(o, l)
		if !ok {
			err = fmt.Errorf("%w: theirs are %s; ours are %s", ErrNoCodec, theirs(o), ours(l))
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
		i := slices.IndexFunc(offered, want.same)
		if i < 0 {
			continue
		}
		m.Codec = offered[i]
		m.Codec.Name, m.Codec.SampleRate = want.Name, want.SampleRate
		// Events of another clock than the audio's are left out: browsers that are
		// answered with them send keys without a beginning.
		e := slices.IndexFunc(offered, func(c Codec) bool {
			return strings.EqualFold(c.Name, "telephone-event") && c.ClockRate == m.Codec.ClockRate
		})
		if e >= 0 && !l.NoDTMF {
			m.HasDTMF, m.DTMF, m.DTMFClock = true, offered[e].PayloadType, offered[e].ClockRate
		}
		if pt, ok := noise(offered, m.Codec); ok && pt != staticNoise {
			m.CN = pt
		}
		return m, true
	}
	return m, false
}

// staticNoise is the payload type of comfort noise at 8 kHz (RFC 3551 table 4).
const staticNoise = 13

// noise finds the comfort noise that goes with a codec (RFC 3389 section 4: that of
// its clock). Opus has its own.
func noise(offered []Codec, c Codec) (uint8, bool) {
	for _, f := range offered {
		if strings.EqualFold(f.Name, "CN") && f.ClockRate == c.ClockRate {
			return f.PayloadType, true
		}
	}
	return 0, false
}

// Of what far ends send only so much is repeated to people.
const shownFormats, shownName = 8, 24

// ours are the codecs that we would have taken, for people.
func ours(l Local) string {
	var names []string
	for _, c := range l.codecs() {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// theirs are the formats of a stream, for people: by name where they have one.
func theirs(o *pion.MediaDescription) string {
	static := map[string]string{"3": "GSM", "4": "G723", "15": "G728", "18": "G729"} // of RFC 3551 what telephones have
	known := formats(o)
	var names []string
	for _, f := range o.MediaName.Formats {
		name := static[f]
		if i := slices.IndexFunc(known, func(c Codec) bool { return strconv.Itoa(int(c.PayloadType)) == f }); i >= 0 {
			name = known[i].Name
		}
		if strings.EqualFold(name, "telephone-event") || strings.EqualFold(name, "CN") {
			continue
		}
		if len(names) == shownFormats {
			names = append(names, "…")
			break
		}
		if name == "" {
			name = "type " + f
		}
		names = append(names, short(name))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// short is a far end's word as it may be shown.
func short(word string) string {
	word = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, word)
	return word[:min(len(word), shownName)]
}

// formats lists the formats of a stream in its own order.
func formats(o *pion.MediaDescription) []Codec {
	list := make([]Codec, 0, min(len(o.MediaName.Formats), 16))
	for _, f := range o.MediaName.Formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			continue
		}
		c := Codec{PayloadType: uint8(pt)}
		switch c.PayloadType { // types that need no rtpmap
		case PCMU.PayloadType:
			c.Name, c.ClockRate = PCMU.Name, PCMU.ClockRate
		case PCMA.PayloadType:
			c.Name, c.ClockRate = PCMA.Name, PCMA.ClockRate
		case G722.PayloadType:
			c.Name, c.ClockRate = G722.Name, G722.ClockRate
		case staticNoise:
			c.Name, c.ClockRate = "CN", 8000
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
			m.PTime = packetTime(a.Value)
		case "maxptime":
			m.MaxPTime = packetTime(a.Value)
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

// packetTime reads a ptime or maxptime; 0 for one that cannot be meant.
func packetTime(v string) time.Duration {
	ms, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
	if err != nil || !(ms > 0 && ms <= 1000) {
		return 0
	}
	return time.Duration(ms * float64(time.Millisecond))
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
