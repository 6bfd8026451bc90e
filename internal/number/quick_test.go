package number

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"
)

// What is remembered of numbers that begin alike is what the library says of each, in all
// countries.
func TestQuickReadsAsTheLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 2026))
	digits := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('0' + r.IntN(10))
		}
		return string(b)
	}
	quickly, all := 0, 0
	for region := range phonenumbers.GetSupportedRegions() {
		p, err := For(region)
		require.NoError(t, err)
		var seeds []string
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			if n := phonenumbers.GetExampleNumberForType(region, kind); n != nil {
				seeds = append(seeds, phonenumbers.GetNationalSignificantNumber(n))
			}
		}
		for range 3 {
			seeds = append(seeds, strconv.Itoa(1+r.IntN(9))+digits(2+r.IntN(11)))
		}
		for _, seed := range seeds {
			for range 2 {
				keep := r.IntN(len(seed) + 1)
				text := seed[:keep] + digits(len(seed)-keep)
				if r.IntN(2) == 0 {
					text = "+" + p.code + text
				}
				want := p.ask(text)
				require.Equal(t, want, p.Read(text), "%s %s", region, text)
				if all%16 == 0 { // these take the library longest
					require.Equal(t, p.callable(want.Text), p.Callable(want.Text), "%s %s", region, want.Text)
					require.Equal(t, p.emergency(want.Text), p.Emergency(want.Text), "%s %s", region, want.Text)
					require.Equal(t, Zones(want.Text), p.Zones(want.Text), "%s %s", region, want.Text)
				}
				all++
				if _, ok := p.quick.read(p, text); ok {
					quickly++
				}
			}
		}
	}
	t.Logf("%d of %d numbers were read quickly", quickly, all)
	require.Greater(t, quickly, all/4)
}

// Mobile numbers, of which files are full, take the short way.
func TestQuickKnowsWhatFilesAreFullOf(t *testing.T) {
	for country, number := range map[string]string{"CN": "13800138000", "US": "2025550123", "IN": "9876543210"} {
		p, err := For(country)
		require.NoError(t, err)
		for _, text := range []string{number, "+" + p.code + number} {
			n, ok := p.quick.read(p, text)
			require.True(t, ok, text)
			require.Equal(t, Number{Text: "+" + p.code + number, Country: p.code, Home: true}, n)
		}
	}
}

func FuzzQuick(f *testing.F) {
	for _, s := range []string{"13800138000", "+8613800138000", "1740500000", "4008123123", "95588", "8613800138000", "17911138001380"} {
		f.Add(s)
	}
	p, err := For("CN")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		if dialled := plain(text); !strings.ContainsAny(dialled, "*#") {
			require.Equal(t, p.ask(dialled), p.Read(text))
		}
	})
}

// BenchmarkRules is what a campaign's rules ask of each number.
func BenchmarkRules(b *testing.B) {
	for name, ask := range map[string]func(Plan, string){
		"library": func(p Plan, n string) { p.callable(n); Zones(n) },
		"quick":   func(p Plan, n string) { p.Callable(n); p.Zones(n) },
	} {
		b.Run(name, func(b *testing.B) {
			p, err := For("CN")
			require.NoError(b, err)
			for i := 0; b.Loop(); i++ {
				ask(p, "+86138"+strconv.Itoa(10000000+i%90000000))
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for name, read := range map[string]func(Plan, string) Number{"library": Plan.ask, "quick": Plan.Read} {
		b.Run(name, func(b *testing.B) {
			p, err := For("CN")
			require.NoError(b, err)
			for i := 0; b.Loop(); i++ {
				read(p, "138"+strconv.Itoa(10000000+i%90000000))
			}
		})
	}
}
