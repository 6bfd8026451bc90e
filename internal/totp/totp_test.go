package totp_test

import (
	"encoding/base32"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/totp"
)

// RFC 6238 appendix B, the last six of its eight digits.
func TestVectors(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		got, err := totp.Code(secret, time.Unix(at, 0))
		require.NoError(t, err)
		assert.Equal(t, want, got, "%d", at)
	}
}

func TestCodeCountsOnceAndClocksMayBeOff(t *testing.T) {
	secret := totp.NewSecret()
	now := time.Unix(1_700_000_000, 0)
	given, err := totp.Code(secret, now)
	require.NoError(t, err)
	step, ok, err := totp.Check(secret, given[:3]+" "+given[3:], now.Add(29*time.Second), 0)
	require.NoError(t, err)
	require.True(t, ok)
	_, ok, err = totp.Check(secret, given, now, step)
	require.NoError(t, err)
	assert.False(t, ok, "it was used")
	_, ok, err = totp.Check(secret, given, now.Add(2*time.Minute), 0)
	require.NoError(t, err)
	assert.False(t, ok, "it is over")
	for _, wrong := range []string{"", "12345", "abcdef", given + "0"} {
		_, ok, err = totp.Check(secret, wrong, now, 0)
		require.NoError(t, err)
		assert.False(t, ok)
	}
	_, _, err = totp.Check("not base32!", given, now, 0)
	require.Error(t, err)
}

func TestURI(t *testing.T) {
	u, err := url.Parse(totp.URI("hotline 云帆", "王芳", "ABC"))
	require.NoError(t, err)
	assert.Equal(t, "totp", u.Host)
	assert.Equal(t, "/hotline 云帆:王芳", u.Path)
	assert.Equal(t, "ABC", u.Query().Get("secret"))
	assert.NotContains(t, u.RawQuery, "+")
}
