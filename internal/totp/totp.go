// Package totp makes and checks the six-digit codes of authenticator programs (RFC
// 6238: HMAC-SHA-1, steps of 30 s). It keeps nothing and starts nothing.
package totp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238 and every authenticator; HMAC-SHA-1 is not broken
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

const (
	period = 30
	digits = 6
	// skew is how many steps a clock may be off (RFC 6238 section 5.2).
	skew = 1
	// secretBytes is the length of the hash, as RFC 4226 section 4 recommends.
	secretBytes = 20
)

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewSecret is a new shared secret, in base32 as authenticators take it.
func NewSecret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails, see its documentation
	return encoding.EncodeToString(b)
}

// URI is what authenticators read from a picture.
func URI(issuer, account, secret string) string {
	q := url.Values{"secret": {secret}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	// Authenticators do not take + for a space.
	return "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// Code is the code of a time.
func Code(secret string, at time.Time) (string, error) {
	return code(secret, at.Unix()/period)
}

func code(secret string, step int64) (string, error) {
	key, err := encoding.DecodeString(strings.ToUpper(strings.TrimRight(strings.ReplaceAll(secret, " ", ""), "=")))
	if err != nil {
		return "", fmt.Errorf("the secret of the second factor is damaged: %w", err)
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash takes everything
	sum := mac.Sum(nil)
	// RFC 4226 section 5.3: dynamic truncation.
	at := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", digits, n%1_000_000), nil
}

// Check tells whether a code is right now. A code counts once (RFC 6238 section 5.2):
// step is to be kept, and what is not later than after, the step kept last, is refused.
func Check(secret, given string, now time.Time, after int64) (step int64, ok bool, err error) {
	given = strings.ReplaceAll(given, " ", "")
	present := now.Unix() / period
	for s := present - skew; s <= present+skew; s++ {
		want, err := code(secret, s)
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(given)) == 1 && s > after {
			return s, true, nil
		}
	}
	return 0, false, nil
}
