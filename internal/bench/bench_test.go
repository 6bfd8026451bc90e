package bench

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/business"
	"hotline/internal/testdata"
)

func TestQuestionsStandInNoPairAndNoVariant(t *testing.T) {
	for language, least := range map[string]int{"zh": 20, "en": 12} {
		list, err := questions(language)
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(list), least)
		b, report := business.Load(filepath.Join(testdata.Root(t), "examples", "retail-"+language))
		require.NotNil(t, b, report.Problems)
		require.NoError(t, unknown(list, b))
		require.Error(t, unknown([]question{{pair: list[0].pair, text: b.Knowledge[0].Question + " !"}}, b))
	}
}

func TestSpread(t *testing.T) {
	var v []float64
	for i := range 100 {
		v = append(v, float64(100-i))
	}
	require.Equal(t, Spread{P50: 50, P95: 95, Max: 100}, spread(v))
	require.Equal(t, Spread{P50: 7, P95: 7, Max: 7}, spread([]float64{7}))
	require.Equal(t, Spread{}, spread(nil))
}

func TestJudge(t *testing.T) {
	l := Line{N: 1, Marks: map[string]float64{"p50": 10, "p95": 20}, MS: &Spread{P50: 10, P95: 20, Max: 99}}
	l.judgeSpread()
	require.True(t, *l.Pass)
	l.MS.P95 = 20.1
	l.judgeSpread()
	require.False(t, *l.Pass)
	l.N, l.MS.P95 = 0, 1
	l.judgeSpread()
	require.False(t, *l.Pass, "nothing was measured")
}

// packets are levels of packets 20 ms apart; the caller begins with the fiftieth.
func packets(start time.Time, levels func(i int) float64) (got []heard, onset time.Time) {
	for i := range 150 {
		got = append(got, heard{start.Add(time.Duration(i) * 20 * time.Millisecond), levels(i)})
	}
	return got, got[50].at
}

func TestStopped(t *testing.T) {
	start := time.Unix(1000, 0)
	for name, c := range map[string]struct {
		levels func(i int) float64
		after  time.Duration
		state  stopState
	}{
		"silent after 160 ms": {func(i int) float64 {
			if i < 58 {
				return -20
			}
			return -75
		}, 160 * time.Millisecond, botStopped},
		"ducked by 20 dB": {func(i int) float64 {
			if i < 55 {
				return -20
			}
			return -40
		}, 100 * time.Millisecond, botStopped},
		"a pause between words is no stop": {func(i int) float64 {
			if i >= 52 && i < 60 || i >= 70 {
				return -75
			}
			return -20
		}, 400 * time.Millisecond, botStopped},
		"goes on": {func(int) float64 { return -20 }, 0, botWentOn},
		"was quiet already": {func(i int) float64 {
			if i > 30 && i < 60 {
				return -75
			}
			return -20
		}, 0, botWasQuiet},
	} {
		t.Run(name, func(t *testing.T) {
			got, onset := packets(start, c.levels)
			d, state := stopped(got, onset)
			require.Equal(t, c.state, state)
			require.Equal(t, c.after, d)
		})
	}
}

func TestLoadCallCountsLossAndJitter(t *testing.T) {
	l, c := &load{}, &loadCall{}
	l.measuring.Store(true)
	packet := func(seq uint16, ts uint32) []byte {
		return []byte{0x80, 8, byte(seq >> 8), byte(seq), byte(ts >> 24), byte(ts >> 16), byte(ts >> 8), byte(ts), 0, 0, 0, 1, 0}
	}
	at := time.UnixMilli(1_000_000)
	for i := range 100 {
		if i%10 != 3 { // every tenth is lost, over a wrap of the sequence number
			l.take(c, packet(uint16(65500+i), uint32(i*160)), at.Add(time.Duration(i)*20*time.Millisecond))
		}
	}
	require.EqualValues(t, 100, c.base-c.first+1)
	require.EqualValues(t, 90, c.got)
	require.InDelta(t, 0, c.jitter, 0.001)
	require.InDelta(t, 0.05, l.percentile(0.5), 0.001, "most came 20 ms after the one before")
	require.InDelta(t, 20.05, l.percentile(0.99), 0.001, "a loss leaves a gap")
	l.take(c, []byte{0x80, 200, 0, 1}, at)
	require.EqualValues(t, 90, c.got, "what is no RTP does not count")
}
