package number_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/internal/number"
)

func TestNumbersOfOnePlan(t *testing.T) {
	for _, c := range []struct {
		country, text, want, code string
		home, premium             bool
	}{
		{"CN", "13800138000", "+8613800138000", "86", true, false},
		{"CN", "+86 138-0013-8000", "+8613800138000", "86", true, false},
		{"CN", "008613800138000", "+8613800138000", "86", true, false},
		{"CN", "8613800138000", "+8613800138000", "86", true, false},
		{"CN", "1３８0013８000", "+8613800138000", "86", true, false},
		{"CN", "021-6123 4567", "+862161234567", "86", true, false},
		{"CN", "02161234567", "+862161234567", "86", true, false},
		{"CN", "tel:+862161234567;phone-context=x", "+862161234567", "86", true, false},
		{"CN", "4008123123", "+864008123123", "86", true, true},
		{"CN", "+12025550123", "+12025550123", "1", false, false},
		{"CN", "00442079460018", "+442079460018", "44", false, false},
		{"CN", "+19005551234", "+19005551234", "1", false, true},
		{"CN", "110", "110", "", true, false},
		{"CN", "10086", "10086", "", true, false},
		{"CN", "95588", "95588", "", true, false},
		{"CN", "8000", "8000", "", true, false},
		{"CN", "*21#", "*21#", "", true, false},
		{"CN", "agent1", "1", "", true, false},
		{"CN", "", "", "", true, false},
		{"US", "(202) 555-0123", "+12025550123", "1", true, false},
		{"US", "911", "911", "", true, false},
		{"GB", "020 7946 0018", "+442079460018", "44", true, false},
		{"DE", "030 123456", "+4930123456", "49", true, false},
	} {
		t.Run(c.country+" "+c.text, func(t *testing.T) {
			p, err := number.For(c.country)
			require.NoError(t, err)
			n := p.Read(c.text)
			require.Equal(t, number.Number{Text: c.want, Country: c.code, Home: c.home, Premium: c.premium}, n)
			require.Equal(t, n, p.Read(n.Text), "normal form stays as it is")
		})
	}
	_, err := number.For("China")
	require.ErrorContains(t, err, "two letters")
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"+8613800138000", "００86", "tel:+1;x", "*21#", "+", "0", "00", "+999999999999999999999"} {
		f.Add(s)
	}
	p, err := number.For("CN")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		n := p.Read(text)
		require.Empty(t, strings.Trim(n.Text, "+0123456789*#"))
		require.Equal(t, n.Text, p.Read(n.Text).Text)
	})
}
