package call_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/sip/siptest"
)

// A caller whose offer has nothing for us learns that this is why (RFC 3261 section
// 13.3.1.3): a telephone system may then offer something else. 480 would say that
// nobody is here.
func TestOffersThatCannotBeTaken(t *testing.T) {
	for name, c := range map[string]struct{ offer, warning string }{
		"a codec that nobody has":     {strings.NewReplacer("RTP/AVP 0", "RTP/AVP 98", "RTP/AVP 8", "RTP/AVP 98").Replace(siptest.SDP) + "a=rtpmap:98 speex/8000\r\n", `399 hotline "no codec in common: theirs are speex; ours are PCMA, PCMU, opus, G722"`},
		"encryption without a key":    {strings.Replace(siptest.SDP, "RTP/AVP", "RTP/SAVP", 1), "there is one of RTP/SAVP, with encryption that does not fit ours"},
		"a picture in place of sound": {strings.Replace(siptest.SDP, "m=audio", "m=video", 1), "no audio stream that can be taken"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newExchangeOffice(t, 400*time.Millisecond)
			p := siptest.New(t, o.addr)
			call := p.Invite("9196", c.offer)
			require.Contains(t, call.Expect("488 INVITE").Get("Warning"), c.warning, "their engineer need not ask ours")
			call.AckRefusal()
			require.Eventually(t, func() bool {
				live, _, _ := o.manager.Counts()
				return live == 0 && o.ports.InUse() == 0 && o.sip.Stats().Legs == 0
			}, siptest.Patience, 10*time.Millisecond, "something stays")
			for range 5 {
				call = p.Invite("9196", c.offer)
				call.Expect("488 INVITE")
				call.AckRefusal()
			}
			require.Eventually(t, func() bool { return o.sip.Stats().Legs == 0 }, siptest.Patience, 10*time.Millisecond)
			log := o.log.String()
			require.NotContains(t, log, "level=ERROR", "it is no fault of ours")
			require.Equal(t, 1, strings.Count(log, "level=WARN"), "nobody fills the log so: %s", log)
		})
	}
}
