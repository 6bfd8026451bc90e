package sdp

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	pion "github.com/pion/sdp/v3"
)

// Protection says what becomes of streams that may be encrypted (SRTP, RFC 3711).
type Protection uint8

const (
	// Plain refuses encrypted streams and offers none.
	Plain Protection = iota
	// Optional takes what is offered, encrypted before plain, and offers keys beside
	// a plain stream for those who want them (RFC 8643).
	Optional
	// Required refuses plain streams.
	Required
)

// Security is our side of a stream's protection. The zero value is plain RTP.
type Security struct {
	Protection Protection
	// Secrets are our keys: the same for all descriptions of a leg. Nil means that
	// nothing can be encrypted.
	Secrets *Secrets
	// Fingerprint is that of our DTLS certificate, "sha-256 AB:CD:…"; "" without DTLS.
	// Our offers have it beside keys in the description: the answer has one of the two
	// (RFC 8643 section 3.1).
	Fingerprint string
	// OfferDTLS makes our offers insist on DTLS-SRTP, by their name too (RFC 5764
	// section 8).
	OfferDTLS bool
	// ICE answers checks of far ends that offer ICE (RFC 8445, as a lite agent).
	ICE bool
}

// Secrets are the keys of one leg, made when they are first needed.
type Secrets struct {
	mu       sync.Mutex
	keys     map[string][]byte // by suite
	ufrag    string
	password string
}

func (s *Secrets) key(suite string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = make(map[string][]byte)
	}
	if s.keys[suite] == nil {
		key := make([]byte, keyLength(suite))
		_, _ = rand.Read(key) // it never fails
		s.keys[suite] = key
	}
	return s.keys[suite]
}

// ice are our user fragment and password (RFC 8839 section 5.4).
func (s *Secrets) ice() (ufrag, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ufrag == "" {
		s.ufrag, s.password = rand.Text()[:8], rand.Text()
	}
	return s.ufrag, s.password
}

// suites of SDES that we speak, the most wanted first, with the length of key and
// salt in octets (RFC 4568 section 6.2, RFC 7714 section 14.2, RFC 6188 section 4).
var suites = []struct {
	name   string
	length int
}{
	{"AEAD_AES_128_GCM", 16 + 12},
	{"AES_CM_128_HMAC_SHA1_80", 16 + 14},
	{"AEAD_AES_256_GCM", 32 + 12},
	{"AES_256_CM_HMAC_SHA1_80", 32 + 14},
	{"AES_CM_128_HMAC_SHA1_32", 16 + 14},
}

// offered are the suites in our offers: what every phone has, and what is better. More
// of them would make an INVITE too large for a datagram. Where we insist, as towards a
// phone that has refused the first two, there is the short tag too, all that some have.
var offered = []string{"AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_32"}

func (s Security) offered() []string {
	if s.Protection == Required {
		return offered
	}
	return offered[:2]
}

func keyLength(suite string) int {
	for _, s := range suites {
		if s.name == suite {
			return s.length
		}
	}
	return 0
}

// SDES are keys told in the description (RFC 4568): master key and salt together.
type SDES struct {
	Tag    int
	Suite  string
	Ours   []byte
	Theirs []byte
}

// DTLS says how keys are agreed on the wire (RFC 5763).
type DTLS struct {
	// Client makes us begin the handshake.
	Client bool
	// Fingerprints are those of the far end's certificate, one of which must fit.
	Fingerprints []Fingerprint
}

// Fingerprint is a certificate's hash (RFC 8122).
type Fingerprint struct {
	Hash  string // "sha-256"
	Value []byte
}

// ICE is what the far end's connectivity checks prove themselves with.
type ICE struct {
	Ufrag, Password           string // ours
	TheirUfrag, TheirPassword string
}

// Keys are how a stream is protected. All nil: it is not.
type Keys struct {
	SDES *SDES
	DTLS *DTLS
	ICE  *ICE
}

