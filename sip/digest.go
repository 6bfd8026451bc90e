package sip

import (
	"cmp"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // RFC 3261 section 22: what phones speak
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Digest authentication (RFC 3261 section 22 with RFC 7616 and RFC 8760).

// MD5 and SHA256 are digest algorithms by their names on the wire.
const (
	MD5    = "MD5"
	SHA256 = "SHA-256"
)

func hashOf(algorithm string) (func() hash.Hash, bool) {
	switch strings.ToUpper(algorithm) {
	case "", MD5:
		return md5.New, true
	case SHA256:
		return sha256.New, true
	}
	return nil, false
}

func hexHash(newHash func() hash.Hash, s string) string {
	h := newHash()
	_, _ = h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil))
}

// HA1 is the secret that a PasswordLookup may return instead of the password, so
// that none is stored: "HA1:MD5:…" or "HA1:SHA-256:…" of user, realm and password. For
// a Registrar that offers both it returns both, with a space between.
func HA1(algorithm, user, realm, password string) (string, error) {
	newHash, ok := hashOf(algorithm)
	if !ok {
		return "", fmt.Errorf("digest algorithm %q is not known", algorithm)
	}
	return "HA1:" + strings.ToUpper(algorithm) + ":" + hexHash(newHash, user+":"+realm+":"+password), nil
}

// digestParams are the parameters of a challenge or of credentials.
type digestParams map[string]string

// parseDigest reads `Digest username="x", qop=auth, …`; false for another scheme.
func parseDigest(value string) (digestParams, bool) {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(value), " ")
	if !ok || !strings.EqualFold(scheme, "Digest") {
		return nil, false
	}
	p := make(digestParams, 10)
	for _, part := range splitList(rest) {
		k, v, ok := strings.Cut(part, "=")
		k, v = strings.ToLower(strings.TrimSpace(k)), strings.TrimSpace(v)
		if !ok || k == "" {
			continue
		}
		if len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"' {
			v = unquote(v[1 : len(v)-1])
		}
		if _, twice := p[k]; twice {
			return nil, false
		}
		p[k] = v
	}
	return p, true
}

// digestResponse computes the response parameter.
func digestResponse(newHash func() hash.Hash, ha1, method string, p digestParams) string {
	ha2 := hexHash(newHash, method+":"+p["uri"])
	if p["qop"] == "" { // RFC 2069
		return hexHash(newHash, ha1+":"+p["nonce"]+":"+ha2)
	}
	return hexHash(newHash, strings.Join([]string{ha1, p["nonce"], p["nc"], p["cnonce"], p["qop"], ha2}, ":"))
}

// answerChallenge computes the credentials for a 401 or 407, by the strongest of its
// challenges that we can answer: RFC 8760 section 2.4 lets local policy go before
// the order of the challenges, and so nobody on the way can talk us down to MD5.
func answerChallenge(res *sip.Response, method, uri string, c Credentials) (name, value string, err error) {
	ask, name := "WWW-Authenticate", "Authorization"
	if res.StatusCode == sip.StatusProxyAuthRequired {
		ask, name = "Proxy-Authenticate", "Proxy-Authorization"
	}
	var challenges []digestParams
	for _, h := range res.GetHeaders(ask) {
		if ch, ok := parseDigest(h.Value()); ok {
			challenges = append(challenges, ch)
		}
	}
	slices.SortStableFunc(challenges, func(a, b digestParams) int { return strength(b) - strength(a) })
	for _, ch := range challenges {
		newHash, ok := hashOf(ch["algorithm"])
		if !ok || ch["nonce"] == "" {
			continue
		}
		p := digestParams{"uri": uri, "nonce": ch["nonce"]}
		for q := range strings.SplitSeq(ch["qop"], ",") {
			if strings.EqualFold(strings.TrimSpace(q), "auth") {
				p["qop"], p["nc"], p["cnonce"] = "auth", "00000001", rand.Text()
			}
		}
		ha1 := hexHash(newHash, c.User+":"+ch["realm"]+":"+c.Password)
		var b strings.Builder
		fmt.Fprintf(&b, `Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s"`,
			quote(c.User), quote(ch["realm"]), quote(ch["nonce"]), uri, digestResponse(newHash, ha1, method, p))
		if ch["algorithm"] != "" {
			b.WriteString(", algorithm=" + ch["algorithm"])
		}
		if p["qop"] != "" {
			fmt.Fprintf(&b, `, qop=auth, nc=%s, cnonce="%s"`, p["nc"], p["cnonce"])
		}
		if ch["opaque"] != "" {
			fmt.Fprintf(&b, `, opaque="%s"`, quote(ch["opaque"]))
		}
		return name, b.String(), nil
	}
	return "", "", errors.New("no digest challenge that can be answered")
}

