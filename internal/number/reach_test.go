package number_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/number"
)

func TestZones(t *testing.T) {
	for n, want := range map[string][]string{
		"+8613800138000": {"Asia/Shanghai"},
		"+862161234567":  {"Asia/Shanghai"},
		"+12025550123":   {"America/New_York"},
		"+18085550123":   {"Pacific/Honolulu"},
		"+85261234567":   {"Asia/Hong_Kong"},
		"+442079460018":  {"Europe/London"},
		"110":            nil,
		"":               nil,
		"+999":           nil,
	} {
		require.Equal(t, want, number.Zones(n), n)
	}
	mobile := number.Zones("+61412345678")
	require.Contains(t, mobile, "Australia/Sydney")
	require.Contains(t, mobile, "Australia/Perth", "an Australian mobile may be in Perth")
	for _, z := range number.Zones("+18005550123") {
		_, err := time.LoadLocation(z)
		require.NoError(t, err)
	}
}

func TestEmergencyAndCallable(t *testing.T) {
	for _, c := range []struct {
		country, number     string
		emergency, callable bool
	}{
		{"CN", "110", true, false},
		{"CN", "119", true, false},
		{"CN", "120", true, false},
		{"CN", "112", true, false},
		{"CN", "911", true, false},
		{"US", "911", true, false},
		{"US", "110", true, false},
		{"GB", "999", true, false},
		{"CN", "010110", true, false},
		{"CN", "0571120", true, false},
		{"CN", "+86110", true, false},
		{"CN", "+8610110", true, false},
		{"CN", "00861 10", true, false},
		{"CN", "+1911", true, false},
		{"CN", "１１０", true, false},
		{"GB", "+86119", true, false},
		{"CN", "+8613800138000", false, true},
		{"CN", "+862161234567", false, true},
		{"CN", "+861011012345", false, true},
		{"CN", "+12025550123", false, true},
		{"US", "+8613800138000", false, true},
		{"CN", "10086", false, false},
		{"CN", "8000", false, false},
		{"CN", "+864008123123", false, false},
		{"CN", "+19005551234", false, false},
		{"CN", "", false, false},
		{"CN", "+", false, false},
		{"CN", "+86123", false, false},
	} {
		p, err := number.For(c.country)
		require.NoError(t, err)
		require.Equal(t, c.emergency, p.Emergency(c.number), "%s %s is an emergency number", c.country, c.number)
		require.Equal(t, c.callable, p.Callable(c.number), "%s %s may be called", c.country, c.number)
	}
}

func FuzzReach(f *testing.F) {
	for _, s := range []string{"110", "+86110", "00", "+", "+1", "０１０110"} {
		f.Add(s)
	}
	p, err := number.For("CN")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		n := p.Read(text)
		number.Zones(n.Text)
		require.False(t, p.Emergency(n.Text) && p.Callable(n.Text), text)
	})
}
