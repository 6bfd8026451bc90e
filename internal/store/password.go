package store

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Argon2id as OWASP's password storage sheet has it: 19 MiB, two passes, one lane.
const (
	argonMemory = 19 * 1024 // KiB
	argonPasses = 2
	argonLanes  = 1
	argonKey    = 32
	argonSalt   = 16
)

// ErrPassword is returned for a password that is too easy to guess or too long.
var ErrPassword = fmt.Errorf("a password has %d to %d characters", minPassword, maxPassword)

const (
	minPassword = 8
	maxPassword = 200
)

func checkPassword(p string) error {
	if n := utf8.RuneCountInString(p); n < minPassword || n > maxPassword {
		return ErrPassword
	}
	return nil
}

// hashPassword takes some 30 ms of one core and 19 MiB; at most two run at once, so
// that a storm of logins does not starve calls.
func (s *Store) hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails, see its documentation
	key, err := s.derive(ctx, password, salt, argonPasses, argonMemory, argonLanes)
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes, enc(salt), enc(key)), nil
}

func (s *Store) derive(ctx context.Context, password string, salt []byte, passes, memory uint32, lanes uint8) ([]byte, error) {
	select {
	case s.hashing <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-s.hashing }()
	return argon2.IDKey([]byte(password), salt, passes, memory, lanes, argonKey), nil
}

// verifyPassword compares with a hash that hashPassword made, maybe with other costs.
func (s *Store) verifyPassword(ctx context.Context, hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	var version int
	var memory, passes uint32
	var lanes uint8
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("the password hash is of a kind that is not known")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes); err != nil {
		return false, fmt.Errorf("the password hash is damaged: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("the password hash is damaged: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, fmt.Errorf("the password hash is damaged: %w", err)
	}
	got, err := s.derive(ctx, password, salt, passes, memory, lanes)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// secret is n random bytes as text.
func secret(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, see its documentation
	return base64.RawURLEncoding.EncodeToString(b)
}

// recoveryCode is 75 random bits in Crockford's base 32, for people to type.
func recoveryCode() string {
	const letters = "0123456789abcdefghjkmnpqrstvwxyz"
	b := make([]byte, 15)
	_, _ = rand.Read(b) // never fails, see its documentation
	for i := range b {
		b[i] = letters[b[i]&31]
	}
	return string(b[:5]) + "-" + string(b[5:10]) + "-" + string(b[10:])
}

// typedCode is a code as it was made, of what somebody typed: letters that look like
// digits were meant as these.
func typedCode(code string) string {
	return strings.NewReplacer(" ", "", "-", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(code))
}