func strength(challenge digestParams) int {
	if strings.EqualFold(challenge["algorithm"], SHA256) {
		return 1
	}
	return 0
}

// nonces makes nonces that carry their own age and remembers the counts of those
// that were used well, so that nothing heard on the wire can be played again.
type nonces struct {
	secret [32]byte
	life   time.Duration
	limit  int

	mu   sync.Mutex
	used map[string]nonceUse
}

type nonceUse struct {
	count   uint64
	expires time.Time
}

func newNonces(life time.Duration, limit int) *nonces {
	n := &nonces{life: life, limit: limit, used: make(map[string]nonceUse)}
	_, _ = rand.Read(n.secret[:])
	return n
}

// mac binds a nonce to the source that it is given to: who uses it has read what we
// sent there, so a wrong password is never blamed on an address that was forged.
func (n *nonces) mac(stamp []byte, from netip.Addr) []byte {
	m := hmac.New(sha256.New, n.secret[:])
	_, _ = m.Write(stamp)
	_, _ = m.Write(sourceOf(from).Addr().AsSlice())
	return m.Sum(nil)[:16]
}

func (n *nonces) issue(from netip.Addr, now time.Time) string {
	b := make([]byte, 16, 32)
	binary.BigEndian.PutUint64(b, uint64(now.UnixNano()))
	_, _ = rand.Read(b[8:])
	return base64.RawURLEncoding.EncodeToString(append(b, n.mac(b, from)...))
}

// fresh tells whether a nonce is ours, was given to that source, and is not too old.
func (n *nonces) fresh(nonce string, from netip.Addr, now time.Time) bool {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 32 || !hmac.Equal(b[16:], n.mac(b[:16], from)) {
		return false
	}
	age := now.Sub(time.Unix(0, int64(binary.BigEndian.Uint64(b))))
	return age >= 0 && age < n.life
}

// use counts one good use, and refuses one that was counted before.
func (n *nonces) use(nonce, nc string, now time.Time) bool {
	count := uint64(1)
	if nc != "" {
		v, err := strconv.ParseUint(nc, 16, 32)
		if err != nil || v == 0 {
			return false
		}
		count = v
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if count <= n.used[nonce].count {
		return false
	}
	if len(n.used) >= n.limit {
		for k, u := range n.used {
			if now.After(u.expires) {
				delete(n.used, k)
			}
		}
		if len(n.used) >= n.limit {
			return false // the phone is asked again, which costs it a round trip
		}
	}
	n.used[nonce] = nonceUse{count, now.Add(n.life)}
	return true
}

func (n *nonces) sweep(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for k, u := range n.used {
		if now.After(u.expires) {
			delete(n.used, k)
		}
	}
}

// verify checks the response of credentials against a secret of PasswordLookup.
func verify(p digestParams, method, secret string) bool {
	newHash, ok := hashOf(p["algorithm"])
	if !ok {
		return false
	}
	answers := func(ha1 string) bool {
		want := digestResponse(newHash, ha1, method, p)
		return subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(p["response"]))) == 1
	}
	if !strings.HasPrefix(secret, "HA1:") {
		return answers(hexHash(newHash, p["username"]+":"+p["realm"]+":"+secret))
	}
	good := false
	for stored := range strings.FieldsSeq(secret) {
		algorithm, sum, _ := strings.Cut(strings.TrimPrefix(stored, "HA1:"), ":")
		if sum != "" && strings.EqualFold(algorithm, cmp.Or(p["algorithm"], MD5)) {
			good = answers(strings.ToLower(sum)) || good // all of them, so that the time tells nothing
		}
	}
	return good
}