// Same tells that two agreements need no new keys.
func (k Keys) Same(o Keys) bool {
	switch {
	case (k.SDES == nil) != (o.SDES == nil) || (k.DTLS == nil) != (o.DTLS == nil) || (k.ICE == nil) != (o.ICE == nil):
		return false
	case k.SDES != nil && (k.SDES.Suite != o.SDES.Suite || !bytes.Equal(k.SDES.Ours, o.SDES.Ours) || !bytes.Equal(k.SDES.Theirs, o.SDES.Theirs)):
		return false
	case k.ICE != nil && *k.ICE != *o.ICE:
		return false
	case k.DTLS != nil:
		return slices.EqualFunc(k.DTLS.Fingerprints, o.DTLS.Fingerprints, func(a, b Fingerprint) bool {
			return a.Hash == b.Hash && bytes.Equal(a.Value, b.Value)
		})
	}
	return true
}

// Encrypted tells whether packets are SRTP.
func (k Keys) Encrypted() bool { return k.SDES != nil || k.DTLS != nil }

// protect finds out how an offered or answered stream is protected; ok is false if
// it cannot be taken.
func (l Local) protect(d *pion.SessionDescription, o *pion.MediaDescription, answer bool) (k Keys, ok bool) {
	proto := strings.Join(o.MediaName.Protos, "/")
	s := l.Security
	possible := s.Protection != Plain && s.Secrets != nil
	if possible && s.Fingerprint != "" {
		k.DTLS = dtlsOf(d, o, answer)
	}
	if possible && k.DTLS == nil {
		k.SDES = s.sdesOf(o, answer)
	}
	switch proto {
	case "RTP/AVP", "RTP/AVPF": // keys may stand beside a plain stream (RFC 8643)
		if s.Protection == Required && !k.Encrypted() {
			return Keys{}, false
		}
	case "RTP/SAVP", "RTP/SAVPF":
		if !k.Encrypted() {
			return Keys{}, false
		}
	case "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF":
		if k.DTLS == nil {
			return Keys{}, false
		}
	default:
		return Keys{}, false
	}
	if s.ICE && s.Secrets != nil && !answer {
		k.ICE = s.iceOf(d, o)
	}
	return k, true
}

// sdesOf picks the first of our suites among the crypto lines.
func (s Security) sdesOf(o *pion.MediaDescription, answer bool) *SDES {
	var best *SDES
	rank := len(suites)
	for _, a := range o.Attributes {
		if a.Key != "crypto" {
			continue
		}
		c, ok := parseCrypto(a.Value)
		if !ok {
			continue
		}
		r := slices.IndexFunc(suites, func(s struct {
			name   string
			length int
		},
		) bool {
			return s.name == c.Suite
		})
		if ours := s.offered(); answer && (c.Tag < 1 || c.Tag > len(ours) || ours[c.Tag-1] != c.Suite) {
			continue // not what we offered (RFC 4568 section 5.1.3)
		}
		if r < rank {
			best, rank = &c, r
		}
	}
	if best != nil {
		best.Ours = s.Secrets.key(best.Suite)
	}
	return best
}

// parseCrypto reads "1 AES_CM_128_HMAC_SHA1_80 inline:BASE64|2^20|1:4 UNENCRYPTED_SRTP".
// Lines with an MKI or session parameters that we do not have are not for us (RFC
// 4568 section 6.3).
func parseCrypto(v string) (SDES, bool) {
	f := strings.Fields(v)
	if len(f) < 3 {
		return SDES{}, false
	}
	tag, err := strconv.ParseUint(f[0], 10, 30)
	length := keyLength(f[1])
	inline, isInline := strings.CutPrefix(f[2], "inline:")
	if err != nil || length == 0 || !isInline || strings.Contains(f[2], ";") {
		return SDES{}, false
	}
	for _, p := range f[3:] {
		if !strings.HasPrefix(p, "WSH=") { // a hint that costs nothing
			return SDES{}, false
		}
	}
	part := strings.Split(inline, "|")
	if slices.ContainsFunc(part[1:], func(p string) bool { return strings.Contains(p, ":") }) {
		return SDES{}, false
	}
	key, err := base64.StdEncoding.DecodeString(part[0])
	if err != nil {
		key, err = base64.RawStdEncoding.DecodeString(part[0]) // some leave the filling away
	}
	if err != nil || len(key) != length {
		return SDES{}, false
	}
	return SDES{Tag: int(tag), Suite: f[1], Theirs: key}, true
}

// attribute is a stream's, or else the session's.
func attribute(d *pion.SessionDescription, o *pion.MediaDescription, key string) []string {
	var out []string
	for _, list := range [][]pion.Attribute{o.Attributes, d.Attributes} {
		for _, a := range list {
			if a.Key == key {
				out = append(out, strings.TrimSpace(a.Value))
			}
		}
		if out != nil {
			return out
		}
	}
	return nil
}

