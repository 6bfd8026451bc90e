package media

import (
	"math"
	"strings"
	"time"
)

// impairment is what the E-model knows of a codec: how much worse than G.711 it
// sounds (Ie), and how well it bears lost packets (Bpl, percent).
type impairment struct{ ie, bpl float64 }

// impairmentOf is G.711's with concealment out of ITU-T G.113 table I.2. For G.722
// and Opus there are no values on its scale, which ends at 3.4 kHz: they are taken
// as good as G.711; Opus at its lowest rates a little worse, and sturdier by its
// copies of lost packets.
func impairmentOf(codec string, rate int) impairment {
	switch {
	case strings.EqualFold(codec, "opus") && rate <= 8000:
		return impairment{ie: 4, bpl: 30}
	case strings.EqualFold(codec, "opus"):
		return impairment{ie: 0, bpl: 30}
	}
	return impairment{ie: 0, bpl: 25.1}
}

// minJudged is how many packets it takes to judge a stream: 1 s.
const minJudged = 50

// meanOpinion estimates how good a conversation sounds, 1 to 4.5, by the E-model
// (ITU-T G.107) with its default values for all that packets do not tell. loss is
// the share of packets that were not heard, burst how much longer the holes are
// than those of random loss would be, delay that from mouth to ear.
func meanOpinion(c impairment, loss, burst float64, delay time.Duration) float64 {
	percent := 100 * min(1, max(0, loss))
	ie := c.ie + (95-c.ie)*percent/(percent/max(1, burst)+c.bpl)
	return opinion(93.2 - ie - delayImpairment(delay))
}

// delayImpairment is Idd of G.107 section 3.4: what is slower than 100 ms disturbs.
func delayImpairment(delay time.Duration) float64 {
	x := math.Log2(milliseconds(delay) / 100)
	if x <= 0 || math.IsNaN(x) {
		return 0
	}
	return 25 * (math.Pow(1+math.Pow(x, 6), 1.0/6) - 3*math.Pow(1+math.Pow(x/3, 6), 1.0/6) + 2)
}

// opinion is the MOS of a rating (G.107 annex B).
func opinion(r float64) float64 {
	switch {
	case r <= 6.5: // below it the cubic would rise again
		return 1
	case r >= 100:
		return 4.5
	}
	return 1 + 0.035*r + r*(r-60)*(100-r)*7e-6
}

// judge fills in the opinions. It needs s.mu.
func (s *Session) judge(st *Stats) {
	codec := impairmentOf(st.Codec, s.codec.SampleRate())
	trip := st.RoundTrip / 2
	if s.receiver.Expected() >= minJudged {
		burst := 1.0
		if s.holes > 0 {
			burst = float64(st.Concealed) / float64(s.holes) * (1 - st.LossRate)
		}
		buffered := time.Duration(0)
		if s.delays > 0 {
			buffered = s.delaySum / time.Duration(s.delays)
		}
		st.MOS = meanOpinion(codec, st.LossRate, burst, trip+FrameTime+buffered)
	}
	if st.FarReports > 0 && st.Sent >= minJudged {
		// How long the far end lets packets wait it does not tell: what a usual buffer
		// makes of its jitter.
		buffer := max(2*FrameTime, time.Duration(2*st.FarJitterMS*float64(time.Millisecond)))
		st.FarMOS = meanOpinion(codec, float64(st.farLost)/float64(st.Sent), 1, trip+s.media.PacketTime()+buffer)
	}
}