// dtlsOf reads fingerprints and role. We let the far end begin where it can: it may
// be behind a NAT, and one role for the whole call survives every re-INVITE.
func dtlsOf(d *pion.SessionDescription, o *pion.MediaDescription, answer bool) *DTLS {
	out := &DTLS{}
	for _, v := range attribute(d, o, "fingerprint") {
		hash, value, _ := strings.Cut(v, " ")
		sum, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(value), ":", ""))
		switch hash = strings.ToLower(hash); hash {
		case "sha-1", "sha-224", "sha-256", "sha-384", "sha-512":
			if err == nil && len(sum) >= 20 {
				out.Fingerprints = append(out.Fingerprints, Fingerprint{hash, sum})
			}
		}
	}
	if len(out.Fingerprints) == 0 {
		return nil
	}
	setup := "active"
	if answer {
		setup = "passive"
	}
	for _, v := range attribute(d, o, "setup") {
		setup = v
	}
	switch {
	case setup == "passive":
		out.Client = true
	case setup == "holdconn", answer && setup == "actpass":
		return nil
	}
	return out
}

func (s Security) iceOf(d *pion.SessionDescription, o *pion.MediaDescription) *ICE {
	ufrag, password := attribute(d, o, "ice-ufrag"), attribute(d, o, "ice-pwd")
	if len(ufrag) == 0 || len(password) == 0 || len(attribute(d, o, "ice-lite")) > 0 {
		return nil // two lite agents do not check each other
	}
	if slices.ContainsFunc(attribute(d, o, "candidate"), func(string) bool { return true }) {
		ours, secret := s.Secrets.ice()
		return &ICE{Ufrag: ours, Password: secret, TheirUfrag: ufrag[0], TheirPassword: password[0]}
	}
	return nil
}

// keys adds to our answer what protects the stream.
func (s stream) keys(l Local, k Keys, rtcpMux bool) {
	switch {
	case k.SDES != nil:
		s.value("crypto", fmt.Sprintf("%d %s inline:%s", k.SDES.Tag, k.SDES.Suite, base64.StdEncoding.EncodeToString(k.SDES.Ours)))
	case k.DTLS != nil:
		s.value("fingerprint", l.Security.Fingerprint)
		setup := "passive"
		if k.DTLS.Client {
			setup = "active"
		}
		s.value("setup", setup)
	}
	if k.ICE == nil {
		return
	}
	s.value("ice-ufrag", k.ICE.Ufrag)
	s.value("ice-pwd", k.ICE.Password)
	// A lite agent has host candidates only (RFC 8445 section 5.2); the priorities
	// are those of its section 5.1.2.1.
	components := 2
	if rtcpMux {
		components = 1
	}
	for c := range components {
		s.value("candidate", fmt.Sprintf("1 %d udp %d %s %d typ host", c+1, 126<<24|65535<<8|(255-c), l.Addr.Unmap(), l.Port+c))
	}
}

// offers says how our offer's stream is named, and adds keys to it.
func (l Local) offers() (proto string, mux bool) {
	s := l.Security
	switch {
	case s.Protection == Plain || s.Secrets == nil:
		return "RTP/AVP", false
	case s.OfferDTLS && s.Fingerprint != "":
		return "UDP/TLS/RTP/SAVP", true
	case s.Protection == Required:
		return "RTP/SAVP", false
	}
	return "RTP/AVP", false
}

func (s stream) offerKeys(l Local) {
	switch {
	case l.Security.Protection == Plain || l.Security.Secrets == nil:
	case l.Security.OfferDTLS && l.Security.Fingerprint != "":
		s.value("fingerprint", l.Security.Fingerprint)
		s.value("setup", "actpass")
		s.flag("rtcp-mux")
	default:
		for i, suite := range l.Security.offered() {
			s.value("crypto", fmt.Sprintf("%d %s inline:%s", i+1, suite, base64.StdEncoding.EncodeToString(l.Security.Secrets.key(suite))))
		}
		if l.Security.Fingerprint != "" {
			s.value("fingerprint", l.Security.Fingerprint)
			s.value("setup", "actpass")
		}
	}
}
